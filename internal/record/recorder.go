// Package record has the library's only wrapper around a ResponseWriter. It knows the
// status, the length and the failures of a response, and shows the response to observers
// while it is written. However many middlewares are nested, they share one [Recorder],
// which has only the abilities of the writer that it wraps. It doesn't know what a
// response means, and knows the server beneath it only as a [Watcher].
package record

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
)

// A Recorder is a ResponseWriter that knows the status and the bytes of the body as
// they go out on the wire, and lets observers see the response pass. [Wrap] returns
// it. It belongs to its request, as any ResponseWriter does.
//
// A Recorder alone is a ResponseWriter without any optional interface but
// Unwrap, FlushError and io.StringWriter, none of which claims an ability that
// the wrapped writer may lack. The types in abilities.go add the others.
type Recorder struct {
	http.ResponseWriter
	// ID is what the request is logged under, or "".
	ID string
	// HasLogger reports whether an outer handler will log the cause. A handler that sets
	// it restores it when done.
	HasLogger bool
	// Watcher, if it isn't nil, is notified when the server may wait for the client.
	Watcher Watcher
	// Router, if it isn't nil, is notified when a mux has found a handler. A handler that
	// sets it sets it to nil when done.
	Router Router

	status int // 0 until the header is written
	bytes  int64

	failed       bool // a Write has failed
	flushed      bool // some of the response has been sent for certain
	late         bool // the client had gone when the header was written
	knowsRequest bool // head and http2 are those of the outermost middleware's request
	head         bool // the method is HEAD, so nothing of the body goes out
	http2        bool // where 101 doesn't end a response's headers
	dropBody     bool // the body of a HEAD is dropped here, as no server does it
	seesBody     bool // one of the observers is a BodyObserver

	cause *cause // of a response that doesn't tell it, or nil
	// request is the innermost known copy of the request, which has the pattern that
	// routed it.
	request *http.Request
	taken   *takenConn // by the handler, or nil

	observer HeaderObserver // the innermost, or nil
	outer    *outerObserver // the next one, or nil
}

// Every request has a Recorder, so what few need is kept apart.

type takenConn struct{ net.Conn }

type outerObserver struct {
	HeaderObserver
	outer *outerObserver
}

// A Router is notified when a request is passed on, perhaps with a pattern. It is called
// by the request's goroutine.
type Router interface {
	OnRequest(r *http.Request)
}

// A HeaderObserver sees the header of a response before it is written, once, and
// may change it.
type HeaderObserver interface {
	OnHeader(status int, h http.Header)
}

// A BodyObserver is a [HeaderObserver] that also sees what is written to the body. It
// must not keep the bytes.
type BodyObserver interface {
	OnBody(p []byte)
}

// StatusClientGone is the status of a response whose client didn't wait, as in nginx. It
// is for logs and counters.
const StatusClientGone = 499

// serverBuffer is how much of a body net/http buffers before it sends anything.
const serverBuffer = 2 << 10

// Wrap returns a Recorder and w wrapped in it. If w is already such a writer, Wrap
// returns it and its Recorder. The request is the one that the caller got.
func Wrap(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *Recorder) {
	front, ok := w.(recording)
	if !ok {
		w = lookThrough(w)
		if front, ok = w.(recording); !ok {
			front = newRecorder(w)
		}
	}
	rec := front.rec()
	if !rec.knowsRequest {
		rec.knowsRequest, rec.head, rec.http2 = true, r.Method == http.MethodHead, r.ProtoMajor >= 2
	}
	if rec.request == nil || r.Pattern != "" {
		rec.request = r
	}
	return front, rec
}

// New wraps w in a new Recorder with the observer o.
func New(w http.ResponseWriter, o HeaderObserver) http.ResponseWriter {
	front := newRecorder(w)
	front.rec().Observe(o)
	return front
}

// A recording is a Recorder of any of the types in abilities.go.
type recording interface {
	http.ResponseWriter
	rec() *Recorder
}

func (rec *Recorder) rec() *Recorder { return rec }

// Observe adds an observer of the header, and of the body if it is a [BodyObserver]. The
// observer that was added last is the innermost, and sees the response first.
func (rec *Recorder) Observe(o HeaderObserver) {
	if rec.observer != nil {
		rec.outer = &outerObserver{rec.observer, rec.outer}
	}
	rec.observer = o
	_, isBody := o.(BodyObserver)
	rec.seesBody = rec.seesBody || isBody
}

// Request returns the innermost known copy of the request.
func (rec *Recorder) Request() *http.Request { return rec.request }

// Pattern returns the pattern that the innermost mux routed the request by, or "" if it
// isn't known.
func (rec *Recorder) Pattern() string { return rec.request.Pattern }

// Sent returns how many bytes of the body have been written.
func (rec *Recorder) Sent() int64 { return rec.bytes }

// HasFailed reports whether a Write has failed.
func (rec *Recorder) HasFailed() bool { return rec.failed }

// IsHead reports whether the response is to HEAD, and so has no body.
func (rec *Recorder) IsHead() bool { return rec.head }

// HasBegun reports whether the handler has begun its response, or has taken over the
// connection.
func (rec *Recorder) HasBegun() bool { return rec.status != 0 || rec.hijacked() }

// hijacked reports whether the handler has taken over the connection.
func (rec *Recorder) hijacked() bool { return rec.taken != nil }

// CloseHijacked closes the connection if the handler has taken it over.
func (rec *Recorder) CloseHijacked() {
	if rec.taken != nil && rec.taken.Conn != nil {
		_ = rec.taken.Close() // there is nobody to tell
	}
}

// WithoutBody returns a writer that drops the body of a response to HEAD. net/http's
// server does that itself; other servers don't.
func WithoutBody(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if r.Context().Value(http.ServerContextKey) != nil {
		return w
	}
	w, rec := Wrap(w, r)
	rec.dropBody = true
	return w
}

// FinalStatus returns the status on the wire once the handler is done. A handler that set
// none has hijacked the connection, panicked, or left the status to be 200.
func (rec *Recorder) FinalStatus(panicked bool) int {
	switch {
	case rec.status != 0:
		return rec.status
	case rec.hijacked():
		return http.StatusSwitchingProtocols
	case panicked:
		return http.StatusInternalServerError
	}
	return http.StatusOK
}

// Outcome is FinalStatus for logs and counters. It is [StatusClientGone] if the context
// of r was canceled before the response was sent, or while a part of it failed. A failure
// with a known cause stays a failure.
func (rec *Recorder) Outcome(r *http.Request, panicked bool) int {
	status := rec.FinalStatus(panicked)
	if !clientIsGone(r) || rec.hijacked() || rec.cause != nil || panicked && rec.status == 0 {
		return status
	}
	unsent := rec.failed || !rec.flushed && rec.bytes <= serverBuffer
	if rec.status == 0 || rec.late || unsent && !rec.head { // a HEAD is over with its header
		return StatusClientGone
	}
	return status
}

// clientIsGone reports whether the client of a request has gone away.
func clientIsGone(r *http.Request) bool { return r.Context().Err() == context.Canceled } // it is never wrapped

// Unwrap is for http.ResponseController.
func (rec *Recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// WriteHeader writes the header, and shows it to the observers unless it is
// informational.
func (rec *Recorder) WriteHeader(status int) {
	final := status >= 200 && status <= 999 || status == http.StatusSwitchingProtocols && !rec.http2
	if rec.status != 0 || rec.hijacked() || !final {
		rec.ResponseWriter.WriteHeader(status)
		return
	}
	rec.notifyHeader(status)
	rec.ResponseWriter.WriteHeader(status)
	rec.status = status
}

// begin records an implicit 200.
func (rec *Recorder) begin() {
	if rec.status == 0 && !rec.hijacked() {
		rec.notifyHeader(http.StatusOK)
		rec.status = http.StatusOK
	}
}

// Write writes to the body.
func (rec *Recorder) Write(p []byte) (int, error) {
	rec.begin()
	if rec.dropBody {
		return len(p), nil
	}
	n, err := writeWatched(rec.Watcher, p, rec.ResponseWriter.Write)
	rec.failed = rec.failed || err != nil
	rec.wrote(p[:n])
	return n, err
}

// WriteString is Write without a copy, unless an observer sees the body.
func (rec *Recorder) WriteString(s string) (int, error) {
	if rec.seesBody || rec.dropBody {
		return rec.Write([]byte(s))
	}
	rec.begin()
	n, err := writeWatched(rec.Watcher, s, func(s string) (int, error) { return io.WriteString(rec.ResponseWriter, s) })
	rec.count(int64(n))
	return n, err
}

func (rec *Recorder) wrote(p []byte) {
	rec.count(int64(len(p)))
	if !rec.seesBody || rec.head {
		return
	}
	for o := range rec.observers {
		if o, ok := o.(BodyObserver); ok {
			o.OnBody(p)
		}
	}
}

func (rec *Recorder) count(n int64) {
	if !rec.head {
		rec.bytes += n
	}
}

func (rec *Recorder) notifyHeader(status int) {
	rec.late = rec.request != nil && clientIsGone(rec.request)
	if rec.Watcher != nil {
		rec.Watcher.Answer()
	}
	if rec.observer == nil {
		return
	}
	h := rec.Header()
	for o := range rec.observers {
		o.OnHeader(status, h)
	}
}

// observers yields all observers, of which there is at least one.
func (rec *Recorder) observers(yield func(HeaderObserver) bool) {
	more := yield(rec.observer)
	for o := rec.outer; more && o != nil; o = o.outer {
		more = yield(o.HeaderObserver)
	}
}

// Finish shows the header to o if the handler has written nothing, because then the
// server will write it.
func (rec *Recorder) Finish(o HeaderObserver) {
	if rec.status == 0 && !rec.hijacked() {
		o.OnHeader(http.StatusOK, rec.Header())
	}
}

// FlushError is what http.ResponseController calls.
func (rec *Recorder) FlushError() error {
	if !canFlush(rec.ResponseWriter) {
		return http.ErrNotSupported
	}
	rec.begin()
	if watcher := rec.Watcher; watcher != nil {
		rests := watcher.Enter()
		defer func() { watcher.Leave(rests, 0) }()
	}
	err := http.NewResponseController(rec.ResponseWriter).Flush()
	rec.flushed = rec.flushed || err == nil
	return err
}

func (rec *Recorder) flush() { _ = rec.FlushError() } // as http.Flusher, which has no error

// A bareConn is a server's connection that wraps the one that a listener accepted.
// Handlers get the latter.
type bareConn interface{ Bare() net.Conn }

func (rec *Recorder) hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(rec.ResponseWriter).Hijack()
	if err == nil {
		if known, ok := conn.(bareConn); ok {
			conn = known.Bare()
		}
		rec.taken = &takenConn{conn}
	}
	return conn, rw, err
}

// firstBytes is how much of a file is written by hand, so that the header goes out first.
// net/http inspects that much to detect the media type.
const firstBytes = 512

// readFrom lets the server send a file itself, unless observers have to see it.
func (rec *Recorder) readFrom(src io.Reader) (int64, error) {
	if rec.seesBody || rec.dropBody {
		return io.Copy(struct{ io.Writer }{rec}, src)
	}
	if rec.status == 0 { // the header is written when there is something to read
		n, err := io.CopyN(struct{ io.Writer }{rec}, src, firstBytes)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		m, err := rec.readFrom(src)
		return n + m, err
	}
	if rec.Watcher != nil && rec.Watcher.Rests() {
		rec.flush() // net/http reads the rest now, and not while it waits for src
	}
	n, err := rec.ResponseWriter.(io.ReaderFrom).ReadFrom(src)
	rec.count(n)
	return n, err
}

// A closeNotifier is net/http's CloseNotifier, which is deprecated.
type closeNotifier interface{ CloseNotify() <-chan bool }

// closeNotify is for classic handlers, which don't use contexts. It returns the
// underlying writer's channel.
func (rec *Recorder) closeNotify() <-chan bool {
	for w := rec.ResponseWriter; ; w = w.(unwrapper).Unwrap() {
		if n, ok := w.(closeNotifier); ok {
			return n.CloseNotify()
		}
	}
}

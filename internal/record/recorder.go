// Package record has the library's one wrapper round a ResponseWriter, which knows the
// status, the length and the failures of a response as it goes out, and shows it to
// observers. However many middlewares are nested, they share one [Recorder], which has
// no more abilities than the writer that it wraps. It knows nothing of what a response
// means, nor of the server beneath it but as a [Watcher].
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
	// HasLogger says that somebody who is still to come will log the cause. Who sets it
	// restores it when done.
	HasLogger bool
	// Watcher is told when the server may wait for the client, if it isn't nil.
	Watcher Watcher
	// Router is told when a mux has found a handler, if it isn't nil. Who sets it makes
	// it nil when done.
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
	// request is the innermost copy of the request that is known, which has the
	// pattern that it was routed by.
	request *http.Request
	taken   *takenConn // by the handler, or nil

	observer HeaderObserver // the innermost, or nil
	outer    *outerObserver // the next one, or nil
}

// Every request has a Recorder. So it doesn't have in it what few need.

type takenConn struct{ net.Conn }

type outerObserver struct {
	HeaderObserver
	outer *outerObserver
}

// A Router is told that a request goes on, which may have a pattern by then. It is
// called by the goroutine of the request.
type Router interface {
	OnRequest(r *http.Request)
}

// A HeaderObserver sees the header of a response before it is written, once, and
// may change it.
type HeaderObserver interface {
	OnHeader(status int, h http.Header)
}

// A BodyObserver sees what is written of the body, which it must not keep. It is a
// [HeaderObserver] that has this, too.
type BodyObserver interface {
	OnBody(p []byte)
}

// StatusClientGone is the status of a response that nobody has waited for, which nginx
// has made known. It is for logs and counters.
const StatusClientGone = 499

// serverBuffer is how much of a body net/http keeps before it sends any of it.
const serverBuffer = 2 << 10

// Wrap returns a Recorder for w, and w with it in front. If w has one in front
// already, these are it and w. The request is the one that the caller was given.
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

// New returns a new Recorder in front of w that o observes.
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

// Observe adds an observer of the header, and of the body if it is a [BodyObserver].
// The response is shown to the one that was added last first, as that is the innermost.
func (rec *Recorder) Observe(o HeaderObserver) {
	if rec.observer != nil {
		rec.outer = &outerObserver{rec.observer, rec.outer}
	}
	rec.observer = o
	_, isBody := o.(BodyObserver)
	rec.seesBody = rec.seesBody || isBody
}

// Request returns the innermost copy of the request that is known.
func (rec *Recorder) Request() *http.Request { return rec.request }

// Pattern returns the pattern that the request was routed by, or "" if that isn't
// known. It is that of the innermost mux.
func (rec *Recorder) Pattern() string { return rec.request.Pattern }

// Sent returns how many bytes of the body have been written.
func (rec *Recorder) Sent() int64 { return rec.bytes }

// HasFailed reports whether a Write has failed.
func (rec *Recorder) HasFailed() bool { return rec.failed }

// IsHead reports whether the response is to HEAD, and so has no body.
func (rec *Recorder) IsHead() bool { return rec.head }

// HasBegun reports whether the handler has begun to answer, or has taken over the
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

// WithoutBody returns a writer that keeps a response to HEAD free of a body,
// which net/http's server does by itself and others don't.
func WithoutBody(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if r.Context().Value(http.ServerContextKey) != nil {
		return w
	}
	w, rec := Wrap(w, r)
	rec.dropBody = true
	return w
}

// FinalStatus returns the status on the wire once the handler is done. Without
// one by then, it has taken over the connection, or has panicked, or has left
// it to be 200.
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

// Outcome is FinalStatus for logs and counters, which is [StatusClientGone] if the
// client had gone before it was sent that: with the context that r came with, nothing
// of the response or a failed part of it. A failure whose cause is known stays one.
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

// clientIsGone reports whether the client of a request hasn't waited.
func clientIsGone(r *http.Request) bool { return r.Context().Err() == context.Canceled } // it is never wrapped

// Unwrap is for http.ResponseController.
func (rec *Recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// WriteHeader writes the header, of which observers are told unless it is
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

// begin notes an implicit 200.
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

// observers yields all of them, of which there is one at least.
func (rec *Recorder) observers(yield func(HeaderObserver) bool) {
	more := yield(rec.observer)
	for o := rec.outer; more && o != nil; o = o.outer {
		more = yield(o.HeaderObserver)
	}
}

// Finish shows the header to o if the handler has written nothing: the server
// will write it.
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

// A bareConn is a server's own connection, in which is the one that a listener has
// accepted. Handlers are given that.
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

// firstBytes is how much of a file is sent by hand, for the header comes before
// it. It is what net/http looks at to tell the media type.
const firstBytes = 512

// readFrom lets the server send a file by itself, unless it is to be seen.
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

// A closeNotifier is what net/http calls a CloseNotifier, and calls deprecated.
type closeNotifier interface{ CloseNotify() <-chan bool }

// closeNotify is for classic handlers, which know no context. The channel is that of
// the writer that has one.
func (rec *Recorder) closeNotify() <-chan bool {
	for w := rec.ResponseWriter; ; w = w.(unwrapper).Unwrap() {
		if n, ok := w.(closeNotifier); ok {
			return n.CloseNotify()
		}
	}
}

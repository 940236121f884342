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
	// Watcher, if it isn't nil, is notified when the server may wait for the client.
	Watcher Watcher
	// OnRequest, if it isn't nil, is called when a mux has found a handler, with the
	// request that the mux passes on, which may have a pattern. It is called by the
	// request's goroutine. A handler that sets it sets it to nil when done.
	OnRequest func(r *http.Request)
	// HasLogger reports whether an outer handler will log the cause. A handler that sets
	// it restores it when done.
	HasLogger bool

	facts  facts
	status uint16 // 0 until the header is written
	bytes  int64

	cause *cause // of a response that doesn't tell it, or nil
	// request is the innermost known copy of the request, which has the pattern that
	// routed it.
	request *http.Request

	observer HeaderObserver // the innermost, or nil
	outer    *outerObserver // the next one, or nil
}

// Facts are what is known of a response. They are bits because every request has a
// Recorder, which is packed into 112 bytes.
type facts uint16

const (
	failed       facts = 1 << iota // a Write has failed
	flushed                        // some of the response has been sent for certain
	late                           // the client had gone when the header was written
	hijacked                       // the handler has taken over the connection
	knowsRequest                   // isHead and isHTTP2 are those of the outermost middleware's request
	isHead                         // the method is HEAD, so nothing of the body goes out
	isHTTP2                        // where 101 doesn't end a response's headers
	dropsBody                      // the body of a HEAD is dropped here, as no server does it
	seesBody                       // one of the observers is a BodyObserver
)

func (f facts) has(fact facts) bool { return f&fact != 0 }

// set adds the fact, if it is one.
func (f *facts) set(fact facts, is bool) {
	if is {
		*f |= fact
	}
}

type outerObserver struct {
	HeaderObserver
	outer *outerObserver
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
	if !rec.facts.has(knowsRequest) {
		rec.facts |= knowsRequest
		rec.facts.set(isHead, r.Method == http.MethodHead)
		rec.facts.set(isHTTP2, r.ProtoMajor >= 2)
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
	rec.facts.set(seesBody, isBody)
}

// Request returns the innermost known copy of the request.
func (rec *Recorder) Request() *http.Request { return rec.request }

// Pattern returns the pattern that the innermost mux routed the request by, or "" if it
// isn't known.
func (rec *Recorder) Pattern() string { return rec.request.Pattern }

// Sent returns how many bytes of the body have been written.
func (rec *Recorder) Sent() int64 { return rec.bytes }

// HasFailed reports whether a Write has failed.
func (rec *Recorder) HasFailed() bool { return rec.facts.has(failed) }

// IsHead reports whether the response is to HEAD, and so has no body.
func (rec *Recorder) IsHead() bool { return rec.facts.has(isHead) }

// HasBegun reports whether the handler has begun its response, or has taken over the
// connection.
func (rec *Recorder) HasBegun() bool { return rec.status != 0 || rec.facts.has(hijacked) }

// A takenConn is a connection that the handler has taken over. It is kept among the
// observers, because few responses have one.
type takenConn struct{ net.Conn }

// OnHeader isn't called, because there is no header left to see.
func (takenConn) OnHeader(int, http.Header) {}

// CloseHijacked closes the connection if the handler has taken it over.
func (rec *Recorder) CloseHijacked() {
	if !rec.facts.has(hijacked) {
		return
	}
	for o := range rec.observers {
		if taken, ok := o.(takenConn); ok && taken.Conn != nil {
			_ = taken.Close() // there is nobody to tell
		}
	}
}

// WithoutBody returns a writer that drops the body of a response to HEAD. net/http's
// server does that itself; other servers don't.
func WithoutBody(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if r.Context().Value(http.ServerContextKey) != nil {
		return w
	}
	w, rec := Wrap(w, r)
	rec.facts |= dropsBody
	return w
}

// FinalStatus returns the status on the wire once the handler is done. A handler that set
// none has hijacked the connection, panicked, or left the status to be 200.
func (rec *Recorder) FinalStatus(panicked bool) int {
	switch {
	case rec.status != 0:
		return int(rec.status)
	case rec.facts.has(hijacked):
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
	if !clientIsGone(r) || rec.facts.has(hijacked) || rec.cause != nil || panicked && rec.status == 0 {
		return status
	}
	unsent := rec.facts.has(failed) || !rec.facts.has(flushed) && rec.bytes <= serverBuffer
	if rec.status == 0 || rec.facts.has(late) || unsent && !rec.facts.has(isHead) { // a HEAD is over with its header
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
	final := status >= 200 && status <= 999 || status == http.StatusSwitchingProtocols && !rec.facts.has(isHTTP2)
	if rec.status != 0 || rec.facts.has(hijacked) || !final {
		rec.ResponseWriter.WriteHeader(status)
		return
	}
	rec.notifyHeader(status)
	rec.ResponseWriter.WriteHeader(status)
	rec.status = uint16(status) //nolint:gosec // it has three digits
}

// begin records an implicit 200.
func (rec *Recorder) begin() {
	if rec.status == 0 && !rec.facts.has(hijacked) {
		rec.notifyHeader(http.StatusOK)
		rec.status = http.StatusOK
	}
}

// Write writes to the body.
func (rec *Recorder) Write(p []byte) (int, error) {
	rec.begin()
	if rec.facts.has(dropsBody) {
		return len(p), nil
	}
	n, err := writeWatched(rec.Watcher, p, rec.ResponseWriter.Write)
	rec.facts.set(failed, err != nil)
	rec.wrote(p[:n])
	return n, err
}

// WriteString is Write without a copy, unless an observer sees the body.
func (rec *Recorder) WriteString(s string) (int, error) {
	if rec.facts.has(seesBody | dropsBody) {
		return rec.Write([]byte(s))
	}
	rec.begin()
	n, err := writeWatched(rec.Watcher, s, func(s string) (int, error) { return io.WriteString(rec.ResponseWriter, s) })
	rec.count(int64(n))
	return n, err
}

func (rec *Recorder) wrote(p []byte) {
	rec.count(int64(len(p)))
	if !rec.facts.has(seesBody) || rec.facts.has(isHead) {
		return
	}
	for o := range rec.observers {
		if o, ok := o.(BodyObserver); ok {
			o.OnBody(p)
		}
	}
}

func (rec *Recorder) count(n int64) {
	if !rec.facts.has(isHead) {
		rec.bytes += n
	}
}

func (rec *Recorder) notifyHeader(status int) {
	rec.facts.set(late, rec.request != nil && clientIsGone(rec.request))
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
	if rec.status == 0 && !rec.facts.has(hijacked) {
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
	rec.facts.set(flushed, err == nil)
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
		rec.facts |= hijacked
		rec.Observe(takenConn{conn})
	}
	return conn, rw, err
}

// firstBytes is how much of a file is written by hand, so that the header goes out first.
// net/http inspects that much to detect the media type.
const firstBytes = 512

// readFrom lets the server send a file itself, unless observers have to see it.
func (rec *Recorder) readFrom(src io.Reader) (int64, error) {
	if rec.facts.has(seesBody | dropsBody) {
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

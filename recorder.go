package tigertonic

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// A recorder is the library's one wrapper round a ResponseWriter. It knows the
// status and the bytes of the body as they go out on the wire, and lets
// observers see the response pass. However many middlewares are nested, they
// share one.
//
// A recorder alone is a ResponseWriter without any optional interface but
// Unwrap, FlushError and io.StringWriter, none of which claims an ability that
// the wrapped writer may lack. The types in abilities.go add the others.
type recorder struct {
	http.ResponseWriter
	status int // 0 until the header is written
	bytes  int64

	failed       bool // a Write has failed
	tells        bool // somebody who is still to come will log the cause
	knowsRequest bool // head and http2 are those of the outermost middleware's request
	head         bool // the method is HEAD, so nothing of the body goes out
	http2        bool // where 101 doesn't end a response's headers
	dropBody     bool // the body of a HEAD is dropped here, as no server does it
	seesBody     bool // one of the observers is a bodyObserver

	id    RequestID // that the request is logged under, or ""
	cause *cause    // of a response that doesn't tell it, or nil
	// request is the innermost copy of the request that is known, which has the
	// pattern that it was routed by.
	request *http.Request
	taken   *takenConn // by the handler, or nil
	// exchange is what the server watches while net/http writes, or nil.
	exchange *exchange

	observer headerObserver // the innermost, or nil
	outer    *outerObserver // the next one, or nil
}

// Every request has a recorder. So it doesn't have in it what few need.

type takenConn struct{ net.Conn }

type outerObserver struct {
	headerObserver
	outer *outerObserver
}

// A headerObserver sees the header of a response before it is written, once, and
// may change it.
type headerObserver interface {
	onHeader(status int, h http.Header)
}

// A bodyObserver sees what is written of the body, which it must not keep.
type bodyObserver interface {
	onBody(p []byte)
}

// record returns a recorder for w, and w with it in front. If w has one in
// front already, these are it and w.
func record(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *recorder) {
	switch tee := w.(type) {
	case *TeeResponseWriter:
		w = tee.ResponseWriter
	case *TeeHeaderResponseWriter:
		w = tee.ResponseWriter
	}
	front, ok := w.(recording)
	if !ok {
		front = newRecorder(w)
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

// noteRequest lets those who have made the recorders in w know that the request
// goes on as r.
func noteRequest(w http.ResponseWriter, r *http.Request) {
	if u, ok := w.(unwrapper); ok { // apart from the rest, to cost nothing where there is none
		noteRequestIn(u, r)
	}
}

type unwrapper interface{ Unwrap() http.ResponseWriter }

func noteRequestIn(u unwrapper, r *http.Request) {
	for ok := true; ok; u, ok = u.Unwrap().(unwrapper) {
		if front, ok := u.(recording); ok {
			front.rec().request = r
		}
	}
}

type recording interface {
	http.ResponseWriter
	rec() *recorder
}

func (rec *recorder) rec() *recorder { return rec }

// observe adds an observer of the header, and of the body if it is a
// bodyObserver. The response is shown to the one that was added last first, as
// that is the innermost.
func (rec *recorder) observe(o headerObserver) {
	if rec.observer != nil {
		rec.outer = &outerObserver{rec.observer, rec.outer}
	}
	rec.observer = o
	_, isBody := o.(bodyObserver)
	rec.seesBody = rec.seesBody || isBody
}

// hijacked tells whether the handler has taken over the connection.
func (rec *recorder) hijacked() bool { return rec.taken != nil }

// withoutBody returns a writer that keeps a response to HEAD free of a body,
// which net/http's server does by itself and others don't.
func withoutBody(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if r.Context().Value(http.ServerContextKey) != nil {
		return w
	}
	w, rec := record(w, r)
	rec.dropBody = true
	return w
}

// finalStatus returns the status on the wire once the handler is done. Without
// one by then, it has taken over the connection, or has panicked, or has left
// it to be 200.
func (rec *recorder) finalStatus(panicked bool) int {
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

// Unwrap is for http.ResponseController.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

func (rec *recorder) WriteHeader(status int) {
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
func (rec *recorder) begin() {
	if rec.status == 0 && !rec.hijacked() {
		rec.notifyHeader(http.StatusOK)
		rec.status = http.StatusOK
	}
}

func (rec *recorder) Write(p []byte) (int, error) {
	rec.begin()
	if rec.dropBody {
		return len(p), nil
	}
	n, err := writeWatched(rec.exchange, p, rec.ResponseWriter.Write)
	rec.failed = rec.failed || err != nil
	rec.wrote(p[:n])
	return n, err
}

func (rec *recorder) WriteString(s string) (int, error) {
	if rec.seesBody || rec.dropBody {
		return rec.Write([]byte(s))
	}
	rec.begin()
	n, err := writeWatched(rec.exchange, s, func(s string) (int, error) { return io.WriteString(rec.ResponseWriter, s) })
	rec.count(int64(n))
	return n, err
}

func (rec *recorder) wrote(p []byte) {
	rec.count(int64(len(p)))
	if !rec.seesBody || rec.head {
		return
	}
	for o := range rec.observers {
		if o, ok := o.(bodyObserver); ok {
			o.onBody(p)
		}
	}
}

func (rec *recorder) count(n int64) {
	if !rec.head {
		rec.bytes += n
	}
}

func (rec *recorder) notifyHeader(status int) {
	if rec.observer == nil {
		return
	}
	h := rec.Header()
	for o := range rec.observers {
		o.onHeader(status, h)
	}
}

// observers yields all of them, of which there is one at least.
func (rec *recorder) observers(yield func(headerObserver) bool) {
	more := yield(rec.observer)
	for o := rec.outer; more && o != nil; o = o.outer {
		more = yield(o.headerObserver)
	}
}

// finish shows the header to o if the handler has written nothing: the server
// will write it.
func (rec *recorder) finish(o headerObserver) {
	if rec.status == 0 && !rec.hijacked() {
		o.onHeader(http.StatusOK, rec.Header())
	}
}

// FlushError is what http.ResponseController calls.
func (rec *recorder) FlushError() error {
	if !canFlush(rec.ResponseWriter) {
		return http.ErrNotSupported
	}
	rec.begin()
	if x := rec.exchange; x != nil {
		rests := x.enter()
		defer func() { x.leave(rests, 0) }()
	}
	return http.NewResponseController(rec.ResponseWriter).Flush()
}

func (rec *recorder) flush() { _ = rec.FlushError() } // as http.Flusher, which has no error

func (rec *recorder) hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(rec.ResponseWriter).Hijack()
	if err == nil {
		conn = bareConn(conn)
		rec.taken = &takenConn{conn}
	}
	return conn, rw, err
}

// SetReadDeadline is what http.ResponseController calls. Who sets deadlines has
// limits of its own.
func (rec *recorder) SetReadDeadline(t time.Time) error {
	err := http.NewResponseController(rec.ResponseWriter).SetReadDeadline(t)
	if x := rec.exchange; x != nil && err == nil {
		x.free.Store(true)
	}
	return err
}

// SetWriteDeadline is what http.ResponseController calls.
func (rec *recorder) SetWriteDeadline(t time.Time) error {
	if x := rec.exchange; x != nil {
		x.paced = true
	}
	return http.NewResponseController(rec.ResponseWriter).SetWriteDeadline(t)
}

// EnableFullDuplex is what http.ResponseController calls.
func (rec *recorder) EnableFullDuplex() error {
	err := http.NewResponseController(rec.ResponseWriter).EnableFullDuplex()
	if x := rec.exchange; x != nil && err == nil {
		x.duplex = true
	}
	return err
}

// firstBytes is how much of a file is sent by hand, for the header comes before
// it. It is what net/http looks at to tell the media type.
const firstBytes = 512

// readFrom lets the server send a file by itself, unless it is to be seen.
func (rec *recorder) readFrom(src io.Reader) (int64, error) {
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
	if rec.exchange.rests() {
		rec.flush() // net/http reads the rest now, and not while it waits for src
	}
	n, err := rec.ResponseWriter.(io.ReaderFrom).ReadFrom(src)
	rec.count(n)
	return n, err
}

func (rec *recorder) push(target string, opts *http.PushOptions) error {
	return rec.ResponseWriter.(http.Pusher).Push(target, opts)
}

// canFlush tells whether http.ResponseController can flush w.
func canFlush(w http.ResponseWriter) bool {
	for {
		switch u := w.(type) {
		case http.Flusher, interface{ FlushError() error }:
			return true
		case unwrapper:
			w = u.Unwrap()
		default:
			return false
		}
	}
}

// innermost returns the writer at the end of w's Unwrap chain, the server's own.
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = u.Unwrap()
	}
}

// A cause is what has gone wrong. The recorders of one request share it.
type cause struct {
	err  error
	told bool // it has been logged
}

// causeText returns an error's text, or what it is if it has none: a status error
// that holds nothing may be somewhere in it.
func causeText(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T without a text", err)
		}
	}()
	return description(err)
}

// report returns the cause's text for a log, or "".
func (rec *recorder) report() string {
	if rec.cause == nil {
		return ""
	}
	rec.cause.told = true
	return causeText(rec.cause.err)
}

// recorders returns the recorders in w, the innermost last: there are several if
// a wrapper of somebody else's is between them.
func recorders(w http.ResponseWriter) (all []*recorder) {
	for {
		if r, ok := w.(recording); ok {
			all = append(all, r.rec())
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return all
		}
		w = u.Unwrap()
	}
}

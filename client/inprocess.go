package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/rcrowley/go-tigertonic/internal/httpfield"
)

// InProcess returns a transport that passes every request to h, without a socket. It is
// for tests, and for programs that call a service that they contain.
//
// The handler gets what it would get over HTTP/1.1: the URL and the headers as sent, a
// context that ends with the caller's but has none of its values, and an address from
// TEST-NET (RFC 5737), which nobody trusts. The response is returned as soon as its header
// is written, and the body arrives when it is flushed or 4 KB have been written. Closing
// the body ends the handler's context. If the handler panics, the response is cut off: the
// call fails with [io.ErrUnexpectedEOF], and the panic is logged unless it is
// [http.ErrAbortHandler].
//
// There are no trailers, no 1xx responses, no connection deadlines, and no hijacking.
// Nothing is compressed. The transport is safe for concurrent use. [Inline] costs less,
// where nothing is streamed.
func InProcess(h http.Handler) http.RoundTripper {
	if h == nil {
		panicf("InProcess: the handler is nil")
	}
	return &inProcess{h}
}

type inProcess struct{ handler http.Handler }

func (t *inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	received, err := receive(r)
	if err != nil {
		return nil, err
	}
	x := &inProcessExchange{sent: r, header: http.Header{}, ready: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	x.cancel = cancel
	x.leave = context.AfterFunc(r.Context(), x.left)
	go x.serve(t.handler, received.WithContext(ctx))
	select {
	case <-x.ready:
		return x.response, x.failure
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
}

// receive returns the request as a server would receive it. If it can't be sent, or its
// context has ended, its body is closed.
func receive(r *http.Request) (http.Request, error) {
	received, err := asReceived(r)
	if err == nil {
		err = context.Cause(r.Context())
	}
	if err != nil && r.Body != nil {
		_ = r.Body.Close() // the other error is why
	}
	return received, err
}

// asReceived returns the request as a server would receive it, or why it can't be
// sent.
func asReceived(r *http.Request) (received http.Request, err error) {
	if r.URL == nil || r.URL.Host == "" {
		return received, errors.New("client: no host in the request's URL")
	}
	if !httpfield.IsToken(r.Method) && r.Method != "" {
		return received, fmt.Errorf("client: invalid method %q", r.Method)
	}
	for name, values := range r.Header {
		if !httpfield.IsToken(name) {
			return received, fmt.Errorf("client: invalid name of a header %q", name)
		}
		for _, value := range values {
			if !isFieldValue(value) {
				return received, fmt.Errorf("client: invalid value of the header %s", name)
			}
		}
	}
	target := r.URL.RequestURI()
	u, err := parsed(r.URL, target)
	if err != nil {
		return received, fmt.Errorf("client: the request's URL can't be sent: %w", err)
	}
	received = http.Request{
		Method: r.Method, URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: r.Header.Clone(),
		Body: r.Body, ContentLength: r.ContentLength, Host: r.Host, RemoteAddr: "192.0.2.1:1234", RequestURI: target,
	}
	if received.Method == "" {
		received.Method = http.MethodGet
	}
	if received.Header == nil {
		received.Header = http.Header{}
	}
	if received.Host == "" {
		received.Host = r.URL.Host
	}
	switch {
	case r.Body == nil || r.Body == http.NoBody:
		received.Body, received.ContentLength = http.NoBody, 0
	case r.ContentLength == 0:
		received.ContentLength = -1
	}
	if r.URL.Scheme == "https" {
		received.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: r.URL.Hostname()}
	}
	return received, nil
}

// parsed returns the URL that a server reads from a target, which was made of u. It is parsed
// only if it has anything but letters, digits and a few characters that mean nothing else.
func parsed(u *url.URL, target string) (*url.URL, error) {
	if u.Opaque != "" || u.RawPath != "" || u.ForceQuery || u.Path == "" || u.Path[0] != '/' || !isPlain(u.Path) || !isPlain(u.RawQuery) {
		return url.ParseRequestURI(target)
	}
	return &url.URL{Path: u.Path, RawQuery: u.RawQuery}, nil
}

// isPlain reports whether neither a path nor a query with this text needs escapes.
func isPlain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '/', c == '-', c == '_', c == '.', c == '~', c == '=', c == '&', c == '+', c == ',':
		default:
			return false
		}
	}
	return true
}

// isFieldValue reports whether s can be the value of a header (RFC 9110 §5.5).
func isFieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// keptBack is how much of a body is kept until it is flushed.
const keptBack = 4 << 10

// An inProcessExchange is the ResponseWriter of a handler, and delivers what it writes. It
// has two states: first everything is kept, then it goes through a pipe. If it is whole,
// everything is kept until the handler has returned.
type inProcessExchange struct {
	sent     *http.Request
	whole    bool
	cancel   context.CancelFunc
	leave    func() bool // stops waiting for the caller's context; nil if it is whole
	header   http.Header
	status   int
	final    http.Header // the header as it was when the status was written
	fields   fields      // the same if there are few, until it is known whether the header has changed
	declared int64       // the Content-Length, or -1
	written  int64
	kept     []byte

	ready    chan struct{} // closed when there is a response, or a failure; nil if it is whole
	response *http.Response
	failure  error

	mu   sync.Mutex
	pipe *io.PipeWriter // once the body is streamed
	gone error          // why nobody waits for the response any more
}

func (x *inProcessExchange) serve(h http.Handler, r *http.Request) {
	returned := false
	defer func() {
		v := recover()
		if x.leave != nil {
			x.leave()
		}
		x.cancel()
		if r.Body != nil {
			_ = r.Body.Close() // what the handler hasn't read is of no interest
		}
		switch {
		case returned:
			x.finish()
			return
		case v == nil: // runtime.Goexit
		case v != any(http.ErrAbortHandler):
			slog.Error("client: the handler panicked", "method", r.Method, "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
		}
		x.abort(fmt.Errorf("client: the handler cut off the response: %w", io.ErrUnexpectedEOF))
	}()
	h.ServeHTTP(x, r)
	returned = true
}

// left is called when the caller's context has ended.
func (x *inProcessExchange) left() {
	x.end(context.Cause(x.sent.Context()))
}

// end is called when nobody is waiting for the response any more.
func (x *inProcessExchange) end(why error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.gone = why
	if x.pipe != nil {
		_ = x.pipe.CloseWithError(why) // never fails
	}
	x.cancel()
}

func (x *inProcessExchange) Header() http.Header { return x.header }

func (x *inProcessExchange) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %d", status)) // as in net/http
	}
	if x.status != 0 || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	x.status, x.declared = status, -1
	if !x.whole || !x.fields.take(x.header) {
		x.final = x.header.Clone()
	}
	if lengths := x.header["Content-Length"]; len(lengths) > 0 {
		if length, err := strconv.ParseInt(lengths[0], 10, 64); err == nil && length >= 0 {
			x.declared = length
		}
	}
}

// hasBody reports whether the response may have one (RFC 9110 §6.4.1).
func (x *inProcessExchange) hasBody() bool {
	return x.status >= 200 && x.status != http.StatusNoContent && x.status != http.StatusNotModified
}

func (x *inProcessExchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	switch {
	case !x.hasBody():
		return 0, http.ErrBodyNotAllowed
	case x.declared >= 0 && x.written+int64(len(p)) > x.declared:
		return 0, http.ErrContentLength
	}
	x.written += int64(len(p))
	switch {
	case x.sent.Method == http.MethodHead: // what is kept is for its media type alone
		x.kept = append(x.kept, p[:min(len(p), keptBack-len(x.kept))]...)
		return len(p), nil
	case x.whole || len(x.kept)+len(p) <= keptBack:
		x.kept = append(x.kept, p...)
		return len(p), nil
	}
	n := keptBack - len(x.kept)
	x.kept = append(x.kept, p[:n]...)
	if err := x.FlushError(); err != nil {
		return 0, err
	}
	more, err := x.pipe.Write(p[n:])
	return n + more, err
}

func (x *inProcessExchange) WriteString(s string) (int, error) { return x.Write([]byte(s)) }

func (x *inProcessExchange) Flush() { _ = x.FlushError() }

// FlushError makes what was written so far visible to the caller.
func (x *inProcessExchange) FlushError() error {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if x.whole {
		return nil
	}
	if x.pipe == nil {
		if !x.hasBody() || x.sent.Method == http.MethodHead {
			return x.publish(http.NoBody, x.declared)
		}
		r, w := io.Pipe()
		x.mu.Lock()
		x.pipe = w
		x.mu.Unlock()
		if err := x.publish(&inProcessBody{r, x}, x.declared); err != nil {
			return err
		}
	}
	if len(x.kept) == 0 {
		return nil
	}
	_, err := x.pipe.Write(x.kept)
	x.kept = x.kept[:0]
	return err
}

// EnableFullDuplex does nothing: the request's body can be read at any time.
func (x *inProcessExchange) EnableFullDuplex() error { return nil }

// publish makes the response, unless there is one or nobody waits for it.
func (x *inProcessExchange) publish(body io.ReadCloser, length int64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.gone != nil || x.response != nil {
		return x.gone
	}
	if x.final == nil {
		x.final = x.fields.header(x.header)
	}
	if _, has := x.final["Content-Type"]; !has && len(x.kept) > 0 && x.final.Get("Content-Encoding") == "" {
		x.final.Set("Content-Type", http.DetectContentType(x.kept))
	}
	x.response = &http.Response{
		Status: statusLine(x.status), StatusCode: x.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: x.final, Body: body, ContentLength: length,
		Request: x.sent, TLS: tlsOf(x.sent),
	}
	x.tell()
	return nil
}

// statusLine returns the text of a response's status.
func statusLine(status int) string {
	if status == http.StatusOK {
		return "200 OK"
	}
	return strconv.Itoa(status) + " " + http.StatusText(status)
}

// tell has the caller go on, unless it is who serves.
func (x *inProcessExchange) tell() {
	if x.ready != nil {
		close(x.ready)
	}
}

func tlsOf(r *http.Request) *tls.ConnectionState {
	if r.URL.Scheme != "https" {
		return nil
	}
	return &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: r.URL.Hostname()}
}

// finish ends the response after the handler has returned.
func (x *inProcessExchange) finish() {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	head := x.sent.Method == http.MethodHead
	switch {
	case x.hasBody() && !head && x.declared > x.written:
		_ = x.FlushError() // nobody may be left to read it
		x.abort(fmt.Errorf("client: the handler wrote less than its Content-Length: %w", io.ErrUnexpectedEOF))
	case x.pipe != nil:
		_ = x.FlushError() // nobody may be left to read it
		_ = x.pipe.Close() // never fails
	case head && x.declared < 0 && x.written > 0:
		_ = x.publish(http.NoBody, x.written) // likewise
	case head:
		_ = x.publish(http.NoBody, x.declared) // likewise
	case !x.hasBody():
		_ = x.publish(http.NoBody, 0) // likewise
	default:
		_ = x.publish(newWholeBody(x.kept), int64(len(x.kept))) // likewise
	}
}

// A wholeBody is a body that is in memory.
type wholeBody struct {
	bytes.Reader
	text []byte
}

func newWholeBody(text []byte) *wholeBody {
	b := &wholeBody{text: text}
	b.Reset(text)
	return b
}

// rest returns what hasn't been read. It must not be changed.
func (b *wholeBody) rest() []byte { return b.text[len(b.text)-b.Len():] }

// Close does nothing.
func (*wholeBody) Close() error { return nil }

// abort cuts the response off.
func (x *inProcessExchange) abort(err error) {
	if x.pipe != nil {
		_ = x.FlushError() // nobody may be left to read it
		_ = x.pipe.CloseWithError(err)
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.response == nil && x.failure == nil {
		x.failure = err
		x.tell()
	}
}

// An inProcessBody is the body of a response that is still being written.
type inProcessBody struct {
	*io.PipeReader
	exchange *inProcessExchange
}

// Close tells the handler that nobody is reading any more.
func (b *inProcessBody) Close() error {
	b.exchange.end(errors.New("client: the body was closed"))
	return b.PipeReader.Close()
}

package contract

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Server returns a server for a test, which serves h and checks it like
// [Contract.Handler]. It is closed when the test ends.
func (c *Contract) Server(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(c.Handler(t, h))
	t.Cleanup(server.Close)
	return server
}

// statusClientGone is the status for a request whose client didn't wait.
const statusClientGone = 499

// Handler returns a handler that calls h and checks each request and response against
// the document. The test fails on
//
//   - a response with an undeclared status, media type or header, or with a header or body
//     that doesn't match its schema,
//   - a success for a request that the document doesn't allow,
//   - a request for an operation that isn't in the document, unless it gets a 404 or
//     405.
//
// A test may send requests that aren't allowed: what counts is the response. Not checked
// are responses that are cut off or longer than 16 MiB, hijacked connections, preflights, a
// 499 to a client that has gone, and whatever [Contract.Except] leaves out. Stop the server
// before the test ends.
//
// Pass it the server's handler, or the mux. If the handlers in between preserve
// [http.Request.Pattern], operations are found by the pattern, and otherwise by the
// path.
func (c *Contract) Handler(t testing.TB, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := &request{Request: r.Clone(context.WithoutCancel(r.Context())), path: r.URL.EscapedPath()}
		rec := &recorder{ResponseWriter: w}
		body := &tee{ReadCloser: r.Body, ended: r.Body == nil || r.Body == http.NoBody}
		if !body.ended {
			r.Body = body
		}
		h.ServeHTTP(rec, r)
		if rec.hijacked || isPreflight(r) {
			return
		}
		got := rec.answer()
		if got.status == statusClientGone && r.Context().Err() != nil {
			return
		}
		sent.body, sent.cut = body.body.Bytes(), body.isCut()
		c.check(t, r.Pattern, sent, got)
	})
}

// Check checks a response against the document, as [Contract.Handler] does, for tests that
// got it in some other way. The pattern is that of [http.Request.Pattern], or "" to find
// the operation by the request's path. The body of the request isn't checked.
func (c *Contract) Check(t testing.TB, pattern string, r *http.Request, status int, header http.Header, body []byte) {
	t.Helper()
	c.check(t, pattern, &request{Request: r, path: r.URL.EscapedPath(), cut: true}, &answer{status: status, header: header, body: body})
}

func (c *Contract) check(t testing.TB, pattern string, r *request, a *answer) {
	t.Helper()
	op, path := c.locate(r.Method, cmp.Or(r.Host, r.URL.Host), pattern, r.path)
	if r.path = path; op == nil {
		if a.status != http.StatusNotFound && a.status != http.StatusMethodNotAllowed && !c.excepts(r.Method, r.path) {
			t.Errorf("contract: %s %s was answered %d, and the document doesn't have that operation", r.Method, r.path, a.status)
		}
		return
	}
	if c.excepts(r.Method, op.path) {
		return
	}
	wrong, parameters := c.checkRequest(op, r)
	problems := c.checkAnswer(op, r.Method, a)
	if a.status/100 == 2 {
		for _, problem := range wrong {
			problems = append(problems, "the request isn't as the document says: "+problem)
		}
	}
	for _, problem := range problems {
		t.Errorf("contract: %s %s was answered %d, but %s\n%s", r.Method, r.URL.RequestURI(), a.status, problem, excerpt(a.body))
	}
	c.count(op, a.status, parameters)
}

// Transport returns a transport that sends requests through another one, or through
// [http.DefaultTransport] if that is nil, and checks requests and responses as
// [Contract.Handler] does. It is for servers in another process. A response is checked once
// its body has been read to the end or closed; if it wasn't read to the end, the body isn't
// checked.
func (c *Contract) Transport(t testing.TB, transport http.RoundTripper) http.RoundTripper {
	if transport == nil {
		transport = http.DefaultTransport
	}
	return &checkedTransport{c, t, transport}
}

type checkedTransport struct {
	contract  *Contract
	t         testing.TB
	transport http.RoundTripper
}

// RoundTrip sends a request.
func (c *checkedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body := &tee{ended: r.Body == nil || r.Body == http.NoBody}
	sent := r.Clone(r.Context())
	if !body.ended {
		body.ReadCloser = r.Body
		sent.Body = body
	}
	rs, err := c.transport.RoundTrip(sent)
	if err != nil || rs.StatusCode == http.StatusSwitchingProtocols || isPreflight(r) {
		return rs, err
	}
	rs.Body = &tee{ReadCloser: rs.Body, done: func(received *tee) {
		request := &request{Request: r, path: r.URL.EscapedPath(), body: body.body.Bytes(), cut: body.isCut()}
		c.contract.check(c.t, "", request, &answer{rs.StatusCode, rs.Header, received.body.Bytes(), received.isCut()})
	}}
	return rs, nil
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// maxKept is how much of a body is kept.
const maxKept = 16 << 20

// A tee keeps what is read of a body.
type tee struct {
	io.ReadCloser
	body  bytes.Buffer
	ended bool
	done  func(*tee) // if it isn't nil, called once when everything has been read, or nothing more will be
}

// isCut reports whether the body isn't all there.
func (b *tee) isCut() bool { return !b.ended || b.body.Len() > maxKept }

// Close closes the body.
func (b *tee) Close() error {
	b.finish()
	return b.ReadCloser.Close()
}

func (b *tee) finish() {
	if b.done != nil {
		b.done(b)
		b.done = nil
	}
}

func (b *tee) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.body.Len() <= maxKept {
		b.body.Write(p[:n])
	}
	if err == io.EOF {
		b.ended = true
		b.finish()
	}
	return n, err
}

// A recorder keeps what is written.
type recorder struct {
	http.ResponseWriter
	status   int
	header   http.Header
	body     bytes.Buffer
	hijacked bool
}

func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		rec.status, rec.header = status, rec.Header().Clone()
		rec.hijacked = status == http.StatusSwitchingProtocols
	}
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *recorder) Write(p []byte) (int, error) {
	if rec.status == 0 {
		rec.WriteHeader(http.StatusOK)
	}
	if rec.body.Len() <= maxKept {
		rec.body.Write(p)
	}
	return rec.ResponseWriter.Write(p)
}

// Flush is for handlers that look for it.
func (rec *recorder) Flush() {
	if rec.status == 0 {
		rec.WriteHeader(http.StatusOK)
	}
	_ = http.NewResponseController(rec.ResponseWriter).Flush() // it can't be told
}

// Unwrap returns the underlying writer.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// answer returns what was written, as a server sends it.
func (rec *recorder) answer() *answer {
	if rec.status == 0 {
		rec.status, rec.header = http.StatusOK, rec.Header().Clone()
	}
	if len(rec.header["Content-Type"]) == 0 && rec.body.Len() > 0 {
		rec.header.Set("Content-Type", http.DetectContentType(rec.body.Bytes()))
	}
	return &answer{rec.status, rec.header, rec.body.Bytes(), rec.body.Len() > maxKept}
}

// Package probe calls an http.Handler without a server, at a cost that is small and the
// same for all handlers.
package probe

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
)

// A Request is a request to a handler.
type Request struct {
	Method, Target string
	Header         http.Header
	Body           []byte
}

// An Answer is a handler's response.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Answered returns the response of h.
func Answered(h http.Handler, rq Request) Answer {
	p := New(h, rq)
	w := httptest.NewRecorder()
	p.renew()
	h.ServeHTTP(w, &p.request)
	return Answer{w.Code, w.Result().Header, w.Body.String()}
}

// A Prober sends a handler the same request again and again. Each is a fresh copy of
// http.Request and url.URL, so that nothing that a router leaves in them, such as a map
// of wildcards, is there the next time. The header is shared, and the response is
// dropped. A Prober isn't safe for concurrent use.
type Prober struct {
	handler  http.Handler
	request  http.Request
	url      url.URL
	body     body
	writer   http.ResponseWriter
	null     *null
	template *http.Request
	text     []byte
}

// New returns a Prober. It panics if the request isn't valid.
func New(h http.Handler, rq Request) *Prober {
	r, err := http.NewRequestWithContext(context.Background(), rq.Method, rq.Target, nil)
	if err != nil {
		panic(err)
	}
	r.RequestURI, r.Host, r.RemoteAddr = rq.Target, "example.com", "192.0.2.1:1234"
	r.Header, r.ContentLength = rq.Header.Clone(), int64(len(rq.Body))
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Body = http.NoBody
	p := &Prober{handler: h, template: r, text: rq.Body, null: &null{http.Header{}}}
	p.writer = p.null
	return p
}

// Ask calls the handler once.
func (p *Prober) Ask() {
	p.renew()
	p.ask()
}

// AskFor is Ask with another method and path, which it doesn't parse.
func (p *Prober) AskFor(method, path string) {
	p.renew()
	p.request.Method, p.request.RequestURI, p.url.Path = method, path, path
	p.ask()
}

func (p *Prober) renew() {
	p.request, p.url = *p.template, *p.template.URL
	p.request.URL = &p.url
	if len(p.text) > 0 {
		p.body.Reset(p.text)
		p.request.Body = &p.body
	}
}

func (p *Prober) ask() {
	if len(p.null.header) > 0 {
		clear(p.null.header)
	}
	p.handler.ServeHTTP(p.writer, &p.request)
}

// body can be read again after Reset.
type body struct{ bytes.Reader }

func (*body) Close() error { return nil }

// null is a ResponseWriter that drops the response. It can flush, like a server's.
type null struct{ header http.Header }

func (n *null) Header() http.Header               { return n.header }
func (n *null) WriteHeader(int)                   {}
func (n *null) Write(p []byte) (int, error)       { return len(p), nil }
func (n *null) WriteString(s string) (int, error) { return len(s), nil }
func (n *null) Flush()                            {}

// Same returns how other differs from a in the status, the body or one of the named
// headers, or "" if it doesn't.
func (a Answer) Same(other Answer, headers ...string) string {
	var different []string
	if a.Status != other.Status {
		different = append(different, "status")
	}
	for _, name := range headers {
		if a.Header.Get(name) != other.Header.Get(name) {
			different = append(different, name)
		}
	}
	if a.Body != other.Body {
		different = append(different, "body")
	}
	return strings.Join(different, ", ")
}

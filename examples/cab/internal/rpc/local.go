package rpc

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/rcrowley/go-tigertonic/client"
)

// Local delivers requests in this process, to the handler of [Node.Mount], in the caller's
// goroutine.
type Local struct {
	handler atomic.Pointer[http.Handler]
}

// Serve sets the handler. Until then, nothing is delivered.
func (l *Local) Serve(h http.Handler) { l.handler.Store(&h) }

// RoundTrip calls the handler.
func (l *Local) RoundTrip(r *http.Request) (*http.Response, error) { return l.deliver(r, new(note)) }

// deliver calls the handler with a request and a note.
func (l *Local) deliver(r *http.Request, n *note) (*http.Response, error) {
	h := l.handler.Load()
	if h == nil {
		service, _ := target(r.URL.Path)
		return nil, &UnavailableError{service, errors.New("nothing is served yet")}
	}
	n.handler = *h
	return client.Inline(n).RoundTrip(r)
}

// A body is one that is in memory.
type body struct{ bytes.Reader }

// Close does nothing.
func (*body) Close() error { return nil }

func bodyOf(text []byte) io.ReadCloser {
	b := new(body)
	b.Reset(text)
	return b
}

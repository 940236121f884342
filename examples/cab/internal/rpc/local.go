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
	transport atomic.Pointer[http.RoundTripper]
}

// Serve sets the handler. Until then, nothing is delivered.
func (l *Local) Serve(h http.Handler) {
	t := client.Inline(h)
	l.transport.Store(&t)
}

// RoundTrip calls the handler.
func (l *Local) RoundTrip(r *http.Request) (*http.Response, error) {
	t := l.transport.Load()
	if t == nil {
		service, _ := target(r.URL.Path)
		return nil, &UnavailableError{service, errors.New("nothing is served yet")}
	}
	return (*t).RoundTrip(r)
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

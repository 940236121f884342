package rpc

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/rcrowley/go-tigertonic/client"
)

// Local delivers requests in this process, to the handler of [Node.Mount].
type Local struct {
	transport atomic.Pointer[http.RoundTripper]
}

// Serve sets the handler. Until then, nothing is delivered.
func (l *Local) Serve(h http.Handler) {
	t := client.InProcess(h)
	l.transport.Store(&t)
}

// RoundTrip has the handler answer.
func (l *Local) RoundTrip(r *http.Request) (*http.Response, error) {
	t := l.transport.Load()
	if t == nil {
		service, _ := target(r.URL.Path)
		return nil, &UnavailableError{service, errors.New("nothing is served yet")}
	}
	return (*t).RoundTrip(r)
}

func bodyOf(text []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(text)) }

package client

import (
	"context"
	"net/http"
)

// Inline is like [InProcess], but runs h in the goroutine of the caller, which saves a
// goroutine, its stack and several contexts for each request. It is for programs that
// contain the services they call, many times a second.
//
// The response is returned when h has returned, and is kept in memory until then: a flush
// does nothing, and a stream that never ends never arrives. A caller waits for h even if
// its own context has ended, so h must heed its context, which has the deadline of the
// caller's. If h panics, or writes less than its Content-Length, the call fails with
// [io.ErrUnexpectedEOF], and nothing of the response is returned. [runtime.Goexit] in h ends
// the caller.
func Inline(h http.Handler) http.RoundTripper {
	if h == nil {
		panicf("Inline: the handler is nil")
	}
	return &inline{h}
}

type inline struct{ handler http.Handler }

func (t *inline) RoundTrip(r *http.Request) (*http.Response, error) {
	received, err := receive(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(valueless{r.Context()})
	x := &inProcessExchange{sent: r, whole: true, header: http.Header{}, cancel: cancel, leave: func() bool { return true }}
	x.serve(t.handler, received.WithContext(ctx))
	if err := context.Cause(r.Context()); err != nil {
		return nil, err // as if h were elsewhere
	}
	return x.response, x.failure
}

// valueless is a context without its values.
type valueless struct{ context.Context }

// Value returns nil.
func (valueless) Value(any) any { return nil }

// AfterFunc spares a child of the context a goroutine: see [context.AfterFunc].
func (v valueless) AfterFunc(f func()) (stop func() bool) { return context.AfterFunc(v.Context, f) }

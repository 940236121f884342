package client

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
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
	x := &inlineExchange{context: inlineContext{caller: r.Context()}}
	x.sent, x.whole, x.header, x.cancel = r, true, http.Header{}, x.context.end
	x.serve(t.handler, received.WithContext(&x.context))
	if err := context.Cause(r.Context()); err != nil {
		return nil, err // as if h were elsewhere
	}
	return x.response, x.failure
}

// An inlineExchange is an exchange and its context, so that they are one allocation.
type inlineExchange struct {
	inProcessExchange
	context inlineContext
}

// An inlineContext is the caller's context without its values, which ends when the handler
// has returned as well. Most handlers wait for nothing, so it becomes one of the caller's
// children only when somebody asks for Done.
type inlineContext struct {
	caller context.Context //nolint:containedctx // it is the context
	child  atomic.Pointer[inlineChild]
	ended  atomic.Bool
	mu     sync.Mutex // is held to set child
}

// An inlineChild is a child of the caller's context.
type inlineChild struct {
	context.Context //nolint:containedctx // likewise
	cancel          context.CancelFunc
}

// Deadline returns the caller's.
func (c *inlineContext) Deadline() (time.Time, bool) { return c.caller.Deadline() }

// Done returns a channel that is closed when the caller's context has ended, or the handler
// has returned.
func (c *inlineContext) Done() <-chan struct{} { return c.join().Done() }

// Err returns why Done is closed, or nil.
func (c *inlineContext) Err() error {
	if child := c.child.Load(); child != nil {
		return child.Err()
	}
	if !c.ended.Load() {
		return c.caller.Err()
	}
	return c.join().Err()
}

// Value returns nil, but for what package context needs once there is a child.
func (c *inlineContext) Value(key any) any {
	if child := c.child.Load(); child != nil {
		return child.Value(key)
	}
	return nil
}

func (c *inlineContext) join() *inlineChild {
	if child := c.child.Load(); child != nil {
		return child
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	child := c.child.Load()
	if child == nil {
		child = new(inlineChild)
		child.Context, child.cancel = context.WithCancel(valueless{c.caller})
		c.child.Store(child)
		if c.ended.Load() { // or end finds the child
			child.cancel()
		}
	}
	return child
}

// end is called when the handler has returned.
func (c *inlineContext) end() {
	c.ended.Store(true)
	if child := c.child.Load(); child != nil {
		child.cancel()
	}
}

// valueless is a context without its values.
type valueless struct{ context.Context }

// Value returns nil.
func (valueless) Value(any) any { return nil }

// AfterFunc spares a child of the context a goroutine: see [context.AfterFunc].
func (v valueless) AfterFunc(f func()) (stop func() bool) { return context.AfterFunc(v.Context, f) }

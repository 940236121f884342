package tigertonic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/record"
)

// A withinHandler sets a time limit.
type withinHandler struct {
	handler http.Handler
	limit   time.Duration
	passed  *limitPassed
}

// Within returns a handler that calls h with a context that ends after d. It is up to
// h to observe it: nothing stops a handler that doesn't. Nothing is buffered, and
// there is no other goroutine.
//
// If h has given up because of the limit, the response is 503. This is so if the limit
// has passed and h returns without writing anything, or fails through
// [ResponseErrorWriter] or as a [Typed] endpoint with an error that is
// [context.DeadlineExceeded] and has no status of its own but 500. The cause is then
// logged and not sent. A response that has begun stays as it is. So do errors of
// shorter deadlines that h set itself: these are a failure of something that h called,
// not the limit of the service.
//
// A 503 says that the server can't handle the request at present (RFC 9110 §15.6.4). A
// 504 is for gateways whose upstream doesn't respond (§15.6.5); a handler that is a
// gateway sends that itself.
//
// The request that h gets is a copy. It panics if d isn't more than 0.
func Within(h http.Handler, d time.Duration) http.Handler {
	if d <= 0 {
		callsite.Panicf("Within: a limit of %v", d)
	}
	return &withinHandler{mustHandler("Within", h), d, &limitPassed{d}}
}

// ServeHTTP calls the handler.
func (wh *withinHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w, rec := record.Wrap(w, r)
	ctx := &limitedContext{Context: r.Context(), deadline: time.Now().Add(wh.limit), passed: wh.passed}
	ctx.request = *r.WithContext(ctx)
	defer ctx.end()
	record.NoteRequest(w, &ctx.request)
	defer handBack(r, &ctx.request)
	wh.handler.ServeHTTP(w, &ctx.request)
	if !rec.HasBegun() && errors.Is(context.Cause(ctx), wh.passed) {
		writeError(w, r, ServiceUnavailable{wh.passed})
	}
}

// Unwrap returns the handler with the time limit.
func (wh *withinHandler) Unwrap() http.Handler { return wh.handler }

// Describe adds that the handler may give up.
func (wh *withinHandler) Describe(op *Operation) {
	op.AddError(http.StatusServiceUnavailable, wh.passed.Error())
	if rs := op.Responses["500"]; rs != nil && rs.Content[problemType].Schema != nil { // of a Typed endpoint
		op.addProblem(http.StatusServiceUnavailable, wh.passed.Error())
	}
}

// String is how [Explain] shows the handler.
func (wh *withinHandler) String() string { return fmt.Sprintf("Within(%v)", wh.limit) }

// A limitedContext is a context with a deadline, and the request that has it, so that
// they are one allocation. Most handlers are done before they wait for anything, so there
// is no timer until somebody asks for Done.
type limitedContext struct {
	context.Context //nolint:containedctx // it is the context
	deadline        time.Time
	passed          *limitPassed
	request         http.Request

	timed atomic.Pointer[timedContext] // or nil
	mu    sync.Mutex                   // is held to set timed, and ended
	ended bool                         // the handler has returned
}

// A timedContext is a context with a timer.
type timedContext struct {
	context.Context //nolint:containedctx // likewise
	cancel          context.CancelFunc
}

// Deadline returns the end of the limit, or an earlier deadline.
func (c *limitedContext) Deadline() (deadline time.Time, ok bool) {
	if earlier, ok := c.Context.Deadline(); ok && earlier.Before(c.deadline) {
		return earlier, true
	}
	return c.deadline, true
}

// Done returns a channel that is closed at the deadline, or once the handler has returned.
func (c *limitedContext) Done() <-chan struct{} { return c.withTimer().Done() }

// Err returns why Done is closed, or nil.
func (c *limitedContext) Err() error {
	if c.timed.Load() == nil && c.Context.Err() == nil && time.Now().Before(c.deadline) && !c.hasEnded() {
		return nil
	}
	return c.withTimer().Err()
}

// Value returns what the context has. [context.Cause] asks for Err before, so there is a
// timer by then if there is a cause.
func (c *limitedContext) Value(key any) any {
	if timed := c.timed.Load(); timed != nil {
		return timed.Value(key)
	}
	return c.Context.Value(key)
}

// withTimer returns the context with a timer, which it starts if there is none.
func (c *limitedContext) withTimer() *timedContext {
	if timed := c.timed.Load(); timed != nil {
		return timed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	timed := c.timed.Load()
	switch {
	case timed != nil:
		return timed
	case c.ended:
		timed = &timedContext{}
		timed.Context, timed.cancel = context.WithCancel(c.Context)
		timed.cancel()
	default:
		timed = &timedContext{}
		timed.Context, timed.cancel = context.WithDeadlineCause(c.Context, c.deadline, c.passed)
	}
	c.timed.Store(timed)
	return timed
}

func (c *limitedContext) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// end ends the context when the handler has returned.
func (c *limitedContext) end() {
	c.mu.Lock()
	c.ended = true
	timed := c.timed.Load()
	c.mu.Unlock()
	if timed != nil {
		timed.cancel()
	}
}

// limitPassed is the cause of the end of a context that [Within] has made.
type limitPassed struct{ limit time.Duration }

func (err *limitPassed) Error() string {
	return fmt.Sprintf("the request took longer than %v", err.limit)
}

// Is tells that it is a kind of context.DeadlineExceeded.
func (err *limitPassed) Is(target error) bool { return target == context.DeadlineExceeded }

// inTime returns what to answer a request with whose handler has failed with err:
// 503 if it has given up because of a time limit of [Within], else err.
func inTime(r *http.Request, w http.ResponseWriter, err error) error {
	if r == nil || !errors.Is(err, context.DeadlineExceeded) || statusOf(err) != http.StatusInternalServerError {
		return err
	}
	if _, ok := asProblem(err); ok {
		return err
	}
	passed, ok := errors.AsType[*limitPassed](context.Cause(r.Context()))
	if !ok {
		return err
	}
	return record.Withhold(ServiceUnavailable{passed}, record.Note(w, err, newID))
}

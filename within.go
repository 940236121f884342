package tigertonic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// WithinHandler sets a time limit. It is made by [Within]; the zero value isn't
// usable.
type WithinHandler struct {
	handler http.Handler
	limit   time.Duration
	passed  *limitPassed
}

// Within returns a handler that calls h with a context that ends after d. It is
// up to h to look at it: nothing stops one that doesn't, and nothing is buffered,
// nor is there another goroutine.
//
// If h has given up because of the limit, the response is 503. It has if the limit
// has passed and it returns without having written anything, or answers through
// [ResponseErrorWriter] or as a [Typed] endpoint with an error that is
// [context.DeadlineExceeded] and has no status of its own but 500. The cause is
// then logged and not sent. A response that has begun is left as it is, and so
// are the errors of deadlines that h has set itself, if they have passed before
// this one: they aren't the service's limit but a part of it that has failed.
//
// 503 says that the server can't handle the request at present (RFC 9110
// §15.6.4). 504 would say that it is a gateway that has had no answer from
// another server (§15.6.5), which a handler that is one says by itself.
//
// The request that h gets is a copy. It panics if d isn't more than 0.
func Within(h http.Handler, d time.Duration) *WithinHandler {
	if d <= 0 {
		misuse("Within: a limit of %v", d)
	}
	return &WithinHandler{mustHandler("Within", h), d, &limitPassed{d}}
}

// ServeHTTP calls the handler.
func (wh *WithinHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeoutCause(r.Context(), wh.limit, wh.passed)
	defer cancel()
	w, rec := record(w, r)
	inner := r.WithContext(ctx)
	noteRequest(w, inner)
	defer handBack(r, inner)
	wh.handler.ServeHTTP(w, inner)
	if rec.status == 0 && !rec.hijacked() && errors.Is(context.Cause(ctx), wh.passed) {
		ResponseErrorWriter.WriteError(r, w, ServiceUnavailable{wh.passed})
	}
}

// Unwrap returns the handler with the time limit.
func (wh *WithinHandler) Unwrap() http.Handler { return wh.handler }

// Describe adds that the handler may give up.
func (wh *WithinHandler) Describe(op *Operation) {
	op.AddError(http.StatusServiceUnavailable, wh.passed.Error())
	if rs := op.Responses["500"]; rs != nil && rs.Content[problemType].Schema != nil { // of a Typed endpoint
		op.addProblem(http.StatusServiceUnavailable, wh.passed.Error())
	}
}

// String is how [Explain] shows the handler.
func (wh *WithinHandler) String() string { return fmt.Sprintf("Within(%v)", wh.limit) }

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
	return &withheld{ServiceUnavailable{passed}, noteCause(w, err)}
}

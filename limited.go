package tigertonic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/record"
)

// LimitOptions are the options of [Limited]. The zero value selects the defaults.
type LimitOptions struct {
	// Queue is how many requests may wait for their turn. Zero means n, as many as h may
	// serve at a time; a negative number means none.
	Queue int
	// Wait is how long one of them may wait. Zero means 20 milliseconds: a client that
	// would have to wait longer is refused early enough to try elsewhere.
	Wait time.Duration
	// RetryAfter is how long a refused client should wait before it retries, in whole
	// seconds, rounded up. Zero means one second.
	RetryAfter time.Duration
}

const (
	limitedWait       = 20 * time.Millisecond
	limitedRetryAfter = time.Second
)

// A limiter limits how many requests a handler serves at a time.
type limiter struct {
	handler    http.Handler
	running    chan struct{} // has an element for each request in the handler
	waiting    chan struct{} // and for each that waits
	wait       time.Duration
	retryAfter string
}

// Limited returns a handler that calls h for at most n requests at a time. A few more
// wait briefly for their turn, first come, first served, as the options say; nil options
// are the defaults. The rest get a 503 with Retry-After, through [ResponseErrorWriter],
// as do those whose context ends while they wait.
//
// A request counts until h returns, also if it is a stream or has taken over the
// connection. A refusal isn't logged as something that has gone wrong: it is only
// in the request's own line or record.
//
// It panics if n is less than 1, or if Wait or RetryAfter are less than 0.
func Limited(h http.Handler, n int, opts *LimitOptions) http.Handler {
	mustHandler("Limited", h)
	if n < 1 {
		callsite.Panicf("Limited: a limit of %d requests", n)
	}
	o := LimitOptions{}
	if opts != nil {
		o = *opts
	}
	if o.Wait < 0 || o.RetryAfter < 0 {
		callsite.Panicf("Limited: Wait: %v, RetryAfter: %v; to have no request wait, set Queue to -1", o.Wait, o.RetryAfter)
	}
	retryAfter := (cmp.Or(o.RetryAfter, limitedRetryAfter) + time.Second - 1) / time.Second
	return &limiter{
		handler:    h,
		running:    make(chan struct{}, n),
		waiting:    make(chan struct{}, max(0, cmp.Or(o.Queue, n))),
		wait:       cmp.Or(o.Wait, limitedWait),
		retryAfter: strconv.FormatInt(int64(retryAfter), 10),
	}
}

// ServeHTTP calls the handler when it is the request's turn.
func (l *limiter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !l.enter(r.Context()) {
		w.Header().Set("Retry-After", l.retryAfter)
		id := record.NoteRefusal(w, errBusy, newID)
		shareRefusal(l.handler, w, r)
		writeError(w, r, record.Withhold(ServiceUnavailable{errBusy}, id))
		return
	}
	defer l.leave()
	l.handler.ServeHTTP(w, r)
}

var errBusy = errors.New("there are too many requests, try again later")

// Unwrap returns the handler whose requests are limited.
func (l *limiter) Unwrap() http.Handler { return l.handler }

// Describe adds that the request may be refused.
func (l *limiter) Describe(op *Operation) {
	op.AddError(http.StatusServiceUnavailable, errBusy.Error())
	op.Response(http.StatusServiceUnavailable).describeRetryAfter(nil)
}

// String is how [Explain] shows the handler.
func (l *limiter) String() string { return fmt.Sprintf("Limited(%d)", cap(l.running)) }

// enter waits for the request's turn, and reports whether it came. The channel
// keeps who waits in order and lets nobody pass them.
func (l *limiter) enter(ctx context.Context) bool {
	select {
	case l.running <- struct{}{}:
		return true
	default:
	}
	select {
	case l.waiting <- struct{}{}:
		defer func() { <-l.waiting }()
	default:
		return false
	}
	timer := time.NewTimer(l.wait)
	defer timer.Stop()
	select {
	case l.running <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (l *limiter) leave() { <-l.running }

package tigertonic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// limitedWait is how long a request may wait for its turn. One that would have to
// wait for longer is refused while its client still remembers it.
const limitedWait = 20 * time.Millisecond

// Limiter limits how many requests a handler has at a time. It is made by
// [Limited]; the zero value isn't usable.
type Limiter struct {
	handler http.Handler
	running chan struct{} // has an element for each request in the handler
	waiting chan struct{} // and for each that waits
}

// Limited returns a handler that calls h for at most n requests at a time. At most
// n more wait for their turn, each for 20 milliseconds at most, those that came
// first go first. The rest are answered 503 with Retry-After: 1, through
// [ResponseErrorWriter], as are those whose context ends while they wait.
//
// A request counts until h returns, also if it is a stream or has taken over the
// connection. A refusal isn't logged as something that has gone wrong: it is only
// in the request's own line or record.
//
// It panics if n is less than 1.
func Limited(h http.Handler, n int) *Limiter {
	if n < 1 {
		misuse("Limited: a limit of %d requests", n)
	}
	return &Limiter{mustHandler("Limited", h), make(chan struct{}, n), make(chan struct{}, n)}
}

// ServeHTTP calls the handler when it is the request's turn.
func (l *Limiter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !l.enter(r.Context()) {
		w.Header().Set("Retry-After", "1")
		id := (&cause{err: errBusy, told: true}).note(w)
		ResponseErrorWriter.WriteError(r, w, &withheld{ServiceUnavailable{errBusy}, id})
		return
	}
	defer l.leave()
	l.handler.ServeHTTP(w, r)
}

var errBusy = errors.New("there are too many requests, try again later")

// Unwrap returns the handler whose requests are limited.
func (l *Limiter) Unwrap() http.Handler { return l.handler }

// Describe adds that the request may be refused.
func (l *Limiter) Describe(op *Operation) {
	op.AddError(http.StatusServiceUnavailable, errBusy.Error())
	op.Response("503").SetHeader("Retry-After", "In how many seconds to try again.", &Schema{Types: []string{"integer"}})
}

// String is how [Explain] shows the handler.
func (l *Limiter) String() string { return fmt.Sprintf("Limited(%d)", cap(l.running)) }

// enter waits for the request's turn, and tells whether it came. The channel
// keeps who waits in order and lets nobody pass them.
func (l *Limiter) enter(ctx context.Context) bool {
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
	timer := time.NewTimer(limitedWait)
	defer timer.Stop()
	select {
	case l.running <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (l *Limiter) leave() { <-l.running }

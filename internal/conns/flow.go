package conns

import (
	"cmp"
	"sync/atomic"
	"time"
)

// Slow clients are found by looking at them now and then, not by a deadline for each read
// and write. Deadlines cost a few percent of the server's time, and either cut off long
// transfers or let clients trickle bytes.
//
// What goes through is a flow: the body of a request, what is written to a connection,
// the response of an HTTP/2 stream. Reading and writing add to one number before and
// after, and needn't know the time. The sweep, which runs while there are connections,
// looks at the number: it is odd while the server waits for the client, and half of it is
// how many bytes there have been. A client falls behind by the time that it keeps the
// server waiting, and catches up by a second for every MinRate bytes. One that is behind
// by more than the limit is cut off. So a flow at that rate can go on forever, as can one
// that the server doesn't wait for, such as an idle stream.
//
// The looks are at most an eighth of the limit apart.

// What the fields of [Limits] that are 0 mean.
const (
	BodyTimeout     = 30 * time.Second
	ResponseTimeout = time.Minute
	MinRate         = 500
)

// Limits are how slow the clients of a server may be.
type Limits struct {
	// Body is how long a client may keep the server waiting for the body of its request
	// in all, plus a second for every Rate bytes. Zero means BodyTimeout; a negative time
	// means no limit.
	Body time.Duration
	// Response is how long a client may leave the response unread, likewise. Zero means
	// ResponseTimeout; a negative time means no limit.
	Response time.Duration
	// Rate is in bytes per second. Zero or less means MinRate.
	Rate int
	// HasWriteTimeout reports whether the server has its own limit on the whole response,
	// which stays in force.
	HasWriteTimeout bool
}

// resolved returns the limits with those that are 0 set.
func (l Limits) resolved() Limits {
	l.Body, l.Response = cmp.Or(l.Body, BodyTimeout), cmp.Or(l.Response, ResponseTimeout)
	if l.Rate <= 0 {
		l.Rate = MinRate
	}
	return l
}

const (
	looksPerLimit = 8
	longestPause  = time.Second
	shortestPause = 2 * time.Millisecond
)

// A flow is bytes that the server and one client exchange in one direction.
type flow struct {
	state atomic.Uint64 // twice the bytes, and one more while the server waits

	// Of the sweep:
	seen   uint64        // the bytes when it looked last
	behind time.Duration // how far the client is
}

// begin is called before something is read or written, and end after it. Overlapping
// calls may hide each other, but do no harm.
func (f *flow) begin()    { f.state.Add(1) }
func (f *flow) end(n int) { f.state.Add(2*uint64(max(n, 0)) - 1) }

// look updates the flow since the last look, and reports whether the client is behind by
// more than the limit.
func (f *flow) look(elapsed, limit time.Duration, rate int) bool {
	return f.lookAt(f.state.Load(), elapsed, limit, rate)
}

// lookAt is look for a given state.
func (f *flow) lookAt(state uint64, elapsed, limit time.Duration, rate int) bool {
	bytes := min(state/2-f.seen, 1<<31) // enough for any limit, and no overflow
	f.seen = state / 2
	if state%2 == 1 {
		f.behind += elapsed
	}
	f.behind = max(0, f.behind-time.Duration(bytes)*(time.Second/time.Duration(rate)))
	// The current wait may have begun just before the first look.
	return limit > 0 && f.behind >= limit+elapsed
}

// pause returns how long the sweep waits until it looks again.
func (l Limits) pause() time.Duration {
	pause := longestPause
	for _, limit := range []time.Duration{l.Body, l.Response} {
		if limit > 0 {
			pause = min(pause, limit/looksPerLimit)
		}
	}
	return max(pause, shortestPause)
}

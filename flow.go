package tigertonic

import (
	"sync/atomic"
	"time"
)

// Slow clients are found by looking at them now and then, not by a deadline for
// each read and write: those cost a few percent of the server's time, and they cut
// off long transfers or let a byte every now and then pass.
//
// What goes through is a flow: the body of a request, what is written to a
// connection, the response of an HTTP/2 stream. Who reads or writes adds to one
// number before and after, and has no need to know the time. The sweep, which runs
// while there are connections, looks at the number: it is odd while the server
// waits for the client, and half of it is how many bytes there have been. A client
// falls behind by the time that it is found to let the server wait, and catches up
// by a second for every MinRate bytes. One that is behind by more than the limit is
// cut off. So a flow at that rate goes on forever, as does one that the server
// doesn't wait for, such as a stream that has nothing to say.
//
// The looks are at most an eighth of the limit apart.

// Limits of a server on its clients.
const (
	bodyTimeout     = 30 * time.Second
	responseTimeout = time.Minute
	minRate         = 500 // bytes per second
)

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

// begin is called before something is read or written, and end after it. Calls that
// overlap may hide each other, but harm nothing.
func (f *flow) begin()    { f.state.Add(1) }
func (f *flow) end(n int) { f.state.Add(2*uint64(max(n, 0)) - 1) }

// look notes what has happened since it looked last, and tells whether the client
// is behind by more than the limit.
func (f *flow) look(elapsed, limit time.Duration, rate int) bool {
	state := f.state.Load()
	bytes := min(state/2-f.seen, 1<<31) // enough for any limit, and no overflow
	f.seen = state / 2
	if state%2 == 1 {
		f.behind += elapsed
	}
	f.behind = max(0, f.behind-time.Duration(bytes)*(time.Second/time.Duration(rate)))
	// What it waits for now may have begun just before the first look.
	return limit > 0 && f.behind >= limit+elapsed
}

// A pace is how slow a server's clients may be.
type pace struct {
	body, response time.Duration // 0 or less if there is no limit
	rate           int
}

func (s *Server) pace() pace {
	p := pace{s.BodyTimeout, s.ResponseTimeout, s.MinRate}
	if p.body == 0 {
		p.body = bodyTimeout
	}
	if p.response == 0 {
		p.response = responseTimeout
	}
	if p.rate <= 0 {
		p.rate = minRate
	}
	return p
}

// pause returns how long the sweep waits until it looks again.
func (p pace) pause() time.Duration {
	pause := longestPause
	for _, limit := range []time.Duration{p.body, p.response} {
		if limit > 0 {
			pause = min(pause, limit/looksPerLimit)
		}
	}
	return max(pause, shortestPause)
}

// watch has the sweep come, unless it is to come anyway.
func (s *Server) watch() {
	s.conns.mu.Lock()
	defer s.conns.mu.Unlock()
	if s.conns.swept || s.BodyTimeout < 0 && s.ResponseTimeout < 0 {
		return
	}
	s.conns.swept = true
	s.sweepLater(s.pace(), time.Now())
}

func (s *Server) sweepLater(p pace, last time.Time) {
	pause := p.pause()
	time.AfterFunc(pause, func() {
		now := time.Now()
		// A process that has been held up hasn't given its clients a chance.
		s.sweep(p, min(now.Sub(last), 2*pause))
		s.conns.mu.Lock()
		defer s.conns.mu.Unlock()
		if s.conns.swept = len(s.conns.all) > 0; s.conns.swept {
			s.sweepLater(p, now)
		}
	})
}

// sweep cuts off who is too slow.
func (s *Server) sweep(p pace, elapsed time.Duration) {
	s.conns.mu.Lock()
	all := make([]*conn, 0, len(s.conns.all))
	for c := range s.conns.all {
		all = append(all, c)
	}
	s.conns.mu.Unlock()
	for _, c := range all {
		c.look(p, elapsed)
	}
}

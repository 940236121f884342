// Package conns knows the connections of a server: which have a request, since when the
// others are idle, and whose clients are slow to send a body or to read a response. It
// cuts those off. It learns from net/http's hooks and from what handlers write, and knows
// neither the server nor when it is to stop.
package conns

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A Tracker holds the connections of one server. Its methods are safe for concurrent use,
// except Limit.
type Tracker struct {
	limits Limits
	began  time.Time // when the clock showed 0
	mu     sync.Mutex
	all    map[*Conn]net.Conn // as net/http knows them
	swept  bool               // a sweep is to come
	// accepted counts those that there have been.
	accepted atomic.Uint64
	// alien has those that a listener of the user's has put TLS on, by net.Conn.
	// They can't be wrapped: net/http has to see the *tls.Conn.
	alien sync.Map
}

// NewTracker returns a Tracker without connections, with default limits.
func NewTracker() *Tracker {
	return &Tracker{limits: Limits{}.resolved(), began: time.Now(), all: map[*Conn]net.Conn{}}
}

// Limit sets how slow clients may be. Call it before the server serves.
func (t *Tracker) Limit(l Limits) { t.limits = l.resolved() }

// clock returns the nanoseconds since the server was made, and never 0. Unlike the wall
// clock, it can't be set, and it is faster to read.
func (t *Tracker) clock() int64 { return max(1, int64(time.Since(t.began))) }

// Listener returns a listener that accepts what l does, for net/http to serve.
func (t *Tracker) Listener(l net.Listener) net.Listener { return &listener{l, t} }

// A listener wraps accepted connections in Conns.
type listener struct {
	net.Listener
	tracker *Tracker
}

func (l *listener) Accept() (net.Conn, error) {
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &Conn{Conn: inner, tracker: l.tracker}
	if _, ok := inner.(*tls.Conn); ok {
		l.tracker.alien.Store(inner, c)
		return inner, nil
	}
	return c, nil
}

// BareListener returns the listener that [Tracker.Listener] wrapped in l, or l.
func BareListener(l net.Listener) net.Listener {
	if ours, ok := l.(*listener); ok {
		return ours.Listener
	}
	return l
}

// connOf returns what is known of a connection that net/http calls c.
func (t *Tracker) connOf(c net.Conn) *Conn {
	inner := c
	if overTLS, ok := c.(*tls.Conn); ok {
		inner = overTLS.NetConn()
	}
	if known, ok := inner.(*Conn); ok {
		return known
	}
	// It is there, unless somebody serves by the http.Server without the listener.
	known, _ := t.alien.LoadOrStore(c, &Conn{Conn: c, tracker: t})
	return known.(*Conn)
}

type connKey struct{}

// ConnContext is for http.Server.ConnContext: requests with its context can be watched.
func (t *Tracker) ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, t.connOf(c))
}

// ConnState is for http.Server.ConnState: it records since when a connection is idle.
func (t *Tracker) ConnState(nc net.Conn, state http.ConnState) {
	c := t.connOf(nc)
	switch state {
	case http.StateNew:
		c.fresh.Store(true)
		c.idle.Store(t.clock())
		t.accepted.Add(1)
		t.mu.Lock()
		t.all[c] = nc
		t.mu.Unlock()
		t.watch()
	case http.StateActive:
		c.fresh.Store(false)
		if !c.refused.Load() {
			c.idle.Store(0)
		}
	case http.StateIdle:
		c.endHTTP1()
		c.idle.Store(t.clock())
	case http.StateHijacked, http.StateClosed:
		c.endHTTP1()
		t.alien.Delete(nc)
		t.mu.Lock()
		delete(t.all, c)
		t.mu.Unlock()
	}
}

// Busy reports whether a connection has a request, or may soon: it hasn't been idle for
// as long as quiet.
func (t *Tracker) Busy(quiet time.Duration) bool {
	quietSince := t.clock() - int64(quiet)
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.all {
		if idle := c.idle.Load(); idle == 0 || idle > quietSince {
			return true
		}
	}
	return false
}

// Active returns how many connections have a request.
func (t *Tracker) Active() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.all {
		if c.idle.Load() == 0 {
			n++
		}
	}
	return n
}

// Counts are the connections of a server by their state.
type Counts struct {
	// Fresh haven't had a request, Active have one, and Idle wait for the next.
	Fresh, Active, Idle int
	// Accepted are all that there have been.
	Accepted uint64
}

// Counts returns the connections by their state.
func (t *Tracker) Counts() Counts {
	n := Counts{Accepted: t.accepted.Load()}
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.all {
		switch {
		case c.idle.Load() == 0:
			n.Active++
		case c.fresh.Load():
			n.Fresh++
		default:
			n.Idle++
		}
	}
	return n
}

// CloseFresh closes the connections that haven't had a request.
func (t *Tracker) CloseFresh() {
	var fresh []net.Conn
	t.mu.Lock()
	for c, known := range t.all {
		if c.fresh.Load() {
			c.refused.Store(true)
			fresh = append(fresh, known)
		}
	}
	t.mu.Unlock()
	for _, c := range fresh {
		_ = c.Close() // nothing has been written to it
	}
}

// watch schedules the sweep, unless it is scheduled already.
func (t *Tracker) watch() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.swept || t.limits.Body < 0 && t.limits.Response < 0 {
		return
	}
	t.swept = true
	t.sweepLater(time.Now())
}

func (t *Tracker) sweepLater(last time.Time) {
	pause := t.limits.pause()
	time.AfterFunc(pause, func() {
		now := time.Now()
		// A process that has been held up hasn't given its clients a chance.
		t.sweep(min(now.Sub(last), 2*pause))
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.swept = len(t.all) > 0; t.swept {
			t.sweepLater(now)
		}
	})
}

// sweep cuts off clients that are too slow.
func (t *Tracker) sweep(elapsed time.Duration) {
	t.mu.Lock()
	all := make([]*Conn, 0, len(t.all))
	for c := range t.all {
		all = append(all, c)
	}
	t.mu.Unlock()
	for _, c := range all {
		c.look(t.limits, elapsed)
	}
}

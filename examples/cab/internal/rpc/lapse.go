package rpc

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A lapse is a context that ends at a time, or with its parent, or when [lapse.stop] is
// called. It becomes one by [lapse.begin]. Most attempts are over before anybody waits for their end, so there is no timer
// until somebody asks for Done.
type lapse struct {
	context.Context //nolint:containedctx // it is the parent

	end   time.Time
	over  atomic.Bool
	timed atomic.Pointer[timed] // or nil
	mu    sync.Mutex            // is held to set timed
}

// timed is a context with a timer.
type timed struct {
	context.Context //nolint:containedctx // likewise
	cancel          context.CancelFunc
}

// begin makes it a context that ends when d has passed since now, or with its parent.
func (l *lapse) begin(parent context.Context, now time.Time, d time.Duration) {
	l.Context, l.end = parent, now.Add(d)
	if earlier, has := parent.Deadline(); has && earlier.Before(l.end) {
		l.end = earlier
	}
}

// Deadline returns the time when it ends.
func (l *lapse) Deadline() (time.Time, bool) { return l.end, true }

// Done returns a channel that is closed when it has ended.
func (l *lapse) Done() <-chan struct{} { return l.wait().Done() }

// Err returns why it has ended, or nil.
func (l *lapse) Err() error {
	if t := l.timed.Load(); t != nil {
		return t.Err()
	}
	if !l.over.Load() && l.Context.Err() == nil && time.Until(l.end) > 0 { // which reads one clock, and not two
		return nil
	}
	return l.wait().Err()
}

// Value returns what the parent has, and by the key of package context the one with a timer.
func (l *lapse) Value(key any) any {
	if t := l.timed.Load(); t != nil {
		return t.Value(key)
	}
	return l.Context.Value(key)
}

// wait returns the context with a timer, which it starts if there is none.
func (l *lapse) wait() *timed {
	if t := l.timed.Load(); t != nil {
		return t
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.timed.Load()
	if t == nil {
		t = new(timed)
		t.Context, t.cancel = context.WithDeadlineCause(l.Context, l.end, errSlow)
		l.timed.Store(t)
		if l.over.Load() { // or stop finds the timer
			t.cancel()
		}
	}
	return t
}

// stop ends it.
func (l *lapse) stop() {
	l.over.Store(true)
	if t := l.timed.Load(); t != nil {
		t.cancel()
	}
}

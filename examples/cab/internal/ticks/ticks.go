// Package ticks is the loop of whatever looks again from time to time.
package ticks

import (
	"context"
	"time"
)

// Every returns an iterator that yields each time the interval has passed, until the context
// ends. If a round takes longer than that, the next one follows at once, and other ticks are
// lost. The interval must be positive.
func Every(ctx context.Context, interval time.Duration) func(yield func() bool) {
	return func(yield func() bool) {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			if !yield() {
				return
			}
		}
	}
}

// Now is like [Every], and yields the first time at once, even if the context has ended.
func Now(ctx context.Context, interval time.Duration) func(yield func() bool) {
	return func(yield func() bool) {
		if yield() {
			Every(ctx, interval)(yield)
		}
	}
}

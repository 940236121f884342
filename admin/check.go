package admin

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// kept is how long what a check has found holds.
const kept = time.Second

// A check is a function that runs in its own goroutine, of which there is one at a
// time. Those who want to know meanwhile wait for the same run, and not longer than
// its limit, whatever the function does.
type check struct {
	name  string
	limit time.Duration
	f     func(context.Context) error

	mu   sync.Mutex
	last *checkRun // or nil
}

type checkRun struct {
	name  string
	limit time.Duration
	began time.Time
	late  <-chan struct{} // closed after the limit
	done  chan struct{}

	// Once done is closed:
	took time.Duration
	err  error
}

// run returns the run that tells how it is now, after beginning it if the last
// one is over and too old.
func (c *check) run() *checkRun {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil && c.last.holds() {
		return c.last
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.limit)
	run := &checkRun{name: c.name, limit: c.limit, began: time.Now(), late: ctx.Done(), done: make(chan struct{})}
	c.last = run
	go func() {
		defer cancel()
		run.do(ctx, c.f)
	}()
	return run
}

// holds reports whether the run goes on, or hasn't been over for long.
func (run *checkRun) holds() bool {
	select {
	case <-run.done:
		return time.Since(run.began.Add(run.took)) < kept
	default:
		return true
	}
}

// do calls the function and keeps what comes of it, even if it panics or ends the
// goroutine.
func (run *checkRun) do(ctx context.Context, f func(context.Context) error) {
	run.err = errors.New("the check has ended its goroutine")
	defer func() {
		if v := recover(); v != nil {
			run.err = fmt.Errorf("panic: %v", v)
		}
		run.took = time.Since(run.began)
		switch {
		case ctx.Err() == nil:
		case run.err == nil || errors.Is(run.err, context.DeadlineExceeded):
			run.err = run.lateness()
		default:
			run.err = fmt.Errorf("%w: %w", run.lateness(), run.err)
		}
		close(run.done)
	}()
	run.err = f(ctx)
}

func (run *checkRun) lateness() error { return fmt.Errorf("no response within %v", run.limit) }

// wait returns how the run has ended, or that it hasn't in time.
func (run *checkRun) wait(ctx context.Context) checkResult {
	select {
	case <-run.done:
	case <-run.late:
	case <-ctx.Done(): // nobody is going to read it
	}
	select {
	case <-run.done:
		return newCheckResult(run.name, run.took, run.err)
	default:
		return newCheckResult(run.name, time.Since(run.began), run.lateness())
	}
}

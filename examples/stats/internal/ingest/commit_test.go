package ingest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	goleak.VerifyTestMain(m)
}

// A held is a database that writes when it is told to, with the error that it is told.
type held struct {
	began  chan int // how many writes a group has
	answer chan error
}

func newHeld() *held { return &held{make(chan int), make(chan error)} }

func (h *held) Apply(_ context.Context, _ int64, writes []*store.Write) error {
	h.began <- len(writes)
	return <-h.answer
}

func write() store.Write { return store.Write{Samples: []store.Sample{{Stat: 1, Value: 1}}} }

// submit submits n writes, and returns once they wait.
func submit(ctx context.Context, c *Committer, n int, into chan<- error, wg *sync.WaitGroup) {
	waiting := c.waiting.Load() + int64(n)
	for range n {
		wg.Go(func() { into <- c.Submit(ctx, write()) })
	}
	for c.waiting.Load() < waiting {
		time.Sleep(time.Millisecond)
	}
	for len(c.queue) < n && c.waiting.Load() > int64(n) { // the first one of all is taken at once
		time.Sleep(time.Millisecond)
	}
}

func TestGroupGathersWhileOneIsWritten(t *testing.T) {
	t.Parallel()
	h := newHeld()
	c := NewCommitter(h, nil, time.Now)
	results := make(chan error, 100)
	var wg sync.WaitGroup
	submit(t.Context(), c, 1, results, &wg)
	if n := <-h.began; n != 1 {
		t.Errorf("the first group has %d", n)
	}
	submit(t.Context(), c, 50, results, &wg)
	h.answer <- nil
	if n := <-h.began; n != 50 {
		t.Errorf("the second group has %d", n)
	}
	h.answer <- nil
	wg.Wait()
	for range 51 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	c.Close()
	if c.Samples.Load() != 51 || c.Groups.Load() != 2 || c.waiting.Load() != 0 {
		t.Errorf("got %d samples in %d groups, %d wait", c.Samples.Load(), c.Groups.Load(), c.waiting.Load())
	}
	if err := c.Submit(t.Context(), write()); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v after the end", err)
	}
}

// Those who wait for a transaction that fails aren't written, and don't wait for another.
func TestFailureFailsThoseWhoWait(t *testing.T) {
	t.Parallel()
	h := newHeld()
	c := NewCommitter(h, nil, time.Now)
	results := make(chan error, 100)
	var wg sync.WaitGroup
	submit(t.Context(), c, 1, results, &wg)
	<-h.began
	submit(t.Context(), c, 20, results, &wg)
	h.answer <- store.ErrUnavailable
	wg.Wait()
	for range 21 {
		if err := <-results; err == nil {
			t.Error("what wasn't written is acknowledged")
		}
	}
	if !c.Failing() || c.waiting.Load() != 0 {
		t.Errorf("it fails: %v, and %d wait", c.Failing(), c.waiting.Load())
	}
	submit(t.Context(), c, 1, results, &wg)
	<-h.began
	h.answer <- nil
	if err := <-results; err != nil || c.Failing() {
		t.Errorf("got %v, it fails: %v", err, c.Failing())
	}
	c.Close()
}

// Who has gone before it was written isn't counted; who goes while it is, is.
func TestClientsThatGo(t *testing.T) {
	t.Parallel()
	h := newHeld()
	c := NewCommitter(h, nil, time.Now)
	results := make(chan error, 3)
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	submit(ctx, c, 1, results, &wg)
	<-h.began
	submit(ctx, c, 1, results, &wg)
	cancel()
	if err := <-results; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	h.answer <- nil
	if err := <-results; err != nil {
		t.Errorf("got %v", err)
	}
	c.Close()
	if c.Samples.Load() != 1 || c.waiting.Load() != 0 {
		t.Errorf("%d are counted, %d wait", c.Samples.Load(), c.waiting.Load())
	}
}

// A slow is a database that takes so long, unless it is told to stop.
type slow time.Duration

func (s slow) Apply(ctx context.Context, _ int64, _ []*store.Write) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(s)):
		return nil
	}
}

// A database that is slow is waited for, and one that doesn't answer isn't for long.
func TestSlowDatabase(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		takes, waited time.Duration
		err           error
	}{{3 * time.Second, 3 * time.Second, nil}, {time.Hour, commitTimeout, context.DeadlineExceeded}} {
		synctest.Test(t, func(t *testing.T) {
			c := NewCommitter(slow(tt.takes), nil, time.Now)
			defer c.Close()
			began := time.Now()
			if err := c.Submit(t.Context(), write()); !errors.Is(err, tt.err) || time.Since(began) != tt.waited {
				t.Errorf("it takes %v: got %v after %v", tt.takes, err, time.Since(began))
			}
		})
	}
}

func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	h := newHeld()
	c := NewCommitter(h, nil, time.Now)
	results := make(chan error, 10)
	var wg sync.WaitGroup
	submit(t.Context(), c, 1, results, &wg)
	<-h.began
	big := store.Write{Samples: make([]store.Sample, maxWaiting)}
	wg.Go(func() { results <- c.Submit(t.Context(), big) })
	for c.waiting.Load() < maxWaiting {
		time.Sleep(time.Millisecond)
	}
	if err := c.Submit(t.Context(), write()); !errors.Is(err, ErrBusy) || c.Refused.Load() != 1 {
		t.Errorf("got %v, %d are refused", err, c.Refused.Load())
	}
	h.answer <- nil
	<-h.began
	h.answer <- nil
	wg.Wait()
	c.Close()
}

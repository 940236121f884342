package trace

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// An Exporter takes spans that have ended. It must not use the slice after it has returned.
type Exporter interface {
	ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error
}

// A Ring is a span processor between requests, which must not wait, and an exporter, which
// may take its time. It has a fixed number of places: if the exporter falls behind, the
// oldest spans are dropped and counted. Create one with [NewRing].
//
// Every span that was sent is also counted as delivered, as dropped, or as failed if the
// exporter returned an error.
type Ring struct {
	exporter Exporter
	every    time.Duration
	batch    int

	sent, dropped, delivered, failed atomic.Int64

	mu    sync.Mutex
	ring  []sdk.ReadOnlySpan
	first int // the oldest
	n     int
	over  bool // nobody takes what comes

	wake    chan struct{} // there is a batch
	stop    chan struct{}
	stopped chan struct{}
	once    sync.Once
	export  sync.Mutex         // one at a time
	taken   []sdk.ReadOnlySpan // the batch that is exported
}

// Counts are how many spans there were.
type Counts struct {
	Sent      int64 `json:"sent" doc:"Spans that have ended."`
	Dropped   int64 `json:"dropped" doc:"Those that the collector was too slow for."`
	Delivered int64 `json:"delivered" doc:"Those that it has."`
	Failed    int64 `json:"failed" doc:"Those that it has refused."`
}

// NewRing returns a ring with this many places. It exports spans when there are enough for
// a batch, and at the interval every.
func NewRing(e Exporter, places, batch int, every time.Duration) *Ring {
	r := &Ring{
		exporter: e, every: every, batch: max(1, min(batch, places)), ring: make([]sdk.ReadOnlySpan, max(1, places)),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	go r.run()
	return r
}

// OnStart does nothing.
func (*Ring) OnStart(context.Context, sdk.ReadWriteSpan) {}

// OnEnd puts a span into the ring, or drops it if the ring has ended.
func (r *Ring) OnEnd(s sdk.ReadOnlySpan) {
	r.sent.Add(1)
	r.mu.Lock()
	if r.over {
		r.mu.Unlock()
		r.dropped.Add(1)
		return
	}
	if r.n == len(r.ring) {
		r.ring[r.first] = s
		r.first = (r.first + 1) % len(r.ring)
		r.mu.Unlock()
		r.dropped.Add(1)
		return
	}
	r.ring[(r.first+r.n)%len(r.ring)] = s
	r.n++
	full := r.n%r.batch == 0
	r.mu.Unlock()
	if full {
		select {
		case r.wake <- struct{}{}:
		default: // it knows
		}
	}
}

func (r *Ring) run() {
	defer close(r.stopped)
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-r.wake:
		case <-r.stop:
			return
		}
		r.drain(context.Background())
	}
}

// drain exports what is in the ring, until it is empty or the context ends.
func (r *Ring) drain(ctx context.Context) {
	r.export.Lock()
	defer r.export.Unlock()
	for ctx.Err() == nil {
		batch := r.take()
		if len(batch) == 0 {
			clear(r.taken[:cap(r.taken)]) // an idle process keeps no spans
			return
		}
		if err := r.exporter.ExportSpans(ctx, batch); err != nil {
			if r.failed.Add(int64(len(batch))) == int64(len(batch)) {
				slog.Warn("spans can't be exported", "error", err) // the first time, then the count says it
			}
			continue
		}
		r.delivered.Add(int64(len(batch)))
	}
}

// take moves the oldest spans into the slice for a batch.
func (r *Ring) take() []sdk.ReadOnlySpan {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken = r.taken[:0]
	for range min(r.n, r.batch) {
		r.taken = append(r.taken, r.pop())
	}
	return r.taken
}

// pop removes the oldest span.
func (r *Ring) pop() sdk.ReadOnlySpan {
	s := r.ring[r.first]
	r.ring[r.first] = nil
	r.first, r.n = (r.first+1)%len(r.ring), r.n-1
	return s
}

// ForceFlush exports what is in the ring.
func (r *Ring) ForceFlush(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.drain(ctx)
	}()
	select {
	case <-done:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Shutdown exports what is in the ring, counts what it has no time for as dropped, and ends
// the ring.
func (r *Ring) Shutdown(ctx context.Context) error {
	err := r.ForceFlush(ctx)
	r.once.Do(func() { close(r.stop) })
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.over = true; r.n > 0; r.pop() { // only if the context has ended, or a span has just come
		r.dropped.Add(1)
	}
	return err
}

// Counts returns how many spans there were.
func (r *Ring) Counts() Counts {
	return Counts{Sent: r.sent.Load(), Dropped: r.dropped.Load(), Delivered: r.delivered.Load(), Failed: r.failed.Load()}
}

package trace

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// An Exporter takes spans that have ended. It must not use them after it has returned.
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

	wake    chan struct{} // there is a batch
	stop    chan struct{}
	stopped chan struct{}
	once    sync.Once
	export  sync.Mutex // one at a time
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

// OnEnd puts a span into the ring.
func (r *Ring) OnEnd(s sdk.ReadOnlySpan) {
	r.sent.Add(1)
	r.mu.Lock()
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

// Every is a sampler that takes every span: which traces are kept is decided when they are
// over.
type Every struct{}

// ShouldSample says to record the span.
func (Every) ShouldSample(sdk.SamplingParameters) sdk.SamplingResult {
	return sdk.SamplingResult{Decision: sdk.RecordAndSample}
}

// Description names the sampler.
func (Every) Description() string { return "every span" }

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

func (r *Ring) take() []sdk.ReadOnlySpan {
	r.mu.Lock()
	defer r.mu.Unlock()
	batch := make([]sdk.ReadOnlySpan, min(r.n, r.batch))
	for i := range batch {
		at := (r.first + i) % len(r.ring)
		batch[i], r.ring[at] = r.ring[at], nil
	}
	r.first, r.n = (r.first+len(batch))%len(r.ring), r.n-len(batch)
	return batch
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
	for left := r.take(); len(left) > 0; left = r.take() { // only if the context has ended
		r.dropped.Add(int64(len(left)))
	}
	return err
}

// Counts returns how many spans there were.
func (r *Ring) Counts() Counts {
	return Counts{Sent: r.sent.Load(), Dropped: r.dropped.Load(), Delivered: r.delivered.Load(), Failed: r.failed.Load()}
}

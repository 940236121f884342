package trace

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// The published design, in small: what Hailo's deck of 2014 and its code of 2016 do when they
// trace, with their faults. It is here to be compared, and none of it is used.
//
//   - each event is sent by a goroutine of its own (the deck's client and handler);
//   - the worker's window is a time.Tick within its select, so each event begins it anew;
//   - the arguments of the deferred OUT are evaluated when it is deferred;
//   - a request that fails returns before its REP;
//   - the batch grows while publishing fails.
type published struct {
	events  chan event
	publish func([]event) error
	size    int
	window  time.Duration
	stop    chan struct{}

	mu      sync.Mutex
	batch   []event
	flushes int
}

type event struct {
	kind     string
	sequence int
	duration time.Duration
	err      error
}

func (p *published) trace(e event) { go func() { p.events <- e }() }

func (p *published) work() {
	for {
		select {
		case e := <-p.events:
			p.mu.Lock()
			p.batch = append(p.batch, e)
			full := len(p.batch) >= p.size
			p.mu.Unlock()
			if full {
				p.flush()
			}
		case <-time.Tick(p.window): // a new one each time round
			p.flush()
		case <-p.stop:
			return
		}
	}
}

func (p *published) flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flushes++
	if p.publish(p.batch) == nil {
		p.batch = nil
	}
}

// handle is the published middleware.
func (p *published) handle(f func() error) (err error) {
	began := time.Now()
	p.trace(event{kind: "IN"})
	out := event{kind: "OUT", duration: time.Since(began), err: err} // as arguments of a defer are, at once
	defer p.trace(out)
	err = f()
	return err
}

// request is the published client.
func (p *published) request(f func() error) error {
	began := time.Now()
	p.trace(event{kind: "REQ"})
	if err := f(); err != nil {
		return err
	}
	p.trace(event{kind: "REP", duration: time.Since(began)})
	return nil
}

func newPublished(size int, window time.Duration, publish func([]event) error) *published {
	return &published{events: make(chan event), publish: publish, size: size, window: window, stop: make(chan struct{})}
}

// While its collector stalls, the published design has a goroutine for each event, and ours
// has none more.
func TestPublishedDesignHasAGoroutineForEachEvent(t *testing.T) {
	const n = 2000
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := newPublished(1, time.Second, func([]event) error { <-release; return nil })
		go p.work()
		before := runtime.NumGoroutine()
		for i := range n {
			p.trace(event{sequence: i})
		}
		synctest.Wait()
		if grown := runtime.NumGoroutine() - before; grown < n-10 {
			t.Errorf("the published design has %d goroutines more", grown)
		}
		close(release)
		time.Sleep(time.Second)
		synctest.Wait()
		close(p.stop)
	})
	synctest.Test(t, func(t *testing.T) {
		collector := &stalled{release: make(chan struct{})}
		ring := NewRing(collector, 100, 1, time.Second)
		tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(ring)).Tracer("")
		before := runtime.NumGoroutine()
		for range n {
			_, span := tracer.Start(t.Context(), "s")
			span.End()
		}
		synctest.Wait()
		if grown := runtime.NumGoroutine() - before; grown > 0 {
			t.Errorf("ours has %d goroutines more", grown)
		}
		close(collector.release)
		_ = ring.Shutdown(t.Context())
	})
}

// Steady traffic never lets the published window close: of 25 flushes that are due, there is
// none. Ours has them all.
func TestPublishedDesignNeverFlushesSteadyTraffic(t *testing.T) {
	const window, every, windows = 50 * time.Millisecond, 10 * time.Millisecond, 25
	synctest.Test(t, func(t *testing.T) {
		p := newPublished(1<<20, window, func([]event) error { return nil })
		go p.work()
		for range windows * int(window/every) {
			p.trace(event{})
			time.Sleep(every)
		}
		synctest.Wait()
		p.mu.Lock()
		if p.flushes != 0 {
			t.Errorf("the published design has flushed %d times", p.flushes)
		}
		p.mu.Unlock()
		close(p.stop)
	})
	synctest.Test(t, func(t *testing.T) {
		counted := &counting{}
		ring := NewRing(counted, 1<<20, 1<<20, window)
		tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(ring)).Tracer("")
		for range windows * int(window/every) {
			_, span := tracer.Start(t.Context(), "s")
			span.End()
			time.Sleep(every)
		}
		synctest.Wait()
		if counted.batches < windows-1 {
			t.Errorf("ours has flushed %d times", counted.batches)
		}
		_ = ring.Shutdown(t.Context())
	})
}

// counting is a collector that counts batches.
type counting struct{ batches int }

func (c *counting) ExportSpans(context.Context, []sdk.ReadOnlySpan) error {
	c.batches++
	return nil
}

// What the published middleware and client say of a request that took 30 ms and failed is
// wrong: no time, no error, and no REP. What ours say is tested in package rpc.
func TestPublishedDesignSaysWhatIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []event
		p := newPublished(1, time.Hour, func(batch []event) error {
			got = append(got, batch...)
			return nil
		})
		go p.work()
		_ = p.request(func() error {
			return p.handle(func() error {
				time.Sleep(30 * time.Millisecond)
				return errors.New("no tariff for DUB")
			})
		})
		synctest.Wait()
		close(p.stop)
		synctest.Wait()
		kinds := map[string]event{}
		for _, e := range got {
			kinds[e.kind] = e
		}
		out, has := kinds["OUT"]
		if _, hasREP := kinds["REP"]; hasREP || !has || out.duration != 0 || out.err != nil {
			t.Errorf("got %+v", got)
		}
	})
}

// While publishing fails, the published batch grows without end. Ours keeps its places.
func TestPublishedDesignGrowsWhilePublishingFails(t *testing.T) {
	const n, places = 5000, 100
	synctest.Test(t, func(t *testing.T) {
		p := newPublished(10, time.Second, func([]event) error { return errors.New("the bus is gone") })
		go p.work()
		for i := range n {
			p.trace(event{sequence: i})
		}
		synctest.Wait()
		p.mu.Lock()
		if len(p.batch) != n {
			t.Errorf("the published design keeps %d", len(p.batch))
		}
		p.mu.Unlock()
		close(p.stop)
	})
	synctest.Test(t, func(t *testing.T) {
		ring := NewRing(failing{}, places, 10, time.Second)
		tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(ring)).Tracer("")
		for range n {
			_, span := tracer.Start(t.Context(), "s")
			span.End()
		}
		_ = ring.Shutdown(t.Context())
		synctest.Wait()
		if c := ring.Counts(); c.Sent != n || c.Delivered != 0 || c.Failed+c.Dropped != n || len(ring.ring) != places {
			t.Errorf("got %+v", c)
		}
	})
}

// failing is a collector that refuses everything.
type failing struct{}

func (failing) ExportSpans(context.Context, []sdk.ReadOnlySpan) error {
	return errors.New("the bus is gone")
}

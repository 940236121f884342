package loopback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

// The load is a closed loop, where each connection sends the next request when it has the
// response to the last one, so there are as many requests at a time as connections; or an
// open loop, where requests are due at a rate, and one that has to wait for the response
// before it counts from when it was due. All connections are open before the first is used. Requests are rendered once, and
// responses are parsed no more than necessary, so that the service gets most of the
// machine.

// A Load says how to load a service.
type Load struct {
	Connections int
	Rate        int           // requests per second in all, or 0 for a closed loop
	Warm, Take  time.Duration // how long before anything is counted, and after
}

// A Result is the outcome of a load.
type Result struct {
	Requests int64
	Elapsed  time.Duration
	Service  usage
	Own      time.Duration // CPU time of the load generator
	P50, P99 time.Duration
}

// A window is the time, since the start, in which responses count.
type window struct {
	start      time.Time
	begin, end time.Duration
	first      time.Duration // when the first request is due
	every      time.Duration // how long it is from there to the next, or 0 for a closed loop
}

// Run puts the load on a service. Each answer must be 200 and has to have a
// Content-Length.
func (l Load) Run(ctx context.Context, c *Child, rq probe.Request) (r Result, err error) {
	runtime.GC() // not later
	clients, err := dialAll(ctx, c.Addr, l.Connections, rq)
	defer func() { err = errors.Join(err, closeAll(clients), c.rest()) }()
	if err != nil {
		return Result{}, err
	}
	r.Elapsed = l.Take
	w := window{start: time.Now(), begin: l.Warm, end: l.Warm + l.Take}
	if l.Rate > 0 {
		w.every = time.Duration(l.Connections) * time.Second / time.Duration(l.Rate)
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, c := range clients {
		own := w
		own.first = w.every * time.Duration(i) / time.Duration(len(clients))
		group.Go(func() error { return c.ask(ctx, own) })
	}
	group.Go(func() (err error) {
		r.Service, r.Own, err = w.used(ctx, c)
		return err
	})
	if err := group.Wait(); err != nil {
		return Result{}, err
	}
	r.summarize(clients)
	return r, nil
}

// name returns what the load is called.
func (l Load) name() string {
	if l.Rate > 0 {
		return fmt.Sprintf("rate-%d", l.Rate)
	}
	return fmt.Sprintf("connections-%d", l.Connections)
}

// used returns what the service uses in the window, and the CPU time of this process.
func (w window) used(ctx context.Context, c *Child) (service usage, own time.Duration, err error) {
	var (
		services [2]usage
		owns     [2]time.Duration
	)
	for i, t := range []time.Duration{w.begin, w.end} {
		select {
		case <-ctx.Done():
			return usage{}, 0, ctx.Err()
		case <-time.After(time.Until(w.start.Add(t))):
		}
		owns[i] = time.Duration(probe.CPUTime())
		if services[i], err = c.order("tell"); err != nil {
			return usage{}, 0, err
		}
	}
	return services[1].since(services[0]), owns[1] - owns[0], nil
}

func (r *Result) summarize(clients []*client) {
	var all []time.Duration
	for _, c := range clients {
		all = append(all, c.took...)
	}
	slices.Sort(all)
	r.Requests, r.P50, r.P99 = int64(len(all)), quantile(all, 0.5), quantile(all, 0.99)
}

// quantile returns the quantile q of sorted times, or 0 if there are none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// wire returns the request as it is sent.
func wire(rq probe.Request) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: example.com\r\n", rq.Method, rq.Target)
	_ = rq.Header.Write(&b)
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(rq.Body), rq.Body)
	return b.Bytes()
}

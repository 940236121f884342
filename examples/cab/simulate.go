package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/jobs"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/raziel"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/sim"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/ticks"
)

// simulated is the caller on behalf of simulated drivers and customers.
const simulated = "com.hailocab.kernel.sim"

// simulate makes drivers move and answer, and customers order, until the context ends.
func (p *process) simulate(ctx context.Context) {
	var group sync.WaitGroup
	if p.options.drivers > 0 {
		group.Go(func() { p.drive(ctx) })
		group.Go(func() { p.answer(ctx) })
	}
	if p.options.jobs > 0 {
		group.Go(func() { p.order(ctx) })
	}
	group.Wait()
}

// drive reports positions when they are due.
func (p *process) drive(ctx context.Context) {
	const tickEvery, atOnce = 20 * time.Millisecond, 4
	c := p.node.Client(simulated, raziel.Name)
	drivers := sim.New(city(), p.options.drivers, p.options.seed, p.options.now())
	reports := make(chan sim.Report)
	var group sync.WaitGroup
	defer group.Wait()
	defer close(reports)
	for range atOnce {
		group.Go(func() {
			for r := range reports {
				body := raziel.NewPlaces{Lat: r.At.Lat, Lng: r.At.Lng, Heading: r.Heading, Seen: r.Seen}
				_, _ = client.Call(ctx, c, raziel.Position, &raziel.PositionIn{ID: r.ID, Body: body}) // one that is lost is followed by another
			}
		})
	}
	for range ticks.Now(ctx, tickEvery) {
		for r := range drivers.Until(p.options.now()) {
			select {
			case reports <- r:
			case <-ctx.Done():
				return
			}
		}
	}
}

// answer makes the simulated drivers answer offers and finish their rides. Their next step
// follows from the state of the jobs alone, so they carry on after a restart.
func (p *process) answer(ctx context.Context) {
	const lookEvery = 500 * time.Millisecond
	c := p.node.Client(simulated, jobs.Name)
	for range ticks.Every(ctx, lookEvery) {
		offers, err := client.Call(ctx, c, jobs.Offers, &jobs.OffersIn{N: 200})
		if err != nil {
			continue // until the service is there
		}
		for _, o := range offers {
			if !p.isSimulated(o.Driver) {
				continue
			}
			in := &jobs.DriverIn{OneJob: jobs.OneJob{ID: o.Job}, Body: jobs.ByDriver{Driver: o.Driver}}
			switch luck(o.Job, o.Driver) % 10 {
			case 0: // silent
			case 1, 2:
				_, _ = client.Call(ctx, c, jobs.Decline, in) // or the offer lapses
			default:
				_, _ = client.Call(ctx, c, jobs.Accept, in) // likewise
			}
		}
		p.ride(ctx, c)
	}
}

// isSimulated reports whether a driver is simulated.
func (p *process) isSimulated(id string) bool {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "d"))
	return err == nil && n < p.options.drivers && strings.HasPrefix(id, "d")
}

// luck is the same for the same driver and job.
func luck(job, driver string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(job + driver)) // never fails
	return h.Sum32()
}

// ride moves the jobs of simulated drivers to their next state.
func (p *process) ride(ctx context.Context, c *client.Client) {
	list, err := client.Call(ctx, c, jobs.Active, &jobs.ActiveIn{N: 500})
	if err != nil {
		return // until the service is there
	}
	next := map[string]func(context.Context, *client.Client, *jobs.DriverIn) error{
		jobs.Accepted: step(jobs.Arrive), jobs.Arrived: step(jobs.Board), jobs.OnTrip: step(jobs.Complete),
	}
	for i := range list {
		j := &list[i]
		const shortest, spread = 4, 8
		takes := time.Duration(shortest+luck(j.ID, j.State)%spread) * time.Second
		f, goes := next[j.State]
		if goes && p.isSimulated(j.Driver) && p.options.now().Sub(j.Changed) >= takes {
			_ = f(ctx, c, &jobs.DriverIn{OneJob: jobs.OneJob{ID: j.ID}, Body: jobs.ByDriver{Driver: j.Driver}}) // it is tried again
		}
	}
}

// order makes customers order taxis.
func (p *process) order(ctx context.Context) {
	c := p.node.Client(simulated, jobs.Name)
	for n := 0; ; n++ {
		const spread = 3000
		pause := time.Duration(rand.ExpFloat64() / float64(p.options.jobs) * float64(time.Hour)) //nolint:gosec // no secret
		select {
		case <-time.After(min(pause, time.Minute)):
		case <-ctx.Done():
			return
		}
		at := geo.Move(city(), rand.NormFloat64()*spread, rand.NormFloat64()*spread)                                                                        //nolint:gosec // no secret
		_, _ = client.Call(ctx, c, jobs.Create, &jobs.CreateIn{Body: jobs.NewJob{Customer: fmt.Sprint("c", n), Lat: at.Lat, Lng: at.Lng, Service: "taxi"}}) // the next customer tries again
	}
}

// step returns a call of an endpoint.
func step(d *tigertonic.Declaration[jobs.DriverIn, jobs.Job]) func(context.Context, *client.Client, *jobs.DriverIn) error {
	return func(ctx context.Context, c *client.Client, in *jobs.DriverIn) error {
		_, err := client.Call(ctx, c, d, in)
		return err
	}
}

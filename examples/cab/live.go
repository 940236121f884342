package main

import (
	"context"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/rcrowley/go-tigertonic/client"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/jobs"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/raziel"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/ticks"
)

// shown is how many drivers the map shows.
const shown = 400

// A status is what the map shows.
type status struct {
	Drivers   []place    `json:"drivers" doc:"Some of the drivers."`
	Jobs      []jobs.Job `json:"jobs" doc:"The jobs that go on, or have just ended."`
	Positions float64    `json:"positionsPerSecond" doc:"Positions that have come, over the last ten seconds." example:"3710"`
	Requests  float64    `json:"requestsPerSecond" doc:"Requests that services have had, over the last ten seconds." example:"48"`
}

// A place is where a driver is.
type place struct {
	ID  string  `json:"id" doc:"The driver." example:"d7"`
	Lat float64 `json:"lat" doc:"Degrees north." example:"53.341"`
	Lng float64 `json:"lng" doc:"Degrees east." example:"-6.259"`
}

// live polls the services once a second, for everybody who watches.
type live struct {
	process      *process
	raziel, jobs *client.Client

	mu      sync.Mutex
	last    status
	watched int
	changed chan struct{} // closed when there is a newer one
}

const page = "com.hailocab.kernel.map"

func newLive(p *process) *live {
	return &live{
		process: p, raziel: p.node.Client(page, raziel.Name), jobs: p.node.Client(page, jobs.Name),
		last: status{Drivers: []place{}, Jobs: []jobs.Job{}}, changed: make(chan struct{}),
	}
}

// run polls until the context ends. It asks for drivers and jobs only while somebody
// watches.
func (l *live) run(ctx context.Context) {
	for range ticks.Every(ctx, time.Second) {
		l.look(ctx)
	}
}

func (l *live) look(ctx context.Context) {
	s := status{Drivers: []place{}, Jobs: []jobs.Job{}}
	l.process.node.Tick()
	for _, e := range l.process.node.Served() {
		if e.Endpoint == raziel.Name+".position" {
			s.Positions = e.PerSecond
			continue
		}
		s.Requests += e.PerSecond
	}
	l.mu.Lock()
	watched := l.watched
	l.mu.Unlock()
	if watched > 0 {
		l.fill(ctx, &s)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = s
	close(l.changed)
	l.changed = make(chan struct{})
}

// fill asks the services. What a service fails to return stays empty.
func (l *live) fill(ctx context.Context, s *status) {
	drivers, err := client.Call(ctx, l.raziel, raziel.Sample, &raziel.SampleIn{N: shown})
	for _, d := range drivers {
		s.Drivers = append(s.Drivers, place{d.ID, d.Lat, d.Lng})
	}
	list, err2 := client.Call(ctx, l.jobs, jobs.Active, &jobs.ActiveIn{N: 60})
	if len(list) > 0 {
		s.Jobs = list
	}
	if err != nil || err2 != nil {
		slog.Debug("the map isn't complete", "drivers", err, "jobs", err2)
	}
}

func (l *live) now() (status, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, l.changed
}

func (l *live) add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watched += n
}

// watch streams the status every second, until the client disconnects or the service stops.
func (l *live) watch(ctx context.Context, _ *struct{}) (iter.Seq2[status, error], error) {
	return func(yield func(status, error) bool) {
		l.add(1)
		defer l.add(-1)
		s, changed := l.now()
		l.fill(ctx, &s)
		for yield(s, nil) && !l.process.stopping() {
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
			s, changed = l.now()
		}
	}, nil
}

package jobs

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/rcrowley/go-tigertonic/client"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/nearest"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/ticks"
)

const (
	// lookEvery is how often the dispatcher looks for jobs.
	lookEvery = 200 * time.Millisecond
	// lease is how long a job belongs to the dispatcher that has taken it. If that dies,
	// another one takes the job afterwards.
	lease = 3 * time.Second
	// tryAgain is how long a job waits if no driver could be found.
	tryAgain = time.Second
	// more is how many drivers to look for beyond those needed, because some are busy.
	more = 8
	// most is how many jobs to look at each time.
	most = 50
)

// Run offers jobs to drivers until the context ends. All its state is in the database, so
// it may end at any point, and any number of dispatchers may run.
func (s *Service) Run(ctx context.Context) {
	for range ticks.Now(ctx, lookEvery) {
		if err := s.Dispatch(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("jobs can't be dispatched", "error", err)
		}
	}
}

// Dispatch looks at the jobs that are due.
func (s *Service) Dispatch(ctx context.Context) error {
	ids, err := s.store.due(ctx, s.now(), most)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.dispatch(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// dispatch offers a job to the driver whose turn it is, in a trace of its own.
func (s *Service) dispatch(ctx context.Context, id string) error {
	c := s.config.Get()
	ctx, span := s.node.Open(ctx, Name, "dispatch", false)
	defer span.End()
	need, err := s.store.claim(ctx, id, max(c.AtOnce, 1), s.now(), lease)
	if err != nil || need.offers == 0 {
		return err
	}
	found, err := client.Call(ctx, s.nearest, nearest.Search, &nearest.In{Query: geo.Query{Lat: need.lat, Lng: need.lng}, N: min(len(need.tried)+need.offers+more, 50)})
	if err != nil {
		slog.Warn("no drivers can be found for a job; it waits", "job", id, "error", err)
		return s.store.wait(ctx, id, s.now().Add(tryAgain))
	}
	candidates := make([]string, 0, len(found))
	for _, silent := range []bool{false, true} { // those who didn't answer may be asked again
		for _, d := range found {
			state, tried := need.tried[d.ID]
			if tried == silent && state != declined && !slices.Contains(candidates, d.ID) {
				candidates = append(candidates, d.ID)
			}
		}
	}
	cycle := time.Duration(c.CycleSeconds * float64(time.Second))
	return s.store.offer(ctx, id, candidates, need.offers, s.now(), cycle)
}

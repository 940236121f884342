package web

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/export"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

const (
	// lookEvery is how often a stream looks for changes. It queries the database, because
	// other processes may have written them.
	lookEvery = time.Second
	// sayEvery is how often, in looks, a stream sends something in any case, to find out
	// whether the client is still there.
	sayEvery = 15
)

type liveIn struct {
	Stats []string `query:"stat" maxItems:"40" doc:"The IDs of stats. By default, the first 40 of the signed-in user."`
}

// A change is the current value of a stat.
type change struct {
	Stat  string  `json:"stat" doc:"The ID of the stat." example:"aB3dE6gH9j"`
	Time  int64   `json:"time" doc:"The minute, in seconds since 1970." example:"1700000400"`
	Value float64 `json:"value" doc:"Its sum or mean in this minute." example:"12"`
}

func errAnonymous() error {
	return tigertonic.Unauthorized{Err: errors.New("sign in, or say which stats")}
}

// live streams the current values of stats, and then each change.
func (s *Site) live(ctx context.Context, in *liveIn) (iter.Seq2[change, error], error) {
	stats, err := s.watched(ctx, in)
	if err != nil {
		return nil, err
	}
	return func(yield func(change, error) bool) {
		known := map[int64]store.Cell{}
		ticks := time.NewTicker(lookEvery)
		defer ticks.Stop()
		for round := 0; !s.Stopping(); round++ {
			for i := range stats {
				stat := &stats[i]
				cells, at, err := s.minute(ctx, stat.ID)
				if err != nil {
					yield(change{}, err)
					return
				}
				if old, ok := known[stat.ID]; ok && old == cells && round%sayEvery != 0 {
					continue
				}
				known[stat.ID] = cells
				if !yield(change{stat.PublicID, at, cells.Figure(stat.Counter)}, nil) {
					return
				}
			}
			select {
			case <-ticks.C:
			case <-ctx.Done():
				return
			}
		}
	}, nil
}

// minute returns the cell of a stat for the current minute, and its time.
func (s *Site) minute(ctx context.Context, stat int64) (store.Cell, int64, error) {
	axis := frame.Frame{Span: 1, Step: 1}.At(s.Now().Unix())
	cells, err := s.Store.Series(ctx, stat, axis)
	if err != nil {
		return store.Cell{}, 0, err
	}
	return cells[0], axis.Time(0), nil
}

func (s *Site) watched(ctx context.Context, in *liveIn) ([]store.Stat, error) {
	account := tigertonic.ContextFrom[visitor](ctx).account
	if len(in.Stats) == 0 {
		if account == nil {
			return nil, errAnonymous()
		}
		return s.Store.Stats(ctx, account.ID, 0, listed)
	}
	stats := make([]store.Stat, 0, len(in.Stats))
	for _, id := range in.Stats {
		stat, err := s.Store.StatByID(ctx, id)
		switch {
		case errors.Is(err, store.ErrNotFound), err == nil && !stat.Public && (account == nil || account.ID != stat.Account):
			return nil, export.ErrNoStat()
		case err != nil:
			return nil, err
		}
		stats = append(stats, stat)
	}
	return stats, nil
}

type csvIn struct {
	ID   string `path:"id" doc:"The ID of the stat." example:"aB3dE6gH9j"`
	Span string `path:"span" enum:"day,week,month" doc:"How long."`
}

// csv returns a stat as a table: a day by the minute, or a week or a month by the hour.
func (s *Site) csv(ctx context.Context, in *csvIn) (tigertonic.Stream, error) {
	stat, err := s.Store.StatByID(ctx, in.ID)
	account := tigertonic.ContextFrom[visitor](ctx).account
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !stat.Public && (account == nil || account.ID != stat.Account):
		return tigertonic.Stream{}, export.ErrNoStat()
	case err != nil:
		return tigertonic.Stream{}, tigertonic.Problem{
			Status: http.StatusServiceUnavailable, Detail: "the database is unavailable", Header: http.Header{"Retry-After": {"1"}},
		}
	}
	t := map[string]string{"day": "1d1m", "week": "1w1h", "month": "1M1h"}[in.Span]
	series, err := s.Export.Series(ctx, stat, export.WindowIn{T: t})
	return export.Table(series), err
}

package raziel

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/ticks"
)

// Moved is a position as one instance sends it to another.
type Moved struct {
	ID    string    `json:"id" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"The driver." example:"d7"`
	Place NewPlaces `json:"place" doc:"Where it is."`
}

// ShareIn has positions that another instance has received.
type ShareIn struct {
	Body []Moved `body:""`
}

func (s *Service) share(_ context.Context, in *ShareIn) (struct{}, error) {
	latest := s.now().Add(ahead)
	for i := range in.Body {
		m := &in.Body[i]
		if !m.Place.Seen.IsZero() && !m.Place.Seen.After(latest) {
			s.Put(&PositionIn{ID: m.ID, Body: m.Place})
		}
	}
	return struct{}{}, nil
}

// A Sharing collects positions, and sends them to other instances in batches. If they
// arrive faster than it can send them, those that there is no room for are dropped: the
// driver sends another one in a few seconds. Create one with [NewSharing].
type Sharing struct {
	tell    func(ctx context.Context, body []byte)
	waiting chan Moved
}

const (
	shareEvery = 100 * time.Millisecond
	mostShared = 5_000
)

// NewSharing returns a sharing that calls tell with the body of a request to [Share].
func NewSharing(tell func(ctx context.Context, body []byte)) *Sharing {
	return &Sharing{tell, make(chan Moved, mostShared)}
}

// Add adds a position. It never waits.
func (s *Sharing) Add(in *PositionIn) {
	select {
	case s.waiting <- Moved{in.ID, in.Body}:
	default: // there is no room
	}
}

// Run sends what there is until the context ends.
func (s *Sharing) Run(ctx context.Context) {
	for range ticks.Every(ctx, shareEvery) {
		batch := make([]Moved, len(s.waiting))
		for i := range batch {
			batch[i] = <-s.waiting // nobody else takes any
		}
		if len(batch) == 0 {
			continue
		}
		if body, err := json.Marshal(batch); err == nil {
			s.tell(ctx, body)
		}
	}
}

// Package raziel is com.hailocab.service.raziel: where the drivers are, and which are near.
package raziel

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/ticks"
)

// Name is the service's.
const Name = "com.hailocab.service.raziel"

// The endpoints of the service.
//
//nolint:gochecknoglobals // declarations, which never change
var (
	MultiSearch = tigertonic.Declare[SearchIn, []Driver]("GET", "/multisearch")
	Position    = tigertonic.Declare[PositionIn, Accepted]("PUT", "/position/{id}")
	Sample      = tigertonic.Declare[SampleIn, []Driver]("GET", "/sample")
	Share       = tigertonic.Declare[ShareIn, struct{}]("POST", "/share")
)

// SearchIn asks for the nearest drivers.
type SearchIn struct {
	geo.Query
	N      int     `query:"n" default:"10" minimum:"1" maximum:"100" doc:"How many."`
	Meters float64 `query:"meters" default:"6000" minimum:"1" maximum:"50000" doc:"How far they may be."`
}

// A Driver is one who is on the road.
type Driver struct {
	ID      string  `json:"id" doc:"What it is known by." example:"d7"`
	Lat     float64 `json:"lat" doc:"Degrees north." example:"53.341"`
	Lng     float64 `json:"lng" doc:"Degrees east." example:"-6.259"`
	Heading float64 `json:"heading" doc:"Where it is going, in degrees from north." example:"120"`
	Meters  float64 `json:"meters" doc:"How far it is as the crow flies." example:"130"`
}

// PositionIn says where a driver is.
type PositionIn struct {
	ID   string    `path:"id" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"The driver." example:"d7"`
	Body NewPlaces `body:""`
}

// NewPlaces is where a driver is.
type NewPlaces struct {
	Lat     float64   `json:"lat" minimum:"-90" maximum:"90" doc:"Degrees north." example:"53.341"`
	Lng     float64   `json:"lng" minimum:"-180" maximum:"180" doc:"Degrees east." example:"-6.259"`
	Heading float64   `json:"heading,omitempty" minimum:"0" exclusiveMaximum:"360" doc:"Where it is going, in degrees from north." example:"120"`
	Seen    time.Time `json:"seen,omitzero" doc:"When it was there. By default, now."`
}

// Accepted reports what became of a position.
type Accepted struct {
	Accepted bool `json:"accepted" doc:"Whether it counts: an older one than that which is known doesn't."`
}

// SampleIn asks for some drivers.
type SampleIn struct {
	N int `query:"n" default:"300" minimum:"1" maximum:"2000" doc:"How many."`
}

const (
	// Gone is how long a driver may be silent before it counts as gone.
	Gone = 60 * time.Second
	// ahead is how far ahead the clock of a driver may be.
	ahead = 5 * time.Second
	side  = 40_000
)

// A Service is the raziel service.
type Service struct {
	index *geo.Index
	now   func() time.Time
	// Announce, if it isn't nil, tells the other instances of a position.
	Announce func(in *PositionIn)
}

// New returns a service for a city.
func New(center geo.Point, now func() time.Time) *Service {
	return &Service{index: geo.NewIndex(center, side), now: now}
}

// Handler returns the service's tree.
func (s *Service) Handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	MultiSearch.Handle(mux, tigertonic.Typed(s.search).OperationID("search-drivers").Summary("Find the nearest drivers").Tags("raziel").
		Description("By straight-line distance, the nearest first. Drivers who have been silent for a minute are left out."))
	Position.Handle(mux, s.PositionEndpoint())
	Sample.Handle(mux, tigertonic.Typed(s.sample).OperationID("sample-drivers").Summary("List some drivers").Tags("raziel"))
	Share.Handle(mux, tigertonic.Typed(s.share).OperationID("share-positions").Summary("Report positions that another instance has received").Tags("raziel"))
	return mux
}

// PositionEndpoint returns the endpoint of Position.
func (s *Service) PositionEndpoint() *tigertonic.Endpoint {
	return tigertonic.Typed(s.position).OperationID("set-position").Summary("Report where a driver is").Tags("drivers").Errors(errFuture())
}

func errFuture() error {
	return rpc.Fail(http.StatusUnprocessableEntity, Name+".position.future", "the time is in the future")
}

func (s *Service) search(_ context.Context, in *SearchIn) ([]Driver, error) {
	hits := s.index.Nearest(in.Point(), in.N, in.Meters, s.now().Add(-Gone))
	found := make([]Driver, len(hits))
	for i, h := range hits {
		found[i] = Driver{h.ID, h.At.Lat, h.At.Lng, h.Heading, math.Round(h.Meters*10) / 10} // nobody knows it better
	}
	return found, nil
}

func (s *Service) position(_ context.Context, in *PositionIn) (Accepted, error) {
	if in.Body.Seen.IsZero() {
		in.Body.Seen = s.now()
	}
	if in.Body.Seen.After(s.now().Add(ahead)) {
		return Accepted{}, errFuture()
	}
	ok := s.Put(in)
	if ok && s.Announce != nil {
		s.Announce(in)
	}
	return Accepted{ok}, nil
}

// Put sets a position that may come from another instance, and reports whether it was new.
func (s *Service) Put(in *PositionIn) bool {
	p := geo.Point{Lat: in.Body.Lat, Lng: in.Body.Lng}
	return s.index.Set(geo.Driver{ID: in.ID, At: p, Heading: in.Body.Heading, Seen: in.Body.Seen})
}

func (s *Service) sample(_ context.Context, in *SampleIn) ([]Driver, error) {
	drivers := s.index.Sample(in.N)
	found := make([]Driver, len(drivers))
	for i, d := range drivers {
		found[i] = Driver{ID: d.ID, Lat: d.At.Lat, Lng: d.At.Lng, Heading: d.Heading}
	}
	return found, nil
}

// Len returns how many drivers are known.
func (s *Service) Len() int { return s.index.Len() }

// Run forgets drivers that are gone, until the context ends.
func (s *Service) Run(ctx context.Context) {
	const often = 5 * time.Second
	for range ticks.Every(ctx, often) {
		s.index.Expire(s.now().Add(-Gone))
	}
}

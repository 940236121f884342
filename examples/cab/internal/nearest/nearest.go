// Package nearest is com.hailocab.service.nearest-driver: the drivers who would get to a
// place first.
package nearest

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/config"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/eta"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/raziel"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/zoning"
)

// Name is the service's.
const Name = "com.hailocab.service.nearest-driver"

// Search finds these drivers.
//
//nolint:gochecknoglobals // a declaration, which never changes
var Search = tigertonic.Declare[In, []Driver]("GET", "/search")

// In asks for the drivers who would get to a place first.
type In struct {
	geo.Query
	N int `query:"n" default:"10" minimum:"1" maximum:"50" doc:"How many."`
}

// A Driver is one of them, and how long they take.
type Driver struct {
	ID         string  `json:"id" doc:"What it is known by." example:"d7"`
	Lat        float64 `json:"lat" doc:"Degrees north." example:"53.341"`
	Lng        float64 `json:"lng" doc:"Degrees east." example:"-6.259"`
	Heading    float64 `json:"heading" doc:"Where it is going, in degrees from north." example:"120"`
	ETASeconds int     `json:"etaSeconds" doc:"How long it takes to the place." example:"95"`
}

// Config is the service's configuration.
type Config struct {
	LimitMeters  float64 `json:"limitMeters"`  // beyond which nobody is looked for
	OfferSeconds int     `json:"offerSeconds"` // who takes longer isn't offered a job
	Candidates   int     `json:"candidates"`   // how many times as many are ranked
}

// Path is where its configuration is.
const Path = "hailo.service.nearest-driver"

// A Service is the nearest-driver service.
type Service struct {
	config              *config.Watcher[Config]
	zones, raziel, etas *client.Client
}

// New returns a service that calls others by a node.
func New(n *rpc.Node, c *config.Watcher[Config]) *Service {
	return &Service{c, n.Client(Name, zoning.Name), n.Client(Name, raziel.Name), n.Client(Name, eta.Name)}
}

// Handler returns the service's tree.
func (s *Service) Handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	Search.Handle(mux, tigertonic.Typed(s.search).OperationID("search-nearest-drivers").Summary("Find the drivers who would be there first").Tags("nearest-driver").
		Errors(errNoZone()))
	return mux
}

func errNoZone() error {
	return rpc.Fail(http.StatusNotFound, Name+".nozone", "there is no zone there")
}

func (s *Service) search(ctx context.Context, in *In) ([]Driver, error) {
	zones, err := client.Call(ctx, s.zones, zoning.Search, &zoning.SearchIn{Query: in.Query})
	switch {
	case err != nil:
		return nil, rpc.Pass(err)
	case len(zones) == 0:
		return nil, errNoZone()
	}
	c := s.config.Get()
	const most = 100
	near, err := client.Call(ctx, s.raziel, raziel.MultiSearch, &raziel.SearchIn{Query: in.Query, N: min(in.N*max(c.Candidates, 1), most), Meters: c.LimitMeters})
	if err != nil {
		return nil, rpc.Pass(err)
	}
	trip := eta.Trip{To: in.Point(), Speeds: zones[0].Speeds, Drivers: make([]eta.Origin, len(near))}
	for i, d := range near {
		trip.Drivers[i] = eta.Origin{ID: d.ID, Lat: d.Lat, Lng: d.Lng}
	}
	times, err := client.Call(ctx, s.etas, eta.MultiTravelTime, &eta.In{Body: trip})
	if err != nil {
		return nil, rpc.Pass(err)
	}
	return rank(near, times, in.N, c.OfferSeconds), nil
}

// rank returns up to n drivers, the quickest first.
func rank(near []raziel.Driver, times []eta.Estimate, n, limit int) []Driver {
	seconds := make(map[string]int, len(times))
	for _, t := range times {
		seconds[t.ID] = t.Seconds
	}
	found := make([]Driver, 0, len(near))
	for _, d := range near {
		if t, known := seconds[d.ID]; known && t <= limit {
			found = append(found, Driver{d.ID, d.Lat, d.Lng, d.Heading, t})
		}
	}
	slices.SortStableFunc(found, func(a, b Driver) int { return cmp.Compare(a.ETASeconds, b.ETASeconds) })
	return found[:min(len(found), n)]
}

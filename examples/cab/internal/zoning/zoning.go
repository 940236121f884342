// Package zoning is com.hailocab.service.zoning: which zones a place is in, and how fast
// taxis are there at each hour.
package zoning

import (
	"context"
	"net/http"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
)

// Name is the service's.
const Name = "com.hailocab.service.zoning"

// Search finds zones.
//
//nolint:gochecknoglobals // a declaration, which never changes
var Search = tigertonic.Declare[SearchIn, []Zone]("GET", "/search")

// SearchIn asks for the zones of a place.
type SearchIn struct {
	geo.Query
}

// A Zone is a part of a city.
type Zone struct {
	Name   string      `json:"name" doc:"What it is called." example:"centre"`
	Speeds []float64   `json:"speeds" minItems:"24" maxItems:"24" doc:"How fast taxis are in each hour of the day, in meters per second."`
	border geo.Polygon // the smaller zones come first
}

// A Service is the zoning service.
type Service struct{ zones []Zone }

// New returns a service with the zones of a city.
func New(center geo.Point) *Service { return &Service{zones(center)} }

// zones returns the center of a city, what is around it, and its airport.
func zones(center geo.Point) []Zone {
	return []Zone{
		{"airport", speeds(9, 11), geo.Box(geo.Move(center, 1500, 9500), 1500, 1000)},
		{"centre", speeds(3, 7), geo.Box(center, 2500, 2000)},
		{"canals", speeds(5, 9), geo.Box(center, 6000, 5000)},
		{"county", speeds(8, 12), geo.Box(center, 20_000, 20_000)},
	}
}

// speeds returns the speeds of a day with two rush hours, when taxis are slow.
func speeds(slow, fast float64) []float64 {
	const hours = 24
	of := make([]float64, hours)
	for h := range of {
		switch {
		case h >= 7 && h < 10, h >= 16 && h < 19:
			of[h] = slow
		case h >= 10 && h < 16, h >= 19 && h < 22:
			of[h] = (slow + fast) / 2
		default:
			of[h] = fast
		}
	}
	return of
}

// Handler returns the service's tree.
func (s *Service) Handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	Search.Handle(mux, tigertonic.Typed(s.search).OperationID("search-zones").Summary("Find the zones of a place").Tags("zoning").
		Description("The smallest comes first."))
	return mux
}

func (s *Service) search(_ context.Context, in *SearchIn) ([]Zone, error) {
	found := []Zone{}
	for _, z := range s.zones {
		if z.border.Contains(in.Point()) {
			found = append(found, z)
		}
	}
	return found, nil
}

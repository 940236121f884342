// Package eta is com.hailocab.service.eta: how long drivers take to get to a place.
package eta

import (
	"context"
	"hash/fnv"
	"math"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/config"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
)

// Name is the service's.
const Name = "com.hailocab.service.eta"

// MultiTravelTime estimates how long each of some drivers takes. It changes nothing. It is
// a PUT, which may be repeated, because a query would be too long.
//
//nolint:gochecknoglobals // a declaration, which never changes
var MultiTravelTime = tigertonic.Declare[In, []Estimate]("PUT", "/multitraveltime")

// In asks how long drivers take.
type In struct {
	Body Trip `body:""`
}

// A Trip is from each of some drivers to one place.
type Trip struct {
	To      geo.Point `json:"to" doc:"The place."`
	Speeds  []float64 `json:"speeds" minItems:"24" maxItems:"24" doc:"How fast taxis are there in each hour of the day, in meters per second."`
	Drivers []Origin  `json:"drivers" maxItems:"400" doc:"Who sets out."`
}

// An Origin is where a driver is.
type Origin struct {
	ID  string  `json:"id" minLength:"1" maxLength:"64" doc:"The driver." example:"d7"`
	Lat float64 `json:"lat" minimum:"-90" maximum:"90" doc:"Degrees north." example:"53.341"`
	Lng float64 `json:"lng" minimum:"-180" maximum:"180" doc:"Degrees east." example:"-6.259"`
}

// An Estimate is how long a driver takes.
type Estimate struct {
	ID      string `json:"id" doc:"The driver." example:"d7"`
	Seconds int    `json:"seconds" doc:"How long it takes." example:"95"`
}

// Config is the service's configuration.
type Config struct {
	Detour        float64 `json:"detour"`        // how much longer the road is than the straight line
	PickupSeconds float64 `json:"pickupSeconds"` // what each trip takes in addition
}

// Path is where its configuration is.
const Path = "hailo.service.eta"

// A Service is the ETA service.
type Service struct {
	config *config.Watcher[Config]
	now    func() time.Time
}

// New returns a service with a configuration and a clock.
func New(c *config.Watcher[Config], now func() time.Time) *Service { return &Service{c, now} }

// Handler returns the service's tree.
func (s *Service) Handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	MultiTravelTime.Handle(mux, tigertonic.Typed(s.estimate).OperationID("estimate-travel-times").Summary("Estimate travel times").Tags("eta"))
	return mux
}

func (s *Service) estimate(_ context.Context, in *In) ([]Estimate, error) {
	c, speed := s.config.Get(), max(in.Body.Speeds[s.now().Hour()], 1)
	found := make([]Estimate, len(in.Body.Drivers))
	for i, d := range in.Body.Drivers {
		road := geo.Distance(geo.Point{Lat: d.Lat, Lng: d.Lng}, in.Body.To) * c.Detour
		found[i] = Estimate{d.ID, int(math.Round((road/speed + c.PickupSeconds) * temper(d.ID)))}
	}
	return found, nil
}

// temper returns a driver's factor: from 0.8 of the usual time to 1.2 of it.
func temper(id string) float64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	const least, spread, steps = 0.8, 0.4, 1000
	return least + spread*float64(h.Sum32()%steps)/steps
}

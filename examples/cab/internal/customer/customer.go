// Package customer is com.hailocab.api.v1.customer: what a customer's app requests. It
// calls many services, and leaves out what a failing one can't tell it.
package customer

import (
	"context"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/experiment"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/fare"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/features"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/nearest"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
)

// Name is the service's.
const Name = "com.hailocab.api.v1.customer"

// NearDrivers returns the drivers nearby.
//
//nolint:gochecknoglobals // a declaration, which never changes
var NearDrivers = tigertonic.Declare[In, Out]("GET", "/neardrivers")

// In asks for the drivers that are near.
type In struct {
	geo.Query
	N int `query:"n" default:"10" minimum:"1" maximum:"50" doc:"How many drivers."`
}

// Out is who is near, and what it costs.
type Out struct {
	Drivers     []nearest.Driver `json:"drivers" doc:"The drivers that would be there first."`
	Fares       []Fare           `json:"fares" doc:"What can be ordered."`
	Experiments time.Time        `json:"experiments,omitzero" doc:"When the experiments have changed."`
	Degraded    []string         `json:"degraded" doc:"What is left out, since the service that knows it has failed." example:"[\"fare:van\"]"`
	TraceID     string           `json:"traceId,omitempty" doc:"What the request is found by at /traces." example:"4bf92f3577b34da6a3ce929d0e0e4736"`
}

// A Fare is what a service costs.
type Fare struct {
	Service string `json:"service" doc:"The service." example:"taxi"`
	fare.Tariff
}

// A Service is the customers' API.
type Service struct{ features, fares, nearest, experiments *client.Client }

// New returns a service that calls others by a node.
func New(n *rpc.Node) *Service {
	return &Service{n.Client(Name, features.Name), n.Client(Name, fare.Name), n.Client(Name, nearest.Name), n.Client(Name, experiment.Name)}
}

// Endpoint returns the endpoint of NearDrivers.
func (s *Service) Endpoint() *tigertonic.Endpoint {
	return tigertonic.Typed(s.nearDrivers).OperationID("near-drivers").Summary("Show which drivers are near, and what a ride costs").Tags("customers").
		Description("The response has everything that could be found out; degraded names what a service has failed to provide. "+
			"The request fails only if nobody knows where the drivers are.").
		Errors(rpc.Fail(http.StatusNotFound, nearest.Name+".nozone", "there is no zone there"), rpc.Busy("com.hailocab.kernel.unavailable", "it can't be reached"))
}

// Handler returns the service's tree.
func (s *Service) Handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	NearDrivers.Handle(mux, s.Endpoint())
	return mux
}

// atOnce is how many calls a request may make at a time.
const atOnce = 10

func (s *Service) nearDrivers(ctx context.Context, in *In) (Out, error) {
	out := Out{Fares: []Fare{}, Degraded: []string{}}
	if span := oteltrace.SpanContextFromContext(ctx); span.IsValid() {
		out.TraceID = span.TraceID().String()
	}
	here, err := client.Call(ctx, s.features, features.Features, &features.In{Query: in.Query})
	if err != nil {
		out.Degraded = append(out.Degraded, "features")
	}
	if err := s.search(ctx, in, here, &out); err != nil {
		return Out{}, rpc.Pass(err)
	}
	updated, err := client.Call(ctx, s.experiments, experiment.ReadLastUpdated, nil)
	if err != nil {
		out.Degraded = append(out.Degraded, "experiment")
	}
	out.Experiments = updated.At
	return out, nil
}

// search looks for the drivers and the fares at the same time. Only the drivers have to be
// found.
func (s *Service) search(ctx context.Context, in *In, here features.Out, out *Out) error {
	var group errgroup.Group
	group.SetLimit(atOnce)
	fares, failed := make([]fare.Tariff, len(here.Services)), make([]bool, len(here.Services))
	for i, service := range here.Services {
		group.Go(func() error {
			tariff, err := client.Call(ctx, s.fares, fare.BaseFare, &fare.In{Hob: here.Hob, Service: service})
			fares[i], failed[i] = tariff, err != nil
			return nil
		})
	}
	drivers, err := client.Call(ctx, s.nearest, nearest.Search, &nearest.In{Query: in.Query, N: in.N})
	_ = group.Wait() // what has failed is in degraded
	out.Drivers = drivers
	for i, service := range here.Services {
		if failed[i] {
			out.Degraded = append(out.Degraded, "fare:"+service)
			continue
		}
		out.Fares = append(out.Fares, Fare{service, fares[i]})
	}
	slices.Sort(out.Degraded)
	return err
}

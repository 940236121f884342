// Package fare is com.hailocab.service.fare: the base fares of rides.
package fare

import (
	"context"
	"net/http"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/config"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
)

// Name is the service's.
const Name = "com.hailocab.service.fare"

// BaseFare returns a fare.
//
//nolint:gochecknoglobals // a declaration, which never changes
var BaseFare = tigertonic.Declare[In, Tariff]("GET", "/basefare")

// In asks for the fare of a service in an area.
type In struct {
	Hob     string `query:"hob" required:"true" pattern:"^[A-Z]{2,8}$" doc:"The area." example:"DUB"`
	Service string `query:"service" required:"true" pattern:"^[a-z-]{1,32}$" doc:"The service." example:"taxi"`
}

// A Tariff is what it costs.
type Tariff struct {
	Base     int64  `json:"base" minimum:"0" doc:"The fare to begin with, in hundredths." example:"380"`
	Currency string `json:"currency" doc:"The currency (ISO 4217)." example:"EUR"`
}

// Config is the service's configuration: the tariffs by area and service.
type Config struct {
	Tariffs map[string]map[string]Tariff `json:"tariffs"`
}

// Check returns what is wrong with it.
func (c *Config) Check() error {
	for hob, tariffs := range c.Tariffs {
		for service, t := range tariffs {
			if t.Base <= 0 || len(t.Currency) != 3 {
				return rpc.Fail(http.StatusInternalServerError, Name+".badconfig", "the tariff of %s for %s is invalid", hob, service)
			}
		}
	}
	return nil
}

// Path is where its configuration is.
const Path = "hailo.service.fare"

// A Service is the fare service.
type Service struct{ config *config.Watcher[Config] }

// New returns a service with a configuration.
func New(c *config.Watcher[Config]) *Service { return &Service{c} }

// Handler returns the service's tree.
func (s *Service) Handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	BaseFare.Handle(mux, tigertonic.Typed(s.baseFare).OperationID("base-fare").Summary("Show a base fare").Tags("fare").Errors(errNoTariff("DUB")))
	return mux
}

func errNoTariff(hob string) error {
	return rpc.Fail(http.StatusNotFound, Name+".basefare.noconfig", "no tariff for %s", hob)
}

func (s *Service) baseFare(_ context.Context, in *In) (Tariff, error) {
	if t, there := s.config.Get().Tariffs[in.Hob][in.Service]; there {
		return t, nil
	}
	return Tariff{}, errNoTariff(in.Hob)
}

// Package experiment is com.hailocab.service.experiment: when the experiments were last
// updated.
package experiment

import (
	"context"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// Name is the service's.
const Name = "com.hailocab.service.experiment"

// ReadLastUpdated returns when the experiments last changed.
//
//nolint:gochecknoglobals // a declaration, which never changes
var ReadLastUpdated = tigertonic.Declare[struct{}, Updated]("GET", "/readlastupdated")

// Updated is when the experiments last changed.
type Updated struct {
	At time.Time `json:"at" doc:"When."`
}

// A Service is the experiment service.
type Service struct{ at time.Time }

// New returns a service whose experiments last changed at this time.
func New(at time.Time) *Service { return &Service{at.UTC()} }

// Handler returns the service's tree.
func (s *Service) Handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	ReadLastUpdated.Handle(mux, tigertonic.Typed(s.updated).OperationID("experiments-updated").Summary("Show when the experiments last changed").Tags("experiment"))
	return mux
}

func (s *Service) updated(context.Context, *struct{}) (Updated, error) { return Updated{s.at}, nil }

// Package features is com.hailocab.service.feature-flags: which features customers have at
// a place.
package features

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/config"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/hob"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
)

// Name is the service's.
const Name = "com.hailocab.service.feature-flags"

// Features returns the features of a place.
//
//nolint:gochecknoglobals // a declaration, which never changes
var Features = tigertonic.Declare[In, Out]("GET", "/features")

// In asks for the features of a place.
type In struct {
	geo.Query
}

// Out is the features of a place.
type Out struct {
	Hob      string          `json:"hob" doc:"The area." example:"DUB"`
	Services []string        `json:"services" doc:"What can be ordered."`
	Flags    map[string]bool `json:"flags" doc:"What is switched on."`
}

// A Service is the feature-flags service.
type Service struct{ hobs, configs *client.Client }

// New returns a service that calls others by a node.
func New(n *rpc.Node) *Service {
	return &Service{n.Client(Name, hob.Name), n.Client(Name, config.Name)}
}

// Handler returns the service's tree.
func (s *Service) Handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	Features.Handle(mux, tigertonic.Typed(s.features).OperationID("list-features").Summary("List the features of a place").Tags("features").
		Errors(errNowhere()))
	return mux
}

func errNowhere() error {
	return rpc.Fail(http.StatusNotFound, Name+".nowhere", "there are no taxis there")
}

func (s *Service) features(ctx context.Context, in *In) (Out, error) {
	hobs, err := client.Call(ctx, s.hobs, hob.List, &hob.ListIn{Query: in.Query})
	switch {
	case err != nil:
		return Out{}, rpc.Pass(err)
	case len(hobs) == 0:
		return Out{}, errNowhere()
	}
	out := Out{Hob: hobs[0].Code, Services: hobs[0].Services}
	compiled, err := client.Call(ctx, s.configs, config.Compile, &config.CompileIn{IDs: config.IDs(Name, hobs[0].Region), Path: "hailo.features"})
	if err != nil {
		return Out{}, rpc.Pass(err)
	}
	return out, json.Unmarshal(compiled.Config, &out.Flags)
}

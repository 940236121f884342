// Package documents compares the cost of a service's OpenAPI document by the number of
// endpoints: the time until it serves, the document, and the heap.
package documents

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

// A Peer is a library that generates a document from typed endpoints.
type Peer struct {
	Name string
	// New returns a service with this many endpoints, four per resource, with its
	// document at Document and a page for people at /docs.
	New      func(endpoints int) http.Handler
	Document string
}

// first is the path of an endpoint that all services have.
const first = "/resources/0000"

// Peers returns the libraries.
func Peers() []Peer {
	return []Peer{
		{"tigertonic", newTigertonic, "/openapi.json"},
		{"huma", newHuma, "/openapi.json"},
	}
}

type (
	invoice struct {
		ID       string    `json:"id" format:"uuid"`
		Customer string    `json:"customer" minLength:"1" maxLength:"80" doc:"Who pays."`
		Lines    []line    `json:"lines" minItems:"1" maxItems:"100"`
		Due      time.Time `json:"due"`
		Paid     bool      `json:"paid" default:"false"`
	}
	line struct {
		Article string  `json:"article" pattern:"^[A-Z]{2}-[0-9]+$"`
		Count   int     `json:"count" minimum:"1" maximum:"1000"`
		Price   float64 `json:"price" exclusiveMinimum:"0"`
	}
	byID struct {
		ID string `path:"id" format:"uuid"`
	}
	paging struct {
		Limit int    `query:"limit" default:"20" minimum:"1" maximum:"100" doc:"How many there are on a page."`
		After string `query:"after" doc:"The last one of the page before."`
	}
	change struct {
		byID
		Body invoice `body:""`
	}
)

func newTigertonic(endpoints int) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	for i := range endpoints {
		tag, all := fmt.Sprintf("Resource %d", i/4), fmt.Sprintf("/resources/%04d", i/4)
		switch i % 4 {
		case 0:
			mux.Handle("GET", all, tigertonic.Typed(func(context.Context, *paging) ([]invoice, error) { return []invoice{}, nil }).Summary("List").Tags(tag))
		case 1:
			mux.Handle("POST", all, tigertonic.Typed(func(context.Context, *invoice) (tigertonic.CreatedResponse[invoice], error) {
				return tigertonic.CreatedResponse[invoice]{}, nil
			}).Summary("Create").Tags(tag))
		case 2:
			mux.Handle("GET", all+"/{id}", tigertonic.Typed(func(context.Context, *byID) (*invoice, error) { return &invoice{}, nil }).Summary("Get").Tags(tag))
		case 3:
			mux.Handle("PUT", all+"/{id}", tigertonic.Typed(func(_ context.Context, in *change) (*invoice, error) { return &in.Body, nil }).Summary("Change").Tags(tag))
		}
	}
	doc := openapi.New(mux, openapi.Info{Title: "Resources", Version: "1.0"})
	mux.Handle("GET", "/openapi.json", doc.Handler())
	mux.Handle("GET", "/docs", openapi.Page(doc))
	return mux
}

type (
	humaBody[T any] struct{ Body T }
	humaCreated     struct {
		Location string `header:"Location"`
		Body     invoice
	}
	humaByID struct {
		ID string `path:"id" format:"uuid"`
	}
	humaChange struct {
		ID   string `path:"id" format:"uuid"`
		Body invoice
	}
)

func newHuma(endpoints int) http.Handler {
	mux := http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("Resources", "1.0"))
	for i := range endpoints {
		all := fmt.Sprintf("/resources/%04d", i/4)
		op := func(method, path, summary string) huma.Operation {
			return huma.Operation{
				OperationID: fmt.Sprintf("%s-%04d", summary, i/4), Method: method, Path: path, Summary: summary, Tags: []string{fmt.Sprintf("Resource %d", i/4)},
			}
		}
		switch i % 4 {
		case 0:
			huma.Register(api, op("GET", all, "List"), func(context.Context, *paging) (*humaBody[[]invoice], error) { return &humaBody[[]invoice]{}, nil })
		case 1:
			huma.Register(api, op("POST", all, "Create"), func(_ context.Context, in *humaBody[invoice]) (*humaCreated, error) {
				return &humaCreated{Body: in.Body}, nil
			})
		case 2:
			huma.Register(api, op("GET", all+"/{id}", "Get"), func(context.Context, *humaByID) (*humaBody[invoice], error) { return &humaBody[invoice]{}, nil })
		case 3:
			huma.Register(api, op("PUT", all+"/{id}", "Change"), func(_ context.Context, in *humaChange) (*humaBody[invoice], error) {
				return &humaBody[invoice]{in.Body}, nil
			})
		}
	}
	return mux
}

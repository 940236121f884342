// Package versions is the code of the guide docs/versioning.md.
package versions

import (
	"context"
	"net/http"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

type oldName struct {
	Name string `json:"name"`
}

type newName struct {
	First string `json:"first"`
	Last  string `json:"last"`
}

func nameV1(context.Context, *struct{}) (*oldName, error) { return &oldName{"Ada Lovelace"}, nil }

func nameV2(context.Context, *struct{}) (*newName, error) { return &newName{"Ada", "Lovelace"}, nil }

func service() http.Handler {
	v1, v2 := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	v1.Handle("GET", "/name", tigertonic.Typed(nameV1).Deprecated().Description("Use /2.0/name, which has both names."))
	v2.Handle("GET", "/name", tigertonic.Typed(nameV2))

	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/1.0", v1)
	mux.HandleNamespace("/2.0", v2)
	mux.Handle("GET", "/1.0/openapi.json", openapi.New(v1, openapi.Info{Title: "Names", Version: "1.0"}).Handler())
	mux.Handle("GET", "/2.0/openapi.json", openapi.New(v2, openapi.Info{Title: "Names", Version: "2.0"}).Handler())
	return mux
}

// Package contracts is what the page on contracts tests.
package contracts

import (
	"context"
	"net/http"

	"github.com/rcrowley/go-tigertonic"
)

type request struct {
	Name string `path:"name" maxLength:"40"`
}

type greeting struct {
	Greeting string `json:"greeting"`
}

func hello(_ context.Context, in *request) (*greeting, error) {
	return &greeting{"Hello, " + in.Name + "!"}, nil
}

func service() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/hello/{name}", tigertonic.Typed(hello))
	return mux
}

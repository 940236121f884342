package openapi_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/schema"
)

// What handlers can't tell of themselves, Info says.
func ExampleInfo() {
	type stuff struct {
		Name string `json:"name"`
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/stuff", tigertonic.Typed(func(context.Context, *stuff) (struct{}, error) { return struct{}{}, nil }).
		Tags("stuff").RequestExample("tea", stuff{"Assam"}))
	doc := openapi.New(mux, openapi.Info{
		Title: "Stuff", Version: "1.0", OpenAPI: "3.2",
		Contact: openapi.Contact{Email: "stuff@example.com"},
		License: openapi.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
		Servers: []openapi.Server{{URL: "https://stuff.example.com", Name: "live"}},
		Tags:    []openapi.Tag{{Name: "stuff", Description: "What is kept."}},
		Webhooks: []openapi.Webhook{{Name: "lost", Describe: func(op *tigertonic.Operation) {
			op.Summary = "Stuff was lost"
			op.Body = &tigertonic.RequestBody{Content: map[string]tigertonic.MediaType{
				"application/json": {Schema: &schema.Schema{Types: []string{"object"}}},
			}}
		}}},
	})
	text, _, _ := strings.Cut(string(doc.YAML()), "paths:")
	fmt.Print(text)
	// Output:
	// openapi: "3.2.0"
	// info:
	//   title: Stuff
	//   contact:
	//     email: stuff@example.com
	//   license:
	//     name: Apache 2.0
	//     identifier: Apache-2.0
	//   version: "1.0"
	// servers:
	//   - url: "https://stuff.example.com"
	//     name: live
	// security: []
	// tags:
	//   - name: stuff
	//     description: What is kept.
}

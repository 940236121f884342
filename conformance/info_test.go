package conformance

import (
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/schema"
)

// fullDocument returns a document with everything that can be said of an API, in a
// version of OpenAPI.
func fullDocument(version string) []byte {
	mux := newService()
	mux.Handle("GET", "/linked/{id}", tigertonic.Described(tigertonic.Version("1"), func(op *tigertonic.Operation) {
		op.ID, op.Summary = "linked", "Lead on"
		op.Response(200).Add("application/json", tigertonic.MediaType{
			Schema:   &schema.Schema{Types: []string{"string"}},
			Examples: map[string]tigertonic.Example{"one": {Summary: "One", Value: []byte(`"1"`)}},
		})
		op.Response(200).AddLink("next", tigertonic.Link{OperationID: "linked", Parameters: map[string]string{"id": "$response.body#/id"}})
	}))
	return openapi.New(mux, openapi.Info{
		Title: "Everything", Version: "1", Summary: "All of it.", OpenAPI: version, TermsOfService: "https://example.com/terms",
		Contact: openapi.Contact{Name: "Us", URL: "https://example.com", Email: "us@example.com"},
		License: openapi.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
		Docs:    openapi.Docs{URL: "https://example.com/docs"},
		Servers: []openapi.Server{{
			URL: "https://{region}.zoo.test", Name: "live", Description: "The service",
			Variables: map[string]openapi.ServerVariable{"region": {Default: "eu", Enum: []string{"eu", "us"}}},
		}},
		Tags: []openapi.Tag{
			{Name: "animals", Description: "All of them."},
			{Name: "foreign", Summary: "Others", Description: "All others.", Parent: "animals", Kind: "nav"},
		},
		Webhooks: []openapi.Webhook{{Name: "born", Describe: func(op *tigertonic.Operation) {
			op.Summary, op.Tags = "An animal was born", []string{"animals"}
			op.Body = &tigertonic.RequestBody{Required: true, Content: map[string]tigertonic.MediaType{
				"application/json": {Schema: &schema.Schema{Types: []string{"object"}}},
			}}
		}}},
	}).JSON()
}

func TestDocumentsWithEverythingAreValid(t *testing.T) {
	conform.Valid(t, fullDocument("3.1"))
	conform.Redocly(t, fullDocument("3.1"))
	conform.Redocly(t, fullDocument("3.2"))
}

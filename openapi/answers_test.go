package openapi_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

type versioned struct {
	tigertonic.Validators
	Left int    `header:"X-Left" required:"true" maximum:"9" example:"3"`
	Body string `body:""`
}

// The 304 and the 412 are there for those methods that are answered so.
func TestAnswersAreWrittenWithTheirHeaders(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	get := tigertonic.Typed(func(context.Context, *struct{}) (versioned, error) { return versioned{}, nil })
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		mux.Handle(method, "/", get)
	}
	doc := parse(openapi.New(mux, info))
	for status, there := range map[string]bool{"200": true, "304": true, "412": true} {
		assert.Equal(t, there, at(doc, "paths", "/", "get", "responses", status) != nil, status)
		assert.Equal(t, status == "200", at(doc, "paths", "/", "post", "responses", status) != nil, status)
	}
	assert.Equal(t, "If-None-Match", at(doc, "paths", "/", "get", "parameters").([]any)[0].(object)["name"])
	assert.Nil(t, at(doc, "paths", "/", "post", "parameters"))
	headers := at(doc, "paths", "/", "get", "responses", "200", "headers")
	assert.Equal(t, object{"description": "When it was last changed.", "schema": object{"type": "string", "format": "http-date"}}, at(headers, "Last-Modified"))
	left := at(headers, "X-Left").(object)
	assert.Equal(t, true, left["required"])
	assert.Equal(t, "integer", at(left, "schema", "type"))
	assert.Equal(t, []any{3.0}, at(left, "schema", "examples"))
	assert.Equal(t, headers, at(doc, "paths", "/", "get", "responses", "304", "headers"))
}

type step struct {
	N int `json:"n"`
}

type progress struct {
	Stepped *step     `event:"stepped"`
	Stopped *struct{} `event:"stopped" doc:"There are no more."`
}

// Events of several types are told apart by their names.
func TestEventsAreWrittenByTheirNames(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/", tigertonic.Typed(func(context.Context, *struct{}) (iter.Seq2[tigertonic.Event[progress], error], error) {
		return nil, nil
	}))
	content := func(version string) any {
		own := info
		own.OpenAPI = version
		return at(parse(openapi.New(mux, own)), "paths", "/", "get", "responses", "200", "content")
	}
	ref, stopped := object{"$ref": "#/components/schemas/step"}, object{"type": "object", "additionalProperties": false}
	events := at(content("3.1"), "text/event-stream")
	assert.Equal(t, []any{ref, stopped}, at(events, "x-itemSchema", "anyOf"))
	assert.Equal(t, ref, at(events, "x-eventSchemas", "stepped"))
	item := at(content("3.2"), "text/event-stream", "itemSchema")
	assert.Equal(t, []any{ref, stopped}, at(item, "properties", "data", "contentSchema", "anyOf"))
	kinds := at(item, "oneOf").([]any)
	assert.Len(t, kinds, 2)
	assert.Equal(t, "stepped", at(kinds[0], "properties", "event", "const"))
	assert.Equal(t, ref, at(kinds[0], "properties", "data", "contentSchema"))
	assert.Equal(t, "stopped", at(kinds[1], "properties", "event", "const"))
	lines := at(content("3.2"), "application/jsonl", "itemSchema", "anyOf").([]any)
	assert.Equal(t, ref, at(lines[0], "properties", "stepped"))
	assert.Equal(t, "There are no more.", at(lines[1], "description"))
}

type finding struct {
	IDs    []int `query:"ids,comma"`
	Limit  int   `query:"limit,omitempty"`
	Filter struct {
		Status string `query:"status" required:"true" example:"open"`
	} `query:"filter,deepObject" doc:"Which of them."`
	Labels map[string][]string `query:"labels,deepObject" required:"true"`
}

func TestStylesOfParametersAreWritten(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/", tigertonic.Typed(func(context.Context, *finding) (string, error) { return "", nil }).OperationID("find"))
	parameters := at(parse(openapi.New(mux, info)), "paths", "/", "get", "parameters").([]any)
	assert.Equal(t, false, at(parameters[0], "explode"))
	assert.Equal(t, true, at(parameters[1], "allowEmptyValue"))
	filter := parameters[2].(object)
	assert.Equal(t, "Which of them.", filter["description"])
	assert.Equal(t, "deepObject", filter["style"])
	assert.Equal(t, true, filter["required"])
	assert.Equal(t, []any{"status"}, at(filter, "schema", "required"))
	labels := parameters[3].(object)
	assert.Equal(t, "deepObject true", fmt.Sprint(labels["style"], " ", labels["explode"]))
	assert.Equal(t, object{
		"type": "object", "maxProperties": float64(100),
		"additionalProperties": object{"type": "array", "items": object{"type": "string"}},
	}, labels["schema"])
	page := html(t, mux, info)
	assert.Contains(t, page, `filter[status]`, "the form has a field for each member")
	assert.Regexp(t, `<textarea [^>]*data-name="labels" data-members required placeholder="name=value"`, page, "and one for a map")
	assert.Contains(t, page, `labels={labels}`)
}

package openapi_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/schema"
)

// many returns a tree with an operation for each of the functions.
func many(describe ...func(op *tigertonic.Operation)) *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	for i, f := range describe {
		mux.Handle("GET", fmt.Sprintf("/%03d", i), described(f))
	}
	return mux
}

func TestWhatOperationsHaveInCommonIsWrittenOnce(t *testing.T) {
	common := func(op *tigertonic.Operation) {
		op.Parameters = []tigertonic.Parameter{{Name: "limit", In: "query", Description: "How many there are on a page."}}
		rs := op.Response(503)
		rs.Description = "There is no room."
		rs.SetHeader("Retry-After", "In how many seconds there may be.", nil)
		op.Response(200).Description = "It is written where it is, as what the operation is read for."
	}
	own := func(op *tigertonic.Operation) {
		op.Response(503).Description = "It is closed."
		op.Response(503).SetHeader("Retry-After", "In how many seconds there may be.", nil)
		op.Response(404).Description = "Written once, and so written in place."
	}
	doc := asIs(openapi.New(many([]func(op *tigertonic.Operation){common, common, own, own}...), info))
	assert.Equal(t, []any{object{"$ref": "#/components/parameters/limit"}}, at(doc, "paths", "/000", "get", "parameters"))
	assert.Equal(t, at(doc, "paths", "/000", "get", "parameters"), at(doc, "paths", "/001", "get", "parameters"))
	assert.Equal(t, object{
		"200": object{"description": "It is written where it is, as what the operation is read for."},
		"503": object{"$ref": "#/components/responses/ServiceUnavailable"},
	}, at(doc, "paths", "/001", "get", "responses"))
	assert.Equal(t, object{"$ref": "#/components/responses/ServiceUnavailable_2"}, at(doc, "paths", "/002", "get", "responses", "503"))
	assert.Equal(t, object{
		"description": "There is no room.", "headers": object{"Retry-After": object{"$ref": "#/components/headers/Retry-After"}},
	}, at(doc, "components", "responses", "ServiceUnavailable"))
	assert.Equal(t, object{"description": "In how many seconds there may be.", "schema": object{"type": "string"}}, at(doc, "components", "headers", "Retry-After"))
	assert.Equal(t, object{
		"name": "limit", "in": "query", "description": "How many there are on a page.", "schema": object{"type": "string"},
	}, at(doc, "components", "parameters", "limit"))
}

func TestWhatIsShorterThanAReferenceStaysInItsPlace(t *testing.T) {
	short := func(op *tigertonic.Operation) { op.Response(404).Description = "No" }
	assert.Nil(t, at(asIs(openapi.New(many(slices.Repeat([]func(op *tigertonic.Operation){short}, 2)...), info)), "components"))
}

// A generator makes types of components, whatever their kind, and of their names it
// keeps letters and digits.
func TestComponentsHaveDifferentNames(t *testing.T) {
	notFound := &schema.Schema{Name: "NotFound", Origin: schema.Origin{Package: "p"}, Types: []string{"object"}}
	f := func(op *tigertonic.Operation) {
		op.Parameters = []tigertonic.Parameter{
			{Name: "not-found", In: "query", Description: strings.Repeat("a parameter ", 9)},
			{Name: "NotFound", In: "header", Description: strings.Repeat("another one ", 9)},
		}
		op.Response(200).Add("application/json", tigertonic.MediaType{Schema: notFound})
		op.Response(404).Description = strings.Repeat("a response ", 9)
		op.Response(599).Description = strings.Repeat("a response ", 9)
		op.ResponseRange("4XX").Description = strings.Repeat("a response ", 9)
		op.Response(418).Description = strings.Repeat("a response ", 9)
		op.ResponseRange("default").Description = strings.Repeat("a response ", 9)
	}
	doc := asIs(openapi.New(many(slices.Repeat([]func(op *tigertonic.Operation){f}, 2)...), info))
	var names []string
	for _, kind := range []string{"schemas", "responses", "parameters"} {
		components, _ := at(doc, "components", kind).(object)
		for name := range components {
			names = append(names, kind+" "+name)
			assert.Regexp(t, `^[a-zA-Z0-9._-]+$`, name)
		}
	}
	slices.Sort(names)
	assert.Equal(t, []string{
		"parameters NotFound_4", "parameters not-found_3",
		"responses AnyOther", "responses ClientError", "responses ImATeapot", "responses NotFound_2", "responses Status599",
		"schemas NotFound",
	}, names)
}

// What is never asked for isn't written, and what many ask for at once is written once.
func TestDocumentIsWrittenForManyAtOnce(t *testing.T) {
	doc := openapi.New(grown(20), info)
	page := openapi.Page(doc)
	var wait sync.WaitGroup
	texts := make([]string, 8)
	for i := range texts {
		wait.Go(func() {
			texts[i] = string(doc.JSON()) + get(t, page, "GET").Header.Get("Etag") + get(t, doc.Handler(), "GET").Header.Get("Etag")
		})
	}
	wait.Wait()
	assert.Len(t, slices.Compact(texts), 1)
}

package openapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/schema"
)

// message returns what f panics with.
func message(f func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	f()
	return ""
}

// mount returns a mux with one handler, and a description of it.
func mount(route string, describe func(op *tigertonic.Operation)) http.Handler {
	method, pattern, _ := strings.Cut(route, " ")
	mux := tigertonic.NewTrieServeMux()
	mux.Handle(method, pattern, described(describe))
	return mux
}

func TestNewPanicsAtMisuse(t *testing.T) {
	for want, f := range map[string]func(){
		"Info.Title is missing; Info.Version is missing (at ": func() { openapi.New(newMux(), openapi.Info{}) },
		"the handler is nil (at ":                             func() { openapi.New(nil, info) },
		`the operations GET /a and GET /b have the same ID "x"`: func() {
			mux := tigertonic.NewTrieServeMux()
			mux.Handle("GET", "/a", named("x"))
			mux.Handle("GET", "/b", named("x"))
			openapi.New(mux, info)
		},
		`GET /a/{id}: the path parameter "name" is not in the pattern`: func() {
			openapi.New(mount("GET /a/{id}", func(op *tigertonic.Operation) {
				op.Parameters = []tigertonic.Parameter{{Name: "name", In: "path"}}
			}), info)
		},
		`GET /: the parameter "x" is in "body"; GET /: a header parameter without a name`: func() {
			openapi.New(mount("GET /", func(op *tigertonic.Operation) {
				op.Parameters = []tigertonic.Parameter{{Name: "x", In: "body"}, {In: "header"}}
			}), info)
		},
		`GET /: "20" is not a status; GET /: "600" is not a status; GET /: "Ok" is not a status`: func() {
			openapi.New(mount("GET /", func(op *tigertonic.Operation) {
				op.Response(20)
				op.Response(600)
				op.ResponseRange("Ok")
				op.ResponseRange("5XX")
			}), info)
		},
		"/paths/~1/get/parameters/0/schema/minimum": func() {
			openapi.New(mount("GET /", func(op *tigertonic.Operation) {
				op.Parameters = []tigertonic.Parameter{{Name: "x", In: "query", Schema: &schema.Schema{Minimum: "ten"}}}
			}), info)
		},
		`duplicate object member name "a"`: func() {
			openapi.New(mount("GET /", func(op *tigertonic.Operation) {
				op.Response(http.StatusOK).Add("application/json", tigertonic.MediaType{Schema: &schema.Schema{
					Name: "X", Properties: []schema.Property{{Name: "a"}, {Name: "a"}},
				}})
			}), info)
		},
	} {
		got := message(f)
		assert.Contains(t, got, "tigertonic: openapi.New: ")
		assert.Contains(t, got, want)
		assert.Contains(t, got, "document_test.go:")
	}
}

func TestDocumentSaysWhatInfoSays(t *testing.T) {
	servers := []openapi.Server{{URL: "https://example.com/a"}, {URL: "https://example.com/b"}}
	doc := openapi.New(newMux(), openapi.Info{
		Title: "T<&>", Version: "1", Summary: "S", Description: "D \xff", Servers: servers,
	})
	servers[0].URL = "changed"
	assert.Equal(t, object{
		"openapi":  "3.1.1",
		"info":     object{"title": "T<&>", "version": "1", "summary": "S", "description": "D \ufffd"},
		"servers":  []any{object{"url": "https://example.com/a"}, object{"url": "https://example.com/b"}},
		"security": []any{},
		"paths":    object{},
	}, parse(doc))
	assert.Contains(t, string(doc.JSON()), `"T<&>"`)
	assert.True(t, strings.HasSuffix(string(doc.JSON()), "\n}\n"))
}

func TestJSONIsTheCallersOwn(t *testing.T) {
	doc := openapi.New(newMux(), info)
	text := doc.JSON()
	clear(text)
	assert.NotEqual(t, text, doc.JSON())
}

func TestDocumentSaysWhatDescriptionsSay(t *testing.T) {
	stuff := &schema.Schema{Name: "Stuff", Types: []string{"object"}}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("PUT", "/stuff", described(func(op *tigertonic.Operation) {
		op.ID, op.Summary, op.Description, op.Deprecated = "put stuff", "Put", "Puts it.", true
		op.Tags = []string{"b", "a"}
		op.Parameters = []tigertonic.Parameter{
			{Name: "X-Way", In: "header", Description: "a way", Required: true, Deprecated: true, Schema: &schema.Schema{Types: []string{"integer"}}},
			{Name: "x-way", In: "header"},
			{Name: "x-way", In: "cookie"},
		}
		op.Body = &tigertonic.RequestBody{Description: "all of it", Required: true, Content: map[string]tigertonic.MediaType{
			"text/plain": {}, "application/json": {Schema: stuff},
		}}
		rs := op.Response(http.StatusOK)
		rs.Add("application/json", tigertonic.MediaType{Items: stuff})
		rs.Add("application/jsonl", tigertonic.MediaType{Items: stuff})
		rs.SetHeader("etag", "its state", nil)
		op.Security = []tigertonic.SecurityScheme{{Name: "users", Scheme: "basic"}, {Name: "users", Scheme: "basic"}, {Name: "users", Scheme: "bearer", Description: "D"}}
	}))
	mux.Handle("GET", "/", described(func(op *tigertonic.Operation) { op.Tags = []string{"a"} }))
	doc := parse(openapi.New(mux, info))
	ref := object{"$ref": "#/components/schemas/Stuff"}
	assert.Equal(t, object{
		"tags": []any{"b", "a"}, "summary": "Put", "description": "Puts it.", "operationId": "put stuff", "deprecated": true,
		"parameters": []any{
			object{"name": "X-Way", "in": "header", "description": "a way", "required": true, "deprecated": true, "schema": object{"type": "integer"}},
			object{"name": "x-way", "in": "cookie", "schema": object{"type": "string"}},
		},
		"requestBody": object{"description": "all of it", "required": true, "content": object{
			"application/json": object{"schema": ref}, "text/plain": object{},
		}},
		"responses": object{"200": object{
			"description": "OK",
			"headers":     object{"Etag": object{"description": "its state", "schema": object{"type": "string"}}},
			"content": object{
				"application/json":  object{"schema": object{"type": "array", "items": ref}},
				"application/jsonl": object{"x-itemSchema": ref},
			},
		}},
		"security": []any{object{"users": []any{}, "users_2": []any{}}},
	}, at(doc, "paths", "/stuff", "put"))
	assert.Equal(t, []any{object{"name": "a"}, object{"name": "b"}}, at(doc, "tags"))
	assert.Equal(t, object{
		"users":   object{"type": "http", "scheme": "basic"},
		"users_2": object{"type": "http", "scheme": "bearer", "description": "D"},
	}, at(doc, "components", "securitySchemes"))
}

// What a Describer gives out may be shared by many operations.
func TestNewChangesNothingThatIsShared(t *testing.T) {
	parameters := []tigertonic.Parameter{{Name: "id", In: "path"}, {Name: "x", In: "query"}}
	responses := map[string]*tigertonic.ResponseInfo{"200": {}, "204": nil}
	security := []tigertonic.SecurityScheme{{Scheme: "basic"}}
	h := described(func(op *tigertonic.Operation) {
		op.Parameters, op.Responses, op.Security = parameters, responses, security
	})
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/{id}", h)
	mux.HandleNamespace("/{id}", mux)
	doc := parse(openapi.New(mux, info))
	assert.Equal(t, "OK", at(doc, "paths", "/{id}", "get", "responses", "200", "description"))
	assert.Equal(t, "No Content", at(doc, "paths", "/{id}", "get", "responses", "204", "description"))
	assert.Equal(t, []tigertonic.Parameter{{Name: "id", In: "path"}, {Name: "x", In: "query"}}, parameters)
	assert.Equal(t, map[string]*tigertonic.ResponseInfo{"200": {}, "204": nil}, responses)
	assert.Equal(t, []tigertonic.SecurityScheme{{Scheme: "basic"}}, security)
}

func TestOperationsHaveA404WhereTheMuxAnswersIt(t *testing.T) {
	own := func(op *tigertonic.Operation) { op.Response(http.StatusNotFound).Description = "own" }
	doc := parse(openapi.New(mount("GET /{id}", func(op *tigertonic.Operation) { op.Response(http.StatusOK) }), info))
	assert.Equal(t, "nothing is at this path", at(doc, "paths", "/{id}", "get", "responses", "404", "description"))
	doc = parse(openapi.New(mount("GET /{id}", own), info))
	assert.Equal(t, "own; or nothing is at this path", at(doc, "paths", "/{id}", "get", "responses", "404", "description"))
	assert.NotNil(t, at(doc, "paths", "/{id}", "get", "responses", "404", "content", "application/json"))
	doc = parse(openapi.New(newMux("GET /id"), info))
	assert.Nil(t, at(doc, "paths", "/id", "get", "responses", "404"))
}

func TestOperationsAreCalledAfterTheirMethodAndPath(t *testing.T) {
	for route, want := range map[string]string{
		"GET /":                        "getRoot",
		"GET /stuff":                   "getStuff",
		"GET /stuff/{id}":              "getStuffById",
		"DELETE /1.0/big-stuff/{id}/x": "delete1_0BigStuffByIdX",
		"PUT /1/2":                     "put1_2",
		"PATCH /größe/{stück}":         "patchGrEByStCk",
		"POST /a//b/":                  "postAB",
		"GET /日本":                      "get",
	} {
		method, pattern, _ := strings.Cut(route, " ")
		mux := tigertonic.NewTrieServeMux()
		mux.Handle(method, pattern, foreign)
		got := operations(mux)
		require.Len(t, got, 1)
		_, id, _ := strings.Cut(got[0], ": ")
		assert.Equal(t, want, id, route)
	}
}

func TestGeneratedIDsAreNumberedWhereTheyWouldClash(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a-b", foreign)
	mux.Handle("GET", "/a/b", foreign)
	mux.Handle("GET", "/aB", foreign)
	mux.Handle("GET", "/x", named("getAB"))
	assert.Equal(t, []string{"GET /a-b: getAB_2", "GET /a/b: getAB_3", "GET /aB: getAB_4", "GET /x: getAB"}, operations(mux))
}

func TestIDsOfAHandlerInManyPlacesAreNumbered(t *testing.T) {
	inner := newMux("GET /a")
	mux := tigertonic.NewTrieServeMux()
	for _, version := range []string{"/1.2", "/1.0", "/1.1"} {
		mux.HandleNamespace(version, inner)
	}
	assert.Equal(t, []string{"GET /1.0/a: GET /a", "GET /1.1/a: GET /a_2", "GET /1.2/a: GET /a_3"}, operations(mux))
}

func TestSecuritySchemesAreOnesThatExist(t *testing.T) {
	document := func(scheme tigertonic.SecurityScheme) (doc object, refused any) {
		defer func() { refused = recover() }()
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("GET", "/", described(func(op *tigertonic.Operation) { op.Security = []tigertonic.SecurityScheme{scheme} }))
		return parse(openapi.New(mux, info)), nil
	}
	doc, refused := document(tigertonic.SecurityScheme{Name: "key", In: "header", Key: "X-Api-Key", Description: "D"})
	assert.Nil(t, refused)
	assert.Equal(t, object{"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "D"}, at(doc, "components", "securitySchemes", "key"))
	for want, scheme := range map[string]tigertonic.SecurityScheme{
		`"k" has the Scheme "apiKey", which isn't one of the Authorization header`:      {Name: "k", Scheme: "apiKey"},
		`"k" has the Scheme "oauth2", which isn't one of the Authorization header`:      {Name: "k", Scheme: "oauth2"},
		`"k" has neither a Scheme nor In and Key, Flows, OpenIDConnectURL or MutualTLS`: {Name: "k"},
		`"k" has a Scheme beside In and Key`:                                            {Name: "k", Scheme: "bearer", In: "query", Key: "k"},
		`"k" is in "body", which isn't header, query or cookie`:                         {Name: "k", In: "body", Key: "k"},
		`"k" has no Key`: {Name: "k", In: "cookie"},
	} {
		_, refused := document(scheme)
		assert.Contains(t, refused, want)
	}
}

// The 404 that a mux answers itself has the headers of what is round the mux, and not
// of what is round the handler.
func TestNotFoundOfAMuxHasTheHeadersThatItIsSentWith(t *testing.T) {
	header := func(h http.Handler, name string) http.Handler { return headed{h, name} }
	inner, outer := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	inner.Handle("GET", "/{id}", header(named("stuff"), "X-Handler"))
	outer.HandleNamespace("/stuff", header(inner, "X-Inner"))
	outer.Handle("GET", "/plain", named("plain"))
	h := header(outer, "X-Outer")
	responses := at(parse(openapi.New(h, info)), "paths", "/stuff/{id}", "get", "responses")
	for path, status := range map[string]string{"/stuff/1": "200", "/stuff/": "404"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, status, strconv.Itoa(w.Code))
		if status == "404" {
			headers, _ := at(responses, status, "headers").(object)
			for _, name := range []string{"X-Handler", "X-Inner", "X-Outer"} {
				assert.Equal(t, w.Header().Get(name) != "", headers[name] != nil, "%s of %s", name, path)
			}
		}
	}
}

// headed sets a header of every response, and says so.
type headed struct {
	http.Handler
	name string
}

func (h headed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(h.name, "here")
	h.Handler.ServeHTTP(w, r)
}

func (h headed) Unwrap() http.Handler { return h.Handler }

func (h headed) Describe(op *tigertonic.Operation) {
	for _, rs := range op.Responses {
		rs.SetHeader(h.name, "", nil)
	}
}

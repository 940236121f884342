package openapi_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/schema"
)

// newMux returns a mux in which each operation's ID is what it is registered
// with.
func newMux(routes ...string) *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	for _, route := range routes {
		method, pattern, _ := strings.Cut(route, " ")
		mux.Handle(method, pattern, named(route))
	}
	return mux
}

// operations returns "GET /path: ID" for each operation of the tree's document,
// in its order.
func operations(h http.Handler) (operations []string) {
	text := string(openapi.New(h, info).JSON())
	path, method := "", ""
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch indent := len(line) - len(strings.TrimLeft(line, " ")); {
		case indent == 4 && strings.HasPrefix(name, `"/`):
			path = strings.Trim(name, `"`)
		case indent == 6 && value == "{":
			method = strings.ToUpper(strings.Trim(name, `"`))
		case name == `"operationId"`:
			operations = append(operations, fmt.Sprintf("%s %s: %s", method, path, strings.Trim(value, `",`)))
		}
	}
	return operations
}

func TestDocumentHasThePathsOfNamespaces(t *testing.T) {
	mux := newMux("GET /stuff")
	mux.HandleNamespace("/1.0/{tenant}", newMux("GET /stuff/{id}", "POST /"))
	assert.Equal(t, []string{
		"POST /1.0/{tenant}/: POST /",
		"GET /1.0/{tenant}/stuff/{id}: GET /stuff/{id}",
		"GET /stuff: GET /stuff",
	}, operations(tigertonic.Cached(mux, tigertonic.CacheOptions{})))
}

func TestDocumentListsMethodsInOneOrder(t *testing.T) {
	mux := newMux("TRACE /", "DELETE /", "PUT /", "GET /", "OPTIONS /", "PATCH /", "POST /", "HEAD /")
	var methods []string
	for _, op := range operations(mux) {
		method, _, _ := strings.Cut(op, " ")
		methods = append(methods, method)
	}
	assert.Equal(t, []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}, methods)
}

func TestDocumentHasWhatIsNotDescribed(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff", foreign)
	assert.Equal(t, object{
		"/stuff": object{"get": object{
			"summary":     "GET /stuff",
			"operationId": "getStuff",
			"responses":   object{"default": object{"description": "Not described"}},
		}},
	}, at(parse(openapi.New(mux, info)), "paths"))
}

func TestDocumentHasNotWhatOpenAPIHasNoWordsFor(t *testing.T) {
	mux := newMux("GET /a", "CONNECT /a", "PURGE /a", "X /b")
	mux.HandleNamespace("/n", foreign)
	mux.Handle("GET", "/hidden", described(func(op *tigertonic.Operation) { op.Hidden = true }))
	assert.Equal(t, []string{"GET /a: GET /a"}, operations(mux))
	assert.Empty(t, operations(foreign))
	assert.Empty(t, operations(tigertonic.NewTrieServeMux()))
	assert.Empty(t, operations(tigertonic.First()))
}

func TestDocumentDoesNotListItself(t *testing.T) {
	mux := newMux("GET /a")
	mux.Handle("GET", "/openapi.json", tigertonic.Cached(openapi.New(mux, info).Handler(), tigertonic.CacheOptions{}))
	assert.Equal(t, []string{"GET /a: GET /a"}, operations(mux))
}

func TestDocumentIsOfHandlersThatAnswer(t *testing.T) {
	mux := newMux("GET /n/both", "GET /{x}/y/both")
	inner := tigertonic.NewTrieServeMux()
	inner.Handle("GET", "/both", named("hidden"))
	inner.Handle("GET", "/y/both", named("longer"))
	inner.Handle("GET", "/inner", named("inner"))
	mux.HandleNamespace("/n", inner)
	mux.HandleNamespace("/{x}", inner)
	mux.Handle("GET", "/rest/{path...}", newMux("GET /rest/a", "POST /rest/a"))
	assert.Equal(t, []string{
		"GET /n/both: GET /n/both",
		"GET /n/inner: inner",
		"GET /n/y/both: longer",
		"GET /rest/a: GET /rest/a",
		"GET /{x}/both: hidden",
		"GET /{x}/inner: inner_2",
		"GET /{x}/y/both: GET /{x}/y/both",
	}, operations(mux))
}

func TestWrappersAreAskedFromTheInnermostToTheOutermost(t *testing.T) {
	add := func(h http.Handler, word string) http.Handler {
		return tigertonic.Described(h, func(op *tigertonic.Operation) { op.Summary += word })
	}
	inner := tigertonic.NewTrieServeMux()
	inner.Handle("GET", "/", add(tigertonic.First(add(foreign, "3"), add(foreign, "2"), add(add(foreign, "0"), "1")), "4"))
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/n", add(inner, "5"))
	doc := parse(openapi.New(tigertonic.Cached(add(mux, "6"), tigertonic.CacheOptions{}), info))
	assert.Equal(t, "0123456", at(doc, "paths", "/n/", "get", "summary"))
}

func TestDocumentOfAMuxMountedInItselfEnds(t *testing.T) {
	mux := newMux("GET /a")
	mux.HandleNamespace("/n", mux)
	assert.Equal(t, []string{"GET /a: GET /a", "GET /n/a: GET /a_2"}, operations(mux))

	hosts := tigertonic.HostServeMux{}
	hosts["h"] = tigertonic.Cached(hosts, tigertonic.CacheOptions{})
	assert.Empty(t, operations(hosts))
}

func TestPathsThatDifferInTheNamesOfWildcardsAreOne(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	parameter := func(name string) http.Handler {
		return described(func(op *tigertonic.Operation) {
			op.Parameters = []tigertonic.Parameter{{Name: name, In: "path", Description: "of " + name}}
		})
	}
	mux.Handle("POST", "/b/{q}", parameter("q"))
	mux.Handle("GET", "/b/{p}", parameter("p"))
	doc := parse(openapi.New(mux, info))
	paths := at(doc, "paths").(object)
	assert.Len(t, paths, 1)
	for method, description := range map[string]string{"get": "of p", "post": "of q"} {
		assert.Equal(t, []any{object{
			"name": "p", "in": "path", "description": description, "required": true, "schema": object{"type": "string"},
		}}, at(paths, "/b/{p}", method, "parameters"))
	}
}

func TestPathsThatDifferInHowLiteralsAreEscapedAreOne(t *testing.T) {
	mux := newMux("GET /a%20b/c")
	mux.HandleNamespace("/a b", newMux("POST /c"))
	assert.Len(t, paths(openapi.New(mux, info)), 1)
}

func TestWildcardsOfANamespaceGiveWay(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	inner := tigertonic.NewTrieServeMux()
	inner.Handle("GET", "/{id}", described(func(op *tigertonic.Operation) {
		op.Parameters = []tigertonic.Parameter{{Name: "id", In: "path", Description: "inner"}}
	}))
	mux.HandleNamespace("/{id}/{outer_id}", inner)
	doc := parse(openapi.New(mux, info))
	parameters := at(doc, "paths", "/{outer_outer_id}/{outer_id}/{id}", "get", "parameters").([]any)
	var got []string
	for _, p := range parameters {
		got = append(got, fmt.Sprint(at(p, "name"), " ", at(p, "description")))
	}
	assert.Equal(t, []string{"outer_outer_id <nil>", "outer_id <nil>", "id inner"}, got)
}

func TestWildcardsForTheRestSaySo(t *testing.T) {
	doc := parse(openapi.New(newMux("GET /files/{path...}"), info))
	assert.Equal(t, []any{object{
		"name": "path", "in": "path", "description": "It may contain slashes.", "required": true, "schema": object{"type": "string"},
	}}, at(doc, "paths", "/files/{path}", "get", "parameters"))
}

func TestWildcardsForASegmentGoBeforeThoseForTheRest(t *testing.T) {
	assert.Equal(t, []string{
		"GET /files/{a}: GET /files/{a}",
		"POST /files/{a}: POST /files/{c...}",
	}, operations(newMux("GET /files/{a}", "GET /files/{b...}", "POST /files/{c...}")))

	mux := newMux("GET /n/{a}")
	mux.HandleNamespace("/n", newMux("GET /{b...}"))
	assert.Equal(t, []string{"GET /n/{a}: GET /n/{a}"}, operations(mux))
}

func TestWildcardsMayHaveBracesInTheirNames(t *testing.T) {
	assert.Equal(t, []string{"/{a_b_}"}, paths(openapi.New(newMux("GET /{a{b}}"), info)))
}

func TestDocumentDoesNotDependOnTheOrderOfRegistration(t *testing.T) {
	routes := []string{"GET /a", "POST /a", "GET /b/{p}", "POST /b/{q}", "PUT /b/{r}", "GET /b/{s...}", "GET /c", "GET /", "GET /n/c", "GET /n/{x}"}
	inner := []string{"GET /a", "GET /c", "GET /d/{e}"}
	shuffled := func(routes []string) *tigertonic.TrieServeMux {
		routes = slices.Clone(routes)
		rand.Shuffle(len(routes), func(i, j int) { routes[i], routes[j] = routes[j], routes[i] })
		mux := tigertonic.NewTrieServeMux()
		for _, route := range routes {
			method, pattern, _ := strings.Cut(route, " ")
			mux.Handle(method, pattern, described(func(op *tigertonic.Operation) {
				op.Tags = []string{route}
				op.Response(http.StatusOK).Add("application/json", tigertonic.MediaType{
					Schema: &schema.Schema{Name: "Stuff", Description: pattern},
				})
				op.Security = []tigertonic.SecurityScheme{{Name: "users", Scheme: "basic", Description: pattern}}
			}))
		}
		return mux
	}
	build := func() string {
		mux := shuffled(routes)
		mux.HandleNamespace("/n", shuffled(inner))
		mux.HandleNamespace("/{m}", shuffled(inner))
		return string(openapi.New(mux, info).JSON())
	}
	want := build()
	for range 20 {
		assert.Equal(t, want, build())
	}
}

// A turnstile is a combinator of somebody else's.
type turnstile []http.Handler

func (ts *turnstile) Unwrap() []http.Handler { return *ts }

func (ts *turnstile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tigertonic.First(*ts...).ServeHTTP(w, r)
}

func (ts *turnstile) Describe(op *tigertonic.Operation) { op.Summary += " turnstile" }

func TestDocumentSeesThroughCombinatorsOfOthers(t *testing.T) {
	add := func(h http.Handler, word string) http.Handler {
		return tigertonic.Described(h, func(op *tigertonic.Operation) { op.Summary += word })
	}
	inner := tigertonic.NewTrieServeMux()
	inner.Handle("GET", "/stuff", add(foreign, "stuff"))
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/1.0", &turnstile{add(foreign, " second"), nil, add(foreign, " first"), inner})
	mux.HandleNamespace("/2.0", &turnstile{inner, add(foreign, "last")})
	mux.Handle("GET", "/empty", &turnstile{})
	self := &turnstile{add(foreign, "kept")}
	*self = append(*self, self)
	mux.Handle("GET", "/self", self)
	doc := openapi.New(mux, info)
	assert.Equal(t, "stuff first second turnstile", at(parse(doc), "paths", "/1.0/stuff", "get", "summary"))
	assert.Equal(t, "kept turnstile", at(parse(doc), "paths", "/self", "get", "summary"))
	assert.Equal(t, []string{"/1.0/stuff", "/empty", "/self"}, paths(doc))
	var unknown []string
	for _, u := range doc.Unknown() {
		unknown = append(unknown, u.Name()+" "+u.Handler)
	}
	assert.Equal(t, []string{"/2.0/{...} *tigertonic.TrieServeMux"}, unknown, "the mux hides its routes")
}

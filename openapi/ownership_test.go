package openapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

const allowOrigin = "Access-Control-Allow-Origin"

// wrapped returns handlers of other kinds round one with this description, each of
// which adds to the description.
func wrapped(describe func(op *tigertonic.Operation)) map[string]http.Handler {
	h := described(describe)
	return map[string]http.Handler{
		"/cors":    tigertonic.NewCORSBuilder().AddAllowedOrigins("https://example.com").Build(h),
		"/auth":    tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "realm", h),
		"/limited": tigertonic.Limited(h, 1, nil),
		"/within":  tigertonic.Within(h, 1),
		"/own": tigertonic.Described(h, func(op *tigertonic.Operation) {
			op.Tags = append(op.Tags, "own")
			op.Parameters = append(op.Parameters, tigertonic.Parameter{Name: "own", In: "query"})
			op.Security = append(op.Security, tigertonic.SecurityScheme{Name: "own", Scheme: "bearer"})
			op.Response(http.StatusServiceUnavailable).Description = "own"
			op.Response(http.StatusServiceUnavailable).Add("text/own", tigertonic.MediaType{})
			op.Response(http.StatusServiceUnavailable).SetHeader("Own", "own", nil)
		}),
	}
}

// A function may describe many operations by the same values. What a wrapper adds
// to one of them is of no other.
func TestWrappersAddToNoDescriptionThatIsShared(t *testing.T) {
	busy := &tigertonic.ResponseInfo{
		Description: "busy",
		Headers:     map[string]tigertonic.HeaderInfo{"Retry-After": {}},
		Content:     map[string]tigertonic.MediaType{"text/plain": {}},
	}
	responses := map[string]*tigertonic.ResponseInfo{"200": {}, "503": busy}
	tags := append(make([]string, 0, 9), "tag")
	parameters := append(make([]tigertonic.Parameter, 0, 9), tigertonic.Parameter{Name: "q", In: "query"})
	security := append(make([]tigertonic.SecurityScheme, 0, 9), tigertonic.SecurityScheme{Name: "key", Scheme: "basic"})
	share := func(op *tigertonic.Operation) {
		op.Tags, op.Parameters, op.Security, op.Responses = tags, parameters, security, responses
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a", described(share))
	for path, h := range wrapped(share) {
		mux.Handle("GET", path, h)
	}
	mux.Handle("GET", "/z", described(share))

	doc := parse(openapi.New(mux, info))
	plain := object{
		"tags":        []any{"tag"},
		"operationId": "getA", "summary": "GET /a",
		"parameters": []any{object{"name": "q", "in": "query", "schema": object{"type": "string"}}},
		"security":   []any{object{"key": []any{}}},
		"responses": object{
			"200": object{"description": "OK"},
			"503": object{
				"description": "busy",
				"headers":     object{"Retry-After": object{"schema": object{"type": "string"}}},
				"content":     object{"text/plain": object{}},
			},
		},
	}
	assert.Equal(t, plain, at(doc, "paths", "/a", "get"))
	plain["operationId"], plain["summary"] = "getZ", "GET /z"
	assert.Equal(t, plain, at(doc, "paths", "/z", "get"))
	for _, path := range []string{"/auth", "/limited", "/within", "/own"} {
		assert.Nil(t, at(doc, "paths", path, "get", "responses", "200", "headers", allowOrigin), path)
	}
	assert.NotNil(t, at(doc, "paths", "/cors", "get", "responses", "200", "headers", allowOrigin))
	assert.NotNil(t, at(doc, "paths", "/cors", "get", "responses", "503", "headers", allowOrigin))
	assert.Equal(t, "own", at(doc, "paths", "/own", "get", "responses", "503", "description"))

	require.Len(t, responses, 2)
	assert.Equal(t, &tigertonic.ResponseInfo{}, responses["200"])
	assert.Equal(t, &tigertonic.ResponseInfo{
		Description: "busy",
		Headers:     map[string]tigertonic.HeaderInfo{"Retry-After": {}},
		Content:     map[string]tigertonic.MediaType{"text/plain": {}},
	}, busy)
	assert.Empty(t, tags[:2][1])
	assert.Empty(t, parameters[:2][1])
	assert.Empty(t, security[:2][1])
}

// A response of which nothing is said is nil in the map, also to what wraps the
// handler.
func TestResponsesThatAreNil(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	for path, h := range wrapped(func(op *tigertonic.Operation) {
		op.Responses = map[string]*tigertonic.ResponseInfo{"200": nil, "503": nil, "401": nil}
	}) {
		mux.Handle("GET", path, h)
	}
	var doc object
	require.NotPanics(t, func() { doc = parse(openapi.New(mux, info)) })
	for _, path := range paths(openapi.New(mux, info)) {
		assert.Equal(t, "OK", at(doc, "paths", path, "get", "responses", "200", "description"), path)
		assert.NotEmpty(t, at(doc, "paths", path, "get", "responses", "503", "description"), path)
	}
	assert.NotNil(t, at(doc, "paths", "/cors", "get", "responses", "200", "headers", allowOrigin))
}

package openapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

func health(http.ResponseWriter, *http.Request) {}

func TestDocumentSaysWhatItDoesNotKnow(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	hide := func(op *tigertonic.Operation) { op.Hidden = true }
	mux.Handle("GET", "/described", described(func(op *tigertonic.Operation) { op.Summary = "x" }))
	mux.HandleFunc("GET", "/health", health)
	mux.Handle("GET", "/limited", tigertonic.Limited(http.HandlerFunc(health), 1, nil)) // which doesn't say what health is
	mux.Handle("GET", "/hidden", tigertonic.Described(http.HandlerFunc(health), hide))
	mux.HandleNamespace("/files", tigertonic.Described(http.FileServer(http.Dir(".")), hide))
	mux.HandleNamespace("/old", http.NewServeMux())
	mux.HandleNamespace("/gone", tigertonic.NotFoundHandler{})
	doc := openapi.New(mux, info)
	var got []string
	for _, u := range doc.Unknown() {
		got = append(got, fmt.Sprintf("%s, %s, %v", u.Name(), u.Handler, u.Opaque))
		assert.Regexp(t, `→ \S+ \(not described\), registered at \S*unknown_test.go:\d+$`, u.String())
	}
	assert.Equal(t, []string{
		"GET /health, openapi_test.health, false",
		"GET /limited, openapi_test.health, false",
		"/old/{...}, *http.ServeMux, true",
	}, got)
}

// A closure round all of it leaves nothing to be described.
func TestDocumentOfAClosureSaysSo(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/health", health)
	doc := openapi.New(http.HandlerFunc(mux.ServeHTTP), info)
	assert.Len(t, doc.Unknown(), 1)
	assert.Equal(t, "everything → go-tigertonic.(*TrieServeMux).ServeHTTP (not described)", doc.Unknown()[0].String())
	doc = openapi.New(tigertonic.Wrapped(mux, func(h http.Handler) http.Handler { return http.HandlerFunc(h.ServeHTTP) }), info)
	assert.Equal(t, "GET /health", doc.Unknown()[0].Name())
}

func TestDocumentOfAHostSaysWhatItDoesNotKnowOfIt(t *testing.T) {
	hosts := tigertonic.HostServeMux{"a.example": http.NewServeMux(), "b.example": http.NotFoundHandler()}
	doc := openapi.New(hosts, openapi.Info{Title: "T", Version: "1", Host: "a.example"})
	assert.Len(t, doc.Unknown(), 1)
	assert.Equal(t, "a.example", doc.Unknown()[0].Name())
}

func ExampleDocument_Unknown() {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/v1", http.NewServeMux()) // a router of another library
	for _, u := range openapi.New(mux, openapi.Info{Title: "Stuff", Version: "1.0"}).Unknown() {
		fmt.Println(u.Name(), u.Handler, u.Opaque)
	}
	// Output: /v1/{...} *http.ServeMux true
}

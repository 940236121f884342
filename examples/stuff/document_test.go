package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
	"github.com/rcrowley/go-tigertonic/openapi/openapitest"
)

// document is that of the service with its default configuration.
var document = sync.OnceValue(func() []byte {
	return describe(service(config{Host: "ops.localhost", Password: "swordfish"}, newStore(nil))).JSON()
})

func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	conform.Valid(t, document())
}

func TestDocumentPassesTheLinter(t *testing.T) {
	t.Parallel()
	published := config{Host: "ops.stuff.test", Password: "swordfish"} // the linter warns of localhost
	conform.Redocly(t, describe(service(published, newStore(nil))).JSON())
}

// UPDATE_GOLDEN=1 accepts what has changed.
func TestDocumentIsTheOneInTheFile(t *testing.T) {
	t.Parallel()
	openapitest.Golden(t, describe(service(testConfig, newStore(nil))), "testdata/openapi.json")
}

func TestDocumentIsServed(t *testing.T) {
	t.Parallel()
	p := start(t)
	rs, got := p.send(t, "GET", "/openapi.json", "")
	etag := rs.Header.Get("Etag")
	if rs.StatusCode != http.StatusOK || rs.Header.Get("Content-Type") != "application/json" || etag == "" || got != string(document()) {
		t.Errorf("got %d with %v, and %d bytes", rs.StatusCode, rs.Header, len(got))
	}
	rs, got = p.send(t, "GET", "/openapi.json", "", "If-None-Match: "+etag)
	if rs.StatusCode != http.StatusNotModified || got != "" {
		t.Errorf("got %d and %d bytes for a client that has it, want 304", rs.StatusCode, len(got))
	}
	if rs, _ = p.send(t, "HEAD", "/openapi.json", ""); rs.StatusCode != http.StatusOK || rs.ContentLength != int64(len(document())) {
		t.Errorf("got %d and a Content-Length of %d for HEAD", rs.StatusCode, rs.ContentLength)
	}
}

func TestDocsAreAPageThatLoadsNothing(t *testing.T) {
	t.Parallel()
	p := start(t)
	rs, got := p.send(t, "GET", "/docs", "")
	if rs.StatusCode != http.StatusOK || rs.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("got %d with %v", rs.StatusCode, rs.Header)
	}
	policy := rs.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") {
		t.Errorf("got the policy %q", policy)
	}
	for _, want := range []string{"<title>Stuff", "/2.0/stuff/{id}", "/1.0/stuff", "Watch stuff change"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q isn't on the page", want)
		}
	}
}

func TestServiceKeepsToItsDocumentWhateverIsAsked(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	defer close(stopping)
	tree := service(testConfig, newStore(stopping))
	contract.Of(tree).Fuzz(t, tree, contract.FuzzOptions{
		// Of IDs, a classic function says in its own words what they are; a patch can't
		// change them, and there is no tag for how long a duration may be.
		Rules:   []string{"POST /1.0/stuff", "PUT /1.0/stuff/{id}", "PATCH /2.0/stuff/{id}", "GET /2.0/changes"},
		Lenient: []string{"POST /1.0/stuff", "PUT /1.0/stuff/{id}"}, // as encoding/json is
		Prepare: func(r *http.Request) { r.SetBasicAuth("operator", testConfig.Password) },
	})
}

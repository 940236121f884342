package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
	"github.com/rcrowley/go-tigertonic/openapi/openapitest"
)

// newTree returns the tree of handlers without a database.
func newTree() http.Handler {
	t := &tracker{find: tigertonic.KnownTokens(map[string]*user{"t": {}})}
	return t.service(options{origin: "https://tracker.example", perMinute: 1})
}

var document = sync.OnceValue(func() *openapi.Document { return describe(newTree()) })

func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	conform.Valid(t, document().JSON())
}

func TestDocumentPassesTheLinter(t *testing.T) {
	t.Parallel()
	conform.Redocly(t, document().JSON())
}

// UPDATE_GOLDEN=1 accepts what has changed.
func TestDocumentIsTheOneInTheFile(t *testing.T) {
	t.Parallel()
	openapitest.Golden(t, document(), "testdata/openapi.json")
}

func TestServiceKeepsToItsDocumentWhateverIsAsked(t *testing.T) {
	t.Parallel()
	s := start(t, options{db: filepath.Join(t.TempDir(), "tracker.db"), files: t.TempDir(), audience: "tracker", origin: "https://tracker.example", perMinute: 1_000_000})
	promised().Fuzz(t, s.Handler, contract.FuzzOptions{
		Requests: 60,
		Prepare: func(r *http.Request) {
			if r.Header.Get("Authorization") != "" || strings.HasPrefix(r.URL.Path, "/projects") {
				r.Header.Set("Authorization", "Bearer "+s.token)
			}
		},
	})
}

func TestAnAddressThatAsksTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, options{db: filepath.Join(t.TempDir(), "tracker.db"), files: t.TempDir(), audience: "tracker", origin: "https://tracker.example", perMinute: 3})
	var last *http.Response
	for range 4 {
		last = s.ask(t, "GET", "/projects/kettle/issues", "")
	}
	if last.StatusCode != http.StatusTooManyRequests || last.Header.Get("Retry-After") == "" || last.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %s with %v", last.Status, last.Header)
	}
}

func TestAgentsListIssues(t *testing.T) {
	t.Parallel()
	s := start(t, options{db: filepath.Join(t.TempDir(), "tracker.db"), files: t.TempDir(), audience: "tracker", origin: "https://tracker.example", perMinute: 100})
	rs := s.ask(t, "POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, "Accept", "application/json, text/event-stream")
	if text := read(t, rs); rs.StatusCode != http.StatusOK || !strings.Contains(text, `"readOnlyHint":true`) || strings.Contains(text, "PATCH") {
		t.Errorf("got %s: %s", rs.Status, text)
	}
}

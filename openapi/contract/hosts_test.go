package contract_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
)

// ask has a contract check a GET that h answers, and returns what it says of it.
func ask(t *testing.T, c *contract.Contract, h http.Handler, url string) string {
	t.Helper()
	w := &witness{TB: t}
	c.Handler(w, h).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", url, nil))
	return w.told()
}

func TestServersWithVariablesAreKnown(t *testing.T) {
	c := contract.MustParse([]byte(`{
		"openapi": "3.1.1", "info": {"title": "T", "version": "1"},
		"servers": [{"url": "https://{region}.example.com:{port}/api/{version}/", "variables": {
			"region": {"default": "eu", "enum": ["eu", "us"]}, "port": {"default": "443"}, "version": {"default": "v1", "enum": ["v1", "v2.0"]}}}],
		"paths": {
			"/a": {"get": {"responses": {"204": {"description": ""}}}},
			"/b/{id}": {"get": {
				"parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
				"responses": {"204": {"description": ""}}}},
			"/c": {"get": {"servers": [{"url": "//{Site}.example.com", "variables": {"Site": {"default": "tea"}}}, {"url": "//[::1]:8000"}],
				"responses": {"204": {"description": ""}}}}
		}}`))
	gone := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	const unknown, wrong = "the document doesn't have that operation", `path id: `
	for _, tt := range []struct{ url, want string }{
		{"http://localhost/a", ""},
		{"http://us.example.com:8443/api/v1/a", ""},
		{"http://eu.example.com:443/api/v2.0/b/7", ""},
		{"http://eu.example.com:443/api/v2.0/b/x", wrong},
		{"http://eu.example.com:443/api/v2x0/a", unknown},
		{"http://eu.example.com:443/api/v3/a", unknown},
		{"http://asia.example.com:443/api/v1/a", unknown},
		{"http://eu.example.com:443/api/v1", unknown},
		{"http://Milk.example.com:80/c", ""},
		{"http://[::1]:8000/c", ""},
		{"http://[::1]:8001/c", unknown},
		{"http://example.com/c", unknown},
	} {
		if got := ask(t, c, gone, tt.url); tt.want == "" && got != "" || !contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.url, got, tt.want)
		}
	}
}

// What a HostServeMux serves is held to its document, and fuzzed on a host that it has.
func TestHostsWithWildcardsKeepTheirContract(t *testing.T) {
	sites := map[string]int{}
	site := tigertonic.NewTrieServeMux()
	site.Handle("GET", "/{id}", tigertonic.Typed(func(_ context.Context, in *struct {
		Site string `path:"site,namespace"`
		ID   int    `path:"id"`
	},
	) (string, error) {
		sites[in.Site]++
		return in.Site, nil
	}))
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("{site}.example.com", site)
	c := contract.Of(hosts)
	if got := ask(t, c, hosts, "http://tea.example.com:8000/7"); got != "" {
		t.Errorf("got %s", got)
	}
	c.Fuzz(t, hosts, contract.FuzzOptions{})
	if sites["example"] == 0 || sites["tea"] != 1 || len(sites) != 2 {
		t.Errorf("got requests for %v, want some for the document's example", sites)
	}
}

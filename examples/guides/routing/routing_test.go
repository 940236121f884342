package routing

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/internal/docstest"
)

func Example_routes() {
	fmt.Print(tigertonic.Explain(patterns()))
	// Output:
	// METHOD  PATTERN                                HANDLER
	// GET     /repos/new                             routing.patterns.func1
	// GET     /repos/{owner}                         routing.list
	// GET     /repos/{owner}/{repo}                  Typed(routing.getRepo)
	// GET     /repos/{owner}/{repo}/files/{path...}  routing.file
}

func TestPageShowsWhatTheMuxAnswers(t *testing.T) {
	docstest.Console(t, "../../../docs/routing.md", func(t *testing.T) docstest.Service {
		legacy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprintln(w, "the old service, asked for", r.URL.Path)
		}))
		t.Cleanup(legacy.Close)
		u, err := url.Parse(legacy.URL)
		if err != nil {
			t.Fatal(err)
		}
		root := tigertonic.NewTrieServeMux()
		root.HandleNamespace("", patterns())
		for _, namespace := range []string{"/1.0", "/2.0", "/tenants", "/legacy"} {
			root.HandleNamespace(namespace, prefixed(namespace, namespaces(u)))
		}
		server := httptest.NewServer(root)
		t.Cleanup(server.Close)
		return docstest.Service{Address: server.Listener.Addr().String()}
	})
}

// prefixed gives h the paths as they were before a namespace was taken off.
func prefixed(namespace string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = namespace + r.URL.Path
		h.ServeHTTP(w, r)
	})
}

func TestHostsHaveTheirOwnHandlers(t *testing.T) {
	say := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
	}
	mux := hosts(say("api"), say("www"), say("tenants"))
	for host, want := range map[string]string{"api.example.com": "api", "WWW.example.com:8000": "www", "ann.example.com": "tenants"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		mux.ServeHTTP(w, r)
		if got := w.Body.String(); got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
}

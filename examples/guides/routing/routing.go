// Package routing is the code of the guide docs/routing.md.
package routing

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/rcrowley/go-tigertonic"
)

type byOwner struct {
	Owner string `path:"owner"`
	Repo  string `path:"repo"`
}

func getRepo(_ context.Context, in *byOwner) (string, error) { return in.Owner + "/" + in.Repo, nil }

func list(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprintln(w, "all of", r.PathValue("owner")) //nolint:gosec // net/http sees plain text in it
}

func file(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprintf(w, "%q of %s\n", tigertonic.PathValue(r, "path"), tigertonic.PathValue(r, "repo")) //nolint:gosec // net/http sees plain text in it
}

func patterns() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/repos/{owner}/{repo}", tigertonic.Typed(getRepo))
	mux.HandleFunc("GET", "/repos/{owner}", list)
	mux.Handle("GET", "/repos/{owner}/{repo}/files/{path...}", tigertonic.HandlerFunc(file))
	mux.HandleFunc("GET", "/repos/new", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "a literal wins\n")
	})
	return mux
}

type byTenant struct {
	Tenant string `path:"tenant,namespace"`
	ID     string `path:"id"`
}

func getUser(_ context.Context, in *byTenant) (string, error) {
	return in.ID + " of " + in.Tenant, nil
}

func namespaces(legacy *url.URL) http.Handler {
	v1, v2 := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	v1.HandleFunc("GET", "/ping", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "v1\n") })
	v2.HandleFunc("GET", "/ping", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "v2\n") })

	tenant := tigertonic.NewTrieServeMux()
	tenant.Handle("GET", "/users/{id}", tigertonic.Typed(getUser))

	root := tigertonic.NewTrieServeMux()
	root.HandleNamespace("/1.0", v1)
	root.HandleNamespace("/2.0", v2)
	root.HandleNamespace("/tenants/{tenant}", tenant)
	root.HandleNamespace("/legacy", httputil.NewSingleHostReverseProxy(legacy))
	return root
}

func hosts(api, www, tenants http.Handler) http.Handler {
	mux := tigertonic.NewHostServeMux()
	mux.Handle("api.example.com", api)
	mux.Handle("www.example.com", www)
	mux.Handle("{tenant}.example.com", tenants)
	return mux
}

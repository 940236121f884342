package tigertonic

import (
	"net/http"

	"github.com/rcrowley/go-tigertonic/internal/trie"
)

// HandlerFunc is an [http.HandlerFunc] that promises to read its wildcards
// with [PathValue]. A mux then has nothing to put into the request for it, and
// routing to it through any number of wildcards allocates nothing: r.PathValue
// isn't filled. The exceptions are a namespace with wildcards, {name...} in a
// namespace, and a pattern with a percent sign or with {{name}}.
//
// PathValue works in every other handler too. A [ParamsFunc] reads wildcards
// faster still.
type HandlerFunc func(http.ResponseWriter, *http.Request)

// ServeHTTP calls f.
func (f HandlerFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) { f(w, r) }

// PathValue returns what the wildcard of that name in the pattern that matched
// the request stands for, unescaped once, or "" if there is no such wildcard.
// It works under any router that fills r.PathValue as well as under a
// [TrieServeMux].
//
// It reads the value off r.Pattern and r.URL, so it is for handlers that leave
// both as they found them.
func PathValue(r *http.Request, name string) string { return trie.ValueOf(r, name) }

// ParamsFunc is a handler that gets the wildcards of its pattern as an argument.
// Reading them is fastest if a [TrieServeMux] calls it directly; within other
// handlers, it works like [PathValue]. It fills the request as [HandlerFunc] does.
type ParamsFunc func(http.ResponseWriter, *http.Request, Params)

// ServeHTTP calls f, under a TrieServeMux or any router that fills r.PathValue.
func (f ParamsFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) { f(w, r, Params{request: r}) }

// Params are the wildcards of a matched request. They can be kept and passed on by
// value. The zero value has none.
type Params struct {
	request *http.Request
	route   *trie.Route // that path matches, or nil to ask the request for everything
	path    string      // unescaped
}

// Get returns the value of the wildcard with that name, unescaped once, or "" if
// there is no such wildcard.
func (p Params) Get(name string) string {
	if p.route != nil {
		if value, ok := p.route.Value(name, p.path); ok {
			return value
		}
	}
	if p.request == nil {
		return ""
	}
	return PathValue(p.request, name) // of a namespace
}

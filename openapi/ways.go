package openapi

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// Routes lists what is registered. A request can't take each of these ways: a
// mux's own pattern hides one in a namespace, and the longer of two namespaces
// the other. So the way of each route is gone once more, by asking the muxes for
// an example of its pattern, and what is found there is what is described.

// A way is a route that requests take.
type way struct {
	tigertonic.Route
	template template
}

func (w *way) String() string {
	return strings.TrimLeft(w.Host+" "+w.Method+" "+w.Pattern, " ")
}

// methods are those that OpenAPI 3.1 has, in the order in which they are listed.
func methods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
}

// findWays returns the ways through h, of one host if it isn't "", and what is
// wrong with them. They are sorted by path, then by method.
func findWays(h http.Handler, host string) (ways []*way, problems []string) {
	type key struct{ method, path string }
	found := map[key]*way{}
	hosts := map[string]bool{}
	for _, rt := range tigertonic.Routes(h) {
		hosts[rt.Host] = true
		if !hasWords(rt) || host != "" && rt.Host != "" && rt.Host != host {
			continue
		}
		w := follow(h, rt, cmp.Or(rt.Host, host))
		if w == nil {
			continue
		}
		k := key{w.Method, w.template.key()}
		old := found[k]
		switch {
		case old == nil:
			found[k] = w
		case old.Host != w.Host:
			problems = append(problems, conflict(old, w))
		case old.template.endsInRest():
			found[k] = w
		}
	}
	if host != "" && !hosts[host] {
		problems = append(problems, unknownHost(host, hosts))
	}
	return slices.SortedFunc(maps.Values(found), compareWays), problems
}

// hasWords tells whether OpenAPI has words for a route.
func hasWords(rt tigertonic.Route) bool {
	return rt.Pattern != "" && !strings.HasSuffix(rt.Pattern, "/{...}") && slices.Contains(methods(), rt.Method)
}

func compareWays(a, b *way) int {
	return cmp.Or(
		cmp.Compare(a.template.key(), b.template.key()),
		cmp.Compare(slices.Index(methods(), a.Method), slices.Index(methods(), b.Method)),
	)
}

func conflict(a, b *way) string {
	return fmt.Sprintf("%q and %q have the same method and path, which a document can say of one host only: set Info.Host", a, b)
}

func unknownHost(host string, hosts map[string]bool) string {
	delete(hosts, "")
	known := slices.Sorted(maps.Keys(hosts))
	if len(known) == 0 {
		return fmt.Sprintf("Info.Host is %q, but no handler is registered for a host", host)
	}
	return fmt.Sprintf("Info.Host is %q, but handlers are registered for %q", host, known)
}

// maxSteps is how many handlers may be on a way. A host's map can be made to
// lead back to itself.
const maxSteps = 10_000

// follow returns the way that a request for a route takes, or nil if another
// pattern hides it.
func follow(h http.Handler, rt tigertonic.Route, host string) *way {
	r := &http.Request{Method: rt.Method, Host: host, URL: newTemplate(rt.Pattern).example(), Header: http.Header{}}
	w := &way{Route: tigertonic.Route{Method: rt.Method}}
	for range maxSteps {
		var next http.Handler
		switch x := h.(type) {
		case *tigertonic.TrieServeMux:
			h, _ = x.Handler(r)
			continue
		case tigertonic.HostServeMux:
			h, w.Host = x.Handler(r)
			continue
		case tigertonic.FirstHandler:
			if len(x) > 0 {
				w.Wrappers, next = append(w.Wrappers, x[:len(x)-1]...), x[len(x)-1]
			}
		case interface{ Unwrap() http.Handler }:
			if next = x.Unwrap(); next != nil {
				w.Wrappers = append(w.Wrappers, h)
			}
		}
		if next == nil {
			w.Handler = h
			return w.arrived(rt, r.Pattern)
		}
		h = next
	}
	return nil
}

// arrived returns the way if the pattern that the muxes have found is the
// route's, but for the names of wildcards.
func (w *way) arrived(rt tigertonic.Route, pattern string) *way {
	method, pattern, _ := strings.Cut(pattern, " ")
	w.Pattern, w.template = pattern, newTemplate(pattern)
	wanted := newTemplate(rt.Pattern)
	if method != rt.Method || w.template.key() != wanted.key() || w.template.endsInRest() != wanted.endsInRest() {
		return nil
	}
	return w
}

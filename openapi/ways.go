package openapi

import (
	"cmp"
	"fmt"
	"maps"
	"math"
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
	// wild is how many of the wrappers are round the innermost mux whose pattern has
	// wildcards, or -1: what that mux answers itself goes through these.
	wild int
	// entry is the handler of the host, and outside how many of the wrappers are round its
	// HostServeMux. Other hosts of the same handler are also.
	entry   http.Handler
	outside int
	also    []string
}

func (w *way) String() string {
	return strings.TrimLeft(w.Host+" "+w.Method+" "+w.Pattern, " ")
}

// methods are those that OpenAPI 3.1 has, in the order in which they are listed.
func methods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
}

// findWays returns the ways through h, which has these routes, of one host if it
// isn't "", and what is wrong with them. They are sorted by path, then by method.
func findWays(h http.Handler, routes []tigertonic.Route, info Info) (ways []*way, problems []string) {
	type key struct{ method, path string }
	host := info.Host
	found := map[key]*way{}
	hosts := map[string]bool{}
	for _, rt := range routes {
		hosts[rt.Host] = true
		if !hasWords(rt, info.is32()) || host != "" && rt.Host != "" && rt.Host != host {
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
		case old.Host != w.Host && old.isAlso(w):
			if !slices.Contains(old.also, w.Host) {
				old.also = append(old.also, w.Host)
			}
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

// hasWords reports whether OpenAPI 3.1 or 3.2 has words for a route.
func hasWords(rt tigertonic.Route, is32 bool) bool {
	return rt.Pattern != "" && !strings.HasSuffix(rt.Pattern, "/{...}") && rt.Method != "" && (is32 || slices.Contains(methods(), rt.Method))
}

func compareWays(a, b *way) int {
	return cmp.Or(
		cmp.Compare(a.template.key(), b.template.key()),
		cmp.Compare(rank(a.Method), rank(b.Method)),
		cmp.Compare(a.Method, b.Method),
	)
}

// rank returns where a method is listed: those that only OpenAPI 3.2 has come last.
func rank(method string) int {
	if i := slices.Index(append(methods(), "QUERY"), method); i >= 0 {
		return i
	}
	return math.MaxInt
}

// isAlso reports whether another way leads to the same by another name of its host: both
// names have the same handler, behind the same wrappers.
func (w *way) isAlso(other *way) bool {
	return w.Host != "" && other.Host != "" && isSame(w.entry, other.entry) &&
		slices.EqualFunc(w.Wrappers[:w.outside], other.Wrappers[:other.outside], func(a, b http.Handler) bool { return isSame(a, b) })
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
	w := &way{Route: tigertonic.Route{Method: rt.Method, Where: rt.Where}, wild: -1}
	for range maxSteps {
		var next http.Handler
		switch x := h.(type) {
		case *tigertonic.TrieServeMux:
			var pattern string
			if h, pattern = x.Handler(r); strings.Contains(pattern, "{") {
				w.wild = len(w.Wrappers)
			}
			continue
		case tigertonic.HostServeMux:
			if h, w.Host = x.Handler(r); strings.Contains(host, "{") {
				h, w.Host = wildHandler(x, host), host
			}
			w.entry, w.outside = h, len(w.Wrappers)
			continue
		case interface{ Unwrap() []http.Handler }:
			next = w.through(x.Unwrap(), h)
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

// through returns the last handler of a combinator that isn't nil or the combinator itself,
// after adding those round it, as [tigertonic.Routes] does.
func (w *way) through(elements []http.Handler, h http.Handler) http.Handler {
	elements = slices.DeleteFunc(slices.Clone(elements), func(element http.Handler) bool { return element == nil || isSame(element, h) })
	if len(elements) == 0 {
		return nil
	}
	if _, ok := h.(tigertonic.FirstHandler); !ok {
		w.Wrappers = append(w.Wrappers, h)
	}
	last := len(elements) - 1
	w.Wrappers = append(w.Wrappers, elements[:last]...)
	return elements[last]
}

// wildHandler returns the handler of a host with a wildcard. [tigertonic.HostServeMux] has
// an asterisk in its place.
func wildHandler(mux tigertonic.HostServeMux, host string) http.Handler {
	before, _, after := cutWildcard(host)
	h := mux[before+"*"+after]
	if wild, ok := h.(interface{ Unwrap() http.Handler }); ok {
		return wild.Unwrap()
	}
	return tigertonic.NotFoundHandler{}
}

// cutWildcard cuts a host round its wildcard. Without one, name is "".
func cutWildcard(host string) (before, name, after string) {
	before, rest, _ := strings.Cut(host, "{")
	name, after, _ = strings.Cut(rest, "}")
	return before, name, after
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

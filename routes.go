package tigertonic

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/rcrowley/go-tigertonic/internal/trie"

	"github.com/rcrowley/go-tigertonic/internal/linelog"
)

// A Route is one way through a tree of handlers.
type Route struct {
	// Method is the method, or "" for a handler that is called for all of them.
	Method string
	// Host is the name by which a HostServeMux knows the way, as it was registered if it
	// has a wildcard, or "".
	Host string
	// Pattern is the pattern with its namespaces. It ends in /{...} where all
	// that is below leads to the handler, and is "" if there is no mux at all.
	Pattern string
	// Handler is what the way ends at, without wrappers.
	Handler http.Handler
	// Wrappers are the handlers round it, the outermost first. The elements of
	// a FirstHandler, or of a combinator, but for its last count as such.
	Wrappers []http.Handler
	// Where is the line that registered the route with the innermost mux, "main.go:12",
	// or "" if there is no mux.
	Where string
}

// IsDescribed reports whether the operation has a description: from the handler, from
// a [describedHandler] round it, or from a wrapper that isn't of this package and is
// a [Describer].
func (rt Route) IsDescribed() bool {
	if _, ok := rt.Handler.(Describer); ok {
		return true
	}
	return slices.ContainsFunc(rt.Wrappers, func(h http.Handler) bool {
		if _, ok := h.(Describer); !ok {
			return false
		}
		_, ok := h.(*describedHandler)
		return ok || !isOurs(h)
	})
}

// IsOpaque reports whether the handler may hide more routes than the tree shows: it serves
// every method or everything below a path, isn't described, and is of an unknown type, such
// as a closure or another router. So does a mux before the last handler of a combinator: see
// [Routes].
func (rt Route) IsOpaque() bool {
	switch rt.Handler.(type) {
	case Version, NotFoundHandler, MethodNotAllowedHandler, FirstHandler:
		return false
	case HandlerFunc, ParamsFunc: // which read wildcards
		return rt.Method == "" && !rt.IsDescribed()
	case *TrieServeMux, HostServeMux: // before the last handler of a combinator
		return true
	}
	return (rt.Method == "" || strings.HasSuffix(rt.Pattern, "...}")) && !rt.IsDescribed()
}

// isOurs reports whether a handler's type is of this package.
func isOurs(h http.Handler) bool {
	t := reflect.TypeOf(h)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath() == reflect.TypeFor[Route]().PkgPath()
}

// Routes returns the ways through the handlers in the mux, in the order of its
// trie.
func (mux *TrieServeMux) Routes() []Route { return Routes(mux) }

// Routes returns the ways through a tree of handlers: muxes of this package, wrappers with
// a method Unwrap() http.Handler, [FirstHandler], and combinators of yours with a method
// Unwrap() []http.Handler. What is none of these ends a way, and so does a handler whose
// Unwrap returns itself. It returns, too, if a mux is mounted in itself.
//
// Such a combinator is taken for one that works as First does: a request comes to the last
// of its handlers, unless one of those before it has answered. So the way leads to the
// last one, and the combinator and those before it are wrappers round that, also for
// documents, preflights and checks at registration. Don't give that method to a handler
// that chooses between its handlers, for then the way would be that of the last one only;
// without it, the handler is opaque, and [Route.IsOpaque] says so. If a mux stands before
// the last one, its routes can't be told from those of the last one: there is an
// opaque way that ends at that mux. Unwrap must return the same handlers each time.
func Routes(h http.Handler) []Route {
	w := walker{walked: map[*TrieServeMux]bool{}}
	w.walk(h, Route{}, "")
	return w.routes
}

// Explain returns the routes of a tree of handlers as a table for people, one a line: host
// if there are any, method, pattern, wrappers and handler. A handler that may hide more
// than the table shows is marked "(not described)".
func Explain(h http.Handler) string {
	routes := Routes(h)
	hosts := slices.ContainsFunc(routes, func(rt Route) bool { return rt.Host != "" })
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(cells ...string) {
		if !hosts {
			cells = cells[1:]
		}
		_, _ = io.WriteString(table, strings.Join(cells, "\t")+"\n") // to memory
	}
	row("HOST", "METHOD", "PATTERN", "HANDLER")
	for _, rt := range routes {
		names := make([]string, 0, len(rt.Wrappers)+1)
		for _, h := range append(rt.Wrappers, rt.Handler) {
			names = append(names, linelog.Escape(nameOfHandler(h), "\t"))
		}
		if rt.IsOpaque() {
			names[len(names)-1] += " (not described)"
		}
		row(orStar(rt.Host), orStar(rt.Method), linelog.Escape(rt.Pattern, "\t"), strings.Join(names, " > "))
	}
	_ = table.Flush() // to memory
	return b.String()
}

func orStar(s string) string {
	if s == "" {
		return "*"
	}
	return s
}

// A walker collects routes.
type walker struct {
	routes []Route
	muxes  []*TrieServeMux // on the way from the root
	hosts  []uintptr       // likewise, the HostServeMuxes
	walked map[*TrieServeMux]bool
	walks  int
}

// maxWalks is how many muxes are walked without regard to whether they have been
// before. Muxes mounted in each other have more ways than anybody can read.
const maxWalks = 1000

// walk adds the routes through h, which the way so far leads to, within these
// namespaces.
func (w *walker) walk(h http.Handler, way Route, namespaces string) {
	for wrappers := 0; ; wrappers++ {
		switch x := h.(type) {
		case nil:
			return
		case *TrieServeMux:
			w.walkTrie(x, way, namespaces)
			return
		case HostServeMux:
			w.walkHosts(x, way, namespaces)
			return
		}
		next := unwrap(h)
		if next == nil || wrappers == maxWrappers {
			way.Handler = h
			w.routes = append(w.routes, way)
			return
		}
		if _, ok := h.(FirstHandler); !ok {
			way.Wrappers = append(slices.Clip(way.Wrappers), h)
		}
		if elements := elementsOf(h); len(elements) > 0 {
			guards := elements[:len(elements)-1]
			w.hidden(guards, way)
			way.Wrappers = append(slices.Clip(way.Wrappers), guards...)
		}
		h = next
	}
}

// hidden adds ways to the muxes among the guards in a combinator, whose routes can't be
// told from those of what they guard.
func (w *walker) hidden(guards []http.Handler, way Route) {
	for _, h := range guards {
		for range maxWrappers {
			switch h.(type) {
			case *TrieServeMux, HostServeMux:
				way := way
				way.Handler = h
				w.routes = append(w.routes, way)
			}
			if h = unwrap(h); h == nil {
				break
			}
		}
	}
}

// walkTrie adds the routes through a mux. One that is on the way already is
// walked once more, so that the routes it has in its own namespaces show.
func (w *walker) walkTrie(mux *TrieServeMux, way Route, namespaces string) {
	met := 0
	for _, m := range w.muxes {
		if m == mux {
			met++
		}
	}
	if met > 1 || met == 1 && w.muxes[len(w.muxes)-1] != mux {
		return
	}
	w.walks++
	if w.walks > maxWalks && w.walked[mux] {
		return
	}
	w.walked[mux] = true
	w.muxes = append(w.muxes, mux)
	defer func() { w.muxes = w.muxes[:len(w.muxes)-1] }()
	mux.root.Walk(func(n *trie.Node) {
		for rt := n.Routes; rt != nil; rt = rt.Next {
			way := way
			way.Method, way.Pattern, way.Where = rt.Method(), namespaces+rt.Path(), rt.Where.String()
			w.walk(rt.Handler, way, namespaces)
		}
		if m := n.Mount(); m != nil {
			way, namespaces := way, namespaces+m.Namespace
			way.Pattern, way.Where = namespaces+trie.EverythingBelow, m.Where.String()
			w.walk(m.Handler, way, namespaces)
		}
	})
}

// walkHosts adds the routes through a HostServeMux, sorted by host.
func (w *walker) walkHosts(mux HostServeMux, way Route, namespaces string) {
	id := reflect.ValueOf(mux).Pointer()
	if slices.Contains(w.hosts, id) {
		return
	}
	w.hosts = append(w.hosts, id)
	defer func() { w.hosts = w.hosts[:len(w.hosts)-1] }()
	for _, key := range slices.Sorted(maps.Keys(mux)) {
		way := way
		host, h := mux.entry(key)
		way.Host = host
		w.walk(h, way, namespaces)
	}
}

// unwrap returns the handler that h wraps, the last one of a combinator, or
// nil. A handler that says to wrap itself wraps none.
func unwrap(h http.Handler) http.Handler {
	next := innerOf(h)
	if in, ok := next.(*inside); ok { // which nobody has written
		return in.handler
	}
	return next
}

func innerOf(h http.Handler) http.Handler {
	if x, ok := h.(interface{ Unwrap() http.Handler }); ok {
		if next := x.Unwrap(); !isComparable(h) || next != h {
			return next
		}
	} else if elements := elementsOf(h); len(elements) > 0 {
		return elements[len(elements)-1]
	}
	return nil
}

// elementsOf returns the handlers of a combinator, the last of which the others guard, or
// none. See [Routes].
func elementsOf(h http.Handler) []http.Handler {
	var elements []http.Handler
	switch x := h.(type) {
	case FirstHandler:
		return x
	case interface{ Unwrap() []http.Handler }:
		elements = x.Unwrap()
	}
	isNone := func(element http.Handler) bool { return element == nil || isComparable(h) && element == h }
	if slices.ContainsFunc(elements, isNone) {
		elements = slices.DeleteFunc(slices.Clone(elements), isNone)
	}
	return elements
}

// isComparable reports whether comparing h with another handler doesn't panic.
func isComparable(h http.Handler) bool {
	return reflect.TypeOf(h).Kind() == reflect.Pointer || reflect.ValueOf(h).Comparable() // which allocates
}

// maxWrappers is how many wrappers may be round each other. Where there are more,
// what they say to wrap leads in a circle.
const maxWrappers = 1000

// endless reports whether the handlers that h wraps lead in a circle.
func endless(h http.Handler) bool { return isDeeper(h, maxWrappers) }

// isDeeper reports whether more than so many handlers are round each other in h.
func isDeeper(h http.Handler, limit int) bool {
	for ; limit > 0; limit-- {
		elements := elementsOf(h)
		for _, element := range elements[:max(len(elements)-1, 0)] {
			if isDeeper(element, limit-1) {
				return true
			}
		}
		if h = unwrap(h); h == nil {
			return false
		}
	}
	return true
}

// reaches reports whether h, or a handler that it may pass a request to with the same
// path, is a mux that target says yes to.
func reaches(h http.Handler, target func(http.Handler) bool) bool {
	visited, hosts := map[*TrieServeMux]bool{}, map[uintptr]bool{}
	var visit func(http.Handler) bool
	visit = func(h http.Handler) bool {
		for ; h != nil; h = unwrap(h) {
			if target(h) {
				return true
			}
			switch x := h.(type) {
			case *TrieServeMux:
				if visited[x] {
					return false
				}
				visited[x] = true
				return slices.ContainsFunc(x.passedOn(), visit)
			case HostServeMux:
				id := reflect.ValueOf(x).Pointer()
				if hosts[id] {
					return false
				}
				hosts[id] = true
				return slices.ContainsFunc(slices.Collect(maps.Values(x)), visit)
			}
			if elements := elementsOf(h); len(elements) > 0 {
				return slices.ContainsFunc(elements, visit)
			}
		}
		return false
	}
	return visit(h)
}

// passedOn returns the handlers that see a request's path as the mux does.
func (mux *TrieServeMux) passedOn() (handlers []http.Handler) {
	mux.root.Walk(func(n *trie.Node) {
		for rt := n.Routes; rt != nil; rt = rt.Next {
			handlers = append(handlers, rt.Handler)
		}
	})
	if m := mux.root.Mount(); m != nil {
		handlers = append(handlers, m.Handler)
	}
	return handlers
}

// needsOf returns whether the handlers in h expect to find r.PathValue filled.
// Only a handler that is known not to look, or to look with PathValue, doesn't: so
// it is a list of types, which one that embeds another isn't on.
func needsOf(h http.Handler) need {
	switch x := h.(type) {
	case *MeasuredHandler:
		return needsOf(x.handler)
	case HandlerFunc, ParamsFunc, Version, NotFoundHandler, MethodNotAllowedHandler, *Refusal, *basicAuth, *Endpoint, *Marshaler:
		return 0
	case FirstHandler:
		var needs need
		for _, element := range x {
			needs |= needsOf(element)
		}
		return needs
	case *accessLogger, *ApacheLogger, *authHandler, *CacheControl, *ContextHandler, *CORSHandler, *Counter, *CounterByStatus, *CounterByStatusXX,
		*decompressor, *deprecatedHandler, *describedHandler, *identifiedHandler, *inside, *limiter, *proxiedHandler, *queryHandler, *RecoveredHandler, *scopedHandler, *sizer, *strictQueryHandler, *Timer, *unsafePathsHandler, *withinHandler:
		return needsOf(unwrap(x))
	}
	return needPathValue
}

// nameOfHandler returns what people call h.
func nameOfHandler(h http.Handler) string {
	switch x := h.(type) {
	case fmt.Stringer:
		return x.String()
	case HandlerFunc, ParamsFunc, http.HandlerFunc:
		return nameOfFunc(reflect.ValueOf(x))
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", h), "*")
}

// nameOfFunc returns a function's name with the last element of its package's
// path.
func nameOfFunc(f reflect.Value) string {
	if f.IsNil() {
		return "nil"
	}
	return strings.TrimSuffix(path.Base(runtime.FuncForPC(f.Pointer()).Name()), "-fm")
}

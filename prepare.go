package tigertonic

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/swar"
	"github.com/rcrowley/go-tigertonic/internal/trie"
)

// How a mux gets a request ready for the handler that it has found.

// A need is what a handler expects of a request that is routed to it.
type need uint8

const (
	needPathValue  need = 1 << iota // r.PathValue("name")
	needOneReading                  // a path that it can't read in another way than the mux: see unsafepaths.go
)

// needsOfRoute returns what the handler of a route with wildcards expects.
func needsOfRoute(rt *trie.Route, h http.Handler) need {
	if len(rt.Captures) == 0 {
		return 0
	}
	needs := needsOf(h)
	if strings.Contains(rt.Pattern, "%") || trie.HasBracedName(rt.Pattern) {
		needs |= needPathValue // for PathValue takes literals for as long as in an unescaped path, and {{id}} has two names
	}
	if rt.Captures[len(rt.Captures)-1].Rest && pathReader(h, nil) != nil {
		needs |= needOneReading
	}
	return needs
}

// prepareRoute puts into the request what the route's handler needs.
func prepareRoute(rt *trie.Route, r *http.Request, path string, escaped bool) {
	needs := need(rt.Flags)
	if r.Pattern == "" {
		r.Pattern = rt.Pattern
	} else {
		needs |= prepareWithin(rt, r)
	}
	if needs&needPathValue != 0 {
		setPathValues(r, rt.Captures, path, escaped)
	}
}

// refuses reports whether the route's handler isn't given a path that it matches,
// because it may read what its wildcards stand for in another way.
func refuses(rt *trie.Route, path string, escaped bool) bool {
	return need(rt.Flags)&needOneReading != 0 && hasOtherReadings(swar.AfterSlashes(path, int(rt.Captures[0].Segment)+1), escaped)
}

// prepareWithin sets r.Pattern where another mux has set it before. It adds a
// need for path values where [PathValue] would find another mux's wildcard of
// the same name, or couldn't tell where in the path the pattern begins.
func prepareWithin(rt *trie.Route, r *http.Request) need {
	if strings.HasSuffix(r.Pattern, trie.EverythingBelow) {
		r.Pattern = rt.PatternWithin(r.Pattern)
	} else {
		r.Pattern = rt.Pattern
	}
	if slices.ContainsFunc(rt.Captures, func(c trie.Capture) bool { return c.Rest || r.PathValue(c.Name) != "" }) {
		return needPathValue
	}
	return 0
}

// instead returns what answers a request in the place of the namespace's handler, or
// nil: 404 for a path that the handler may read in another way than the mux, and for
// a tunnel, which has none.
func instead(m *trie.Mount, r *http.Request, path, left string, escaped, tunnel bool) http.Handler {
	other := left != "" && hasOtherReadings(left[len("/"):], escaped)
	if !other && !tunnel && left != "" {
		return nil
	}
	reader := pathReader(m.Handler, r)
	switch {
	case reader == nil:
	case other || tunnel:
		return NotFoundHandler{}
	case isFileServer(reader):
		return newSlashRedirect(path, r.URL.RawQuery, escaped)
	}
	return nil
}

// maxNestedSegments is how many segments nested namespaces may have. A mux can be mounted
// in itself, and without a limit the client would choose the depth of the calls.
const maxNestedSegments = 16

// prepareMount takes the namespace off the request's URL, which leaves left, and
// fills the namespace's wildcards. It reports false if that is too deep.
func prepareMount(m *trie.Mount, r *http.Request, path, left string, escaped bool) bool {
	outer := r.Pattern
	if !strings.HasSuffix(outer, trie.EverythingBelow) {
		outer = "" // another router's
	}
	if strings.Count(outer, "/") > maxNestedSegments {
		return false
	}
	r.Pattern = m.PatternWithin(outer)
	if len(m.Captures) > 0 {
		setPathValues(r, m.Captures, path, escaped)
	}
	if left == "" {
		left = "/"
	}
	if r.URL.Path != "" || r.Method != http.MethodConnect {
		trie.SetPath(r.URL, left, escaped)
	}
	return true
}

// setPathValues puts what the captures stand for in a path that matches into
// r.PathValue, and in a queryHandler into the query. r.Pattern has been set.
func setPathValues(r *http.Request, captures []trie.Capture, path string, escaped bool) {
	inQuery := inQueryHandler(r) // which is quick before there are values
	trie.SetPathValues(r, captures, path, escaped)
	if inQuery {
		fillQuery(r)
	}
}

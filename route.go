package tigertonic

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
)

// A route is a method and a pattern with their handler. What every request needs
// comes first, so that it is near together in memory.
type route struct {
	number    methodNumber
	needs     need   // without wildcards none
	pathIndex int32  // of the slash in pattern
	pattern   string // "GET /stuff/{id}"
	handler   http.Handler
	next      *route // that ends at the same node

	prefix   int32 // of an unescaped path, how much is before the value of the first capture
	captures []capture
	where    place
	within   patterns
}

func newRoute(method, whole string, segments []segment, h http.Handler, where place) *route {
	rt := &route{
		pattern:   whole,
		pathIndex: int32(len(method) + len(" ")), //nolint:gosec // a method isn't that long
		handler:   h,
		captures:  capturesOf(segments),
		where:     where,
		number:    numberOf(method),
	}
	if len(rt.captures) == 0 {
		return rt
	}
	rt.needs = needsOf(h)
	if strings.Contains(whole, "%") {
		rt.needs |= needPathValue // for PathValue takes literals for as long as in an unescaped path
	}
	rt.prefix = 1
	for _, s := range segments[:rt.captures[0].segment] {
		rt.prefix += int32(len("/") + len(s.text)) //nolint:gosec // nor is a pattern
	}
	return rt
}

func (rt *route) path() string { return rt.pattern[rt.pathIndex:] }

func (rt *route) method() string { return rt.pattern[:rt.pathIndex-1] }

// answers tells whether the route is for this method.
func (rt *route) answers(m method) bool {
	return rt.number == m.number && (m.number != numberOfOthers || rt.method() == m.name)
}

// prepare puts into the request what the route's handler needs.
func (rt *route) prepare(r *http.Request, path string, escaped bool) {
	needs := rt.needs
	if r.Pattern == "" {
		r.Pattern = rt.pattern
	} else {
		needs |= rt.prepareWithin(r)
	}
	if needs != 0 {
		fill(r, needs, rt.captures, path, escaped)
	}
}

// prepareWithin sets r.Pattern where another mux has set it before. It adds a
// need for path values where [PathValue] would find another mux's wildcard of
// the same name, or couldn't tell where in the path the pattern begins.
func (rt *route) prepareWithin(r *http.Request) need {
	if strings.HasSuffix(r.Pattern, everythingBelow) {
		r.Pattern = rt.within.get(r.Pattern, rt.patternWithin)
	} else {
		r.Pattern = rt.pattern
	}
	if slices.ContainsFunc(rt.captures, func(c capture) bool { return c.rest || r.PathValue(c.name) != "" }) {
		return needPathValue
	}
	return 0
}

func (rt *route) patternWithin(outer string) string {
	namespaces, _ := splitNamespaces(outer)
	return rt.pattern[:rt.pathIndex] + namespaces + rt.path()
}

// While a namespace's handler is being called, r.Pattern is the namespaces on
// the way and everythingBelow, once more for each namespace "" within another. No
// other mux has patterns of this form.
const everythingBelow = "/{...}"

// maxSegments is how many segments namespaces within each other may have. A mux
// can be mounted in itself, and without a limit the client would choose how deep
// the calls are nested.
const maxSegments = 16

// splitNamespaces returns the namespaces in such a pattern, and how often
// everythingBelow follows them.
func splitNamespaces(pattern string) (namespaces string, repeats int) {
	for {
		before, found := strings.CutSuffix(pattern, everythingBelow)
		if !found {
			return pattern, repeats
		}
		pattern, repeats = before, repeats+1
	}
}

// A mount is a namespace with its handler.
type mount struct {
	namespace string // "/1.0", or "" for everything
	handler   http.Handler
	captures  []capture
	where     place
	within    patterns
}

func newMount(segments []segment, namespace string, h http.Handler, where place) *mount {
	return &mount{
		namespace: strings.TrimSuffix(namespace, "/"),
		handler:   h,
		captures:  capturesOf(segments),
		where:     where,
	}
}

// prepare takes the namespace off the request's URL, which leaves left, and
// fills the namespace's wildcards. It reports false if that is too deep.
func (m *mount) prepare(r *http.Request, path, left string, escaped bool) bool {
	outer := r.Pattern
	if !strings.HasSuffix(outer, everythingBelow) {
		outer = "" // another router's
	}
	if strings.Count(outer, "/") > maxSegments {
		return false
	}
	r.Pattern = m.within.get(outer, m.patternWithin)
	if len(m.captures) > 0 {
		fill(r, needPathValue|needQuery, m.captures, path, escaped)
	}
	if left == "" {
		left = "/"
	}
	setPath(r.URL, left, escaped)
	return true
}

func (m *mount) patternWithin(outer string) string {
	namespaces, repeats := splitNamespaces(outer)
	if m.namespace == "" || repeats == 0 {
		repeats++
	}
	return namespaces + m.namespace + strings.Repeat(everythingBelow, repeats)
}

// Patterns are the patterns of a route or mount by the namespaces round it, kept
// so that a request needn't put them together. Safe for concurrent use.
type patterns struct {
	kept atomic.Pointer[map[string]string] // never written to
}

// maxKeptPatterns is how many patterns are kept. Muxes that are mounted in
// themselves can be met in more namespaces.
const maxKeptPatterns = 256

// get returns the pattern within outer, made by within if it isn't kept.
func (p *patterns) get(outer string, within func(outer string) string) string {
	var old map[string]string
	kept := p.kept.Load()
	if kept != nil {
		old = *kept
	}
	if pattern, ok := old[outer]; ok {
		return pattern
	}
	pattern := within(outer)
	if len(old) >= maxKeptPatterns {
		return pattern
	}
	more := make(map[string]string, len(old)+1)
	maps.Copy(more, old)
	more[strings.Clone(outer)] = pattern
	p.kept.CompareAndSwap(kept, &more) // or the next request does it
	return pattern
}

package tigertonic

import (
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
)

// A route is a method and a pattern with their handler.
type route struct {
	pattern   string // "GET /stuff/{id}"
	pathIndex int    // of the slash in pattern
	handler   http.Handler
	needs     need
	wildcards bool
	rest      bool // ends in {name...}
	where     place
	prefixed  prefixes
}

func newRoute(method, pattern string, segments []segment, h http.Handler, where place) *route {
	return &route{
		pattern:   method + " " + pattern,
		pathIndex: len(method) + len(" "),
		handler:   h,
		needs:     needsOf(h),
		wildcards: hasWildcard(segments),
		rest:      segments[len(segments)-1].kind == rest,
		where:     where,
	}
}

func (rt *route) path() string { return rt.pattern[rt.pathIndex:] }

// prepare puts into the request what the route's handler needs.
func (rt *route) prepare(r *http.Request, path string, escaped bool) {
	needs := rt.needs
	if r.Pattern == "" {
		r.Pattern = rt.pattern
	} else {
		needs |= rt.prepareWithin(r)
	}
	if rt.wildcards && needs != 0 {
		fill(r, needs, rt.path(), path, escaped)
	}
}

// prepareWithin sets r.Pattern where another mux has set it before. It adds a
// need for path values where [PathValue] would find another mux's wildcard of
// the same name, or couldn't tell where in the path the pattern begins.
func (rt *route) prepareWithin(r *http.Request) need {
	namespace, repeats := splitNamespaces(r.Pattern)
	if repeats > 0 {
		r.Pattern = rt.prefixed.join(namespace, rt.pattern[:rt.pathIndex], rt.path())
	} else {
		r.Pattern = rt.pattern
	}
	if rt.rest || strings.IndexByte(namespace, '{') >= 0 {
		return needPathValue
	}
	return 0
}

// everythingBelow ends r.Pattern while a namespace's handler is being called,
// once more for each time that the namespace was met again. No other mux has
// patterns of this form.
const everythingBelow = "/{...}"

// maxRepeats is how often one request may meet namespaces again. A mux can be
// mounted in itself, and without a limit the client would choose how deep the
// calls are nested.
const maxRepeats = 16

// splitNamespaces returns the namespaces in r.Pattern and how often
// everythingBelow follows them, which is 0 for a pattern that isn't ours.
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
	wildcards bool
	where     place
	prefixed  prefixes
}

func newMount(segments []segment, namespace string, h http.Handler, where place) *mount {
	return &mount{
		namespace: strings.TrimSuffix(namespace, "/"),
		handler:   h,
		wildcards: hasWildcard(segments),
		where:     where,
	}
}

// prepare takes the namespace off the request's URL, which leaves left, and
// fills the namespace's wildcards. It reports false if the namespace has been
// met too often.
func (m *mount) prepare(r *http.Request, path, left string, escaped bool) bool {
	outer, repeats := splitNamespaces(r.Pattern)
	if repeats == 0 {
		outer = ""
	}
	switch {
	case m.namespace == "" || strings.Contains(outer+"/", m.namespace+"/"):
		if repeats == maxRepeats {
			return false
		}
		r.Pattern = outer + strings.Repeat(everythingBelow, repeats+1)
	case repeats <= 1:
		r.Pattern = m.prefixed.join(outer, "", m.namespace+everythingBelow)
	default:
		r.Pattern = outer + m.namespace + strings.Repeat(everythingBelow, repeats)
	}
	if m.wildcards {
		fill(r, needPathValue|needQuery, m.namespace, path, escaped)
	}
	if left == "" {
		left = "/"
	}
	setPath(r.URL, left, escaped)
	return true
}

func hasWildcard(segments []segment) bool {
	for _, s := range segments {
		if s.kind != literal {
			return true
		}
	}
	return false
}

// Prefixes are a pattern under each of the namespaces it was met in, kept so
// that a request needn't put it together. Safe for concurrent use.
type prefixes struct {
	full atomic.Pointer[map[string]string] // by namespace; never written to
}

// maxPrefixes is how many namespaces a pattern is kept under. Muxes mounted in
// each other can be met in more.
const maxPrefixes = 64

// join returns before, the namespace and the pattern in one string, or without
// the namespace once there are too many.
func (p *prefixes) join(namespace, before, pattern string) string {
	if namespace == "" && before == "" {
		return pattern
	}
	var old map[string]string
	kept := p.full.Load()
	if kept != nil {
		old = *kept
	}
	if full, ok := old[namespace]; ok {
		return full
	}
	if len(old) >= maxPrefixes {
		return before + pattern
	}
	full := before + namespace + pattern
	more := maps.Clone(old)
	if more == nil {
		more = map[string]string{}
	}
	more[strings.Clone(namespace)] = full
	p.full.CompareAndSwap(kept, &more) // or the next request does it
	return full
}

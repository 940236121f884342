package trie

import (
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
)

// A Route is a method and a pattern with their handler. It has what every request needs,
// and fills one line of the processor's cache; the rest is in its Details.
type Route struct {
	number    number // of the method
	Flags     uint8  // for the mux to use
	pathIndex int32  // of the slash in Pattern
	prefix    int32  // how many bytes of an unescaped path are before the first wildcard's value
	Pattern   string // "GET /stuff/{id}"
	Handler   http.Handler
	Next      *Route // at the same node, for another method
	*Details
}

// Details are what few requests need of a route.
type Details struct {
	Captures []Capture     // of the pattern, from left to right
	Where    callsite.Site // that registered it
	within   patternCache
}

// NewRoute returns the route for a parsed pattern. whole is the method, a space and the
// pattern.
func NewRoute(method, whole string, segments []Segment, h http.Handler, where callsite.Site) *Route {
	rt := &Route{
		Pattern:   whole,
		pathIndex: int32(len(method) + len(" ")), //nolint:gosec // a method isn't that long
		Handler:   h,
		Details:   &Details{Captures: capturesOf(segments), Where: where},
		number:    numberOf(method),
	}
	if len(rt.Captures) == 0 {
		return rt
	}
	rt.prefix = 1
	for _, s := range segments[:rt.Captures[0].Segment] {
		rt.prefix += int32(len("/") + len(s.Text)) //nolint:gosec // nor is a pattern
	}
	return rt
}

// Path returns the pattern without the method.
func (rt *Route) Path() string { return rt.Pattern[rt.pathIndex:] }

// Method returns the method.
func (rt *Route) Method() string { return rt.Pattern[:rt.pathIndex-1] }

// answers reports whether the route is for this method.
func (rt *Route) answers(m Method) bool {
	return rt.number == m.number && (m.number != others || rt.Method() == m.name)
}

// A Mount is a namespace with its handler.
type Mount struct {
	Namespace string // "/1.0", or "" for everything
	Handler   http.Handler
	Captures  []Capture     // of the namespace, from left to right
	Where     callsite.Site // that registered it
	within    patternCache
	Flags     uint8 // for the mux to use
}

// NewMount returns the mount of a parsed namespace.
func NewMount(segments []Segment, namespace string, h http.Handler, where callsite.Site) *Mount {
	return &Mount{
		Namespace: strings.TrimSuffix(namespace, "/"),
		Handler:   h,
		Captures:  capturesOf(segments),
		Where:     where,
	}
}

package trie

import (
	"maps"
	"strings"
	"sync/atomic"
)

// What r.Pattern is for handlers in namespaces.

// EverythingBelow is the end of r.Pattern for a namespace's handler. It comes after the
// namespaces on the way, and once more for each namespace "" within another. No other
// router has patterns of this form.
const EverythingBelow = "/{...}"

// PatternWithin returns r.Pattern for the route's handler, given its previous value
// outer, which ends in EverythingBelow: the pattern with the namespaces of outer
// inserted.
func (rt *Route) PatternWithin(outer string) string { return rt.within.get(outer, rt.join) }

func (rt *Route) join(outer string) string {
	namespaces, _ := splitNamespaces(outer)
	return rt.Pattern[:rt.pathIndex] + namespaces + rt.Path()
}

// PatternWithin returns r.Pattern for the namespace's handler, given its previous value
// outer, which ends in EverythingBelow or is "".
func (m *Mount) PatternWithin(outer string) string { return m.within.get(outer, m.join) }

func (m *Mount) join(outer string) string {
	namespaces, repeats := splitNamespaces(outer)
	if m.Namespace == "" || repeats == 0 {
		repeats++
	}
	return namespaces + m.Namespace + strings.Repeat(EverythingBelow, repeats)
}

// splitNamespaces returns the namespaces in a pattern, and the number of times that
// EverythingBelow follows.
func splitNamespaces(pattern string) (namespaces string, repeats int) {
	for {
		before, found := strings.CutSuffix(pattern, EverythingBelow)
		if !found {
			return pattern, repeats
		}
		pattern, repeats = before, repeats+1
	}
}

// A patternCache keeps the values of r.Pattern for a route or mount, by the previous
// value, so that most requests needn't build one. It is safe for concurrent use.
type patternCache struct {
	kept atomic.Pointer[map[string]string] // replaced, never written to
}

// maxKeptPatterns is how many patterns a cache keeps. A mux that is mounted in
// itself can be reached through any number of namespaces.
const maxKeptPatterns = 256

// get returns the pattern within outer, from the cache or from join.
func (p *patternCache) get(outer string, join func(outer string) string) string {
	var old map[string]string
	kept := p.kept.Load()
	if kept != nil {
		old = *kept
	}
	if pattern, ok := old[outer]; ok {
		return pattern
	}
	pattern := join(outer)
	if len(old) >= maxKeptPatterns {
		return pattern
	}
	more := make(map[string]string, len(old)+1)
	maps.Copy(more, old)
	more[strings.Clone(outer)] = pattern
	p.kept.CompareAndSwap(kept, &more) // if another request was faster, a later one keeps it
	return pattern
}

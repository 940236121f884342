package trie

import (
	"net/http"

	"github.com/rcrowley/go-tigertonic/internal/swar"
)

// A Capture is a wildcard of a pattern.
type Capture struct {
	Name    string
	Segment int32 // the index of the path's segment that it stands for,
	Rest    bool  // or of the first one, if it stands for the rest
}

func capturesOf(segments []Segment) (captures []Capture) {
	for i, s := range segments {
		if s.Kind != Literal {
			captures = append(captures, Capture{s.Text, int32(i), s.Kind == Rest})
		}
	}
	return captures
}

// NamesOf returns the names of the captures.
func NamesOf(captures []Capture) (names []string) {
	for _, c := range captures {
		names = append(names, c.Name)
	}
	return names
}

// SetPathValues sets the values of r.PathValue to those of the captures in a matching
// path, unescaped once. A wildcard {{id}} is set as "{id}" and as "id".
func SetPathValues(r *http.Request, captures []Capture, path string, escaped bool) {
	segment := int32(-1)
	for i := range captures {
		c := &captures[i]
		path, segment = swar.AfterSlashes(path, int(c.Segment-segment)), c.Segment
		value := path
		if !c.Rest {
			value = path[:swar.FirstSlash(path)]
		}
		if escaped {
			value = Unescape(value)
		}
		for name, ok := c.Name, true; ok; name, ok = WithoutBraces(name) {
			r.SetPathValue(name, value)
		}
	}
}

// is reports whether the capture has this name. Names of one length mostly differ in
// the last byte, which is compared first.
func (c *Capture) is(name string) bool {
	n := len(name)
	return len(c.Name) == n && n > 0 && c.Name[n-1] == name[n-1] && c.Name == name
}

// Value returns the value of the wildcard with this name in an unescaped path that the
// route matches, and reports whether there is such a wildcard.
func (rt *Route) Value(name, path string) (value string, ok bool) {
	for i := range rt.Captures {
		c := &rt.Captures[i]
		if !c.is(name) {
			continue
		}
		value = swar.AfterSlashes(path[rt.prefix:], int(c.Segment-rt.Captures[0].Segment))
		if !c.Rest {
			value = value[:swar.FirstSlash(value)]
		}
		return value, true
	}
	return "", false
}

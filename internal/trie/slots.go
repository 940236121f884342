package trie

import (
	"net/http"
	"net/url"
	"strings"
)

// r.SetPathValue has two places for a value: a slice of the request, if an http.ServeMux
// has matched it to a pattern with a wildcard of that name, or else a map, which takes
// more time and 336 bytes. Only an http.ServeMux can make the slice. So there is one for
// each list of names, whose only pattern is made of wildcards with these names, and a
// path that matches it and is as short as can be.

// Slots make room in requests for the values of some wildcards. They are safe for
// concurrent use.
type Slots struct {
	mux http.ServeMux
	url url.URL // that matches
}

// AllSlots are the slots that there are, by their pattern. The zero value has none. They
// aren't safe for concurrent use.
type AllSlots map[string]*Slots

// For returns the slots for the captures. It returns nil if there are none: without
// captures or with many, if http.ServeMux doesn't take a name, or if one stands for the rest of the
// path, which a handler may want to pass on to an http.ServeMux of its own.
func (all *AllSlots) For(captures []Capture) *Slots {
	if len(captures) == 0 || len(captures) > maxSlots {
		return nil
	}
	var names strings.Builder
	for _, c := range captures {
		if c.Rest || !isIdentifier(c.Name) {
			return nil
		}
		names.WriteString("/{" + c.Name + "}")
	}
	pattern := names.String()
	s, ok := (*all)[pattern]
	if !ok {
		if *all == nil {
			*all = AllSlots{}
		}
		s = newSlots(pattern, captures)
		(*all)[pattern] = s
	}
	return s
}

// maxSlots is how many values have room. An http.ServeMux lets the slice grow from one
// value to two and to four, and the map never takes more than two allocations.
const maxSlots = 2

// newSlots returns the slots of a pattern, or nil if http.ServeMux makes none.
func newSlots(pattern string, captures []Capture) *Slots {
	s := &Slots{url: url.URL{Path: strings.Repeat("/-", len(captures))}}
	matched := func(http.ResponseWriter, *http.Request) {}
	s.mux.HandleFunc(pattern, matched)
	s.mux.HandleFunc("/", matched) // if a mux without wildcards is asked for by GODEBUG=httpmuxgo121=1
	r := &http.Request{}
	s.Open(r)
	for _, c := range captures {
		if r.PathValue(c.Name) != "-" {
			return nil
		}
	}
	return s
}

// isIdentifier reports whether the name is a Go identifier in ASCII.
func isIdentifier(name string) bool {
	const letters = "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return name != "" && strings.Contains(letters, name[:1]) && strings.Trim(name, letters+"0123456789") == ""
}

// Open makes room in r, for r.SetPathValue to fill. Until then, the values are "-". Values
// that an http.ServeMux has set are lost, but not those of r.SetPathValue.
func (s *Slots) Open(r *http.Request) {
	u, host, method, uri, pattern := r.URL, r.Host, r.Method, r.RequestURI, r.Pattern
	r.URL, r.Host, r.Method, r.RequestURI = &s.url, "", "", ""
	s.mux.ServeHTTP(nil, r)
	r.URL, r.Host, r.Method, r.RequestURI, r.Pattern = u, host, method, uri, pattern
}

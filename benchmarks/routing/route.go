// Package routing compares how fast routers find a handler.
package routing

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Route says where a router must find a handler.
type Route struct {
	Method  string
	Pattern string   // with wildcards as net/http has them, {name}
	Colon   string   // the same with :name
	Names   []string // of the wildcards
}

// NewRoute returns the route for a pattern with {name} for wildcards.
func NewRoute(method, pattern string) Route {
	rt := Route{Method: method, Pattern: pattern}
	segments := strings.Split(pattern, "/")
	for i, segment := range segments {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			rt.Names = append(rt.Names, name)
			segments[i] = ":" + name
		}
	}
	rt.Colon = strings.Join(segments, "/")
	return rt
}

// Path returns a path that the route matches, with the name of each wildcard as its
// value.
func (rt *Route) Path() string { return strings.NewReplacer("{", "", "}", "").Replace(rt.Pattern) }

// Table reads one of the public route tables, with a method and a pattern per line, from
// testdata/routes of the library.
func Table(dir, name string) ([]Route, error) {
	text, err := os.ReadFile(filepath.Join(dir, name+".txt")) //nolint:gosec // the names are ours
	if err != nil {
		return nil, err
	}
	var routes []Route
	for line := range strings.Lines(string(text)) {
		method, pattern, _ := strings.Cut(strings.TrimSpace(line), " ")
		routes = append(routes, NewRoute(method, pattern))
	}
	return routes, nil
}

// Grown returns n routes like those of a large API: services with 50 resources of four
// routes each.
func Grown(n int) []Route {
	routes := make([]Route, n)
	for i := range routes {
		resource := fmt.Sprintf("/service%02d/resource%02d", i/4/50, i/4%50)
		switch i % 4 {
		case 0:
			routes[i] = NewRoute("GET", resource)
		case 1:
			routes[i] = NewRoute("POST", resource)
		case 2:
			routes[i] = NewRoute("GET", resource+"/{id}")
		case 3:
			routes[i] = NewRoute("DELETE", resource+"/{id}")
		}
	}
	return routes
}

// Deep returns n chains of 20 routes, from one segment to 20; in these, every
// other is a wildcard.
func Deep(n int) []Route {
	routes := make([]Route, 0, 20*n)
	for i := range n {
		pattern := ""
		for depth := 1; depth <= 20; depth++ {
			switch {
			case depth == 1:
				pattern = fmt.Sprintf("/chain%03d", i)
			case depth%2 == 0:
				pattern += fmt.Sprintf("/{w%d}", depth)
			default:
				pattern += fmt.Sprintf("/level%d", depth)
			}
			routes = append(routes, NewRoute("GET", pattern))
		}
	}
	return routes
}

// Wildcards returns a route of n wildcards.
func Wildcards(n int) Route {
	var pattern strings.Builder
	for i := range n {
		fmt.Fprintf(&pattern, "/{%c}", 'a'+rune(i))
	}
	return NewRoute("GET", pattern.String())
}

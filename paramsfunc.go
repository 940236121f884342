package tigertonic

import "net/http"

// ParamsFunc is a handler that is passed the wildcards of its pattern. For one
// that a [TrieServeMux] calls itself, reading them takes the least time; within
// other handlers, it is as with [PathValue]. What [HandlerFunc] says of filling
// the request is true of it, too.
type ParamsFunc func(http.ResponseWriter, *http.Request, Params)

// ServeHTTP calls f, under a TrieServeMux or any router that fills r.PathValue.
func (f ParamsFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) { f(w, r, Params{request: r}) }

// Params are the wildcards of a request that was matched. They can be kept and
// passed on by value. The zero value has none.
type Params struct {
	request *http.Request
	route   *route // that path matches, or nil to ask the request for everything
	path    string // unescaped
}

// Get returns what the wildcard of that name stands for, unescaped once, or "" if
// there is no such wildcard.
func (p Params) Get(name string) string {
	if p.route != nil {
		for i := range p.route.captures {
			if c := &p.route.captures[i]; c.is(name) {
				return p.route.value(c, p.path)
			}
		}
	}
	if p.request == nil {
		return ""
	}
	return PathValue(p.request, name) // of a namespace
}

// is tells whether name is the capture's. Those of one length mostly differ in the
// last byte.
func (c *capture) is(name string) bool {
	n := len(name)
	return len(c.name) == n && n > 0 && c.name[n-1] == name[n-1] && c.name == name
}

// value returns what the capture stands for in a path that the route matches.
func (rt *route) value(c *capture, path string) string {
	value := afterSlashes(path[rt.prefix:], int(c.segment-rt.captures[0].segment))
	if c.rest {
		return value
	}
	return value[:firstSlash(value)]
}

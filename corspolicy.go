package tigertonic

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/trie"
)

// Which CORSHandler a request would come to is found by walking the tree of
// handlers as the request would, without calling any of them. A preflight needs it
// for all methods of the path at once, for a browser remembers its answer for all
// of them. Where several CORSHandlers stand round each other, the nearest to the
// handler decides, as it does over the headers of a response.

// A policy is a method of a path with its CORS.
type policy struct {
	method string       // or "" for all that no other policy names
	cors   *CORSHandler // or nil
	own    bool         // it is OPTIONS, which a mux answers by itself
}

// allows reports whether the origin of the request may use the method, with
// credentials if these are wanted.
func (p *policy) allows(r *http.Request, credentials bool) bool {
	return p.cors != nil && p.cors.allowedOrigin(r) != "" && (p.cors.credentials || !credentials)
}

// needsNoPreflight reports whether browsers use the method, or one of those that
// the policy is for, without asking (CORS-safelisted methods, Fetch §2.2.1).
func (p *policy) needsNoPreflight() bool {
	switch p.method {
	case http.MethodGet, http.MethodHead, http.MethodPost, "":
		return true
	}
	return false
}

// A survey is what a tree of handlers does with the requests to a path.
type survey struct {
	r        *http.Request // which isn't changed
	policies []policy      // of different methods
	few      [6]policy     // which mostly are enough
	routed   *TrieServeMux // which answers OPTIONS, or nil
	allow    methodList    // of that mux, in which the text may be missing
	explicit bool          // it has a handler for OPTIONS
	opaque   bool          // requests of any method reach a handler that is none of our muxes
	guarded  bool          // a wrapper on the way there may refuse a request
}

// A spot is what of a path a mux looks at.
type spot struct {
	path    string
	escaped bool
	slashes int // in the request's pattern, if that is of namespaces
}

// spotOf returns what the first mux in the way of r looks at.
func spotOf(r *http.Request) spot {
	at := spot{}
	at.path, at.escaped = trie.PathOf(r.URL)
	if strings.HasSuffix(r.Pattern, trie.EverythingBelow) {
		at.slashes = strings.Count(r.Pattern, "/")
	}
	return at
}

// within returns what a handler that is mounted there looks at, if it isn't too
// deep, as prepareMount knows it.
func (at spot) within(m *trie.Mount, left string) (inner spot, ok bool) {
	ok = at.slashes <= maxNestedSegments
	if m.Namespace == "" || at.slashes == 0 {
		at.slashes++
	}
	at.slashes += strings.Count(m.Namespace, "/")
	at.path = left
	return at, ok
}

// surveyOf returns what h does with the requests to the path of r.
func surveyOf(h http.Handler, r *http.Request) *survey {
	s := &survey{r: r}
	s.handler(h, spotOf(r), "", nil)
	return s
}

// corsOf returns the CORSHandler that the request would come to in h, or nil.
func corsOf(h http.Handler, r *http.Request) *CORSHandler {
	s := survey{r: r}
	s.handler(h, spotOf(r), r.Method, nil)
	p, _ := s.policy(r.Method)
	return p.cors
}

// handler adds what h does with requests of the method, or of all that aren't known
// yet if it is "". The nearest CORSHandler outside of it is c, or nil.
func (s *survey) handler(h http.Handler, at spot, method string, c *CORSHandler) {
	for range maxWrappers {
		switch x := h.(type) {
		case *TrieServeMux:
			s.mux(x, at, method, c)
			return
		case HostServeMux:
			next, name := x.Handler(s.r)
			if name == "" && x[name] == nil {
				return
			}
			h = next
			continue
		case *CORSHandler:
			c = x
		}
		next := unwrap(h)
		if next == nil {
			break
		}
		if method == "" && s.routed == nil {
			s.guarded = s.guarded || !handsOn(h)
		}
		h = next
	}
	s.opaque = s.opaque || method == ""
	s.add(policy{method: method, cors: c})
}

// mux adds what a mux does with them.
func (s *survey) mux(mux *TrieServeMux, at spot, method string, c *CORSHandler) {
	if at.path == "" {
		at.path = "/"
	}
	if at.path[0] != '/' {
		return
	}
	s.found(mux, mux.all(at.path, at.escaped), at, method, c)
}

// found is mux with what a mux finds for the path.
func (s *survey) found(mux *TrieServeMux, all trie.Search, at spot, method string, c *CORSHandler) {
	if method == "" && s.routed == nil && len(all.Found) > 0 {
		s.routed = mux
		s.explicit = slices.ContainsFunc(all.Found, func(rt *trie.Route) bool { return rt.Method() == http.MethodOptions })
		if s.allow.names == nil {
			s.allow.names = allowOf(all.Found)
		}
	}
	if s.routes(mux, all.Found, at, method, c) {
		return
	}
	if m := all.Mount; m != nil {
		if m.Flags != 0 && instead(m, s.r, at.path, all.Left, at.escaped, false) != nil {
			return
		}
		if inner, ok := at.within(m, all.Left); ok {
			s.handler(m.Handler, inner, method, c)
		}
	}
}

// routes adds what the routes do that match the path, and reports whether no other
// handler of the mux sees such a request.
func (s *survey) routes(mux *TrieServeMux, found []*trie.Route, at spot, method string, c *CORSHandler) bool {
	if len(found) == 0 {
		return false
	}
	if method != "" {
		if rt := mux.route(method, at.path, at.escaped); rt != nil {
			s.route(rt, at, method, c)
			return true
		}
		if method == http.MethodOptions {
			s.add(policy{method: method, cors: c, own: true})
		}
		return method == http.MethodOptions
	}
	gets := false
	for _, rt := range found {
		switch rt.Method() {
		case http.MethodGet, http.MethodHead:
			gets = true
		}
		if rt.Method() != http.MethodHead {
			s.route(rt, at, rt.Method(), c)
		}
	}
	if gets {
		s.route(mux.route(http.MethodHead, at.path, at.escaped), at, http.MethodHead, c)
	}
	s.add(policy{method: http.MethodOptions, cors: c, own: true}) // unless there is a route
	return false
}

// route adds what a route does with requests of the method. One that is nil leads
// nowhere.
func (s *survey) route(rt *trie.Route, at spot, method string, c *CORSHandler) {
	if _, ok := s.named(method); ok {
		return
	}
	if at.slashes = 0; rt != nil {
		s.handler(rt.Handler, at, method, c)
	}
	s.add(policy{method: method}) // if it leads nowhere
}

// add adds a policy, unless there is one for the method.
func (s *survey) add(p policy) {
	if _, ok := s.named(p.method); ok {
		return
	}
	if s.policies == nil {
		s.policies = s.few[:0]
	}
	s.policies = append(s.policies, p)
}

// named returns the policy that names the method, or false.
func (s *survey) named(method string) (policy, bool) {
	for _, p := range s.policies {
		if p.method == method {
			return p, true
		}
	}
	return policy{}, false
}

// policy returns the policy for the method, or false if there is no handler for it.
func (s *survey) policy(method string) (policy, bool) {
	p, ok := s.named(method)
	if !ok {
		p, ok = s.named("")
	}
	if p.own {
		p.cors = s.sharer()
	}
	return p, ok
}

// sharer returns the CORSHandler with which a mux answers OPTIONS: one that allows
// the origin, with credentials if any does, or nil.
func (s *survey) sharer() (c *CORSHandler) {
	for i := range s.policies {
		if p := &s.policies[i]; p.allows(s.r, c != nil) {
			c = p.cors
			if c.credentials {
				break
			}
		}
	}
	return c
}

// requested returns the method that a preflight asks for.
func (s *survey) requested() string { return s.r.Header[CORSRequestMethod][0] }

// hasCORS reports whether any method has a CORSHandler.
func (s *survey) hasCORS() bool {
	for i := range s.policies {
		if s.policies[i].cors != nil {
			return true
		}
	}
	return false
}

// handsOn reports whether a wrapper refuses no request because of who makes it.
// What isn't known may.
func handsOn(h http.Handler) bool {
	switch x := h.(type) {
	case FirstHandler:
		return len(x) == 1
	case *MeasuredHandler:
		return true
	case *accessLogger, *ApacheLogger, *CacheControl, *conditionalHandler, *ContextHandler, *CORSHandler, *Counter, *CounterByStatus, *CounterByStatusXX,
		*decompressor, *deprecatedHandler, *describedHandler, *identifiedHandler, *inside, *JSONLogger, *limiter, *MultilineLogger, *PostProcessor, *proxiedHandler, *queryHandler, *RecoveredHandler,
		*sizer, *Timer, *unsafePathsHandler, *withinHandler:
		return true
	}
	return false
}

// shareRefusal adds to a response that is given in place of h's what h's CORS adds:
// without it, browsers show scripts a network error.
func shareRefusal(h http.Handler, w http.ResponseWriter, r *http.Request) {
	if isPreflight(r) {
		return
	}
	if c := corsOf(h, r); c != nil {
		c.HandleCORS(w, r)
	}
}

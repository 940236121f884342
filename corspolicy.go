package tigertonic

import (
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/cors"
	"github.com/rcrowley/go-tigertonic/internal/trie"
)

// Which CORSHandler a request would come to is found by walking the tree of
// handlers as the request would, without calling any of them. A preflight needs it
// for all methods of the path at once, for a browser remembers its answer for all
// of them. Where several CORSHandlers stand round each other, the nearest to the
// handler decides, as it does over the headers of a response.

// A survey is what a tree of handlers does with the requests to a path.
type survey struct {
	r       *http.Request // which isn't changed
	rules   cors.Rules    // of different methods
	offer   *offer        // of the mux that answers OPTIONS, or nil
	opaque  bool          // requests of any method reach a handler that is none of our muxes
	guarded bool          // a wrapper on the way there may refuse a request
	varies  bool          // it depends on more than the routes of the first mux
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

// policyOf returns the policy that the request would come to in h, or nil.
func policyOf(h http.Handler, r *http.Request) *cors.Policy {
	s := survey{r: r}
	s.handler(h, spotOf(r), r.Method, nil)
	p, _ := s.rules.For(r, r.Method)
	return p
}

// handler adds what h does with requests of the method, or of all that aren't known
// yet if it is "". The policy of the nearest CORSHandler outside of it is p, or nil.
func (s *survey) handler(h http.Handler, at spot, method string, p *cors.Policy) {
	for range maxWrappers {
		switch x := h.(type) {
		case *TrieServeMux:
			s.varies = s.varies || s.offer != nil
			s.mux(x, at, method, p)
			return
		case HostServeMux:
			s.varies = true
			next, name := x.Handler(s.r)
			if name == "" && x[name] == nil {
				return
			}
			h = next
			continue
		case *CORSHandler:
			p = x.policy
		}
		next := unwrap(h)
		if next == nil {
			break
		}
		if s.offer == nil {
			s.guarded = s.guarded || method == "" && !handsOn(h)
		} else {
			s.varies = s.varies || !isOurs(h) // which may wrap another one by then
		}
		h = next
	}
	s.opaque = s.opaque || method == ""
	s.add(cors.Rule{Method: method, Policy: p})
}

// mux adds what a mux does with them.
func (s *survey) mux(mux *TrieServeMux, at spot, method string, p *cors.Policy) {
	if at.path == "" {
		at.path = "/"
	}
	if at.path[0] != '/' {
		return
	}
	s.found(mux, mux.all(at.path, at.escaped), at, method, p)
}

// found is mux with what a mux has for the path.
func (s *survey) found(mux *TrieServeMux, all offered, at spot, method string, p *cors.Policy) {
	if method == "" && s.offer == nil && all.offer != nil {
		s.offer = all.offer
		if all.mount == nil && s.adopt(mux, at, p) {
			return
		}
	}
	if s.routes(mux, all.offer, at, method, p) {
		return
	}
	if m := all.mount; m != nil {
		if m.Flags != 0 && instead(m, s.r, at.path, all.left, at.escaped, false) != nil {
			return
		}
		if inner, ok := at.within(m, all.left); ok {
			s.handler(m.Handler, inner, method, p)
		}
	}
}

// adopt makes the rules those of the offer, with the policy from outside of the mux where
// there is none in it. It reports false if they depend on more than the offer's routes.
func (s *survey) adopt(mux *TrieServeMux, at spot, p *cors.Policy) bool {
	rules := s.offer.rules.Load()
	if rules == nil {
		rules = s.rulesWithin(mux, at)
		s.offer.rules.Store(rules)
	}
	if len(rules.Each) == 0 {
		return false
	}
	s.rules = cors.Rules{Each: rules.Each, Outer: p}
	return true
}

// rulesWithin returns the rules of the offer without CORS from outside of the mux, or
// none if they depend on more than its routes.
func (s *survey) rulesWithin(mux *TrieServeMux, at spot) *cors.Rules {
	inner := survey{r: s.r, offer: s.offer}
	inner.routes(mux, s.offer, at, "", nil)
	if inner.varies {
		return &cors.Rules{}
	}
	return &cors.Rules{Each: inner.rules.Each}
}

// routes adds what the routes do that match the path, and reports whether no other
// handler of the mux sees such a request.
func (s *survey) routes(mux *TrieServeMux, o *offer, at spot, method string, p *cors.Policy) bool {
	if o == nil {
		return false
	}
	if method != "" {
		if rt := mux.route(method, at.path, at.escaped); rt != nil {
			s.route(rt, at, method, p)
			return true
		}
		if method == http.MethodOptions {
			s.add(cors.Rule{Method: method, Policy: p, Own: true})
		}
		return method == http.MethodOptions
	}
	gets := false
	for _, rt := range o.found {
		switch rt.Method() {
		case http.MethodGet, http.MethodHead:
			gets = true
		}
		if rt.Method() != http.MethodHead {
			s.route(rt, at, rt.Method(), p)
		}
	}
	if gets {
		s.route(mux.route(http.MethodHead, at.path, at.escaped), at, http.MethodHead, p)
	}
	s.add(cors.Rule{Method: http.MethodOptions, Policy: p, Own: true}) // unless there is a route
	return false
}

// route adds what a route does with requests of the method. One that is nil leads
// nowhere.
func (s *survey) route(rt *trie.Route, at spot, method string, p *cors.Policy) {
	if s.rules.Has(method) {
		return
	}
	if at.slashes = 0; rt != nil {
		s.handler(rt.Handler, at, method, p)
	}
	s.add(cors.Rule{Method: method}) // if it leads nowhere
}

// add adds a rule, unless there is one for the method.
func (s *survey) add(rule cors.Rule) {
	if !s.rules.Has(rule.Method) {
		s.rules.Each = append(s.rules.Each, rule)
	}
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
		*sizer, *strictQueryHandler, *Timer, *unsafePathsHandler, *withinHandler:
		return true
	}
	return false
}

// shareRefusal adds to a response that is given in place of h's what h's CORS adds:
// without it, browsers show scripts a network error.
func shareRefusal(h http.Handler, w http.ResponseWriter, r *http.Request) {
	if cors.IsPreflight(r) {
		return
	}
	if p := policyOf(h, r); p != nil {
		shareWith(p, w.Header(), r)
	}
}

// servePreflight answers a preflight if the handlers in h allow it, so that what
// guards h needn't ask browsers for what they don't send with one. It says no more
// than that the requested method and headers are allowed.
func servePreflight(h http.Handler, w http.ResponseWriter, r *http.Request) bool {
	if isExplicit(r) {
		return false
	}
	s := survey{r: r}
	s.handler(h, spotOf(r), "", nil)
	if s.offer.isExplicit() || !s.answer(w, true) {
		return false
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

// answer adds the headers for a preflight if the requested method's policy allows the
// origin, the method and all headers, and reports whether it does. If brief, they
// name nothing that wasn't asked for.
func (s *survey) answer(w http.ResponseWriter, brief bool) bool {
	h := w.Header()
	isFirst := len(h) == 0 // as it mostly is, so that there is nothing to take out
	addVary(h, varyPreflight)
	g, ok := s.rules.Grant(s.r, s.offer.methods(), brief)
	if !ok {
		if p, _ := s.rules.For(s.r, s.r.Header[CORSRequestMethod][0]); p != nil {
			clearCORS(h)
		}
		return false
	}
	values := valuesFor(h)
	values.set(CORSAllowOrigin, g.Origin)
	values.set(CORSAllowMethods, g.Methods)
	for _, optional := range [...]struct{ name, value string }{
		{CORSAllowHeaders, g.Headers}, {CORSAllowCredentials, g.Credentials}, {corsMaxAge, g.MaxAge},
	} {
		switch {
		case optional.value != "":
			values.set(optional.name, optional.value)
		case !isFirst:
			delete(h, optional.name)
		}
	}
	values.done()
	return true
}

package tigertonic

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// TrieServeMux routes requests by method and path to handlers. It is an
// [http.Handler] and can be mounted, wrapped and tested like any other.
//
// A pattern is a path that begins with a slash. A segment {name} is a wildcard
// for one segment that isn't empty, and {name...} as the last one takes the
// rest of the path, empty or not. A literal beats a wildcard. Where the more
// specific pattern lacks the method, a less specific one that has it answers,
// so with POST /users/me and GET /users/{id}, a GET of /users/me is the second.
//
// A wildcard's value is what stands in the path, unescaped once. Handlers read
// it by r.PathValue("name"), by [PathValue], or from the query, as
// r.URL.Query().Get("name") and Get("{name}"), where it takes the place of what
// the client sent under these names. Be careful with r.FormValue, which puts
// the parameters of a form in the body first. r.Pattern is the method and the
// pattern with its namespaces, "GET /1.0/stuff/{name}".
//
// Paths are matched as they were sent: nothing is cleaned and nothing is ever
// redirected. Segments are those of the escaped path, so %2F doesn't end one.
// /A isn't /a, /a/ isn't /a, and an empty segment, as in //a, is only matched by
// itself. A path with a dot segment, which is "." or ".." between slashes once
// the path is unescaped, matches no pattern and no namespace.
//
// A path that nothing matches is answered 404 and one without the method 405,
// through [ResponseErrorWriter]. HEAD is answered by the handler for GET and
// OPTIONS by the mux, unless there is a handler of their own.
//
// The mux changes the request that it is given. A handler that can return before
// the handler in it does, as http.TimeoutHandler can, belongs outside of all
// muxes, and what is outside of that should read the request before calling it.
//
// The zero value is a mux without routes. Register everything before serving;
// after that a TrieServeMux may be used by any number of goroutines.
type TrieServeMux struct {
	root node
}

// NewTrieServeMux returns a mux without routes.
func NewTrieServeMux() *TrieServeMux { return &TrieServeMux{} }

// Handle registers the handler for a method and a pattern. It panics if the
// method can't be one, as a known one in lower case can't (RFC 9110 §9.1), if the
// pattern is malformed, if the method has a handler for the same pattern or one
// that differs only in the names of its wildcards, or if the handler is nil,
// leads back to this mux or has an Unwrap that leads in a circle.
func (mux *TrieServeMux) Handle(method, pattern string, h http.Handler) {
	where := caller()
	whole := method + " " + pattern // which alone is kept
	segments, err := parsePattern(whole[len(method)+len(" "):])
	switch {
	case !isMethod(method):
		panic(fmt.Sprintf("tigertonic: pattern %q: %q is not a method (registered at %v)", pattern, method, where))
	case err != nil:
		panic(fmt.Sprintf("tigertonic: pattern %q: at offset %d: %s (registered at %v)", pattern, err.offset, err.text, where))
	case isMissing(h):
		panic(fmt.Sprintf("tigertonic: pattern %q: the handler is nil (registered at %v)", pattern, where))
	case endless(h):
		panic(fmt.Sprintf("tigertonic: pattern %q: what the handler's Unwrap returns leads in a circle (registered at %v)", pattern, where))
	}
	if reaches(h, mux.is) {
		panic(fmt.Sprintf("tigertonic: pattern %q: at offset 0: the handler leads back to this mux with the same path (registered at %v)", pattern, where))
	}
	n := mux.root.descend(segments)
	if old := n.route(newMethod(method)); old != nil {
		panic(fmt.Sprintf(
			"tigertonic: pattern %q: at offset %d: %s conflicts with pattern %q registered at %v, both match %s (registered at %v)",
			pattern, firstDifference(pattern, old.path()), method, old.path(), old.where, example(segments), where))
	}
	rt := newRoute(method, whole, segments, h, where)
	fitRoute(method, pattern, namesOf(rt.captures), h, where)
	n.add(rt)
}

// HandleFunc registers a function, as [TrieServeMux.Handle] does a handler.
func (mux *TrieServeMux) HandleFunc(method, pattern string, f func(http.ResponseWriter, *http.Request)) {
	mux.Handle(method, pattern, http.HandlerFunc(f))
}

// HandleNamespace mounts a handler, for all methods, on the paths that begin
// with the segments of namespace. They are taken off r.URL before the handler
// sees it: of /1.0/stuff, a handler mounted on /1.0 sees /stuff, and of /1.0, it
// sees /. A namespace wins over those that it begins with, and a pattern of this
// mux over the namespaces it lies in; between literals and wildcards, it is as
// with patterns. The namespace "" takes whatever is left. A namespace may hold
// wildcards, which the handler and all within it can read.
//
// The handler may be a mux, also this one; namespaces within each other have 16
// segments at most, and what is below is not found. HandleNamespace panics if the
// namespace is malformed or has a handler already, or if the handler is nil,
// leads back to this mux with the same path or has an Unwrap that leads in a
// circle.
func (mux *TrieServeMux) HandleNamespace(namespace string, h http.Handler) {
	where := caller()
	segments, err := parseNamespace(namespace)
	switch {
	case err != nil:
		panic(fmt.Sprintf("tigertonic: namespace %q: at offset %d: %s (registered at %v)", namespace, err.offset, err.text, where))
	case isMissing(h):
		panic(fmt.Sprintf("tigertonic: namespace %q: the handler is nil (registered at %v)", namespace, where))
	case endless(h):
		panic(fmt.Sprintf("tigertonic: namespace %q: what the handler's Unwrap returns leads in a circle (registered at %v)", namespace, where))
	}
	if len(segments) == 0 && reaches(h, mux.is) {
		panic(fmt.Sprintf("tigertonic: namespace %q: at offset 0: the handler leads back to this mux with the same path (registered at %v)", namespace, where))
	}
	n := mux.root.descend(segments)
	if old := n.mount; old != nil {
		panic(fmt.Sprintf(
			"tigertonic: namespace %q: at offset %d: conflicts with namespace %q registered at %v, both match %s (registered at %v)",
			namespace, firstDifference(namespace, old.namespace), old.namespace, old.where, example(segments)+"/", where))
	}
	m := newMount(segments, namespace, h, where)
	fitRoute("*", namespace, namesOf(m.captures), h, where)
	n.mount = m
}

// Handler returns the handler for the request and the pattern, or namespace,
// that it was registered with, and changes the request as ServeHTTP does before
// it calls that handler. Where there is none, it is a [NotFoundHandler] or a
// [MethodNotAllowedHandler], and the pattern is "". The body that a handler for
// GET writes for HEAD is kept off by ServeHTTP alone, or by net/http's server.
func (mux *TrieServeMux) Handler(r *http.Request) (h http.Handler, pattern string) {
	h, rt, m := mux.find(r)
	switch {
	case rt != nil:
		pattern = rt.path()
	case m != nil:
		pattern = m.namespace
	}
	return h, pattern
}

// ServeHTTP calls the handler for the request.
func (mux *TrieServeMux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, rt, _ := mux.find(r)
	noteRequest(w, r)
	if r.Method == http.MethodHead {
		w = withoutBody(w, r)
	}
	if f, ok := h.(ParamsFunc); ok && rt != nil && r.URL.RawPath == "" && r.URL.Path != "" {
		f(w, r, Params{r, rt, r.URL.Path})
		return
	}
	h.ServeHTTP(w, r)
}

// find returns the handler for the request, which is ready for it then, and the
// route or the mount that it is of, if it isn't the mux's own.
func (mux *TrieServeMux) find(r *http.Request) (http.Handler, *route, *mount) {
	path, escaped := requestPath(r.URL)
	if path == "" && r.Method != http.MethodConnect {
		path = "/" // RFC 3986 §6.2.3
	}
	if path == "" || path[0] != '/' {
		return NotFoundHandler{}, nil, nil
	}
	s := search{method: newMethod(r.Method), escaped: escaped}
	s.in(&mux.root, path)
	switch {
	case s.route != nil:
		s.route.prepare(r, path, escaped)
		return s.route.handler, s.route, nil
	case s.mount == nil && !s.other:
		return NotFoundHandler{}, nil, nil
	case s.mount == nil:
		return mux.otherwise(r, path, escaped), nil, nil
	case !s.mount.prepare(r, path, s.left, escaped):
		return NotFoundHandler{}, nil, nil
	}
	return s.mount.handler, nil, s.mount
}

// otherwise returns the mux's own handler for a request whose path has other
// methods.
func (mux *TrieServeMux) otherwise(r *http.Request, path string, escaped bool) http.Handler {
	allow := mux.allow(path, escaped)
	if r.Method == http.MethodOptions {
		return &optionsHandler{mux, newMethodList(allow)}
	}
	*r = *r.WithContext(context.WithValue(r.Context(), allowKey{}, allow))
	return MethodNotAllowedHandler{}
}

// is tells whether h is this mux.
func (mux *TrieServeMux) is(h http.Handler) bool {
	other, ok := h.(*TrieServeMux)
	return ok && other == mux
}

// route returns the route that answers a request of the method, or nil.
func (mux *TrieServeMux) route(method, path string, escaped bool) *route {
	s := search{method: newMethod(method), escaped: escaped}
	s.in(&mux.root, path)
	return s.route
}

// allow returns the methods, sorted, of all patterns that match the path, of
// which there is one.
func (mux *TrieServeMux) allow(path string, escaped bool) []string {
	s := search{escaped: escaped, collect: true, allow: make([]string, 0, 8)}
	s.in(&mux.root, path)
	if slices.Contains(s.allow, http.MethodGet) {
		s.allow = append(s.allow, http.MethodHead)
	}
	s.allow = append(s.allow, http.MethodOptions)
	slices.Sort(s.allow)
	return slices.Compact(s.allow)
}

// setPath makes path, as requestPath returned it, the URL's.
func setPath(u *url.URL, path string, escaped bool) {
	u.Path, u.RawPath = path, ""
	if escaped {
		u.Path = unescape(path)
		if u.EscapedPath() != path { // whose RawPath is empty now
			u.RawPath = path
		}
	}
}

// firstDifference returns the offset at which a and b begin to differ, or 0 if
// they are the same.
func firstDifference(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return 0
}

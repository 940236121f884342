package tigertonic

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/record"
	"github.com/rcrowley/go-tigertonic/internal/trie"
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
// it by r.PathValue("name") or by [PathValue]. The functions given to [Marshaled],
// [If] and [PostProcessed] find it in the query, too, by Query().Get("name") and
// Get("{name}"), where it takes the place of what the client sent under these
// names. All others get the query as it was sent, unless [WildcardsInQuery] is
// round them or the mux. r.Pattern is the method and the pattern with its
// namespaces, "GET /1.0/stuff/{name}".
//
// Paths are matched as they were sent: nothing is cleaned and, but for the root of a
// file server, nothing is redirected. Segments are those of the escaped path, so %2F
// doesn't end one. /A isn't /a, /a/ isn't /a, and an empty segment, as in //a, is only
// matched by itself. A path with a dot segment, which is "." or ".." between slashes
// once the path is unescaped, matches no pattern and no namespace. A handler from
// outside this library gets only unambiguous paths through {name...}, as in a
// namespace: see [TrieServeMux.HandleNamespace].
//
// A path that nothing matches gets a 404, and one that lacks the method a 405, through
// [ResponseErrorWriter]. Unless they have handlers, HEAD calls the handler for GET,
// and the mux responds to OPTIONS. A CONNECT for a host and a port, which has no path
// (RFC 9110 §9.3.6), is only for handlers of CONNECT, whose pattern matches "/".
//
// The mux changes the request that it is given. A handler that can return before
// the handler in it does, as http.TimeoutHandler can, belongs outside of all
// muxes, and what is outside of that should read the request before calling it.
//
// The zero value is a mux without routes. Register everything before serving, and
// before a document is made of the mux: later, registering panics. A TrieServeMux may
// then be used by any number of goroutines.
type TrieServeMux struct {
	root       trie.Node
	completion atomic.Pointer[completion] // or nil as long as more may be registered
	offers     sync.Map                   // by the most specific route of each, a *trie.Route
}

// NewTrieServeMux returns a mux without routes.
func NewTrieServeMux() *TrieServeMux { return &TrieServeMux{} }

// Handle registers the handler for a method and a pattern. It panics if the
// method can't be one, as a known one in lower case can't (RFC 9110 §9.1), if the
// pattern is malformed, if the method has a handler for the same pattern or one
// that differs only in the names of its wildcards, if the handler is nil,
// leads back to this mux or has an Unwrap that leads in a circle, or if the mux is
// complete: it has begun to serve, or [Complete] was called for it.
func (mux *TrieServeMux) Handle(method, pattern string, h http.Handler) {
	mux.handle(method, pattern, h)
}

func (mux *TrieServeMux) handle(method, pattern string, h http.Handler) *trie.Route {
	where := callsite.Caller()
	whole := method + " " + pattern // which alone is kept
	segments, err := trie.ParsePattern(whole[len(method)+len(" "):])
	switch {
	case !trie.IsMethod(method):
		panic(fmt.Sprintf("tigertonic: pattern %q: %q is not a method (registered at %v)", pattern, method, where))
	case err != nil:
		panic(fmt.Sprintf("tigertonic: pattern %q: at offset %d: %s (registered at %v)", pattern, err.Offset, err.Text, where))
	case isMissing(h):
		panic(fmt.Sprintf("tigertonic: pattern %q: the handler is nil (registered at %v)", pattern, where))
	case endless(h):
		panic(fmt.Sprintf("tigertonic: pattern %q: what the handler's Unwrap returns leads in a circle (registered at %v)", pattern, where))
	}
	if reaches(h, mux.is) {
		panic(fmt.Sprintf("tigertonic: pattern %q: at offset 0: the handler leads back to this mux with the same path (registered at %v)", pattern, where))
	}
	mux.mustBeOpen("pattern", pattern, h, where)
	n := mux.root.Descend(segments)
	if old := n.Route(trie.NewMethod(method)); old != nil {
		panic(fmt.Sprintf(
			"tigertonic: pattern %q: at offset %d: %s conflicts with pattern %q registered at %v, both match %s (registered at %v)",
			pattern, firstDifference(pattern, old.Path()), method, old.Path(), old.Where, trie.ExamplePath(segments), where))
	}
	rt := trie.NewRoute(method, whole, segments, h, where)
	rt.Flags = uint8(needsOfRoute(rt, h))
	fitRoute(method, pattern, trie.NamesOf(rt.Captures), h, where)
	n.Add(rt)
	return rt
}

// HandleFunc registers a function, as [TrieServeMux.Handle] does a handler, but as
// one that reads its wildcards: in place of {name...}, it is given any path.
func (mux *TrieServeMux) HandleFunc(method, pattern string, f func(http.ResponseWriter, *http.Request)) {
	mux.handle(method, pattern, http.HandlerFunc(f)).Flags &^= uint8(needOneReading)
}

// HandleNamespace mounts a handler, for all methods, on the paths that begin
// with the segments of namespace. They are taken off r.URL before the handler
// sees it: of /1.0/stuff, a handler mounted on /1.0 sees /stuff, and of /1.0, it
// sees /. A namespace wins over those that it begins with, and a pattern of this
// mux over the namespaces it lies in; between literals and wildcards, it is as
// with patterns. The namespace "" takes whatever is left. A namespace may hold
// wildcards, which the handler and all within it can read.
//
// A handler that isn't of this package, such as [http.FileServer],
// [net/http/httputil.ReverseProxy] or another router, unescapes and cleans paths, and
// may take /admin%2Fsecret and //admin/secret for a path that another namespace
// guards. So it is given a path only if that has one reading. In what is left for it
// there is no empty segment but the last, and none that has a slash, a backslash or a
// NUL in it once it is unescaped, or is a dot segment with parameters, as "..;x". What
// has is 404, for OPTIONS too, and no other handler is tried. [UnsafePaths] is for
// handlers that want every path. The mux looks for the handler in wrappers that have
// Unwrap, in a [FirstHandler] and in a [HostServeMux]. A mux of this package gets every
// path, also within these, and so do a [HandlerFunc], a [ParamsFunc], and what
// [Typed] and [Marshaled] make; in other wrappers, which the mux can't see through,
// and in the middleware of [Wrapped], which may read the path itself, they don't. What else a server behind a proxy leaves out of a path, as some do ";x",
// is for its guards to know.
//
// What is at /files for a file server mounted there is a directory, whose relative
// links are those of /files/. If it is made by http.FileServer or FileServerFS, it is
// redirected to there, before wrappers are called. For others, register a redirect:
//
//	mux.Handle("GET", "/files", http.RedirectHandler("/files/", http.StatusMovedPermanently))
//
// The handler may be a mux, also this one; namespaces within each other have 16
// segments at most, and what is below is not found. HandleNamespace panics if the
// namespace is malformed or has a handler already, if the handler is nil,
// leads back to this mux with the same path or has an Unwrap that leads in a
// circle, or if the mux is complete.
func (mux *TrieServeMux) HandleNamespace(namespace string, h http.Handler) {
	where := callsite.Caller()
	segments, err := trie.ParseNamespace(namespace)
	switch {
	case err != nil:
		panic(fmt.Sprintf("tigertonic: namespace %q: at offset %d: %s (registered at %v)", namespace, err.Offset, err.Text, where))
	case isMissing(h):
		panic(fmt.Sprintf("tigertonic: namespace %q: the handler is nil (registered at %v)", namespace, where))
	case endless(h):
		panic(fmt.Sprintf("tigertonic: namespace %q: what the handler's Unwrap returns leads in a circle (registered at %v)", namespace, where))
	}
	if len(segments) == 0 && reaches(h, mux.is) {
		panic(fmt.Sprintf("tigertonic: namespace %q: at offset 0: the handler leads back to this mux with the same path (registered at %v)", namespace, where))
	}
	mux.mustBeOpen("namespace", namespace, h, where)
	n := mux.root.Descend(segments)
	if old := n.Mount(); old != nil {
		panic(fmt.Sprintf(
			"tigertonic: namespace %q: at offset %d: conflicts with namespace %q registered at %v, both match %s (registered at %v)",
			namespace, firstDifference(namespace, old.Namespace), old.Namespace, old.Where, trie.ExamplePath(segments)+"/", where))
	}
	m := trie.NewMount(segments, namespace, h, where)
	if pathReader(h, nil) != nil {
		m.Flags = uint8(needOneReading)
	}
	fitRoute("*", namespace, trie.NamesOf(m.Captures), h, where)
	n.SetMount(m)
}

// Handler returns the handler for the request and the pattern, or namespace,
// that it was registered with, and changes the request as ServeHTTP does before
// it calls that handler. A path that isn't for a handler has none. Where there is none, it is a [NotFoundHandler] or a
// [MethodNotAllowedHandler], and the pattern is "". The body that a handler for
// GET writes for HEAD is kept off by ServeHTTP alone, or by net/http's server.
func (mux *TrieServeMux) Handler(r *http.Request) (h http.Handler, pattern string) {
	h, rt, m := mux.find(r)
	switch {
	case rt != nil:
		pattern = rt.Path()
	case m != nil:
		pattern = m.Namespace
	default:
		if o, ok := h.(*offer); ok {
			*r = *r.WithContext(&allowed{r.Context(), o})
			h = MethodNotAllowedHandler{}
		}
	}
	return h, pattern
}

// ServeHTTP calls the handler for the request.
func (mux *TrieServeMux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, rt, _ := mux.find(r)
	if c := mux.completion.Load(); c == nil || !c.served {
		mux.serving(r, rt)
	}
	record.NoteRequest(w, r)
	if r.Method == http.MethodHead {
		w = record.WithoutBody(w, r)
	}
	switch h := h.(type) {
	case ParamsFunc:
		if rt != nil && r.URL.RawPath == "" && r.URL.Path != "" {
			h(w, r, Params{r, rt, r.URL.Path})
			return
		}
	case NotFoundHandler:
		writeErrorIn(w, r, NotFound{(*missing)(r)})
		return
	}
	h.ServeHTTP(w, r)
}

// find returns the handler for the request, which is ready for it then, and the
// route or the mount that it is of, if it isn't the mux's own.
func (mux *TrieServeMux) find(r *http.Request) (http.Handler, *trie.Route, *trie.Mount) {
	path, escaped := trie.PathOf(r.URL)
	tunnel := path == "" && r.Method == http.MethodConnect
	if path == "" {
		path = "/" // RFC 3986 §6.2.3
	}
	if path[0] != '/' {
		return NotFoundHandler{}, nil, nil
	}
	s := trie.Search{Method: trie.NewMethod(r.Method), Escaped: escaped}
	s.Find(&mux.root, path)
	switch {
	case s.Route != nil:
		if refuses(s.Route, path, escaped) {
			break
		}
		prepareRoute(s.Route, r, path, escaped)
		return s.Route.Handler, s.Route, nil
	case s.Mount != nil:
		if s.Mount.Flags != 0 {
			if h := instead(s.Mount, r, path, s.Left, escaped, tunnel); h != nil {
				return h, nil, nil
			}
		}
		if prepareMount(s.Mount, r, path, s.Left, escaped) {
			return s.Mount.Handler, nil, s.Mount
		}
	case s.Other && !tunnel:
		return mux.otherwise(r, path, escaped), nil, nil
	}
	return NotFoundHandler{}, nil, nil
}

// otherwise returns the mux's own handler for a request whose path has other
// methods.
func (mux *TrieServeMux) otherwise(r *http.Request, path string, escaped bool) http.Handler {
	all := mux.all(path, escaped)
	switch {
	case all.offer == nil:
		return NotFoundHandler{}
	case r.Method == http.MethodOptions:
		return &optionsHandler{mux, all}
	}
	return all.offer
}

// is reports whether h is this mux.
func (mux *TrieServeMux) is(h http.Handler) bool {
	other, ok := h.(*TrieServeMux)
	return ok && other == mux
}

// route returns the route that answers a request of the method, or nil.
func (mux *TrieServeMux) route(method, path string, escaped bool) *trie.Route {
	s := trie.Search{Method: trie.NewMethod(method), Escaped: escaped}
	s.Find(&mux.root, path)
	if s.Route != nil && refuses(s.Route, path, escaped) {
		return nil
	}
	return s.Route
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

// Registering too late fails in one of two ways: it is a data race with the requests that
// the mux serves, or a document that was made before lacks the route. So a mux knows when
// it is complete.

// Complete marks a tree of handlers as complete: its muxes panic on later registrations.
// Package openapi calls it for the trees that it describes. A handler that documents leave
// out, such as the document's own, may still be registered until the mux begins to serve.
func Complete(h http.Handler) {
	where := callsite.Caller()
	w := walker{walked: map[*TrieServeMux]bool{}}
	w.walk(h, Route{}, "")
	for mux := range w.walked {
		mux.completion.CompareAndSwap(nil, &completion{why: fmt.Sprintf("the mux was declared complete, as openapi.New does, at %v", where)})
	}
}

// A completion is why nothing more may be registered.
type completion struct {
	why    string
	served bool
}

// serving notes the first request, and the route found for it, if any.
func (mux *TrieServeMux) serving(r *http.Request, rt *trie.Route) {
	why := fmt.Sprintf("the mux has begun to serve, with %s %.200q", r.Method, sentPath(r))
	if rt != nil {
		why += fmt.Sprintf(", which is for %s registered at %v", rt.Pattern, rt.Where)
	}
	mux.completion.Store(&completion{why, true})
}

// mustBeOpen panics if nothing more may be registered.
func (mux *TrieServeMux) mustBeOpen(kind, pattern string, h http.Handler, where callsite.Site) {
	c := mux.completion.Load()
	if c == nil || !c.served && isHidden(h) {
		return
	}
	panic(fmt.Sprintf("tigertonic: %s %q: %s: register everything before (registered at %v)", kind, pattern, c.why, where))
}

// isHidden reports whether documents leave out what h serves.
func isHidden(h http.Handler) bool {
	op := &Operation{}
	for range maxWrappers {
		if d, ok := h.(Describer); ok {
			d.Describe(op)
		}
		if h = unwrap(h); h == nil {
			break
		}
	}
	return op.Hidden
}

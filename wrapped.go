package tigertonic

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/cors"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/record"
)

// Middleware from other libraries is a func(http.Handler) http.Handler, and the handler
// that it returns is opaque. So a WrappedHandler stands at both ends: it passes the
// request to the middleware, and it is also the handler that the middleware calls next. In
// between, the middleware may replace the request, put its own ResponseWriter before ours,
// perhaps without an Unwrap, or continue in another goroutine. Whatever the handlers
// outside need to know about the response, such as the pattern and the cause of a failure,
// goes past the middleware in a crossing.

// WrappedHandler is a handler in middleware from another library. Create one with
// [Wrapped]; the zero value isn't usable.
type WrappedHandler struct {
	inner    *inside
	outer    http.Handler // what the middleware has made
	walkable bool         // outer leads to inner by itself, as what ours make does
	name     string
	describe []func(op *Operation)
}

// Wrapped returns h wrapped in middleware from another library, such as compression,
// tracing or rate limiting, without hiding h: [Routes], [Explain], documents and preflights
// still see what is in it. The functions add what the middleware does, such as a 429, to
// the description of the operations in h:
//
//	compress := func(h http.Handler) http.Handler { return gzhttp.GzipHandler(h) }
//	tigertonic.Wrapped(mux, compress, func(op *tigertonic.Operation) {
//		op.Description += " Responses may be compressed."
//	})
//
// For middleware that refuses requests, see [Refusal].
//
// Wrapped calls the middleware once. Explain shows it by the name of its function, or of
// the function that contains the literal; see [WrappedHandler.Named]. Its handler gets a
// copy of the request and its URL, so it may continue after it has answered, as
// http.TimeoutHandler does. It may change the request and replace the ResponseWriter:
// handlers outside still learn the pattern, the request's ID and the cause of a failure.
//
// A preflight that a [CORSHandler] in h allows bypasses the middleware, as with [If],
// since the middleware may refuse requests. Responses of the middleware itself get the
// CORS headers that h would have added, unless it adds some. CORS middleware belongs
// outside all muxes, since these answer preflights too.
//
// The middleware may read the path. So in a namespace, or round the handler of a pattern
// that ends in {name...}, it gets no path that it could read differently from the mux: see
// [TrieServeMux.HandleNamespace]. Wrap it in [UnsafePaths] to pass it every path. Round the
// handler of a pattern, it finds the wildcards with r.PathValue.
//
// Wrapped panics if the middleware or one of the functions is nil, or if the middleware
// returns nil.
func Wrapped(h http.Handler, middleware func(http.Handler) http.Handler, describe ...func(op *Operation)) *WrappedHandler {
	mustHandler("Wrapped", h)
	if middleware == nil {
		callsite.Panicf("Wrapped: the middleware is nil")
	}
	for _, f := range describe {
		if f == nil {
			callsite.Panicf("Wrapped: a function that describes is nil")
		}
	}
	return wrap("Wrapped", h, middleware, describe)
}

func wrap(caller string, h http.Handler, middleware func(http.Handler) http.Handler, describe []func(op *Operation)) *WrappedHandler {
	wh := &WrappedHandler{inner: &inside{handler: h}, describe: describe}
	wh.name = nameOfMiddleware(middleware)
	if wh.outer = middleware(wh.inner); isMissing(wh.outer) {
		callsite.Panicf("%s: the middleware %s returns nil", caller, wh.name)
	}
	wh.walkable = leadsTo(wh.outer, wh.inner)
	return wh
}

// Named sets the name that [Explain] shows for the middleware, and returns the
// handler.
func (wh *WrappedHandler) Named(name string) *WrappedHandler {
	wh.name = name
	return wh
}

// ServeHTTP calls the middleware's handler.
func (wh *WrappedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if cors.IsPreflight(r) && servePreflight(wh.inner.handler, w, r) {
		return
	}
	w, rec := record.Wrap(w, r)
	c := &crossing{Context: r.Context(), to: wh.inner, w: w, rec: rec, sent: r, id: rec.ID, hasLogger: rec.HasLogger}
	if r.URL != nil {
		c.url = *r.URL
	}
	c.request = *r.WithContext(c)
	c.request.URL = &c.url
	if r.Header[CORSRequestOrigin] != nil {
		rec.Observe(c)
	}
	defer c.end()
	wh.outer.ServeHTTP(w, &c.request)
}

// Unwrap returns the handler in the middleware.
func (wh *WrappedHandler) Unwrap() http.Handler {
	if wh.walkable {
		return wh.outer
	}
	return wh.inner.handler
}

// Describe calls the functions.
func (wh *WrappedHandler) Describe(op *Operation) {
	for _, f := range wh.describe {
		f(op)
	}
}

// String is how [Explain] shows the handler.
func (wh *WrappedHandler) String() string { return fmt.Sprintf("Wrapped(%s)", wh.name) }

// inside is the next handler that a middleware gets.
type inside struct {
	handler http.Handler
	known   bool // the middleware is in the tree by itself, and nothing has to cross it
}

func (in *inside) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, _ := r.Context().Value(crossingKey{}).(*crossing)
	if in.known || c == nil || c.to != in {
		in.handler.ServeHTTP(w, r)
		return
	}
	var rec *record.Recorder
	if !record.Reaches(w, c.w) {
		w, rec = record.Wrap(w, r)
		rec.ID, rec.HasLogger = c.id, rec.HasLogger || c.hasLogger
	}
	defer c.returned(r, rec)
	in.handler.ServeHTTP(w, r)
}

// Unwrap returns the handler.
func (in *inside) Unwrap() http.Handler { return in.handler }

// A crossing is a request on its way through a middleware. It is the context of the
// request that the middleware gets.
type crossing struct {
	context.Context
	to        *inside
	w         http.ResponseWriter // that the middleware is given
	rec       *record.Recorder    // in front of that
	sent      *http.Request       // that came
	request   http.Request        // that the middleware is given
	url       url.URL
	id        string // of the Recorder, when the request came
	hasLogger bool   // likewise

	mu    sync.Mutex
	over  bool             // the middleware has returned
	inner *http.Request    // with which the handler in it has returned, or nil
	lost  *record.Recorder // of a response that Unwrap doesn't lead out of
}

type crossingKey struct{}

func (c *crossing) Value(key any) any {
	if key == (crossingKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// returned is called when the handler in the middleware has returned.
func (c *crossing) returned(r *http.Request, lost *record.Recorder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.inner, c.lost = r, lost
		return
	}
	if lost != nil {
		lost.LogUnreported()
	}
	if r.MultipartForm != nil {
		_ = r.MultipartForm.RemoveAll() // there is nobody to tell
	}
}

// end is called when the middleware has returned.
func (c *crossing) end() {
	handBack(c.sent, &c.request)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if c.inner != nil {
		handBack(c.sent, c.inner)
	}
	if c.lost != nil {
		record.Adopt(c.w, c.lost)
	}
}

// OnHeader adds the CORS headers to what the middleware answers itself.
func (c *crossing) OnHeader(_ int, h http.Header) {
	if h[CORSAllowOrigin] == nil {
		shareRefusal(c.to.handler, c.w, c.sent)
	}
}

// nameOfMiddleware returns the name of a function, or for a literal, that of the function
// that contains it.
func nameOfMiddleware(middleware func(http.Handler) http.Handler) string {
	name := nameOfFunc(reflect.ValueOf(middleware))
	for {
		outer, last, ok := cutLast(name, ".")
		if !ok || !httpfield.IsToken(last) || strings.Trim(strings.TrimPrefix(last, "func"), "0123456789") != "" {
			return name
		}
		name = outer
	}
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

// leadsTo reports whether unwrapping h leads to the other handler.
func leadsTo(h http.Handler, other *inside) bool {
	for range maxWrappers {
		if in, ok := h.(*inside); ok && in == other {
			return true
		}
		if h = innerOf(h); h == nil {
			return false
		}
	}
	return false
}

// Stack returns h wrapped in these middlewares. The first is the outermost: a request
// reaches them in the order in which you list them.
//
//	tigertonic.Stack(mux,
//		tigertonic.Middleware(tigertonic.Recovered),
//		tigertonic.MiddlewareWith(tigertonic.Within, 2*time.Second),
//		otelhttp.NewMiddleware("stuff"),
//	)
//
// Middleware from other libraries is wrapped as by [Wrapped]. Stack panics if the handler
// or a middleware is nil.
func Stack(h http.Handler, middlewares ...func(http.Handler) http.Handler) http.Handler {
	mustHandler("Stack", h)
	for i := range middlewares { // no iterator, which would be the caller of what panics
		i = len(middlewares) - 1 - i
		if middlewares[i] == nil {
			callsite.Panicf("Stack: middleware %d is nil", i+1)
		}
		wh := wrap("Stack", h, middlewares[i], nil)
		h = wh
		if wh.walkable {
			wh.inner.known = true
			h = wh.outer
		}
	}
	return h
}

// Middleware turns a constructor of this package into a middleware function, the form
// that [Stack] and other libraries take:
//
//	r := chi.NewRouter()
//	r.Use(tigertonic.Middleware(tigertonic.Recovered))
//
// It panics if the constructor is nil.
func Middleware[H http.Handler](constructor func(http.Handler) H) func(http.Handler) http.Handler {
	if constructor == nil {
		callsite.Panicf("Middleware: the constructor is nil")
	}
	return func(h http.Handler) http.Handler { return constructor(h) }
}

// MiddlewareWith is [Middleware] for a constructor that takes one more argument, such
// as [Within], [Sized] or [Logged]. If the constructor is called more than once, as by
// two routers, it gets the same argument each time.
func MiddlewareWith[H http.Handler, A any](constructor func(http.Handler, A) H, a A) func(http.Handler) http.Handler {
	if constructor == nil {
		callsite.Panicf("MiddlewareWith: the constructor is nil")
	}
	return func(h http.Handler) http.Handler { return constructor(h, a) }
}

// MiddlewareWith2 is [Middleware] for a constructor that takes two more arguments, such as
// [Timed]. A metric name can be registered only once, so use such a middleware only once:
// chi calls the middleware of a router once.
func MiddlewareWith2[H http.Handler, A, B any](constructor func(http.Handler, A, B) H, a A, b B) func(http.Handler) http.Handler {
	if constructor == nil {
		callsite.Panicf("MiddlewareWith2: the constructor is nil")
	}
	return func(h http.Handler) http.Handler { return constructor(h, a, b) }
}

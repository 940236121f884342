package tigertonic

import (
	"net/http"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/cors"
	"github.com/rcrowley/go-tigertonic/internal/record"
)

// FirstHandler calls its handlers in turn until one has written a header or a
// body. The last one is what the others guard. Without handlers, it leaves an
// empty 200.
type FirstHandler []http.Handler

// First returns a handler that calls these in turn until one writes a header or a
// body. Put wrappers that measure, log or cache responses around First: around one of
// its handlers, they would take a handler that writes nothing for an empty 200.
func First(handlers ...http.Handler) FirstHandler {
	for _, h := range handlers {
		mustHandler("First", h)
	}
	return handlers
}

// ServeHTTP calls the handlers in turn. A preflight that a [CORSHandler] in the last
// one allows is answered without them.
func (fh FirstHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(fh) > 1 && cors.IsPreflight(r) && servePreflight(fh[len(fh)-1], w, r) {
		return
	}
	var rec *record.Recorder
	for i, h := range fh {
		if g, ok := h.(guard); ok {
			if !g.passes(w, r) {
				return
			}
			continue
		}
		if rec == nil && i < len(fh)-1 { // of the last one nobody has to know whether it has written
			w, rec = record.Wrap(w, r)
		}
		h.ServeHTTP(w, r)
		if rec != nil && rec.HasBegun() {
			return
		}
	}
}

// A guard is a handler that decides whether a request passes, and answers one that
// doesn't.
type guard interface {
	passes(w http.ResponseWriter, r *http.Request) bool
}

// Unwrap returns the handlers. See [Routes] for handlers of yours with such a method.
func (fh FirstHandler) Unwrap() []http.Handler { return fh }

// If returns a handler that calls f before h. The headers that f returns are added to
// the response. An error ends the request: it is sent through [ResponseErrorWriter],
// and h isn't called. The wildcards of the request's pattern are in the query while f
// is called, and for h only if it asks for them.
//
// A preflight that a [CORSHandler] in h allows is answered without f, and says no
// more than that. A request that f refuses gets the CORS headers that it would have
// had from h, so that scripts can see why.
func If(f func(*http.Request) (http.Header, error), h http.Handler) FirstHandler {
	if f == nil {
		callsite.Panicf("If: the function is nil")
	}
	return First(&condition{f, mustHandler("If", h)}, h)
}

type condition struct {
	f    func(*http.Request) (http.Header, error)
	next http.Handler
}

func (c *condition) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.passes(w, r) }

func (c *condition) passes(w http.ResponseWriter, r *http.Request) bool {
	query := lendQuery(r)
	header, err := c.f(r)
	query.takeBack(r)
	for name, values := range header {
		for _, value := range values {
			w.Header().Add(name, value)
		}
	}
	if err != nil {
		shareRefusal(c.next, w, r)
		writeError(w, r, err)
	}
	return err == nil
}

// Describe adds that the condition may answer with an error of any kind.
func (c *condition) Describe(op *Operation) {
	op.ResponseRange("default").addErrorContent()
}

func (c *condition) String() string { return "If" }

// mustHandler returns h, or panics if it is nil.
func mustHandler(middleware string, h http.Handler) http.Handler {
	if isMissing(h) {
		callsite.Panicf("%s: the handler is nil", middleware)
	}
	return h
}

// isMissing reports whether there is no handler, or a function that is nil.
func isMissing(h http.Handler) bool {
	switch f := h.(type) {
	case nil:
		return true
	case http.HandlerFunc:
		return f == nil
	case HandlerFunc:
		return f == nil
	case ParamsFunc:
		return f == nil
	}
	return false
}

package tigertonic

import "net/http"

// FirstHandler calls its handlers in turn until one has written a header or a
// body. The last one is what the others guard. Without handlers, it leaves an
// empty 200.
type FirstHandler []http.Handler

// First returns a handler that calls these in turn until one has written a
// header or a body. What measures, logs or caches responses belongs round it:
// round one of its handlers, it takes for an empty 200 that this writes nothing.
func First(handlers ...http.Handler) FirstHandler {
	for _, h := range handlers {
		mustHandler("First", h)
	}
	return handlers
}

// ServeHTTP calls the handlers in turn.
func (fh FirstHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var rec *recorder
	for i, h := range fh {
		if g, ok := h.(guard); ok {
			if !g.passes(w, r) {
				return
			}
			continue
		}
		if rec == nil && i < len(fh)-1 { // of the last one nobody has to know whether it has written
			w, rec = record(w, r)
		}
		h.ServeHTTP(w, r)
		if rec != nil && (rec.status != 0 || rec.hijacked()) {
			return
		}
	}
}

// A guard is a handler that says whether a request passes, and answers one that
// doesn't.
type guard interface {
	passes(w http.ResponseWriter, r *http.Request) bool
}

// Unwrap returns the handlers.
func (fh FirstHandler) Unwrap() []http.Handler { return fh }

// If returns a handler that calls f before h. The headers that f returns are
// added to the response. An error ends the request: it is answered through
// [ResponseErrorWriter], and h isn't called.
//
// A preflight that a [CORSHandler] in h allows is answered without f.
func If(f func(*http.Request) (http.Header, error), h http.Handler) FirstHandler {
	if f == nil {
		misuse("If: the function is nil")
	}
	return First(&condition{f, mustHandler("If", h)}, h)
}

type condition struct {
	f    func(*http.Request) (http.Header, error)
	next http.Handler
}

func (c *condition) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.passes(w, r) }

func (c *condition) passes(w http.ResponseWriter, r *http.Request) bool {
	if isPreflight(r) && servePreflight(c.next, w, r) {
		return false
	}
	header, err := c.f(r)
	for name, values := range header {
		for _, value := range values {
			w.Header().Add(name, value)
		}
	}
	if err != nil {
		ResponseErrorWriter.WriteError(r, w, err)
	}
	return err == nil
}

// Describe adds that the condition may answer with an error of any kind.
func (c *condition) Describe(op *Operation) {
	op.Response("default").addErrorContent()
}

func (c *condition) String() string { return "If" }

// mustHandler returns h, or panics if it is nil.
func mustHandler(middleware string, h http.Handler) http.Handler {
	if isMissing(h) {
		misuse("%s: the handler is nil", middleware)
	}
	return h
}

// isMissing tells whether there is no handler, or a function that is nil.
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

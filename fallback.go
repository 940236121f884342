package tigertonic

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
)

// What a mux answers by itself: 404, 405 and OPTIONS.

// NotFoundHandler answers 404 through [ResponseErrorWriter].
type NotFoundHandler struct{}

// ServeHTTP writes a [NotFound].
func (NotFoundHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ResponseErrorWriter.WriteError(r, w, NotFound{missing{r.Method, sentPath(r)}})
}

// missing is what there is no handler for. Not every ErrorWriter wants its text.
type missing struct{ method, path string }

func (m missing) Error() string { return m.method + " " + m.path + " not found" }

// sentPath returns the path that the client sent, of which namespaces may have
// been taken off since.
func sentPath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	return r.URL.EscapedPath()
}

// MethodNotAllowedHandler answers 405 through [ResponseErrorWriter]. The Allow
// header names the methods of the mux that returned the handler for this
// request, and is empty if there was none (RFC 9110 §10.2.1).
type MethodNotAllowedHandler struct{}

// ServeHTTP writes a [MethodNotAllowed].
func (MethodNotAllowedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	methods, _ := r.Context().Value(allowKey{}).([]string)
	allow, description := strings.Join(methods, ", "), "no method is allowed"
	if allow != "" {
		description = "only " + allow + " are allowed"
	}
	w.Header().Set("Allow", allow)
	ResponseErrorWriter.WriteError(r, w, MethodNotAllowed{errors.New(description)})
}

// allowKey is the context's key for the methods that MethodNotAllowedHandler
// names. They can't be in the handler, which users compare with its zero value.
type allowKey struct{}

// An optionsHandler answers OPTIONS for a path, and so a preflight.
type optionsHandler struct {
	mux   *TrieServeMux
	allow []string
}

func (o *optionsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isPreflight(r) {
		o.preflight(w, r)
	}
	o.write(w)
}

func (o *optionsHandler) write(w http.ResponseWriter) {
	w.Header().Set("Allow", strings.Join(o.allow, ", "))
	w.Header().Set("Content-Type", jsonType)
	_ = writeJSON(w, http.StatusOK, map[string][]string{"allow": o.allow}) // strings always encode
}

// preflight leaves the answer to the CORSHandler of the requested method. Where
// that has none, the methods are named without allowing anybody to use them.
func (o *optionsHandler) preflight(w http.ResponseWriter, r *http.Request) {
	rt := o.requested(r)
	if rt == nil {
		addVary(w.Header(), varyPreflight)
	} else if c := findCORS(rt.handler); c != nil {
		c.preflight(w, r, o.allow)
	} else {
		addVary(w.Header(), varyPreflight)
		w.Header().Set(CORSAllowMethods, strings.Join(o.allow, ", "))
	}
}

// requested returns the route that the request is a preflight for, or nil.
func (o *optionsHandler) requested(r *http.Request) *route {
	path, escaped := requestPath(r.URL)
	return o.mux.route(r.Header.Get(CORSRequestMethod), cmp.Or(path, "/"), escaped)
}

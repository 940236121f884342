package tigertonic

import (
	"errors"
	"net/http"
	"strings"
)

// What a mux answers by itself: 404 and 405. OPTIONS is in preflight.go.

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

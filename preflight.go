package tigertonic

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
)

// A browser asks by OPTIONS, in a preflight, whether a script may make a request
// (Fetch §4.8). Who answers is the mux that has the path, with the headers of the
// CORSHandler of the requested method. Neither that handler nor those that guard it
// are called.

// isPreflight tells whether the request asks if another may be made.
func isPreflight(r *http.Request) bool {
	if r.Method != http.MethodOptions {
		return false
	}
	methods := r.Header[CORSRequestMethod]
	return len(methods) > 0 && methods[0] != ""
}

// isExplicit tells whether a mux has sent the request to a handler that was
// registered for OPTIONS, which then takes over.
func isExplicit(r *http.Request) bool { return strings.HasPrefix(r.Pattern, http.MethodOptions+" ") }

// A methodList is methods, and what they are in a header.
type methodList struct {
	names []string
	text  string
}

func newMethodList(names []string) methodList { return methodList{names, strings.Join(names, ", ")} }

// requestedMethod returns what a preflight asks for.
func requestedMethod(r *http.Request) methodList {
	return newMethodList(r.Header[CORSRequestMethod][:1])
}

// An optionsHandler answers OPTIONS for a path, and so a preflight.
type optionsHandler struct {
	mux   *TrieServeMux
	allow methodList
}

func (o *optionsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isPreflight(r) {
		o.preflight(w, r)
	}
	o.write(w)
}

// write writes {"allow":["GET",…]}.
func (o *optionsHandler) write(w http.ResponseWriter) {
	e := getEncoder()
	defer putEncoder(e)
	body := append(e.AvailableBuffer(), `{"allow":`...)
	separator := byte('[')
	for _, name := range o.allow.names {
		body = appendHTMLSafe(append(body, separator), name)
		separator = ','
	}
	e.Write(append(body, "]}\n"...))
	h := singleValues{w.Header(), make([]string, 0, 2)}
	h.set("Allow", o.allow.text)
	h.set("Content-Type", jsonType)
	e.answer(w, http.StatusOK)
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
		w.Header().Set(CORSAllowMethods, o.allow.text)
	}
}

// requested returns the route that the request is a preflight for, or nil.
func (o *optionsHandler) requested(r *http.Request) *route {
	path, escaped := requestPath(r.URL)
	return o.mux.route(r.Header[CORSRequestMethod][0], cmp.Or(path, "/"), escaped)
}

// singleValues sets headers to one value each. The values are kept in one slice,
// so that several cost no more than one.
type singleValues struct {
	header http.Header
	values []string
}

// set sets a header by its canonical name.
func (s *singleValues) set(name, value string) {
	n := len(s.values)
	s.values = append(s.values, value)
	s.header[name] = s.values[n : n+1 : n+1]
}

// findCORS returns the outermost CORSHandler among the wrappers of h, or nil.
func findCORS(h http.Handler) *CORSHandler {
	for h != nil {
		if c, ok := h.(*CORSHandler); ok {
			return c
		}
		h = unwrap(h)
	}
	return nil
}

// A preflightAnswer is what a tree of handlers says of a preflight.
type preflightAnswer struct {
	found   bool
	cors    *CORSHandler    // of the requested method, or nil
	methods methodList      // that the path has
	options *optionsHandler // of the mux that has the path, or nil
}

// write writes the response, whose CORS headers have been set.
func (a preflightAnswer) write(w http.ResponseWriter) {
	if a.options == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	a.options.write(w)
}

// findPreflight looks for the answer to a preflight among the wrappers and
// muxes that lead to the handler of the requested method, and calls none of
// them. There is none if the path isn't found or OPTIONS has a handler of its
// own.
func findPreflight(h http.Handler, r *http.Request) (answer preflightAnswer) {
	inner := routable(r)
	routed := false
	for h != nil {
		switch x := h.(type) {
		case *CORSHandler:
			answer.cors = cmp.Or(answer.cors, x)
		case *optionsHandler:
			if rt := x.requested(inner); rt != nil {
				answer.cors = cmp.Or(answer.cors, findCORS(rt.handler))
			}
			answer.methods, answer.options, answer.found = x.allow, x, true
			return answer
		case *TrieServeMux:
			h, _ = x.Handler(inner)
			routed = true
			continue
		case HostServeMux:
			h, _ = x.Handler(inner)
			routed = true
			continue
		}
		h = unwrap(h)
	}
	answer.methods, answer.found = requestedMethod(r), !routed
	return answer
}

// routable returns a request that has what our muxes look at and change, and
// nothing else: they may not change r.
func routable(r *http.Request) *http.Request {
	inner := &struct {
		http.Request
		url url.URL
	}{url: *r.URL}
	inner.Method, inner.URL, inner.Header, inner.Host, inner.Pattern = r.Method, &inner.url, r.Header, r.Host, r.Pattern
	return &inner.Request
}

// servePreflight answers a preflight if a CORSHandler in h allows it, so that
// what guards h needn't ask browsers for what they don't send with one.
func servePreflight(h http.Handler, w http.ResponseWriter, r *http.Request) bool {
	if isExplicit(r) {
		return false
	}
	answer := findPreflight(h, r)
	if !answer.found || answer.cors == nil || !answer.cors.preflight(w, r, answer.methods) {
		return false
	}
	answer.write(w)
	return true
}

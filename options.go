package tigertonic

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/internal/trie"
)

// A browser asks by OPTIONS, in a preflight, whether a script may make a request
// (Fetch §4.8). Who answers is the mux that has the path, or a CORSHandler or a
// guard outside of it, with the headers of the CORSHandler of the requested method.
// Neither the handler of that method nor those that guard it are called.

// isPreflight reports whether the request asks if another may be made. Browsers
// send each of the two headers once (Fetch §4.8); what has none of them, or several,
// is any OPTIONS.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && isGiven(r.Header[CORSRequestMethod]) && isGiven(r.Header[CORSRequestOrigin])
}

// isGiven reports whether there is one value that isn't empty.
func isGiven(values []string) bool { return len(values) == 1 && values[0] != "" }

// isExplicit reports whether a mux has sent the request to a handler that was
// registered for OPTIONS, which then takes over.
func isExplicit(r *http.Request) bool { return strings.HasPrefix(r.Pattern, http.MethodOptions+" ") }

// A methodList is methods, and what they are in a header.
type methodList struct {
	names []string
	text  string
}

func newMethodList(names []string) methodList { return methodList{names, strings.Join(names, ", ")} }

// An optionsHandler answers OPTIONS for a path, and so a preflight.
type optionsHandler struct {
	mux   *TrieServeMux
	allow methodList
	all   trie.Search // for the path of the request
}

func (o *optionsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := survey{r: r, allow: o.allow}
	s.found(o.mux, o.all, spotOf(r), "", nil)
	switch {
	case isPreflight(r):
		o.preflight(w, &s)
	case r.Header[CORSRequestMethod] != nil:
		addVary(w.Header(), varyPreflight)
	case !s.hasCORS():
	default:
		if c := s.sharer(); c != nil {
			c.HandleCORS(w, r)
		} else {
			addVary(w.Header(), varyOrigin)
		}
	}
	o.write(w, r)
}

// write writes {"allow":["GET",…]}, or the methods in plain text if the client doesn't
// accept JSON. Nobody keeps it (RFC 9110 §9.3.7), so it says no Vary.
func (o *optionsHandler) write(w http.ResponseWriter, r *http.Request) {
	if !httpfield.Accepts(r, httpfield.JSON) {
		h := singleValues{w.Header(), make([]string, 0, 2)}
		h.set("Allow", o.allow.text)
		h.set("Content-Type", httpfield.PlainText)
		_, _ = io.WriteString(w, o.allow.text) // a client that is gone is no error
		return
	}
	e := codec.NewBuffer()
	defer e.Release()
	body := append(e.AvailableBuffer(), `{"allow":`...)
	separator := byte('[')
	for _, name := range o.allow.names {
		body = jsonscan.AppendHTMLSafeString(append(body, separator), name)
		separator = ','
	}
	e.Write(append(body, "]}\n"...))
	h := singleValues{w.Header(), make([]string, 0, 2)}
	h.set("Allow", o.allow.text)
	h.set("Content-Type", httpfield.JSON)
	answer(e, w, http.StatusOK)
}

// preflight adds what the CORSHandler of the requested method says. If no handler of
// the path has one, it lists the methods without allowing anybody to use them:
// middleware outside that isn't a CORSHandler may do that. If other methods have a
// CORSHandler, browsers mustn't cache what that middleware allows, since they would
// remember its headers for these, too.
func (o *optionsHandler) preflight(w http.ResponseWriter, s *survey) {
	if s.answer(w, false) {
		return
	}
	h := w.Header()
	_, known := s.policy(s.requested())
	switch {
	case s.hasCORS():
		if h[CORSAllowOrigin] != nil {
			h.Set(corsMaxAge, "0")
		}
	case known && h[CORSAllowMethods] == nil:
		h.Set(CORSAllowMethods, o.allow.text)
	}
}

// servePreflight answers a preflight if the handlers in h allow it, so that what
// guards h needn't ask browsers for what they don't send with one. It says no more
// than that the requested method and headers are allowed.
func servePreflight(h http.Handler, w http.ResponseWriter, r *http.Request) bool {
	if isExplicit(r) {
		return false
	}
	s := surveyOf(h, r)
	if s.explicit || !s.answer(w, true) {
		return false
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

// answer adds the headers for a preflight if the requested method's CORS allows the
// origin, the method and all headers, and reports whether it does. If brief, they
// name nothing that wasn't asked for.
//
// A browser remembers the methods and the headers of an answer apart from each
// other, for the URL and the origin (Fetch §4.8): a header that was allowed with one
// method goes out with all that it remembers, and with GET, HEAD and POST, which it
// needn't ask for. So the answer
//
//   - names those methods alone whose own CORS allows this origin, with
//     credentials if the answer allows them, and
//   - is to be forgotten at once (Access-Control-Max-Age: 0) and names the requested
//     method alone if it allows a header that another of them doesn't: one
//     whose CORS allows the origin, or one of those three.
func (s *survey) answer(w http.ResponseWriter, brief bool) bool {
	header := w.Header()
	addVary(header, varyPreflight)
	requested := s.requested()
	p, _ := s.policy(requested)
	c := p.cors
	if c == nil {
		return false
	}
	origin, asked := c.allowedOrigin(s.r), s.r.Header[CORSRequestHeaders]
	if origin == "" || !httpfield.IsToken(requested) || !c.allowsHeaders(asked) {
		clearCORS(header)
		return false
	}
	g := s.grant(c, asked)
	var few [12]string
	methods := append(few[:0], requested)
	if !brief && g.lasts {
		methods = s.appendMethods(methods, c)
	}
	h := singleValues{header, make([]string, 0, 5)}
	h.set(CORSAllowOrigin, origin)
	h.set(CORSAllowMethods, s.join(methods))
	list := ""
	switch {
	case !brief && g.alike && !c.allHeaders:
		list = c.listHeaders(asked)
	case !isBlank(asked): // not "*", which covers neither Authorization nor requests with credentials
		list = strings.Join(asked, ", ")
	}
	h.setOrDelete(CORSAllowHeaders, list)
	credentials := ""
	if c.credentials {
		credentials = "true"
	}
	h.setOrDelete(CORSAllowCredentials, credentials)
	h.setOrDelete(corsMaxAge, g.maxAge)
	return true
}

// A grant is how far what a CORSHandler says to a preflight may reach.
type grant struct {
	lasts  bool // it may be remembered
	alike  bool // so may the list of all headers that it allows
	maxAge string
}

// grant returns how far what c says to a preflight with these headers may reach.
func (s *survey) grant(c *CORSHandler, asked []string) grant {
	g := grant{lasts: true, alike: true}
	shortest := c
	for i := range s.policies {
		p := &s.policies[i]
		if p.cors == c || p.own || !p.needsNoPreflight() && !p.allows(s.r, false) {
			continue
		}
		if !p.allows(s.r, c.credentials) {
			g.lasts, g.alike = g.lasts && isBlank(asked), false
			continue
		}
		g.lasts = g.lasts && p.cors.allowsHeaders(asked)
		g.alike = g.alike && p.cors.covers(c)
		if p.cors.age < shortest.age {
			shortest = p.cors
		}
	}
	g.maxAge = shortest.maxAge
	if !g.lasts {
		g.maxAge = "0"
	}
	return g
}

// appendMethods appends, to the requested method, the others that a browser may
// remember with what c says, and sorts them.
func (s *survey) appendMethods(methods []string, c *CORSHandler) []string {
	for i := range s.policies {
		p := &s.policies[i]
		if p.method != "" && p.method != methods[0] && (p.own || p.allows(s.r, c.credentials)) {
			methods = append(methods, p.method)
		}
	}
	slices.Sort(methods)
	return methods
}

// join returns what the methods are in a header. Mostly they are all that the path
// has.
func (s *survey) join(methods []string) string {
	if len(methods) != len(s.allow.names) || !slices.Equal(methods, s.allow.names) {
		return strings.Join(methods, ", ")
	}
	if s.allow.text == "" {
		s.allow = newMethodList(s.allow.names)
	}
	return s.allow.text
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

// setOrDelete sets a header, or deletes it if the value is empty.
func (s *singleValues) setOrDelete(name, value string) {
	if value == "" {
		delete(s.header, name)
		return
	}
	s.set(name, value)
}

package tigertonic

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/schema"
)

// The headers of the CORS protocol (Fetch §3.3).
const (
	CORSRequestOrigin    = "Origin"
	CORSRequestMethod    = "Access-Control-Request-Method"
	CORSRequestHeaders   = "Access-Control-Request-Headers"
	CORSAllowOrigin      = "Access-Control-Allow-Origin"
	CORSAllowMethods     = "Access-Control-Allow-Methods"
	CORSAllowHeaders     = "Access-Control-Allow-Headers"
	CORSAllowCredentials = "Access-Control-Allow-Credentials"
	CORSExposeHeaders    = "Access-Control-Expose-Headers"
	corsMaxAge           = "Access-Control-Max-Age"
)

// What a response depends on, for caches.
const (
	varyOrigin    = CORSRequestOrigin
	varyPreflight = CORSRequestOrigin + ", " + CORSRequestMethod + ", " + CORSRequestHeaders
)

// CORSBuilder builds handlers that tell browsers which other origins may use them. The
// zero value allows none. Changing the builder doesn't change handlers that it has
// built.
type CORSBuilder struct {
	origins, headers, exposed []string
	credentials               bool
	maxAge                    time.Duration
}

// NewCORSBuilder returns a builder that allows no origin.
func NewCORSBuilder() *CORSBuilder { return &CORSBuilder{} }

// AddAllowedOrigins allows these origins, each as browsers send it, such as
// "https://example.com" or "http://localhost:8080". "*" allows all. Here and in
// the lists of headers, one string may hold several, separated by commas.
func (b *CORSBuilder) AddAllowedOrigins(origins ...string) *CORSBuilder {
	b.origins = appendLists(b.origins, origins)
	return b
}

// AddAllowedHeaders allows requests to have these headers besides Accept,
// Accept-Language, Content-Language and Range, which any may have (CORS-safelisted
// request-headers, Fetch §2.2.2). Browsers ask for Content-Type if it isn't that of
// a form, so that it has to be allowed for JSON. "*" allows all.
func (b *CORSBuilder) AddAllowedHeaders(headers ...string) *CORSBuilder {
	b.headers = appendLists(b.headers, headers)
	return b
}

// AddExposedHeaders lets scripts read these headers of responses besides the
// safelisted ones.
func (b *CORSBuilder) AddExposedHeaders(headers ...string) *CORSBuilder {
	b.exposed = appendLists(b.exposed, headers)
	return b
}

// AddAllowCredentials sets whether requests may be made with the user's
// credentials: cookies, client certificates and basic authentication.
func (b *CORSBuilder) AddAllowCredentials(allow bool) *CORSBuilder {
	b.credentials = allow
	return b
}

// AddMaxAge sets how long browsers may remember the answer to a preflight, in
// whole seconds. Zero leaves it to them: they take five seconds (Fetch §4.8).
func (b *CORSBuilder) AddMaxAge(d time.Duration) *CORSBuilder {
	b.maxAge = d
	return b
}

// appendLists appends the elements of comma-separated lists that aren't empty.
func appendLists(to, lists []string) []string {
	for _, list := range lists {
		for element := range strings.SplitSeq(list, ",") {
			if element = strings.TrimSpace(element); element != "" {
				to = append(to, element)
			}
		}
	}
	return to
}

// Build returns the handler with CORS. It panics, with all of the reasons, if the handler
// is nil, if all origins are allowed with credentials, if the origin "null" is allowed,
// which any document can take on, if an origin is one that no browser sends, such as
// "example.com", "https://example.com/" or "https://*.example.com", if a header isn't a
// token, or if the age is negative.
func (b *CORSBuilder) Build(h http.Handler) *CORSHandler {
	mustHandler("CORSBuilder.Build", h)
	if err := b.check(); err != nil {
		callsite.Panicf("CORSBuilder.Build: %v", err)
	}
	c := &CORSHandler{
		Handler:     h,
		allOrigins:  slices.Contains(b.origins, "*"),
		origins:     map[string]bool{},
		allHeaders:  slices.Contains(b.headers, "*"),
		headers:     map[string]bool{},
		headerList:  strings.Join(b.headers, ", "),
		exposedList: strings.Join(b.exposed, ", "),
		credentials: b.credentials,
		age:         defaultAge,
	}
	for _, origin := range b.origins {
		c.origins[origin] = true
	}
	for _, header := range b.headers {
		c.headers[strings.ToLower(header)] = true
	}
	if b.maxAge > 0 {
		c.age = int64(b.maxAge / time.Second)
		c.maxAge = strconv.FormatInt(c.age, 10)
	}
	return c
}

// check returns every problem with the configuration.
func (b *CORSBuilder) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if b.credentials && slices.Contains(b.origins, "*") {
		wrong(`credentials can't be allowed to the origin "*"`)
	}
	if slices.Contains(b.origins, "null") {
		wrong(`the origin "null" can't be allowed: any page can have it`)
	}
	if b.maxAge < 0 {
		wrong("the age %v is negative", b.maxAge)
	}
	for _, origin := range b.origins {
		if origin == "*" || origin == "null" {
			continue
		}
		if err := httpfield.CheckOrigin(origin); err != nil {
			wrong("%q is not an origin: %v", origin, err)
		}
	}
	for _, header := range slices.Concat(b.headers, b.exposed) {
		if !httpfield.IsToken(header) {
			wrong("%q is not the name of a header", header)
		}
	}
	return errors.Join(errs...)
}

// CORSHandler is a handler with CORS. Create one with [CORSBuilder.Build]; the zero
// value isn't usable. It adds the headers of the Fetch standard to responses, and
// nothing for an origin that isn't allowed. If several are nested, the innermost
// decides.
//
// A preflight gets its response without a call of the handler that it asks about, or
// of what guards that. A [TrieServeMux] responds for the handlers in it, and a
// CORSHandler outside of all muxes for what is in it. [If] and [HTTPBasicAuth] let
// preflights through that a CORSHandler inside allows, and put its headers on the
// responses to requests that they refuse. Each looks for the CORSHandler that the
// request itself would come to, under wrappers that have a method Unwrap, in
// [FirstHandler] and in muxes. A middleware without that method, as most of other
// libraries are, hides what is in it. Round a mux or a CORSHandler, or in a namespace,
// it is called with preflights as with other requests, and in a CORSHandler it is
// taken for the handler. In a pattern, or in a guard, nobody calls it to find out
// whether there is CORS in it, for it could as well be a handler that does what the
// method says. Put the CORSHandler outside of it, or register one for OPTIONS, round a
// handler that does nothing.
//
// The response to a preflight never opens one method by another's CORS, although
// browsers cache it for the whole URL. Besides the requested method, it lists only
// methods whose own CORS allows the origin, and credentials if the response does. If
// it allows a header that another method doesn't allow (one whose CORS allows the
// origin, or GET, HEAD or POST, which need no preflight), it lists only what was
// requested and isn't cached (Access-Control-Max-Age: 0). Otherwise it is cached for
// the shortest time of these policies. Through a guard, it also lists only what was
// requested. A handler for OPTIONS takes over: a CORSHandler round it allows the
// method that was asked for, whatever that method's own handler says.
type CORSHandler struct {
	http.Handler
	allOrigins  bool
	origins     map[string]bool
	allHeaders  bool
	headers     map[string]bool // in lower case
	headerList  string
	exposedList string
	credentials bool
	maxAge      string
	age         int64 // in seconds, for which browsers remember a preflight
}

// defaultAge is for how many seconds browsers remember a preflight if its answer
// doesn't say (Fetch §4.8).
const defaultAge = 5

// ServeHTTP answers a preflight, or adds the headers and calls the handler.
func (c *CORSHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isPreflight(r) {
		c.preflight(w, r)
		return
	}
	c.HandleCORS(w, r)
	c.Handler.ServeHTTP(w, r)
}

// preflight answers a preflight, unless there is a handler for OPTIONS or none for
// the path. One that isn't allowed is left to those that guard a mux, but not
// to a handler that can't be known to do nothing with it.
func (c *CORSHandler) preflight(w http.ResponseWriter, r *http.Request) {
	s := surveyOf(c, r)
	ok := s.answer(w, s.guarded)
	switch {
	case isExplicit(r) || s.explicit || s.routed == nil && !s.opaque:
		c.Handler.ServeHTTP(w, r)
	case s.routed == nil || ok && s.guarded:
		w.WriteHeader(http.StatusNoContent)
	case s.guarded:
		c.Handler.ServeHTTP(w, r)
	default:
		if s.allow.text == "" {
			s.allow = newMethodList(s.allow.names)
		}
		(&optionsHandler{mux: s.routed, allow: s.allow}).write(w, r)
	}
}

// HandleCORS adds the headers for the request to the response, but doesn't
// answer it. They take the place of those that another CORSHandler has added. A
// preflight is allowed as by [CORSHandler.ServeHTTP].
func (c *CORSHandler) HandleCORS(w http.ResponseWriter, r *http.Request) {
	if isPreflight(r) {
		s := surveyOf(c, r)
		s.answer(w, s.guarded)
		return
	}
	h := w.Header()
	origin := c.allowedOrigin(r)
	if origin == "" {
		addVary(h, varyOrigin)
		clearCORS(h)
		return
	}
	if h["Vary"] == nil && !c.credentials { // the common case, in one allocation
		values := []string{varyOrigin, origin}
		h["Vary"], h[CORSAllowOrigin] = values[:1:1], values[1:]
	} else {
		clearCORS(h)
		addVary(h, varyOrigin)
		h.Set(CORSAllowOrigin, origin)
	}
	if c.credentials {
		h.Set(CORSAllowCredentials, "true")
	}
	if c.exposedList != "" {
		h.Set(CORSExposeHeaders, c.exposedList)
	}
}

// Unwrap returns the handler without CORS.
func (c *CORSHandler) Unwrap() http.Handler { return c.Handler }

// Describe adds the headers that browsers look at.
func (c *CORSHandler) Describe(op *Operation) {
	for _, rs := range op.Responses {
		rs.SetHeader(CORSAllowOrigin, "The origin of the request if it may read the response.", &schema.Schema{Types: []string{"string"}})
	}
}

// String is how [Explain] shows the handler.
func (c *CORSHandler) String() string { return "CORS" }

// allowedOrigin returns the origin that may read the response, or "".
func (c *CORSHandler) allowedOrigin(r *http.Request) string {
	if c.allOrigins {
		return "*"
	}
	if origins := r.Header[CORSRequestOrigin]; len(origins) == 1 && c.origins[origins[0]] {
		return origins[0]
	}
	return ""
}

// safelisted returns the number, from 1 on, of a header, in lower case, that any
// request may have and that browsers ask for only where its value is unusual
// (Fetch §2.2.2), or 0. Content-Type has none, for where its value is unusual it is
// what keeps other sites out, whose forms can't send it.
func safelisted(name string) int {
	switch name {
	case "accept":
		return 1
	case "accept-language":
		return 2
	case "content-language":
		return 3
	case "range":
		return 4
	}
	return 0
}

// allowsHeader reports whether requests may have a header.
func (c *CORSHandler) allowsHeader(name string) bool {
	if c.allHeaders {
		return true
	}
	name = strings.ToLower(name)
	return c.headers[name] || safelisted(name) != 0
}

// allowsHeaders reports whether all headers that a preflight names are allowed.
func (c *CORSHandler) allowsHeaders(asked []string) bool {
	for _, list := range asked {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.Trim(name, " \t"); name != "" && (!httpfield.IsToken(name) || !c.allowsHeader(name)) {
				return false
			}
		}
	}
	return true
}

// listHeaders returns the headers that are allowed, with those of the safelisted
// ones that a preflight names.
func (c *CORSHandler) listHeaders(asked []string) string {
	all, added := c.headerList, [5]bool{0: true} // by number
	for _, list := range asked {
		for name := range strings.SplitSeq(list, ",") {
			name = strings.ToLower(strings.Trim(name, " \t"))
			if i := safelisted(name); !added[i] && !c.headers[name] {
				added[i] = true
				all = strings.TrimPrefix(all+", "+name, ", ")
			}
		}
	}
	return all
}

// covers reports whether all headers that other lists are allowed.
func (c *CORSHandler) covers(other *CORSHandler) bool {
	if c.allHeaders {
		return true
	}
	for name := range other.headers {
		if !c.allowsHeader(name) {
			return false
		}
	}
	return true
}

// isBlank reports whether lists name nothing.
func isBlank(lists []string) bool {
	return !slices.ContainsFunc(lists, func(list string) bool { return strings.Trim(list, " \t,") != "" })
}

// clearCORS takes out what a CORSHandler, or somebody else, has added.
func clearCORS(h http.Header) {
	if h[CORSAllowOrigin] == nil {
		return
	}
	for _, name := range [...]string{CORSAllowOrigin, CORSAllowMethods, CORSAllowHeaders, CORSAllowCredentials, CORSExposeHeaders, corsMaxAge} {
		delete(h, name)
	}
}

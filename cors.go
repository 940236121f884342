package tigertonic

import (
	"net/http"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/cors"
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
type CORSBuilder struct{ config cors.Config }

// NewCORSBuilder returns a builder that allows no origin.
func NewCORSBuilder() *CORSBuilder { return &CORSBuilder{} }

// AddAllowedOrigins allows these origins, each as browsers send it, such as
// "https://example.com" or "http://localhost:8080". "*" allows all. Here and in
// the lists of headers, one string may hold several, separated by commas.
func (b *CORSBuilder) AddAllowedOrigins(origins ...string) *CORSBuilder {
	b.config.Origins = appendLists(b.config.Origins, origins)
	return b
}

// AddAllowedHeaders allows requests to have these headers besides Accept,
// Accept-Language, Content-Language and Range, which any may have (CORS-safelisted
// request-headers, Fetch §2.2.2). Browsers ask for Content-Type if it isn't that of
// a form, so that it has to be allowed for JSON. "*" allows all.
func (b *CORSBuilder) AddAllowedHeaders(headers ...string) *CORSBuilder {
	b.config.Headers = appendLists(b.config.Headers, headers)
	return b
}

// AddExposedHeaders lets scripts read these headers of responses besides the
// safelisted ones.
func (b *CORSBuilder) AddExposedHeaders(headers ...string) *CORSBuilder {
	b.config.Exposed = appendLists(b.config.Exposed, headers)
	return b
}

// AddAllowCredentials sets whether requests may be made with the user's
// credentials: cookies, client certificates and basic authentication.
func (b *CORSBuilder) AddAllowCredentials(allow bool) *CORSBuilder {
	b.config.Credentials = allow
	return b
}

// AddMaxAge sets how long browsers may remember the answer to a preflight, in
// whole seconds. Zero leaves it to them: they take five seconds (Fetch §4.8).
func (b *CORSBuilder) AddMaxAge(d time.Duration) *CORSBuilder {
	b.config.MaxAge = d
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
	if err := b.config.Check(); err != nil {
		callsite.Panicf("CORSBuilder.Build: %v", err)
	}
	return &CORSHandler{h, cors.NewPolicy(&b.config)}
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
	policy *cors.Policy
}

// ServeHTTP answers a preflight, or adds the headers and calls the handler.
func (c *CORSHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if cors.IsPreflight(r) {
		c.preflight(w, r)
		return
	}
	shareWith(c.policy, w.Header(), r)
	c.Handler.ServeHTTP(w, r)
}

// preflight answers a preflight, unless there is a handler for OPTIONS or none for
// the path. One that isn't allowed is left to those that guard a mux, but not
// to a handler that can't be known to do nothing with it.
func (c *CORSHandler) preflight(w http.ResponseWriter, r *http.Request) {
	s := survey{r: r}
	s.handler(c, spotOf(r), "", nil)
	ok := s.answer(w, s.guarded)
	switch {
	case isExplicit(r) || s.offer.isExplicit() || s.offer == nil && !s.opaque:
		c.Handler.ServeHTTP(w, r)
	case s.offer == nil || ok && s.guarded:
		w.WriteHeader(http.StatusNoContent)
	case s.guarded:
		c.Handler.ServeHTTP(w, r)
	default:
		s.offer.writeOptions(w, r)
	}
}

// HandleCORS adds the headers for the request to the response, but doesn't
// answer it. They take the place of those that another CORSHandler has added. A
// preflight is allowed as by [CORSHandler.ServeHTTP].
func (c *CORSHandler) HandleCORS(w http.ResponseWriter, r *http.Request) {
	if cors.IsPreflight(r) {
		s := survey{r: r}
		s.handler(c, spotOf(r), "", nil)
		s.answer(w, s.guarded)
		return
	}
	shareWith(c.policy, w.Header(), r)
}

// shareWith adds the headers of a response that say who may read it by this policy.
func shareWith(p *cors.Policy, h http.Header, r *http.Request) {
	origin := p.AllowedOrigin(r)
	if origin == "" {
		addVary(h, varyOrigin)
		clearCORS(h)
		return
	}
	values := valuesFor(h)
	if h[varyHeader] == nil && !p.Credentials { // the common case
		values.set(varyHeader, varyOrigin)
	} else {
		clearCORS(h)
		addVary(h, varyOrigin)
	}
	values.set(CORSAllowOrigin, origin)
	if p.Credentials {
		values.set(CORSAllowCredentials, "true")
	}
	values.done()
	if p.Exposed != "" {
		h.Set(CORSExposeHeaders, p.Exposed)
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

// clearCORS takes out what a CORSHandler, or somebody else, has added.
func clearCORS(h http.Header) {
	if h[CORSAllowOrigin] == nil {
		return
	}
	for _, name := range [...]string{CORSAllowOrigin, CORSAllowMethods, CORSAllowHeaders, CORSAllowCredentials, CORSExposeHeaders, corsMaxAge} {
		delete(h, name)
	}
}

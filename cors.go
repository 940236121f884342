package tigertonic

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
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

// CORSBuilder builds handlers that tell browsers which other origins may use
// them. The zero value allows none. What was built doesn't change with the
// builder.
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

// AddAllowedHeaders allows requests to have these headers besides the
// safelisted ones. "*" allows all.
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
// whole seconds. Zero leaves it to them.
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

// Build returns the handler with CORS. It panics, with all of the reasons, if the
// handler is nil, if all origins are allowed with credentials, if the origin
// "null" is allowed, which any document can take on, if an origin has spaces or
// control characters, if a header isn't a token, or if the age is negative.
func (b *CORSBuilder) Build(h http.Handler) *CORSHandler {
	mustHandler("CORSBuilder.Build", h)
	if err := b.check(); err != nil {
		misuse("CORSBuilder.Build: %v", err)
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
	}
	for _, origin := range b.origins {
		c.origins[origin] = true
	}
	for _, header := range b.headers {
		c.headers[strings.ToLower(header)] = true
	}
	if seconds := int64(b.maxAge / time.Second); seconds > 0 {
		c.maxAge = strconv.FormatInt(seconds, 10)
	}
	return c
}

// check returns all that is wrong with the configuration.
func (b *CORSBuilder) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if b.credentials && slices.Contains(b.origins, "*") {
		wrong(`credentials can't be allowed to the origin "*"`)
	}
	if slices.Contains(b.origins, "null") {
		wrong(`the origin "null" can't be allowed, for it is anybody's`)
	}
	if b.maxAge < 0 {
		wrong("the age %v is negative", b.maxAge)
	}
	for _, origin := range b.origins {
		if strings.ContainsFunc(origin, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
			wrong("%q is not an origin", origin)
		}
	}
	for _, header := range slices.Concat(b.headers, b.exposed) {
		if !isToken(header) {
			wrong("%q is not the name of a header", header)
		}
	}
	return errors.Join(errs...)
}

// CORSHandler is a handler with CORS. It is made by [CORSBuilder.Build]; the zero
// value isn't usable. It adds to the responses what the Fetch
// standard asks for, and nothing for an origin that isn't allowed.
//
// A [TrieServeMux] answers the preflights of the handlers in it, however deep
// under other wrappers the CORSHandler is. One that is not in a mux answers
// them itself, with the methods of the muxes in it; if there is none, or it
// leads elsewhere, then the requested method is allowed.
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
}

// ServeHTTP answers a preflight, or adds the headers and calls the handler.
func (c *CORSHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isPreflight(r) && !isExplicit(r) {
		if answer := findPreflight(c, r); answer.found {
			c.preflight(w, r, answer.methods)
			answer.write(w)
			return
		}
	}
	c.HandleCORS(w, r)
	c.Handler.ServeHTTP(w, r)
}

// HandleCORS adds the headers for the request to the response, but doesn't
// answer it. To a preflight it allows the requested method.
func (c *CORSHandler) HandleCORS(w http.ResponseWriter, r *http.Request) {
	if isPreflight(r) {
		c.preflight(w, r, requestedMethod(r))
		return
	}
	h := w.Header()
	origin := c.allowedOrigin(r)
	if origin == "" {
		addVary(h, varyOrigin)
		return
	}
	if h["Vary"] == nil && !c.credentials { // the common case, in one allocation
		values := []string{varyOrigin, origin}
		h["Vary"], h[CORSAllowOrigin] = values[:1:1], values[1:]
	} else {
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
		rs.SetHeader(CORSAllowOrigin, "The origin of the request if it may read the response.", &Schema{Types: []string{"string"}})
	}
}

// String is how [Explain] shows the handler.
func (c *CORSHandler) String() string { return "CORS" }

// preflight adds the headers for a preflight, if the origin, the method and all
// headers are allowed, and tells whether they are.
func (c *CORSHandler) preflight(w http.ResponseWriter, r *http.Request, methods methodList) bool {
	addVary(w.Header(), varyPreflight)
	origin, headers := c.allowedOrigin(r), r.Header[CORSRequestHeaders]
	if origin == "" || !slices.Contains(methods.names, r.Header[CORSRequestMethod][0]) || !c.allowsHeaders(headers) {
		return false
	}
	h := singleValues{w.Header(), make([]string, 0, 5)}
	h.set(CORSAllowOrigin, origin)
	h.set(CORSAllowMethods, methods.text)
	list := c.headerList
	if c.allHeaders {
		list = strings.Join(headers, ", ") // for "*" doesn't cover Authorization, nor anything with credentials
	}
	if list != "" {
		h.set(CORSAllowHeaders, list)
	}
	if c.credentials {
		h.set(CORSAllowCredentials, "true")
	}
	if c.maxAge != "" {
		h.set(corsMaxAge, c.maxAge)
	}
	return true
}

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

// allowsHeaders tells whether all headers that a preflight names are allowed.
func (c *CORSHandler) allowsHeaders(values []string) bool {
	for _, value := range values {
		for value != "" {
			var header string
			header, value, _ = strings.Cut(value, ",")
			header = strings.Trim(header, " \t")
			if header != "" && (!isToken(header) || !c.allHeaders && !c.headers[strings.ToLower(header)]) {
				return false
			}
		}
	}
	return true
}

// addVary adds names to those that the response varies by.
func addVary(h http.Header, names string) {
	if values := h["Vary"]; !slices.Contains(values, names) && !slices.Contains(values, "*") {
		h["Vary"] = append(slices.Clip(values), names)
	}
}

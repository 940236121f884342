// Package cors decides what the CORS protocol of the Fetch standard allows: which
// origins may read a response, and what a browser is told that asks, in a preflight,
// for a method of a path whose methods may have different policies. It writes no
// responses, and knows nothing of handlers.
package cors

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/httpfield"
)

// The headers of a request that the protocol looks at (Fetch §3.3).
const (
	Origin         = "Origin"
	RequestMethod  = "Access-Control-Request-Method"
	RequestHeaders = "Access-Control-Request-Headers"
)

// Config says what a policy allows. The zero value allows nothing.
type Config struct {
	Origins     []string // as browsers send them, or "*" for all
	Headers     []string // of requests, besides the safelisted ones, or "*" for all
	Exposed     []string // headers of responses
	Credentials bool
	MaxAge      time.Duration // 0 leaves it to the browser
}

// Check returns every problem with the configuration.
func (c *Config) Check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Credentials && slices.Contains(c.Origins, "*") {
		wrong(`credentials can't be allowed to the origin "*"`)
	}
	if slices.Contains(c.Origins, "null") {
		wrong(`the origin "null" can't be allowed: any page can have it`)
	}
	if c.MaxAge < 0 {
		wrong("the age %v is negative", c.MaxAge)
	}
	for _, origin := range c.Origins {
		if origin == "*" || origin == "null" {
			continue
		}
		if err := httpfield.CheckOrigin(origin); err != nil {
			wrong("%q is not an origin: %v", origin, err)
		}
	}
	for _, header := range slices.Concat(c.Headers, c.Exposed) {
		if !httpfield.IsToken(header) {
			wrong("%q isn't a header name", header)
		}
	}
	return errors.Join(errs...)
}

// A Policy is what a handler allows to other origins. It never changes, and may be used
// by any number of goroutines.
type Policy struct {
	Exposed     string // the headers of responses that scripts may read, as a list
	Credentials bool

	allOrigins bool
	origins    map[string]bool
	allHeaders bool
	headers    map[string]bool // in lower case
	headerList string
	maxAge     string
	age        int64 // in seconds, for which browsers remember a preflight
}

// defaultAge is for how many seconds browsers remember a preflight if its response
// doesn't say (Fetch §4.8).
const defaultAge = 5

// NewPolicy returns the policy of a configuration that Check finds nothing wrong with.
func NewPolicy(c *Config) *Policy {
	p := &Policy{
		Exposed:     strings.Join(c.Exposed, ", "),
		Credentials: c.Credentials,
		allOrigins:  slices.Contains(c.Origins, "*"),
		origins:     map[string]bool{},
		allHeaders:  slices.Contains(c.Headers, "*"),
		headers:     map[string]bool{},
		headerList:  strings.Join(c.Headers, ", "),
		age:         defaultAge,
	}
	for _, origin := range c.Origins {
		p.origins[origin] = true
	}
	for _, header := range c.Headers {
		p.headers[strings.ToLower(header)] = true
	}
	if c.MaxAge > 0 {
		p.age = int64(c.MaxAge / time.Second)
		p.maxAge = strconv.FormatInt(p.age, 10)
	}
	return p
}

// AllowedOrigin returns the origin that may read the response to a request, "*" for
// all, or "".
func (p *Policy) AllowedOrigin(r *http.Request) string {
	if p.allOrigins {
		return "*"
	}
	if origins := r.Header[Origin]; len(origins) == 1 && p.origins[origins[0]] {
		return origins[0]
	}
	return ""
}

// allows reports whether the origin of the request may read a response, with credentials
// if these are wanted. A policy that is nil allows nothing.
func (p *Policy) allows(r *http.Request, credentials bool) bool {
	return p != nil && (p.Credentials || !credentials) && p.AllowedOrigin(r) != ""
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
func (p *Policy) allowsHeader(name string) bool {
	if p.allHeaders {
		return true
	}
	name = strings.ToLower(name)
	return p.headers[name] || safelisted(name) != 0
}

// allowsHeaders reports whether all headers that a preflight names are allowed.
func (p *Policy) allowsHeaders(asked []string) bool {
	for _, list := range asked {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.Trim(name, " \t"); name != "" && (!httpfield.IsToken(name) || !p.allowsHeader(name)) {
				return false
			}
		}
	}
	return true
}

// listHeaders returns the headers that are allowed, with those of the safelisted
// ones that a preflight names.
func (p *Policy) listHeaders(asked []string) string {
	all, added := p.headerList, [5]bool{0: true} // by number
	for _, list := range asked {
		for name := range strings.SplitSeq(list, ",") {
			name = strings.ToLower(strings.Trim(name, " \t"))
			if i := safelisted(name); !added[i] && !p.headers[name] {
				added[i] = true
				all = strings.TrimPrefix(all+", "+name, ", ")
			}
		}
	}
	return all
}

// covers reports whether all headers that other lists are allowed.
func (p *Policy) covers(other *Policy) bool {
	if p.allHeaders {
		return true
	}
	for name := range other.headers {
		if !p.allowsHeader(name) {
			return false
		}
	}
	return true
}

// isBlank reports whether lists name nothing.
func isBlank(lists []string) bool {
	return !slices.ContainsFunc(lists, func(list string) bool { return strings.Trim(list, " \t,") != "" })
}

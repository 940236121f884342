package tigertonic

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/record"
	"github.com/rcrowley/go-tigertonic/schema"
)

// CacheOptions are the directives of a Cache-Control header (RFC 9111 §5.2.2).
// The zero value has none.
type CacheOptions struct {
	Immutable       bool // never changes: immutable (RFC 8246) and, for MaxAge, one year
	IsPrivate       bool
	NoCache         bool
	NoStore         bool
	NoTransform     bool
	MustRevalidate  bool
	ProxyRevalidate bool
	MaxAge          time.Duration // sent in whole seconds, and left out if under one
	SharedMaxAge    time.Duration // likewise, as s-maxage
}

const oneYear = 365 * 24 * time.Hour

// String returns the header's value, "" if there is no directive.
func (o CacheOptions) String() string {
	var directives []string
	add := func(set bool, directive string) {
		if set {
			directives = append(directives, directive)
		}
	}
	age := func(d time.Duration, name string) {
		add(d >= time.Second, fmt.Sprintf("%s=%d", name, d/time.Second))
	}
	if o.Immutable {
		o.MaxAge = oneYear
	}
	add(o.IsPrivate, "private")
	add(o.NoCache, "no-cache")
	add(o.NoStore, "no-store")
	add(o.NoTransform, "no-transform")
	add(o.MustRevalidate, "must-revalidate")
	add(o.ProxyRevalidate, "proxy-revalidate")
	age(o.MaxAge, "max-age")
	age(o.SharedMaxAge, "s-maxage")
	add(o.Immutable, "immutable")
	return strings.Join(directives, ", ")
}

// CacheControl sets Cache-Control on the responses of a handler. It is made by
// [Cached]; the zero value isn't usable.
type CacheControl struct {
	handler      http.Handler
	cacheControl string
	onError      string
}

// Cached returns a handler that sets Cache-Control on each response of h, unless h
// has set it. It leaves the freshness lifetime out of error responses, since the
// error may be gone soon.
func Cached(h http.Handler, o CacheOptions) *CacheControl {
	onError := o
	onError.Immutable, onError.MaxAge, onError.SharedMaxAge = false, 0, 0
	return &CacheControl{mustHandler("Cached", h), o.String(), onError.String()}
}

// ServeHTTP calls the handler.
func (c *CacheControl) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w, rec := record.Wrap(w, r)
	rec.Observe((*cacheObserver)(c))
	c.handler.ServeHTTP(w, r)
	rec.Finish((*cacheObserver)(c))
}

// Unwrap returns the handler without Cache-Control.
func (c *CacheControl) Unwrap() http.Handler { return c.handler }

// Describe adds Cache-Control to the responses.
func (c *CacheControl) Describe(op *Operation) {
	for status, rs := range op.Responses {
		if value := c.cacheControl; strings.HasPrefix(status, "2") && value != "" {
			rs.SetHeader("Cache-Control", "How long the response may be kept: "+value+" unless the handler knows better.", &schema.Schema{Types: []string{"string"}})
		}
	}
}

// String is how [Explain] shows the handler.
func (c *CacheControl) String() string { return fmt.Sprintf("Cached(%s)", c.cacheControl) }

// A cacheObserver is a CacheControl that sees a response pass.
type cacheObserver CacheControl

// OnHeader sets Cache-Control.
func (c *cacheObserver) OnHeader(status int, h http.Header) {
	value := c.cacheControl
	if status >= 400 {
		value = c.onError
	}
	if value != "" && h["Cache-Control"] == nil {
		h.Set("Cache-Control", value)
	}
}

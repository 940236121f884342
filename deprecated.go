package tigertonic

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/schema"
)

// Deprecation describes something that clients should stop using, for [Deprecated].
type Deprecation struct {
	Since     time.Time // when it was, or will be, deprecated; required
	Sunset    time.Time // when it is expected to be gone, if that is known
	Info      string    // the URL of a page about it, or ""
	Successor string    // the URL of its replacement, or ""
}

// A deprecatedHandler tells clients that a handler is deprecated.
type deprecatedHandler struct {
	handler http.Handler
	d       Deprecation
	since   string
	sunset  string
	links   []string
}

// Deprecated returns a handler that marks each response of h as deprecated: the header
// Deprecation has the date since when (RFC 9745), Sunset the date when h will be gone (RFC
// 8594), and Link leads to a page about it (rel="deprecation", and "sunset" if there is a
// date) and to its replacement (rel="successor-version", RFC 5829). The document marks the
// operations in h as deprecated, with the same headers. You can wrap an endpoint or a whole
// version of an API. Nothing else changes: h is still called after the sunset.
//
// It panics if h is nil, if Since is zero, if Sunset is before Since (RFC 9745 §4), or if Info or
// Successor isn't a URL.
func Deprecated(h http.Handler, d Deprecation) http.Handler {
	mustHandler("Deprecated", h)
	if wrong := d.check(); len(wrong) > 0 {
		callsite.Panicf("Deprecated: %s", strings.Join(wrong, "\n"))
	}
	dh := &deprecatedHandler{handler: h, d: d, since: "@" + strconv.FormatInt(d.Since.Unix(), 10)}
	link := func(uri, rel string) {
		if uri != "" {
			dh.links = append(dh.links, "<"+uri+`>; rel="`+rel+`"`)
		}
	}
	link(d.Info, "deprecation")
	if !d.Sunset.IsZero() {
		dh.sunset = d.Sunset.UTC().Format(http.TimeFormat)
		link(d.Info, "sunset")
	}
	link(d.Successor, "successor-version")
	return dh
}

// check returns every problem with a deprecation.
func (d *Deprecation) check() (wrong []string) {
	if d.Since.IsZero() {
		wrong = append(wrong, "Since is zero, but clients are told when")
	}
	if !d.Sunset.IsZero() && d.Sunset.Before(d.Since) {
		wrong = append(wrong, fmt.Sprintf("Sunset, %v, is before Since, %v", d.Sunset, d.Since))
	}
	for _, uri := range []string{d.Info, d.Successor} {
		if _, err := url.Parse(uri); err != nil || strings.ContainsAny(uri, "<> \"") {
			wrong = append(wrong, fmt.Sprintf("%q isn't a URL", uri))
		}
	}
	return wrong
}

// ServeHTTP adds the headers and calls the handler.
func (dh *deprecatedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	values := []string{dh.since, dh.sunset}
	h["Deprecation"] = values[:1:1]
	if dh.sunset != "" {
		h["Sunset"] = values[1:]
	}
	if dh.links != nil {
		h["Link"] = append(h["Link"], dh.links...)
	}
	dh.handler.ServeHTTP(w, r)
}

// Unwrap returns the handler that is deprecated.
func (dh *deprecatedHandler) Unwrap() http.Handler { return dh.handler }

// Describe marks the operation as deprecated, and adds the headers.
func (dh *deprecatedHandler) Describe(op *Operation) {
	op.Deprecated = true
	text := "Deprecated since " + dh.d.Since.UTC().Format(time.DateOnly)
	if !dh.d.Sunset.IsZero() {
		text += ", to be gone by " + dh.d.Sunset.UTC().Format(time.DateOnly)
	}
	text += "."
	if dh.d.Successor != "" {
		text += " Use " + dh.d.Successor + " instead."
	}
	if dh.d.Info != "" {
		text += " See " + dh.d.Info + "."
	}
	op.Description = strings.TrimSpace(op.Description + "\n\n" + text)
	for _, rs := range op.Responses {
		rs.SetHeader("Deprecation", "When it was deprecated, in seconds since 1970 (RFC 9745).", &schema.Schema{Types: []string{"string"}, Pattern: "^@-?[0-9]+$"})
		if dh.sunset != "" {
			rs.SetHeader("Sunset", "When it is expected to be gone (RFC 8594).", &schema.Schema{Types: []string{"string"}})
		}
		if dh.links != nil {
			rs.SetHeader("Link", "Where to read about it, and what takes its place.", &schema.Schema{Types: []string{"string"}})
		}
	}
}

// String is how [Explain] shows the handler.
func (dh *deprecatedHandler) String() string { return "Deprecated" }

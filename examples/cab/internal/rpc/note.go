package rpc

import (
	"context"
	"encoding/hex"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// A note is what goes with each attempt of a request: who calls, how long it may take, and
// what span it is a part of.
type note struct {
	values  [len(noteHeaders)]string
	handler http.Handler // in this process, which gets the request with the note
}

//nolint:gochecknoglobals // they never change
var noteHeaders = [...]string{fromHeader, timeoutHeader, traceHeader, stateHeader}

// fill fills the note of an attempt. The span may be none.
func (n *note) fill(from string, left time.Duration, span oteltrace.SpanContext) {
	n.values[0], n.values[1] = from, strconv.FormatInt(max(1, left.Milliseconds()), 10)
	if span.IsValid() {
		n.values[2], n.values[3] = traceparent(span), span.TraceState().String()
	}
}

// write writes the note into a header, which shares its memory.
func (n *note) write(h http.Header) {
	for i, name := range noteHeaders {
		if n.values[i] != "" {
			h[name] = n.values[i : i+1 : i+1]
		}
	}
}

// ServeHTTP adds the note to the request as the handler gets it.
func (n *note) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.write(r.Header)
	n.handler.ServeHTTP(w, r)
}

// traceparent returns the header value that makes a span the parent (W3C Trace Context
// §3.2).
func traceparent(span oteltrace.SpanContext) string {
	var text [55]byte
	whole, part := span.TraceID(), span.SpanID()
	b := append(hex.AppendEncode(append(text[:0], "00-"...), whole[:]), '-')
	b = append(hex.AppendEncode(b, part[:]), "-0"...)
	return string(append(b, '0'+byte(span.TraceFlags()&oteltrace.FlagsSampled)))
}

// parentIn returns the span that a header names, if it does.
func parentIn(h http.Header) oteltrace.SpanContext {
	parents := h[traceHeader]
	if len(parents) == 0 {
		return oteltrace.SpanContext{}
	}
	if p, is := ownParent(parents[0]); is && len(h[stateHeader]) == 0 {
		return p
	}
	return oteltrace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), fields(h)))
}

// ownParent reads what traceparent has written. For anything else, it returns false.
func ownParent(text string) (oteltrace.SpanContext, bool) {
	c := oteltrace.SpanContextConfig{Remote: true}
	const whole, part, flags = len("00-"), len("00-") + 2*len(c.TraceID) + len("-"), len("00-") + 2*len(c.TraceID) + len("-") + 2*len(c.SpanID)
	if len(text) != flags+len("-00") || text[:whole] != "00-" || text[part-1] != '-' || text[flags:flags+len("-0")] != "-0" {
		return oteltrace.SpanContext{}, false
	}
	f := text[len(text)-1]
	if !fromHex(c.TraceID[:], text[whole:]) || !fromHex(c.SpanID[:], text[part:]) || f != '0' && f != '1' || !c.TraceID.IsValid() || !c.SpanID.IsValid() {
		return oteltrace.SpanContext{}, false
	}
	c.TraceFlags = oteltrace.TraceFlags(f - '0')
	return oteltrace.NewSpanContext(c), true
}

// fromHex reads bytes from the beginning of a text, in lower case as it must be.
func fromHex(to []byte, text string) bool {
	for i := range to {
		high, low := digit(text[2*i]), digit(text[2*i+1])
		if high|low > 0xf {
			return false
		}
		to[i] = high<<4 | low
	}
	return true
}

func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}

// fields are those of a header by which traces are passed on.
type fields http.Header

// Get returns the value of one of them.
func (f fields) Get(name string) string {
	switch name {
	case "traceparent":
		return first(f[traceHeader])
	case "tracestate":
		return strings.Join(f[stateHeader], ",")
	}
	return ""
}

// Set does nothing: they are only read.
func (fields) Set(string, string) {}

// Keys returns their names.
func (fields) Keys() []string { return []string{"traceparent", "tracestate"} }

// deliver has a network deliver a request with a note. In this process, the header is copied
// for the handler in any case.
func deliver(network http.RoundTripper, r *http.Request, n *note) (*http.Response, error) {
	if l, is := network.(*Local); is {
		return l.deliver(r, n)
	}
	h := make(http.Header, len(r.Header)+len(n.values))
	maps.Copy(h, r.Header)
	n.write(h)
	r.Header = h
	return network.RoundTrip(r)
}

package rpc

import (
	"encoding/hex"
	"maps"
	"net/http"
	"strconv"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// A note is what goes with each attempt of a request: who calls, how long it may take, and
// what span it is a part of.
type note struct{ values [3]string }

// newNote returns the note of an attempt. The span may be none.
func newNote(from string, left time.Duration, span oteltrace.SpanContext) *note {
	n := &note{[3]string{from, strconv.FormatInt(max(1, left.Milliseconds()), 10)}}
	if span.IsValid() {
		n.values[2] = traceparent(span)
	}
	return n
}

// write writes the note into a header, which shares its memory.
func (n *note) write(h http.Header) {
	for i, name := range [...]string{fromHeader, timeoutHeader, traceHeader} {
		if n.values[i] != "" {
			h[name] = n.values[i : i+1 : i+1]
		}
	}
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

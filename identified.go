package tigertonic

import (
	"cmp"
	"context"
	"net/http"
)

const (
	requestIDHeader   = "X-Request-Id"
	traceparentHeader = "Traceparent"
	maxRequestID      = 64
)

// IdentifiedHandler gives each request an ID. It is made by [Identified]; the
// zero value isn't usable.
type IdentifiedHandler struct{ handler http.Handler }

// Identified returns a handler that gives each request to h an ID, which is
//   - the X-Request-Id that the client has sent, if there is one and it is 1 to
//     64 characters of A-Z, a-z, 0-9, '.', '_' and '-',
//   - else the trace-id of a valid traceparent (W3C Trace Context §3.2),
//   - else the one that a logger outside of h has given it,
//   - else a new one.
//
// [RequestIDFrom] finds the ID in the request's context. It is the X-Request-Id
// of the response, the request_id of problems, and what [Accessed], [Logged] and
// [JSONLogged] log, unless their RequestIDCreator is set. A logger that doesn't
// hold the IdentifiedHandler in it, or only in a mux, should be in it. Clients
// can choose an ID that another request has.
//
// The request that h gets is a copy. In an IdentifiedHandler, another one does
// nothing.
func Identified(h http.Handler) *IdentifiedHandler {
	return &IdentifiedHandler{mustHandler("Identified", h)}
}

// ServeHTTP calls the handler with a request that has an ID.
func (ih *IdentifiedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if RequestIDFrom(r.Context()) != "" {
		ih.handler.ServeHTTP(w, r)
		return
	}
	w, rec := record(w, r)
	id := cmp.Or(sentID(r.Header), rec.id)
	if !isRequestID(string(id)) {
		id = NewRequestID()
	}
	is := &identity{Context: r.Context(), id: id, header: [1]string{string(id)}}
	is.request = *r.WithContext(is)
	rec.id = id
	noteRequest(w, &is.request)
	w.Header()[requestIDHeader] = is.header[:]
	defer handBack(r, &is.request)
	ih.handler.ServeHTTP(w, &is.request)
}

// Unwrap returns the handler whose requests get IDs.
func (ih *IdentifiedHandler) Unwrap() http.Handler { return ih.handler }

// Describe adds the header of the request and of the responses.
func (ih *IdentifiedHandler) Describe(op *Operation) {
	least, most := 1, maxRequestID
	schema := &Schema{Types: []string{"string"}, MinLength: &least, MaxLength: &most, Pattern: "^[A-Za-z0-9._-]+$"}
	described := false
	for _, p := range op.Parameters {
		described = described || p.In == "header" && http.CanonicalHeaderKey(p.Name) == requestIDHeader
	}
	if !described {
		op.Parameters = append(op.Parameters, Parameter{
			Name: requestIDHeader, In: "header", Schema: schema,
			Description: "What the request is to be called in the log. Another value counts as none.",
		})
	}
	for _, rs := range op.Responses {
		rs.SetHeader(requestIDHeader, "What the request is called in the log.", schema)
	}
}

// String is how [Explain] shows the handler.
func (ih *IdentifiedHandler) String() string { return "Identified" }

// RequestIDFrom returns the ID that [Identified] has given to the request with
// this context, or "".
func RequestIDFrom(ctx context.Context) RequestID {
	if is, ok := ctx.Value(identityKey{}).(*identity); ok {
		return is.id
	}
	return ""
}

type identityKey struct{}

// An identity is the context of a request with an ID. What is made of it for a
// request is in it, so that it is one allocation.
type identity struct {
	context.Context
	id      RequestID
	request http.Request
	header  [1]string // of the response
}

func (is *identity) Value(key any) any {
	if key == (identityKey{}) {
		return is
	}
	return is.Context.Value(key)
}

// handBack gives a request what others look for in it once it is answered, and
// has been put into a copy of it.
func handBack(r, inner *http.Request) {
	r.Pattern = inner.Pattern
	if r.MultipartForm == nil {
		r.MultipartForm = inner.MultipartForm // whose files the server removes
	}
}

// sentID returns the ID that the client has given the request, or "".
func sentID(h http.Header) RequestID {
	if ids := h[requestIDHeader]; len(ids) == 1 && isRequestID(ids[0]) {
		return RequestID(ids[0])
	}
	if parents := h[traceparentHeader]; len(parents) == 1 {
		return RequestID(traceID(parents[0]))
	}
	return ""
}

func isRequestID(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= maxRequestID
}

// traceID returns the trace-id of a traceparent, or "" if that isn't valid. Of a
// version that isn't known yet, it looks at what version 00 has (§4.3).
func traceID(parent string) string {
	const (
		zeros = "00000000000000000000000000000000"
		known = len("00-") + len(zeros) + len("-0000000000000000-00")
	)
	if len(parent) < known || len(parent) > known && (parent[:2] == "00" || parent[known] != '-') {
		return ""
	}
	version, trace, span, flags := parent[:2], parent[3:35], parent[36:52], parent[53:known]
	switch {
	case parent[2] != '-' || parent[35] != '-' || parent[52] != '-',
		!isLowerHex(version) || !isLowerHex(trace) || !isLowerHex(span) || !isLowerHex(flags),
		version == "ff" || trace == zeros || span == zeros[:len(span)]:
		return ""
	}
	return trace
}

func isLowerHex(s string) bool {
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && (s[i] < 'a' || s[i] > 'f') {
			return false
		}
	}
	return true
}

// identifies tells whether a request to h gets the ID that it comes with.
func identifies(h http.Handler) bool {
	for ; h != nil; h = unwrap(h) {
		if _, ok := h.(*IdentifiedHandler); ok {
			return true
		}
	}
	return false
}

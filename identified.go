package tigertonic

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"sync"

	"github.com/rcrowley/go-tigertonic/internal/record"
	"github.com/rcrowley/go-tigertonic/schema"
)

// RequestID identifies a request in all the lines logged for it.
type RequestID string

// RequestIDCreator returns the ID that a request is logged under. It must be safe for
// concurrent use.
type RequestIDCreator func(*http.Request) RequestID

const (
	lengthOfID = 16
	idsAtATime = 32
)

// NewRequestID returns a random RequestID of 16 characters in base 62.
func NewRequestID() RequestID {
	digits := idDigits.Get().(*string)
	if *digits == "" {
		*digits = RandomBase62String(lengthOfID * idsAtATime)
	}
	id := RequestID((*digits)[:lengthOfID])
	*digits = (*digits)[lengthOfID:]
	idDigits.Put(digits)
	return id
}

// idDigits are the digits of IDs that haven't been handed out yet, as strings of
// which each ID is a part: half a kilobyte for 32 of them.
var idDigits = sync.Pool{New: func() any { return new(string) }}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// RandomBase62String returns n characters from 0-9, A-Z and a-z, each as likely
// as the others and fit for a secret.
func RandomBase62String(n int) string { return string(RandomBase62Bytes(n)) }

// RandomBase62Bytes is [RandomBase62String] as bytes.
func RandomBase62Bytes(n int) []byte {
	const unbiased = 256 - 256%len(base62) // bytes from here on would favour the first digits

	var random [512]byte // reading a few costs as much as some hundred
	digits := make([]byte, max(n, 0))
	for left := digits; len(left) > 0; {
		some := random[:min(len(random), len(left)+lengthOfID)]
		_, _ = rand.Read(some) // never fails
		for _, b := range some {
			if int(b) < unbiased && len(left) > 0 {
				left[0] = base62[b%byte(len(base62))]
				left = left[1:]
			}
		}
	}
	return digits
}

const (
	requestIDHeader   = "X-Request-Id"
	traceparentHeader = "Traceparent"
	maxRequestID      = 64
)

// IdentifyOptions are the options of [Identified]. The zero value selects the defaults.
// Their functions must be safe for concurrent use.
type IdentifyOptions struct {
	// Trust reports whether the request keeps the ID that it was sent with, as it should if
	// it comes from a proxy or service of yours. Nil means that every request does, so
	// clients can choose an ID that another request has.
	Trust func(r *http.Request) bool
	// RequestIDCreator returns the ID of a request that has none yet. What isn't 1 to 64
	// characters of A-Z, a-z, 0-9, '.', '_' and '-' counts as none. Nil means NewRequestID.
	RequestIDCreator RequestIDCreator
}

// An identifiedHandler gives each request an ID.
type identifiedHandler struct {
	handler http.Handler
	options IdentifyOptions
}

// Identified returns a handler that gives each request to h an ID, which is
//   - the X-Request-Id that the client has sent, if there is one and it is 1 to
//     64 characters of A-Z, a-z, 0-9, '.', '_' and '-', and if the options trust it,
//   - else the trace-id of a valid traceparent (W3C Trace Context §3.2), likewise,
//   - else the one that a logger outside of h has given it,
//   - else a new one.
//
// Nil options are the defaults, with which every client is trusted.
//
// [RequestIDFrom] finds the ID in the request's context. It is the X-Request-Id
// of the response, the request_id of problems, and what [Accessed], [Logged] and
// [JSONLogged] log, unless their RequestIDCreator is set. A logger that doesn't
// hold the handler in it, or only in a mux, should be in it.
//
// The request that h gets is a copy. In such a handler, another one does
// nothing.
func Identified(h http.Handler, opts *IdentifyOptions) http.Handler {
	ih := &identifiedHandler{handler: mustHandler("Identified", h)}
	if opts != nil {
		ih.options = *opts
	}
	return ih
}

// ServeHTTP calls the handler with a request that has an ID.
func (ih *identifiedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if RequestIDFrom(r.Context()) != "" {
		ih.handler.ServeHTTP(w, r)
		return
	}
	w, rec := record.Wrap(w, r)
	id := ih.sentID(r)
	if id == "" && isRequestID(rec.ID) {
		id = RequestID(rec.ID)
	}
	if id == "" {
		id = ih.newID(r)
	}
	is := &identity{Context: r.Context(), id: id, header: [1]string{string(id)}}
	is.request = *r.WithContext(is)
	rec.ID = string(id)
	record.NoteRequest(w, &is.request)
	w.Header()[requestIDHeader] = is.header[:]
	defer handBack(r, &is.request)
	ih.handler.ServeHTTP(w, &is.request)
}

// Unwrap returns the handler whose requests get IDs.
func (ih *identifiedHandler) Unwrap() http.Handler { return ih.handler }

// Describe adds the header of the request and of the responses.
func (ih *identifiedHandler) Describe(op *Operation) {
	least, most := 1, maxRequestID
	id := &schema.Schema{Types: []string{"string"}, MinLength: &least, MaxLength: &most, Pattern: "^[A-Za-z0-9._-]+$"}
	described := false
	for _, p := range op.Parameters {
		described = described || p.In == "header" && http.CanonicalHeaderKey(p.Name) == requestIDHeader
	}
	if !described {
		op.Parameters = append(op.Parameters, Parameter{
			Name: requestIDHeader, In: "header", Schema: &schema.Schema{Types: []string{"string"}},
			Description: "The ID for the request in the log: 1 to 64 letters and digits of ASCII, dots, underscores and hyphens. Another value counts as none.",
		})
	}
	for _, rs := range op.Responses {
		rs.SetHeader(requestIDHeader, "The ID of the request in the log.", id)
	}
}

// String is how [Explain] shows the handler.
func (ih *identifiedHandler) String() string { return "Identified" }

// RequestIDFrom returns the ID that [Identified] has given to the request with
// this context, or "".
func RequestIDFrom(ctx context.Context) RequestID {
	if is, ok := ctx.Value(identityKey{}).(*identity); ok {
		return is.id
	}
	return ""
}

// TraceFrom returns the traceparent and the tracestate (W3C Trace Context) that the request
// with this context had when it reached [Identified], or "" if it had no valid ones.
// Package client sends them on.
func TraceFrom(ctx context.Context) (traceparent, tracestate string) {
	is, ok := ctx.Value(identityKey{}).(*identity)
	if !ok {
		return "", ""
	}
	h := is.request.Header
	if parents := h[traceparentHeader]; len(parents) != 1 || traceID(parents[0]) == "" {
		return "", ""
	}
	return h[traceparentHeader][0], strings.Join(h["Tracestate"], ",")
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

// sentID returns the ID that the client sent, or "" if there is none or the client isn't
// trusted.
func (ih *identifiedHandler) sentID(r *http.Request) RequestID {
	id := sentID(r.Header)
	if id != "" && ih.options.Trust != nil && !ih.options.Trust(r) {
		return ""
	}
	return id
}

// newID returns an ID for a request that has none.
func (ih *identifiedHandler) newID(r *http.Request) RequestID {
	if create := ih.options.RequestIDCreator; create != nil {
		if id := create(r); isRequestID(string(id)) {
			return id
		}
	}
	return NewRequestID()
}

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

// identifierIn returns the handler in h that gives requests their ID, or nil.
func identifierIn(h http.Handler) *identifiedHandler {
	for ; h != nil; h = unwrap(h) {
		if ih, ok := h.(*identifiedHandler); ok {
			return ih
		}
	}
	return nil
}

// Package call describes a compiled call: how its input becomes a request, and how a
// response becomes its output. The root package compiles it from the types of its
// handlers, and package client sends it. It knows neither those types nor how a request
// is sent.
package call

import (
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"
)

// A Call is a method, a pattern and two types.
type Call struct {
	Method, Pattern string
	// Write writes the input that in points to into a request. It doesn't change the
	// input.
	Write func(in any, to *Request) error
	// Output is how the output is made.
	Output Output
}

// A Request is the part of a request that an input determines.
type Request struct {
	Path   string // escaped, beginning with a slash
	Query  string // without the question mark
	Host   string // or ""
	Domain string // what the Host is a label in front of, if it may be any, or ""
	Header http.Header
	// Body is the request's body, of the media type BodyType. A streamed body is in
	// Reader instead, which is closed if it is an io.Closer; Length is 0 if its length
	// isn't known.
	Body     []byte
	BodyType string
	Reader   io.Reader
	Length   int64
}

// A Kind is what a body is.
type Kind uint8

// The kinds of bodies.
const (
	JSON     Kind = iota
	None          // nothing is expected, and whatever comes is dropped
	Stream        // any body, as it is read
	Sequence      // JSON values, one by one
)

// An Output says how a response becomes a value.
type Output struct {
	Kind Kind
	// Item is the type of a Sequence's values.
	Item reflect.Type
	// AnyStatus reports whether the output holds a status, and so any status under 400.
	AnyStatus bool
	// Nilable says that the output may be nil, which is what 204 means.
	Nilable bool
	// Options are the codec's.
	Options json.Options
	// Decode reads the text of a body into the zero value that body points to, sooner than
	// the codec does, and reports whether it has. If not, the codec has to, into a zero
	// value again. It is nil if there is nothing that it could read.
	Decode func(text []byte, body any) bool
	// Answer sets the status and headers in the output that out points to, and returns a
	// pointer to its body.
	Answer func(out any, status int, header http.Header) (body any, err error)
	// With returns how a response with a status becomes the output, or nil if the output
	// has no such response. With is nil if that is the same for all statuses.
	With func(status int) *Output
	// Streams reports whether the response may be a Stream or a Sequence, depending on
	// its status.
	Streams bool
	// SetEvent sets the fields of a server-sent event in the item of a Sequence that a
	// pointer points to, and returns a pointer to its data, or nil for an event that
	// isn't an item.
	SetEvent func(item any, name, id string, retry time.Duration) (data any)
	// Named reports whether the items of a Sequence have several types. In JSON, such an
	// item is an object with one member, named like the event.
	Named bool
	// AnyName reports whether the items of a Sequence are events of any name.
	AnyName bool
	// SetStream sets a body that is a Stream.
	SetStream func(body any, header http.Header, r io.ReadCloser)
}

// For returns how a response with a status that the output accepts becomes the output.
func (o *Output) For(status int) *Output {
	if o.With == nil {
		return o
	}
	return o.With(status)
}

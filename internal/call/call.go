// Package call is what a declared call is made of once it is compiled: how its input
// becomes a request, and how its output is made of an answer. The root compiles it, of
// the types that its handlers have, and package client sends it. It knows neither those
// types nor how a request is sent.
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
	// Write writes what in, a pointer to the input, says into a request. It changes
	// nothing in in.
	Write func(in any, to *Request) error
	// Output is how the output is made.
	Output Output
}

// A Request is what an input says of a request.
type Request struct {
	Path   string // escaped, beginning with a slash
	Query  string // without the question mark
	Host   string // or ""
	Header http.Header
	// Body is that of the request, of the media type BodyType. Reader is read instead
	// where it is streamed, and closed if it is an io.Closer. Its Length is 0 where it
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

// An Output is how an answer becomes a value.
type Output struct {
	Kind Kind
	// Item is the type of a Sequence's values.
	Item reflect.Type
	// AnyStatus says that the output has a status, so that all under 400 are its own.
	AnyStatus bool
	// Nilable says that the output may be nil, which is what 204 means.
	Nilable bool
	// Options are the codec's.
	Options json.Options
	// Answer sets what out, a pointer to the output, has of status and header, and
	// returns a pointer to its body.
	Answer func(out any, status int, header http.Header) (body any, err error)
	// With returns how an answer with a status becomes the output, or nil if the output
	// has none with it. It is nil where that is the same for all.
	With func(status int) *Output
	// Streams says that the answer may be a Stream or a Sequence, by its status.
	Streams bool
	// SetEvent sets what an item of a Sequence, a pointer, has of a server-sent event, and
	// returns a pointer to its data, or nil for an event that isn't one of its items.
	SetEvent func(item any, name, id string, retry time.Duration) (data any)
	// Named says that the items of a Sequence are of several types. In JSON, such an item is
	// an object with one member, which has the name of the event.
	Named bool
	// AnyName says that the items of a Sequence are events of any name.
	AnyName bool
	// SetStream sets a body that is a Stream.
	SetStream func(body any, header http.Header, r io.ReadCloser)
}

// For returns how an answer with a status that the output takes becomes the output.
func (o *Output) For(status int) *Output {
	if o.With == nil {
		return o
	}
	return o.With(status)
}

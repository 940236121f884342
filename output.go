package tigertonic

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json"
)

// CreatedResponse is the answer to a request that has made a resource: 201 with
// its Location. Without one there is no such header.
type CreatedResponse[T any] struct {
	Location string
	Body     T
}

// AcceptedResponse is the answer to a request that will be acted on later: 202.
// Location is where to ask for how it goes, or "".
type AcceptedResponse[T any] struct {
	Location string
	Body     T
}

// Response is an answer with any status and headers, which replace those of the
// same name. A status of 0 means 200, or 204 if there is no body.
type Response[T any] struct {
	Status int
	Header http.Header
	Body   T
}

// Stream is a body that is copied as it is read, each piece as soon as it is
// there. The reader is closed if it is an [io.Closer]. A nil one is an empty body.
type Stream struct {
	ContentType string // required
	io.Reader
}

// An enveloped is a response that has a body in it.
type enveloped interface {
	envelope() (status int, header http.Header)
	content() any // a pointer to the body
	contentType() reflect.Type
}

func (c *CreatedResponse[T]) envelope() (int, http.Header) {
	return http.StatusCreated, locationHeader(c.Location)
}
func (c *CreatedResponse[T]) content() any              { return &c.Body }
func (c *CreatedResponse[T]) contentType() reflect.Type { return reflect.TypeFor[T]() }

func (a *AcceptedResponse[T]) envelope() (int, http.Header) {
	return http.StatusAccepted, locationHeader(a.Location)
}
func (a *AcceptedResponse[T]) content() any              { return &a.Body }
func (a *AcceptedResponse[T]) contentType() reflect.Type { return reflect.TypeFor[T]() }

func (r *Response[T]) envelope() (int, http.Header) { return r.Status, r.Header }
func (r *Response[T]) content() any                 { return &r.Body }
func (r *Response[T]) contentType() reflect.Type    { return reflect.TypeFor[T]() }

func locationHeader(location string) http.Header {
	if location == "" {
		return nil
	}
	return http.Header{"Location": {location}}
}

// An output is how values of a type become responses, compiled once.
type output struct {
	typ       reflect.Type
	enveloped enveloped // a zero one, or nil
	kind      outputKind
	direct    bool         // it is a pointer or an interface that is sent as JSON
	nilable   bool         // its body is one
	item      reflect.Type // of a sequence
	schema    *Schema      // of the body, or of a sequence's items
	options   json.Options
	append    appender // or nil if all is the codec's
}

type outputKind uint8

const (
	jsonOutput outputKind = iota
	noOutput
	streamOutput
	sequenceOutput
)

func compileOutput(t reflect.Type) (*output, error) {
	o := &output{typ: t}
	if e, ok := reflect.TypeAssert[enveloped](reflect.New(t)); ok {
		o.enveloped, t = e, e.contentType()
	}
	if err := misfit(t, o.enveloped != nil); err != nil {
		return nil, err
	}
	c := schemaCompiler{output: true}
	item, isSequence := sequenceOf(t)
	switch {
	case t == reflect.TypeFor[struct{}]():
		o.kind = noOutput
	case t == reflect.TypeFor[Stream]():
		o.kind = streamOutput
	case isSequence:
		o.kind, o.item, o.schema = sequenceOutput, item, c.schema(item)
	default:
		o.nilable = t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface
		o.schema = c.schema(indirect(t))
	}
	err := c.finish()
	o.options = typedOptions(c.durations)
	o.direct = o.nilable && o.enveloped == nil
	switch {
	case err != nil || o.schema == nil:
	case o.kind == sequenceOutput:
		o.append = compileAppender(item)
	case !o.direct:
		o.append = compileAppender(t)
	case t.Kind() == reflect.Pointer:
		o.append = compileAppender(t.Elem())
	}
	return o, err
}

// misfit returns why values of a type would be sent as JSON without being meant
// to be.
func misfit(t reflect.Type, inResponse bool) error {
	elem := indirect(t)
	_, isResponse := reflect.TypeAssert[enveloped](reflect.New(elem))
	_, isSequence := sequenceOf(elem)
	switch {
	case elem != t && (isResponse || isSequence || elem == reflect.TypeFor[Stream]()):
		return fmt.Errorf("the function returns a %s, which must be a value, not a pointer", typeText(t))
	case isResponse && inResponse:
		return fmt.Errorf("the function returns a %s in a response", typeText(t))
	case t.Kind() == reflect.Interface && t.Implements(reflect.TypeFor[io.Reader]()):
		return fmt.Errorf("the function returns a %s, which must be in a Stream", typeText(t))
	}
	return nil
}

// negotiate returns an error if nothing of what can be sent is accepted.
func (o *output) negotiate(r *http.Request) error {
	switch o.kind {
	case jsonOutput:
		if !accepts(r, jsonType) {
			return notAcceptable(jsonType)
		}
	case sequenceOutput:
		if preferred(r, sequenceTypes[:]) == "" {
			return notAcceptable("one of " + jsonType + ", " + linesType + " and " + eventsType)
		}
	}
	return nil
}

func notAcceptable(what string) error {
	return NotAcceptable{fmt.Errorf("only %s can be sent, which the Accept header doesn't allow", what)}
}

// respond writes the response that result stands for, or nothing but an error.
// It is what the function has returned, or a pointer to that unless o is direct.
func (o *output) respond(w http.ResponseWriter, r *http.Request, result any) error {
	status, value := http.StatusOK, result
	var header http.Header
	if o.enveloped != nil {
		e := result.(enveloped)
		status, header = e.envelope()
		value = e.content()
	}
	none := o.kind == noOutput || o.nilable && o.isNil(value)
	switch {
	case status == 0 && !none || status == http.StatusOK && o.enveloped == nil && !none:
		status = http.StatusOK
	case status == 0 || o.enveloped == nil:
		status = http.StatusNoContent
	case status < 200 || status > 999:
		closeStream(value)
		return fmt.Errorf("tigertonic: the function returned %d, which is not the status of a response", status)
	}
	if status == http.StatusNoContent || status == http.StatusNotModified || status == http.StatusResetContent {
		none = true // RFC 9110 §6.4.1, §15.3.6
	}
	head := responseHead{status, header}
	switch {
	case none:
		closeStream(value)
		head.set(w)
		w.WriteHeader(status)
		return nil
	case o.kind == streamOutput:
		return value.(*Stream).respond(w, r, head)
	case o.kind == sequenceOutput:
		return o.respondSequence(w, r, head, value)
	}
	return o.respondJSON(w, head, value)
}

// A responseHead is what comes before a body. Its headers aren't set until it is
// known that the body is sent, and not an error.
type responseHead struct {
	status int
	header http.Header
}

func (h responseHead) set(w http.ResponseWriter) {
	if h.header != nil {
		setHeaders(w.Header(), h.header, "")
	}
}

// discard closes what the function has returned beside an error.
func (o *output) discard(result any) {
	if o.enveloped != nil {
		result = result.(enveloped).content()
	}
	closeStream(result)
}

// isNil tells whether the pointer or interface that is the body is nil.
func (o *output) isNil(value any) bool {
	if o.direct {
		return value == nil || isNil(reflect.ValueOf(value))
	}
	return isNil(reflect.ValueOf(value).Elem())
}

func (o *output) respondJSON(w http.ResponseWriter, head responseHead, value any) error {
	e := getEncoder()
	defer putEncoder(e)
	if err := e.appendJSON(value, o.append, o.options); err != nil {
		return err
	}
	e.WriteByte('\n')
	h := w.Header()
	h["Content-Type"] = []string{jsonType}
	head.set(w)
	if e.Len() > serverCounts && h.Get("Content-Encoding") == "" { // or a middleware changes the length
		h["Content-Length"] = []string{strconv.Itoa(e.Len())}
	}
	w.WriteHeader(head.status)
	_, _ = w.Write(e.Bytes()) // a client that is gone is no error
	return nil
}

// closeStream closes a stream that isn't sent.
func closeStream(value any) {
	if s, ok := value.(*Stream); ok {
		if c, ok := s.Reader.(io.Closer); ok {
			_ = c.Close() // nothing of it is sent
		}
	}
}

// respond sends the stream.
func (s *Stream) respond(w http.ResponseWriter, r *http.Request, head responseHead) error {
	defer closeStream(s)
	switch {
	case s.ContentType == "":
		return errors.New("tigertonic: the function returned a Stream without a ContentType")
	case !accepts(r, s.ContentType):
		return notAcceptable(s.ContentType)
	}
	begin := func() {
		head.set(w)
		w.Header()["Content-Type"] = []string{s.ContentType}
		w.WriteHeader(head.status)
	}
	if s.Reader == nil || r.Method == http.MethodHead {
		begin()
		return nil
	}
	return writeStream(w, s.Reader, begin)
}

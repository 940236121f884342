package tigertonic

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/internal/answers"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
	"github.com/rcrowley/go-tigertonic/schema"
)

// CreatedResponse is the response to a request that created a resource: 201, with a
// Location header unless Location is "".
type CreatedResponse[T any] struct {
	Location string
	Body     T
}

// AcceptedResponse is the response to a request that will be handled later: 202. Location
// is the URL of its state, or "".
type AcceptedResponse[T any] struct {
	Location string
	Body     T
}

// Response is a response with any status and headers. The headers replace those with the
// same name, except Vary, which is merged, and Set-Cookie, Link, WWW-Authenticate,
// Proxy-Authenticate, Warning and Server-Timing, which are added to those that middleware
// has set. A status of 0 means 200, or 204 if there is no body.
type Response[T any] struct {
	Status int
	Header http.Header
	Body   T
}

// Stream is a body that is copied while it is read, each piece as soon as it arrives. The
// reader is closed if it is an [io.Closer]. A nil reader is an empty body.
//
// A reader that is an [io.Seeker], such as an [os.File] or a [bytes.Reader], is sent from
// its current offset, with its length, and supports Range and If-Range (RFC 9110 §14). As
// with [http.ServeContent], the other conditions use the ETag and Last-Modified of a
// [Response] around the stream. Its end mustn't change while it is sent.
type Stream struct {
	ContentType string // required
	io.Reader
	// Name makes browsers save the body as a file with this name: Content-Disposition:
	// attachment (RFC 6266). Directories and control characters in the name are left out.
	// The Content-Disposition of a [Response] takes precedence. Package client sets Name
	// from the Content-Disposition of an attachment.
	Name string
}

// An enveloped is a response type that wraps a body.
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

// An output says how values of a type become responses. It is compiled once.
type output struct {
	typ       reflect.Type
	enveloped enveloped // a zero one, or nil
	kind      outputKind
	direct    bool           // it is a pointer that is sent as JSON
	nilable   bool           // its body is one
	item      reflect.Type   // of a sequence
	schema    *schema.Schema // of the body, or of a sequence's items in JSON
	options   json.Options
	encoder   *codec.Encoder // or nil if all is the codec's

	// Of a sequence: the type of its data, which is that of its items or of what is in an
	// Event, the kinds of events if there are several, and how long it may be silent.
	data      reflect.Type
	isEvent   bool
	kinds     []eventKind
	heartbeat time.Duration

	// plan describes a struct whose fields are headers, the body or one of several
	// answers, or is nil; bodies are the outputs for the bodies of its answers.
	plan   *answers.Plan
	bodies []*output
}

type outputKind uint8

const (
	jsonOutput outputKind = iota
	noOutput
	streamOutput
	sequenceOutput
)

// hasJSON reports whether values of a type can be sent as JSON.
func hasJSON(t reflect.Type) bool {
	c := typeschema.Compiler{Output: true}
	c.Schema(t)
	return c.Finish() == nil
}

func compileOutput(t reflect.Type) (*output, error) {
	if answers.IsPlanned(t) {
		return compileAnswers(t)
	}
	o := &output{typ: t}
	if e, ok := reflect.TypeAssert[enveloped](reflect.New(t)); ok {
		o.enveloped, t = e, e.contentType()
	}
	err := o.compileBody(t, o.enveloped != nil)
	return o, err
}

// compileAnswers compiles a type whose fields say what a response is.
func compileAnswers(t reflect.Type) (*output, error) {
	c := typeschema.Compiler{Output: true, Refused: refused}
	plan, err := answers.Compile(t, &c)
	o := &output{typ: t, plan: plan}
	errs := []error{err, c.Finish()}
	for i := range plan.Answers {
		body := &output{typ: plan.Answers[i].Body}
		if body.typ == nil {
			body.kind = noOutput
		} else {
			errs = append(errs, body.compileBody(body.typ, true))
		}
		o.bodies = append(o.bodies, body)
	}
	return o, joinOnce(errs...)
}

// compileBody compiles a body of type t, which is in a response or is the function's
// result itself.
func (o *output) compileBody(t reflect.Type, inResponse bool) error {
	if err := misfit(t, inResponse); err != nil {
		return err
	}
	c := typeschema.Compiler{Output: true, Refused: refused}
	item, isSequence := sequenceOf(t)
	switch {
	case t == reflect.TypeFor[struct{}]():
		o.kind = noOutput
	case t == reflect.TypeFor[Stream]():
		o.kind = streamOutput
	case isSequence:
		if err := o.compileItems(&c, item); err != nil {
			return err
		}
	default:
		o.nilable = t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface
		o.schema = c.Schema(jsontype.Indirect(t))
	}
	err := c.Finish()
	o.options = jsontype.Options(c.HasDurations(), c.HasUnions())
	o.direct = o.nilable && !inResponse && t.Kind() == reflect.Pointer
	switch {
	case err != nil || o.schema == nil:
	case o.kind == sequenceOutput && o.kinds == nil:
		o.encoder = codec.CompileEncoder(o.data, codec.Omission{Tag: "writeOnly"}, hasJSON)
	case o.kind == sequenceOutput:
	case !o.direct:
		o.encoder = codec.CompileEncoder(t, codec.Omission{Tag: "writeOnly"}, hasJSON)
	default:
		o.encoder = codec.CompileEncoder(t.Elem(), codec.Omission{Tag: "writeOnly"}, hasJSON)
	}
	return err
}

// misfit returns why sending values of a type as JSON would be a mistake.
func misfit(t reflect.Type, inResponse bool) error {
	elem := jsontype.Indirect(t)
	_, isResponse := reflect.TypeAssert[enveloped](reflect.New(elem))
	isResponse = isResponse || answers.IsPlanned(elem)
	_, isSequence := sequenceOf(elem)
	switch {
	case elem != t && (isResponse || isSequence || elem == reflect.TypeFor[Stream]()):
		return fmt.Errorf("the function returns a %s, which must be a value, not a pointer", typeschema.NameOf(t))
	case isResponse && inResponse:
		return fmt.Errorf("the function returns a %s in a response", typeschema.NameOf(t))
	case reflect.PointerTo(elem).Implements(reflect.TypeFor[anyEvent]()):
		return fmt.Errorf("the function returns a %s, which is an item of a stream, iter.Seq2[%[1]s, error]", typeschema.NameOf(elem))
	case t.Kind() == reflect.Interface && t.Implements(reflect.TypeFor[io.Reader]()):
		return fmt.Errorf("the function returns a %s, which must be in a Stream", typeschema.NameOf(t))
	}
	return nil
}

// mayStream reports whether there is a [Stream] in what the function returns.
func (o *output) mayStream() bool {
	return o.kind == streamOutput || slices.ContainsFunc(o.bodies, (*output).mayStream)
}

// negotiate returns an error if the request accepts none of the possible media types.
func (o *output) negotiate(r *http.Request) error {
	for _, body := range o.bodies { // whichever it is going to be
		if err := body.negotiate(r); err != nil {
			return err
		}
	}
	if o.plan != nil {
		return nil
	}
	switch o.kind {
	case jsonOutput:
		if !httpfield.Accepts(r, httpfield.JSON) {
			return notAcceptable(httpfield.JSON)
		}
	case sequenceOutput:
		if httpfield.Preferred(r, sequenceTypes[:]) == "" {
			return notAcceptable("one of " + httpfield.JSON + ", " + linesType + " and " + eventsType)
		}
	}
	return nil
}

func notAcceptable(what string) error {
	return NotAcceptable{fmt.Errorf("only %s can be sent, which the Accept header doesn't allow", what)}
}

// respond writes the response for result, or returns an error and writes nothing. result
// is what the function returned, or a pointer to that unless o is direct.
func (o *output) respond(w http.ResponseWriter, r *http.Request, result any) error {
	if o.plan != nil {
		return o.respondAnswer(w, r, reflect.ValueOf(result).Elem())
	}
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
	return o.send(w, r, responseHead{status, header}, value, none)
}

// respondAnswer writes the response for a value of the plan's type.
func (o *output) respondAnswer(w http.ResponseWriter, r *http.Request, result reflect.Value) error {
	a, parts, err := o.plan.Chosen(result)
	var header http.Header
	if err == nil {
		header, err = a.HeaderOf(parts)
	}
	if err != nil {
		o.discard(result.Addr().Interface())
		return fmt.Errorf("tigertonic: the function returned a %s that can't be sent: %w", typeschema.NameOf(o.typ), err)
	}
	status, body, value := a.Status, o.bodyOf(a), any(nil)
	none := a.Body == nil
	if !none {
		value = a.BodyOf(parts).Addr().Interface()
		none = body.nilable && body.isNil(value)
	}
	switch {
	case status == 0 && none:
		status = http.StatusNoContent
	case status == 0:
		status = http.StatusOK
	case none && a.Body != nil:
		return fmt.Errorf("tigertonic: the function returned a %s whose body is nil, with the status %d", typeschema.NameOf(a.Type), status)
	}
	return body.send(w, r, responseHead{status, header}, value, none)
}

// bodyOf returns the output for the body of one of the answers.
func (o *output) bodyOf(a *answers.Answer) *output {
	for i := range o.plan.Answers {
		if a == &o.plan.Answers[i] {
			return o.bodies[i]
		}
	}
	return nil
}

// send writes a response with or without a body.
func (o *output) send(w http.ResponseWriter, r *http.Request, head responseHead, value any, none bool) error {
	status := head.status
	if status == http.StatusNoContent || status == http.StatusNotModified || status == http.StatusResetContent {
		none = true // RFC 9110 §6.4.1, §15.3.6
	}
	if answered, err := head.answered(w, r); answered {
		closeStream(value)
		return err
	}
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

// A responseHead is what precedes a body. Its headers aren't set until it is certain that
// the body, and not an error, is sent.
type responseHead struct {
	status int
	header http.Header
}

func (h responseHead) set(w http.ResponseWriter) {
	if h.header != nil {
		setHeaders(w.Header(), h.header, "")
	}
}

// discard closes what the function returned together with an error.
func (o *output) discard(result any) {
	if o.plan != nil {
		o.plan.All(reflect.ValueOf(result).Elem(), func(a *answers.Answer, parts reflect.Value) {
			if a.Body != nil {
				closeStream(a.BodyOf(parts).Addr().Interface())
			}
		})
		return
	}
	if o.enveloped != nil {
		result = result.(enveloped).content()
	}
	closeStream(result)
}

// isNil reports whether the pointer or interface that is the body is nil.
func (o *output) isNil(value any) bool {
	v := reflect.ValueOf(value)
	if !o.direct {
		v = v.Elem()
	}
	return isNil(v) || v.Kind() == reflect.Interface && isNil(v.Elem())
}

func (o *output) respondJSON(w http.ResponseWriter, head responseHead, value any) error {
	e := codec.NewBuffer()
	defer e.Release()
	if err := e.AppendJSON(value, o.encoder, o.options); err != nil {
		return err
	}
	e.WriteByte('\n')
	h := w.Header()
	h["Content-Type"] = []string{httpfield.JSON}
	head.set(w)
	if e.Len() > serverCounts && isUnchanged(w) {
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

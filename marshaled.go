package tigertonic

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"reflect"
	"strconv"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
)

// MarshalerError is the error for a function that [Marshaled] can't use, or whose result
// it can't send.
type MarshalerError string

// NewMarshalerError returns a MarshalerError with a text formatted by [fmt.Sprintf].
func NewMarshalerError(format string, args ...any) MarshalerError {
	return MarshalerError(fmt.Sprintf(format, args...))
}

// Error returns the text.
func (e MarshalerError) Error() string { return string(e) }

// Marshaler is a handler for a function, made by [Marshaled]. The zero value isn't usable.
type Marshaler struct {
	function reflect.Value
	request  reflect.Type  // of Rq, or nil
	decoder  codec.Decoder // for a body, or nil if only encoding/json can
	empty    bool          // Rq is missing or an empty interface
	context  reflect.Type  // *C, an interface, or nil
	streams  bool          // Rs is an interface that includes io.Reader
}

// Marshaled returns a handler that decodes the body of a request as JSON, calls f, and
// encodes what f returns as JSON. f is a
//
//	func(*url.URL, http.Header[, Rq[, *C]]) (int, http.Header, Rs, error)
//
// where Rq is a pointer, a map or a slice, or an empty interface if f needs no body, and C
// is the type given to [WithContext]. An interface that *C implements may take the place of
// *C. The URL's query has the wildcards of the request's pattern, whatever handlers are
// between the mux and f. Marshaled panics with a [MarshalerError] if f has any other type.
//
// Only the bodies of PATCH, POST and PUT are decoded, by the rules of [encoding/json]. The
// body must be application/json without a content coding (415 otherwise), at most
// [DefaultMaxBytes] long, or as long as [Sized] allows (413), and a single value (400). For
// other methods, Rq is its zero value, or a pointer to one.
//
// f returns a status, headers, a body and an error. The headers replace those with the same
// name, or are added to them as those of a [Response]. The body is encoded completely
// before the header is written. There is none if it is a nil pointer or interface, or if
// the status is 204 or 304. The Content-Type is always application/json, whatever f
// returns, and the request must accept that (406 otherwise).
//
// If Rs is an interface that includes [io.Reader], what f returns is copied unchanged, each
// piece as soon as it is read, and closed if it is an [io.Closer]. Then f sets the
// Content-Type itself, and the request must accept it.
//
// [ResponseErrorWriter] writes errors, without the returned headers. The status is the
// error's own if it is an [HTTPEquivError], or else the returned one, or else 500.
func Marshaled(f any) *Marshaler {
	m, err := newMarshaler(f)
	if err != nil {
		panic(NewMarshalerError("tigertonic: Marshaled: %v (at %v)", err, callsite.Caller()))
	}
	return m
}

func newMarshaler(f any) (*Marshaler, error) {
	if f == nil {
		return nil, NewMarshalerError("nil is not a function")
	}
	m := &Marshaler{function: reflect.ValueOf(f), empty: true}
	t := m.function.Type()
	if t.Kind() != reflect.Func {
		return nil, NewMarshalerError("%v is not a function", t)
	}
	if m.function.IsNil() {
		return nil, NewMarshalerError("the %v is nil", t)
	}
	if t.IsVariadic() {
		return nil, NewMarshalerError("%v is variadic", t)
	}
	if n := t.NumIn(); n < 2 || n > 4 {
		return nil, NewMarshalerError("%v has %d arguments, not 2, 3 or 4", t, n)
	}
	if n := t.NumOut(); n != 4 {
		return nil, NewMarshalerError("%v has %d results, not 4", t, n)
	}
	if err := m.takeArguments(t); err != nil {
		return nil, err
	}
	if err := m.takeResults(t); err != nil {
		return nil, err
	}
	return m, nil
}

// takeArguments checks the types of the arguments and stores those that vary.
func (m *Marshaler) takeArguments(t reflect.Type) error {
	if in := t.In(0); in != reflect.TypeFor[*url.URL]() {
		return NewMarshalerError("the first argument is a %v, not a *url.URL", in)
	}
	if in := t.In(1); in != reflect.TypeFor[http.Header]() {
		return NewMarshalerError("the second argument is a %v, not an http.Header", in)
	}
	if t.NumIn() > 2 {
		m.request = t.In(2)
		switch m.request.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice:
			m.empty = false
			m.decoder = codec.CompileClassic(m.decoded())
		case reflect.Interface:
			if m.request.NumMethod() > 0 {
				return NewMarshalerError("the third argument is a %v, an interface that isn't empty", m.request)
			}
		default:
			return NewMarshalerError("the third argument is a %v, not a pointer, a map, a slice or an empty interface", m.request)
		}
	}
	if t.NumIn() > 3 {
		m.context = t.In(3)
		if kind := m.context.Kind(); kind != reflect.Pointer && kind != reflect.Interface {
			return NewMarshalerError("the fourth argument is a %v, not a pointer to what WithContext was given or an interface", m.context)
		}
	}
	return nil
}

func (m *Marshaler) takeResults(t reflect.Type) error {
	if out := t.Out(0); out.Kind() != reflect.Int {
		return NewMarshalerError("the first result is a %v, not an int", out)
	}
	if out := t.Out(1); out != reflect.TypeFor[http.Header]() {
		return NewMarshalerError("the second result is a %v, not an http.Header", out)
	}
	if out := t.Out(3); out != reflect.TypeFor[error]() {
		return NewMarshalerError("the fourth result is a %v, not an error", out)
	}
	out := t.Out(2)
	m.streams = out.Kind() == reflect.Interface && out.Implements(reflect.TypeFor[io.Reader]())
	return nil
}

// ServeHTTP calls the function.
func (m *Marshaler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !m.streams && !httpfield.Accepts(r, httpfield.JSON) {
		writeError(w, r, NotAcceptable{NewMarshalerError("only %s can be sent, which the Accept header doesn't allow", httpfield.JSON)})
		return
	}
	var in [4]reflect.Value
	n, err := m.arguments(&in, w, r)
	if err != nil {
		writeError(w, r, err)
		return
	}
	out := m.function.Call(in[:n])
	head := responseHead{int(out[0].Int()), out[1].Interface().(http.Header)}
	if err, _ := reflect.TypeAssert[error](out[3]); err != nil {
		m.close(out[2])
		writeError(w, r, withStatus(err, head.status))
		return
	}
	if answered, err := head.answered(w, r); answered {
		m.close(out[2])
		if err != nil {
			writeError(w, r, err)
		}
		return
	}
	if err := m.respond(w, r, head, out[2]); err != nil {
		writeError(w, r, err)
	}
}

// Describe adds the function's input and output. The status isn't known before a call.
func (m *Marshaler) Describe(op *Operation) {
	c := typeschema.Compiler{Classic: true}
	rs := op.ResponseRange("2XX")
	if out := m.function.Type().Out(2); m.streams {
		rs.Add("*/*", MediaType{})
	} else {
		rs.Add(httpfield.JSON, MediaType{Schema: c.Schema(out)})
	}
	if m.request != nil && !m.empty {
		op.Body = &RequestBody{Required: true, Content: map[string]MediaType{httpfield.JSON: {Schema: c.Schema(m.request)}}}
		op.AddError(http.StatusBadRequest, "the body can't be decoded")
		op.AddError(http.StatusRequestEntityTooLarge, "the body is too long")
		op.AddError(http.StatusUnsupportedMediaType, "the body is not "+httpfield.JSON)
	}
	op.AddError(http.StatusNotAcceptable, "the media type isn't accepted")
	op.ResponseRange("default").addErrorContent()
}

// String is how [Explain] shows the handler.
func (m *Marshaler) String() string {
	return fmt.Sprintf("Marshaled(%s)", nameOfFunc(m.function))
}

// arguments sets the function's arguments for the request and returns their
// number.
func (m *Marshaler) arguments(in *[4]reflect.Value, w http.ResponseWriter, r *http.Request) (n int, err error) {
	in[0], in[1] = reflect.ValueOf(classicURL(r)), reflect.ValueOf(r.Header)
	n = 2
	switch r.Method {
	case http.MethodPatch, http.MethodPost, http.MethodPut:
		if in[2], err = m.decode(w, r); err != nil {
			return 0, err
		}
		n++
	default:
		if m.request != nil {
			in[2] = m.zero()
			n++
		}
	}
	if m.context != nil {
		value, ok := contextOf(r, m.context)
		if !ok {
			return 0, NewMarshalerError("there is no WithContext for what the function takes")
		}
		in[3] = value
		n++
	}
	return n, nil
}

// zero returns the argument for a request whose body isn't read.
func (m *Marshaler) zero() reflect.Value {
	if m.request.Kind() == reflect.Pointer {
		return reflect.New(m.request.Elem())
	}
	return reflect.Zero(m.request)
}

// decode returns the argument for the request's body.
func (m *Marshaler) decode(w http.ResponseWriter, r *http.Request) (value reflect.Value, err error) {
	switch {
	case !httpfield.SaysJSONBody(r):
		return value, UnsupportedMediaType{NewMarshalerError("the Content-Type of a body must be %s", httpfield.JSON)}
	case m.empty:
		return value, NewMarshalerError("the function takes no body, which a %s has", r.Method)
	}
	e := codec.NewBuffer()
	defer e.Release()
	if err := readBody(e, w, r); err != nil {
		return value, err
	}
	value = reflect.New(m.decoded())
	if m.decoder != nil {
		if e.DecodeClassic(m.decoder, value.Interface()) {
			return m.argument(value), nil
		}
		value.Elem().SetZero()
	}
	err = json.Unmarshal(e.Bytes(), value.Interface())
	if _, malformed := errors.AsType[*json.SyntaxError](err); malformed && !httpfield.HasPlainBody(r) {
		// Only then: whoever has decoded the body may have left the header.
		return value, UnsupportedMediaType{NewMarshalerError("a body must be sent without Content-Encoding")}
	}
	return m.argument(value), decodeError(err)
}

// decoded returns the type that a body is decoded into.
func (m *Marshaler) decoded() reflect.Type {
	if m.request.Kind() == reflect.Pointer {
		return m.request.Elem()
	}
	return m.request
}

// argument returns the function's argument, given a pointer to the decoded value.
func (m *Marshaler) argument(value reflect.Value) reflect.Value {
	if m.request.Kind() == reflect.Pointer {
		return value
	}
	return value.Elem()
}

// respond writes the function's result, or returns an error and writes nothing.
func (m *Marshaler) respond(w http.ResponseWriter, r *http.Request, head responseHead, rs reflect.Value) error {
	if m.streams {
		defer m.close(rs)
	}
	status := head.status
	switch {
	case status < 200 || status > 999:
		return NewMarshalerError("the function returned %d, which is not the status of a response", status)
	case m.streams:
		return m.stream(w, r, head, rs)
	case canBeNil(rs.Kind()) && rs.IsNil() || status == http.StatusNoContent || status == http.StatusNotModified:
		setHeaders(w.Header(), head.header, httpfield.JSON)
		w.WriteHeader(status)
		return nil
	}
	e := codec.NewBuffer()
	defer e.Release()
	err := e.JSON.Encode(rs.Interface())
	if err == nil {
		setHeaders(w.Header(), head.header, httpfield.JSON)
		answer(e, w, status)
	}
	return err
}

// stream copies the stream that the function returned.
func (m *Marshaler) stream(w http.ResponseWriter, r *http.Request, head responseHead, rs reflect.Value) error {
	if isNil(rs) || head.status == http.StatusNoContent || head.status == http.StatusNotModified {
		head.set(w)
		w.WriteHeader(head.status)
		return nil
	}
	mediaType := head.contentType(w)
	switch {
	case mediaType == "":
		return NewMarshalerError("the function returned a stream without a Content-Type")
	case !httpfield.Accepts(r, mediaType):
		return NotAcceptable{NewMarshalerError("only %s can be sent, which the Accept header doesn't allow", mediaType)}
	case r.Method == http.MethodHead:
		head.set(w)
		w.WriteHeader(head.status)
		return nil
	}
	return writeStream(w, rs.Interface().(io.Reader), func() {
		head.set(w)
		w.WriteHeader(head.status)
	})
}

// contentType returns the Content-Type that the response will have.
func (h responseHead) contentType(w http.ResponseWriter) string {
	for name, values := range h.header {
		if len(values) > 0 && textproto.CanonicalMIMEHeaderKey(name) == "Content-Type" {
			return values[0]
		}
	}
	return w.Header().Get("Content-Type")
}

// canBeNil reports whether nil of a kind means that there is no body. Nil maps and slices
// are values, and so is a nil pointer in an interface: all are null.
func canBeNil(kind reflect.Kind) bool { return kind == reflect.Pointer || kind == reflect.Interface }

// close closes a stream that the function returned, if it can be closed.
func (m *Marshaler) close(rs reflect.Value) {
	if m.streams && !isNil(rs) {
		if c, ok := reflect.TypeAssert[io.Closer](rs); ok {
			_ = c.Close() // it has been read as far as it will be
		}
	}
}

// isNil reports whether v is a nil pointer or interface, or an interface that holds a nil
// pointer.
func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Interface:
		return v.IsNil() || isNil(v.Elem())
	case reflect.Pointer:
		return v.IsNil()
	default:
		return false
	}
}

// withStatus returns err with this status, or 500 if that isn't valid, unless err has its
// own status.
func withStatus(err error, status int) error {
	if _, ok := errors.AsType[HTTPEquivError](err); ok {
		return err
	}
	if status < 200 || status > 999 {
		status = http.StatusInternalServerError
	}
	return NewHTTPEquivError(err, status)
}

// decodeError returns the response's error for a body that couldn't be decoded. It is
// named after encoding/json's, but doesn't disclose the Go type.
func decodeError(err error) error {
	if err == nil {
		return nil
	}
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		err = mismatchError{mismatch}
	}
	return NewHTTPEquivError(err, http.StatusBadRequest)
}

type mismatchError struct{ *json.UnmarshalTypeError }

func (err mismatchError) Name() string  { return typeName(err.UnmarshalTypeError) }
func (err mismatchError) Unwrap() error { return err.UnmarshalTypeError }

func (err mismatchError) Error() string {
	where := "the body"
	if err.Field != "" {
		where = strconv.Quote(err.Field)
	}
	return fmt.Sprintf("json: a %s doesn't fit %s, at offset %d", err.Value, where, err.Offset)
}

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
	"slices"
	"strconv"
)

// MarshalerError is an error in the type of a function given to [Marshaled], or
// in what it was made to do.
type MarshalerError string

// NewMarshalerError returns a MarshalerError with the text that [fmt.Sprintf]
// makes.
func NewMarshalerError(format string, args ...any) MarshalerError {
	return MarshalerError(fmt.Sprintf(format, args...))
}

// Error returns the text.
func (e MarshalerError) Error() string { return string(e) }

// Marshaler is a handler made of a function by [Marshaled]. The zero value isn't
// usable.
type Marshaler struct {
	function reflect.Value
	request  reflect.Type // of Rq, or nil
	empty    bool         // Rq is missing or an empty interface
	context  reflect.Type // *C, or nil
	streams  bool         // Rs is an interface that includes io.Reader
}

// Marshaled returns a handler that decodes the body of a request as JSON, calls
// f, and encodes what f returns as JSON. f is a
//
//	func(*url.URL, http.Header[, Rq[, *C]]) (int, http.Header, Rs, error)
//
// where Rq is a pointer, a map, a slice, or an empty interface if no body is
// expected, and C is the type given to [WithContext]. Marshaled panics with a
// [MarshalerError] if f is anything else.
//
// The body is decoded, by the rules of [encoding/json], for PATCH, POST and PUT
// only; it must be application/json without a content coding (else 415), at most
// [DefaultMaxBytes] long or as long as [Sized] says (413), and one value (400).
// For other methods Rq is zero, a pointer one to a zero value.
//
// f returns a status, headers which replace those of the same name, and a value
// that is the body, encoded as a whole before the header is written. There is no
// body if the value is a nil pointer or interface, or if the status is 204 or 304.
// The request must accept application/json (else 406). If Rs is an interface type
// that includes [io.Reader], then what f returns is copied as it is, each piece as
// soon as it is there, and closed if it is an [io.Closer]; f then sets the
// Content-Type itself, which the request must accept.
//
// An error is written by [ResponseErrorWriter]. Its status is the one that it
// has if it is an [HTTPEquivError], else the one returned with it, else 500.
func Marshaled(f any) *Marshaler {
	m, err := newMarshaler(f)
	if err != nil {
		panic(NewMarshalerError("tigertonic: Marshaled: %v (at %v)", err, caller()))
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

// takeArguments checks the types of the arguments and keeps those that differ
// from function to function.
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
		if m.context.Kind() != reflect.Pointer {
			return NewMarshalerError("the fourth argument is a %v, not a pointer to what WithContext was given", m.context)
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
	if !m.streams && !accepts(r, jsonType) {
		ResponseErrorWriter.WriteError(r, w, NotAcceptable{NewMarshalerError("only %s can be sent, which the Accept header doesn't allow", jsonType)})
		return
	}
	var in [4]reflect.Value
	n, err := m.arguments(&in, w, r)
	if err != nil {
		ResponseErrorWriter.WriteError(r, w, err)
		return
	}
	out := m.function.Call(in[:n])
	status, header := int(out[0].Int()), out[1].Interface().(http.Header)
	if m.streams || isNil(out[2]) {
		setHeaders(w.Header(), header, "")
	} else {
		setHeaders(w.Header(), header, jsonType)
	}
	if err, _ := reflect.TypeAssert[error](out[3]); err != nil {
		m.close(out[2])
		ResponseErrorWriter.WriteError(r, w, withStatus(err, status))
		return
	}
	if err := m.respond(w, r, status, out[2]); err != nil {
		ResponseErrorWriter.WriteError(r, w, err)
	}
}

// Describe adds what the function takes and returns. Its status is known only
// when it is called.
func (m *Marshaler) Describe(op *Operation) {
	c := schemaCompiler{classic: true}
	rs := op.Response("2XX")
	if out := m.function.Type().Out(2); m.streams {
		rs.Add("*/*", MediaType{})
	} else {
		rs.Add(jsonType, MediaType{Schema: c.schema(out)})
	}
	if m.request != nil && !m.empty {
		op.Body = &RequestBody{Required: true, Content: map[string]MediaType{jsonType: {Schema: c.schema(m.request)}}}
		op.AddError(http.StatusBadRequest, "the body can't be decoded")
		op.AddError(http.StatusRequestEntityTooLarge, "the body is too long")
		op.AddError(http.StatusUnsupportedMediaType, "the body is not "+jsonType)
	}
	op.AddError(http.StatusNotAcceptable, "the media type isn't accepted")
	op.Response("default").addErrorContent()
}

// String is how [Explain] shows the handler.
func (m *Marshaler) String() string {
	return fmt.Sprintf("Marshaled(%s)", nameOfFunc(m.function))
}

// arguments sets the function's arguments for the request and returns their
// number.
func (m *Marshaler) arguments(in *[4]reflect.Value, w http.ResponseWriter, r *http.Request) (n int, err error) {
	in[0], in[1] = reflect.ValueOf(r.URL), reflect.ValueOf(r.Header)
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

// zero returns the argument for a request whose body isn't looked at.
func (m *Marshaler) zero() reflect.Value {
	if m.request.Kind() == reflect.Pointer {
		return reflect.New(m.request.Elem())
	}
	return reflect.Zero(m.request)
}

// decode returns the argument for the request's body.
func (m *Marshaler) decode(w http.ResponseWriter, r *http.Request) (value reflect.Value, err error) {
	switch {
	case !hasJSONBody(r):
		return value, UnsupportedMediaType{NewMarshalerError("the Content-Type of a body must be %s", jsonType)}
	case m.empty:
		return value, NewMarshalerError("the function takes no body, which a %s has", r.Method)
	}
	e := getEncoder()
	defer putEncoder(e)
	if err := e.readBody(w, r); err != nil {
		return value, err
	}
	target := m.request
	if target.Kind() == reflect.Pointer {
		target = target.Elem()
	}
	value = reflect.New(target)
	err = json.Unmarshal(e.Bytes(), value.Interface())
	if _, malformed := errors.AsType[*json.SyntaxError](err); malformed && !hasPlainBody(r) {
		// Only then: whoever has decoded the body may have left the header.
		return value, UnsupportedMediaType{NewMarshalerError("a body must be sent without Content-Encoding")}
	}
	if target == m.request {
		value = value.Elem()
	}
	return value, decodeError(err)
}

// respond writes what the function has returned, or nothing but an error.
func (m *Marshaler) respond(w http.ResponseWriter, r *http.Request, status int, rs reflect.Value) error {
	defer m.close(rs)
	if status < 200 || status > 999 {
		return NewMarshalerError("the function returned %d, which is not the status of a response", status)
	}
	if isNil(rs) || status == http.StatusNoContent || status == http.StatusNotModified {
		if !m.streams {
			w.Header().Del("Content-Type")
		}
		w.WriteHeader(status)
		return nil
	}
	if !m.streams {
		return writeJSON(w, status, rs.Interface())
	}
	mediaType := w.Header().Get("Content-Type")
	switch {
	case mediaType == "":
		return NewMarshalerError("the function returned a stream without a Content-Type")
	case !accepts(r, mediaType):
		return NotAcceptable{NewMarshalerError("only %s can be sent, which the Accept header doesn't allow", mediaType)}
	case r.Method == http.MethodHead:
		w.WriteHeader(status)
		return nil
	}
	return writeStream(w, rs.Interface().(io.Reader), func() { w.WriteHeader(status) })
}

// close closes a stream that the function has returned, if it can be.
func (m *Marshaler) close(rs reflect.Value) {
	if m.streams && !isNil(rs) {
		if c, ok := reflect.TypeAssert[io.Closer](rs); ok {
			_ = c.Close() // it has been read as far as it will be
		}
	}
}

// setHeaders makes the values in src those of dst, with a Content-Type unless it
// is in src or "". The values are copied, for what a middleware changes in dst
// mustn't show in the next response.
func setHeaders(dst, src http.Header, contentType string) {
	all := make([]string, 0, len(src)+1) // enough where each has one value
	if contentType != "" {
		all = append(all, contentType)
		dst["Content-Type"] = all[:1:1]
	}
	for name, values := range src {
		begin := len(all)
		all = append(all, values...)
		dst[textproto.CanonicalMIMEHeaderKey(name)] = slices.Clip(all[begin:])
	}
}

// isNil tells whether v is a nil pointer or interface, or one in the other.
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

// withStatus returns err with this status, or 500 for one that no response has,
// unless it has a status itself.
func withStatus(err error, status int) error {
	if _, ok := errors.AsType[HTTPEquivError](err); ok {
		return err
	}
	if status < 200 || status > 999 {
		status = http.StatusInternalServerError
	}
	return NewHTTPEquivError(err, status)
}

// decodeError returns the error to answer with where decoding a body has failed.
// It is named after encoding/json's, but doesn't tell what the body was to be
// decoded into.
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

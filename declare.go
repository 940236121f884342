package tigertonic

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/rcrowley/go-tigertonic/internal/bind"
	"github.com/rcrowley/go-tigertonic/internal/call"
	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/form"
	"github.com/rcrowley/go-tigertonic/internal/trie"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
)

// Declaration is an operation as a service and its clients share it: its method and
// pattern, and the types of its input and output. Create one with [Declare]; the zero value
// isn't usable. It is safe for concurrent use.
type Declaration[In, Out any] struct {
	method, pattern, namespace string
	at                         place
	writer                     *inputWriter
	compiled                   *call.Call
	where                      callsite.Site
}

// Declare declares an operation once, for a service and its callers:
//
//	var GetStuff = tigertonic.Declare[GetIn, Stuff]("GET", "/stuff/{id}")
//
//	GetStuff.HandleFunc(mux, get)                                        // the service
//	stuff, err := client.Call(ctx, c, GetStuff, &GetIn{ID: "tea"})       // its callers
//	location, err := GetStuff.URL(&GetIn{ID: "tea"})                     // "/stuff/tea"
//
// Method and pattern are those of [TrieServeMux.Handle], In and Out those of [Typed]. It
// panics, with every reason, where these do, and if the type of a parameter can be read
// from text but not written as text.
func Declare[In, Out any](method, pattern string) *Declaration[In, Out] {
	d := &Declaration[In, Out]{method: method, pattern: pattern, where: callsite.Caller()}
	if !trie.IsMethod(method) {
		callsite.Panicf("Declare: %q is not a method", method)
	}
	in, inErr := bind.Compile(reflect.TypeFor[In](), bindRules())
	out, outErr := compileOutput(reflect.TypeFor[Out]())
	if err := joinOnce(inErr, outErr); err != nil {
		callsite.Panicf("Declare(%s %s): %v", method, pattern, err)
	}
	if in.Body() != nil && slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodConnect, http.MethodTrace}, method) {
		callsite.Panicf("Declare(%s %s): its input %s has a body, which a %s hasn't (RFC 9110 §9.3)", method, pattern, typeschema.NameOf(in.Type()), method)
	}
	writer, err := newInputWriter(in)
	if err != nil {
		callsite.Panicf("Declare(%s %s): %v", method, pattern, err)
	}
	d.writer = writer
	d.compiled = &call.Call{Method: method, Output: out.read()}
	d.place("", nil)
	return d
}

// A place is where an operation is: a path, with that of its namespace, on a host or, if
// that is nil, on any.
type place struct {
	segments []trie.Segment
	host     *declaredHost
}

// place compiles the path in a namespace and on a host.
func (d *Declaration[In, Out]) place(namespace string, host *declaredHost) {
	d.namespace = strings.TrimSuffix(namespace, "/")
	whole := d.namespace + d.pattern
	segments, err := trie.ParsePattern(whole)
	if err != nil {
		callsite.Panicf("pattern %q: at offset %d: %s", whole, err.Offset, err.Text)
	}
	own, _ := trie.ParsePattern(d.pattern)
	at := place{segments, host}
	if err := d.writer.fits(own, at, d.namespace != ""); err != nil {
		callsite.Panicf("Declare(%s %s%s): %v", d.method, host, whole, err)
	}
	d.at = at
	d.compiled.Pattern = whole
	d.compiled.Write = func(in any, to *call.Request) error { return d.writer.write(at, in, to) }
}

// moved returns the declaration in a namespace and on a host.
func (d *Declaration[In, Out]) moved(namespace string, host *declaredHost) *Declaration[In, Out] {
	inner := *d
	compiled := *d.compiled
	inner.compiled = &compiled
	inner.place(namespace, host)
	return &inner
}

// Under returns the declaration in a namespace, "/2.0" or "/{tenant}", for a mux that
// is mounted there: calls and URLs have it in front of the pattern, and handlers are
// registered without it. Join the namespaces of nested muxes into one. Fields with
// path:"tenant,namespace" fill its wildcards.
func (d *Declaration[In, Out]) Under(namespace string) *Declaration[In, Out] {
	if d.namespace != "" {
		callsite.Panicf("Under: %v is under a namespace already", d)
	}
	if !strings.HasPrefix(namespace, "/") {
		callsite.Panicf("Under: the namespace %q doesn't begin with a slash", namespace)
	}
	return d.moved(namespace, d.at.host)
}

// On returns the declaration on a host of a [HostServeMux], "api.example.com" or
// "{site}.example.com", as [HostServeMux.Handle] takes it; a port is ignored. A field with
// path:"site,namespace" fills its wildcard, with a value in lower case. Handlers are
// registered with the mux of the host, and URLs begin with the host: "//tea.example.com/stuff".
// If there is a namespace as well, call Under last.
//
// A client's calls have the host in their header Host, and go to the base of the client. If
// that is example.com itself or a name that {site}.example.com matches, they go to the host
// that they are for, with whatever credentials the client adds to its requests.
func (d *Declaration[In, Out]) On(host string) *Declaration[In, Out] {
	if d.at.host != nil || d.namespace != "" {
		callsite.Panicf("On: %v is on a host or under a namespace already", d)
	}
	name, wild, problem, offset := parseHost(host)
	if problem != "" {
		callsite.Panicf("On: host %q: at offset %d: %s", host, offset, problem)
	}
	return d.moved("", &declaredHost{name, wild})
}

// Method returns the method.
func (d *Declaration[In, Out]) Method() string { return d.method }

// Pattern returns the pattern as registered, without a namespace.
func (d *Declaration[In, Out]) Pattern() string { return d.pattern }

// String returns the method and the pattern, with its host and its namespace.
func (d *Declaration[In, Out]) String() string {
	return fmt.Sprintf("%s %s%s", d.method, d.at.host, d.compiled.Pattern)
}

// Typed is [Typed] for a function of the declared types. Use it to wrap the endpoint in
// middleware before you pass it to [Declaration.Handle].
func (d *Declaration[In, Out]) Typed(f func(context.Context, *In) (Out, error)) *Endpoint {
	return Typed(f)
}

// HandleFunc makes a [Typed] endpoint of the function and registers it with the mux,
// under the declared method and pattern. It returns the endpoint, so that you can
// describe it.
func (d *Declaration[In, Out]) HandleFunc(mux *TrieServeMux, f func(context.Context, *In) (Out, error)) *Endpoint {
	e := Typed(f)
	mux.Handle(d.method, d.pattern, e)
	return e
}

// Handle registers a handler with a mux under the declared method and pattern, such as
// an endpoint from [Declaration.Typed] in middleware:
//
//	GetStuff.Handle(mux, tigertonic.Timed(GetStuff.Typed(get), "get-stuff", nil))
//
// It panics where [TrieServeMux.Handle] does, and if an [Endpoint] in the handler has
// types other than the declared ones.
func (d *Declaration[In, Out]) Handle(mux *TrieServeMux, h http.Handler) {
	endpoints, _ := endpointsIn(h)
	for _, e := range endpoints {
		if in, out := reflect.TypeFor[In](), reflect.TypeFor[Out](); e.in.Type() != in || e.out.typ != out {
			callsite.Panicf("%v is declared (at %v) with %s and %s, but %v has %s and %s",
				d, d.where, typeschema.NameOf(in), typeschema.NameOf(out), e, typeschema.NameOf(e.in.Type()), typeschema.NameOf(e.out.typ))
		}
	}
	mux.Handle(d.method, d.pattern, h)
}

// URL returns the path and query for an input, as a reference for a Location, a Link or a
// redirect: "/2.0/stuff/a%2Fb?limit=5". It leaves out headers, cookies and the body. Values
// are escaped as a [TrieServeMux] reads them. A value that no URL can hold is an error: an
// empty wildcard, or one with a dot segment. On a host, the reference has the host, and
// neither a scheme nor a port: it means those of the page or the request that it is in
// reply to, or the scheme's own port (RFC 3986 §5.2.2).
func (d *Declaration[In, Out]) URL(in *In) (string, error) {
	var to call.Request
	err := d.writer.writeURL(d.at, reflect.ValueOf(orNew(in)).Elem(), &to)
	if err != nil {
		return "", fmt.Errorf("tigertonic: %v: %w", d, err)
	}
	if to.Query != "" {
		to.Path += "?" + to.Query
	}
	if d.at.host != nil {
		to.Path = "//" + to.Host + to.Path
	}
	return to.Path, nil
}

func orNew[T any](value *T) *T {
	if value == nil {
		return new(T)
	}
	return value
}

// Compiled returns the compiled call. It is for package client.
func (d *Declaration[In, Out]) Compiled() *call.Call { return d.compiled }

// An answered is a response whose status and headers are set from those that a service
// sent.
type answered interface {
	enveloped
	setEnvelope(status int, header http.Header)
}

func (c *CreatedResponse[T]) setEnvelope(_ int, h http.Header)  { c.Location = h.Get("Location") }
func (a *AcceptedResponse[T]) setEnvelope(_ int, h http.Header) { a.Location = h.Get("Location") }
func (r *Response[T]) setEnvelope(status int, h http.Header)    { r.Status, r.Header = status, h }

// read returns how a response becomes a value.
func (o *output) read() call.Output {
	read := call.Output{Item: o.item, Nilable: o.nilable, Options: o.options}
	switch o.kind {
	case noOutput:
		read.Kind = call.None
	case streamOutput:
		read.Kind = call.Stream
	case sequenceOutput:
		read.Kind, read.SetEvent = call.Sequence, o.setEvent
		read.Named, read.AnyName = o.kinds != nil, o.isEvent && o.kinds == nil
	case jsonOutput:
	}
	if o.plan != nil {
		return o.readAnswers()
	}
	if o.kind == jsonOutput {
		read.Decode = o.decoder()
	}
	read.Answer = func(out any, _ int, _ http.Header) (any, error) { return out, nil }
	if o.enveloped != nil {
		status, _ := o.enveloped.envelope()
		read.AnyStatus = status == 0
		read.Answer = func(out any, status int, header http.Header) (any, error) {
			a := out.(answered)
			a.setEnvelope(status, header)
			return a.content(), nil
		}
	}
	read.Streams = read.Kind == call.Stream || read.Kind == call.Sequence
	read.SetStream = func(body any, header http.Header, r io.ReadCloser) {
		*body.(*Stream) = Stream{ContentType: header.Get("Content-Type"), Reader: r, Name: form.NameOf(header.Get("Content-Disposition"))}
	}
	return read
}

// decoder returns a function that reads JSON into a value, if it is as it should be. It is
// compiled with the first response, since most declarations of a program are never called by
// it.
func (o *output) decoder() func(text []byte, body any) bool {
	t := o.typ
	if o.enveloped != nil {
		t = o.enveloped.contentType()
	}
	compile := sync.OnceValue(func() codec.Decoder {
		k, err := check.Compile(o.schema)
		if err != nil {
			return nil // nothing is checked by it but texts that are read
		}
		return codec.CompilePlain(t, k)
	})
	return func(text []byte, body any) bool {
		decode := compile()
		if decode == nil {
			return false
		}
		e := codec.NewBuffer()
		defer e.Release()
		return e.DecodeText(decode, text, body, o.options)
	}
}

// readAnswers returns how responses become one of several answers.
func (o *output) readAnswers() call.Output {
	all := make([]call.Output, len(o.bodies))
	whole := call.Output{Kind: call.None}
	for i, body := range o.bodies {
		a := &o.plan.Answers[i]
		read := body.read()
		read.Nilable = read.Nilable && a.Status == 0
		read.Answer = func(out any, _ int, header http.Header) (any, error) {
			parts := o.plan.Set(a, reflect.ValueOf(out).Elem())
			if err := a.SetHeader(parts, header); err != nil || a.Body == nil {
				return nil, err
			}
			return a.BodyOf(parts).Addr().Interface(), nil
		}
		all[i] = read
		if whole.Kind == call.None || read.Kind == call.Stream || read.Streams && !whole.Streams {
			whole.Kind = read.Kind // by which the client says what it accepts
		}
		whole.Streams = whole.Streams || read.Streams
	}
	whole.With = func(status int) *call.Output {
		for i := range o.plan.Answers {
			if declared := o.plan.Answers[i].Status; declared == status || declared == 0 && status < 300 {
				return &all[i]
			}
		}
		return nil
	}
	return whole
}

// Close closes the reader if it is an [io.Closer]. It is for clients: a stream that a
// function returns is closed once it has been sent.
func (s Stream) Close() error {
	if c, ok := s.Reader.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

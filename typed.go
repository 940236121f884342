package tigertonic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// Endpoint is a handler made of a function by [Typed]. Its methods but for
// ServeHTTP describe it, and return it; call them before serving. The zero value
// isn't usable.
type Endpoint struct {
	serve func(w http.ResponseWriter, r *http.Request) error
	in    *input
	out   *output
	name  string
	where place

	summary, description, id string
	tags                     []string
	deprecated               bool
	errors                   []error
}

// Typed returns a handler that makes an In of a request, calls f, and responds
// with the Out that f returns. It panics, with all of the reasons, if the types
// can't be that.
//
// # Input
//
// The fields of a struct are bound to a part of the request each, by a tag:
//
//	path:"id"            the wildcard {id} of the pattern, required
//	query:"limit"        the parameter of the query; a slice takes all of its values
//	header:"If-Match"    the header; a slice takes the elements of a list
//	cookie:"session"     the cookie
//	body:""              the body, as JSON
//
// They are strings, bools, numbers, [time.Time] (RFC 3339), [time.Duration] (as
// 1h30m), and what is an [encoding.TextUnmarshaler]; or slices, for query and
// header, pointers or [Opt]s of these. One that is absent leaves its field alone,
// or has the value of the tag default, or is an error if the tag says
// required:"true". A wildcard of a namespace that the mux is mounted on is
// path:"tenant,namespace". Embedded structs are flattened.
//
// A struct without such tags, and any other type, is the body as a whole, and
// struct{} is no input. The body is application/json (for a [Patch],
// application/merge-patch+json; else the response is 415), and at most
// [DefaultMaxBytes] long or as long as [Sized] says (413). A field body:"" that is
// a pointer or an Opt makes it optional. JSON is strict: a name that is there
// twice, isn't known or is in the wrong case, invalid UTF-8, and anything behind
// the value are errors. So are members that are missing, but for those of
// pointers and Opts, those with the options omitempty or omitzero, and those with
// a default; and null, but for pointers, Opts and interfaces. A time.Duration is
// a string. Defaults add at most 8 MiB to a body, and arrays and objects that have
// a schema are nested at most 1,000 deep.
//
// Further tags limit the value of a field, in the words of JSON Schema: minimum,
// maximum, exclusiveMinimum, exclusiveMaximum, multipleOf; minLength, maxLength
// (in code points), pattern (as package regexp has it, not anchored), format;
// minItems, maxItems, uniqueItems:"true"; and enum, separated by commas. On a
// slice, those for its items are meant for these. The tags doc and example
// describe. After that the [Validator]s in the input are asked.
//
// All that is wrong, up to 100 places, is told at once, in the form of RFC 9457:
// with 400 if the request can't be read, and 422 if it can.
//
// # Output
//
// A value is sent as JSON with 200, by the rules of go-json-experiment/json,
// which is to be encoding/json/v2. A nil pointer or interface, or struct{}, is
// 204. The types [CreatedResponse], [AcceptedResponse] and [Response] choose the
// status and the headers, [Stream] is any body, and an iter.Seq2[T, error] a
// stream of values: by what the request accepts, a JSON array, a value a line
// (application/jsonl) or server-sent events. Each value is flushed. An error
// before the first one is answered as any other; later, a JSON stream is cut off,
// and server-sent events end with an event called error. The header is sent with
// the first value, so a stream that may be quiet begins with one. A client has as
// long to read each as the server's WriteTimeout says, or 30 seconds.
//
// An error is answered as by [ProblemWriter]: an [HTTPEquivError] under 500 keeps
// its status and text, a [Problem] is sent as it is, and of anything else the
// client is told nothing but an ID. The cause is logged. An error that is
// [context.Canceled], when the client has gone, is no failure.
//
// The function may be called by many goroutines at a time. The context is the
// request's; [ContextFrom] finds in it what [WithContext] has put there.
func Typed[In, Out any](f func(context.Context, *In) (Out, error)) *Endpoint {
	if f == nil {
		misuse("Typed: the function is nil")
	}
	in, inErr := compileInput(reflect.TypeFor[In]())
	out, outErr := compileOutput(reflect.TypeFor[Out]())
	name := nameOfFunc(reflect.ValueOf(f))
	if err := joinOnce(inErr, outErr); err != nil {
		misuse("Typed(%s): %v", name, err)
	}
	e := &Endpoint{in: in, out: out, name: name, where: caller()}
	e.serve = func(w http.ResponseWriter, r *http.Request) error {
		if err := out.negotiate(r); err != nil {
			return err
		}
		value := new(In)
		if err := in.bind(r.Context(), value, w, r); err != nil {
			return err
		}
		result, err := f(r.Context(), value)
		if out.direct && err == nil {
			return out.respond(w, r, result)
		}
		if err != nil && out.kind != streamOutput {
			return err
		}
		boxed := result // alone is moved to the heap
		if err != nil {
			out.discard(&boxed)
			return err
		}
		return out.respond(w, r, &boxed)
	}
	return e
}

// joinOnce joins errors, of which lines that are the same are told once.
func joinOnce(errs ...error) error {
	all := errors.Join(errs...)
	if all == nil {
		return nil
	}
	var lines []string
	for line := range strings.SplitSeq(all.Error(), "\n") {
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

// ServeHTTP calls the function.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := e.serve(w, r)
	if err == nil {
		return
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		err = clientGone{}
	}
	ProblemWriter{}.WriteError(r, w, err)
}

// clientGone is the error of a request whose client hasn't waited. Nobody reads
// the response, but its status, which nginx has made known, isn't counted as a
// failure.
type clientGone struct{}

func (clientGone) Error() string   { return "the client has gone" }
func (clientGone) StatusCode() int { return 499 }

// Summary sets what the endpoint does, in a few words.
func (e *Endpoint) Summary(text string) *Endpoint {
	e.summary = text
	return e
}

// Description sets what else is to be known of the endpoint.
func (e *Endpoint) Description(text string) *Endpoint {
	e.description = text
	return e
}

// Tags adds what the endpoint is grouped by.
func (e *Endpoint) Tags(tags ...string) *Endpoint {
	e.tags = append(e.tags, tags...)
	return e
}

// OperationID sets what the endpoint is called by programs, which must be unique
// in a document.
func (e *Endpoint) OperationID(id string) *Endpoint {
	e.id = id
	return e
}

// Deprecated marks the endpoint as one not to be used any more.
func (e *Endpoint) Deprecated() *Endpoint {
	e.deprecated = true
	return e
}

// Errors declares errors that the function may return. Each must be an
// [HTTPEquivError] with the status of a response, or Errors panics.
func (e *Endpoint) Errors(errs ...error) *Endpoint {
	for _, err := range errs {
		equiv, ok := errors.AsType[HTTPEquivError](err)
		if !ok || isNil(reflect.ValueOf(equiv)) || statusOf(err) != equiv.StatusCode() {
			misuse("Errors: %T has no status that a response can have", err)
		}
	}
	e.errors = append(e.errors, errs...)
	return e
}

// String is how [Explain] shows the handler.
func (e *Endpoint) String() string { return fmt.Sprintf("Typed(%s)", e.name) }

// fitRoute panics if the endpoints in h don't fit the method and the pattern that
// h is registered for.
func fitRoute(method, pattern string, names []string, h http.Handler, where place) {
	endpoints, others := endpointsIn(h)
	read := map[string]bool{}
	for _, e := range endpoints {
		problem := func(format string, args ...any) {
			panic(fmt.Sprintf("tigertonic: %s %s: %v: %s (made at %v, registered at %v)",
				method, pattern, e, fmt.Sprintf(format, args...), e.where, where))
		}
		if e.in.body != nil {
			switch method {
			case http.MethodGet, http.MethodHead, http.MethodConnect, http.MethodTrace:
				problem("its input %s has a body, which a %s hasn't (RFC 9110 §9.3)", typeText(e.in.typ), method)
			}
		}
		for i := range e.in.params {
			p := &e.in.params[i]
			read[p.name] = read[p.name] || p.in == "path"
			if p.in == "path" && !p.outer && !slices.Contains(names, p.name) {
				problem(`the field %s.%s is path:%q, but the pattern has no wildcard {%[3]s}; one of a namespace round the mux is path:"%[3]s,namespace"`,
					typeText(e.in.typ), p.field, p.name)
			}
		}
	}
	if len(endpoints) == 0 || others {
		return
	}
	for _, name := range names {
		if !read[name] {
			e := endpoints[0]
			panic(fmt.Sprintf("tigertonic: %s %s: %v: no field of %s reads the wildcard {%s} (made at %v, registered at %v)",
				method, pattern, e, typeText(e.in.typ), name, e.where, where))
		}
	}
}

// endpointsIn returns the endpoints that h leads to with the same pattern, and
// whether there are others that may read its wildcards.
func endpointsIn(h http.Handler) (endpoints []*Endpoint, others bool) {
	if e, ok := h.(*Endpoint); ok {
		return []*Endpoint{e}, false
	}
	next := []http.Handler{unwrap(h)}
	if first, ok := h.(FirstHandler); ok {
		next = first
	}
	others = needsOf(h) != 0
	for _, inner := range next {
		switch inner.(type) {
		case nil:
			others = true
		case *basicAuth:
		default:
			more, readers := endpointsIn(inner)
			endpoints, others = append(endpoints, more...), others || readers
		}
	}
	return endpoints, others
}

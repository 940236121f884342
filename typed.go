package tigertonic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/bind"
	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/record"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
)

// Endpoint is a handler for a function, made by [Typed]. Its methods other than ServeHTTP
// describe it and return it, so that calls can be chained; call them before serving. The
// zero value isn't usable.
type Endpoint struct {
	serve func(w http.ResponseWriter, r *http.Request) error
	in    *bind.Plan
	out   *output
	name  string
	where callsite.Site

	summary, description, id string
	tags                     []string
	deprecated               bool
	errors                   []error
	answers                  []errorAnswer
	inExamples               map[string]Example
	outExamples              map[string]map[string]Example // by status
	hooks                    []Hook
}

// Typed returns a handler that decodes a request into an In, calls f, and sends the Out
// that f returns. It panics, with a list of all reasons, if the types aren't suitable.
//
// # Input
//
// A tag binds each field of a struct to a part of the request:
//
//	path:"id"            the wildcard {id} of the pattern, required
//	query:"limit"        the parameter of the query; a slice takes all of its values
//	header:"If-Match"    the header; a slice takes the elements of a list
//	cookie:"session"     the cookie
//	form:"title"         the field of a form, which is the body
//	body:""              the body, as JSON
//
// Parameters may be strings, bools, numbers, [time.Time] (RFC 3339), [time.Duration] (such
// as 1h30m) and any [encoding.TextUnmarshaler], pointers to these and [Opt]s of these, and,
// in a query or header, slices of these. An absent parameter leaves its field alone, unless
// the tag default gives it a value or the tag required:"true" makes it an error. The tag
// path:"tenant,namespace" is for a wildcard of a namespace that the mux is mounted on.
// Embedded structs are flattened.
//
// A query parameter's name may be followed by an option. With comma, a slice is one value
// with commas in it. With omitempty, an empty value counts as absent. With deepObject, a
// struct whose fields have the tag query is an object: the field status of a filter is
// filter[status]. So is a map of parameters, or of slices of them, by strings; the tags of
// its field are for its values, and it may have 100 members, or as many as maxProperties
// allows. An object in such an object panics, since OpenAPI doesn't define it. An Opt of a slice distinguishes an empty list from an absent one. In a
// header whose grammar is an HTTP-date, a time.Time is one; in If-Modified-Since,
// If-Unmodified-Since and If-Range, any other value is ignored (RFC 9110 §13.1.3).
//
// A struct without such tags, and any other type, is the body as a whole; struct{} is no
// input. The body must be application/json, or application/merge-patch+json for a [Patch]
// (415 otherwise), and at most [DefaultMaxBytes] long, or as long as [Sized] allows (413).
// A pointer or an Opt in a field body:"" makes the body optional. JSON is strict: duplicate
// names, unknown names, names in the wrong case, invalid UTF-8, and anything after the
// value are errors. So are missing members, except pointers, Opts, members of embedded
// pointers, and members with the option omitempty or omitzero or a default; and null,
// except for pointers, Opts and interfaces. A time.Duration is a string. Defaults may add
// 8 MiB to a body, and arrays and objects with a schema may be nested 1,000 deep.
//
// A form is application/x-www-form-urlencoded or multipart/form-data (RFC 7578), and at
// most 1 MiB long without its files. Its fields are in the input beside parameters, or in
// a struct body:"". They are like those of a query, and a slice takes all fields with its
// name. But an unknown field is an error, and an empty one counts as absent unless it is a
// string, because browsers send empty inputs. A field that is a [File] or [Files] takes
// uploads, which are multipart/form-data, and must be the last one.
//
// A body:"" that is a File or an [io.Reader], or a []byte with the tag mediaTypes, isn't
// decoded. For files and such bodies, the tag mediaTypes lists the allowed media types
// (415), with ranges such as image/*, and maxBytes sets the maximum length (413), such as
// 10MiB, which may exceed DefaultMaxBytes. A Sized around the handler still limits the
// whole body.
//
// More tags constrain the value of a field, with JSON Schema's keywords: minimum, maximum,
// exclusiveMinimum, exclusiveMaximum, multipleOf; minLength, maxLength (in code points),
// pattern (in the syntax of package regexp, not anchored; OpenAPI documents translate it
// to ECMA-262), format; minItems, maxItems, uniqueItems:"true"; for maps, minProperties and
// maxProperties; const; and enum, separated by commas. On a slice, tags for items apply to
// its items. The tags title, doc, example and deprecated:"true" describe. A member with
// readOnly:"true" is checked like any other and then ignored, so that clients can send
// back what they got; a [Patch] leaves its field alone. One with writeOnly:"true" is never
// sent. Other JSON Schema keywords panic. After these checks, the [Validator]s in the
// input are called.
//
// The response to an invalid request lists everything wrong, up to 100 places, as a
// problem (RFC 9457): with 400 if the request is malformed, and 422 if it is well-formed
// but invalid.
//
// # Output
//
// A value is sent as JSON with 200, by the rules of go-json-experiment/json, the future
// encoding/json/v2; but the option omitempty also leaves out what encoding/json leaves out,
// such as 0 and false. A nil pointer or interface, or struct{}, is a 204. The types
// [CreatedResponse], [AcceptedResponse] and [Response] choose the status and the headers,
// [Stream] is any body, and an iter.Seq2[T, error] is a stream of values. A struct with the
// tags header and body is a response with these headers and this body, and a struct with
// the tag status is one of several responses:
//
//	type noteOut struct {                       type putOut struct {
//		ETag string `header:"ETag"`                 Created  *created  `status:"201"`
//		Body Note   `body:""`                       Replaced *Note     `status:"200"`
//	}                                                   None     *struct{} `status:"204"`
//	                                            }
//
// Headers have the types of parameters, and a slice is one line for each element. A zero
// header is left out unless it has the tag required:"true". A [time.Time] is an HTTP-date
// in a header whose grammar is one, such as Last-Modified. If there is only one response,
// a field _ struct{} with the tag status sets its status. Exactly one of several responses
// must be set; anything else is an error of the function, as is a header with a control
// character.
//
// Depending on what the request accepts, a stream of values is a JSON array, a value per
// line (application/jsonl), or server-sent events. Each value is flushed. An error before
// the first value gets a response like any other error; a later one cuts off a JSON
// stream. The header is sent with the first value, so a stream that may be quiet should
// begin with one. A client may take as long to read each value as the server's
// WriteTimeout, or 30 seconds.
//
// Server-sent events are messages without a name, unless the values are [Event]s. The last
// event has a name: end after all values, or problem, with the problem as its data, after
// an error. Its ID is end, too, and a request with that in Last-Event-ID gets a 204, which
// stops a browser's EventSource; otherwise it would reconnect and get all values again.
// Without a last event, a stream was interrupted, and browsers reconnect. They also do
// after a temporary problem (429, 502, 503, 504), and after a stream that ended because
// the [Server] stops, which has no last event. While there is no value, a comment is sent
// every 15 seconds: see [Endpoint.Heartbeat].
//
// Errors are sent as by [ProblemWriter]: an [HTTPEquivError] under 500 with its status and
// text, a [Problem] as it is. For any other error, the client gets only an ID; the log has
// the cause. [context.Canceled] isn't a failure once the client has gone.
//
// f must be safe for concurrent use. Its context is the request's; [ContextFrom] returns
// what [WithContext] has put there.
func Typed[In, Out any](f func(context.Context, *In) (Out, error)) *Endpoint {
	if f == nil {
		callsite.Panicf("Typed: the function is nil")
	}
	in, inErr := bind.Compile(reflect.TypeFor[In](), bindRules())
	out, outErr := compileOutput(reflect.TypeFor[Out]())
	name := nameOfFunc(reflect.ValueOf(f))
	if err := joinOnce(inErr, outErr); err != nil {
		callsite.Panicf("Typed(%s): %v", name, err)
	}
	e := &Endpoint{in: in, out: out, name: name, where: callsite.Caller()}
	e.serve = func(w http.ResponseWriter, r *http.Request) error {
		if err := out.negotiate(r); err != nil {
			return err
		}
		if out.hadAll(r) {
			w.Header().Set("Cache-Control", "no-store") // others ask for the same URL
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		value := new(In)
		if err := in.Bind(r.Context(), value, w, r); err != nil {
			return err
		}
		var result Out
		var err error
		if e.hooks == nil {
			result, err = f(r.Context(), value)
		} else {
			result, err = callHooked(e, r, value, out, f)
		}
		if out.direct && err == nil {
			return out.respond(w, r, result)
		}
		if err != nil && !out.mayStream() {
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

// joinOnce joins errors, and drops repeated lines.
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
	ProblemWriter{}.WriteError(r, w, e.answerFor(err))
}

// clientGone is the error of a request whose client has gone. Nobody reads the response,
// but its status, as in nginx, isn't counted as a failure.
type clientGone struct{}

func (clientGone) Error() string   { return "the client has gone" }
func (clientGone) StatusCode() int { return record.StatusClientGone }

// statusText is [http.StatusText] for logs.
func statusText(status int) string {
	if status == record.StatusClientGone {
		return "Client Closed Request"
	}
	return http.StatusText(status)
}

// Summary says what the endpoint does, in a few words.
func (e *Endpoint) Summary(text string) *Endpoint {
	e.summary = text
	return e
}

// Description says more about the endpoint.
func (e *Endpoint) Description(text string) *Endpoint {
	e.description = text
	return e
}

// Tags adds the groups that the endpoint belongs to.
func (e *Endpoint) Tags(tags ...string) *Endpoint {
	e.tags = append(e.tags, tags...)
	return e
}

// OperationID sets the endpoint's name for programs, which must be unique in a document.
func (e *Endpoint) OperationID(id string) *Endpoint {
	e.id = id
	return e
}

// StrictQuery makes the endpoint refuse requests with unknown query parameters, with a
// 400 that names them and lists the known ones. By default, they are ignored. The function
// [StrictQuery] does the same for all endpoints in a handler.
func (e *Endpoint) StrictQuery() *Endpoint {
	e.in.RefuseOtherQueries()
	return e
}

// AnyQuery makes the endpoint ignore unknown query parameters, even within a [StrictQuery].
func (e *Endpoint) AnyQuery() *Endpoint {
	e.in.IgnoreOtherQueries()
	return e
}

// Deprecated marks the endpoint as deprecated.
func (e *Endpoint) Deprecated() *Endpoint {
	e.deprecated = true
	return e
}

// Errors declares errors that the function may return. Each must be an
// [HTTPEquivError] with the status of a response, or Errors panics.
func (e *Endpoint) Errors(errs ...error) *Endpoint {
	for _, err := range errs {
		mustHaveStatus("Errors", err)
	}
	e.errors = append(e.errors, errs...)
	return e
}

// mustHaveStatus panics unless the error has the status of a response.
func mustHaveStatus(method string, err error) {
	equiv, ok := errors.AsType[HTTPEquivError](err)
	if !ok || isNil(reflect.ValueOf(equiv)) || statusOf(err) != equiv.StatusCode() {
		callsite.Panicf("%s: %T has no status that a response can have", method, err)
	}
}

// RequestExample adds an example of the request's body under a unique name. It panics if
// the body doesn't have the type of the input's body.
//
// The example of a form is a value of the struct that has its fields; a [File] in it stands
// for what its Reader has. That of a body which is taken as it is can be a string, a []byte,
// a [File] or another io.Reader. Such content must be text, for a document holds nothing
// else, or RequestExample panics.
func (e *Endpoint) RequestExample(name string, body any) *Endpoint {
	const method = "RequestExample"
	input := e.in.Body()
	switch {
	case input == nil:
		callsite.Panicf("%s: %s has no body", method, e)
	case input.Raw != nil:
		e.inExamples = withExample(e.inExamples, method, name, func() ([]byte, error) { return rawExample(body) })
		return e
	}
	mustBeOf(method, name, body, input.Type)
	e.inExamples = withExample(e.inExamples, method, name, func() ([]byte, error) {
		if input.Form != nil {
			return formExample(e.in, body)
		}
		return exampleJSON(body, "readOnly", input.Options)
	})
	return e
}

// ResponseExample adds an example of the response's body under a unique name. It panics
// if the body doesn't have the type that the function returns, or if that isn't sent as
// one JSON value. If there are several answers, the example is for those whose bodies
// have its type.
func (e *Endpoint) ResponseExample(name string, body any) *Endpoint {
	found := false
	for status, out := range e.out.examples(body) {
		mustBeOf("ResponseExample", name, body, out.bodyType())
		examples := withExample(e.outExamples[status], "ResponseExample", name, func() ([]byte, error) {
			return exampleJSON(body, "writeOnly", out.options)
		})
		if e.outExamples == nil {
			e.outExamples = map[string]map[string]Example{}
		}
		e.outExamples[status], found = examples, true
	}
	if !found {
		callsite.Panicf("ResponseExample: what %s returns isn't sent as JSON", e)
	}
	return e
}

// String is how [Explain] shows the handler.
func (e *Endpoint) String() string { return fmt.Sprintf("Typed(%s)", e.name) }

// fitRoute panics if the endpoints in h don't fit the method and the pattern that
// h is registered for.
func fitRoute(method, pattern string, names []string, h http.Handler, where callsite.Site) {
	endpoints, others := endpointsIn(h)
	read := map[string]bool{}
	for _, e := range endpoints {
		problem := func(format string, args ...any) {
			panic(fmt.Sprintf("tigertonic: %s %s: %v: %s (made at %v, registered at %v)",
				method, pattern, e, fmt.Sprintf(format, args...), e.where, where))
		}
		if e.in.Body() != nil {
			switch method {
			case http.MethodGet, http.MethodHead, http.MethodConnect, http.MethodTrace:
				problem("its input %s has a body, which a %s hasn't (RFC 9110 §9.3)", typeschema.NameOf(e.in.Type()), method)
			}
		}
		params := e.in.Params()
		for i := range params {
			p := &params[i]
			read[p.Name] = read[p.Name] || p.In == "path"
			if p.In == "path" && !p.Namespace && !slices.Contains(names, p.Name) {
				problem(`the field %s.%s is path:%q, but the pattern has no wildcard {%[3]s}; one of a namespace round the mux is path:"%[3]s,namespace"`,
					typeschema.NameOf(e.in.Type()), p.Field, p.Name)
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
				method, pattern, e, typeschema.NameOf(e.in.Type()), name, e.where, where))
		}
	}
}

// endpointsIn returns the endpoints that h leads to with the same pattern, and
// whether there are others that may read its wildcards.
func endpointsIn(h http.Handler) (endpoints []*Endpoint, others bool) {
	if e, ok := h.(*Endpoint); ok {
		return []*Endpoint{e}, false
	}
	next := elementsOf(h)
	if len(next) == 0 {
		next = []http.Handler{unwrap(h)}
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

// Validator is a type whose values check themselves, for rules that tags can't
// express. Validate is called after all constraints are met, for the input of a
// [Typed] function and everything in it, from the inside out.
type Validator interface {
	// Validate returns nil, or an empty [FieldErrors], for a valid value. Otherwise
	// it returns FieldErrors that name places, an error with its own status
	// ([HTTPEquivError]), or any other error, whose text the client gets.
	Validate(ctx context.Context) error
}

// Package bind puts requests into values of Go types: parameters and bodies into the
// fields of a struct, merge patches into what is there, and what is wrong with them into
// findings. A [Plan] is compiled once for a type, and can be read by code that goes the
// other way. It doesn't know endpoints, or how a client sees a finding.
package bind

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
	"github.com/rcrowley/go-tigertonic/schema"
)

// Rules are what package bind needs from the rest of the library.
type Rules struct {
	// Refused, if it isn't nil, returns why an input can't have a type, or "".
	Refused func(t reflect.Type) string
	// ReadBody reads the request's body into a buffer, as far as its limit allows.
	ReadBody func(b *codec.Buffer, w http.ResponseWriter, r *http.Request) error
	// OpenBody returns a reader of the request's body, whose errors have a status where
	// they are the client's, up to a limit in bytes unless another one is in force round
	// the handler, or up to the library's own if it is 0.
	OpenBody func(w http.ResponseWriter, r *http.Request, limit int64) (io.Reader, error)
	// FileTypes are the types for files, if there are any.
	FileTypes FileTypes
	// Listed returns what an error lists, if it is a list of findings. It doesn't look
	// at what the error wraps.
	Listed func(err error) (findings []Finding, ok bool)
	// StrictQuery, if it isn't nil, reports whether a request comes through a handler that
	// refuses unknown query parameters by default.
	StrictQuery func(ctx context.Context) bool
	// OwnQuery, if it isn't nil, reports whether the library has put a parameter into the
	// request's query, which is then never unknown.
	OwnQuery func(r *http.Request, name string) bool
	// Printable returns a text with what can't be printed escaped.
	Printable func(text string) string
}

// A Plan says how requests become values of a type. It is compiled once. Everything that
// it returns is shared; don't change it.
type Plan struct {
	typ      reflect.Type
	rules    *Rules
	params   []Param
	queries  bool // there are some among the params
	others   others
	body     *Body
	validate *validation // nil if nothing is to be
}

// others is what becomes of unknown query parameters.
type others uint8

const (
	othersByDefault others = iota // of the handlers round the plan's
	othersRefused
	othersIgnored
)

// Type returns the type of the values.
func (in *Plan) Type() reflect.Type { return in.typ }

// Params returns the fields for parameters of the request, in the order of the struct.
func (in *Plan) Params() []Param { return in.params }

// Body returns how the body becomes a value, or nil if there is none.
func (in *Plan) Body() *Body { return in.body }

// RefuseOtherQueries makes Bind refuse requests with unknown query parameters. Call it
// before the first request.
func (in *Plan) RefuseOtherQueries() { in.others = othersRefused }

// IgnoreOtherQueries makes Bind ignore unknown query parameters, whatever the default is.
// Call it before the first request.
func (in *Plan) IgnoreOtherQueries() { in.others = othersIgnored }

// RefusesOtherQueries reports whether Bind refuses requests with unknown query parameters,
// where the default is this one.
func (in *Plan) RefusesOtherQueries(byDefault bool) bool {
	return in.others == othersRefused || byDefault && in.others == othersByDefault
}

// CanRefuse reports whether there are requests that can be read and aren't valid.
func (in *Plan) CanRefuse() bool {
	return in.body != nil || in.validate != nil || slices.ContainsFunc(in.params, func(p Param) bool { return !p.takesAnything() })
}

// A Param is a field for a parameter of the request.
type Param struct {
	Name      string // as its tag has it
	Canonical string // as it is sent: that of a header in its canonical form
	In        string // "path", "query", "header", "cookie" or "form"
	Field     string // its name in Go
	Index     []int  // in the struct
	Type      reflect.Type
	Elem      reflect.Type // of each value, where the field is a slice, a pointer or an Opt
	Many      bool         // the field is a slice
	Required  bool
	Defaults  []string // that it has if it is absent
	Namespace bool     // a wildcard of a namespace round the mux
	Schema    *schema.Schema
	Joined    bool // the values are one, with commas between them
	IsDate    bool // of HTTP (RFC 9110 §5.6.7)
	// Object is the name of the deepObject that the parameter belongs to, and Member its
	// name there; both are "" otherwise.
	Object, Member string
	ObjectDoc      string
	// Each is a member of a map, which is one parameter, or nil. See [Param.MemberName].
	Each *Param

	plain      bool // a string, which takes whatever its check does
	skipsEmpty bool // an empty text counts as none
	set        codec.Setter
	check      *check.Check
	rules      *Rules
}

// Refuses reports whether the parameter can't have a text as its value.
func (p *Param) Refuses(text string) bool { return len(p.check.TextViolations(text)) > 0 }

// TakesStrings reports whether its values are strings, rather than numbers or bools.
func (p *Param) TakesStrings() bool {
	if items := p.check.Items(); items != nil {
		return items.TakesStrings()
	}
	return p.check.TakesStrings()
}

// SkipsEmpty reports whether an empty text counts as none.
func (p *Param) SkipsEmpty() bool { return p.skipsEmpty }

// takesAnything reports whether any text is valid.
func (p *Param) takesAnything() bool { return p.In == "path" && p.check.IsAnyString() && p.plain }

// Compile returns the plan for a type, or everything wrong with it.
func Compile(t reflect.Type, rules *Rules) (*Plan, error) {
	c := compiler{in: &Plan{typ: t, rules: rules}, schemas: typeschema.Compiler{Refused: rules.Refused}}
	switch {
	case t.Kind() == reflect.Pointer:
		return nil, fmt.Errorf("the input is a pointer to the pointer %v", t)
	case isOfRequest(t):
		return nil, fmt.Errorf("the input is the %v: it is a struct of yours whose fields are bound to parts of the request; "+
			"for the request itself, register an http.HandlerFunc", t)
	}
	if raw := c.raw(t, ""); raw != nil {
		c.rawBody(raw, t, nil)
	} else if t.Kind() == reflect.Struct && !c.schemas.HasForm(t) && hasParameters(t, nil) {
		c.fields(t, nil)
	} else if t.Kind() != reflect.Struct || t.NumField() > 0 {
		c.body(t, nil, true)
	}
	var err error
	c.in.validate, err = compileValidation(t)
	return c.in, errors.Join(append(c.errs, c.schemas.Finish(), err)...)
}

// isOfRequest reports whether a type is one of net/http's that stand for a request.
func isOfRequest(t reflect.Type) bool {
	return slices.Contains([]reflect.Type{
		reflect.TypeFor[http.Request](), reflect.TypeFor[http.ResponseWriter](), reflect.TypeFor[http.Header](),
		reflect.TypeFor[url.URL](), reflect.TypeFor[url.Values](),
	}, t)
}

// isFlattened reports whether the fields of an embedded struct are the outer one's.
func isFlattened(f reflect.StructField) bool {
	_, _, placed := typeschema.PlaceOf(f)
	return f.Anonymous && f.Type.Kind() == reflect.Struct && !placed
}

// hasParameters reports whether a field of t comes from a place of its own.
func hasParameters(t reflect.Type, seen []reflect.Type) bool {
	for f := range t.Fields() {
		if _, _, ok := typeschema.PlaceOf(f); ok {
			return true
		}
		elem := jsontype.Indirect(f.Type)
		if f.Anonymous && elem.Kind() == reflect.Struct && !slices.Contains(seen, elem) && hasParameters(elem, append(seen, t)) {
			return true
		}
	}
	return false
}

type compiler struct {
	in      *Plan
	schemas typeschema.Compiler
	errs    []error
}

func (c *compiler) wrong(t reflect.Type, field, format string, args ...any) {
	c.errs = append(c.errs, typeschema.Errorf(t, field, format, args...))
}

// fields compiles the fields of a struct that lies at an index.
func (c *compiler) fields(t reflect.Type, index []int) {
	for f := range t.Fields() {
		in, name, placed := typeschema.PlaceOf(f)
		switch {
		case isFlattened(f):
			c.fields(f.Type, append(slices.Clip(index), f.Index...))
		case !placed && f.Anonymous && jsontype.Indirect(f.Type).Kind() == reflect.Struct && hasParameters(jsontype.Indirect(f.Type), nil):
			c.wrong(t, f.Name, "a struct with parameters is embedded itself, not by a pointer")
		case !placed && f.IsExported():
			c.unplaced(t, f)
		case !placed:
		case !f.IsExported():
			c.wrong(t, f.Name, "a field with the tag %q must be exported", in)
		case in == "body":
			c.bodyField(t, f, index)
		case in == inForm:
			c.formField(t, f, name, index)
		case in == "query" && strings.HasSuffix(name, ",deepObject"):
			c.deepObject(t, f, strings.TrimSuffix(name, ",deepObject"), index)
		default:
			c.param(t, f, in, name, index)
		}
		if placed || isFlattened(f) {
			c.tags(t, f)
		}
	}
}

// unplaced returns what is wrong with a field without a tag for its place.
func (c *compiler) unplaced(t reflect.Type, f reflect.StructField) {
	for key := range typeschema.TagsOf(f.Tag) {
		if slices.Contains(typeschema.Places(), typeschema.Misspelt(key)) {
			c.wrong(t, f.Name, "%s", typeschema.UnknownWord(key))
			return
		}
	}
	if name, ok := f.Tag.Lookup("json"); ok {
		c.wrong(t, f.Name, `it has the tag json:%q among parameters; what the body has is a struct of its own, in a field with the tag body:""`, name)
		return
	}
	c.wrong(t, f.Name, "it has none of the tags %s; a field that isn't bound is unexported", strings.Join(typeschema.Places(), ", "))
}

// tags checks that a field has only our tags, because an input struct serves no other
// purpose.
func (c *compiler) tags(t reflect.Type, f reflect.StructField) {
	n := 0
	for key := range typeschema.TagsOf(f.Tag) {
		if !typeschema.IsOurTag(key) && typeschema.UnknownWord(key) == "" { // which is found with the schema
			c.wrong(t, f.Name, "there is no tag %q", key)
		}
		if slices.Contains(typeschema.Places(), key) {
			n++
		}
	}
	if n > 1 {
		c.wrong(t, f.Name, "it has more than one of the tags %s", strings.Join(typeschema.Places(), ", "))
	}
}

func (c *compiler) bodyField(t reflect.Type, f reflect.StructField, index []int) {
	if name := f.Tag.Get("body"); name != "" {
		c.wrong(t, f.Name, `body:%q isn't body:""`, name)
	}
	if text := typeschema.Malformed(f.Tag); text != "" {
		c.wrong(t, f.Name, "%s", text)
	}
	for key := range typeschema.TagsOf(f.Tag) {
		if typeschema.IsConstraint(key) || key == "default" || key == "required" {
			c.wrong(t, f.Name, "%s can't be said of the body", key)
		}
		if text := typeschema.UnknownWord(key); text != "" {
			c.wrong(t, f.Name, "%s", text)
		}
	}
	if c.in.body != nil {
		c.wrong(t, f.Name, "there is another field for the body")
		return
	}
	raw := c.raw(f.Type, f.Tag)
	switch upload := c.upload(t, f); {
	case raw != nil:
		raw.Upload = upload
		c.rawBody(raw, f.Type, append(slices.Clip(index), f.Index...))
		c.in.body.Description = f.Tag.Get("doc")
		return
	case upload.MaxBytes != 0:
		c.wrong(t, f.Name, "maxBytes is for a body that is a File, an io.Reader or, with mediaTypes, a []byte; for others, put a Sized round the handler")
	case upload.MediaTypes != nil:
		c.wrong(t, f.Name, "mediaTypes is for a body that is a File, an io.Reader or a []byte")
	case hasForm(f.Type):
		c.formBody(f.Type, append(slices.Clip(index), f.Index...))
		c.in.body.Description = f.Tag.Get("doc")
		return
	}
	_, isOpt := jsontype.OptElem(f.Type)
	c.schemas.Within(t, f.Name, func() {
		c.body(f.Type, append(slices.Clip(index), f.Index...), f.Type.Kind() != reflect.Pointer && !isOpt)
	})
	c.in.body.Description = f.Tag.Get("doc")
}

// body compiles a body of type t that lies at an index.
func (c *compiler) body(t reflect.Type, index []int, required bool) {
	c.in.body = newBody(&c.schemas, t, index, required, c.in.rules)
}

// Package bind puts requests into values of Go types: parameters and bodies into the
// fields of a struct, merge patches into what is there, and what is wrong with them into
// findings. A [Plan] is compiled once for a type, and can be read by code that goes the
// other way. It doesn't know endpoints, or how a client sees a finding.
package bind

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
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
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
	strict   bool // others are refused
	body     *Body
	validate *validation // nil if nothing is to be
}

// Type returns the type of the values.
func (in *Plan) Type() reflect.Type { return in.typ }

// Params returns the fields for parameters of the request, in the order of the struct.
func (in *Plan) Params() []Param { return in.params }

// Body returns how the body becomes a value, or nil if there is none.
func (in *Plan) Body() *Body { return in.body }

// RefuseOtherQueries makes Bind refuse requests with unknown query parameters. Call it
// before the first request.
func (in *Plan) RefuseOtherQueries() { in.strict = true }

// RefusesOtherQueries reports whether RefuseOtherQueries was called.
func (in *Plan) RefusesOtherQueries() bool { return in.strict }

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

func (c *compiler) param(t reflect.Type, f reflect.StructField, in, name string, index []int) {
	if p, ok := c.newParam(t, f, in, name, index); ok {
		c.in.queries = c.in.queries || p.In == "query"
		c.in.params = append(c.in.params, p)
	}
}

// deepObject compiles a struct whose fields are parameters with its name before theirs,
// filter[status] (OpenAPI 3.1 §4.8.12.3).
func (c *compiler) deepObject(t reflect.Type, f reflect.StructField, name string, index []int) {
	if f.Type.Kind() != reflect.Struct || c.schemas.HasForm(f.Type) || name == "" {
		c.wrong(t, f.Name, "a deepObject has a name, and is a struct whose fields have the tag query")
		return
	}
	for key := range typeschema.TagsOf(f.Tag) {
		if key != "query" && key != "doc" {
			c.wrong(t, f.Name, "%s is said of the fields of a deepObject, not of the whole", key)
		}
	}
	for inner := range f.Type.Fields() {
		member, ok := inner.Tag.Lookup("query")
		text, _, _ := strings.Cut(member, ",")
		switch {
		case !ok && !inner.IsExported():
			continue
		case !ok || !inner.IsExported() || text == "" || strings.HasSuffix(member, ",deepObject"):
			c.wrong(f.Type, inner.Name, "a field of a deepObject is exported, and has the tag query with the name of a value")
			continue
		}
		option := strings.TrimPrefix(member, text)
		p, ok := c.newParam(f.Type, inner, "query", name+"["+text+"]"+option, append(slices.Clip(index), f.Index...))
		c.tags(f.Type, inner)
		if ok {
			p.Object, p.Member, p.ObjectDoc = name, text, f.Tag.Get("doc")
			c.in.queries = true
			c.in.params = append(c.in.params, p)
		}
	}
}

// optionsOf returns which options the tag of a place has, as the end of a sentence.
func optionsOf(in string) string {
	switch in {
	case "query":
		return ": there are comma, deepObject and omitempty"
	case "path":
		return ": there is namespace"
	case "header":
		return ": a slice takes all elements of a list"
	}
	return ""
}

// newParam returns what a field is as a parameter, unless it can't be one.
func (c *compiler) newParam(t reflect.Type, f reflect.StructField, in, name string, index []int) (p Param, ok bool) {
	name, option, _ := strings.Cut(name, ",")
	h, elem := codec.Holds(f.Type)
	canonical := name
	if in == "header" {
		canonical = textproto.CanonicalMIMEHeaderKey(name)
	}
	p = Param{
		Name: name, Canonical: canonical, In: in, Field: f.Name, Index: append(slices.Clip(index), f.Index...), Type: f.Type, Elem: elem, Many: h.IsMany(),
		plain: f.Type.Kind() == reflect.String && !jsontype.IsText(f.Type), set: codec.SetterOf(f.Type), rules: c.in.rules,
	}
	p.Namespace = in == "path" && option == "namespace"
	if in == "query" {
		p.Joined, p.skipsEmpty = option == "comma", option == "omitempty"
	}
	if in == "header" && elem == jsontype.Time && httpfield.HoldsDate(canonical) && !p.Many {
		p.IsDate, p.set = true, codec.SetterWith(f.Type, httpfield.SetDate)
	}
	switch {
	case name == "":
		c.wrong(t, f.Name, "the tag %q has no name", in)
	case p.Joined && !p.Many:
		c.wrong(t, f.Name, "the option comma is for a slice")
	case option != "" && !p.Namespace && !p.Joined && (in != "query" || !p.skipsEmpty):
		c.wrong(t, f.Name, "the tag %q has no option %q%s", in, option, optionsOf(in))
	case in == "header" && !httpfield.IsToken(name), in == "cookie" && !httpfield.IsToken(name):
		c.wrong(t, f.Name, "%q is not the name of a %s", name, in)
	case in == "header" && headerInstead(canonical) != "":
		c.wrong(t, f.Name, "the header %s can't be a parameter (OpenAPI 3.1 §4.8.12.1): %s", canonical, headerInstead(canonical))
	case p.set == nil || h.IsMany() && elem.Kind() == reflect.Uint8 && elem != jsontype.Duration:
		c.wrong(t, f.Name, "a %v can't be a parameter", f.Type)
	case p.Many && (in == "path" || in == "cookie"):
		c.wrong(t, f.Name, "a slice is for a query or a header, not for a %s", in)
	case slices.ContainsFunc(c.in.params, func(other Param) bool { return other.In == in && other.Canonical == p.Canonical }):
		c.wrong(t, f.Name, "another field has the %s %q", in, name)
	default:
		c.paramRules(&p, t, f)
		return p, true
	}
	return p, false
}

// headerInstead returns what to use instead of a header that OpenAPI ignores as a
// parameter, or "".
func headerInstead(name string) string {
	switch name {
	case "Authorization":
		return "put HTTPBasicAuth round the handler, or an If of yours that checks it, with Described to name the SecurityScheme; what it finds is the function's by WithContext and ContextFrom"
	case "Accept":
		return "Typed looks at it itself; for a choice of its own, a function is an http.HandlerFunc"
	case "Content-Type":
		return "Typed looks at it itself; a body that isn't JSON is a File or an io.Reader"
	}
	return ""
}

// textsOf returns the texts of a JSON value's items, or of itself.
func textsOf(value json.RawMessage) (texts []string) {
	s := jsonscan.Scanner{Src: value}
	one := func() string {
		if s.Src[s.Pos] == '"' {
			return string(s.Unescaped())
		}
		return string(s.Skip())
	}
	if s.Space() != '[' {
		return []string{one()}
	}
	for s.Pos++; s.Space() != ']'; {
		texts = append(texts, one())
	}
	return texts
}

// paramRules compiles the constraints of a parameter.
func (c *compiler) paramRules(p *Param, t reflect.Type, f reflect.StructField) {
	p.Schema = typeschema.WithoutNull(c.schemas.Constrain(typeschema.WithoutNull(c.schemas.Schema(f.Type)), t, f))
	if p.IsDate {
		date := *p.Schema
		date.Format, date.Origin.Time = "", false
		p.Schema = &date
	}
	p.Required = p.In == "path"
	if text, ok := f.Tag.Lookup("required"); ok {
		if text != "true" {
			c.wrong(t, f.Name, `required:%q isn't required:"true"`, text)
		}
		p.Required = true
	}
	if p.Schema.Default != nil {
		p.Defaults = textsOf(p.Schema.Default)
		if p.Required {
			c.wrong(t, f.Name, "what is required has no default")
		}
		scratch := reflect.New(f.Type).Elem()
		for _, text := range p.Defaults {
			if p.set(scratch, text) != nil {
				c.wrong(t, f.Name, "the default %q can't be its value", text)
			}
		}
	}
	var err error
	if p.check, err = check.Compile(p.Schema); err != nil {
		c.errs = append(c.errs, err)
	}
}

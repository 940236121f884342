package tigertonic

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/textproto"
	"reflect"
	"slices"
	"strings"
)

// An input is how requests become values of a type, compiled once.
type input struct {
	typ      reflect.Type
	params   []param
	queries  bool // there are some among the params
	body     *bodyInput
	validate *validation // nil if nothing is to be
}

// A param is a field that a parameter of the request is put into.
type param struct {
	name, in  string
	field     string // its name, for the programmer
	index     []int
	many      bool
	plain     bool // a string, which takes whatever its check does
	set       setter
	check     *check
	schema    *Schema
	required  bool
	defaults  []string // that it has if it is absent
	canonical string   // name of a header
	outer     bool     // a wildcard of a namespace round the mux
}

// compileInput returns the input for a type, or all that is wrong with it.
func compileInput(t reflect.Type) (*input, error) {
	c := inputCompiler{in: &input{typ: t}}
	if t.Kind() == reflect.Pointer {
		return nil, fmt.Errorf("the input is a pointer to the pointer %v", t)
	}
	if t.Kind() == reflect.Struct && c.schemas.known(t) == nil && hasParameters(t, nil) {
		c.fields(t, nil)
	} else if t.Kind() != reflect.Struct || t.NumField() > 0 {
		c.body(t, nil, true)
	}
	c.in.validate = compileValidation(t)
	err := c.schemas.finish()
	return c.in, errors.Join(append(c.errs, err)...)
}

// places are the tags that say where a field comes from.
var places = [...]string{"path", "query", "header", "cookie", "body"} //nolint:gochecknoglobals // a constant

// placeOf returns where a field comes from and what it is called there.
func placeOf(f reflect.StructField) (in, name string, ok bool) {
	for _, in := range places {
		if name, ok := f.Tag.Lookup(in); ok {
			return in, name, true
		}
	}
	return "", "", false
}

// isFlattened tells whether the fields of an embedded struct are the outer one's.
func isFlattened(f reflect.StructField) bool {
	_, _, placed := placeOf(f)
	return f.Anonymous && f.Type.Kind() == reflect.Struct && !placed
}

// hasParameters tells whether a field of t comes from a place of its own.
func hasParameters(t reflect.Type, seen []reflect.Type) bool {
	for f := range t.Fields() {
		if _, _, ok := placeOf(f); ok {
			return true
		}
		elem := indirect(f.Type)
		if f.Anonymous && elem.Kind() == reflect.Struct && !slices.Contains(seen, elem) && hasParameters(elem, append(seen, t)) {
			return true
		}
	}
	return false
}

type inputCompiler struct {
	in      *input
	schemas schemaCompiler
	errs    []error
}

func (c *inputCompiler) wrong(t reflect.Type, field, format string, args ...any) {
	c.errs = append(c.errs, wrongType(t, field, format, args...))
}

// fields compiles the fields of a struct that lies at an index.
func (c *inputCompiler) fields(t reflect.Type, index []int) {
	for f := range t.Fields() {
		in, name, placed := placeOf(f)
		switch {
		case isFlattened(f):
			c.fields(f.Type, append(slices.Clip(index), f.Index...))
		case !placed && f.Anonymous && indirect(f.Type).Kind() == reflect.Struct && hasParameters(indirect(f.Type), nil):
			c.wrong(t, f.Name, "a struct with parameters is embedded itself, not by a pointer")
		case !placed && f.IsExported():
			c.wrong(t, f.Name, "it has none of the tags %s; a field that isn't bound is unexported", strings.Join(places[:], ", "))
		case !placed:
		case !f.IsExported():
			c.wrong(t, f.Name, "a field with the tag %q must be exported", in)
		case in == "body":
			c.bodyField(t, f, index)
		default:
			c.param(t, f, in, name, index)
		}
		if placed || isFlattened(f) {
			c.tags(t, f)
		}
	}
}

// tags checks that a field has no tags but ours: whoever binds parameters by it
// has no other use for it.
func (c *inputCompiler) tags(t reflect.Type, f reflect.StructField) {
	n := 0
	for key := range tagsOf(f.Tag) {
		if !isOurTag(key) && misspelt(key) == "" { // which is found with the schema
			c.wrong(t, f.Name, "there is no tag %q", key)
		}
		if slices.Contains(places[:], key) {
			n++
		}
	}
	if n > 1 {
		c.wrong(t, f.Name, "it has more than one of the tags %s", strings.Join(places[:], ", "))
	}
}

func (c *inputCompiler) bodyField(t reflect.Type, f reflect.StructField, index []int) {
	if name := f.Tag.Get("body"); name != "" {
		c.wrong(t, f.Name, `body:%q isn't body:""`, name)
	}
	for key := range tagsOf(f.Tag) {
		if isConstraint(key) || key == "default" || key == "required" {
			c.wrong(t, f.Name, "%s can't be said of the body", key)
		}
	}
	if c.in.body != nil {
		c.wrong(t, f.Name, "there is another field for the body")
		return
	}
	_, isOpt := optElem(f.Type)
	c.body(f.Type, append(slices.Clip(index), f.Index...), f.Type.Kind() != reflect.Pointer && !isOpt)
	c.in.body.description = f.Tag.Get("doc")
}

// body compiles a body of type t that lies at an index.
func (c *inputCompiler) body(t reflect.Type, index []int, required bool) {
	c.in.body = newBodyInput(&c.schemas, t, index, required)
}

func (c *inputCompiler) param(t reflect.Type, f reflect.StructField, in, name string, index []int) {
	name, option, _ := strings.Cut(name, ",")
	h, elem := holds(f.Type)
	p := param{
		name: name, in: in, field: f.Name, index: append(slices.Clip(index), f.Index...),
		many: h == holdsMany, plain: f.Type.Kind() == reflect.String && !isTextType(f.Type), set: setterOf(f.Type), canonical: textproto.CanonicalMIMEHeaderKey(name),
	}
	p.outer = in == "path" && option == "namespace"
	switch {
	case name == "":
		c.wrong(t, f.Name, "the tag %q has no name", in)
	case option != "" && !p.outer:
		c.wrong(t, f.Name, "the tag %q has no option %q", in, option)
	case in == "header" && !isToken(name), in == "cookie" && !isToken(name):
		c.wrong(t, f.Name, "%q is not the name of a %s", name, in)
	case p.set == nil || h == holdsMany && elem.Kind() == reflect.Uint8 && elem != durationType:
		c.wrong(t, f.Name, "a %v can't be a parameter", f.Type)
	case p.many && (in == "path" || in == "cookie"):
		c.wrong(t, f.Name, "a slice is for a query or a header, not for a %s", in)
	case slices.ContainsFunc(c.in.params, func(other param) bool { return other.in == in && other.canonicalName() == p.canonicalName() }):
		c.wrong(t, f.Name, "another field has the %s %q", in, name)
	default:
		c.queriesAndRules(&p, t, f)
		c.in.params = append(c.in.params, p)
	}
}

// textsOf returns the texts of a JSON value's items, or of itself.
func textsOf(value json.RawMessage) (texts []string) {
	s := scanner{src: value}
	one := func() string {
		if s.src[s.pos] == '"' {
			return string(s.unescaped())
		}
		return string(s.skip())
	}
	if s.space() != '[' {
		return []string{one()}
	}
	for s.pos++; s.space() != ']'; {
		texts = append(texts, one())
	}
	return texts
}

// canonicalName returns what parameters that are the same have in common.
func (p *param) canonicalName() string {
	if p.in == "header" {
		return p.canonical
	}
	return p.name
}

// queriesAndRules compiles what a parameter must be.
func (c *inputCompiler) queriesAndRules(p *param, t reflect.Type, f reflect.StructField) {
	c.in.queries = c.in.queries || p.in == "query"
	p.schema = withoutNull(c.schemas.constrain(withoutNull(c.schemas.schema(f.Type)), t, f))
	p.required = p.in == "path"
	if text, ok := f.Tag.Lookup("required"); ok {
		if text != "true" {
			c.wrong(t, f.Name, `required:%q isn't required:"true"`, text)
		}
		p.required = true
	}
	if p.schema.Default != nil {
		p.defaults = textsOf(p.schema.Default)
		if p.required {
			c.wrong(t, f.Name, "what is required has no default")
		}
		scratch := reflect.New(f.Type).Elem()
		for _, text := range p.defaults {
			if !p.set(scratch, text) {
				c.wrong(t, f.Name, "the default %q can't be its value", text)
			}
		}
	}
	var err error
	if p.check, err = compileCheck(p.schema); err != nil {
		c.errs = append(c.errs, err)
	}
}

// withoutNull returns the schema of what meets s and isn't null, for parameters
// are never null.
func withoutNull(s *Schema) *Schema {
	s = bare(s)
	if !slices.Contains(s.Types, "null") {
		return s
	}
	clone := *s
	clone.Types = slices.DeleteFunc(slices.Clone(s.Types), func(t string) bool { return t == "null" })
	return &clone
}

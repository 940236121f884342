package bind

import (
	"encoding/json"
	"net/textproto"
	"reflect"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
)

// How parameters are compiled.

func (c *compiler) param(t reflect.Type, f reflect.StructField, in, name string, index []int) {
	if p, ok := c.newParam(t, f, in, name, index); ok {
		c.in.queries = c.in.queries || p.In == "query"
		c.in.params = append(c.in.params, p)
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
		c.wrong(t, f.Name, "%q isn't a %s name", name, in)
	case in == "header" && headerInstead(canonical) != "":
		c.wrong(t, f.Name, "the header %s can't be a parameter (OpenAPI 3.1 §4.8.12.1): %s", canonical, headerInstead(canonical))
	case in == "query" && f.Type.Kind() == reflect.Map && p.set == nil:
		c.wrong(t, f.Name, "a map in the query has the option deepObject: its member a is %s[a]", name)
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

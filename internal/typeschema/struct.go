package typeschema

import (
	"errors"
	"reflect"
	"regexp"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/schema"
)

// The schemas of structs.

// localNumber is the suffix that the compiler adds to the name of a type declared in a
// function, if it is the argument of a generic type.
var localNumber = regexp.MustCompile(`·\d+`)

// nameIn returns a type's name in its package.
func nameIn(t reflect.Type) string { return localNumber.ReplaceAllString(t.Name(), "") }

func (c *Compiler) fillStruct(s *schema.Schema, t reflect.Type) {
	s.Name, s.Origin.Package = nameIn(t), t.PkgPath()
	if c.Classic && s.Name != "" {
		s.Origin.Variant = "classic"
	} else if c.Output && s.Name != "" {
		s.Origin.Variant = "output"
	}
	s.Types, s.Closed = []string{"object"}, !c.Classic
	c.askCodec(t)
	fields, rest, err := jsontype.Fields(t, c.Classic)
	if err != nil {
		c.errs = append(c.errs, err)
	}
	_, _, isPlain := jsontype.PlainFields(t)
	for i := range fields {
		f := &fields[i]
		if isValue := f.Type.Kind() >= reflect.Bool && f.Type.Kind() <= reflect.Float64; c.Output && !isPlain && f.OmitsEmpty && (isValue || jsontype.IsUnion(f.Type)) {
			c.wrong(t, f.Name, "with the json tags of this struct, omitempty has only the sense of encoding/json/v2: say omitzero, too, or instead")
		}
		c.addProperty(s, t, f)
	}
	if rest != nil {
		s.Closed = false
		if rest.Type.Kind() == reflect.Map {
			s.Additional = c.Schema(rest.Type.Elem())
		}
	}
}

// askCodec records the codec's objections to a struct. The codec only reports them when
// it meets the struct, and an empty object is enough for that.
func (c *Compiler) askCodec(t reflect.Type) {
	if c.Classic {
		return
	}
	err := jsonv2.Unmarshal([]byte("{}"), reflect.New(t).Interface())
	if semantic, ok := errors.AsType[*jsonv2.SemanticError](err); ok {
		if semantic.GoType == t {
			c.wrong(t, "", "%w", semantic.Err)
		} else {
			c.wrong(t, "", "it embeds a %s: %w", NameOf(semantic.GoType), semantic.Err)
		}
	}
}

func (c *Compiler) addProperty(s *schema.Schema, t reflect.Type, f *jsontype.Field) {
	c.Within(t, f.Name, func() {
		if p := c.property(t, f); !c.Output || !p.Schema.WriteOnly {
			s.Properties = append(s.Properties, p)
		}
	})
}

// property returns the member that a field is.
func (c *Compiler) property(t reflect.Type, f *jsontype.Field) schema.Property {
	var value *schema.Schema
	if f.Quoted && c.isNumeric(f.Type) {
		value = stringified(c.Schema(f.Type))
	} else {
		value = c.Schema(f.Type)
		if f.Quoted && !c.Classic {
			c.wrong(t, f.Name, "the option string is for numbers and pointers to them")
		}
	}
	if f.FoldsCase && !c.Classic {
		c.wrong(t, f.Name, "case:ignore can't be described, and JSON is strict about case")
	}
	value = c.constrain(value, t, f.StructField)
	required := !c.Classic && !f.Omit && !f.Behind && f.Type.Kind() != reflect.Pointer && !jsontype.Implements(f.Type, reflect.TypeFor[jsontype.Optional]())
	if value.Default != nil {
		required = false
	}
	if text, ok := f.Tag.Lookup("required"); ok && !c.Classic {
		if text != "true" {
			c.wrong(t, f.Name, `required:%q isn't required:"true"`, text)
		}
		if value.Default != nil {
			c.wrong(t, f.Name, "what is required has no default")
		}
		required = !c.Output || !f.Omit && !f.Behind // of what is sent, it may be absent all the same
	}
	if value.ReadOnly || value.WriteOnly {
		c.oneWay(value, t, f)
		required = required && (c.Output || !value.ReadOnly)
	}
	return schema.Property{Name: f.Member, Required: required, Schema: value}
}

// oneWay marks a member as readOnly or writeOnly, and checks that it can be.
func (c *Compiler) oneWay(value *schema.Schema, t reflect.Type, f *jsontype.Field) {
	_, _, isPlain := jsontype.PlainFields(t)
	switch {
	case value.ReadOnly && value.WriteOnly:
		c.wrong(t, f.Name, "a member that is readOnly and writeOnly goes nowhere")
	case value.ReadOnly && value.Default != nil:
		c.wrong(t, f.Name, "what is readOnly has no default, for it isn't taken")
	case !isPlain:
		c.wrong(t, f.Name, "a struct with readOnly or writeOnly fields has json tags with nothing but names, omitempty, omitzero and string")
	}
}

func (c *Compiler) isNumeric(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64 && c.known(t) == nil
}

package openapi

import (
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic"
)

// schema returns what stands for a schema where one is wanted: a reference if it
// has a name. None allows everything.
func schema(s *tigertonic.Schema, names map[*tigertonic.Schema]string) object {
	if s == nil {
		return object{}
	}
	if name, ok := names[s]; ok {
		return object{{"$ref", "#/components/schemas/" + name}}
	}
	return schemaBody(s, names)
}

// schemaBody returns a schema in the words of JSON Schema.
func schemaBody(s *tigertonic.Schema, names map[*tigertonic.Schema]string) object {
	o := object{}
	if s.Ref != nil {
		if ref := schema(s.Ref, names); len(ref) == 1 && ref[0].name == "$ref" {
			o = ref
		} else {
			o.set("allOf", []object{ref})
		}
	}
	if len(s.AnyOf) > 0 {
		var alternatives []object
		for _, alternative := range s.AnyOf {
			alternatives = append(alternatives, schema(alternative, names))
		}
		o.set("anyOf", alternatives)
	}
	o.text("description", s.Description)
	switch len(s.Types) {
	case 0:
	case 1:
		o.set("type", s.Types[0])
	default:
		o.set("type", s.Types)
	}
	o.values("enum", s.Enum)
	o.stringWords(s)
	o.numberWords(s)
	o.arrayWords(s, names)
	o.objectWords(s, names)
	if len(s.Default) > 0 {
		o.set("default", s.Default)
	}
	o.values("examples", s.Examples)
	o.flag("deprecated", s.Deprecated)
	return o
}

func (o *object) stringWords(s *tigertonic.Schema) {
	o.text("format", s.Format)
	o.text("contentEncoding", s.ContentEncoding)
	o.text("pattern", s.Pattern)
	o.count("minLength", s.MinLength)
	o.count("maxLength", s.MaxLength)
}

func (o *object) numberWords(s *tigertonic.Schema) {
	o.number("minimum", s.Minimum)
	o.number("exclusiveMinimum", s.ExclusiveMinimum)
	o.number("maximum", s.Maximum)
	o.number("exclusiveMaximum", s.ExclusiveMaximum)
	o.number("multipleOf", s.MultipleOf)
}

func (o *object) arrayWords(s *tigertonic.Schema, names map[*tigertonic.Schema]string) {
	if s.Items != nil {
		o.set("items", schema(s.Items, names))
	}
	o.count("minItems", s.MinItems)
	o.count("maxItems", s.MaxItems)
	o.flag("uniqueItems", s.UniqueItems)
}

func (o *object) objectWords(s *tigertonic.Schema, names map[*tigertonic.Schema]string) {
	var properties object
	var required []string
	for _, p := range s.Properties {
		properties.set(p.Name, schema(p.Schema, names))
		if p.Required {
			required = append(required, p.Name)
		}
	}
	if properties != nil {
		o.set("properties", properties)
	}
	if required != nil {
		o.set("required", required)
	}
	switch {
	case s.Closed:
		o.set("additionalProperties", false)
	case s.Additional != nil:
		o.set("additionalProperties", schema(s.Additional, names))
	}
	if s.PropertyNames != nil {
		o.set("propertyNames", schema(s.PropertyNames, names))
	}
}

// values sets a member to a list of values, unless there are none.
func (o *object) values(name string, values []json.RawMessage) {
	if len(values) > 0 {
		o.set(name, values)
	}
}

// count sets a member to a number, if there is one.
func (o *object) count(name string, n *int) {
	if n != nil {
		o.set(name, *n)
	}
}

// number sets a member to a JSON number, if there is one.
func (o *object) number(name, number string) {
	if number != "" {
		o.set(name, jsontext.Value(number))
	}
}

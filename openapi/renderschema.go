package openapi

import "github.com/rcrowley/go-tigertonic/schema"

// A referrer returns the name under which a schema is referred to, if it is.
type referrer func(*schema.Schema) (name string, ok bool)

// schemaOrRef returns what stands for a schema where one is wanted: a reference if it
// has a name. None allows everything.
func schemaOrRef(s *schema.Schema, ref referrer) object {
	if s == nil {
		return object{}
	}
	if name, ok := ref(s); ok {
		return object{{"$ref", "#/components/schemas/" + name}}
	}
	return schemaBody(s, ref)
}

// schemaBody returns a schema in the words of JSON Schema.
func schemaBody(s *schema.Schema, ref referrer) object {
	o := object{}
	if s.Ref != nil {
		if other := schemaOrRef(s.Ref, ref); len(other) == 1 && other[0].name == "$ref" {
			o = other
		} else {
			o.set("allOf", []object{other})
		}
	}
	if len(s.AnyOf) > 0 {
		var alternatives []object
		for _, alternative := range s.AnyOf {
			alternatives = append(alternatives, schemaOrRef(alternative, ref))
		}
		o.set("anyOf", alternatives)
	}
	if len(s.OneOf) > 0 {
		o.oneOf(s, ref)
	}
	o.text("title", s.Title)
	o.text("description", s.Description)
	switch len(s.Types) {
	case 0:
	case 1:
		o.set("type", s.Types[0])
	default:
		o.set("type", s.Types)
	}
	o.values("enum", s.Enum)
	if s.Const != nil {
		o.set("const", s.Const)
	}
	o.stringWords(s)
	o.numberWords(s)
	o.arrayWords(s, ref)
	o.objectWords(s, ref)
	if len(s.Default) > 0 {
		o.set("default", s.Default)
	}
	o.values("examples", s.Examples)
	o.flag("deprecated", s.Deprecated)
	o.flag("readOnly", s.ReadOnly)
	o.flag("writeOnly", s.WriteOnly)
	return o
}

// oneOf writes the variants that a discriminator tells apart, which is for those that are
// referred to.
func (o *object) oneOf(s *schema.Schema, ref referrer) {
	var variants []object
	var mapping object
	for _, variant := range s.OneOf {
		one := schemaOrRef(variant, ref)
		variants = append(variants, one)
		for _, p := range variant.Properties {
			if p.Name == s.Discriminator && len(one) == 1 && one[0].name == "$ref" {
				mapping.set(unquoted(compact(p.Schema.Const)), one[0].value)
			}
		}
	}
	o.set("oneOf", variants)
	if len(mapping) == len(variants) {
		o.set("discriminator", object{{"propertyName", s.Discriminator}, {"mapping", mapping}})
	}
}

func (o *object) stringWords(s *schema.Schema) {
	o.text("format", s.Format)
	o.text("contentEncoding", s.ContentEncoding)
	if s.Pattern != "" {
		o.set("pattern", pattern(s.Pattern))
	}
	o.count("minLength", s.MinLength)
	o.count("maxLength", s.MaxLength)
}

func (o *object) numberWords(s *schema.Schema) {
	o.number("minimum", s.Minimum)
	o.number("exclusiveMinimum", s.ExclusiveMinimum)
	o.number("maximum", s.Maximum)
	o.number("exclusiveMaximum", s.ExclusiveMaximum)
	o.number("multipleOf", s.MultipleOf)
}

func (o *object) arrayWords(s *schema.Schema, ref referrer) {
	if s.Items != nil {
		o.set("items", schemaOrRef(s.Items, ref))
	}
	o.count("minItems", s.MinItems)
	o.count("maxItems", s.MaxItems)
	o.flag("uniqueItems", s.UniqueItems)
}

func (o *object) objectWords(s *schema.Schema, ref referrer) {
	var properties object
	var required []string
	for _, p := range s.Properties {
		properties.set(p.Name, schemaOrRef(p.Schema, ref))
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
		o.set("additionalProperties", schemaOrRef(s.Additional, ref))
	}
	if s.PropertyNames != nil {
		o.set("propertyNames", schemaOrRef(s.PropertyNames, ref))
	}
	o.count("minProperties", s.MinProperties)
	o.count("maxProperties", s.MaxProperties)
}

// Package schema has a type for JSON Schemas. Use it to describe a handler or a type
// by hand; tigertonic.SchemaOf returns the schema of a Go type. A Schema is only data:
// other packages check values against it and write it into documents.
package schema

import (
	"encoding/json"
)

// Schema is a JSON Schema (draft 2020-12), with the keywords that follow from Go types
// and the tags of tigertonic.Typed. Typed accepts exactly what the schema allows,
// because its checks are compiled from it. The zero value allows everything.
//
// A type of yours that is a [json.Marshaler] can have a method
//
//	func (T) JSONSchema() *schema.Schema
//
// A Pattern is in the syntax of package regexp (RE2), not in JSON Schema's own,
// ECMA-262. Documents of package openapi translate it to ECMA-262.
//
// Don't change a Schema once it is in use. Schemas may contain themselves.
type Schema struct {
	// Name is what documents call a schema that others refer to: the name of its Go type,
	// or "" for a schema that is always written in place.
	Name string
	// Origin tells schemas of one name apart. Leave it zero in a schema that you write.
	Origin Origin

	// Ref is the schema that a value must meet besides this one, or nil.
	Ref *Schema
	// AnyOf, if it isn't empty, are schemas; a value must match at least one.
	AnyOf []*Schema
	// OneOf are schemas of objects, of which a value must meet the one that its member
	// Discriminator says. Each has such a member, required and a Const. With AnyOf, a
	// Discriminator only says which of them is meant if the member is there.
	OneOf         []*Schema
	Discriminator string

	// Types are the allowed ones of "string", "number", "integer", "boolean",
	// "array", "object" and "null", or none for all.
	Types []string

	// Of strings. The lengths are in Unicode code points.
	MinLength, MaxLength *int
	Pattern              string // as package regexp has it, not anchored; lookarounds and \1 aren't
	Format               string
	ContentEncoding      string // "base64"

	// Of numbers, each a JSON number, or "".
	Minimum, Maximum, ExclusiveMinimum, ExclusiveMaximum, MultipleOf string

	// Of arrays.
	Items              *Schema
	MinItems, MaxItems *int
	UniqueItems        bool

	// Of objects. Closed ones have no members but the Properties; of others,
	// those that aren't listed must meet Additional, unless it is nil, and their
	// names PropertyNames, likewise.
	Properties    []Property
	Closed        bool
	Additional    *Schema
	PropertyNames *Schema
	MinProperties *int
	MaxProperties *int

	Enum  []json.RawMessage // the allowed values, if there are any
	Const json.RawMessage   // the only one, or nil

	Title       string
	Description string
	Default     json.RawMessage
	Examples    []json.RawMessage
	Deprecated  bool
	ReadOnly    bool // a member that is ignored in what is taken
	WriteOnly   bool // a member that isn't in what is sent
}

// Origin says what a Schema was made of.
type Origin struct {
	Package string // the import path of the Go type's package
	// Variant says which of the schemas of the type it is: "" for what Typed takes,
	// "output" for what it sends, "classic" for Marshaled, "patch" for Patch. In a union
	// it begins with the union's name.
	Variant string
	Time    bool // whether values become a time.Time, whose syntax is RFC 3339's
}

// Property is a member of an object.
type Property struct {
	Name     string
	Required bool
	Schema   *Schema
}

package tigertonic

import (
	"encoding/json"
)

// Schema describes JSON values in the words of JSON Schema (draft 2020-12), of
// which it has those that follow from Go types and the tags of [Typed]. What it
// allows and what [Typed] accepts is the same, as the one is compiled from the
// other. The zero value allows everything.
//
// A type of yours that is a [json.Marshaler] can have a method
//
//	func (T) JSONSchema() *tigertonic.Schema
//
// A Schema mustn't be changed once it is in use. Schemas may contain themselves.
type Schema struct {
	// Name is what a schema is called that others refer to, which is its type's
	// name in Go, or "" for one that is always written in place. Package is the
	// path of the type's package, and Variant tells apart what is made of one
	// type: "" for Typed, "classic" for Marshaled, "patch" for Patch.
	Name, Package, Variant string

	// Ref is the schema that a value must meet besides this one, or nil.
	Ref *Schema
	// AnyOf are schemas of which a value must meet one, if there are any.
	AnyOf []*Schema

	// Types are the allowed ones of "string", "number", "integer", "boolean",
	// "array", "object" and "null", or none for all.
	Types []string

	// Of strings. The lengths are in Unicode code points.
	MinLength, MaxLength *int
	Pattern              string // a regular expression (RE2), not anchored
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

	Enum []json.RawMessage // the allowed values, if there are any

	Description string
	Default     json.RawMessage
	Examples    []json.RawMessage
	Deprecated  bool
}

// Property is a member of an object.
type Property struct {
	Name     string
	Required bool
	Schema   *Schema
}

package tigertonic

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// SchemaOf returns the schema of T's JSON as [Typed] functions take and return
// it. It panics if T has none, or has tags that are wrong.
func SchemaOf[T any]() *Schema {
	var c schemaCompiler
	s := c.schema(reflect.TypeFor[T]())
	if err := c.finish(); err != nil {
		misuse("SchemaOf: %v", err)
	}
	return s
}

// A schemaCompiler makes schemas of Go types.
type schemaCompiler struct {
	classic   bool // by the rules of encoding/json, for Marshaled
	output    bool // the type is only encoded
	schemas   map[reflect.Type]*Schema
	patches   map[*Schema]*Schema // of merge patches, by the whole's
	durations bool                // there is a time.Duration somewhere
	errs      []error
	later     []func() // what needs schemas that are whole
}

func (c *schemaCompiler) wrong(t reflect.Type, field, format string, args ...any) {
	c.errs = append(c.errs, wrongType(t, field, format, args...))
}

// wrongType returns what is wrong with a type, or a field of it.
func wrongType(t reflect.Type, field, format string, args ...any) error {
	where := typeText(t)
	if field != "" {
		where += "." + field
	}
	return fmt.Errorf("%s: "+format, append([]any{where}, args...)...)
}

// typeText returns what a type is called for the programmer.
func typeText(t reflect.Type) string {
	if t.Kind() == reflect.Struct && t.Name() == "" {
		return "the struct"
	}
	return t.String()
}

// finish returns all that is wrong with the types.
func (c *schemaCompiler) finish() error {
	for len(c.later) > 0 {
		f := c.later[0]
		c.later = c.later[1:]
		f()
	}
	return errors.Join(c.errs...)
}

// schema returns the schema of t. The same type has the same one.
func (c *schemaCompiler) schema(t reflect.Type) *Schema {
	if s, ok := c.schemas[t]; ok {
		if t.Kind() != reflect.Struct && t.Name() != "" {
			s.Name, s.Package = t.Name(), t.PkgPath() // it contains itself
		}
		return s
	}
	s := c.known(t)
	if s != nil {
		return s
	}
	if c.schemas == nil {
		c.schemas = map[reflect.Type]*Schema{}
	}
	s = &Schema{}
	c.schemas[t] = s
	c.fill(s, t)
	if t.Kind() != reflect.Struct {
		delete(c.schemas, t) // tags may be applied to it
	}
	return s
}

var (
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	textAppender    = reflect.TypeFor[encoding.TextAppender]()
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	marshalerTo     = reflect.TypeFor[jsonv2.MarshalerTo]()
	unmarshalerFrom = reflect.TypeFor[jsonv2.UnmarshalerFrom]()
	timeType        = reflect.TypeFor[time.Time]()
	durationType    = reflect.TypeFor[time.Duration]()
	rawType         = reflect.TypeFor[jsontext.Value]()
	rawMessageType  = reflect.TypeFor[json.RawMessage]()
	numberType      = reflect.TypeFor[json.Number]()
)

// implements tells whether t, or a pointer to it, is one of these interfaces.
func implements(t reflect.Type, interfaces ...reflect.Type) bool {
	return slices.ContainsFunc(interfaces, func(i reflect.Type) bool {
		return t.Implements(i) || t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(i)
	})
}

// known returns the schema of a type that isn't encoded by its kind, or nil.
func (c *schemaCompiler) known(t reflect.Type) *Schema {
	switch x := reflect.New(t).Interface().(type) {
	case interface{ JSONSchema() *Schema }:
		return c.own(t, x)
	case optional:
		return nullable(c.schema(x.elem()))
	case patch:
		return c.patchSchema(x.patchElem())
	}
	switch {
	case t == reflect.TypeFor[Stream]() && !c.classic:
		c.wrong(t, "", "it is the whole of what a function returns, and not by a pointer")
		return &Schema{}
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface:
		return nil
	case t == timeType:
		return &Schema{Types: []string{"string"}, Format: "date-time"}
	case t == durationType && !c.classic:
		c.durations = true
		return &Schema{Types: []string{"string"}, Format: formatGoDuration}
	case t == rawType || t == rawMessageType:
		return &Schema{}
	case t == numberType && c.classic:
		return &Schema{Types: []string{"number"}}
	case t == numberType:
		c.wrong(t, "", "the codec takes it for a string: use a number, or json.RawMessage")
		return &Schema{}
	case implements(t, jsonMarshaler, jsonUnmarshaler), !c.classic && implements(t, marshalerTo, unmarshalerFrom):
		return &Schema{} // whatever its methods say
	case implements(t, textMarshaler, textUnmarshaler), !c.classic && implements(t, textAppender):
		return &Schema{Types: []string{"string"}}
	}
	return nil
}

// own returns the schema that the type says it has.
func (c *schemaCompiler) own(t reflect.Type, x interface{ JSONSchema() *Schema }) *Schema {
	s := x.JSONSchema()
	if s == nil {
		c.wrong(t, "", "JSONSchema returned nil")
		return &Schema{}
	}
	if err := s.check(); err != nil {
		c.wrong(t, "", "JSONSchema: %w", err)
		return &Schema{}
	}
	s.checkOwnValues(func(format string, args ...any) { c.wrong(t, "", "JSONSchema: "+format, args...) })
	return s
}

// fill makes s the schema of a type that is encoded by its kind.
func (c *schemaCompiler) fill(s *Schema, t reflect.Type) {
	switch kind := t.Kind(); kind {
	case reflect.Bool:
		s.Types = []string{"boolean"}
	case reflect.String:
		s.Types = []string{"string"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.Types, s.Format = []string{"integer"}, "int"+strconv.Itoa(t.Bits())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		s.Types, s.Format, s.Minimum = []string{"integer"}, "uint"+strconv.Itoa(t.Bits()), "0"
	case reflect.Float32:
		s.Types, s.Format = []string{"number"}, "float"
	case reflect.Float64:
		s.Types, s.Format = []string{"number"}, "double"
	case reflect.Pointer:
		if isPointerToItself(t) {
			c.wrong(t, "", "it is nothing but a pointer to itself")
			return
		}
		*s = *nullable(c.schema(t.Elem()))
	case reflect.Slice, reflect.Array:
		c.fillArray(s, t)
	case reflect.Map:
		c.fillMap(s, t)
	case reflect.Struct:
		c.fillStruct(s, t)
	case reflect.Interface:
		if t.NumMethod() > 0 && !c.output && !c.classic {
			c.wrong(t, "", "JSON can't be decoded into an interface with methods")
		}
	default:
		c.wrong(t, "", "a %v has no JSON", kind)
		if kind == reflect.Func && c.output {
			c.wrong(t, "", "a stream of values is an iter.Seq2[T, error]")
		}
	}
}

func isPointerToItself(t reflect.Type) bool {
	seen := map[reflect.Type]bool{}
	for ; t.Kind() == reflect.Pointer && !seen[t]; t = t.Elem() {
		seen[t] = true
	}
	return t.Kind() == reflect.Pointer
}

func (c *schemaCompiler) fillArray(s *Schema, t reflect.Type) {
	if isBytes(t, c.classic) {
		s.Types, s.ContentEncoding = []string{"string"}, "base64"
		if t.Kind() == reflect.Array {
			encoded := (t.Len() + 2) / 3 * 4
			s.MinLength, s.MaxLength = &encoded, &encoded
			s.Pattern = [...]string{"", "[^=]==$", "[^=]=$"}[t.Len()%3] // its padding tells the length
			if t.Len() > 0 && t.Len()%3 == 0 {
				s.Pattern = "[^=]$"
			}
		}
		if c.classic {
			s.Types = append(s.Types, "null")
		}
		return
	}
	s.Types, s.Items = []string{"array"}, c.schema(t.Elem())
	if n := t.Len; t.Kind() == reflect.Array {
		length := n()
		s.MinItems, s.MaxItems = &length, &length
	} else if c.classic {
		s.Types = append(s.Types, "null")
	}
}

// isBytes tells whether an array or slice is encoded as a string.
func isBytes(t reflect.Type, classic bool) bool {
	elem := t.Elem()
	if elem.Kind() != reflect.Uint8 {
		return false
	}
	if classic {
		return t.Kind() == reflect.Slice && !implements(elem, jsonMarshaler, jsonUnmarshaler, textMarshaler, textUnmarshaler)
	}
	return elem.PkgPath() == ""
}

func (c *schemaCompiler) fillMap(s *Schema, t reflect.Type) {
	s.Types, s.Additional = []string{"object"}, c.schema(t.Elem())
	if c.classic {
		s.Types = append(s.Types, "null")
	}
	key := t.Key()
	if implements(key, textMarshaler, textUnmarshaler) {
		return
	}
	switch key.Kind() {
	case reflect.String:
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		s.PropertyNames = stringified(c.schema(key))
	default:
		c.wrong(t, "", "a %v can't be the name of a member", key)
	}
}

const (
	integerPattern = `^(0|-?[1-9][0-9]*)$`
	numberPattern  = `^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`
)

// stringified returns the schema of numbers in strings.
func stringified(number *Schema) *Schema {
	s := &Schema{Types: []string{"string"}, Format: number.Format, Pattern: integerPattern}
	if slices.Contains(number.Types, "number") {
		s.Pattern = numberPattern
	}
	if slices.Contains(number.Types, "null") {
		s.Types = append(s.Types, "null")
	}
	return s
}

func (c *schemaCompiler) fillStruct(s *Schema, t reflect.Type) {
	s.Name, s.Package = t.Name(), t.PkgPath()
	if c.classic && s.Name != "" {
		s.Variant = "classic"
	}
	s.Types, s.Closed = []string{"object"}, !c.classic
	c.askCodec(t)
	fields, rest, err := jsonFields(t, c.classic)
	if err != nil {
		c.errs = append(c.errs, err)
	}
	for i := range fields {
		c.addProperty(s, t, &fields[i])
	}
	if rest != nil {
		s.Closed = false
		if rest.typ.Kind() == reflect.Map {
			s.Additional = c.schema(rest.typ.Elem())
		}
	}
}

// askCodec notes what the codec has against a struct: it tells only when it comes
// to it, and an empty object is enough for that.
func (c *schemaCompiler) askCodec(t reflect.Type) {
	if c.classic {
		return
	}
	err := jsonv2.Unmarshal([]byte("{}"), reflect.New(t).Interface())
	if semantic, ok := errors.AsType[*jsonv2.SemanticError](err); ok {
		if semantic.GoType == t {
			c.wrong(t, "", "%w", semantic.Err)
		} else {
			c.wrong(t, "", "it embeds a %s: %w", typeText(semantic.GoType), semantic.Err)
		}
	}
}

func (c *schemaCompiler) addProperty(s *Schema, t reflect.Type, f *jsonField) {
	var value *Schema
	if f.quoted && c.isNumeric(f.typ) {
		value = stringified(c.schema(f.typ))
	} else {
		value = c.schema(f.typ)
		if f.quoted && !c.classic {
			c.wrong(t, f.goName, "the option string is for numbers and pointers to them")
		}
	}
	if f.foldsCase && !c.classic {
		c.wrong(t, f.goName, "case:ignore can't be described, and JSON is strict about case")
	}
	value = c.constrain(value, t, f.StructField)
	required := !c.classic && !f.omit && f.typ.Kind() != reflect.Pointer && !implements(f.typ, reflect.TypeFor[optional]())
	if value.Default != nil {
		required = false
	}
	if text, ok := f.Tag.Lookup("required"); ok && !c.classic {
		if text != "true" {
			c.wrong(t, f.goName, `required:%q isn't required:"true"`, text)
		}
		if value.Default != nil {
			c.wrong(t, f.goName, "what is required has no default")
		}
		required = true
	}
	s.Properties = append(s.Properties, Property{f.name, required, value})
}

func (c *schemaCompiler) isNumeric(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64 && c.known(t) == nil
}

// nullable returns the schema of what meets s, or is null.
func nullable(s *Schema) *Schema {
	switch {
	case s.Name != "" || s.Ref != nil || len(s.AnyOf) > 0:
		return &Schema{AnyOf: []*Schema{s, {Types: []string{"null"}}}}
	case len(s.Types) == 0 || slices.Contains(s.Types, "null"):
		return s
	}
	clone := *s
	clone.Types = append(slices.Clip(s.Types), "null")
	if len(s.Enum) > 0 {
		clone.Enum = append(slices.Clip(s.Enum), json.RawMessage("null"))
	}
	return &clone
}

// bare returns the schema of what meets s and isn't null.
func bare(s *Schema) *Schema {
	if len(s.AnyOf) == 2 && slices.Equal(s.AnyOf[1].Types, []string{"null"}) {
		return s.AnyOf[0]
	}
	return s
}

// class returns what the values of s are besides null: one of the types, or "".
func (s *Schema) class() string {
	s = bare(s)
	if s.Ref != nil {
		return s.Ref.class()
	}
	for _, t := range s.Types {
		if t != "null" {
			return t
		}
	}
	return ""
}

// items returns the schema of the items of arrays, or nil.
func (s *Schema) items() *Schema {
	s = bare(s)
	if s.Items == nil && s.Ref != nil {
		return s.Ref.items()
	}
	return s.Items
}

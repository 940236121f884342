// Package typeschema compiles Go types and their tags into schemas, and reports what is
// wrong with a type that can't have one. It doesn't know requests or values: the place of
// a parameter is just a tag here, and package check decides whether a default is valid.
package typeschema

import (
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/netip"
	"reflect"
	"strconv"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/schema"
)

// A Compiler makes schemas of Go types. The zero value is for types that are decoded
// and encoded.
type Compiler struct {
	Classic bool // by the rules of encoding/json
	Output  bool // the type is only encoded
	// Refused, if it isn't nil, returns why a type that looks as if it had a schema has
	// none, or "".
	Refused func(t reflect.Type) string

	schemas   map[reflect.Type]*schema.Schema
	patches   map[*schema.Schema]*schema.Schema // of merge patches, by the whole's
	durations bool                              // there is a time.Duration somewhere
	unions    bool                              // there is a union somewhere
	errs      []error
	later     []func() // what needs schemas that are whole
}

// Finish returns an error that lists everything wrong with the types.
func (c *Compiler) Finish() error {
	for len(c.later) > 0 {
		f := c.later[0]
		c.later = c.later[1:]
		f()
	}
	return errors.Join(c.errs...)
}

// Schema returns the schema of t, always the same for the same type.
func (c *Compiler) Schema(t reflect.Type) *schema.Schema {
	if s, ok := c.schemas[t]; ok {
		if t.Kind() != reflect.Struct && t.Name() != "" {
			s.Name, s.Origin.Package = t.Name(), t.PkgPath() // it contains itself
		}
		return s
	}
	s := c.known(t)
	if s != nil {
		return s
	}
	if c.schemas == nil {
		c.schemas = map[reflect.Type]*schema.Schema{}
	}
	s = &schema.Schema{}
	if t.Name() != "" || t.Kind() == reflect.Struct { // others contain themselves only by way of these
		c.schemas[t] = s
	}
	c.fill(s, t)
	if t.Kind() != reflect.Struct {
		delete(c.schemas, t) // tags may be applied to it
	}
	return s
}

// known returns the schema of a type that isn't encoded by its kind, or nil.
func (c *Compiler) known(t reflect.Type) *schema.Schema {
	switch {
	case c.Classic:
	case jsontype.IsUnion(t):
		return nil
	case jsontype.HasUnionsMethods(t):
		c.wrong(t, "", "a union that is embedded would give the struct its form: make it a field with a name")
		return &schema.Schema{}
	}
	switch x := reflect.New(t).Interface().(type) {
	case interface{ JSONSchema() *schema.Schema }:
		return c.own(t, x)
	case jsontype.Optional:
		if elem, ok := jsontype.OptElem(t); ok {
			return nullable(c.Schema(elem))
		}
	case MergePatch:
		return c.patchOf(c.Schema(x.Prepare(nil)))
	}
	if c.Refused != nil {
		if why := c.Refused(t); why != "" {
			c.wrong(t, "", "%s", why)
			return &schema.Schema{}
		}
	}
	switch {
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface:
		return nil
	case t == jsontype.Time:
		return &schema.Schema{Types: []string{"string"}, Format: "date-time", Origin: schema.Origin{Time: true}}
	case t == reflect.TypeFor[big.Int]():
		return &schema.Schema{Types: []string{"integer"}}
	case t == jsontype.Duration && !c.Classic:
		c.durations = true
		return &schema.Schema{Types: []string{"string"}, Format: check.FormatGoDuration}
	case t == jsontype.Raw || t == reflect.TypeFor[json.RawMessage]():
		return &schema.Schema{}
	case !c.Classic && formatOf(t) != "":
		return &schema.Schema{Types: []string{"string"}, Format: formatOf(t)}
	case t == reflect.TypeFor[json.Number]() && c.Classic:
		return &schema.Schema{Types: []string{"number"}}
	case t == reflect.TypeFor[json.Number]():
		c.wrong(t, "", "the codec takes it for a string: use a number, or json.RawMessage")
		return &schema.Schema{}
	case jsontype.Implements(t, jsontype.JSONMarshaler, jsontype.JSONUnmarshaler), !c.Classic && jsontype.Implements(t, jsontype.MarshalerTo, jsontype.UnmarshalerFrom):
		return &schema.Schema{} // whatever its methods say
	case jsontype.Implements(t, jsontype.TextMarshaler, jsontype.TextUnmarshaler), !c.Classic && jsontype.Implements(t, jsontype.TextAppender):
		return &schema.Schema{Types: []string{"string"}}
	}
	return nil
}

// formatOf returns the format of a type of the standard library that is encoded as text, or
// "". No format of JSON Schema is that of an IP address of either version, and an anyOf of
// two is a type that generators have no name for. So these are names that others use, too:
// tools that don't know them take the values for strings.
func formatOf(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[netip.Addr]():
		return "ip"
	case reflect.TypeFor[netip.Prefix]():
		return "cidr"
	case reflect.TypeFor[netip.AddrPort]():
		return "ip-port"
	}
	return ""
}

// own returns the schema from the type's own method.
func (c *Compiler) own(t reflect.Type, x interface{ JSONSchema() *schema.Schema }) *schema.Schema {
	s := x.JSONSchema()
	if s == nil {
		c.wrong(t, "", "JSONSchema returned nil")
		return &schema.Schema{}
	}
	if err := check.Schema(s); err != nil {
		c.wrong(t, "", "JSONSchema: %w", err)
		return &schema.Schema{}
	}
	check.OwnValues(s, func(format string, args ...any) { c.wrong(t, "", "JSONSchema: "+format, args...) })
	return s
}

// fill makes s the schema of a type that is encoded by its kind.
func (c *Compiler) fill(s *schema.Schema, t reflect.Type) {
	switch kind := t.Kind(); kind {
	case reflect.Bool:
		s.Types = []string{"boolean"}
	case reflect.String:
		s.Types = []string{"string"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.Types, s.Format = []string{"integer"}, "int"+strconv.Itoa(t.Bits())
		s.Minimum, s.Maximum = check.Range(s.Format)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		s.Types, s.Format = []string{"integer"}, "uint"+strconv.Itoa(t.Bits())
		s.Minimum, s.Maximum = check.Range(s.Format)
	case reflect.Float32:
		s.Types, s.Format = []string{"number"}, "float"
	case reflect.Float64:
		s.Types, s.Format = []string{"number"}, "double"
	case reflect.Pointer:
		if isPointerToItself(t) {
			c.wrong(t, "", "it is nothing but a pointer to itself")
			return
		}
		*s = *nullable(c.Schema(t.Elem()))
	case reflect.Slice, reflect.Array:
		c.fillArray(s, t)
	case reflect.Map:
		c.fillMap(s, t)
	case reflect.Struct:
		if jsontype.IsUnion(t) && !c.Classic {
			c.fillUnion(s, t)
		} else {
			c.fillStruct(s, t)
		}
	case reflect.Interface:
		c.durations, c.unions = true, true // there may be some
		switch {
		case t.NumMethod() == 0 || c.Output || c.Classic:
		case t.Implements(reflect.TypeFor[io.Reader]()):
			c.wrong(t, "", "JSON can't be decoded into a reader: for a body that isn't JSON, register an http.HandlerFunc, which has r.Body")
		default:
			c.wrong(t, "", "JSON can't be decoded into an interface with methods")
		}
	default:
		c.wrong(t, "", "a %v has no JSON", kind)
		if kind == reflect.Func && c.Output {
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

// HasForm reports whether a type is encoded otherwise than by its kind.
func (c *Compiler) HasForm(t reflect.Type) bool { return c.known(t) != nil }

// HasDurations reports whether there may be a time.Duration in one of the types.
func (c *Compiler) HasDurations() bool { return c.durations }

// HasUnions reports whether there may be a union in one of the types.
func (c *Compiler) HasUnions() bool { return c.unions }

// Later defers a function to [Compiler.Finish], when the schemas are complete.
func (c *Compiler) Later(f func()) { c.later = append(c.later, f) }

package typeschema

import (
	"reflect"
	"slices"

	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/schema"
)

// The schemas of slices, arrays and maps.

func (c *Compiler) fillArray(s *schema.Schema, t reflect.Type) {
	if isBytes(t, c.Classic) {
		s.Types, s.ContentEncoding = []string{"string"}, "base64"
		if t.Kind() == reflect.Array {
			encoded := (t.Len() + 2) / 3 * 4
			s.MinLength, s.MaxLength = &encoded, &encoded
			s.Pattern = [...]string{"", "[^=]==$", "[^=]=$"}[t.Len()%3] // its padding tells the length
			if t.Len() > 0 && t.Len()%3 == 0 {
				s.Pattern = "[^=]$"
			}
		}
		if c.Classic {
			s.Types = append(s.Types, "null")
		}
		return
	}
	s.Types, s.Items = []string{"array"}, c.Schema(t.Elem())
	switch {
	case t.Kind() == reflect.Slice && c.Classic:
		s.Types = append(s.Types, "null")
	case t.Kind() == reflect.Array && !c.Classic: // encoding/json takes any number of items
		length := t.Len()
		s.MinItems, s.MaxItems = &length, &length
	}
}

// isBytes reports whether an array or slice is encoded as a string.
func isBytes(t reflect.Type, classic bool) bool {
	elem := t.Elem()
	if elem.Kind() != reflect.Uint8 {
		return false
	}
	if classic {
		return t.Kind() == reflect.Slice && !jsontype.Implements(elem, jsontype.JSONMarshaler, jsontype.JSONUnmarshaler, jsontype.TextMarshaler, jsontype.TextUnmarshaler)
	}
	return elem.PkgPath() == ""
}

func (c *Compiler) fillMap(s *schema.Schema, t reflect.Type) {
	s.Types, s.Additional = []string{"object"}, c.Schema(t.Elem())
	if c.Classic {
		s.Types = append(s.Types, "null")
	}
	key := t.Key()
	switch {
	case (key == jsontype.Time || key.Kind() == reflect.Pointer) && !c.Output && !c.Classic:
		c.wrong(t, "", "a %v can't be the name of a member: two that are written in the same way can be different keys", key)
		return
	case jsontype.Implements(key, jsontype.TextMarshaler, jsontype.TextUnmarshaler):
		return
	}
	switch key.Kind() {
	case reflect.String:
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		s.PropertyNames = stringified(c.Schema(key))
		if c.Classic {
			s.PropertyNames.Pattern = `^[-+]?[0-9]+$` // as strconv.ParseInt takes them
		}
	default:
		c.wrong(t, "", "a %v can't be the name of a member", key)
	}
}

const (
	integerPattern = `^(0|-?[1-9][0-9]*)$`
	numberPattern  = `^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`
)

// stringified returns the schema of numbers in strings.
func stringified(number *schema.Schema) *schema.Schema {
	s := &schema.Schema{Types: []string{"string"}, Format: number.Format, Pattern: integerPattern}
	if slices.Contains(number.Types, "number") {
		s.Pattern = numberPattern
	}
	if slices.Contains(number.Types, "null") {
		s.Types = append(s.Types, "null")
	}
	return s
}

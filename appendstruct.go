package tigertonic

import (
	"reflect"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// How structs become JSON: see append.go.

// An appendedField is a member of a struct's JSON.
type appendedField struct {
	name      []byte // a comma, what it is called as JSON, and a colon
	index     int
	rest      []int // the index within the struct that is embedded there
	append    *appender
	omitEmpty bool
	isZero    func(reflect.Value) bool // or nil without the option omitzero
	quoted    bool
}

// appendedFields returns the members of a struct's JSON, or false if there is
// something about it that only the codec knows.
func appendedFields(t reflect.Type) (fields []jsonField, ok bool) {
	fields, rest, err := jsonFields(t, false)
	if err != nil || rest != nil {
		return nil, false
	}
	for i := range fields {
		if !isAppended(&fields[i]) {
			return nil, false
		}
	}
	return fields, true
}

func isAppended(f *jsonField) bool {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	if strings.ContainsAny(name, "'\\\"`") || !f.IsExported() {
		return false
	}
	kind := f.typ.Kind()
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "", "omitempty":
		case "omitzero":
			if (kind == reflect.Pointer || kind == reflect.Interface) && f.typ.Implements(zeroType) {
				return false
			}
		case "string":
			if kind < reflect.Int || kind > reflect.Float64 || f.typ == durationType || isLeaf(f.typ) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// A zeroer tells whether it is what the option omitzero leaves out.
type zeroer interface{ IsZero() bool }

var zeroType = reflect.TypeFor[zeroer]()

func isZeroOf(t reflect.Type) func(reflect.Value) bool {
	if implements(t, zeroType) {
		return func(v reflect.Value) bool { return v.Addr().Interface().(zeroer).IsZero() }
	}
	return reflect.Value.IsZero
}

// structAppender returns the appender for a struct.
func (c *appenderCompiler) structAppender(t reflect.Type) appender {
	known, _ := appendedFields(t)
	fields := make([]appendedField, len(known))
	for i := range known {
		k := &known[i]
		name, _ := jsontext.AppendQuote([]byte{','}, k.name) // which the codec has found valid
		f := appendedField{name: append(name, ':'), index: k.index[0], rest: k.index[1:], append: c.compile(k.typ), quoted: k.quoted}
		for option := range strings.SplitSeq(k.Tag.Get("json"), ",") {
			f.omitEmpty = f.omitEmpty || option == "omitempty"
			if option == "omitzero" {
				f.isZero = isZeroOf(k.typ)
			}
		}
		fields[i] = f
	}
	return func(a *appending, b []byte, v reflect.Value) ([]byte, bool) {
		begin := len(b)
		for i := range fields {
			var ok bool
			if b, ok = fields[i].appendTo(a, b, v); !ok {
				return b, false
			}
		}
		if len(b) == begin {
			return append(b, "{}"...), true
		}
		b[begin] = '{' // where the first name has its comma
		return append(b, '}'), true
	}
}

// appendTo appends the field of a struct, with a comma before it.
func (f *appendedField) appendTo(a *appending, b []byte, v reflect.Value) ([]byte, bool) {
	v = v.Field(f.index)
	for _, i := range f.rest {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return b, true
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	if f.isZero != nil && f.isZero(v) {
		return b, true
	}
	begin := len(b)
	b = append(b, f.name...)
	if f.quoted {
		b = append(b, '"')
	}
	value := len(b)
	b, ok := (*f.append)(a, b, v)
	if f.quoted {
		b = append(b, '"')
	}
	if f.omitEmpty && isEmptyJSON(b[value:]) {
		b = b[:begin]
	}
	return b, ok
}

// isEmptyJSON tells whether a value is what the option omitempty leaves out.
func isEmptyJSON(value []byte) bool {
	switch string(value) {
	case "null", `""`, "{}", "[]":
		return true
	}
	return false
}

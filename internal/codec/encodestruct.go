package codec

import (
	"reflect"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

// How structs become JSON: see encode.go.

// An encodedField is a member of a struct's JSON.
type encodedField struct {
	name      []byte // a comma, what it is called as JSON, and a colon
	index     int
	rest      []int // the index within the struct that is embedded there
	encode    *encodeFunc
	omitEmpty bool
	isEmpty   func(reflect.Value) bool // for encoding/json with the option omitempty, or nil
	isZero    func(reflect.Value) bool // or nil without the option omitzero
	quoted    bool
}

func isZeroOf(t reflect.Type) func(reflect.Value) bool {
	zeroer := reflect.TypeFor[jsontype.Zeroer]()
	switch {
	case (t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface) && t.Implements(zeroer):
		return func(v reflect.Value) bool {
			return v.IsNil() || v.Elem().Kind() == reflect.Pointer && v.Elem().IsNil() || v.Interface().(jsontype.Zeroer).IsZero()
		}
	case jsontype.Implements(t, zeroer):
		return func(v reflect.Value) bool { return v.Addr().Interface().(jsontype.Zeroer).IsZero() }
	}
	return reflect.Value.IsZero
}

// structEncoder returns the function for a struct. Its JSON begins with the brace and, for
// a union, the discriminator.
func (c *encoderCompiler) structEncoder(t reflect.Type, first []byte, name string) encodeFunc {
	known, rest, _ := jsontype.PlainFields(t)
	fields := make([]encodedField, 0, len(known))
	for i := range known {
		k := &known[i]
		if k.Tag.Get(c.dynamic.without.Tag) == "true" {
			c.dynamic.hides.Store(true)
			continue
		}
		name, _ := jsontext.AppendQuote([]byte{','}, k.Member) // which the codec has found valid
		f := encodedField{name: append(name, ':'), index: k.Index[0], rest: k.Index[1:], encode: c.compile(k.Type), quoted: k.Quoted}
		for option := range strings.SplitSeq(k.Tag.Get("json"), ",") {
			if option == "omitempty" {
				f.omitEmpty, f.isEmpty = true, isEmptyOf(k.Type)
			}
			if option == "omitempty" && jsontype.IsUnion(k.Type) { // of which there is no JSON
				f.isZero = reflect.Value.IsZero
			}
			if option == "omitzero" {
				f.isZero = isZeroOf(k.Type)
			}
		}
		if f.isZero == nil && c.dynamic.without.Zero != nil && c.dynamic.without.Zero(t, k) {
			f.isZero = isZeroOf(k.Type)
		}
		fields = append(fields, f)
	}
	var others *encodedRest
	if rest != nil {
		others = &encodedRest{rest.Index, c.compile(rest.Type), map[string]bool{name: first != nil}}
		for i := range known {
			others.known[known[i].Member] = true
		}
	}
	return func(a *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
		begin := len(b)
		b = append(b, first...)
		var ok bool
		for i := range fields {
			if b, ok = fields[i].appendTo(a, b, v); !ok {
				return b, false
			}
		}
		if others != nil {
			if b, ok = others.appendTo(a, b, v); !ok {
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

// appendTo appends the field of a struct, after a comma.
func (f *encodedField) appendTo(a *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
	v, ok := within(v.Field(f.index), f.rest)
	if !ok {
		return b, true
	}
	if f.isZero != nil && f.isZero(v) || f.isEmpty != nil && f.isEmpty(v) {
		return b, true
	}
	begin := len(b)
	b = append(b, f.name...)
	quoted := f.quoted && (v.Kind() != reflect.Pointer || !v.IsNil())
	if quoted {
		b = append(b, '"')
	}
	value := len(b)
	b, ok = (*f.encode)(a, b, v)
	if quoted {
		b = append(b, '"')
	}
	if f.omitEmpty && isEmptyJSON(b[value:]) {
		b = b[:begin]
	}
	return b, ok
}

// within returns the field at an index in a struct, or false if it is behind a pointer
// that is nil.
func within(v reflect.Value, index []int) (field reflect.Value, ok bool) {
	for _, i := range index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, true
}

// An encodedRest is the field that has all other members of a struct's JSON.
type encodedRest struct {
	index  []int
	encode *encodeFunc
	known  map[string]bool // names that none of them may have
}

// appendTo appends the members, each after a comma.
func (r *encodedRest) appendTo(a *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
	v, ok := within(v, r.index)
	if !ok || v.Len() == 0 {
		return b, true
	}
	begin := len(b)
	if b, ok = (*r.encode)(a, b, v); !ok || b[begin] != '{' {
		return b, false // null, which is nothing, or wrong
	}
	s := jsonscan.Scanner{Src: b[begin:]}
	for s.Pos++; s.Space() != '}'; s.Skip() {
		if r.known[string(s.Unescaped())] {
			return b, false
		}
	}
	if b[begin+1] == '}' {
		return b[:begin], true
	}
	b[begin] = ','
	return b[:len(b)-1], true
}

// The option omitempty leaves out what encoding/json leaves out, by the Go value, and
// what the codec leaves out, by its JSON.

// isEmptyOf returns a function that reports whether a value is empty for encoding/json,
// or nil if its JSON decides that.
func isEmptyOf(t reflect.Type) func(reflect.Value) bool {
	switch kind := t.Kind(); {
	case kind == reflect.Bool, kind >= reflect.Int && kind <= reflect.Uintptr:
		return reflect.Value.IsZero
	case kind == reflect.Float32, kind == reflect.Float64:
		return func(v reflect.Value) bool { return v.Float() == 0 }
	case kind == reflect.String, kind == reflect.Map, kind == reflect.Slice, kind == reflect.Array:
		return func(v reflect.Value) bool { return v.Len() == 0 }
	}
	return nil
}

// isEmptyJSON reports whether a JSON value is empty for the codec.
func isEmptyJSON(value []byte) bool {
	switch string(value) {
	case "null", `""`, "{}", "[]":
		return true
	}
	return false
}

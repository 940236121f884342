package tigertonic

import (
	"encoding"
	"reflect"
	"strconv"
	"time"
)

// How a parameter's text gets into a field of a struct. What is to be done is
// compiled from the field's type when the handler is made, so that for a request
// there is nothing left of it but to parse and to store.

// A setter stores a text in a field, and reports false if the text isn't a value
// of the field's type.
type setter func(field reflect.Value, text string) bool

// fieldOf returns the field at an index in a struct.
func fieldOf(v reflect.Value, index []int) reflect.Value {
	for _, i := range index {
		v = v.Field(i)
	}
	return v
}

// A holder is how a field holds values.
type holder uint8

const (
	holdsOne     holder = iota
	holdsPointer        // nil if there is none
	holdsOpt
	holdsMany // a slice
)

// holds returns how a field of type t holds values, and their type.
func holds(t reflect.Type) (h holder, elem reflect.Type) {
	if isTextType(t) {
		return holdsOne, t
	}
	if elem, ok := optElem(t); ok {
		return holdsOpt, elem
	}
	switch t.Kind() {
	case reflect.Pointer:
		return holdsPointer, t.Elem()
	case reflect.Slice:
		return holdsMany, t.Elem()
	}
	return holdsOne, t
}

// isTextType tells whether a type reads text itself.
func isTextType(t reflect.Type) bool {
	return t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(textUnmarshaler)
}

// setterOf returns the setter for fields of type t, or nil if there is none.
func setterOf(t reflect.Type) setter {
	h, elem := holds(t)
	set := valueSetter(elem)
	if set == nil {
		return nil
	}
	switch h {
	case holdsPointer:
		return func(field reflect.Value, text string) bool {
			value := reflect.New(elem)
			field.Set(value)
			return set(value.Elem(), text)
		}
	case holdsOpt:
		return func(field reflect.Value, text string) bool {
			value := field.Addr().Interface().(interface{ set() any }).set()
			return set(reflect.ValueOf(value).Elem(), text)
		}
	case holdsMany:
		return func(field reflect.Value, text string) bool {
			n := field.Len()
			field.Grow(1)
			field.SetLen(n + 1)
			return set(field.Index(n), text)
		}
	}
	return set
}

// valueSetter returns the setter for values of type t, or nil if there is none.
func valueSetter(t reflect.Type) setter {
	if isTextType(t) {
		return func(field reflect.Value, text string) bool {
			return field.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)) == nil
		}
	}
	if t == durationType {
		return setterBy(time.ParseDuration, func(field reflect.Value, d time.Duration) { field.SetInt(int64(d)) })
	}
	switch t.Kind() {
	case reflect.String:
		return func(field reflect.Value, text string) bool { field.SetString(text); return true }
	case reflect.Bool:
		return setterBy(parseBool, reflect.Value.SetBool)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		bits := t.Bits()
		return setterBy(func(text string) (int64, error) { return strconv.ParseInt(text, 10, bits) }, reflect.Value.SetInt)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		bits := t.Bits()
		return setterBy(func(text string) (uint64, error) { return parseUint(text, bits) }, reflect.Value.SetUint)
	case reflect.Float32, reflect.Float64:
		bits := t.Bits()
		return setterBy(func(text string) (float64, error) { return strconv.ParseFloat(text, bits) }, reflect.Value.SetFloat)
	}
	return nil
}

func setterBy[T any](parse func(string) (T, error), store func(reflect.Value, T)) setter {
	return func(field reflect.Value, text string) bool {
		value, err := parse(text)
		if err == nil {
			store(field, value)
		}
		return err == nil
	}
}

// accessible returns v without the mark that it is an unexported field, which an
// embedded struct may be: its methods are asked like those of others.
func accessible(v reflect.Value) reflect.Value {
	if !v.CanSet() && v.CanAddr() {
		return reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	}
	return v
}

func parseBool(text string) (bool, error) {
	if text != "true" && text != "false" {
		return false, strconv.ErrSyntax
	}
	return text == "true", nil
}

func parseUint(text string, bits int) (uint64, error) {
	if text == "-0" { // a JSON number
		text = "0"
	}
	return strconv.ParseUint(text, 10, bits)
}

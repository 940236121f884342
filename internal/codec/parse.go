package codec

import (
	"encoding"
	"reflect"
	"strconv"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

// How a parameter's text gets into a field of a struct. The steps are compiled from the
// field's type when the handler is made, so that a request only parses and stores.

// A Setter stores a text in a field. If the text isn't a value of the field's type, it
// returns an error, in the words of the type's own method if it has one.
type Setter func(field reflect.Value, text string) error

// A Holder is how a field holds values.
type Holder uint8

// The ways to hold values.
const (
	HoldsOne     Holder = iota
	HoldsPointer        // nil if there is none
	HoldsOpt
	HoldsMany    // a slice
	HoldsOptMany // an Opt of a slice
)

// IsMany reports whether a field holds any number of values.
func (h Holder) IsMany() bool { return h == HoldsMany || h == HoldsOptMany }

// Holds returns how a field of type t holds values, and their type.
func Holds(t reflect.Type) (h Holder, elem reflect.Type) {
	if jsontype.IsText(t) {
		return HoldsOne, t
	}
	if elem, ok := jsontype.OptElem(t); ok {
		if elem.Kind() == reflect.Slice && !jsontype.IsText(elem) {
			return HoldsOptMany, elem.Elem()
		}
		return HoldsOpt, elem
	}
	switch t.Kind() {
	case reflect.Pointer:
		return HoldsPointer, t.Elem()
	case reflect.Slice:
		return HoldsMany, t.Elem()
	}
	return HoldsOne, t
}

// SetterOf returns the Setter for fields of type t, or nil if there is none.
func SetterOf(t reflect.Type) Setter {
	_, elem := Holds(t)
	set := valueSetter(elem)
	if set == nil {
		return nil
	}
	return SetterWith(t, set)
}

// SetterWith returns the Setter for fields of type t whose values are set by another
// Setter.
func SetterWith(t reflect.Type, set Setter) Setter {
	h, elem := Holds(t)
	switch h {
	case HoldsPointer:
		return func(field reflect.Value, text string) error {
			value := reflect.New(elem)
			field.Set(value)
			return set(value.Elem(), text)
		}
	case HoldsOpt:
		return func(field reflect.Value, text string) error {
			value := field.Addr().Interface().(jsontype.Optional).ValuePointer(true)
			return set(reflect.ValueOf(value).Elem(), text)
		}
	case HoldsMany:
		return func(field reflect.Value, text string) error { return setNext(field, set, text) }
	case HoldsOptMany:
		return func(field reflect.Value, text string) error {
			return setNext(List(field, true), set, text)
		}
	case HoldsOne:
	}
	return set
}

// setNext sets the value after the last one of a slice.
func setNext(list reflect.Value, set Setter, text string) error {
	n := list.Len()
	list.Grow(1)
	list.SetLen(n + 1)
	return set(list.Index(n), text)
}

// List returns the slice in a field or in its Opt. With set, an Opt without a slice gets
// one; otherwise the result is the zero Value.
func List(field reflect.Value, set bool) reflect.Value {
	if field.Kind() == reflect.Slice {
		return field
	}
	pointer := field.Addr().Interface().(jsontype.Optional).ValuePointer(set)
	if pointer == nil {
		return reflect.Value{}
	}
	return reflect.ValueOf(pointer).Elem()
}

// valueSetter returns the Setter for values of type t, or nil if there is none.
func valueSetter(t reflect.Type) Setter {
	if t == jsontype.Time {
		return func(field reflect.Value, text string) error {
			read, _, ok := check.ParseTime([]byte(text))
			if !ok {
				return strconv.ErrSyntax
			}
			*field.Addr().Interface().(*time.Time) = read
			return nil
		}
	}
	if jsontype.IsText(t) {
		return func(field reflect.Value, text string) error {
			return field.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
		}
	}
	if t == jsontype.Duration {
		return setterBy(time.ParseDuration, func(field reflect.Value, d time.Duration) { field.SetInt(int64(d)) })
	}
	switch t.Kind() {
	case reflect.String:
		return func(field reflect.Value, text string) error { field.SetString(text); return nil }
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

func setterBy[T any](parse func(string) (T, error), store func(reflect.Value, T)) Setter {
	return func(field reflect.Value, text string) error {
		value, err := parse(text)
		if err == nil {
			store(field, value)
		}
		return err
	}
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

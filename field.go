package tigertonic

import (
	"encoding"
	"reflect"
	"strconv"
	"time"
	"unsafe"
)

// How a parameter's text gets into a field of a struct whose type is only known
// when the handler is made. Reflection on each request costs more than all else
// that binding does, so the field's offset and type are looked up once, and what
// is stored is stored through a pointer to that field. Only this file does so,
// others pass these pointers on: a field is at its offset from the struct (unsafe.Pointer, rule 3),
// and a type has the memory layout of its underlying type (rule 1).

// A setter stores a text in a field, and reports false if the text isn't a value
// of the field's type.
type setter func(field unsafe.Pointer, text string) bool

// fieldAt returns a pointer to the field at an offset in a struct.
func fieldAt(base unsafe.Pointer, offset uintptr) unsafe.Pointer {
	return unsafe.Add(base, offset)
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
	if isTextType(elem) {
		return textSetter(h, t, elem)
	}
	if elem == durationType {
		return setterAs(h, time.ParseDuration)
	}
	switch elem.Kind() {
	case reflect.String:
		return setterAs(h, func(text string) (string, error) { return text, nil })
	case reflect.Bool:
		return setterAs(h, parseBool)
	case reflect.Int:
		return setterAs(h, parseInt[int])
	case reflect.Int8:
		return setterAs(h, parseInt[int8])
	case reflect.Int16:
		return setterAs(h, parseInt[int16])
	case reflect.Int32:
		return setterAs(h, parseInt[int32])
	case reflect.Int64:
		return setterAs(h, parseInt[int64])
	case reflect.Uint:
		return setterAs(h, parseUint[uint])
	case reflect.Uint8:
		return setterAs(h, parseUint[uint8])
	case reflect.Uint16:
		return setterAs(h, parseUint[uint16])
	case reflect.Uint32:
		return setterAs(h, parseUint[uint32])
	case reflect.Uint64:
		return setterAs(h, parseUint[uint64])
	case reflect.Float32:
		return setterAs(h, parseFloat[float32])
	case reflect.Float64:
		return setterAs(h, parseFloat[float64])
	}
	return nil
}

// setterAs returns a setter for fields that hold values whose underlying type
// is T.
func setterAs[T any](h holder, parse func(string) (T, error)) setter {
	store := func(field unsafe.Pointer, value T) { *(*T)(field) = value }
	switch h {
	case holdsPointer:
		store = func(field unsafe.Pointer, value T) { *(**T)(field) = &value }
	case holdsOpt:
		store = func(field unsafe.Pointer, value T) { *(*Opt[T])(field) = Some(value) }
	case holdsMany:
		store = func(field unsafe.Pointer, value T) { *(*[]T)(field) = append(*(*[]T)(field), value) }
	}
	return func(field unsafe.Pointer, text string) bool {
		value, err := parse(text)
		if err == nil {
			store(field, value)
		}
		return err == nil
	}
}

// textSetter returns a setter for fields of type t that hold values of a type
// that reads text itself.
func textSetter(h holder, t, elem reflect.Type) setter {
	read := func(value any, text string) bool {
		return value.(encoding.TextUnmarshaler).UnmarshalText([]byte(text)) == nil
	}
	switch h {
	case holdsPointer:
		return func(field unsafe.Pointer, text string) bool {
			value := reflect.New(elem)
			*(*unsafe.Pointer)(field) = value.UnsafePointer()
			return read(value.Interface(), text)
		}
	case holdsOpt:
		return func(field unsafe.Pointer, text string) bool {
			return read(reflect.NewAt(t, field).Interface().(interface{ set() any }).set(), text)
		}
	case holdsMany:
		return func(field unsafe.Pointer, text string) bool {
			value, values := reflect.New(elem), reflect.NewAt(t, field).Elem()
			ok := read(value.Interface(), text)
			values.Set(reflect.Append(values, value.Elem()))
			return ok
		}
	}
	return func(field unsafe.Pointer, text string) bool { return read(reflect.NewAt(t, field).Interface(), text) }
}

// interfaceAt returns a pointer to the field, which is of type t, as an
// interface.
func interfaceAt(t reflect.Type, field unsafe.Pointer) any {
	return reflect.NewAt(t, field).Interface()
}

// accessible returns v without the mark that it is an unexported field, which an
// embedded struct may be.
func accessible(v reflect.Value) reflect.Value {
	if !v.CanSet() && v.CanAddr() {
		return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem() //nolint:gosec // of a value that v keeps alive
	}
	return v
}

func parseBool(text string) (bool, error) {
	if text != "true" && text != "false" {
		return false, strconv.ErrSyntax
	}
	return text == "true", nil
}

func parseInt[T int | int8 | int16 | int32 | int64](text string) (T, error) {
	n, err := strconv.ParseInt(text, 10, int(unsafe.Sizeof(T(0)))*8)
	return T(n), err
}

func parseUint[T uint | uint8 | uint16 | uint32 | uint64](text string) (T, error) {
	if text == "-0" { // a JSON number
		text = "0"
	}
	n, err := strconv.ParseUint(text, 10, int(unsafe.Sizeof(T(0)))*8)
	return T(n), err
}

func parseFloat[T float32 | float64](text string) (T, error) {
	n, err := strconv.ParseFloat(text, int(unsafe.Sizeof(T(0)))*8)
	return T(n), err
}

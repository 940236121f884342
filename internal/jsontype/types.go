package jsontype

import (
	"encoding"
	jsonv1 "encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The interfaces of types with their own JSON or text, and the types that the codec
// treats specially.
var (
	TextMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	TextUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	TextAppender    = reflect.TypeFor[encoding.TextAppender]()
	JSONMarshaler   = reflect.TypeFor[jsonv1.Marshaler]()
	JSONUnmarshaler = reflect.TypeFor[jsonv1.Unmarshaler]()
	MarshalerTo     = reflect.TypeFor[json.MarshalerTo]()
	UnmarshalerFrom = reflect.TypeFor[json.UnmarshalerFrom]()
	Time            = reflect.TypeFor[time.Time]()
	Duration        = reflect.TypeFor[time.Duration]()
	Raw             = reflect.TypeFor[jsontext.Value]()
)

// Implements reports whether t, or a pointer to it, implements one of these interfaces.
func Implements(t reflect.Type, interfaces ...reflect.Type) bool {
	return slices.ContainsFunc(interfaces, func(i reflect.Type) bool {
		return t.Implements(i) || t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(i)
	})
}

// Indirect returns what an unnamed pointer points to.
func Indirect(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		return t.Elem()
	}
	return t
}

// FieldOf returns the field at an index in a struct, which leads through no pointer.
func FieldOf(v reflect.Value, index []int) reflect.Value {
	for _, i := range index {
		v = v.Field(i)
	}
	return v
}

// IsText reports whether a type reads text itself.
func IsText(t reflect.Type) bool {
	return t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(TextUnmarshaler)
}

// Optional is a pointer to a value that may be absent or null, such as an Opt. Its
// method returns a pointer to the value, or nil if there is none; with set, there is
// one from then on.
type Optional interface{ ValuePointer(set bool) any }

// OptElem returns T if t is an Opt[T], or a struct that embeds one.
func OptElem(t reflect.Type) (elem reflect.Type, ok bool) {
	if t.Kind() != reflect.Struct { // a pointer to an Opt has its methods, too
		return nil, false
	}
	o, ok := reflect.TypeAssert[Optional](reflect.New(t))
	if !ok {
		return nil, false
	}
	pointer := reflect.TypeOf(o.ValuePointer(true))
	if pointer == nil || pointer.Kind() != reflect.Pointer { // of a type that only looks like one
		return nil, false
	}
	return pointer.Elem(), true
}

package codec

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

// How maps, interfaces and Opts become JSON: see encode.go.

// A dynamicEncoders caches the encoders of the types that interfaces hold.
type dynamicEncoders struct {
	without Omission
	hides   atomic.Bool // there are fields with its tag
	hasJSON func(reflect.Type) bool
	known   sync.Map
}

// of returns the function for values of type t, which leaves them to the codec if that
// would refuse the type or a part of it.
func (d *dynamicEncoders) of(t reflect.Type) encodeFunc {
	if f, ok := d.known.Load(t); ok {
		return f.(encodeFunc)
	}
	c := encoderCompiler{known: map[reflect.Type]*encodeFunc{}, dynamic: d}
	var f encodeFunc
	if d.hasJSON(t) {
		f = *c.compile(t)
	} else {
		f = c.leafEncoder(t)
	}
	d.known.Store(t, f)
	return f
}

// append appends the value in an interface.
func (d *dynamicEncoders) append(a *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
	if v.IsNil() {
		return append(b, "null"...), true
	}
	v = v.Elem()
	if v.Kind() != reflect.Pointer {
		held := reflect.New(v.Type()).Elem()
		held.Set(v)
		v = held
	} else if v.IsNil() {
		return append(b, "null"...), true
	}
	if v.Kind() == reflect.Pointer { // which a leaf is encoded by itself
		v = v.Elem()
	}
	f := d.of(v.Type())
	a.hides = a.hides || d.hides.Load()
	return deeper(a, b, v, f)
}

// reaches reports whether is reports true for t or a type in it.
func reaches(t reflect.Type, is func(reflect.Type) bool) bool {
	seen := map[reflect.Type]bool{}
	var reach func(t reflect.Type) bool
	reach = func(t reflect.Type) bool {
		if seen[t] {
			return false
		}
		seen[t] = true
		if is(t) {
			return true
		}
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			return reach(t.Elem())
		case reflect.Struct:
			for f := range t.Fields() {
				if reach(f.Type) {
					return true
				}
			}
		}
		return false
	}
	return reach(t)
}

// hasTag returns whether a type is a struct with fields that have a tag.
func hasTag(tag string) func(reflect.Type) bool {
	return func(t reflect.Type) bool {
		if t.Kind() != reflect.Struct {
			return false
		}
		for f := range t.Fields() {
			if _, ok := f.Tag.Lookup(tag); ok {
				return true
			}
		}
		return false
	}
}

// hasTagOrInterface is hasTag for interfaces, too, which may hold such a struct.
func hasTagOrInterface(tag string) func(reflect.Type) bool {
	is := hasTag(tag)
	return func(t reflect.Type) bool { return t.Kind() == reflect.Interface || is(t) }
}

// maxHeld is how deep holdsTag looks, beyond what the codec encodes.
const maxHeld = 10_000

// holdsTag reports whether an interface in a value holds a type with fields that have a
// tag. It goes through what the codec has encoded, which therefore has an end.
func holdsTag(v reflect.Value, tag string, depth int) bool {
	depth++
	if depth > maxHeld {
		return true
	}
	within := func(inner reflect.Value) bool { return holdsTag(inner, tag, depth) }
	t := v.Type()
	if _, ok := jsontype.OptElem(t); ok {
		opt := reflect.New(t)
		opt.Elem().Set(v)
		inner := opt.Interface().(jsontype.Optional).ValuePointer(false)
		return inner != nil && within(reflect.ValueOf(inner).Elem())
	}
	switch t.Kind() {
	case reflect.Interface:
		return !v.IsNil() && (reaches(v.Elem().Type(), hasTag(tag)) || within(v.Elem()))
	case reflect.Pointer:
		return !v.IsNil() && within(v.Elem())
	}
	if hasMethods(t) {
		return false
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if within(v.Index(i)) {
				return true
			}
		}
	case reflect.Map:
		for _, elem := range v.Seq2() {
			if within(elem) {
				return true
			}
		}
	case reflect.Struct:
		for f, inner := range v.Fields() {
			if _, _, ok := jsontype.ParseField(f); ok && within(inner) {
				return true
			}
		}
	}
	return false
}

// deeper appends the content of a pointer, interface or map, unless it is nested so deep
// that it may be a cycle.
func deeper(a *encodeState, b []byte, v reflect.Value, f encodeFunc) ([]byte, bool) {
	if a.depth == maxEncoded {
		return b, false
	}
	a.depth++
	b, ok := f(a, b, v)
	a.depth--
	return b, ok
}

// encodeOpt returns the function for an Opt, whose value f appends.
func encodeOpt(f *encodeFunc) encodeFunc {
	return func(a *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
		value := v.Addr().Interface().(jsontype.Optional).ValuePointer(false)
		if value == nil {
			return append(b, "null"...), true
		}
		return (*f)(a, b, reflect.ValueOf(value).Elem())
	}
}

// A member is one of a map's.
type member struct {
	name  string
	value reflect.Value
}

// encodeMap returns the function for maps, whose keys are names by themselves, as
// numbers, or as key appends them, and whose values f appends. They are sorted.
func encodeMap(t reflect.Type, key, f *encodeFunc) encodeFunc {
	nameOf := namerOf(t.Key(), key)
	return func(a *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
		members := make([]member, 0, v.Len())
		values := reflect.MakeSlice(reflect.SliceOf(t.Elem()), v.Len(), v.Len()) // which are addressable
		for iter := v.MapRange(); iter.Next(); {
			name, ok := nameOf(a, iter.Key())
			if !ok || len(members) == values.Len() {
				return b, false
			}
			value := values.Index(len(members))
			value.SetIterValue(iter)
			members = append(members, member{name, value})
		}
		slices.SortFunc(members, func(x, y member) int { return cmp.Compare(x.name, y.name) })
		b = append(b, '{')
		for i, m := range members {
			if i > 0 {
				if m.name == members[i-1].name {
					return b, false
				}
				b = append(b, ',')
			}
			var ok bool
			if b, ok = jsonscan.AppendString(b, m.name); !ok {
				return b, false
			}
			if b, ok = deeper(a, append(b, ':'), m.value, *f); !ok {
				return b, false
			}
		}
		return append(b, '}'), true
	}
}

// namerOf returns a function that turns a key of type t into a name.
func namerOf(t reflect.Type, key *encodeFunc) func(a *encodeState, v reflect.Value) (name string, ok bool) {
	plain := !jsontype.Implements(t, jsontype.MarshalerTo, jsontype.JSONMarshaler, jsontype.TextAppender, jsontype.TextMarshaler)
	switch {
	case plain && t.Kind() == reflect.String:
		return func(_ *encodeState, v reflect.Value) (string, bool) { return v.String(), true }
	case plain && t != jsontype.Duration && t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		return func(_ *encodeState, v reflect.Value) (string, bool) { return strconv.FormatInt(v.Int(), 10), true }
	case plain && t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uintptr:
		return func(_ *encodeState, v reflect.Value) (string, bool) { return strconv.FormatUint(v.Uint(), 10), true }
	}
	return func(a *encodeState, v reflect.Value) (string, bool) {
		held := reflect.New(t).Elem()
		held.Set(v)
		text, ok := (*key)(a, nil, held)
		if !ok || len(text) == 0 || text[0] != '"' {
			return "", false
		}
		name, err := jsontext.AppendUnquote(nil, text)
		return string(name), err == nil
	}
}

package tigertonic

import (
	"bytes"
	"encoding"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// How a body becomes a value in one pass. The codec and the check would each go
// through its text, and the codec through state machines that are made for any
// type. So the type and its check are compiled together, when the handler is made,
// into functions that read JSON into structs, slices, pointers, Opts, strings, what
// reads text, bools and numbers, and check it as they go.
//
// They only ever say yes. Whatever they don't take is left to the codec and the
// check, which decide what is right, find all that is wrong, and say where:
//   - Values of other types, and those that are written in a rare way, such as
//     numbers with exponents, are leaves: the codec decodes one, and the check looks
//     at it.
//   - A body that isn't taken, for it is wrong or deep, is forgotten, and both begin
//     again with the whole of it.

// A taker reads the value that is next into v, which is zero and settable, or reports
// false.
type taker func(d *taking, v reflect.Value) bool

// A taking is the state of reading a value.
type taking struct {
	taken
	options json.Options
	depth   int // of objects and arrays
	added   int // by defaults
	path    []step
	known   texts
}

const (
	// maxTaken is how deep a value may be that is taken.
	maxTaken = 100
	// maxLeaf is how long a leaf may be. None is as deep as the codec allows.
	maxLeaf = 16 << 10
)

// take reads the text in e into the value that target points to, and tells whether
// it has. If it hasn't, what is in the target is of no use.
func (e *encoder) take(f taker, target any, options json.Options) bool {
	d := &e.taking
	d.taken, d.options, d.depth, d.added = taken{src: e.Bytes(), unquoted: d.unquoted}, options, 0, 0
	ok := f(d, reflect.ValueOf(target).Elem()) && d.next() == 0 && d.pos == len(d.src)
	d.src = nil
	return ok
}

// A takerCompiler makes takers of Go types and what their values must be.
type takerCompiler struct{ known map[takenType]*taker }

type takenType struct {
	reflect.Type
	*check
}

// compileTaker returns a taker for values of type t that k accepts, or nil if they
// are leaves.
func compileTaker(t reflect.Type, k *check) taker {
	c := takerCompiler{map[takenType]*taker{}}
	return c.make(t, k)
}

// compile returns the taker for t and k, which is complete once all are compiled.
func (c *takerCompiler) compile(t reflect.Type, k *check) *taker {
	if f, ok := c.known[takenType{t, k}]; ok {
		return f
	}
	f := new(taker)
	c.known[takenType{t, k}] = f
	if *f = c.make(t, k); *f == nil {
		*f = func(d *taking, v reflect.Value) bool { return d.leaf(k, v) }
	}
	return f
}

// make returns the taker for t and k, or nil if it is a leaf. Where k isn't what the
// type alone would ask for, such as one that a user has made, it is.
func (c *takerCompiler) make(t reflect.Type, k *check) taker {
	if k == nil {
		return nil
	}
	elem, isOpt := optElem(t)
	switch {
	case isOpt:
		return c.opt(elem, k)
	case t.Kind() == reflect.Pointer:
		return c.pointer(t, k)
	case k.ref != nil || len(k.anyOf) > 0 || k.nullable:
		return nil
	case k.types&^nullType == stringType:
		return stringTaker(t, k)
	case implements(t, marshalerTo, unmarshalerFrom, jsonMarshaler, jsonUnmarshaler, textAppender, textMarshaler, textUnmarshaler):
		return nil
	}
	switch k.types &^ nullType {
	case booleanType:
		return takerIf(t.Kind() == reflect.Bool && k.enum == nil, (*taking).bool)
	case integerType:
		return takerIf(k.isFixed(), integerTaker(t, k))
	case numericType:
		size := 64
		if t.Kind() == reflect.Float32 {
			size = 32
		}
		return takerIf(k.isFixed() && (t.Kind() == reflect.Float64 || size == 32), func(d *taking, v reflect.Value) bool { return d.float(k, v, size) })
	case arrayType:
		if t.Kind() == reflect.Slice && !k.unique && k.enum == nil {
			return sliceTaker(c.compile(t.Elem(), k.items), k)
		}
	case objectType:
		if t.Kind() == reflect.Struct {
			return c.structTaker(t, k)
		}
	}
	return nil
}

func takerIf(ok bool, f taker) taker {
	if !ok {
		return nil
	}
	return f
}

// withoutNull returns the check of what k accepts but for null.
func (k *check) withoutNull() *check {
	if k.nullable && k.plain {
		return k.ref
	}
	return k
}

func (c *takerCompiler) pointer(t reflect.Type, k *check) taker {
	elem, f := t.Elem(), c.compile(t.Elem(), k.withoutNull())
	return func(d *taking, v reflect.Value) bool {
		if d.next() == 'n' {
			return d.leaf(k, v)
		}
		v.Set(reflect.New(elem))
		return (*f)(d, v.Elem())
	}
}

func (c *takerCompiler) opt(elem reflect.Type, k *check) taker {
	f := c.compile(elem, k.withoutNull())
	return func(d *taking, v reflect.Value) bool {
		if d.next() == 'n' {
			return d.leaf(k, v)
		}
		value := v.Addr().Interface().(interface{ set() any }).set()
		return (*f)(d, reflect.ValueOf(value).Elem())
	}
}

// leaf has the codec and the check take a value.
func (d *taking) leaf(k *check, v reflect.Value) bool {
	d.next()
	text, ok := d.extent()
	if !ok || len(text) > maxLeaf || json.Unmarshal(text, v.Addr().Interface(), d.options) != nil {
		return false
	}
	d.path = slices.Grow(d.path[:0], d.depth)[:d.depth] // for its length alone
	c := checking{scanner: scanner{src: text}, path: d.path}
	c.value(k)
	return len(c.errs) == 0 && len(c.edits) == 0 && c.added == 0
}

// text reads a string that k, which is of strings alone, accepts.
func (d *taking) text(k *check) (text []byte, ok bool) {
	d.next()
	text, ok = d.taken.text()
	if ok && k.looksAtText() {
		var c checking
		c.text(k, text)
		ok = len(c.errs) == 0
	}
	return text, ok
}

// stringTaker returns the taker for a type that JSON has as a string.
func stringTaker(t reflect.Type, k *check) taker {
	switch {
	case t == timeType || implements(t, textUnmarshaler) && !implements(t, unmarshalerFrom, jsonUnmarshaler):
		return func(d *taking, v reflect.Value) bool {
			text, ok := d.text(k)
			return ok && v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text) == nil
		}
	case t == durationType:
		return func(d *taking, v reflect.Value) bool {
			text, ok := d.text(k)
			duration, err := time.ParseDuration(string(text))
			v.SetInt(int64(duration))
			return ok && err == nil
		}
	case t.Kind() == reflect.String && !implements(t, marshalerTo, unmarshalerFrom, jsonMarshaler, jsonUnmarshaler, textAppender, textMarshaler):
		return func(d *taking, v reflect.Value) bool {
			text, ok := d.text(k)
			v.SetString(d.known.text(text))
			return ok
		}
	}
	return nil
}

func (d *taking) bool(v reflect.Value) bool {
	d.next()
	rest := d.src[d.pos:]
	switch {
	case bytes.HasPrefix(rest, []byte("true")):
		v.SetBool(true)
		d.pos += len("true")
	case bytes.HasPrefix(rest, []byte("false")):
		d.pos += len("false")
	default:
		return false
	}
	return true
}

func integerTaker(t reflect.Type, k *check) taker {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(d *taking, v reflect.Value) bool {
			d.next()
			n, text, ok := d.number()
			if !ok || n.places > 0 {
				return d.leaf(k, v)
			}
			if !k.acceptsNumber(n) || v.OverflowInt(n.digits) {
				return false
			}
			d.pos += len(text)
			v.SetInt(n.digits)
			return true
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return func(d *taking, v reflect.Value) bool {
			d.next()
			n, text, ok := d.number()
			if !ok || n.places > 0 {
				return d.leaf(k, v)
			}
			if !k.acceptsNumber(n) || n.digits < 0 || v.OverflowUint(uint64(n.digits)) {
				return false
			}
			d.pos += len(text)
			v.SetUint(uint64(n.digits))
			return true
		}
	}
	return nil
}

func (d *taking) float(k *check, v reflect.Value, size int) bool {
	d.next()
	n, text, ok := d.number()
	if !ok {
		return d.leaf(k, v)
	}
	if !k.acceptsNumber(n) {
		return false
	}
	f, ok := n.float64()
	if !ok || size == 32 {
		var err error
		if f, err = strconv.ParseFloat(string(text), size); err != nil {
			return false
		}
	}
	d.pos += len(text)
	v.SetFloat(f)
	return true
}

func sliceTaker(item *taker, k *check) taker {
	return func(d *taking, v reflect.Value) bool {
		d.depth++
		if d.depth > maxTaken || d.next() != '[' {
			return false
		}
		d.pos++
		n := 0
		for more := d.next() != ']'; more; n++ {
			if n == k.maxItems { // before there is memory for more
				return false
			}
			if n == v.Cap() {
				v.Grow(1)
				v.SetLen(v.Cap())
			}
			if !(*item)(d, v.Index(n)) {
				return false
			}
			more = d.comma()
		}
		d.depth--
		if !d.closes(']') {
			return false
		}
		if n == 0 {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		v.SetLen(n)
		return n >= k.minItems
	}
}

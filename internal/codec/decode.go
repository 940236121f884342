package codec

import (
	"bytes"
	"encoding"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

// How a body becomes a value in one pass. The codec and the check would each read its
// text, the codec with state machines for any type. So the type and its check are
// compiled together, when the handler is made, into functions that read JSON into
// structs, slices, maps with strings as keys, pointers, Opts, strings, text unmarshalers,
// bools and numbers, and check it as they go.
//
// They only ever accept. Whatever they don't decode is left to the codec and the check,
// which decide what is valid, and find and locate every mistake:
//   - Values of other types, and those that are written in a rare way, such as
//     numbers with exponents, are leaves: the codec decodes one, and the check looks
//     at it.
//   - A body that isn't decoded, for it is wrong or deep, is forgotten, and both begin
//     again with the whole of it.

// A Decoder reads the next value into v, which is zero and settable, or reports false.
type Decoder func(d *decodeState, v reflect.Value) bool

// A decodeState is the state of reading a value.
type decodeState struct {
	lexer
	options json.Options
	depth   int // of objects and arrays
	added   int // by defaults
	skipped int // to find discriminators
	room    int // how much memory may still be taken
	checker check.Checker
	texts   texts
	anys    collector
}

const (
	// maxDecoded is how deep a decoded value may be nested.
	maxDecoded = 100
	// maxLeaf is how long a leaf may be, so that none is nested as deep as the codec
	// allows.
	maxLeaf   = 16 << 10
	unlimited = math.MaxInt
	// maxGrown bounds the memory of a value of more than MaxKept bytes before it is known
	// to be valid, as a multiple of its text.
	maxGrown = 16
)

// Decode reads the buffer into the value that target points to, and reports whether it
// succeeded. If not, discard the target. It gives up on a text of more than MaxKept bytes
// before that takes disproportionate memory, which only valid text may have.
func (b *Buffer) Decode(f Decoder, target any, options json.Options) bool {
	return b.DecodeText(f, b.Bytes(), target, options)
}

// DecodeText is Decode for another text than that of the buffer.
func (b *Buffer) DecodeText(f Decoder, text []byte, target any, options json.Options) bool {
	b.decoding.options = options
	room := unlimited
	if len(text) > MaxKept {
		room = maxGrown * len(text)
	}
	return b.decode(f, text, target, room)
}

func (b *Buffer) decode(f Decoder, text []byte, target any, room int) bool {
	d := &b.decoding
	d.lexer, d.depth, d.added, d.skipped, d.room = lexer{src: text, unquoted: d.unquoted}, 0, 0, 0, room
	ok := f(d, reflect.ValueOf(target).Elem()) && d.next() == 0 && d.pos == len(d.src)
	d.src, d.options = nil, nil
	d.texts.piece.Reset()
	d.anys.reset()
	return ok
}

// A decoderCompiler makes decoders from Go types and the checks of their values.
type decoderCompiler struct {
	known map[decodedType]*Decoder
	plain bool // without defaults
}

type decodedType struct {
	reflect.Type
	*check.Check
}

// CompileDecoder returns a Decoder for values of type t that k accepts, or nil if they
// are leaves.
func CompileDecoder(t reflect.Type, k *check.Check) Decoder {
	c := decoderCompiler{known: map[decodedType]*Decoder{}}
	return c.make(t, k)
}

// CompilePlain is CompileDecoder for values that are taken as they are: what is absent stays
// zero, whatever its default.
func CompilePlain(t reflect.Type, k *check.Check) Decoder {
	c := decoderCompiler{known: map[decodedType]*Decoder{}, plain: true}
	return c.make(t, k)
}

// compile returns the Decoder for t and k, which is complete once all are compiled.
func (c *decoderCompiler) compile(t reflect.Type, k *check.Check) *Decoder {
	if f, ok := c.known[decodedType{t, k}]; ok {
		return f
	}
	f := new(Decoder)
	c.known[decodedType{t, k}] = f
	if *f = c.make(t, k); *f == nil {
		weight := weightOf(t, map[reflect.Type]bool{})
		*f = func(d *decodeState, v reflect.Value) bool { return d.leaf(k, v, weight) }
	}
	return f
}

// make returns the Decoder for t and k, or nil if it is a leaf. It is a leaf if k isn't
// the check of the type itself, such as one that a user wrote.
func (c *decoderCompiler) make(t reflect.Type, k *check.Check) Decoder {
	if isAny(t) && k.AcceptsAll() {
		return anyInto
	}
	if k == nil {
		return nil
	}
	elem, isOpt := jsontype.OptElem(t)
	switch {
	case isOpt:
		return c.opt(elem, k)
	case t.Kind() == reflect.Pointer:
		return c.pointer(t, k)
	case k.Discriminator() != "":
		return c.unionDecoder(t, k)
	case k.IsCompound():
		return nil
	case k.Types()&^check.Null == check.String:
		return stringDecoder(t, k)
	case hasAnyMethods(t):
		return nil
	}
	switch k.Types() &^ check.Null {
	case check.Boolean:
		return decoderIf(t.Kind() == reflect.Bool && !k.HasEnum(), (*decodeState).bool)
	case check.Integer:
		return decoderIf(k.TakesDecimals(), integerDecoder(t, k))
	case check.Number:
		size := 64
		if t.Kind() == reflect.Float32 {
			size = 32
		}
		return decoderIf(k.TakesDecimals() && (t.Kind() == reflect.Float64 || size == 32), func(d *decodeState, v reflect.Value) bool { return d.float(k, v, size) })
	case check.Array:
		if t.Kind() == reflect.Slice && !k.IsUnique() && !k.HasEnum() {
			return sliceDecoder(t, c.compile(t.Elem(), k.Items()), k)
		}
	case check.Object:
		switch t.Kind() {
		case reflect.Struct:
			return c.structDecoder(t, k)
		case reflect.Map:
			return c.mapDecoder(t, k)
		default:
		}
	}
	return nil
}

// hasAnyMethods reports whether a type says itself how it is written or read.
func hasAnyMethods(t reflect.Type) bool {
	return jsontype.Implements(t, jsontype.MarshalerTo, jsontype.UnmarshalerFrom, jsontype.JSONMarshaler, jsontype.JSONUnmarshaler, jsontype.TextAppender, jsontype.TextMarshaler, jsontype.TextUnmarshaler)
}

func decoderIf(ok bool, f Decoder) Decoder {
	if !ok {
		return nil
	}
	return f
}

func (c *decoderCompiler) pointer(t reflect.Type, k *check.Check) Decoder {
	elem, f := t.Elem(), c.compile(t.Elem(), k.WithoutNull())
	return func(d *decodeState, v reflect.Value) bool {
		if d.next() == 'n' {
			return d.leaf(k, v, 0)
		}
		if !d.affords(int(elem.Size())) {
			return false
		}
		v.Set(reflect.New(elem))
		return (*f)(d, v.Elem())
	}
}

func (c *decoderCompiler) opt(elem reflect.Type, k *check.Check) Decoder {
	f := c.compile(elem, k.WithoutNull())
	return func(d *decodeState, v reflect.Value) bool {
		if d.next() == 'n' {
			return d.leaf(k, v, 0)
		}
		value := v.Addr().Interface().(jsontype.Optional).ValuePointer(true)
		return (*f)(d, reflect.ValueOf(value).Elem())
	}
}

// affords takes so many bytes from the budget, and reports whether it had them.
func (d *decodeState) affords(bytes int) bool {
	d.room -= bytes
	return d.room >= 0
}

// weightOf returns how many bytes of memory a byte of text can take in a value of type t.
// Each item of a list has at least two bytes of text, and may be in memory twice while
// the list grows.
func weightOf(t reflect.Type, seen map[reflect.Type]bool) (weight int) {
	if seen[t] {
		return 0
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer, reflect.Array:
		weight = max(int(t.Elem().Size()), weightOf(t.Elem(), seen))
	case reflect.Map:
		weight = max(24, int(t.Elem().Size()), weightOf(t.Elem(), seen))
	case reflect.Struct:
		for f := range t.Fields() {
			weight = max(weight, weightOf(f.Type, seen))
		}
	case reflect.Interface:
		weight = 1 << 20 // there is no bound, so that a long text with one is left at once
	default:
	}
	return weight
}

// leaf decodes a value with the codec and the check. Each byte of it takes so many bytes.
func (d *decodeState) leaf(k *check.Check, v reflect.Value, weight int) bool {
	d.next()
	text, ok := d.extent()
	if !ok || len(text) > maxLeaf || !d.affords(len(text)*weight) || json.Unmarshal(text, v.Addr().Interface(), d.options) != nil {
		return false
	}
	return d.checker.Accepts(k, text, d.depth)
}

// text reads a string that k accepts; k is a check for strings.
func (d *decodeState) text(k *check.Check) (text []byte, ok bool) {
	d.next()
	text, ok = d.lexer.text()
	return text, ok && k.AcceptsText(text)
}

// stringDecoder returns the Decoder for a type that JSON has as a string.
func stringDecoder(t reflect.Type, k *check.Check) Decoder {
	only, isOnly := k.OnlyText()
	switch {
	case t == jsontype.Time:
		return func(d *decodeState, v reflect.Value) bool {
			text, ok := d.text(k)
			if ok {
				*v.Addr().Interface().(*time.Time), _, ok = check.ParseTime(text)
			}
			return ok
		}
	case jsontype.Implements(t, jsontype.TextUnmarshaler) && !jsontype.Implements(t, jsontype.UnmarshalerFrom, jsontype.JSONUnmarshaler):
		return func(d *decodeState, v reflect.Value) bool {
			text, ok := d.text(k)
			return ok && v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text) == nil
		}
	case t == jsontype.Duration:
		return func(d *decodeState, v reflect.Value) bool {
			text, ok := d.text(k)
			duration, err := time.ParseDuration(string(text))
			v.SetInt(int64(duration))
			return ok && err == nil
		}
	case t.Kind() == reflect.String && isOnly && !jsontype.Implements(t, jsontype.MarshalerTo, jsontype.UnmarshalerFrom, jsontype.JSONMarshaler, jsontype.JSONUnmarshaler, jsontype.TextAppender, jsontype.TextMarshaler):
		return func(d *decodeState, v reflect.Value) bool {
			d.next()
			text, ok := d.lexer.text()
			v.SetString(only)
			return ok && string(text) == only
		}
	case t.Kind() == reflect.String && !jsontype.Implements(t, jsontype.MarshalerTo, jsontype.UnmarshalerFrom, jsontype.JSONMarshaler, jsontype.JSONUnmarshaler, jsontype.TextAppender, jsontype.TextMarshaler):
		return func(d *decodeState, v reflect.Value) bool {
			text, ok := d.text(k)
			v.SetString(d.texts.text(text, len(text)+len(d.src)-d.pos))
			return ok
		}
	}
	return nil
}

func (d *decodeState) bool(v reflect.Value) bool {
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

func integerDecoder(t reflect.Type, k *check.Check) Decoder {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(d *decodeState, v reflect.Value) bool {
			d.next()
			n, text, ok := d.number()
			if !ok || n.Places > 0 {
				return d.leaf(k, v, 0)
			}
			if !k.AcceptsDecimal(n) || v.OverflowInt(n.Digits) {
				return false
			}
			d.pos += len(text)
			v.SetInt(n.Digits)
			return true
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return func(d *decodeState, v reflect.Value) bool {
			d.next()
			n, text, ok := d.number()
			if !ok || n.Places > 0 {
				return d.leaf(k, v, 0)
			}
			if !k.AcceptsDecimal(n) || n.Digits < 0 || v.OverflowUint(uint64(n.Digits)) {
				return false
			}
			d.pos += len(text)
			v.SetUint(uint64(n.Digits))
			return true
		}
	}
	return nil
}

func (d *decodeState) float(k *check.Check, v reflect.Value, size int) bool {
	d.next()
	n, text, ok := d.number()
	if !ok {
		return d.leaf(k, v, 0)
	}
	if !k.AcceptsDecimal(n) {
		return false
	}
	f, ok := n.Float64()
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

func sliceDecoder(t reflect.Type, item *Decoder, k *check.Check) Decoder {
	return itemsDecoder(t, item, k.MinItems(), k.MaxItems())
}

// maxFirst is how much memory a slice starts with if its text doesn't say how long it is.
const maxFirst = 96

// itemsDecoder returns the Decoder for a slice with bounds on its length; -1 is no bound.
func itemsDecoder(t reflect.Type, item *Decoder, least, most int) Decoder {
	if t.Elem() == reflect.TypeFor[any]() {
		return anyItems(least, most)
	}
	size := int(t.Elem().Size())
	first := min(4, max(1, maxFirst/max(1, size)))
	return func(d *decodeState, v reflect.Value) bool {
		d.depth++
		if d.depth > maxDecoded || d.next() != '[' {
			return false
		}
		d.pos++
		n := 0
		for more := d.next() != ']'; more; n++ {
			if n == most { // before there is memory for more
				return false
			}
			if n == v.Cap() {
				by := max(first, n/2) // so what it grows through is three times what it becomes
				if n == 0 {
					by = max(first, min(d.items(), maxCounted/max(1, size)))
				}
				if most > 0 {
					by = min(by, most-n)
				}
				if !d.affords((n + by) * size) {
					return false
				}
				v.Grow(by)
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
		return n >= least
	}
}

// maxCounted is how much memory a slice starts with because of the items that are counted
// before they are read.
const maxCounted = 16 << 10

// items returns how many items the list seems to have whose first one begins here, if none of
// them has a list in it: that many, or a few. It may be wrong, for brackets and braces
// within strings count as well, but never says more than so much text can be.
func (l *lexer) items() int {
	text := l.src[l.pos:]
	if end := bytes.IndexByte(text, ']'); end >= 0 {
		text = text[:end]
	}
	sign, shortest := byte(','), len("0,")
	if len(text) > 0 && text[0] == '{' {
		sign, shortest = '{', len("{},")
	}
	return min(bytes.Count(text, []byte{sign}), len(text)/shortest) + 1
}

package codec

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math"
	"reflect"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

// How a value becomes JSON. The codec writes each token through a state machine that
// guards against mistakes that can't happen here, and takes half as long again as
// encoding/json for a list. So the type is compiled, when the handler is made, into
// functions that append to the response: one for each struct, slice and pointer, and one
// for the strings, numbers, bools and times in them.
//
// The codec decides what is valid, and encodes the rest:
//   - Types with methods of their own are leaves that it encodes.
//   - A value that is an error, such as one that isn't UTF-8 or contains itself,
//     makes it encode the whole again, and the error is its own.

// An Encoder appends values of one type as JSON. It is safe for concurrent use.
type Encoder struct {
	append encodeFunc
	// long is how much memory to begin with because of the last values, or 0 if they have
	// fit into what a buffer keeps.
	long atomic.Int64
}

// An encodeFunc appends a value of one type, which must be addressable, to b as JSON, or
// reports false to leave it to the codec.
type encodeFunc func(a *encodeState, b []byte, v reflect.Value) ([]byte, bool)

// An encodeState is the state of encoding a value.
type encodeState struct {
	options json.Options
	leaf    bytes.Buffer
	depth   int    // of slices and pointers
	hides   bool   // there are fields that aren't sent
	tag     string // theirs, if what interfaces hold may have some, or ""
}

// maxEncoded is how deep slices and pointers may be nested before the codec checks for
// cycles.
const maxEncoded = 500

// AppendJSON appends the value that a pointer points to, with f if that isn't nil, to the
// buffer, or returns an error and appends nothing.
func (b *Buffer) AppendJSON(value any, f *Encoder, options json.Options) error {
	n := b.Len()
	if f != nil {
		b.encoding.options, b.encoding.depth, b.encoding.hides = options, 0, false
		b.encoding.tag = ""
		if long := f.long.Load(); long > 0 {
			b.Grow(int(long))
		}
		text, ok := f.append(&b.encoding, b.Bytes(), reflect.ValueOf(value).Elem())
		if ok {
			f.note(len(text) - n)
			b.Buffer = *bytes.NewBuffer(text)
			return nil
		}
		b.Truncate(n)
	}
	err := json.MarshalWrite(&b.Buffer, value, options)
	if err == nil && f != nil && (b.encoding.hides || b.encoding.tag != "" && holdsTag(reflect.ValueOf(value).Elem(), b.encoding.tag, 0)) {
		err = errHidden
	}
	if err != nil {
		b.Truncate(n)
	}
	return err
}

// note notes the length of a value, so that the memory for the next long one needn't grow
// from little. It forgets half of it with each shorter one: all short values that follow a
// long one take no more than twice its memory more than they need.
func (f *Encoder) note(length int) {
	long := f.long.Load()
	if length <= MaxKept && long == 0 {
		return
	}
	long = max(int64(length+length/8), long/2)
	if long <= MaxKept {
		long = 0
	}
	f.long.Store(long)
}

// errHidden is the error of a value that only the codec could encode, although it has
// fields that must not be sent.
var errHidden = errors.New("tigertonic: a value with readOnly or writeOnly members is nested too deep, or has types that can't have them")

// An encoderCompiler makes encoders of Go types.
type encoderCompiler struct {
	known   map[reflect.Type]*encodeFunc
	dynamic *dynamicEncoders
	// interfaces reports whether there are any among the types.
	interfaces bool
}

// An Omission says which fields an Encoder leaves out.
type Omission struct {
	// Tag is the tag of fields that are never sent: Tag:"true".
	Tag string
	// Zero reports whether a field of a struct is left out while it is zero. If Zero is nil,
	// no field is.
	Zero func(t reflect.Type, f *jsontype.Field) bool
}

// CompileEncoder returns an Encoder for values of type t, or nil if the codec encodes
// them as a whole. Values in interfaces get one, too, if hasJSON reports true for their
// type.
func CompileEncoder(t reflect.Type, without Omission, hasJSON func(reflect.Type) bool) *Encoder {
	if isLeaf(t) && (hasMethods(t) || !reaches(t, hasTagOrInterface(without.Tag))) {
		return nil
	}
	c := encoderCompiler{known: map[reflect.Type]*encodeFunc{}, dynamic: &dynamicEncoders{without: without, hasJSON: hasJSON}}
	f := *c.compile(t)
	hides, tag := c.dynamic.hides.Load(), ""
	if c.interfaces {
		tag = without.Tag
	}
	if !hides && tag == "" {
		return &Encoder{append: f}
	}
	return &Encoder{append: func(a *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
		a.hides, a.tag = hides, tag
		return f(a, b, v)
	}}
}

// isLeaf reports whether values of type t are encoded by the codec.
func isLeaf(t reflect.Type) bool {
	_, isOpt := jsontype.OptElem(t)
	switch kind := t.Kind(); {
	case isOpt || jsontype.IsUnion(t):
		return false
	case t == jsontype.Time || t == jsontype.Duration || kind == reflect.Pointer:
		return false
	case hasMethods(t):
		return true
	case kind == reflect.Array && t.Elem().Kind() == reflect.Uint8:
		return true
	case kind == reflect.Struct:
		_, _, ok := jsontype.PlainFields(t)
		return !ok
	}
	return false
}

// hasMethods reports whether a type has methods that make its JSON.
func hasMethods(t reflect.Type) bool {
	return jsontype.Implements(t, jsontype.MarshalerTo, jsontype.JSONMarshaler, jsontype.TextAppender, jsontype.TextMarshaler)
}

// compile returns the function for t, which is complete once all are compiled.
func (c *encoderCompiler) compile(t reflect.Type) *encodeFunc {
	if f, ok := c.known[t]; ok {
		return f
	}
	f := new(encodeFunc)
	c.known[t] = f
	*f = c.make(t)
	return f
}

func (c *encoderCompiler) make(t reflect.Type) encodeFunc {
	switch {
	case t == jsontype.Time:
		return encodeTime
	case t == jsontype.Duration:
		return encodeDuration
	case isLeaf(t):
		return c.leafEncoder(t)
	}
	if elem, isOpt := jsontype.OptElem(t); isOpt {
		return encodeOpt(c.compile(elem))
	}
	switch t.Kind() {
	case reflect.Bool:
		return encodeBool
	case reflect.String:
		return func(_ *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
			return jsonscan.AppendString(b, v.String())
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return encodeInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return encodeUint
	case reflect.Float32, reflect.Float64:
		size := t.Bits()
		return func(_ *encodeState, b []byte, v reflect.Value) ([]byte, bool) { return encodeFloat(b, v.Float(), size) }
	case reflect.Pointer:
		return encodePointer(c.compile(t.Elem()))
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 && t.Elem().PkgPath() == "" {
			return encodeBytes
		}
		return encodeItems(c.compile(t.Elem()))
	case reflect.Map:
		return encodeMap(t, c.compile(t.Key()), c.compile(t.Elem()))
	case reflect.Interface:
		c.interfaces = true
		return c.dynamic.append
	case reflect.Struct:
		if jsontype.IsUnion(t) {
			return c.unionEncoder(t)
		}
		return c.structEncoder(t, nil, "")
	}
	return encodeLeaf
}

// encodeLeaf encodes a value with the codec.
// leafEncoder returns the function for a leaf. The codec would send what is to be left out
// of a leaf's fields, so a leaf with such fields isn't encoded.
func (c *encoderCompiler) leafEncoder(t reflect.Type) encodeFunc {
	tag := c.dynamic.without.Tag
	_, isOpt := jsontype.OptElem(t)
	switch {
	case hasMethods(t) && !isOpt || !reaches(t, hasTagOrInterface(tag)):
		return encodeLeaf
	case reaches(t, hasTag(tag)):
		c.dynamic.hides.Store(true)
		return func(_ *encodeState, b []byte, _ reflect.Value) ([]byte, bool) { return b, false }
	}
	return func(a *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
		text, ok := encodeLeaf(a, b, v)
		if ok && holdsTag(v, tag, 0) {
			a.hides = true
			return b, false
		}
		return text, ok
	}
}

func encodeLeaf(a *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
	a.leaf.Reset()
	if err := json.MarshalWrite(&a.leaf, v.Addr().Interface(), a.options); err != nil {
		return b, false
	}
	return append(b, a.leaf.Bytes()...), true
}

func encodeTime(_ *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
	t, _ := reflect.TypeAssert[time.Time](v)
	b, err := t.AppendText(append(b, '"'))
	return append(b, '"'), err == nil
}

func encodeDuration(_ *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
	return jsonscan.AppendString(b, time.Duration(v.Int()).String())
}

func encodeBool(_ *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
	return strconv.AppendBool(b, v.Bool()), true
}

func encodeInt(_ *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
	return strconv.AppendInt(b, v.Int(), 10), true
}

func encodeUint(_ *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
	return strconv.AppendUint(b, v.Uint(), 10), true
}

func encodeBytes(_ *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), v.Bytes()), '"'), true
}

// encodeFloat writes numbers as RFC 8785 §3.2.2.3 says.
func encodeFloat(b []byte, f float64, size int) ([]byte, bool) {
	const exact = 1e15 // below which integers have no shorter form than all of their digits
	abs, least := math.Abs(f), 1e-6
	if size == 32 {
		least = float64(float32(least))
	}
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return b, false
	case abs < exact && size == 64 && f == math.Trunc(f) && (f != 0 || !math.Signbit(f)):
		return strconv.AppendInt(b, int64(f), 10), true
	case abs < exact/places && abs >= 1/places && size == 64:
		if n := math.Round(abs * places); n/places == abs {
			return appendPlaces(b, f < 0, int64(n)), true
		}
	}
	if f != 0 && (abs < least || abs >= 1e21) {
		b = strconv.AppendFloat(b, f, 'e', -1, size)
		if n := len(b) - 4; string(b[n:n+3]) == "e-0" {
			b = append(b[:n+2], b[n+3])
		}
		return b, true
	}
	return strconv.AppendFloat(b, f, 'f', -1, size), true
}

// places is 10 to the number of decimal places that a multiplication and a division find;
// strconv, which finds any number of them, has more to do. Prices and percentages have no
// more. If a quotient is the number, its digits are the number's
// shortest form: no other decimal of up to 15 digits is rounded to the same float64.
const places = 1e4

// appendPlaces appends n/places.
func appendPlaces(b []byte, negative bool, n int64) []byte {
	if negative {
		b = append(b, '-')
	}
	b = strconv.AppendInt(b, n/places, 10)
	point := len(b)
	b = strconv.AppendInt(b, places+n%places, 10) // 1 and all of the places
	b[point] = '.'
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

func encodePointer(elem *encodeFunc) encodeFunc {
	return func(a *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
		if v.IsNil() {
			return append(b, "null"...), true
		}
		return deeper(a, b, v.Elem(), *elem)
	}
}

func encodeItems(item *encodeFunc) encodeFunc {
	return func(a *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
		if a.depth == maxEncoded {
			return b, false
		}
		a.depth++
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			var ok bool
			if b, ok = (*item)(a, b, v.Index(i)); !ok {
				return b, false
			}
		}
		a.depth--
		return append(b, ']'), true
	}
}

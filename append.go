package tigertonic

import (
	"bytes"
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// How what a function returns becomes JSON. The codec writes each token through
// a state machine that guards against what can't happen here, and takes half as
// long again as encoding/json for a list. So the type is compiled, when the handler
// is made, into functions that append to the response: one for each struct, slice
// and pointer, and one for the strings, numbers, bools and times in them.
//
// The codec decides what is right, and has the rest:
//   - Types with methods or options of their own, maps and interfaces are leaves
//     that it encodes.
//   - A value that is an error, such as one that isn't UTF-8 or contains itself,
//     makes it encode the whole again, and the error is its own.

// An appender appends a value of one type, which must be addressable, to b as
// JSON, or reports that it is to be left to the codec.
type appender func(a *appending, b []byte, v reflect.Value) ([]byte, bool)

// An appending is the state of appending a value.
type appending struct {
	options json.Options
	leaf    bytes.Buffer
	depth   int // of slices and pointers
}

// maxAppended is how deep slices and pointers may be nested before the codec
// looks whether they contain themselves.
const maxAppended = 500

// appendJSON appends the value that a pointer points to, by f if it isn't nil, to
// the buffer, or nothing but an error.
func (e *encoder) appendJSON(value any, f appender, options json.Options) error {
	if f != nil {
		e.appending.options, e.appending.depth = options, 0
		n := e.Len()
		b, ok := f(&e.appending, e.Bytes(), reflect.ValueOf(value).Elem())
		if ok {
			e.Buffer = *bytes.NewBuffer(b)
			return nil
		}
		e.Truncate(n)
	}
	return json.MarshalWrite(&e.Buffer, value, options)
}

// An appenderCompiler makes appenders of Go types.
type appenderCompiler struct{ known map[reflect.Type]*appender }

// compileAppender returns an appender for values of type t, or nil if they are
// the codec's as a whole.
func compileAppender(t reflect.Type) appender {
	if isLeaf(t) {
		return nil
	}
	c := appenderCompiler{map[reflect.Type]*appender{}}
	return *c.compile(t)
}

// isLeaf tells whether values of type t are encoded by the codec.
func isLeaf(t reflect.Type) bool {
	switch kind := t.Kind(); {
	case t == timeType || t == durationType || kind == reflect.Pointer:
		return false
	case implements(t, marshalerTo, jsonMarshaler, textAppender, textMarshaler):
		return true
	case kind == reflect.Array && t.Elem().Kind() == reflect.Uint8, kind == reflect.Interface, kind == reflect.Map:
		return true
	case kind == reflect.Struct:
		_, ok := appendedFields(t)
		return !ok
	}
	return false
}

// compile returns the appender for t, which is complete once all are compiled.
func (c *appenderCompiler) compile(t reflect.Type) *appender {
	if f, ok := c.known[t]; ok {
		return f
	}
	f := new(appender)
	c.known[t] = f
	*f = c.make(t)
	return f
}

func (c *appenderCompiler) make(t reflect.Type) appender {
	switch {
	case t == timeType:
		return appendTime
	case t == durationType:
		return appendDuration
	case isLeaf(t):
		return appendLeaf
	}
	switch t.Kind() {
	case reflect.Bool:
		return appendBool
	case reflect.String:
		return func(_ *appending, b []byte, v reflect.Value) ([]byte, bool) { return appendText(b, v.String()) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return appendInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return appendUint
	case reflect.Float32, reflect.Float64:
		size := t.Bits()
		return func(_ *appending, b []byte, v reflect.Value) ([]byte, bool) { return appendFloat(b, v.Float(), size) }
	case reflect.Pointer:
		return appendPointer(c.compile(t.Elem()))
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 && t.Elem().PkgPath() == "" {
			return appendBytes
		}
		return appendItems(c.compile(t.Elem()))
	case reflect.Struct:
		return c.structAppender(t)
	}
	return appendLeaf
}

// appendLeaf has the codec encode a value.
func appendLeaf(a *appending, b []byte, v reflect.Value) ([]byte, bool) {
	a.leaf.Reset()
	if err := json.MarshalWrite(&a.leaf, v.Addr().Interface(), a.options); err != nil {
		return b, false
	}
	return append(b, a.leaf.Bytes()...), true
}

func appendTime(_ *appending, b []byte, v reflect.Value) ([]byte, bool) {
	t, _ := reflect.TypeAssert[time.Time](v)
	b, err := t.AppendText(append(b, '"'))
	return append(b, '"'), err == nil
}

func appendDuration(_ *appending, b []byte, v reflect.Value) ([]byte, bool) {
	return appendText(b, time.Duration(v.Int()).String())
}

func appendBool(_ *appending, b []byte, v reflect.Value) ([]byte, bool) {
	return strconv.AppendBool(b, v.Bool()), true
}

func appendInt(_ *appending, b []byte, v reflect.Value) ([]byte, bool) {
	return strconv.AppendInt(b, v.Int(), 10), true
}

func appendUint(_ *appending, b []byte, v reflect.Value) ([]byte, bool) {
	return strconv.AppendUint(b, v.Uint(), 10), true
}

func appendBytes(_ *appending, b []byte, v reflect.Value) ([]byte, bool) {
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), v.Bytes()), '"'), true
}

// appendFloat writes numbers as RFC 8785 §3.2.2.3 says.
func appendFloat(b []byte, f float64, size int) ([]byte, bool) {
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
	case f != 0 && (abs < least || abs >= 1e21):
		b = strconv.AppendFloat(b, f, 'e', -1, size)
		if n := len(b) - 4; string(b[n:n+3]) == "e-0" {
			b = append(b[:n+2], b[n+3])
		}
		return b, true
	}
	return strconv.AppendFloat(b, f, 'f', -1, size), true
}

func appendPointer(elem *appender) appender {
	return func(a *appending, b []byte, v reflect.Value) ([]byte, bool) {
		if v.IsNil() {
			return append(b, "null"...), true
		}
		if a.depth == maxAppended {
			return b, false
		}
		a.depth++
		b, ok := (*elem)(a, b, v.Elem())
		a.depth--
		return b, ok
	}
}

func appendItems(item *appender) appender {
	return func(a *appending, b []byte, v reflect.Value) ([]byte, bool) {
		if a.depth == maxAppended {
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

package codec

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

// How a body becomes a value by the rules of encoding/json in one pass. As in decode.go,
// a Decoder's result is the same as encoding/json's, and whatever it can't decode goes to
// encoding/json as a whole: duplicate members, members in another case, text that isn't
// UTF-8, and all errors. Values of types other than structs, slices, maps with
// strings as keys, pointers, any, texts, bools and numbers are leaves, which encoding/json
// decodes.

// CompileClassic returns a Decoder for values of type t by the rules of encoding/json, or
// nil if they are leaves.
func CompileClassic(t reflect.Type) Decoder {
	c := classicCompiler{map[reflect.Type]*Decoder{}}
	return c.make(t)
}

// DecodeClassic is [Buffer.Decode] for a Decoder from CompileClassic.
func (b *Buffer) DecodeClassic(f Decoder, target any) bool {
	return b.decode(f, b.Bytes(), target, unlimited)
}

// A classicCompiler makes decoders of Go types.
type classicCompiler struct{ known map[reflect.Type]*Decoder }

// compile returns the Decoder for t, which is complete once all are compiled.
func (c *classicCompiler) compile(t reflect.Type) *Decoder {
	if f, ok := c.known[t]; ok {
		return f
	}
	f := new(Decoder)
	c.known[t] = f
	if *f = c.make(t); *f == nil {
		*f = classicLeaf
	}
	return f
}

// make returns the Decoder for t, or nil if it is a leaf.
func (c *classicCompiler) make(t reflect.Type) Decoder {
	_, isOpt := jsontype.OptElem(t)
	switch kind := t.Kind(); {
	case t == jsontype.Time:
		return classicTime
	case isOpt, t == reflect.TypeFor[json.Number](), jsontype.Implements(t, jsontype.JSONUnmarshaler, jsontype.UnmarshalerFrom):
		return nil
	case jsontype.Implements(t, jsontype.TextUnmarshaler):
		return decoderIf(t.Name() != "" && kind != reflect.Pointer, classicText)
	case kind == reflect.Pointer:
		return c.pointer(t)
	case kind == reflect.Struct:
		return c.structDecoder(t)
	case kind == reflect.Slice:
		return decoderIf(t.Elem().Kind() != reflect.Uint8, c.slice(t))
	case kind == reflect.Map:
		return decoderIf(hasPlainKeys(t), c.entries(t))
	case isAny(t):
		return anyInto
	case kind == reflect.String:
		return classicString
	case kind == reflect.Bool:
		return orNull((*decodeState).bool)
	case kind == reflect.Float32, kind == reflect.Float64:
		return orNull(classicFloat)
	case reflect.Int <= kind && kind <= reflect.Int64:
		return orNull(classicInt)
	case reflect.Uint <= kind && kind <= reflect.Uintptr:
		return orNull(classicUint)
	}
	return nil
}

// classicLeaf decodes a value with encoding/json.
func classicLeaf(d *decodeState, v reflect.Value) bool {
	d.next()
	text, ok := d.extent()
	return ok && len(text) <= maxLeaf && json.Unmarshal(text, v.Addr().Interface()) == nil
}

// orNull returns a Decoder that ignores null, as encoding/json does.
func orNull(f Decoder) Decoder {
	return func(d *decodeState, v reflect.Value) bool { return d.null() || f(d, v) }
}

// null moves past null if it is next, and reports whether it was.
func (d *decodeState) null() bool {
	if d.next() != 'n' || !bytes.HasPrefix(d.src[d.pos:], []byte("null")) {
		return false
	}
	d.pos += len("null")
	return true
}

// classicTime is for a time without escapes, of which encoding/json takes none there.
func classicTime(d *decodeState, v reflect.Value) bool {
	if d.next() != '"' {
		return classicLeaf(d, v)
	}
	begin := d.pos
	text, ok := d.lexer.text()
	return ok && d.pos-begin == len(text)+len(`""`) && v.Addr().Interface().(*time.Time).UnmarshalText(text) == nil
}

func classicText(d *decodeState, v reflect.Value) bool {
	if d.next() != '"' {
		return classicLeaf(d, v)
	}
	text, ok := d.lexer.text()
	return ok && v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text) == nil
}

func classicString(d *decodeState, v reflect.Value) bool {
	if d.null() {
		return true
	}
	text, ok := d.lexer.text()
	if ok {
		v.SetString(d.texts.text(text, len(text)+len(d.src)-d.pos))
	}
	return ok
}

func classicInt(d *decodeState, v reflect.Value) bool {
	n, text, ok := d.number()
	switch {
	case !ok || n.Places > 0:
		return classicLeaf(d, v)
	case v.OverflowInt(n.Digits):
		return false
	}
	d.pos += len(text)
	v.SetInt(n.Digits)
	return true
}

func classicUint(d *decodeState, v reflect.Value) bool {
	n, text, ok := d.number()
	switch {
	case !ok || n.Places > 0:
		return classicLeaf(d, v)
	case n.Digits < 0 || v.OverflowUint(uint64(n.Digits)):
		return false
	}
	d.pos += len(text)
	v.SetUint(uint64(n.Digits))
	return true
}

func classicFloat(d *decodeState, v reflect.Value) bool {
	n, text, ok := d.number()
	if !ok {
		return classicLeaf(d, v)
	}
	f, ok := n.Float64()
	if bits := v.Type().Bits(); !ok || bits == 32 {
		var err error
		if f, err = strconv.ParseFloat(string(text), bits); err != nil {
			return false
		}
	}
	d.pos += len(text)
	v.SetFloat(f)
	return true
}

func (c *classicCompiler) pointer(t reflect.Type) Decoder {
	elem, f := t.Elem(), c.compile(t.Elem())
	return orNull(func(d *decodeState, v reflect.Value) bool {
		v.Set(reflect.New(elem))
		return (*f)(d, v.Elem())
	})
}

func (c *classicCompiler) slice(t reflect.Type) Decoder {
	return orNull(itemsDecoder(t, c.compile(t.Elem()), 0, -1))
}

func (c *classicCompiler) entries(t reflect.Type) Decoder {
	return orNull(entriesDecoder(t, c.compile(t.Elem()), 0, -1))
}

// A classicObject decodes JSON objects into structs.
type classicObject struct {
	fields []decodedField
	byName map[string]int
}

// structDecoder returns the Decoder for a struct, or nil if only encoding/json can decode
// its fields.
func (c *classicCompiler) structDecoder(t reflect.Type) Decoder {
	fields, _, err := jsontype.Fields(t, true)
	if err != nil || len(fields) > maxDecodedFields {
		return nil
	}
	s := &classicObject{byName: make(map[string]int, len(fields))}
	for i := range fields {
		f := &fields[i]
		if !isPlainField(t, f) || strings.Trim(f.Member, plainNames) != "" {
			return nil
		}
		s.fields = append(s.fields, decodedField{name: f.Member, index: f.Index[0], rest: f.Index[1:], decode: c.compile(f.Type)})
		s.byName[f.Member] = i
	}
	return orNull(s.decode)
}

// plainNames are the characters of names that every reader of tags understands alike.
const plainNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

func (s *classicObject) decode(d *decodeState, v reflect.Value) bool {
	d.depth++
	if d.depth > maxDecoded || d.next() != '{' {
		return false
	}
	d.pos++
	there, expected := uint64(0), 0
	for more := d.next() != '}'; more; expected++ {
		name, ok := d.lexer.text()
		if !ok || d.next() != ':' {
			return false
		}
		d.pos++
		i := expected
		if i >= len(s.fields) || s.fields[i].name != string(name) {
			i, ok = s.byName[string(name)]
		}
		switch {
		case !ok:
			expected--
			ok = s.skip(d, string(name))
		case there&(1<<i) != 0:
			return false
		default:
			expected = i
			there |= 1 << i
			f := &s.fields[i]
			ok = (*f.decode)(d, f.of(v))
		}
		if !ok {
			return false
		}
		if more = d.comma(); more {
			d.next()
		}
	}
	d.depth--
	return d.closes('}')
}

// skip moves past the value of an unknown member. It reports whether no field matches its
// name in another case either, and the value is JSON.
func (s *classicObject) skip(d *decodeState, name string) bool {
	for i := range s.fields {
		if strings.EqualFold(s.fields[i].name, name) {
			return false
		}
	}
	d.next()
	text, ok := d.extent()
	return ok && len(text) <= maxLeaf && json.Valid(text)
}

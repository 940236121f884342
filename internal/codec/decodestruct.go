package codec

import (
	"math/bits"
	"reflect"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

// How objects become structs: see decode.go.

// An objectDecoder decodes an object into a struct.
type objectDecoder struct {
	fields   []decodedField
	byName   map[string]int
	required uint64 // a bit each of the fields
	defaults uint64 // likewise
}

// A decodedField is a member of a struct's JSON.
type decodedField struct {
	name     string
	index    int
	rest     []int // the index within the struct that is embedded there
	decode   *Decoder
	fallback []byte // what it is if it is absent, as JSON, or nil
}

// maxDecodedFields is how many fields a struct may have: one bit each.
const maxDecodedFields = 64

// structDecoder returns the Decoder for a struct, or nil if only the codec can decode it.
func (c *decoderCompiler) structDecoder(t reflect.Type, k *check.Check) Decoder {
	fields, rest, err := jsontype.Fields(t, false)
	members, byName, ok := k.Members()
	if err != nil || rest != nil || len(fields) > maxDecodedFields || len(fields) != len(members) || !ok {
		return nil
	}
	s := &objectDecoder{byName: byName}
	for i := range fields {
		if !s.add(c, t, &fields[i], &members[i]) {
			return nil
		}
	}
	return s.decode
}

// add adds a field of a struct, and reports whether it is a plain value with a name.
func (s *objectDecoder) add(c *decoderCompiler, t reflect.Type, f *jsontype.Field, p *check.Property) bool {
	if f.Member != p.Name || !isPlainField(t, f) {
		return false
	}
	i := len(s.fields)
	s.fields = append(s.fields, decodedField{f.Member, f.Index[0], f.Index[1:], c.compile(f.Type, p.Check), p.Default})
	switch {
	case p.Required:
		s.required |= 1 << i
	case p.Default != nil && !c.plain:
		s.defaults |= 1 << i
	}
	return true
}

// isPlainField reports whether a field is a plain value with a name.
func isPlainField(t reflect.Type, f *jsontype.Field) bool {
	for n := 1; n < len(f.Index); n++ {
		if t.FieldByIndex(f.Index[:n]).Type.Kind() == reflect.Pointer {
			return false
		}
	}
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	for option := range strings.SplitSeq(options, ",") {
		if !slices.Contains([]string{"", "omitempty", "omitzero"}, option) {
			return false
		}
	}
	return !strings.ContainsAny(name, "'\\\"`") && f.IsExported()
}

// decode reads an object. Its members mostly come in the order of the fields.
func (s *objectDecoder) decode(d *decodeState, v reflect.Value) bool {
	d.depth++
	if d.depth > maxDecoded || d.next() != '{' {
		return false
	}
	d.pos++
	return s.members(d, v, 0, d.next() != '}')
}

// members reads the rest of an object's members, after the first ones, which have their
// bits set.
func (s *objectDecoder) members(d *decodeState, v reflect.Value, there uint64, more bool) bool {
	for expected := bits.Len64(there); more; expected++ {
		name, ok := d.lexer.text()
		if !ok || d.next() != ':' {
			return false
		}
		d.pos++
		i := expected
		if i >= len(s.fields) || s.fields[i].name != string(name) {
			if i, ok = s.byName[string(name)]; !ok {
				return false
			}
			expected = i
		}
		if there&(1<<i) != 0 {
			return false
		}
		there |= 1 << i
		if f := &s.fields[i]; !(*f.decode)(d, f.of(v)) {
			return false
		}
		if more = d.comma(); more {
			d.next()
		}
	}
	d.depth--
	return d.closes('}') && s.required&^there == 0 && s.complete(d, v, s.defaults&^there)
}

// of returns the field of a struct.
func (f *decodedField) of(v reflect.Value) reflect.Value {
	if f.index < 0 { // a discriminator, which has none
		return v
	}
	v = v.Field(f.index)
	if len(f.rest) > 0 {
		v = jsontype.FieldOf(v, f.rest)
	}
	return v
}

// maxDefaults is how much text of defaults is decoded.
const maxDefaults = MaxKept

// complete sets the defaults of fields, given as bits.
func (s *objectDecoder) complete(d *decodeState, v reflect.Value, missing uint64) bool {
	for ; missing != 0; missing &= missing - 1 {
		f := &s.fields[bits.TrailingZeros64(missing)]
		if d.added += len(f.name) + len(f.fallback); d.added > maxDefaults {
			return false
		}
		d.depth++
		src, pos := d.src, d.pos
		d.src, d.pos = f.fallback, 0
		ok := (*f.decode)(d, f.of(v))
		d.src, d.pos = src, pos
		d.depth--
		if !ok {
			return false
		}
	}
	return true
}

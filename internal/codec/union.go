package codec

import (
	"reflect"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

// How objects become unions, and unions objects: see decode.go and encode.go.

// unionDecoder returns the Decoder for a union, or nil if it is a leaf.
func (c *decoderCompiler) unionDecoder(t reflect.Type, k *check.Check) Decoder {
	u, err := jsontype.UnionOf(t)
	if u == nil || err != nil || k.Discriminator() != u.Discriminator {
		return nil
	}
	variants := make([]*objectDecoder, len(u.Variants))
	for i := range u.Variants {
		if variants[i] = c.variantDecoder(&u.Variants[i], k.Variant(u.Variants[i].Value)); variants[i] == nil {
			return nil
		}
	}
	return func(d *decodeState, v reflect.Value) bool {
		d.depth++
		if d.depth > maxDecoded || d.next() != '{' {
			return false
		}
		value, first, ok := d.discriminator(u.Discriminator)
		if !ok {
			return false
		}
		i, ok := u.Of(value)
		if !ok {
			return false
		}
		if !d.affords(int(u.Variants[i].Elem.Size())) {
			return false
		}
		variant := reflect.New(u.Variants[i].Elem)
		if first {
			ok = variants[i].members(d, variant.Elem(), 1, d.comma() && d.next() != 0)
		} else {
			ok = variants[i].members(d, variant.Elem(), 0, true)
		}
		v.Field(u.Variants[i].Index).Set(variant)
		return ok
	}
}

// variantDecoder returns the decoder of a union's variant, or nil if only the codec can
// decode it.
func (c *decoderCompiler) variantDecoder(v *jsontype.Variant, k *check.Check) *objectDecoder {
	if k == nil {
		return nil
	}
	fields, rest, err := jsontype.Fields(v.Elem, false)
	members, byName, ok := k.Members()
	if err != nil || rest != nil || len(fields) >= maxDecodedFields || 1+len(fields) != len(members) || !ok {
		return nil
	}
	said := Decoder(func(d *decodeState, _ reflect.Value) bool { // which has been looked at
		d.next()
		_, ok := d.lexer.text()
		return ok
	})
	s := &objectDecoder{byName: byName, required: 1, fields: []decodedField{{name: members[0].Name, index: -1, decode: &said}}}
	for i := range fields {
		if !s.add(c, v.Elem, &fields[i], &members[1+i]) {
			return nil
		}
	}
	return s
}

// maxSkipped is how much text is scanned, repeatedly if unions are nested, to find
// discriminators that aren't the first members.
const maxSkipped = 16 << 10

// discriminator returns the text of a member of the next object. It moves past that
// member if it is the first, and otherwise to the first.
func (d *decodeState) discriminator(name string) (value []byte, first, ok bool) {
	d.pos++
	d.next()
	begin, end := d.pos, 0
	for ; d.next() == '"' && d.skipped < maxSkipped; d.comma() {
		text, ok := d.lexer.text()
		is := string(text) == name
		if !ok || !d.closes(':') {
			return nil, false, false
		}
		d.next()
		if is {
			value, ok = d.lexer.text()
			if end > 0 {
				d.pos = begin
			}
			return value, end == 0, ok
		}
		from := d.pos
		if _, ok := d.extent(); !ok {
			return nil, false, false
		}
		end = d.pos
		d.skipped += end - from
	}
	return nil, false, false
}

// unionEncoder returns the function for a union. That of a variant which isn't plain is the
// codec's.
func (c *encoderCompiler) unionEncoder(t reflect.Type) encodeFunc {
	u, err := jsontype.UnionOf(t)
	if err != nil {
		return encodeLeaf // with an error
	}
	variants := make([]encodeFunc, len(u.Variants))
	for i := range u.Variants {
		v := &u.Variants[i]
		if isLeaf(v.Elem) {
			continue
		}
		begin, _ := jsontext.AppendQuote([]byte{'{'}, u.Discriminator)
		begin, _ = jsontext.AppendQuote(append(begin, ':'), v.Value)
		variants[i] = c.structEncoder(v.Elem, begin, u.Discriminator)
	}
	return func(a *encodeState, b []byte, v reflect.Value) ([]byte, bool) {
		i, err := u.Chosen(v)
		switch {
		case err != nil:
			return b, false
		case variants[i] == nil:
			return encodeLeaf(a, b, u.New(i, v))
		}
		return deeper(a, b, v.Field(u.Variants[i].Index).Elem(), variants[i])
	}
}

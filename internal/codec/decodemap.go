package codec

import (
	"reflect"

	"github.com/rcrowley/go-tigertonic/internal/check"
)

// How objects become maps: see decode.go.

// entrySize is how much memory an entry of a map takes besides its key and its value, and
// half of what the map grows through.
const entrySize = 32

// mapDecoder returns the Decoder for a map whose keys are strings, or nil if only the
// codec can decode it.
func (c *decoderCompiler) mapDecoder(t reflect.Type, k *check.Check) Decoder {
	values, least, most, ok := k.Entries()
	if !ok || !hasPlainKeys(t) || values.Types() == 0 && !isAny(t.Elem()) {
		return nil
	}
	return entriesDecoder(t, c.compile(t.Elem(), values), least, most)
}

// hasPlainKeys reports whether the keys of a map are strings, and say nothing else of
// themselves.
func hasPlainKeys(t reflect.Type) bool {
	return t.Key().Kind() == reflect.String && !hasAnyMethods(t.Key())
}

// entriesDecoder returns the Decoder for a map with bounds on its length; -1 is no bound.
func entriesDecoder(t reflect.Type, decode *Decoder, least, most int) Decoder {
	if t.Key() == reflect.TypeFor[string]() && t.Elem() == reflect.TypeFor[any]() {
		return anyEntries(least, most)
	}
	size := 2*int(t.Key().Size()+t.Elem().Size()) + entrySize
	return func(d *decodeState, v reflect.Value) bool {
		d.depth++
		if d.depth > maxDecoded || d.next() != '{' {
			return false
		}
		d.pos++
		v.Set(reflect.MakeMap(t))
		key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		n := 0
		for more := d.next() != '}'; more; n++ {
			name, ok := d.lexer.text()
			if !ok || n == most || !d.affords(size+len(name)) {
				return false
			}
			key.SetString(d.texts.text(name, len(name)+len(d.src)-d.pos))
			if d.next() != ':' {
				return false
			}
			d.pos++
			value.SetZero()
			if !(*decode)(d, value) {
				return false
			}
			v.SetMapIndex(key, value)
			if v.Len() == n { // the name was there already
				return false
			}
			if more = d.comma(); more {
				d.next()
			}
		}
		d.depth--
		return d.closes('}') && n >= least
	}
}

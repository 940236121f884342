package tigertonic

import (
	"math/bits"
	"reflect"
	"slices"
	"strings"
)

// How objects become structs: see take.go.

// A structTaking is how an object becomes a struct.
type structTaking struct {
	fields   []takenField
	byName   map[string]int
	required uint64 // a bit each of the fields
	defaults uint64 // likewise
}

// A takenField is a member of a struct's JSON.
type takenField struct {
	name     string
	index    int
	rest     []int // the index within the struct that is embedded there
	take     *taker
	fallback []byte // what it is if it is absent, as JSON, or nil
}

// maxTakenFields is how many a struct may have: a bit each.
const maxTakenFields = 64

// structTaker returns the taker for a struct, or nil if there is something about it
// that only the codec knows.
func (c *takerCompiler) structTaker(t reflect.Type, k *check) taker {
	fields, rest, err := jsonFields(t, false)
	if err != nil || rest != nil || len(fields) > maxTakenFields || len(fields) != len(k.properties) ||
		!k.closed || k.additional != nil || k.names != nil || k.enum != nil {
		return nil
	}
	s := &structTaking{byName: k.byName}
	for i := range fields {
		f, p := &fields[i], &k.properties[i]
		if f.name != p.name || !isTaken(t, f) {
			return nil
		}
		s.fields = append(s.fields, takenField{f.name, f.index[0], f.index[1:], c.compile(f.typ, p.check), p.fallback})
		switch {
		case p.required:
			s.required |= 1 << i
		case p.fallback != nil:
			s.defaults |= 1 << i
		}
	}
	return s.take
}

// isTaken tells whether a field is nothing but a value with a name.
func isTaken(t reflect.Type, f *jsonField) bool {
	for n := 1; n < len(f.index); n++ {
		if t.FieldByIndex(f.index[:n]).Type.Kind() == reflect.Pointer {
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

// take reads an object. Members are mostly there in the order of the fields.
func (s *structTaking) take(d *taking, v reflect.Value) bool {
	d.depth++
	if d.depth > maxTaken || d.next() != '{' {
		return false
	}
	d.pos++
	there, expected := uint64(0), 0
	for more := d.next() != '}'; more; expected++ {
		name, ok := d.taken.text()
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
		if f := &s.fields[i]; !(*f.take)(d, f.of(v)) {
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
func (f *takenField) of(v reflect.Value) reflect.Value {
	v = v.Field(f.index)
	if len(f.rest) > 0 {
		v = fieldOf(v, f.rest)
	}
	return v
}

// complete gives fields, a bit each, their defaults.
func (s *structTaking) complete(d *taking, v reflect.Value, missing uint64) bool {
	for ; missing != 0; missing &= missing - 1 {
		f := &s.fields[bits.TrailingZeros64(missing)]
		if d.added += len(f.name) + len(f.fallback); d.added > maxKept {
			return false
		}
		d.depth++
		src, pos := d.src, d.pos
		d.src, d.pos = f.fallback, 0
		ok := (*f.take)(d, f.of(v))
		d.src, d.pos = src, pos
		d.depth--
		if !ok {
			return false
		}
	}
	return true
}

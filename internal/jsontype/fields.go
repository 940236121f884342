// Package jsontype describes the JSON of a Go type: the fields of a struct with their
// names, the methods that give a type its own form, and the codec's options. Schemas,
// decoders and encoders of a type are compiled from these, so that they agree. It knows
// neither schemas nor what a value is used for.
package jsontype

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// The JSON fields of a struct. Embedded structs, and with the codec of typed handlers
// also those with the option embed, add their fields to the outer struct. Of fields with
// the same name, the shallowest counts; if there are several, the only one whose tag
// names it; otherwise none.

// A Field is a field of a struct, or of one embedded in it, that is a member of its
// JSON. Its Index leads to it from the outer struct.
type Field struct {
	reflect.StructField
	Member     string // its name in JSON
	Omit       bool   // it may be absent
	Quoted     bool   // option string
	FoldsCase  bool   // option case:ignore
	OmitsEmpty bool   // option omitempty alone
	Behind     bool   // it is behind an embedded pointer, which may be nil

	named     bool // by its tag
	omitsZero bool // option omitzero
}

// Fields returns the fields of t, and the one that takes all other members
// if there is one.
func Fields(t reflect.Type, classic bool) (fields []Field, rest *Field, err error) {
	type level struct {
		typ    reflect.Type
		index  []int
		behind bool
	}
	all := make([]Field, 0, t.NumField())
	seen := map[reflect.Type]bool{t: true}
	for queue := []level{{t, nil, false}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for i := range at.typ.NumField() {
			f, embedded, ok := ParseField(at.typ.Field(i))
			if !ok {
				continue
			}
			f.Index, f.Behind = append(slices.Clip(at.index), i), at.behind
			elem := Indirect(f.Type)
			switch {
			case f.Anonymous && !classic && IsUnion(elem): // or two, of which none gives the struct its methods
				err = fmt.Errorf("%v.%s: a union that is embedded would give the struct its form: make it a field with a name", at.typ, f.Name)
			case embedded && !f.IsExported() && f.Type.Kind() == reflect.Pointer && !classic:
				err = fmt.Errorf("%v.%s: an embedded pointer to a type that isn't exported can't be decoded into", at.typ, f.Name)
			case embedded && elem.Kind() == reflect.Struct:
				if !seen[elem] {
					seen[elem] = true
					queue = append(queue, level{elem, f.Index, at.behind || elem != f.Type})
				}
			case embedded && !classic && !f.Anonymous:
				rest = &f
			case f.Anonymous && !f.named && !classic:
				err = fmt.Errorf("%v.%s: an embedded field that isn't a struct needs a name for its JSON", at.typ, f.Name)
			case f.IsExported() || f.Anonymous && elem.Kind() == reflect.Struct:
				all = append(all, f)
			}
		}
	}
	return dominant(all), rest, err
}

// dominant returns those fields that count, in the order of the struct.
func dominant(all []Field) []Field {
	type best struct {
		at   int
		tied bool
	}
	byName := make(map[string]best, len(all))
	for i := range all {
		f := &all[i]
		b, ok := byName[f.Member]
		order := -1
		if ok {
			other := &all[b.at]
			order = cmp.Or(cmp.Compare(len(f.Index), len(other.Index)), boolCompare(!f.named, !other.named))
		}
		switch {
		case order < 0:
			byName[f.Member] = best{at: i}
		case order == 0:
			byName[f.Member] = best{b.at, true}
		}
	}
	fields := all[:0]
	for i := range all {
		if b := byName[all[i].Member]; b.at == i && !b.tied {
			fields = append(fields, all[i])
		}
	}
	slices.SortFunc(fields, func(a, b Field) int { return slices.Compare(a.Index, b.Index) })
	return fields
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// ParseField reads a field's json tag. It reports false for a field that
// has no JSON.
func ParseField(sf reflect.StructField) (f Field, embedded, ok bool) {
	tag := sf.Tag.Get("json")
	if tag == "-" || !sf.IsExported() && !sf.Anonymous {
		return f, false, false
	}
	name, options, _ := strings.Cut(tag, ",")
	f = Field{StructField: sf, Member: cmp.Or(name, sf.Name), named: name != ""}
	embedded = sf.Anonymous && !f.named && Indirect(sf.Type).Kind() == reflect.Struct
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty":
			f.Omit, f.OmitsEmpty = true, !f.omitsZero
		case "omitzero":
			f.Omit, f.omitsZero, f.OmitsEmpty = true, true, false
		case "string":
			f.Quoted = true
		case "case:ignore":
			f.FoldsCase = true
		case "embed":
			embedded = true
		}
	}
	return f, embedded, true
}

// PlainFields is [Fields] with the rules of typed handlers. It reports false if only the
// codec can handle the fields.
func PlainFields(t reflect.Type) (fields []Field, rest *Field, ok bool) {
	fields, rest, err := Fields(t, false)
	if err != nil || rest != nil && (rest.Tag.Get("json") != ",embed" || rest.Type != Raw && rest.Type.Kind() != reflect.Map) {
		return nil, nil, false
	}
	for i := range fields {
		if !isPlain(&fields[i]) {
			return nil, nil, false
		}
	}
	return fields, rest, true
}

func isPlain(f *Field) bool {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	if strings.ContainsAny(name, "'\\\"`") || !f.IsExported() {
		return false
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "", "omitempty", "omitzero":
		case "string":
			elem := Indirect(f.Type)
			if kind := elem.Kind(); kind < reflect.Int || kind > reflect.Float64 || elem == Duration || Implements(elem, MarshalerTo, JSONMarshaler, TextAppender, TextMarshaler) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// A Zeroer reports whether the option omitzero leaves it out.
type Zeroer interface{ IsZero() bool }

package tigertonic

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// The fields of a struct as JSON has them. Embedded structs, and with the codec
// of typed handlers those with the option embed, give their fields to the
// struct they are in. Of fields with the same name, the one at the shallowest
// depth counts, or of these the only one whose tag names it; else none does.

// A jsonField is a field of a struct, or of one embedded in it, that is a member
// of its JSON.
type jsonField struct {
	reflect.StructField
	name      string // of the member
	goName    string
	typ       reflect.Type
	index     []int
	named     bool // by its tag
	omit      bool // it may be absent
	quoted    bool // option string
	foldsCase bool
}

// jsonFields returns the fields of t, and the one that takes all other members
// if there is one.
func jsonFields(t reflect.Type, classic bool) (fields []jsonField, rest *jsonField, err error) {
	type level struct {
		typ   reflect.Type
		index []int
	}
	var all []jsonField
	seen := map[reflect.Type]bool{t: true}
	for queue := []level{{t, nil}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for i := range at.typ.NumField() {
			f, embedded, ok := parseJSONField(at.typ.Field(i))
			if !ok {
				continue
			}
			f.index = append(slices.Clip(at.index), i)
			elem := indirect(f.typ)
			switch {
			case embedded && !f.IsExported() && f.typ.Kind() == reflect.Pointer && !classic:
				err = fmt.Errorf("%v.%s: an embedded pointer to a type that isn't exported can't be decoded into", at.typ, f.goName)
			case embedded && elem.Kind() == reflect.Struct:
				if !seen[elem] {
					seen[elem] = true
					queue = append(queue, level{elem, f.index})
				}
			case embedded && !classic && !f.Anonymous:
				rest = &f
			case f.Anonymous && !f.named && !classic:
				err = fmt.Errorf("%v.%s: an embedded field that isn't a struct needs a name for its JSON", at.typ, f.goName)
			case f.IsExported() || f.Anonymous && elem.Kind() == reflect.Struct:
				all = append(all, f)
			}
		}
	}
	return dominant(all), rest, err
}

// dominant returns those fields that count, in the order of the struct.
func dominant(all []jsonField) (fields []jsonField) {
	byName := map[string][]jsonField{}
	for i := range all {
		byName[all[i].name] = append(byName[all[i].name], all[i])
	}
	for _, same := range byName {
		slices.SortStableFunc(same, func(a, b jsonField) int {
			return cmp.Or(cmp.Compare(len(a.index), len(b.index)), boolCompare(!a.named, !b.named))
		})
		if len(same) == 1 || len(same[0].index) != len(same[1].index) || same[0].named != same[1].named {
			fields = append(fields, same[0])
		}
	}
	slices.SortFunc(fields, func(a, b jsonField) int { return slices.Compare(a.index, b.index) })
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

// indirect returns what an unnamed pointer points to.
func indirect(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		return t.Elem()
	}
	return t
}

// parseJSONField reads a field's json tag. It reports false for a field that
// has no JSON.
func parseJSONField(sf reflect.StructField) (f jsonField, embedded, ok bool) {
	tag := sf.Tag.Get("json")
	if tag == "-" || !sf.IsExported() && !sf.Anonymous {
		return f, false, false
	}
	name, options, _ := strings.Cut(tag, ",")
	f = jsonField{StructField: sf, name: cmp.Or(name, sf.Name), goName: sf.Name, typ: sf.Type, named: name != ""}
	embedded = sf.Anonymous && !f.named && indirect(sf.Type).Kind() == reflect.Struct
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty", "omitzero":
			f.omit = true
		case "string":
			f.quoted = true
		case "case:ignore":
			f.foldsCase = true
		case "embed":
			embedded = true
		}
	}
	return f, embedded, true
}

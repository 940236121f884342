package bind

import (
	"reflect"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
)

// Members that are readOnly: a request may have them, so that clients can send back what
// they got. They are checked like any other, and then dropped.

// readOnlys is where in a type there are fields that are read only.
type readOnlys struct {
	elem   *readOnlys
	fields []readOnlyField
}

type readOnlyField struct {
	index  []int
	within *readOnlys // or nil if it is one itself
}

// A readOnlyCompiler finds the fields that are read only.
type readOnlyCompiler struct {
	known   map[reflect.Type]*readOnlys
	schemas typeschema.Compiler
}

// compileReadOnlys returns where in t there are fields that are read only, or nil if there
// are none.
func compileReadOnlys(t reflect.Type) *readOnlys {
	c := readOnlyCompiler{known: map[reflect.Type]*readOnlys{}}
	return c.compile(t)
}

func (c *readOnlyCompiler) compile(t reflect.Type) *readOnlys {
	if r, ok := c.known[t]; ok {
		return r
	}
	if !c.reaches(t, map[reflect.Type]bool{}) {
		return nil
	}
	r := &readOnlys{}
	c.known[t] = r
	if elem, ok := elemOf(t); ok {
		r.elem = c.compile(elem)
		return r
	}
	fields := c.fields(t)
	for i := range fields {
		f := &fields[i]
		if isReadOnly(f) {
			r.fields = append(r.fields, readOnlyField{index: f.Index})
		} else if within := c.compile(f.Type); within != nil {
			r.fields = append(r.fields, readOnlyField{f.Index, within})
		}
	}
	return r
}

func isReadOnly(f *jsontype.Field) bool { return f.Tag.Get("readOnly") == "true" }

// elemOf returns the type of what a value of type t holds, if it isn't a struct's fields.
func elemOf(t reflect.Type) (elem reflect.Type, ok bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return t.Elem(), true
	}
	return jsontype.OptElem(t)
}

// fields returns those of a struct that JSON is decoded into: of a union, the variants.
func (c *readOnlyCompiler) fields(t reflect.Type) (fields []jsontype.Field) {
	if t.Kind() != reflect.Struct || c.schemas.HasForm(t) {
		return nil
	}
	if u, _ := jsontype.UnionOf(t); u != nil {
		for i := range u.Variants {
			fields = append(fields, jsontype.Field{StructField: t.Field(u.Variants[i].Index)})
		}
		return fields
	}
	fields, rest, _ := jsontype.Fields(t, false)
	if rest != nil {
		fields = append(fields, *rest)
	}
	return fields
}

// reaches reports whether there are fields in t that are read only.
func (c *readOnlyCompiler) reaches(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if elem, ok := elemOf(t); ok {
		return c.reaches(elem, seen)
	}
	fields := c.fields(t)
	for i := range fields {
		f := &fields[i]
		if isReadOnly(f) || c.reaches(f.Type, seen) {
			return true
		}
	}
	return false
}

// clear sets the fields that are read only to zero, in a value that can be set.
func (r *readOnlys) clear(v reflect.Value) {
	if r == nil {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			r.elem.clear(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			r.elem.clear(v.Index(i))
		}
	case reflect.Map:
		for key, elem := range v.Seq2() {
			own := reflect.New(elem.Type()).Elem()
			own.Set(elem)
			r.elem.clear(own)
			v.SetMapIndex(key, own)
		}
	default:
		r.clearStruct(v)
	}
}

func (r *readOnlys) clearStruct(v reflect.Value) {
	if r.elem != nil {
		if value := v.Addr().Interface().(jsontype.Optional).ValuePointer(false); value != nil {
			r.elem.clear(reflect.ValueOf(value).Elem())
		}
		return
	}
	for i := range r.fields {
		f := &r.fields[i]
		field, err := v.FieldByIndexErr(f.index)
		switch {
		case err != nil: // behind a pointer that is nil
		case f.within == nil:
			field.SetZero()
		default:
			f.within.clear(field)
		}
	}
}

// dropReadOnly drops the members that are read only from a patch for target, which may be
// nil.
func dropReadOnly(k *check.Check, target, patch *tree) {
	k = k.Object()
	if k == nil || !patch.isObject {
		return
	}
	if name := k.Discriminator(); name != "" {
		value, ok := patch.member(name).string()
		if !ok {
			value, _ = target.member(name).string()
		}
		k = k.Variant(value)
	}
	find, left := target.finder(), patch.members[:0]
	for _, change := range patch.members {
		if k.IsReadOnly(change.name) {
			continue
		}
		dropReadOnly(k.Member(change.name), find(change.name), change.value)
		left = append(left, change)
	}
	patch.members = left
}

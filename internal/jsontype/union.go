package jsontype

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Unions: structs that embed a mark and whose other fields are pointers to structs,
// exactly one of which is set. Their JSON is that of the struct, with an additional
// member that says which.
//
// For each variant there is a struct type of two fields, the discriminator and the
// variant, which is embedded in its JSON. Schemas, decoders, encoders and the codec
// know what to make of that.

// A UnionMark is embedded in what marks a struct as a union.
type UnionMark struct{}

func (UnionMark) union() {}

// marked is what has the mark, or embeds what has it.
type marked interface{ union() }

// A Union is a union's variants, in the order of the fields.
type Union struct {
	Type          reflect.Type
	Discriminator string // the name of the member that says which variant it is
	Variants      []Variant

	byValue map[string]int
}

// A Variant is one of the structs that a union is.
type Variant struct {
	Field string
	Value string // of the discriminator
	Index int    // of the field, a pointer
	Elem  reflect.Type
	// Whole is a struct of the discriminator and the variant, whose JSON is the union's.
	Whole reflect.Type
}

// Of returns the index of the variant with this value of the discriminator.
func (u *Union) Of(value []byte) (i int, ok bool) {
	i, ok = u.byValue[string(value)]
	return i, ok
}

// Values returns the values of the discriminator, as a list in words.
func (u *Union) Values() string {
	values := make([]string, len(u.Variants))
	for i := range u.Variants {
		values[i] = u.Variants[i].Value
	}
	return strings.Join(values, ", ")
}

// Chosen returns the index of the variant that is set, or an error unless it is exactly
// one.
func (u *Union) Chosen(v reflect.Value) (int, error) {
	chosen := -1
	for i := range u.Variants {
		if v.Field(u.Variants[i].Index).IsNil() {
			continue
		}
		if chosen >= 0 {
			return 0, fmt.Errorf("tigertonic: the union %v has two variants that are set, %s and %s: exactly one must be", u.Type, u.Variants[chosen].Field, u.Variants[i].Field)
		}
		chosen = i
	}
	if chosen < 0 {
		return 0, fmt.Errorf("tigertonic: the union %v has no variant that is set: one of %s must be", u.Type, u.fields())
	}
	return chosen, nil
}

func (u *Union) fields() string {
	names := make([]string, len(u.Variants))
	for i := range u.Variants {
		names[i] = u.Variants[i].Field
	}
	return strings.Join(names, ", ")
}

// New returns a new Whole of the i-th variant that v has set, or of its zero value. What
// is set is copied.
func (u *Union) New(i int, v reflect.Value) reflect.Value {
	variant := &u.Variants[i]
	whole := reflect.New(variant.Whole).Elem()
	whole.Field(0).SetString(variant.Value)
	if v.IsValid() {
		whole.Field(1).Set(v.Field(variant.Index).Elem())
	}
	return whole
}

// Set sets v to the variant that is in a Whole of the i-th, which must be addressable.
func (u *Union) Set(v reflect.Value, i int, whole reflect.Value) {
	v.Field(u.Variants[i].Index).Set(whole.Field(1).Addr())
}

// IsUnion reports whether t is marked as a union, whatever may be wrong with it.
func IsUnion(t reflect.Type) bool { return isMarked(t) && markIn(t) >= 0 }

func isMarked(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.Implements(reflect.TypeFor[marked]())
}

// markIn returns the index of the field of t that marks it, or -1.
func markIn(t reflect.Type) int {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && isMarked(f.Type) && f.Type.NumField() == 1 && f.Type.Field(0).Type == reflect.TypeFor[UnionMark]() {
			return i
		}
	}
	return -1
}

// HasUnionsMethods reports whether t isn't a union itself but has the methods of one that
// it embeds.
func HasUnionsMethods(t reflect.Type) bool { return isMarked(t) && markIn(t) < 0 }

// UnionOf returns the variants of a union, or an error that lists everything wrong with
// it. It returns nil if t isn't a union.
func UnionOf(t reflect.Type) (*Union, error) {
	if !isMarked(t) {
		return nil, nil //nolint:nilnil // it isn't a union, which isn't wrong
	}
	mark := markIn(t)
	if mark < 0 {
		return nil, nil //nolint:nilnil // likewise
	}
	u := &Union{Type: t, Discriminator: t.Field(mark).Tag.Get("discriminator"), byValue: map[string]int{}}
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if u.Discriminator == "" || u.Discriminator == "-" || strings.ContainsAny(u.Discriminator, "'\",\\`") {
		wrong(`the embedded %s has no tag discriminator:"…" with the name of the member that says which variant it is`, t.Field(mark).Name)
		return nil, errors.Join(errs...)
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if i == mark || !f.IsExported() && !f.Anonymous {
			continue
		}
		if what := u.misfit(f); what != "" {
			wrong("%s: %s", f.Name, what)
			continue
		}
		value := f.Tag.Get("variant")
		if other, ok := u.byValue[value]; ok {
			wrong("%s: variant:%q is that of %s, too", f.Name, value, u.Variants[other].Field)
			continue
		}
		u.byValue[value] = len(u.Variants)
		u.Variants = append(u.Variants, Variant{f.Name, value, i, f.Type.Elem(), u.whole(value, f.Type.Elem())})
	}
	if len(u.Variants) == 0 && len(errs) == 0 {
		wrong("it has no variants, which are pointers to structs with the tag variant")
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return u, nil
}

// misfit returns why a field can't be a variant, or "".
func (u *Union) misfit(f reflect.StructField) string {
	value, ok := f.Tag.Lookup("variant")
	switch {
	case !ok || value == "":
		return `a field of a union has a tag variant:"…" with the discriminator's value`
	case f.Anonymous:
		return "a variant is a field with a name, not embedded"
	case f.Type.Kind() != reflect.Pointer || f.Type.Name() != "" || f.Type.Elem().Kind() != reflect.Struct:
		return "a variant is a pointer to a struct, for it is nil if it is another"
	case f.Tag.Get("json") != "":
		return "a variant has no name in JSON, so no tag json"
	}
	elem := f.Type.Elem()
	_, isOpt := OptElem(elem)
	switch {
	case IsUnion(elem):
		return "a variant can't be a union: list its variants"
	case isOpt || elem == Time || Implements(elem, MarshalerTo, UnmarshalerFrom, JSONMarshaler, JSONUnmarshaler, TextAppender, TextMarshaler, TextUnmarshaler):
		return "a variant is a struct whose fields are the members, not one with a form of its own"
	}
	fields, _, _ := Fields(elem, false)
	if slices.ContainsFunc(fields, func(f Field) bool { return f.Member == u.Discriminator }) {
		return fmt.Sprintf("%v has a member %q, which is the discriminator: the union writes and reads that itself", elem, u.Discriminator)
	}
	return ""
}

// whole returns the struct type of a discriminator and a variant.
func (u *Union) whole(value string, elem reflect.Type) reflect.Type {
	return reflect.StructOf([]reflect.StructField{
		{Name: discriminatorField, Type: reflect.TypeFor[string](), Tag: reflect.StructTag(`json:"` + u.Discriminator + `" const:` + strconv.Quote(value))},
		{Name: variantField, Type: elem, Tag: `json:",embed"`},
	})
}

const discriminatorField, variantField = "Discriminator", "Variant"

// VariantIn returns the type of the variant if t is a Whole, or t.
func VariantIn(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Struct && t.NumField() == 2 && t.Name() == "" && t.Field(0).Name == discriminatorField && t.Field(1).Name == variantField {
		return t.Field(1).Type
	}
	return t
}

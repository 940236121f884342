package bind

import (
	"context"
	"math"
	"reflect"

	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
)

// Structs that are embedded without being exported. Reflection can read and set their
// exported fields, but can't set such a struct as a whole or call its methods. Its method
// Validate is called in one of two other ways: as that of the outer struct, if that has
// it by promotion; or on a copy, if all fields are exported.

// A hiddenValidator is a Validator that is embedded without being exported.
type hiddenValidator struct {
	typ      reflect.Type
	promoted bool // the outer struct's Validate is its own
}

// hidden returns the Validator of type t that lies at an index in outer.
func (c *validationCompiler) hidden(outer, t reflect.Type, index []int) *hiddenValidator {
	promoted := isValidator(outer) && promotes(outer, index) // if there are two, it has neither
	if !promoted && !isCopied(t) {
		c.errs = append(c.errs, typeschema.Errorf(outer, t.Name(), "its method Validate can't be called: export the struct that is embedded, or its fields"))
	}
	return &hiddenValidator{t, promoted}
}

// promotes reports whether the method Validate of a struct is that of the field at an
// index, which is embedded.
func promotes(t reflect.Type, index []int) bool {
	for _, i := range index {
		inner := t.Field(i).Type
		if declaresValidate(t) || depthOfValidate(inner) != depthOfValidate(t)-1 {
			return false
		}
		t = inner
	}
	return true
}

// depthOfValidate returns how deep within a Validator its method Validate is
// declared.
func depthOfValidate(t reflect.Type) (depth int) {
	if t = jsontype.Indirect(t); t.Kind() != reflect.Struct || declaresValidate(t) {
		return 0
	}
	depth = math.MaxInt - 1
	for f := range t.Fields() {
		if f.Anonymous && (f.Type.Implements(validatorType) || isValidator(f.Type)) {
			depth = min(depth, 1+depthOfValidate(f.Type))
		}
	}
	return depth
}

// isCopied reports whether all fields of a struct can be read and set.
func isCopied(t reflect.Type) bool {
	for f := range t.Fields() {
		switch {
		case f.IsExported() || f.Name == "_":
		case !f.Anonymous || f.Type.Kind() != reflect.Struct || !isCopied(f.Type):
			return false
		}
	}
	return true
}

// copyFields sets a struct to another one, field by field.
func copyFields(to, from reflect.Value) {
	for i := range to.NumField() {
		switch f := to.Type().Field(i); {
		case f.IsExported():
			to.Field(i).Set(from.Field(i))
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			copyFields(to.Field(i), from.Field(i))
		}
	}
}

// assign sets a field. For an embedded unexported struct, it sets the fields that have
// JSON.
func assign(field, value reflect.Value) {
	if field.CanSet() {
		field.Set(value)
	} else {
		copyFields(field, value)
	}
}

// validate calls the Validator at an index in a struct, which may change the struct.
func (h *hiddenValidator) validate(ctx context.Context, outer reflect.Value, index []int) error {
	if h.promoted {
		return outer.Addr().Interface().(Validator).Validate(ctx)
	}
	own, inner := reflect.New(h.typ), jsontype.FieldOf(outer, index)
	copyFields(own.Elem(), inner)
	err := own.Interface().(Validator).Validate(ctx)
	copyFields(inner, own.Elem())
	return err
}

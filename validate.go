package tigertonic

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Validator is a type whose values can tell whether they are valid, where tags
// can't say it. It is asked after all constraints are met, for the input of a
// [Typed] function and for whatever is in it, from the inside to the outside.
type Validator interface {
	// Validate returns nil, a [FieldErrors] that names places, an error with a
	// status of its own ([HTTPEquivError]), or any other error, whose text the
	// client is told.
	Validate(ctx context.Context) error
}

var validatorType = reflect.TypeFor[Validator]()

// A validation is where in a type there are Validators. Reflection leads to
// those that are within the input.
type validation struct {
	self   bool // a pointer to the type is a Validator
	elem   *validation
	fields []validatedField
}

type validatedField struct {
	index      int
	name       string // of the member
	in         string // of a parameter, or ""
	flattened  bool   // it has no name of its own
	validation *validation
}

// compileValidation returns where in t there are Validators, or nil if there
// are none.
func compileValidation(t reflect.Type) *validation {
	return compileValidationOf(t, map[reflect.Type]*validation{})
}

func compileValidationOf(t reflect.Type, known map[reflect.Type]*validation) *validation {
	if v, ok := known[t]; ok {
		return v
	}
	if !reachesValidator(t, map[reflect.Type]bool{}) {
		return nil
	}
	v := &validation{self: t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(validatorType)}
	known[t] = v
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		v.elem = compileValidationOf(t.Elem(), known)
	case reflect.Struct:
		if elem, ok := optElem(t); ok {
			v.elem = compileValidationOf(elem, known)
			break
		}
		for f := range t.Fields() {
			if inner := compileValidationOf(f.Type, known); inner != nil && f.IsExported() {
				v.fields = append(v.fields, newValidatedField(f, inner))
			}
		}
	}
	return v
}

func newValidatedField(f reflect.StructField, v *validation) validatedField {
	field := validatedField{index: f.Index[0], validation: v}
	in, name, placed := placeOf(f)
	if placed && in != "body" {
		field.name, field.in = name, in
		return field
	}
	member, embedded, _ := parseJSONField(f)
	field.name, field.flattened = member.name, embedded || in == "body"
	return field
}

// reachesValidator tells whether there is a Validator in t.
func reachesValidator(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if t.Implements(validatorType) || t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(validatorType) {
		return t.Kind() != reflect.Interface
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return reachesValidator(t.Elem(), seen)
	case reflect.Struct:
		if elem, ok := optElem(t); ok {
			return reachesValidator(elem, seen)
		}
		for f := range t.Fields() {
			if f.IsExported() && f.Tag.Get("json") != "-" && reachesValidator(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

// run returns what the Validators in the value that target points to have
// against it.
func (v *validation) run(ctx context.Context, target any) error {
	if v.self && v.elem == nil && len(v.fields) == 0 {
		return asFieldErrors(target.(Validator).Validate(ctx), FieldError{})
	}
	walk := validating{ctx: ctx}
	walk.value(v, reflect.ValueOf(target).Elem(), FieldError{})
	if walk.err == nil && len(walk.errs) > 0 {
		return walk.errs
	}
	return walk.err
}

// A validating calls the Validators in a value.
type validating struct {
	ctx  context.Context //nolint:containedctx // it lasts as long as the walk
	errs FieldErrors
	err  error // that ends the walk
}

func (w *validating) value(v *validation, value reflect.Value, at FieldError) {
	if v == nil || w.err != nil {
		return
	}
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			w.value(v.elem, value.Elem(), at)
		}
		return
	case reflect.Slice, reflect.Array:
		for i := range value.Len() {
			w.value(v.elem, value.Index(i), at.below(strconv.Itoa(i)))
		}
	case reflect.Map:
		for key, elem := range value.Seq2() {
			addressable := reflect.New(elem.Type()).Elem()
			addressable.Set(elem)
			w.value(v.elem, addressable, at.below(fmt.Sprint(key)))
		}
	case reflect.Struct:
		w.structure(v, value, at)
	}
	if v.self && w.err == nil {
		w.note(asFieldErrors(value.Addr().Interface().(Validator).Validate(w.ctx), at))
	}
}

func (w *validating) structure(v *validation, value reflect.Value, at FieldError) {
	if o, ok := reflect.TypeAssert[interface{ get() any }](value.Addr()); ok && v.elem != nil {
		if inner := o.get(); inner != nil {
			w.value(v.elem, reflect.ValueOf(inner).Elem(), at)
		}
		return
	}
	for _, f := range v.fields {
		there := at
		switch {
		case f.in != "":
			there = FieldError{Parameter: f.name, In: f.in}
		case !f.flattened:
			there = at.below(f.name)
		}
		w.value(f.validation, value.Field(f.index), there)
	}
}

func (w *validating) note(err error) {
	if errs, ok := err.(FieldErrors); ok { //nolint:errorlint // asFieldErrors has unwrapped it
		w.errs = append(w.errs, errs...)
	} else {
		w.err = err
	}
}

// below returns the place of a member or item of what is at a place.
func (e FieldError) below(name string) FieldError {
	if e.In == "" {
		e.Pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	}
	return e
}

// asFieldErrors returns what a Validator has returned as FieldErrors whose places
// begin at the input, unless it has a status of its own.
func asFieldErrors(err error, at FieldError) error {
	if err == nil {
		return nil
	}
	errs, ok := errors.AsType[FieldErrors](err)
	if !ok {
		if _, ok := errors.AsType[HTTPEquivError](err); ok {
			return err
		}
		errs = FieldErrors{{Detail: err.Error()}}
	}
	placed := make(FieldErrors, len(errs))
	for i, e := range errs {
		placed[i] = e
		if e.In == "" {
			placed[i].Pointer, placed[i].Parameter, placed[i].In = shortPointer(at.Pointer+e.Pointer), at.Parameter, at.In
		}
	}
	return placed
}

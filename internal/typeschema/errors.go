package typeschema

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

// What is wrong with types, for the programmer.

func (c *Compiler) wrong(t reflect.Type, field, format string, args ...any) {
	err := Errorf(t, field, format, args...)
	if field == "" {
		err = &typeError{error: err}
	}
	c.errs = append(c.errs, err)
}

// A typeError says what is wrong with a type or one of its fields.
type typeError struct {
	error
	owner string
}

func (e *typeError) Error() string {
	if e.owner == "" {
		return e.error.Error()
	}
	return e.owner + ": " + e.error.Error()
}

// Within calls f and attributes its errors to a field, unless they name one already.
func (c *Compiler) Within(t reflect.Type, field string, f func()) {
	known := len(c.errs)
	f()
	for _, err := range c.errs[known:] {
		if e, ok := errors.AsType[*typeError](err); ok && e.owner == "" {
			e.owner = NameOf(t) + "." + field
		}
	}
}

// Fail adds an error about a type.
func (c *Compiler) Fail(err error) { c.errs = append(c.errs, err) }

// HasFailed reports whether there have been errors so far.
func (c *Compiler) HasFailed() bool { return len(c.errs) > 0 }

// Errorf returns an error about a type or a field.
func Errorf(t reflect.Type, field, format string, args ...any) error {
	where := NameOf(t)
	if field != "" {
		where += "." + field
	}
	return fmt.Errorf("%s: "+format, append([]any{where}, args...)...)
}

// NameOf returns a type's name for error messages. A struct without a name is called by
// its first fields.
func NameOf(t reflect.Type) string {
	if t = jsontype.VariantIn(t); t.Kind() != reflect.Struct || t.Name() != "" {
		return t.String()
	}
	var names []string
	for f := range t.Fields() {
		if len(names) == 3 {
			names = append(names, "…")
			break
		}
		names = append(names, f.Name)
	}
	return "struct{" + strings.Join(names, ", ") + "}"
}

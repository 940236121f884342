package codec

import (
	"encoding"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

// How a field of a struct becomes a parameter's text: the inverse of parse.go, so that
// one end can read what the other writes.

// A Formatter returns the text of a value, which must be addressable. A [Setter] of the
// type turns it back into the same value. If there is no such text, the Formatter returns
// an error.
type Formatter func(value reflect.Value) (string, error)

// FormatterOf returns the Formatter for values of type t, or nil if there is none. A type
// that only reads text has a Setter, but no Formatter.
func FormatterOf(t reflect.Type) Formatter {
	format := formatterOf(t)
	if format == nil {
		return nil
	}
	return func(value reflect.Value) (string, error) {
		text, err := format(value)
		if err == nil && !utf8.ValidString(text) {
			err = errors.New("isn't valid UTF-8")
		}
		return text, err
	}
}

func formatterOf(t reflect.Type) Formatter {
	if t == jsontype.Time || jsontype.IsText(t) {
		if !jsontype.Implements(t, jsontype.TextMarshaler) {
			return nil
		}
		return func(value reflect.Value) (string, error) {
			text, err := value.Addr().Interface().(encoding.TextMarshaler).MarshalText()
			return string(text), err
		}
	}
	if t == jsontype.Duration {
		return func(value reflect.Value) (string, error) { return time.Duration(value.Int()).String(), nil }
	}
	switch t.Kind() {
	case reflect.String:
		return func(value reflect.Value) (string, error) { return value.String(), nil }
	case reflect.Bool:
		return func(value reflect.Value) (string, error) { return strconv.FormatBool(value.Bool()), nil }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(value reflect.Value) (string, error) { return strconv.FormatInt(value.Int(), 10), nil }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(value reflect.Value) (string, error) { return strconv.FormatUint(value.Uint(), 10), nil }
	case reflect.Float32, reflect.Float64:
		bits := t.Bits()
		return func(value reflect.Value) (string, error) {
			text := strconv.FormatFloat(value.Float(), 'g', -1, bits)
			if strings.Trim(text, "+-.e0123456789") != "" {
				return "", errors.New("is " + text + ", which isn't a number that JSON has")
			}
			return text, nil
		}
	}
	return nil
}

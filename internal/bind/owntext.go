package bind

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

// What clients see when the UnmarshalText method of a type refuses a text that its schema
// allows. The words of a service's own types are for them; those of the standard library,
// and mostly those of methods that read JSON, are for programmers.

// maxOwnText is how much of a type's error text clients see.
const maxOwnText = 256

const notValid = "isn't valid"

// ownError returns an error that only the codec found in a body, and its place.
func ownError(err error, printable func(string) string) Finding {
	semantic, ok := errors.AsType[*jsonv2.SemanticError](err)
	if !ok {
		return Finding{Detail: notValid}
	}
	found := Finding{Pointer: string(semantic.JSONPointer), Detail: notValid}
	if semantic.JSONKind == '0' && errors.Is(semantic.Err, strconv.ErrRange) { // in an any, which has no schema
		found.Keyword, found.Limit, found.Detail = "format", `"double"`, "must be a number of 64 bits (IEEE 754)"
	}
	if t := semantic.GoType; t != nil && jsontype.Implements(t, jsontype.TextUnmarshaler) && !jsontype.Implements(t, jsontype.UnmarshalerFrom, jsontype.JSONUnmarshaler) {
		found.Detail = ownText(t, semantic.Err, printable)
	}
	return found
}

// ownText returns what clients see of an error from a method of t: its beginning, with
// unprintable characters escaped as in Go.
func ownText(t reflect.Type, err error, printable func(string) string) string {
	if err == nil || isStandard(t) || isProgrammers(err) {
		return notValid
	}
	text := err.Error()
	if text == "" {
		return notValid
	}
	if len(text) > maxOwnText {
		text = strings.ToValidUTF8(text[:maxOwnText], "") + "…"
	}
	return printable(text)
}

// isStandard reports whether a type that reads text is the standard library's.
func isStandard(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath() == "" || slices.Contains([]string{
		"crypto/x509", "log/slog", "math/big", "net", "net/netip", "net/url", "regexp", "time",
	}, t.PkgPath())
}

// isProgrammers reports whether an error is of a parser of numbers or JSON.
func isProgrammers(err error) bool {
	switch {
	case isType[*strconv.NumError](err), isType[*json.SyntaxError](err), isType[*json.UnmarshalTypeError](err):
		return true
	}
	return isType[*jsonv2.SemanticError](err) || isType[*jsontext.SyntacticError](err)
}

func isType[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

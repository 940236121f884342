package tigertonic

import (
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// FieldError is one thing that is wrong with a request, and where.
type FieldError struct {
	// Pointer is the place in the body, as a JSON pointer (RFC 6901), "" for the
	// whole of it. In what a method Validate returns, it begins at its value.
	Pointer string
	// Parameter is the name of a parameter if it isn't the body that is wrong,
	// and In is "path", "query", "header", "cookie" or "form", or "request" for what
	// isn't wrong in one place.
	Parameter, In string
	// Keyword is the JSON Schema keyword that isn't met, such as "minimum" or
	// "required", and Limit is its value in the schema, as JSON: 1, or ["red","green"].
	// They are for programs and for translation: see [Localized]. Either is "" if there
	// is none.
	Keyword, Limit string
	// Detail says what is wrong, for people: "must be at least 1".
	Detail string
}

// String returns the place and the detail.
func (e FieldError) String() string {
	switch {
	case e.In != "" && e.Parameter == "":
		return e.In + ": " + e.Detail
	case e.In != "":
		return e.In + " " + e.Parameter + ": " + e.Detail
	case e.Pointer == "":
		return "body: " + e.Detail
	}
	return e.Pointer + ": " + e.Detail
}

// MarshalJSON returns the error as a member of the errors of a [Problem]. A Limit that
// isn't JSON is left out.
func (e FieldError) MarshalJSON() ([]byte, error) { return e.append(nil), nil }

func (e *FieldError) append(b []byte) []byte {
	switch {
	case e.In == "":
		b = jsonscan.AppendHTMLSafeString(append(b, `{"pointer":`...), e.Pointer)
	case e.Parameter == "":
		b = jsonscan.AppendHTMLSafeString(append(b, `{"in":`...), e.In)
	default:
		b = jsonscan.AppendHTMLSafeString(append(b, `{"parameter":`...), e.Parameter)
		b = jsonscan.AppendHTMLSafeString(append(b, `,"in":`...), e.In)
	}
	if e.Keyword != "" {
		b = jsonscan.AppendHTMLSafeString(append(b, `,"keyword":`...), e.Keyword)
	}
	if e.Limit != "" {
		before := len(b)
		b = append(b, `,"limit":`...)
		begin := len(b)
		if b = appendHTMLSafeJSON(b, e.Limit); !jsonscan.IsJSON(b[begin:]) {
			b = b[:before]
		}
	}
	return append(jsonscan.AppendHTMLSafeString(append(b, `,"detail":`...), e.Detail), '}')
}

// appendHTMLSafeJSON appends a JSON value, with the characters that are special in
// HTML escaped. Only strings can have them.
func appendHTMLSafeJSON(b []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; c {
		case '<', '>', '&':
			b = append(b, '\\', 'u', '0', '0', "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}

// FieldErrors lists everything wrong with a well-formed request. The response is a 422
// (RFC 9110 §15.5.21) with all of them.
type FieldErrors []FieldError

// Error returns them all, separated by semicolons.
func (errs FieldErrors) Error() string {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.String()
	}
	return strings.Join(texts, "; ")
}

// Err returns the errors, or nil if there are none. A FieldErrors returned as an error is
// never nil, so return the errors you have collected like this:
//
//	var errs tigertonic.FieldErrors
//	if in.To.Before(in.From) {
//		errs = append(errs, tigertonic.FieldError{Pointer: "/to", Detail: "must not be before from"})
//	}
//	return errs.Err()
func (errs FieldErrors) Err() error {
	if len(errs) == 0 {
		return nil
	}
	return errs
}

// StatusCode returns 422.
func (errs FieldErrors) StatusCode() int { return http.StatusUnprocessableEntity }

// capped returns as many of them as are told.
func (errs FieldErrors) capped() FieldErrors { return errs[:min(len(errs), check.MaxViolations)] }

package tigertonic

import (
	"net/http"
	"strings"
)

// FieldError is one thing that is wrong with a request, and where.
type FieldError struct {
	// Pointer is the place in the body, as a JSON pointer (RFC 6901), "" for the
	// whole of it. In what a method Validate returns, it begins at its value.
	Pointer string
	// Parameter is the name of a parameter if it isn't the body that is wrong,
	// and In is "path", "query", "header" or "cookie", or "request" for what isn't
	// wrong in one place.
	Parameter, In string
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

// MarshalJSON returns the error as a member of the errors of a [Problem].
func (e FieldError) MarshalJSON() ([]byte, error) { return e.append(nil), nil }

func (e *FieldError) append(b []byte) []byte {
	switch {
	case e.In == "":
		b = appendHTMLSafe(append(b, `{"pointer":`...), e.Pointer)
	case e.Parameter == "":
		b = appendHTMLSafe(append(b, `{"in":`...), e.In)
	default:
		b = appendHTMLSafe(append(b, `{"parameter":`...), e.Parameter)
		b = appendHTMLSafe(append(b, `,"in":`...), e.In)
	}
	return append(appendHTMLSafe(append(b, `,"detail":`...), e.Detail), '}')
}

// FieldErrors is all that is wrong with a request that can be read. It is
// answered with 422 (RFC 9110 §15.5.21), and tells the client each of them.
type FieldErrors []FieldError

// Error returns them all, separated by semicolons.
func (errs FieldErrors) Error() string {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.String()
	}
	return strings.Join(texts, "; ")
}

// StatusCode returns 422.
func (errs FieldErrors) StatusCode() int { return http.StatusUnprocessableEntity }

// capped returns as many of them as are told.
func (errs FieldErrors) capped() FieldErrors { return errs[:min(len(errs), maxErrors)] }

// unreadable is what is wrong with a request that can't be read.
type unreadable struct{ FieldErrors }

// StatusCode returns 400.
func (unreadable) StatusCode() int { return http.StatusBadRequest }

// findings are what is wrong with a request, as far as it is known.
type findings struct {
	errs       FieldErrors
	unreadable bool
}

func (f *findings) parameter(in, name, detail string) {
	if len(f.errs) < maxErrors {
		f.errs = append(f.errs, FieldError{Parameter: name, In: in, Detail: detail})
	}
}

// err returns the findings as an error, or nil.
func (f *findings) err() error {
	switch {
	case len(f.errs) == 0:
		return nil
	case f.unreadable:
		return unreadable{f.errs.capped()}
	}
	return f.errs.capped()
}

package client

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"github.com/rcrowley/go-tigertonic"
)

// Error is the error of a failed call. [Call], [Do] and [Stream] return no other
// type.
//
// It holds the error that the service returned. [errors.As] and [errors.AsType] find in it
//   - the [tigertonic.Problem], as a pointer or a value, if it was one (RFC 9457),
//   - the [tigertonic.FieldErrors], if it lists what was wrong with the request,
//   - the error named after the status, such as [tigertonic.NotFound].
//
// Without a response, it holds the transport's error, or the context's.
type Error struct {
	Method string
	// Path is the requested path, escaped. The query isn't kept, since it may hold
	// secrets.
	Path string
	// Status is the status of the response, or 0 if there was none. It may be under 400 if
	// the response can't be read or is a redirect.
	Status int
	// Header and Body are those of the response. The body is cut to 64 KiB, and empty
	// if the status is under 300.
	Header http.Header
	Body   []byte
	// RequestID is the ID that the service logs the request under, or else the one that
	// the client sent, or "".
	RequestID string

	text   string  // of the response, or ""
	causes []error // the service's error, or why there is none
}

// Error returns the method, the path, the status, the text of the response, and the
// request ID.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Method + " " + e.Path)
	if e.Status != 0 {
		b.WriteString(": " + strconv.Itoa(e.Status))
		if text := http.StatusText(e.Status); text != "" {
			b.WriteString(" " + text)
		}
	}
	if e.text != "" {
		b.WriteString(": " + e.text)
	}
	if e.RequestID != "" {
		b.WriteString(" (request ID " + e.RequestID + ")")
	}
	return b.String()
}

// Unwrap returns the service's error, or why there is none.
func (e *Error) Unwrap() []error { return e.causes }

// As sets a target that is a [tigertonic.Problem] and not a pointer to one.
func (e *Error) As(target any) bool {
	value, ok := target.(*tigertonic.Problem)
	if !ok {
		return false
	}
	for _, cause := range e.causes {
		if p, ok := errors.AsType[*tigertonic.Problem](cause); ok {
			*value = *p
			return true
		}
	}
	return false
}

// StatusCode returns the status of a response if a service's function returns the error:
// 504 after a timeout, else 502 (RFC 9110 §15.6). That response hides what the other
// service said, which goes to the log. To pass it on, return the error that
// [errors.AsType] finds in this one.
func (e *Error) StatusCode() int {
	if e.Status == http.StatusGatewayTimeout || errors.Is(e, context.DeadlineExceeded) {
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

// Remote reports that another service has failed.
func (e *Error) Remote() bool { return true }

// requestIDHeader is the header with a request's ID.
const requestIDHeader = "X-Request-Id"

// newError returns the error of a request with its cause.
func newError(r *http.Request, cause error) *Error {
	e := &Error{Method: r.Method, Path: r.URL.EscapedPath(), text: cause.Error(), causes: []error{cause}}
	e.RequestID = clean(r.Header.Get(requestIDHeader))
	return e
}

// withResponse adds what the response says.
func (e *Error) withResponse(rs *http.Response) *Error {
	e.Status, e.Header = rs.StatusCode, rs.Header
	e.RequestID = cmp.Or(clean(rs.Header.Get(requestIDHeader)), e.RequestID)
	return e
}

// asError returns err if it is an Error, or else an Error that wraps it.
func asError(r *http.Request, rs *http.Response, err error) *Error {
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	e := newError(r, err)
	if rs != nil {
		e = e.withResponse(rs)
	}
	return e
}

// mostText is how much of a response's text is in an error's.
const mostText = 300

// clean returns a foreign text as one line that can be logged.
func clean(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "") + "…"
	}
	return text
}

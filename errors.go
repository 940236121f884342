package tigertonic

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/record"
)

// HTTPEquivError is an error that stands for an HTTP status. It is looked for
// with [errors.As], so it may be wrapped.
type HTTPEquivError interface {
	error
	StatusCode() int
}

// NamedError is an error that says what clients are to call it.
type NamedError interface {
	error
	Name() string
}

// SnakeCaseHTTPEquivErrors makes errors without a name of their own be called
// like their status in snake case, not_found, rather than like their type,
// tigertonic.NotFound. Set it before serving.
var SnakeCaseHTTPEquivErrors bool //nolint:gochecknoglobals // the classic API

// ErrorWriter answers a request with an error. The status is the error's, if it
// is an [HTTPEquivError] with a status that a final response can have, from 200
// to 999, else 500.
type ErrorWriter interface {
	// WriteError writes the error as JSON if the client accepts it, else as
	// plain text, and that it varies by Accept.
	WriteError(r *http.Request, w http.ResponseWriter, err error)
	// WriteJSONError writes {"description":…,"error":…} and a newline.
	WriteJSONError(w http.ResponseWriter, err error)
	// WritePlaintextError writes the error's name, a colon and its description.
	WritePlaintextError(w http.ResponseWriter, err error)
}

// ResponseErrorWriter answers for all handlers of this package. Set it before
// serving. A type that embeds the ErrorWriter which it was, and overrides one of the
// methods, has that one called.
var ResponseErrorWriter ErrorWriter = defaultErrorWriter{} //nolint:gochecknoglobals // the classic API

// writeError has ResponseErrorWriter answer. If that is a type of the user's that
// embeds the one that it was before, this is given the type, so that each of its
// methods may be overridden alone. The request isn't changed: the handler may have
// goroutines that read it.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	writer := ResponseErrorWriter
	if isUsers(writer) {
		of := &errorRequest{errorContext: errorContext{r.Context(), writer}}
		of.request = *r.WithContext(&of.errorContext)
		r = &of.request
	}
	writer.WriteError(r, w, err)
}

// writeErrorIn is writeError for a mux that has no handler for the request, which it may
// change, as it does for a handler.
func writeErrorIn(w http.ResponseWriter, r *http.Request, err error) {
	writer := ResponseErrorWriter
	if isUsers(writer) {
		*r = *r.WithContext(&errorContext{r.Context(), writer})
	}
	writer.WriteError(r, w, err)
}

// isUsers reports whether the ErrorWriter isn't of this package.
func isUsers(writer ErrorWriter) bool {
	switch writer.(type) {
	case defaultErrorWriter, ProblemWriter:
		return false
	}
	return true
}

// An errorContext is the context of a request whose response is an error.
type errorContext struct {
	context.Context //nolint:containedctx // it is the context
	writer          ErrorWriter
}

// An errorRequest is such a request with its context, so that they are one allocation.
type errorRequest struct {
	errorContext
	request http.Request
}

func (c *errorContext) Value(key any) any {
	if key == (errorWriterKey{}) {
		return c.writer
	}
	return c.Context.Value(key)
}

// errorWriterKey is the context's key for the ErrorWriter that answers a request.
type errorWriterKey struct{}

// NewHTTPEquivError returns an [HTTPEquivError] with this status code, or 500
// for one under 100, which is named after err and unwraps to it. A nil err stands
// for the text of the status. It is returned as an error, as it always was: look for
// its status with [errors.As].
func NewHTTPEquivError(err error, code int) error {
	if code < 100 {
		code = http.StatusInternalServerError
	}
	if err == nil {
		err = errors.New(http.StatusText(code))
	}
	return httpEquivError{err, code}
}

type httpEquivError struct {
	error
	code int
}

func (err httpEquivError) Name() string {
	if name := errorName(err.error); name != namelessError {
		return name
	}
	return ""
}

func (err httpEquivError) StatusCode() int { return err.code }
func (err httpEquivError) Unwrap() error   { return err.error }

type defaultErrorWriter struct{}

func (ew defaultErrorWriter) WriteError(r *http.Request, w http.ResponseWriter, err error) {
	err = inTime(r, w, err)
	addVary(w.Header(), varyAccept)
	writer, ok := r.Context().Value(errorWriterKey{}).(ErrorWriter)
	if !ok {
		writer = ew
	}
	if httpfield.Accepts(r, httpfield.JSON) {
		writer.WriteJSONError(w, err)
	} else {
		writer.WritePlaintextError(w, err)
	}
}

func (defaultErrorWriter) WriteJSONError(w http.ResponseWriter, err error) {
	body := struct {
		Description string `json:"description"`
		Error       string `json:"error"`
	}{record.Text(err), errorName(err)}
	writeErrorHeader(w, httpfield.JSON, err)
	_ = json.NewEncoder(w).Encode(body) // strings always encode; a client that is gone is no error
}

func (defaultErrorWriter) WritePlaintextError(w http.ResponseWriter, err error) {
	writeErrorHeader(w, httpfield.PlainText, err)
	_, _ = io.WriteString(w, errorName(err)+": "+record.Text(err))
}

// writeErrorHeader writes the header of an error, without what was meant for
// the body that it takes the place of. Content-Encoding stays: a middleware that
// has set it encodes the error, too.
func writeErrorHeader(w http.ResponseWriter, mediaType string, err error) {
	h, status := w.Header(), statusOf(err)
	if status != http.StatusNotModified { // whose validators are what it has to say (RFC 9110 §15.4.5)
		delete(h, "Content-Length")
		delete(h, "Etag")
		delete(h, "Last-Modified")
		values := []string{mediaType, "nosniff"}
		h["Content-Type"], h["X-Content-Type-Options"] = values[:1:1], values[1:]
	}
	if status == http.StatusNotAcceptable {
		addVary(h, varyAccept)
	}
	w.WriteHeader(status)
}

// statusOf returns the status that err is to be answered with. A status that
// can't be a final response's is 500.
func statusOf(err error) int {
	if equiv, ok := errors.AsType[HTTPEquivError](err); ok && !isNil(reflect.ValueOf(equiv)) {
		if code := equiv.StatusCode(); code >= 200 && code <= 999 {
			return code
		}
	}
	return http.StatusInternalServerError
}

const namelessError = "error"

// errorName returns what clients are told that err is called.
func errorName(err error) string {
	if named, ok := errors.AsType[NamedError](err); ok {
		if name := named.Name(); name != "" {
			return name
		}
	}
	equiv, isEquiv := errors.AsType[HTTPEquivError](err)
	if isEquiv && SnakeCaseHTTPEquivErrors {
		if text := http.StatusText(equiv.StatusCode()); text != "" {
			return snakeCase(text)
		}
	}
	if name := typeName(err); name != "" {
		return name
	}
	if isEquiv {
		if name := typeName(equiv); name != "" {
			return name
		}
	}
	return namelessError
}

// typeName returns the name of err's type with its package, or "" if the type
// isn't exported.
func typeName(err error) string {
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if first, _ := utf8.DecodeRuneInString(t.Name()); !unicode.IsUpper(first) {
		return ""
	}
	return t.String()
}

func snakeCase(text string) string {
	return strings.NewReplacer(" ", "_", "-", "_", "'", "").Replace(strings.ToLower(text))
}

package record

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
	"strings"
)

// A cause is a failure that the response doesn't disclose. The Recorders of one request
// share it.
type cause struct {
	err  error
	told bool // it has been logged
}

// Note records the cause of a failure for the handlers that log the request, and returns
// the ID that they log it under, which comes from newID if the request has none. It logs
// the cause itself, with [slog.Default], if nobody else will. An error from [Withhold]
// has been noted already.
func Note(w http.ResponseWriter, err error, newID func() string) (id string) {
	if noted, ok := errors.AsType[*withheld](err); ok {
		return noted.id
	}
	return (&cause{err: err}).note(w, newID)
}

// NoteRefusal is [Note] for a refusal, which isn't a failure: it appears in the request's
// own log line, or nowhere if there is none.
func NoteRefusal(w http.ResponseWriter, err error, newID func() string) (id string) {
	return (&cause{err: err, told: true}).note(w, newID)
}

// note records the cause, and logs it unless it was logged already or somebody else will.
func (c *cause) note(w http.ResponseWriter, newID func() string) (id string) {
	all := recorders(w)
	for _, rec := range all {
		id = cmp.Or(id, rec.ID)
	}
	if id == "" {
		id = newID()
	}
	tells := c.told
	for _, rec := range all {
		rec.cause, rec.ID = c, cmp.Or(rec.ID, id)
		tells = tells || rec.HasLogger
	}
	if !tells {
		c.log(id)
	}
	return id
}

// log logs the cause by [slog.Default].
func (c *cause) log(id string) {
	args := []any{"request_id", id, "error", causeText(c.err)}
	if stack := c.stack(); stack != "" {
		args = append(args, "stack", stack)
	}
	slog.Error("tigertonic: a request has failed", args...)
	c.told = true
}

// LogUnreported logs the cause, if there is one, with [slog.Default], after the handler
// that was to log it has gone.
func (rec *Recorder) LogUnreported() {
	if rec.IsUnreported() {
		rec.cause.log(rec.ID)
	}
}

// Report returns the cause's text for a log, or "" if there is none. The cause then
// counts as logged.
func (rec *Recorder) Report() string {
	if rec.cause == nil {
		return ""
	}
	rec.cause.told = true
	return causeText(rec.cause.err)
}

// CauseText is [Recorder.Report] for callers that don't log the cause.
func (rec *Recorder) CauseText() string {
	if rec.cause == nil {
		return ""
	}
	return causeText(rec.cause.err)
}

// IsUnreported reports whether there is a cause that nobody has logged.
func (rec *Recorder) IsUnreported() bool { return rec.cause != nil && !rec.cause.told }

// Stack returns the stack of the panic that is the cause, or "".
func (rec *Recorder) Stack() string { return rec.cause.stack() }

func (c *cause) stack() string {
	if c == nil {
		return ""
	}
	if p, ok := errors.AsType[*panicError](c.err); ok {
		return p.stack
	}
	return ""
}

// causeText returns an error's text, or its type if it has no text, because its chain may
// hold an empty status error.
func causeText(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T without a text", err)
		}
	}()
	return Text(err)
}

// A statusError is an error with the text of the error that it wraps, if any.
type statusError interface {
	error
	StatusCode() int
	Name() string
	Unwrap() error
}

// Text returns err's text, or that of its status if it is a status error that wraps
// nothing.
func Text(err error) string {
	//nolint:errorlint // one that is wrapped has the text of what wraps it
	if status, ok := err.(statusError); ok && status.Unwrap() == nil {
		return http.StatusText(status.StatusCode())
	}
	return err.Error()
}

// A withheld error is what the client gets instead of a cause that has been noted
// already.
type withheld struct {
	error
	id string // that the cause has been noted under
}

// Withhold returns err, marked as what the client gets instead of the cause that was
// noted under the ID.
func Withhold(err error, id string) error { return &withheld{err, id} }

// Unwrap returns what the client gets.
func (err *withheld) Unwrap() error { return err.error }

// A panicError is the cause of a response that a panic cut short.
type panicError struct {
	value any
	text  string
	stack string
}

func (err *panicError) Error() string { return err.text }

// maxPanicText is how many bytes of a panic's text are kept.
const maxPanicText = 16 << 10

// NotePanic records a panic as the cause, unless a handler further in already has, and
// returns the ID like [Note]. The Recorder is one of w's. Call it in a deferred function,
// whose stack still includes the panic's, with the result of recover.
func (rec *Recorder) NotePanic(w http.ResponseWriter, value any, newID func() string) (id string) {
	var earlier error
	if rec.cause != nil {
		if p, ok := errors.AsType[*panicError](rec.cause.err); ok && same(p.value, value) {
			return rec.ID
		}
		if !rec.cause.told {
			earlier = rec.cause.err
		}
	}
	text := fmt.Sprint(value)
	if len(text) > maxPanicText {
		text = text[:maxPanicText] + " and so on"
	}
	p := &panicError{value, "panic: " + text, PanicStack()}
	if earlier != nil {
		return Note(w, errors.Join(p, earlier), newID)
	}
	return Note(w, p, newID)
}

// IsAbort reports whether a handler panicked to make net/http abort the response.
func IsAbort(value any) bool {
	err, ok := value.(error)
	return ok && err == http.ErrAbortHandler //nolint:errorlint // net/http doesn't look into it either
}

// same reports whether two values are equal, and false if they can't be compared.
func same(a, b any) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && (!reflect.ValueOf(a).Comparable() || a == b)
}

// PanicStack returns the stack of the goroutine from where it panicked.
func PanicStack() string {
	stack := string(debug.Stack())
	first, _, _ := strings.Cut(stack, "\n")
	_, after, ok := strings.Cut(stack, "\npanic(")
	if !ok {
		return stack
	}
	for range 2 { // the line of the call and the one of its place
		_, after, _ = strings.Cut(after, "\n")
	}
	return first + "\n" + after
}

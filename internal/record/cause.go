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

// A cause is what has gone wrong where the response doesn't tell it. The Recorders of
// one request share it.
type cause struct {
	err  error
	told bool // it has been logged
}

// Note lets the handlers that log the request know what has gone wrong, and returns
// the ID that they log it under, which is from newID if the request has none. It logs
// the cause itself, by [slog.Default], if nobody else will. What [Withhold] has
// returned is noted already.
func Note(w http.ResponseWriter, err error, newID func() string) (id string) {
	if noted, ok := errors.AsType[*withheld](err); ok {
		return noted.id
	}
	return (&cause{err: err}).note(w, newID)
}

// NoteRefusal is [Note] for what isn't a failure: it is in the request's own line of a
// log, and nowhere if there is none.
func NoteRefusal(w http.ResponseWriter, err error, newID func() string) (id string) {
	return (&cause{err: err, told: true}).note(w, newID)
}

// note notes the cause, and logs it if it hasn't been and nobody else will.
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

// LogUnreported logs what has gone wrong, if anything has, by [slog.Default], where who
// was to log it has gone.
func (rec *Recorder) LogUnreported() {
	if rec.IsUnreported() {
		rec.cause.log(rec.ID)
	}
}

// Report returns the cause's text for a log, or "" if nothing has gone wrong. It then
// counts as logged.
func (rec *Recorder) Report() string {
	if rec.cause == nil {
		return ""
	}
	rec.cause.told = true
	return causeText(rec.cause.err)
}

// CauseText is [Recorder.Report] for those who don't log it.
func (rec *Recorder) CauseText() string {
	if rec.cause == nil {
		return ""
	}
	return causeText(rec.cause.err)
}

// IsUnreported reports whether something has gone wrong that nobody has logged.
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

// causeText returns an error's text, or what it is if it has none: a status error
// that holds nothing may be somewhere in it.
func causeText(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T without a text", err)
		}
	}()
	return Text(err)
}

// A statusError is an error that has the text of the one in it, or none.
type statusError interface {
	error
	StatusCode() int
	Name() string
	Unwrap() error
}

// Text returns err's text, or its status's if it is an error with a status that holds
// no other.
func Text(err error) string {
	//nolint:errorlint // one that is wrapped has the text of what wraps it
	if status, ok := err.(statusError); ok && status.Unwrap() == nil {
		return http.StatusText(status.StatusCode())
	}
	return err.Error()
}

// A withheld error is what a client is told in place of a cause that has been
// noted already.
type withheld struct {
	error
	id string // that the cause has been noted under
}

// Withhold returns err for a client to be told in place of a cause that has been noted
// under the ID.
func Withhold(err error, id string) error { return &withheld{err, id} }

// Unwrap returns what the client is told.
func (err *withheld) Unwrap() error { return err.error }

// A panicError is the cause of a response that a panic has cut short.
type panicError struct {
	value any
	text  string
	stack string
}

func (err *panicError) Error() string { return err.text }

// maxPanicText is how many bytes are kept of what a panic says.
const maxPanicText = 16 << 10

// NotePanic notes a panic as the cause, unless somebody has on the way from where it
// began, and returns the ID as [Note] does. The Recorder is one of w's. It is to be
// called by a deferred function, whose stack still has that of the panic, with what
// recover has returned.
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

// IsAbort reports whether a handler has panicked to have net/http break off the
// response.
func IsAbort(value any) bool {
	err, ok := value.(error)
	return ok && err == http.ErrAbortHandler //nolint:errorlint // net/http doesn't look into it either
}

// same reports whether two values are the same, as far as one can tell.
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

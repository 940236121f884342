package tigertonic

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime/debug"
	"strings"
)

// What has gone wrong where the response doesn't tell it: see also noteCause.

// A withheld error is what a client is told in place of a cause that has been
// noted already.
type withheld struct {
	error
	id RequestID // that the cause has been noted under
}

// Unwrap returns what the client is told.
func (err *withheld) Unwrap() error { return err.error }

// A panicError is the cause of a response that a panic has cut short.
type panicError struct {
	value any
	text  string
	stack string
}

func (err *panicError) Error() string { return err.text }

// notePanic notes a panic as the cause, unless somebody has on the way from
// where it began, and returns the ID as noteCause does. It is to be called by a
// deferred function, whose stack still has that of the panic, with what recover
// has returned.
func notePanic(w http.ResponseWriter, rec *recorder, value any) (id RequestID) {
	var earlier error
	if rec.cause != nil {
		if p, ok := errors.AsType[*panicError](rec.cause.err); ok && same(p.value, value) {
			return rec.id
		}
		if !rec.cause.told {
			earlier = rec.cause.err
		}
	}
	text := fmt.Sprint(value)
	if len(text) > maxLoggedBody {
		text = text[:maxLoggedBody] + " and so on"
	}
	p := &panicError{value, "panic: " + text, panicStack()}
	if earlier != nil {
		return noteCause(w, errors.Join(p, earlier))
	}
	return noteCause(w, p)
}

// isAbort tells whether a handler has panicked to have net/http break off the
// response.
func isAbort(value any) bool {
	err, ok := value.(error)
	return ok && err == http.ErrAbortHandler //nolint:errorlint // net/http doesn't look into it either
}

// same tells whether two values are the same, as far as one can tell.
func same(a, b any) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && (!reflect.ValueOf(a).Comparable() || a == b)
}

// panicStack returns the stack of the goroutine from where it panicked.
func panicStack() string {
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

// stack returns the stack of the panic that is the cause, or "".
func (c *cause) stack() string {
	if c == nil {
		return ""
	}
	if p, ok := errors.AsType[*panicError](c.err); ok {
		return p.stack
	}
	return ""
}

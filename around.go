package tigertonic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
)

// A Hook wraps the call of a [Typed] endpoint's function, and sees the values that the
// function gets and returns. Use one to write an audit log, to check that the caller may
// access the resource, or to open a transaction for the request. One hook works for
// endpoints of any types.
//
// It calls next with the context for the function; next calls the function and returns its
// error. The hook returns the error that the client gets, which is the one from next or one
// of its own, such as that of a failed commit. A hook that doesn't call next must return an
// error. A hook may call next again, for example after a rollback; only the last result
// counts. If a hook returns nil although the last call of next failed, the client gets a
// 500.
//
// The values of a stream are produced after the hooks have returned. A request with
// invalid input doesn't reach the hooks.
type Hook func(ctx context.Context, call *Call, next func(context.Context) error) error

// Around wraps the function in hooks; the first is the outermost. Like the other methods,
// it must be called before serving, and returns the endpoint. It panics if a hook is nil.
func (e *Endpoint) Around(hooks ...Hook) *Endpoint {
	for _, hook := range hooks {
		if hook == nil {
			callsite.Panicf("Around: a hook of %v is nil", e)
		}
	}
	e.hooks = append(e.hooks, hooks...)
	return e
}

// When makes the endpoint respond with answer if its function or a hook returns an error
// that is target ([errors.Is]) and has no status of its own. It declares answer, too, as
// [Endpoint.Errors] does. So a function may return what a library returns:
//
//	tigertonic.Typed(show).When(sql.ErrNoRows, tigertonic.NotFound{Err: errors.New("there is no such tea")})
//
// The first target that matches decides. If the status of answer is 500 or more, the log
// has both errors. The same holds for the error of a stream, as long as no value has been
// sent.
//
// It panics if target is nil, or if answer isn't an [HTTPEquivError] with the status of a
// response.
func (e *Endpoint) When(target, answer error) *Endpoint {
	if target == nil {
		callsite.Panicf("When: the error that %v is to return is nil", e)
	}
	mustHaveStatus("When", answer)
	e.errors = append(e.errors, answer)
	e.answers = append(e.answers, errorAnswer{target, answer})
	return e
}

// An errorAnswer is the error that clients get for another.
type errorAnswer struct{ target, answer error }

// answerFor returns the error that the client gets for one of the function.
func (e *Endpoint) answerFor(err error) error {
	if len(e.answers) == 0 {
		return err
	}
	if _, ok := errors.AsType[HTTPEquivError](err); ok {
		return err
	}
	for _, a := range e.answers {
		switch {
		case !errors.Is(err, a.target):
		case statusOf(a.answer) < http.StatusInternalServerError:
			return a.answer
		default:
			return fmt.Errorf("%w: %w", a.answer, err)
		}
	}
	return err
}

// A Call is a request to a [Typed] endpoint, whose input has been decoded and checked.
// It belongs to the request's goroutine.
type Call struct {
	request  *http.Request
	endpoint *Endpoint
	input    any
	output   any
	err      error
}

// Request returns the request, whose body has been read.
func (c *Call) Request() *http.Request { return c.request }

// Pattern returns the pattern that matched the request, such as "POST /issues", or "".
func (c *Call) Pattern() string { return c.request.Pattern }

// Name returns the name of the endpoint's function, such as "main.create".
func (c *Call) Name() string { return c.endpoint.name }

// OperationID returns the ID set by [Endpoint.OperationID], or "".
func (c *Call) OperationID() string { return c.endpoint.id }

// Input returns the pointer that the function gets. Assert its type, or an interface that
// your inputs share:
//
//	if in, ok := call.Input().(interface{ ProjectID() string }); ok {
func (c *Call) Input() any { return c.input }

// Output returns the function's result, or nil before the function has returned and after
// it has failed.
func (c *Call) Output() any { return c.output }

var (
	errNoOutput  = errors.New("tigertonic: a hook returned nil without having called next")
	errSwallowed = errors.New("tigertonic: a hook returned nil, though next has failed")
)

// callHooked calls the function through the endpoint's hooks.
func callHooked[In, Out any](e *Endpoint, r *http.Request, in *In, out *output, f func(context.Context, *In) (Out, error)) (Out, error) {
	var result Out
	call := &Call{request: r, endpoint: e, input: in, err: errNoOutput}
	called := false
	next := func(ctx context.Context) error {
		if called && out.mayStream() {
			out.discard(&result)
		}
		called = true
		result, call.err = f(ctx, in)
		if call.output = nil; call.err == nil {
			call.output = result
		}
		return call.err
	}
	for _, hook := range slices.Backward(e.hooks) {
		inner := next
		next = func(ctx context.Context) error { return hook(ctx, call, inner) }
	}
	err := next(r.Context())
	switch {
	case err != nil || call.err == nil:
	case call.err == errNoOutput: //nolint:errorlint // nobody else has it
		err = errNoOutput
	default:
		err = errors.Join(errSwallowed, call.err)
	}
	return result, err
}

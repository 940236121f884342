package tigertonic

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/record"
)

// ContextHandler gives each request a value of its own. It is made by
// [WithContext]; the zero value isn't usable.
type ContextHandler struct {
	handler http.Handler
	t       reflect.Type
}

// WithContext returns a handler that gives each request a fresh value of zero's
// type, itself zero, before it calls h. [Context] and [ContextOf] return a
// pointer to it, and it is the last argument of a [Marshaled] function that asks
// for one. It belongs to the request's goroutine. WithContext panics if zero is
// nil, or a pointer, for the value would be a nil pointer.
func WithContext(h http.Handler, zero any) *ContextHandler {
	if zero == nil {
		callsite.Panicf("WithContext: nil has no type")
	}
	t := reflect.TypeOf(zero)
	if t.Kind() == reflect.Pointer {
		callsite.Panicf("WithContext: %v is a pointer, which would be nil for each request: give it a %v, to which Context and ContextOf return a pointer", t, t.Elem())
	}
	return &ContextHandler{mustHandler("WithContext", h), t}
}

// ServeHTTP calls the handler with a request that has a fresh value.
func (c *ContextHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	outer, _ := r.Context().Value(contextKey{}).(*contextValue)
	value := &contextValue{reflect.New(c.t).Interface(), outer}
	inner := r.WithContext(context.WithValue(r.Context(), contextKey{}, value))
	record.NoteRequest(w, inner)
	defer handBack(r, inner)
	c.handler.ServeHTTP(w, inner)
}

// Unwrap returns the handler without the context.
func (c *ContextHandler) Unwrap() http.Handler { return c.handler }

// String is how [Explain] shows the handler.
func (c *ContextHandler) String() string { return fmt.Sprintf("WithContext(%v)", c.t) }

// Context returns the pointer to the value that the innermost [WithContext] has
// made for the request, or nil.
func Context(r *http.Request) any {
	if v, _ := r.Context().Value(contextKey{}).(*contextValue); v != nil {
		return v.pointer
	}
	return nil
}

// ContextOf returns the pointer to the value of type T that the innermost [WithContext]
// with that type has made for the request. If there is none, it panics and says which
// WithContext is missing. Handlers that can do without it use [LookupContext].
func ContextOf[T any](r *http.Request) *T { return ContextFrom[T](r.Context()) }

// ContextFrom is [ContextOf] for the context that a [Typed] function is given.
func ContextFrom[T any](ctx context.Context) *T {
	p, ok := LookupContext[T](ctx)
	if !ok {
		panic(missingContext(ctx, reflect.TypeFor[T]()))
	}
	return p
}

// LookupContext is like [ContextFrom], but reports whether there is such a value.
func LookupContext[T any](ctx context.Context) (p *T, ok bool) {
	v, _ := ctx.Value(contextKey{}).(*contextValue)
	for ; v != nil; v = v.outer {
		if p, ok := v.pointer.(*T); ok {
			return p, true
		}
	}
	return nil, false
}

// missingContext returns how to fix a missing WithContext.
func missingContext(ctx context.Context, t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
		return fmt.Sprintf("tigertonic: the context has no **%v: ask for a %[1]v, and put WithContext(h, %[1]v) round the handler", t)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "tigertonic: the context has no %v: put WithContext(h, x), where x is of that type, round the handler", t)
	v, _ := ctx.Value(contextKey{}).(*contextValue)
	for separator := "; there is one with "; v != nil; v = v.outer {
		fmt.Fprintf(&text, "%sa %v", separator, reflect.TypeOf(v.pointer).Elem())
		separator = " and "
	}
	return text.String()
}

type contextKey struct{}

// A contextValue is a value in a request's context, and the one that it hides.
type contextValue struct {
	pointer any
	outer   *contextValue
}

// contextOf is [ContextOf] for a pointer's type that isn't known when compiling, or
// for an interface that the pointer implements.
func contextOf(r *http.Request, t reflect.Type) (reflect.Value, bool) {
	v, _ := r.Context().Value(contextKey{}).(*contextValue)
	for ; v != nil; v = v.outer {
		if reflect.TypeOf(v.pointer).AssignableTo(t) {
			return reflect.ValueOf(v.pointer), true
		}
	}
	return reflect.Value{}, false
}

package tigertonic

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
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
// nil.
func WithContext(h http.Handler, zero any) *ContextHandler {
	if zero == nil {
		misuse("WithContext: nil has no type")
	}
	return &ContextHandler{mustHandler("WithContext", h), reflect.TypeOf(zero)}
}

// ServeHTTP calls the handler with a request that has a fresh value.
func (c *ContextHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	outer, _ := r.Context().Value(contextKey{}).(*contextValue)
	value := &contextValue{reflect.New(c.t).Interface(), outer}
	c.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, value)))
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

// ContextOf returns the pointer to the value of type T that the innermost
// [WithContext] with that type has made for the request, or nil.
func ContextOf[T any](r *http.Request) *T { return ContextFrom[T](r.Context()) }

// ContextFrom is [ContextOf] for the context that a [Typed] function is given.
func ContextFrom[T any](ctx context.Context) *T {
	v, _ := ctx.Value(contextKey{}).(*contextValue)
	for ; v != nil; v = v.outer {
		if p, ok := v.pointer.(*T); ok {
			return p
		}
	}
	return nil
}

type contextKey struct{}

// A contextValue is a value in a request's context, and the one that it hides.
type contextValue struct {
	pointer any
	outer   *contextValue
}

// contextOf is [ContextOf] for a pointer's type that isn't known when compiling.
func contextOf(r *http.Request, pointer reflect.Type) (reflect.Value, bool) {
	v, _ := r.Context().Value(contextKey{}).(*contextValue)
	for ; v != nil; v = v.outer {
		if reflect.TypeOf(v.pointer) == pointer {
			return reflect.ValueOf(v.pointer), true
		}
	}
	return reflect.Value{}, false
}

package endpoints

import (
	"context"
	"net/http"

	"github.com/rcrowley/go-tigertonic"
)

type typedGet struct {
	Customer string `path:"customer"`
	Limit    int    `query:"limit"`
}

type checkedTypedGet struct {
	Customer string `path:"customer" minLength:"1" maxLength:"64"`
	Limit    int    `query:"limit" minimum:"1" maximum:"100"`
}

func newTyped[O any, P orders[O]](checked bool) http.Handler {
	all, measured := summaries(), manySeries()
	mux := tigertonic.NewTrieServeMux()
	if checked {
		mux.Handle("GET", "/customers/{customer}", tigertonic.Typed(func(_ context.Context, in *checkedTypedGet) (*customer, error) {
			return lookUp(in.Customer, in.Limit), nil
		}))
	} else {
		mux.Handle("GET", "/customers/{customer}", tigertonic.Typed(func(_ context.Context, in *typedGet) (*customer, error) {
			return lookUp(in.Customer, in.Limit), nil
		}))
	}
	mux.Handle("GET", "/orders", tigertonic.Typed(func(context.Context, *struct{}) ([]summary, error) {
		return all, nil
	}))
	mux.Handle("GET", "/series", tigertonic.Typed(func(context.Context, *struct{}) ([]series, error) {
		return measured, nil
	}))
	mux.Handle("POST", "/orders", tigertonic.Typed(func(_ context.Context, o *O) (*receipt[O], error) {
		rs, err := receive[O](P(o))
		if err != nil {
			return nil, tigertonic.UnprocessableEntity{Err: err}
		}
		return rs, nil
	}))
	mux.Handle("POST", "/readings", tigertonic.Typed(func(_ context.Context, b *batch) (*taken, error) { return take(b), nil }))
	mux.Handle("POST", "/events", tigertonic.Typed(func(_ context.Context, all *events) (*taken, error) { return note(all), nil }))
	return mux
}

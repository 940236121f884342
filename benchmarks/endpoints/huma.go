package endpoints

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

type humaGet struct {
	Customer string `path:"customer"`
	Limit    int    `query:"limit"`
}

type checkedHumaGet struct {
	Customer string `path:"customer" minLength:"1" maxLength:"64"`
	Limit    int    `query:"limit" minimum:"1" maximum:"100"`
}

type humaBody[T any] struct{ Body T }

func newHuma[O any, P orders[O]](checked bool) http.Handler {
	all := summaries()
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Orders", "1.0")
	config.CreateHooks = nil // which would link each body to its schema, as no other does
	api := humago.New(mux, config)
	if checked {
		huma.Get(api, "/customers/{customer}", func(_ context.Context, in *checkedHumaGet) (*humaBody[*customer], error) {
			return &humaBody[*customer]{lookUp(in.Customer, in.Limit)}, nil
		})
	} else {
		huma.Get(api, "/customers/{customer}", func(_ context.Context, in *humaGet) (*humaBody[*customer], error) {
			return &humaBody[*customer]{lookUp(in.Customer, in.Limit)}, nil
		})
	}
	huma.Get(api, "/orders", func(context.Context, *struct{}) (*humaBody[[]summary], error) {
		return &humaBody[[]summary]{all}, nil
	})
	huma.Post(api, "/orders", func(_ context.Context, in *humaBody[O]) (*humaBody[*receipt[O]], error) {
		rs, err := receive[O](P(&in.Body))
		if err != nil {
			return nil, huma.Error422UnprocessableEntity(err.Error())
		}
		return &humaBody[*receipt[O]]{rs}, nil
	})
	huma.Register(api, huma.Operation{Method: "POST", Path: "/readings", MaxBodyBytes: 1 << 20, DefaultStatus: http.StatusOK},
		func(_ context.Context, in *humaBody[batch]) (*humaBody[*taken], error) {
			return &humaBody[*taken]{take(&in.Body)}, nil
		})
	huma.Post(api, "/events", func(_ context.Context, in *humaBody[events]) (*humaBody[*taken], error) {
		return &humaBody[*taken]{note(&in.Body)}, nil
	})
	return mux
}

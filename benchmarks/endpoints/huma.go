package endpoints

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

type humaParams struct {
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
	operation := func(id, method, path string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: path,
			SkipValidateBody: !checked, SkipValidateParams: !checked,
		}
	}
	huma.Register(api, operation("get", "GET", "/customers/{customer}"),
		func(_ context.Context, in *humaParams) (*humaBody[*customer], error) {
			return &humaBody[*customer]{lookUp(in.Customer, in.Limit)}, nil
		})
	huma.Register(api, operation("list", "GET", "/orders"),
		func(context.Context, *struct{}) (*humaBody[[]summary], error) {
			return &humaBody[[]summary]{all}, nil
		})
	post := operation("post", "POST", "/orders")
	post.DefaultStatus = http.StatusOK
	huma.Register(api, post, func(_ context.Context, in *humaBody[O]) (*humaBody[*receipt[O]], error) {
		rs, err := receive[O](P(&in.Body))
		if err != nil {
			return nil, huma.Error422UnprocessableEntity(err.Error())
		}
		return &humaBody[*receipt[O]]{rs}, nil
	})
	return mux
}

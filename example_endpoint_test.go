package tigertonic_test

import (
	"context"
	"fmt"

	"github.com/rcrowley/go-tigertonic"
)

// What an endpoint is called is for its document, and for whoever else asks it to
// describe itself.
func ExampleEndpoint_Summary() {
	type input struct {
		ID string `path:"id"`
	}
	type tea struct {
		Name string `json:"name"`
	}
	find := func(context.Context, *input) (*tea, error) { return &tea{"sencha"}, nil }
	h := tigertonic.Typed(find).Summary("Find a tea").Tags("teas", "stock").OperationID("findTea")

	var op tigertonic.Operation
	h.Describe(&op)
	fmt.Println(op.ID, "-", op.Summary, op.Tags)
	fmt.Println(op.Parameters[0].In, op.Parameters[0].Name, op.Responses["200"].Content["application/json"].Schema.Name)
	// Output:
	// findTea - Find a tea [teas stock]
	// path id tea
}

package contract_test

import (
	"context"
	"errors"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
)

type cargo struct {
	tigertonic.Union `discriminator:"is"`

	Box   *box      `variant:"box"`
	Crate *crate    `variant:"crate"`
	None  *struct{} `variant:"none"`
}

type box struct {
	ID     string         `json:"id" readOnly:"true"`
	Weight int            `json:"weight" minimum:"1" maximum:"100"`
	Code   string         `json:"code" writeOnly:"true" pattern:"^[a-z]{2,4}$"`
	Labels map[string]int `json:"labels,omitempty" maxProperties:"2"`
	Kind   string         `json:"kind" const:"small"`
}

type crate struct {
	Parts []cargo               `json:"parts" maxItems:"3"`
	Lid   tigertonic.Opt[cargo] `json:"lid,omitzero"`
}

// What a document says of unions and of members that go one way is what the service does.
func TestUnionsKeepTheirContract(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/cargo", tigertonic.Typed(func(_ context.Context, in *cargo) (cargo, error) {
		if in.Box != nil && in.Box.ID != "" {
			return *in, errors.New("what is read only has come through")
		}
		if in.Box != nil {
			in.Box.ID = "b1"
		}
		return *in, nil
	}))
	mux.Handle("PATCH", "/cargo", tigertonic.Typed(func(ctx context.Context, in *tigertonic.Patch[crate]) (*crate, error) {
		c := crate{Parts: []cargo{{Box: &box{ID: "b1", Weight: 1, Code: "ab", Kind: "small"}}}}
		err := in.Apply(ctx, &c)
		return &c, err
	}))
	contract.Of(mux).Fuzz(t, mux, contract.FuzzOptions{Requests: 1500, Rules: []string{"PATCH /cargo"}})
}

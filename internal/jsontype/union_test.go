package jsontype_test

import (
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

type mark struct{ jsontype.UnionMark }

type shape struct {
	mark   `discriminator:"kind"`
	Group  *group  `variant:"group"`
	Circle *circle `variant:"circle"`
}

type group struct {
	Before int    `json:"before"`
	Shapes shapes `json:"shapes"`
}

type circle struct {
	Radius int `json:"radius"`
}

// shapes reads itself from a text of its own, with the options that it is given.
type shapes []shape

func (s *shapes) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	text, err := dec.ReadValue()
	if err != nil {
		return err
	}
	return json.Unmarshal(text.Clone(), (*[]shape)(s), dec.Options())
}

// A discriminator that isn't the first member is looked up in the text that its union is in.
func TestUnionsInATextOfItsOwn(t *testing.T) {
	const text = `{"before":1,"shapes":[
		{"kind":"circle","radius":2},
		{"radius":3,"kind":"circle"},
		{"shapes":[{"radius":4,"kind":"circle"}],"before":5,"kind":"group"}
	],"kind":"group"}`
	want := shape{Group: &group{1, shapes{
		{Circle: &circle{2}}, {Circle: &circle{3}}, {Group: &group{5, shapes{{Circle: &circle{4}}}}},
	}}}
	var got shape
	require.NoError(t, json.Unmarshal([]byte(text), &got, jsontype.Options(false, true)))
	assert.Equal(t, want, got)
}

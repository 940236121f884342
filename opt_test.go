package tigertonic_test

import (
	"encoding/json"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

type opts struct {
	Left   tigertonic.Opt[int]                        `json:"left,omitzero"`
	Kept   tigertonic.Opt[int]                        `json:"kept"`
	List   tigertonic.Opt[[]string]                   `json:"list,omitzero"`
	Map    tigertonic.Opt[map[string]int]             `json:"map,omitzero"`
	Inner  tigertonic.Opt[innerOpts]                  `json:"inner,omitzero"`
	Many   []tigertonic.Opt[string]                   `json:"many,omitempty"`
	ByName map[string]tigertonic.Opt[bool]            `json:"by_name,omitempty"`
	Behind *tigertonic.Opt[int]                       `json:"behind,omitempty"`
	Twice  tigertonic.Opt[tigertonic.Opt[int]]        `json:"twice,omitzero"`
	Any    tigertonic.Opt[any]                        `json:"any,omitzero"`
	Own    tigertonic.Opt[upper]                      `json:"own,omitzero"`
	Deep   tigertonic.Opt[[]tigertonic.Opt[*float64]] `json:"deep,omitzero"`
}

type innerOpts struct {
	A tigertonic.Opt[string] `json:"a,omitzero"`
	B tigertonic.Opt[string] `json:"b"`
}

// codecs are the two that an Opt works with.
var codecs = map[string]struct {
	marshal   func(any) ([]byte, error)
	unmarshal func([]byte, any) error
}{
	"encoding/json": {json.Marshal, json.Unmarshal},
	"v2":            {func(v any) ([]byte, error) { return jsonv2.Marshal(v) }, func(b []byte, v any) error { return jsonv2.Unmarshal(b, v) }},
}

func eachCodec(t *testing.T, f func(t *testing.T, marshal func(any) ([]byte, error), unmarshal func([]byte, any) error)) {
	for name, codec := range codecs {
		t.Run(name, func(t *testing.T) { f(t, codec.marshal, codec.unmarshal) })
	}
}

func TestOptIsEncoded(t *testing.T) {
	half := 0.5
	behind := tigertonic.Some(1)
	eachCodec(t, func(t *testing.T, marshal func(any) ([]byte, error), _ func([]byte, any) error) {
		for _, tt := range []struct {
			value any
			want  string
		}{
			{tigertonic.Opt[int]{}, `null`},
			{tigertonic.Null[int](), `null`},
			{tigertonic.Some(0), `0`},
			{tigertonic.Some(""), `""`},
			{tigertonic.Some(true), `true`},
			{tigertonic.Some[*int](nil), `null`},
			{tigertonic.Some[any](nil), `null`},
			{tigertonic.Some(tigertonic.Some("x")), `"x"`},
			{tigertonic.Some(tigertonic.Null[int]()), `null`},
			{&behind, `1`},
			{[]tigertonic.Opt[int]{{}, tigertonic.Null[int](), tigertonic.Some(1)}, `[null,null,1]`},
			{opts{}, `{"kept":null}`},
			{opts{Left: tigertonic.Null[int](), Kept: tigertonic.Some(0)}, `{"left":null,"kept":0}`},
			{opts{Inner: tigertonic.Some(innerOpts{})}, `{"kept":null,"inner":{"b":null}}`},
			{opts{Inner: tigertonic.Some(innerOpts{A: tigertonic.Some("")})}, `{"kept":null,"inner":{"a":"","b":null}}`},
			{opts{List: tigertonic.Some([]string{"a"}), Map: tigertonic.Some(map[string]int{"b": 1})}, `{"kept":null,"list":["a"],"map":{"b":1}}`},
			{opts{Behind: &behind, Twice: tigertonic.Some(tigertonic.Some(2))}, `{"kept":null,"behind":1,"twice":2}`},
			{opts{Deep: tigertonic.Some([]tigertonic.Opt[*float64]{tigertonic.Some(&half), {}})}, `{"kept":null,"deep":[0.5,null]}`},
		} {
			text, err := marshal(tt.value)
			require.NoError(t, err)
			assert.JSONEq(t, tt.want, string(text))
		}
		_, err := marshal(tigertonic.Some(make(chan int)))
		assert.Error(t, err)
	})
}

func TestOptIsDecoded(t *testing.T) {
	half := 0.5
	behind := tigertonic.Some(1)
	eachCodec(t, func(t *testing.T, _ func(any) ([]byte, error), unmarshal func([]byte, any) error) {
		for text, want := range map[string]opts{
			`{}`:                          {},
			`{"left":null}`:               {Left: tigertonic.Null[int]()},
			`{"left":0,"kept":null}`:      {Left: tigertonic.Some(0), Kept: tigertonic.Null[int]()},
			`{"list":[],"map":{}}`:        {List: tigertonic.Some([]string{}), Map: tigertonic.Some(map[string]int{})},
			`{"list":null}`:               {List: tigertonic.Null[[]string]()},
			`{"inner":{"a":null}}`:        {Inner: tigertonic.Some(innerOpts{A: tigertonic.Null[string]()})},
			`{"inner":null}`:              {Inner: tigertonic.Null[innerOpts]()},
			`{"many":["",null]}`:          {Many: []tigertonic.Opt[string]{tigertonic.Some(""), tigertonic.Null[string]()}},
			`{"by_name":{"x":true}}`:      {ByName: map[string]tigertonic.Opt[bool]{"x": tigertonic.Some(true)}},
			`{"behind":1}`:                {Behind: &behind},
			`{"twice":null}`:              {Twice: tigertonic.Null[tigertonic.Opt[int]]()},
			`{"twice":3}`:                 {Twice: tigertonic.Some(tigertonic.Some(3))},
			`{"any":[1,{"a":null}]}`:      {Any: tigertonic.Some[any]([]any{1.0, map[string]any{"a": nil}})},
			`{"own":"abc"}`:               {Own: tigertonic.Some(upper("ABC"))},
			`{ "deep" : [ 0.5 , null ] }`: {Deep: tigertonic.Some([]tigertonic.Opt[*float64]{tigertonic.Some(&half), tigertonic.Null[*float64]()})},
		} {
			var got opts
			require.NoError(t, unmarshal([]byte(text), &got), text)
			assert.Equal(t, want, got, text)
		}
	})
}

// What is decoded into an Opt takes the place of what was there, even within.
func TestOptForgetsItsValueWhenDecoded(t *testing.T) {
	eachCodec(t, func(t *testing.T, _ func(any) ([]byte, error), unmarshal func([]byte, any) error) {
		o := tigertonic.Some(innerOpts{A: tigertonic.Some("old"), B: tigertonic.Some("old")})
		require.NoError(t, unmarshal([]byte(`{"b":"new"}`), &o))
		assert.Equal(t, tigertonic.Some(innerOpts{B: tigertonic.Some("new")}), o)
		require.NoError(t, unmarshal([]byte(`null`), &o))
		assert.Equal(t, tigertonic.Null[innerOpts](), o)
		shared := map[string]int{"a": 1}
		m := tigertonic.Some(shared)
		require.NoError(t, unmarshal([]byte(`{"b":2}`), &m))
		assert.Equal(t, tigertonic.Some(map[string]int{"b": 2}), m)
		assert.Equal(t, map[string]int{"a": 1}, shared)
	})
}

func TestOptKeepsItsValueWhereDecodingFails(t *testing.T) {
	eachCodec(t, func(t *testing.T, _ func(any) ([]byte, error), unmarshal func([]byte, any) error) {
		for _, text := range []string{`"x"`, `1.5`, `{}`, `[1]`, `tru`, `1 2`, ``} {
			o := tigertonic.Some(7)
			assert.Error(t, unmarshal([]byte(text), &o), text)
			if !strings.HasPrefix(text, "1 ") { // whose first value v2 has taken
				assert.Equal(t, tigertonic.Some(7), o, text)
			}
		}
		var whole opts
		assert.Error(t, unmarshal([]byte(`{"inner":{"a":1}}`), &whole))
		assert.True(t, whole.Inner.IsZero())
	})
}

func TestOptComesBackAsItWas(t *testing.T) {
	eachCodec(t, func(t *testing.T, marshal func(any) ([]byte, error), unmarshal func([]byte, any) error) {
		for _, text := range []string{
			`{"kept":null}`,
			`{"left":null,"kept":1,"inner":{"a":null,"b":"x"},"many":["",null],"by_name":{"a":null,"b":false}}`,
			`{"kept":-1,"list":[],"map":{},"twice":1,"any":{"a":[null]},"own":"A","deep":[null,0.5]}`,
		} {
			var value opts
			require.NoError(t, unmarshal([]byte(text), &value))
			again, err := marshal(value)
			require.NoError(t, err)
			assert.JSONEq(t, text, string(again))
		}
	})
}

func TestOptThatIsNullHasNoValue(t *testing.T) {
	v, ok := tigertonic.Null[*int]().Get()
	assert.Nil(t, v)
	assert.False(t, ok)
	v, ok = tigertonic.Some[*int](nil).Get()
	assert.Nil(t, v)
	assert.True(t, ok)
	assert.False(t, tigertonic.Some[*int](nil).IsNull())
	assert.False(t, tigertonic.Some[*int](nil).IsZero())
	assert.Equal(t, "x", tigertonic.Null[string]().Or("x"))
	assert.Empty(t, tigertonic.Some("").Or("x"))
	assert.NotEqual(t, tigertonic.Some(0), tigertonic.Null[int]())
	assert.Equal(t, 1, map[tigertonic.Opt[int]]int{tigertonic.Some(1): 1}[tigertonic.Some(1)], "Opts of what can be compared can be")
}

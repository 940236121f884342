package codec_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
)

type mark struct{ jsontype.UnionMark }

type shape struct {
	mark   `discriminator:"kind"`
	Circle *circle `variant:"circle"`
	Group  *group  `variant:"group"`
	Dot    *dot    `variant:"dot"`
}

type circle struct {
	Radius uint8  `json:"radius" minimum:"1"`
	Color  string `json:"color" default:"red"`
}

type group struct {
	Shapes []shape `json:"shapes"`
	Frame  *shape  `json:"frame,omitempty"`
	Back   shape   `json:"back,omitzero"`
}

type dot struct{}

// shapeTexts are the JSON of shapes, and what is none.
var shapeTexts = []string{
	`{"kind":"circle","radius":1}`, `{"radius":1,"kind":"circle","color":"blue"}`, ` { "color" : "}" , "k\u0069nd" : "circl\u0065" , "radius" : 255 } `, `{"kind":"dot"}`,
	`{"kind":"group","shapes":[{"kind":"dot"},{"radius":7,"kind":"circle"}],"frame":{"kind":"dot"}}`, `{"shapes":[{"shapes":[],"kind":"group"}],"frame":null,"kind":"group"}`,
	`{"kind":"group","shapes":[],"back":{"kind":"circle","radius":1}}`,
	`{}`, `[]`, `null`, `{"kind":null}`, `{"kind":"square"}`, `{"kind":1}`, `{"radius":1}`, `{"kind":"circle"}`, `{"kind":"circle","radius":0}`, `{"kind":"circle","kind":"circle","radius":1}`,
	`{"kind":"dot","radius":1}`, `{"kind":"dot",}`, `{"kind":"dot"`, `{"kind":"dot`, `{"kind"`, `{"radius":1,"kind"`, `{"radius":1,"kind":"circle"`, `{"radius":1 "kind":"circle"}`, `{"radius":]`, `{"x":1,"kind":"dot"}`,
	`{"kind":"circle","radius":"x"}`, `{"kind":"group","shapes":[{"kind":"square"}]}`, `{"kind":"group","shapes":[null]}`,
}

// The oracle is the JSON library, with the check.
func TestUnionsAreDecodedAsTheLibraryDoes(t *testing.T) {
	decoded := 0
	for _, text := range shapeTexts {
		if decode[shape](t, text) {
			decoded++
		}
	}
	assert.Equal(t, 7, decoded, "the first ones")
	assert.True(t, decode[[]shape](t, "["+strings.Join(shapeTexts[:7], ",")+"]"))
	assert.False(t, decode[shape](t, strings.Repeat(`{"kind":"group","shapes":[`, 100)+strings.Repeat("]}", 100)), "too deep")
	assert.False(t, decode[shape](t, strings.Repeat(`{"shapes":[`, 90)+strings.Repeat(`],"kind":"group"}`, 90)), "too much to go through again")

	rnd := rand.New(rand.NewPCG(5, 6))
	for range 5_000 {
		text := []byte(shapeTexts[rnd.IntN(len(shapeTexts))])
		text[rnd.IntN(len(text))] = `{}[]":, \1ax`[rnd.IntN(12)]
		decode[shape](t, string(text))
	}
}

func FuzzUnionDecoder(f *testing.F) {
	for _, text := range shapeTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { decode[[]shape](t, "["+text+"]") })
}

func TestUnionsAreEncodedAsTheLibraryDoes(t *testing.T) {
	round := shape{Circle: &circle{1, "\u2028"}}
	requireEncoded(t, round)
	requireEncoded(t, []shape{round, {Dot: &dot{}}, {Group: &group{Shapes: []shape{round}, Frame: &round}}})
	requireEncoded(t, map[string]*shape{"a": &round, "b": nil})
	requireEncoded(t, any(&round))
	encode(t, shape{})
	encode(t, shape{Circle: &circle{}, Dot: &dot{}})
	encode(t, []shape{round, {Circle: &circle{Color: "\xff"}}})
}

// A union that the library alone can decode is left to it.
func TestUnionsThatOnlyTheLibraryDecodes(t *testing.T) {
	for _, of := range []reflect.Type{
		reflect.TypeFor[struct {
			mark `discriminator:"kind"`
			A    *struct {
				Rest map[string]int `json:",embed"`
			} `variant:"a"`
		}](),
		reflect.TypeFor[struct {
			mark `discriminator:"kind"`
			A    *struct {
				*Base
			} `variant:"a"`
		}](),
	} {
		var c typeschema.Compiler
		k, err := check.Compile(c.Schema(of))
		require.NoError(t, err)
		require.NoError(t, c.Finish())
		assert.Nil(t, codec.CompileDecoder(of, k), of)
	}
}

type account struct {
	Name   string `json:"name"`
	Secret string `json:"secret" writeOnly:"true"`
	More   any    `json:"more,omitempty"`
}

// What must not be sent isn't, however it is held, or nothing is.
func TestFieldsThatAreLeftOut(t *testing.T) {
	without := codec.Omission{Tag: "writeOnly"}
	b := codec.NewBuffer()
	defer b.Release()
	ada := account{Name: "Ada", Secret: "s"}
	type whole struct {
		In any `json:"in"`
	}
	for _, c := range []struct {
		value any
		want  string
	}{
		{&ada, `{"name":"Ada"}`},
		{&whole{ada}, `{"in":{"name":"Ada"}}`},
		{&whole{[]any{&ada, map[string]account{"a": ada}}}, `{"in":[{"name":"Ada"},{"a":{"name":"Ada"}}]}`},
		{&account{Name: "Ada", More: &ada}, `{"name":"Ada","more":{"name":"Ada"}}`},
	} {
		b.Reset()
		f := codec.CompileEncoder(reflect.TypeOf(c.value).Elem(), without, hasJSON)
		require.NoError(t, b.AppendJSON(c.value, f, jsontype.Options(true, true)))
		assert.Equal(t, c.want, b.String())
	}

	type odd struct { // which has no schema, so only the library encodes it
		Account []map[string]account `json:"account"`
		Number  int                  `json:"'n'"`
	}
	never := func(t reflect.Type) bool { return t != reflect.TypeFor[odd]() }
	for _, value := range []any{&whole{odd{}}, &whole{account{Name: "\xff"}}, &whole{account{Name: "Ada", More: func() {}}}} {
		b.Reset()
		err := b.AppendJSON(value, codec.CompileEncoder(reflect.TypeOf(value).Elem(), without, never), jsontype.Options(true, true))
		require.Error(t, err, "%v", value)
		assert.Zero(t, b.Len())
	}
	nested := func(v any) any {
		for range 600 {
			v = []any{v}
		}
		return v
	}
	held := opt[any]{}
	*held.ValuePointer(true).(*any) = ada
	for _, value := range []any{
		nested(ada), nested([1]any{&ada}), []any{nested(1), struct{ A *account }{&ada}}, []any{nested(1), map[string]any{"a": ada}}, []any{nested(1), held},
	} {
		b.Reset()
		err := b.AppendJSON(&whole{value}, codec.CompileEncoder(reflect.TypeFor[whole](), without, hasJSON), jsontype.Options(true, true))
		require.ErrorContains(t, err, "nested too deep", "%T", value)
		assert.Zero(t, b.Len())
	}
	// A struct that only the library encodes is refused rather than sent with what it holds.
	type leaf struct {
		At int `json:"at,case:ignore"`
		In any `json:"in"`
	}
	type static struct {
		At int `json:"at,case:ignore"`
		In []account
	}
	for _, value := range []any{&leaf{In: ada}, &whole{leaf{In: &ada}}, &whole{opt[leaf]{leaf{In: ada}, 2}}, &static{In: []account{ada}}, &whole{static{}}, &struct{ S []static }{[]static{{}}}} {
		b.Reset()
		err := b.AppendJSON(value, codec.CompileEncoder(reflect.TypeOf(value).Elem(), without, hasJSON), jsontype.Options(true, true))
		require.ErrorContains(t, err, "has types that can't have them", "%T: %s", value, b)
		assert.Zero(t, b.Len())
	}
	requireEncoded(t, &whole{leaf{In: 1}})
	requireEncoded(t, &whole{[]any{nested(1), point{}, nil, (*base)(nil), map[string]int{"a": 1}, struct{ At time.Time }{}}})
}

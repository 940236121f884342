package jsontype_test

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

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

// A figure is a union that is nested by the codec alone.
type figure struct {
	mark   `discriminator:"kind"`
	Circle *circle  `variant:"circle"`
	Pair   *figures `variant:"pair"`
	hidden int
}

type figures struct {
	Left  figure            `json:"left"`
	Right *figure           `json:"right,omitempty"`
	Named map[string]figure `json:"named,omitempty"`
}

// A plainFigure is what a figure is by the rule: an object without its discriminator.
type plainFigure struct {
	Circle *circle
	Pair   *plainFigures
}

type plainFigures struct {
	Left  plainFigure            `json:"left"`
	Right *plainFigure           `json:"right,omitempty"`
	Named map[string]plainFigure `json:"named,omitempty"`
}

func (p *plainFigure) UnmarshalJSON(text []byte) error {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return err
	}
	var kind string
	if value := members["kind"]; value.Kind() != '"' {
		return fmt.Errorf("kind is %s", value)
	} else if err := json.Unmarshal(value, &kind); err != nil {
		return err
	}
	delete(members, "kind")
	rest, err := json.Marshal(members)
	if err != nil {
		return err
	}
	switch kind {
	case "circle":
		p.Circle = new(circle)
		return json.Unmarshal(rest, p.Circle)
	case "pair":
		p.Pair = new(plainFigures)
		return json.Unmarshal(rest, p.Pair)
	}
	return fmt.Errorf("kind is %q", kind)
}

func (p *plainFigure) union() (f figure) {
	f.Circle = p.Circle
	if p.Pair == nil {
		return f
	}
	f.Pair = &figures{Left: p.Pair.Left.union()}
	if p.Pair.Right != nil {
		right := p.Pair.Right.union()
		f.Pair.Right = &right
	}
	if p.Pair.Named != nil {
		f.Pair.Named = map[string]figure{}
	}
	for name, named := range p.Pair.Named {
		f.Pair.Named[name] = named.union()
	}
	return f
}

var figureTexts = []string{
	`{"kind":"circle","radius":1}`, `{"radius":1,"kind":"circle"}`, ` { "k\u0069nd" : "circl\u0065" }`, `{"kind":"circle","radius":1,"more":[{}]}`,
	`{"kind":"pair","left":{"kind":"circle"},"right":{"left":{"radius":2,"kind":"circle"},"kind":"pair"}}`,
	`{"named":{"a":{"left":null,"kind":"pair"},"kind":{"kind":"circle"}},"right":null,"kind":"pair"}`,
	`{"left":{"named":{"x":{"more":"a text that is longer than a short span of text is}","radius":4,"kind":"circle"}},"kind":"pair"},"kind":"pair"}`,
	`null`, `[]`, `1`, `"circle"`, `{}`, `{"kind":null}`, `{"kind":"square"}`, `{"kind":1,"radius":1}`, `{"kind":"circle","kind":"circle"}`,
	`{"kind":"circle"`, `{"kind"`, `{"kind":"circle`, `{"radius":1,"kind":"circle"`, `{"kind":"circle","radius":"x"}`, `{"kind":"circle\`,
	`{"kind":"pair","left":{"kind":"square"}}`, `{"left":{"radius":"x","kind":"circle"},"kind":"pair"}`, `{"Kind":"circle"}`, "{\"kind\":\"circle\",\"\xff\":1}",
}

// requireFigure decodes a text, and holds what comes of it against the rule.
func requireFigure(t *testing.T, text string) {
	t.Helper()
	options := jsontype.Options(false, true)
	var plain plainFigure
	plainErr := json.Unmarshal([]byte(text), &plain)
	want := plain.union()
	for _, reader := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
		var got figure
		err := json.UnmarshalRead(reader, &got, options)
		require.Equal(t, plainErr == nil, err == nil, "%q: %v, %v", text, err, plainErr)
		if err != nil {
			continue
		}
		require.Equal(t, want, got, "%q", text)
		written, err := json.Marshal(&got, options)
		if want.Circle == nil && (want.Pair == nil || want.Pair.Left.Circle == nil) {
			continue // one that is null isn't written
		}
		if err == nil {
			var again figure
			require.NoError(t, json.Unmarshal(written, &again, options), "%s", written)
			require.Equal(t, got, again, "%s", written)
		}
	}
}

// The oracle takes an object apart and decodes what is left of it as the variant.
func TestUnionsAreDecodedWhereverTheirDiscriminatorStands(t *testing.T) {
	for _, text := range figureTexts {
		requireFigure(t, text)
	}
}

func FuzzUnions(f *testing.F) {
	for _, text := range figureTexts {
		f.Add(text)
	}
	f.Fuzz(requireFigure)
}

func TestUnionsAreWrittenWithTheirDiscriminatorFirst(t *testing.T) {
	options := jsontype.Options(true, true)
	round := figure{Circle: &circle{1}}
	text, err := json.Marshal(figure{Pair: &figures{Left: round, Named: map[string]figure{"b": round, "a": round}}}, options)
	require.NoError(t, err)
	assert.JSONEq(t, `{"kind":"pair","left":{"kind":"circle","radius":1},"named":{"a":{"kind":"circle","radius":1},"b":{"kind":"circle","radius":1}}}`, string(text))
	assert.True(t, strings.HasPrefix(string(text), `{"kind":"pair",`), "%s", text)

	for want, value := range map[string]any{
		"the union jsontype_test.figure has no variant that is set: one of Circle, Pair must be":                   figure{hidden: 1},
		"the union jsontype_test.figure has two variants that are set, Circle and Pair: exactly one must be":       []figure{{Circle: &circle{}, Pair: &figures{}}},
		"jsontype_test.carrier embeds a union":                                                                     carrier{round},
		`the embedded mark has no tag discriminator:"…" with the name of the member that says which variant it is`: struct{ mark }{},
	} {
		_, err := json.Marshal(value, options)
		assert.ErrorContains(t, err, want)
	}
}

// A carrier has the methods of the union that it embeds.
type carrier struct{ figure }

func TestErrorsOfUnionsNameTheirPlace(t *testing.T) {
	const values = " is missing, which must be one of circle, pair"
	for text, want := range map[string]string{
		`{"radius":1}`:                      `the member "kind"` + values,
		`{"kind":"pair","left":{"kind":1}}`: `within "/left": the member "kind" must be one of circle, pair`,
		`{"named":{"a/b":{"kind":"square"}},"kind":"pair","left":{}}`:                 `within "/named/a~1b": the member "kind" is "square", which must be one of circle, pair`,
		`{"left":{"radius":"x","kind":"circle"},"kind":"pair"}`:                       `into Go int within "/left/radius"`,
		`{"kind":"pair","left":{"kind":"pair","left":{"radius":{},"kind":"circle"}}}`: `into Go int within "/left/left/radius"`,
		`{"kind":"pair","left":7}`:                                                    `within "/left": a union is an object`,
	} {
		var f figure
		assert.ErrorContains(t, json.Unmarshal([]byte(text), &f, jsontype.Options(false, true)), want, text)
		assert.Zero(t, f, text)
	}
	for _, value := range []any{new(carrier), new(struct{ mark })} {
		assert.Error(t, json.Unmarshal([]byte(`{"kind":"circle"}`), value, jsontype.Options(false, true)), "%T", value)
	}
}

func TestUnionsAreDescribedByTheirFields(t *testing.T) {
	u, err := jsontype.UnionOf(reflect.TypeFor[figure]())
	require.NoError(t, err)
	assert.Equal(t, reflect.TypeFor[figure](), u.Type)
	assert.Equal(t, "kind", u.Discriminator)
	assert.Equal(t, "circle, pair", u.Values())
	require.Len(t, u.Variants, 2)
	pair := u.Variants[1]
	assert.Equal(t, []any{"Pair", "pair", 2, reflect.TypeFor[figures]()}, []any{pair.Field, pair.Value, pair.Index, pair.Elem})
	assert.Equal(t, pair.Elem, jsontype.VariantIn(pair.Whole))
	assert.Equal(t, pair.Elem, jsontype.VariantIn(pair.Elem))
	i, ok := u.Of([]byte("pair"))
	assert.Equal(t, []any{1, true}, []any{i, ok})
	_, ok = u.Of([]byte("Pair"))
	assert.False(t, ok)

	empty := u.New(1, reflect.Value{})
	assert.Equal(t, "pair", empty.Field(0).String())
	assert.True(t, empty.Field(1).IsZero())
	of := reflect.New(u.Type).Elem()
	u.Set(of, 1, empty)
	assert.Equal(t, figure{Pair: &figures{}}, of.Interface())

	for of, want := range map[reflect.Type][2]bool{
		reflect.TypeFor[figure]():             {true, false},
		reflect.TypeFor[carrier]():            {false, true},
		reflect.TypeFor[*figure]():            {false, false},
		reflect.TypeFor[circle]():             {false, false},
		reflect.TypeFor[struct{ mark }]():     {true, false},
		reflect.TypeFor[jsontype.UnionMark](): {false, true},
	} {
		assert.Equal(t, want, [2]bool{jsontype.IsUnion(of), jsontype.HasUnionsMethods(of)}, of)
		if !want[0] {
			none, err := jsontype.UnionOf(of)
			assert.Nil(t, none, of)
			assert.NoError(t, err, of)
		}
	}
}

func TestUnionsThatCannotBeAreToldInFull(t *testing.T) {
	type kinded struct {
		Kind string `json:"kind"`
	}
	const pointer = "a variant is a pointer to a struct, for it is nil if it is another"
	const plain = "a variant is a struct whose fields are the members, not one with a form of its own"
	for _, c := range []struct {
		of   reflect.Type
		want []string
	}{
		{reflect.TypeFor[struct {
			mark `discriminator:"k"`
		}](), []string{"it has no variants, which are pointers to structs with the tag variant"}},
		{reflect.TypeFor[struct {
			mark `discriminator:"a,b"`
		}](), []string{`the embedded mark has no tag discriminator:"…" with the name of the member that says which variant it is`}},
		{reflect.TypeFor[struct {
			mark    `discriminator:"kind"`
			A       *circle
			B       circle          `variant:"b"`
			C       *int            `variant:"c"`
			D       *circle         `variant:"d" json:"d"`
			E       *figure         `variant:"e"`
			F       *time.Time      `variant:"f"`
			G       *optional[int]  `variant:"g"`
			H       *jsontext.Value `variant:"h"`
			I       *kinded         `variant:"i"`
			*circle `variant:"j"`
			K       *circle `variant:"k"`
			L       *group  `variant:"k"`
		}](), []string{
			`A: a field of a union has a tag variant:"…" with the discriminator's value`, "B: " + pointer, "C: " + pointer,
			"D: a variant has no name in JSON, so no tag json", "E: a variant can't be a union: list its variants", "F: " + plain, "G: " + plain, "H: " + pointer,
			`I: jsontype_test.kinded has a member "kind", which is the discriminator: the union writes and reads that itself`,
			"circle: a variant is a field with a name, not embedded", `L: variant:"k" is that of K, too`,
		}},
	} {
		u, err := jsontype.UnionOf(c.of)
		assert.Nil(t, u)
		assert.EqualError(t, err, strings.Join(c.want, "\n"))
	}
	_, _, err := jsontype.Fields(reflect.TypeFor[struct{ figure }](), false)
	assert.EqualError(t, err, "struct { jsontype_test.figure }.figure: a union that is embedded would give the struct its form: make it a field with a name")
}

package typeschema_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
)

type mark struct{ jsontype.UnionMark }

type shape struct {
	mark   `discriminator:"kind"`
	Circle *circle `variant:"circle"`
	Group  *struct {
		Shapes []shape `json:"shapes"`
	} `variant:"group"`
}

type circle struct {
	Radius int8   `json:"radius" minimum:"1"`
	Color  string `json:"color,omitzero"`
}

type carrier struct{ shape }

func TestUnionsAreOneOfTheirVariants(t *testing.T) {
	var c typeschema.Compiler
	s := c.Schema(reflect.TypeFor[shape]())
	require.NoError(t, c.Finish())
	assert.True(t, c.HasUnions())
	assert.Equal(t, "shape", s.Name)
	assert.Equal(t, "kind", s.Discriminator)
	require.Len(t, s.OneOf, 2)
	assert.Equal(t, `circle:shape object closed kind!(string const="circle") radius!(integer format=int8 min=1 max=127) color(string)`, short(s.OneOf[0]))
	assert.Equal(t, `shapeGroup:shape object closed kind!(string const="group") shapes!(array [shape])`, short(s.OneOf[1]))
	assert.Same(t, s, s.OneOf[1].Properties[1].Schema.Items)

	assert.Equal(t, "circle object closed radius!(integer format=int8 min=1 max=127) color(string)", short(c.Schema(reflect.TypeFor[circle]())), "alone it is another")
	pointer := c.Schema(reflect.TypeFor[*shape]())
	assert.Equal(t, "any(shape) any(null)", short(pointer))

	p := c.Schema(reflect.TypeFor[patch[shape]]())
	assert.Equal(t, "shape:patch any(circle:shape.patch) any(shapeGroup:shape.patch)", short(p), "a patch needn't say which it is")
	assert.Equal(t, `circle:shape.patch object closed kind(string const="circle") radius(integer format=int8 min=1 max=127) color(string|null)`, short(p.AnyOf[0]))

	output := typeschema.Compiler{Output: true}
	s = output.Schema(reflect.TypeFor[shape]())
	require.NoError(t, output.Finish())
	assert.Equal(t, "shape:output", short(s))
	assert.True(t, strings.HasPrefix(short(s.OneOf[0]), "circle:shape.output object"), short(s.OneOf[0]))
}

func TestUnionsThatCannotBeAreTold(t *testing.T) {
	for of, want := range map[reflect.Type]string{
		reflect.TypeFor[carrier](): "typeschema_test.carrier: a union that is embedded would give the struct its form: make it a field with a name",
		reflect.TypeFor[struct {
			mark `discriminator:"kind"`
			A    *circle
			B    circle `variant:"b"`
		}](): "struct{mark, A, B}: A: a field of a union has a tag variant:\"…\" with the discriminator's value\n" +
			"struct{mark, A, B}: B: a variant is a pointer to a struct, for it is nil if it is another",
		reflect.TypeFor[struct {
			mark `discriminator:"kind"`
			A    *circle                  `variant:"a" minItems:"1"`
			B    *struct{ C []chan bool } `variant:"b" querry:"q" xml:"b"`
		}](): "struct{mark, A, B}.A: a variant has no tag minItems\n" +
			"struct{mark, A, B}.B: there is no tag \"querry\"; is it \"query\"?\n" +
			"struct{C}.C: chan bool: a chan has no JSON",
	} {
		_, err := schemaOf(new(typeschema.Compiler), of)
		assert.EqualError(t, err, want)
	}
}

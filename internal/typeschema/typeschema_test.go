package typeschema_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/typeschema"
	"github.com/rcrowley/go-tigertonic/schema"
)

// short returns a schema in a line, in which those within it that have a name are named.
func short(s *schema.Schema) string { return shortWithin(s, true) }

func shortWithin(s *schema.Schema, whole bool) string {
	var b strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&b, " "+format, args...) }
	if s.Name != "" {
		add("%s", strings.TrimSuffix(s.Name+":"+s.Origin.Variant, ":"))
		if !whole {
			return strings.TrimSpace(b.String())
		}
	}
	if len(s.Types) > 0 {
		add("%s", strings.Join(s.Types, "|"))
	}
	for _, text := range []struct{ key, value string }{
		{"format", s.Format},
		{"pattern", s.Pattern},
		{"encoding", s.ContentEncoding},
		{"min", s.Minimum},
		{"max", s.Maximum},
		{"xmin", s.ExclusiveMinimum},
		{"xmax", s.ExclusiveMaximum},
		{"mul", s.MultipleOf},
		{"default", string(s.Default)},
		{"doc", s.Description},
	} {
		if text.value != "" {
			add("%s=%s", text.key, text.value)
		}
	}
	for _, n := range []struct {
		key string
		n   *int
	}{{"minLength", s.MinLength}, {"maxLength", s.MaxLength}, {"minItems", s.MinItems}, {"maxItems", s.MaxItems}, {"minProperties", s.MinProperties}, {"maxProperties", s.MaxProperties}} {
		if n.n != nil {
			add("%s=%d", n.key, *n.n)
		}
	}
	if s.UniqueItems {
		add("unique")
	}
	for _, e := range s.Enum {
		add("enum=%s", e)
	}
	if s.Const != nil {
		add("const=%s", s.Const)
	}
	if s.Title != "" {
		add("title=%s", s.Title)
	}
	if s.Deprecated {
		add("deprecated")
	}
	for _, e := range s.Examples {
		add("example=%s", e)
	}
	if s.Ref != nil {
		add("ref(%s)", shortWithin(s.Ref, false))
	}
	for _, a := range s.AnyOf {
		add("any(%s)", shortWithin(a, false))
	}
	if s.Items != nil {
		add("[%s]", shortWithin(s.Items, false))
	}
	if s.Closed {
		add("closed")
	}
	for _, p := range s.Properties {
		required := ""
		if p.Required {
			required = "!"
		}
		add("%s%s(%s)", p.Name, required, shortWithin(p.Schema, false))
	}
	if s.Additional != nil {
		add("*(%s)", shortWithin(s.Additional, false))
	}
	if s.PropertyNames != nil {
		add("names(%s)", shortWithin(s.PropertyNames, false))
	}
	return strings.TrimSpace(b.String())
}

type opt[T any] struct{ value T }

func (o *opt[T]) ValuePointer(bool) any { return &o.value }

type patch[T any] struct{}

func (*patch[T]) Prepare(any) reflect.Type { return reflect.TypeFor[T]() }

type Node struct {
	Next *Node `json:"next,omitzero"`
}

type list []list

type level int

func (level) MarshalText() ([]byte, error) { return nil, nil }

type custom struct{}

func (custom) MarshalJSON() ([]byte, error) { return nil, nil }

type described struct{}

func (described) JSONSchema() *schema.Schema { return &schema.Schema{Types: []string{"boolean"}} }

type undescribed struct{}

func (undescribed) JSONSchema() *schema.Schema { return nil }

type misdescribed struct{}

func (misdescribed) JSONSchema() *schema.Schema { return &schema.Schema{Pattern: "("} }

type contradicted struct{}

func (contradicted) JSONSchema() *schema.Schema {
	return &schema.Schema{Types: []string{"string"}, Default: json.RawMessage("1")}
}

func schemaOf(c *typeschema.Compiler, t reflect.Type) (string, error) {
	s := c.Schema(t)
	return short(s), c.Finish()
}

func TestTypesHaveSchemas(t *testing.T) {
	for _, c := range []struct {
		of   reflect.Type
		want string
	}{
		{reflect.TypeFor[bool](), "boolean"},
		{reflect.TypeFor[string](), "string"},
		{reflect.TypeFor[int8](), "integer format=int8 min=-128 max=127"},
		{reflect.TypeFor[uint16](), "integer format=uint16 min=0 max=65535"},
		{reflect.TypeFor[float32](), "number format=float"},
		{reflect.TypeFor[float64](), "number format=double"},
		{reflect.TypeFor[*bool](), "boolean|null"},
		{reflect.TypeFor[any](), ""},
		{reflect.TypeFor[time.Time](), "string format=date-time"},
		{reflect.TypeFor[time.Duration](), "string format=go-duration"},
		{reflect.TypeFor[netip.Addr](), "string format=ip"},
		{reflect.TypeFor[netip.Prefix](), "string format=cidr"},
		{reflect.TypeFor[netip.AddrPort](), "string format=ip-port"},
		{reflect.TypeFor[big.Int](), "integer"},
		{reflect.TypeFor[json.RawMessage](), ""},
		{reflect.TypeFor[jsontext.Value](), ""},
		{reflect.TypeFor[level](), "string"},
		{reflect.TypeFor[custom](), ""},
		{reflect.TypeFor[described](), "boolean"},
		{reflect.TypeFor[opt[bool]](), "boolean|null"},
		{reflect.TypeFor[[]byte](), "string encoding=base64"},
		{reflect.TypeFor[[3]byte](), "string pattern=[^=]$ encoding=base64 minLength=4 maxLength=4"},
		{reflect.TypeFor[[4]byte](), "string pattern=[^=]==$ encoding=base64 minLength=8 maxLength=8"},
		{reflect.TypeFor[[2]bool](), "array minItems=2 maxItems=2 [boolean]"},
		{reflect.TypeFor[[]bool](), "array [boolean]"},
		{reflect.TypeFor[map[string]bool](), "object *(boolean)"},
		{reflect.TypeFor[map[uint8]bool](), `object *(boolean) names(string format=uint8 pattern=^(0|-?[1-9][0-9]*)$)`},
		{reflect.TypeFor[map[netip.Addr]bool](), "object *(boolean)"},
		{reflect.TypeFor[struct {
			A int8   `json:"a,string"`
			B *uint8 `json:",string"`
			C opt[bool]
			D string `required:"true" json:",omitempty"`
			E string `default:"x"`
			F bool   `json:",omitzero"`
		}](), `object closed a!(string format=int8 pattern=^(0|-?[1-9][0-9]*)$) B(string|null format=uint8 pattern=^(0|-?[1-9][0-9]*)$) C(boolean|null) D!(string) E(string default="x") F(boolean)`},
		{reflect.TypeFor[struct {
			A bool
			M map[string]string `json:",embed"`
		}](), "object A!(boolean) *(string)"},
		{reflect.TypeFor[struct {
			F float64 `json:",string"`
		}](), `object closed F!(string format=double pattern=^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$)`},
		{reflect.TypeFor[patch[struct {
			A string `default:"x"`
			B bool
			C struct{ D bool }
			M map[string]bool
		}]](), `object closed A(string|null) B(boolean) C(object closed D(boolean)) M(object *(boolean|null))`},
		{reflect.TypeFor[patch[bool]](), "boolean"},
	} {
		got, err := schemaOf(new(typeschema.Compiler), c.of)
		require.NoError(t, err, c.of)
		assert.Equal(t, c.want, got, c.of)
	}
}

func TestTypesOfClassicHandlersHaveSchemas(t *testing.T) {
	for of, want := range map[reflect.Type]string{
		reflect.TypeFor[time.Duration]():       "integer format=int64 min=-9223372036854775808 max=9223372036854775807",
		reflect.TypeFor[json.Number]():         "number",
		reflect.TypeFor[[]byte]():              "string|null encoding=base64",
		reflect.TypeFor[[]bool]():              "array|null [boolean]",
		reflect.TypeFor[[2]bool]():             "array [boolean]",
		reflect.TypeFor[map[int8]bool]():       "object|null *(boolean) names(string format=int8 pattern=^[-+]?[0-9]+$)",
		reflect.TypeFor[struct{ A []level }](): "object A(array|null [string])",
		reflect.TypeFor[struct {
			A int8 `minimum:"x" default:"1" doc:"a"`
		}](): "object A(integer format=int8 min=-128 max=127 doc=a)",
	} {
		got, err := schemaOf(&typeschema.Compiler{Classic: true}, of)
		require.NoError(t, err)
		assert.Equal(t, want, got, of)
	}
}

func TestTypesMayContainThemselves(t *testing.T) {
	var c typeschema.Compiler
	s := c.Schema(reflect.TypeFor[Node]())
	require.NoError(t, c.Finish())
	assert.Same(t, s, c.Schema(reflect.TypeFor[Node]()))
	assert.Same(t, s, s.Properties[0].Schema.AnyOf[0])
	assert.Equal(t, "Node", s.Name)
	l := c.Schema(reflect.TypeFor[list]())
	assert.Equal(t, "list", l.Name)
	assert.Same(t, l, l.Items)
	p := c.Schema(reflect.TypeFor[patch[Node]]())
	assert.Equal(t, "patch", p.Origin.Variant)
	assert.Same(t, p, p.Properties[0].Schema.AnyOf[0])
	type leaf struct {
		Leaves []leaf `json:"leaves" maxItems:"3"`
	}
	type branch struct {
		Leaves []leaf `json:"leaves" maxItems:"2"`
	}
	b := c.Schema(reflect.TypeFor[branch]())
	assert.Equal(t, "branch object closed leaves!(array maxItems=2 [leaf])", short(b))
	assert.Equal(t, "leaf object closed leaves!(array maxItems=3 [leaf])", short(b.Properties[0].Schema.Items))
	o := typeschema.Compiler{Output: true}
	assert.Equal(t, "output", o.Schema(reflect.TypeFor[Node]()).Origin.Variant)
}

func TestTypesWithoutSchemasAreTold(t *testing.T) {
	type pointer *pointer
	for _, c := range []struct {
		of   reflect.Type
		want string
	}{
		{reflect.TypeFor[func()](), "func(): a func has no JSON"},
		{reflect.TypeFor[pointer](), "it is nothing but a pointer to itself"},
		{reflect.TypeFor[json.Number](), "json.Number: the codec takes it for a string"},
		{reflect.TypeFor[io.Reader](), "io.Reader: JSON can't be decoded into a reader"},
		{reflect.TypeFor[fmt.Stringer](), "fmt.Stringer: JSON can't be decoded into an interface with methods"},
		{reflect.TypeFor[map[time.Time]bool](), "a time.Time can't be the name of a member"},
		{reflect.TypeFor[map[bool]bool](), "a bool can't be the name of a member"},
		{reflect.TypeFor[undescribed](), "typeschema_test.undescribed: JSONSchema returned nil"},
		{reflect.TypeFor[misdescribed](), "JSONSchema: the schema without a name: pattern"},
		{reflect.TypeFor[contradicted](), "JSONSchema: the default 1 must be a string"},
		{reflect.TypeFor[struct{ A, B, C, D chan int }](), "struct{A, B, C, …}.A: chan int: a chan has no JSON"},
		{reflect.TypeFor[struct {
			A string `json:",string"`
		}](), "struct{A}.A: the option string is for numbers"},
		{reflect.TypeFor[struct {
			A string `json:",case:ignore"`
		}](), "struct{A}.A: case:ignore can't be described"},
		{reflect.TypeFor[struct {
			A string `required:"yes"`
		}](), `struct{A}.A: required:"yes" isn't required:"true"`},
		{reflect.TypeFor[struct {
			A string `required:"true" default:"x"`
		}](), "struct{A}.A: what is required has no default"},
		{reflect.TypeFor[struct {
			A int `json:"a,format:'x'"`
		}](), "struct{A}"},
		{reflect.TypeFor[struct {
			A struct {
				B int `json:"b,format:'x'"`
			} `json:",embed"`
		}](), "it embeds a"},
		{reflect.TypeFor[struct{ fmt.Stringer }](), "needs a name for its JSON"},
		{reflect.TypeFor[Node](), "typeschema_test.Node: not here"},
	} {
		compiler := typeschema.Compiler{Refused: func(t reflect.Type) string {
			if t == c.of && t == reflect.TypeFor[Node]() {
				return "not here"
			}
			return ""
		}}
		_, err := schemaOf(&compiler, c.of)
		assert.ErrorContains(t, err, c.want, c.of)
		assert.True(t, compiler.HasFailed())
	}
	_, err := schemaOf(&typeschema.Compiler{Output: true}, reflect.TypeFor[func()]())
	assert.ErrorContains(t, err, "a stream of values is an iter.Seq2[T, error]")
	_, err = schemaOf(&typeschema.Compiler{Output: true}, reflect.TypeFor[struct {
		A int `json:"'a',omitempty"`
	}]())
	assert.ErrorContains(t, err, "omitempty has only the sense of encoding/json/v2")
}

// tagged returns the schema, or what is wrong, of a field of type T with a tag.
func tagged[T any](tag string) string {
	t := reflect.StructOf([]reflect.StructField{{Name: "F", Type: reflect.TypeFor[T](), Tag: reflect.StructTag(tag)}})
	var c typeschema.Compiler
	s := c.Schema(t)
	if err := c.Finish(); err != nil {
		return strings.TrimPrefix(err.Error(), "struct{F}.F: ")
	}
	return short(s.Properties[0].Schema)
}

func TestTagsConstrain(t *testing.T) {
	const pairs = `: it is key:"value" pairs with a space between them`
	type Name string
	for _, c := range [][2]string{
		{tagged[string](`minLength:"1" maxLength:"2" pattern:"^a" format:"uuid"`), "string format=uuid pattern=^a minLength=1 maxLength=2"},
		{tagged[int8](`minimum:"0" exclusiveMaximum:"9" multipleOf:"3"`), "integer format=int8 min=0 xmax=9 mul=3"},
		{tagged[int8](`minimum:"-1000" maximum:"1000"`), "integer format=int8 min=-128 max=127"},
		{tagged[int8](`exclusiveMinimum:"-1000"`), "integer format=int8 min=-128 max=127"},
		{tagged[float64](`exclusiveMinimum:"0" maximum:"1e3"`), "number format=double max=1e3 xmin=0"},
		{tagged[[]string](`minItems:"1" maxItems:"2" uniqueItems:"true" maxLength:"3"`), "array minItems=1 maxItems=2 unique [string maxLength=3]"},
		{tagged[[]Node](`minItems:"1"`), "array minItems=1 [Node]"},
		{tagged[string](`enum:"a, b" default:"a" example:"b" doc:"why"`), `string default="a" doc=why enum="a" enum="b" example="b"`},
		{tagged[*int8](`enum:"1,2"`), "integer|null format=int8 min=-128 max=127 enum=1 enum=2 enum=null"},
		{tagged[[]int8](`enum:"[1,2]" default:"1,2"`), "array default=[1,2] [integer format=int8 min=-128 max=127 enum=1 enum=2]"},
		{tagged[bool](`default:"true"`), "boolean default=true"},
		{tagged[string](`const:"a" title:"T" deprecated:"true"`), `string const="a" title=T deprecated`},
		{tagged[*int8](`const:"1"`), "integer|null format=int8 min=-128 max=127 enum=1 enum=null"},
		{tagged[[]string](`const:"a"`), `array [string const="a"]`},
		{tagged[map[string]bool](`minProperties:"1" maxProperties:"2"`), "object minProperties=1 maxProperties=2 *(boolean)"},
		{tagged[struct{ A bool }](`default:"{\"A\":true}"`), `object default={"A":true} closed A!(boolean)`},
		{tagged[Name](`form:"x" env:"y" xml:"z"`), "string"},

		{tagged[string](`minimum:"1"`), `minimum:"1": a value of this type can't have minimum`},
		{tagged[time.Time](`maxLength:"1"`), `maxLength:"1": a value of this type can't have maxLength`},
		{tagged[int8](`minimum:"x"`), `minimum:"x": not a JSON number`},
		{tagged[int8](`multipleOf:"0"`), `multipleOf:"0": not above 0`},
		{tagged[string](`minLength:"-1"`), `minLength:"-1": not a count`},
		{tagged[[]string](`uniqueItems:"yes"`), `uniqueItems:"yes": not true`},
		{tagged[string](`format:"color"`)[:35], `format:"color": not a known format,`},
		{tagged[int8](`enum:""`), `enum:"": no value is named`},
		{tagged[int8](`enum:"[1"`), `enum:"[1": not a JSON array`},
		{tagged[int8](`enum:"a"`), `enum:"a": not an integer in JSON`},
		{tagged[int8](`default:"a"`), `default:"a": not an integer in JSON`},
		{tagged[int8](`default:"200"`), `the default 200 must be at most 127`},
		{tagged[int8](`minimum:"2" maximum:"1"`), `at least 2 and at most 1 allows nothing`},
		{tagged[big.Float](`default:"x"`), `the default "x" can't be its value`},
		{tagged[string](`oops`), `the tag "oops" is malformed` + pairs},
		{tagged[string](`a:"\q"`), `the tag "a:\"\\q\"" is malformed` + pairs},
		{tagged[string](`doc:"a" oops`), `the tag "doc:\"a\" oops" is malformed` + pairs},
		{tagged[string](`oops doc:"a"`), `the tag "oops doc:\"a\"" is malformed` + pairs},
		{tagged[string](`doc:"a", minLength:"1"`), `the tag "doc:\"a\", minLength:\"1\"" is malformed` + pairs},
		{tagged[string](`doc:"a"minLength:"1"`), `the tag "doc:\"a\"minLength:\"1\"" is malformed` + pairs},
		{tagged[string](`minLength: "1"`), `the tag "minLength: \"1\"" is malformed` + pairs},
		{tagged[string](`:"a"`), `the tag ":\"a\"" is malformed` + pairs},
		{tagged[string](`doc:"a" minLength:"1`), `the tag "doc:\"a\" minLength:\"1" is malformed` + pairs},
		{tagged[string](`discriminator:"kind"`), "the word discriminator isn't one that tags have: make a struct of the variants that embeds a Union"},
		{tagged[*struct{}](`variant:"circle"`), "the tag variant is for a struct that embeds a Union, which this one doesn't"},
		{tagged[string](`nullable:"x"`), "the word nullable isn't one that tags have: make the field a pointer or an Opt"},
		{tagged[int8](`const:"x"`), `const:"x": not an integer in JSON`},
		{tagged[int8](`const:"200"`), `const has 200, which must be at most 127`},
		{tagged[[]int8](`deprecated:"yes"`), `deprecated:"yes": not true`},
		{tagged[[]int8](`minProperties:"1"`), `minProperties:"1": a value of this type can't have minProperties`},
		{tagged[map[string]int8](`minProperties:"x"`), `minProperties:"x": not a count`},
		{tagged[map[string]int8](`minProperties:"2" maxProperties:"1"`), `at least 2 and at most 1 allows nothing`},
		{tagged[string](`max_length:"1"`), `there is no tag "max_length"; is it "maxLength"?`},
		{tagged[string](`patern:"1"`), `there is no tag "patern"; is it "pattern"?`},
	} {
		assert.Equal(t, c[1], c[0])
	}
}

func TestUnknownTags(t *testing.T) {
	for _, word := range []string{
		"nullable", "examples", "dependentRequired", "$ref", "additionalProperties", "contentEncoding", "allOf",
	} {
		assert.Contains(t, typeschema.UnknownWord(word), "isn't one that tags have")
	}
	for key, want := range map[string]string{
		"querry": "query", "qurey": "query", "min": "minimum", "max": "maximum", "description": "doc", "json2": "", "xml": "",
	} {
		assert.Equal(t, want, typeschema.Misspelt(key), key)
	}
	for _, known := range []string{"json", "query", "minimum", "form", "db"} {
		assert.Empty(t, typeschema.UnknownWord(known), known)
	}
	f, _ := reflect.TypeFor[struct {
		A int `header:"X-A"`
		B int
	}]().FieldByName("A")
	in, name, ok := typeschema.PlaceOf(f)
	assert.Equal(t, []any{"header", "X-A", true}, []any{in, name, ok})
	_, _, ok = typeschema.PlaceOf(reflect.StructField{})
	assert.False(t, ok)
}

func TestCompilersAreAskedMore(t *testing.T) {
	var c typeschema.Compiler
	assert.True(t, c.HasForm(reflect.TypeFor[time.Time]()))
	assert.False(t, c.HasForm(reflect.TypeFor[Node]()))
	assert.False(t, c.HasDurations())
	c.Schema(reflect.TypeFor[[]time.Duration]())
	assert.True(t, c.HasDurations())
	called := false
	c.Later(func() { called = true })
	c.Fail(fmt.Errorf("something"))
	assert.EqualError(t, c.Finish(), "something")
	assert.True(t, called)
	assert.EqualError(t, typeschema.Errorf(reflect.TypeFor[Node](), "Next", "no %d", 1), "typeschema_test.Node.Next: no 1")

	nullable := c.Schema(reflect.TypeFor[*int8]())
	assert.Equal(t, "integer format=int8 min=-128 max=127", short(typeschema.WithoutNull(nullable)))
	plain := c.Schema(reflect.TypeFor[int8]())
	assert.Same(t, plain, typeschema.WithoutNull(plain))
}

func TestMembersThatGoOneWay(t *testing.T) {
	type account struct {
		ID     string  `json:"id" readOnly:"true" minLength:"1"`
		Secret string  `json:"secret" writeOnly:"true"`
		Owner  *circle `json:"owner,omitempty" readOnly:"true"`
	}
	in, out := new(typeschema.Compiler), &typeschema.Compiler{Output: true}
	s := in.Schema(reflect.TypeFor[account]())
	require.NoError(t, in.Finish())
	assert.Equal(t, "account object closed id(string minLength=1) secret!(string) owner(any(circle) any(null))", short(s), "what is read only isn't required of clients")
	assert.True(t, s.Properties[0].Schema.ReadOnly && s.Properties[1].Schema.WriteOnly && s.Properties[2].Schema.ReadOnly)
	o := out.Schema(reflect.TypeFor[account]())
	require.NoError(t, out.Finish())
	assert.Equal(t, "account:output object closed id!(string minLength=1) owner(any(circle:output) any(null))", short(o), "what is write only isn't sent")

	p := in.Schema(reflect.TypeFor[patch[account]]())
	require.NoError(t, in.Finish())
	for i, readOnly := range []bool{true, false, true} {
		assert.Equal(t, readOnly, p.Properties[i].Schema.ReadOnly, p.Properties[i].Name)
	}
	classic, err := schemaOf(&typeschema.Compiler{Classic: true}, reflect.TypeFor[struct {
		A bool `readOnly:"no" writeOnly:"true"`
	}]())
	require.NoError(t, err)
	assert.Equal(t, "object A(boolean)", classic)

	for of, want := range map[reflect.Type]string{
		reflect.TypeFor[struct {
			A bool `readOnly:"true" writeOnly:"true"`
		}](): "struct{A}.A: a member that is readOnly and writeOnly goes nowhere",
		reflect.TypeFor[struct {
			A bool `readOnly:"true" default:"true"`
		}](): "struct{A}.A: what is readOnly has no default, for it isn't taken",
		reflect.TypeFor[struct {
			A bool `json:",case:ignore" writeOnly:"true"`
		}](): "struct{A}.A: case:ignore can't be described, and JSON is strict about case\n" +
			"struct{A}.A: a struct with readOnly or writeOnly fields has json tags with nothing but names, omitempty, omitzero and string",
		reflect.TypeFor[struct {
			A bool `readOnly:"yes"`
			B bool `writeOnly:"1"`
		}](): "struct{A, B}.A: readOnly:\"yes\": not true\nstruct{A, B}.B: writeOnly:\"1\": not true",
	} {
		_, err := schemaOf(new(typeschema.Compiler), of)
		assert.EqualError(t, err, want)
	}
}

func TestParametersAreConstrainedByTheirTags(t *testing.T) {
	of := reflect.TypeFor[struct {
		Page  int8   `query:"page" minimum:"1" doc:"which"`
		Page2 *int8  `query:"page2" enum:"1,2" default:"1"`
		When  circle `query:"c" doc:"named"`
		ID    string `path:"id" readOnly:"true"`
		Out   string `path:"out" writeOnly:"true"`
		File  string `query:"file" maxBytes:"1"`
		Types string `query:"types" mediaTypes:"image/png"`
	}]()
	var c typeschema.Compiler
	constrained := func(name string) string {
		f, ok := of.FieldByName(name)
		require.True(t, ok)
		return short(c.Constrain(c.Schema(f.Type), of, f))
	}
	assert.Equal(t, "integer format=int8 min=1 max=127 doc=which", constrained("Page"))
	assert.Equal(t, "integer|null format=int8 min=-128 max=127 default=1 enum=1 enum=2 enum=null", constrained("Page2"))
	assert.Equal(t, "doc=named ref(circle)", constrained("When"))
	require.NoError(t, c.Finish())
	for _, name := range []string{"ID", "Out", "File", "Types"} {
		constrained(name)
	}
	const where = "struct{Page, Page2, When, …}."
	assert.EqualError(t, c.Finish(), strings.Join([]string{
		where + "ID: readOnly is for members of JSON", where + "Out: writeOnly is for members of JSON",
		where + `File: maxBytes:"1": it is for files and for bodies that aren't JSON`, where + `Types: mediaTypes:"image/png": it is for files and for bodies that aren't JSON`,
	}, "\n"))
}

func TestNumbersOfBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1048576": 1 << 20, "10KiB": 10 << 10, "3MiB": 3 << 20, "1GiB": 1 << 30, "4TiB": 4 << 40, "4194304TiB": 1 << 62,
		"": -1, "-1": -1, "1.5MiB": -1, "1MB": -1, "MiB": -1, "1 MiB": -1, "4194305TiB": -1, "9223372036854775807": -1, "9223372036854775808": -1, "1KiBMiB": -1,
	} {
		assert.Equal(t, want, typeschema.Bytes(text), "%q", text)
	}
}

func TestMediaRanges(t *testing.T) {
	for text, want := range map[string]bool{
		"image/png": true, "image/*": true, "application/vnd.x+json": true, "x-a/y_z": true,
		"": false, "image": false, "image/": false, "/png": false, "*/*": false, "*/png": false, "image/p*": false, "Image/png": false, "image/png; q=1": false, "a/b/c": false,
	} {
		assert.Equal(t, want, typeschema.IsMediaRange(text), "%q", text)
	}
}

// The oracle is reflect.StructTag.
func FuzzTags(f *testing.F) {
	for _, tag := range []string{
		"", " ", `a:"b"`, ` json:"x,omitempty"  doc:"a \"b\" c" `, `a:"b"c:"d"`, `a: "b"`, `a:"b`, `a:'b'`, "a:`b`", `:"b"`, `a`, `a:"\q"`, `a:"b",c:"d"`, "a\x7f:\"b\"", `é:"b"`, `a:"b" a:"c"`, `a:"b" `, `a:"\u00e9"`,
	} {
		f.Add(tag)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tag := reflect.StructTag(text)
		seen := map[string]bool{}
		for key, value := range typeschema.TagsOf(tag) {
			if got, ok := tag.Lookup(key); !seen[key] && (!ok || got != value) {
				t.Fatalf("%q has %s:%q, for reflect it is %q, %v", text, key, value, got, ok)
			}
			seen[key] = true
		}
		if typeschema.Malformed(tag) == "" { // then what comes after the last pair would be another
			if _, ok := reflect.StructTag(strings.TrimRight(text, " ") + ` last:"1"`).Lookup("last"); !ok {
				t.Fatalf("%q isn't malformed, but reflect finds no tag after it", text)
			}
		}
	})
}

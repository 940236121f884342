package check_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/schema"
)

func raws(texts ...string) (values []json.RawMessage) {
	for _, text := range texts {
		values = append(values, json.RawMessage(text))
	}
	return values
}

func of(types ...string) *schema.Schema { return &schema.Schema{Types: types} }

func compile(t *testing.T, s *schema.Schema) *check.Check {
	t.Helper()
	k, err := check.Compile(s)
	require.NoError(t, err)
	return k
}

// wrong is a violation in one line.
func wrong(v check.Violation) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s=%s: %s", v.Pointer, v.Keyword, v.Limit, v.Detail))
}

func TestViolationsNameThePlaceTheKeywordAndItsLimit(t *testing.T) {
	node := &schema.Schema{Name: "Node", Types: []string{"object"}, Closed: true}
	node.Properties = []schema.Property{{Name: "next", Schema: &schema.Schema{AnyOf: []*schema.Schema{node, of("null")}}}}
	object := &schema.Schema{
		Types: []string{"object"}, Additional: of("integer"), PropertyNames: &schema.Schema{Types: []string{"string"}, MaxLength: new(3)},
		Properties: []schema.Property{{Name: "id", Required: true, Schema: of("integer")}, {Name: "a/b~c", Schema: of("string")}},
	}
	for _, c := range []struct {
		schema *schema.Schema
		value  string
		want   []string
	}{
		{of("string"), `"a"`, nil},
		{of("string"), `1`, []string{`type="string": must be a string`}},
		{of("boolean"), `null`, []string{`type="boolean": must be true or false`}},
		{of("integer"), `1.5`, []string{`type="integer": must be an integer`}},
		{of("integer"), `1.0`, nil},
		{of("integer"), `12e3`, nil},
		{of("integer"), `-0`, nil},
		{of("number"), `1.5`, nil},
		{of("array"), `{}`, []string{`type="array": must be an array`}},
		{of("object"), `[]`, []string{`type="object": must be an object`}},
		{of("string", "null"), `1`, []string{`type=["string","null"]: must be a string or null`}},
		{&schema.Schema{}, `[{}]`, nil},
		{&schema.Schema{MinLength: new(2), MaxLength: new(3)}, `"é"`, []string{`minLength=2: must be at least 2 characters long`}},
		{&schema.Schema{MinLength: new(1)}, `""`, []string{`minLength=1: must be at least 1 character long`}},
		{&schema.Schema{MinLength: new(2), MaxLength: new(3)}, `"éééé"`, []string{`maxLength=3: must be at most 3 characters long`}},
		{&schema.Schema{MaxLength: new(3)}, `"ééé"`, nil},
		{&schema.Schema{Pattern: "^a+$"}, `"ab"`, []string{`pattern="^a+$": must match ^a+$`}},
		{&schema.Schema{Format: "uuid"}, `"ab"`, []string{`format="uuid": must be a UUID`}},
		{&schema.Schema{ContentEncoding: "base64"}, `"a"`, []string{`contentEncoding="base64": must be base64 (RFC 4648 §4)`}},
		{&schema.Schema{ContentEncoding: "base64"}, `"YQ=="`, nil},
		{&schema.Schema{Enum: raws(`"b"`, `"a"`, `1`, `null`)}, `"c"`, []string{`enum=["b","a",1,null]: must be one of 1, a, b`}},
		{&schema.Schema{Enum: raws(`"b"`, `1.0`, `[1]`, `true`)}, `1`, nil},
		{&schema.Schema{Enum: raws(`"b"`, `1.0`, `[1]`, `true`)}, `2`, []string{`enum=["b",1.0,[1],true]: must be one of 1.0, [1], b, true`}},
		{&schema.Schema{Enum: raws(`"b"`, `1.0`, `[1]`, `true`)}, `[1.0]`, nil},
		{&schema.Schema{Enum: raws(`"b"`, `1.0`, `[1]`, `true`)}, `false`, []string{`enum=["b",1.0,[1],true]: must be one of 1.0, [1], b, true`}},
		{&schema.Schema{Minimum: "1"}, `0`, []string{`minimum=1: must be at least 1`}},
		{&schema.Schema{Maximum: "1"}, `1.1`, []string{`maximum=1: must be at most 1`}},
		{&schema.Schema{ExclusiveMinimum: "1"}, `1`, []string{`exclusiveMinimum=1: must be more than 1`}},
		{&schema.Schema{ExclusiveMaximum: "1"}, `1`, []string{`exclusiveMaximum=1: must be less than 1`}},
		{&schema.Schema{MultipleOf: "0.1"}, `0.25`, []string{`multipleOf=0.1: must be a multiple of 0.1`}},
		{&schema.Schema{Minimum: "1e40"}, `7`, []string{`minimum=1e40: must be at least 1e40`}},
		{&schema.Schema{Maximum: "1e40"}, `7`, nil},
		{&schema.Schema{Types: []string{"integer"}, Format: "int8"}, `128`, []string{`maximum=127: must be at most 127`}},
		{&schema.Schema{Types: []string{"integer"}, Format: "int8", Minimum: "-1000", Maximum: "1000"}, `-129`, []string{`minimum=-128: must be at least -128`}},
		{&schema.Schema{Types: []string{"number"}, Format: "float"}, `1e39`, []string{`format="float": must be a number of 32 bits (IEEE 754)`}},
		{&schema.Schema{Types: []string{"number"}, Format: "double"}, `1e-400`, []string{`format="double": must be a number of 64 bits (IEEE 754)`}},
		{&schema.Schema{Types: []string{"string"}, Format: "int8"}, `"200"`, []string{`format="int8": must be an integer from -128 to 127`}},
		{&schema.Schema{Types: []string{"string"}, Format: "float"}, `"x"`, []string{`format="float": must be a number of 32 bits (IEEE 754)`}},
		{&schema.Schema{Items: of("string"), MinItems: new(2)}, `[1]`, []string{`/0 type="string": must be a string`, `minItems=2: must have at least 2 items`}},
		{&schema.Schema{MaxItems: new(1)}, `[1,2]`, []string{`maxItems=1: must have at most 1 item`}},
		{&schema.Schema{Types: []string{"array"}, UniqueItems: true}, `[{"a":1,"b":2},{"b":2.0,"a":1}]`, []string{`uniqueItems=true: must have no item twice`}},
		{&schema.Schema{Types: []string{"array"}, UniqueItems: true}, `[1,"1",[1]]`, nil},
		{object, `{"id":1,"a/b~c":2,"x":"y","long":1}`, []string{
			`/a~1b~0c type="string": must be a string`, `/x type="integer": must be an integer`, `/long maxLength=3: must be at most 3 characters long`,
		}},
		{object, `{}`, []string{`/id required=: is required`}},
		{node, `{"next":{"next":null}}`, nil},
		{node, `{"next":{"last":1}}`, []string{`/next/last additionalProperties=false: is not known`}},
		{&schema.Schema{AnyOf: []*schema.Schema{of("string"), of("integer")}}, `true`, []string{`anyOf=: must have one of the allowed forms`}},
		{&schema.Schema{Ref: of("string"), MaxLength: new(1)}, `1`, []string{`type="string": must be a string`}},
		{&schema.Schema{Ref: of("string"), MaxLength: new(1)}, `"ab"`, []string{`maxLength=1: must be at most 1 character long`}},
		{&schema.Schema{Ref: object, Types: []string{"object"}}, `{}`, []string{`/id required=: is required`}},
	} {
		k := compile(t, c.schema)
		var got []string
		for _, v := range k.Violations([]byte(c.value)) {
			got = append(got, wrong(v))
		}
		assert.Equal(t, c.want, got, "%s against %+v", c.value, *c.schema)
	}
}

func TestViolationsAreAtMostAHundred(t *testing.T) {
	k := compile(t, &schema.Schema{Items: of("string")})
	value := "[" + strings.Repeat("1,", 300) + "1]"
	assert.Len(t, k.Violations([]byte(value)), check.MaxViolations)
}

func TestPointersAreShort(t *testing.T) {
	name := strings.Repeat("é~", 400)
	k := compile(t, &schema.Schema{Types: []string{"object"}, Additional: of("string")})
	v := k.Violations([]byte(`{"` + name + `":1}`))
	require.Len(t, v, 1)
	assert.LessOrEqual(t, len(v[0].Pointer), check.MaxPointer+len("…"))
	assert.True(t, strings.HasPrefix(v[0].Pointer, "/é~0é~0"))
	assert.True(t, strings.HasSuffix(v[0].Pointer, "…"))

	assert.Equal(t, "/a/b~1c~0", check.Below("/a", "b/c~"))
	long := check.Below("", strings.Repeat("a", 1000))
	assert.Equal(t, long, check.Below(long, "b"))
	assert.Len(t, check.ShortPointer(long), check.MaxPointer+len("…"))
}

func TestValuesAreNestedAtMostAThousandTimes(t *testing.T) {
	list := &schema.Schema{Types: []string{"array"}}
	list.Items = list
	k := compile(t, list)
	nest := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	assert.Empty(t, k.Violations(nest(1001)))
	v := k.Violations(nest(1002))
	require.Len(t, v, 1)
	assert.Equal(t, "is nested too deep", v[0].Detail)
}

// What several schemas ask of one value is found out once for each value within it,
// so that nested alternatives cost no more than they are.
func TestNestedAlternativesEnd(t *testing.T) {
	list := &schema.Schema{Types: []string{"array"}}
	twice := &schema.Schema{AnyOf: []*schema.Schema{
		{Ref: list, Types: []string{"array"}, MinItems: new(2)},
		{Ref: list, Types: []string{"array"}},
		of("string"),
	}}
	list.Items = twice
	k := compile(t, list)
	value := strings.Repeat("[", 200) + `"a"` + strings.Repeat("]", 200)
	assert.Empty(t, k.Violations([]byte(value)))
	value = strings.Replace(value, `"a"`, `1`, 1)
	assert.NotEmpty(t, k.Violations([]byte(value)))
}

func TestTextsAreStringsWhereTheyCanBe(t *testing.T) {
	for _, c := range []struct {
		schema *schema.Schema
		text   string
		want   string
	}{
		{&schema.Schema{}, "x", ""},
		{of("string"), "1", ""},
		{&schema.Schema{Types: []string{"string"}, MaxLength: new(1)}, "12", "must be at most 1 character long"},
		{of("integer"), "12", ""},
		{of("integer"), "1.0", "must be an integer"},
		{of("integer"), "1e3", "must be an integer"},
		{of("integer"), "012", "must be an integer"},
		{of("number"), "1e3", ""},
		{of("number"), "one", "must be a number"},
		{of("boolean"), "true", ""},
		{of("boolean"), "1", "must be true or false"},
		{&schema.Schema{Types: []string{"integer"}, Minimum: "5"}, "4", "must be at least 5"},
		{&schema.Schema{Ref: of("integer"), Minimum: "5"}, "x", "must be an integer"},
		{&schema.Schema{Ref: of("string"), MinLength: new(2)}, "x", "must be at least 2 characters long"},
		{&schema.Schema{AnyOf: []*schema.Schema{of("integer"), of("boolean")}}, "true", ""},
		{&schema.Schema{AnyOf: []*schema.Schema{of("integer"), of("boolean")}}, "x", "must be an integer or true or false"},
	} {
		got := ""
		if v := compile(t, c.schema).TextViolations(c.text); len(v) > 0 {
			got = v[0].Detail
		}
		assert.Equal(t, c.want, got, "%q against %+v", c.text, *c.schema)
	}
	var none *check.Check
	assert.Empty(t, none.TextViolations("x"))
}

func TestListsAreCounted(t *testing.T) {
	k := compile(t, &schema.Schema{Types: []string{"array"}, Items: of("integer"), MinItems: new(2), MaxItems: new(3), UniqueItems: true})
	assert.Empty(t, k.ListViolations(2, false))
	assert.Len(t, k.ListViolations(1, true), 2)
	assert.Len(t, k.ListViolations(4, false), 1)
	assert.True(t, k.IsUnique())
	assert.Equal(t, []int{2, 3}, []int{k.MinItems(), k.MaxItems()})
	assert.False(t, k.Items().TakesStrings())
}

func TestDefaultsAndNumbersAreEdited(t *testing.T) {
	inner := &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{
		{Name: "n", Schema: &schema.Schema{Types: []string{"integer"}, Default: json.RawMessage("2.0")}},
	}}
	s := &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{
		{Name: "a", Schema: &schema.Schema{Types: []string{"string"}, Default: json.RawMessage(`"x"`)}},
		{Name: "b", Schema: of("integer")},
		{Name: "c", Schema: &schema.Schema{Ref: inner, Default: json.RawMessage(`{}`)}},
		{Name: "t", Schema: &schema.Schema{Types: []string{"string"}, Format: "date-time", Origin: schema.Origin{Time: true}}},
		{Name: "u", Schema: &schema.Schema{AnyOf: []*schema.Schema{
			{Types: []string{"object"}, Closed: true, Properties: []schema.Property{{Name: "i", Schema: of("integer")}, {Name: "s", Required: true, Schema: of("string")}}},
			{Ref: inner},
		}}},
	}}
	k := compile(t, s)
	for value, want := range map[string]string{
		`{"a":"y","b":1,"c":{"n":1}}`:   ``,
		`{}`:                            `{"a":"x","c":{"n":2}}`,
		`{"b":1.0}`:                     `{"a":"x","c":{"n":2},"b":1}`,
		`{"a":"","b":-0,"c":{}}`:        `{"a":"","b":0,"c":{"n":2}}`,
		`{"a":"","b":12e2,"c":{"n":1}}`: `{"a":"","b":1200,"c":{"n":1}}`,
		`{"a":"","c":{"n":1},"t":"2016-12-31t23:59:60z"}`: `{"a":"","c":{"n":1},"t":"2017-01-01T00:00:00Z"}`,
		`{"a":"","c":{"n":1},"t":"2016-12-31T23:59:59Z"}`: ``,
		`{"a":"","c":{"n":1},"u":{"i":1.0}}`:              `{"a":"","c":{"n":1},"u":{"n":2,"i":1.0}}`,
		`{"a":"","c":{"n":1},"u":{"i":1.0,"s":"z"}}`:      `{"a":"","c":{"n":1},"u":{"i":1,"s":"z"}}`,
	} {
		var c check.Checker
		require.Empty(t, c.Check(k, []byte(value)), value)
		assert.Equal(t, want != "", c.HasEdits(), value)
		assert.Equal(t, want == "", c.Accepts(k, []byte(value), 3), value)
		require.Empty(t, c.Check(k, []byte(value)), value)
		got, ok := c.Edited()
		require.True(t, ok)
		if want == "" {
			want = value
		}
		assert.JSONEq(t, want, string(got), value)
		c.Forget()
		assert.False(t, c.HasEdits())
	}
}

func TestDefaultsDoNotGrowWithoutEnd(t *testing.T) {
	s := &schema.Schema{Types: []string{"array"}, Items: &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{
		{Name: "a", Schema: &schema.Schema{Types: []string{"string"}, Default: json.RawMessage(`"` + strings.Repeat("x", 1<<10) + `"`)}},
	}}}
	k := compile(t, s)
	for n, want := range map[int]bool{1000: true, 9000: false, 40000: false} {
		var c check.Checker
		require.Empty(t, c.Check(k, []byte("["+strings.Repeat("{},", n)+"{}]")))
		require.True(t, c.HasEdits())
		_, ok := c.Edited()
		assert.Equal(t, want, ok, "%d defaults", n)
	}
}

func TestManyPropertiesAreRequired(t *testing.T) {
	s := &schema.Schema{Types: []string{"object"}}
	for i := range 150 {
		s.Properties = append(s.Properties, schema.Property{Name: fmt.Sprint(i), Required: true, Schema: of("integer")})
	}
	k := compile(t, s)
	names := rand.Perm(150)
	var b strings.Builder
	for _, i := range names[:100] {
		fmt.Fprintf(&b, `"%d":1,`, i)
	}
	v := k.Violations([]byte("{" + strings.TrimSuffix(b.String(), ",") + "}"))
	require.Len(t, v, 50)
	for _, v := range v {
		assert.Equal(t, "required", v.Keyword)
	}
}

func TestSchemasThatCannotBeAreRefused(t *testing.T) {
	loop := &schema.Schema{Name: "Loop"}
	loop.AnyOf = []*schema.Schema{{Ref: loop}}
	for _, c := range []struct {
		schema *schema.Schema
		want   string
	}{
		{loop, "the schema Loop: Ref and AnyOf lead back to it, with nothing between"},
		{&schema.Schema{AnyOf: []*schema.Schema{nil}}, "the schema without a name: AnyOf has nil"},
		{&schema.Schema{Name: "N", MultipleOf: "0"}, "the schema N: multipleOf 0 isn't above 0"},
		{&schema.Schema{Name: "N", Minimum: "x"}, `the schema N: minimum "x" isn't a JSON number`},
		{&schema.Schema{Name: "N", Pattern: "("}, "the schema N: pattern: error parsing regexp: missing closing ): `(`"},
		{&schema.Schema{Name: "N", Types: []string{"text"}}, `the schema N: there is no type "text"`},
		{&schema.Schema{Name: "N", Enum: raws("x")}, `the schema N: enum has "x", which isn't JSON`},
		{&schema.Schema{Name: "N", Default: json.RawMessage("x")}, `the schema N: the default or example "x" isn't JSON`},
		{&schema.Schema{Items: &schema.Schema{Name: "N", Examples: raws("x")}}, `the schema N: the default or example "x" isn't JSON`},
		{&schema.Schema{Name: "N", Properties: []schema.Property{{Name: "a"}}}, `the schema N: the property "a" has no schema, or is there twice`},
		{&schema.Schema{Properties: []schema.Property{{Name: "a", Schema: &schema.Schema{Name: "N", AnyOf: []*schema.Schema{nil}}}}}, "the schema N: AnyOf has nil"},
	} {
		assert.EqualError(t, check.Schema(c.schema), c.want)
	}
	assert.NoError(t, check.Schema(&schema.Schema{Types: []string{"integer"}, Minimum: "1"}))
}

func TestSchemasAllowWhatTheyName(t *testing.T) {
	for _, c := range []struct {
		schema schema.Schema
		want   []string
	}{
		{schema.Schema{Types: []string{"integer"}, Default: json.RawMessage("1"), Examples: raws("2"), Enum: raws("1", "2", "null"), Minimum: "1"}, nil},
		{schema.Schema{Types: []string{"integer"}, Enum: raws("1", `"a"`)}, []string{`enum has "a", which must be an integer`}},
		{schema.Schema{Types: []string{"integer"}, Default: json.RawMessage("0"), Minimum: "1"}, []string{"the default 0 must be at least 1"}},
		{schema.Schema{Types: []string{"integer"}, Examples: raws("true")}, []string{"the example true must be an integer"}},
		{schema.Schema{MinLength: new(2), MaxLength: new(1)}, []string{"at least 2 and at most 1 allows nothing"}},
		{schema.Schema{MinItems: new(2), MaxItems: new(1)}, []string{"at least 2 and at most 1 allows nothing"}},
		{schema.Schema{Minimum: "2", Maximum: "1"}, []string{"at least 2 and at most 1 allows nothing"}},
		{schema.Schema{ExclusiveMinimum: "1", Maximum: "1"}, []string{"more than 1 and at most 1 allows nothing"}},
		{schema.Schema{Pattern: "(", Default: json.RawMessage("1")}, nil}, // told by Compile
	} {
		var got []string
		check.OwnValues(&c.schema, func(format string, args ...any) { got = append(got, fmt.Sprintf(format, args...)) })
		assert.Equal(t, c.want, got)
	}
}

func TestDecodersSeeWhatACheckAsksFor(t *testing.T) {
	inner := of("integer")
	s := &schema.Schema{Types: []string{"object"}, Closed: true, Properties: []schema.Property{
		{Name: "a", Required: true, Schema: inner}, {Name: "b", Schema: &schema.Schema{Types: []string{"string"}, Default: json.RawMessage(`"x"`)}},
	}}
	members, byName, ok := compile(t, s).Members()
	require.True(t, ok)
	require.Len(t, members, 2)
	assert.Equal(t, map[string]int{"a": 0, "b": 1}, byName)
	assert.True(t, members[0].Required)
	assert.Equal(t, `"x"`, string(members[1].Default))
	assert.Equal(t, check.Integer, members[0].Check.Types())
	assert.True(t, members[1].Check.IsAnyString())
	s.Closed = false
	_, _, ok = compile(t, s).Members()
	assert.False(t, ok)

	nullable := compile(t, &schema.Schema{AnyOf: []*schema.Schema{of("integer"), of("null")}})
	assert.True(t, nullable.IsCompound())
	assert.Equal(t, check.Integer, nullable.WithoutNull().Types())
	plain := compile(t, inner)
	assert.Same(t, plain, plain.WithoutNull())
	assert.False(t, plain.HasEnum() || plain.IsCompound())
	assert.True(t, compile(t, of("string")).AcceptsText([]byte("x")))
	assert.False(t, compile(t, &schema.Schema{Types: []string{"string"}, MinLength: new(2)}).AcceptsText([]byte("x")))
	assert.Equal(t, "an array", check.Noun("array"))
	assert.Empty(t, check.Noun("text"))
}

func TestEntriesAreThoseOfMapsAlone(t *testing.T) {
	integer := &schema.Schema{Types: []string{"integer"}}
	two := 2
	for _, tt := range []struct {
		name   string
		schema *schema.Schema
		most   int
		ok     bool
	}{
		{"a map", &schema.Schema{Types: []string{"object"}, Additional: integer}, -1, true},
		{"a short map", &schema.Schema{Types: []string{"object"}, Additional: integer, MaxProperties: &two}, 2, true},
		{"a struct", &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{{Name: "a", Schema: integer}}, Closed: true}, -1, false},
		{"a map with names", &schema.Schema{Types: []string{"object"}, Additional: integer, PropertyNames: &schema.Schema{Types: []string{"string"}, Format: "uuid"}}, -1, false},
	} {
		values, least, most, ok := compile(t, tt.schema).Entries()
		assert.Equal(t, tt.ok, ok, tt.name)
		if ok {
			assert.Equal(t, check.Integer, values.Types(), tt.name)
			assert.Equal(t, []int{-1, tt.most}, []int{least, most}, tt.name)
		}
	}
}

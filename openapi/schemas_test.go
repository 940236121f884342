package openapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/schema"
)

// answering returns a tree in which each of the schemas is a response's.
func answering(schemas ...*schema.Schema) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	for i, s := range schemas {
		mux.Handle("GET", fmt.Sprintf("/%03d", i), described(func(op *tigertonic.Operation) {
			op.Response(http.StatusOK).Add("application/json", tigertonic.MediaType{Schema: s})
		}))
	}
	return mux
}

// written returns what the document says of each schema, and the components.
func written(schemas ...*schema.Schema) (inPlace []any, components object) {
	doc := parse(openapi.New(answering(schemas...), info))
	for i := range schemas {
		inPlace = append(inPlace, at(doc, "paths", fmt.Sprintf("/%03d", i), "get", "responses", "200", "content", "application/json", "schema"))
	}
	components, _ = at(doc, "components", "schemas").(object)
	return inPlace, components
}

func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }

func TestSchemasAreInTheWordsOfJSONSchema(t *testing.T) {
	one, two := 1, 2
	text := &schema.Schema{Types: []string{"string"}}
	stuff := &schema.Schema{Name: "Stuff"}
	for want, s := range map[string]*schema.Schema{
		`{}`:                {},
		`{"type":"string"}`: text,
		`{"type":["string","null"],"format":"uuid","contentEncoding":"base64","pattern":"^a","minLength":1,"maxLength":2}`: {
			Types: []string{"string", "null"}, Format: "uuid", ContentEncoding: "base64", Pattern: "^a", MinLength: &one, MaxLength: &two,
		},
		`{"minimum":-1.50,"exclusiveMinimum":0,"maximum":12345678901234567890,"exclusiveMaximum":1e3,"multipleOf":0.1}`: {
			Minimum: "-1.50", ExclusiveMinimum: "0", Maximum: "12345678901234567890", ExclusiveMaximum: "1e3", MultipleOf: "0.1",
		},
		`{"items":{"type":"string"},"minItems":1,"maxItems":2,"uniqueItems":true}`: {
			Items: text, MinItems: &one, MaxItems: &two, UniqueItems: true,
		},
		`{"properties":{"z":{"type":"string"},"a":{}},"required":["z","a"],"additionalProperties":false}`: {
			Properties: []schema.Property{{Name: "z", Required: true, Schema: text}, {Name: "a", Required: true}}, Closed: true,
		},
		`{"additionalProperties":{"type":"string"},"propertyNames":{"$ref":"#/components/schemas/Stuff"}}`: {Additional: text, PropertyNames: stuff},
		`{"description":"d","enum":["a",null],"default":{"a":1},"examples":[1,"<&>"],"deprecated":true}`: {
			Description: "d", Enum: raw(`"a"`, "null"), Default: raw(`{"a":1}`)[0], Examples: raw("1", `"<&>"`), Deprecated: true,
		},
		`{"$ref":"#/components/schemas/Stuff","description":"d"}`:             {Ref: stuff, Description: "d"},
		`{"allOf":[{"type":"string"}]}`:                                       {Ref: text},
		`{"anyOf":[{"$ref":"#/components/schemas/Stuff"},{"type":"string"}]}`: {AnyOf: []*schema.Schema{stuff, text}},
	} {
		inPlace, _ := written(s)
		got, err := json.Marshal(inPlace[0])
		assert.NoError(t, err)
		assert.JSONEq(t, want, string(got))
	}
	// In schemas' order, and numbers as they are.
	doc := string(openapi.New(answering(&schema.Schema{Minimum: "-1.50", Properties: []schema.Property{{Name: "z"}, {Name: "a"}}}), info).JSON())
	assert.Regexp(t, `(?s)"minimum": -1\.50,.*"z".*"a"`, doc)
}

func raw(values ...string) (list []json.RawMessage) {
	for _, value := range values {
		list = append(list, json.RawMessage(value))
	}
	return list
}

func TestSchemasWithoutANameAreInPlace(t *testing.T) {
	_, components := written(&schema.Schema{Items: &schema.Schema{}})
	assert.Nil(t, components)
}

// nodeOf returns a schema that contains itself.
func nodeOf(value *schema.Schema) *schema.Schema {
	node := &schema.Schema{Name: "Node", Origin: schema.Origin{Package: "p"}, Types: []string{"object"}}
	node.Properties = []schema.Property{
		{Name: "value", Schema: value},
		{Name: "children", Schema: &schema.Schema{Types: []string{"array"}, Items: node}},
	}
	return node
}

func TestSchemasMayContainThemselves(t *testing.T) {
	node := nodeOf(&schema.Schema{Types: []string{"string"}})
	children := node.Properties[1].Schema
	inPlace, components := written(node, children)
	assert.Equal(t, []any{ref("Node"), object{"type": "array", "items": ref("Node")}}, inPlace)
	assert.Equal(t, []string{"Node"}, slices.Collect(maps.Keys(components)))

	nameless, between := &schema.Schema{}, &schema.Schema{}
	nameless.Items, between.Items = between, nameless
	inPlace, components = written(nameless, between)
	assert.Equal(t, []any{ref("Schema"), object{"items": ref("Schema")}}, inPlace)
	assert.Equal(t, object{"Schema": object{"items": object{"items": ref("Schema")}}}, components)
}

func TestSchemasThatSayTheSameAreOne(t *testing.T) {
	text, number := &schema.Schema{Types: []string{"string"}}, &schema.Schema{Types: []string{"number"}}
	inPlace, components := written(nodeOf(text), nodeOf(text))
	assert.Equal(t, []any{ref("Node"), ref("Node")}, inPlace)
	assert.Len(t, components, 1)

	// What they say differs only in what they refer to.
	through := func(s *schema.Schema) *schema.Schema {
		return &schema.Schema{Name: "List", Origin: schema.Origin{Package: "p"}, Items: s}
	}
	inPlace, components = written(through(nodeOf(text)), through(nodeOf(number)), through(nodeOf(text)))
	assert.Equal(t, []any{ref("List"), ref("List_2"), ref("List")}, inPlace)
	assert.Equal(t, []string{"List", "List_2", "Node", "Node_2"}, slices.Sorted(maps.Keys(components)))
	assert.Equal(t, object{"items": ref("Node_2")}, components["List_2"])
}

func TestSchemasAreNamedByTypeAndOnlyCollidingOnesAreQualified(t *testing.T) {
	type typ struct{ pkg, name, variant string }
	for _, tt := range []struct {
		types []typ
		want  []string
	}{
		{[]typ{{"x/a", "Item", ""}, {"x/b", "Other", "classic"}}, []string{"Item", "Other"}},
		{[]typ{{"x/a", "Item", ""}, {"x/a", "Item", "classic"}, {"x/a", "Item", "patch"}}, []string{"Item", "Item.classic", "Item.patch"}},
		{[]typ{{"x/a", "Item", ""}, {"x/b", "Item", ""}, {"x/c", "Other", ""}}, []string{"a.Item", "b.Item", "Other"}},
		{[]typ{{"x/a", "Item", ""}, {"x/a", "Item", "patch"}, {"x/b", "Item", ""}}, []string{"a.Item", "a.Item.patch", "b.Item"}},
		{[]typ{{"x.y/a", "Item", ""}, {"z~/a", "Item", ""}}, []string{"x.y.a.Item", "z_.a.Item"}},
		{[]typ{{"x/a", "Item", ""}, {"x/a", "Item", "patch"}, {"y/a", "Item", ""}}, []string{"x.a.Item", "x.a.Item.patch", "y.a.Item"}},
		{[]typ{{"", "Item", ""}, {"x/a", "Item", ""}}, []string{"Item", "a.Item"}},
		{[]typ{{"x", "Page[y/a.Item]", ""}, {"x", "Page[y/b.Item]", ""}}, []string{"Page_Item", "Page_Item_2"}},
		{[]typ{{"x", "a.Item", ""}, {"x/a", "Item", ""}, {"x/b", "Item", ""}}, []string{"a.Item", "a.Item_2", "b.Item"}},
	} {
		var schemas []*schema.Schema
		for i, x := range tt.types {
			schemas = append(schemas, &schema.Schema{Name: x.name, Origin: schema.Origin{Package: x.pkg, Variant: x.variant}, Description: fmt.Sprint(i)})
		}
		inPlace, components := written(schemas...)
		for i, want := range tt.want {
			assert.Equal(t, ref(want), inPlace[i], "%v", tt.types)
			assert.Equal(t, object{"description": fmt.Sprint(i)}, components[want], "%v", tt.types)
		}
	}
}

// sanitized is what becomes of the names of types.
var sanitized = map[string]string{
	"Stuff":                        "Stuff",
	"my.Stuff-1_2":                 "my.Stuff-1_2",
	"Page[github.com/x/y.Stuff]":   "Page_Stuff",
	"Page[[]github.com/x/y.T]":     "Page_list_T",
	"Pair[int,map[string]*a.T]":    "Pair_int_map_string_T",
	"Page[main.Local·1]":           "Page_Local_1",
	"Page[struct { A int \"b\" }]": "Page_struct_A_int_b",
	"Größe":                        "Gr__e",
	"日本":                           "__",
	"[]*":                          "list",
	"[,]":                          "Schema",
}

func TestNamesOfTypesAreSanitized(t *testing.T) {
	for name, want := range sanitized {
		_, components := written(&schema.Schema{Name: name})
		assert.Equal(t, []string{want}, slices.Collect(maps.Keys(components)), name)
	}
}

var componentName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

func FuzzNamesOfSchemas(f *testing.F) {
	for name := range sanitized {
		f.Add(name, "x/y", "patch", name, "y", "")
	}
	f.Fuzz(func(t *testing.T, name, pkg, variant, name2, pkg2, variant2 string) {
		inPlace, components := written(
			&schema.Schema{Name: "_" + name, Origin: schema.Origin{Package: pkg, Variant: variant}, Description: "1"},
			&schema.Schema{Name: "_" + name2, Origin: schema.Origin{Package: pkg2, Variant: variant2}, Description: "2"})
		assert.Len(t, components, 2)
		for name := range components {
			assert.Regexp(t, componentName, name)
		}
		assert.NotEqual(t, inPlace[0], inPlace[1])
	})
}

// What both languages read alike stays as it was written.
func TestPatternsAreInTheWordsOfECMAScript(t *testing.T) {
	for pattern, want := range map[string]string{
		`^[A-Za-z0-9._-]+$`:         `^[A-Za-z0-9._-]+$`,
		`^-?(0|[1-9][0-9]*)(\.\d+)`: `^-?(0|[1-9][0-9]*)(\.\d+)`,
		`^(?:a|\/){2,3}?\b`:         `^(?:a|\/){2,3}?\b`,
		`^[à-ü]+[-+]$`:              `^[à-ü]+[-+]$`,
		`(?i)^bear$`:                `^[Bb][Ee][Aa][Rr]$`,
		`(?i)k`:                     "[Kk\u212a]",
		`\Aa\z`:                     `^a$`,
		`[[:alpha:]]+`:              `[A-Za-z]+`,
		`\pL`:                       `\p{L}`,
		`^[\pL\d_-]+$`:              `^[\p{L}\-0-9_]+$`,
		`[^\pL]`:                    `[^\p{L}]`,
		`\p{Greek}`:                 `\p{Script=Greek}`,
		`.\s\S`:                     `[^\n][\t\n\f\r ][^\t\n\f\r ]`,
		`(?s).`:                     `[\s\S]`,
		`(?m)^a$`:                   `(?<![^\n])a(?![^\n])`,
		`(?P<year>\d{4})`:           `(\d{4})`,
		`\Qa.b\E{`:                  `a\.b\{`,
		`[\x{2028}\x{10FFFF}]`:      "[\\u2028\U0010ffff]",
		`^*a`:                       `(?:^)*a`,
		`[^\x00]`:                   `[^\x00]`,
		`^\P{Cc}+$`:                 `^[^\x00-\x1f\x7f-\x9f]+$`,
		`[ -\x{10FFFF}]`:            `[^\x00-\x1f]`,
		`[\x{200b}\x{202e}]`:        `[\u200b\u202e]`,
		`\x{E0001}`:                 "\U000e0001",
	} {
		inPlace, _ := written(&schema.Schema{Pattern: pattern})
		assert.Equal(t, object{"pattern": want}, inPlace[0], "%q", pattern)
	}
}

func TestPatternsThatAreNone(t *testing.T) {
	for _, pattern := range []string{`(?=a)b`, `(`, `(a)\1`, `\cA`} {
		assert.Regexp(t, "tigertonic: openapi.New: .*/paths/~1000/get/.*the pattern .* isn't one of Go's package regexp: .*schemas_test.go:",
			message(func() { openapi.New(answering(&schema.Schema{Pattern: pattern}), info) }), "%q", pattern)
	}
}

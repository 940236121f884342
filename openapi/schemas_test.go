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
)

// answering returns a tree in which each of the schemas is a response's.
func answering(schemas ...*tigertonic.Schema) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	for i, s := range schemas {
		mux.Handle("GET", fmt.Sprintf("/%03d", i), described(func(op *tigertonic.Operation) {
			op.Response("200").Add("application/json", tigertonic.MediaType{Schema: s})
		}))
	}
	return mux
}

// written returns what the document says of each schema, and the components.
func written(schemas ...*tigertonic.Schema) (inPlace []any, components object) {
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
	text := &tigertonic.Schema{Types: []string{"string"}}
	stuff := &tigertonic.Schema{Name: "Stuff"}
	for want, s := range map[string]*tigertonic.Schema{
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
			Properties: []tigertonic.Property{{Name: "z", Required: true, Schema: text}, {Name: "a", Required: true}}, Closed: true,
		},
		`{"additionalProperties":{"type":"string"},"propertyNames":{"$ref":"#/components/schemas/Stuff"}}`: {Additional: text, PropertyNames: stuff},
		`{"description":"d","enum":["a",null],"default":{"a":1},"examples":[1,"<&>"],"deprecated":true}`: {
			Description: "d", Enum: raw(`"a"`, "null"), Default: raw(`{"a":1}`)[0], Examples: raw("1", `"<&>"`), Deprecated: true,
		},
		`{"$ref":"#/components/schemas/Stuff","description":"d"}`:             {Ref: stuff, Description: "d"},
		`{"allOf":[{"type":"string"}]}`:                                       {Ref: text},
		`{"anyOf":[{"$ref":"#/components/schemas/Stuff"},{"type":"string"}]}`: {AnyOf: []*tigertonic.Schema{stuff, text}},
	} {
		inPlace, _ := written(s)
		got, err := json.Marshal(inPlace[0])
		assert.NoError(t, err)
		assert.JSONEq(t, want, string(got))
	}
	// In schemas' order, and numbers as they are.
	doc := string(openapi.New(answering(&tigertonic.Schema{Minimum: "-1.50", Properties: []tigertonic.Property{{Name: "z"}, {Name: "a"}}}), info).JSON())
	assert.Regexp(t, `(?s)"minimum": -1\.50,.*"z".*"a"`, doc)
}

func raw(values ...string) (list []json.RawMessage) {
	for _, value := range values {
		list = append(list, json.RawMessage(value))
	}
	return list
}

func TestSchemasWithoutANameAreInPlace(t *testing.T) {
	_, components := written(&tigertonic.Schema{Items: &tigertonic.Schema{}})
	assert.Nil(t, components)
}

// nodeOf returns a schema that contains itself.
func nodeOf(value *tigertonic.Schema) *tigertonic.Schema {
	node := &tigertonic.Schema{Name: "Node", Package: "p", Types: []string{"object"}}
	node.Properties = []tigertonic.Property{
		{Name: "value", Schema: value},
		{Name: "children", Schema: &tigertonic.Schema{Types: []string{"array"}, Items: node}},
	}
	return node
}

func TestSchemasMayContainThemselves(t *testing.T) {
	node := nodeOf(&tigertonic.Schema{Types: []string{"string"}})
	children := node.Properties[1].Schema
	inPlace, components := written(node, children)
	assert.Equal(t, []any{ref("Node"), object{"type": "array", "items": ref("Node")}}, inPlace)
	assert.Equal(t, []string{"Node"}, slices.Collect(maps.Keys(components)))

	nameless, between := &tigertonic.Schema{}, &tigertonic.Schema{}
	nameless.Items, between.Items = between, nameless
	inPlace, components = written(nameless, between)
	assert.Equal(t, []any{ref("Schema"), object{"items": ref("Schema")}}, inPlace)
	assert.Equal(t, object{"Schema": object{"items": object{"items": ref("Schema")}}}, components)
}

func TestSchemasThatSayTheSameAreOne(t *testing.T) {
	text, number := &tigertonic.Schema{Types: []string{"string"}}, &tigertonic.Schema{Types: []string{"number"}}
	inPlace, components := written(nodeOf(text), nodeOf(text))
	assert.Equal(t, []any{ref("Node"), ref("Node")}, inPlace)
	assert.Len(t, components, 1)

	// What they say differs only in what they refer to.
	through := func(s *tigertonic.Schema) *tigertonic.Schema {
		return &tigertonic.Schema{Name: "List", Package: "p", Items: s}
	}
	inPlace, components = written(through(nodeOf(text)), through(nodeOf(number)), through(nodeOf(text)))
	assert.Equal(t, []any{ref("p.List"), ref("p.List_2"), ref("p.List")}, inPlace)
	assert.Equal(t, []string{"p.List", "p.List_2", "p.Node", "p.Node_2"}, slices.Sorted(maps.Keys(components)))
	assert.Equal(t, object{"items": ref("p.Node_2")}, components["p.List_2"])
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
		{[]typ{{"x", "Page[y/a.Item]", ""}, {"x", "Page[y/b.Item]", ""}}, []string{"x.Page_Item", "x.Page_Item_2"}},
		{[]typ{{"x", "a.Item", ""}, {"x/a", "Item", ""}, {"x/b", "Item", ""}}, []string{"a.Item", "a.Item_2", "b.Item"}},
	} {
		var schemas []*tigertonic.Schema
		for i, x := range tt.types {
			schemas = append(schemas, &tigertonic.Schema{Package: x.pkg, Name: x.name, Variant: x.variant, Description: fmt.Sprint(i)})
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
		_, components := written(&tigertonic.Schema{Name: name})
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
			&tigertonic.Schema{Name: "_" + name, Package: pkg, Variant: variant, Description: "1"},
			&tigertonic.Schema{Name: "_" + name2, Package: pkg2, Variant: variant2, Description: "2"})
		assert.Len(t, components, 2)
		for name := range components {
			assert.Regexp(t, componentName, name)
		}
		assert.NotEqual(t, inPlace[0], inPlace[1])
	})
}

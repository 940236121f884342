package tigertonic_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

type tagged struct {
	ID     string                 `json:"id" doc:"Who it is." minLength:"2" maxLength:"8" pattern:"^[a-z]+$"`
	Email  string                 `json:"email" format:"email" example:"ada@example.com"`
	Age    int                    `json:"age" minimum:"0" exclusiveMaximum:"150" default:"18"`
	Grams  float64                `json:"grams" exclusiveMinimum:"0" maximum:"1e3" multipleOf:"0.5"`
	Kind   string                 `json:"kind,omitempty" enum:"green,black" default:"green"`
	Sizes  []int16                `json:"sizes" minItems:"1" maxItems:"3" uniqueItems:"true" maximum:"9" enum:"[1,2]"`
	Lists  [][]string             `json:"lists,omitempty" minItems:"1" minLength:"2" default:"[[\"ab\"]]"`
	Place  *point                 `json:"place" doc:"Where it is."`
	Next   *tagged                `json:"next"`
	Wait   time.Duration          `json:"wait,omitzero" default:"1m"`
	Count  int                    `json:"count,string"`
	Note   tigertonic.Opt[string] `json:"note,omitzero" maxLength:"9"`
	Must   *int                   `json:"must" required:"true"`
	Others map[uint8]point        `json:"others,omitempty"`
}

// wholeSchemaText returns a schema with its members, even if it has a name.
func wholeSchemaText(t *testing.T, s *tigertonic.Schema) string {
	t.Helper()
	text, err := json.Marshal(schemaBody(s))
	require.NoError(t, err)
	return string(text)
}

func TestSchemaOfTags(t *testing.T) {
	s := tigertonic.SchemaOf[tagged]()
	assert.Equal(t, []string{"tagged", module + "_test", ""}, []string{s.Name, s.Package, s.Variant})
	assert.JSONEq(t, `{
		"type": "object", "closed": true,
		"required": ["id", "email", "grams", "sizes", "count", "must"],
		"properties": {
			"id":     {"type": "string", "minLength": 2, "maxLength": 8, "pattern": "^[a-z]+$", "description": "Who it is."},
			"email":  {"type": "string", "format": "email"},
			"age":    {"type": "integer", "format": "int64", "minimum": 0, "exclusiveMaximum": 150, "default": 18},
			"grams":  {"type": "number", "format": "double", "exclusiveMinimum": 0, "maximum": 1e3, "multipleOf": 0.5},
			"kind":   {"type": "string", "enum": ["green", "black"], "default": "green"},
			"sizes":  {"type": "array", "items": {"type": "integer", "format": "int16", "maximum": 9, "enum": [1, 2]}, "minItems": 1, "maxItems": 3, "uniqueItems": true},
			"lists":  {"type": "array", "items": {"type": "array", "items": {"type": "string", "minLength": 2}}, "minItems": 1, "default": [["ab"]]},
			"place":  {"anyOf": [{"$ref": "point"}, {"type": "null"}], "description": "Where it is."},
			"next":   {"anyOf": [{"$ref": "tagged"}, {"type": "null"}]},
			"wait":   {"type": "string", "format": "go-duration", "default": "1m"},
			"count":  {"type": "string", "format": "int64", "pattern": "^(0|-?[1-9][0-9]*)$"},
			"note":   {"type": "string|null", "maxLength": 9},
			"must":   {"type": "integer|null", "format": "int64"},
			"others": {"type": "object", "additionalProperties": {"$ref": "point"}, "propertyNames": {"type": "string", "format": "uint8", "pattern": "^(0|-?[1-9][0-9]*)$"}}
		}
	}`, wholeSchemaText(t, s))
	var names []string
	for _, p := range s.Properties {
		names = append(names, p.Name)
	}
	assert.Equal(t, []string{"id", "email", "age", "grams", "kind", "sizes", "lists", "place", "next", "wait", "count", "note", "must", "others"}, names, "in the order of the fields")
	assert.Equal(t, []json.RawMessage{json.RawMessage(`"ada@example.com"`)}, s.Properties[1].Schema.Examples)
	assert.Same(t, s, s.Properties[8].Schema.AnyOf[0], "a schema that contains itself")
}

type (
	nested      []nested
	nestedMap   map[string]nestedMap
	nestedTwo   struct{ Two *nestedOne }
	nestedOne   struct{ One []nestedTwo }
	sharing     struct{ A, B point }
	constrained struct {
		A ownCode `json:"a" maxLength:"3"`
		B ownCode `json:"b"`
	}
	pointed struct {
		X int `json:"x"`
	}
)

func (*pointed) JSONSchema() *tigertonic.Schema {
	return &tigertonic.Schema{Name: "Pointed", Types: []string{"object"}}
}

func TestSchemaOfKinds(t *testing.T) {
	for want, s := range map[string]*tigertonic.Schema{
		`{}`:                                     tigertonic.SchemaOf[any](),
		`{"type":"boolean"}`:                     tigertonic.SchemaOf[bool](),
		`{"type":"string","format":"date-time"}`: tigertonic.SchemaOf[time.Time](),
		`{"type":"string|null","format":"date-time"}`:                                                             tigertonic.SchemaOf[*time.Time](),
		`{"type":"string|null","format":"go-duration"}`:                                                           tigertonic.SchemaOf[tigertonic.Opt[*time.Duration]](),
		`{"type":"array","items":{"type":"array|null","items":{"type":"string|null"}}}`:                           tigertonic.SchemaOf[[]*[]*string](),
		`{"type":"object","additionalProperties":{}}`:                                                             tigertonic.SchemaOf[map[string]any](),
		`{"type":"object","additionalProperties":{"type":"object","additionalProperties":{"type":"boolean"}}}`:    tigertonic.SchemaOf[map[level]map[colon]bool](),
		`{"type":"object","closed":true,"required":["A"],"properties":{"A":{"type":"integer","format":"int32"}}}`: tigertonic.SchemaOf[struct{ A int32 }](),
		`{"type":"object","closed":true,"required":["B"],"properties":{"B":{"type":"object","closed":true}}}`:     tigertonic.SchemaOf[struct{ B struct{} }](),
		`{"type":"object"}`: tigertonic.SchemaOf[pointed](),
		`{"anyOf":[{"$ref":"Pointed"},{"type":"null"}]}`:                                                                                        tigertonic.SchemaOf[*pointed](),
		`{"type":"object","closed":true,"required":["A","B"],"properties":{"A":{"$ref":"point"},"B":{"$ref":"point"}}}`:                         tigertonic.SchemaOf[sharing](),
		`{"type":"object","closed":true,"required":["One"],"properties":{"One":{"type":"array","items":{"$ref":"nestedTwo"}}}}`:                 tigertonic.SchemaOf[nestedOne](),
		`{"type":"array","items":{"$ref":"nested"}}`:                                                                                            tigertonic.SchemaOf[nested](),
		`{"type":"object","additionalProperties":{"$ref":"nestedMap"}}`:                                                                         tigertonic.SchemaOf[nestedMap](),
		`{"type":"object","closed":true,"required":["a","b"],"properties":{"a":{"allOf":[{"$ref":"Code"}],"maxLength":3},"b":{"$ref":"Code"}}}`: tigertonic.SchemaOf[constrained](),
	} {
		assert.JSONEq(t, want, wholeSchemaText(t, s))
	}
}

func TestSchemaHasTheNameOfItsType(t *testing.T) {
	for want, s := range map[string]*tigertonic.Schema{
		"point":                    tigertonic.SchemaOf[point](),
		"pair[int,string]":         tigertonic.SchemaOf[pair[int, string]](),
		"nested":                   tigertonic.SchemaOf[nested](),
		"Code":                     tigertonic.SchemaOf[ownCode](),
		"Pointed":                  tigertonic.SchemaOf[pointed](),
		"of level, which has none": {Name: "of level, which has none" + tigertonic.SchemaOf[level]().Name},
		"of []point, likewise":     {Name: "of []point, likewise" + tigertonic.SchemaOf[[]point]().Name},
	} {
		assert.Equal(t, want, s.Name)
	}
}

// A patch may leave out what it doesn't change, and null removes what isn't
// required.
func TestSchemaOfPatches(t *testing.T) {
	s := tigertonic.SchemaOf[tigertonic.Patch[account]]()
	assert.Equal(t, []string{"account", "patch"}, []string{s.Name, s.Variant})
	assert.JSONEq(t, `{
		"type": "object", "closed": true,
		"properties": {
			"name":    {"type": "string", "minLength": 1},
			"note":    {"type": "string|null"},
			"nested":  {"$ref": "secretive"},
			"pointer": {"anyOf": [{"$ref": "secretive"}, {"type": "null"}]},
			"list":    {"type": "array|null", "items": {"$ref": "secretive"}},
			"tags":    {"type": "object|null", "additionalProperties": {"type": "string|null"}},
			"opt":     {"type": "integer|null", "format": "int64"},
			"kind":    {"type": "string|null"}
		}
	}`, wholeSchemaText(t, s))
	inner := s.Properties[2].Schema
	assert.Equal(t, []string{"secretive", "patch"}, []string{inner.Name, inner.Variant})
	assert.Empty(t, s.Properties[4].Schema.Items.Variant, "an array is replaced as a whole")
	assert.JSONEq(t, `{}`, wholeSchemaText(t, tigertonic.SchemaOf[tigertonic.Patch[any]]()))
}

func TestSchemaOfRefusesTypes(t *testing.T) {
	for want, f := range map[string]func(){
		`chan int: a chan has no JSON`:                                func() { tigertonic.SchemaOf[chan int]() },
		`func(): a func has no JSON`:                                  func() { tigertonic.SchemaOf[[]func()]() },
		`complex128: a complex128 has no JSON`:                        func() { tigertonic.SchemaOf[map[string]complex128]() },
		`map[bool]int: a bool can't be the name of a member`:          func() { tigertonic.SchemaOf[map[bool]int]() },
		`error: JSON can't be decoded into an interface with methods`: func() { tigertonic.SchemaOf[error]() },
		`tigertonic_test.ownNothing: JSONSchema returned nil`:         func() { tigertonic.SchemaOf[ownNothing]() },
		`the struct.A: there is no tag "minmum"; is it "minimum"?`: func() {
			tigertonic.SchemaOf[struct {
				A int `minmum:"1"`
			}]()
		},
		`the struct.A: format:"zip": not a known format, which are date, date-time, duration, email, go-duration, hostname, ipv4, ipv6, time, uri, uri-reference, uuid`: func() {
			tigertonic.SchemaOf[struct {
				A string `format:"zip"`
			}]()
		},
		`the struct.A: the default 3 must be at most 2`: func() {
			tigertonic.SchemaOf[*struct {
				A int `maximum:"2" default:"3"`
			}]()
		},
		"chan string: a chan has no JSON\nthe struct.A: minLength:\"x\": not a count": func() {
			tigertonic.SchemaOf[struct {
				B chan string
				A string `minLength:"x"`
			}]()
		},
	} {
		t.Run(want, func(t *testing.T) {
			assert.Equal(t, "tigertonic: SchemaOf: "+want+" (at schema_test.go:N)", refusal(f))
		})
	}
}

// The order of tags makes no difference.
func TestSchemaOfTagsInAnyOrder(t *testing.T) {
	one := refusal(func() {
		tigertonic.SchemaOf[struct {
			A string `format:"date-time" maxLength:"30"`
		}]()
	})
	other := refusal(func() {
		tigertonic.SchemaOf[struct {
			A string `maxLength:"30" format:"date-time"`
		}]()
	})
	assert.Equal(t, one, other)
}

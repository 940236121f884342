package tigertonic_test

import (
	"context"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
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
func wholeSchemaText(t *testing.T, s *schema.Schema) string {
	t.Helper()
	text, err := json.Marshal(schemaBody(s))
	require.NoError(t, err)
	return string(text)
}

func TestSchemaOfTags(t *testing.T) {
	s := tigertonic.SchemaOf[tagged]()
	assert.Equal(t, []string{"tagged", module + "_test", ""}, []string{s.Name, s.Origin.Package, s.Origin.Variant})
	assert.JSONEq(t, `{
		"type": "object", "closed": true,
		"required": ["id", "email", "grams", "sizes", "count", "must"],
		"properties": {
			"id":     {"type": "string", "minLength": 2, "maxLength": 8, "pattern": "^[a-z]+$", "description": "Who it is."},
			"email":  {"type": "string", "format": "email"},
			"age":    {"type": "integer", "format": "int64", "minimum": 0, "exclusiveMaximum": 150, "default": 18},
			"grams":  {"type": "number", "format": "double", "exclusiveMinimum": 0, "maximum": 1e3, "multipleOf": 0.5},
			"kind":   {"type": "string", "enum": ["green", "black"], "default": "green"},
			"sizes":  {"type": "array", "items": {"type": "integer", "format": "int16", "minimum": -32768, "maximum": 9, "enum": [1, 2]}, "minItems": 1, "maxItems": 3, "uniqueItems": true},
			"lists":  {"type": "array", "items": {"type": "array", "items": {"type": "string", "minLength": 2}}, "minItems": 1, "default": [["ab"]]},
			"place":  {"anyOf": [{"$ref": "point"}, {"type": "null"}], "description": "Where it is."},
			"next":   {"anyOf": [{"$ref": "tagged"}, {"type": "null"}]},
			"wait":   {"type": "string", "format": "go-duration", "default": "1m"},
			"count":  {"type": "string", "format": "int64", "pattern": "^(0|-?[1-9][0-9]*)$"},
			"note":   {"type": "string|null", "maxLength": 9},
			"must":   {"type": "integer|null", "format": "int64", "minimum": -9223372036854775808, "maximum": 9223372036854775807},
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

func (*pointed) JSONSchema() *schema.Schema {
	return &schema.Schema{Name: "Pointed", Types: []string{"object"}}
}

func TestSchemaOfKinds(t *testing.T) {
	for want, s := range map[string]*schema.Schema{
		`{}`:                                     tigertonic.SchemaOf[any](),
		`{"type":"boolean"}`:                     tigertonic.SchemaOf[bool](),
		`{"type":"string","format":"date-time"}`: tigertonic.SchemaOf[time.Time](),
		`{"type":"string|null","format":"date-time"}`:                                                          tigertonic.SchemaOf[*time.Time](),
		`{"type":"string|null","format":"go-duration"}`:                                                        tigertonic.SchemaOf[tigertonic.Opt[*time.Duration]](),
		`{"type":"array","items":{"type":"array|null","items":{"type":"string|null"}}}`:                        tigertonic.SchemaOf[[]*[]*string](),
		`{"type":"object","additionalProperties":{}}`:                                                          tigertonic.SchemaOf[map[string]any](),
		`{"type":"object","additionalProperties":{"type":"object","additionalProperties":{"type":"boolean"}}}`: tigertonic.SchemaOf[map[level]map[colon]bool](),

		`{"type":"object","closed":true,"required":["A"],"properties":{"A":{"type":"integer","format":"int32","minimum":-2147483648,"maximum":2147483647}}}`: tigertonic.SchemaOf[struct{ A int32 }](),
		`{"type":"object","closed":true,"required":["B"],"properties":{"B":{"type":"object","closed":true}}}`:                                                tigertonic.SchemaOf[struct{ B struct{} }](),
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

// Of two limits on a side one says nothing, and tools object to both.
func TestSchemaHasTheStricterOfTheTypesLimitAndTheTags(t *testing.T) {
	for want, s := range map[string]*schema.Schema{
		`"minimum":-2,"maximum":7`: tigertonic.SchemaOf[struct {
			A int8 `minimum:"-2" maximum:"7"`
		}](),
		`"minimum":-128,"maximum":127`: tigertonic.SchemaOf[struct {
			A int8 `minimum:"-200" maximum:"200"`
		}](),
		`"exclusiveMinimum":-3,"exclusiveMaximum":7`: tigertonic.SchemaOf[struct {
			A int8 `exclusiveMinimum:"-3" exclusiveMaximum:"7"`
		}](),
		`"exclusiveMinimum":-128,"exclusiveMaximum":127`: tigertonic.SchemaOf[struct {
			A int8 `exclusiveMinimum:"-128" exclusiveMaximum:"127"`
		}](),
		`"maximum":127,"minimum":-128`: tigertonic.SchemaOf[struct {
			A int8 `exclusiveMinimum:"-1e12" exclusiveMaximum:"1e12"`
		}](),
	} {
		assert.JSONEq(t, `{"type":"object","closed":true,"required":["A"],"properties":{"A":{"type":"integer","format":"int8",`+want+`}}}`, wholeSchemaText(t, s))
	}
}

func TestSchemaHasTheNameOfItsType(t *testing.T) {
	for want, s := range map[string]*schema.Schema{
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
	assert.Equal(t, []string{"account", "patch"}, []string{s.Name, s.Origin.Variant})
	assert.JSONEq(t, `{
		"type": "object", "closed": true,
		"properties": {
			"name":    {"type": "string", "minLength": 1},
			"note":    {"type": "string|null"},
			"nested":  {"$ref": "secretive"},
			"pointer": {"anyOf": [{"$ref": "secretive"}, {"type": "null"}]},
			"list":    {"type": "array|null", "items": {"$ref": "secretive"}},
			"tags":    {"type": "object|null", "additionalProperties": {"type": "string|null"}},
			"opt":     {"type": "integer|null", "format": "int64", "minimum": -9223372036854775808, "maximum": 9223372036854775807},
			"kind":    {"type": "string|null"}
		}
	}`, wholeSchemaText(t, s))
	inner := s.Properties[2].Schema
	assert.Equal(t, []string{"secretive", "patch"}, []string{inner.Name, inner.Origin.Variant})
	assert.Empty(t, s.Properties[4].Schema.Items.Origin.Variant, "an array is replaced as a whole")
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
		`struct{A}.A: there is no tag "minmum"; is it "minimum"?`: func() {
			tigertonic.SchemaOf[struct {
				A int `minmum:"1"`
			}]()
		},
		`struct{A}.A: format:"zip": not a known format, which are cidr, date, date-time, duration, email, go-duration, hostname, ip, ip-port, ipv4, ipv6, time, uri, uri-reference, uuid`: func() {
			tigertonic.SchemaOf[struct {
				A string `format:"zip"`
			}]()
		},
		`struct{A}.A: the default 3 must be at most 2`: func() {
			tigertonic.SchemaOf[*struct {
				A int `maximum:"2" default:"3"`
			}]()
		},
		"struct{B, A}.B: chan string: a chan has no JSON\nstruct{B, A}.A: minLength:\"x\": not a count": func() {
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

// A schema of the classic functions promises no limits that nobody looks at.
func TestClassicSchemaHasOnlyWhatIsEnforced(t *testing.T) {
	type limited struct {
		Name  string       `json:"name" minLength:"2" pattern:"^a" format:"email" doc:"Its name."`
		Small uint8        `json:"small" maximum:"3" default:"2"`
		Kind  string       `json:"kind" enum:"a,b"`
		List  []string     `json:"list" minItems:"1"`
		Two   [2]bool      `json:"two"`
		ByID  map[int8]any `json:"by_id"`
	}
	h := tigertonic.Marshaled(func(_ *url.URL, _ http.Header, rq *limited) (int, http.Header, *limited, error) {
		return 200, nil, rq, nil
	})
	s := describedBy(h).Body.Content["application/json"].Schema
	assert.JSONEq(t, `{"type": "object", "properties": {
		"name":  {"type": "string", "description": "Its name."},
		"small": {"type": "integer", "format": "uint8", "minimum": 0, "maximum": 255},
		"kind":  {"type": "string"},
		"list":  {"type": "array|null", "items": {"type": "string"}},
		"two":   {"type": "array", "items": {"type": "boolean"}},
		"by_id": {"type": "object|null", "additionalProperties": {}, "propertyNames": {"type": "string", "format": "int8", "pattern": "^[-+]?[0-9]+$"}}
	}}`, wholeSchemaText(t, bareOf(s)))
	body := `{"name":"b","small":255,"kind":"c","list":[],"two":[true],"by_id":{"+01":1}}`
	assert.Equal(t, 200, postJSON(t, h, "/", body).Code)
}

// bareOf returns the schema of what isn't null.
func bareOf(s *schema.Schema) *schema.Schema {
	if len(s.AnyOf) > 0 {
		return s.AnyOf[0]
	}
	return s
}

func TestSchemaOfBigIntegers(t *testing.T) {
	type amounts struct {
		A *big.Int `json:"a"`
		B big.Int  `json:"b" minimum:"1"`
	}
	h := tigertonic.Typed(func(_ context.Context, in *amounts) (*big.Int, error) { return in.A, nil })
	const large = "123456789012345678901234567890"
	w := postJSON(t, h, "/", `{"a":`+large+`,"b":1}`)
	assert.Equal(t, large+"\n", w.Body.String())
	assert.Equal(t, 422, postJSON(t, h, "/", `{"a":"1","b":1}`).Code)
	assert.Equal(t, 422, postJSON(t, h, "/", `{"a":1.5,"b":0}`).Code)
	assert.Equal(t, "4\n", postJSON(t, h, "/", `{"a":4.0,"b":2}`).Body.String())
}

type shelf[T any] struct {
	Items []T `json:"items"`
}

// The compiler numbers the types of functions, by which unrelated code changed names.
func TestSchemaOfLocalTypesHasNoNumber(t *testing.T) {
	type item struct{ A string }
	s := tigertonic.SchemaOf[shelf[item]]()
	assert.Equal(t, "shelf["+module+"_test.item]", s.Name)
}

// Two keys that are written in the same way would be lost, or can't be sent.
func TestTypedRefusesKeysThatAreWrittenTheSame(t *testing.T) {
	for _, f := range []func(){
		func() { taken[box[map[time.Time]int]]() },
		func() { taken[box[map[*big.Int]int]]() },
	} {
		assert.Contains(t, refusal(f), "can't be the name of a member: two that are written in the same way can be different keys")
	}
	noon := time.Date(2006, 1, 2, 12, 0, 0, 0, time.UTC)
	w := serve(t, returning(map[time.Time]int{noon: 1}, nil), "GET", "/", "")
	assert.JSONEq(t, `{"2006-01-02T12:00:00Z":1}`, w.Body.String())
}

// A header is of one type in all of a document.
func TestRetryAfterIsOfOneType(t *testing.T) {
	limited := describedBy(tigertonic.Limited(taken[struct{}](), 1, nil)).Responses["503"].Headers["Retry-After"]
	busy := tigertonic.Problem{Status: 503, Header: http.Header{"retry-after": {"3"}}}
	declared := describedBy(taken[struct{}]().Errors(busy)).Responses["503"].Headers["Retry-After"]
	assert.Equal(t, limited, declared)
	assert.Equal(t, []string{"integer"}, limited.Schema.Types)
}

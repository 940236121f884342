package openapi

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

func raws(values ...string) (list []json.RawMessage) {
	for _, value := range values {
		list = append(list, json.RawMessage(value))
	}
	return list
}

func TestExamplesMeetTheirSchemas(t *testing.T) {
	one, two, three, five, twelve := 1, 2, 3, 5, 12
	text := func(s tigertonic.Schema) *tigertonic.Schema { s.Types = []string{"string"}; return &s }
	number := func(s tigertonic.Schema) *tigertonic.Schema { s.Types = []string{"number"}; return &s }
	integer := func(s tigertonic.Schema) *tigertonic.Schema { s.Types = []string{"integer"}; return &s }
	array := func(s tigertonic.Schema) *tigertonic.Schema { s.Types = []string{"array"}; return &s }
	object := func(properties ...tigertonic.Property) *tigertonic.Schema {
		return &tigertonic.Schema{Types: []string{"object"}, Properties: properties}
	}
	null := &tigertonic.Schema{Types: []string{"null"}}
	loop := object(tigertonic.Property{Name: "value", Required: true, Schema: integer(tigertonic.Schema{})})
	loop.Properties = append(
		loop.Properties,
		tigertonic.Property{Name: "next", Schema: &tigertonic.Schema{Ref: loop}},
		tigertonic.Property{Name: "all", Required: true, Schema: array(tigertonic.Schema{Items: loop})},
		tigertonic.Property{Name: "or", Required: true, Schema: &tigertonic.Schema{AnyOf: []*tigertonic.Schema{loop, null}}},
	)
	endless := object()
	endless.Properties = []tigertonic.Property{{Name: "next", Required: true, Schema: endless}}
	for _, c := range []struct {
		s    *tigertonic.Schema
		want string
	}{
		{nil, `{}`},
		{&tigertonic.Schema{}, `{}`},
		{null, `null`},
		{&tigertonic.Schema{Types: []string{"boolean"}}, `true`},
		{&tigertonic.Schema{Types: []string{"null", "boolean"}}, `true`},
		{text(tigertonic.Schema{}), `"string"`},
		{text(tigertonic.Schema{MaxLength: &three}), `"str"`},
		{text(tigertonic.Schema{MinLength: &twelve}), `"stringstring"`},
		{text(tigertonic.Schema{Format: "date-time"}), `"2026-01-02T15:04:05Z"`},
		{text(tigertonic.Schema{Format: "no such"}), `"string"`},
		{text(tigertonic.Schema{ContentEncoding: "base64"}), `"aGVsbG8="`},
		{text(tigertonic.Schema{Examples: raws(`"a" `, `"b"`), Default: json.RawMessage(`"c"`)}), `"a"`},
		{text(tigertonic.Schema{Enum: raws(`"x"`, `"y"`), Default: json.RawMessage(`"y"`)}), `"x"`},
		{text(tigertonic.Schema{Default: json.RawMessage(`"c"`)}), `"c"`},
		{text(tigertonic.Schema{Pattern: `^[A-Z]{3}-\d+$`}), `"ABC-4567"`},
		{text(tigertonic.Schema{Pattern: `^(a|b)?x*\.y+.$`, MaxLength: &five}), `".ya"`},
		{text(tigertonic.Schema{Pattern: `^[a-z]*$`, MinLength: &twelve}), `"abcdefghijklmno"`},
		{text(tigertonic.Schema{Pattern: `(`}), `"string"`},
		{integer(tigertonic.Schema{}), `1`},
		{integer(tigertonic.Schema{Minimum: "10"}), `10`},
		{integer(tigertonic.Schema{ExclusiveMinimum: "10.5"}), `11`},
		{integer(tigertonic.Schema{Maximum: "-3"}), `-3`},
		{integer(tigertonic.Schema{Minimum: "7", MultipleOf: "5"}), `10`},
		{integer(tigertonic.Schema{Minimum: "12345678901234567890"}), `12345678901234567890`},
		{number(tigertonic.Schema{}), `1`},
		{number(tigertonic.Schema{ExclusiveMinimum: "0", ExclusiveMaximum: "1"}), `0.5`},
		{number(tigertonic.Schema{Minimum: "0.05", Maximum: "0.1", MultipleOf: "0.05"}), `0.05`},
		{number(tigertonic.Schema{Minimum: "2.5"}), `3`},
		{array(tigertonic.Schema{Items: integer(tigertonic.Schema{})}), `[1]`},
		{array(tigertonic.Schema{Items: integer(tigertonic.Schema{}), MinItems: &two}), `[1,1]`},
		{array(tigertonic.Schema{Items: integer(tigertonic.Schema{}), MinItems: &three, UniqueItems: true}), `[1,2,3]`},
		{array(tigertonic.Schema{Items: text(tigertonic.Schema{}), MinItems: &two, UniqueItems: true}), `["string","string1"]`},
		{array(tigertonic.Schema{Items: text(tigertonic.Schema{Enum: raws(`"a"`, `"b"`)}), MinItems: &two, MaxItems: &three, UniqueItems: true}), `["a","b"]`},
		{array(tigertonic.Schema{}), `[{}]`},
		{&tigertonic.Schema{AnyOf: []*tigertonic.Schema{null, text(tigertonic.Schema{})}}, `"string"`},
		{&tigertonic.Schema{Ref: integer(tigertonic.Schema{Minimum: "4"}), Maximum: "9"}, `4`},
		{&tigertonic.Schema{Types: []string{"object"}, Additional: text(tigertonic.Schema{})}, `{"name":"string"}`},
		{&tigertonic.Schema{Types: []string{"object"}, Additional: text(tigertonic.Schema{}), PropertyNames: text(tigertonic.Schema{Format: "date"})}, `{"2026-01-02":"string"}`},
		{object(tigertonic.Property{Name: "<b>", Schema: text(tigertonic.Schema{MinLength: &one})}), `{"<b>":"string"}`},
		{loop, `{"value":1,"all":[],"or":null}`},
		{endless, ``},
	} {
		assert.Equal(t, c.want, exampleOf(c.s), "%+v", c.s)
	}
}

func TestExamplesFitTheirMediaTypes(t *testing.T) {
	s := &tigertonic.Schema{Types: []string{"string"}, Examples: raws(`"a b"`)}
	for _, c := range []struct {
		mediaType string
		m         tigertonic.MediaType
		want      string
	}{
		{"application/json", tigertonic.MediaType{Schema: s}, `"a b"`},
		{"application/merge-patch+json; charset=utf-8", tigertonic.MediaType{Schema: s}, `"a b"`},
		{"text/plain", tigertonic.MediaType{Schema: s}, `a b`},
		{"image/png", tigertonic.MediaType{Schema: s}, ``},
		{"application/json", tigertonic.MediaType{}, ``},
		{"application/json", tigertonic.MediaType{Items: s}, "[\n  \"a b\"\n]"},
		{"application/jsonl", tigertonic.MediaType{Items: s}, "\"a b\"\n"},
		{"text/event-stream", tigertonic.MediaType{Items: s}, "data: \"a b\"\n\n"},
	} {
		assert.Equal(t, c.want, mediaExample(c.mediaType, c.m), "%s", c.mediaType)
	}
}

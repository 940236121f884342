package openapi

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

func raws(values ...string) (list []json.RawMessage) {
	for _, value := range values {
		list = append(list, json.RawMessage(value))
	}
	return list
}

func TestExamplesMeetTheirSchemas(t *testing.T) {
	one, two, three, five, twelve := 1, 2, 3, 5, 12
	text := func(s schema.Schema) *schema.Schema { s.Types = []string{"string"}; return &s }
	number := func(s schema.Schema) *schema.Schema { s.Types = []string{"number"}; return &s }
	integer := func(s schema.Schema) *schema.Schema { s.Types = []string{"integer"}; return &s }
	array := func(s schema.Schema) *schema.Schema { s.Types = []string{"array"}; return &s }
	object := func(properties ...schema.Property) *schema.Schema {
		return &schema.Schema{Types: []string{"object"}, Properties: properties}
	}
	null := &schema.Schema{Types: []string{"null"}}
	loop := object(schema.Property{Name: "value", Required: true, Schema: integer(schema.Schema{})})
	loop.Properties = append(
		loop.Properties,
		schema.Property{Name: "next", Schema: &schema.Schema{Ref: loop}},
		schema.Property{Name: "all", Required: true, Schema: array(schema.Schema{Items: loop})},
		schema.Property{Name: "or", Required: true, Schema: &schema.Schema{AnyOf: []*schema.Schema{loop, null}}},
	)
	endless := object()
	endless.Properties = []schema.Property{{Name: "next", Required: true, Schema: endless}}
	for _, c := range []struct {
		s    *schema.Schema
		want string
	}{
		{nil, `{}`},
		{&schema.Schema{}, `{}`},
		{null, `null`},
		{&schema.Schema{Types: []string{"boolean"}}, `true`},
		{&schema.Schema{Types: []string{"null", "boolean"}}, `true`},
		{text(schema.Schema{}), `"string"`},
		{text(schema.Schema{MaxLength: &three}), `"str"`},
		{text(schema.Schema{MinLength: &twelve}), `"stringstring"`},
		{text(schema.Schema{Format: "date-time"}), `"2026-01-02T15:04:05Z"`},
		{text(schema.Schema{Format: "no such"}), `"string"`},
		{text(schema.Schema{ContentEncoding: "base64"}), `"aGVsbG8="`},
		{text(schema.Schema{Examples: raws(`"a" `, `"b"`), Default: json.RawMessage(`"c"`)}), `"a"`},
		{text(schema.Schema{Enum: raws(`"x"`, `"y"`), Default: json.RawMessage(`"y"`)}), `"x"`},
		{text(schema.Schema{Default: json.RawMessage(`"c"`)}), `"c"`},
		{text(schema.Schema{Pattern: `^[A-Z]{3}-\d+$`}), `"ABC-4567"`},
		{text(schema.Schema{Pattern: `^(a|b)?x*\.y+.$`, MaxLength: &five}), `".ya"`},
		{text(schema.Schema{Pattern: `^[a-z]*$`, MinLength: &twelve}), `"abcdefghijklmno"`},
		{text(schema.Schema{Pattern: `(`}), `"string"`},
		{integer(schema.Schema{}), `1`},
		{integer(schema.Schema{Minimum: "10"}), `10`},
		{integer(schema.Schema{ExclusiveMinimum: "10.5"}), `11`},
		{integer(schema.Schema{Maximum: "-3"}), `-3`},
		{integer(schema.Schema{Minimum: "7", MultipleOf: "5"}), `10`},
		{integer(schema.Schema{Minimum: "12345678901234567890"}), `12345678901234567890`},
		{number(schema.Schema{}), `1`},
		{number(schema.Schema{ExclusiveMinimum: "0", ExclusiveMaximum: "1"}), `0.5`},
		{number(schema.Schema{Minimum: "0.05", Maximum: "0.1", MultipleOf: "0.05"}), `0.05`},
		{number(schema.Schema{Minimum: "2.5"}), `3`},
		{array(schema.Schema{Items: integer(schema.Schema{})}), `[1]`},
		{array(schema.Schema{Items: integer(schema.Schema{}), MinItems: &two}), `[1,1]`},
		{array(schema.Schema{Items: integer(schema.Schema{}), MinItems: &three, UniqueItems: true}), `[1,2,3]`},
		{array(schema.Schema{Items: text(schema.Schema{}), MinItems: &two, UniqueItems: true}), `["string","string1"]`},
		{array(schema.Schema{Items: text(schema.Schema{Enum: raws(`"a"`, `"b"`)}), MinItems: &two, MaxItems: &three, UniqueItems: true}), `["a","b"]`},
		{array(schema.Schema{}), `[{}]`},
		{&schema.Schema{AnyOf: []*schema.Schema{null, text(schema.Schema{})}}, `"string"`},
		{&schema.Schema{Ref: integer(schema.Schema{Minimum: "4"}), Maximum: "9"}, `4`},
		{&schema.Schema{Types: []string{"object"}, Additional: text(schema.Schema{})}, `{"name":"string"}`},
		{&schema.Schema{Types: []string{"object"}, Additional: text(schema.Schema{}), PropertyNames: text(schema.Schema{Format: "date"})}, `{"2026-01-02":"string"}`},
		{object(schema.Property{Name: "<b>", Schema: text(schema.Schema{MinLength: &one})}), `{"<b>":"string"}`},
		{loop, `{"value":1,"all":[],"or":null}`},
		{endless, ``},
	} {
		assert.Equal(t, c.want, exampleOf(c.s), "%+v", c.s)
	}
}

func TestExamplesFitTheirMediaTypes(t *testing.T) {
	s := &schema.Schema{Types: []string{"string"}, Examples: raws(`"a b"`)}
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
		assert.Equal(t, c.want, mediaExample(c.mediaType, c.m, false), "%s", c.mediaType)
	}
}

package openapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic/schema"
)

// said returns all that is said of a schema in one line.
func said(v *schemaView) string {
	var b strings.Builder
	for _, w := range v.Type {
		b.WriteString(w.Text)
	}
	for _, fact := range v.Facts {
		b.WriteString("; " + fact)
	}
	for _, word := range []string{prefixed("matches ", v.Pattern), prefixed("default ", v.Default), prefixed("for example ", v.Example)} {
		b.WriteString(prefixed("; ", word))
	}
	if v.Enum != nil {
		b.WriteString("; one of " + strings.Join(v.Enum, ","))
	}
	if v.Members != nil {
		b.WriteString("; " + v.MembersLabel + ":")
		for i := range v.Members {
			b.WriteString(" " + v.Members[i].Name + "(" + said(&v.Members[i]) + ")")
		}
	}
	return b.String()
}

func TestSchemasInWords(t *testing.T) {
	zero, one, two, nine := 0, 1, 2, 9
	of := func(types string, s schema.Schema) *schema.Schema {
		s.Types = strings.Fields(types)
		return &s
	}
	text, null := of("string", schema.Schema{}), of("null", schema.Schema{})
	member := func(name string, s *schema.Schema) []schema.Property {
		return []schema.Property{{Name: name, Schema: s}}
	}
	thing := of("object", schema.Schema{Name: "Thing", Properties: member("a", text)})
	loop := of("object", schema.Schema{Name: "Loop"})
	loop.Properties = member("next", &schema.Schema{Ref: loop})
	named := map[*schema.Schema]string{thing: "Thing", loop: "Loop"}
	for _, c := range []struct {
		s    *schema.Schema
		want string
	}{
		{nil, "any"},
		{&schema.Schema{}, "any"},
		{text, "string"},
		{of("string null", schema.Schema{Format: "uuid"}), "string (uuid) or null"},
		{of("string", schema.Schema{ContentEncoding: "base64"}), "base64 string"},
		{of("string", schema.Schema{MinLength: &zero}), "string"},
		{of("string", schema.Schema{MinLength: &one}), "string; at least 1 character"},
		{of("string", schema.Schema{MaxLength: &one}), "string; at most 1 character"},
		{of("string", schema.Schema{MinLength: &two, MaxLength: &two}), "string; exactly 2 characters"},
		{of("string", schema.Schema{MinLength: &two, MaxLength: &nine, Pattern: "x+"}), "string; 2 to 9 characters; matches x+"},
		{of("string", schema.Schema{Default: []byte(`""`)}), `string; default ""`},
		{of("string", schema.Schema{Default: []byte(`"a b"`), Enum: []json.RawMessage{[]byte(`"a b"`), []byte(`" c"`)}}), `string; default a b; one of a b," c"`},
		{of("integer", schema.Schema{Minimum: "1", Examples: []json.RawMessage{[]byte("7")}}), "integer; at least 1; for example 7"},
		{of("number", schema.Schema{Minimum: "1", Maximum: "2.5", MultipleOf: "0.5"}), "number; 1 to 2.5; multiple of 0.5"},
		{of("number", schema.Schema{ExclusiveMinimum: "0", Maximum: "1"}), "number; more than 0; at most 1"},
		{of("number", schema.Schema{Minimum: "0", ExclusiveMaximum: "1"}), "number; at least 0; less than 1"},
		{of("array", schema.Schema{}), "array"},
		{of("array", schema.Schema{Items: of("string", schema.Schema{MaxLength: &nine, Pattern: "y"}), MinItems: &one, UniqueItems: true}), "array of string; at least 1 item; no item twice; each at most 9 characters; matches y"},
		{of("array", schema.Schema{Items: &schema.Schema{Ref: thing}}), "array of Thing; member of each item: a(string)"},
		{of("object", schema.Schema{Additional: text}), "map of string"},
		{of("object", schema.Schema{Additional: text, PropertyNames: of("string", schema.Schema{Format: "date"})}), "map of string; member: any date(string)"},
		{of("object", schema.Schema{Additional: &schema.Schema{Ref: thing}}), "map of Thing; member: any name(Thing; member: a(string))"},
		{of("object", schema.Schema{Additional: text, Properties: member("a", text)}), "object; members: a(string) any name(string)"},
		{&schema.Schema{Properties: member("a", text)}, "object; member: a(string)"},
		{thing, "Thing; member: a(string)"},
		{&schema.Schema{Ref: thing}, "Thing; member: a(string)"},
		{&schema.Schema{Ref: of("integer", schema.Schema{Minimum: "1"}), Maximum: "5"}, "integer; 1 to 5"},
		{loop, "Loop; member: next(Loop)"},
		{&schema.Schema{AnyOf: []*schema.Schema{thing, null}}, "Thing or null; member: a(string)"},
		{&schema.Schema{AnyOf: []*schema.Schema{text, of("integer", schema.Schema{})}}, "string or integer"},
		{&schema.Schema{AnyOf: []*schema.Schema{thing, of("integer", schema.Schema{Minimum: "1"}), of("integer", schema.Schema{Minimum: "2"})}}, "Thing or integer; alternatives: (Thing; member: a(string)) (integer; at least 1) (integer; at least 2)"},
	} {
		v := &schemaViewer{names: named}
		view := v.view("", c.s)
		assert.Equal(t, c.want, said(&view))
	}
}

func TestDescriptionsAreReadAsText(t *testing.T) {
	line := func(spans ...span) [][]span { return [][]span{spans} }
	for _, c := range []struct {
		text string
		want []block
	}{
		{"", nil},
		{" \n\n", nil},
		{"a", []block{{"p", line(span{Text: "a"})}}},
		{"a\nb\n\nc", []block{{"p", line(span{Text: "a"}, span{Text: "\nb"})}, {"p", line(span{Text: "c"})}}},
		{"a\n- b\n* c", []block{{"p", line(span{Text: "a"})}, {"ul", [][]span{{{Text: "b"}}, {{Text: "c"}}}}}},
		{"```go\n a\n\n```\nb", []block{{"pre", [][]span{{{Text: " a\n"}}, {{Text: "\n"}}}}, {"p", line(span{Text: "b"})}}},
		{"`*a*` **b** *c* 2 * 3 * 4", []block{{"p", line(span{"code", "*a*", ""}, span{Text: " "}, span{"strong", "b", ""}, span{Text: " "}, span{"em", "c", ""}, span{Text: " 2 * 3 * 4"})}}},
		{"[a](https://x/y) [b](#c) [d](javascript:e)", []block{{"p", line(span{"a", "a", "https://x/y"}, span{Text: " "}, span{"a", "b", "#c"}, span{Text: " [d](javascript:e)"})}}},
		{"see http://x/y.", []block{{"p", line(span{Text: "see "}, span{"a", "http://x/y", "http://x/y"}, span{Text: "."})}}},
		{"<b>`", []block{{"p", line(span{Text: "<b>`"})}}},
	} {
		assert.Equal(t, c.want, blocksOf(c.text), "%q", c.text)
	}
}

package openapitest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

// changes returns what Golden reports between two trees.
func changes(t *testing.T, before, after routes) (breaking, others []string) {
	t.Helper()
	list := &others
	for line := range strings.Lines(golden(after.document(), keep(t, before.document()))) {
		switch {
		case strings.HasPrefix(line, "Breaks clients"):
			list = &breaking
		case strings.HasPrefix(line, "Breaks no client"):
			list = &others
		case strings.HasPrefix(line, "\t") && !strings.Contains(line, "UPDATE_GOLDEN"):
			*list = append(*list, strings.TrimSpace(line))
		}
	}
	return breaking, others
}

func schema(types ...string) *tigertonic.Schema { return &tigertonic.Schema{Types: types} }

func TestChangesOfOperations(t *testing.T) {
	type describe = func(op *tigertonic.Operation)
	header := func(rs *tigertonic.ResponseInfo, name string) { rs.SetHeader(name, "", schema("string")) }
	parameter := func(name, in string, required bool) describe {
		return func(op *tigertonic.Operation) {
			op.Parameters = []tigertonic.Parameter{{Name: name, In: in, Required: required}}
		}
	}
	body := func(required bool, mediaTypes ...string) describe {
		return func(op *tigertonic.Operation) {
			op.Body = &tigertonic.RequestBody{Required: required, Content: map[string]tigertonic.MediaType{}}
			for _, mediaType := range mediaTypes {
				op.Body.Content[mediaType] = tigertonic.MediaType{}
			}
		}
	}
	basic := func(op *tigertonic.Operation) {
		op.Security = []tigertonic.SecurityScheme{{Name: "users", Scheme: "basic"}}
	}
	for _, tt := range []struct {
		name             string
		before, after    describe
		breaking, others string
	}{
		{"the ID", undescribed, func(op *tigertonic.Operation) { op.ID = "x" }, `the operationId was "getStuff", is "x"`, ""},
		{"the summary", undescribed, func(op *tigertonic.Operation) { op.Summary = "x" }, "", "summary has changed"},
		{"deprecated", undescribed, func(op *tigertonic.Operation) { op.Deprecated = true }, "", "is deprecated"},
		{"not deprecated", func(op *tigertonic.Operation) { op.Deprecated = true }, undescribed, "", "isn't deprecated any more"},
		{"security", undescribed, basic, "security: nothing is no longer enough", "security: http basic is enough now"},
		{
			"the name of the security", basic,
			func(op *tigertonic.Operation) {
				op.Security = []tigertonic.SecurityScheme{{Name: "people", Scheme: "basic"}}
			}, "", "",
		},
		{"no security", basic, undescribed, "security: http basic is no longer enough", "security: nothing is enough now"},
		{"parameter", undescribed, parameter("a", "query", false), "", `parameter "a" in query: was added`},
		{"required parameter", undescribed, parameter("a", "query", true), `parameter "a" in query: was added and is required`, ""},
		{"less parameters", parameter("a", "query", false), undescribed, `parameter "a" in query: was removed`, ""},
		{"parameter required", parameter("a", "query", false), parameter("a", "query", true), `parameter "a" in query: is required now`, ""},
		{"parameter optional", parameter("a", "query", true), parameter("a", "query", false), "", `parameter "a" in query: is optional now`},
		{"the case of a header", parameter("X-A", "header", true), parameter("x-a", "header", true), "", `parameter "X-A" in header: name has changed`},
		{
			"the case of a query", parameter("A", "query", false), parameter("a", "query", false),
			`parameter "A" in query: was removed`, `parameter "a" in query: was added`,
		},
		{"body", undescribed, body(false, "a/b"), "", "request body: was added"},
		{"required body", undescribed, body(true, "a/b"), "request body: was added and is required", ""},
		{"no body", body(true, "a/b"), undescribed, "request body: was removed", ""},
		{"body required", body(false, "a/b"), body(true, "a/b"), "request body: is required now", ""},
		{"body optional", body(true, "a/b"), body(false, "a/b"), "", "request body: is optional now"},
		{"media type", body(true, "a/b"), body(true, "a/c"), "request body: a/b was removed", "request body: a/c was added"},
		{
			"status", func(op *tigertonic.Operation) { op.Response("200") }, func(op *tigertonic.Operation) { op.Response("204") },
			"response 200: was removed", "response 204: was added",
		},
		{
			"status of errors", func(op *tigertonic.Operation) { op.Response("200"); op.Response("409") },
			func(op *tigertonic.Operation) { op.Response("200"); op.Response("503") },
			"", "response 409: was removed\nresponse 503: was added",
		},
		{
			"header", func(op *tigertonic.Operation) { header(op.Response("200"), "a") },
			func(op *tigertonic.Operation) { header(op.Response("200"), "b") },
			"response 200: header A: was removed", "response 200: header B: was added",
		},
		{
			"type of a header", func(op *tigertonic.Operation) { op.Response("200").SetHeader("a", "", schema("string")) },
			func(op *tigertonic.Operation) { op.Response("200").SetHeader("a", "", schema("string", "integer")) },
			`response 200: header A: type was "string", is ["string","integer"]`, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			breaking, others := changes(t, routes{"GET /stuff": tt.before}, routes{"GET /stuff": tt.after})
			want := func(lines string) (want []string) {
				for line := range strings.SplitSeq(lines, "\n") {
					if line != "" {
						want = append(want, "GET /stuff: "+line)
					}
				}
				return want
			}
			assert.Equal(t, want(tt.breaking), breaking)
			assert.Equal(t, want(tt.others), others)
		})
	}
}

func raw(values ...string) (list []json.RawMessage) {
	for _, value := range values {
		list = append(list, json.RawMessage(value))
	}
	return list
}

func TestChangesOfSchemas(t *testing.T) {
	one, two := 1, 2
	open := func(s tigertonic.Schema) *tigertonic.Schema { return &s }
	members := func(properties ...tigertonic.Property) *tigertonic.Schema {
		return &tigertonic.Schema{Types: []string{"object"}, Properties: properties}
	}
	list := func(s *tigertonic.Schema) *tigertonic.Schema {
		return &tigertonic.Schema{Types: []string{"array"}, Items: s}
	}
	ref := &tigertonic.Schema{Name: "Stuff", Types: []string{"object"}}
	for _, tt := range []struct {
		before, after       *tigertonic.Schema
		want                string
		requests, responses bool // break there
	}{
		{schema("string"), schema("integer"), `type was "string", is "integer"`, true, true},
		{schema("integer"), schema("number"), `type was "integer", is "number"`, false, true},
		{schema("number"), schema("integer"), `type was "number", is "integer"`, true, false},
		{schema("string"), schema("string", "null"), `type was "string", is ["string","null"]`, false, true},
		{schema("string"), schema(), `type was "string", is none`, false, true},
		{open(tigertonic.Schema{}), open(tigertonic.Schema{Enum: raw("1")}), `enum was none, is [1]`, true, false},
		{open(tigertonic.Schema{Enum: raw("1")}), open(tigertonic.Schema{}), `enum was [1], is none`, false, true},
		{open(tigertonic.Schema{Enum: raw("1", "2")}), open(tigertonic.Schema{Enum: raw("1")}), `enum value 2 was removed`, true, false},
		{open(tigertonic.Schema{Enum: raw("1")}), open(tigertonic.Schema{Enum: raw("1", `"x"`)}), `enum value "x" was added`, false, true},
		{open(tigertonic.Schema{Minimum: "1"}), open(tigertonic.Schema{Minimum: "2"}), `minimum was 1, is 2`, true, false},
		{open(tigertonic.Schema{Minimum: "2"}), open(tigertonic.Schema{Minimum: "-1.5"}), `minimum was 2, is -1.5`, false, true},
		{open(tigertonic.Schema{}), open(tigertonic.Schema{MinLength: &one}), `minLength was none, is 1`, true, false},
		{open(tigertonic.Schema{MinItems: &one}), open(tigertonic.Schema{}), `minItems was 1, is none`, false, true},
		{open(tigertonic.Schema{ExclusiveMaximum: "2"}), open(tigertonic.Schema{ExclusiveMaximum: "1"}), `exclusiveMaximum was 2, is 1`, true, false},
		{open(tigertonic.Schema{MaxLength: &one}), open(tigertonic.Schema{MaxLength: &two}), `maxLength was 1, is 2`, false, true},
		{open(tigertonic.Schema{}), open(tigertonic.Schema{MaxItems: &two}), `maxItems was none, is 2`, true, false},
		{open(tigertonic.Schema{MaxItems: &two}), open(tigertonic.Schema{}), `maxItems was 2, is none`, false, true},
		{open(tigertonic.Schema{Pattern: "a"}), open(tigertonic.Schema{Pattern: "b"}), `pattern was "a", is "b"`, true, true},
		{open(tigertonic.Schema{}), open(tigertonic.Schema{Format: "uuid"}), `format was none, is "uuid"`, true, false},
		{open(tigertonic.Schema{UniqueItems: true}), open(tigertonic.Schema{}), `uniqueItems was true, is none`, false, true},
		{open(tigertonic.Schema{Default: raw("1")[0]}), open(tigertonic.Schema{Default: raw("2")[0]}), `default was 1, is 2`, true, false},
		{open(tigertonic.Schema{Description: "a"}), open(tigertonic.Schema{Description: "b"}), `description has changed`, false, false},
		{list(schema("string")), list(schema("boolean")), `property "[]": type was "string", is "boolean"`, true, true},
		{list(nil), list(schema("boolean")), `items was none, is {"type":"boolean"}`, true, false},
		{members(), members(tigertonic.Property{Name: "a"}), `property "a" was added`, false, false},
		{members(), members(tigertonic.Property{Name: "a", Required: true}), `property "a" was added and is required`, true, false},
		{members(tigertonic.Property{Name: "a"}), members(), `property "a" was removed`, true, true},
		{members(tigertonic.Property{Name: "a"}), members(tigertonic.Property{Name: "a", Required: true}), `property "a" is required now`, true, false},
		{members(tigertonic.Property{Name: "a", Required: true}), members(tigertonic.Property{Name: "a"}), `property "a" is optional now`, false, true},
		{
			members(tigertonic.Property{Name: "a", Schema: list(members(tigertonic.Property{Name: "b", Schema: schema("string")}))}),
			members(tigertonic.Property{Name: "a", Schema: list(members(tigertonic.Property{Name: "b", Schema: schema("null")}))}),
			`property "a[].b": type was "string", is "null"`, true, true,
		},
		{open(tigertonic.Schema{}), open(tigertonic.Schema{Closed: true}), `additionalProperties was none, is false`, true, false},
		{open(tigertonic.Schema{Closed: true}), open(tigertonic.Schema{}), `additionalProperties was false, is none`, false, false},
		{open(tigertonic.Schema{Additional: schema("string")}), open(tigertonic.Schema{}), `additionalProperties was {"type":"string"}, is none`, false, true},
		{
			open(tigertonic.Schema{Additional: schema("string")}), open(tigertonic.Schema{Additional: schema("integer")}),
			`property "*": type was "string", is "integer"`, true, true,
		},
		{
			open(tigertonic.Schema{AnyOf: []*tigertonic.Schema{schema("string"), ref}}), open(tigertonic.Schema{AnyOf: []*tigertonic.Schema{ref}}),
			`anyOf hasn't {"type":"string"} any more`, true, false,
		},
		{
			open(tigertonic.Schema{AnyOf: []*tigertonic.Schema{ref}}), open(tigertonic.Schema{AnyOf: []*tigertonic.Schema{schema("string"), ref}}),
			`anyOf has {"type":"string"} now`, false, true,
		},
		{open(tigertonic.Schema{}), open(tigertonic.Schema{AnyOf: []*tigertonic.Schema{schema("string")}}), `anyOf was none, is [{"type":"string"}]`, true, false},
		{ref, open(tigertonic.Schema{AnyOf: []*tigertonic.Schema{schema("null"), ref}}), `type was "object", is ["object","null"]`, false, true},
		{ref, open(tigertonic.Schema{Ref: ref, Description: "x"}), "description has changed", false, false},
		{ref, &tigertonic.Schema{Name: "Other", Types: []string{"object"}}, "", false, false},
	} {
		t.Run(tt.want, func(t *testing.T) {
			post := func(s *tigertonic.Schema) routes {
				return routes{"POST /stuff": func(op *tigertonic.Operation) {
					op.Body = &tigertonic.RequestBody{Content: map[string]tigertonic.MediaType{"application/json": {Schema: s}}}
				}}
			}
			get := func(s *tigertonic.Schema) routes {
				return routes{"GET /stuff": func(op *tigertonic.Operation) {
					op.Response("200").Add("application/json", tigertonic.MediaType{Schema: s})
				}}
			}
			want := func(place string, breaks bool) (breaking, others []string) {
				switch {
				case tt.want == "":
				case breaks:
					breaking = []string{place + tt.want}
				default:
					others = []string{place + tt.want}
				}
				return breaking, others
			}
			breaking, others := changes(t, post(tt.before), post(tt.after))
			wantBreaking, wantOthers := want("POST /stuff: request body: ", tt.requests)
			assert.Equal(t, wantBreaking, breaking)
			assert.Equal(t, wantOthers, others)
			breaking, others = changes(t, get(tt.before), get(tt.after))
			wantBreaking, wantOthers = want("GET /stuff: response 200: ", tt.responses)
			assert.Equal(t, wantBreaking, breaking)
			assert.Equal(t, wantOthers, others)
		})
	}
}

func TestChangesOfPaths(t *testing.T) {
	breaking, others := changes(t, routes{"GET /stuff/{id}": undescribed}, routes{"GET /stuff/{name}": undescribed})
	assert.Equal(t, []string{`GET /stuff/{id}: the operationId was "getStuffById", is "getStuffByName"`}, breaking)
	assert.Equal(t, []string{
		"GET /stuff/{id}: is called GET /stuff/{name} now",
		"GET /stuff/{id}: summary has changed",
		`GET /stuff/{id}: parameter "id" in path: name has changed`,
	}, others)
}

func TestChangesOfHosts(t *testing.T) {
	on := func(host string) *openapi.Document {
		hosts := tigertonic.NewHostServeMux()
		hosts.Handle(host, routes{"GET /stuff": undescribed}.mux())
		return openapi.New(hosts, openapi.Info{Title: "Test", Version: "1.0"})
	}
	report := golden(on("b.example.com"), keep(t, on("a.example.com")))
	assert.Contains(t, report, "Breaks clients:\n\tGET /stuff: server //a.example.com was removed\n")
	assert.Contains(t, report, "Breaks no client:\n\tGET /stuff: server //b.example.com was added\n")
}

func TestChangesAreToldOncePerPlaceThoughSchemasContainThemselves(t *testing.T) {
	tree := func(value *tigertonic.Schema) routes {
		node := &tigertonic.Schema{Name: "Node", Types: []string{"object"}}
		node.Properties = []tigertonic.Property{
			{Name: "children", Schema: &tigertonic.Schema{Types: []string{"array"}, Items: node}},
			{Name: "value", Schema: value},
		}
		describe := func(op *tigertonic.Operation) {
			op.Response("200").Add("application/json", tigertonic.MediaType{Schema: node})
			op.Response("200").Add("application/jsonl", tigertonic.MediaType{Items: node})
		}
		return routes{"GET /a": describe, "GET /b": describe}
	}
	breaking, others := changes(t, tree(schema("string")), tree(schema("number")))
	const what = `property "value": type was "string", is "number"`
	assert.Equal(t, []string{
		"GET /a: response 200: application/json: " + what,
		"GET /a: response 200: application/jsonl: " + what,
		"GET /b: response 200: application/json: " + what,
		"GET /b: response 200: application/jsonl: " + what,
	}, breaking)
	assert.Empty(t, others)
}

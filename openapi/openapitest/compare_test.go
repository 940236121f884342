package openapitest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/openapi/openapitest"
	"github.com/rcrowley/go-tigertonic/schema"
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

func withSchema(types ...string) *schema.Schema { return &schema.Schema{Types: types} }

func TestChangesOfOperations(t *testing.T) {
	type describe = func(op *tigertonic.Operation)
	header := func(rs *tigertonic.ResponseInfo, name string) { rs.SetHeader(name, "", withSchema("string")) }
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
		{"no security", basic, undescribed, "", "security: http basic is no longer needed\nsecurity: nothing is enough now"},
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
			"status", func(op *tigertonic.Operation) { op.Response(200) }, func(op *tigertonic.Operation) { op.Response(204) },
			"response 200: was removed", "response 204: was added",
		},
		{
			"status of errors", func(op *tigertonic.Operation) { op.Response(200); op.Response(409) },
			func(op *tigertonic.Operation) { op.Response(200); op.Response(503) },
			"", "response 409: was removed\nresponse 503: was added",
		},
		{
			"header", func(op *tigertonic.Operation) { header(op.Response(200), "a") },
			func(op *tigertonic.Operation) { header(op.Response(200), "b") },
			"response 200: header A: was removed", "response 200: header B: was added",
		},
		{
			"type of a header", func(op *tigertonic.Operation) { op.Response(200).SetHeader("a", "", withSchema("string")) },
			func(op *tigertonic.Operation) { op.Response(200).SetHeader("a", "", withSchema("string", "integer")) },
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

// rawChanges returns the changes between two documents.
func rawChanges(t *testing.T, before, after string) (breaking, others []string) {
	t.Helper()
	breaking, others, err := openapitest.Changes([]byte(before), []byte(after))
	if err != nil {
		t.Fatal(err)
	}
	return breaking, others
}

func TestChangesOfAClassOfStatuses(t *testing.T) {
	const doc = `{"openapi":"3.1.1","paths":{"/":{"get":{"responses":{%s}}}}}`
	const text, number = `"content":{"a/b":{"schema":{"type":"string"}}}`, `"content":{"a/b":{"schema":{"type":"number"}}}`
	for _, tt := range []struct{ before, after, breaking string }{
		{`"2XX":{}`, `"200":{}`, ""},
		{`"2XX":{` + text + `}`, `"200":{` + text + `},"202":{` + text + `}`, ""},
		{`"2XX":{` + text + `}`, `"200":{` + number + `}`, `GET /: response 2XX: now 200: type was "string", is "number"`},
		{`"2XX":{` + text + `}`, `"204":{}`, "GET /: response 2XX: now 204: a/b was removed"},
		{`"2XX":{}`, `"300":{}`, "GET /: response 2XX: was removed"},
		{`"200":{},"2XX":{}`, `"200":{}`, "GET /: response 2XX: was removed"},
		{`"200":{}`, `"2XX":{}`, "GET /: response 200: was removed"},
	} {
		breaking, _ := rawChanges(t, fmt.Sprintf(doc, tt.before), fmt.Sprintf(doc, tt.after))
		assert.Equal(t, tt.breaking, strings.Join(breaking, "\n"), "%s to %s", tt.before, tt.after)
	}
}

// A requirement is one of the ways in which a client may authenticate.
func TestChangesOfSecurity(t *testing.T) {
	const doc = `{"openapi":"3.1.1","paths":{"/":{"get":{"security":%s}}},"components":{"securitySchemes":{` +
		`"basic":{"type":"http","scheme":"basic"},"bearer":{"type":"http","scheme":"bearer"},` +
		`"key":{"type":"apiKey","in":"header","name":"X-Key"},"other":{"type":"apiKey","in":"query","name":"key"},"oauth":{"type":"oauth2"}}}}`
	for _, tt := range []struct{ before, after, breaking, others string }{
		{`[{"basic":[]}]`, `[]`, "", "http basic is no longer needed\nnothing is enough now"},
		{`[{"basic":[]}]`, `[{"basic":[]},{}]`, "", "nothing is enough now"},
		{`[{"basic":[]},{}]`, `[{"basic":[]}]`, "nothing is no longer enough", ""},
		{`[{"basic":[]}]`, `[{"basic":[]},{"bearer":[]}]`, "", "http bearer is enough now"},
		{`[{"basic":[]},{"bearer":[]}]`, `[{"basic":[]}]`, "http bearer is no longer enough", ""},
		{`[{"basic":[]}]`, `[{"bearer":[]}]`, "http basic is no longer enough", "http bearer is enough now"},
		{`[{"basic":[],"key":[]}]`, `[{"key":[]}]`, "", "http basic and the header X-Key is no longer needed\nthe header X-Key is enough now"},
		{`[{"key":[]}]`, `[{"basic":[],"key":[]}]`, "the header X-Key is no longer enough", "http basic and the header X-Key is enough now"},
		{`[{"key":[]}]`, `[{"other":[]}]`, "the header X-Key is no longer enough", "the query key is enough now"},
		{`[{"oauth":["a","b"]}]`, `[{"oauth":["a"]}]`, "", "oauth2 and oauth2 for a and oauth2 for b is no longer needed\noauth2 and oauth2 for a is enough now"},
		{`[{"oauth":["a"]}]`, `[{"oauth":["a","b"]}]`, "oauth2 and oauth2 for a is no longer enough", "oauth2 and oauth2 for a and oauth2 for b is enough now"},
		{`[{"basic":[]},{"bearer":[]}]`, `[{"bearer":[]},{"basic":[]}]`, "", ""},
	} {
		breaking, others := rawChanges(t, fmt.Sprintf(doc, tt.before), fmt.Sprintf(doc, tt.after))
		want := func(lines string) (want []string) {
			for line := range strings.Lines(lines) {
				want = append(want, "GET /: security: "+strings.TrimSpace(line))
			}
			return want
		}
		assert.Equal(t, want(tt.breaking), breaking, "%s to %s", tt.before, tt.after)
		assert.Equal(t, want(tt.others), others, "%s to %s", tt.before, tt.after)
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
	open := func(s schema.Schema) *schema.Schema { return &s }
	members := func(properties ...schema.Property) *schema.Schema {
		return &schema.Schema{Types: []string{"object"}, Properties: properties}
	}
	list := func(s *schema.Schema) *schema.Schema {
		return &schema.Schema{Types: []string{"array"}, Items: s}
	}
	ref := &schema.Schema{Name: "Stuff", Types: []string{"object"}}
	for _, tt := range []struct {
		before, after       *schema.Schema
		want                string
		requests, responses bool // break there
	}{
		{withSchema("string"), withSchema("integer"), `type was "string", is "integer"`, true, true},
		{withSchema("integer"), withSchema("number"), `type was "integer", is "number"`, false, true},
		{withSchema("number"), withSchema("integer"), `type was "number", is "integer"`, true, false},
		{withSchema("string"), withSchema("string", "null"), `type was "string", is ["string","null"]`, false, true},
		{withSchema("string"), withSchema(), `type was "string", is none`, false, true},
		{open(schema.Schema{}), open(schema.Schema{Enum: raw("1")}), `enum was none, is [1]`, true, false},
		{open(schema.Schema{Enum: raw("1")}), open(schema.Schema{}), `enum was [1], is none`, false, true},
		{open(schema.Schema{Enum: raw("1", "2")}), open(schema.Schema{Enum: raw("1")}), `enum value 2 was removed`, true, false},
		{open(schema.Schema{Enum: raw("1")}), open(schema.Schema{Enum: raw("1", `"x"`)}), `enum value "x" was added`, false, true},
		{open(schema.Schema{Minimum: "1"}), open(schema.Schema{Minimum: "2"}), `minimum was 1, is 2`, true, false},
		{open(schema.Schema{Minimum: "2"}), open(schema.Schema{Minimum: "-1.5"}), `minimum was 2, is -1.5`, false, true},
		{open(schema.Schema{}), open(schema.Schema{MinLength: &one}), `minLength was none, is 1`, true, false},
		{open(schema.Schema{MinItems: &one}), open(schema.Schema{}), `minItems was 1, is none`, false, true},
		{open(schema.Schema{ExclusiveMaximum: "2"}), open(schema.Schema{ExclusiveMaximum: "1"}), `exclusiveMaximum was 2, is 1`, true, false},
		{open(schema.Schema{MaxLength: &one}), open(schema.Schema{MaxLength: &two}), `maxLength was 1, is 2`, false, true},
		{open(schema.Schema{}), open(schema.Schema{MaxItems: &two}), `maxItems was none, is 2`, true, false},
		{open(schema.Schema{MaxItems: &two}), open(schema.Schema{}), `maxItems was 2, is none`, false, true},
		{open(schema.Schema{Pattern: "a"}), open(schema.Schema{Pattern: "b"}), `pattern was "a", is "b"`, true, true},
		{open(schema.Schema{}), open(schema.Schema{Format: "uuid"}), `format was none, is "uuid"`, true, false},
		{open(schema.Schema{UniqueItems: true}), open(schema.Schema{}), `uniqueItems was true, is none`, false, true},
		{open(schema.Schema{Default: raw("1")[0]}), open(schema.Schema{Default: raw("2")[0]}), `default was 1, is 2`, true, false},
		{open(schema.Schema{Description: "a"}), open(schema.Schema{Description: "b"}), `description has changed`, false, false},
		{list(withSchema("string")), list(withSchema("boolean")), `property "[]": type was "string", is "boolean"`, true, true},
		{list(nil), list(withSchema("boolean")), `items was none, is {"type":"boolean"}`, true, false},
		{members(), members(schema.Property{Name: "a"}), `property "a" was added`, false, false},
		{members(), members(schema.Property{Name: "a", Required: true}), `property "a" was added and is required`, true, false},
		{members(schema.Property{Name: "a"}), members(), `property "a" was removed`, true, true},
		{members(schema.Property{Name: "a"}), members(schema.Property{Name: "a", Required: true}), `property "a" is required now`, true, false},
		{members(schema.Property{Name: "a", Required: true}), members(schema.Property{Name: "a"}), `property "a" is optional now`, false, true},
		{
			members(schema.Property{Name: "a", Schema: list(members(schema.Property{Name: "b", Schema: withSchema("string")}))}),
			members(schema.Property{Name: "a", Schema: list(members(schema.Property{Name: "b", Schema: withSchema("null")}))}),
			`property "a[].b": type was "string", is "null"`, true, true,
		},
		{open(schema.Schema{}), open(schema.Schema{Closed: true}), `additionalProperties was none, is false`, true, false},
		{open(schema.Schema{Closed: true}), open(schema.Schema{}), `additionalProperties was false, is none`, false, false},
		{open(schema.Schema{Additional: withSchema("string")}), open(schema.Schema{}), `additionalProperties was {"type":"string"}, is none`, false, true},
		{
			open(schema.Schema{Additional: withSchema("string")}), open(schema.Schema{Additional: withSchema("integer")}),
			`property "*": type was "string", is "integer"`, true, true,
		},
		{
			open(schema.Schema{AnyOf: []*schema.Schema{withSchema("string"), ref}}), open(schema.Schema{AnyOf: []*schema.Schema{ref}}),
			`anyOf hasn't {"type":"string"} any more`, true, false,
		},
		{
			open(schema.Schema{AnyOf: []*schema.Schema{ref}}), open(schema.Schema{AnyOf: []*schema.Schema{withSchema("string"), ref}}),
			`anyOf has {"type":"string"} now`, false, true,
		},
		{open(schema.Schema{}), open(schema.Schema{AnyOf: []*schema.Schema{withSchema("string")}}), `anyOf was none, is [{"type":"string"}]`, true, false},
		{ref, open(schema.Schema{AnyOf: []*schema.Schema{withSchema("null"), ref}}), `type was "object", is ["object","null"]`, false, true},
		{ref, open(schema.Schema{Ref: ref, Description: "x"}), "description has changed", false, false},
		{ref, &schema.Schema{Name: "Other", Types: []string{"object"}}, "", false, false},
	} {
		t.Run(tt.want, func(t *testing.T) {
			post := func(s *schema.Schema) routes {
				return routes{"POST /stuff": func(op *tigertonic.Operation) {
					op.Body = &tigertonic.RequestBody{Content: map[string]tigertonic.MediaType{"application/json": {Schema: s}}}
				}}
			}
			get := func(s *schema.Schema) routes {
				return routes{"GET /stuff": func(op *tigertonic.Operation) {
					op.Response(200).Add("application/json", tigertonic.MediaType{Schema: s})
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
	tree := func(value *schema.Schema) routes {
		node := &schema.Schema{Name: "Node", Types: []string{"object"}}
		node.Properties = []schema.Property{
			{Name: "children", Schema: &schema.Schema{Types: []string{"array"}, Items: node}},
			{Name: "value", Schema: value},
		}
		describe := func(op *tigertonic.Operation) {
			op.Response(200).Add("application/json", tigertonic.MediaType{Schema: node})
			op.Response(200).Add("application/jsonl", tigertonic.MediaType{Items: node})
		}
		return routes{"GET /a": describe, "GET /b": describe}
	}
	breaking, others := changes(t, tree(withSchema("string")), tree(withSchema("number")))
	const what = `property "value": type was "string", is "number"`
	assert.Equal(t, []string{
		"GET /a: response 200: application/json: " + what,
		"GET /a: response 200: application/jsonl: " + what,
		"GET /b: response 200: application/json: " + what,
		"GET /b: response 200: application/jsonl: " + what,
	}, breaking)
	assert.Empty(t, others)
}

// Whether a part is written in its place or as a component is no change.
func TestChangesAreSeenThroughReferences(t *testing.T) {
	const document = `{"paths":{"/a":{"get":{"parameters":[%s],"responses":{"404":%s}}}},"components":{
		"parameters":{"limit":{"name":"limit","in":"query","schema":{"type":"string"}}},
		"headers":{"Retry-After":{"schema":{"type":"integer"}}},
		"responses":{"NotFound":{"description":"No","headers":{"Retry-After":{"$ref":"#/components/headers/Retry-After"}}}}}}`
	inPlace := fmt.Sprintf(document, `{"name":"limit","in":"query","schema":{"type":"string"}}`, `{"description":"No","headers":{"Retry-After":{"schema":{"type":"integer"}}}}`)
	referred := fmt.Sprintf(document, `{"$ref":"#/components/parameters/limit"}`, `{"$ref":"#/components/responses/NotFound"}`)
	breaking, others := rawChanges(t, inPlace, referred)
	assert.Empty(t, append(breaking, others...))
	breaking, others = rawChanges(t, inPlace, strings.ReplaceAll(strings.ReplaceAll(referred, `"type":"integer"`, `"type":"string"`), `"No"`, `"Nothing"`))
	assert.Equal(t, []string{
		`GET /a: response 404: description has changed`,
		`GET /a: response 404: header Retry-After: type was "integer", is "string"`,
	}, append(others, breaking...))
}

func TestChangesOfWebhooks(t *testing.T) {
	const before = `{"webhooks":{"paid":{"post":{"summary":"Paid","requestBody":{"content":{"application/json":{}}}}},"gone":{"post":{}}}}`
	const after = `{"webhooks":{"paid":{"post":{"summary":"It was paid","requestBody":{"content":{"text/plain":{}}}}},"new":{"put":{}}}}`
	breaking, others := rawChanges(t, before, after)
	assert.Equal(t, []string{"webhook POST gone: was removed", "webhook POST paid: requestBody has changed"}, breaking)
	assert.Equal(t, []string{"webhook PUT new: was added", "webhook POST paid: summary has changed"}, others)
}

func TestChangesOfOpenAPI32(t *testing.T) {
	const document = `{"paths":{"/a":{"additionalOperations":{"PURGE":{"responses":{"200":{"content":{"application/jsonl":{"itemSchema":{"type":"%s"}}}}}}}}}}`
	breaking, others := rawChanges(t, fmt.Sprintf(document, "string"), fmt.Sprintf(document, "integer"))
	assert.Equal(t, []string{`PURGE /a: response 200: type was "string", is "integer"`}, append(breaking, others...))
}

// How a value is written is as much a part of the contract as what it is.
func TestChangesOfStyles(t *testing.T) {
	const list, number, thing = `"schema":{"type":"array","items":{"type":"string"}}`, `"schema":{"type":"integer"}`, `"schema":{"type":"object"}`
	const doc = `{"paths":{"/a":{"get":{"parameters":[{"name":"p","in":"%s",%s}]}}}}`
	for _, tt := range []struct{ in, before, after, breaking, others string }{
		{"query", list, list + `,"style":"form","explode":true`, "", ""},
		{"query", list, list + `,"explode":false`, "explode was true, is false", ""},
		{"query", list, list + `,"style":"spaceDelimited"`, "style was form, is spaceDelimited\nexplode was true, is false", ""},
		{"query", thing, thing + `,"style":"deepObject"`, "style was form, is deepObject", ""},
		{"query", number, number + `,"explode":false`, "", ""},
		{"path", list, list + `,"style":"simple","explode":true`, "", ""},
		{"path", thing, thing + `,"explode":true`, "explode was false, is true", ""},
		{"path", number, number + `,"style":"matrix"`, "style was simple, is matrix", ""},
		{"cookie", list, list + `,"explode":false`, "explode was true, is false", ""},
		{"header", thing + `,"explode":true`, thing, "explode was true, is false", ""},
		{"query", number + `,"allowReserved":true`, number, "allowReserved was true, is false", ""},
		{"query", number, number + `,"allowEmptyValue":true`, "", "allowEmptyValue was false, is true"},
	} {
		breaking, others := rawChanges(t, fmt.Sprintf(doc, tt.in, tt.before), fmt.Sprintf(doc, tt.in, tt.after))
		place := fmt.Sprintf(`GET /a: parameter "p" in %s: `, tt.in)
		assert.Equal(t, tt.breaking, strings.ReplaceAll(strings.Join(breaking, "\n"), place, ""), "%s %s to %s", tt.in, tt.before, tt.after)
		assert.Equal(t, tt.others, strings.ReplaceAll(strings.Join(others, "\n"), place, ""), "%s %s to %s", tt.in, tt.before, tt.after)
	}
}

func TestChangesOfEncodings(t *testing.T) {
	const doc = `{"paths":{"/a":{"post":{"requestBody":{"content":{"multipart/form-data":{"encoding":{%s}}}}}}}}`
	for _, tt := range []struct{ before, after, breaking, others string }{
		{``, `"f":{"style":"form","explode":true}`, "", ""},
		{``, `"f":{"explode":false}`, "explode was true, is false", ""},
		{``, `"f":{"contentType":"image/png"}`, `contentType was none, is "image/png"`, ""},
		{`"f":{"contentType":"image/png"}`, ``, "", `contentType was "image/png", is none`},
		{`"f":{"contentType":"image/png"}`, `"f":{"contentType":"image/gif, image/png"}`, "", `contentType was "image/png", is "image/gif, image/png"`},
		{`"f":{"contentType":"image/png, image/gif"}`, `"f":{"contentType":"image/*"}`, "", `contentType was "image/png, image/gif", is "image/*"`},
		{`"f":{"contentType":"image/png,image/gif"}`, `"f":{"contentType":"image/png"}`, `contentType was "image/png,image/gif", is "image/png"`, ""},
	} {
		breaking, others := rawChanges(t, fmt.Sprintf(doc, tt.before), fmt.Sprintf(doc, tt.after))
		const place = `POST /a: request body: field f: `
		assert.Equal(t, tt.breaking, strings.ReplaceAll(strings.Join(breaking, "\n"), place, ""), "%s to %s", tt.before, tt.after)
		assert.Equal(t, tt.others, strings.ReplaceAll(strings.Join(others, "\n"), place, ""), "%s to %s", tt.before, tt.after)
	}
}

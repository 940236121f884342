package openapi_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/schema"
)

// full is an Info with everything in it.
func full() openapi.Info {
	return openapi.Info{
		Title: "Test", Version: "1", TermsOfService: "https://example.com/terms",
		Contact: openapi.Contact{Name: "Us", URL: "https://example.com", Email: "us@example.com"},
		License: openapi.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
		Docs:    openapi.Docs{URL: "https://example.com/docs", Description: "More"},
		Servers: []openapi.Server{{
			URL: "https://{region}.example.com", Name: "live", Description: "The service",
			Variables: map[string]openapi.ServerVariable{"region": {Default: "eu", Enum: []string{"eu", "us"}, Description: "Where"}},
		}},
		Tags: []openapi.Tag{
			{Name: "z", Description: "The *last* comes first.", Docs: openapi.Docs{URL: "https://example.com/z"}},
			{Name: "inner", Summary: "Inner", Parent: "z", Kind: "nav"},
		},
		Webhooks: []openapi.Webhook{{Name: "paid", Describe: func(op *tigertonic.Operation) {
			op.Summary, op.Tags = "An order was paid", []string{"z"}
			op.Body = &tigertonic.RequestBody{Content: map[string]tigertonic.MediaType{"application/json": {Schema: &schema.Schema{Name: "Paid", Types: []string{"object"}}}}}
		}}},
	}
}

func tagged(tag string) func(op *tigertonic.Operation) {
	return func(op *tigertonic.Operation) { op.Tags = []string{tag} }
}

func TestDocumentHasWhatIsSaidOfTheAPI(t *testing.T) {
	doc := parse(openapi.New(many(tagged("a"), tagged("inner")), full()))
	assert.Equal(t, "3.1.1", doc["openapi"])
	assert.Equal(t, object{
		"title": "Test", "version": "1", "termsOfService": "https://example.com/terms",
		"contact": object{"name": "Us", "url": "https://example.com", "email": "us@example.com"},
		"license": object{"name": "Apache 2.0", "identifier": "Apache-2.0"},
	}, doc["info"])
	assert.Equal(t, object{"url": "https://example.com/docs", "description": "More"}, doc["externalDocs"])
	region := object{"default": "eu", "enum": []any{"eu", "us"}, "description": "Where"}
	assert.Equal(t, []any{object{"url": "https://{region}.example.com", "description": "The service", "variables": object{"region": region}}}, doc["servers"])
	z := object{"name": "z", "description": "The *last* comes first.", "externalDocs": object{"url": "https://example.com/z"}}
	assert.Equal(t, []any{z, object{"name": "inner"}, object{"name": "a"}}, doc["tags"])
	assert.Equal(t, object{"paid": object{"post": object{
		"summary": "An order was paid", "operationId": "postPaid", "tags": []any{"z"},
		"requestBody": object{"content": object{"application/json": object{"schema": ref("Paid")}}},
		"responses":   object{"2XX": object{"description": "Success"}},
	}}}, doc["webhooks"])
	assert.NotContains(t, at(doc, "paths"), "paid")
}

func TestDocumentIsInOpenAPI32WhereAskedFor(t *testing.T) {
	info := full()
	info.OpenAPI = "3.2"
	mux := many(tagged("a"), func(op *tigertonic.Operation) {
		for _, mediaType := range []string{"application/json", "application/jsonl", "text/event-stream"} {
			op.Response(200).Add(mediaType, tigertonic.MediaType{Schema: schemaOf("string"), Items: schemaOf("integer")})
		}
	})
	mux.Handle("QUERY", "/000", described(func(op *tigertonic.Operation) {}))
	mux.Handle("PURGE", "/000", described(func(op *tigertonic.Operation) {}))
	mux.Handle("LOCK", "/000", described(func(op *tigertonic.Operation) {}))
	doc := parse(openapi.New(mux, info))
	assert.Equal(t, "3.2.0", doc["openapi"])
	assert.Equal(t, "live", at(doc["servers"].([]any)[0], "name"))
	assert.Equal(t, object{"name": "inner", "summary": "Inner", "parent": "z", "kind": "nav"}, doc["tags"].([]any)[1])
	integer := object{"type": "integer"}
	text := object{"type": "string"}
	assert.Equal(t, object{
		"application/json":  object{"schema": text},
		"application/jsonl": object{"itemSchema": integer},
		"text/event-stream": object{"itemSchema": object{"type": "object", "required": []any{"data"}, "properties": object{
			"data":  object{"type": "string", "contentMediaType": "application/json", "contentSchema": integer},
			"event": text, "id": text, "retry": object{"type": "integer", "minimum": 0.0},
		}}},
	}, at(doc, "paths", "/001", "get", "responses", "200", "content"))
	path := at(doc, "paths", "/000").(object)
	assert.Equal(t, "query000", at(path, "query", "operationId"))
	others := path["additionalOperations"].(object)
	assert.Len(t, others, 2)
	assert.Equal(t, "PURGE /000", at(others, "PURGE", "summary"))

	info.OpenAPI = "3.1"
	assert.Len(t, at(parse(openapi.New(mux, info)), "paths", "/000"), 1)
}

func TestWhatIsSaidOfTheAPIIsChecked(t *testing.T) {
	for want, change := range map[string]func(info *openapi.Info){
		`Info.OpenAPI is "3.0", which isn't 3.1 or 3.2`:       func(info *openapi.Info) { info.OpenAPI = "3.0" },
		`Info.Contact.URL is "%zz", which isn't a URL`:        func(info *openapi.Info) { info.Contact.URL = "%zz" },
		`Info.Contact.Email is "us"`:                          func(info *openapi.Info) { info.Contact.Email = "us" },
		`Info.License has no Name`:                            func(info *openapi.Info) { info.License.Name = "" },
		`Info.License has an Identifier and a URL`:            func(info *openapi.Info) { info.License.URL = "https://example.com" },
		`Info.Docs has no URL`:                                func(info *openapi.Info) { info.Docs.URL = "" },
		`Info.Servers[0] has no URL`:                          func(info *openapi.Info) { info.Servers[0].URL = "" },
		`Info.Servers[0] has no variable "zone"`:              func(info *openapi.Info) { info.Servers[0].URL = "https://{region}.{zone}" },
		`has the variable "region", which its URL hasn't`:     func(info *openapi.Info) { info.Servers[0].URL = "https://example.com" },
		`Info.Tags[1] has the name "z"`:                       func(info *openapi.Info) { info.Tags[1] = openapi.Tag{Name: "z"} },
		`Info.Tags[1] is in "y", which isn't one of the tags`: func(info *openapi.Info) { info.Tags[1].Parent = "y" },
		`"inner" is in itself`:                                func(info *openapi.Info) { info.Tags[1].Parent = "inner" },
		`Info.Webhooks[0] POST ""`:                            func(info *openapi.Info) { info.Webhooks[0].Name = "" },
		`Info.Webhooks[1] POST "paid": it has no name`:        func(info *openapi.Info) { info.Webhooks = append(info.Webhooks, info.Webhooks[0]) },
		`Info.Webhooks[0] POST "paid": "Ok" is not a status`: func(info *openapi.Info) {
			info.Webhooks[0].Describe = func(op *tigertonic.Operation) { op.ResponseRange("Ok") }
		},
	} {
		info := full()
		change(&info)
		got := message(func() { openapi.New(newMux("GET /a"), info) })
		assert.Contains(t, got, want)
		assert.Contains(t, got, "info_test.go:")
	}
}

func TestPageShowsWhatIsSaidOfTheAPI(t *testing.T) {
	text := html(t, many(tagged("a"), tagged("inner"), tagged("z")), full())
	checkHTML(t, text)
	for _, want := range []string{
		`<a href="https://example.com" rel="noreferrer">Us us@example.com</a>`, `Apache 2.0`, `<a href="https://example.com/terms"`,
		`Requests go to <code>https://eu.example.com</code>`, `The <em>last</em> comes first.`, `An order was paid`,
	} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, `data-path="paid"`, "it is no request to the service")
}

type order struct {
	Item  string `json:"item"`
	Count int    `json:"count"`
}

func TestDocumentHasExamplesAndLinks(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/orders", tigertonic.Described(
		tigertonic.Typed(func(context.Context, *order) (tigertonic.CreatedResponse[order], error) {
			return tigertonic.CreatedResponse[order]{}, nil
		}).
			RequestExample("tea", order{"tea", 2}).RequestExample("milk", &order{"milk", 1}).ResponseExample("tea", order{"tea", 2}),
		func(op *tigertonic.Operation) {
			op.Response(201).AddLink("cancel", tigertonic.Link{OperationID: "cancel", Description: "It may be too late.", Parameters: map[string]string{"id": "$response.body#/id"}})
		}))
	mux.Handle("DELETE", "/orders/{id}", named("cancel"))
	doc := openapi.New(mux, info)
	op := at(parse(doc), "paths", "/orders", "post")
	tea := object{"value": object{"item": "tea", "count": 2.0}}
	assert.Equal(t, object{"tea": tea, "milk": object{"value": object{"item": "milk", "count": 1.0}}}, at(op, "requestBody", "content", "application/json", "examples"))
	assert.Equal(t, object{"tea": tea}, at(op, "responses", "201", "content", "application/json", "examples"))
	assert.Equal(t, object{"cancel": object{"operationId": "cancel", "description": "It may be too late.", "parameters": object{"id": "$response.body#/id"}}}, at(op, "responses", "201", "links"))

	text := html(t, mux, info)
	checkHTML(t, text)
	assert.Contains(t, text, `<a href="#cancel">cancel</a> · It may be too late.`)
	assert.Contains(t, curlOf(t, text, "postOrders"), "{\n  \"item\": \"milk\",\n  \"count\": 1\n}")
}

func TestLinksLeadToOperations(t *testing.T) {
	got := message(func() {
		openapi.New(many(func(op *tigertonic.Operation) {
			op.Response(200).AddLink("next", tigertonic.Link{OperationID: "nowhere"})
		}), info)
	})
	assert.Contains(t, got, `GET /000: the link "next" of the response 200 leads to the operation "nowhere", which isn't there`)
	got = message(func() {
		openapi.New(many(func(op *tigertonic.Operation) {
			op.Response(200).Add("application/json", tigertonic.MediaType{Examples: map[string]tigertonic.Example{"bad": {Value: json.RawMessage("{")}}})
		}), info)
	})
	assert.Contains(t, got, "/paths/~1000/get/responses/200/content/application~1json/examples/bad/value")
}

func TestExamplesAreOfTheBody(t *testing.T) {
	endpoint := func() *tigertonic.Endpoint {
		return tigertonic.Typed(func(context.Context, *order) (struct{}, error) { return struct{}{}, nil })
	}
	for want, f := range map[string]func(){
		`RequestExample: "x" is a string, but the body is a openapi_test.order`: func() { endpoint().RequestExample("x", "tea") },
		`RequestExample: the name "x" is missing or there twice`:                func() { endpoint().RequestExample("x", order{}).RequestExample("x", order{}) },
		`ResponseExample: what Typed(`:                                          func() { endpoint().ResponseExample("x", order{}) },
		`has no body`: func() {
			tigertonic.Typed(func(context.Context, *struct{}) (struct{}, error) { return struct{}{}, nil }).RequestExample("x", order{})
		},
	} {
		assert.Contains(t, message(f), want)
	}
}

// Who asks for YAML gets it: by the name, or by the Accept header.
func TestHandlerServesYAML(t *testing.T) {
	doc := openapi.New(newMux("GET /", "GET /a"), info)
	for _, tt := range []struct{ path, accept, want, vary string }{
		{"/openapi.yaml", "", "application/yaml", ""},
		{"/openapi.yml", "application/json", "application/yaml", ""},
		{"/openapi.json", "application/yaml", "application/json", ""},
		{"/openapi", "", "application/json", "Accept"},
		{"/openapi", "application/yaml", "application/yaml", "Accept"},
		{"/openapi", "application/yaml;q=0.5, application/json", "application/json", "Accept"},
		{"/openapi", "text/html", "application/json", "Accept"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", tt.path, nil)
		if tt.accept != "" {
			r.Header.Set("Accept", tt.accept)
		}
		w := httptest.NewRecorder()
		doc.Handler().ServeHTTP(w, r)
		assert.Equal(t, tt.want, w.Header().Get("Content-Type"), tt)
		assert.Equal(t, tt.vary, w.Header().Get("Vary"), tt)
		assert.YAMLEq(t, string(doc.JSON()), w.Body.String())
		if tt.want == "application/yaml" {
			assert.Equal(t, string(doc.YAML()), w.Body.String())
			assert.Contains(t, w.Body.String(), "\npaths:\n  /:\n    get:\n")
		}
		require.NotEmpty(t, w.Header().Get("Etag"))
	}
	status, text := ask(t, openapi.Page(doc), "?openapi.yaml")
	assert.Equal(t, 200, status)
	assert.Equal(t, string(doc.YAML()), text)
}

func TestExamplesOfFormsAndOfBodiesAsTheyAre(t *testing.T) {
	type upload struct {
		ID    int              `path:"id"`
		Title string           `form:"title"`
		Tags  []string         `form:"tag"`
		Size  []int            `form:"size"`
		Age   *int             `form:"age"`
		Half  bool             `form:"half"`
		File  *tigertonic.File `form:"file" mediaTypes:"text/plain"`
	}
	type table struct {
		Body []byte `body:"" mediaTypes:"text/csv"`
	}
	type picture struct {
		Body tigertonic.File `body:"" mediaTypes:"image/png"`
	}
	age := 7
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/{id}", tigertonic.Typed(bound[upload]).RequestExample("whole", &upload{
		Title: "7", Tags: []string{"1", "b"}, Size: []int{1, 2}, Age: &age, Half: true, File: &tigertonic.File{Reader: strings.NewReader("abc")},
	}).RequestExample("least", upload{Title: "x"}))
	mux.Handle("PUT", "/table", tigertonic.Typed(bound[table]).RequestExample("two", "a,b\n1,2\n").RequestExample("one", []byte("a\n")))
	mux.Handle("PUT", "/picture", tigertonic.Typed(bound[picture]).RequestExample("vector", tigertonic.File{Reader: strings.NewReader("<svg/>")}))
	doc := parse(openapi.New(mux, info))
	examples := func(path, method, mediaType string) any {
		return at(doc, "paths", path, method, "requestBody", "content", mediaType, "examples")
	}
	assert.Equal(t, object{
		"whole": object{"value": object{"title": "7", "tag": []any{"1", "b"}, "size": []any{1.0, 2.0}, "age": 7.0, "half": true, "file": "abc"}},
		"least": object{"value": object{"title": "x"}},
	}, examples("/{id}", "post", "multipart/form-data"))
	assert.Equal(t, object{"two": object{"value": "a,b\n1,2\n"}, "one": object{"value": "a\n"}}, examples("/table", "put", "text/csv"))
	assert.Equal(t, object{"vector": object{"value": "<svg/>"}}, examples("/picture", "put", "image/png"))

	for want, f := range map[string]func(){
		`RequestExample: "x" is a string, but the body is a openapi_test.upload`: func() { tigertonic.Typed(bound[upload]).RequestExample("x", "tea") },
		`RequestExample: "x": it is a int, but the body is taken as it is`:       func() { tigertonic.Typed(bound[table]).RequestExample("x", 7) },
		`its content isn't text`:  func() { tigertonic.Typed(bound[picture]).RequestExample("x", "\xff") },
		`a file has no Reader`:    func() { tigertonic.Typed(bound[picture]).RequestExample("x", tigertonic.File{}) },
		`the name "x" is missing`: func() { tigertonic.Typed(bound[table]).RequestExample("x", "").RequestExample("x", "") },
	} {
		assert.Contains(t, message(f), want)
	}
}

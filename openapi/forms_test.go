package openapi_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

func bound[In any](context.Context, *In) (struct{}, error) { return struct{}{}, nil }

// bodyOf returns the body of POST / in the document of an endpoint.
func bodyOf(t *testing.T, version string, e *tigertonic.Endpoint) string {
	t.Helper()
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/", e)
	var doc struct {
		Paths map[string]map[string]struct{ RequestBody json.RawMessage }
	}
	text := openapi.New(mux, openapi.Info{Title: "Forms", Version: "1", OpenAPI: version}).JSON()
	require.NoError(t, json.Unmarshal(text, &doc))
	return string(doc.Paths["/"]["post"].RequestBody)
}

func TestFormsAreDescribed(t *testing.T) {
	type signup struct {
		Name string   `form:"name" required:"true" maxLength:"80" doc:"who it is"`
		Tags []string `form:"tag" maxItems:"5"`
		Age  *int32   `form:"age" minimum:"18"`
	}
	type upload struct {
		ID    int             `query:"id"`
		Title string          `form:"title" default:"untitled"`
		Image tigertonic.File `form:"image" mediaTypes:"image/png,image/jpeg" maxBytes:"1MiB" doc:"what it shows"`
	}
	type album struct {
		Photos tigertonic.Files `form:"photo" maxBytes:"1MiB" maxItems:"3" title:"Photos" deprecated:"true"`
	}
	type raw struct {
		Body tigertonic.File `body:"" mediaTypes:"image/png,image/*" doc:"the picture"`
	}
	const properties = `"schema":{"type":"object","properties":{
		"name":{"description":"who it is","type":"string","maxLength":80},
		"tag":{"type":"array","items":{"type":"string"},"maxItems":5},
		"age":{"type":"integer","format":"int32","minimum":18,"maximum":2147483647}},
		"required":["name"],"additionalProperties":false}`
	for _, version := range []string{"3.1", "3.2"} {
		assert.JSONEq(t, `{"required":true,"content":{
			"application/x-www-form-urlencoded":{`+properties+`,"encoding":{"tag":{"style":"form","explode":true}}},
			"multipart/form-data":{`+properties+`}}}`, bodyOf(t, version, tigertonic.Typed(bound[signup])))
		assert.JSONEq(t, `{"required":true,"content":{"multipart/form-data":{
			"schema":{"type":"object","properties":{
				"title":{"type":"string","default":"untitled"},
				"image":{"description":"what it shows","type":"string","format":"binary","maxLength":1048576}},
				"required":["image"],"additionalProperties":false},
			"encoding":{"image":{"contentType":"image/png, image/jpeg"}}}}}`, bodyOf(t, version, tigertonic.Typed(bound[upload])))
		assert.JSONEq(t, `{"content":{"multipart/form-data":{"schema":{"type":"object","properties":{
			"photo":{"title":"Photos","deprecated":true,"type":"array","items":{"type":"string","format":"binary","maxLength":1048576},"maxItems":3}},"additionalProperties":false}}}}`,
			bodyOf(t, version, tigertonic.Typed(bound[album])))
		binary := `{"schema":{"type":"string","format":"binary"}}`
		assert.JSONEq(t, `{"description":"the picture","required":true,"content":{"image/*":`+binary+`,"image/png":`+binary+`}}`,
			bodyOf(t, version, tigertonic.Typed(bound[raw])))
		assert.JSONEq(t, `{"required":true,"content":{"*/*":`+binary+`}}`, bodyOf(t, version, tigertonic.Typed(bound[tigertonic.File])))
	}
}

package openapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

type pay struct {
	tigertonic.Union `discriminator:"type"`

	Card *debit    `variant:"card"`
	Cash *struct{} `variant:"cash"`
	Bank *giro     `variant:"bank"`
}

type debit struct {
	Number string `json:"number" minLength:"2"`
	Month  int8   `json:"month,omitempty"`
}

type giro struct {
	IBAN string              `json:"iban"`
	Back tigertonic.Opt[pay] `json:"back,omitzero"`
}

// documentOf returns the schemas of a document by their names, and its JSON.
func documentOf(t *testing.T, mux *tigertonic.TrieServeMux) (schemas map[string]json.RawMessage, text string) {
	t.Helper()
	doc := openapi.New(mux, openapi.Info{Title: "pay", Version: "1"})
	var parsed struct {
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal(doc.JSON(), &parsed))
	return parsed.Components.Schemas, string(doc.JSON())
}

func TestUnionsAreDescribed(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/pay", tigertonic.Typed(func(context.Context, *pay) (pay, error) { return pay{}, nil }))
	schemas, _ := documentOf(t, mux)
	assert.JSONEq(t, `{
		"oneOf": [{"$ref": "#/components/schemas/debit"}, {"$ref": "#/components/schemas/payCash"}, {"$ref": "#/components/schemas/giro"}],
		"discriminator": {"propertyName": "type", "mapping": {
			"card": "#/components/schemas/debit", "cash": "#/components/schemas/payCash", "bank": "#/components/schemas/giro"
		}}
	}`, string(schemas["pay"]))
	assert.JSONEq(t, `{"type": "object", "properties": {"type": {"type": "string", "const": "cash"}}, "required": ["type"], "additionalProperties": false}`, string(schemas["payCash"]))
	assert.JSONEq(t, `{
		"type": "object", "properties": {
			"type": {"type": "string", "const": "bank"}, "iban": {"type": "string"},
			"back": {"anyOf": [{"$ref": "#/components/schemas/pay"}, {"type": "null"}]}
		}, "required": ["type", "iban"], "additionalProperties": false
	}`, string(schemas["giro"]))
}

// A struct that is a variant and used alone is two schemas, for alone it has no
// discriminator.
func TestVariantsHaveNamesOfTheirOwn(t *testing.T) {
	type other struct {
		tigertonic.Union `discriminator:"kind"`

		Debit *debit `variant:"debit"`
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/pay", tigertonic.Typed(func(context.Context, *pay) (debit, error) { return debit{}, nil }))
	mux.Handle("PATCH", "/pay", tigertonic.Typed(func(context.Context, *tigertonic.Patch[pay]) (other, error) { return other{}, nil }))
	schemas, _ := documentOf(t, mux)
	assert.Contains(t, string(schemas["debit.pay"]), `"card"`)
	assert.Contains(t, string(schemas["debit.other"]), `"debit"`)
	assert.NotContains(t, string(schemas["debit"]), `"const"`)
	assert.NotContains(t, string(schemas["debit.pay.patch"]), `"required"`)
	assert.JSONEq(t, `{"anyOf": [{"$ref": "#/components/schemas/debit.pay.patch"}, {"$ref": "#/components/schemas/payCash.patch"}, {"$ref": "#/components/schemas/giro.patch"}]}`, string(schemas["pay.patch"]))
}

func TestPagesShowUnions(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/pay", tigertonic.Typed(func(context.Context, *pay) (pay, error) { return pay{}, nil }))
	w := httptest.NewRecorder()
	openapi.Page(openapi.New(mux, openapi.Info{Title: "pay", Version: "1"})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/docs", http.NoBody))
	text := w.Body.String()
	for _, want := range []string{"always card", "3 alternatives", `&#34;type&#34;: &#34;card&#34;`} {
		assert.Contains(t, text, want)
	}
}

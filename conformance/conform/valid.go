// Package conform reports whether an OpenAPI document is valid, and whether the
// service that it describes keeps to it. It is for tests.
package conform

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// Valid is an error of the test if the document isn't a valid OpenAPI 3.1
// document in JSON by kin-openapi: examples and defaults must meet their schemas.
func Valid(t testing.TB, doc []byte) {
	t.Helper()
	loader := openapi3.NewLoader()
	parsed, err := loader.LoadFromData(doc)
	if err != nil {
		t.Errorf("the document can't be loaded: %v", err)
		return
	}
	if err := parsed.Validate(loader.Context, openapi3.EnableMultiError()); err != nil {
		t.Errorf("the document isn't valid: %v", err)
	}
}

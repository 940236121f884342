package openapitest_test

import (
	"fmt"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/openapi/openapitest"
)

// Golden is called by a test. After a change that is right,
//
//	UPDATE_GOLDEN=1 go test -run '^TestDocument$'
//
// writes the file.
func ExampleGolden() {
	_ = func(t *testing.T) { // func TestDocument
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("GET", "/version", tigertonic.Version("1.0"))
		doc := openapi.New(mux, openapi.Info{Title: "Stuff", Version: "1.0"})

		openapitest.Golden(t, doc, "testdata/openapi.json")
	}
	// Output:
}

// Changes compares with what was released, say.
func ExampleChanges() {
	released := `{"openapi":"3.1.1","paths":{"/stuff":{"get":{"responses":{"200":{"description":""}}}}}}`
	current := `{"openapi":"3.1.1","paths":{"/stuff":{"post":{"responses":{"201":{"description":""}}}}}}`
	breaking, others, err := openapitest.Changes([]byte(released), []byte(current))
	fmt.Println(breaking, others, err)
	// Output: [GET /stuff: was removed] [POST /stuff: was added] <nil>
}

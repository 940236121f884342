package contract_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
)

type greeting struct {
	Greeting string `json:"greeting"`
}

func hello(_ context.Context, in *struct {
	Name string `path:"name" maxLength:"40"`
},
) (*greeting, error) {
	return &greeting{"Hello, " + in.Name + "!"}, nil
}

func service() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/hello/{name}", tigertonic.Typed(hello))
	return mux
}

// api is what all tests of a package hold the service to.
var api = contract.Of(service())

// In a test, Server is used as httptest.NewServer is.
func ExampleContract_Server() {
	_ = func(t *testing.T) { // func TestHello
		server := api.Server(t, service())
		rs, err := server.Client().Get(server.URL + "/hello/world")
		if err != nil {
			t.Fatal(err)
		}
		defer rs.Body.Close()
		// A status, a header or a body that the document hasn't is an error of the test.
	}
	// Output:
}

// Covered fails if no test has called an operation.
func ExampleCovered() {
	_ = func(m *testing.M) { // func TestMain
		os.Exit(contract.Covered(m, api).Run())
	}
	// Output:
}

// Fuzz is a test by itself.
func ExampleContract_Fuzz() {
	_ = func(t *testing.T) { // func TestHelloWhateverIsAsked
		api.Fuzz(t, service(), contract.FuzzOptions{})
	}
	// Output:
}

func ExampleContract_Report() {
	contract.Of(service()).Report(os.Stdout)
	// Output:
	// OPERATION          CALLS  ANSWERED  NEVER ANSWERED               NEVER SENT
	// GET /hello/{name}  0      -         200 204 400 404 406 422 500  name
	// called 0 of 1 operations, with 0 of 1 parameters, and seen 0 of 7 statuses
}

func ExampleContract_Schema() {
	s, err := api.Schema("/paths/~1hello~1{name}/get/parameters/0/schema")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Validate("world"), s.Validate(strings.Repeat("x", 41)) != nil)
	// Output: <nil> true
}

package conform

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/openapi/contract"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A Checker holds the answers of one test to an OpenAPI document, by the rules of
// [contract.Contract.Handler]. It is made by [New], and may be used by any number of
// goroutines.
type Checker struct {
	*contract.Contract
	t testing.TB
}

// New returns a checker for an OpenAPI 3.1 document in JSON. It fails the test
// if that can't be read.
func New(t testing.TB, doc []byte) *Checker {
	t.Helper()
	c, err := contract.Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &Checker{c, t}
}

// Pointer returns the JSON pointer with these names.
func Pointer(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteByte('/')
		b.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return b.String()
}

// Except leaves out patterns, and returns the checker.
func (c *Checker) Except(patterns ...string) *Checker {
	c.Contract.Except(patterns...)
	return c
}

// Schema returns the schema at a JSON pointer into the document. It fails the
// test if there is none.
func (c *Checker) Schema(pointer string) *jsonschema.Schema {
	c.t.Helper()
	s, err := c.Contract.Schema(pointer)
	if err != nil {
		c.t.Fatalf("the schema at %s: %v", pointer, err)
	}
	return s
}

// Recorded returns a handler that calls h and checks each of its requests and answers.
func (c *Checker) Recorded(h http.Handler) http.Handler { return c.Handler(c.t, h) }

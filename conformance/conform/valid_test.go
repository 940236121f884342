package conform_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic/conformance/conform"
)

// A witness is a test that keeps its errors.
type witness struct {
	testing.TB
	errors []string
}

func (w *witness) Helper() {}

func (w *witness) Errorf(format string, args ...any) {
	w.errors = append(w.errors, fmt.Sprintf(format, args...))
}

func TestValidTellsWhatIsWrong(t *testing.T) {
	w := &witness{TB: t}
	conform.Valid(w, []byte(`{"openapi":"3.1.1","info":{"title":"T","version":"1"},"paths":{"/stuff/{id}":{"get":{"responses":{"200":{"description":""}}}}}}`))
	assert.Contains(t, strings.Join(w.errors, "\n"), "/stuff/{id}", "the path's parameter isn't declared")
	w = &witness{TB: t}
	conform.Valid(w, []byte(`{"openapi":"3.1.1","info":{"title":"T","version":"1"},"paths":{}}`))
	assert.Empty(t, w.errors)
}

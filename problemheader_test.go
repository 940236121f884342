package tigertonic_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

func TestProblemHeaderIsSet(t *testing.T) {
	header := http.Header{"retry-after": {"7"}, "X-Tea": {"green", "black"}}
	for name, err := range map[string]error{
		"a value":    tigertonic.Problem{Status: 503, Header: header},
		"a pointer":  &tigertonic.Problem{Status: 429, Header: header},
		"wrapped":    fmt.Errorf("no tea: %w", tigertonic.Problem{Status: 503, Header: header}),
		"not known":  tigertonic.Problem{Header: header},
		"with types": tigertonic.Problem{Status: 503, Header: http.Header{"Content-Type": {"text/html"}, "Content-Length": {"1"}, "Retry-After": {"7"}, "X-Tea": {"green", "black"}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h := tigertonic.Typed(func(context.Context, *struct{}) (struct{}, error) { return struct{}{}, err })
			h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			assert.Equal(t, "7", w.Header().Get("Retry-After"))
			assert.Equal(t, []string{"green", "black"}, w.Header()["X-Tea"])
			assert.Equal(t, []string{"application/problem+json"}, w.Header()["Content-Type"])
			assert.Empty(t, w.Header()["Content-Length"])
			assert.NotContains(t, w.Body.String(), "green")
		})
	}
}

// What a handler does with its response stays its own.
func TestProblemHeaderIsNotShared(t *testing.T) {
	problem := tigertonic.Problem{Status: 503, Header: http.Header{"X-Tea": {"green"}}}
	w := httptest.NewRecorder()
	tigertonic.ProblemWriter{}.WriteJSONError(w, problem)
	w.Header()["X-Tea"][0] = "black"
	w.Header().Add("X-Tea", "white")
	assert.Equal(t, http.Header{"X-Tea": {"green"}}, problem.Header)
}

func TestProblemWithRetryAfterIsNotLogged(t *testing.T) {
	for name, tt := range map[string]struct {
		err    error
		logged bool
	}{
		"a failure":  {tigertonic.Problem{Status: 503, Detail: "secret tea"}, true},
		"a refusal":  {tigertonic.Problem{Status: 503, Detail: "secret tea", Header: http.Header{"Retry-After": {"1"}}}, false},
		"in lower":   {tigertonic.Problem{Status: 503, Detail: "secret tea", Header: http.Header{"retry-after": {"1"}}}, false},
		"by pointer": {&tigertonic.Problem{Status: 503, Detail: "secret tea", Header: http.Header{"Retry-After": {"1"}}}, false},
		"not one":    {errors.New("secret tea"), true},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			before := slog.Default()
			slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
			defer slog.SetDefault(before)
			h := tigertonic.Typed(func(context.Context, *struct{}) (struct{}, error) { return struct{}{}, tt.err })
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			assert.Equal(t, tt.logged, strings.Contains(log.String(), "secret tea"), log.String())
		})
	}
}

func TestProblemHeaderIsDescribed(t *testing.T) {
	h := tigertonic.Typed(func(context.Context, *struct{}) (struct{}, error) { return struct{}{}, nil }).
		Errors(tigertonic.Problem{Status: 503, Header: http.Header{"Retry-After": {"1"}, "X-Tea": {"green"}}}, tigertonic.NotFound{})
	var op tigertonic.Operation
	h.Describe(&op)
	assert.Len(t, op.Responses["503"].Headers, 2)
	assert.Contains(t, op.Responses["503"].Headers["Retry-After"].Description, "try again")
	assert.Empty(t, op.Responses["404"].Headers)
}

package tigertonic_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

func TestDeprecated(t *testing.T) {
	since := time.Date(2026, 1, 2, 0, 0, 0, 0, time.FixedZone("", 3600))
	sunset := since.AddDate(1, 0, 0)
	linking := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Add("Link", "</own>; rel=\"next\"") })
	for _, tt := range []struct {
		d     tigertonic.Deprecation
		want  http.Header
		links []string
	}{
		{tigertonic.Deprecation{Since: since}, http.Header{"Deprecation": {"@1767308400"}}, nil},
		{
			tigertonic.Deprecation{Since: since, Sunset: sunset, Info: "https://example.com/old", Successor: "/2.0/name"},
			http.Header{"Deprecation": {"@1767308400"}, "Sunset": {"Fri, 01 Jan 2027 23:00:00 GMT"}},
			[]string{`<https://example.com/old>; rel="deprecation"`, `<https://example.com/old>; rel="sunset"`, `</2.0/name>; rel="successor-version"`},
		},
		{tigertonic.Deprecation{Since: since, Sunset: since}, http.Header{"Deprecation": {"@1767308400"}, "Sunset": {"Thu, 01 Jan 2026 23:00:00 GMT"}}, nil},
	} {
		h := tigertonic.Deprecated(linking, tt.d)
		for range 2 { // nothing is shared
			w := serve(t, h, "GET", "/", "")
			assert.Equal(t, append(tt.links, `</own>; rel="next"`), w.Header()["Link"])
			w.Header()["Link"][0] = "changed"
			w.Header().Del("Link")
			assert.Equal(t, tt.want, w.Header())
			w.Header()["Deprecation"][0] = "changed"
		}
	}
	refused := tigertonic.Deprecated(tigertonic.NotFoundHandler{}, tigertonic.Deprecation{Since: since})
	w := serve(t, refused, "GET", "/", "")
	assert.Equal(t, 404, w.Code)
	assert.Equal(t, "@1767308400", w.Header().Get("Deprecation"), "errors have it too")
}

func TestDeprecatedIsDescribed(t *testing.T) {
	h := tigertonic.Deprecated(tigertonic.Typed(func(context.Context, *struct{}) (string, error) { return "", nil }).Description("Says nothing."), tigertonic.Deprecation{
		Since: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Sunset: time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC), Info: "https://example.com/old", Successor: "/2.0",
	})
	op := &tigertonic.Operation{}
	h.(interface{ Unwrap() http.Handler }).Unwrap().(tigertonic.Describer).Describe(op)
	h.(tigertonic.Describer).Describe(op)
	assert.True(t, op.Deprecated)
	assert.Equal(t, "Says nothing.\n\nDeprecated since 2026-01-02, to be gone by 2027-01-02. Use /2.0 instead. See https://example.com/old.", op.Description)
	for status, rs := range op.Responses {
		for _, name := range []string{"Deprecation", "Sunset", "Link"} {
			assert.Contains(t, rs.Headers, name, status)
		}
	}
}

func TestDeprecatedThatCantBe(t *testing.T) {
	since := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, d := range []tigertonic.Deprecation{
		{}, {Since: since, Sunset: since.Add(-time.Second)}, {Since: since, Info: "https://example.com/>; x"}, {Since: since, Successor: "%zz"}, {Since: since, Info: "a\nb"},
	} {
		assert.Panics(t, func() { tigertonic.Deprecated(hello, d) }, "%+v", d)
	}
	assert.Panics(t, func() { tigertonic.Deprecated(nil, tigertonic.Deprecation{Since: since}) })
}

func ExampleDeprecated() {
	old := tigertonic.Typed(func(context.Context, *struct{}) (string, error) { return "Ada Lovelace", nil })
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/1.0/name", tigertonic.Deprecated(old, tigertonic.Deprecation{
		Since:     time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Sunset:    time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		Successor: "/2.0/name",
	}))
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/1.0/name", http.NoBody))
	for _, name := range []string{"Deprecation", "Sunset", "Link"} {
		fmt.Printf("%s: %s\n", name, w.Header().Get(name))
	}
	// Output:
	// Deprecation: @1767225600
	// Sunset: Fri, 01 Jan 2027 00:00:00 GMT
	// Link: </2.0/name>; rel="successor-version"
}

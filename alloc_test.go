package tigertonic_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

// Each middleware alone, round a handler that allocates nothing. One is the recorder
// that all share which look at the response.
func TestMiddlewareAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	null := tigertonic.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	registry := metrics.NewRegistry()
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins("https://example.com").AddExposedHeaders("X-Seen")
	timed := tigertonic.Timed(null, "timed", registry)
	for range 1028 { // its sample grows up to there
		timed.Update(1)
	}
	for _, tt := range []struct {
		name    string
		h       http.Handler
		want    float64
		headers []string
	}{
		{"none", null, 0, nil},
		{"Counted", tigertonic.Counted(null, "counted", registry), 0, nil},
		{"Timed", timed, 0, nil},
		{"CountedByStatus", tigertonic.CountedByStatus(null, "status", registry), 1, nil},
		{"CountedByStatusXX", tigertonic.CountedByStatusXX(null, "xx", registry), 1, nil},
		{"Recovered", tigertonic.Recovered(null), 1, nil},
		{"Identified", tigertonic.Identified(null, nil), 2, []string{"X-Request-Id", "ID"}},
		{"Limited", tigertonic.Limited(null, 1, nil), 0, nil},
		{"Sized", tigertonic.Sized(null, 1<<20), 2, nil},
		{"Within", tigertonic.Within(null, time.Hour), 6, nil},
		{"Accessed", tigertonic.Accessed(null, &tigertonic.AccessOptions{Logger: bufferedLines()}), 1, nil},
		{"CORS", cors.Build(null), 2, []string{"Origin", "https://example.com"}},
		{"CORS of another origin", cors.Build(null), 1, []string{"Origin", "https://example.org"}},
		{"HTTPBasicAuth", tigertonic.HTTPBasicAuth(map[string]string{"user": "password"}, "realm", null), 0, []string{"Authorization", "Basic dXNlcjpwYXNzd29yZA=="}},
		{"Authenticated", tigertonic.Authenticated(null, tigertonic.BearerAuth(tigertonic.KnownTokens(map[string]*holder{"ada": {}}))), 2, []string{"Authorization", "Bearer ada"}}, // Vary, and the request with its principal
		{"Cached", tigertonic.Cached(null, tigertonic.CacheOptions{MaxAge: time.Hour}), 2, nil},
		{"Proxied without a proxy", tigertonic.Proxied(null, prefixes("10.0.0.0/8"), forwarded), 0, nil},
		{"Proxied", tigertonic.Proxied(null, prefixes("192.0.2.0/24"), forwarded), 3, []string{"Forwarded", "for=203.0.113.7;proto=https"}}, // the request, its URL and the address
		{"WithContext", tigertonic.WithContext(null, stuff{}), 4, nil},
		{"First of one", tigertonic.First(null), 0, nil},
		{"First", tigertonic.First(null, null), 1, nil},
		{"If", tigertonic.If(func(*http.Request) (http.Header, error) { return nil, nil }, null), 0, nil},
	} {
		got := testing.AllocsPerRun(500, asker(t, tt.h, "GET", "/stuff/1", "", tt.headers...))
		assert.LessOrEqual(t, got, tt.want, tt.name)
	}
}

package admin_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
)

const openMetrics = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"

func measuredService() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/stuff/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") == "leak" {
			tigertonic.ProblemWriter{}.WriteError(r, w, errors.New("the <kettle> leaks"))
			return
		}
		_, _ = w.Write([]byte("12345"))
	})
	return tigertonic.Accessed(tigertonic.Identified(tigertonic.Measured(mux, nil), nil), nil)
}

func requests(t *testing.T, h http.Handler, paths ...string) {
	t.Helper()
	for _, path := range paths {
		r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}

func TestMetricsHaveHistogramsOfRoutes(t *testing.T) {
	h := measuredService()
	a := admin.New(h, admin.Options{Registry: metrics.NewRegistry()})
	assert.NotContains(t, get(t, a, "/metrics"), "http_request", "what never happened")
	requests(t, h, "/stuff/1", "/stuff/2", "/nothing")
	text := get(t, a, "/metrics")
	for _, line := range []string{
		"# TYPE http_request_duration_seconds histogram",
		`http_request_duration_seconds_bucket{method="GET",pattern="/stuff/{id}",class="2xx",le="10.0"} 2`,
		`http_request_duration_seconds_bucket{method="GET",pattern="/stuff/{id}",class="2xx",le="+Inf"} 2`,
		`http_request_duration_seconds_count{method="GET",pattern="/stuff/{id}",class="2xx"} 2`,
		`http_request_duration_seconds_count{method="GET",pattern="(none)",class="4xx"} 1`,
		`http_response_body_bytes_total{method="GET",pattern="/stuff/{id}",class="2xx"} 10`,
		`http_requests_in_flight{method="GET",pattern="/stuff/{id}"} 0`,
	} {
		assert.Contains(t, text, line+"\n")
	}
	assert.NotContains(t, text, "5xx")
	assert.NotContains(t, text, "trace_id", "which the format hasn't")
}

func TestOpenMetricsHaveExemplars(t *testing.T) {
	h := measuredService()
	requests(t, h, "/stuff/1")
	a := admin.New(h, admin.Options{Registry: metrics.NewRegistry()})
	w := ask(t, a, "GET", "/metrics", "", "Accept", openMetrics)
	assert.Equal(t, "application/openmetrics-text; version=1.0.0; charset=utf-8", w.Header().Get("Content-Type"))
	text := w.Body.String()
	assert.Regexp(t, `(?m)^http_request_duration_seconds_bucket\{.*\} 1 # \{trace_id="4bf92f3577b34da6a3ce929d0e0e4736"\} [0-9.e-]+ [0-9]+\.[0-9]{3}$`, text)
	assert.Contains(t, text, "# TYPE http_response_body_bytes counter\nhttp_response_body_bytes_total{")
	assert.True(t, strings.HasSuffix(text, "\n# EOF\n"))
	for _, accept := range []string{"", "*/*", "application/openmetrics-text;version=2.0.0", "application/openmetrics-text;q=0", "text/plain"} {
		w := ask(t, a, "GET", "/metrics", "", "Accept", accept)
		assert.Equal(t, "text/plain; version=0.0.4; charset=utf-8", w.Header().Get("Content-Type"), accept)
	}
	for accept, want := range map[string]string{
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6," + openMetrics: "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
		openMetrics + ",application/vnd.google.protobuf;q=0.4":                                                            "application/openmetrics-text; version=1.0.0; charset=utf-8",
		"application/vnd.google.protobuf;encoding=text":                                                                   "text/plain; version=0.0.4; charset=utf-8",
		"application/vnd.google.protobuf;q=high":                                                                          "text/plain; version=0.0.4; charset=utf-8",
	} {
		w := ask(t, a, "GET", "/metrics", "", "Accept", accept)
		assert.Equal(t, want, w.Header().Get("Content-Type"), accept)
	}
	plain := admin.New(tigertonic.NewTrieServeMux(), admin.Options{Registry: metrics.NewRegistry()})
	w = ask(t, plain, "GET", "/metrics", "", "Accept", openMetrics)
	assert.Contains(t, w.Header().Get("Content-Type"), "text/plain", "nothing of it is measured")
}

func TestIndexShowsRoutesByTrouble(t *testing.T) {
	h := measuredService()
	a := admin.New(h, admin.Options{Registry: metrics.NewRegistry()})
	assert.Contains(t, get(t, a, "/"), `<section id="routes" hidden>`)
	requests(t, h, "/nothing", "/stuff/leak", "/stuff/1")
	page := withoutScript(get(t, a, "/"))
	assert.Contains(t, page, `<section id="routes"><h2>Routes by trouble`)
	trouble, none := strings.Index(page, "/stuff/{id}"), strings.Index(page, "(none)")
	assert.Less(t, trouble, none)
	assert.Contains(t, page, "the &lt;kettle&gt; leaks")
	assert.Contains(t, page, "<svg")
	assert.NotRegexp(t, hostileHTML, page)
}

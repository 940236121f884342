package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rcrowley/go-tigertonic/examples/internal/serving"
)

// A collector gets the spans of the service: each by its route, with the trace that the
// client has begun. This isn't parallel, for the provider is the process' own.
func TestCollectorGetsASpanOfEachRequest(t *testing.T) {
	var mu sync.Mutex
	var spans []*trace.Span
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var export collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &export)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Error(r.URL, err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, resource := range export.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				spans = append(spans, scope.GetSpans()...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	before := otel.GetTracerProvider()
	defer otel.SetTracerProvider(before)
	flush, err := serving.Traces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, options{db: filepath.Join(t.TempDir(), "tracker.db"), files: t.TempDir(), audience: "tracker", origin: "https://tracker.example", perMinute: 100})
	began := time.Now()
	s.ask(t, "GET", "/projects/kettle/issues", "", "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	s.ask(t, "POST", "/projects", `{"id":"kettle","name":"The kettle"}`)
	flush()

	mu.Lock()
	defer mu.Unlock()
	var names []string
	for _, span := range spans {
		names = append(names, span.GetName())
		if took := time.Duration(span.GetEndTimeUnixNano() - span.GetStartTimeUnixNano()); took <= 0 || took > time.Since(began) {
			t.Errorf("%s took %v", span.GetName(), took)
		}
	}
	if want := []string{"GET /projects/{project}/issues", "POST /projects"}; !slices.Equal(names, want) {
		t.Fatalf("got %q, want %q", names, want)
	}
	attributes := map[string]string{}
	for _, kv := range spans[0].GetAttributes() {
		attributes[kv.GetKey()] = kv.GetValue().GetStringValue()
		if n := kv.GetValue().GetIntValue(); kv.GetKey() == "http.response.status_code" && n != http.StatusNotFound {
			t.Errorf("the status is %d", n)
		}
	}
	if got := attributes["http.route"]; got != "/projects/{project}/issues" {
		t.Errorf("the route is %q", got)
	}
	if got := spans[0].GetParentSpanId(); string(got) != "\x00\xf0\x67\xaa\x0b\xa9\x02\xb7" {
		t.Errorf("the parent is %x", got)
	}
}

package main

import (
	"context"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
)

// collect starts the OTLP receiver of the OpenTelemetry Collector, and returns its URL and
// what keeps the spans that it gets.
func collect(t *testing.T) (string, *consumertest.TracesSink) {
	t.Helper()
	address, sink, factory := processtest.FreeAddress(t), new(consumertest.TracesSink), otlpreceiver.NewFactory()
	options := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": address}}}).Unmarshal(options); err != nil {
		t.Fatal(err)
	}
	r, err := factory.CreateTraces(t.Context(), receivertest.NewNopSettings(factory.Type()), options, sink)
	if err == nil {
		err = r.Start(t.Context(), componenttest.NewNopHost())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return "http://" + address, sink
}

// The OpenTelemetry Collector gets every span that is sent, and agrees on what has failed.
func TestCollectorOfOthersGetsEverySpan(t *testing.T) {
	t.Parallel()
	url, sink := collect(t)
	r := start(t, "-otlp", url)
	r.place(t, 3)
	const n = 40
	for range n {
		if got := r.do(t, nearDublin, ""); got.status != 200 {
			t.Fatalf("got %v", got)
		}
	}
	if err := r.process.exported.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := r.process.exported.Counts()
	if c.Sent < 25*n || c.Delivered != c.Sent || c.Dropped+c.Failed != 0 || int64(sink.SpanCount()) != c.Delivered {
		t.Errorf("it has got %d of %+v", sink.SpanCount(), c)
	}
	errors := 0
	for _, batch := range sink.AllTraces() {
		for _, resource := range batch.ResourceSpans().All() {
			if name, _ := resource.Resource().Attributes().Get("service.name"); name.Str() != "cab" {
				t.Errorf("a span is of %q", name.Str())
			}
			for _, scope := range resource.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					if span.Status().Message() == "no tariff for DUB" && strings.HasSuffix(span.Name(), "fare.basefare") {
						errors++
					}
				}
			}
		}
	}
	if errors != n*2*2 { // at both ends
		t.Errorf("%d spans have failed", errors)
	}
}

// A collector that isn't there costs spans, which are counted, and nothing else.
func TestCollectorThatIsNotThere(t *testing.T) {
	t.Parallel()
	r := start(t, "-otlp", "http://"+processtest.FreeAddress(t))
	r.place(t, 3)
	for range 20 {
		if got := r.do(t, nearDublin, ""); got.status != 200 {
			t.Fatalf("got %v", got)
		}
	}
	r.process.stop()
	if c := r.process.exported.Counts(); c.Sent < 500 || c.Delivered != 0 || c.Dropped+c.Failed != c.Sent {
		t.Errorf("got %+v", c)
	}
}

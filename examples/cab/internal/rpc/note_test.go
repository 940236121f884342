package rpc

import (
	"context"
	"net/http"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Whatever a header says, its parent is the one that OpenTelemetry's propagator finds.
func FuzzParentOfHeader(f *testing.F) {
	for _, text := range []string{
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-04",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-11", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0a",
		"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-", "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01", "00-4bf92f3577b34da6a3ce929d0e0e47g6-00f067aa0ba902b7-01", "00-", "",
	} {
		f.Add(text, "")
		f.Add(text, "a=1,b=2")
		f.Add(text, "=")
	}
	f.Fuzz(func(t *testing.T, parent, state string) {
		h := http.Header{traceHeader: {parent}}
		if state != "" {
			h[stateHeader] = []string{state}
		}
		carrier := propagation.MapCarrier{"traceparent": parent, "tracestate": state}
		want := oteltrace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
		got := parentIn(h)
		if !got.Equal(want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if _, own := ownParent(parent); own && traceparent(got) != parent {
			t.Errorf("%q is read, but written as %q", parent, traceparent(got))
		}
	})
}

package serving

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Traces has the spans of the process exported by OTLP, if the environment says where to
// (OTEL_EXPORTER_OTLP_ENDPOINT), and has services go on with the traces of their clients.
// The function that it returns exports those that are left.
func Traces(ctx context.Context) (flush func(), err error) {
	otel.SetTextMapPropagator(propagation.TraceContext{})
	if !exports() {
		return func() {}, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter))
	otel.SetTracerProvider(provider)
	return func() {
		if err := provider.Shutdown(context.WithoutCancel(ctx)); err != nil {
			slog.Warn("the last traces weren't exported", "error", err)
		}
	}, nil
}

// exports reports whether spans are exported.
func exports() bool { return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" }

// Traced returns a middleware that makes a span of each request, by its route, if spans are
// exported, and otherwise does nothing. Put it outside of the rest, so that the trace has
// all of it.
func Traced(name string) func(http.Handler) http.Handler {
	if !exports() {
		return func(h http.Handler) http.Handler { return h }
	}
	traced := otelhttp.NewMiddleware(name)
	return func(h http.Handler) http.Handler { return traced(routed(h)) }
}

// routed adds the route to the span, which begins before it is known.
func routed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		_, route, _ := strings.Cut(r.Pattern, " ")
		trace.SpanFromContext(r.Context()).SetAttributes(attribute.String("http.route", route))
	})
}

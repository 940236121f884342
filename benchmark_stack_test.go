package tigertonic_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// stack returns h in all that a service in production has round it.
func stack(h http.Handler, logger *slog.Logger) http.Handler {
	mux, registry := tigertonic.NewTrieServeMux(), metrics.NewRegistry()
	mux.Handle("POST", "/orders", tigertonic.Timed(h, "orders", registry))
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins("https://example.com").Build(mux)
	counted := tigertonic.CountedByStatus(cors, "status", registry)
	return tigertonic.Accessed(tigertonic.Recovered(tigertonic.Identified(counted, nil)), &tigertonic.AccessOptions{Logger: logger})
}

// A discardingHandler is a slog.Handler that is enabled and does nothing.
type discardingHandler struct{}

func (discardingHandler) Enabled(context.Context, slog.Level) bool  { return true }
func (discardingHandler) Handle(context.Context, slog.Record) error { return nil }
func (h discardingHandler) WithAttrs([]slog.Attr) slog.Handler      { return h }
func (h discardingHandler) WithGroup(string) slog.Handler           { return h }

func bufferedLines() *slog.Logger {
	return slog.New(tigertonic.NewBufferedJSONHandler(io.Discard, nil))
}

func jsonLines() *slog.Logger {
	return slog.New(slog.NewJSONHandler(bufio.NewWriterSize(io.Discard, 64<<10), nil))
}

// asker returns a function that has h answer one request, each time a fresh copy
// of the same.
func asker(tb testing.TB, h http.Handler, method, target, body string, headers ...string) func() {
	w := &discardingWriter{http.Header{}}
	b := &bodyOf{}
	r, err := http.NewRequestWithContext(tb.Context(), method, target, b)
	require.NoError(tb, err)
	r.RequestURI, r.RemoteAddr, r.ContentLength = target, "192.0.2.1:1234", int64(len(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	text := []byte(body)
	var request http.Request
	return func() {
		request = *r
		b.Reset(text)
		clear(w.header)
		h.ServeHTTP(w, &request)
	}
}

// postOrder is asker for what a browser sends to a typed endpoint.
func postOrder(tb testing.TB, h http.Handler) func() {
	return asker(tb, h, "POST", "/orders", benchBody, "Content-Type", "application/json", "Origin", "https://example.com")
}

// BenchmarkStack measures the middlewares of services, each alone round a handler
// that answers at once, and together round a typed endpoint.
func BenchmarkStack(b *testing.B) {
	null := tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusOK) })
	for _, c := range []struct {
		name    string
		h       http.Handler
		headers []string
	}{
		{"none", null, nil},
		{"First", tigertonic.First(null, null), nil}, // no more than the recorder that the others share
		{"Recovered", tigertonic.Recovered(null), nil},
		{"Identified/new", tigertonic.Identified(null, nil), nil},
		{"Identified/sent", tigertonic.Identified(null, nil), []string{"X-Request-Id", "0123456789abcdef"}},
		{"Identified/traceparent", tigertonic.Identified(null, nil), []string{"Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}},
		{"Limited", tigertonic.Limited(null, 100, nil), nil},
		{"Within", tigertonic.Within(null, time.Minute), nil},
		{"Accessed/discarding", tigertonic.Accessed(null, &tigertonic.AccessOptions{Logger: slog.New(discardingHandler{})}), nil},
		{"Accessed/json", tigertonic.Accessed(null, &tigertonic.AccessOptions{Logger: jsonLines()}), nil},
		{"Accessed/text", tigertonic.Accessed(null, &tigertonic.AccessOptions{Logger: slog.New(slog.NewTextHandler(bufio.NewWriterSize(io.Discard, 64<<10), nil))}), nil},
		{"Accessed/buffered", tigertonic.Accessed(null, &tigertonic.AccessOptions{Logger: bufferedLines()}), nil},
		{"Accessed/off", tigertonic.Accessed(null, &tigertonic.AccessOptions{Logger: slog.New(slog.DiscardHandler)}), nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			ask := asker(b, c.h, "GET", "/stuff/1?x=1", "", c.headers...)
			b.ReportAllocs()
			for b.Loop() {
				ask()
			}
		})
	}
	for _, c := range []struct {
		name string
		h    http.Handler
	}{
		{"typed", typedReceive()},
		{"typed in all", stack(typedReceive(), bufferedLines())},
	} {
		b.Run(c.name, func(b *testing.B) {
			post := postOrder(b, c.h)
			b.ReportAllocs()
			for b.Loop() {
				post()
			}
		})
	}
}

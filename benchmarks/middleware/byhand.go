package middleware

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rcrowley/go-metrics"
)

// Middleware written by hand, where there is no library or only one that isn't for HTTP.

func recovered(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				slog.ErrorContext(r.Context(), "panic", "value", p, "stack", string(debug.Stack()))
				http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			}
		}()
		h.ServeHTTP(w, r)
	})
}

type idKey struct{}

func identified(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if id == "" {
			id = rand.Text()
		}
		w.Header().Set("X-Request-Id", id)
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), idKey{}, id)))
	})
}

// A statusWriter remembers the status and counts the bytes.
type statusWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// accessed logs as much about a request as tigertonic.Accessed does.
func accessed(h http.Handler, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sw, start := &statusWriter{ResponseWriter: w}, time.Now()
		h.ServeHTTP(sw, r)
		attrs := []slog.Attr{
			slog.String("method", r.Method), slog.String("pattern", r.Pattern), slog.Int("status", sw.status),
			slog.String("path", r.URL.Path), slog.Int64("bytes", sw.bytes),
			slog.Duration("duration", time.Since(start)), slog.String("remote", r.RemoteAddr),
		}
		if id, ok := r.Context().Value(idKey{}).(string); ok {
			attrs = append(attrs, slog.String("request_id", id))
		}
		logger.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
	})
}

func prometheusCounted(h http.Handler) http.Handler {
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total", Help: "Requests."}, []string{"code"})
	prometheus.NewRegistry().MustRegister(counter)
	return promhttp.InstrumentHandlerCounter(counter, h)
}

func prometheusTimed(h http.Handler) http.Handler {
	histogram := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "request_seconds", Help: "Durations."}, []string{})
	prometheus.NewRegistry().MustRegister(histogram)
	return promhttp.InstrumentHandlerDuration(histogram, h)
}

func goMetricsTimed(h http.Handler) http.Handler {
	timer := metrics.NewRegisteredTimer("stuff", metrics.NewRegistry())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer timer.UpdateSince(time.Now())
		h.ServeHTTP(w, r)
	})
}

package tigertonic_test

import (
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"

	"github.com/rcrowley/go-tigertonic"
)

// A wrapper is one of our middlewares.
type wrapper struct {
	name string
	wrap func(http.Handler) http.Handler
}

// wrappers returns all our middlewares, which log nowhere and share a registry.
func wrappers() []wrapper {
	quiet := log.New(io.Discard, "", 0)
	registry := metrics.NewRegistry()
	return []wrapper{
		{"Logged", func(h http.Handler) http.Handler {
			l := tigertonic.Logged(h, nil)
			l.Logger = quiet
			return l
		}},
		{"JSONLogged", func(h http.Handler) http.Handler {
			l := tigertonic.JSONLogged(h, nil)
			l.Logger = quiet
			return l
		}},
		{"ApacheLogged", func(h http.Handler) http.Handler {
			l := tigertonic.ApacheLogged(h)
			l.Logger = quiet
			return l
		}},
		{"Counted", func(h http.Handler) http.Handler { return tigertonic.Counted(h, "counted", registry) }},
		{"Timed", func(h http.Handler) http.Handler { return tigertonic.Timed(h, "timed", registry) }},
		{"CountedByStatus", func(h http.Handler) http.Handler { return tigertonic.CountedByStatus(h, "status", registry) }},
		{"CountedByStatusXX", func(h http.Handler) http.Handler { return tigertonic.CountedByStatusXX(h, "xx", registry) }},
		{"Cached", func(h http.Handler) http.Handler {
			return tigertonic.Cached(h, tigertonic.CacheOptions{NoStore: true})
		}},
		{"PostProcessed", func(h http.Handler) http.Handler {
			return tigertonic.PostProcessed(h, func(*http.Request, *http.Response) {})
		}},
		{"First", func(h http.Handler) http.Handler { return tigertonic.First(h) }},
		{"If", func(h http.Handler) http.Handler {
			return tigertonic.If(func(*http.Request) (http.Header, error) { return nil, nil }, h)
		}},
		{"WithContext", func(h http.Handler) http.Handler { return tigertonic.WithContext(h, 0) }},
		{"CORS", func(h http.Handler) http.Handler {
			return tigertonic.NewCORSBuilder().AddAllowedOrigins("*").Build(h)
		}},
		{"HTTPBasicAuth", func(h http.Handler) http.Handler {
			return tigertonic.HTTPBasicAuth(map[string]string{"user": "password"}, "realm", h)
		}},
		{"Sized", func(h http.Handler) http.Handler { return tigertonic.Sized(h, 1<<20) }},
		{"Recovered", func(h http.Handler) http.Handler { return tigertonic.Recovered(h) }},
		{"Identified", func(h http.Handler) http.Handler { return tigertonic.Identified(h, nil) }},
		{"Limited", func(h http.Handler) http.Handler { return tigertonic.Limited(h, 100, nil) }},
		{"Within", func(h http.Handler) http.Handler { return tigertonic.Within(h, time.Minute) }},
		{"Accessed", func(h http.Handler) http.Handler {
			return tigertonic.Accessed(h, &tigertonic.AccessOptions{Logger: slog.New(slog.NewJSONHandler(io.Discard, nil))})
		}},
		{"TrieServeMux", func(h http.Handler) http.Handler {
			mux := tigertonic.NewTrieServeMux()
			mux.HandleNamespace("", h)
			return mux
		}},
	}
}

// inAll returns h in all our middlewares, the one in the other.
func inAll(h http.Handler) http.Handler {
	for _, wrapper := range wrappers() {
		h = wrapper.wrap(h)
	}
	return h
}

// inAllThatPanic is inAll without what stops a panic.
func inAllThatPanic(h http.Handler) http.Handler {
	for _, wrapper := range wrappers() {
		if wrapper.name != "Recovered" {
			h = wrapper.wrap(h)
		}
	}
	return h
}

// A discardingWriter costs nothing. It can do what HTTP/1.1's can but for
// hijacking.
type discardingWriter struct{ header http.Header }

func (w *discardingWriter) Header() http.Header                   { return w.header }
func (w *discardingWriter) WriteHeader(int)                       {}
func (w *discardingWriter) Write(p []byte) (int, error)           { return len(p), nil }
func (w *discardingWriter) WriteString(s string) (int, error)     { return len(s), nil }
func (w *discardingWriter) Flush()                                {}
func (w *discardingWriter) ReadFrom(src io.Reader) (int64, error) { return io.Copy(io.Discard, src) }

func BenchmarkMiddleware(b *testing.B) {
	body := []byte(`{"id":"ID","stuff":"things"}` + "\n")
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		w.Write(body)
	})
	alone := wrappers()
	named := func(name string) func(http.Handler) http.Handler {
		for _, wrapper := range alone {
			if wrapper.name == name {
				return wrapper.wrap
			}
		}
		b.Fatalf("no middleware %s", name)
		return nil
	}
	run := func(name string, h http.Handler) {
		b.Run(name, func(b *testing.B) {
			w := &discardingWriter{http.Header{}}
			r := httptest.NewRequestWithContext(b.Context(), "GET", "/stuff?x=1", nil)
			r.SetBasicAuth("user", "password")
			r.Header.Set("Origin", "https://example.com")
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	}
	run("none", h)
	for _, wrapper := range alone {
		run(wrapper.name, wrapper.wrap(h))
	}
	alone = wrappers()
	nested := http.Handler(h)
	for _, name := range []string{"Cached", "CountedByStatus", "Timed", "HTTPBasicAuth", "ApacheLogged"} {
		nested = named(name)(nested)
	}
	run("five nested", nested)
}

package middleware

import (
	"log"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/rcrowley/go-metrics"
	rscors "github.com/rs/cors"

	"github.com/rcrowley/go-tigertonic"
)

// The middleware for each purpose, ours first.

// recorders are what middlewares that look at the response have in common: a
// ResponseWriter around another. Several of ours share one.
func recorders() []Peer {
	return []Peer{
		{"tigertonic", plainly(func(h http.Handler) http.Handler { return tigertonic.First(h, h) })},
		{"chi", plainly(func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(middleware.NewWrapResponseWriter(w, r.ProtoMajor), r)
			})
		})},
		{"by-hand", plainly(func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(&statusWriter{ResponseWriter: w}, r)
			})
		})},
	}
}

func recoverers() []Peer {
	return []Peer{
		{"tigertonic", plainly(func(h http.Handler) http.Handler { return tigertonic.Recovered(h) })},
		{"chi", plainly(middleware.Recoverer)},
		{"by-hand", plainly(recovered)},
	}
}

// recordedRecoverers are recoverers in what looks at the response, such as a logger.
func recordedRecoverers() []Peer {
	return []Peer{
		{"tigertonic", plainly(func(h http.Handler) http.Handler { return tigertonic.First(tigertonic.Recovered(h), h) })},
		{"chi", plainly(func(h http.Handler) http.Handler {
			h = middleware.Recoverer(h)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(middleware.NewWrapResponseWriter(w, r.ProtoMajor), r)
			})
		})},
	}
}

func identifiers() []Peer {
	return []Peer{
		{"tigertonic", plainly(func(h http.Handler) http.Handler { return tigertonic.Identified(h, nil) })},
		{"chi", plainly(middleware.RequestID)},
		{"by-hand", plainly(identified)},
	}
}

func loggers() []Peer {
	return []Peer{
		{"tigertonic", func(h http.Handler, l *Log) http.Handler {
			return tigertonic.Accessed(h, &tigertonic.AccessOptions{Logger: l.ours()})
		}},
		{"slog", func(h http.Handler, l *Log) http.Handler { return accessed(h, l.theirs()) }},
		{"chi", func(h http.Handler, l *Log) http.Handler {
			return middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: log.New(l.block, "", log.LstdFlags), NoColor: true})(h)
		}},
	}
}

func cors() []Peer {
	return []Peer{
		{"tigertonic", plainly(func(h http.Handler) http.Handler {
			mux := tigertonic.NewTrieServeMux() // which knows what a preflight is asking for
			mux.Handle("GET", "/stuff", h)
			mux.Handle("PUT", "/stuff", h)
			return tigertonic.NewCORSBuilder().AddAllowedOrigins("https://example.com").Build(mux)
		})},
		{"rs-cors", plainly(func(h http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("GET /stuff", h)
			mux.Handle("PUT /stuff", h)
			return rscors.New(corsOptions()).Handler(mux)
		})},
	}
}

func corsOptions() rscors.Options {
	return rscors.Options{
		AllowedOrigins:       []string{"https://example.com"},
		AllowedMethods:       []string{"GET", "PUT", "POST"},
		OptionsSuccessStatus: http.StatusOK, // as ours
	}
}

func authenticators() []Peer {
	users := map[string]string{"user": "password"}
	return []Peer{
		{"tigertonic", plainly(func(h http.Handler) http.Handler { return tigertonic.HTTPBasicAuth(users, "stuff", h) })},
		{"chi", plainly(middleware.BasicAuth("stuff", users))},
	}
}

func counters() []Peer {
	return []Peer{
		{"tigertonic", plainly(func(h http.Handler) http.Handler {
			return tigertonic.CountedByStatus(h, "stuff", metrics.NewRegistry())
		})},
		{"prometheus", plainly(prometheusCounted)},
	}
}

func timers() []Peer {
	return []Peer{
		{"tigertonic", plainly(func(h http.Handler) http.Handler {
			return tigertonic.Timed(h, "stuff", metrics.NewRegistry())
		})},
		{"go-metrics", plainly(goMetricsTimed)},
		{"prometheus", plainly(prometheusTimed)},
	}
}

func deadlines() []Peer {
	return []Peer{
		{"tigertonic", plainly(func(h http.Handler) http.Handler { return tigertonic.Within(h, time.Minute) })},
		{"chi", plainly(middleware.Timeout(time.Minute))},
		{"net-http", plainly(func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "too late") })},
	}
}

func limiters() []Peer {
	return []Peer{
		{"tigertonic", plainly(func(h http.Handler) http.Handler { return tigertonic.Limited(h, 100, nil) })},
		{"chi", plainly(middleware.Throttle(100))},
	}
}

func sizers() []Peer {
	return []Peer{
		{"tigertonic", plainly(func(h http.Handler) http.Handler { return tigertonic.Sized(h, 1<<20) })},
		{"net-http", plainly(func(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 1<<20) })},
		{"chi", plainly(middleware.RequestSize(1 << 20))},
	}
}

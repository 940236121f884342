package middleware

import (
	"net/http"

	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/rcrowley/go-metrics"
	rscors "github.com/rs/cors"

	"github.com/rcrowley/go-tigertonic"
)

// The middleware of a service in production: recovery, request IDs, CORS,
// counters and an access log.

// Ours is the middleware of Tiger Tonic.
func Ours(h http.Handler, log *Log) http.Handler {
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins("https://example.com").Build(h)
	counted := tigertonic.CountedByStatus(cors, "status", metrics.NewRegistry())
	return tigertonic.Accessed(tigertonic.Recovered(tigertonic.Identified(counted, nil)), &tigertonic.AccessOptions{Logger: log.ours()})
}

// OurWhole is Ours with a timer and authentication besides.
func OurWhole(h http.Handler, log *Log) http.Handler {
	timed := tigertonic.Timed(h, "time", metrics.NewRegistry())
	return Ours(tigertonic.HTTPBasicAuth(map[string]string{"user": "password"}, "stuff", timed), log)
}

// Parts is the same of well-known parts, and by hand where there is none.
func Parts(h http.Handler, log *Log) http.Handler {
	counted := prometheusCounted(rscors.New(corsOptions()).Handler(h))
	return identified(accessed(recovered(counted), log.theirs()))
}

// PartsWhole is Parts with a timer and authentication besides.
func PartsWhole(h http.Handler, log *Log) http.Handler {
	authenticated := chimiddleware.BasicAuth("stuff", map[string]string{"user": "password"})(prometheusTimed(h))
	return Parts(authenticated, log)
}

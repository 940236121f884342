// Package middleware is the code of the guide docs/middleware.md.
package middleware

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-chi/httprate"
	"github.com/klauspost/compress/gzhttp"

	"github.com/rcrowley/go-tigertonic"
)

type session struct{ User string }

type greeting struct {
	Hello string `json:"hello"`
}

func greet(ctx context.Context, _ *struct{}) (*greeting, error) {
	return &greeting{Hello: tigertonic.ContextFrom[session](ctx).User}, nil
}

func authenticate(r *http.Request) (http.Header, error) {
	s := tigertonic.ContextOf[session](r)
	if s.User = r.URL.Query().Get("user"); s.User == "" {
		return nil, tigertonic.Unauthorized{}
	}
	return nil, nil
}

// noSniff is a middleware of one's own: a function from a handler to a handler.
func noSniff(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		h.ServeHTTP(w, r)
	})
}

func gzip(h http.Handler) http.Handler { return gzhttp.GzipHandler(h) }

func service() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/greeting", tigertonic.If(authenticate, tigertonic.Typed(greet)))

	return tigertonic.Stack(mux,
		tigertonic.Middleware(tigertonic.Recovered),
		tigertonic.MiddlewareWith(tigertonic.Within, 5*time.Second),
		noSniff,
		gzip,
		func(h http.Handler) http.Handler { return tigertonic.WithContext(h, session{}) },
	)
}

// forScripts lets the scripts of a site call the service, with the user's cookies.
func forScripts(mux http.Handler) http.Handler {
	return tigertonic.NewCORSBuilder().
		AddAllowedOrigins("https://app.example.com", "http://localhost:5173").
		AddAllowedHeaders("Content-Type", "Authorization").
		AddExposedHeaders("Location", "X-Request-Id").
		AddAllowCredentials(true).
		AddMaxAge(10 * time.Minute).
		Build(mux)
}

func limited(mux http.Handler) http.Handler {
	refusal := tigertonic.NewRefusal(tigertonic.TooManyRequests{Err: errors.New("at most 100 requests a minute")})
	limit := httprate.LimitBy(100, time.Minute, tigertonic.ClientKey, httprate.WithLimitHandler(refusal.ServeHTTP))
	return tigertonic.Wrapped(mux, limit, refusal.Describe)
}

package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-chi/httprate"

	"github.com/rcrowley/go-tigertonic"
)

func perClient(mux http.Handler) http.Handler {
	limit := httprate.LimitBy(100, time.Minute, tigertonic.ClientKey, httprate.WithLimitHandler(tooMany))
	limited := tigertonic.Wrapped(mux, limit, func(op *tigertonic.Operation) {
		op.AddError(http.StatusTooManyRequests, "more than 100 requests a minute")
		for _, name := range []string{"Retry-After", "RateLimit", "RateLimit-Policy"} {
			op.Response(http.StatusTooManyRequests).SetHeader(name, "", nil)
		}
	})
	return tigertonic.Proxied(limited, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, nil)
}

// tooMany answers a client who has asked too often. httprate has set Retry-After.
func tooMany(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("RateLimit-Policy", `"client";q=100;w=60`)
	w.Header().Set("RateLimit", fmt.Sprintf(`"client";r=0;t=%s`, w.Header().Get("Retry-After")))
	tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.TooManyRequests{Err: errors.New("more than 100 requests a minute")})
}

// Package observe is the code of the guide docs/observability.md.
package observe

import (
	"context"
	"database/sql"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
)

type teaRequest struct {
	ID string `path:"id"`
}

func tea(context.Context, *teaRequest) (string, error) { return "a cup", nil }

// watched gives a server an admin port that is ready while its database answers.
func watched(server *tigertonic.Server, db *sql.DB) {
	a := admin.New(server.Handler, admin.Options{Name: "teas"})
	a.Check("database", 2*time.Second, db.PingContext)
	server.Admin, server.AdminAddr = a, "127.0.0.1:6060"
}

// ready is for load balancers that don't reach the admin port.
func ready(server *tigertonic.Server, db *sql.DB) *tigertonic.Endpoint {
	return tigertonic.Typed(func(ctx context.Context, _ *struct{}) (struct{}, error) {
		if server.Draining() || db.PingContext(ctx) != nil {
			return struct{}{}, tigertonic.ServiceUnavailable{}
		}
		return struct{}{}, nil
	})
}

// newServer returns a service that says what it does, with its admin port, and what its
// log is to be closed by.
func newServer(lines io.Writer) (*tigertonic.Server, io.Closer) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/teas/{id}", tigertonic.Typed(tea))

	level := new(slog.LevelVar)
	logs := tigertonic.NewBufferedJSONHandler(lines, &tigertonic.BufferedJSONOptions{HandlerOptions: slog.HandlerOptions{Level: level}})
	attrs := func(r *http.Request) []slog.Attr { return []slog.Attr{slog.String("agent", r.UserAgent())} }

	h := tigertonic.Stack(mux,
		func(h http.Handler) http.Handler { return tigertonic.Identified(h, nil) },
		func(h http.Handler) http.Handler {
			return tigertonic.Accessed(h, &tigertonic.AccessOptions{Logger: slog.New(logs), Attrs: attrs})
		},
		func(h http.Handler) http.Handler { return tigertonic.Measured(h, nil) },
		tigertonic.Middleware(tigertonic.Recovered),
	)
	server := tigertonic.NewServer("127.0.0.1:8000", h)
	server.Admin = admin.New(server.Handler, admin.Options{Level: level})
	return server, logs
}

package recipes

import (
	"context"
	"net"
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
)

// besideGRPC is a middleware that passes gRPC's requests to calls, and all others on.
func besideGRPC(calls *grpc.Server) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
				calls.ServeHTTP(w, r)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
}

// onePort serves an API and gRPC on the same address.
func onePort(address string, api http.Handler, calls *grpc.Server) *tigertonic.Server {
	server := tigertonic.NewServer(address, tigertonic.Stack(api, besideGRPC(calls)))
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)            // with TLS
	server.Protocols.SetUnencryptedHTTP2(true) // without
	server.RegisterOnShutdown(func(context.Context) { calls.Stop() })
	return server
}

// twoPorts serves an API by server and gRPC on l. If one of them ends, so does the other,
// each after the calls in flight.
func twoPorts(ctx context.Context, server *tigertonic.Server, calls *grpc.Server, l net.Listener) error {
	server.RegisterOnShutdown(func(ctx context.Context) {
		context.AfterFunc(ctx, calls.Stop) // when the time to drain is over
		calls.GracefulStop()
	})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return calls.Serve(l) })
	group.Go(func() error { return server.Run(ctx) })
	return group.Wait()
}

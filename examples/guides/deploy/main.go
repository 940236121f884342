// Deployed is the service of the guide docs/deploying.md.
package main

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
)

func service() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/hello", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello\n") })
	return mux
}

func main() {
	listen := flag.String("listen", "127.0.0.1:8000", "`address` to listen on")
	adminListen := flag.String("admin", "127.0.0.1:6060", "`address` of the admin port")
	drainDelay := flag.Duration("drain-delay", 0, "how long to accept requests while not ready, for load balancers")
	flag.Parse()

	logs := tigertonic.NewBufferedJSONHandler(os.Stderr, nil)
	slog.SetDefault(slog.New(logs))
	server := tigertonic.NewServer(*listen, tigertonic.Accessed(tigertonic.Identified(service(), nil), nil))
	server.DrainDelay, server.DrainTimeout = *drainDelay, 25*time.Second
	server.Admin, server.AdminAddr = admin.New(server.Handler, admin.Options{}), *adminListen
	err := server.Run(context.Background())
	if err != nil {
		slog.Error("the service has ended", "error", err)
	}
	_ = logs.Close() // before os.Exit, which runs no deferred function
	if err != nil {
		os.Exit(1)
	}
}

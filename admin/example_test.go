package admin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/rcrowley/go-metrics"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
)

// show prints what a handler answers.
func show(h http.Handler, method, path, body string) {
	r := httptest.NewRequest(method, "http://127.0.0.1:8001"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code)
	_, _ = io.Copy(os.Stdout, w.Body)
}

func Example() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/version", tigertonic.Version("1.4.0"))
	server := tigertonic.NewServer(":8000", tigertonic.Logged(mux, nil))

	a := admin.New(server.Handler, admin.Options{Registry: metrics.NewRegistry()})
	// Served by the same process on a port that only operators reach.

	show(a, "GET", "/live", "")
	show(a, "GET", "/routes", "")
	// Output:
	// 200
	// live
	// 200
	// METHOD  PATTERN   HANDLER
	// GET     /version  Server > Recovered > Logged > Version(1.4.0)
}

func ExampleAdmin_Check() {
	a := admin.New(tigertonic.NewTrieServeMux(), admin.Options{Registry: metrics.NewRegistry()})
	show(a, "GET", "/ready", "")

	a.Check("database", 2*time.Second, func(ctx context.Context) error { return errors.New("connection refused") })
	r := httptest.NewRequest("GET", "http://127.0.0.1:8001/ready", nil)
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.Contains(w.Body.String(), `"name":"database","ok":false`))
	// Output:
	// 200
	// {"ready":true,"draining":false,"checks":[]}
	// 503 true
}

func ExampleNew_metrics() {
	registry := metrics.NewRegistry()
	h := tigertonic.Counted(tigertonic.Version("1.4.0"), "requests", registry)
	a := admin.New(h, admin.Options{Registry: registry})
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))

	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:8001/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if strings.Contains(line, "requests") {
			fmt.Print(line)
		}
	}
	show(a, "GET", "/metrics.json", "")
	// Output:
	// # HELP requests_total The requests that "requests" counts.
	// # TYPE requests_total counter
	// requests_total 1
	// 200
	// {"requests":{"count":1}}
}

func ExampleOptions_level() {
	var level slog.LevelVar // of the service's logger: slog.HandlerOptions{Level: &level}
	a := admin.New(tigertonic.NewTrieServeMux(), admin.Options{Level: &level})

	show(a, "GET", "/log", "")
	show(a, "PUT", "/log", `{"level":"DEBUG"}`)
	fmt.Println(level.Level())
	// Output:
	// 200
	// {"level":"INFO"}
	// 200
	// {"level":"DEBUG"}
	// DEBUG
}

func ExampleOptions_hosts() {
	a := admin.New(tigertonic.NewTrieServeMux(), admin.Options{Hosts: []string{"wallet-1.internal"}})
	for _, host := range []string{"127.0.0.1:8001", "localhost:8001", "wallet-1.internal:8001", "evil.example"} {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequest("GET", "http://"+host+"/live", nil))
		fmt.Println(host, w.Code)
	}
	// Output:
	// 127.0.0.1:8001 200
	// localhost:8001 200
	// wallet-1.internal:8001 200
	// evil.example 421
}

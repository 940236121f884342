package tigertonic_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// A program calls Run with context.Background(), and SIGTERM ends it. Here, the
// context does, after one request.
func ExampleServer_Run() {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/tea", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "green") })
	s := tigertonic.NewServer("127.0.0.1:0", mux)
	s.DrainTimeout = 10 * time.Second
	ctx, cancel := context.WithCancel(context.Background())
	s.OnListen = func(_ string, addr net.Addr) {
		go func() {
			defer cancel()
			response, err := http.Get("http://" + addr.String() + "/tea")
			if err != nil {
				fmt.Println(err)
				return
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			fmt.Println(string(body), err)
		}()
	}
	fmt.Println(s.Run(ctx))
	// Output:
	// green <nil>
	// <nil>
}

// A load balancer that asks here sees that the server is about to stop, and has
// five seconds to send requests elsewhere. Package admin has such a handler, and
// more.
func ExampleServer_Draining() {
	s := tigertonic.NewServer("127.0.0.1:0", tigertonic.Version("1.2.3"))
	s.DrainDelay = 5 * time.Second
	s.AdminAddr = "127.0.0.1:0"
	s.Admin = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if s.Draining() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	fmt.Println(s.Draining())
	_ = s.Close()
	fmt.Println(s.Draining())
	// Output:
	// false
	// true
}

// Streams that have no end of their own end when the server is to stop, as it is
// here as soon as there is one.
func ExampleServer_RegisterOnShutdown() {
	var s *tigertonic.Server
	stopping, answer := make(chan struct{}), make(chan string, 1)
	s = tigertonic.NewServer("127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go func() { _ = s.Close() }()
		select {
		case <-r.Context().Done():
		case <-stopping:
			_, _ = io.WriteString(w, "goodbye")
		}
	}))
	s.RegisterOnShutdown(func(context.Context) { close(stopping) })
	s.OnListen = func(_ string, addr net.Addr) {
		go func() {
			response, err := http.Get("http://" + addr.String())
			if err != nil {
				answer <- err.Error()
				return
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			answer <- fmt.Sprint(string(body), " ", err)
		}()
	}
	fmt.Println(s.ListenAndServe())
	fmt.Println(<-answer)
	// Output:
	// <nil>
	// goodbye <nil>
}

func ExampleServer_ClientCA() {
	s := tigertonic.NewServer(":8443", tigertonic.Version("1.2.3"))
	fmt.Println(s.ClientCA("clients.pem"))
	// Output: tigertonic: certificate authority: open clients.pem: no such file or directory
}

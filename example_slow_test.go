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

// A client that begins a body and doesn't go on is told so. The limits of a service
// are longer.
func ExampleServer_limits() {
	type note struct {
		Text string `json:"text"`
	}
	s := tigertonic.NewServer("127.0.0.1:0", tigertonic.Typed(func(context.Context, *note) (*note, error) { return nil, nil }))
	s.BodyTimeout = 50 * time.Millisecond // in all, apart from a second
	s.MinRate = 10_000                    // for every 10 kB that come
	s.ResponseTimeout = 10 * time.Second  // likewise of those that are read
	s.HTTP2.MaxConcurrentStreams = 250    // requests at a time on a connection
	s.ReadHeaderTimeout = 5 * time.Second // until a request's header is there
	s.IdleTimeout = time.Minute           // between requests
	s.OnListen = func(_ string, addr net.Addr) {
		go func() {
			body, end := io.Pipe()
			go func() { _, _ = io.WriteString(end, `{"text":`) }()
			response, err := http.Post("http://"+addr.String(), "application/json", body)
			if err != nil {
				fmt.Println(err)
			} else {
				text, _ := io.ReadAll(response.Body)
				_ = response.Body.Close()
				fmt.Print(response.StatusCode, " ", string(text))
			}
			_ = end.Close()
			_ = s.Close()
		}()
	}
	fmt.Println(s.ListenAndServe())
	// Output:
	// 408 {"title":"Request Timeout","status":408,"detail":"the body comes too slowly"}
	// <nil>
}

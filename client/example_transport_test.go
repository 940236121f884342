package client_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

// A test calls its handlers without a socket.
func ExampleInProcess() {
	greet := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "hello, "+r.URL.Query().Get("who"))
	})
	c := http.Client{Transport: client.InProcess(greet)}
	rs, err := c.Get("http://greetings.test/?who=ann")
	if err != nil {
		panic(err)
	}
	defer rs.Body.Close()
	text, _ := io.ReadAll(rs.Body)
	fmt.Println(rs.StatusCode, string(text))
	// Output: 200 hello, ann
}

// A program calls a service that it contains, in the goroutine of the caller.
func ExampleInline() {
	mux := tigertonic.NewTrieServeMux()
	double := tigertonic.Declare[doubleIn, int]("GET", "/double")
	double.HandleFunc(mux, func(_ context.Context, in *doubleIn) (int, error) { return 2 * in.N, nil })
	c := client.New("http://numbers.test", client.Options{Transport: client.Inline(mux)})
	fmt.Println(client.Call(context.Background(), c, double, &doubleIn{N: 21}))
	// Output: 42 <nil>
}

type doubleIn struct {
	N int `query:"n"`
}

// What may be repeated is repeated.
func ExampleRetried() {
	failures := 2
	service := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		failures--
		if failures >= 0 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	c := http.Client{Transport: client.Retried(client.InProcess(service), client.RetryOptions{Wait: 1})}
	for _, method := range []string{"PUT", "POST"} {
		r, _ := http.NewRequest(method, "http://orders.test/1", strings.NewReader("order"))
		rs, err := c.Do(r)
		if err != nil {
			panic(err)
		}
		rs.Body.Close()
		fmt.Println(method, rs.StatusCode)
		failures = 2
	}
	// Output:
	// PUT 200
	// POST 503
}

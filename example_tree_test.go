package tigertonic_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/rcrowley/go-metrics"

	"github.com/rcrowley/go-tigertonic"
)

// withKey is a middleware as other libraries have it.
func withKey(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "key" {
			http.Error(w, "no key", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func ExampleWrapped() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff/{id}", tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "this is ", tigertonic.PathValue(r, "id"))
	}))
	h := tigertonic.Wrapped(mux, withKey, func(op *tigertonic.Operation) {
		op.Response(http.StatusForbidden).Description = "The key is wrong"
	})
	request(h, "GET", "/stuff/1", "")
	request(h, "GET", "/stuff/1", "", "X-Key", "key")
	for _, rt := range tigertonic.Routes(h) {
		fmt.Println(rt.Method, rt.Pattern, rt.Wrappers)
	}
	// Output:
	// 403 no key
	// 200 this is 1
	// GET /stuff/{id} [Wrapped(go-tigertonic_test.withKey)]
}

func ExampleStack() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff", tigertonic.Version("stuff"))
	h := tigertonic.Stack(mux,
		tigertonic.Middleware(tigertonic.Recovered), // the outermost
		tigertonic.MiddlewareWith(tigertonic.Within, 2*time.Second),
		withKey, // of another library
		tigertonic.MiddlewareWith2(tigertonic.Timed, "stuff", metrics.NewRegistry()),
	)
	fmt.Print(tigertonic.Explain(h))
	// Output:
	// METHOD  PATTERN  HANDLER
	// GET     /stuff   Recovered > Within(2s) > Wrapped(go-tigertonic_test.withKey) > Timed(stuff) > Version(stuff)
}

func ExampleEndpoint_Around() {
	// One hook for endpoints of any types: it sees what the functions get and return.
	audit := func(ctx context.Context, call *tigertonic.Call, next func(context.Context) error) error {
		err := next(ctx)
		fmt.Println("audit:", call.Pattern(), call.Input(), call.Output(), err)
		return err
	}
	type order struct {
		Tea string `path:"tea"`
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/orders/{tea}", tigertonic.Typed(func(_ context.Context, in *order) (string, error) {
		if in.Tea == "coffee" {
			return "", tigertonic.Forbidden{Err: errors.New("this is a tea house")}
		}
		return in.Tea + " is on its way", nil
	}).Around(audit))
	request(mux, "POST", "/orders/sencha", "")
	request(mux, "POST", "/orders/coffee", "")
	// Output:
	// audit: POST /orders/{tea} &{sencha} sencha is on its way <nil>
	// 200 "sencha is on its way"
	// audit: POST /orders/{tea} &{coffee} <nil> this is a tea house
	// 403 {"title":"Forbidden","status":403,"detail":"this is a tea house"}
}

func ExampleMeasured() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff/{id}", tigertonic.Version("stuff"))
	h := tigertonic.Measured(mux, nil) // admin.New(h, …) shows it, and exports it to Prometheus
	request(h, "GET", "/stuff/1", "")
	request(h, "GET", "/stuff/2", "")
	request(h, "POST", "/stuff/2", "")
	for _, rm := range h.Metrics() {
		for i, class := range rm.Classes {
			if class != nil {
				fmt.Printf("%s %s %dxx %d\n", rm.Method, rm.Pattern, i+1, class.Count)
			}
		}
	}
	// Output:
	// 200 stuff
	// 200 stuff
	// 405 {"description":"only GET, HEAD, OPTIONS are allowed","error":"tigertonic.MethodNotAllowed"}
	// POST (none) 4xx 1
	// GET /stuff/{id} 2xx 2
}

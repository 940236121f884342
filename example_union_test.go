package tigertonic_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// A Shape is one of its variants: the others are nil.
type Shape struct {
	tigertonic.Union `discriminator:"kind"`

	Circle *Circle `variant:"circle"`
	Square *Square `variant:"square"`
}

type Circle struct {
	Radius float64 `json:"radius" exclusiveMinimum:"0"`
}

type Square struct {
	Side float64 `json:"side" exclusiveMinimum:"0"`
}

// Double returns a shape of twice the size.
func Double(_ context.Context, in *Shape) (Shape, error) {
	switch {
	case in.Circle != nil:
		return Shape{Circle: &Circle{2 * in.Circle.Radius}}, nil
	default:
		return Shape{Square: &Square{2 * in.Square.Side}}, nil
	}
}

// One of several structs, told apart by a member.
func ExampleUnion() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/double", tigertonic.Typed(Double))
	for _, body := range []string{`{"kind":"circle","radius":1.5}`, `{"side":3,"kind":"square"}`, `{"kind":"line"}`, `{"kind":"square"}`} {
		r := httptest.NewRequest(http.MethodPost, "/double", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Print(w.Body)
	}
	// Output:
	// {"kind":"circle","radius":3}
	// {"kind":"square","side":6}
	// {"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[{"pointer":"/kind","keyword":"enum","limit":["circle","square"],"detail":"must be one of circle, square"}]}
	// {"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[{"pointer":"/side","keyword":"required","detail":"is required"}]}
}

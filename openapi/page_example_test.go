package openapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

// The page is of the tree that it is mounted in, so it is added last.
func ExamplePage() {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/stuff/{id}", func(http.ResponseWriter, *http.Request) {})
	doc := openapi.New(mux, openapi.Info{Title: "Stuff", Version: "1.0"})
	mux.Handle("GET", "/openapi.json", doc.Handler())
	mux.Handle("GET", "/docs", openapi.Page(doc))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), "GET", "/docs", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output:
	// 200 text/html; charset=utf-8
}

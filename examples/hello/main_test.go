package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/conformance/conform"
)

func get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	service().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	conform.Valid(t, get("/openapi.json").Body.Bytes())
}

func TestDocumentPassesTheLinter(t *testing.T) {
	t.Parallel()
	conform.Redocly(t, get("/openapi.json").Body.Bytes())
}

func TestServiceGreetsAsItsDocumentSays(t *testing.T) {
	t.Parallel()
	tree := conform.New(t, get("/openapi.json").Body.Bytes()).Recorded(service())
	for _, tt := range []struct {
		path   string
		status int
		want   string
	}{
		{"/2.0/hello/world", 200, `{"greeting":"Hello, world!"}` + "\n"},
		{"/2.0/hello/world?times=3", 200, `{"greeting":"` + strings.Repeat("Hello, ", 3) + `world!"}` + "\n"},
		{"/2.0/hello/world?times=4", 422, `{"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid",` +
			`"errors":[{"parameter":"times","in":"query","detail":"must be at most 3"}]}` + "\n"},
		{"/2.0/hello/" + strings.Repeat("x", 41) + "?times=x", 422, `{"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid",` +
			`"errors":[{"parameter":"name","in":"path","detail":"must be at most 40 characters long"},{"parameter":"times","in":"query","detail":"must be an integer"}]}` + "\n"},
		{"/2.0/hello/%ff", 400, `{"title":"Bad Request","status":400,"detail":"the request can't be read",` +
			`"errors":[{"parameter":"name","in":"path","detail":"isn't valid UTF-8"}]}` + "\n"},
		{"/1.0/hello/world", 200, `{"greeting":"Hello, world!"}` + "\n"},
		{"/2.0/hello/", 404, `{"description":"GET /2.0/hello/ not found","error":"tigertonic.NotFound"}` + "\n"},
	} {
		w := httptest.NewRecorder()
		tree.ServeHTTP(w, httptest.NewRequest("GET", tt.path, nil))
		if got := w.Body.String(); w.Code != tt.status || got != tt.want {
			t.Errorf("%s: got %d %s, want %d %s", tt.path, w.Code, got, tt.status, tt.want)
		}
	}
}

func TestDocsAreAPage(t *testing.T) {
	t.Parallel()
	if w := get("/docs"); w.Code != 200 || !strings.Contains(w.Body.String(), "Greet somebody") {
		t.Errorf("got %d %.200s", w.Code, w.Body)
	}
}

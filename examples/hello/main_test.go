package main

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"github.com/rcrowley/go-tigertonic/openapi/contract"

	"github.com/rcrowley/go-tigertonic/examples/internal/docstest"
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
	tree := contract.Of(service()).Handler(t, service())
	for _, tt := range []struct {
		path   string
		status int
		want   string
	}{
		{"/hello/world", 200, `{"greeting":"Hello, world!"}` + "\n"},
		{"/hello/world?times=3", 200, `{"greeting":"` + strings.Repeat("Hello, ", 3) + `world!"}` + "\n"},
		{"/hello/world?times=4", 422, `{"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid",` +
			`"errors":[{"parameter":"times","in":"query","keyword":"maximum","limit":3,"detail":"must be at most 3"}]}` + "\n"},
		{"/hello/" + strings.Repeat("x", 41) + "?times=x", 422, `{"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid",` +
			`"errors":[{"parameter":"name","in":"path","keyword":"maxLength","limit":40,"detail":"must be at most 40 characters long"},{"parameter":"times","in":"query","keyword":"type","limit":"integer","detail":"must be an integer"}]}` + "\n"},
		{"/hello/%ff", 400, `{"title":"Bad Request","status":400,"detail":"the request can't be read",` +
			`"errors":[{"parameter":"name","in":"path","detail":"isn't valid UTF-8"}]}` + "\n"},
		{"/hello/nobody", 404, `{"title":"Not Found","status":404,"detail":"nobody is here"}` + "\n"},
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

func TestREADMEHasTheProgram(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```go\n"+string(program)+"```\n") {
		t.Error("the README doesn't have main.go")
	}
}

func TestREADMEsShowWhatTheProgramAnswers(t *testing.T) {
	for _, page := range []string{"../../README.md", "README.md"} {
		docstest.Console(t, page, func(t *testing.T) docstest.Service {
			server := httptest.NewServer(service())
			t.Cleanup(server.Close)
			return docstest.Service{Address: server.Listener.Addr().String()}
		})
	}
}

func TestServiceKeepsToItsDocumentWhateverIsAsked(t *testing.T) {
	t.Parallel()
	contract.Of(service()).Fuzz(t, service(), contract.FuzzOptions{})
}

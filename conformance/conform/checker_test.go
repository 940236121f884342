package conform_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/conformance/conform"
)

// A witness is a test that keeps its errors.
type witness struct {
	testing.TB
	errors []string
}

func (w *witness) Helper() {}

func (w *witness) Errorf(format string, args ...any) {
	w.errors = append(w.errors, fmt.Sprintf(format, args...))
}

const document = `{
	"openapi": "3.1.1", "info": {"title": "T", "version": "1"},
	"paths": {
		"/stuff/{id}": {"get": {"responses": {
			"200": {
				"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Stuff"}}},
				"headers": {"X-Count": {"schema": {"type": "integer"}}, "X-Must": {"required": true, "schema": {"type": "string"}}}
			},
			"204": {"description": ""},
			"4XX": {"description": "", "content": {"application/problem+json": {"schema": {"type": "object", "required": ["status"]}}}}
		}}},
		"/stuff/all": {"get": {"responses": {"default": {"description": ""}}}},
		"/stream": {"get": {"responses": {"200": {"description": "", "content": {
			"application/jsonl": {"schema": {"type": "string"}, "x-itemSchema": {"type": "integer"}},
			"text/event-stream": {"x-itemSchema": {"type": "integer"}},
			"text/*": {"schema": {"type": "string", "maxLength": 3}},
			"*/*": {}
		}}}}}
	},
	"components": {"schemas": {"Stuff": {"type": "object", "properties": {"n": {"type": "integer", "format": "int8"}}, "additionalProperties": false}}}
}`

func TestResponsesThatDiffer(t *testing.T) {
	must := func(more ...string) []string { return append([]string{"X-Must", "x"}, more...) }
	inJSON := must("Content-Type", "application/json; charset=utf-8")
	for _, test := range []struct {
		request string // method and pattern
		status  int
		header  []string
		body    string
		want    string // what is told, or ""
	}{
		{"GET /stuff/{id}", 200, inJSON, `{"n":1}`, ""},
		{"GET zoo.test/stuff/{other...}", 200, inJSON, `{"n":1}`, ""},
		{"GET /stuff/7", 200, inJSON, `{"n":1}`, ""},
		{"HEAD /stuff/7", 200, inJSON, "", ""},
		{"GET /stuff/{id}", 200, inJSON, `{"n":128}`, "'/n'"},
		{"GET /stuff/{id}", 200, inJSON, `{"m":1}`, "additional properties 'm'"},
		{"GET /stuff/{id}", 200, inJSON, `{"n":1`, "EOF"},
		{"GET /stuff/{id}", 200, inJSON, "", "EOF"},
		{"GET /stuff/{id}", 200, must(), "", "there is no body"},
		{"GET /stuff/{id}", 200, must("Content-Type", "text/plain"), "x", "it is text/plain"},
		{"GET /stuff/{id}", 200, must("Content-Type", ";"), "x", "its Content-Type"},
		{"GET /stuff/{id}", 200, append(inJSON, "X-Count", "3"), `{}`, ""},
		{"GET /stuff/{id}", 200, append(inJSON, "X-Count", "many"), `{}`, "X-Count"},
		{"GET /stuff/{id}", 200, []string{"Content-Type", "application/json"}, `{}`, "there is no X-Must"},
		{"GET /stuff/{id}", 204, nil, "", ""},
		{"GET /stuff/{id}", 204, nil, "x", "there is a body"},
		{"GET /stuff/{id}", 404, []string{"Content-Type", "application/problem+json"}, `{"status":404}`, ""},
		{"GET /stuff/{id}", 404, []string{"Content-Type", "application/problem+json"}, `{}`, "'status'"},
		{"GET /stuff/{id}", 500, nil, "", `the document has only ["200" "204" "4XX"]`},
		{"GET /stuff/all", 200, []string{"Content-Type", "image/png"}, "x", ""},
		{"GET /stream", 200, []string{"Content-Type", "application/jsonl"}, "1\n2\n", ""},
		{"GET /stream", 200, []string{"Content-Type", "application/jsonl"}, "1\n\"x\"\n", "want integer"},
		{"GET /stream", 200, []string{"Content-Type", "text/event-stream"}, "data: 1\n\nevent: error\ndata: {}\n\n", ""},
		{"GET /stream", 200, []string{"Content-Type", "text/event-stream"}, "data: 1.5\n\n", "want integer"},
		{"GET /stream", 200, []string{"Content-Type", "text/csv"}, "a,b", ""},
		{"GET /stream", 200, []string{"Content-Type", "text/csv"}, "a,b,c", "maxLength"},
		{"GET /stream", 200, []string{"Content-Type", "image/png"}, "png", ""},
		{"POST /stream", 200, nil, "", "hasn't that operation"},
		{"POST /stream", 405, nil, "", ""},
		{"GET /elsewhere", 200, nil, "", "hasn't that operation"},
		{"GET /docs/", 200, nil, "", ""},
	} {
		w := &witness{TB: t}
		header := http.Header{}
		for i := 0; i < len(test.header); i += 2 {
			header.Add(test.header[i], test.header[i+1])
		}
		method, pattern, _ := strings.Cut(test.request, " ")
		conform.New(w, []byte(document)).Except("/docs/").Response(method, pattern, test.status, header, []byte(test.body))
		if test.want == "" {
			assert.Empty(t, w.errors, "%s %d %s", test.request, test.status, test.body)
		} else {
			assert.Contains(t, strings.Join(w.errors, "\n"), test.want, "%s %d %s", test.request, test.status, test.body)
		}
	}
}

func TestRecordedChecksWhatIsSent(t *testing.T) {
	w := &witness{TB: t}
	checker := conform.New(w, []byte(document))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stuff/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Must", "x")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusEarlyHints)
		_ = http.NewResponseController(w).Flush()
		w.Header().Set("X-Must", "too late to matter")
		_, _ = w.Write([]byte(`{"n":` + r.PathValue("id") + `}`))
	})
	server := httptest.NewServer(checker.Recorded(mux))
	defer server.Close()
	get := func(path string) string {
		resp, err := http.Get(server.URL + path) //nolint:noctx // the server is here
		require.NoError(t, err)
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body) // its end is sent once the response has been checked
		require.NoError(t, err)
		return resp.Header.Get("X-Must")
	}
	assert.Equal(t, "x", get("/stuff/1"))
	assert.Empty(t, get("/nowhere"))
	assert.Empty(t, w.errors)
	assert.Equal(t, []string{"GET /stuff/{} 200"}, checker.Seen())
	get("/stuff/1000")
	assert.Len(t, w.errors, 1)
}

func TestValidTellsWhatIsWrong(t *testing.T) {
	w := &witness{TB: t}
	conform.Valid(w, []byte(document))
	assert.Contains(t, strings.Join(w.errors, "\n"), "/stuff/{id}", "the path's parameter isn't declared")
	w = &witness{TB: t}
	conform.Valid(w, []byte(`{"openapi":"3.1.1","info":{"title":"T","version":"1"},"paths":{}}`))
	assert.Empty(t, w.errors)
}

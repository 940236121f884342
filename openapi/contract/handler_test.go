package contract_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rcrowley/go-tigertonic/openapi/contract"
)

// A witness is a test that keeps its errors.
type witness struct {
	testing.TB
	mu     sync.Mutex
	errors []string
	log    []string
}

func (w *witness) Helper() {}

func (w *witness) Errorf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors = append(w.errors, fmt.Sprintf(format, args...))
}

func (w *witness) Logf(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

// told returns the errors so far, a line each and more.
func (w *witness) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.errors, "\n")
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
		}}, "post": {
			"parameters": [{"$ref": "#/components/parameters/Limit"}, {"name": "of", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}}],
			"requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Stuff"}}}},
			"responses": {"204": {"description": ""}}
		}, "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}]},
		"/stuff/all": {"get": {"responses": {"default": {"description": ""}}}},
		"/stream": {"get": {"responses": {"200": {"description": "", "content": {
			"application/jsonl": {"schema": {"type": "string"}, "x-itemSchema": {"type": "integer"}},
			"text/event-stream": {"x-itemSchema": {"type": "integer"}},
			"text/*": {"schema": {"type": "string", "maxLength": 3}},
			"*/*": {}
		}}}}}
	},
	"components": {"parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}}}, "schemas": {"Stuff": {"type": "object", "properties": {"n": {"type": "integer", "format": "int8", "minimum": -128, "maximum": 127}, "secret": {"type": "string", "writeOnly": true}, "parts": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"$ref": "#/components/schemas/Stuff"}]}}}, "additionalProperties": false}}}
}`

func TestAnswersThatDiffer(t *testing.T) {
	must := func(more ...string) []string { return append([]string{"X-Must", "x"}, more...) }
	inJSON := must("Content-Type", "application/json; charset=utf-8")
	for _, test := range []struct {
		request string // method, pattern of a mux or path
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
		{"GET /stuff/{id}", 200, inJSON, `{"parts":[1,{"n":1}]}`, ""},
		{"GET /stuff/{id}", 200, inJSON, `{"parts":[1,{"secret":"x"}]}`, "at '/parts/1/secret': it is writeOnly"},
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
		{"GET /stream", 200, []string{"Content-Type", "text/event-stream"}, "data: 1\n\nevent: problem\nid: end\ndata: {}\n\n", ""},
		{"GET /stream", 200, []string{"Content-Type", "text/event-stream"}, "data: 1.5\n\n", "want integer"},
		{"GET /stream", 200, []string{"Content-Type", "text/csv"}, "a,b", ""},
		{"GET /stream", 200, []string{"Content-Type", "text/csv"}, "a,b,c", "maxLength"},
		{"GET /stream", 200, []string{"Content-Type", "image/png"}, "png", ""},
		{"POST /stream", 200, nil, "", "doesn't have that operation"},
		{"POST /stream", 405, nil, "", ""},
		{"GET /elsewhere", 200, nil, "", "doesn't have that operation"},
		{"GET /docs/", 200, nil, "", ""},
	} {
		w := &witness{TB: t}
		header := http.Header{}
		for i := 0; i < len(test.header); i += 2 {
			header.Add(test.header[i], test.header[i+1])
		}
		method, pattern, _ := strings.Cut(test.request, " ")
		path := "/unknown" // for a pattern, the path makes no difference
		if !strings.Contains(pattern, "{") {
			pattern, path = "", pattern
		}
		r, err := http.NewRequest(method, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		contract.MustParse([]byte(document)).Except("/docs/").Check(w, pattern, r, test.status, header, []byte(test.body))
		if got := w.told(); !strings.Contains(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s %d %s: got %q, want %q", test.request, test.status, test.body, got, test.want)
		}
	}
}

// stuffMux answers as the document says for an int8.
func stuffMux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stuff/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Must", "x")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusEarlyHints)
		_ = http.NewResponseController(w).Flush()
		w.Header().Set("X-Must", "too late to matter")
		_, _ = w.Write([]byte(`{"n":` + r.PathValue("id") + `}`))
	})
	mux.HandleFunc("POST /stuff/{id}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// send returns a header of the answer to a request.
func send(t *testing.T, client *http.Client, method, url, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	rs, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	if _, err = io.Copy(io.Discard, rs.Body); err != nil { // its end is sent once the answer has been checked
		t.Fatal(err)
	}
	return rs.Header.Get("X-Must")
}

func TestServerChecksWhatIsSent(t *testing.T) {
	w := &witness{TB: t}
	api := contract.MustParse([]byte(document))
	server := api.Server(w, stuffMux())
	for _, tt := range []struct{ request, body, header, told string }{
		{"GET /stuff/1", "", "x", ""},
		{"GET /nowhere", "", "", ""},
		{"GET /stuff/1000", "", "x", "at '/n'"},
		{"POST /stuff/1", `{"n":1}`, "", ""},
		{"POST /stuff/1", `{"n":1000}`, "", "the request isn't as the document says: the body: at '/n'"},
		{"POST /stuff/1", `{`, "", "the body: unexpected EOF"},
		{"POST /stuff/1", "", "", "the body is missing"},
		{"POST /stuff/x", `{"n":1}`, "", "path id: "},
		{"POST /stuff/1?limit=0", `{"n":1}`, "", "query limit: "},
		{"POST /stuff/1?limit=9&of=1&of=2", `{"n":1}`, "", ""},
		{"POST /stuff/1?of=x", `{"n":1}`, "", "query of: "},
		{"POST /stuff/1?of=1%zz", `{"n":1}`, "", "the query: "},
	} {
		method, path, _ := strings.Cut(tt.request, " ")
		before := len(w.errors)
		if got := send(t, server.Client(), method, server.URL+path, tt.body); got != tt.header {
			t.Errorf("%s: got X-Must %q, want %q", tt.request, got, tt.header)
		}
		if got := strings.Join(w.errors[before:], "\n"); !strings.Contains(got, tt.told) || tt.told == "" && got != "" {
			t.Errorf("%s: got %q, want %q", tt.request, got, tt.told)
		}
	}
	want := []string{"GET /stuff/{id} 200", "POST /stuff/{id} 204"}
	if got := api.Seen(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The server isn't in the process as far as the client can tell.
func TestTransportChecksWhatComes(t *testing.T) {
	w := &witness{TB: t}
	api := contract.MustParse([]byte(document))
	server := httptest.NewServer(stuffMux())
	t.Cleanup(server.Close)
	client := &http.Client{Transport: api.Transport(w, nil)}
	send(t, client, "GET", server.URL+"/stuff/1", "")
	send(t, client, "POST", server.URL+"/stuff/1", `{"n":1}`)
	if got := w.told(); got != "" {
		t.Errorf("got %q", got)
	}
	send(t, client, "GET", server.URL+"/stuff/1000", "")
	send(t, client, "POST", server.URL+"/stuff/1", `{"n":"x"}`)
	for _, want := range []string{"GET /stuff/1000 was answered 200, but at '/n'", "POST /stuff/1 was answered 204, but the request isn't"} {
		if got := w.told(); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if want := []string{"GET /stuff/{id} 200", "POST /stuff/{id} 204"}; !slices.Equal(api.Seen(), want) {
		t.Errorf("got %q, want %q", api.Seen(), want)
	}
}

// Nobody reads a 499, unless the client is still there.
func TestClientThatHasGoneIsNotAnsweredByTheDocument(t *testing.T) {
	c := contract.MustParse([]byte(document))
	for _, there := range []bool{false, true} {
		w := &witness{TB: t}
		ctx, cancel := context.WithCancel(t.Context())
		h := c.Handler(w, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if !there {
				cancel()
			}
			w.WriteHeader(499)
		}))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/stream", nil))
		cancel()
		if got := w.told(); strings.Contains(got, "was answered 499") != there {
			t.Errorf("the client is there: %v: got %q", there, got)
		}
	}
}

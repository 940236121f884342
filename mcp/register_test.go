package mcp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/mcp"
)

// tools returns what agents are told of the tools, by name.
func (a *agent) tools() map[string]*sdk.Tool {
	a.t.Helper()
	tools := map[string]*sdk.Tool{}
	for tool, err := range a.session.Tools(a.t.Context(), nil) {
		if err != nil {
			a.t.Fatal(err)
		}
		tools[tool.Name] = tool
	}
	return tools
}

func names(tools map[string]*sdk.Tool) []string {
	var names []string
	for name := range tools {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestOnlyWhatReadsIsAToolUnlessItIsNamed(t *testing.T) {
	for _, tt := range []struct {
		o    mcp.Options
		want string
	}{
		{mcp.Options{Tags: []string{"notes"}}, "search show_note"},
		{mcp.Options{Tags: []string{"notes"}, Operations: []string{"create"}}, "create search show_note"},
		{mcp.Options{Operations: []string{"PUT /notes/{id}"}}, "replace"},
		{mcp.Options{Operations: []string{"show.note"}}, "show_note"},
	} {
		mux, _ := newTree(t, tt.o)
		a := connect(t, mux, nil)
		if got := strings.Join(names(a.tools()), " "); got != tt.want {
			t.Errorf("%+v: got %s, want %s", tt.o, got, tt.want)
		}
		if got := a.call("remove", `{"id":"a"}`); !strings.HasPrefix(got, "protocol error: ") {
			t.Errorf("%+v: got %s of what isn't a tool", tt.o, got)
		}
	}
}

func TestToolsAreDescribedByTheDocument(t *testing.T) {
	mux, _ := newTree(t, everything)
	tools := connect(t, mux, nil).tools()
	show := tools["show_note"]
	if show.Title != "Show a note" || show.Description != "Show a note. All that there is to it." {
		t.Errorf("got %q and %q", show.Title, show.Description)
	}
	for name, want := range map[string]string{ // read-only, destructive, idempotent
		"show_note": "true,false,true", "create": "false,true,false", "replace": "false,true,true", "remove": "false,true,true",
	} {
		a := tools[name].Annotations
		if got := fmt.Sprintf("%t,%t,%t", a.ReadOnlyHint, *a.DestructiveHint, a.IdempotentHint); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	for _, tt := range []struct {
		name           string
		schema         any
		parts, without []string
	}{
		{"show_note", show.InputSchema, []string{`"description":"What it is called."`, `"required":["id"]`, `"additionalProperties":false`}, nil},
		{"show_note", show.OutputSchema, []string{`"$defs":{`, `"$ref":"#/$defs/`}, []string{"#/components"}},
		{"search", tools["search"].InputSchema, []string{`"kind":{`, `"X-Lang":{`, `"theme":{`, `"maximum":5`}, []string{`"required"`}},
		{"search", tools["search"].OutputSchema, []string{`"properties":{"result":{`, `"required":["result"]`}, nil},
		{"replace", tools["replace"].InputSchema, []string{`"body":{`, `"$defs":{`, `"id":{`}, []string{"#/components"}},
		{"count", tools["count"].OutputSchema, []string{`"result":{"items":{`}, nil},
		{"echo", tools["echo"].InputSchema, []string{`It may contain slashes.`}, nil},
	} {
		text, err := json.Marshal(tt.schema)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range tt.parts {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s: got %s, want %s in it", tt.name, text, part)
			}
		}
		for _, part := range tt.without {
			if strings.Contains(string(text), part) {
				t.Errorf("%s: got %s, and %s isn't to be in it", tt.name, text, part)
			}
		}
	}
}

func TestMistakesArePanics(t *testing.T) {
	tree := func(ids ...string) *tigertonic.TrieServeMux {
		mux := tigertonic.NewTrieServeMux()
		for i, id := range ids {
			mux.Handle("GET", fmt.Sprintf("/%d", i), tigertonic.Typed(func(context.Context, *struct{}) (string, error) { return "", nil }).OperationID(id).Tags("t"))
		}
		mux.Handle("POST", "/upload", tigertonic.Described(http.NotFoundHandler(), func(op *tigertonic.Operation) {
			op.ID, op.Body = "upload", &tigertonic.RequestBody{Content: map[string]tigertonic.MediaType{"application/zip": {}}}
		}))
		return mux
	}
	long := strings.Repeat("x", 64)
	for _, tt := range []struct {
		h    http.Handler
		o    mcp.Options
		want string
	}{
		{nil, mcp.Options{}, "the handler is nil"},
		{tree("a"), mcp.Options{}, "neither Tags nor Operations is set"},
		{tree("a"), mcp.Options{Tags: []string{"u"}}, `no operation has the tag "u"`},
		{tree("a"), mcp.Options{Operations: []string{"b"}}, `there is no operation "b"`},
		{tree("a"), mcp.Options{Tags: []string{"t"}, Origins: []string{"app.example.com"}}, `"app.example.com" is not an origin: it has no scheme, such as "https://"`},
		{tree("a"), mcp.Options{Tags: []string{"t"}, Origins: []string{"https://app.example.com/"}}, `"https://app.example.com/" is not an origin: it has a path`},
		{tree("a"), mcp.Options{Tags: []string{"t"}, Origins: []string{"*"}}, `"*" is not an origin`},
		{tree("a"), mcp.Options{Tags: []string{"t"}, Headers: []string{"X Tenant"}}, `"X Tenant" isn't a header name`},
		{tree("a.b", "a_b"), mcp.Options{Tags: []string{"t"}}, `GET /0 and GET /1 would both be called "a_b"`},
		{tree(long+"a", long+"b"), mcp.Options{Tags: []string{"t"}}, "would both be called"},
		{tree("a"), mcp.Options{Operations: []string{"upload"}}, "POST /upload can't be a tool: its body is neither JSON nor text"},
	} {
		func() {
			defer func() {
				got := fmt.Sprint(recover())
				if !strings.Contains(got, tt.want) || !strings.Contains(got, "register_test.go:") {
					t.Errorf("got %s, want %s and the line", got, tt.want)
				}
			}()
			mcp.New(tt.h, tt.o)
		}()
	}
}

// post sends a message as a page or a stranger might.
func post(t *testing.T, url, host, body string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", url+"/mcp", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		r.Host = host
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	rs, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error() // it hasn't read all of a long one
	}
	defer rs.Body.Close()
	text, err := io.ReadAll(rs.Body)
	if err != nil {
		t.Fatal(err)
	}
	return rs.StatusCode, string(text)
}

func TestStrangersAreRefused(t *testing.T) {
	o := everything
	o.Origins = []string{"https://app.example.com"}
	mux, _ := newTree(t, o)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	const show = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"show_note","arguments":{"id":"milk"}}}`
	for _, tt := range []struct {
		name, host, body string
		headers          []string
		want             int
		part             string
	}{
		{"an agent", "", show, nil, 200, "Buy some."},
		{"a page that may", "", show, []string{"Origin", "https://app.example.com"}, 200, "Buy some."},
		{"a page", "", show, []string{"Origin", "https://evil.example.com"}, 403, "pages of this origin"},
		{"a page without a name", "", show, []string{"Origin", "null"}, 403, "pages of this origin"},
		{"a page that says it is another", "", show, []string{"Origin", "https://app.example.com", "Origin", "https://evil.example.com"}, 403, "pages of this origin"},
		{"a name that leads here", "evil.example.com", show, nil, 403, "invalid Host"},
		{"a page of a name that leads here", "evil.example.com", show, []string{"Origin", "http://evil.example.com"}, 403, ""},
		{"a session of somebody else", "", show, []string{"Mcp-Session-Id", "stolen"}, 200, "Buy some."},
		{"text", "", "x", []string{"Content-Type", "text/plain"}, 400, ""},
		{"nonsense", "", "x", nil, 400, ""},
		{"nesting", "", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"show_note","arguments":` + strings.Repeat("[", 100_000), nil, 400, ""},
		{"another type", "", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"show_note","arguments":[1]}}`, nil, 200, "the arguments aren't an object"},
	} {
		if got, body := post(t, server.URL, tt.host, tt.body, tt.headers...); got != tt.want || !strings.Contains(body, tt.part) {
			t.Errorf("%s: got %d %.300s, want %d %s", tt.name, got, body, tt.want, tt.part)
		}
	}
	if got, body := post(t, server.URL, "", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create","arguments":{"body":{"id":"a","text":"`+strings.Repeat("x", 5<<20)+`"}}}}`); got != 413 && got != 0 {
		t.Errorf("a huge input: got %d %.300s, want 413", got, body)
	}
	for _, method := range []string{"GET", "DELETE"} {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/mcp", nil)
		if err != nil {
			t.Fatal(err)
		}
		rs, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		rs.Body.Close()
		if rs.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d, want 405: there are no sessions", method, rs.StatusCode)
		}
	}
}

func TestTheServerIsntInTheDocument(t *testing.T) {
	mux, s := newTree(t, everything)
	op := &tigertonic.Operation{}
	s.Describe(op)
	if !op.Hidden || !strings.Contains(tigertonic.Explain(mux), "mcp.Server(") {
		t.Errorf("got %+v, and %s", op, tigertonic.Explain(mux))
	}
}

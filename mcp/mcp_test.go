package mcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/mcp"
)

type note struct {
	ID   string `json:"id" pattern:"^[a-z]+$"`
	Text string `json:"text" maxLength:"10" doc:"What it says."`
	Next *note  `json:"next,omitzero"`
}

type oneNote struct {
	ID string `path:"id" doc:"What it is called."`
}

type search struct {
	Text  string   `query:"text"`
	Kinds []string `query:"kind" enum:"a,b"`
	Limit int      `query:"limit" default:"2" maximum:"5"`
	Lang  string   `header:"X-Lang"`
	Theme string   `cookie:"theme"`
}

// newTree returns a service with tools of all kinds, and its agents at /mcp.
func newTree(t *testing.T, o mcp.Options) (*tigertonic.TrieServeMux, *mcp.Server) {
	t.Helper()
	mux := tigertonic.NewTrieServeMux()
	none := tigertonic.NotFound{Err: errors.New("there is no such note")}
	mux.Handle("GET", "/notes/{id}", tigertonic.Typed(func(_ context.Context, in *oneNote) (note, error) {
		if in.ID != "milk" && in.ID != "a/b" {
			return note{}, none
		}
		return note{ID: in.ID, Text: "Buy some.", Next: &note{ID: "x"}}, nil
	}).OperationID("show.note").Summary("Show a note").Description("All that there is to it.").Tags("notes").Errors(none))
	mux.Handle("GET", "/notes", tigertonic.Typed(func(_ context.Context, in *search) ([]string, error) {
		return []string{in.Text, strings.Join(in.Kinds, "+"), fmt.Sprint(in.Limit), in.Lang, in.Theme}, nil
	}).OperationID("search").Tags("notes"))
	mux.Handle("POST", "/notes", tigertonic.Typed(func(_ context.Context, in *note) (tigertonic.CreatedResponse[note], error) {
		return tigertonic.CreatedResponse[note]{Location: "/notes/" + in.ID, Body: *in}, nil
	}).OperationID("create").Tags("notes"))
	mux.Handle("DELETE", "/notes/{id}", tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "notes",
		tigertonic.Typed(func(context.Context, *oneNote) (struct{}, error) { return struct{}{}, nil }).OperationID("remove").Tags("notes")))
	mux.Handle("PUT", "/notes/{id}", tigertonic.Typed(func(_ context.Context, in *struct {
		oneNote
		Body note `body:""`
	},
	) (note, error) {
		return in.Body, nil
	}).OperationID("replace"))
	mux.Handle("GET", "/counts", tigertonic.Typed(func(ctx context.Context, in *struct {
		To   int  `query:"to"`
		Hang bool `query:"hang"`
	},
	) (iter.Seq2[int, error], error) {
		return func(yield func(int, error) bool) {
			for n := range in.To {
				if !yield(n, nil) {
					return
				}
			}
			if in.Hang {
				<-ctx.Done()
			}
		}, nil
	}).OperationID("count").Tags("streams"))
	addForeign(mux)
	s := mcp.New(mux, o)
	mux.Handle("POST", "/mcp", s)
	return mux, s
}

func addForeign(mux *tigertonic.TrieServeMux) {
	foreign := func(id, pattern string, f http.HandlerFunc, parameters ...tigertonic.Parameter) {
		mux.Handle("GET", pattern, tigertonic.Described(f, func(op *tigertonic.Operation) {
			op.ID, op.Tags, op.Parameters = id, []string{"foreign"}, parameters
			op.Response(http.StatusOK).Add("*/*", tigertonic.MediaType{})
		}))
	}
	foreign("echo", "/echo/{path...}", func(w http.ResponseWriter, r *http.Request) {
		who, id := r.Header.Get("Authorization"), tigertonic.RequestIDFrom(r.Context())
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "%s %s %s %s %q %q %q", r.Method, r.URL, r.Host, r.RemoteAddr, who, r.Header.Get("X-Tenant"), id)
	})
	foreign("panic", "/panic", func(http.ResponseWriter, *http.Request) { panic("secret") })
	foreign("abort", "/abort", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	})
	foreign("long", "/long", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, strings.Repeat("x", 1000))
		}
	})
	foreign("image", "/image", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.WriteString(w, "\x89PNG")
	})
	foreign("away", "/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	foreign("busy", "/busy", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "3")
		http.Error(w, "too much to do", http.StatusServiceUnavailable)
	})
}

var everything = mcp.Options{
	Name: "notes", Tags: []string{"notes", "streams", "foreign"}, Operations: []string{"create", "DELETE /notes/{id}", "replace"}, Headers: []string{"X-Tenant"},
}

// An agent is a client of the SDK.
type agent struct {
	t        *testing.T
	session  *sdk.ClientSession
	progress chan string
}

// A sender adds headers to requests.
type sender http.Header

func (s sender) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	maps.Copy(r.Header, s)
	return http.DefaultTransport.RoundTrip(r)
}

// connect returns an agent that calls a server over a socket with these headers.
func connect(t *testing.T, h http.Handler, header http.Header) *agent {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return newAgent(t, &sdk.StreamableClientTransport{
		Endpoint: server.URL + "/mcp", HTTPClient: &http.Client{Transport: sender(header)}, DisableStandaloneSSE: true,
	})
}

func newAgent(t *testing.T, transport sdk.Transport) *agent {
	t.Helper()
	a := &agent{t: t, progress: make(chan string, 1000)}
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, &sdk.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, rq *sdk.ProgressNotificationClientRequest) {
			a.progress <- fmt.Sprintf("%v %s", rq.Params.Progress, rq.Params.Message)
		},
	})
	var err error
	if a.session, err = client.Connect(t.Context(), transport, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.session.Close() })
	return a
}

// call calls a tool, and returns the text of its result, with what it is: "error: …".
func (a *agent) call(name, arguments string, token ...any) string {
	a.t.Helper()
	params := &sdk.CallToolParams{Name: name, Arguments: json.RawMessage(arguments)}
	if len(token) > 0 {
		params.SetProgressToken(token[0])
	}
	rs, err := a.session.CallTool(a.t.Context(), params)
	if err != nil {
		return "protocol error: " + err.Error()
	}
	said := ""
	switch content := rs.Content[0].(type) {
	case *sdk.TextContent:
		said = content.Text
	case *sdk.ImageContent:
		said = fmt.Sprintf("%s %q", content.MIMEType, content.Data)
	}
	if rs.IsError {
		return "error: " + said
	}
	if rs.StructuredContent != nil {
		structured, err := json.Marshal(rs.StructuredContent)
		if err != nil {
			a.t.Fatal(err)
		}
		return "structured: " + string(structured)
	}
	return said
}

func TestToolsAreCalledThroughTheHandlers(t *testing.T) {
	mux, _ := newTree(t, everything)
	a := connect(t, mux, http.Header{"Authorization": {"Basic dTpw"}})
	for _, tt := range []struct{ tool, arguments, want string }{
		{"show_note", `{"id":"milk"}`, `structured: {"id":"milk","next":{"id":"x","text":""},"text":"Buy some."}`},
		{"show_note", `{"id":"a/b"}`, `structured: {"id":"a/b","next":{"id":"x","text":""},"text":"Buy some."}`},
		{"show_note", `{"id":"eve"}`, "error: 404 Not Found: there is no such note"},
		{"show_note", `{"id":""}`, `error: the argument "id" is "", which can't be in a path: a segment is neither empty nor one or two dots`},
		{"show_note", `{"id":".."}`, `error: the argument "id" is "..", which can't be in a path: a segment is neither empty nor one or two dots`},
		{"show_note", `{"id":"../../admin"}`, "error: 404 Not Found: GET /notes/..%2F..%2Fadmin not found"},
		{"show_note", `{"id":"%2e%2e"}`, "error: 404 Not Found: there is no such note"},
		{"show_note", `{}`, `error: the argument "id" is required`},
		{"show_note", `{"id":null}`, `error: the argument "id" is required`},
		{"show_note", `{"id":{}}`, `error: the argument "id" must be a string, a number, a boolean, or a list of these`},
		{"show_note", `{"id":"milk","Authorization":"x"}`, `error: there is no argument "Authorization"; there are ["id"]`},
		{"search", `{"text":"a&limit=1","kind":["a","b"],"X-Lang":"de","theme":"dark"}`, `structured: {"result":["a\u0026limit=1","a+b","2","de","dark"]}`},
		{"search", `{"limit":3}`, `structured: {"result":["","","3","",""]}`},
		{"search", `{"limit":6,"kind":["c"]}`, "error: 422 Unprocessable Entity: the request isn't valid\n- kind value 1 must be one of a, b\n- limit must be at most 5"},
		{"search", `{"X-Lang":"de\r\nX-Tenant: other"}`, `error: the argument "X-Lang" has a character that can't be in a header`},
		{"search", `{"theme":"dark; session=x"}`, `error: the argument "theme" has a character that can't be in a cookie`},
		{"create", `{"body":{"id":"tea","text":"Assam"}}`, `structured: {"id":"tea","text":"Assam"}`},
		{"create", `{"body":{"id":"Tea","text":"Assam and more"}}`, "error: 422 Unprocessable Entity: the request isn't valid\n- body/id must match ^[a-z]+$\n- body/text must be at most 10 characters long"},
		{"create", `{}`, "error: 400 Bad Request: "},
		{"replace", `{"id":"a","body":{"id":"b","text":""}}`, `structured: {"id":"b","text":""}`},
		{"remove", `{"id":"a"}`, "done"},
		{"count", `{"to":3}`, `structured: {"result":[0,1,2]}`},
		{"count", `{"to":0}`, `structured: {"result":[]}`},
		{"count", `{"to":1000}`, `structured: {"result":[0,1,2,3,`},
		{"count", `{"to":"x"}`, "error: 422 Unprocessable Entity: the request isn't valid\n- to must be an integer"},
		{"panic", `{}`, "error: 500 Internal Server Error"},
		{"abort", `{}`, "error: the response broke off after 4 bytes: try again"},
		{"long", `{}`, "error: the response is longer than 1048576 bytes: ask for less"},
		{"image", `{}`, `image/png "\x89PNG"`},
		{"away", `{}`, "error: 302 Found\nThe resource is at /elsewhere."},
		{"busy", `{}`, "error: 503 Service Unavailable: too much to do\nTry again after 3 seconds."},
		{"echo", `{"path":"a/b?c"}`, "GET /echo/a/b%3Fc 127.0.0.1:"},
		{"echo", `{"path":"a/../../b"}`, `error: the argument "path" is "a/../../b", which can't be in a path: a segment is neither empty nor one or two dots`},
		{"echo", `{"path":"a//b"}`, `error: the argument "path" is "a//b", which can't be in a path`},
		{"nothing", `{}`, "protocol error: "},
	} {
		if got := a.call(tt.tool, tt.arguments); got != tt.want && (!strings.HasPrefix(got, tt.want) || len(tt.want) < 10) {
			t.Errorf("%s %s: got %.300s, want %s", tt.tool, tt.arguments, got, tt.want)
		}
	}
}

func TestNothingOfAFailureIsTold(t *testing.T) {
	mux, _ := newTree(t, everything)
	if got := connect(t, mux, nil).call("panic", `{}`); strings.Contains(got, "secret") {
		t.Errorf("got %s", got)
	}
}

func TestTheCallersCredentialsPassThrough(t *testing.T) {
	mux, _ := newTree(t, everything)
	for header, want := range map[string]string{
		"":            "error: 401 Unauthorized",
		"Basic eDp5":  "error: 401 Unauthorized",
		"Basic dTpw":  "done",
		"Bearer dTpw": "error: 401 Unauthorized",
	} {
		sent := http.Header{"X-Tenant": {"acme"}, "X-Other": {"x"}}
		if header != "" {
			sent.Set("Authorization", header)
		}
		a := connect(t, tigertonic.Identified(mux, nil), sent)
		if got := a.call("remove", `{"id":"a"}`); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", header, got, want)
		}
		got := a.call("echo", `{"path":"a"}`)
		if !strings.Contains(got, fmt.Sprintf(`%q "acme" "`, header)) || strings.Contains(got, `"" "acme" ""`) || !strings.Contains(got, " 127.0.0.1:") {
			t.Errorf("%s: got %s, want the caller's credentials, tenant, address and request ID", header, got)
		}
	}
}

func TestValuesOfAStreamAreProgress(t *testing.T) {
	o := everything
	o.MaxItems = 4
	mux, _ := newTree(t, o)
	a := connect(t, mux, nil)
	for _, arguments := range []string{`{"to":9}`, `{"to":4,"hang":true}`} {
		if got, want := a.call("count", arguments, "token"), `structured: {"result":[0,1,2,3]}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		for n := range 4 {
			if got, want := <-a.progress, fmt.Sprintf("%d %d", n+1, n); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
}

func TestAStreamIsLeftInTime(t *testing.T) {
	o := everything
	o.MaxTime = time.Millisecond
	mux, _ := newTree(t, o)
	a := connect(t, mux, nil)
	if got, want := a.call("count", `{"to":0,"hang":true}`), `structured: {"result":[]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestACallEndsWhenItsCallerHasGone(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	began, ended := make(chan bool), make(chan error, 1)
	mux.Handle("GET", "/wait", tigertonic.Typed(func(ctx context.Context, _ *struct{}) (string, error) {
		began <- true
		<-ctx.Done()
		ended <- ctx.Err()
		return "", ctx.Err()
	}).OperationID("wait"))
	mux.Handle("POST", "/mcp", mcp.New(mux, mcp.Options{Operations: []string{"wait"}}))
	server := httptest.NewServer(mux)
	defer server.Close()
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "POST", server.URL+"/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","arguments":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	go func() {
		<-began
		leave()
	}()
	if rs, err := http.DefaultClient.Do(r); err == nil {
		_, _ = io.Copy(io.Discard, rs.Body)
		rs.Body.Close()
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAgentsOfAProgramCallWithItsHeader(t *testing.T) {
	_, s := newTree(t, everything)
	ours, theirs := sdk.NewInMemoryTransports()
	done := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() { done <- s.Serve(ctx, ours, http.Header{"Authorization": {"Basic dTpw"}}) }()
	a := newAgent(t, theirs)
	if got := a.call("remove", `{"id":"a"}`); got != "done" {
		t.Errorf("got %s", got)
	}
	if got := a.call("echo", `{"path":"a"}`); !strings.HasPrefix(got, `GET /echo/a localhost 127.0.0.1:0 "Basic dTpw"`) {
		t.Errorf("got %s", got)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

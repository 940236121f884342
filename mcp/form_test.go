package mcp_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/mcp"
)

type signup struct {
	Name string   `form:"name" required:"true" maxLength:"9" doc:"Who it is."`
	Tags []string `form:"tag"`
	Age  *int     `form:"age" minimum:"18"`
	Ok   bool     `form:"ok"`
}

type upload struct {
	ID    int              `path:"id"`
	Title string           `form:"title" required:"true"`
	Image *tigertonic.File `form:"image" mediaTypes:"image/png" maxBytes:"8" doc:"What it shows."`
}

type album struct {
	Photos tigertonic.Files `form:"photo" maxBytes:"1MiB" maxItems:"2" mediaTypes:"image/png,image/*"`
}

type picture struct {
	Body tigertonic.File `body:"" mediaTypes:"image/png"`
}

// newForms returns a service whose operations take forms and files, all of them tools.
func newForms() *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/signups", tigertonic.Typed(func(_ context.Context, in *signup) (string, error) {
		age := 0
		if in.Age != nil {
			age = *in.Age
		}
		return fmt.Sprintf("%s %q %d %t", in.Name, in.Tags, age, in.Ok), nil
	}).OperationID("signUp"))
	mux.Handle("POST", "/things/{id}", tigertonic.Typed(func(_ context.Context, in *upload) (string, error) {
		if in.Image == nil {
			return in.Title, nil
		}
		return describe(in.Image)
	}).OperationID("attach"))
	mux.Handle("POST", "/album", tigertonic.Typed(func(_ context.Context, in *album) (string, error) {
		all := ""
		for photo, err := range in.Photos {
			if err != nil {
				return "", err
			}
			one, err := describe(&photo)
			if err != nil {
				return "", err
			}
			all += one + ";"
		}
		return all, nil
	}).OperationID("fill"))
	mux.Handle("PUT", "/picture", tigertonic.Typed(func(_ context.Context, in *picture) (string, error) { return describe(&in.Body) }).OperationID("draw"))
	mux.Handle("POST", "/mcp", mcp.New(mux, mcp.Options{Operations: []string{"signUp", "attach", "fill", "draw"}, MaxFile: 100}))
	return mux
}

func describe(f *tigertonic.File) (string, error) {
	content, err := io.ReadAll(f)
	return fmt.Sprintf("%q %s %q", f.Name, f.ContentType, content), err
}

func TestFormsAndFilesAreArguments(t *testing.T) {
	a := connect(t, newForms(), nil)
	b64 := base64.StdEncoding.EncodeToString
	for _, tt := range []struct{ tool, arguments, want string }{
		{"signUp", `{"body":{"name":"a&b=c","tag":["x y","+"],"age":20,"ok":true}}`, `structured: {"result":"a\u0026b=c [\"x y\" \"+\"] 20 true"}`},
		{"signUp", `{"body":{"name":"ann","age":null}}`, `structured: {"result":"ann [] 0 false"}`},
		{"signUp", `{"body":{"tag":"a","age":7}}`, "error: 422 Unprocessable Entity: the request isn't valid\n- body/name is required\n- body/age must be at least 18"},
		{"signUp", `{"body":{"name":"ann","role":"admin"}}`, `error: the form has no field "role"`},
		{"signUp", `{"body":{"name":{"a":1}}}`, `error: the argument "body/name" must be a string, a number, a boolean, or a list of these`},
		{"signUp", `{"body":"name=ann"}`, `error: the argument "body" must be an object with the fields of the form`},
		{"signUp", `{"body":null}`, `error: the argument "body" must be an object with the fields of the form`},
		{"attach", `{"id":1,"body":{"title":"x"}}`, `structured: {"result":"x"}`},
		{"attach", `{"id":1,"body":{"title":"x","image":{"data":"` + b64([]byte("\x89PNG")) + `","name":"a\"b\r\n.png"}}}`, `structured: {"result":"\"a\\\"b%0D%0A.png\" image/png \"\\x89PNG\""}`},
		{"attach", `{"id":1,"body":{"title":"x","image":{"data":"` + b64(make([]byte, 9)) + `"}}}`, `error: the argument "body/image" is longer than 8 bytes, the limit for a file`},
		{"attach", `{"id":1,"body":{"title":"x","image":{"data":"` + strings.Repeat("A", 1000) + `"}}}`, `error: the argument "body/image" is longer than 8 bytes`},
		{"attach", `{"id":1,"body":{"title":"x","image":{"data":"?"}}}`, `error: the argument "body/image": "data" isn't base64`},
		{"attach", `{"id":1,"body":{"title":"x","image":"AAAA"}}`, `error: the argument "body/image" must be an object with the member "data"`},
		{"attach", `{"id":1,"body":{"title":"x","image":{"data":"AAAA","path":"/etc/passwd"}}}`, `error: the argument "body/image" must be an object with the member "data"`},
		{"attach", `{"id":1,"body":{"title":"x","image":{"data":"AAAA","mediaType":"image/png\r\nX: y"}}}`, `error: the argument "body/image": "image/png\r\nX: y" isn't a media type`},
		{"attach", `{"id":1,"body":{"title":"x","image":{"data":"AAAA","mediaType":"text/html"}}}`, "error: 415 Unsupported Media Type"},
		{"fill", `{"body":{"photo":[{"data":"AA==","mediaType":"image/gif"},{"data":"","name":"../b","mediaType":"image/png"}]}}`, `structured: {"result":"\"\" image/gif \"\\x00\";\"b\" image/png \"\";"}`},
		{"fill", `{"body":{"photo":{"data":"AA=="}}}`, `error: the argument "body/photo" must be a list of files`},
		{"fill", `{"body":{"photo":[{"data":"` + b64(make([]byte, 101)) + `"}]}}`, `error: the argument "body/photo" is longer than 100 bytes`},
		{"fill", `{"body":{}}`, `structured: {"result":""}`},
		{"draw", `{"body":{"data":"AAAA"}}`, `structured: {"result":"\"\" image/png \"\\x00\\x00\\x00\""}`},
		{"draw", `{"body":"AAAA"}`, `error: the argument "body" must be an object with the member "data"`},
	} {
		if got := a.call(tt.tool, tt.arguments); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s %s: got %.300s, want %s", tt.tool, tt.arguments, got, tt.want)
		}
	}
}

func TestFormsAndFilesAreDescribed(t *testing.T) {
	tools := connect(t, newForms(), nil).tools()
	for name, parts := range map[string][]string{
		"signUp": {`"name":{"description":"Who it is.","maxLength":9,"type":"string"}`, `"tag":{"items":{"type":"string"},"type":"array"}`, `"required":["name"]`},
		"attach": {`"contentEncoding":"base64"`, `"maxLength":12`, `"description":"What it shows."`, `"description":"One of image/png."`, `"required":["data"]`},
		"fill":   {`"photo":{"items":{`, `"maxItems":2`, `"required":["data","mediaType"]`, "of at most 100 bytes"},
		"draw":   {`"body":{"additionalProperties":false`, `"required":["data"]`},
	} {
		text, err := json.Marshal(tools[name].InputSchema)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			if !strings.Contains(string(text), part) || strings.Contains(string(text), "binary") {
				t.Errorf("%s: got %s, want %s in it", name, text, part)
			}
		}
	}
}

// A key of the caller passes through wherever it is, and is never an argument.
func TestKeysPassThroughFromQueryCookieAndHeader(t *testing.T) {
	for _, in := range []string{"query", "cookie", "header"} {
		mux := tigertonic.NewTrieServeMux()
		find := func(_ context.Context, key string) (string, error) {
			if key != "a&b" && key != "ab" {
				return "", errors.New("it is unknown")
			}
			return "ann", nil
		}
		mux.Handle("GET", "/me", tigertonic.Authenticated(tigertonic.Typed(func(ctx context.Context, _ *struct {
			Key string `query:"other"`
		},
		) (string, error) {
			who, _ := tigertonic.Principal[string](ctx)
			return who, nil
		}).OperationID("me"), tigertonic.APIKeyAuth(in, "key", find)))
		mux.Handle("POST", "/mcp", mcp.New(mux, mcp.Options{Operations: []string{"me"}}))
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		for key, want := range map[string]string{"ab": `structured: {"result":"ann"}`, "other": "error: 401 Unauthorized", "": "error: 401 Unauthorized"} {
			endpoint, header := server.URL+"/mcp", http.Header{}
			switch {
			case key == "":
			case in == "query":
				endpoint += "?x=1&key=" + url.QueryEscape(key)
			case in == "cookie":
				header.Set("Cookie", "a=b; key="+key+"; session=secret")
			default:
				header.Set("key", key)
			}
			a := newAgent(t, &sdk.StreamableClientTransport{
				Endpoint: endpoint, HTTPClient: &http.Client{Transport: sender(header)}, DisableStandaloneSSE: true,
			})
			if got := a.call("me", `{}`); !strings.HasPrefix(got, want) {
				t.Errorf("%s %q: got %s, want %s", in, key, got, want)
			}
			if got := a.call("me", `{"key":"ab"}`); !strings.HasPrefix(got, `error: there is no argument "key"`) {
				t.Errorf("%s: got %s for a key as an argument", in, got)
			}
		}
	}
}

func TestHostsAreArgumentsAndStylesAreKnown(t *testing.T) {
	type filtered struct {
		Filter struct {
			State string `query:"state" enum:"open,closed"`
			Tag   string `query:"tag"`
		} `query:"filter,deepObject"`
		Labels map[string][]string `query:"labels,deepObject"`
	}
	site := tigertonic.NewTrieServeMux()
	site.Handle("GET", "/", tigertonic.Typed(func(_ context.Context, in *struct {
		Site string `path:"site,namespace"`
		IDs  []int  `query:"ids,comma"`
	},
	) (string, error) {
		return fmt.Sprint(in.Site, in.IDs), nil
	}).OperationID("home"))
	site.Handle("GET", "/list", tigertonic.Typed(func(_ context.Context, in *filtered) (string, error) {
		return fmt.Sprint(in.Filter.State, " ", in.Filter.Tag, in.Labels), nil
	}).OperationID("list"))
	fixed := tigertonic.NewTrieServeMux()
	fixed.Handle("GET", "/www", tigertonic.Typed(func(context.Context, *struct{}) (string, error) { return "www", nil }).OperationID("www"))
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("{site}.localhost", site)
	hosts.Handle("www.example.com", fixed)
	root := tigertonic.NewTrieServeMux()
	agents := mcp.New(hosts, mcp.Options{Operations: []string{"home", "list", "www"}})
	root.Handle("POST", "/mcp", agents)
	server := httptest.NewServer(root)
	t.Cleanup(server.Close)
	call := func(host, tool, arguments string) string {
		_, text := post(t, server.URL, host, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+tool+`","arguments":`+arguments+`}}`)
		return text
	}
	for _, tt := range []struct{ host, tool, arguments, want string }{
		{"", "home", `{"site":"tea","ids":[1,2]}`, "tea[1 2]"},
		{"", "home", `{"site":"Tea"}`, "tea[]"},
		{"", "home", `{}`, `the argument \"site\" is required`},
		{"", "home", `{"site":"a.b"}`, `the argument \"site\" is \"a.b\", which can't be part of a host name`},
		{"", "home", `{"site":"a:80"}`, `which can't be part of a host name`},
		{"", "home", `{"site":""}`, `which can't be part of a host name`},
		{"", "list", `{"site":"tea","filter":{"state":"open","tag":"a&b"}}`, `open a\u0026b`},
		{"", "list", `{"site":"tea","labels":{"x":["a","b"],"y":["c"]}}`, `map[x:[a b] y:[c]]`},
		{"", "list", `{"site":"tea","filter":{"state":"new"}}`, "must be one of"},
		{"", "list", `{"site":"tea","filter":"open"}`, `the argument \"filter\" must be an object`},
		{"", "www", `{}`, "www"},
	} {
		if got := call(tt.host, tt.tool, tt.arguments); !strings.Contains(got, tt.want) {
			t.Errorf("%s %s: got %s, want %s", tt.tool, tt.arguments, got, tt.want)
		}
	}
	// A host that an agent has called itself is the default.
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"home","arguments":{}}}`))
	r.Host = "Milk.localhost:8000"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	w := httptest.NewRecorder()
	agents.ServeHTTP(w, r)
	if got := w.Body.String(); !strings.Contains(got, "milk[]") {
		t.Errorf("got %s, want milk", got)
	}
}

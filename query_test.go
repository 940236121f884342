package tigertonic_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func TestWildcardsInQueryArePutThere(t *testing.T) {
	for _, test := range []struct{ name, request, want string }{
		{"by name and by name in braces", "GET /a/1/b/2", "1|1|2|2"},
		{"unescaped once", "GET /a/x%2F%2526%3D+/b/%ff%0d", "x/%26=+|x/%26=+|\xff\r|\xff\r"},
		{"instead of the client's", "GET /a/1/b/2?x=evil&y=evil", "1|1|2|2"},
		{"instead of the client's in braces", "GET /a/1/b/2?{x}=evil&{y}=evil", "1|1|2|2"},
		{"instead of the client's in escaped braces", "GET /a/1/b/2?%7Bx%7D=evil&%7by}=evil&{x%7d=evil", "1|1|2|2"},
		{"instead of the client's in any spelling", "GET /a/1/b/2?%78=evil&%79=evil&{%78}=evil&%7B%79%7D", "1|1|2|2"},
		{"instead of the client's, repeated", "GET /a/1/b/2?x=evil&x=evil&&y&x", "1|1|2|2"},
		{"beside what can't be parsed", "GET /a/1/b/2?%zz=1&x;y=evil&x=%zz&y=evil;", "1|1|2|2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mux := tigertonic.NewTrieServeMux()
			mux.HandleFunc("GET", "/a/{x}/b/{y}", func(w http.ResponseWriter, r *http.Request) {
				q := r.URL.Query()
				fmt.Fprintf(w, "%s|%s|%s|%s", q.Get("x"), q.Get("{x}"), q.Get("y"), q.Get("{y}"))
				assert.Len(t, q["x"], 1, "the client's value isn't behind ours")
				assert.Len(t, q["{y}"], 1)
				assert.Equal(t, q.Get("x"), r.FormValue("x"))
				assert.Equal(t, q.Get("{y}"), r.FormValue("{y}"))
				assert.Equal(t, q["y"], r.Form["y"])
			})
			assert.Equal(t, test.want, ask(t, tigertonic.WildcardsInQuery(mux), test.request).Body.String())
		})
	}
}

func TestWildcardsInQueryLeaveOtherParametersAlone(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/{x}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.RawQuery) })
	mux.HandleFunc("GET", "/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.RawQuery) })
	for target, want := range map[string]string{
		"/1":                             "%7Bx%7D=1&x=1",
		"/1?z=2&xx=%78&X=3&z=%zz&{{x}}=": "%7Bx%7D=1&x=1&z=2&xx=%78&X=3&z=%zz&{{x}}=",
		"/1?a=1&x=evil&b=2":              "%7Bx%7D=1&x=1&a=1&b=2",
		"/%26%3d%3B?a":                   "%7Bx%7D=%26%3D%3B&x=%26%3D%3B&a",
		"/?x=1&&%zz;":                    "x=1&&%zz;",
	} {
		assert.Equal(t, want, ask(t, tigertonic.WildcardsInQuery(mux), "GET "+target).Body.String(), target)
	}
}

func TestWildcardsInQueryOverrideAParsedForm(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/{x}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Form["x"], r.Form["{x}"], r.Form["z"], r.FormValue("x"))
	})
	r := requestFor(t, "GET /1?x=evil&{x}=evil&z=2")
	require.NoError(t, r.ParseForm())
	w := httptest.NewRecorder()
	tigertonic.WildcardsInQuery(mux).ServeHTTP(w, r)
	assert.Equal(t, "[1] [1] [2]1", w.Body.String())
}

func TestWildcardsInQueryLeaveTheBodyOfAFormAlone(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("POST", "/{x}", func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, r.ParseForm())
		fmt.Fprint(w, r.URL.Query().Get("x"), r.Form["x"], r.PostForm["x"])
	})
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/1?x=evil", strings.NewReader("x=body"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	tigertonic.WildcardsInQuery(mux).ServeHTTP(w, r)
	assert.Equal(t, "1[body 1] [body]", w.Body.String())
}

func TestForeignHandlersGetTheQueryAsItWasSent(t *testing.T) {
	var upstream []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		upstream = append(upstream, r.RequestURI)
	}))
	defer server.Close()
	target, err := url.Parse(server.URL)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		assert.Equal(t, "b", r.In.PathValue("bucket"))
	}}
	mux := tigertonic.NewTrieServeMux()
	guarded := func(r *http.Request) (http.Header, error) {
		if r.URL.Query().Get("bucket") != "b" || r.FormValue("bucket") != "b" || r.URL.Query().Get("{key}") != "k/l" {
			return nil, tigertonic.Forbidden{}
		}
		return nil, nil
	}
	mux.Handle("GET", "/{bucket}/{key...}", proxy)
	mux.Handle("PUT", "/{bucket}/{key...}", tigertonic.If(guarded, proxy))
	mux.Handle("POST", "/{bucket}/{key...}", tigertonic.PostProcessed(proxy, func(r *http.Request, _ *http.Response) {
		assert.Equal(t, "b", r.URL.Query().Get("bucket"))
	}))
	mux.Handle("DELETE", "/{bucket}/{key...}", tigertonic.Cached(tigertonic.First(proxy, tigertonic.Marshaled(
		func(*url.URL, http.Header) (int, http.Header, any, error) { return 204, nil, nil, nil })), tigertonic.CacheOptions{}))
	mux.HandleNamespace("/n/{bucket}", tigertonic.If(func(r *http.Request) (http.Header, error) {
		assert.Equal(t, "b", r.URL.Query().Get("bucket"))
		return nil, nil
	}, proxy))
	const query = "?key=mine&bucket=other&%7Bkey%7D=&sig=a%2bb&c"
	for _, h := range []http.Handler{mux, tigertonic.HostServeMux{"example.com": mux}} {
		for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
			upstream = nil
			r := requestFor(t, method+" /b/k/l"+query)
			h.ServeHTTP(httptest.NewRecorder(), r)
			assert.Equal(t, []string{"/b/k/l" + query}, upstream, method)
			assert.Equal(t, query[1:], r.URL.RawQuery, method)
		}
		upstream = nil
		ask(t, h, "GET /n/b/k/l"+query)
		assert.Equal(t, []string{"/k/l" + query}, upstream)
	}
}

func TestFileServersRedirectKeepsTheQueryAsItWasSent(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/{site}/{path...}", http.StripPrefix("/a", http.FileServer(http.Dir(t.TempDir()))))
	assert.Equal(t, "./?site=mine", ask(t, mux, "GET /a/index.html?site=mine").Header().Get("Location"))
}

// What the function is shown isn't what the handler gets, but what it changes is.
func TestIfIsShownWildcardsInAQueryOfItsOwn(t *testing.T) {
	for _, test := range []struct {
		name string
		f    func(r *http.Request)
		want string
	}{
		{"and reads it", func(r *http.Request) { r.URL.Query() }, "x=sent&y=2 [sent]"},
		{"and parses the form", func(r *http.Request) { r.FormValue("x") }, "x=sent&y=2 [sent]"},
		{"and changes the query", func(r *http.Request) { r.URL.RawQuery = "x=3" }, "x=3 [3]"},
		{"and makes the request a copy", func(r *http.Request) { *r = *r.Clone(r.Context()) }, "x=sent&y=2 [sent]"},
	} {
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("POST", "/{x}", tigertonic.If(func(r *http.Request) (http.Header, error) {
			assert.Equal(t, []string{"1"}, r.URL.Query()["x"])
			test.f(r)
			return nil, nil
		}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.NoError(t, r.ParseForm())
			assert.Equal(t, "body", r.PostForm.Get("z"))
			assert.Equal(t, "body", r.Form.Get("z"))
			fmt.Fprint(w, r.URL.RawQuery, " ", r.Form["x"])
		})))
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/1?x=sent&y=2", strings.NewReader("z=body"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		assert.Equal(t, test.want, w.Body.String(), test.name)
	}
}

func TestMarshaledFindsItsWildcardsBehindForeignWrappers(t *testing.T) {
	classic := tigertonic.Marshaled(func(u *url.URL, _ http.Header) (int, http.Header, string, error) {
		q := u.Query()
		return 200, nil, fmt.Sprintln(q["tenant"], q["{id}"], q["id"], q["z"], u.Path), nil
	})
	wrappers := map[string]func(http.Handler) http.Handler{
		"none":            func(h http.Handler) http.Handler { return h },
		"a closure":       foreignly,
		"StripPrefix":     func(h http.Handler) http.Handler { return http.StripPrefix("/stuff", h) },
		"MaxBytesHandler": func(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 1) },
		"a copied request": func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r.Clone(r.Context())) })
		},
		"WithContext":      func(h http.Handler) http.Handler { return tigertonic.WithContext(h, 0) },
		"WildcardsInQuery": tigertonic.WildcardsInQuery,
		"a query that was filled": func(h http.Handler) http.Handler {
			return foreignly(tigertonic.WildcardsInQuery(foreignly(h)))
		},
	}
	for name, wrap := range wrappers {
		mux, inner := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
		inner.Handle("GET", "/stuff/{id}", wrap(classic))
		mux.HandleNamespace("/{tenant}", wrap(inner))
		if name == "StripPrefix" {
			mux = tigertonic.NewTrieServeMux()
			mux.HandleNamespace("/{tenant}", inner)
		}
		body := ask(t, mux, "GET /acme/stuff/7?id=evil&%7Bid%7D=evil&tenant=evil&z=1").Body.String()
		path := "/stuff/7"
		if name == "StripPrefix" {
			path = "/7"
		}
		assert.Equal(t, `"[acme] [7] [7] [1] `+path+`\n"`+"\n", body, name)
	}
	std := http.NewServeMux()
	std.Handle("GET /{tenant}/stuff/{id}", classic)
	std.Handle("GET /{tenant}/rest/{id...}", classic)
	assert.Equal(t, `"[acme] [7] [7] [] /acme/stuff/7\n"`+"\n", ask(t, std, "GET /acme/stuff/7?id=evil").Body.String(), "net/http's mux")
	assert.Equal(t, `"[acme] [7/8] [7/8] [] /acme/rest/7/8\n"`+"\n", ask(t, std, "GET /acme/rest/7/8").Body.String(), "net/http's mux")
}

// {{id}} is what some have written who took the braces of the query for the
// pattern's.
func TestWildcardsInTwoPairsOfBracesAreFound(t *testing.T) {
	say := func(q url.Values) string { return fmt.Sprint(q["{{id}}"], q["{id}"], q["id"], q["x"]) }
	mux := tigertonic.NewTrieServeMux()
	classic := tigertonic.Marshaled(func(u *url.URL, _ http.Header) (int, http.Header, string, error) {
		return 200, nil, say(u.Query()), nil
	})
	values := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.PathValue("id"), r.PathValue("{id}"), tigertonic.PathValue(r, "id"), tigertonic.PathValue(r, "{id}"), r.Pattern)
	}
	mux.Handle("GET", "/a/{{id}}", classic)
	mux.Handle("PUT", "/a/{{id}}", tigertonic.WildcardsInQuery(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, say(r.URL.Query()))
	})))
	mux.HandleFunc("DELETE", "/a/{{id}}", values)
	mux.Handle("PATCH", "/a/{{id}}", tigertonic.HandlerFunc(values))
	mux.Handle("OPTIONS", "/a/{{id}}", tigertonic.ParamsFunc(func(w http.ResponseWriter, _ *http.Request, p tigertonic.Params) {
		fmt.Fprint(w, p.Get("id"), p.Get("{id}"))
	}))
	inner := tigertonic.NewTrieServeMux()
	inner.Handle("GET", "/b", classic)
	mux.HandleNamespace("/n/{{id}}", inner)
	const evil = "?id=evil&{id}=evil&{{id}}=evil&x=1"
	for request, want := range map[string]string{
		"GET /a/7" + evil:   `"[7] [7] [7] [1]"` + "\n",
		"GET /n/7/b" + evil: `"[7] [7] [7] [1]"` + "\n",
		"PUT /a/7" + evil:   "[7] [7] [7] [1]",
		"DELETE /a/7":       "7777DELETE /a/{{id}}",
		"PATCH /a/7":        "7777PATCH /a/{{id}}",
		"OPTIONS /a/7":      "77",
	} {
		assert.Equal(t, want, ask(t, mux, request).Body.String(), request)
	}
}

func TestMarshaledLeavesTheRequestAlone(t *testing.T) {
	var log bytes.Buffer
	h := tigertonic.Marshaled(func(u *url.URL, _ http.Header) (int, http.Header, any, error) {
		assert.Equal(t, "1", u.Query().Get("x"))
		u.Path, u.RawQuery = "/changed", "changed"
		return 204, nil, nil, nil
	})
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a/{x}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		fmt.Fprint(&log, r.URL, " ", r.RequestURI)
	}))
	ask(t, mux, "GET /a/1?y")
	assert.Equal(t, "/a/1?y /a/1?y", log.String())
}

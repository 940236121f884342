package tigertonic_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func TestNamespaceIsTakenOffThePath(t *testing.T) {
	for _, test := range []struct{ name, namespace, request, want string }{
		{"of a path below", "/1.0", "GET /1.0/stuff", `"/stuff" "/stuff"`},
		{"of a path far below", "/1.0", "GET /1.0/a/b/c/", `"/a/b/c/" "/a/b/c/"`},
		{"for every method", "/1.0", "BREW /1.0/stuff", `"/stuff" "/stuff"`},
		{"for OPTIONS", "/1.0", "OPTIONS /1.0/stuff", `"/stuff" "/stuff"`},
		{"of itself", "/1.0", "GET /1.0", `"/" "/"`},
		{"of its own root", "/1.0", "GET /1.0/", `"/" "/"`},
		{"but not twice", "/1.0", "GET /1.0/1.0/1.0", `"/1.0/1.0" "/1.0/1.0"`},
		{"but not the empty segment after it", "/1.0", "GET /1.0//evil.example", `"//evil.example" "//evil.example"`},
		{"and what is escaped stays so", "/1.0", "GET /1.0/x%2Fy%252Fz", `"/x/y%2Fz" "/x%2Fy%252Fz"`},
		{"and so does what is in default encoding", "/1.0", "GET /1.0/x%20y", `"/x y" "/x%20y"`},
		{"and what need not be escaped isn't", "/1.0", "GET /1.0/it's(*)!", `"/it's(*)!" "/it's(*)!"`},
		{"and what need not be escaped is, if it was", "/1.0", "GET /1.0/%21", `"/!" "/%21"`},
		{"also if escaped itself", "/1.0", "GET /%31%2E0/stuff", `"/stuff" "/stuff"`},
		{"also if escaped itself with more escapes", "/1.0", "GET /%31.0/x%2Fy", `"/x/y" "/x%2Fy"`},
		{"also if registered with a slash", "/1.0/", "GET /1.0/stuff", `"/stuff" "/stuff"`},
		{"itself, if registered with a slash", "/1.0/", "GET /1.0", `"/" "/"`},
		{"of two segments", "/a/b", "GET /a/b/c", `"/c" "/c"`},
		{"of a wildcard", "/{tenant}", "GET /acme/stuff", `"/stuff" "/stuff"`},
		{"of a wildcard with an escaped slash", "/{tenant}", "GET /a%2Fb/stuff%2F", `"/stuff/" "/stuff%2F"`},
		{"which is empty and catches everything", "", "GET /a/b", `"/a/b" "/a/b"`},
		{"which is empty and catches the root", "", "GET /", `"/" "/"`},
		{"which is empty and catches escapes", "", "GET /a%2Fb", `"/a/b" "/a%2Fb"`},
		{"which is only a slash", "/", "GET /a/b", `"/a/b" "/a/b"`},
		{"but only whole segments", "/1.0", "GET /1.01/stuff", ""},
		{"but only in its case", "/v1", "GET /V1/stuff", ""},
		{"but not a wildcard for nothing", "/{tenant}", "GET //stuff", ""},
		{"but not a wildcard for the root", "/{tenant}", "GET /", ""},
		{"but not its beginning", "/a/b", "GET /a", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			mux := tigertonic.NewTrieServeMux()
			mux.HandleNamespace(test.namespace, tigertonic.HandlerFunc(sayPath))
			w := ask(t, mux, test.request)
			if test.want == "" {
				assert.Equal(t, 404, w.Code, w.Body)
				return
			}
			assert.Equal(t, test.want, w.Body.String())
		})
	}
}

func TestMuxChoosesANamespace(t *testing.T) {
	for _, test := range []struct{ name, routes, namespaces, request, want string }{
		{"the longest", "", ",/a,/a/b,/a/b/c", "GET /a/b/d", "/a/b /d"},
		{"the longest, for its own root", "", ",/a,/a/b", "GET /a/b", "/a/b /"},
		{"the one that catches everything, if no other does", "", ",/a", "GET /b", " /b"},
		{"a literal rather than a wildcard", "", "/{x},/a", "GET /a/b", "/a /b"},
		{"a wildcard rather than nothing", "", "/{x},/a", "GET /b/c", "/{x} /c"},
		{"after backtracking", "", "/{x}/c,/a/b", "GET /a/c/d", "/{x}/c /d"},
		{"unless a pattern in it matches", "GET /a/b", "/a", "GET /a/b", "GET /a/b"},
		{"unless a pattern is itself", "GET /a", "/a", "GET /a", "GET /a"},
		{"for a method that the pattern in it lacks", "GET /a/b", "/a", "POST /a/b", "/a /b"},
		{"for a method that the pattern that is itself lacks", "GET /a", "/a", "POST /a", "/a /"},
		{"not for OPTIONS of a pattern in it", "GET /a/b", "/a", "OPTIONS /a/b", `{"allow":["GET","HEAD","OPTIONS"]}` + "\n"},
		{"not for HEAD of a pattern in it", "GET /a/b", "/a", "HEAD /a/b", ""},
		{"rather than a pattern farther away", "GET /{x}/b", "/a", "GET /a/b", "/a /b"},
		{"unless it takes the rest in the same place", "GET /a/{x...}", "/a", "GET /a/b", `GET /a/{x...} x="b"`},
		{"even if a pattern begins alike", "GET /a/b/c", "/a", "GET /a/b/d", "/a /b/d"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mux := tigertonic.NewTrieServeMux()
			if test.routes != "" {
				mux = newMux(strings.Split(test.routes, ",")...)
			}
			for namespace := range strings.SplitSeq(test.namespaces, ",") {
				mux.HandleNamespace(namespace, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					fmt.Fprint(w, namespace, " ", r.URL.Path)
				}))
			}
			w := ask(t, mux, test.request)
			assert.Equal(t, 200, w.Code)
			assert.Equal(t, test.want, w.Body.String())
		})
	}
}

func TestNamespacesRootIsTheInnerRoot(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/1.0", newMux("GET /", "GET /stuff"))
	mux.HandleNamespace("/2.0", newMux("GET /stuff"))
	for _, path := range []string{"/1.0", "/1.0/"} {
		assert.Equal(t, "GET /1.0/", ask(t, mux, "GET "+path).Body.String())
		w := ask(t, mux, "POST "+path)
		assert.Equal(t, 405, w.Code)
		assert.Equal(t, "GET, HEAD, OPTIONS", w.Header().Get("Allow"))
		assert.Equal(t, 200, ask(t, mux, "OPTIONS "+path).Code)
	}
	for _, path := range []string{"/2.0", "/2.0/"} {
		for _, method := range []string{"GET", "POST", "OPTIONS"} {
			w := ask(t, mux, method+" "+path)
			requireError(t, w, 404, "tigertonic.NotFound", method+" "+path+" not found")
			assert.Empty(t, w.Header().Values("Allow"))
		}
	}
}

func TestNestedNamespacesAddUpInThePattern(t *testing.T) {
	c := newMux("GET /stuff/{id}", "GET /", "GET /files/{path...}")
	c.HandleNamespace("/foreign", http.HandlerFunc(sayMatch))
	b := newMux("GET /b")
	b.HandleNamespace("/c", c)
	a := tigertonic.NewTrieServeMux()
	a.HandleNamespace("/{tenant}/", b)
	mux := newMux("GET /")
	mux.HandleNamespace("/1.0", a)
	mux.HandleNamespace("", newMux("GET /else/{x}"))
	for _, repeat := range []string{"first", "again"} { // patterns are put together once and kept
		for request, want := range map[string]string{
			"GET /":                         "GET /",
			"GET /1.0/acme/c":               `GET /1.0/{tenant}/c/ tenant="acme"`,
			"GET /1.0/acme/c/stuff/x%2Fy":   `GET /1.0/{tenant}/c/stuff/{id} tenant="acme" id="x/y"`,
			"HEAD /1.0/acme/c/stuff/1":      "",
			"GET /1.0/a%2Fb/c/stuff/1":      `GET /1.0/{tenant}/c/stuff/{id} tenant="a/b" id="1"`,
			"GET /1.0/a/c/files/x//%2F":     `GET /1.0/{tenant}/c/files/{path...} tenant="a" path="x///"`,
			"GET /1.0/a/c/files/":           `GET /1.0/{tenant}/c/files/{path...} tenant="a" path=""`,
			"GET /1.0/a/b":                  `GET /1.0/{tenant}/b tenant="a"`,
			"PUT /1.0/a/c/foreign/x":        `/1.0/{tenant}/c/foreign/{...} tenant="a"`,
			"GET /else/1":                   `GET /else/{x} x="1"`,
			"GET /1.0/%61/%63/stuff/%73%2F": `GET /1.0/{tenant}/c/stuff/{id} tenant="a" id="s/"`,
		} {
			w := ask(t, mux, request)
			assert.Equal(t, 200, w.Code, request)
			assert.Equal(t, want, w.Body.String(), "%s, %s", request, repeat)
		}
	}
	for _, request := range []string{"GET /1.0", "GET /1.0/a", "GET /1.0//b", "GET /1.0/a/d", "GET /else", "GET /1.0/a/c/stuff"} {
		assert.Equal(t, 404, ask(t, mux, request).Code, request)
	}
}

func TestInnerWildcardHidesTheNamespacesOfTheSameName(t *testing.T) {
	mux, inner := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	inner.HandleFunc("GET", "/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.PathValue("id"), r.URL.Query()["id"], tigertonic.PathValue(r, "id"))
	})
	inner.Handle("POST", "/{id}", tigertonic.Marshaled(func(u *url.URL, _ http.Header, _ []int) (int, http.Header, []string, error) {
		return 200, nil, u.Query()["id"], nil
	}))
	inner.Handle("PUT", "/{id}", tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, tigertonic.PathValue(r, "id"))
	}))
	mux.HandleNamespace("/{id}", inner)
	assert.Equal(t, "2[2]2", ask(t, tigertonic.WildcardsInQuery(mux), "GET /1/2?id=evil").Body.String())
	assert.Equal(t, "2[sent]2", ask(t, mux, "GET /1/2?id=sent").Body.String())
	w := serve(t, mux, "POST", "/1/2?id=evil", "[]", "Content-Type", "application/json")
	assert.Equal(t, `["2"]`+"\n", w.Body.String())
	assert.Equal(t, "2", ask(t, mux, "PUT /1/2?id=evil").Body.String())
}

func TestNestedNamespacesOfTheSameNameAddUp(t *testing.T) {
	inner, middle, mux := newMux("GET /{x}"), newMux("GET /{y}"), newMux()
	middle.HandleNamespace("/a", inner)
	mux.HandleNamespace("/a", middle)
	mux.HandleNamespace("/b/a/c", middle)
	mux.HandleNamespace("/{x}", newMux("GET /{y}"))
	for request, want := range map[string]string{
		"GET /a/1":       `GET /a/{y} y="1"`,
		"GET /a/a/1":     `GET /a/a/{x} x="1"`,
		"GET /b/a/c/1":   `GET /b/a/c/{y} y="1"`,
		"GET /b/a/c/a/1": `GET /b/a/c/a/{x} x="1"`,
		"GET /x/1":       `GET /{x}/{y} x="x" y="1"`,
	} {
		assert.Equal(t, want, ask(t, mux, request).Body.String())
	}
}

func TestPatternHasItsNamespaceHoweverManyThereAre(t *testing.T) {
	mux, shared := tigertonic.NewTrieServeMux(), newMux("GET /x/{y}")
	for i := range 200 {
		mux.HandleNamespace(fmt.Sprintf("/tenant%d", i), shared)
	}
	for i := range 200 {
		path := fmt.Sprintf("GET /tenant%d/x/", i)
		require.Equal(t, path+`{y} y="1"`, ask(t, mux, path+"1").Body.String())
	}
}

// counted lets a handler be nested to a depth at which something has gone wrong,
// but the stack hasn't overflowed yet.
type counted struct {
	http.Handler
	depth, max int
}

func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.depth++
	defer func() { c.depth-- }()
	if c.depth > c.max {
		w.WriteHeader(http.StatusLoopDetected)
		return
	}
	c.Handler.ServeHTTP(w, r)
}

// wrapped is a counted that tells what it wraps.
type wrapped struct{ counted }

func (w *wrapped) Unwrap() http.Handler { return w.Handler }

func TestMuxMountedInItselfEnds(t *testing.T) {
	const deepest = 200
	megabyte := func(segments string) string { return strings.Repeat(segments, 1<<20/len(segments)) }
	for _, test := range []struct {
		name  string
		path  string
		mount func(mux *tigertonic.TrieServeMux)
	}{
		{"directly", megabyte("/n"), func(mux *tigertonic.TrieServeMux) { mux.HandleNamespace("/n", mux) }},
		{"under a long name", megabyte("/namespace/of/mine"), func(mux *tigertonic.TrieServeMux) { mux.HandleNamespace("/namespace/of/mine", mux) }},
		{"under a wildcard", megabyte("/x"), func(mux *tigertonic.TrieServeMux) { mux.HandleNamespace("/{x}", mux) }},
		{"with escapes", megabyte("/%6E/n"), func(mux *tigertonic.TrieServeMux) { mux.HandleNamespace("/n", mux) }},
		{"under an empty segment", megabyte("/"), func(mux *tigertonic.TrieServeMux) { mux.HandleNamespace("//", mux) }},
		{"in two places", megabyte("/m/n"), func(mux *tigertonic.TrieServeMux) {
			mux.HandleNamespace("/m", mux)
			mux.HandleNamespace("/n", mux)
		}},
		{"through wrappers of ours", megabyte("/n"), func(mux *tigertonic.TrieServeMux) {
			mux.HandleNamespace("/n", tigertonic.Cached(tigertonic.WithContext(mux, 0), tigertonic.CacheOptions{}))
		}},
		{"through a wrapper with Unwrap", megabyte("/n"), func(mux *tigertonic.TrieServeMux) {
			mux.HandleNamespace("/n", &wrapped{counted{mux, 0, deepest}})
		}},
		{"through a wrapper without Unwrap", megabyte("/n"), func(mux *tigertonic.TrieServeMux) {
			mux.HandleNamespace("/n", &counted{mux, 0, deepest})
		}},
		{"through a wrapper without Unwrap that catches everything", megabyte("/n"), func(mux *tigertonic.TrieServeMux) {
			mux.HandleNamespace("", &counted{mux, 0, deepest})
		}},
		{"mutually", megabyte("/a/b"), func(mux *tigertonic.TrieServeMux) {
			other := newMux("GET /other")
			mux.HandleNamespace("/a", &counted{other, 0, deepest})
			other.HandleNamespace("/b", &counted{mux, 0, deepest})
		}},
		{"mutually, where the other catches everything", megabyte("/a"), func(mux *tigertonic.TrieServeMux) {
			other := newMux("GET /other")
			mux.HandleNamespace("/a", &counted{other, 0, deepest})
			other.HandleNamespace("", &counted{mux, 0, deepest})
		}},
		{"through hosts", megabyte("/a"), func(mux *tigertonic.TrieServeMux) {
			hosts := tigertonic.NewHostServeMux()
			hosts.Handle("example.com", &counted{mux, 0, deepest})
			mux.HandleNamespace("/a", hosts)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			mux := newMux("GET /end")
			test.mount(mux)
			for _, request := range []string{"GET " + test.path, "GET " + test.path + "/", "OPTIONS " + test.path + "/a"} {
				assert.Equal(t, 404, ask(t, mux, request).Code, "%.40s…", request)
			}
			assert.Equal(t, 200, ask(t, mux, "GET /end").Code)
		})
	}
}

func TestMuxMountedInItselfServesInItsOwnNamespaces(t *testing.T) {
	mux := newMux("GET /end/{x}")
	mux.HandleNamespace("/n", mux)
	for _, path := range []string{"/end/1", "/n/end/1", "/n/n/end/1", "/n/n/n/end/1"} {
		w := ask(t, mux, "GET "+path)
		assert.Equal(t, 200, w.Code, path)
		assert.Contains(t, w.Body.String(), ` x="1"`)
	}
}

// What was requested before must not open the way to deep calls.
func TestMuxMountedInItselfEndsWhateverWasRequestedBefore(t *testing.T) {
	mux := newMux("GET /end")
	names := []string{"/a", "/b", "/c", "/d", "/e", "/f", "/g"}
	self := &counted{mux, 0, 200}
	for _, name := range names {
		mux.HandleNamespace(name, self)
	}
	var request func(path string, depth int)
	request = func(path string, depth int) {
		assert.Equal(t, 404, ask(t, mux, "GET "+path).Code, path)
		for _, name := range names {
			if depth > 0 && !strings.Contains(path, name) {
				request(path+name, depth-1)
			}
		}
	}
	for _, name := range names[2:] {
		request(name, 3)
	}
	for _, x := range names {
		for _, y := range names {
			assert.Equal(t, 404, ask(t, mux, "GET "+strings.Repeat(x+y, 1000)).Code, "%s%s…", x, y)
		}
	}
}

func TestMuxAsTheHandlerOfItsOwnPatternEnds(t *testing.T) {
	for _, pattern := range []string{"/a/{x...}", "/a"} {
		mux := newMux("GET /end")
		var refused any
		func() {
			defer func() { refused = recover() }()
			mux.Handle("GET", pattern, &wrapped{counted{mux, 0, 200}})
		}()
		if refused == nil {
			assert.NotEqual(t, http.StatusLoopDetected, ask(t, mux, "GET "+strings.TrimSuffix(pattern, "{x...}")).Code, pattern)
		}
	}
}

func TestMuxUnderTheStandardMux(t *testing.T) {
	say := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s id=%s,%s,%s", r.Pattern, r.PathValue("id"), tigertonic.PathValue(r, "id"), r.URL.Query().Get("id"))
	}
	sayLazily := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s id=%s", r.Pattern, tigertonic.PathValue(r, "id"))
	}
	inner := tigertonic.NewTrieServeMux()
	inner.HandleFunc("GET", "/a/{id}", say)
	inner.Handle("PUT", "/a/{id}", tigertonic.HandlerFunc(sayLazily))
	inner.HandleFunc("GET", "/o/{x}/{id}", say)
	inner.Handle("PUT", "/o/{x}/{id}", tigertonic.HandlerFunc(sayLazily))
	nested := tigertonic.NewTrieServeMux()
	nested.HandleFunc("GET", "/{id}", say)
	nested.Handle("PUT", "/{id}", tigertonic.HandlerFunc(sayLazily))
	inner.HandleNamespace("/n/{x}", nested)
	inner.HandleNamespace("/p/x", nested)
	inner.HandleNamespace("/q/x", http.HandlerFunc(say))

	outer := http.NewServeMux()
	outer.Handle("/", inner)
	outer.Handle("/strip/", http.StripPrefix("/strip", inner))
	outer.Handle("/o/{id}/{rest...}", inner)
	outer.Handle("/n/{id}/", inner)
	outer.Handle("/p/{id}/", inner)
	outer.Handle("/q/{id}/", inner)
	for request, want := range map[string]string{
		"GET /a/1?id=sent":     "GET /a/{id} id=1,1,sent",
		"PUT /a/1?id=evil":     "PUT /a/{id} id=1",
		"GET /strip/a/x%2Fy":   "GET /a/{id} id=x/y,x/y,",
		"PUT /strip/a/x%2Fy":   "PUT /a/{id} id=x/y",
		"GET /o/outer/inner":   "GET /o/{x}/{id} id=inner,inner,",
		"PUT /o/outer/inner":   "PUT /o/{x}/{id} id=inner",
		"GET /n/outer/inner":   "GET /n/{x}/{id} id=inner,inner,",
		"PUT /n/outer/inner":   "PUT /n/{x}/{id} id=inner",
		"GET /p/x/inner":       "GET /p/x/{id} id=inner,inner,",
		"PUT /p/x/inner":       "PUT /p/x/{id} id=inner",
		"PUT /strip/p/x/inner": "PUT /p/x/{id} id=inner",
		"GET /q/x/y":           "/q/x/{...} id=x,x,",
	} {
		assert.Equal(t, want, ask(t, outer, request).Body.String(), request)
	}
}

func TestMuxServesConcurrently(t *testing.T) {
	mux, shared := newMux("GET /a/{x}", "POST /a/{x}"), newMux("GET /{y}", "GET /z/{y...}")
	for i := range 8 {
		mux.HandleNamespace(fmt.Sprintf("/n%d", i), shared)
		mux.HandleNamespace(fmt.Sprintf("/w%d/{x}", i), shared)
	}
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 100 {
				n := (worker + i) % 8
				for request, want := range map[string]string{
					fmt.Sprintf("GET /a/%d", i):           fmt.Sprintf(`GET /a/{x} x="%d"`, i),
					fmt.Sprintf("GET /n%d/%d", n, i):      fmt.Sprintf(`GET /n%d/{y} y="%d"`, n, i),
					fmt.Sprintf("GET /n%d/z/%d/", n, i):   fmt.Sprintf(`GET /n%d/z/{y...} y="%d/"`, n, i),
					fmt.Sprintf("GET /w%d/%d/%%2F", n, i): fmt.Sprintf(`GET /w%d/{x}/{y} x="%d" y="/"`, n, i),
				} {
					w := httptest.NewRecorder()
					mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", strings.TrimPrefix(request, "GET "), nil))
					assert.Equal(t, want, w.Body.String())
				}
				w := httptest.NewRecorder()
				mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "PUT", "/a/1", nil))
				assert.Equal(t, "GET, HEAD, OPTIONS, POST", w.Header().Get("Allow"))
			}
		})
	}
	group.Wait()
}

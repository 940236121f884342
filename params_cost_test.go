package tigertonic_test

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"testing"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func TestPathValueUnderTheStandardMux(t *testing.T) {
	mux := http.NewServeMux()
	say := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%q %q %q", tigertonic.PathValue(r, "x"), tigertonic.PathValue(r, "rest"), tigertonic.PathValue(r, "z"))
	}
	mux.HandleFunc("GET /a/{x}/{rest...}", say)
	mux.HandleFunc("GET example.com/h/{x}", say)
	mux.HandleFunc("GET /{$}", say)
	mux.Handle("GET /s/{x}/{rest...}", http.StripPrefix("/s/1", http.HandlerFunc(say)))
	for request, want := range map[string]string{
		"GET /a/1/2/3":       `"1" "2/3" ""`,
		"GET /a/x%2Fy/":      `"x/y" "" ""`,
		"GET /h/1":           `"1" "" ""`,
		"GET /":              `"" "" ""`,
		"GET /s/1/2/3?x=4&z": `"1" "2/3" ""`,
	} {
		assert.Equal(t, want, ask(t, mux, request).Body.String(), request)
	}
}

func TestPathValueOfRequestsThatNobodyRouted(t *testing.T) {
	for _, test := range []struct {
		name, pattern, path, wildcard, want string
	}{
		{"without a pattern", "", "/a/b", "x", ""},
		{"of an unknown name", "GET /a/{x}", "/a/b", "y", ""},
		{"of no name", "GET /a/{x}", "/a/b", "", ""},
		{"of no name in a namespace", "/a/{...}", "/b", "", ""},
		{"of no name in a namespace of everything", "/{...}", "/b", "", ""},
		{"of a literal", "GET /a/{x}", "/a/b", "a", ""},
		{"of a name with dots", "GET /a/{x...}", "/a/b", "x...", ""},
		{"of a name in braces", "GET /a/{x}", "/a/b", "{x}", ""},
		{"of a part of a name", "GET /a/{xyz}", "/a/b", "y", ""},
		{"of a wildcard", "GET /a/{x}", "/a/b", "x", "b"},
		{"of a wildcard without a method", "/a/{x}", "/a/b", "x", "b"},
		{"of a wildcard with a host", "GET example.com/a/{x}", "/a/b", "x", "b"},
		{"of the rest", "GET /a/{x...}", "/a/b/c", "x", "b/c"},
		{"of an empty rest", "GET /a/{x...}", "/a/", "x", ""},
		{"without a path", "GET /a/{x}", "", "x", ""},
		{"with a short path", "GET /a/b/c/{x}", "/", "x", ""},
		{"with a short path for the rest", "GET /a/b/c/{x...}", "/", "x", ""},
		{"with a path without a slash", "GET /a/{x}", "*", "x", ""},
		{"with a method only", "GET", "/a", "x", ""},
		{"with a pattern that is cut off", "GET /{", "/a", "x", ""},
		{"with a pattern that is cut off in the name", "GET /{x", "/a", "x", ""},
		{"with a pattern of empty segments", "GET //", "/a", "x", ""},
		{"with a pattern of another router", "/{id:[0-9]{1,3}/{2}}", "/a", "id", ""},
		{"with a brace in a pattern of another router", "/a/{/b", "/a/b/c", "id", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &http.Request{Pattern: test.pattern, URL: &url.URL{Path: test.path}}
			require.NotPanics(t, func() { assert.Equal(t, test.want, tigertonic.PathValue(r, test.wildcard)) })
		})
	}
	assert.Empty(t, tigertonic.PathValue(&http.Request{Pattern: "/{x}"}, "x"), "without a URL")
}

func TestPathValuePrefersWhatWasSet(t *testing.T) {
	r := requestFor(t, "GET /a/b")
	r.Pattern = "GET /a/{x}"
	r.SetPathValue("x", "set")
	assert.Equal(t, "set", tigertonic.PathValue(r, "x"))
}

func TestMarshaledReadsItsWildcardsFromTheURL(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/{tenant}/stuff/{id}", tigertonic.Cached(tigertonic.Marshaled(
		func(u *url.URL, _ http.Header) (int, http.Header, []string, error) {
			q := u.Query()
			return 200, nil, []string{q.Get("tenant"), q.Get("{id}"), q.Get("z")}, nil
		}), tigertonic.CacheOptions{}))
	outer := tigertonic.NewTrieServeMux()
	outer.HandleNamespace("/1.0", mux)
	assert.Equal(t, `["a","x/y","1"]`+"\n", ask(t, outer, "GET /1.0/a/stuff/x%2Fy?tenant=b&{id}=c&z=1").Body.String())
}

// A nullWriter of the mux's tests is a ResponseWriter that costs nothing.
type muxNullWriter struct{ header http.Header }

func (w muxNullWriter) Header() http.Header         { return w.header }
func (w muxNullWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w muxNullWriter) WriteHeader(int)             {}

// allocations returns how often serving the target allocates, apart from the
// request and its URL, which is a fresh copy each time.
func allocations(t *testing.T, h http.Handler, target string) float64 {
	t.Helper()
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	const runs = 100
	requests := make([]*http.Request, runs+1)
	for i := range requests {
		requests[i] = requestFor(t, target)
	}
	w, i := http.ResponseWriter(muxNullWriter{http.Header{}}), 0
	return testing.AllocsPerRun(runs, func() {
		h.ServeHTTP(w, requests[i])
		i++
	})
}

// reading reads the wildcards a to e.
func reading(t *testing.T, want ...string) tigertonic.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		for i, want := range want {
			if got := tigertonic.PathValue(r, "abcde"[i:i+1]); got != want {
				t.Errorf("%c is %q, not %q", "abcde"[i], got, want)
			}
		}
	}
}

// pathOf returns a pattern of n wildcards, a path for it and the wildcards' names.
func pathOf(n int) (pattern, path string, names []string) {
	for i := range n {
		name := fmt.Sprintf("p%d", i)
		pattern, path, names = pattern+"/{"+name+"}", path+"/"+name, append(names, name)
	}
	return pattern, path, names
}

func TestMuxAllocatesNothing(t *testing.T) {
	nothing := func(http.ResponseWriter, *http.Request) {}
	mux := newMux("GET /a/b/d", "PUT /a/b/c")
	mux.HandleFunc("GET", "/static/path", nothing)
	mux.Handle("GET", "/a/{x}/c", tigertonic.HandlerFunc(nothing))
	mux.Handle("GET", "/unread/{a}/{b}/{c}/{d}/{e}", tigertonic.HandlerFunc(nothing))
	mux.Handle("GET", "/{a}/{b}/{c}/{d}/{e}", reading(t, "1", "2", "3", "4", "5"))
	mux.Handle("GET", "/r/{a}/{b...}", reading(t, "1", "2/3"))
	mux.Handle("GET", "/passed/{a}/x/{b...}", tigertonic.ParamsFunc(func(_ http.ResponseWriter, _ *http.Request, p tigertonic.Params) {
		if a, b := p.Get("a"), p.Get("b"); a != "1" || b != "2/3" {
			t.Errorf("%q %q", a, b)
		}
	}))
	inner := tigertonic.NewTrieServeMux()
	inner.Handle("GET", "/{a}/x/{b}", reading(t, "1", "2"))
	middle := tigertonic.NewTrieServeMux()
	middle.HandleNamespace("/a/namespace/that/is/rather/long", inner)
	mux.HandleNamespace("/another/namespace/that/is/rather/long", middle)
	mux.HandleNamespace("/404", tigertonic.HandlerFunc(nothing))
	pattern, twenty, names := pathOf(20)
	mux.Handle("GET", pattern, tigertonic.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for _, name := range names {
			if got := tigertonic.PathValue(r, name); got != name {
				t.Errorf("%s is %q", name, got)
			}
		}
	}))
	for i := range 100 {
		mux.HandleFunc("GET", fmt.Sprintf("/many/sibling%d", i), nothing)
	}
	for name, target := range map[string]string{
		"a static path":                         "GET /static/path",
		"a static path among many":              "GET /many/sibling77",
		"a wildcard, unread":                    "GET /a/x/c",
		"a wildcard behind another's method":    "GET /a/b/c",
		"five wildcards, all unread":            "GET /unread/1/2/3/4/5",
		"five wildcards, all read":              "GET /1/2/3/4/5",
		"twenty wildcards, all read":            "GET " + twenty,
		"wildcards, passed":                     "GET /passed/1/x/2/3",
		"the rest, read":                        "GET /r/1/2/3",
		"two long namespaces, values read":      "GET /another/namespace/that/is/rather/long/a/namespace/that/is/rather/long/1/x/2",
		"a namespace that answers what it gets": "GET /404/no/such/path",
	} {
		t.Run(name, func(t *testing.T) {
			assert.Zero(t, allocations(t, mux, target))
		})
	}
	finding := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { mux.Handler(r) })
	t.Run("finding that there is nothing", func(t *testing.T) { assert.Zero(t, allocations(t, finding, "GET /no/such/path")) })
}

// The rest of a 405 is the context that carries the methods and the error.
func TestMuxAllocatesLittleToFindAnotherMethod(t *testing.T) {
	mux := newMux("GET /a/{x}", "PUT /a/{x}")
	finding := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { mux.Handler(r) })
	assert.LessOrEqual(t, allocations(t, finding, "POST /a/1"), 6.0)
}

func TestMuxAllocatesLittleForForeignHandlers(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	mux.Handle("GET", "/{a}", h)
	mux.Handle("GET", "/{a}/{b}/{c}/{d}/{e}", h)
	mux.Handle("GET", "/{a}/f/{b...}", tigertonic.Counted(h, "counted", metrics.NewRegistry()))
	for _, target := range []string{"GET /1", "GET /1/2/3/4/5", "GET /1?a=evil&z=1", "GET /1/f/2/3"} {
		t.Run(target, func(t *testing.T) {
			assert.LessOrEqual(t, allocations(t, mux, target), 2.0)
		})
	}
}

func TestMuxTakesLittleMemoryForARoute(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes memory: run without -race")
	}
	const routes = 10000
	for name, pattern := range map[string]func(i int) string{
		"static paths": func(i int) string { return fmt.Sprintf("/path%d", i) },
		"wildcards":    func(i int) string { return fmt.Sprintf("/v1/resource%d/{id}", i) },
		"groups":       func(i int) string { return fmt.Sprintf("/api/group%d/{id}/item%d", i/25, i%25) },
	} {
		h := tigertonic.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		before, mux := heap(), tigertonic.NewTrieServeMux()
		for i := range routes {
			mux.Handle("GET", pattern(i), h)
		}
		assert.LessOrEqual(t, (heap()-before)/routes, int64(450), "bytes a route, %s", name)
		runtime.KeepAlive(mux)
	}
}

// heap returns how many bytes are in use.
func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// plainErrors answers as net/http does.
type plainErrors struct{ tigertonic.ErrorWriter }

func (plainErrors) WriteError(_ *http.Request, w http.ResponseWriter, err error) {
	w.WriteHeader(err.(tigertonic.HTTPEquivError).StatusCode()) //nolint:errorlint // the mux doesn't wrap it
}

func TestRefusalsAllocateLittle(t *testing.T) {
	defer func(old tigertonic.ErrorWriter) { tigertonic.ResponseErrorWriter = old }(tigertonic.ResponseErrorWriter)
	tigertonic.ResponseErrorWriter = plainErrors{tigertonic.ResponseErrorWriter}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff/{id}", tigertonic.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	assert.LessOrEqual(t, allocations(t, mux, "GET /other"), 2.0, "the error, and a context that knows the ErrorWriter")
	assert.LessOrEqual(t, allocations(t, mux, "PUT /stuff/1"), 1.0, "that context")
	assert.LessOrEqual(t, allocated(t, mux, "GET /other"), uint64(64), "bytes, which a copy of the request exceeds")
	assert.LessOrEqual(t, allocated(t, mux, "PUT /stuff/1"), uint64(64), "likewise")
}

// allocated returns how many bytes a request takes, on average.
func allocated(t *testing.T, h http.Handler, request string) uint64 {
	t.Helper()
	if raceEnabled {
		t.Skip("the race detector takes memory: run without -race")
	}
	const runs = 1000
	requests := make([]*http.Request, runs)
	for i := range requests {
		requests[i] = requestFor(t, request)
	}
	w := http.ResponseWriter(muxNullWriter{http.Header{}})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, r := range requests {
		h.ServeHTTP(w, r)
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs
}

package tigertonic_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// The route tables of testdata/routes are those that Go routers are compared
// on. An operation is one pass over all routes of a table, each with a request
// that is a fresh copy, for a mux changes it.

func BenchmarkGitHub(b *testing.B) { benchmarkTable(b, "github") }
func BenchmarkGPlus(b *testing.B)  { benchmarkTable(b, "gplus") }
func BenchmarkParse(b *testing.B)  { benchmarkTable(b, "parse") }
func BenchmarkStatic(b *testing.B) { benchmarkTable(b, "static") }

// A tableRoute is a line of a table, with a request for it in which each
// wildcard stands for its own name.
type tableRoute struct {
	method, pattern string
	names           []string
	request         *http.Request
}

func readTable(tb testing.TB, name string) (routes []tableRoute) {
	tb.Helper()
	table, err := os.ReadFile("testdata/routes/" + name + ".txt")
	require.NoError(tb, err)
	for line := range strings.Lines(string(table)) {
		rt := tableRoute{}
		rt.method, rt.pattern, _ = strings.Cut(strings.TrimSpace(line), " ")
		for segment := range strings.SplitSeq(rt.pattern, "/") {
			if name, ok := strings.CutPrefix(segment, "{"); ok {
				rt.names = append(rt.names, strings.TrimSuffix(name, "}"))
			}
		}
		path := strings.NewReplacer("{", "", "}", "").Replace(rt.pattern)
		rt.request = httptest.NewRequestWithContext(tb.Context(), rt.method, path, nil)
		routes = append(routes, rt)
	}
	return routes
}

// Without these handlers the figures would be those of 404s.
func TestRouteTablesLeadWhereTheyShould(t *testing.T) {
	for name, n := range map[string]int{"github": 203, "gplus": 13, "parse": 26, "static": 157} {
		routes := readTable(t, name)
		require.Len(t, routes, n)
		mux := tigertonic.NewTrieServeMux()
		for _, rt := range routes {
			mux.Handle(rt.method, rt.pattern, tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, rt.method+" "+rt.pattern, r.Pattern)
				for _, name := range rt.names {
					assert.Equal(t, name, tigertonic.PathValue(r, name), r.Pattern)
				}
				w.WriteHeader(299)
			}))
		}
		for _, rt := range routes {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, rt.request.Clone(t.Context()))
			assert.Equal(t, 299, w.Code, rt.pattern)
		}
	}
}

// BenchmarkGrowth asks for each of the routes in turn.
func BenchmarkGrowth(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			mux := tigertonic.NewTrieServeMux()
			routes := make([]tableRoute, n)
			for i := range routes {
				name := "/v1/resource" + strconv.Itoa(i)
				mux.Handle("GET", name+"/{id}", tigertonic.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
				routes[i].request = httptest.NewRequestWithContext(b.Context(), "GET", name+"/1", nil)
			}
			pass(b, mux, routes)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/request")
		})
	}
}

// BenchmarkWildcards asks for a path of so many wildcards, which are read or not.
func BenchmarkWildcards(b *testing.B) {
	for _, n := range []int{1, 5, 20} {
		pattern, path, names := pathOf(n)
		for name, h := range map[string]tigertonic.HandlerFunc{
			"leaf": func(http.ResponseWriter, *http.Request) {},
			"leaf-reading-all": func(_ http.ResponseWriter, r *http.Request) {
				for _, name := range names {
					if tigertonic.PathValue(r, name) != name {
						b.Errorf("%s: no %s", r.Pattern, name)
					}
				}
			},
		} {
			b.Run(strconv.Itoa(n)+"/"+name, func(b *testing.B) {
				mux := tigertonic.NewTrieServeMux()
				mux.Handle("GET", pattern, h)
				pass(b, mux, []tableRoute{{request: httptest.NewRequestWithContext(b.Context(), "GET", path, nil)}})
			})
		}
	}
}

func benchmarkTable(b *testing.B, name string) {
	routes := readTable(b, name)
	nothing := func(http.ResponseWriter, *http.Request) {}
	read := func(rt tableRoute, pathValue func(*http.Request, string) string) func(http.ResponseWriter, *http.Request) {
		return func(_ http.ResponseWriter, r *http.Request) {
			for _, name := range rt.names {
				if len(pathValue(r, name)) != len(name) {
					b.Errorf("%s: no %s", r.Pattern, name)
				}
			}
		}
	}
	for _, bm := range []struct {
		name    string
		handler func(rt tableRoute) http.Handler
	}{
		{"leaf", func(tableRoute) http.Handler { return tigertonic.HandlerFunc(nothing) }},
		{"leaf-reading-all", func(rt tableRoute) http.Handler { return tigertonic.HandlerFunc(read(rt, tigertonic.PathValue)) }},
		{"foreign", func(tableRoute) http.Handler { return http.HandlerFunc(nothing) }},
		{"foreign-reading-all", func(rt tableRoute) http.Handler { return http.HandlerFunc(read(rt, (*http.Request).PathValue)) }},
	} {
		b.Run(bm.name, func(b *testing.B) {
			mux := tigertonic.NewTrieServeMux()
			for _, rt := range routes {
				mux.Handle(rt.method, rt.pattern, bm.handler(rt))
			}
			pass(b, mux, routes)
		})
	}
	for _, bm := range []struct {
		name    string
		handler func(rt tableRoute) http.HandlerFunc
	}{
		{"net-http", func(tableRoute) http.HandlerFunc { return nothing }},
		{"net-http-reading-all", func(rt tableRoute) http.HandlerFunc { return read(rt, (*http.Request).PathValue) }},
	} {
		b.Run(bm.name, func(b *testing.B) {
			mux := http.NewServeMux()
			for _, rt := range routes {
				mux.Handle(rt.method+" "+exact(rt.pattern), bm.handler(rt))
			}
			pass(b, mux, routes)
		})
	}
	b.Run("copying-requests", func(b *testing.B) { pass(b, http.HandlerFunc(nothing), routes) })
}

// exact returns the pattern in which net/http says that a trailing slash is one.
func exact(pattern string) string {
	if strings.HasSuffix(pattern, "/") {
		return pattern + "{$}"
	}
	return pattern
}

// pass has h answer a fresh copy of each request.
func pass(b *testing.B, h http.Handler, routes []tableRoute) {
	b.Helper()
	var (
		w = http.ResponseWriter(muxNullWriter{http.Header{}})
		r = new(http.Request)
		u = new(url.URL)
	)
	b.ReportAllocs()
	for b.Loop() {
		for i := range routes {
			*r, *u = *routes[i].request, *routes[i].request.URL
			r.URL = u
			h.ServeHTTP(w, r)
		}
	}
}

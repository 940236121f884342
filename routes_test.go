package tigertonic_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A namedHandler is a foreign wrapper that says what it is called.
type namedHandler struct {
	http.Handler
	name string
}

func (h namedHandler) Unwrap() http.Handler { return h.Handler }
func (h namedHandler) String() string       { return h.name }

func getStuff(w http.ResponseWriter, r *http.Request) { sayMatch(w, r) }

// A service is a tree with all that can be walked.
func service() http.Handler {
	registry := metrics.NewRegistry()
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/{x...}", tigertonic.Version("rest"))
	mux.Handle("GET", "/stuff/{id}", tigertonic.Timed(http.HandlerFunc(getStuff), "get-stuff", registry))
	mux.Handle("PUT", "/stuff/{id}", tigertonic.HandlerFunc(getStuff))
	mux.Handle("POST", "/stuff", tigertonic.Cached(tigertonic.Counted(foreign{}, "posts", registry), tigertonic.CacheOptions{NoStore: true}))
	mux.Handle("DELETE", "/stuff", tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "realm", tigertonic.WithContext(foreign{}, 0)))
	mux.Handle("PATCH", "/stuff", tigertonic.First(namedHandler{http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "guard"}, tigertonic.Sized(namedHandler{foreign{}, "own"}, 9), tigertonic.Sized(foreign{}, 8)))
	mux.Handle("X", "/", tigertonic.First())
	inner := tigertonic.NewTrieServeMux()
	inner.HandleFunc("GET", "/", sayMatch)
	inner.HandleNamespace("/{y}", namedHandler{foreign{}, "own"})
	logged := tigertonic.ApacheLogged(inner)
	logged.Logger = discardLogger{}
	mux.HandleNamespace("/1.0/{tenant}/", logged)
	mux.HandleNamespace("", http.HandlerFunc(getStuff))
	return tigertonic.CountedByStatusXX(mux, "all", registry)
}

func TestExplain(t *testing.T) {
	const all = "CountedByStatusXX(all) > "
	want := [][3]string{
		{"METHOD", "PATTERN", "HANDLER"},
		{"*", "/{...}", all + "go-tigertonic_test.getStuff (not described)"},
		{"GET", "/stuff/{id}", all + "Timed(get-stuff) > go-tigertonic_test.getStuff"},
		{"PUT", "/stuff/{id}", all + "go-tigertonic_test.getStuff"},
		{"POST", "/stuff", all + "Cached(no-store) > Counted(posts) > tigertonic_test.foreign"},
		{"DELETE", "/stuff", all + `HTTPBasicAuth("realm") > WithContext(int) > tigertonic_test.foreign`},
		{"PATCH", "/stuff", all + "guard > Sized(9) > Sized(8) > tigertonic_test.foreign"},
		{"X", "/", all + "tigertonic.FirstHandler"},
		{"GET", "/1.0/{tenant}/", all + "ApacheLogged > go-tigertonic_test.sayMatch"},
		{"*", "/1.0/{tenant}/{y}/{...}", all + "ApacheLogged > own > tigertonic_test.foreign (not described)"},
		{"GET", "/{x...}", all + "Version(rest)"},
	}
	lines := strings.Split(strings.TrimSuffix(tigertonic.Explain(service()), "\n"), "\n")
	var got [][3]string
	for _, line := range lines {
		method, rest, _ := strings.Cut(line, " ")
		pattern, handler, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		got = append(got, [3]string{method, pattern, strings.TrimLeft(handler, " ")})
	}
	// The order of a node's routes is that of their registration, and of nodes
	// that of the trie: as above, but for the node of /stuff before /stuff/{id}.
	assert.ElementsMatch(t, want, got)
	assert.Equal(t, want[0], got[0])
}

func TestExplainIsATable(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("DELETE", "/a/{x...}", tigertonic.Version("1"))
	mux.HandleNamespace("/n", foreign{})
	mux.Handle("GET", "/", tigertonic.Sized(tigertonic.Version("2"), 1))
	assert.Equal(t, ""+
		"METHOD  PATTERN    HANDLER\n"+
		"DELETE  /a/{x...}  Version(1)\n"+
		"*       /n/{...}   tigertonic_test.foreign (not described)\n"+
		"GET     /          Sized(1) > Version(2)\n",
		tigertonic.Explain(mux))

	hosts := tigertonic.HostServeMux{"b.example": mux, "a.example": foreign{}}
	assert.Equal(t, ""+
		"HOST       METHOD  PATTERN    HANDLER\n"+
		"a.example  *                  Cached() > tigertonic_test.foreign (not described)\n"+
		"b.example  DELETE  /a/{x...}  Cached() > Version(1)\n"+
		"b.example  *       /n/{...}   Cached() > tigertonic_test.foreign (not described)\n"+
		"b.example  GET     /          Cached() > Sized(1) > Version(2)\n",
		tigertonic.Explain(tigertonic.Cached(hosts, tigertonic.CacheOptions{})))

	assert.Equal(t, "METHOD  PATTERN  HANDLER\n*                tigertonic_test.foreign (not described)\n", tigertonic.Explain(foreign{}))
	assert.Equal(t, "METHOD  PATTERN  HANDLER\n", tigertonic.Explain(tigertonic.NewTrieServeMux()))
	assert.Equal(t, "METHOD  PATTERN  HANDLER\n", tigertonic.Explain(nil))
}

// A pattern is the programmer's, but it doesn't break the table.
func TestExplainQuotesWhatWouldBreakTheTable(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a\tb\nc", namedHandler{foreign{}, "own\n\tname"})
	lines := strings.Split(strings.TrimSuffix(tigertonic.Explain(mux), "\n"), "\n")
	assert.Len(t, lines, 2, "%q", lines)
}

func TestRoutesAreInTheOrderOfRegistrationButLiteralsComeFirst(t *testing.T) {
	mux := newMux("GET /b/{x}", "PUT /b/c", "GET /a", "POST /b/c", "GET /{x...}", "GET /{x}", "HEAD /a", "GET /b/{x...}")
	var got []string
	for _, rt := range mux.Routes() {
		got = append(got, rt.Method+" "+rt.Pattern)
	}
	assert.Equal(t, []string{"PUT /b/c", "POST /b/c", "GET /b/{x}", "GET /b/{x...}", "GET /a", "HEAD /a", "GET /{x}", "GET /{x...}"}, got)
}

func TestRoutesNameWhatIsOnTheWay(t *testing.T) {
	leaf := foreign{"leaf"}
	inner := tigertonic.Sized(leaf, 1)
	guard := foreign{"guard"}
	first := tigertonic.First(guard, inner)
	own := passing{first}
	outer := tigertonic.Cached(own, tigertonic.CacheOptions{})
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/{id}", outer)
	around := tigertonic.WithContext(mux, 0)
	root := tigertonic.NewTrieServeMux()
	root.HandleNamespace("/n", around)
	hosts := tigertonic.HostServeMux{"h": root}
	routes := tigertonic.Routes(hosts)
	require.Len(t, routes, 1)
	assert.Regexp(t, `routes_test.go:\d+$`, routes[0].Where)
	assert.Equal(t, []tigertonic.Route{{
		Method: "GET", Host: "h", Pattern: "/n/{id}", Handler: leaf,
		Wrappers: []http.Handler{around, outer, own, guard, inner}, Where: routes[0].Where,
	}}, routes)
	assert.Equal(t, tigertonic.Routes(root), root.Routes())
	assert.Equal(t, []tigertonic.Route{{Handler: leaf}}, tigertonic.Routes(leaf))
}

func TestRoutesDontShareTheirWrappers(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	for i := range 4 {
		mux.Handle("GET", fmt.Sprintf("/%d", i), tigertonic.Sized(foreign{}, int64(i)))
	}
	root := passing{passing{passing{mux}}}
	routes := tigertonic.Routes(root)
	require.Len(t, routes, 4)
	for i := range routes {
		routes[i].Wrappers = append(routes[i].Wrappers, foreign{fmt.Sprint(i)})
	}
	for i, rt := range routes {
		require.Len(t, rt.Wrappers, 5)
		assert.Equal(t, fmt.Sprintf("Sized(%d)", i), fmt.Sprint(rt.Wrappers[3]))
		assert.Equal(t, foreign{fmt.Sprint(i)}, rt.Wrappers[4])
	}
}

func TestRoutesEndAtWrappersThatWrapNothing(t *testing.T) {
	none := passing{}
	assert.Equal(t, []tigertonic.Route{{Handler: none}}, tigertonic.Routes(none))
	assert.Empty(t, tigertonic.Routes(nil))
}

func patterns(routes []tigertonic.Route) (patterns []string) {
	for _, rt := range routes {
		patterns = append(patterns, rt.Method+" "+rt.Pattern)
	}
	return patterns
}

func TestRoutesOfAMuxMountedInItselfEnd(t *testing.T) {
	mux := newMux("GET /a")
	mux.HandleNamespace("/n", mux)
	assert.Equal(t, []string{"GET /a", "GET /n/a"}, patterns(mux.Routes()))

	wrapping := newMux("GET /a")
	wrapping.HandleNamespace("/n", passing{tigertonic.Cached(wrapping, tigertonic.CacheOptions{})})
	assert.Contains(t, patterns(wrapping.Routes()), "GET /a")

	mutual, other := newMux("GET /a"), newMux("GET /b")
	mutual.HandleNamespace("/o", other)
	other.HandleNamespace("/m", mutual)
	assert.Subset(t, patterns(mutual.Routes()), []string{"GET /a", "GET /o/b"})

	hosts := tigertonic.NewHostServeMux()
	inHost := newMux("GET /c")
	hosts.Handle("h", inHost)
	inHost.HandleNamespace("/n", hosts)
	assert.Contains(t, patterns(tigertonic.Routes(hosts)), "GET /c")
	assert.NotEmpty(t, tigertonic.Explain(hosts))
}

// limited counts how often the walk comes by, and ends it when it is too often.
type limited struct {
	http.Handler
	met *int
}

func (l limited) Unwrap() http.Handler {
	*l.met++
	if *l.met > 100_000 {
		return nil
	}
	return l.Handler
}

// Twelve muxes, each mounted in all others, have more ways without a circle than
// there is time. Each mux must be found all the same.
func TestRoutesOfManyMuxesMountedInEachOtherEnd(t *testing.T) {
	const n = 12
	met := 0
	muxes := make([]*tigertonic.TrieServeMux, n)
	for i := range muxes {
		muxes[i] = newMux(fmt.Sprintf("GET /own%d", i))
	}
	for _, mux := range muxes {
		for j, other := range muxes {
			mux.HandleNamespace(fmt.Sprintf("/%d", j), limited{other, &met})
		}
	}
	routes := patterns(muxes[0].Routes())
	assert.LessOrEqual(t, met, 100_000, "the walk takes too long")
	for i := range n {
		found := slices.ContainsFunc(routes, func(p string) bool { return strings.HasSuffix(p, fmt.Sprintf("/own%d", i)) })
		assert.True(t, found, "own%d", i)
	}
}

// Sharing a mux isn't a circle: each way to it is shown.
func TestRoutesOfAMuxMountedTwiceAreShownTwice(t *testing.T) {
	shared, mux := newMux("GET /a"), tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/1.0", shared)
	mux.HandleNamespace("/1.1", shared)
	root := tigertonic.NewTrieServeMux()
	root.HandleNamespace("/x", mux)
	root.HandleNamespace("/y", mux)
	assert.Equal(t, []string{"GET /x/1.0/a", "GET /x/1.1/a", "GET /y/1.0/a", "GET /y/1.1/a"}, patterns(root.Routes()))
}

// What Routes returns is where requests really end.
func TestRoutesAreWhatAnswers(t *testing.T) {
	root := service()
	for _, rt := range tigertonic.Routes(root) {
		if strings.HasSuffix(rt.Pattern, "/{...}") || rt.Method == "X" {
			continue
		}
		path := strings.NewReplacer("{", "", "}", "", "...", "").Replace(rt.Pattern)
		r := requestFor(t, rt.Method+" "+path)
		r.SetBasicAuth("u", "p")
		w := httptest.NewRecorder()
		root.ServeHTTP(w, r)
		assert.Equal(t, 200, w.Code, path)
		assert.Equal(t, rt.Method+" "+rt.Pattern, r.Pattern)
	}
}

package tigertonic_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// panicOf returns the text that f panics with, and in it of each place only the
// file's name.
func panicOf(t *testing.T, f func()) string {
	t.Helper()
	var message any
	func() {
		defer func() { message = recover() }()
		f()
	}()
	text, ok := message.(string)
	require.True(t, ok, "%v is not a message", message)
	return regexp.MustCompile(`[^ ]*/(\w+\.go):[1-9]\d*`).ReplaceAllString(text, "$1")
}

// internal/trie tests everything that can be wrong with a pattern, and where.
func TestMuxRefusesMalformedPatterns(t *testing.T) {
	for _, test := range []struct{ pattern, want string }{
		{"", `"": at offset 0: a pattern begins with a slash`},
		{"/a/{x", `"/a/{x": at offset 3: unclosed wildcard`},
		{"/{x}/a/{x}", `"/{x}/a/{x}": at offset 7: a second wildcard named "x"`},
		{"/a/:id", `"/a/:id": at offset 3: a wildcard is written {name}, and a literal that begins with a colon %3A`},
		{"/a/%20%zz", `"/a/%20%zz": at offset 6: invalid percent-encoding`},
		{"/a/\xff{", `"/a/\xff{": at offset 4: unclosed wildcard`},
		{"/\r\n{", `"/\r\n{": at offset 3: unclosed wildcard`},
	} {
		mux := tigertonic.NewTrieServeMux()
		got := panicOf(t, func() { mux.Handle("GET", test.pattern, foreign{}) })
		assert.Equal(t, "tigertonic: pattern "+test.want+" (registered at mux_panics_test.go)", got)
		got = panicOf(t, func() { mux.HandleFunc("GET", test.pattern, sayMatch) })
		assert.Equal(t, "tigertonic: pattern "+test.want+" (registered at mux_panics_test.go)", got, "HandleFunc")
		assert.Empty(t, mux.Routes(), "nothing was registered")
	}
}

// What looks like a wildcard of another router, but isn't where one would be.
func TestMuxTakesColonsAndAsterisksInLiterals(t *testing.T) {
	for pattern, path := range map[string]string{
		"/v1/things:batch": "/v1/things:batch", "/a/%3Aid": "/a/:id", "/a/:": "/a/:", "/a/b*": "/a/b*", "/a/%2A": "/a/*", "/urn:x:y/{id}": "/urn:x:y/1",
		"/{a+b}": "/1", "/{a-b}": "/1", "/{a.b}": "/1", "/{a b}": "/1", "/{{a}}": "/1", "/{%3A}": "/1",
	} {
		assert.Equal(t, 200, ask(t, newMux("GET "+pattern), "GET "+path).Code, pattern)
	}
}

func TestMuxRefusesMalformedNamespaces(t *testing.T) {
	for _, test := range []struct{ namespace, want string }{
		{"a/", `"a/": at offset 0: a pattern begins with a slash`},
		{"/a/{x", `"/a/{x": at offset 3: unclosed wildcard`},
		{"/{x}/{x}/", `"/{x}/{x}/": at offset 5: a second wildcard named "x"`},
		{"/{x...}/", `"/{x...}/": at offset 1: a wildcard for the rest of the path in a namespace, which has that meaning anyway`},
	} {
		mux := tigertonic.NewTrieServeMux()
		got := panicOf(t, func() { mux.HandleNamespace(test.namespace, foreign{}) })
		assert.Equal(t, "tigertonic: namespace "+test.want+" (registered at mux_panics_test.go)", got)
		assert.Empty(t, mux.Routes(), "nothing was registered")
	}
}

func TestMuxRefusesMethodsThatAreNone(t *testing.T) {
	for method, quoted := range map[string]string{
		"": `""`, "G ET": `"G ET"`, "GET,POST": `"GET,POST"`, "G\r\nT": `"G\r\nT"`, "GÉT": `"GÉT"`, "GET/": `"GET/"`, "get": `"get"`, "Post": `"Post"`, "\x7f": `"\x7f"`, "{x}": `"{x}"`,
	} {
		got := panicOf(t, func() { tigertonic.NewTrieServeMux().Handle(method, "/a", foreign{}) })
		assert.Equal(t, `tigertonic: pattern "/a": `+quoted+` is not a method (registered at mux_panics_test.go)`, got)
	}
	mux := tigertonic.NewTrieServeMux()
	for _, method := range []string{"GET", "M-SEARCH", "search", "GETS", "!#$%&'*+-.^_`|~0aZ"} {
		assert.NotPanics(t, func() { mux.Handle(method, "/a", foreign{}) }, method)
	}
}

func TestMuxRefusesNoHandler(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	want := `tigertonic: pattern "/a": the handler is nil (registered at mux_panics_test.go)`
	for _, h := range []http.Handler{nil, http.HandlerFunc(nil), tigertonic.HandlerFunc(nil), tigertonic.ParamsFunc(nil)} {
		assert.Equal(t, want, panicOf(t, func() { mux.Handle("GET", "/a", h) }))
	}
	assert.Equal(t, want, panicOf(t, func() { mux.HandleFunc("GET", "/a", nil) }))
	want = `tigertonic: namespace "/a": the handler is nil (registered at mux_panics_test.go)`
	assert.Equal(t, want, panicOf(t, func() { mux.HandleNamespace("/a", nil) }))
}

func TestMuxRefusesTheSameTwice(t *testing.T) {
	for _, test := range []struct{ name, first, second, want string }{
		{"the same", "/a", "/a", `"/a": at offset 0: GET conflicts with pattern "/a" registered at mux_panics_test.go, both match /a`},
		{"other names", "/a/{x}/b", "/a/{y}/b", `"/a/{y}/b": at offset 4: GET conflicts with pattern "/a/{x}/b" registered at mux_panics_test.go, both match /a/y/b`},
		{"other names for the rest", "/{x...}", "/{y...}", `"/{y...}": at offset 2: GET conflicts with pattern "/{x...}" registered at mux_panics_test.go, both match /y`},
		{"another spelling", "/a b/c", "/a%20b/%63", `"/a%20b/%63": at offset 2: GET conflicts with pattern "/a b/c" registered at mux_panics_test.go, both match /a%20b/c`},
		{"a longer name", "/{x}", "/{xy}", `"/{xy}": at offset 3: GET conflicts with pattern "/{x}" registered at mux_panics_test.go, both match /xy`},
		{"the root", "/", "/", `"/": at offset 0: GET conflicts with pattern "/" registered at mux_panics_test.go, both match /`},
		{"a name with a slash in its example", "/{a%2F}", "/{b c}", `"/{b c}": at offset 2: GET conflicts with pattern "/{a%2F}" registered at mux_panics_test.go, both match /b%20c`},
	} {
		t.Run(test.name, func(t *testing.T) {
			mux := tigertonic.NewTrieServeMux()
			mux.Handle("GET", test.first, foreign{"first"})
			got := panicOf(t, func() { mux.Handle("GET", test.second, foreign{"second"}) })
			assert.Equal(t, "tigertonic: pattern "+test.want+" (registered at mux_panics_test.go)", got)
			assert.NotPanics(t, func() { mux.Handle("PUT", test.second, foreign{}) }, "another method")

			_, example, found := strings.Cut(strings.TrimSuffix(got, " (registered at mux_panics_test.go)"), "both match ")
			require.True(t, found)
			h, pattern := mux.Handler(requestFor(t, "GET "+example))
			assert.Equal(t, foreign{"first"}, h, "the first stays")
			assert.Equal(t, test.first, pattern)
			_, pattern = mux.Handler(requestFor(t, "PUT "+example))
			assert.Equal(t, test.second, pattern)
		})
	}
}

func TestMuxRefusesTheSameNamespaceTwice(t *testing.T) {
	for _, test := range []struct{ first, second, want string }{
		{"/a", "/a", `"/a": at offset 0: conflicts with namespace "/a" registered at mux_panics_test.go, both match /a/`},
		{"/a/", "/a", `"/a": at offset 0: conflicts with namespace "/a" registered at mux_panics_test.go, both match /a/`},
		{"/{x}/b", "/{y}/b", `"/{y}/b": at offset 2: conflicts with namespace "/{x}/b" registered at mux_panics_test.go, both match /y/b/`},
		{"", "", `"": at offset 0: conflicts with namespace "" registered at mux_panics_test.go, both match /`},
		{"/", "", `"": at offset 0: conflicts with namespace "" registered at mux_panics_test.go, both match /`},
	} {
		mux := tigertonic.NewTrieServeMux()
		mux.HandleNamespace(test.first, foreign{})
		got := panicOf(t, func() { mux.HandleNamespace(test.second, foreign{}) })
		assert.Equal(t, "tigertonic: namespace "+test.want+" (registered at mux_panics_test.go)", got)
	}
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/a", foreign{})
	assert.NotPanics(t, func() { mux.Handle("GET", "/a", foreign{}) }, "a namespace and a pattern")
	assert.NotPanics(t, func() { mux.HandleNamespace("/{x}", foreign{}) }, "a literal and a wildcard")
}

func TestMuxRefusesNamespacesThatLeadBackWithTheSamePath(t *testing.T) {
	want := `tigertonic: namespace "": at offset 0: the handler leads back to this mux with the same path (registered at mux_panics_test.go)`
	mux := newMux("GET /a")
	other, third := newMux("GET /b"), newMux("GET /c")
	other.HandleNamespace("", tigertonic.Cached(third, tigertonic.CacheOptions{}))
	third.HandleNamespace("", tigertonic.First(foreign{}, tigertonic.HostServeMux{"h": mux}))
	for name, h := range map[string]http.Handler{
		"itself":                       mux,
		"under a wrapper":              tigertonic.WithContext(mux, 0),
		"under a wrapper with Unwrap":  &wrapped{counted{mux, 0, 1}},
		"first of several":             tigertonic.First(mux, foreign{}),
		"last of several":              tigertonic.First(foreign{}, mux),
		"a host":                       tigertonic.HostServeMux{"a": foreign{}, "h": mux},
		"through two others and hosts": other,
	} {
		assert.Equal(t, want, panicOf(t, func() { mux.HandleNamespace("", h) }), name)
	}
	assert.NotPanics(t, func() { mux.HandleNamespace("/n", mux) }, "with another path")
	assert.NotPanics(t, func() { mux.HandleNamespace("", newMux("GET /d")) }, "another mux")
}

// A circling handler is a wrapper that may lead back to itself.
type circling struct{ next http.Handler }

func (c *circling) ServeHTTP(w http.ResponseWriter, r *http.Request) { sayMatch(w, r) }
func (c *circling) Unwrap() http.Handler                             { return c.next }

func TestMuxRefusesWrappersThatLeadInACircle(t *testing.T) {
	a, b := &circling{}, &circling{}
	a.next, b.next = tigertonic.WithContext(b, 0), a
	const want = "what the handler's Unwrap returns leads in a circle (registered at mux_panics_test.go)"
	for name, register := range map[string]func(){
		`pattern "/a": `:                    func() { tigertonic.NewTrieServeMux().Handle("GET", "/a", a) },
		`namespace "/a": `:                  func() { tigertonic.NewTrieServeMux().HandleNamespace("/a", a) },
		`host "example.com": at offset 0: `: func() { tigertonic.NewHostServeMux().Handle("example.com", a) },
	} {
		assert.Equal(t, "tigertonic: "+name+want, panicOf(t, register))
	}
	assert.Len(t, tigertonic.Routes(a), 1, "a tree that wasn't registered anywhere ends, too")
}

func TestAWrapperOfItselfWrapsNothing(t *testing.T) {
	self := &circling{}
	self.next = self
	mux, hosts := tigertonic.NewTrieServeMux(), tigertonic.NewHostServeMux()
	mux.Handle("GET", "/a/{x}", tigertonic.Cached(self, tigertonic.CacheOptions{}))
	mux.HandleNamespace("/n", self)
	hosts.Handle("example.com", self)
	routes := tigertonic.Routes(mux)
	assert.Len(t, routes, 2)
	assert.Same(t, self, routes[0].Handler)
	assert.Len(t, tigertonic.Routes(hosts), 1)
	assert.Equal(t, `GET /a/{x} x="1"`, ask(t, mux, "GET /a/1").Body.String())
	assert.Equal(t, 200, ask(t, mux, "OPTIONS /a/1").Code)
}

func TestMuxTakesHostsThatLeadBackToThemselves(t *testing.T) {
	hosts := tigertonic.HostServeMux{"h": foreign{}}
	hosts["self"] = hosts
	mux := tigertonic.NewTrieServeMux()
	assert.NotPanics(t, func() { mux.HandleNamespace("", hosts) })
	assert.Len(t, mux.Routes(), 1)
}

// The two places of a conflict are two lines, and the first is the older one.
func TestMuxNamesBothPlaces(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	first := func() { mux.Handle("GET", "/a", foreign{}) }
	second := func() { mux.HandleFunc("GET", "/a", sayMatch) }
	first()
	defer func() {
		message, _ := recover().(string)
		places := regexp.MustCompile(`(\S*/mux_panics_test\.go:)([1-9]\d*)\D`).FindAllStringSubmatch(message, -1)
		require.Len(t, places, 2, message)
		assert.Equal(t, places[0][1], places[1][1])
		assert.Less(t, places[0][2], places[1][2])
	}()
	second()
}

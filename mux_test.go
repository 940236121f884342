package tigertonic_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// newMux returns a mux whose routes, such as "GET /stuff/{id}", say which of
// them has answered and what their wildcards stood for.
func newMux(routes ...string) *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	for _, route := range routes {
		method, pattern, _ := strings.Cut(route, " ")
		mux.HandleFunc(method, pattern, sayMatch)
	}
	return mux
}

var wildcardNames = regexp.MustCompile(`\{(\w+)(?:\.{3})?\}`)

// sayMatch answers with r.Pattern and the value of each wildcard in it.
func sayMatch(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, r.Pattern)
	for _, name := range wildcardNames.FindAllStringSubmatch(r.Pattern, -1) {
		fmt.Fprintf(w, " %s=%q", name[1], r.PathValue(name[1]))
	}
}

// sayPath answers with what is left of the path.
func sayPath(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%q %q", r.URL.Path, r.URL.EscapedPath())
}

// requestFor returns a request as a server would make it of this line, also one
// that httptest refuses to make.
func requestFor(t *testing.T, line string) *http.Request {
	t.Helper()
	method, target, _ := strings.Cut(line, " ")
	u, err := url.ParseRequestURI(target)
	require.NoError(t, err, "a test's own request")
	r := &http.Request{Method: method, URL: u, Host: "example.com", Header: http.Header{}, RequestURI: target}
	return r.WithContext(t.Context())
}

// ask has h answer a request such as "GET /stuff/1".
func ask(t *testing.T, h http.Handler, line string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, requestFor(t, line))
	return w
}

func TestMuxMatches(t *testing.T) {
	users := []string{"GET /users/me/settings", "GET /users/{id}/posts", "GET /users/{id}"}
	for _, test := range []struct {
		name, routes, request, want string // no want: 404
	}{
		{"a literal", "GET /a", "GET /a", "GET /a"},
		{"a literal beats a wildcard", "GET /{x},GET /a", "GET /a", "GET /a"},
		{"a wildcard takes what no literal does", "GET /{x},GET /a", "GET /b", `GET /{x} x="b"`},
		{"a wildcard beats the rest", "GET /{x...},GET /{y}", "GET /a", `GET /{y} y="a"`},
		{"a literal beats the rest", "GET /{x...},GET /a", "GET /a", "GET /a"},
		{"the rest takes several segments", "GET /{x...},GET /{y}", "GET /a/b", `GET /{x...} x="a/b"`},
		{"the rest may be empty", "GET /a/{x...}", "GET /a/", `GET /a/{x...} x=""`},
		{"the rest begins with a slash", "GET /a/{x...}", "GET /a", ""},
		{"the rest keeps empty segments", "GET /a/{x...}", "GET /a//b//", `GET /a/{x...} x="/b//"`},
		{"the nearer decision counts for more", "GET /a/{y}/{z},GET /{x}/b/c", "GET /a/b/c", `GET /a/{y}/{z} y="b" z="c"`},
		{"backtracking from literal to wildcard", strings.Join(users, ","), "GET /users/me/posts", `GET /users/{id}/posts id="me"`},
		{"backtracking doesn't go past a match", strings.Join(users, ","), "GET /users/me/settings", "GET /users/me/settings"},
		{"backtracking out of a pattern's beginning", strings.Join(users, ","), "GET /users/me", `GET /users/{id} id="me"`},
		{"backtracking over three levels", "GET /a/b/c/d,GET /{w}/{x}/{y}/e", "GET /a/b/c/e", `GET /{w}/{x}/{y}/e w="a" x="b" y="c"`},
		{"backtracking from wildcard to rest", "GET /{x}/b,GET /{y...}", "GET /a/c", `GET /{y...} y="a/c"`},
		{"backtracking that ends in nothing", "GET /a/b/c,GET /{x}/b/d", "GET /a/b/e", ""},
		{"backtracking over methods", "POST /users/me,GET /users/{id}", "GET /users/me", `GET /users/{id} id="me"`},
		{"backtracking over methods to the rest", "POST /a/b,PUT /a/{x},GET /{y...}", "GET /a/b", `GET /{y...} y="a/b"`},
		{"wildcards of two names in one place, the one", "GET /b/{p}/c,GET /b/{q}/d", "GET /b/1/c", `GET /b/{p}/c p="1"`},
		{"wildcards of two names in one place, the other", "GET /b/{p}/c,GET /b/{q}/d", "GET /b/1/d", `GET /b/{q}/d q="1"`},
		{"wildcards of two names for two methods", "GET /b/{p},PUT /b/{q}", "PUT /b/1", `PUT /b/{q} q="1"`},
		{"a longer path", "GET /a", "GET /a/b", ""},
		{"a shorter path", "GET /a/b", "GET /a", ""},
		{"another case", "GET /a", "GET /A", ""},
		{"a trailing slash that isn't registered", "GET /a", "GET /a/", ""},
		{"a trailing slash that is registered", "GET /a/", "GET /a/", "GET /a/"},
		{"without a trailing slash that is registered", "GET /a/", "GET /a", ""},
		{"a trailing slash isn't a wildcard's", "GET /a/{x}", "GET /a/", ""},
		{"a suffix isn't cut off", "GET /a/b/{n}", "GET /a.xml/b/x", ""},
		{"a suffix belongs to its segment", "GET /a/{n}", "GET /a/b.json", `GET /a/{n} n="b.json"`},
		{"the root", "GET /", "GET /", "GET /"},
		{"the root only matches itself", "GET /", "GET /a", ""},
		{"an empty segment isn't a wildcard's", "GET /{x}/b", "GET //b", ""},
		{"an empty segment isn't left out", "GET /a,GET /{x}", "GET //a", ""},
		{"an empty segment in the middle isn't left out", "GET /a/b", "GET /a//b", ""},
		{"an empty segment matches itself", "GET /a//b", "GET /a//b", "GET /a//b"},
		{"two empty segments", "GET //", "GET //", "GET //"},
		{"an asterisk isn't special", "GET /a*,GET /%2Ab", "GET /*b", "GET /%2Ab"},
		{"nor is a colon", "GET /a:b,GET /:,GET /%3Ab", "GET /:b", "GET /%3Ab"},
		{"many literals in one place", "GET /a,GET /b,GET /c,GET /d,GET /e,GET /f,GET /g,GET /h,GET /i,GET /j,GET /k,GET /{x}", "GET /j", "GET /j"},
		{"none of many literals in one place", "GET /a,GET /b,GET /c,GET /d,GET /e,GET /f,GET /g,GET /h,GET /i,GET /j,GET /{x}", "GET /k", `GET /{x} x="k"`},
		{"a wildcard's name may be any word", "GET /{content-type.x}", "GET /a", "GET /{content-type.x}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := ask(t, newMux(strings.Split(test.routes, ",")...), test.request)
			if test.want == "" {
				assert.Equal(t, 404, w.Code, w.Body)
				return
			}
			assert.Equal(t, 200, w.Code)
			assert.Equal(t, test.want, w.Body.String())
		})
	}
}

func TestMuxUnescapesEachSegmentOnce(t *testing.T) {
	for _, test := range []struct{ name, route, request, want string }{
		{"a slash doesn't end the segment", "GET /a/{x}", "GET /a/x%2Fy", `GET /a/{x} x="x/y"`},
		{"a slash in lower case", "GET /a/{x}", "GET /a/x%2fy", `GET /a/{x} x="x/y"`},
		{"a segment that is a slash", "GET /a/{x}", "GET /a/%2F", `GET /a/{x} x="/"`},
		{"an escaped slash isn't the root of the rest", "GET /a/{x...}", "GET /a%2Fb", ""},
		{"a percent sign twice escaped", "GET /a/{x}", "GET /a/%252F", `GET /a/{x} x="%2F"`},
		{"a percent sign", "GET /a/{x}", "GET /a/%25", `GET /a/{x} x="%"`},
		{"a percent sign beside a slash", "GET /a/{x}", "GET /a/%2525%2F", `GET /a/{x} x="%25/"`},
		{"the rest with escapes", "GET /{x...}", "GET /a%2Fb/c%20d/%25", `GET /{x...} x="a/b/c d/%"`},
		{"a plus sign is no space", "GET /a/{x}", "GET /a/x+y", `GET /a/{x} x="x+y"`},
		{"a space", "GET /a/{x}", "GET /a/x%20y", `GET /a/{x} x="x y"`},
		{"UTF-8", "GET /a/{x}", "GET /a/%E2%82%AC", `GET /a/{x} x="€"`},
		{"NUL", "GET /a/{x}", "GET /a/%00", `GET /a/{x} x="\x00"`},
		{"CR and LF", "GET /a/{x}", "GET /a/%0d%0a", `GET /a/{x} x="\r\n"`},
		{"a byte that isn't UTF-8", "GET /a/{x}", "GET /a/%ff", `GET /a/{x} x="\xff"`},
		{"a query's characters", "GET /a/{x}", "GET /a/%3F%23%26%3D%3B", `GET /a/{x} x="?#&=;"`},
		{"braces", "GET /a/{x}", "GET /a/%7Bx%7D", `GET /a/{x} x="{x}"`},
		{"an escaped literal of the path", "GET /abc", "GET /%61b%63", "GET /abc"},
		{"an escaped literal of the pattern", "GET /%61b%63", "GET /abc", "GET /%61b%63"},
		{"a slash in a literal of the pattern", "GET /a%2Fb", "GET /a%2fb", "GET /a%2Fb"},
		{"a slash in a literal of the pattern only", "GET /a%2Fb", "GET /a/b", ""},
		{"a slash beside a character that needs escaping", "GET /a/{x}", "GET /a/x%2Fy\"", `GET /a/{x} x="x/y\""`},
		{"a slash in a literal of the path only", "GET /a/b", "GET /a%2Fb", ""},
		{"braces in a literal", "GET /%7Bx%7D", "GET /%7Bx%7D", "GET /%7Bx%7D"},
		{"a space in a literal", "GET /a%20b", "GET /a%20b", "GET /a%20b"},
		{"twice escaped isn't once escaped", "GET /a%20b", "GET /a%2520b", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := ask(t, newMux(test.route), test.request)
			if test.want == "" {
				assert.Equal(t, 404, w.Code, w.Body)
				return
			}
			assert.Equal(t, 200, w.Code)
			assert.Equal(t, test.want, w.Body.String())
		})
	}
}

func TestMuxMatchesNoDotSegments(t *testing.T) {
	mux := newMux("GET /a/b", "GET /{x}/{y}", "GET /{x...}")
	mux.HandleNamespace("/n", http.HandlerFunc(sayPath))
	mux.HandleNamespace("", http.HandlerFunc(sayPath))
	for _, path := range []string{
		"/.", "/..", "/./a/b", "/../a/b", "/a/./b", "/a/../b", "/a/b/.", "/a/b/..", "/a/b/../", "//..", "/.//",
		"/%2e/a", "/%2E%2e/a", "/.%2e/a", "/a/%2e%2e/a/b", "/..%2fa", "/..%2Fa/b", "/a/..%2fa/b", "/a/%2e%2e%2fb",
		"/a%2F..%2Fb", "/a%2f%2e%2e", "/a/x%2F.", "/n/../a/b", "/n/%2e%2e/a", "/n/..%2fa", "/n/x%2f%2e%2e%2f%2e%2e%2fa",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS"} {
			assert.Equal(t, 404, ask(t, mux, method+" "+path).Code, "%s %s", method, path)
		}
	}
	for _, path := range []string{"/...", "/.a", "/a.", "/..a", "/a..", "/a.b/..c", "/.well-known/x", "/%2e%2e%2e", "/a/..%5cb", "/%252e%252e/a", "/.%2520./a"} {
		assert.Equal(t, 200, ask(t, mux, "GET "+path).Code, path)
	}
}

func TestMuxNeverRedirects(t *testing.T) {
	mux := newMux("GET /a", "GET /b/", "GET /evil.example", "GET /evil.example/{x}")
	for _, target := range []string{
		"/a/", "/b", "//a", "//evil.example", "//evil.example/a", `/\evil.example`, "/%5cevil.example", "/%5Cevil.example/",
		"//evil.example/..", "/%2f/evil.example", "/%2F%2Fevil.example", "///evil.example", "/a//", "/./a", "/b/../a",
	} {
		w := ask(t, mux, "GET "+target)
		assert.Equal(t, 404, w.Code, target)
		assert.Empty(t, w.Header().Values("Location"), target)
	}
}

func TestMuxMatchesPathsThatAreNotFromAParser(t *testing.T) {
	mux := newMux("GET /", "GET /a", "GET /a/b", "GET /a/{x}", "GET /c d", "GET /%25")
	for _, test := range []struct {
		name string
		url  url.URL
		want string // none: 404
	}{
		{"no path", url.URL{}, "GET /"},
		{"a host without a path", url.URL{Scheme: "http", Host: "example.com"}, "GET /"},
		{"no slash", url.URL{Path: "a"}, ""},
		{"an opaque URL", url.URL{Opaque: "a"}, "GET /"},
		{"an asterisk", url.URL{Path: "*"}, ""},
		{"a RawPath of another path is ignored", url.URL{Path: "/a/b", RawPath: "/a/c"}, "GET /a/b"},
		{"a malformed RawPath is ignored", url.URL{Path: "/a/b", RawPath: "/a/%zz"}, "GET /a/b"},
		{"a RawPath counts", url.URL{Path: "/a/b/c", RawPath: "/a/b%2Fc"}, `GET /a/{x} x="b/c"`},
		{"a Path isn't unescaped", url.URL{Path: "/a/%2F"}, `GET /a/{x} x="%2F"`},
		{"a Path with a percent sign", url.URL{Path: "/%"}, "GET /%25"},
		{"a Path with a space", url.URL{Path: "/c d"}, "GET /c d"},
		{"a Path with a dot segment and a RawPath that hides it", url.URL{Path: "/a/../a", RawPath: "/a%2F../a"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, u := httptest.NewRecorder(), test.url
			mux.ServeHTTP(w, &http.Request{Method: "GET", URL: &u, Header: http.Header{}})
			if test.want == "" {
				assert.Equal(t, 404, w.Code, w.Body)
				return
			}
			assert.Equal(t, test.want, w.Body.String())
		})
	}
}

func TestMuxZeroValueHasNoRoutes(t *testing.T) {
	var empty, mux tigertonic.TrieServeMux
	requireError(t, ask(t, &empty, "GET /"), 404, "tigertonic.NotFound", "GET / not found")
	requireError(t, ask(t, &empty, "OPTIONS /"), 404, "tigertonic.NotFound", "OPTIONS / not found")
	assert.Empty(t, empty.Routes())
	mux.HandleFunc("GET", "/{x}", sayMatch)
	assert.Equal(t, `GET /{x} x="a"`, ask(t, &mux, "GET /a").Body.String())
}

func TestMuxTellsNothingRawOfThePath(t *testing.T) {
	w := ask(t, newMux("GET /a"), "GET /%00%0d%0aX:%20y%ff/%22%3Cb%3E")
	requireError(t, w, 404, "tigertonic.NotFound", "GET /%00%0d%0aX:%20y%ff/%22%3Cb%3E not found")
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}, "Vary": {"Accept"}, "X-Content-Type-Options": {"nosniff"}}, w.Header())
}

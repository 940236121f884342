package tigertonic_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

const (
	friend   = "https://friend.example"
	stranger = "https://stranger.example"
)

var hello = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })

func friendly() *tigertonic.CORSBuilder { return tigertonic.NewCORSBuilder().AddAllowedOrigins(friend) }

// preflight asks h whether the origin may use the method with the headers.
func preflight(t *testing.T, h http.Handler, origin, method, headers string) *httptest.ResponseRecorder {
	t.Helper()
	all := []string{"Access-Control-Request-Method", method}
	if origin != "" {
		all = append(all, "Origin", origin)
	}
	if headers != "" {
		all = append(all, "Access-Control-Request-Headers", headers)
	}
	return serve(t, h, "OPTIONS", "/x", "", all...)
}

// allowed returns the CORS headers of a response.
func allowed(w *httptest.ResponseRecorder) map[string]string {
	cors := map[string]string{}
	for name, values := range w.Header() {
		if strings.HasPrefix(name, "Access-Control-") {
			cors[name] = strings.Join(values, "|")
		}
	}
	return cors
}

func TestCORSOfRequests(t *testing.T) {
	full := friendly().AddAllowedOrigins("http://localhost:8080").AddAllowedHeaders("X-A").AddExposedHeaders("X-B", "X-C").AddAllowCredentials(true)
	open := tigertonic.NewCORSBuilder().AddAllowedOrigins("*")
	none := map[string]string{}
	for _, tt := range []struct {
		name    string
		builder *tigertonic.CORSBuilder
		origins []string
		want    map[string]string
	}{
		{"listed", friendly(), []string{friend}, map[string]string{"Access-Control-Allow-Origin": friend}},
		{"listed, with all options", full, []string{"http://localhost:8080"}, map[string]string{
			"Access-Control-Allow-Origin": "http://localhost:8080", "Access-Control-Allow-Credentials": "true",
			"Access-Control-Expose-Headers": "X-B, X-C",
		}},
		{"not listed", full, []string{stranger}, none},
		{"null", full, []string{"null"}, none},
		{"another case", full, []string{strings.ToUpper(friend)}, none},
		{"a prefix", full, []string{friend + ".evil"}, none},
		{"two origins", full, []string{friend, stranger}, none},
		{"no origin", full, nil, none},
		{"all", open, []string{stranger}, map[string]string{"Access-Control-Allow-Origin": "*"}},
		{"none configured", tigertonic.NewCORSBuilder(), []string{friend}, none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var headers []string
			for _, origin := range tt.origins {
				headers = append(headers, "Origin", origin)
			}
			w := serve(t, tt.builder.Build(hello), "GET", "/x", "", headers...)
			assert.Equal(t, "hello", w.Body.String())
			assert.Equal(t, tt.want, allowed(w))
			assert.Equal(t, []string{"Origin"}, w.Header()["Vary"])
		})
	}
}

func TestCORSPreflights(t *testing.T) {
	build := func(b *tigertonic.CORSBuilder) http.Handler {
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("PUT", "/x", b.Build(hello))
		mux.Handle("GET", "/x", hello)
		return mux
	}
	none := map[string]string{}
	for _, tt := range []struct {
		name                    string
		builder                 *tigertonic.CORSBuilder
		origin, method, headers string
		want                    map[string]string
	}{
		{"allowed", friendly(), friend, "PUT", "", map[string]string{
			"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Methods": "OPTIONS, PUT",
		}},
		{
			"allowed with all options",
			friendly().AddAllowedHeaders("X-A", "X-B").AddExposedHeaders("X-C").AddAllowCredentials(true).AddMaxAge(90 * time.Second),
			friend, "PUT", "x-b,x-a",
			map[string]string{ // which GET would be opened to if they were remembered
				"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Methods": "PUT",
				"Access-Control-Allow-Headers": "x-b,x-a", "Access-Control-Allow-Credentials": "true", "Access-Control-Max-Age": "0",
			},
		},
		{
			"allowed without headers", friendly().AddAllowedHeaders("X-A").AddMaxAge(90 * time.Second), friend, "PUT", "",
			map[string]string{
				"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Methods": "OPTIONS, PUT", "Access-Control-Max-Age": "90",
			},
		},
		{"any header", friendly().AddAllowedHeaders("*"), friend, "PUT", "authorization, x-z", map[string]string{
			"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Methods": "PUT",
			"Access-Control-Allow-Headers": "authorization, x-z", "Access-Control-Max-Age": "0",
		}},
		{"OPTIONS", friendly(), friend, "OPTIONS", "", map[string]string{
			"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Methods": "OPTIONS, PUT",
		}},
		{"a method in lower case", friendly(), friend, "put", "", none},
		{"an origin that isn't listed", friendly(), stranger, "PUT", "", none},
		{"null", friendly(), "null", "PUT", "", none},
		{"no origin", friendly(), "", "PUT", "", none},
		{"a header that isn't allowed", friendly().AddAllowedHeaders("X-A"), friend, "PUT", "x-a, x-b", none},
		{"a header that isn't one", friendly().AddAllowedHeaders("*"), friend, "PUT", "x a", none},
		{"a method that isn't there", friendly(), friend, "DELETE", "", none},
		{"a method without CORS", friendly(), friend, "GET", "", none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := preflight(t, build(tt.builder), tt.origin, tt.method, tt.headers)
			assert.Equal(t, 200, w.Code)
			assert.Equal(t, `{"allow":["GET","HEAD","OPTIONS","PUT"]}`+"\n", w.Body.String())
			assert.Equal(t, tt.want, allowed(w))
			assert.Equal(t, []string{"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}, w.Header()["Vary"])
		})
	}
}

// wrappings are ways to have a handler for PUT /x with CORS.
func wrappings() map[string]http.Handler {
	users := map[string]string{"user": "password"}
	deny := func(*http.Request) (http.Header, error) { return nil, tigertonic.Unauthorized{errors.New("no token")} }
	routed := func(h http.Handler) *tigertonic.TrieServeMux {
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("PUT", "/x", h)
		return mux
	}
	within := func(h http.Handler) *tigertonic.TrieServeMux {
		mux := tigertonic.NewTrieServeMux()
		mux.HandleNamespace("", h)
		return mux
	}
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("example.com", routed(friendly().Build(hello)))
	cors := friendly().Build
	return map[string]http.Handler{
		"alone":                     cors(hello),
		"in a mux":                  routed(cors(hello)),
		"behind auth in a mux":      routed(tigertonic.HTTPBasicAuth(users, "r", cors(hello))),
		"behind If in a mux":        routed(tigertonic.If(deny, tigertonic.Logged(cors(hello), nil))),
		"deep in a mux":             routed(tigertonic.Cached(tigertonic.WithContext(tigertonic.First(tigertonic.Version(""), cors(hello)), 0), tigertonic.CacheOptions{})),
		"round a mux":               cors(routed(hello)),
		"round auth round a mux":    cors(tigertonic.HTTPBasicAuth(users, "r", routed(hello))),
		"in a mux in auth":          tigertonic.HTTPBasicAuth(users, "r", routed(cors(hello))),
		"in a mux in If":            tigertonic.If(deny, routed(cors(hello))),
		"in a mux in a mux in auth": tigertonic.HTTPBasicAuth(users, "r", within(routed(cors(hello)))),
		"in a mux in hosts in auth": tigertonic.HTTPBasicAuth(users, "r", hosts),
		"round a mux in auth":       tigertonic.HTTPBasicAuth(users, "r", cors(routed(hello))),
		"round a mux within a mux":  within(cors(within(routed(hello)))),
	}
}

func TestCORSPreflightsWorkUnderAnyWrapperAndBeforeAuth(t *testing.T) {
	for name, h := range wrappings() {
		t.Run(name, func(t *testing.T) {
			w := preflight(t, h, friend, "PUT", "")
			assert.Less(t, w.Code, 300)
			assert.Equal(t, friend, w.Header().Get("Access-Control-Allow-Origin"))
			assert.Contains(t, w.Header().Get("Access-Control-Allow-Methods"), "PUT")

			w = preflight(t, h, stranger, "PUT", "")
			assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
			assert.Contains(t, w.Header().Get("Vary"), "Origin")
			assert.NotContains(t, w.Body.String(), "hello")
		})
	}
}

// What auth guards isn't reached by calling a request a preflight.
func TestCORSPreflightDoesntOpenAuth(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("OPTIONS", "/x", hello)
	mux.Handle("PUT", "/x", friendly().Build(hello))
	h := tigertonic.HTTPBasicAuth(map[string]string{"user": "password"}, "r", mux)
	for _, origin := range []string{friend, stranger, ""} {
		w := preflight(t, h, origin, "PUT", "")
		assert.Equal(t, 401, w.Code)
		assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
	}
}

func TestCORSHandlerForOPTIONSTakesOver(t *testing.T) {
	mine := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(299) })
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("OPTIONS", "/x", mine)
	mux.Handle("PUT", "/x", hello)
	assert.Equal(t, 299, preflight(t, mux, friend, "PUT", "").Code)
	w := preflight(t, friendly().Build(mux), friend, "PUT", "")
	assert.Equal(t, 299, w.Code)
	assert.Equal(t, friend, w.Header().Get("Access-Control-Allow-Origin"))

	mux = tigertonic.NewTrieServeMux()
	mux.Handle("OPTIONS", "/x", friendly().Build(mine))
	w = preflight(t, mux, friend, "PUT", "")
	assert.Equal(t, 299, w.Code)
	assert.Equal(t, friend, w.Header().Get("Access-Control-Allow-Origin"))
}

// To look for the answer to a preflight doesn't change the request for whoever
// decides on it.
func TestCORSPreflightLeavesTheRequestToItsGuard(t *testing.T) {
	inner := tigertonic.NewTrieServeMux()
	inner.HandleFunc("OPTIONS", "/x/{tenant}", func(http.ResponseWriter, *http.Request) {})
	var guarded []string
	outer := tigertonic.NewTrieServeMux()
	outer.HandleNamespace("/{tenant}", tigertonic.If(func(r *http.Request) (http.Header, error) {
		guarded = append(guarded, r.PathValue("tenant"), r.Form.Get("tenant"), r.URL.Path, r.URL.Query().Get("tenant"))
		return nil, nil
	}, inner))
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, r.ParseForm())
		outer.ServeHTTP(w, r)
	})
	serve(t, h, "OPTIONS", "/victim/x/mine", "", "Access-Control-Request-Method", "GET", "Origin", friend)
	assert.Equal(t, []string{"victim", "victim", "/x/mine", "victim"}, guarded)
}

func TestCORSHandlerForOPTIONSTakesOverUnderGuards(t *testing.T) {
	mine := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(299) })
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("OPTIONS", "/x", tigertonic.If(func(*http.Request) (http.Header, error) { return nil, nil }, friendly().Build(mine)))
	assert.Equal(t, 299, preflight(t, mux, friend, "DELETE", "").Code)
	mux = tigertonic.NewTrieServeMux()
	mux.Handle("OPTIONS", "/x", tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "r", friendly().Build(mine)))
	assert.Equal(t, 401, preflight(t, mux, friend, "DELETE", "").Code)
}

func TestCORSTakesLists(t *testing.T) {
	b := tigertonic.NewCORSBuilder().AddAllowedOrigins("", "https://a.example, "+friend).AddAllowedHeaders("X-A, X-B", "X-C").AddExposedHeaders("X-D,X-E,")
	w := preflight(t, b.Build(hello), friend, "PUT", "x-b")
	assert.Equal(t, "X-A, X-B, X-C", w.Header().Get("Access-Control-Allow-Headers"))
	assert.Equal(t, map[string]string{"Access-Control-Allow-Origin": friend, "Access-Control-Expose-Headers": "X-D, X-E"},
		allowed(serve(t, b.Build(hello), "GET", "/x", "", "Origin", friend)))
}

func TestCORSRoundAMuxAnswersAsTheMux(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("PUT", "/x", tigertonic.If(func(*http.Request) (http.Header, error) { return nil, tigertonic.Forbidden{} }, hello))
	w := preflight(t, friendly().Build(tigertonic.WithContext(mux, 0)), friend, "PUT", "")
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, "OPTIONS, PUT", w.Header().Get("Allow"))
	assert.Equal(t, `{"allow":["OPTIONS","PUT"]}`+"\n", w.Body.String())
	assert.Equal(t, map[string]string{"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Methods": "OPTIONS, PUT"}, allowed(w))
}

func TestCORSRoundAMuxKnowsItsPaths(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("PUT", "/y", hello)
	w := preflight(t, friendly().Build(mux), friend, "PUT", "")
	assert.Equal(t, 404, w.Code)
}

func TestCORSDoesntChangeWithItsBuilder(t *testing.T) {
	b := friendly().AddExposedHeaders("X-A")
	h := b.Build(hello)
	b.AddAllowedOrigins(stranger).AddExposedHeaders("X-B").AddAllowCredentials(true)
	assert.Empty(t, allowed(serve(t, h, "GET", "/x", "", "Origin", stranger)))
	assert.Equal(t, map[string]string{"Access-Control-Allow-Origin": friend, "Access-Control-Expose-Headers": "X-A"},
		allowed(serve(t, h, "GET", "/x", "", "Origin", friend)))
}

func TestCORSHeadersAreEachRequestsOwn(t *testing.T) {
	h := friendly().AddExposedHeaders("X-A").Build(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, values := range w.Header() {
			for i := range values {
				values[i] = stranger
			}
		}
	}))
	serve(t, h, "GET", "/x", "", "Origin", friend)
	w := serve(t, friendly().Build(hello), "GET", "/x", "", "Origin", friend)
	assert.Equal(t, map[string]string{"Access-Control-Allow-Origin": friend}, allowed(w))
	assert.Equal(t, []string{"Origin"}, w.Header()["Vary"])
}

func TestCORSAddsToVary(t *testing.T) {
	outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept")
		friendly().Build(friendly().Build(hello)).ServeHTTP(w, r)
	})
	assert.Equal(t, []string{"Accept", "Origin"}, serve(t, outer, "GET", "/x", "").Header()["Vary"])
}

func TestCORSRefusesToBuild(t *testing.T) {
	for want, build := range map[string]func(){
		"the handler is nil":                                                            func() { friendly().Build(nil) },
		`credentials can't be allowed to the origin "*"`:                                func() { friendly().AddAllowedOrigins("*").AddAllowCredentials(true).Build(hello) },
		`the origin "null" can't be allowed`:                                            func() { friendly().AddAllowedOrigins("null").Build(hello) },
		`"http://a\r\nX: y" is not an origin`:                                           func() { friendly().AddAllowedOrigins("http://a\r\nX: y").Build(hello) },
		`"https://example.com/" is not an origin: it has a path, or a slash at its end`: func() { friendly().AddAllowedOrigins("https://example.com/").Build(hello) },
		`"example.com" is not an origin: it has no scheme`:                              func() { friendly().AddAllowedOrigins("example.com").Build(hello) },
		`"https://*.example.com" is not an origin: only "*" alone`:                      func() { friendly().AddAllowedOrigins("https://*.example.com").Build(hello) },
		`"X A" isn't a header name`:                                                     func() { friendly().AddAllowedHeaders("X A").Build(hello) },
		`"X/A" isn't a header name`:                                                     func() { friendly().AddExposedHeaders("X-B, X/A").Build(hello) },
		`the age -1s is negative`:                                                       func() { friendly().AddMaxAge(-time.Second).Build(hello) },
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				text, _ := recover().(string)
				assert.Contains(t, text, want)
				assert.Regexp(t, `(?s)^tigertonic: CORSBuilder.Build: .* \(at .*/cors_test.go:\d+\)$`, text)
			}()
			build()
		})
	}
}

func TestHandleCORSAnswersForAnotherHandler(t *testing.T) {
	c := friendly().AddAllowedHeaders("X-A").Build(tigertonic.Version("1"))
	h := http.HandlerFunc(c.HandleCORS)
	assert.Equal(t, map[string]string{"Access-Control-Allow-Origin": friend},
		allowed(serve(t, h, "GET", "/x", "", "Origin", friend)))
	assert.Equal(t, map[string]string{
		"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Methods": "PATCH", "Access-Control-Allow-Headers": "X-A",
	}, allowed(preflight(t, h, friend, "PATCH", "x-a")))
	assert.Equal(t, tigertonic.Version("1"), c.Unwrap())
}

// The values of headers are allocated for many responses at a time.
func TestCORSAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/x/{id}", tigertonic.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	mux.Handle("PUT", "/x/{id}", hello)
	h := friendly().AddAllowedHeaders("X-A").AddMaxAge(time.Hour).Build(mux)
	assert.Zero(t, testing.AllocsPerRun(500, asker(t, h, "GET", "/x/1", "", "Origin", friend)))
	assert.Zero(t, testing.AllocsPerRun(500, asker(t, h, "OPTIONS", "/x/1", "", "Origin", friend,
		"Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "x-a")))
}

// The rules of a path are worked out once for its routes, and not for its most specific one.
func TestCORSPreflightKnowsAllRoutesOfAPath(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("PUT", "/b/{c}", friendly().Build(hello))
	mux.Handle("DELETE", "/{a}/x", hello)
	mux.Handle("PATCH", "/{a}/{b}", friendly().AddAllowedHeaders("X-A").Build(hello))
	for range 2 {
		for path, want := range map[string]string{
			"/b/x": "OPTIONS, PATCH, PUT", "/b/y": "OPTIONS, PATCH, PUT", "/a/x": "OPTIONS, PATCH", "/a/y": "OPTIONS, PATCH",
		} {
			w := serve(t, mux, "OPTIONS", path, "", "Origin", friend, "Access-Control-Request-Method", "PATCH")
			assert.Equal(t, want, w.Header().Get("Access-Control-Allow-Methods"), path)
			allow := want
			if strings.HasSuffix(path, "/x") {
				allow = "DELETE, " + want
			}
			assert.Equal(t, allow, w.Header().Get("Allow"), path)
			assert.Equal(t, allow, serve(t, mux, "POST", path, "").Header().Get("Allow"), path)
		}
	}
}

// Two CORSHandlers round one mux, which keeps what it knows of its paths for both.
func TestCORSRoundASharedMux(t *testing.T) {
	mux := newMux("PUT /x")
	open := tigertonic.NewCORSBuilder().AddAllowedOrigins("*").AddMaxAge(time.Minute).Build(mux)
	for range 2 {
		assert.Equal(t, map[string]string{"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Methods": "OPTIONS, PUT"},
			allowed(preflight(t, friendly().Build(mux), friend, "PUT", "")))
		assert.Equal(t, map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "OPTIONS, PUT", "Access-Control-Max-Age": "60",
		}, allowed(preflight(t, open, friend, "PUT", "")))
		assert.Equal(t, map[string]string{"Access-Control-Allow-Methods": "OPTIONS, PUT"}, allowed(preflight(t, mux, friend, "PUT", "")))
	}
}

// changing is a wrapper that exchanges its handler.
type changing struct{ current atomic.Pointer[http.Handler] }

func (c *changing) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.Unwrap().ServeHTTP(w, r) }
func (c *changing) Unwrap() http.Handler                             { return *c.current.Load() }

// What depends on more than the routes is asked for with every preflight: here, on what a
// wrapper holds, on the host and on the path within a mux.
func TestCORSPreflightFollowsWhatChanges(t *testing.T) {
	closed, open := http.Handler(hello), http.Handler(friendly().Build(hello))
	wrapper, hosts, inner := &changing{}, tigertonic.NewHostServeMux(), tigertonic.NewTrieServeMux()
	hosts.Handle("open.example", open)
	hosts.Handle("closed.example", closed)
	inner.Handle("PUT", "/open", open)
	inner.Handle("PUT", "/closed", closed)
	wrapper.current.Store(&closed)
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("PUT", "/changing", wrapper)
	mux.Handle("PUT", "/host", hosts)
	mux.Handle("PUT", "/{which}", inner)
	isAllowed := func(url string) bool {
		w := serve(t, mux, "OPTIONS", url, "", "Origin", friend, "Access-Control-Request-Method", "PUT")
		return w.Header().Get("Access-Control-Allow-Origin") != ""
	}
	for range 2 {
		for want, h := range map[bool]*http.Handler{true: &open, false: &closed} {
			wrapper.current.Store(h)
			assert.Equal(t, want, isAllowed("/changing"))
		}
		assert.True(t, isAllowed("http://open.example/host"))
		assert.False(t, isAllowed("http://closed.example/host"))
		assert.True(t, isAllowed("/open"))
		assert.False(t, isAllowed("/closed"))
	}
}

func TestCORSPreflightsAtOnce(t *testing.T) {
	mux := newMux("PUT /x", "GET /x", "DELETE /{y}")
	h := friendly().Build(mux)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				assert.Equal(t, map[string]string{
					"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Methods": "DELETE, GET, HEAD, OPTIONS, PUT",
				}, allowed(preflight(t, h, friend, "PUT", "")))
				assert.Equal(t, "DELETE, GET, HEAD, OPTIONS, PUT", serve(t, h, "POST", "/x", "").Header().Get("Allow"))
			}
		})
	}
	all.Wait()
}

package tigertonic_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

// A corsRule is what a CORSHandler is to allow, or nobody anything if it is nil.
type corsRule struct {
	name        string
	origins     []string
	headers     []string // in lower case
	credentials bool
	maxAge      time.Duration
}

func (rule *corsRule) round(h http.Handler) http.Handler {
	if rule == nil {
		return h
	}
	return tigertonic.NewCORSBuilder().AddAllowedOrigins(rule.origins...).AddAllowedHeaders(rule.headers...).
		AddAllowCredentials(rule.credentials).AddMaxAge(rule.maxAge).Build(h)
}

// allows reports whether the origin may send the headers.
func (rule *corsRule) allows(origin string, headers []string, credentials bool) bool {
	if rule == nil || !slices.Contains(rule.origins, origin) && !slices.Contains(rule.origins, "*") {
		return false
	}
	if credentials && !rule.credentials {
		return false
	}
	return !slices.ContainsFunc(headers, func(name string) bool {
		return name != "accept" && !slices.Contains(rule.headers, name) && !slices.Contains(rule.headers, "*")
	})
}

// A fetch is what a script asks a browser for.
type fetch struct {
	method      string
	headers     []string // that need to be allowed, in lower case and sorted
	credentials bool
}

// A browser is one that has preflights for one URL and origin. It remembers their
// answers as Fetch §4.8 says, which is more than some do.
type browser struct {
	origin     string
	remembered map[grantEntry]bool
}

// A grantEntry is what an answer has allowed, to a request with credentials or without.
type grantEntry struct {
	what        string // "method PUT" or "header x-a"
	credentials bool
}

func isSimple(method string) bool { return method == "GET" || method == "HEAD" || method == "POST" }

// knows reports whether the browser sends the request without a preflight.
func (b *browser) knows(f fetch) bool {
	known := func(what string) bool {
		return b.remembered[grantEntry{what, true}] || !f.credentials && b.remembered[grantEntry{what, false}]
	}
	if !isSimple(f.method) && !known("method "+f.method) {
		return false
	}
	return !slices.ContainsFunc(f.headers, func(name string) bool { return !known("header " + name) })
}

// passes reports whether the answer to a preflight lets the request through, and
// remembers what it says.
func (b *browser) passes(f fetch, w *httptest.ResponseRecorder) bool {
	h := w.Header()
	origin := h.Get("Access-Control-Allow-Origin")
	if w.Code > 299 || origin != b.origin && (origin != "*" || f.credentials) ||
		f.credentials && h.Get("Access-Control-Allow-Credentials") != "true" {
		return false
	}
	methods, headers := elements(h.Get("Access-Control-Allow-Methods")), elements(strings.ToLower(h.Get("Access-Control-Allow-Headers")))
	if !isSimple(f.method) && !slices.Contains(methods, f.method) {
		return false
	}
	if slices.ContainsFunc(f.headers, func(name string) bool { return !slices.Contains(headers, name) }) {
		return false
	}
	if h.Get("Access-Control-Max-Age") != "0" {
		for _, method := range methods {
			b.remembered[grantEntry{"method " + method, f.credentials}] = true
		}
		for _, header := range headers {
			b.remembered[grantEntry{"header " + header, f.credentials}] = true
		}
	}
	return true
}

func elements(list string) (all []string) {
	for element := range strings.SplitSeq(list, ",") {
		if element = strings.TrimSpace(element); element != "" {
			all = append(all, element)
		}
	}
	return all
}

var corsRules = []*corsRule{
	nil,
	{name: "friend", origins: []string{friend}},
	{name: "friend x-a", origins: []string{friend}, headers: []string{"x-a"}, maxAge: time.Hour},
	{name: "friend x-a x-b credentials", origins: []string{friend}, headers: []string{"x-a", "x-b"}, credentials: true},
	{name: "all x-b", origins: []string{"*"}, headers: []string{"x-b"}},
	{name: "all any", origins: []string{"*"}, headers: []string{"*"}},
	{name: "stranger x-a", origins: []string{stranger}, headers: []string{"x-a"}},
}

// fetches are all requests that a script may make, in some order.
func fetches() (all []fetch) {
	for _, method := range []string{"PUT", "DELETE", "GET"} {
		for _, headers := range [][]string{nil, {"x-a"}, {"x-b"}, {"x-a", "x-b"}, {"accept"}, {"accept", "x-a"}} {
			for _, credentials := range []bool{false, true} {
				all = append(all, fetch{method, headers, credentials})
			}
		}
	}
	return all
}

// assertOpensNothing makes all preflights that a browser can, and checks that each
// is answered as the rule of its method says, and that afterwards the browser sends
// nothing without asking that this rule doesn't allow.
func assertOpensNothing(t *testing.T, name string, h http.Handler, rules map[string]*corsRule) {
	t.Helper()
	b := &browser{friend, map[grantEntry]bool{}}
	for _, f := range fetches() {
		w := preflight(t, h, friend, f.method, strings.Join(f.headers, ","))
		want := rules[f.method].allows(friend, f.headers, f.credentials)
		if got := b.passes(f, w); got != want && (want || !isSimple(f.method) || len(f.headers) > 0) {
			t.Fatalf("%s: the preflight for %v: got %v, want %v: %v", name, f, got, want, w.Header())
		}
		for _, method := range elements(w.Header().Get("Access-Control-Allow-Methods")) {
			if w.Header().Get("Access-Control-Allow-Origin") != "" && method != "OPTIONS" && method != "HEAD" {
				credentials := w.Header().Get("Access-Control-Allow-Credentials") != ""
				if !rules[method].allows(friend, nil, credentials) {
					t.Fatalf("%s: the preflight for %v names %s: %v", name, f, method, w.Header())
				}
			}
		}
	}
	for _, f := range fetches() {
		if b.knows(f) && !rules[f.method].allows(friend, f.headers, f.credentials) && (!isSimple(f.method) || len(f.headers) > 0) {
			t.Fatalf("%s: the browser sends %v without asking: %v", name, f, b.remembered)
		}
	}
}

// Whatever CORS the handlers of a path have, and wherever that stands, a preflight
// for one method opens none of the others.
func TestCORSPreflightOpensItsOwnMethodAlone(t *testing.T) {
	deny := func(*http.Request) (http.Header, error) { return nil, tigertonic.Forbidden{errors.New("no")} }
	for _, get := range corsRules {
		for _, put := range corsRules {
			for _, del := range corsRules {
				rules := map[string]*corsRule{"GET": get, "PUT": put, "DELETE": del}
				mux, split := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
				inner := tigertonic.NewTrieServeMux()
				for method, rule := range rules {
					mux.Handle(method, "/{x}", tigertonic.If(deny, rule.round(hello)))
				}
				// GET and PUT are the outer mux's, DELETE is that of one in it.
				inner.Handle("DELETE", "/x", del.round(hello))
				split.Handle("GET", "/{x}", get.round(hello))
				split.Handle("PUT", "/x", tigertonic.Cached(put.round(hello), tigertonic.CacheOptions{}))
				split.HandleNamespace("", inner)
				hosts := tigertonic.NewHostServeMux()
				hosts.Handle("example.com", mux)
				name := fmt.Sprintf("GET %v, PUT %v, DELETE %v", get, put, del)
				assertOpensNothing(t, name+" in a mux", mux, rules)
				assertOpensNothing(t, name+" in muxes", split, rules)
				assertOpensNothing(t, name+" behind a guard", tigertonic.If(deny, hosts), rules)

				rules = map[string]*corsRule{}
				for method, rule := range map[string]*corsRule{"GET": get, "PUT": put, "DELETE": del} {
					rules[method] = rule
					if rule == nil {
						rules[method] = corsRules[2]
					}
				}
				assertOpensNothing(t, name+" in CORS", corsRules[2].round(mux), rules)
				assertOpensNothing(t, name+" in CORS in a guard", tigertonic.If(deny, corsRules[2].round(tigertonic.If(deny, split))), rules)
			}
		}
	}
}

// A mounted handler that sees all methods has one CORS for those that the patterns
// of the mux leave to it.
func TestCORSPreflightKnowsWhatAPatternLeavesToANamespace(t *testing.T) {
	for _, get := range corsRules {
		for _, others := range corsRules {
			if others == nil {
				continue
			}
			mux := tigertonic.NewTrieServeMux()
			mux.Handle("GET", "/x", get.round(hello))
			mux.HandleNamespace("/x", others.round(hello))
			assertOpensNothing(t, fmt.Sprintf("GET %v, others %v", get, others), mux,
				map[string]*corsRule{"GET": get, "PUT": others, "DELETE": others})
		}
	}
}

// The lists that users look for: those methods whose CORS is the same are named
// together, with all headers, for as long as the shortest age.
func TestCORSPreflightNamesAllThatIsTheSame(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	shorter := tigertonic.NewTrieServeMux()
	for i, method := range []string{"PUT", "GET", "PATCH"} {
		h := friendly().AddAllowedHeaders("X-A, X-B").AddMaxAge(time.Duration(90+i) * time.Second).Build(hello)
		mux.Handle(method, "/x", h)
		shorter.Handle(method, "/x", h)
	}
	for _, method := range []string{"PUT", "GET", "PATCH", "HEAD", "OPTIONS"} {
		assert.Equal(t, map[string]string{
			"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS, PATCH, PUT",
			"Access-Control-Allow-Headers": "X-A, X-B", "Access-Control-Max-Age": "90",
		}, allowed(preflight(t, mux, friend, method, "x-b")), method)
	}
	shorter.Handle("DELETE", "/x", friendly().AddAllowedHeaders("X-A, X-B").Build(hello))
	assert.Empty(t, preflight(t, shorter, friend, "PUT", "").Header()["Access-Control-Max-Age"], "DELETE leaves it at five seconds")
}

func TestCORSMaxAgeOfLessThanASecondIsNone(t *testing.T) {
	for age, want := range map[time.Duration]string{0: "", time.Millisecond: "0", 1500 * time.Millisecond: "1", 24 * time.Hour: strconv.Itoa(86400)} {
		w := preflight(t, friendly().AddMaxAge(age).Build(hello), friend, "PUT", "")
		assert.Equal(t, want, w.Header().Get("Access-Control-Max-Age"), age)
	}
}

// Scripts may send these headers to whoever allows them anything (Fetch §2.2.2).
func TestCORSAllowsSafelistedHeaders(t *testing.T) {
	h := friendly().AddAllowedHeaders("Content-Type").Build(hello)
	for asked, want := range map[string]string{
		"accept":                                  "Content-Type, accept",
		"Accept,content-type":                     "Content-Type, accept",
		"accept-language,accept,range":            "Content-Type, accept-language, accept, range",
		"content-language, accept, accept,accept": "Content-Type, content-language, accept",
		"accept-encoding":                         "",
		"accept,x-a":                              "",
	} {
		w := preflight(t, h, friend, "PUT", asked)
		assert.Equal(t, want, w.Header().Get("Access-Control-Allow-Headers"), asked)
		assert.Equal(t, want != "", w.Header().Get("Access-Control-Allow-Origin") != "", asked)
	}
	w := preflight(t, friendly().Build(hello), friend, "POST", "accept")
	assert.Equal(t, "accept", w.Header().Get("Access-Control-Allow-Headers"))
	assert.Empty(t, allowed(preflight(t, friendly().Build(hello), friend, "POST", "content-type")), "only where it is listed")
	w = preflight(t, friendly().AddAllowedHeaders("Accept").Build(hello), friend, "POST", "accept")
	assert.Equal(t, "Accept", w.Header().Get("Access-Control-Allow-Headers"))
}

// What isn't a preflight gets past nobody, and a preflight tells no more of what is
// behind a guard than that it may be used.
func TestCORSPreflightTellsLittleOfWhatIsGuarded(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("DELETE", "/x", hello)
	mux.Handle("PUT", "/x", hello)
	open := tigertonic.NewCORSBuilder().AddAllowedOrigins("*").AddAllowedHeaders("X-A, X-Secret").Build
	users := map[string]string{"user": "password"}
	deny := func(*http.Request) (http.Header, error) { return nil, tigertonic.Unauthorized{errors.New("no token")} }
	for name, h := range map[string]http.Handler{
		"in auth":               tigertonic.HTTPBasicAuth(users, "r", open(mux)),
		"in If":                 tigertonic.If(deny, tigertonic.Cached(open(mux), tigertonic.CacheOptions{})),
		"in another's guard":    tigertonic.First(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }), open(mux)),
		"round auth":            open(tigertonic.HTTPBasicAuth(users, "r", mux)),
		"round If in a wrapper": open(tigertonic.Cached(tigertonic.If(deny, mux), tigertonic.CacheOptions{})),
	} {
		t.Run(name, func(t *testing.T) {
			w := preflight(t, h, friend, "PUT", "x-a")
			assert.Equal(t, 204, w.Code)
			assert.Empty(t, w.Body.String())
			assert.Empty(t, w.Header()["Allow"])
			assert.Equal(t, map[string]string{
				"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Headers": "x-a",
			}, allowed(w))
			for _, headers := range [][]string{
				{},
				{"Origin", friend},
				{"Access-Control-Request-Method", "PUT"},
				{"Access-Control-Request-Method", "PUT", "Origin", ""},
				{"Access-Control-Request-Method", "", "Origin", friend},
				{"Access-Control-Request-Method", "PUT", "Origin", friend, "Origin", stranger},
				{"Access-Control-Request-Method", "PUT", "Access-Control-Request-Method", "DELETE", "Origin", friend},
				{"Access-Control-Request-Method", "PATCH", "Origin", friend},
				{"Access-Control-Request-Method", "PUT", "Origin", friend, "Access-Control-Request-Headers", "x-b"},
			} {
				w := serve(t, h, "OPTIONS", "/x", "", headers...)
				assert.Equal(t, 401, w.Code, headers)
				assert.NotContains(t, w.Body.String()+w.Header().Get("Allow")+w.Header().Get("Access-Control-Allow-Methods"), "PUT", headers)
				if name != "in another's guard" { // which answers for itself
					assert.NotEmpty(t, w.Header()["Vary"], headers)
				}
			}
			assert.Equal(t, 401, serve(t, h, "OPTIONS", "/unknown", "", "Origin", friend, "Access-Control-Request-Method", "PUT").Code)
		})
	}
}

// A handler that isn't allowed to be used isn't called to answer a preflight.
func TestCORSPreflightThatIsRefusedReachesNoHandler(t *testing.T) {
	mustNot := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") })
	pass := func(*http.Request) (http.Header, error) { return nil, nil }
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("", mustNot)
	for name, h := range map[string]http.Handler{
		"alone":       friendly().Build(mustNot),
		"round If":    friendly().Build(tigertonic.If(pass, mustNot)),
		"round a mux": friendly().Build(mux),
		"in If":       tigertonic.If(pass, friendly().Build(mustNot)),
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{"DELETE", "delete", "A, B"} {
				w := preflight(t, h, stranger, method, "")
				assert.Equal(t, 204, w.Code)
				assert.Empty(t, allowed(w))
			}
			assert.Empty(t, allowed(preflight(t, h, friend, "PUT, DELETE", "")))
		})
	}
}

// Of CORS within CORS, the one nearest to the handler decides.
func TestCORSNearestToTheHandlerDecides(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/strict", friendly().Build(hello))
	mux.Handle("GET", "/plain", hello)
	mux.Handle("GET", "/open", tigertonic.NewCORSBuilder().AddAllowedOrigins("*").Build(hello))
	outer := tigertonic.NewCORSBuilder().AddAllowedOrigins(friend, stranger).AddExposedHeaders("X-A").AddAllowCredentials(true).Build(mux)
	for _, tt := range []struct {
		path, origin string
		want         map[string]string
	}{
		{"/strict", friend, map[string]string{"Access-Control-Allow-Origin": friend}},
		{"/strict", stranger, map[string]string{}},
		{"/open", stranger, map[string]string{"Access-Control-Allow-Origin": "*"}},
		{"/open", "https://anybody.example", map[string]string{"Access-Control-Allow-Origin": "*"}},
		{"/plain", stranger, map[string]string{
			"Access-Control-Allow-Origin": stranger, "Access-Control-Allow-Credentials": "true", "Access-Control-Expose-Headers": "X-A",
		}},
		{"/unknown", stranger, map[string]string{
			"Access-Control-Allow-Origin": stranger, "Access-Control-Allow-Credentials": "true", "Access-Control-Expose-Headers": "X-A",
		}},
	} {
		w := serve(t, outer, "GET", tt.path, "", "Origin", tt.origin)
		assert.Equal(t, tt.want, allowed(w), "%s from %s", tt.path, tt.origin)
		assert.Contains(t, w.Header()["Vary"], "Origin")
	}
	w := serve(t, outer, "POST", "/plain", "", "Origin", stranger)
	assert.Equal(t, 405, w.Code)
	assert.Equal(t, stranger, w.Header().Get("Access-Control-Allow-Origin"))
}

// Scripts of an allowed origin see why they are refused.
func TestCORSIsOnRefusals(t *testing.T) {
	users := map[string]string{"user": "password"}
	deny := func(*http.Request) (http.Header, error) {
		return http.Header{"X-A": {"a"}}, tigertonic.Forbidden{errors.New("no")}
	}
	cors := friendly().AddAllowCredentials(true).AddExposedHeaders("WWW-Authenticate").Build
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/x", cors(hello))
	mux.Handle("GET", "/none", hello)
	outer := tigertonic.NewTrieServeMux()
	outer.HandleNamespace("", mux)
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("example.com", outer)
	for name, tt := range map[string]struct {
		h      http.Handler
		status int
	}{
		"auth":             {tigertonic.HTTPBasicAuth(users, "r", cors(hello)), 401},
		"auth by function": {tigertonic.HTTPBasicAuthFunc(func(_, _ string) error { return errors.New("no") }, "r", cors(hello)), 401},
		"If":               {tigertonic.If(deny, tigertonic.Cached(cors(hello), tigertonic.CacheOptions{})), 403},
		"If round muxes":   {tigertonic.If(deny, hosts), 403},
		"If in CORS":       {friendly().AddAllowedOrigins(stranger).Build(tigertonic.If(deny, mux)), 403},
		"Sized":            {tigertonic.Sized(cors(hello), 1), 413},
	} {
		t.Run(name, func(t *testing.T) {
			w := serve(t, tt.h, "GET", "/x", "too long", "Origin", friend)
			assert.Equal(t, tt.status, w.Code)
			assert.Equal(t, map[string]string{
				"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Credentials": "true",
				"Access-Control-Expose-Headers": "WWW-Authenticate",
			}, allowed(w))
			w = serve(t, tt.h, "GET", "/x", "too long", "Origin", stranger)
			assert.Equal(t, tt.status, w.Code)
			assert.Empty(t, allowed(w))
			assert.Contains(t, w.Header()["Vary"], "Origin")
			w = serve(t, tt.h, "GET", "/x", "too long")
			assert.Contains(t, w.Header()["Vary"], "Origin")
		})
	}
	w := serve(t, tigertonic.If(deny, hosts), "GET", "/none", "", "Origin", friend)
	assert.Empty(t, allowed(w))
	assert.NotContains(t, w.Header()["Vary"], "Origin")
	assert.Equal(t, "a", w.Header().Get("X-A"))
}

func TestCORSIsOnTheAnswerOfABusyService(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	h := tigertonic.Limited(friendly().Build(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-leave
	})), 1, nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/x", nil))
	}()
	<-entered
	w := serve(t, h, "GET", "/x", "", "Origin", friend)
	assert.Equal(t, 503, w.Code)
	assert.Equal(t, map[string]string{"Access-Control-Allow-Origin": friend}, allowed(w))
	close(leave)
	<-done
}

// The mux's own answer to OPTIONS may be read by whoever may use the path.
func TestCORSOfTheMuxsOwnOPTIONS(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/x", tigertonic.NewCORSBuilder().AddAllowedOrigins("*").Build(hello))
	mux.Handle("PUT", "/x", friendly().AddAllowCredentials(true).Build(hello))
	for origin, want := range map[string]map[string]string{
		friend:   {"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Credentials": "true"},
		stranger: {"Access-Control-Allow-Origin": "*"},
	} {
		w := serve(t, mux, "OPTIONS", "/x", "", "Origin", origin)
		assert.Equal(t, want, allowed(w))
		assert.Equal(t, []string{"Origin"}, w.Header()["Vary"])
		assert.Equal(t, "GET, HEAD, OPTIONS, PUT", w.Header().Get("Allow"))
	}
}

// Middleware that nothing can look into may stand round a mux, in a namespace and
// in a CORSHandler. In a pattern, the handler isn't called to find out whether it
// has CORS; a handler for OPTIONS says so.
func TestCORSBehindOtherMiddleware(t *testing.T) {
	closure := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) })
	}
	routed := func(method string, h http.Handler) *tigertonic.TrieServeMux {
		mux := tigertonic.NewTrieServeMux()
		mux.Handle(method, "/x", h)
		return mux
	}
	mounted := tigertonic.NewTrieServeMux()
	mounted.HandleNamespace("/x", closure(friendly().Build(hello)))
	explicit := routed("PUT", closure(friendly().Build(hello)))
	explicit.Handle("OPTIONS", "/x", friendly().Build(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
	for name, h := range map[string]http.Handler{
		"round CORS":              closure(friendly().Build(hello)),
		"round a mux":             closure(routed("PUT", friendly().Build(hello))),
		"round CORS round a mux":  closure(friendly().Build(routed("PUT", hello))),
		"in CORS":                 routed("PUT", friendly().Build(closure(hello))),
		"in CORS round a mux":     friendly().Build(closure(routed("PUT", hello))),
		"in a namespace":          mounted,
		"with OPTIONS of its own": explicit,
	} {
		t.Run(name, func(t *testing.T) {
			w := preflight(t, h, friend, "PUT", "")
			assert.Less(t, w.Code, 300)
			assert.Equal(t, friend, w.Header().Get("Access-Control-Allow-Origin"))
			assert.Contains(t, w.Header().Get("Access-Control-Allow-Methods"), "PUT")
			assert.Empty(t, allowed(preflight(t, h, stranger, "PUT", "")))
		})
	}
	called := false
	h := routed("DELETE", closure(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true })))
	preflight(t, h, friend, "DELETE", "")
	assert.False(t, called, "by a preflight")
}

// What HandleCORS says for a mux that stands beside it doesn't hold for the methods
// with CORS of their own.
func TestHandleCORSOutsideOfAMux(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("PUT", "/x", hello)
	mux.Handle("GET", "/x", hello)
	c := friendly().AddAllowedHeaders("X-A").AddMaxAge(time.Hour).Build(hello)
	beside := func(mux *tigertonic.TrieServeMux) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c.HandleCORS(w, r)
			mux.ServeHTTP(w, r)
		})
	}
	assert.Equal(t, map[string]string{
		"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Headers": "X-A",
		"Access-Control-Max-Age": "3600",
	}, allowed(preflight(t, beside(mux), friend, "PUT", "x-a")))

	mux = tigertonic.NewTrieServeMux()
	mux.Handle("PUT", "/x", hello)
	mux.Handle("GET", "/x", hello)
	mux.Handle("DELETE", "/x", tigertonic.NewCORSBuilder().AddAllowedOrigins(stranger).Build(hello))
	assert.Equal(t, "0", preflight(t, beside(mux), friend, "PUT", "x-a").Header().Get("Access-Control-Max-Age"))
	assert.Empty(t, allowed(preflight(t, beside(mux), friend, "DELETE", "")))
}

// Access-Control-Request-Private-Network is for a network's own devices, and no
// part of Fetch.
func TestCORSDoesntSpeakOfPrivateNetworks(t *testing.T) {
	w := serve(t, friendly().Build(hello), "OPTIONS", "/x", "", "Origin", friend,
		"Access-Control-Request-Method", "PUT", "Access-Control-Request-Private-Network", "true")
	assert.Equal(t, map[string]string{"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Methods": "PUT"}, allowed(w))
}

// A preflight for a path that one of its handlers doesn't get.
func TestCORSOfAPathThatAnotherHandlerIsSpared(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("HEAD", "/x/y/{rest...}", http.FileServer(http.Dir(t.TempDir())))
	mux.Handle("GET", "/x/{rest...}", friendly().Build(tigertonic.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	for _, h := range []http.Handler{mux, friendly().Build(mux)} {
		w := serve(t, h, "OPTIONS", "/x/y//z", "", "Origin", friend, "Access-Control-Request-Method", "GET")
		assert.Equal(t, friend, w.Header().Get("Access-Control-Allow-Origin"))
	}
}

package tigertonic_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A randomRoute is a pattern, in namespaces, with a path that it matches and
// what the wildcards then stand for.
type randomRoute struct {
	namespaces    []string
	pattern, path string
	values        map[string]string
}

// segments adds n random segments to the path and returns their pattern.
func (rt *randomRoute) segments(rnd *rand.Rand, n int, restToo bool) string {
	const letters = "ab/%.+&=;?#{}~ \x00\n\xffé€"
	names := rnd.Perm(6)
	value := func(allowed string, n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(allowed[rnd.IntN(len(allowed))])
		}
		return "v" + b.String() + "w" // no dot segments at the ends
	}
	escape := func(s string) string {
		if rnd.IntN(3) > 0 {
			return url.PathEscape(s)
		}
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, "%%%02x", s[i])
		}
		return b.String()
	}
	var pattern strings.Builder
	for i := range n {
		name := fmt.Sprintf("n%d", names[i])
		switch kind := rnd.IntN(8); {
		case restToo && kind == 0 && i == n-1:
			var rest []string
			for range rnd.IntN(3) {
				rest = append(rest, value(letters, rnd.IntN(4)))
			}
			rt.values[name] = strings.Join(rest, "/")
			for i, text := range rest {
				rest[i] = escape(text)
			}
			pattern.WriteString("/{" + name + "...}")
			rt.path += "/" + strings.Join(rest, "/")
		case kind < 5:
			rt.values[name] = value(letters, rnd.IntN(6))
			pattern.WriteString("/{" + name + "}")
			rt.path += "/" + escape(rt.values[name])
		default:
			text := value("abc", rnd.IntN(3))
			pattern.WriteString("/" + text)
			rt.path += "/" + text
		}
	}
	return pattern.String()
}

func newRandomRoute(rnd *rand.Rand) *randomRoute {
	for {
		rt := &randomRoute{values: map[string]string{}}
		for range rnd.IntN(4) {
			rt.namespaces = append(rt.namespaces, rt.segments(rnd, 1+rnd.IntN(3), false))
		}
		rt.pattern = rt.segments(rnd, 1+rnd.IntN(5), true)
		unescaped, err := url.PathUnescape(rt.path)
		if err == nil && !strings.Contains(unescaped+"/", "/./") && !strings.Contains(unescaped+"/", "/../") {
			return rt
		}
	}
}

// mount returns a mux with the route to h in its namespaces.
func (rt *randomRoute) mount(h http.Handler) *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", rt.pattern, h)
	for _, namespace := range slices.Backward(rt.namespaces) {
		outer := tigertonic.NewTrieServeMux()
		outer.HandleNamespace(namespace, mux)
		mux = outer
	}
	return mux
}

func TestValuesAreTheSameForEveryHandler(t *testing.T) {
	const sentQuery = "n0=evil&other=kept&%7Bn1%7D=evil"
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		rt := newRandomRoute(rnd)
		called := 0
		check := func(r *http.Request) {
			called++
			assert.Equal(t, "GET "+strings.Join(rt.namespaces, "")+rt.pattern, r.Pattern)
			for name, want := range rt.values {
				assert.Equal(t, want, tigertonic.PathValue(r, name), "%s of %s, %s", name, r.Pattern, rt.path)
			}
			assert.Empty(t, tigertonic.PathValue(r, "other"))
		}
		lazy := tigertonic.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { check(r) })
		filled := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			check(r)
			for name, want := range rt.values {
				assert.Equal(t, want, r.PathValue(name), "%s of %s, %s", name, r.Pattern, rt.path)
			}
			assert.Empty(t, r.PathValue("other"))
			assert.Equal(t, sentQuery, r.URL.RawQuery)
		})
		inQuery := func(query url.Values) {
			for name, want := range rt.values {
				assert.Equal(t, []string{want}, query[name], "%s of %s, %s", name, rt.pattern, rt.path)
				assert.Equal(t, []string{want}, query["{"+name+"}"], "%s of %s, %s", name, rt.pattern, rt.path)
			}
			assert.Equal(t, "kept", query.Get("other"))
		}
		asked := tigertonic.WildcardsInQuery(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			check(r)
			inQuery(r.URL.Query())
		}))
		classic := tigertonic.Marshaled(func(u *url.URL, _ http.Header) (int, http.Header, []string, error) {
			called++
			inQuery(u.Query())
			return 200, nil, nil, nil
		})
		passed := tigertonic.ParamsFunc(func(_ http.ResponseWriter, r *http.Request, p tigertonic.Params) {
			check(r)
			for name, want := range rt.values {
				assert.Equal(t, want, p.Get(name), "%s of %s, %s", name, r.Pattern, rt.path)
			}
			assert.Empty(t, p.Get("other"))
		})
		for _, h := range []http.Handler{
			lazy, tigertonic.UnsafePaths(filled), passed, tigertonic.Timed(passed, "timed", metrics.NewRegistry()),
			tigertonic.UnsafePaths(asked), classic, tigertonic.UnsafePaths(foreignly(classic)),
		} {
			w := ask(t, rt.mount(h), "GET "+rt.path+"?"+sentQuery)
			require.Equal(t, 200, w.Code, "%s under %q is %s", rt.pattern, rt.namespaces, rt.path)
		}
		require.Equal(t, 7, called)
		if t.Failed() {
			return // one is enough to read
		}
	}
}

func TestAWildcardBeforeTheRestIsRead(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a/{x}/b/{y}/{z...}", tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%q %q %q", tigertonic.PathValue(r, "x"), tigertonic.PathValue(r, "y"), tigertonic.PathValue(r, "z"))
	}))
	mux.Handle("PUT", "/a/{x}/b/{y}/{z...}", tigertonic.ParamsFunc(func(w http.ResponseWriter, _ *http.Request, p tigertonic.Params) {
		fmt.Fprintf(w, "%q %q %q", p.Get("x"), p.Get("y"), p.Get("z"))
	}))
	for path, want := range map[string]string{
		"/a/1/b/2/":          `"1" "2" ""`,
		"/a/1/b/2/3":         `"1" "2" "3"`,
		"/a/1/b/2/3/4":       `"1" "2" "3/4"`,
		"/a/1/b/2//":         `"1" "2" "/"`,
		"/a/%2F/b/2/3/%2F/5": `"/" "2" "3///5"`,
	} {
		assert.Equal(t, want, ask(t, mux, "GET "+path).Body.String(), path)
		assert.Equal(t, want, ask(t, mux, "PUT "+path).Body.String(), path)
	}
}

// A literal's spelling in the pattern needn't be as long as in the path.
func TestWildcardsOfAPatternThatIsPercentEncodedAreRead(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	const pattern = "/%61/{x}/%C3%A9/{y}/b%2Fc"
	mux.Handle("GET", pattern, tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%q %q %q", tigertonic.PathValue(r, "x"), tigertonic.PathValue(r, "y"), r.Pattern)
	}))
	mux.Handle("PUT", pattern, tigertonic.ParamsFunc(func(w http.ResponseWriter, r *http.Request, p tigertonic.Params) {
		fmt.Fprintf(w, "%q %q %q", p.Get("x"), p.Get("y"), r.Pattern)
	}))
	for _, method := range []string{"GET", "PUT"} {
		for path, want := range map[string]string{
			"/a/1/é/2/b%2Fc":            `"1" "2" `,
			"/a/%2F/%C3%A9/2/b%2Fc":     `"/" "2" `,
			"/%61/11/%c3%a9/22/b%2f%63": `"11" "22" `,
		} {
			got := ask(t, mux, method+" "+path).Body.String()
			assert.Equal(t, want+fmt.Sprintf("%q", method+" "+pattern), got, path)
		}
	}
	mux = tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/%61/{x}", tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, tigertonic.PathValue(r, "x"))
	}))
	assert.Equal(t, "1", ask(t, mux, "GET /a/1").Body.String())
}

// passing is a user's own wrapper.
type passing struct{ http.Handler }

func (p passing) Unwrap() http.Handler { return p.Handler }

// embeds are types that have a type of ours in them and do something else.
type (
	embedsTimer       struct{ *tigertonic.Timer }
	embedsHandlerFunc struct{ tigertonic.HandlerFunc }
	embedsCached      struct{ *tigertonic.CacheControl }
	embedsFirst       struct{ tigertonic.FirstHandler }
	embedsVersion     struct{ tigertonic.Version }
	embedsMarshaler   struct{ *tigertonic.Marshaler }
	embedsMux         struct{ *tigertonic.TrieServeMux }
)

func (h embedsTimer) ServeHTTP(w http.ResponseWriter, r *http.Request)       { sayMatch(w, r) }
func (h embedsHandlerFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) { sayMatch(w, r) }
func (h embedsCached) ServeHTTP(w http.ResponseWriter, r *http.Request)      { sayMatch(w, r) }
func (h embedsFirst) ServeHTTP(w http.ResponseWriter, r *http.Request)       { sayMatch(w, r) }
func (h embedsVersion) ServeHTTP(w http.ResponseWriter, r *http.Request)     { sayMatch(w, r) }
func (h embedsMarshaler) ServeHTTP(w http.ResponseWriter, r *http.Request)   { sayMatch(w, r) }
func (h embedsMux) ServeHTTP(w http.ResponseWriter, r *http.Request)         { sayMatch(w, r) }

func TestTypesThatEmbedOursAreForeign(t *testing.T) {
	for _, h := range []http.Handler{
		embedsTimer{tigertonic.Timed(tigertonic.HandlerFunc(sayMatch), "timer", metrics.NewRegistry())},
		embedsHandlerFunc{},
		embedsVersion{},
		embedsMux{},
		embedsCached{tigertonic.Cached(tigertonic.HandlerFunc(sayMatch), tigertonic.CacheOptions{})},
		embedsFirst{tigertonic.First(tigertonic.HandlerFunc(sayMatch))},
		embedsMarshaler{tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, any, error) { return 204, nil, nil, nil })},
	} {
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("GET", "/a/{x}/{y}", tigertonic.Cached(h, tigertonic.CacheOptions{}))
		assert.Equal(t, `GET /a/{x}/{y} x="1" y="2"`, ask(t, mux, "GET /a/1/2").Body.String(), "%T", h)
	}
}

type discardLogger struct{}

func (discardLogger) Output(int, string) error { return nil }
func (discardLogger) Print(...any)             {}
func (discardLogger) Printf(string, ...any)    {}
func (discardLogger) Println(...any)           {}

// muxWrappers returns the library's wrappers, the ones that look at nothing of the
// request's wildcards and those that do or have a user's function do it.
func muxWrappers() (blind, seeing map[string]func(http.Handler) http.Handler) {
	registry := metrics.NewRegistry()
	name := func() string { return fmt.Sprint(len(registry.GetAll())) }
	blind = map[string]func(http.Handler) http.Handler{
		"nothing": func(h http.Handler) http.Handler { return h },
		"ApacheLogged": func(h http.Handler) http.Handler {
			l := tigertonic.ApacheLogged(h)
			l.Logger = discardLogger{}
			return l
		},
		"Cached":              func(h http.Handler) http.Handler { return tigertonic.Cached(h, tigertonic.CacheOptions{}) },
		"CORS":                func(h http.Handler) http.Handler { return tigertonic.NewCORSBuilder().Build(h) },
		"Counted":             func(h http.Handler) http.Handler { return tigertonic.Counted(h, name(), registry) },
		"CountedByStatus":     func(h http.Handler) http.Handler { return tigertonic.CountedByStatus(h, name(), registry) },
		"CountedByStatusXX":   func(h http.Handler) http.Handler { return tigertonic.CountedByStatusXX(h, name(), registry) },
		"First":               func(h http.Handler) http.Handler { return tigertonic.First(h) },
		"HTTPBasicAuth":       func(h http.Handler) http.Handler { return tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "", h) },
		"Sized":               func(h http.Handler) http.Handler { return tigertonic.Sized(h, 1) },
		"Timed":               func(h http.Handler) http.Handler { return tigertonic.Timed(h, name(), registry) },
		"WithContext":         func(h http.Handler) http.Handler { return tigertonic.WithContext(h, 0) },
		"several":             nil,
		"several, with First": nil,
	}
	blind["several"] = func(h http.Handler) http.Handler {
		return blind["Timed"](blind["WithContext"](blind["Cached"](blind["Counted"](blind["CORS"](h)))))
	}
	blind["several, with First"] = func(h http.Handler) http.Handler {
		return blind["Timed"](blind["HTTPBasicAuth"](blind["First"](blind["Sized"](h))))
	}
	seeing = map[string]func(http.Handler) http.Handler{
		"If": func(h http.Handler) http.Handler {
			return tigertonic.If(func(*http.Request) (http.Header, error) { return nil, nil }, h)
		},
		"JSONLogged": func(h http.Handler) http.Handler {
			l := tigertonic.JSONLogged(h, nil)
			l.Logger = discardLogger{}
			return l
		},
		"Logged": func(h http.Handler) http.Handler {
			l := tigertonic.Logged(h, nil)
			l.Logger = discardLogger{}
			return l
		},
		"PostProcessed": func(h http.Handler) http.Handler {
			return tigertonic.PostProcessed(h, func(*http.Request, *http.Response) {})
		},
		"a TrieServeMux": func(h http.Handler) http.Handler {
			mux := tigertonic.NewTrieServeMux()
			mux.Handle("GET", "/a/{x}/{y}", h)
			mux.Handle("PUT", "/a/{x}/{y}", h)
			return mux
		},
		"a namespace": func(h http.Handler) http.Handler {
			mux := tigertonic.NewTrieServeMux()
			mux.HandleNamespace("", h)
			return mux
		},
		"a HostServeMux":      func(h http.Handler) http.Handler { return tigertonic.HostServeMux{"example.com": h} },
		"http.HandlerFunc":    func(h http.Handler) http.Handler { return http.HandlerFunc(h.ServeHTTP) },
		"http.StripPrefix":    func(h http.Handler) http.Handler { return http.StripPrefix("/a", h) },
		"http.TimeoutHandler": func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "") },
		"http.MaxBytesHandler": func(h http.Handler) http.Handler {
			return http.MaxBytesHandler(h, 1)
		},
		"http.ServeMux": func(h http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/a/{y}/{x}", h)
			return mux
		},
		"a user's wrapper":       func(h http.Handler) http.Handler { return passing{h} },
		"a user's wrapper twice": func(h http.Handler) http.Handler { return passing{passing{h}} },
	}
	return blind, seeing
}

func TestValuesAreReadBehindEveryWrapper(t *testing.T) {
	blind, seeing := muxWrappers()
	for _, kind := range []map[string]func(http.Handler) http.Handler{blind, seeing} {
		for name, wrap := range kind {
			t.Run(name, func(t *testing.T) {
				mux := tigertonic.NewTrieServeMux()
				mux.Handle("GET", "/a/{x}/{y}", wrap(tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					x, y := tigertonic.PathValue(r, "x"), tigertonic.PathValue(r, "y")
					if name == "http.ServeMux" {
						x, y = y, x // whose names count, for it is the inner mux
					}
					fmt.Fprintf(w, "%q %q", x, y)
				})))
				mux.Handle("PUT", "/a/{x}/{y}", wrap(tigertonic.ParamsFunc(func(w http.ResponseWriter, _ *http.Request, p tigertonic.Params) {
					x, y := p.Get("x"), p.Get("y")
					if name == "http.ServeMux" {
						x, y = y, x
					}
					fmt.Fprintf(w, "%q %q", x, y)
				})))
				outer := tigertonic.NewTrieServeMux()
				outer.HandleNamespace("/n", mux)
				for path, want := range map[string]string{
					"/a/1/2":           `"1" "2"`,
					"/a/x%2Fy/%25%7B":  `"x/y" "%{"`,
					"/a/a/a":           `"a" "a"`,
					"/a/%FF/%0A":       `"\xff" "\n"`,
					"/a/1/2?x=3&y=4":   `"1" "2"`,
					"/a/n/a":           `"n" "a"`,
					"/a/%61%2Fa/a%2Fb": `"a/a" "a/b"`,
				} {
					for _, method := range []string{"GET ", "PUT "} {
						for prefix, h := range map[string]http.Handler{"": mux, "/n": outer} {
							r := requestFor(t, method+prefix+path)
							r.SetBasicAuth("u", "p")
							w := httptest.NewRecorder()
							h.ServeHTTP(w, r)
							assert.Equal(t, want, w.Body.String(), "%s%s%s", method, prefix, path)
						}
					}
				}
			})
		}
	}
}

// The price of filling is only paid where somebody may look.
func TestRequestIsFilledOnlyForWhoMayLook(t *testing.T) {
	blind, seeing := muxWrappers()
	filled := func(h http.Handler) bool {
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("GET", "/a/{x}/{y}", h)
		r := requestFor(t, "GET /a/1/2")
		r.SetBasicAuth("u", "p")
		mux.ServeHTTP(httptest.NewRecorder(), r)
		assert.Equal(t, "GET /a/{x}/{y}", r.Pattern)
		assert.Empty(t, r.URL.RawQuery)
		return r.PathValue("x") == "1" && r.PathValue("y") == "2"
	}
	lazy := tigertonic.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for name, wrap := range blind {
		assert.False(t, filled(wrap(lazy)), name)
		assert.True(t, filled(wrap(foreign{})), name)
	}
	for name, wrap := range seeing {
		if strings.HasPrefix(name, "http.") || strings.Contains(name, "Mux") || name == "a namespace" {
			continue // they make r.Pattern theirs
		}
		assert.True(t, filled(wrap(lazy)), name)
	}
	for name, wrap := range seeing {
		for other, wrapOther := range blind {
			if name == "If" || name == "Logged" {
				assert.True(t, filled(wrapOther(wrap(lazy))), "%s in %s", name, other)
			}
		}
	}
}

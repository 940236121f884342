package tigertonic_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

type session struct{ User string }

func TestContextIsFreshForEachRequest(t *testing.T) {
	h := tigertonic.WithContext(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := tigertonic.Context(r).(*session)
		assert.Empty(t, s.User)
		s.User = "kept?"
		assert.Same(t, s, tigertonic.ContextOf[session](r))
	}), session{User: "zero?"})
	serve(t, h, "GET", "/", "")
	serve(t, h, "GET", "/", "")
}

func TestContextReachesMarshaled(t *testing.T) {
	h := tigertonic.WithContext(
		tigertonic.If(
			func(r *http.Request) (http.Header, error) {
				tigertonic.Context(r).(*session).User = r.Header.Get("X-User")
				return nil, nil
			},
			tigertonic.Marshaled(func(_ *url.URL, _ http.Header, _ any, s *session) (int, http.Header, string, error) {
				return 200, nil, s.User, nil
			}),
		),
		session{},
	)
	assert.Equal(t, `"rcrowley"`+"\n", serve(t, h, "GET", "/", "", "X-User", "rcrowley").Body.String())
}

func TestContextsNestAndSurvive(t *testing.T) {
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "inner", *tigertonic.Context(r).(*string)+"inner")
		assert.Equal(t, "user", tigertonic.ContextOf[session](r).User)
		assert.PanicsWithValue(t, "tigertonic: the context has no int: put WithContext(h, x), where x is of that type, round the handler; "+
			"there is one with a string and a tigertonic_test.session", func() { tigertonic.ContextOf[int](r) })
		assert.PanicsWithValue(t, "tigertonic: the context has no **tigertonic_test.session: ask for a tigertonic_test.session, and put "+
			"WithContext(h, tigertonic_test.session) round the handler", func() { tigertonic.ContextOf[*session](r) })
		w.WriteHeader(http.StatusNoContent)
	})
	h := tigertonic.WithContext(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tigertonic.ContextOf[session](r).User = "user"
			http.StripPrefix("/a", http.TimeoutHandler(tigertonic.WithContext(inner, ""), time.Minute, "")).ServeHTTP(w, r)
		}),
		session{},
	)
	assert.Equal(t, 204, serve(t, h, "GET", "/a/b", "").Code)
}

func TestContextWithoutWithContextIsNil(t *testing.T) {
	serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		assert.Nil(t, tigertonic.Context(r))
		assert.PanicsWithValue(t, "tigertonic: the context has no tigertonic_test.session: put WithContext(h, x), where x is of "+
			"that type, round the handler", func() { tigertonic.ContextOf[session](r) })
	}), "GET", "/", "")
	defer func() {
		assert.Regexp(t, `^tigertonic: WithContext: nil has no type \(at .*/context_test.go:\d+\)$`, recover())
	}()
	tigertonic.WithContext(hello, nil)
	require.Fail(t, "no panic")
}

func TestVersion(t *testing.T) {
	w := serve(t, tigertonic.Version("1.2.3"), "GET", "/version", "")
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	assert.Equal(t, "1.2.3\n", w.Body.String())
	requireError(t, serve(t, tigertonic.Version(""), "GET", "/version", ""), 404, "tigertonic.NotFound", "this service has no version")
}

// Whoever traces or logs outside of what makes the request a copy looks for the
// pattern in the request that it has itself.
func TestPatternIsFoundOutsideOfWhatCopiesTheRequest(t *testing.T) {
	copying := map[string]func(http.Handler) http.Handler{
		"WithContext":      func(h http.Handler) http.Handler { return tigertonic.WithContext(h, 0) },
		"Identified":       func(h http.Handler) http.Handler { return tigertonic.Identified(h, nil) },
		"Within":           func(h http.Handler) http.Handler { return tigertonic.Within(h, time.Minute) },
		"Limited":          func(h http.Handler) http.Handler { return tigertonic.Limited(h, 1, nil) },
		"Recovered":        func(h http.Handler) http.Handler { return tigertonic.Recovered(h) },
		"Sized":            func(h http.Handler) http.Handler { return tigertonic.Sized(h, 1<<20) },
		"Cached":           func(h http.Handler) http.Handler { return tigertonic.Cached(h, tigertonic.CacheOptions{}) },
		"CORS":             func(h http.Handler) http.Handler { return tigertonic.NewCORSBuilder().Build(h) },
		"WildcardsInQuery": tigertonic.WildcardsInQuery,
		"UnsafePaths":      tigertonic.UnsafePaths,
		"First":            func(h http.Handler) http.Handler { return tigertonic.First(h) },
		"HostServeMux":     func(h http.Handler) http.Handler { return tigertonic.HostServeMux{"example.com": h} },
	}
	copying["two of them"] = func(h http.Handler) http.Handler { return copying["Within"](copying["WithContext"](h)) }
	for name, wrap := range copying {
		outer := tigertonic.NewTrieServeMux()
		inner := tigertonic.NewTrieServeMux()
		inner.HandleFunc("POST", "/a/{x}", func(w http.ResponseWriter, r *http.Request) {
			assert.NoError(t, r.ParseMultipartForm(1))
			assert.Equal(t, "value", r.FormValue("part"))
			if r.PathValue("x") == "panic" {
				panic(http.ErrAbortHandler)
			}
		})
		outer.HandleNamespace("/"+url.PathEscape(name), inner)
		for _, x := range []string{"1", "panic"} {
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/"+url.PathEscape(name)+"/a/"+x,
				strings.NewReader("--b\r\nContent-Disposition: form-data; name=part\r\n\r\nvalue\r\n--b--\r\n"))
			r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
			func() {
				defer func() { _ = recover() }() // of those that pass the panic on
				wrap(outer).ServeHTTP(httptest.NewRecorder(), r)
			}()
			assert.Equal(t, "POST /"+url.PathEscape(name)+"/a/{x}", r.Pattern, name)
			assert.NotNil(t, r.MultipartForm, "%s: the server removes its files", name)
			assert.Equal(t, "/"+url.PathEscape(name)+"/a/"+x, r.RequestURI)
		}
	}
}

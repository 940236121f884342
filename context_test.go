package tigertonic_test

import (
	"net/http"
	"net/url"
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
		assert.Nil(t, tigertonic.ContextOf[int](r))
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
		assert.Nil(t, tigertonic.ContextOf[session](r))
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

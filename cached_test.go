package tigertonic_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func TestCacheOptionsAreDirectives(t *testing.T) {
	for _, tt := range []struct {
		o    tigertonic.CacheOptions
		want string
	}{
		{tigertonic.CacheOptions{}, ""},
		{tigertonic.CacheOptions{Immutable: true}, "max-age=31536000, immutable"},
		{tigertonic.CacheOptions{Immutable: true, MaxAge: time.Minute}, "max-age=31536000, immutable"},
		{tigertonic.CacheOptions{IsPrivate: true}, "private"},
		{tigertonic.CacheOptions{NoCache: true}, "no-cache"},
		{tigertonic.CacheOptions{NoStore: true}, "no-store"},
		{tigertonic.CacheOptions{NoTransform: true}, "no-transform"},
		{tigertonic.CacheOptions{MustRevalidate: true}, "must-revalidate"},
		{tigertonic.CacheOptions{ProxyRevalidate: true}, "proxy-revalidate"},
		{tigertonic.CacheOptions{MaxAge: time.Hour}, "max-age=3600"},
		{tigertonic.CacheOptions{MaxAge: 1999 * time.Millisecond}, "max-age=1"},
		{tigertonic.CacheOptions{MaxAge: 999 * time.Millisecond, SharedMaxAge: -time.Hour}, ""},
		{tigertonic.CacheOptions{SharedMaxAge: time.Second}, "s-maxage=1"},
		{
			tigertonic.CacheOptions{true, true, true, true, true, true, true, time.Hour, time.Minute},
			"private, no-cache, no-store, no-transform, must-revalidate, proxy-revalidate, max-age=31536000, s-maxage=60, immutable",
		},
	} {
		assert.Equal(t, tt.want, tt.o.String(), "%+v", tt.o)
	}
}

func TestCachedSetsCacheControlHoweverTheHeaderIsWritten(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"not at all":  func(http.ResponseWriter, *http.Request) {},
		"WriteHeader": answers(204, ""),
		"Write":       func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("body")) },
		"WriteString": func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "body") },
		"Flush":       func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush() },
		"ServeContent": func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "file", time.Time{}, strings.NewReader("content"))
		},
		"304": answers(304, ""),
		"after 103": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.Write([]byte("body"))
		},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(name+"/http2="+strconv.FormatBool(http2), func(t *testing.T) {
				srv := newServer(t, tigertonic.Cached(h, tigertonic.CacheOptions{MaxAge: time.Hour}), http2)
				res, err := srv.Client().Get(srv.URL)
				require.NoError(t, err)
				defer res.Body.Close()
				assert.Equal(t, []string{"max-age=3600"}, res.Header["Cache-Control"])
			})
		}
	}
}

// An error may be gone soon, so it isn't fresh for as long as other responses.
func TestCachedLeavesTheAgeOutOnErrors(t *testing.T) {
	for _, status := range []int{400, 404, 500, 503} {
		o := tigertonic.CacheOptions{Immutable: true, IsPrivate: true, NoStore: true, SharedMaxAge: time.Hour}
		w := serve(t, tigertonic.Cached(answers(status, "body"), o), "GET", "/", "")
		assert.Equal(t, "private, no-store", w.Header().Get("Cache-Control"), status)
		w = serve(t, tigertonic.Cached(answers(status, "body"), tigertonic.CacheOptions{MaxAge: time.Hour}), "GET", "/", "")
		assert.NotContains(t, w.Header(), "Cache-Control", status)
	}
}

func TestCachedLeavesResponsesAlone(t *testing.T) {
	hour := tigertonic.CacheOptions{MaxAge: time.Hour}
	own := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Cache-Control", "no-store")
		w.Header().Add("Cache-Control", "private")
	})
	for _, tt := range []struct {
		name string
		h    http.Handler
		want []string
	}{
		{"that have the header", tigertonic.Cached(own, hour), []string{"no-store", "private"}},
		{"that an inner one has set", tigertonic.Cached(tigertonic.Cached(answers(200, ""), tigertonic.CacheOptions{NoStore: true}), hour), []string{"no-store"}},
		{"without options", tigertonic.Cached(answers(200, "body"), tigertonic.CacheOptions{}), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := newServer(t, tt.h, false)
			res, err := srv.Client().Get(srv.URL)
			require.NoError(t, err)
			defer res.Body.Close()
			assert.Equal(t, tt.want, res.Header["Cache-Control"])
		})
	}
}

func TestCachedLeavesNothingOnAPanic(t *testing.T) {
	w := http.Header{}
	h := tigertonic.Cached(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the handler") }), tigertonic.CacheOptions{Immutable: true})
	assert.Equal(t, "the handler", recovered(func() { h.ServeHTTP(&discardingWriter{w}, authorized(t, "GET")) }))
	assert.Empty(t, w, "what recovers from it answers 500, which isn't to be cached")
}

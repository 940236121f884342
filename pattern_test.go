package tigertonic

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rcrowley/go-tigertonic/internal/trie"
)

// FuzzPattern registers any pattern. One that is accepted answers the path that
// conflicts are explained with, and handlers read the names of its wildcards as
// their values there.
func FuzzPattern(f *testing.F) {
	for _, pattern := range []string{
		"", "/", "//", "/a", "a", "/a/{x}", "/a/{x}/b/{y...}", "/{x}/{x}", "/{x", "/x}", "/{}", "/{...}", "/{$}", "/{x...}/a",
		"/%2F", "/%zz", "/%", "/a%2F..", "/.", "/..", "/{.}", "/{..}", "/{....}", "/{a%2F}", "/{a b}", "/{x{y}", "/{x}}", "/{x}/{{x}}", "/{{x}}/{x}", "/a?b", "/#",
		"/\x00\xff", "/{\x00\xff}", "/é", "/{é...}", "/+", "/{+}", "/%7Bx%7D", "/{%7Bx%7D}", "/*", "/{x...}...", "/{a...b}", "/...",
	} {
		f.Add(pattern)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		segments, err := trie.ParsePattern(pattern)
		if err != nil {
			return
		}
		check := func(r *http.Request) {
			for _, s := range segments {
				if got := PathValue(r, s.Text); s.Kind != trie.Literal && got != s.Text {
					t.Errorf("%q of %s: {%s} is %q", pattern, r.URL, s.Text, got)
				}
			}
		}
		mux, called := NewTrieServeMux(), 0
		mux.Handle("GET", pattern, HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { check(r); called++ }))
		mux.Handle("PUT", pattern, UnsafePaths(WildcardsInQuery(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			check(r)
			for _, s := range segments {
				if got := r.URL.Query(); s.Kind != trie.Literal && (got.Get(s.Text) != s.Text || got.Get("{"+s.Text+"}") != s.Text) {
					t.Errorf("%q of %s: {%s} is %q", pattern, r.URL, s.Text, got)
				}
			}
			called++
		}))))
		for _, method := range []string{"GET", "PUT"} {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, trie.ExamplePath(segments), nil))
			if w.Code != http.StatusOK {
				t.Errorf("%q: %s %s is answered %d", pattern, method, trie.ExamplePath(segments), w.Code)
			}
		}
		if called != 2 {
			t.Errorf("%q: called %d times", pattern, called)
		}
	})
}

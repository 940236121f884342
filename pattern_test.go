package tigertonic

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// FuzzPattern parses any pattern. One that is accepted matches the path that
// conflicts are explained with, and its wildcards stand for their own names
// there.
func FuzzPattern(f *testing.F) {
	for _, pattern := range []string{
		"", "/", "//", "/a", "a", "/a/{x}", "/a/{x}/b/{y...}", "/{x}/{x}", "/{x", "/x}", "/{}", "/{...}", "/{$}", "/{x...}/a",
		"/%2F", "/%zz", "/%", "/a%2F..", "/.", "/..", "/{.}", "/{..}", "/{....}", "/{a%2F}", "/{a b}", "/{x{y}", "/{x}}", "/{x}/{{x}}", "/{{x}}/{x}", "/a?b", "/#",
		"/\x00\xff", "/{\x00\xff}", "/é", "/{é...}", "/+", "/{+}", "/%7Bx%7D", "/{%7Bx%7D}", "/*", "/{x...}...", "/{a...b}", "/...",
	} {
		f.Add(pattern)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		segments, err := parsePattern(pattern)
		if err != nil {
			if err.offset < 0 || err.offset > len(pattern) || err.text == "" || segments != nil {
				t.Fatalf("%q: %+v, %v", pattern, err, segments)
			}
			return
		}
		check := func(r *http.Request) {
			for _, s := range segments {
				if got := PathValue(r, s.text); s.kind != literal && got != s.text {
					t.Errorf("%q of %s: {%s} is %q", pattern, r.URL, s.text, got)
				}
			}
		}
		mux, called := NewTrieServeMux(), 0
		mux.Handle("GET", pattern, HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { check(r); called++ }))
		mux.HandleFunc("PUT", pattern, func(_ http.ResponseWriter, r *http.Request) {
			check(r)
			for _, s := range segments {
				if got := r.URL.Query(); s.kind != literal && (got.Get(s.text) != s.text || got.Get("{"+s.text+"}") != s.text) {
					t.Errorf("%q of %s: {%s} is %q", pattern, r.URL, s.text, got)
				}
			}
			called++
		})
		for _, method := range []string{"GET", "PUT"} {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, example(segments), nil))
			if w.Code != http.StatusOK {
				t.Errorf("%q: %s %s is answered %d", pattern, method, example(segments), w.Code)
			}
		}
		if called != 2 {
			t.Errorf("%q: called %d times", pattern, called)
		}
	})
}

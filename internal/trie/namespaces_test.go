package trie

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
)

func mountOf(t *testing.T, namespace string) *Mount {
	t.Helper()
	segments, err := ParseNamespace(namespace)
	if err != nil {
		t.Fatalf("%q: %+v", namespace, err)
	}
	return NewMount(segments, namespace, nil, callsite.Site{})
}

func routeOf(t testing.TB, pattern string) *Route {
	t.Helper()
	segments, err := ParsePattern(pattern)
	if err != nil {
		t.Fatalf("%q: %+v", pattern, err)
	}
	return NewRoute("GET", "GET "+pattern, segments, nil, callsite.Site{})
}

func TestPatternIsThatWithinItsNamespaces(t *testing.T) {
	for _, test := range []struct {
		namespaces  string // from the outermost on, with a space after each
		mount, want string
	}{
		{"/a ", "/a/{...}", "GET /a/x/{y}"},
		{"/a /{b} ", "/a/{b}/{...}", "GET /a/{b}/x/{y}"},
		{"/a/ /b/ ", "/a/b/{...}", "GET /a/b/x/{y}"},
		{"// ", "//{...}", "GET //x/{y}"},
		{" ", "/{...}", "GET /x/{y}"},
		{"  ", "/{...}/{...}", "GET /x/{y}"},
		{"   ", "/{...}/{...}/{...}", "GET /x/{y}"},
		{" /a ", "/a/{...}", "GET /a/x/{y}"},
		{"/a  ", "/a/{...}/{...}", "GET /a/x/{y}"},
		{"/a  /b ", "/a/b/{...}/{...}", "GET /a/b/x/{y}"},
		{"  /a ", "/a/{...}/{...}", "GET /a/x/{y}"},
	} {
		outer := ""
		for namespace := range strings.SplitSeq(strings.TrimSuffix(test.namespaces, " "), " ") {
			m := mountOf(t, namespace)
			first := m.PatternWithin(outer)
			if again := m.PatternWithin(outer); again != first {
				t.Errorf("%q: got %q, then %q", test.namespaces, first, again)
			}
			outer = first
		}
		if outer != test.mount {
			t.Errorf("%q: got %q, want %q", test.namespaces, outer, test.mount)
		}
		if got := routeOf(t, "/x/{y}").PatternWithin(outer); got != test.want {
			t.Errorf("%q: got %q, want %q", test.namespaces, got, test.want)
		}
	}
}

func TestPatternsAreKeptUpToABound(t *testing.T) {
	rt, m := routeOf(t, "/x"), mountOf(t, "/m")
	for range 2 {
		for i := range maxKeptPatterns + 100 {
			outer := fmt.Sprintf("/%d%s", i, EverythingBelow)
			if got, want := rt.PatternWithin(outer), fmt.Sprintf("GET /%d/x", i); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
			if got, want := m.PatternWithin(outer), fmt.Sprintf("/%d/m%s", i, EverythingBelow); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	}
	for _, within := range []*patternCache{&rt.within, &m.within} {
		if got := len(*within.kept.Load()); got != maxKeptPatterns {
			t.Errorf("%d patterns are kept, want %d", got, maxKeptPatterns)
		}
	}
	if got := testing.AllocsPerRun(100, func() { rt.PatternWithin("/1/{...}"); m.PatternWithin("/1/{...}") }); got != 0 {
		t.Errorf("a pattern that is kept costs %v allocations", got)
	}
}

func TestPatternsAreKeptConcurrently(t *testing.T) {
	rt := routeOf(t, "/x")
	var wg sync.WaitGroup
	for first := range 8 {
		wg.Go(func() {
			for i := range 2 * maxKeptPatterns {
				i = (i + first*40) % (2 * maxKeptPatterns)
				if got, want := rt.PatternWithin(fmt.Sprintf("/%d%s", i, EverythingBelow)), fmt.Sprintf("GET /%d/x", i); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
	wg.Wait()
	kept := *rt.within.kept.Load()
	if len(kept) == 0 || len(kept) > maxKeptPatterns {
		t.Errorf("%d patterns are kept, want %d at most", len(kept), maxKeptPatterns)
	}
	for outer, pattern := range kept {
		if want := "GET " + strings.TrimSuffix(outer, EverythingBelow) + "/x"; pattern != want {
			t.Errorf("within %q: got %q, want %q", outer, pattern, want)
		}
	}
}

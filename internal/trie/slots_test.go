package trie

import (
	"net/http"
	"net/url"
	"sync"
	"testing"
)

func capturesFor(t *testing.T, pattern string) []Capture {
	t.Helper()
	segments, err := ParsePattern(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return capturesOf(segments)
}

func TestSlotsAreForNamesThatHTTPServeMuxTakes(t *testing.T) {
	var all AllSlots
	for pattern, want := range map[string]bool{
		"/{id}":               true,
		"/a/{id}":             true,
		"/{owner}/b/{repo_2}": true,
		"/{a}/{b}/{c}":        false,
		"/a":                  false,
		"/{id...}":            false,
		"/{a}/{rest...}":      false,
		"/{{id}}":             false,
		"/{a-b}":              false,
		"/{2a}":               false,
		"/{é}":                false,
	} {
		if got := all.For(capturesFor(t, pattern)); (got != nil) != want {
			t.Errorf("%s: got slots %v, want %v", pattern, got != nil, want)
		}
	}
	if a, b := all.For(capturesFor(t, "/x/{id}")), all.For(capturesFor(t, "/{id}/y")); a != b || len(all) != 2 {
		t.Errorf("got several slots for the same names, or %d, want 2", len(all))
	}
}

func TestSlotsLeaveTheRequestAsItWas(t *testing.T) {
	captures := capturesFor(t, "/{id}/{of}")
	var all AllSlots
	s := all.For(captures)
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "CONNECT", "", "no method"} {
		u := &url.URL{Path: "/a b/é", RawPath: "/a%20b/%C3%A9"}
		r := &http.Request{Method: method, URL: u, Host: "example.com:80", RequestURI: "*", Pattern: "GET /{id}/{of}"}
		r.SetPathValue("before", "kept")
		r.SetPathValue("id", "overwritten")
		s.Open(r)
		if r.URL != u || *u != (url.URL{Path: "/a b/é", RawPath: "/a%20b/%C3%A9"}) || r.Host != "example.com:80" ||
			r.Method != method || r.RequestURI != "*" || r.Pattern != "GET /{id}/{of}" {
			t.Errorf("%s: got the request %+v", method, r)
		}
		SetPathValues(r, captures, "/a%20b/%C3%A9", true)
		for name, want := range map[string]string{"id": "a b", "of": "é", "before": "kept", "other": ""} {
			if got := r.PathValue(name); got != want {
				t.Errorf("%s: %s: got %q, want %q", method, name, got, want)
			}
		}
	}
}

func TestSlotsServeManyAtOnce(t *testing.T) {
	captures := capturesFor(t, "/{id}")
	var all AllSlots
	s := all.For(captures)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			want := string(rune('a' + i))
			for range 1000 {
				r := &http.Request{URL: &url.URL{Path: "/" + want}}
				s.Open(r)
				SetPathValues(r, captures, r.URL.Path, false)
				if got := r.PathValue("id"); got != want {
					t.Errorf("got %q, want %q", got, want)
					return
				}
			}
		})
	}
	group.Wait()
}

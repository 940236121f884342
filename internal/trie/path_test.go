package trie

import (
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// segmentsOf returns the segments of a path, unescaped.
func segmentsOf(path string, escaped bool) []string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = sent(s, escaped)
	}
	return segments
}

func TestPathOfKeepsTheSegments(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		path := randomPath(rnd)
		if rnd.IntN(2) == 0 {
			path = randomSample(rnd).path
		}
		u, err := url.ParseRequestURI(path)
		if err != nil {
			t.Fatal(err)
		}
		got, escaped := PathOf(u)
		if want := segmentsOf(path, true); !slices.Equal(segmentsOf(got, escaped), want) {
			t.Fatalf("%q: got %q, %v, want %q", path, got, escaped, want)
		}
	}
}

func TestSetPathIsReadBackByPathOf(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 3))
	for range 5000 {
		u, err := url.ParseRequestURI(randomSample(rnd).path + "?x=y")
		if err != nil {
			t.Fatal(err)
		}
		path, escaped := PathOf(u)
		for ; path != ""; _, path = CutSegment(path) { // as namespaces take segments off
			SetPath(u, path, escaped)
			got, stillEscaped := PathOf(u)
			if want := segmentsOf(path, escaped); !slices.Equal(segmentsOf(got, stillEscaped), want) || stillEscaped && got != path {
				t.Fatalf("%q, %v: got %q, %v", path, escaped, got, stillEscaped)
			}
			if u.Path != sent(path, escaped) || u.RawQuery != "x=y" {
				t.Fatalf("%q, %v: got %+v", path, escaped, u)
			}
			if escaped && u.EscapedPath() != path {
				t.Fatalf("%q: a client would send %q", path, u.EscapedPath())
			}
		}
	}
}

func TestPathOfHandMadeURLs(t *testing.T) {
	for _, test := range []struct {
		url     url.URL
		want    string
		escaped bool
	}{
		{url.URL{}, "", false},
		{url.URL{Path: "/a b/%2F"}, "/a b/%2F", false},
		{url.URL{Path: "/a/b", RawPath: "/a%2Fb"}, "/a%2Fb", true},
		{url.URL{Path: `/a/b"`, RawPath: `/a%2Fb"`}, `/a%2Fb"`, true}, // which EscapedPath would escape anew
		{url.URL{Path: "/a/b c", RawPath: "/another"}, "/a/b%20c", true},
		{url.URL{Path: "/a/b", RawPath: "/a/%zz"}, "/a/b", true},
	} {
		if got, escaped := PathOf(&test.url); got != test.want || escaped != test.escaped {
			t.Errorf("%+v: got %q, %v, want %q, %v", test.url, got, escaped, test.want, test.escaped)
		}
	}
}

func TestCutSegment(t *testing.T) {
	for path, want := range map[string][2]string{
		"/": {"", ""}, "//": {"", "/"}, "/a": {"a", ""}, "/a/": {"a", "/"}, "/a/b/c": {"a", "/b/c"},
	} {
		if text, left := CutSegment(path); text != want[0] || left != want[1] {
			t.Errorf("%q: got %q, %q, want %q", path, text, left, want)
		}
	}
}

func TestUnescapeDecodesOnce(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a+b": "a+b", "%61": "a", "%2561": "%61", "a%2Fb/c": "a/b/c", "%ff%00": "\xff\x00", "%zz": "%zz", "%61%": "%61%",
	} {
		if got := Unescape(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

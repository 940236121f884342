package trie

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// checkValues requires all readers to say what the wildcards of a route stand for in
// a path that it matches, as it was sent.
func checkValues(t *testing.T, rt *Route, sent string, want map[string]string) {
	t.Helper()
	u, err := url.ParseRequestURI(sent)
	if err != nil {
		t.Fatalf("%q: %v", sent, err)
	}
	path, escaped := PathOf(u)
	r := &http.Request{URL: u}
	SetPathValues(r, rt.Captures, path, escaped)
	for name, want := range want {
		if got := r.PathValue(name); got != want {
			t.Errorf("SetPathValues: %q of %s in %s: got %q, want %q", name, rt.Pattern, sent, got, want)
		}
		for inner, ok := WithoutBraces(name); ok; inner, ok = WithoutBraces(inner) {
			if got := r.PathValue(inner); got != want {
				t.Errorf("SetPathValues: %q of %s in %s: got %q, want %q", inner, rt.Pattern, sent, got, want)
			}
		}
		if !escaped {
			if got, ok := rt.Value(name, path); !ok || got != want {
				t.Errorf("Value: %q of %s in %s: got %q, %v, want %q", name, rt.Pattern, sent, got, ok, want)
			}
		}
		if escaped || !strings.Contains(rt.Pattern, "%") { // as its documentation says
			if got := PathValue(rt.Pattern, u, name); got != want {
				t.Errorf("PathValue: %q of %s in %s: got %q, want %q", name, rt.Pattern, sent, got, want)
			}
		}
	}
	for _, name := range []string{"", "another", "no name is as long as this one, not even the longest"} {
		if _, ok := want[name]; ok {
			continue
		}
		if value, ok := rt.Value(name, path); ok || value != "" || r.PathValue(name) != "" || PathValue(rt.Pattern, u, name) != "" {
			t.Errorf("%q is read off %s of %s", name, rt.Pattern, sent)
		}
	}
}

// A sample is a pattern and a path that it matches, with what the wildcards stand for.
type sample struct {
	pattern, path string
	values        map[string]string
}

func randomSample(rnd *rand.Rand) sample {
	s := sample{values: map[string]string{}}
	text := func(letters string) string {
		b := []byte("v") // nothing is empty or a dot segment
		for range rnd.IntN(5) {
			b = append(b, letters[rnd.IntN(len(letters))])
		}
		return string(b)
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
	letters := pick(rnd, "abc", "ab/%.+&=;?#{}~ \x00\n\xffé€")
	n := 1 + rnd.IntN(5)
	for i := range n {
		name := pick(rnd, fmt.Sprint("n", i), fmt.Sprint("n", i), fmt.Sprintf("{n%d}", i), strings.Repeat("n", i+1))
		switch kind := rnd.IntN(8); {
		case kind == 0 && i == n-1:
			var values, sent []string
			for range rnd.IntN(4) {
				values = append(values, text(letters))
				sent = append(sent, escape(values[len(values)-1]))
			}
			s.values[name] = strings.Join(values, "/")
			s.pattern, s.path = s.pattern+"/{"+name+"...}", s.path+"/"+strings.Join(sent, "/")
		case kind < 5:
			s.values[name] = text(letters)
			s.pattern, s.path = s.pattern+"/{"+name+"}", s.path+"/"+escape(s.values[name])
		case kind == 5:
			literal := text(letters)
			s.pattern, s.path = s.pattern+"/"+url.PathEscape(literal), s.path+"/"+escape(literal)
		default:
			literal := text("abc")
			s.pattern, s.path = s.pattern+"/"+literal, s.path+"/"+literal
		}
	}
	return s
}

func TestReadersOfWildcardsAgree(t *testing.T) {
	const samples = 8000
	checked := 0
	for i := range uint64(samples) {
		s := randomSample(rand.New(rand.NewPCG(1, i)))
		if _, err := ParsePattern(s.pattern); err != nil {
			continue // two of one name, or a dot segment behind a %2F
		}
		checked++
		checkValues(t, routeOf(t, s.pattern), s.path, s.values)
		if t.Failed() {
			return // one is enough to read
		}
	}
	if checked < samples/2 {
		t.Errorf("%d samples are checked of %d", checked, samples)
	}
}

// A mux in a namespace sees the rest of the path, with the whole pattern.
func TestPathValueIsReadBelowNamespaces(t *testing.T) {
	for _, path := range []string{"/n/1/b/x/c", "/1/b/x/c", "/b/x/c", "/x/c", "/n/1/b/%78/c%2Fd", "/%78/c%2Fd"} {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := PathValue("GET /n/{a}/b/{x}/{y}", u, "x"); got != "x" {
			t.Errorf("%s: got %q", path, got)
		}
	}
}

// Patterns and paths may be another router's, or anybody's.
func TestPathValueOfWhatDoesntMatch(t *testing.T) {
	for _, test := range []struct{ pattern, path, name, want string }{
		{"", "/a/b", "x", ""},
		{"GET", "/a", "x", ""},
		{"GET /a/{x}", "/a/b", "", ""},
		{"GET /a/{x}", "/a/b", "{x}", ""},
		{"GET /a/{x}", "/a/b", "a", ""},
		{"GET /a/{xyz}", "/a/b", "y", ""},
		{"GET example.com/a/{x}", "/a/b", "x", "b"},
		{"GET example.com/a/{x...}", "/a/b/c", "x", "b/c"},
		{"GET /a/{x...}", "/a", "x", ""},
		{"GET /a/{x...}", "", "x", ""},
		{"GET /a/{x}/{y...}", "/a/b/c", "x", "b"},
		{"{x...}", "/a", "x", ""},
		{"GET /a/{x}", "", "x", ""},
		{"GET /a/b/c/{x}", "/", "x", ""},
		{"GET /{x}/long", "/a", "x", ""},
		{"GET /a/{x}", "*", "x", ""},
		{"GET /{x", "/a", "x", ""},
		{"GET /{a}/{b}/c", "/1/2/c", "a}/{b", ""},
		{"GET /{a/b}/c", "/1/2/c", "a/b", ""},
		{"GET {x}", "/a", "x", ""},
		{"GET //", "/a", "x", ""},
		{"/a/{/b", "/a/b/c", "id", ""},
		{"/{id:[0-9]{1,3}/{2}}", "/a", "id", ""},
	} {
		for _, u := range []*url.URL{{Path: test.path}, {Path: test.path, RawPath: strings.ReplaceAll(test.path, "b", "%62")}} {
			if got := PathValue(test.pattern, u, test.name); got != test.want {
				t.Errorf("%q of %q in %+v: got %q, want %q", test.name, test.pattern, u, got, test.want)
			}
		}
	}
}

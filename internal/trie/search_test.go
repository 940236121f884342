package trie

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
)

// The oracle is a list without a trie. It compares the path with every pattern,
// segment by segment, and orders the patterns that match by this rule: at the
// first segment where two differ, a literal comes before {name}, this before
// {name...}, and this before the end of a namespace; a pattern that ends there
// comes before all of them. The first with the method answers, and a namespace
// hides what comes after it. A path with a dot segment matches nothing.
type oracle []entry

// An entry is a pattern with its method, or a namespace with none.
type entry struct {
	method, pattern string
	segments        []string
}

func newEntry(method, pattern string) entry {
	if method == "" {
		pattern = strings.TrimSuffix(pattern, "/")
	}
	return entry{method, pattern, strings.Split(pattern, "/")[1:]}
}

func (e entry) String() string { return e.method + " " + e.pattern }

// match returns what the pattern's segments are in the order of the rule, and the
// path below a namespace.
func (e entry) match(path []string, escaped bool) (kinds []int, below string, ok bool) {
	for i, s := range e.segments {
		if i == len(path) {
			return nil, "", false
		}
		isWildcard := strings.HasPrefix(s, "{")
		switch {
		case isWildcard && strings.HasSuffix(s, "...}"):
			return append(kinds, 2), "", true
		case isWildcard && path[i] != "":
			kinds = append(kinds, 1)
		case !isWildcard && sent(path[i], escaped) == sent(s, true):
			kinds = append(kinds, 0)
		default:
			return nil, "", false
		}
	}
	if e.method == "" {
		if len(path) > len(e.segments) {
			below = "/" + strings.Join(path[len(e.segments):], "/")
		}
		return append(kinds, 3), below, true
	}
	return kinds, "", len(path) == len(e.segments)
}

// sent returns what is meant by a text that was sent escaped or not.
func sent(text string, escaped bool) string {
	if !escaped {
		return text
	}
	text, err := url.PathUnescape(text)
	if err != nil {
		panic(err) // both patterns and paths were well-formed
	}
	return text
}

// conflicts reports whether there is an entry of the same method already that
// matches the same paths.
func (o oracle) conflicts(e entry) bool {
	return slices.ContainsFunc(o, func(other entry) bool {
		return e.method == other.method && slices.EqualFunc(e.segments, other.segments, func(a, b string) bool {
			wildcard := strings.HasPrefix(a, "{")
			rest := strings.HasSuffix(a, "...}")
			return wildcard == strings.HasPrefix(b, "{") && (wildcard && rest == strings.HasSuffix(b, "...}") || !wildcard && sent(a, true) == sent(b, true))
		})
	})
}

// A finding is what a search finds, in words.
type finding struct {
	stopped      bool   // what Find reports
	route, mount string // patterns
	left         string
	other        bool
	found        []string
}

func (o oracle) find(method, path string, escaped, collect bool) (f finding) {
	for segment := range strings.SplitSeq(sent(path, escaped), "/") {
		if segment == "." || segment == ".." {
			return finding{}
		}
	}
	type match struct {
		entry
		kinds []int
		below string
	}
	var matches []match
	segments := strings.Split(path, "/")[1:] // none of ""
	for _, e := range o {
		if kinds, below, ok := e.match(segments, escaped); ok {
			matches = append(matches, match{e, kinds, below})
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return slices.Compare(a.kinds, b.kinds) })
	for len(matches) > 0 {
		n := slices.IndexFunc(matches, func(m match) bool { return !slices.Equal(m.kinds, matches[0].kinds) })
		if n < 0 {
			n = len(matches)
		}
		together := matches[:n] // they differ in the method only
		matches = matches[n:]
		if m := together[0]; m.method == "" {
			f.stopped = true
			if method != "OPTIONS" || !f.other {
				f.mount, f.left = m.pattern+EverythingBelow, m.below
			}
			return f
		}
		for _, wanted := range []string{method, map[string]string{"HEAD": "GET"}[method]} {
			for _, m := range together {
				if wanted != "" && m.method == wanted {
					f.stopped, f.route = true, m.String()
					return f
				}
			}
		}
		f.other = true
		for _, m := range together {
			if collect {
				f.found = append(f.found, m.String())
			}
		}
	}
	return f
}

// A table is an oracle and the trie with the same patterns.
type table struct {
	oracle
	root Node
}

// add adds a pattern to both, unless it is malformed or there already, which they
// must agree about.
func (tb *table) add(t *testing.T, method, pattern string) {
	e := newEntry(method, pattern)
	if method == "" {
		segments, err := ParseNamespace(pattern)
		if err != nil {
			return
		}
		n := tb.root.Descend(segments)
		if got, want := n.Mount() != nil, tb.conflicts(e); got != want {
			t.Fatalf("namespace %q conflicts: got %v, want %v beside %v", pattern, got, want, tb.oracle)
		}
		if n.Mount() == nil {
			n.SetMount(NewMount(segments, pattern, nil, callsite.Site{}))
			tb.oracle = append(tb.oracle, e)
		}
		return
	}
	segments, err := ParsePattern(pattern)
	if err != nil || !IsMethod(method) {
		return
	}
	n := tb.root.Descend(segments)
	old := n.Route(NewMethod(method))
	if got, want := old != nil, tb.conflicts(e); got != want {
		t.Fatalf("%v conflicts: got %v, want %v beside %v", e, got, want, tb.oracle)
	}
	if old == nil {
		n.Add(NewRoute(method, method+" "+pattern, segments, nil, callsite.Site{}))
		tb.oracle = append(tb.oracle, e)
	}
}

// search returns what the trie finds, which must be what the oracle finds.
func (tb *table) search(t *testing.T, method, path string, escaped, collect bool) (f finding) {
	if collect {
		method = ""
	}
	var matches Matches
	s := Search{Method: NewMethod(method), Escaped: escaped}
	if collect {
		s.Matches = &matches
	}
	f.stopped = s.Find(&tb.root, path)
	f.left, f.other = s.Left, s.Other
	if s.Route != nil {
		f.route = s.Route.Pattern
	}
	if s.Mount != nil {
		f.mount = s.Mount.Namespace + EverythingBelow
	}
	for _, rt := range matches.Routes() {
		f.found = append(f.found, rt.Pattern)
	}
	if want := tb.find(method, path, escaped, collect); !reflect.DeepEqual(f, want) {
		t.Fatalf("%q %q, escaped %v, of %q:\ngot  %+v\nwant %+v", method, path, escaped, tb.oracle, f, want)
	}
	return f
}

var oracleSeed = flag.Uint64("oracle-seed", 1, "what TestSearchAgreesWithOracle begins its random tables with")

func TestSearchAgreesWithOracle(t *testing.T) {
	t.Logf("go test -run %s -oracle-seed %d", t.Name(), *oracleSeed)
	tables, requests := 2000, 50
	if testing.Short() {
		tables = 400
	}
	routes, mounts, others, nothing := 0, 0, 0, 0
	for i := range tables {
		rnd := rand.New(rand.NewPCG(*oracleSeed, uint64(i)))
		var tb table
		for range 1 + rnd.IntN(20) {
			method := pick(rnd, "GET", "GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "BREW", "")
			tb.add(t, method, randomPattern(rnd, method == ""))
		}
		for range requests {
			method := pick(rnd, "GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "BREW", "")
			f := tb.search(t, method, randomPath(rnd), rnd.IntN(4) > 0, rnd.IntN(4) == 0)
			switch {
			case f.route != "":
				routes++
			case f.mount != "":
				mounts++
			case f.other:
				others++
			default:
				nothing++
			}
		}
	}
	for name, n := range map[string]int{"routes": routes, "mounts": mounts, "other methods": others, "nothing": nothing} {
		if n < tables*requests/20 {
			t.Errorf("%d searches of %d find %s, which are too few to say much", n, tables*requests, name)
		}
	}
}

func pick(rnd *rand.Rand, choices ...string) string { return choices[rnd.IntN(len(choices))] }

// randomPattern returns a pattern of few words, so that many match alike.
func randomPattern(rnd *rand.Rand, namespace bool) string {
	var b strings.Builder
	n := rnd.IntN(5)
	for i := range n {
		switch kind := rnd.IntN(12); {
		case kind < 3:
			fmt.Fprintf(&b, "/{%s%d}", pick(rnd, "x", "y"), i)
		case kind == 3 && i == n-1 && !namespace:
			fmt.Fprintf(&b, "/{z%s...}", pick(rnd, "", "z"))
		case kind == 4: // more literals than a chain has
			b.WriteString("/" + pick(rnd, "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"))
		case kind == 5:
			b.WriteString("/" + pick(rnd, "", "%61", "a%2Fb", "a%2Fc", "%7Bx%7D", "%2561"))
		default:
			b.WriteString("/" + pick(rnd, "a", "b"))
		}
	}
	if n == 0 && !namespace {
		return "/"
	}
	return b.String()
}

func randomPath(rnd *rand.Rand) string {
	var b strings.Builder
	for range 1 + rnd.IntN(5) {
		switch kind := rnd.IntN(40); {
		case kind == 0:
			b.WriteString("/" + pick(rnd, ".", "..", "%2e", "%2E.", "a%2F..", "..%2f", ".a", "..."))
		case kind < 4:
			b.WriteString("/" + pick(rnd, "", "%61", "a%2fb", "a%5cb", "a/b", "{x}", "%7Bx}", "%2561", "%ff", "%00"))
		case kind < 10:
			b.WriteString("/" + pick(rnd, "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"))
		default:
			b.WriteString("/" + pick(rnd, "a", "b"))
		}
	}
	return b.String()
}

// FuzzSearch takes a table of one "METHOD pattern" a line, a namespace having no
// method, and a request.
func FuzzSearch(f *testing.F) {
	for _, lines := range []string{
		"GET /users/me/settings\nGET /users/{id}/posts\nGET /users/{id}\nPOST /users/me",
		"GET /b/{p}/c\nGET /b/{q}/d\nPUT /b/{p}\nGET /b/{r...}",
		"GET /a/b\nPOST /{x}/b\n /a\n /{y}/{z}\n \nHEAD /a/b\nOPTIONS /{w...}",
		"GET /\nGET //\nGET /a/\nGET /a%2Fb\nGET /%61\nGET /{x\n /{x...}\nGET /a/../b",
		"GET /a\nGET /b\nGET /c\nGET /d\nGET /e\nGET /f\nGET /g\nGET /h\nGET /i\nGET /j\nGET /k\nGET /{x}\nGET /{y}",
	} {
		for _, path := range []string{"/", "//", "/a", "/a/b", "/a%2Fb", "/users/me/posts", "/b/1/d", "/a/%2e%2e/b", "/%00%ff", "/!", "/k"} {
			f.Add(lines, "GET", path, true, false)
			f.Add(lines, "OPTIONS", path, true, false)
			f.Add(lines, "HEAD", path+"/", false, false)
			f.Add(lines, "x", path+"?x=y", true, true)
		}
	}
	f.Fuzz(func(t *testing.T, lines, method, path string, escaped, collect bool) {
		if path != "" {
			path = "/" + strings.TrimPrefix(path, "/")
		}
		if _, err := url.PathUnescape(path); escaped && err != nil || len(lines) > 1000 {
			return
		}
		var tb table
		for line := range strings.SplitSeq(lines, "\n") {
			method, pattern, _ := strings.Cut(line, " ")
			tb.add(t, method, pattern)
		}
		tb.search(t, method, path, escaped, collect)
	})
}

// What the search finds in cases that the documentation names.
func TestSearchFindsTheMostSpecific(t *testing.T) {
	for _, test := range []struct {
		name, patterns, method, path string
		want                         finding
	}{
		{"a literal before a wildcard", "GET /{id}\nGET /me", "GET", "/me", finding{stopped: true, route: "GET /me"}},
		{"back from a literal", "GET /me/settings\nGET /{id}/posts", "GET", "/me/posts", finding{stopped: true, route: "GET /{id}/posts"}},
		{"another pattern that has the method", "POST /users/me\nGET /users/{id}", "GET", "/users/me", finding{stopped: true, route: "GET /users/{id}", other: true}},
		{"GET for HEAD", "GET /a\nHEAD /{x}", "HEAD", "/a", finding{stopped: true, route: "GET /a"}},
		{"HEAD for HEAD", "GET /a\nHEAD /a", "HEAD", "/a", finding{stopped: true, route: "HEAD /a"}},
		{"no method", "GET /a\nPUT /a", "POST", "/a", finding{other: true}},
		{"nothing", "GET /a", "GET", "/b", finding{}},
		{"no trailing slash", "GET /a", "GET", "/a/", finding{}},
		{"the rest, empty", "GET /a/{x...}", "GET", "/a/", finding{stopped: true, route: "GET /a/{x...}"}},
		{"the rest, without its slash", "GET /a/{x...}", "GET", "/a", finding{}},
		{"no empty segment", "GET /a/{x}", "GET", "/a/", finding{}},
		{"the longest namespace", " /a\n /a/b\n ", "GET", "/a/b/c", finding{stopped: true, mount: "/a/b/{...}", left: "/c"}},
		{"a namespace itself", " /a", "GET", "/a", finding{stopped: true, mount: "/a/{...}"}},
		{"a pattern in a namespace", " /a\nGET /a/{x}", "GET", "/a/b", finding{stopped: true, route: "GET /a/{x}"}},
		{"a namespace for another method", " /a\nGET /a/{x}", "PUT", "/a/b", finding{stopped: true, mount: "/a/{...}", left: "/b", other: true}},
		{"the mux's own OPTIONS", " /a\nGET /a/{x}", "OPTIONS", "/a/b", finding{stopped: true, other: true}},
		{"no dot segment for a wildcard", "GET /{x}\n /{y}", "GET", "/..", finding{}},
		{"no dot segment below a namespace", " /a", "GET", "/a/b/../c", finding{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var tb table
			for line := range strings.SplitSeq(test.patterns, "\n") {
				method, pattern, _ := strings.Cut(line, " ")
				tb.add(t, method, pattern)
			}
			if got := tb.search(t, test.method, test.path, false, false); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestSearchCollectsWhatNoMountHides(t *testing.T) {
	var tb table
	for _, pattern := range []string{"GET /{x...}", "PUT /a/{x}", "GET /a/{y}", "BREW /a/b", "GET /c"} {
		method, pattern, _ := strings.Cut(pattern, " ")
		tb.add(t, method, pattern)
	}
	want := []string{"BREW /a/b", "PUT /a/{x}", "GET /a/{y}", "GET /{x...}"}
	if got := tb.search(t, "", "/a/b", false, true); got.stopped || !slices.Equal(got.found, want) {
		t.Errorf("got %+v, want %q", got, want)
	}
	tb.add(t, "", "/a")
	if got := tb.search(t, "", "/a/b", false, true); !got.stopped || got.mount != "/a/{...}" || !slices.Equal(got.found, want[:3]) {
		t.Errorf("got %+v, want %q and the mount", got, want[:3])
	}
}

func TestWalkIsInTheOrderOfRegistration(t *testing.T) {
	var tb table
	var want []string
	for i := range 20 { // more than a chain has
		want = append(want, fmt.Sprintf("/%d%%2F", 20-i), fmt.Sprintf("/%d", 20-i))
	}
	want = append(want, "/b", "/b/c", "/{x}", "/{x}/a", "/{x...}")
	for _, pattern := range append([]string{"/{x...}", "/{x}/a", "/{x}"}, want[:len(want)-3]...) {
		tb.add(t, "GET", pattern)
	}
	tb.add(t, "PUT", "/b")
	var got []string
	visits := map[*Node]int{}
	tb.root.Walk(func(n *Node) {
		visits[n]++
		if visits[n] > 1 {
			t.Errorf("%q is visited again", n.text)
		}
		if n.Routes != nil {
			got = append(got, n.Routes.Path())
		}
	})
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSearchAllocatesNothing(t *testing.T) {
	var tb table
	for _, pattern := range []string{"/a/{x}/c", "/a/b/d", "/{x}/{y}/{z...}"} {
		tb.add(t, "GET", pattern)
	}
	for _, path := range []string{"/a/b/c", "/a/b/c/d/e", "/b"} {
		m := NewMethod("GET")
		if got := testing.AllocsPerRun(100, func() {
			s := Search{Method: m}
			s.Find(&tb.root, path)
		}); got != 0 {
			t.Errorf("%s: %v allocations", path, got)
		}
	}
}

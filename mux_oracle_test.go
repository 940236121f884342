package tigertonic_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// The oracle is a mux without a trie. It compares the path with every pattern,
// segment by segment, and orders the patterns that match by this rule: at the
// first segment where two differ, a literal comes before {name}, this before
// {name...}, and this before the end of a namespace; a pattern that ends there
// comes before all of them. The first with the method answers, and a namespace
// hides what comes after it. It is 404 if a foreign handler would get, in place of
// {name...} or below a namespace, what can be read in another way. What the trie
// alone finds, and which patterns conflict, is tested against such an oracle in
// internal/trie; here it is what the mux answers.
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

func (e entry) String() string { return fmt.Sprintf("%s %q", e.method, e.pattern) }

// match returns what the pattern's segments are in the order of the rule, what
// its wildcards stand for, and the path below a namespace.
func (e entry) match(path []string) (kinds []int, values []string, below string, ok bool) {
	for i, s := range e.segments {
		if i == len(path) {
			return nil, nil, "", false
		}
		name, isWildcard := strings.CutPrefix(s, "{")
		name, isRest := strings.CutSuffix(name, "...}")
		text := unescaped(path[i])
		switch {
		case isWildcard && isRest:
			text = unescaped(strings.Join(path[i:], "/"))
			return append(kinds, 2), append(values, fmt.Sprintf("%s=%+q", name, text)), "", true
		case isWildcard && text != "":
			kinds, values = append(kinds, 1), append(values, fmt.Sprintf("%s=%+q", strings.TrimSuffix(name, "}"), text))
		case !isWildcard && text == unescaped(s):
			kinds = append(kinds, 0)
		default:
			return nil, nil, "", false
		}
	}
	if e.method == "" {
		below = "/" + strings.Join(path[len(e.segments):], "/")
		u := url.URL{Path: unescaped(below), RawPath: below}
		return append(kinds, 3), values, u.EscapedPath(), true
	}
	return kinds, values, "", len(path) == len(e.segments)
}

func unescaped(s string) string {
	s, err := url.PathUnescape(s)
	if err != nil {
		panic(err) // both patterns and paths were well-formed
	}
	return s
}

// refused reports whether the entry's handler isn't given a path that matches.
func (e entry) refused(path []string) bool {
	first := len(e.segments)
	if e.method != "" {
		if first == 0 || !strings.HasSuffix(e.segments[first-1], "...}") {
			return false
		}
		first = slices.IndexFunc(e.segments, func(s string) bool { return strings.HasPrefix(s, "{") })
	}
	for i := first; i < len(path); i++ {
		if path[i] == "" && i < len(path)-1 || strings.ContainsAny(unescaped(path[i]), "/\\\x00") {
			return true
		}
	}
	return false
}

// An answer is what a mux says of a request.
type answer struct {
	code    int
	pattern string // as Handler returns it
	text    string // of the entry that answers
	allow   string
}

func (o oracle) answer(method string, u *url.URL) answer {
	path := u.RawPath
	if path == "" {
		path = u.EscapedPath()
	}
	for segment := range strings.SplitSeq(unescaped(path), "/") {
		if segment == "." || segment == ".." {
			return answer{code: 404}
		}
	}
	type match struct {
		entry
		kinds   []int
		text    string
		refused bool
	}
	var matches []match
	for _, e := range o {
		sent := strings.Split(path, "/")[1:]
		if kinds, values, below, ok := e.match(sent); ok {
			matches = append(matches, match{e, kinds, fmt.Sprintf("%s %s %s", e, strings.Join(values, " "), below), e.refused(sent)})
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return slices.Compare(a.kinds, b.kinds) })

	var allow []string
	known := false
	for _, m := range matches {
		hasHead := slices.ContainsFunc(matches, func(other match) bool {
			return other.method == "HEAD" && slices.Equal(other.kinds, m.kinds)
		})
		answers := m.method == method || m.method == "GET" && method == "HEAD" && !hasHead || m.method == "" && (method != "OPTIONS" || !known)
		switch {
		case answers && m.refused:
			return answer{code: 404}
		case answers:
			return answer{200, m.pattern, m.text, ""}
		case m.method == "" && allow == nil:
			return answer{code: 404}
		case m.method == "":
			return options(allow)
		}
		known = true
		if m.refused {
			continue
		}
		if m.method == "GET" {
			allow = append(allow, "HEAD")
		}
		allow = append(allow, m.method)
	}
	switch {
	case allow == nil:
		return answer{code: 404}
	case method == "OPTIONS":
		return options(allow)
	}
	return answer{code: 405, allow: options(allow).allow}
}

func options(allow []string) answer {
	allow = append(allow, "OPTIONS")
	slices.Sort(allow)
	return answer{code: 200, allow: strings.Join(slices.Compact(allow), ", ")}
}

// register adds an entry to the mux and, unless it is refused, to the oracle.
func (o *oracle) register(t *testing.T, mux *tigertonic.TrieServeMux, method, pattern string) {
	refusal := any(nil)
	e := newEntry(method, pattern)
	func() {
		defer func() { refusal = recover() }()
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var values []string
			for _, s := range e.segments {
				if name, ok := strings.CutPrefix(s, "{"); ok {
					name = strings.TrimSuffix(strings.TrimSuffix(name, "}"), "...")
					values = append(values, fmt.Sprintf("%s=%+q", name, r.PathValue(name)))
				}
			}
			below := ""
			if e.method == "" {
				below = r.URL.EscapedPath()
			}
			w.Header().Set("X-Answer", fmt.Sprintf("%s %s %s", e, strings.Join(values, " "), below))
		})
		if method == "" {
			mux.HandleNamespace(pattern, h)
		} else {
			mux.Handle(method, pattern, h)
		}
	}()
	if refusal == nil {
		*o = append(*o, e)
		return
	}
	require.Regexp(t, `^tigertonic: `, refusal)
}

// requireAgreement requires the mux to say what the oracle says.
func (o oracle) requireAgreement(t *testing.T, mux *tigertonic.TrieServeMux, method string, u *url.URL) {
	request := func() *http.Request {
		u := *u
		return &http.Request{Method: method, URL: &u, Header: http.Header{}, Host: "h"}
	}
	_, pattern := mux.Handler(request())
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, request())
	got := answer{w.Code, pattern, w.Header().Get("X-Answer"), w.Header().Get("Allow")}
	require.Equal(t, o.answer(method, u), got, "%q %s of %q", method, u, o)
}

var oracleSeed = flag.Uint64("oracle-seed", 1, "what TestMuxAgreesWithOracle begins its random tables with")

func TestMuxAgreesWithOracle(t *testing.T) {
	t.Logf("go test -run %s -oracle-seed %d", t.Name(), *oracleSeed)
	tables, requests := 2000, 50
	if testing.Short() || raceEnabled { // which is ten times as slow
		tables = 400
	}
	codes := map[int]int{}
	for i := range tables {
		rnd := rand.New(rand.NewPCG(*oracleSeed, uint64(i)))
		var o oracle
		mux := tigertonic.NewTrieServeMux()
		for range 1 + rnd.IntN(20) {
			method := pick(rnd, "GET", "GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "")
			o.register(t, mux, method, randomPattern(rnd, method == ""))
		}
		for range requests {
			method := pick(rnd, "GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "")
			u, err := url.ParseRequestURI(randomPath(rnd))
			require.NoError(t, err)
			o.requireAgreement(t, mux, method, u)
			codes[o.answer(method, u).code]++
		}
	}
	for _, code := range []int{200, 404, 405} {
		assert.Greater(t, codes[code], tables*requests/20, "requests worth making are answered %d", code)
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
		case kind == 4: // literals beyond the few that are looked through
			b.WriteString("/" + pick(rnd, "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"))
		case kind == 5:
			b.WriteString("/" + pick(rnd, "", "%61", "a%2Fb", "%7Bx%7D", "%2561"))
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

// FuzzMux takes a table of one "METHOD pattern" a line, a namespace having no
// method, and a request.
func FuzzMux(f *testing.F) {
	for _, table := range []string{
		"GET /users/me/settings\nGET /users/{id}/posts\nGET /users/{id}\nPOST /users/me",
		"GET /b/{p}/c\nGET /b/{q}/d\nPUT /b/{p}\nGET /b/{r...}",
		"GET /a/b\nPOST /{x}/b\n /a\n /{y}/{z}\n \nHEAD /a/b\nOPTIONS /{w...}",
		"GET /\nGET //\nGET /a/\nGET /a%2Fb\nGET /%61\nGET /{x\n /{x...}\nGET /a/../b",
		"GET /a\nGET /b\nGET /c\nGET /d\nGET /e\nGET /f\nGET /g\nGET /h\nGET /i\nGET /j\nGET /k\nGET /{x}\nGET /{y}",
	} {
		for _, path := range []string{"/", "//", "/a", "/a/b", "/a%2Fb", "/users/me/posts", "/b/1/d", "/a/%2e%2e/b", "/%00%ff", "/!", "/k"} {
			f.Add(table, "GET", path)
			f.Add(table, "OPTIONS", path)
			f.Add(table, "HEAD", path+"/")
			f.Add(table, "x", path+"?x=y")
		}
	}
	f.Fuzz(func(t *testing.T, table, method, path string) {
		u, err := url.ParseRequestURI("/" + strings.TrimPrefix(path, "/"))
		if err != nil || len(table) > 1000 {
			return
		}
		var o oracle
		mux := tigertonic.NewTrieServeMux()
		for line := range strings.SplitSeq(table, "\n") {
			method, pattern, _ := strings.Cut(line, " ")
			o.register(t, mux, method, pattern)
		}
		o.requireAgreement(t, mux, method, u)
	})
}

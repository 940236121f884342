package trie

import (
	"slices"
	"strings"
	"testing"
)

func TestParsePattern(t *testing.T) {
	for pattern, want := range map[string][]Segment{
		"/":                {{"", Literal}},
		"//":               {{"", Literal}, {"", Literal}},
		"/a/b":             {{"a", Literal}, {"b", Literal}},
		"/a/":              {{"a", Literal}, {"", Literal}},
		"/a%2Fb/%7Bx%7D":   {{"a/b", Literal}, {"{x}", Literal}},
		"/%2561":           {{"%61", Literal}},
		"/a+b/é":           {{"a+b", Literal}, {"é", Literal}},
		"/.../.a":          {{"...", Literal}, {".a", Literal}},
		"/{x}":             {{"x", Wildcard}},
		"/{x}/{y...}":      {{"x", Wildcard}, {"y", Rest}},
		"/{{x}}/{{{y}}}":   {{"{x}", Wildcard}, {"{{y}}", Wildcard}},
		"/{{x...}}":        {{"{x...}", Wildcard}},
		"/{{x}...}":        {{"{x}", Rest}},
		"/{x....}":         {{"x.", Rest}},
		"/{a b}/{%3A}":     {{"a b", Wildcard}, {"%3A", Wildcard}},
		"/{a+b}/{a-b}":     {{"a+b", Wildcard}, {"a-b", Wildcard}},
		"/{$x}":            {{"$x", Wildcard}},
		"/things:batch/a*": {{"things:batch", Literal}, {"a*", Literal}},
		"/:/%3Aid/%2A":     {{":", Literal}, {":id", Literal}, {"*", Literal}},
	} {
		got, err := ParsePattern(pattern)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %+v, %+v, want %+v", pattern, got, err, want)
		}
	}
}

func TestParsePatternSaysWhatIsWrongAndWhere(t *testing.T) {
	for _, test := range []struct {
		pattern string
		offset  int
		text    string
	}{
		{"", 0, `a pattern begins with a slash`},
		{"a", 0, `a pattern begins with a slash`},
		{"*", 0, `a pattern begins with a slash`},
		{"{x}/a", 0, `a pattern begins with a slash`},
		{"GET /a", 0, `a pattern begins with a slash`},
		{"/a/{x", 3, `unclosed wildcard`},
		{"/a/b{x", 4, `unclosed wildcard`},
		{"/a/{x/b}", 3, `unclosed wildcard`},
		{"/a/x}", 4, `a } without its {`},
		{"/a/{}", 3, `a wildcard without a name`},
		{"/{...}", 1, `a wildcard without a name`},
		{"/{$}", 1, `{$} has no meaning here: every pattern matches the whole path`},
		{"/a/b{x}", 4, `a wildcard is a whole segment`},
		{"/a/{x}b", 3, `a wildcard is a whole segment`},
		{"/a/{x}{y}", 3, `a wildcard is a whole segment`},
		{"/a/}x{", 5, `a wildcard is a whole segment`},
		{"/{x{y}", 1, `unclosed wildcard`},
		{"/{{x}}}", 1, `a wildcard is a whole segment`},
		{"/{x}/a/{x}", 7, `a second wildcard named "x"`},
		{"/{x}/{{x}}", 5, `a second wildcard named "{x}"`}, // in the query
		{"/{x}/{x...}", 5, `a second wildcard named "x"`},
		{"/a/{x...}/b", 3, `a wildcard for the rest of the path that isn't the last segment`},
		{"/a/{x...}/", 3, `a wildcard for the rest of the path that isn't the last segment`},
		{"/a/{id:[0-9]+}", 6, `a wildcard takes any segment: write {name}, and check the value`},
		{"/a/{id:[^/]+}", 6, `a wildcard takes any segment: write {name}, and check the value`},
		{"/{id:[0-9]{4}}/b", 4, `a wildcard takes any segment: write {name}, and check the value`},
		{"/a/{*path}", 3, `a wildcard for the rest of the path is written {name...}`},
		{"/a/{path*}", 3, `a wildcard for the rest of the path is written {name...}`},
		{"/a/{path+}", 3, `a wildcard for the rest of the path is written {name...}`},
		{"/a/:id", 3, `a wildcard is written {name}, and a literal that begins with a colon %3A`},
		{"/:a/b", 1, `a wildcard is written {name}, and a literal that begins with a colon %3A`},
		{"/a/*", 3, `a wildcard is written {name}, or {name...} for the rest of the path, and a literal that begins with an asterisk %2A`},
		{"/a/*path", 3, `a wildcard is written {name}, or {name...} for the rest of the path, and a literal that begins with an asterisk %2A`},
		{"/a/%zz", 3, `invalid percent-encoding`},
		{"/a/b%2", 4, `invalid percent-encoding`},
		{"/a/%20%zz", 6, `invalid percent-encoding`},
		{"/a?b", 2, `a pattern is a path, without a query or a fragment`},
		{"/a/#b", 3, `a pattern is a path, without a query or a fragment`},
		{"/a/./b", 3, `a dot segment, which is never matched`},
		{"/a/..", 3, `a dot segment, which is never matched`},
		{"/%2e%2E/a", 1, `a dot segment, which is never matched`},
		{"/a/\xff{", 4, `unclosed wildcard`},
		{"/\r\n{", 3, `unclosed wildcard`},
		{"/a%2F..", 1, `a dot segment, which is never matched`},
		{"/..%2Fa", 1, `a dot segment, which is never matched`},
		{"/a/x%2f.%2fy", 3, `a dot segment, which is never matched`},
		{"/.%2f", 1, `a dot segment, which is never matched`},
		{"/{.}", 1, `a wildcard without a name`},
		{"/{..}", 1, `a wildcard without a name`},
		{"/{....}", 1, `a wildcard without a name`},
		{"/{$...}", 1, `{$} has no meaning here: every pattern matches the whole path`},
	} {
		segments, err := ParsePattern(test.pattern)
		if want := (SyntaxError{test.offset, test.text}); segments != nil || err == nil || *err != want {
			t.Errorf("%q: got %+v, %+v, want %+v", test.pattern, segments, err, want)
		}
	}
}

func TestParseNamespace(t *testing.T) {
	for namespace, want := range map[string][]Segment{
		"":         nil,
		"/":        nil,
		"//":       {{"", Literal}},
		"/a":       {{"a", Literal}},
		"/a/":      {{"a", Literal}},
		"/a//":     {{"a", Literal}, {"", Literal}},
		"/{x}/b/":  {{"x", Wildcard}, {"b", Literal}},
		"/a%2Fb/":  {{"a/b", Literal}},
		"/{{x}}/c": {{"{x}", Wildcard}, {"c", Literal}},
	} {
		got, err := ParseNamespace(namespace)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %+v, %+v, want %+v", namespace, got, err, want)
		}
	}
}

func TestParseNamespaceSaysWhatIsWrongAndWhere(t *testing.T) {
	for _, test := range []struct {
		namespace string
		offset    int
		text      string
	}{
		{"a", 0, `a pattern begins with a slash`},
		{"a/", 0, `a pattern begins with a slash`},
		{"/a/{x", 3, `unclosed wildcard`},
		{"/{x}/{x}/", 5, `a second wildcard named "x"`},
		{"/a/{x...}", 3, `a wildcard for the rest of the path in a namespace, which has that meaning anyway`},
		{"/{x...}/", 1, `a wildcard for the rest of the path in a namespace, which has that meaning anyway`},
		{"/..", 1, `a dot segment, which is never matched`},
		{"/:tenant", 1, `a wildcard is written {name}, and a literal that begins with a colon %3A`},
		{"/a/*", 3, `a wildcard is written {name}, or {name...} for the rest of the path, and a literal that begins with an asterisk %2A`},
		{"/{id:[0-9]+}", 4, `a wildcard takes any segment: write {name}, and check the value`},
	} {
		segments, err := ParseNamespace(test.namespace)
		if want := (SyntaxError{test.offset, test.text}); segments != nil || err == nil || *err != want {
			t.Errorf("%q: got %+v, %+v, want %+v", test.namespace, segments, err, want)
		}
	}
}

func TestParseWildcard(t *testing.T) {
	for text, want := range map[string]Segment{
		"{x}": {"x", Wildcard}, "{x...}": {"x", Rest}, "{{x}}": {"{x}", Wildcard}, "{}": {"", Wildcard}, "{...}": {"", Rest}, "{$}": {"$", Wildcard},
		"": {}, "x": {}, "{": {}, "}": {}, "{x": {}, "x}": {}, "}{": {}, "{x}y": {},
	} {
		if name, kind := ParseWildcard(text); name != want.Text || kind != want.Kind {
			t.Errorf("%q: got %q, %v, want %+v", text, name, kind, want)
		}
	}
}

func TestBracedNames(t *testing.T) {
	for name, want := range map[string]string{"{id}": "id", "{{id}}": "{id}", "id": "", "": "", "{}": "", "{": "", "{id": "", "id}": ""} {
		got, ok := WithoutBraces(name)
		if ok != (want != "") || ok && got != want || !ok && got != name {
			t.Errorf("%q: got %q, %v, want %q", name, got, ok, want)
		}
	}
	for pattern, want := range map[string]bool{"/a/{{id}}": true, "/{{id}...}": true, "/{id}": false, "/a%7B": false} {
		if got := HasBracedName(pattern); got != want {
			t.Errorf("HasBracedName(%q): got %v, want %v", pattern, got, want)
		}
	}
}

// FuzzParsePattern parses any pattern. One that is accepted matches its example, and
// its wildcards stand for their own names there.
func FuzzParsePattern(f *testing.F) {
	for _, pattern := range []string{
		"", "/", "//", "/a", "a", "/a/{x}", "/a/{x}/b/{y...}", "/{x}/{x}", "/{x", "/x}", "/{}", "/{...}", "/{$}", "/{x...}/a",
		"/%2F", "/%zz", "/%", "/a%2F..", "/.", "/..", "/{.}", "/{..}", "/{....}", "/{a%2F}", "/{a b}", "/{x{y}", "/{x}}", "/{x}/{{x}}", "/{{x}}/{x}", "/a?b", "/#",
		"/\x00\xff", "/{\x00\xff}", "/é", "/{é...}", "/+", "/{+}", "/%7Bx%7D", "/{%7Bx%7D}", "/*", "/{x...}...", "/{a...b}", "/...", "/{{x}}/{{y}...}",
	} {
		f.Add(pattern)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		segments, err := ParsePattern(pattern)
		if err != nil {
			if err.Offset < 0 || err.Offset > len(pattern) || err.Text == "" || segments != nil {
				t.Fatalf("%q: %+v, %v", pattern, err, segments)
			}
			return
		}
		if len(segments) != strings.Count(pattern, "/") {
			t.Fatalf("%q: %d segments", pattern, len(segments))
		}
		var root Node
		rt := routeOf(t, pattern)
		root.Descend(segments).Add(rt)
		path := ExamplePath(segments)
		s := Search{Method: NewMethod("GET"), Escaped: true}
		if !s.Find(&root, path) || s.Route != rt {
			t.Fatalf("%q doesn't match %q", pattern, path)
		}
		want := map[string]string{}
		for _, s := range segments {
			if s.Kind != Literal {
				want[s.Text] = s.Text
			}
		}
		if len(rt.Captures) != len(want) || len(NamesOf(rt.Captures)) != len(want) {
			t.Fatalf("%q: got the captures %v, want %v", pattern, rt.Captures, want)
		}
		checkValues(t, rt, path, want)
	})
}

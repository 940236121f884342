package trie

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAppendPathIsWhatTheRouterReads(t *testing.T) {
	for _, tt := range []struct{ pattern, value, want string }{
		{"/stuff/{v}", "tea", "/stuff/tea"},
		{"/stuff/{v}", "a b", "/stuff/a%20b"},
		{"/stuff/{v}", "a/b", "/stuff/a%2Fb"},
		{"/stuff/{v}", "%2F", "/stuff/%252F"},
		{"/stuff/{v}", "a?b#c;d", "/stuff/a%3Fb%23c%3Bd"},
		{"/stuff/{v}", "...", "/stuff/..."},
		{"/stuff/{v}", `\evil`, "/stuff/%5Cevil"},
		{"/stuff/{v}", "\x00\r\n", "/stuff/%00%0D%0A"},
		{"/stuff/{v}", "é", "/stuff/%C3%A9"},
		{"/{v}", "/evil.test", "/%2Fevil.test"},
		{"/files/{v...}", "", "/files/"},
		{"/files/{v...}", "a/b c", "/files/a/b%20c"},
		{"/files/{v...}", "/a//b/", "/files//a//b/"},
		{"/{v...}", "/evil.test/x", "/%2Fevil.test/x"},
		{"/{v...}", "//x", "/%2F/x"},
		{"/{v...}", "a", "/a"},
		{"/a%20b/{v}/", "x", "/a%20b/x/"},
		{"/{{v}}", "x", "/x"},
	} {
		segments, syntax := ParsePattern(tt.pattern)
		require.Nil(t, syntax, tt.pattern)
		got, err := AppendPath(nil, segments, func(string) (string, error) { return tt.value, nil })
		require.NoError(t, err, "%s with %q", tt.pattern, tt.value)
		assert.Equal(t, tt.want, string(got))
		assert.Equal(t, tt.value, routed(t, tt.pattern, string(got)), "%s with %q", tt.pattern, tt.value)
	}
}

func TestAppendPathRefusesWhatNoPathMatches(t *testing.T) {
	for _, tt := range []struct{ pattern, value, want string }{
		{"/stuff/{v}", "", "the wildcard {v} is empty, which no path matches"},
		{"/stuff/{v}", ".", "the wildcard {v} has a dot segment, which no path matches"},
		{"/stuff/{v}", "a/../b", "the wildcard {v} has a dot segment, which no path matches"},
		{"/stuff/{v...}", "a/..", "the wildcard {v} has a dot segment, which no path matches"},
		{"/stuff/{v}", "\xff", "the wildcard {v} isn't valid UTF-8"},
		{"//{v}", "a", "the path begins with two slashes, as that of a host does"},
		{"/{v}", "!", "no value"},
	} {
		segments, syntax := ParsePattern(tt.pattern)
		require.Nil(t, syntax, tt.pattern)
		_, err := AppendPath(nil, segments, func(string) (string, error) {
			if tt.value == "!" {
				return "", errors.New("no value")
			}
			return tt.value, nil
		})
		assert.EqualError(t, err, tt.want, "%s with %q", tt.pattern, tt.value)
	}
}

// routed returns the value of the wildcard v that the router finds in a path.
func routed(t testing.TB, pattern, path string) string {
	t.Helper()
	u, err := url.ParseRequestURI(path)
	require.NoError(t, err)
	require.Empty(t, u.Host)
	r := &http.Request{Method: "GET", URL: u}
	segments, _ := ParsePattern(pattern)
	read, escaped := PathOf(u)
	SetPathValues(r, capturesOf(segments), read, escaped)
	return r.PathValue("v")
}

func FuzzAppendPath(f *testing.F) {
	for _, value := range []string{"tea", "a/b", "..", "/", "//", "%2F", "\xff", "a\x00", ""} {
		f.Add(value, true)
		f.Add(value, false)
	}
	f.Fuzz(func(t *testing.T, value string, rest bool) {
		pattern := "/{v}"
		if rest {
			pattern = "/{v...}"
		}
		segments, _ := ParsePattern(pattern)
		path, err := AppendPath(nil, segments, func(string) (string, error) { return value, nil })
		if err != nil {
			if utf8.ValidString(value) && value != "" && !strings.Contains(value, ".") {
				t.Fatalf("%q is refused: %v", value, err)
			}
			return
		}
		if strings.HasPrefix(string(path), "//") {
			t.Fatalf("%q leads to a host: %s", value, path)
		}
		if got := routed(t, pattern, string(path)); got != value {
			t.Fatalf("got %q, want %q by %s", got, value, path)
		}
	})
}

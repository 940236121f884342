package tigertonic_test

import (
	"encoding/json"
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/schema"
)

// Patterns that are matched by classes of characters must mean what package
// regexp says.

func TestPatternsAsTheRegularExpression(t *testing.T) {
	texts := []string{"", "a", "ab", "abc", "A-1", "a-", "-a", "aa", "aaa", "aaaa", "a1", "1a", "12-ab", "é", "aé", "a\n", "K", "ſ", "a.b", "a..b", "\x00", "0x1f", "a_b-c"}
	for _, pattern := range []string{
		"^[A-Za-z0-9_-]{1,64}$", "^[A-Z0-9-]+$", "^a$", "^ab$", "^a*$", "^a?b?c?$", "^a{2}$", "^a{2,}$", "^a{2,3}$", "^[a-z]+-?[0-9]*$",
		"^[a-z]*a$", "^a*[a-b]{2}$", "^a?[ab]$", "^[^a]+$", "^(a|b)$", "^(ab)+$", "^(?:ab)+$", "^(?i)k+$", "^(?i)s$", "^.$", "(?s)^.$",
		"(?m)^a$", `^\d+-\w+$`, `\Aa\z`, "^a+?$", "^(?:a{2}){2}$", "^é$", "^[a-é]$", "a", "^a", "a$", "^$", "", "^[a-z]*[0-9]*[a-z]*$", `^[a-z]+(\.[a-z]+)*$`,
		"^0x[0-9a-f]+$", "^[a-z]{0}$", `^\x00$`, "^[[:^ascii:]]$",
	} {
		for _, text := range texts {
			requirePattern(t, pattern, text)
		}
	}
}

// A patternedText must match patternOfText.
type patternedText string

var patternOfText string

func (patternedText) JSONSchema() *schema.Schema {
	return &schema.Schema{Types: []string{"string"}, Pattern: patternOfText}
}

func requirePattern(t *testing.T, pattern, text string) {
	t.Helper()
	compiled, err := regexp.Compile(pattern)
	if err != nil || pattern == "" || !utf8.ValidString(text) {
		return
	}
	patternOfText = pattern
	body, err := json.Marshal(text)
	require.NoError(t, err)
	w := postJSON(t, taken[[]patternedText](), "/", "["+string(body)+"]")
	if compiled.MatchString(text) {
		require.Equal(t, 204, w.Code, "%q matches %q, but: %s", text, pattern, w.Body)
	} else {
		require.Equal(t, 422, w.Code, "%q doesn't match %q, but: %s", text, pattern, w.Body)
		require.Contains(t, w.Body.String(), "must match")
	}
}

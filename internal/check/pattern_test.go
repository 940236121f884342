package check

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Patterns that are matched by classes of characters must mean what package
// regexp says.

var patterns = []string{
	"^[A-Za-z0-9_-]{1,64}$", "^[A-Z0-9-]+$", "^a$", "^ab$", "^a*$", "^a?b?c?$", "^a{2}$", "^a{2,}$", "^a{2,3}$", "^[a-z]+-?[0-9]*$",
	"^[a-z]*a$", "^a*[a-b]{2}$", "^a?[ab]$", "^[^a]+$", "^(a|b)$", "^(ab)+$", "^(?:ab)+$", "^(?i)k+$", "^(?i)s$", "^.$", "(?s)^.$",
	"(?m)^a$", `^\d+-\w+$`, `\Aa\z`, "^a+?$", "^(?:a{2}){2}$", "^é$", "^[a-é]$", "a", "^a", "a$", "^$", "", "^[a-z]*[0-9]*[a-z]*$", `^[a-z]+(\.[a-z]+)*$`,
	"^0x[0-9a-f]+$", "^[a-z]{0}$", `^\x00$`, "^[[:^ascii:]]$",
}

func requirePattern(t *testing.T, pattern, text string) {
	t.Helper()
	compiled, err := regexp.Compile(pattern)
	p, ours := compileTextPattern(pattern)
	require.Equal(t, err, ours)
	if err == nil {
		require.Equal(t, compiled.MatchString(text), p.matches([]byte(text)), "%q in %q", pattern, text)
	}
}

func TestPatternsMeanWhatRegexpSays(t *testing.T) {
	texts := []string{"", "a", "ab", "abc", "A-1", "a-", "-a", "aa", "aaa", "aaaa", "a1", "1a", "12-ab", "é", "aé", "a\n", "K", "ſ", "a.b", "a..b", "\x00", "0x1f", "a_b-c"}
	for _, pattern := range append(patterns, "(") {
		for _, text := range texts {
			requirePattern(t, pattern, text)
		}
	}
}

func FuzzTextPattern(f *testing.F) {
	f.Add("^[a-z]+-?[0-9]*$", "abc-1")
	f.Add("^[a-z]{2,3}[0-9]$", "abc1")
	f.Add("^a*ab?$", "aab")
	for _, pattern := range patterns {
		f.Add(pattern, "aab")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if strings.ContainsAny(pattern, "{") && len(pattern) > 50 {
			return // which can take long to compile
		}
		requirePattern(t, pattern, text)
	})
}

// BenchmarkPattern compares runs of classes with package regexp. A request of a typed
// endpoint takes a few microseconds in all.
func BenchmarkPattern(b *testing.B) {
	for _, c := range [][2]string{{"^[A-Z]{2}-[0-9]+$", "AB-12345678"}, {"^[a-z][a-z0-9_]{0,31}$", "a_name_of_24_characters_"}} {
		p, err := compileTextPattern(c[0])
		require.NoError(b, err)
		require.NotNil(b, p.runs)
		text := []byte(c[1])
		b.Run("by=runs/pattern="+c[0], func(b *testing.B) {
			for b.Loop() {
				p.matches(text)
			}
		})
		b.Run("by=regexp/pattern="+c[0], func(b *testing.B) {
			for b.Loop() {
				p.Match(text)
			}
		})
	}
}

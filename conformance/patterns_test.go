package conformance_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/schema"
)

// A pattern means the same to Go, which serves, and to Ajv, which reads the
// document.

// written returns patterns as a document has them.
func written(t *testing.T, patterns []string) []string {
	t.Helper()
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/", tigertonic.Described(http.NotFoundHandler(), func(op *tigertonic.Operation) {
		for i, pattern := range patterns {
			op.Parameters = append(op.Parameters, tigertonic.Parameter{
				Name: fmt.Sprint("p", i), In: "query", Schema: &schema.Schema{Types: []string{"string"}, Pattern: pattern},
			})
		}
	}))
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Schema struct{ Pattern string } }
		}
	}
	require.NoError(t, json.Unmarshal(openapi.New(mux, openapi.Info{Title: "Patterns", Version: "1"}).JSON(), &doc))
	var texts []string
	for _, p := range doc.Paths["/"]["get"].Parameters {
		texts = append(texts, p.Schema.Pattern)
	}
	require.Len(t, texts, len(patterns))
	return texts
}

// requireSamePatterns holds Go's opinion of each pattern and text against Ajv's.
func requireSamePatterns(t *testing.T, patterns []string, texts func(pattern string) []string) {
	t.Helper()
	var tests []conform.PatternTest
	for i, pattern := range written(t, patterns) {
		tests = append(tests, conform.PatternTest{Pattern: pattern, Texts: texts(patterns[i])})
	}
	yes, no := 0, 0
	for i, result := range conform.Patterns(t, tests) {
		require.Empty(t, result.Error, "%q, written as %q", patterns[i], tests[i].Pattern)
		compiled := regexp.MustCompile(patterns[i])
		for j, text := range tests[i].Texts {
			want := compiled.MatchString(text)
			assert.Equal(t, want, result.Matches[j], "%q, written as %q, and the text %q", patterns[i], tests[i].Pattern, text)
			if want {
				yes++
			} else {
				no++
			}
		}
	}
	t.Logf("%d texts match and %d don't", yes, no)
}

// tellingTexts are those in which the two languages could differ.
var tellingTexts = []string{
	"", "a", "A", "ab", "aB", "b", "k", "K", "\u212a", "s", "S", "ſ", "ß", "ẞ", "é", "É", "e\u0301", "ǆ", "ǅ", "σ", "ς", "Σ", "θ", "ϑ", "ϴ", "ι", "\u0345", "\u1fbe", "İ", "ı", "i", "I",
	" ", "\t", "\n", "\v", "\f", "\r", "\u0085", "\u00a0", "\u1680", "\u2028", "\u2029", "\ufeff", "a\n", "\na", "a\nb", "a\rb", "a\u2028b", "b\na\nb",
	"_", "0", "9", "٣", "a1", "-", "--", "a-b", "a.b", ".", "*", "\\", "/", "]", "[", "[a]", "{", "}", "{}", "a{", "a{,2}", "aa", "aaa", "aaaa", "^", "$", "a$", "a^b", "(", ")", "|", "#", "&&", "~",
	"😀", "a😀", "\U0010ffff", "\ud7ff", "\ue000", "\ufffd", "\x00", "\x07", "\x1b", "\x7f", "漢", "ひ", "я", "Я", "Ⅷ", "ª", "²", "$€", "q", "aé", "éa", "a b",
}

var tellingPatterns = []string{
	`^[a-z]+(-[a-z]+)*$`, `(?i)a`, `(?i)^(bearer|basic) `, `(?i)k`, `(?i)^[a-k]$`, `(?i)^[^k]$`, `(?i)ß`, `(?i)^σ+$`, `(?i)é`, `(?i:a)b`, `a(?i)b`, `(?i)a(?-i)b`, `(?i)ι`, `(?i)ǆ`, `(?i)i`, `(?i)θ`,
	`\Aa\z`, `^a$`, `(?m)^a$`, `(?m)a$`, `(?m)^`, `(?m)$`, `(?m)(^|b)*a`, `(?m)^*a`, `$*`, `^+a`, `\b+a`, `(?:^)?a`, `(?:\b|a){2}`, `a\b`, `\Ba`, `(?i)a\b`, `\b`, `\B`,
	`[[:alpha:]]`, `^[[:^alpha:]]$`, `[[:word:]-]`, `[[:space:]]`, `[[:punct:]]`, `[^[:space:]]`, `^[[:alnum:]_.-]+$`, `[[:cntrl:]]`, `[[:ascii:]]`, `[[:^ascii:]]`,
	`\pL`, `\p{L}`, `\PL`, `^[\pL\d_-]+$`, `^[^\pL\s]+$`, `\p{Greek}`, `\P{Greek}`, `[\p{Han}\p{Hiragana}]`, `\p{^L}`, `[^\P{Lu}]`, `(?i)\p{Lu}`, `(?i)[^\p{Lu}]`, `[\pL\pN]`, `\pZ`, `\pC`, `\p{Any}`, `\P{Any}`, `[\s\S]`, `[^\s\S]`, `[\pLa-z]`, `[a-f\p{Lu}]`,
	`\s`, `\S`, `^\s+$`, `\w`, `\W`, `\d`, `\D`, `[\w-]`, `[^\w\s]`, `[\D\s]`, `.`, `^.$`, `^..$`, `(?s)^.$`, `(?s)^.{2}$`, `^[^a]$`, `^[^\n]$`, `^.*$`,
	`(?P<word>a)`, `(?P<1>a)(?P<b>b)?`, `(?<word>a)`, `()`, `(|a)b`, `(?:)`, `a||b`, `a**`, `a*?b`, `a??`, `a+?`, `a{2}`, `a{2,}?`, `a{0}`, `(a{2}){2}`, `(?U)a+`, `(?:a|b)*?b`, `(a*)*`, `(a*)+b`, `(?:a?){3}b`, `(?:a*){2,}$`,
	`\Qa.b\E`, `\Q[a]\E$`, `\Q\\E`, `^\Q`, `\x{10FFFF}`, `\x41`, `\x{41}`, `\101`, `\a`, `\x00`, `\x{2028}`, `[\x{2028}-\x{2029}]`, `[\x00-\x1f]`, `^[^\x00-\x{10FFFF}]$`, `[\x{d800}-\x{dfff}]`, `[^\x{d800}-\x{dfff}]`, `\x{d7ff}|\x{e000}`, `[\x{1F600}-\x{1F64F}]`,
	`]`, `}`, `{`, `a{`, `a{,2}`, `{}`, `^{a}$`, `[]]`, `[]a]`, `[^]a]`, `[[]`, `[a\]]`, `[a-]`, `[-a]`, `[a-c-e]`, `[--/]`, `[+--]`, `[\--a]`, `[&&]`, `[~~]`, `\-`, `\#`, `\~`, `\ `, `\_`, `\!`, `/`, `\/`, `#`, `[/]`, `[\^]`, `[a^]`, `[.]`, `[$]`, `[(]`, `[|]`, `\.`, `\$`, `\^a`,
	`😀`, `^😀$`, `[😀]`, `^[^😀]$`, `é`, `^[à-ü]$`, `(?i)[à-ü]`, `\x{e9}`, "a\u0301", "[\u0301]", "\n", "[\t\n]", `\n|\r|\v|\f|\t`, `(?i)\x{212a}`, `(?i)ſ`, `^(?i)s$`,
	`a|b`, `ab|ac|ad`, `^(ab|ac)*$`, `(?:ab){2}`, `(?:a|b){2}`, `(ab)?c`, `x*`, `^(?:(?:a|b)|c)$`, `(?i)ab|AC`, `a.c`, `(?i)(?s)a.b`, `(?is-m)^a.b$`,
}

func TestPatternsOfTheDocumentMeanTheSame(t *testing.T) {
	var patterns []string
	for _, pattern := range tellingPatterns {
		if _, err := regexp.Compile(pattern); err == nil && pattern != "" {
			patterns = append(patterns, pattern)
		}
	}
	require.Greater(t, len(patterns), len(tellingPatterns)-5)
	requireSamePatterns(t, patterns, func(string) []string { return tellingTexts })
}

// The tables of Unicode are those of another version in each engine, but what a
// character is hardly ever changes once there is one.
func TestPatternsKnowTheTablesOfUnicode(t *testing.T) {
	var patterns []string
	for name := range unicode.Categories {
		patterns = append(patterns, `\p{`+name+`}`)
	}
	for name := range unicode.Scripts {
		patterns = append(patterns, `\p{`+name+`}`)
	}
	slices.Sort(patterns)
	patterns = slices.DeleteFunc(patterns, func(pattern string) bool { // some names aren't found
		_, err := regexp.Compile(pattern)
		return err != nil
	})
	require.Greater(t, len(patterns), 100)
	var all []string
	for c := rune(0); c <= unicode.MaxRune; c++ {
		if isSettled(c) && (c%61 == 0 || c < 0x600) {
			all = append(all, string(c))
		}
	}
	requireSamePatterns(t, patterns, func(string) []string { return all })
}

// isSettled reports whether a character is the same in all versions of Unicode from
// Go's on.
func isSettled(c rune) bool {
	return c != 'ʕ' && // a letter without case since 16.0
		unicode.In(c, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf)
}

func TestPatternsAtRandomMeanTheSame(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g := &patternGenerator{rand.New(rand.NewPCG(seed, 0))}
	var patterns []string
	for len(patterns) < 600 {
		pattern := g.pattern(3)
		if _, err := regexp.Compile(pattern); err == nil && pattern != "" && len(pattern) < 80 {
			patterns = append(patterns, pattern)
		}
	}
	requireSamePatterns(t, patterns, func(pattern string) (texts []string) {
		for range 30 {
			texts = append(texts, g.text(pattern))
		}
		return texts
	})
}

// A patternGenerator makes patterns, most of which are some, and texts.
type patternGenerator struct{ *rand.Rand }

func (g *patternGenerator) of(texts ...string) string { return texts[g.IntN(len(texts))] }

var patternCharacters = []rune("aAbkKſs019_-.,^$]}{[()|/#&~ \t\n\r\v\u00a0\u2028\ufeffé😀漢σς\u0345\\+*?")

func (g *patternGenerator) pattern(depth int) string {
	var b strings.Builder
	for range 1 + g.IntN(4) {
		switch {
		case g.IntN(6) == 0:
			b.WriteString(g.of("^", "$", `\b`, `\B`, `\A`, `\z`, "(?i)", "(?s)", "(?m)", "(?U)", "(?-i)", "(?i-s)", "|"))
			continue
		case depth > 0 && g.IntN(4) == 0:
			b.WriteString(g.of("(", "(?:", "(?i:", "(?P<n>", "(?m:", "(?s:", "(?-m:") + g.pattern(depth-1) + ")")
		case g.IntN(3) == 0:
			b.WriteString(g.class())
		case g.IntN(9) < 3: // and not as above, which linters take for an oversight
			b.WriteString(g.of(`\d`, `\D`, `\w`, `\W`, `\s`, `\S`, ".", `\pL`, `\PL`, `\p{Lu}`, `\p{Greek}`, `\x{212a}`, `\x41`, `\n`, `\a`, `\Qa.\E`, `\101`))
		default:
			c := patternCharacters[g.IntN(len(patternCharacters))]
			if g.IntN(4) != 0 {
				b.WriteString(regexp.QuoteMeta(string(c)))
			} else {
				b.WriteString(string(c))
			}
		}
		if g.IntN(3) == 0 {
			b.WriteString(g.of("*", "+", "?", "{2}", "{1,}", "{0,2}", "{,2}", "{", "*?", "+?", "??", "{1,2}?"))
		}
	}
	return b.String()
}

func (g *patternGenerator) class() string {
	var b strings.Builder
	b.WriteString(g.of("[", "[^"))
	for range 1 + g.IntN(3) {
		switch g.IntN(4) {
		case 0:
			b.WriteString(g.of(`\d`, `\W`, `\s`, `\S`, `\pL`, `\PN`, `\p{Greek}`, `[:alpha:]`, `[:^space:]`, `\n`, `\]`, `\-`, "-", "a-z", "à-ü", "A-k", "[", "]", ".", "&&"))
		case 1:
			b.WriteString(string(patternCharacters[g.IntN(len(patternCharacters))]))
		default:
			b.WriteString(g.of("a", "k", "K", "s", "A-Z", "0-9", "_", "b-s", " ", "é"))
		}
	}
	return b.String() + "]"
}

// text returns a text that the pattern may match: of what is in it, and around it.
func (g *patternGenerator) text(pattern string) string {
	var b strings.Builder
	if tree, err := syntax.Parse(pattern, syntax.Perl); err == nil && g.IntN(2) == 0 {
		g.write(&b, tree)
	}
	for range g.IntN(4) {
		b.WriteRune(patternCharacters[g.IntN(len(patternCharacters))])
	}
	return strings.Map(func(c rune) rune {
		if !isSettled(c) {
			return 'x'
		}
		return c
	}, b.String())
}

// write writes what a tree matches, if assertions don't matter.
func (g *patternGenerator) write(b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			for re.Flags&syntax.FoldCase != 0 && g.IntN(2) == 0 {
				c = unicode.SimpleFold(c)
			}
			b.WriteRune(c)
		}
	case syntax.OpCharClass:
		if len(re.Rune) > 0 {
			i := 2 * g.IntN(len(re.Rune)/2)
			b.WriteRune(re.Rune[i] + rune(g.IntN(min(int(re.Rune[i+1]-re.Rune[i])+1, 100))))
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteRune(patternCharacters[g.IntN(len(patternCharacters))])
	case syntax.OpAlternate:
		g.write(b, re.Sub[g.IntN(len(re.Sub))])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		for range max(re.Min, g.IntN(3)) {
			g.write(b, re.Sub[0])
		}
	default:
		for _, sub := range re.Sub {
			g.write(b, sub)
		}
	}
}

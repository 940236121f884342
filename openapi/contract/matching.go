package contract

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// matching returns a text that matches a pattern, or any text and false if it finds none.
// It ignores patterns that package regexp can't parse.
func (g *generator) matching(pattern string, least, most int) (string, bool) {
	tree, err := syntax.Parse(goPattern(pattern), syntax.Perl)
	if err != nil {
		return "text", false
	}
	for range 20 {
		var b strings.Builder
		g.match(&b, tree)
		if n := len([]rune(b.String())); n >= least && (most < 0 || n <= most) {
			return b.String(), true
		}
	}
	return "text", false
}

// match writes a text that an expression matches.
func (g *generator) match(b *strings.Builder, re *syntax.Regexp) {
	times := func(least, most int) {
		if most < 0 {
			most = least + 8
		}
		n := least + g.rng.IntN(min(most-least, 8)+1)
		if g.rng.IntN(6) == 0 {
			n = min(most, 2000)
		}
		for range n {
			g.match(b, re.Sub[0])
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(g.oneOf(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteRune(pick(g.rng, []rune("aZ0 -_/é€")))
	case syntax.OpCapture:
		g.match(b, re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			g.match(b, sub)
		}
	case syntax.OpAlternate:
		g.match(b, pick(g.rng, re.Sub))
	case syntax.OpStar:
		times(0, -1)
	case syntax.OpPlus:
		times(1, -1)
	case syntax.OpQuest:
		times(0, 1)
	case syntax.OpRepeat:
		times(re.Min, re.Max)
	default: // anchors, and what matches nothing
	}
}

// oneOf returns a character of a class given as ranges, usually an ASCII one.
func (g *generator) oneOf(ranges []rune) rune {
	if len(ranges) == 0 {
		return 'a'
	}
	var plain []rune
	for i := 0; i < len(ranges); i += 2 {
		for c := max(ranges[i], ' '); c <= min(ranges[i+1], '~'); c++ {
			plain = append(plain, c)
		}
	}
	if len(plain) > 0 && g.rng.IntN(10) > 0 {
		return pick(g.rng, plain)
	}
	i := 2 * g.rng.IntN(len(ranges)/2)
	low, high := ranges[i], ranges[i+1]
	c := low + g.rng.Int32N(high-low+1)
	if slices.Contains([]bool{unicode.IsControl(c), c >= 0xD800 && c < 0xE000}, true) {
		return low
	}
	return c
}

package openapi

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

// Patterns are RE2 in Go and ECMA-262 in JSON Schema (draft 2020-12, core §6.4),
// whose validators read them with the flag u, or ought to: so characters are written in a
// way that others read as well, where there is one. What both read alike stays as it
// was written. Everything else is written anew from the tree that regexp/syntax
// makes of it, in which flags are resolved and classes are ranges: the tree has
// nothing that ECMA-262 has no words for.

// A pattern is a regular expression of package regexp that is rendered as one of
// ECMA-262.
type pattern string

// MarshalJSONTo writes the translation. It is an error if the pattern isn't one of
// package regexp's.
func (p pattern) MarshalJSONTo(enc *jsontext.Encoder) error {
	text, err := ecmaPattern(string(p))
	if err != nil {
		return err
	}
	return enc.WriteToken(jsontext.String(text))
}

// ecmaPattern returns the regular expression of ECMA-262 that is in the same texts
// as one of package regexp's.
func ecmaPattern(text string) (string, error) {
	tree, err := syntax.Parse(text, syntax.Perl) // which finds all that regexp.Compile does
	if err != nil {
		return "", fmt.Errorf("the pattern %q isn't one of Go's package regexp: %w", text, err)
	}
	if isCommon(text) {
		return text, nil
	}
	var w ecmaWriter
	w.write(tree, bindsAlternatives)
	return w.String(), nil
}

// How tightly an expression is bound to what is beside it, loosest first.
type binding int

const (
	bindsAlternatives binding = iota // a|b
	bindsSequence                    // ab
	bindsRepeated                    // a, in a*
)

// An ecmaWriter writes a tree.
type ecmaWriter struct{ strings.Builder }

func (w *ecmaWriter) write(re *syntax.Regexp, outer binding) {
	if own := bindingOf(re); own < outer {
		w.WriteString("(?:")
		defer w.WriteString(")")
	}
	switch re.Op {
	case syntax.OpCapture: // its name means nothing to a validator
		w.WriteString("(")
		w.write(re.Sub[0], bindsAlternatives)
		w.WriteString(")")
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			w.literal(c, re.Flags&syntax.FoldCase != 0)
		}
	case syntax.OpCharClass:
		w.WriteString(ecmaClass(re.Rune))
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			w.write(sub, bindsSequence)
		}
	case syntax.OpAlternate:
		for i, sub := range re.Sub {
			if i > 0 {
				w.WriteString("|")
			}
			w.write(sub, bindsSequence)
		}
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		w.write(re.Sub[0], bindsRepeated)
		w.WriteString(ecmaQuantifier(re))
	default:
		w.WriteString(ecmaWord(re.Op))
	}
}

// bindingOf returns how tightly the parts of an expression are bound.
func bindingOf(re *syntax.Regexp) binding {
	switch re.Op {
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL, syntax.OpNoMatch, syntax.OpCapture:
		return bindsRepeated
	case syntax.OpLiteral:
		if len(re.Rune) == 1 {
			return bindsRepeated
		}
	case syntax.OpAlternate:
		return bindsAlternatives
	}
	return bindsSequence // an assertion can't be repeated as it is, nor what is repeated
}

// ecmaQuantifier returns how often an expression may be there.
func ecmaQuantifier(re *syntax.Regexp) (quantifier string) {
	switch re.Op {
	case syntax.OpStar:
		quantifier = "*"
	case syntax.OpPlus:
		quantifier = "+"
	case syntax.OpQuest:
		quantifier = "?"
	default:
		switch {
		case re.Max < 0:
			quantifier = fmt.Sprintf("{%d,}", re.Min)
		case re.Max == re.Min:
			quantifier = fmt.Sprintf("{%d}", re.Min)
		default:
			quantifier = fmt.Sprintf("{%d,%d}", re.Min, re.Max)
		}
	}
	if re.Flags&syntax.NonGreedy != 0 {
		quantifier += "?"
	}
	return quantifier
}

// ecmaWord returns an expression that has no parts.
func ecmaWord(op syntax.Op) string {
	switch op {
	case syntax.OpNoMatch:
		return `[^\s\S]`
	case syntax.OpAnyChar:
		return `[\s\S]`
	case syntax.OpAnyCharNotNL: // "." isn't \r, U+2028 and U+2029 either (ECMA-262 §22.2.2.7)
		return `[^\n]`
	case syntax.OpBeginText:
		return "^"
	case syntax.OpEndText:
		return "$"
	case syntax.OpBeginLine: // "^" with the flag m knows more ends of lines
		return `(?<![^\n])`
	case syntax.OpEndLine:
		return `(?![^\n])`
	case syntax.OpWordBoundary:
		return `\b`
	case syntax.OpNoWordBoundary:
		return `\B`
	}
	return "(?:)" // OpEmptyMatch
}

// literal writes a character, or those that are it in another case.
func (w *ecmaWriter) literal(c rune, fold bool) {
	same := []rune{c, c}
	for other := unicode.SimpleFold(c); fold && other != c; other = unicode.SimpleFold(other) {
		same = append(same, other, other)
	}
	if len(same) == 2 {
		w.WriteString(ecmaCharacter(c, `^$\.*+?()[]{}|/`))
		return
	}
	w.WriteString(ecmaClass(sortedRanges(same)))
}

// sortedRanges sorts pairs of first and last characters, which don't overlap.
func sortedRanges(ranges []rune) []rune {
	pairs := slices.Collect(slices.Chunk(ranges, 2))
	slices.SortFunc(pairs, func(a, b []rune) int { return int(a[0] - b[0]) })
	return slices.Concat(pairs...)
}

// ecmaCharacter returns a character as it is written where those of syntax have a
// meaning.
func ecmaCharacter(c rune, syntax string) string {
	switch {
	case strings.ContainsRune(syntax, c):
		return `\` + string(c)
	case c == '\t':
		return `\t`
	case c == '\n':
		return `\n`
	case c == '\v':
		return `\v`
	case c == '\f':
		return `\f`
	case c == '\r':
		return `\r`
	case c == ' ' || unicode.IsGraphic(c) && !unicode.IsMark(c) && !unicode.IsSpace(c):
		return string(c)
	case c <= 0xff:
		return fmt.Sprintf(`\x%02x`, c)
	case utf16.IsSurrogate(c): // which two of would be read as one character
		return fmt.Sprintf(`\u{%x}`, c)
	case c <= 0xffff:
		return fmt.Sprintf(`\u%04x`, c)
	}
	return string(c) // without the flag u, \u{10000} is a u ten thousand times
}

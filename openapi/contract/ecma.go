package contract

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Patterns are regular expressions of ECMA-262 (draft 2020-12, core §6.4), and what reads
// them here is package regexp. The two differ in a few words, which are put into those of
// package regexp. It has no lookaround and no back-references: a schema with these can't be
// compiled, and the error says so.

// compilePattern is the engine of the schemas.
func compilePattern(pattern string) (jsonschema.Regexp, error) {
	re, err := regexp.Compile(goPattern(pattern))
	if err != nil {
		return nil, fmt.Errorf("the pattern %q is one that package regexp can't match: %w", pattern, err)
	}
	return re, nil
}

// ecmaSpace is what \s stands for (ECMA-262 §22.2.2.9), as the inside of a class.
const ecmaSpace = `\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`

// goPattern returns a pattern in the words of package regexp.
func goPattern(pattern string) string {
	p := patternReader{left: pattern}
	for p.left != "" {
		p.next()
	}
	return p.String()
}

// A patternReader writes a pattern as it reads it.
type patternReader struct {
	strings.Builder
	left    string
	inClass bool
}

// cut goes behind a text that is next, if it is.
func (p *patternReader) cut(text string) (ok bool) {
	p.left, ok = strings.CutPrefix(p.left, text)
	return ok
}

func (p *patternReader) next() {
	switch {
	case p.cut(`\`):
		p.escape()
	case p.inClass && p.cut("["):
		p.WriteString(`\[`)
	case p.inClass && p.cut("]"):
		p.inClass = false
		p.WriteString("]")
	case p.inClass:
		p.WriteByte(p.left[0])
		p.left = p.left[1:]
	case p.cut("[^]"):
		p.WriteString(`[\s\S]`)
	case p.cut("[]"):
		p.WriteString(`[^\x00-\x{10FFFF}]`)
	case p.cut("["):
		p.inClass = true
		p.WriteString("[")
	case p.cut("."): // §22.2.2.7
		p.WriteString(`[^\n\r\x{2028}\x{2029}]`)
	default:
		p.WriteByte(p.left[0])
		p.left = p.left[1:]
	}
}

// escape reads what follows a backslash.
func (p *patternReader) escape() {
	if p.left == "" {
		p.WriteString(`\`) // an error
		return
	}
	c := p.left[0]
	p.left = p.left[1:]
	switch {
	case c == 's' && p.inClass:
		p.WriteString(ecmaSpace)
	case c == 's':
		p.WriteString("[" + ecmaSpace + "]")
	case c == 'S' && !p.inClass:
		p.WriteString("[^" + ecmaSpace + "]")
	case c == 'u':
		p.character()
	case c == 'c' && p.left != "":
		p.WriteString(`\x{` + strconv.FormatUint(uint64(p.left[0]%32), 16) + "}")
		p.left = p.left[1:]
	case c == '0':
		p.WriteString(`\x00`)
	case c == 'b' && p.inClass:
		p.WriteString(`\x08`)
	case c == 'p' || c == 'P':
		p.property(c)
	default:
		p.WriteByte('\\')
		p.WriteByte(c)
	}
}

// character reads what follows \u: {1f600}, 2028, or the two halves of a character.
func (p *patternReader) character() {
	if hex, left, ok := strings.Cut(p.left, "}"); ok && strings.HasPrefix(hex, "{") {
		p.left = left
		p.WriteString(`\x` + hex + "}")
		return
	}
	first, ok := p.hex4()
	if !ok {
		p.WriteString(`\u`) // an error
		return
	}
	before := p.left
	if utf16.IsSurrogate(first) && p.cut(`\u`) {
		if second, ok := p.hex4(); ok && utf16.DecodeRune(first, second) != '\uFFFD' {
			first = utf16.DecodeRune(first, second)
		} else {
			p.left = before
		}
	}
	p.WriteString(`\x{` + strconv.FormatInt(int64(first), 16) + "}")
}

// hex4 reads four digits.
func (p *patternReader) hex4() (rune, bool) {
	if len(p.left) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(p.left[:4], 16, 16)
	if err != nil {
		return 0, false
	}
	p.left = p.left[4:]
	return rune(n), true
}

// property reads what follows \p: {L}, {General_Category=L} or {Script=Greek}.
func (p *patternReader) property(c byte) {
	p.WriteByte('\\')
	p.WriteByte(c)
	name, left, ok := strings.Cut(p.left, "}")
	if !ok {
		return
	}
	for _, prefix := range []string{"{Script=", "{sc=", "{General_Category=", "{gc="} {
		if value, ok := strings.CutPrefix(name, prefix); ok {
			name = "{" + value
		}
	}
	p.left = left
	p.WriteString(name + "}")
}

package codec

import (
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// A lexer is a text that may be JSON, as far as it has been read: see decode.go.
type lexer struct {
	src      []byte
	pos      int
	unquoted []byte // a string that was written with escapes
}

// next moves past white space and returns the byte there, or 0 at the end.
func (l *lexer) next() byte {
	for ; l.pos < len(l.src); l.pos++ {
		switch c := l.src[l.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// comma moves past the next comma, and reports whether there is one.
func (l *lexer) comma() bool { return l.closes(',') }

// closes moves past the byte c if it is next, and reports whether it was.
func (l *lexer) closes(c byte) bool {
	if l.next() != c {
		return false
	}
	l.pos++
	return true
}

// text reads the string that begins here, if it is valid, and returns its unescaped
// content, which is only good until the next call.
func (l *lexer) text() (text []byte, ok bool) {
	if l.pos == len(l.src) || l.src[l.pos] != '"' {
		return nil, false
	}
	begin := l.pos + 1
	end := begin + jsonscan.PlainPrefix(l.src[begin:])
	if end < len(l.src) && l.src[end] == '"' {
		l.pos = end + 1
		return l.src[begin:end], true
	}
	return l.oddText(begin, end)
}

// oddText is text for a string whose byte at i is the first that isn't printable ASCII.
func (l *lexer) oddText(begin, i int) (text []byte, ok bool) {
	escaped := false
	for ; i < len(l.src); i++ {
		switch c := l.src[i]; {
		case c == '\\':
			escaped = true
			i++
		case c == '"' && !escaped:
			l.pos = i + 1
			return l.src[begin:i], utf8.Valid(l.src[begin:i])
		case c == '"':
			var err error
			l.unquoted, err = jsontext.AppendUnquote(l.unquoted[:0], l.src[begin-1:i+1])
			l.pos = i + 1
			return l.unquoted, err == nil
		case c < ' ':
			return nil, false
		}
	}
	return nil, false
}

// number reads the number that begins here, if it is valid and short enough for a
// decimal.
func (l *lexer) number() (n jsonscan.Decimal, text []byte, ok bool) {
	i := l.pos
	if i < len(l.src) && l.src[i] == '-' {
		i++
	}
	begin := i
	i = n.AddDigits(l.src, i)
	digits := i - begin
	if digits == 0 || digits > 1 && l.src[begin] == '0' {
		return n, nil, false
	}
	if i < len(l.src) && l.src[i] == '.' {
		point := i
		i = n.AddDigits(l.src, point+1)
		n.Places = i - point - 1
		if digits += n.Places; n.Places == 0 {
			return n, nil, false
		}
	}
	if digits > jsonscan.MaxDecimalDigits || i < len(l.src) && (l.src[i] == 'e' || l.src[i] == 'E') {
		return n, nil, false
	}
	if l.src[l.pos] == '-' {
		if n.Digits == 0 {
			return n, nil, false
		}
		n.Digits = -n.Digits
	}
	return n, l.src[l.pos:i], true
}

// extent reads the value that begins here and returns its text, if it is JSON.
func (l *lexer) extent() (text []byte, ok bool) {
	begin, depth := l.pos, 0
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; c {
		case '"':
			if !l.skipText() {
				return nil, false
			}
			if depth == 0 {
				return l.src[begin:l.pos], true
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return l.src[begin:l.pos], true
			}
			depth--
			if depth == 0 {
				l.pos++
				return l.src[begin:l.pos], true
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return l.src[begin:l.pos], true
			}
		}
		l.pos++
	}
	return l.src[begin:], depth == 0
}

// skipText moves past the string that begins here, and reports whether it ends.
func (l *lexer) skipText() bool {
	for i := l.pos + 1; i < len(l.src); i++ {
		switch l.src[i] {
		case '\\':
			i++
		case '"':
			l.pos = i + 1
			return true
		}
	}
	return false
}

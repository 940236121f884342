package jsonscan

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// A Scanner steps through the text of a JSON value that is known to be valid, so that it
// only has to find where values end.
type Scanner struct {
	Src []byte
	Pos int
}

// Space moves to where the next value, name or closing bracket begins, and returns its
// first byte.
func (s *Scanner) Space() byte {
	for {
		switch c := s.Src[s.Pos]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
			s.Pos++
		default:
			return c
		}
	}
}

// Text moves past the string that begins here. It returns the text between the quotes,
// and whether that has escapes.
func (s *Scanner) Text() (text []byte, escaped bool) {
	begin := s.Pos + 1
	for i := begin; ; i++ {
		switch s.Src[i] {
		case '"':
			s.Pos = i + 1
			return s.Src[begin:i], escaped
		case '\\':
			escaped = true
			i++
		}
	}
}

// Unescaped moves past the string that begins here, and returns its unescaped content.
func (s *Scanner) Unescaped() []byte {
	begin := s.Pos
	text, escaped := s.Text()
	if escaped {
		text, _ = jsontext.AppendUnquote(nil, s.Src[begin:s.Pos]) // it is valid
	}
	return text
}

// Literal moves past the number, true, false or null that begins here, and returns it.
func (s *Scanner) Literal() []byte {
	begin := s.Pos
	for s.Pos < len(s.Src) {
		switch s.Src[s.Pos] {
		case ',', ']', '}', ' ', '\t', '\n', '\r':
			return s.Src[begin:s.Pos]
		}
		s.Pos++
	}
	return s.Src[begin:]
}

// Skip moves past the value that begins here, and returns it.
func (s *Scanner) Skip() []byte {
	begin := s.Pos
	for depth := 0; ; {
		switch s.Space() {
		case '"':
			s.Text()
		case '{', '[':
			s.Pos++
			depth++
			continue
		case '}', ']':
			s.Pos++
			depth--
		default:
			s.Literal()
		}
		if depth == 0 {
			return s.Src[begin:s.Pos]
		}
	}
}

// IsJSON reports whether text is one JSON value (RFC 8259) without invalid UTF-8
// and duplicate names.
func IsJSON(text []byte) bool { return jsontext.Value(text).IsValid() }

// Canonical returns a form that is the same for equal JSON values.
func Canonical(value []byte) string {
	s := Scanner{Src: value}
	return string(s.appendCanonical(nil))
}

func (s *Scanner) appendCanonical(b []byte) []byte {
	switch s.Space() {
	case '"':
		b, _ = jsontext.AppendQuote(b, s.Unescaped()) // it is valid
	case '[':
		b = append(b, '[')
		for s.Pos++; s.Space() != ']'; {
			b = append(s.appendCanonical(b), ',')
		}
		s.Pos++
		b = append(b, ']')
	case '{':
		var members [][]byte
		for s.Pos++; s.Space() != '}'; {
			name, _ := jsontext.AppendQuote([]byte(nil), s.Unescaped()) // it is valid
			s.Space()
			members = append(members, s.appendCanonical(append(name, ':')))
		}
		s.Pos++
		slices.SortFunc(members, bytes.Compare)
		b = append(append(append(b, '{'), bytes.Join(members, []byte{','})...), '}')
	case 't', 'f', 'n':
		b = append(b, s.Literal()...)
	default:
		b = ParseNumber(s.Literal()).AppendCanonical(b)
	}
	return b
}

package tigertonic

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// A scanner goes through the text of a JSON value that is known to be valid, so
// that it needn't look at more than where values end.
type scanner struct {
	src []byte
	pos int
}

// space goes to where the next value, name or closing bracket begins, and
// returns its first byte.
func (s *scanner) space() byte {
	for {
		switch c := s.src[s.pos]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
			s.pos++
		default:
			return c
		}
	}
}

// string goes behind the string that begins here. It returns what is between
// its quotes, and whether there are escapes in that.
func (s *scanner) string() (text []byte, escaped bool) {
	begin := s.pos + 1
	for i := begin; ; i++ {
		switch s.src[i] {
		case '"':
			s.pos = i + 1
			return s.src[begin:i], escaped
		case '\\':
			escaped = true
			i++
		}
	}
}

// unescaped goes behind the string that begins here, and returns what it stands
// for.
func (s *scanner) unescaped() []byte {
	begin := s.pos
	text, escaped := s.string()
	if escaped {
		text, _ = jsontext.AppendUnquote(nil, s.src[begin:s.pos]) // it is valid
	}
	return text
}

// literal goes behind the number, true, false or null that begins here, and
// returns it.
func (s *scanner) literal() []byte {
	begin := s.pos
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case ',', ']', '}', ' ', '\t', '\n', '\r':
			return s.src[begin:s.pos]
		}
		s.pos++
	}
	return s.src[begin:]
}

// skip goes behind the value that begins here, and returns it.
func (s *scanner) skip() []byte {
	begin := s.pos
	for depth := 0; ; {
		switch s.space() {
		case '"':
			s.string()
		case '{', '[':
			s.pos++
			depth++
			continue
		case '}', ']':
			s.pos++
			depth--
		default:
			s.literal()
		}
		if depth == 0 {
			return s.src[begin:s.pos]
		}
	}
}

// isJSON tells whether text is one JSON value (RFC 8259) without invalid UTF-8
// and duplicate names.
func isJSON(text []byte) bool { return jsontext.Value(text).IsValid() }

// canonical returns what equal JSON values have in common.
func canonical(value []byte) string {
	s := scanner{src: value}
	return string(s.appendCanonical(nil))
}

func (s *scanner) appendCanonical(b []byte) []byte {
	switch s.space() {
	case '"':
		b, _ = jsontext.AppendQuote(b, s.unescaped()) // it is valid
	case '[':
		b = append(b, '[')
		for s.pos++; s.space() != ']'; {
			b = append(s.appendCanonical(b), ',')
		}
		s.pos++
		b = append(b, ']')
	case '{':
		var members [][]byte
		for s.pos++; s.space() != '}'; {
			name, _ := jsontext.AppendQuote([]byte(nil), s.unescaped()) // it is valid
			s.space()
			members = append(members, s.appendCanonical(append(name, ':')))
		}
		s.pos++
		slices.SortFunc(members, bytes.Compare)
		b = append(append(append(b, '{'), bytes.Join(members, []byte{','})...), '}')
	case 't', 'f', 'n':
		b = append(b, s.literal()...)
	default:
		b = parseNumber(s.literal()).appendCanonical(b)
	}
	return b
}

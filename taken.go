package tigertonic

import (
	"hash/maphash"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A taken is a text that may be JSON, as far as it has been read: see take.go.
type taken struct {
	src      []byte
	pos      int
	unquoted []byte // a string that was written with escapes
}

// next goes behind white space and returns the byte that is there, or 0 at the end.
func (t *taken) next() byte {
	for ; t.pos < len(t.src); t.pos++ {
		switch c := t.src[t.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// comma goes behind the comma that is next, and tells whether there is one.
func (t *taken) comma() bool { return t.closes(',') }

// closes goes behind the byte c, and tells whether it is next.
func (t *taken) closes(c byte) bool {
	if t.next() != c {
		return false
	}
	t.pos++
	return true
}

// text goes behind the string that begins here, if there is a valid one, and returns
// what it stands for until the next is asked for.
func (t *taken) text() (text []byte, ok bool) {
	if t.pos == len(t.src) || t.src[t.pos] != '"' {
		return nil, false
	}
	begin := t.pos + 1
	end := begin + plainPrefix(t.src[begin:])
	if end < len(t.src) && t.src[end] == '"' {
		t.pos = end + 1
		return t.src[begin:end], true
	}
	return t.oddText(begin, end)
}

// oddText is text where there is, at i, the first byte that isn't printable ASCII.
func (t *taken) oddText(begin, i int) (text []byte, ok bool) {
	escaped := false
	for ; i < len(t.src); i++ {
		switch c := t.src[i]; {
		case c == '\\':
			escaped = true
			i++
		case c == '"' && !escaped:
			t.pos = i + 1
			return t.src[begin:i], utf8.Valid(t.src[begin:i])
		case c == '"':
			var err error
			t.unquoted, err = jsontext.AppendUnquote(t.unquoted[:0], t.src[begin-1:i+1])
			t.pos = i + 1
			return t.unquoted, err == nil
		case c < ' ':
			return nil, false
		}
	}
	return nil, false
}

// number returns the number that begins here, if it is a valid one that fixed can be.
func (t *taken) number() (n fixed, text []byte, ok bool) {
	i := t.pos
	if i < len(t.src) && t.src[i] == '-' {
		i++
	}
	begin := i
	i = n.digitsOf(t.src, i)
	digits := i - begin
	if digits == 0 || digits > 1 && t.src[begin] == '0' {
		return n, nil, false
	}
	if i < len(t.src) && t.src[i] == '.' {
		point := i
		i = n.digitsOf(t.src, point+1)
		n.places = i - point - 1
		if digits += n.places; n.places == 0 {
			return n, nil, false
		}
	}
	if digits > maxFixed || i < len(t.src) && (t.src[i] == 'e' || t.src[i] == 'E') {
		return n, nil, false
	}
	if t.src[t.pos] == '-' {
		if n.digits == 0 {
			return n, nil, false
		}
		n.digits = -n.digits
	}
	return n, t.src[t.pos:i], true
}

// digitsOf adds the digits in text from i on, and returns where they end.
func (n *fixed) digitsOf(text []byte, i int) int {
	for ; i < len(text) && text[i] >= '0' && text[i] <= '9'; i++ {
		n.digits = n.digits*10 + int64(text[i]-'0')
	}
	return i
}

// extent goes behind the value that begins here, and returns it, if it is JSON.
func (t *taken) extent() (text []byte, ok bool) {
	begin, depth := t.pos, 0
	for t.pos < len(t.src) {
		switch c := t.src[t.pos]; c {
		case '"':
			if !t.skipText() {
				return nil, false
			}
			if depth == 0 {
				return t.src[begin:t.pos], true
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return t.src[begin:t.pos], true
			}
			depth--
			if depth == 0 {
				t.pos++
				return t.src[begin:t.pos], true
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return t.src[begin:t.pos], true
			}
		}
		t.pos++
	}
	return t.src[begin:], depth == 0
}

// skipText goes behind the string that begins here, if it ends.
func (t *taken) skipText() bool {
	for i := t.pos + 1; i < len(t.src); i++ {
		switch t.src[i] {
		case '\\':
			i++
		case '"':
			t.pos = i + 1
			return true
		}
	}
	return false
}

// texts are strings that bodies have had, for the same short ones come again and
// again.
type texts struct {
	seed maphash.Seed
	kept [256]string
}

// maxKeptText is how long a string may be that is kept.
const maxKeptText = 256

// text returns b as a string.
func (t *texts) text(b []byte) string {
	if len(b) > maxKeptText || len(b) == 0 {
		return string(b)
	}
	kept := &t.kept[maphash.Bytes(t.seed, b)%uint64(len(t.kept))]
	if *kept != string(b) {
		*kept = string(b)
	}
	return *kept
}

package openapi

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// A document in YAML (1.2, RFC 9512) is the one in JSON, token by token, in block style.
// Strings stand without quotes where no reader can take them for anything else; all others
// are in double quotes, in which YAML has JSON's escapes.

// yamlOf returns a JSON value as YAML.
func yamlOf(text []byte) []byte {
	w := yamlWriter{dec: jsontext.NewDecoder(bytes.NewReader(text))}
	w.value(0, true)
	return append(w.b, '\n')
}

type yamlWriter struct {
	dec *jsontext.Decoder
	b   []byte
}

func (w *yamlWriter) token() jsontext.Token {
	t, err := w.dec.ReadToken()
	if err != nil {
		panic(fmt.Sprintf("tigertonic: openapi: %v", err)) // the JSON is ours
	}
	return t
}

// value writes a value that stands in this depth: at the beginning of a line or behind a
// dash, where an object or an array can begin, or behind a colon.
func (w *yamlWriter) value(depth int, begins bool) {
	switch t := w.token(); t.Kind() {
	case '{':
		w.members('}', "{}", depth, begins)
	case '[':
		w.members(']', "[]", depth, begins)
	case '"':
		w.string(t.String())
	default:
		w.b = append(w.b, t.String()...)
	}
}

// members writes what is in an object or an array, up to its end.
func (w *yamlWriter) members(end jsontext.Kind, empty string, depth int, begins bool) {
	if w.dec.PeekKind() == end {
		w.token()
		w.b = append(w.b, empty...)
		return
	}
	for w.dec.PeekKind() != end {
		if !begins {
			if last := len(w.b) - 1; last >= 0 && w.b[last] == ' ' {
				w.b = w.b[:last] // behind a colon
			}
			w.b = append(w.b, '\n')
			w.b = append(w.b, strings.Repeat("  ", depth)...)
		}
		begins = false
		if end == ']' {
			w.b = append(w.b, "- "...)
			w.value(depth+1, true)
			continue
		}
		w.string(w.token().String())
		w.b = append(w.b, ": "...)
		w.value(depth+1, false)
	}
	w.token()
}

func (w *yamlWriter) string(s string) {
	if isPlain(s) {
		w.b = append(w.b, s...)
		return
	}
	w.b = append(w.b, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			w.b = append(w.b, '\\', byte(c))
		case c == '\n':
			w.b = append(w.b, `\n`...)
		case c > 0xffff && !unicode.IsPrint(c):
			w.b = fmt.Appendf(w.b, `\U%08x`, c)
		case !unicode.IsPrint(c):
			w.b = fmt.Appendf(w.b, `\u%04x`, c)
		default:
			w.b = append(w.b, string(c)...)
		}
	}
	w.b = append(w.b, '"')
}

// isPlain reports whether a string needs no quotes: it begins like a word or a path, has
// nothing that YAML gives a meaning, and isn't one of the words that some versions of YAML
// take for another type.
func isPlain(s string) bool {
	if s == "" || s[len(s)-1] == ' ' || !isLetter(s[0]) && s[0] != '/' && s[0] != '$' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && !strings.ContainsRune(" _-./(),;+*$'{}[]|<>=@&!?%", rune(c)) {
			return false
		}
	}
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return false
	}
	return true
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

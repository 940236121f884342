package jsonscan

import (
	jsonv1 "encoding/json"
	"math/bits"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/rcrowley/go-tigertonic/internal/swar"
)

// How strings become JSON.

// AppendString appends a string. It copies plain ASCII a run at a time.
func AppendString(b []byte, text string) ([]byte, bool) {
	b = append(b, '"')
	for {
		n := PlainPrefix(text)
		b = append(b, text[:n]...)
		if text = text[n:]; text == "" {
			return append(b, '"'), true
		}
		if text[0] < utf8.RuneSelf {
			b = appendEscape(b, text[0])
			text = text[1:]
			continue
		}
		end := 0
		for end < len(text) && text[end] >= utf8.RuneSelf {
			_, size := utf8.DecodeRuneInString(text[end:])
			if size == 1 {
				return b, false // it isn't UTF-8
			}
			end += size
		}
		b = append(b, text[:end]...)
		text = text[end:]
	}
}

// PlainPrefix returns how much of a text is printable ASCII without quotes and
// backslashes. It looks at eight bytes at a time, in each of which the highest bit
// of the result is set by what isn't: a byte from 0x80 on has it itself, one under
// 0x20 borrows it, and one that is a quote or a backslash is 0 after the
// exclusive or, which borrows, too. As it is borrowed from the byte above, which
// may then be wrong, only the lowest one counts.
func PlainPrefix[T string | []byte](text T) int {
	i := 0
	for ; len(text)-i >= 8; i += 8 {
		x := swar.WordOf(text[i : i+8])
		quote, backslash := x^('"'*swar.Ones), x^('\\'*swar.Ones)
		if odd := (x | (x - ' '*swar.Ones) | (quote-swar.Ones)&^quote | (backslash-swar.Ones)&^backslash) &^ swar.Low; odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(text) && text[i] >= ' ' && text[i] != '"' && text[i] != '\\' && text[i] < utf8.RuneSelf {
		i++
	}
	return i
}

// appendEscape appends a character that must be escaped (RFC 8785 §3.2.2.2).
func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
}

// AppendHTMLSafeString appends a string like encoding/json, which also escapes characters
// that are special in HTML and JavaScript.
func AppendHTMLSafeString(b []byte, text string) []byte {
	begin := len(b)
	b, ok := AppendString(b, text)
	if ok && isHTMLSafe(b[begin:]) {
		return b
	}
	quoted, _ := jsonv1.Marshal(text) // strings always encode
	return append(b[:begin], quoted...)
}

func isHTMLSafe(text []byte) bool {
	for _, c := range text {
		switch c {
		case '<', '>', '&', "\u2028"[0]: // which is that of U+2029, too
			return false
		}
	}
	return true
}

// Quote returns a text as a JSON string, with invalid UTF-8 replaced.
func Quote(text string) jsonv1.RawMessage {
	quoted, _ := jsontext.AppendQuote(nil, text)
	return quoted
}

package tigertonic

import (
	jsonv1 "encoding/json"
	"math/bits"
	"unicode/utf8"
)

// How strings become JSON: see append.go.

// appendText appends a string: what is plain ASCII as it is, a run at a time.
func appendText(b []byte, text string) ([]byte, bool) {
	b = append(b, '"')
	for {
		n := plainPrefix(text)
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

// plainPrefix returns how much of a text is printable ASCII without quotes and
// backslashes. It looks at eight bytes at a time, in each of which the highest bit
// of the result is set by what isn't: a byte from 0x80 on has it itself, one under
// 0x20 borrows it, and one that is a quote or a backslash is 0 after the
// exclusive or, which borrows, too. As it is borrowed from the byte above, which
// may then be wrong, only the lowest one counts.
func plainPrefix[T string | []byte](text T) int {
	i := 0
	for ; len(text)-i >= 8; i += 8 {
		x := wordOf(text[i : i+8])
		quote, backslash := x^('"'*ones), x^('\\'*ones)
		if odd := (x | (x - ' '*ones) | (quote-ones)&^quote | (backslash-ones)&^backslash) &^ low; odd != 0 {
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

// appendHTMLSafe appends a string as encoding/json does, which escapes what HTML
// and JavaScript could take for something else.
func appendHTMLSafe(b []byte, text string) []byte {
	begin := len(b)
	b, ok := appendText(b, text)
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

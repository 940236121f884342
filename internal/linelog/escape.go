package linelog

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Escape returns text for a log, in which nothing can end the line or control a
// terminal: characters that can't be printed are escaped as in Go, and so are
// those in special.
func Escape(text, special string) string {
	safe := func(c rune) bool {
		return (c == '\t' || c >= ' ' && c < 0x7f) && !strings.ContainsRune(special, c)
	}
	first := strings.IndexFunc(text, func(c rune) bool { return !safe(c) })
	if first < 0 {
		return text
	}
	longer := 0
	for _, c := range text[first:] {
		if !safe(c) {
			longer += len(`\x01`) - 1
		}
	}
	var b strings.Builder
	b.Grow(len(text) + longer)
	var quoted [16]byte
	for text != "" {
		c, size := utf8.DecodeRuneInString(text)
		switch {
		case c == utf8.RuneError && size == 1:
			b.WriteString(`\x`)
			b.Write(hex.AppendEncode(quoted[:0], []byte(text[:1])))
		case safe(c), c >= utf8.RuneSelf && unicode.IsPrint(c):
			b.WriteRune(c)
		case c == ' ':
			b.WriteString(`\x20`)
		case c > ' ' && strings.ContainsRune(special, c):
			b.WriteByte('\\')
			b.WriteRune(c)
		default:
			inQuotes := strconv.AppendQuoteRune(quoted[:0], c)
			b.Write(inQuotes[1 : len(inQuotes)-1])
		}
		text = text[size:]
	}
	return b.String()
}

// unescapeHTML undoes [json.HTMLEscape] for <, > and &.
func unescapeHTML(text string) string {
	return strings.NewReplacer(`\\`, `\\`, `\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(text)
}

// EscapeJSON escapes the characters within a JSON text that can't be printed but
// needn't be escaped in JSON, or that a Redactor has put there.
func EscapeJSON(text []byte) string {
	if utf8.Valid(text) && !bytes.ContainsFunc(text, func(c rune) bool { return !isShown(c) }) {
		return string(text)
	}
	var b strings.Builder
	b.Grow(len(text) + len(text)/4)
	for len(text) > 0 {
		c, size := utf8.DecodeRune(text)
		switch {
		case isShown(c) && (c != utf8.RuneError || size != 1):
			b.Write(text[:size])
		case c > 0xffff:
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
		text = text[size:]
	}
	return b.String()
}

func isShown(c rune) bool { return c >= ' ' && c < 0x7f || c > 0x7f && unicode.IsPrint(c) }

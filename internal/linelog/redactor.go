package linelog

import (
	"bytes"
	"encoding/json"
	"net/textproto"
	"strings"
)

// A Redactor removes from a text what mustn't be logged. It is the user's: if it panics,
// nothing of the text is logged. Nil removes nothing.
type Redactor func(string) string

// Redacted is logged in place of a credential.
const Redacted = "** redacted **"

// NotLogged is logged in place of a text whose Redactor panicked.
const NotLogged = "** not logged: the redactor panicked **"

// Redact returns what may be logged of text, with nothing raw left if the
// Redactor panics.
func (f Redactor) Redact(text string) (redacted string) {
	redacted, ok := f.try(text)
	if !ok {
		return NotLogged
	}
	return redacted
}

// try is Redact, and reports whether the Redactor returned.
func (f Redactor) try(text string) (redacted string, ok bool) {
	if f == nil {
		return text, true
	}
	defer func() {
		if recover() != nil {
			redacted, ok = "", false
		}
	}()
	return f(text), true
}

// Header returns what may be logged of a header's values.
func (f Redactor) Header(name, value string) string {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie":
		return Redacted
	}
	if f == nil {
		return value
	}
	return strings.TrimPrefix(f.Redact(name+": "+value), name+": ")
}

// Line returns what may be logged of a line, after the prefix, or the prefix and withheld
// if the Redactor panics. The Redactor gets escaped parts in both forms.
func (f Redactor) Line(prefix, text, withheld string) string {
	line := prefix
	if text != "" {
		line += " " + text
	}
	if shown := Escape(line, ""); shown != line {
		redacted, ok := f.try(line)
		if !ok {
			return prefix + " " + withheld
		}
		line = Escape(redacted, "")
	}
	redacted, ok := f.try(line)
	if !ok {
		return prefix + " " + withheld
	}
	return Escape(redacted, "")
}

// Block returns what may be logged of a text of several lines, after the prefix.
func (f Redactor) Block(prefix, text string) string {
	if f == nil || !strings.Contains(text, "\n") {
		return text
	}
	return strings.TrimPrefix(f.Redact(prefix+" "+text+"\n"), prefix+" ")
}

// Object returns what may be logged of a line with a JSON object, unless the Redactor
// panics. The Redactor also gets the line with <, > and & escaped, as by [json.Marshal].
func (f Redactor) Object(line string) (redacted string, ok bool) {
	if f == nil {
		return line, true
	}
	var b bytes.Buffer
	json.HTMLEscape(&b, []byte(line))
	if b.String() != line {
		if line, ok = f.try(b.String() + "\n"); !ok {
			return "", false
		}
		line = unescapeHTML(strings.TrimSuffix(line, "\n"))
	}
	line, ok = f.try(line + "\n")
	return EscapeJSON([]byte(strings.TrimSuffix(line, "\n"))), ok
}

package openapi

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The page is written as HTML that stands in this package's source, with holes for what
// comes from elsewhere. What fills a hole can't become more than text: %s is escaped for
// where it may stand, between tags and within the quotes of an attribute, and %u is an
// address, of which a text alone can't be one. A test reads all the markup in the source
// and holds it to that. (Package html/template finds this out while the program runs; but
// its use of reflection keeps every exported method of a program from being left out of
// the binary, which is two megabytes of a small service.)

// Markup is HTML as it stands in the source. Only constants become it.
type markup string

// A link is an address that is safe to follow.
type link struct{ address string }

// fragment leads to an element of the same page.
func fragment(id string) link { return link{"#" + url.PathEscape(id)} }

// query leads to another part of the page, by pairs of names and values.
func query(pairs ...string) link {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString(url.QueryEscape(pairs[i]))
		if pairs[i+1] != "" {
			b.WriteString("=" + url.QueryEscape(pairs[i+1]))
		}
	}
	return link{b.String()}
}

// outward is a link of a description: to the web, within the host or within the page.
// Others lead nowhere.
func outward(address string) link {
	for _, prefix := range []string{"https://", "http://", "/", "#"} {
		if strings.HasPrefix(address, prefix) {
			return link{address}
		}
	}
	return link{"#"}
}

// An htmlWriter writes a page. The zero value has written nothing.
type htmlWriter struct{ b []byte }

// put writes markup. Each %s in it is a string, %d an int and %u a link. It panics if the
// values aren't these.
func (w *htmlWriter) put(m markup, values ...any) {
	for {
		i := strings.IndexByte(string(m), '%')
		if i < 0 {
			break
		}
		w.b = append(w.b, m[:i]...)
		if len(values) == 0 {
			panic(fmt.Sprintf("tigertonic: openapi: no value for %q", m[i:]))
		}
		w.value(m[i+1], values[0])
		m, values = m[i+2:], values[1:]
	}
	if len(values) > 0 {
		panic(fmt.Sprintf("tigertonic: openapi: %d values too many", len(values)))
	}
	w.b = append(w.b, m...)
}

func (w *htmlWriter) value(verb byte, value any) {
	switch v := value.(type) {
	case string:
		if verb == 's' {
			w.text(v)
			return
		}
	case int:
		if verb == 'd' {
			w.b = strconv.AppendInt(w.b, int64(v), 10)
			return
		}
	case link:
		if verb == 'u' {
			w.text(v.address)
			return
		}
	}
	panic(fmt.Sprintf("tigertonic: openapi: a %T for %%%c", value, verb))
}

// text writes a text that stands between tags, or within the quotes of an attribute.
// What isn't UTF-8, and NUL, which isn't HTML, are replaced.
func (w *htmlWriter) text(s string) {
	for _, c := range s {
		switch c {
		case '&':
			w.b = append(w.b, "&amp;"...)
		case '<':
			w.b = append(w.b, "&lt;"...)
		case '>':
			w.b = append(w.b, "&gt;"...)
		case '"':
			w.b = append(w.b, "&#34;"...)
		case '\'':
			w.b = append(w.b, "&#39;"...)
		case 0:
			c = utf8.RuneError
			fallthrough
		default:
			w.b = utf8.AppendRune(w.b, c)
		}
	}
}

// when writes markup if a condition is true.
func (w *htmlWriter) when(condition bool, m markup, values ...any) {
	if condition {
		w.put(m, values...)
	}
}

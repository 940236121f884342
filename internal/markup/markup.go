// Package markup writes pages: HTML that stands in the source of the library, with holes
// for what comes from elsewhere. What fills a hole can't become more than text: %s is
// escaped for where it may stand, between tags and within the quotes of an attribute, and
// %u is an address, which a text alone can't become. A test reads all markup in the source
// and holds it to that. The package doesn't know what a page is about.
//
// Package html/template finds this out while the program runs; but its use of reflection
// makes the linker keep every exported method, which is 3 MB of a small service.
package markup

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// HTML is markup as it stands in the source. Only constants become it.
type HTML string

// A Link is an address that is safe to follow.
type Link struct{ address string }

// To is a link to an address that stands in the source.
func To(address HTML) Link { return Link{string(address)} }

// Fragment leads to an element of the same page.
func Fragment(id string) Link { return Link{"#" + url.PathEscape(id)} }

// Path leads to a name in the page's own folder, with a query of pairs.
func Path(name string, pairs ...string) Link {
	address := url.PathEscape(name)
	if strings.Contains(address, ":") {
		address = "./" + address // or what is before the colon would be a scheme
	}
	return Link{address + Query(pairs...).address}
}

// Query leads to another part of the page, by pairs of names and values.
func Query(pairs ...string) Link {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString(url.QueryEscape(pairs[i]))
		if pairs[i+1] != "" {
			b.WriteString("=" + url.QueryEscape(pairs[i+1]))
		}
	}
	return Link{b.String()}
}

// Outward is a link of a description: to the web, within the host or within the page.
// Others lead nowhere.
func Outward(address string) Link {
	for _, prefix := range []string{"https://", "http://", "/", "#"} {
		if strings.HasPrefix(address, prefix) {
			return Link{address}
		}
	}
	return Link{"#"}
}

// A Writer writes a page. The zero value has written nothing.
type Writer struct{ b []byte }

// Bytes returns what has been written. The next write may change it.
func (w *Writer) Bytes() []byte { return w.b }

// Len returns the number of bytes that have been written.
func (w *Writer) Len() int { return len(w.b) }

// Asset writes a style or a script of the library as it is, into its element.
func (w *Writer) Asset(text string) { w.b = append(w.b, text...) }

// Put writes markup. Each %s in it is a string, %d an int or int64 and %u a Link. It panics
// if the values aren't these.
func (w *Writer) Put(m HTML, values ...any) {
	for {
		i := strings.IndexByte(string(m), '%')
		if i < 0 {
			break
		}
		w.b = append(w.b, m[:i]...)
		if len(values) == 0 {
			panic(fmt.Sprintf("tigertonic: no value for %q of a page", m[i:]))
		}
		w.value(m[i+1], values[0])
		m, values = m[i+2:], values[1:]
	}
	if len(values) > 0 {
		panic(fmt.Sprintf("tigertonic: %d values too many for a page", len(values)))
	}
	w.b = append(w.b, m...)
}

func (w *Writer) value(verb byte, value any) {
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
	case int64:
		if verb == 'd' {
			w.b = strconv.AppendInt(w.b, v, 10)
			return
		}
	case Link:
		if verb == 'u' {
			w.text(v.address)
			return
		}
	}
	panic(fmt.Sprintf("tigertonic: a %T for %%%c of a page", value, verb))
}

// text writes a text that stands between tags, or within the quotes of an attribute.
// What isn't UTF-8, and NUL, which isn't HTML, are replaced.
func (w *Writer) text(s string) {
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

// When writes markup if a condition is true.
func (w *Writer) When(condition bool, m HTML, values ...any) {
	if condition {
		w.Put(m, values...)
	}
}

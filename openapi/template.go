package openapi

import (
	"net/url"
	"strings"
)

// A template is a path in OpenAPI's words: literals and {wildcards}, one a
// segment.
type template []segment

// A segment is the text of a literal, or the name of a wildcard.
type segment struct {
	text     string
	wildcard bool
	rest     bool // a wildcard for the rest of the path
}

// newTemplate returns the template of a mux's pattern.
func newTemplate(pattern string) template {
	var t template
	for text := range strings.SplitSeq(strings.TrimPrefix(pattern, "/"), "/") {
		if !strings.HasPrefix(text, "{") {
			t = append(t, segment{text: text})
			continue
		}
		name, rest := strings.CutSuffix(text[1:len(text)-1], "...")
		t = append(t, segment{name, true, rest})
	}
	return t
}

// String returns the path, "/stuff/{id}", with its literals as they stand in a
// URL.
func (t template) String() string {
	var b strings.Builder
	for _, s := range t {
		b.WriteByte('/')
		if s.wildcard {
			b.WriteString("{" + s.text + "}")
		} else {
			u := url.URL{Path: s.literal(), RawPath: s.text}
			b.WriteString(u.EscapedPath())
		}
	}
	return b.String()
}

// key is the same for templates that OpenAPI takes for the same: those that
// differ in the names of wildcards, and in how literals are escaped.
func (t template) key() string {
	var b strings.Builder
	for _, s := range t {
		if s.wildcard {
			b.WriteString("/{}")
		} else {
			b.WriteString("/" + url.PathEscape(s.literal()))
		}
	}
	return b.String()
}

// literal returns the text unescaped, as the mux has checked that it can be.
func (s segment) literal() string {
	text, err := url.PathUnescape(s.text)
	if err != nil {
		return s.text
	}
	return text
}

// endsInRest reports whether the last segment takes the rest of the path.
func (t template) endsInRest() bool { return t[len(t)-1].rest }

// names returns the names of the wildcards.
func (t template) names() (names []string) {
	for _, s := range t {
		if s.wildcard {
			names = append(names, s.text)
		}
	}
	return names
}

// rename returns a copy of the template with other names for the wildcards.
func (t template) rename(names []string) template {
	renamed := append(template(nil), t...)
	i := 0
	for j := range renamed {
		if renamed[j].wildcard {
			renamed[j].text = names[i]
			i++
		}
	}
	return renamed
}

// uniqueNames returns names that can stand in a document: without braces and
// each but once. A namespace's wildcard gives way to one within it, whose value
// it is that handlers read.
func uniqueNames(names []string) []string {
	unique := make([]string, len(names))
	taken := map[string]bool{}
	for i := len(names) - 1; i >= 0; i-- {
		name := strings.NewReplacer("{", "_", "}", "_").Replace(names[i])
		for taken[name] {
			name = "outer_" + name
		}
		unique[i], taken[name] = name, true
	}
	return unique
}

// example returns a URL that the template matches and no literal is in the way
// of. Where it takes the rest of a path, there is much of it, lest patterns with
// as many wildcards match.
func (t template) example() *url.URL {
	const value = "~"
	var path, raw strings.Builder
	add := func(text string) {
		path.WriteString("/" + text)
		raw.WriteString("/" + url.PathEscape(text))
	}
	for _, s := range t {
		switch {
		case s.rest:
			for range 64 {
				add(value)
			}
		case s.wildcard:
			add(value)
		default:
			add(s.literal())
		}
	}
	return &url.URL{Path: path.String(), RawPath: raw.String()}
}

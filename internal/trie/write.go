package trie

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// AppendPath appends the escaped path with these values for the wildcards, in which the
// router finds the same values. It returns an error if there is no such path: for an
// empty value, except of {name...}; for one with a dot segment, which no pattern matches
// (RFC 3986 §3.3); and for one that isn't UTF-8. It escapes a slash in the value of
// {name}, but not in that of {name...}, unless the path would begin with two slashes and
// look like a host (RFC 3986 §4.2).
func AppendPath(b []byte, segments []Segment, value func(name string) (string, error)) ([]byte, error) {
	for i, s := range segments {
		b = append(b, '/')
		if s.Kind == Literal {
			if i == 0 && s.Text == "" && len(segments) > 1 {
				return nil, fmt.Errorf("the path begins with two slashes, as that of a host does")
			}
			b = append(b, url.PathEscape(s.Text)...)
			continue
		}
		text, err := value(s.Text)
		switch {
		case err != nil:
			return nil, err
		case text == "" && s.Kind == Wildcard:
			return nil, fmt.Errorf("the wildcard {%s} is empty, which no path matches", s.Text)
		case hasDotSegment(text):
			return nil, fmt.Errorf("the wildcard {%s} has a dot segment, which no path matches", s.Text)
		case !utf8.ValidString(text):
			return nil, fmt.Errorf("the wildcard {%s} isn't valid UTF-8", s.Text)
		case s.Kind == Wildcard:
			b = append(b, url.PathEscape(text)...)
			continue
		}
		if rest, ok := strings.CutPrefix(text, "/"); ok && i == 0 {
			b, text = append(b, "%2F"...), rest
		}
		for j, part := range strings.Split(text, "/") {
			if j > 0 {
				b = append(b, '/')
			}
			b = append(b, url.PathEscape(part)...)
		}
	}
	return b, nil
}

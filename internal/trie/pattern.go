package trie

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// The pattern language. A pattern is a path of segments, each after a slash. A segment is
//
//	literal    text that a path's segment equals once both are unescaped
//	{name}     a wildcard for one segment that isn't empty
//	{name...}  a wildcard for the rest of the path, empty or not; it comes last
//
// A name may have any characters except a colon, an asterisk, a plus sign at its end, and
// unpaired braces. The name of {{id}} is "{id}" and, as in the classic API, also "id".
// The syntax of other routers, :id, *rest and {id:[0-9]+}, is refused.
//
// A namespace is a pattern, or "", without the last kind.

// A Segment is a segment of a pattern.
type Segment struct {
	Text string // of a literal, unescaped, or the name of a wildcard
	Kind Kind
}

// A Kind is what a segment matches.
type Kind uint8

// The kinds of segments.
const (
	Literal  Kind = iota
	Wildcard      // {name}
	Rest          // {name...}
)

// A SyntaxError says what is wrong with a pattern.
type SyntaxError struct {
	Offset int    // in bytes, of where it is wrong
	Text   string // what a panic at registration says of it
}

// ParsePattern splits a pattern into its segments.
func ParsePattern(pattern string) ([]Segment, *SyntaxError) {
	if !strings.HasPrefix(pattern, "/") {
		return nil, &SyntaxError{0, "a pattern begins with a slash"}
	}
	var segments []Segment
	names := map[string]bool{}
	for offset := 1; ; {
		text, _, more := strings.Cut(pattern[offset:], "/")
		s, err := parseSegment(text, offset)
		if err != nil {
			return nil, err
		}
		if s.Kind != Literal {
			bare := bareName(s.Text) // as it may be called in the query, for one
			if names[bare] {
				return nil, &SyntaxError{offset, fmt.Sprintf("a second wildcard named %q", s.Text)}
			}
			names[bare] = true
		}
		if s.Kind == Rest && more {
			return nil, &SyntaxError{offset, "a wildcard for the rest of the path that isn't the last segment"}
		}
		segments = append(segments, s)
		if !more {
			return segments, nil
		}
		offset += len(text) + len("/")
	}
}

// ParseNamespace splits a namespace into its segments. It ignores a trailing slash.
func ParseNamespace(namespace string) ([]Segment, *SyntaxError) {
	namespace = strings.TrimSuffix(namespace, "/")
	if namespace == "" {
		return nil, nil
	}
	segments, err := ParsePattern(namespace)
	if err == nil && segments[len(segments)-1].Kind == Rest {
		offset := strings.LastIndexByte(namespace, '/') + 1
		return nil, &SyntaxError{offset, "a wildcard for the rest of the path in a namespace, which has that meaning anyway"}
	}
	return segments, err
}

func parseSegment(text string, offset int) (Segment, *SyntaxError) {
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		return Segment{}, &SyntaxError{offset + i, "a pattern is a path, without a query or a fragment"}
	}
	if err := foreignSyntax(text, offset); err != nil {
		return Segment{}, err
	}
	opening, closing := strings.IndexByte(text, '{'), strings.IndexByte(text, '}')
	switch {
	case opening < 0 && closing < 0:
		return parseLiteral(text, offset)
	case opening < 0:
		return Segment{}, &SyntaxError{offset + closing, "a } without its {"}
	case closing < 0:
		return Segment{}, &SyntaxError{offset + opening, "unclosed wildcard"}
	case opening == 0 && wildcardEnd(text) < 0:
		return Segment{}, &SyntaxError{offset, "unclosed wildcard"}
	case opening != 0 || wildcardEnd(text) != len(text):
		return Segment{}, &SyntaxError{offset + opening, "a wildcard is a whole segment"}
	}
	name, isRest := strings.CutSuffix(text[1:len(text)-1], "...")
	switch strings.TrimLeft(name, ".") {
	case "":
		return Segment{}, &SyntaxError{offset, "a wildcard without a name"}
	case "$":
		return Segment{}, &SyntaxError{offset, "{$} has no meaning here: every pattern matches the whole path"}
	}
	if isRest {
		return Segment{name, Rest}, nil
	}
	return Segment{name, Wildcard}, nil
}

// foreignSyntax returns an error for a segment that is a wildcard in other routers, but
// here would silently be a literal or have an unexpected name.
func foreignSyntax(text string, offset int) *SyntaxError {
	name, inBraces := strings.CutPrefix(text, "{")
	switch {
	case inBraces && strings.IndexByte(name, ':') >= 0:
		return &SyntaxError{offset + 1 + strings.IndexByte(name, ':'), "a wildcard takes any segment: write {name}, and check the value"}
	case inBraces && strings.IndexByte(name, '*') >= 0, inBraces && strings.HasSuffix(name, "+}"):
		return &SyntaxError{offset, "a wildcard for the rest of the path is written {name...}"}
	case inBraces:
	case len(text) > 1 && text[0] == ':':
		return &SyntaxError{offset, "a wildcard is written {name}, and a literal that begins with a colon %3A"}
	case text != "" && text[0] == '*':
		return &SyntaxError{offset, "a wildcard is written {name}, or {name...} for the rest of the path, and a literal that begins with an asterisk %2A"}
	}
	return nil
}

// wildcardEnd returns the end of the wildcard that text begins with, or -1. Its name may
// have paired braces.
func wildcardEnd(text string) int {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '{':
			depth++
		case '}':
			depth--
			if depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

func parseLiteral(text string, offset int) (Segment, *SyntaxError) {
	unescaped, err := url.PathUnescape(text)
	if wrong, ok := errors.AsType[url.EscapeError](err); ok {
		return Segment{}, &SyntaxError{offset + strings.Index(text, string(wrong)), "invalid percent-encoding"}
	}
	if hasDotSegment(unescaped) {
		return Segment{}, &SyntaxError{offset, "a dot segment, which is never matched"}
	}
	return Segment{unescaped, Literal}, nil
}

// ExamplePath returns an escaped path that the segments match, with the name of each
// wildcard as its value.
func ExamplePath(segments []Segment) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s.Text))
	}
	return b.String()
}

// ParseWildcard returns the name in "{name}" or "{name...}" and its kind, or Literal. It
// is for segments of patterns that may be another router's, and doesn't check the name.
func ParseWildcard(text string) (name string, kind Kind) {
	if len(text) < len("{}") || text[0] != '{' || text[len(text)-1] != '}' {
		return "", Literal
	}
	name = text[1 : len(text)-1]
	if name, isRest := strings.CutSuffix(name, "..."); isRest {
		return name, Rest
	}
	return name, Wildcard
}

// WithoutBraces returns the name without surrounding braces, and reports whether it has
// any. The wildcard {{id}} is called "{id}" and "id".
func WithoutBraces(name string) (inner string, ok bool) {
	if len(name) <= len("{}") || name[0] != '{' || name[len(name)-1] != '}' {
		return name, false
	}
	return name[1 : len(name)-1], true
}

// bareName returns the name without any braces round it.
func bareName(name string) string {
	for inner, ok := WithoutBraces(name); ok; inner, ok = WithoutBraces(name) {
		name = inner
	}
	return name
}

// HasBracedName reports whether a pattern has a wildcard {{name}}.
func HasBracedName(pattern string) bool { return strings.Contains(pattern, "/{{") }

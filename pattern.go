package tigertonic

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// The pattern language. A pattern is a path of segments, each begun by a
// slash. A segment is
//
//	literal    text that a path's segment equals once both are unescaped
//	{name}     a wildcard for one segment that isn't empty
//	{name...}  a wildcard for the rest of the path, empty or not; it comes last
//
// A namespace is a pattern, or "", without the last kind.

// A segment is the text of a literal, or the name of a wildcard.
type segment struct {
	text string
	kind segmentKind
}

type segmentKind uint8

const (
	literal segmentKind = iota
	wildcard
	rest
)

// A patternError is what is wrong with a pattern, and where in it.
type patternError struct {
	offset int
	text   string
}

// parsePattern splits a pattern into its segments.
func parsePattern(pattern string) ([]segment, *patternError) {
	if !strings.HasPrefix(pattern, "/") {
		return nil, &patternError{0, "a pattern begins with a slash"}
	}
	var segments []segment
	names := map[string]bool{}
	for offset := 1; ; {
		text, _, more := strings.Cut(pattern[offset:], "/")
		s, err := parseSegment(text, offset)
		if err != nil {
			return nil, err
		}
		if s.kind != literal {
			inBraces := "{" + s.text + "}" // as it may be called in the query
			if names[s.text] || names[inBraces] {
				return nil, &patternError{offset, fmt.Sprintf("a second wildcard named %q", s.text)}
			}
			names[s.text], names[inBraces] = true, true
		}
		if s.kind == rest && more {
			return nil, &patternError{offset, "a wildcard for the rest of the path that isn't the last segment"}
		}
		segments = append(segments, s)
		if !more {
			return segments, nil
		}
		offset += len(text) + len("/")
	}
}

// parseNamespace splits a namespace into its segments. A trailing slash makes
// no difference to a namespace.
func parseNamespace(namespace string) ([]segment, *patternError) {
	namespace = strings.TrimSuffix(namespace, "/")
	if namespace == "" {
		return nil, nil
	}
	segments, err := parsePattern(namespace)
	if err == nil && segments[len(segments)-1].kind == rest {
		offset := strings.LastIndexByte(namespace, '/') + 1
		return nil, &patternError{offset, "a wildcard for the rest of the path in a namespace, which has that meaning anyway"}
	}
	return segments, err
}

func parseSegment(text string, offset int) (segment, *patternError) {
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		return segment{}, &patternError{offset + i, "a pattern is a path, without a query or a fragment"}
	}
	opening, closing := strings.IndexByte(text, '{'), strings.IndexByte(text, '}')
	switch {
	case opening < 0 && closing < 0:
		return parseLiteral(text, offset)
	case opening < 0:
		return segment{}, &patternError{offset + closing, "a } without its {"}
	case closing < 0:
		return segment{}, &patternError{offset + opening, "unclosed wildcard"}
	case opening == 0 && wildcardEnd(text) < 0:
		return segment{}, &patternError{offset, "unclosed wildcard"}
	case opening != 0 || wildcardEnd(text) != len(text):
		return segment{}, &patternError{offset + opening, "a wildcard is a whole segment"}
	}
	name, isRest := strings.CutSuffix(text[1:len(text)-1], "...")
	switch strings.TrimLeft(name, ".") {
	case "":
		return segment{}, &patternError{offset, "a wildcard without a name"}
	case "$":
		return segment{}, &patternError{offset, "{$} has no meaning here: every pattern matches the whole path"}
	}
	if isRest {
		return segment{name, rest}, nil
	}
	return segment{name, wildcard}, nil
}

// wildcardEnd returns where the wildcard ends that text begins with, or -1. Its
// name may hold braces in pairs.
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

func parseLiteral(text string, offset int) (segment, *patternError) {
	unescaped, err := url.PathUnescape(text)
	if wrong, ok := errors.AsType[url.EscapeError](err); ok {
		return segment{}, &patternError{offset + strings.Index(text, string(wrong)), "invalid percent-encoding"}
	}
	if hasDotSegment(unescaped) {
		return segment{}, &patternError{offset, "a dot segment, which is never matched"}
	}
	return segment{unescaped, literal}, nil
}

// hasDotSegment tells whether "." or ".." stands between the slashes of an
// unescaped text (RFC 3986 §3.3).
func hasDotSegment(text string) bool {
	if strings.IndexByte(text, '.') < 0 {
		return false
	}
	for segment := range strings.SplitSeq(text, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// example returns a path that the segments match.
func example(segments []segment) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s.text))
	}
	return b.String()
}

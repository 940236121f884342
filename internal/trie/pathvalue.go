package trie

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/swar"
)

// How to find the value of a wildcard by the position of its name in a pattern, given
// only r.Pattern and the URL.

// ValueOf returns the value of the wildcard with this name in the request's pattern:
// r.PathValue if it is set, or else what [PathValue] finds.
func ValueOf(r *http.Request, name string) string {
	if value := r.PathValue(name); value != "" || name == "" || r.URL == nil {
		return value
	}
	if isReadFromEnd(r.Pattern, r.URL) { // as PathValue does, with a call less
		return valueFromEnd(r.Pattern, r.URL.Path, name)
	}
	return PathValue(r.Pattern, r.URL, name)
}

// PathValue returns the value of the wildcard with this name in the URL's path, or "" if
// the pattern has no such wildcard or doesn't match. The pattern may begin with a method,
// a host and namespaces; the path may lack the namespaces unless the pattern ends in
// {name...}. If u.RawPath is "", the literals of any other pattern must be spelled as in
// u.Path, without percent-encoding. {{id}} is found as "{id}" only. For these exceptions
// there is [SetPathValues].
func PathValue(pattern string, u *url.URL, name string) string {
	if isReadFromEnd(pattern, u) {
		return valueFromEnd(pattern, u.Path, name)
	}
	path, escaped := PathOf(u)
	value := ""
	if strings.HasSuffix(pattern, "...}") {
		value = valueFromStart(pattern, path, name)
	} else {
		value = escapedValue(pattern, path, name)
	}
	if escaped {
		return Unescape(value)
	}
	return value
}

// isReadFromEnd reports whether [valueFromEnd] finds the values, as mostly.
func isReadFromEnd(pattern string, u *url.URL) bool {
	return u.RawPath == "" && !strings.HasSuffix(pattern, "...}")
}

// valueFromEnd finds the name in a pattern, and the value in a matching path by the
// number of slashes after it, because namespaces remove segments from the start of the
// path. Neither values nor literals have slashes.
func valueFromEnd(pattern, path, name string) string {
	if i := len(pattern) - len("/{}") - len(name); i >= 0 && pattern[i] == '/' && isWildcard(pattern[i+1:], name) { // as most are
		return swar.SegmentBefore(path, 0)
	}
	for from := 0; name != ""; from++ {
		i := strings.Index(pattern[from:], name)
		if i < 0 {
			break
		}
		from += i
		end := from + len(name)
		if from < len("/{") || end >= len(pattern) || pattern[from-1] != '{' || pattern[end] != '}' {
			continue
		}
		if behind := pattern[end+1:]; pattern[from-2] == '/' && (behind == "" || behind[0] == '/') && !hasSlash(name) {
			return swar.SegmentBefore(path, strings.Count(behind, "/"))
		}
	}
	return ""
}

// hasSlash reports whether a name has a slash in it. Names are so short that a call of
// package strings would take longer.
func hasSlash(name string) bool {
	for i := range len(name) {
		if name[i] == '/' {
			return true
		}
	}
	return false
}

// escapedValue is valueFromEnd for a path that is percent-encoded.
func escapedValue(pattern, path, name string) string {
	for {
		i, j := strings.LastIndexByte(pattern, '/'), strings.LastIndexByte(path, '/')
		if i < 0 || j < 0 {
			return ""
		}
		if isWildcard(pattern[i+1:], name) {
			return path[j+1:]
		}
		pattern, path = pattern[:i], path[:j]
	}
}

// isWildcard reports whether a segment of a pattern is {name}.
func isWildcard(text, name string) bool {
	n := len(name)
	return len(text) == len("{}")+n && n > 0 && text[n] == name[n-1] && text[0] == '{' && text[n+1] == '}' && text[1:n+1] == name
}

// valueFromStart compares a pattern that ends in {name...} with the path from their
// starts. It isn't in a namespace, because there the mux sets r.PathValue.
func valueFromStart(pattern, path, name string) (value string) {
	pattern = pattern[max(strings.IndexByte(pattern, '/'), 0):] // the method, or another router's host, comes before
	for pattern != "" {
		text, segment, left := "", "", ""
		text, pattern = CutSegment(pattern)
		if path != "" {
			segment, left = CutSegment(path)
		}
		if found, kind := ParseWildcard(text); kind != Literal && found == name {
			value = segment
			if kind == Rest && path != "" {
				value = path[1:]
			}
		}
		path = left
	}
	return value
}

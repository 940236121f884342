package trie

import (
	"net/url"
	"strings"
)

// Paths of URLs, as they were sent or unescaped, and their segments.

// PathOf returns the path to route a request by, and whether it is still percent-encoded.
// It is only unescaped if that doesn't lose an escaped slash, so its segments are always
// those of the path as it was sent.
func PathOf(u *url.URL) (path string, escaped bool) {
	if u.RawPath == "" {
		return u.Path, false
	}
	return escapedPath(u), true
}

// escapedPath returns u.RawPath if it encodes u.Path. u.EscapedPath would escape Path
// again if RawPath has a character that needs escaping, and turn %2F into a slash.
func escapedPath(u *url.URL) string {
	if path, err := url.PathUnescape(u.RawPath); err == nil && path == u.Path {
		return u.RawPath
	}
	return u.EscapedPath()
}

// SetPath sets the URL's path to path, or to an end of it, in the form that [PathOf]
// returned.
func SetPath(u *url.URL, path string, escaped bool) {
	u.Path, u.RawPath = path, ""
	if escaped {
		u.Path = Unescape(path)
		if u.EscapedPath() != path { // whose RawPath is empty now
			u.RawPath = path
		}
	}
}

// CutSegment splits a path that begins with a slash, "/a/b/c", into its first segment,
// "a", and the rest, "/b/c".
func CutSegment(path string) (text, left string) {
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			return path[1:i], path[i:]
		}
	}
	return path[1:], ""
}

// Unescape decodes a segment, or several, once. It leaves malformed text alone; a path
// from [PathOf] has none.
func Unescape(text string) string {
	if strings.IndexByte(text, '%') < 0 {
		return text
	}
	if s, err := url.PathUnescape(text); err == nil {
		return s
	}
	return text
}

// hasDotSegment reports whether "." or ".." stands between the slashes of an
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

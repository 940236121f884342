package tigertonic

import (
	"net/http"
	"net/url"
	"strings"
)

// HandlerFunc is an [http.HandlerFunc] that promises to read its wildcards
// with [PathValue]. A mux then has nothing to put into the request for it, and
// routing to it through any number of wildcards allocates nothing: neither
// r.PathValue nor the query is filled. The exceptions are a namespace with
// wildcards, {name...} in a namespace, and a pattern with a percent sign.
//
// PathValue works in every other handler too. A [ParamsFunc] reads wildcards
// faster still.
type HandlerFunc func(http.ResponseWriter, *http.Request)

// ServeHTTP calls f.
func (f HandlerFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) { f(w, r) }

// PathValue returns what the wildcard of that name in the pattern that matched
// the request stands for, unescaped once, or "" if there is no such wildcard.
// It works under any router that fills r.PathValue as well as under a
// [TrieServeMux].
//
// It reads the value off r.Pattern and r.URL, so it is for handlers that leave
// both as they found them.
func PathValue(r *http.Request, name string) string {
	if value := r.PathValue(name); value != "" || name == "" || r.URL == nil {
		return value
	}
	if r.URL.RawPath == "" && !strings.HasSuffix(r.Pattern, "...}") {
		return valueFromEnd(r.Pattern, r.URL.Path, name)
	}
	path, escaped := requestPath(r.URL)
	value := ""
	if strings.HasSuffix(r.Pattern, "...}") {
		value = valueFromStart(r.Pattern, path, name)
	} else {
		value = escapedValue(r.Pattern, path, name)
	}
	if escaped {
		return unescape(value)
	}
	return value
}

// valueFromEnd compares a pattern and a path that match, from their ends, as
// namespaces have taken segments off the path. Literals are as long in one as in
// the other, so that only the values have to be looked through.
func valueFromEnd(pattern, path, name string) string {
	for pattern != "" {
		if pattern[len(pattern)-1] != '}' {
			end := lastIndexByte(pattern, '}') + 1
			valueEnd := len(path) - (len(pattern) - end)
			if end == 0 || valueEnd <= 0 {
				return ""
			}
			pattern, path = pattern[:end], path[:valueEnd]
		}
		slash := lastIndexByte(path, '/')
		if slash < 0 {
			return ""
		}
		if i := len(pattern) - len("/{}") - len(name); i >= 0 && pattern[i] == '/' && isWildcard(pattern[i+1:], name) {
			return path[slash+1:]
		}
		pattern, path = pattern[:max(lastIndexByte(pattern, '/'), 0)], path[:slash]
	}
	return ""
}

// escapedValue is valueFromEnd for a path that is percent-encoded, whose
// literals needn't be spelled as those of the pattern are.
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

// isWildcard tells whether a pattern's segment is {name}.
func isWildcard(text, name string) bool {
	return len(text) == len("{}")+len(name) && text[0] == '{' && text[1:len(text)-1] == name && text[len(text)-1] == '}'
}

// valueFromStart compares a pattern that ends in {name...} with the path from
// their starts. It isn't in a namespace, or the mux would have filled
// r.PathValue.
func valueFromStart(pattern, path, name string) (value string) {
	pattern = pattern[max(strings.IndexByte(pattern, '/'), 0):] // the method, or another router's host, comes before
	for pattern != "" {
		text, segment, left := "", "", ""
		text, pattern = cutSegment(pattern)
		if path != "" {
			segment, left = cutSegment(path)
		}
		if found, kind := parseWildcard(text); kind != literal && found == name {
			value = segment
			if kind == rest && path != "" {
				value = path[1:]
			}
		}
		path = left
	}
	return value
}

// requestPath returns the path that a request is routed by, and whether it is
// still percent-encoded. Where it isn't, unescaping it segment by segment would
// have given the same segments.
func requestPath(u *url.URL) (path string, escaped bool) {
	if u.RawPath == "" {
		return u.Path, false
	}
	return escapedPath(u), true
}

// escapedPath returns u.RawPath if it is that of u.Path. u.EscapedPath would
// escape all of Path anew if RawPath holds a character that needs it, and take
// what %2F stood for as a slash.
func escapedPath(u *url.URL) string {
	if path, err := url.PathUnescape(u.RawPath); err == nil && path == u.Path {
		return u.RawPath
	}
	return u.EscapedPath()
}

// cutSegment splits "/a/b/c" into "a" and "/b/c".
func cutSegment(path string) (text, left string) {
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			return path[1:i], path[i:]
		}
	}
	return path[1:], ""
}

// parseWildcard returns the name in "{name}" or "{name...}", or literal.
func parseWildcard(text string) (name string, kind segmentKind) {
	if len(text) < len("{}") || text[0] != '{' || text[len(text)-1] != '}' {
		return "", literal
	}
	name = text[1 : len(text)-1]
	if name, isRest := strings.CutSuffix(name, "..."); isRest {
		return name, rest
	}
	return name, wildcard
}

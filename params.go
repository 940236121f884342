package tigertonic

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// HandlerFunc is an [http.HandlerFunc] that promises to read its wildcards
// with [PathValue]. A mux then has nothing to put into the request for it, and
// routing to it through any number of wildcards allocates nothing: neither
// r.PathValue nor the query is filled. The exceptions are a namespace with
// wildcards and, in a namespace, {name...}.
//
// PathValue works in every other handler too.
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
	path, escaped := requestPath(r.URL)
	value := ""
	if strings.HasSuffix(r.Pattern, "...}") {
		value = valueFromStart(r.Pattern, path, name)
	} else {
		value = valueFromEnd(r.Pattern, path, name)
	}
	if escaped {
		return unescape(value)
	}
	return value
}

// valueFromEnd compares pattern and path from their ends, as namespaces have
// taken segments off the path.
func valueFromEnd(pattern, path, name string) string {
	for {
		i, j := lastSlash(pattern), lastSlash(path)
		if i < 0 || j < 0 {
			return ""
		}
		text := pattern[i+1:]
		if len(text) == len("{}")+len(name) && text[0] == '{' && text[1:len(text)-1] == name && text[len(text)-1] == '}' {
			return path[j+1:]
		}
		pattern, path = pattern[:i], path[:j]
	}
}

func lastSlash(s string) int {
	i := len(s) - 1
	for i >= 0 && s[i] != '/' {
		i--
	}
	return i
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

// A need is what a handler expects to find in a request that was routed to it.
type need uint8

const (
	needPathValue need = 1 << iota // r.PathValue("name")
	needQuery                      // r.URL.Query().Get("name") and Get("{name}")
)

// fill puts the values of pattern's wildcards, which have these names, taken from
// path, where they are needed. The query's own parameters of these names are left out, in whatever
// way they are spelled.
func fill(r *http.Request, needs need, pattern string, names []string, path string, escaped bool) {
	var buf [256]byte
	query := buf[:0]
	for pattern != "" {
		text, value := "", ""
		text, pattern = cutSegment(pattern)
		name, kind := parseWildcard(text)
		if kind == rest {
			value = path[1:]
		} else {
			value, path = cutSegment(path)
		}
		if kind == literal {
			continue
		}
		if escaped {
			value = unescape(value)
		}
		if needs&needPathValue != 0 {
			r.SetPathValue(name, value)
		}
		if needs&needQuery != 0 {
			query = appendParameter(query, name, value)
			if r.Form != nil { // parsed already
				r.Form.Set(name, value)
				r.Form.Set("{"+name+"}", value)
			}
		}
	}
	if needs&needQuery != 0 {
		query = appendOthers(query, r.URL.RawQuery, names)
		r.URL.RawQuery = string(query)
	}
}

func appendParameter(query []byte, name, value string) []byte {
	if len(query) > 0 {
		query = append(query, '&')
	}
	query = append(query, "%7B"...)
	query = appendEscaped(query, name)
	query = append(query, "%7D="...)
	query = appendEscaped(query, value)
	query = append(query, '&')
	query = appendEscaped(query, name)
	query = append(query, '=')
	return appendEscaped(query, value)
}

// appendEscaped appends what url.QueryEscape returns.
func appendEscaped(query []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case c|0x20 >= 'a' && c|0x20 <= 'z', c >= '0' && c <= '9', strings.IndexByte("-._~", c) >= 0:
			query = append(query, c)
		case c == ' ':
			query = append(query, '+')
		default:
			query = append(query, '%', upperHex[c>>4], upperHex[c&0xf])
		}
	}
	return query
}

const upperHex = "0123456789ABCDEF"

// appendOthers appends the parameters of rawQuery that aren't called "name" or
// "{name}" for one of the names.
func appendOthers(query []byte, rawQuery string, names []string) []byte {
	for rawQuery != "" {
		var parameter string
		parameter, rawQuery, _ = strings.Cut(rawQuery, "&")
		key, _, _ := strings.Cut(parameter, "=")
		if unescaped, err := url.QueryUnescape(key); err == nil {
			key = unescaped
		}
		inner, kind := parseWildcard(key)
		taken := slices.Contains(names, key) || kind == wildcard && slices.Contains(names, inner)
		if parameter != "" && !taken {
			query = append(query, '&')
			query = append(query, parameter...)
		}
	}
	return query
}

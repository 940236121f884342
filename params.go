package tigertonic

import (
	"math/bits"
	"net/http"
	"net/url"
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
	for len(pattern) > maxMarked || len(path) > maxMarked {
		i, j := strings.LastIndexByte(pattern, '/'), strings.LastIndexByte(path, '/')
		if i < 0 || j < 0 {
			return ""
		}
		if isWildcard(pattern[i+1:], name) {
			return path[j+1:]
		}
		pattern, path = pattern[:i], path[:j]
	}
	end, valueEnd := len(pattern), len(path)
	slashes, valueSlashes := markSlashes(pattern), markSlashes(path)
	for slashes != 0 && valueSlashes != 0 {
		i, j := bits.Len64(slashes)-1, bits.Len64(valueSlashes)-1
		// Names of one length mostly differ in the last byte.
		if end-i == len("/{}")+len(name) && pattern[end-2] == name[len(name)-1] && isWildcard(pattern[i+1:end], name) {
			return path[j+1 : valueEnd]
		}
		end, valueEnd = i, j
		slashes &^= 1 << (i % 64)
		valueSlashes &^= 1 << (j % 64)
	}
	return ""
}

// isWildcard tells whether a pattern's segment is {name}.
func isWildcard(text, name string) bool {
	return len(text) == len("{}")+len(name) && text[0] == '{' && text[1:len(text)-1] == name && text[len(text)-1] == '}'
}

// maxMarked is how long a text can be whose slashes are marked in a word.
const maxMarked = 64

// markSlashes returns a word in which bit i is set for a slash at text[i]. It has
// no branch that depends on where they are, and the processor no wrong guess.
func markSlashes(text string) (marks uint64) {
	n := len(text)
	if n < 8 {
		for i := range n {
			if text[i] == '/' {
				marks |= 1 << (i % 64)
			}
		}
		return marks
	}
	for i := 0; i < n-8; i += 8 {
		marks |= slashesIn(wordOf(text[i:i+8])) << (i % 64)
	}
	return marks | slashesIn(wordOf(text[n-8:n]))<<((n-8)%64)
}

// slashesIn returns which of a word's eight bytes are slashes.
func slashesIn(word uint64) uint64 {
	const low = 0x7f7f7f7f7f7f7f7f         // seven bits of each byte
	word ^= '/' * 0x0101010101010101       // a slash is 0 now,
	word = ^(word&low + low | word | low)  // has its highest bit set, and no other byte has,
	return word * 0x0002040810204081 >> 56 // and these bits are moved together
}

// wordOf returns eight bytes as a word, which the compiler makes one load of.
func wordOf(text string) uint64 {
	_ = text[7]
	return uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
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

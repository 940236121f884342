package tigertonic

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A need is what a handler expects to find in a request that was routed to it.
type need uint8

const (
	needPathValue need = 1 << iota // r.PathValue("name")
	needQuery                      // r.URL.Query().Get("name") and Get("{name}")
)

// A capture is a wildcard of a pattern.
type capture struct {
	name    string
	segment int32 // of the path, from 0 on, that it stands for
	rest    bool  // or that begins what it stands for
}

func capturesOf(segments []segment) (captures []capture) {
	for i, s := range segments {
		if s.kind != literal {
			captures = append(captures, capture{s.text, int32(i), s.kind == rest})
		}
	}
	return captures
}

func namesOf(captures []capture) (names []string) {
	for _, c := range captures {
		names = append(names, c.name)
	}
	return names
}

// fill puts what the captures stand for in a path that matches into the request,
// where it is needed. The query's own parameters of these names are left out, in
// whatever way they are spelled.
func fill(r *http.Request, needs need, captures []capture, path string, escaped bool) {
	var buf [256]byte
	query, segment := buf[:0], int32(-1)
	for i := range captures {
		c := &captures[i]
		path, segment = afterSlashes(path, int(c.segment-segment)), c.segment
		value := path
		if !c.rest {
			value = path[:firstSlash(path)]
		}
		if escaped {
			value = unescape(value)
		}
		if needs&needPathValue != 0 {
			r.SetPathValue(c.name, value)
		}
		if needs&needQuery != 0 {
			query = appendParameter(query, c.name, value)
			if r.Form != nil { // parsed already
				r.Form.Set(c.name, value)
				r.Form.Set("{"+c.name+"}", value)
			}
		}
	}
	if needs&needQuery != 0 {
		query = appendOthers(query, r.URL.RawQuery, captures)
		r.URL.RawQuery = string(query)
	}
}

// appendParameter appends both parameters of a wildcard.
func appendParameter(query []byte, name, value string) []byte {
	if len(query) > 0 {
		query = append(query, '&')
	}
	query = append(query, "%7B"...)
	nameStart := len(query)
	query = appendEscaped(query, name)
	nameEnd := len(query)
	query = append(query, "%7D="...)
	valueStart := len(query)
	query = appendEscaped(query, value)
	valueEnd := len(query)
	query = append(query, '&')
	query = append(query, query[nameStart:nameEnd]...)
	query = append(query, '=')
	return append(query, query[valueStart:valueEnd]...)
}

// appendEscaped appends what url.QueryEscape returns.
func appendEscaped(query []byte, s string) []byte {
	plain := 0
	for plain < len(s) && isUnreserved(s[plain]) {
		plain++
	}
	query = append(query, s[:plain]...)
	for i := plain; i < len(s); i++ {
		switch c := s[i]; {
		case isUnreserved(c):
			query = append(query, c)
		case c == ' ':
			query = append(query, '+')
		default:
			query = append(query, '%', upperHex[c>>4], upperHex[c&0xf])
		}
	}
	return query
}

// isUnreserved tells whether c stands for itself in a URL (RFC 3986 §2.3).
func isUnreserved(c byte) bool {
	return c|0x20-'a' < 26 || c-'0' < 10 || c == '-' || c == '.' || c == '_' || c == '~'
}

const upperHex = "0123456789ABCDEF"

// appendOthers appends the parameters of rawQuery that aren't called "name" or
// "{name}" for one of the captures.
func appendOthers(query []byte, rawQuery string, captures []capture) []byte {
	for rawQuery != "" {
		var parameter string
		parameter, rawQuery, _ = strings.Cut(rawQuery, "&")
		key, _, _ := strings.Cut(parameter, "=")
		if unescaped, err := url.QueryUnescape(key); err == nil {
			key = unescaped
		}
		inner, kind := parseWildcard(key)
		taken := slices.ContainsFunc(captures, func(c capture) bool {
			return c.name == key || kind == wildcard && c.name == inner
		})
		if parameter != "" && !taken {
			query = append(query, '&')
			query = append(query, parameter...)
		}
	}
	return query
}

// Package httpfield reads the fields in the header of a request: tokens, lists, media
// types and what the client accepts. It knows nothing of handlers or of what a body
// means.
package httpfield

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// Media types.
const (
	JSON        = "application/json"
	JSONLines   = "application/jsonl"
	NDJSON      = "application/x-ndjson"
	EventStream = "text/event-stream"
	PlainText   = "text/plain; charset=utf-8"
)

// Accepts reports whether the request's Accept header allows the media type,
// such as "application/json" or "text/html; charset=utf-8" (RFC 9110 §12.5.1).
func Accepts(r *http.Request, mediaType string) bool { return quality(r, mediaType) > 0 }

// Preferred returns the media type that the request prefers, the first if it prefers
// several equally, or "" if it accepts none.
func Preferred(r *http.Request, mediaTypes []string) string {
	best, most := "", 0.0
	for _, mediaType := range mediaTypes {
		if q := quality(r, mediaType); q > most {
			best, most = mediaType, q
		}
	}
	return best
}

// quality returns the weight that the Accept header gives a media type, or 0 if it
// doesn't allow it. The most specific matching range decides. Parameters other than q are
// ignored, and malformed ranges match nothing.
func quality(r *http.Request, mediaType string) float64 {
	values := r.Header["Accept"]
	if len(values) == 0 {
		return 1
	}
	mediaType, _, _ = strings.Cut(mediaType, ";")
	if len(values) == 1 && (values[0] == mediaType || values[0] == "*/*") { // as most requests say
		return 1
	}
	mainType, _, _ := strings.Cut(mediaType, "/")
	best, weight, ranges := 0, 0.0, 0
	for _, value := range values {
		for value != "" {
			var element string
			element, value = CutElement(value, ',')
			if element == "" {
				continue
			}
			ranges++
			name, q := parseRange(element)
			if s := specificity(name, mainType, strings.TrimSpace(mediaType)); s > best {
				best, weight = s, q
			} else if s == best && s > 0 {
				weight = max(weight, q)
			}
		}
	}
	if ranges == 0 {
		return 1
	}
	return max(weight, 0)
}

// specificity returns how closely a media range matches the media type, from 0 for not at
// all to 3 for the type itself.
func specificity(name, mainType, mediaType string) int {
	switch {
	case strings.EqualFold(name, mediaType):
		return 3
	case name == "*/*":
		return 1
	case strings.HasSuffix(name, "/*") && strings.EqualFold(strings.TrimSuffix(name, "/*"), mainType):
		return 2
	}
	return 0
}

// parseRange returns the name of a media range and its weight, or -1 if it is malformed.
func parseRange(element string) (name string, q float64) {
	name, parameters := CutElement(element, ';')
	q = 1
	for parameters != "" {
		var parameter string
		parameter, parameters = CutElement(parameters, ';')
		key, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(key), "q") {
			continue
		}
		weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(weight >= 0 && weight <= 1) {
			return "", -1
		}
		q = weight
	}
	return name, q
}

// CutElement cuts s at the first separator that isn't within quotes and trims
// what comes before it.
func CutElement(s string, separator byte) (element, left string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == separator && !quoted:
			return strings.TrimSpace(s[:i]), s[i+1:]
		}
	}
	return strings.TrimSpace(s), ""
}

// HasJSONBody reports whether the request declares its body to be JSON. The media
// type has no parameters of its own (RFC 8259 §11), so any are ignored.
func HasJSONBody(r *http.Request) bool {
	values := r.Header["Content-Type"]
	if len(values) != 1 {
		return false
	}
	if values[0] == JSON {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(values[0])
	return err == nil && mediaType == JSON
}

// SaysJSONBody is HasJSONBody for Marshaled, whose clients may send malformed parameters,
// as in "application/json; utf-8".
func SaysJSONBody(r *http.Request) bool {
	values := r.Header["Content-Type"]
	if len(values) != 1 {
		return false
	}
	mediaType, _, _ := strings.Cut(values[0], ";")
	return strings.EqualFold(strings.TrimSpace(mediaType), JSON)
}

// HasPlainBody reports whether the request's body has no content coding (RFC 9110 §8.4).
func HasPlainBody(r *http.Request) bool {
	for _, value := range r.Header["Content-Encoding"] {
		for value != "" {
			var coding string
			coding, value = CutElement(value, ',')
			if coding != "" && !strings.EqualFold(coding, "identity") {
				return false
			}
		}
	}
	return true
}

// IsValue reports whether s arrives unchanged as the value of a header (RFC 9110 §5.5):
// it has no control characters except tabs, and no surrounding space.
func IsValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return strings.Trim(s, " \t") == s
}

// IsToken reports whether s is a token (RFC 9110 §5.6.2).
func IsToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

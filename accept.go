package tigertonic

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

const (
	jsonType      = "application/json"
	plaintextType = "text/plain; charset=utf-8"
)

// accepts tells whether the request's Accept header allows the media type,
// such as "application/json" or "text/html; charset=utf-8" (RFC 9110 §12.5.1).
func accepts(r *http.Request, mediaType string) bool { return quality(r, mediaType) > 0 }

// preferred returns that of the media types which the request prefers, the first
// one of those that it likes best, or "" if it accepts none.
func preferred(r *http.Request, mediaTypes []string) string {
	best, most := "", 0.0
	for _, mediaType := range mediaTypes {
		if q := quality(r, mediaType); q > most {
			best, most = mediaType, q
		}
	}
	return best
}

// quality returns the weight that the Accept header gives a media type, which is
// 0 if it doesn't allow it. Parameters make no difference, but for q: the most
// specific range that the media type is in decides. Ranges that aren't
// well-formed allow nothing.
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
			element, value = cutElement(value, ',')
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

// specificity tells how closely a media range fits the media type, from 0 for
// not at all to 3 for the type itself.
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

// parseRange returns the name of a media range and its weight, which is -1 if
// it isn't one.
func parseRange(element string) (name string, q float64) {
	name, parameters := cutElement(element, ';')
	q = 1
	for parameters != "" {
		var parameter string
		parameter, parameters = cutElement(parameters, ';')
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

// cutElement cuts s at the first separator that isn't within quotes and trims
// what comes before it.
func cutElement(s string, separator byte) (element, left string) {
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

// hasJSONBody tells whether the request declares its body to be JSON. The media
// type has no parameters of its own (RFC 8259 §11), so any are ignored.
func hasJSONBody(r *http.Request) bool {
	values := r.Header["Content-Type"]
	if len(values) != 1 {
		return false
	}
	if values[0] == jsonType {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(values[0])
	return err == nil && mediaType == jsonType
}

// hasPlainBody tells whether the request's body is free of a content coding
// (RFC 9110 §8.4).
func hasPlainBody(r *http.Request) bool {
	for _, value := range r.Header["Content-Encoding"] {
		for value != "" {
			var coding string
			coding, value = cutElement(value, ',')
			if coding != "" && !strings.EqualFold(coding, "identity") {
				return false
			}
		}
	}
	return true
}

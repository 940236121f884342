package httpfield

import (
	"net/http"
	"strings"
	"time"
)

// Validators describe the current representation of a resource (RFC 9110 §8.8). The zero
// value means that there is none.
type Validators struct {
	ETag         string // with its quotes
	LastModified time.Time
}

// Exists reports whether there is a representation.
func (v Validators) Exists() bool { return v.ETag != "" || !v.LastModified.IsZero() }

// IsConditional reports whether a request has a condition other than If-Range.
func IsConditional(h http.Header) bool {
	return h["If-Match"] != nil || h["If-None-Match"] != nil || h["If-Unmodified-Since"] != nil || h["If-Modified-Since"] != nil
}

// Evaluate evaluates a request's conditions in the order of RFC 9110 §13.2.2. It returns
// 304 or 412 if one fails, and 0 if they hold. Call it only for a response that would
// otherwise be a success.
func Evaluate(method string, h http.Header, current Validators) int {
	reads := method == http.MethodGet || method == http.MethodHead
	switch method {
	case http.MethodConnect, http.MethodOptions, http.MethodTrace: // which select nothing (§13.2.1)
		return 0
	}
	switch {
	case h["If-Match"] != nil:
		if matched, _ := matches(h["If-Match"], current, strongly); !matched {
			return http.StatusPreconditionFailed
		}
	case h["If-Unmodified-Since"] != nil:
		if since, ok := dateOf(h["If-Unmodified-Since"]); ok && current.isLater(since) {
			return http.StatusPreconditionFailed
		}
	}
	switch {
	case h["If-None-Match"] != nil:
		matched, ok := matches(h["If-None-Match"], current, weakly)
		switch {
		case matched && reads:
			return http.StatusNotModified
		case matched || !ok && !reads: // nobody knows what isn't to be changed
			return http.StatusPreconditionFailed
		}
	case reads && h["If-Modified-Since"] != nil && !current.LastModified.IsZero():
		if since, ok := dateOf(h["If-Modified-Since"]); ok && !current.isLater(since) {
			return http.StatusNotModified
		}
	}
	return 0
}

// isLater reports whether the representation was modified after a date, which has whole
// seconds. It reports false if the time of modification isn't known (§13.1.4).
func (v Validators) isLater(date time.Time) bool {
	return !v.LastModified.IsZero() && v.LastModified.Truncate(time.Second).After(date)
}

// dateOf returns the date in a header, if that has exactly one value.
func dateOf(values []string) (time.Time, bool) {
	if len(values) != 1 {
		return time.Time{}, false
	}
	date, err := http.ParseTime(values[0])
	return date, err == nil
}

// strongly is the strong comparison of entity tags (§8.8.3.2).
func strongly(a, b string) bool { return a == b && IsETag(a) && !strings.HasPrefix(a, "W/") }

// weakly is the weak comparison.
func weakly(a, b string) bool {
	return strings.TrimPrefix(a, "W/") == strings.TrimPrefix(b, "W/") && IsETag(a)
}

// matches reports whether an element of a list is the entity tag of the representation,
// or the list is "*" and there is one, and whether the list is well-formed.
func matches(lists []string, current Validators, equal func(a, b string) bool) (matched, ok bool) {
	if len(lists) == 1 && strings.TrimSpace(lists[0]) == "*" {
		return current.Exists(), true
	}
	ok = true
	for _, list := range lists {
		for list != "" {
			var tag string
			tag, list = cutETag(list)
			if tag == "" {
				continue
			}
			if !IsETag(tag) {
				ok = false
				continue
			}
			matched = matched || equal(tag, current.ETag)
		}
	}
	return matched, ok
}

// cutETag cuts the first element off a list of entity tags. A backslash within the quotes
// is an ordinary character.
func cutETag(list string) (tag, left string) {
	quoted := false
	for i := range len(list) {
		switch c := list[i]; {
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return strings.TrimSpace(list[:i]), list[i+1:]
		}
	}
	return strings.TrimSpace(list), ""
}

// IsETag reports whether s is an entity tag, weak or strong (§8.8.3).
func IsETag(s string) bool {
	s = strings.TrimPrefix(s, "W/")
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	for _, c := range []byte(s[1 : len(s)-1]) {
		if c <= ' ' || c == '"' || c == 0x7f {
			return false
		}
	}
	return true
}

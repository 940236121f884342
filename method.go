package tigertonic

import (
	"net/http"
	"strings"
)

// A method is the name of one, with a number for those that most requests have.
// Numbers are compared more quickly.
type method struct {
	name   string
	number methodNumber
}

type methodNumber uint8

const (
	numberOfOthers methodNumber = iota
	numberOfGet
	numberOfPost
	numberOfPut
	numberOfDelete
	numberOfPatch
	numberOfHead
	numberOfOptions
)

func newMethod(name string) method { return method{name, numberOf(name)} }

func numberOf(name string) methodNumber {
	switch name {
	case http.MethodGet:
		return numberOfGet
	case http.MethodPost:
		return numberOfPost
	case http.MethodPut:
		return numberOfPut
	case http.MethodDelete:
		return numberOfDelete
	case http.MethodPatch:
		return numberOfPatch
	case http.MethodHead:
		return numberOfHead
	case http.MethodOptions:
		return numberOfOptions
	}
	return numberOfOthers
}

// isMethod tells whether s can be a method (RFC 9110 §9.1), and isn't one that is
// known in another case.
func isMethod(s string) bool {
	switch upper := strings.ToUpper(s); upper {
	case "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE":
		return s == upper
	}
	return isToken(s)
}

// isToken tells whether s is a token (RFC 9110 §5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

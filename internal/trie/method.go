package trie

import (
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/httpfield"
)

// A Method is a request's method: its name and, for the common methods, a number that is
// faster to compare. The zero value is no method.
type Method struct {
	name   string
	number number
}

// A number identifies a common method.
type number uint8

// The methods that have numbers of their own.
const (
	others number = iota // are compared by name
	get
	post
	put
	del
	patch
	head
	options
)

// NewMethod returns the method of that name.
func NewMethod(name string) Method { return Method{name, numberOf(name)} }

func numberOf(name string) number {
	switch name {
	case http.MethodGet:
		return get
	case http.MethodPost:
		return post
	case http.MethodPut:
		return put
	case http.MethodDelete:
		return del
	case http.MethodPatch:
		return patch
	case http.MethodHead:
		return head
	case http.MethodOptions:
		return options
	}
	return others
}

// IsMethod reports whether s is a valid method (RFC 9110 §9.1) and not a known one in the
// wrong case.
func IsMethod(s string) bool {
	switch upper := strings.ToUpper(s); upper {
	case "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE":
		return s == upper
	}
	return httpfield.IsToken(s)
}

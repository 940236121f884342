package trie

import (
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/httpfield"
)

// A Method is a request's method. It is its name, with a number that is quicker to
// compare for the methods that most requests have. The zero value is no method.
type Method struct {
	name   string
	number number
}

// A number stands for a method.
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

// IsMethod reports whether s can be a method (RFC 9110 §9.1) and isn't a known one in
// the wrong case.
func IsMethod(s string) bool {
	switch upper := strings.ToUpper(s); upper {
	case "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE":
		return s == upper
	}
	return httpfield.IsToken(s)
}

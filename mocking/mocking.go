// Package mocking makes the arguments that the functions given to
// [tigertonic.Marshaled] take, so that a test can call them directly, without a
// server and without HTTP:
//
//	status, header, response, err := get(
//		mocking.URL(mux, "GET", "http://example.com/stuff/ID"),
//		mocking.Header(nil),
//		nil,
//	)
package mocking

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/rcrowley/go-tigertonic"
)

// A TestableHandler is a mux that tells which handler it would call, and changes
// the request as it would for it. A TrieServeMux, a HostServeMux and an
// http.ServeMux are.
type TestableHandler interface {
	Handler(r *http.Request) (h http.Handler, pattern string)
}

// URL returns the URL as its handler would see it: with its wildcards in
// the query and without the namespaces that it is in. It goes through h, which
// may be nil, and all muxes below it. It panics if the URL can't be parsed, or
// if there is no handler for it.
func URL(h TestableHandler, method, rawurl string) *url.URL {
	u, err := url.Parse(rawurl)
	if err != nil {
		panic(fmt.Sprintf("mocking: %v", err))
	}
	r := &http.Request{Method: method, URL: u, Host: u.Host, Header: http.Header{}}
	for h != nil {
		next, pattern := h.Handler(r)
		switch h.(type) {
		case *http.ServeMux, tigertonic.HostServeMux:
			if pattern == "" {
				next = tigertonic.NotFoundHandler{}
			}
		}
		h = testable(next, method, rawurl)
	}
	tigertonic.WildcardsInQuery(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(nil, r)
	return r.URL
}

// testable returns the mux in the wrappers of h, or nil. It panics if h is what
// a mux returns that has no handler.
func testable(h http.Handler, method, rawurl string) TestableHandler {
	for h != nil {
		switch x := h.(type) {
		case tigertonic.NotFoundHandler:
			panic(fmt.Sprintf("mocking: %s %s: not found", method, rawurl))
		case tigertonic.MethodNotAllowedHandler:
			panic(fmt.Sprintf("mocking: %s %s: the method is not allowed", method, rawurl))
		case TestableHandler:
			return x
		case interface{ Unwrap() []http.Handler }: // a FirstHandler, or one like it
			elements := x.Unwrap()
			if len(elements) == 0 {
				return nil
			}
			h = elements[len(elements)-1]
		case interface{ Unwrap() http.Handler }:
			h = x.Unwrap()
		default:
			return nil
		}
	}
	return nil
}

// Header returns a copy of h, which may be nil, with an Accept and a
// Content-Type of application/json where it has none.
func Header(h http.Header) http.Header {
	h = h.Clone()
	if h == nil {
		h = http.Header{}
	}
	for _, name := range []string{"Accept", "Content-Type"} {
		if h.Get(name) == "" {
			h.Set(name, "application/json")
		}
	}
	return h
}

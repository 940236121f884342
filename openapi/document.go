// Package openapi describes a tree of handlers as an OpenAPI 3.1 document, read
// off the handlers that serve, and shows it to people as a page.
package openapi

import (
	"github.com/rcrowley/go-tigertonic"
)

// Info is what a tree of handlers can't tell of itself.
type Info struct {
	Title       string // required
	Version     string // of the API, required
	Summary     string
	Description string
	Host        string   // describe only what a HostServeMux has under this name
	Servers     []string // URLs, "/" by default
}

// Document is a description of a tree of handlers. It is made by [New]; the zero
// value isn't usable. It may be used by any number of goroutines.
type Document struct {
	info       Info
	operations []operation // sorted by path, then in the order in which methods are listed
	schemas    []namedSchema
	names      map[*tigertonic.Schema]string // of the schemas that are referred to
	json       []byte
	etag       string
}

// An operation is a method of a path with all that is known of it.
type operation struct {
	*tigertonic.Operation
	method string // "GET"
	path   string // "/1.0/stuff/{id}"
	host   string // or ""
	anchor string // unique in the document, fit for a URL's fragment
}

// A namedSchema is one that others refer to.
type namedSchema struct {
	name   string
	schema *tigertonic.Schema
}

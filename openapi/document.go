// Package openapi generates an OpenAPI document from a tree of handlers, and shows it
// to people as a page.
package openapi

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/schema"
)

// Document is a description of a tree of handlers. It is made by [New]; the zero
// value isn't usable. It may be used by any number of goroutines.
type Document struct {
	info       Info
	operations []operation // sorted by path, then in the order in which methods are listed; then webhooks
	schemas    []namedSchema
	unknown    []Unknown
	names      map[*schema.Schema]string   // of the schemas that are referred to
	security   []tigertonic.SecurityScheme // that operations name, sorted

	parameters parts[tigertonic.Parameter]
	bodies     parts[*tigertonic.RequestBody]
	responses  parts[*tigertonic.ResponseInfo]
	headers    parts[tigertonic.HeaderInfo]

	json, yaml     func() []byte // which are made once
	etag, yamlETag func() string
}

// An operation is a method of a path with all that is known of it.
type operation struct {
	ID, Summary, Description string
	Tags                     []string
	Deprecated               bool
	Security                 []tigertonic.SecurityScheme

	method string   // "GET"
	path   string   // "/1.0/stuff/{id}"
	host   string   // or ""
	also   []string // hosts that have it, too
	hook   bool     // a webhook, of which path is the name
	anchor string   // unique in the document, fit for a URL's fragment

	parameters []*part[tigertonic.Parameter]
	body       *part[*tigertonic.RequestBody] // or nil
	responses  []statusPart                   // sorted by status

	described *tigertonic.Operation // until its parts are shared
	named     any                   // what has given the ID, or nil; likewise
}

// A namedSchema is one that others refer to.
type namedSchema struct {
	name   string
	schema *schema.Schema
	text   jsontext.Value
}

// New describes a tree of handlers, which must be complete: registering on its muxes
// panics afterwards, except for handlers that documents leave out, such as the
// document's own. The document has an operation for each route of [tigertonic.Routes]
// that a request can take, as described by the [tigertonic.Describer]s on that route.
// For a handler that nobody describes, it has the method, the path and its wildcards.
// A pattern with wildcards also has a 404, which the mux sends for an empty segment.
//
// It leaves out what OpenAPI can't express: a handler for all methods, or for a method
// that OpenAPI doesn't have; what is below a namespace without a mux; and {name...} if
// there is a {name} with the same method and position. [Document.Unknown] lists the
// handlers that hide what is inside them. The description of a {name...} says that it
// may contain slashes. Hidden operations are left out, too.
//
// Errors, parameters and headers that are used in several places are components.
//
// Equal trees give equal documents, whatever the order of registration. An operation
// without an ID is named after its method and path. If one with an ID is served in
// several places, the first keeps the ID, and the others get a number. Schemas are
// named after their types; names that would clash get more.
//
// A [tigertonic.HostServeMux] makes the host the server of its operations. Hosts that
// have one handler, such as a name with and without www, are all servers of its
// operations. A wildcard of a host is a variable of its server. If two hosts have the same method and path otherwise, a document can be of
// one of them only: the one that [Info.Host] names, together with what is there for all
// hosts.
//
// A pattern, which is RE2 in Go, is in the document as the regular expression of
// ECMA-262, with the flag u, that matches the same texts: as it was written if both
// read it alike.
//
// The document is encoded when it is first requested, but New finds every mistake at
// once. It panics if the title or the version is missing, if no route has the host,
// and if a description is invalid: two handlers with the same operation ID, a path
// parameter without a wildcard in the pattern, or an invalid status, parameter
// location, regular expression or value.
func New(h http.Handler, info Info) *Document {
	info = info.clone()
	before, wildcard, after := cutWildcard(strings.TrimSuffix(strings.Trim(info.Host, "[]"), "."))
	info.Host = strings.ToLower(before) + braced(wildcard) + strings.ToLower(after) // as HostServeMux has it
	doc := &Document{info: info}
	problems := doc.describe(h)
	if len(problems) == 0 {
		if err := doc.share(); err != nil {
			problems = append(problems, err.Error())
		}
	}
	if len(problems) > 0 {
		callsite.Panicf("openapi.New: %s", strings.Join(problems, "; "))
	}
	doc.json = sync.OnceValue(doc.render)
	doc.yaml = sync.OnceValue(func() []byte { return yamlOf(doc.json()) })
	doc.etag = sync.OnceValue(func() string { return etag(doc.json()) })
	doc.yamlETag = sync.OnceValue(func() string { return etag(doc.yaml()) })
	return doc
}

// ref returns the name under which a schema is referred to, if it is.
func (d *Document) ref(s *schema.Schema) (name string, ok bool) {
	name, ok = d.names[s]
	return name, ok
}

// describe fills the document with what there is to be said of a tree, and
// returns what is wrong with it.
func (d *Document) describe(h http.Handler) []string {
	var wrong []string
	if h == nil {
		wrong = []string{"the handler is nil"}
	}
	tigertonic.Complete(h)
	routes := tigertonic.Routes(h)
	ways, wrongWays := findWays(h, routes, d.info)
	d.unknown = findUnknown(routes, ways, d.info)
	operations, wrongOperations := describe(ways)
	hooks, wrongHooks := describeWebhooks(d.info.Webhooks)
	operations = append(operations, hooks...)
	wrongIDs := identify(operations)
	if d.info.Host != "" && len(d.info.Servers) > 0 {
		for i := range operations {
			operations[i].host = "" // the servers are its
		}
	}
	d.operations = operations
	d.security = collectSecurity(operations)
	d.schemas, d.names = nameSchemas(operations)
	return slices.Concat(wrong, d.info.check(), wrongWays, wrongOperations, wrongHooks, wrongIDs, checkLinks(operations))
}

// JSON returns the document, indented, with a newline at its end. The caller
// owns it.
func (d *Document) JSON() []byte { return bytes.Clone(d.json()) }

// YAML returns the document as YAML 1.2, in block style. The caller owns it.
func (d *Document) YAML() []byte { return bytes.Clone(d.yaml()) }

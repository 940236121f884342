// Package openapi describes a tree of handlers as an OpenAPI 3.1 document, read
// off the handlers that serve, and shows it to people as a page.
package openapi

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"

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
	security   []tigertonic.SecurityScheme   // that operations name, sorted
	json       []byte
}

// An operation is a method of a path with all that is known of it.
type operation struct {
	*tigertonic.Operation
	method string // "GET"
	path   string // "/1.0/stuff/{id}"
	host   string // or ""
	anchor string // unique in the document, fit for a URL's fragment
	named  any    // what has given the ID, or nil
}

// A namedSchema is one that others refer to.
type namedSchema struct {
	name   string
	schema *tigertonic.Schema
}

// New describes a tree of handlers, which must be complete by then. The document
// has an operation for each way that [tigertonic.Routes] finds and a request can
// take, and says of it what the [tigertonic.Describer]s on the way say. Of a
// handler that isn't described, it has the method, the path and its wildcards. A
// pattern with wildcards has a 404 besides, which a mux answers where a segment is
// empty.
//
// It hasn't what OpenAPI has no words for: a handler that is called for all
// methods, or for one that isn't among OpenAPI's; what is below a namespace that
// isn't a mux's; and {name...} where {name} has the same method and place. Of a
// {name...} in the document, the description says that it may contain slashes.
// Operations that are Hidden are left out too.
//
// Equal trees give equal documents, in whatever order they were built. Without an
// ID of its own, an operation is called after its method and path. One that is
// served in many places and has an ID keeps it in the first; in the others, a
// number is added. Schemas are called after their types, and what says more of
// these is added only to names that would clash.
//
// A [tigertonic.HostServeMux] makes the host the server of its operations. If two
// hosts have the same method and path, a document can be of one of them only: the
// one that [Info.Host] names, together with what is there for all hosts.
//
// New panics if the title or the version is missing, if no route has the host,
// and if a description can't be: two handlers with the same operation ID, a path
// parameter that the pattern has no wildcard for, a status, a place of a
// parameter or a value that isn't one.
func New(h http.Handler, info Info) *Document {
	info.Servers = slices.Clone(info.Servers)
	info.Host = strings.ToLower(strings.TrimSuffix(strings.Trim(info.Host, "[]"), ".")) // as HostServeMux has it
	doc := &Document{info: info}
	problems := doc.describe(h)
	if len(problems) == 0 {
		var err error
		if doc.json, err = render(doc); err != nil {
			problems = append(problems, err.Error())
		}
	}
	if len(problems) > 0 {
		panic(fmt.Sprintf("tigertonic: openapi.New: %s (at %s)", strings.Join(problems, "; "), caller()))
	}
	return doc
}

// describe fills the document with what there is to be said of a tree, and
// returns what is wrong with it.
func (d *Document) describe(h http.Handler) []string {
	ways, wrongWays := findWays(h, d.info.Host)
	operations, wrongOperations := describe(ways)
	wrongIDs := identify(operations)
	if d.info.Host != "" && len(d.info.Servers) > 0 {
		for i := range operations {
			operations[i].host = "" // the servers are its
		}
	}
	d.operations = operations
	d.security = collectSecurity(operations)
	d.schemas, d.names = nameSchemas(operations)
	return slices.Concat(checkInfo(h, d.info), wrongWays, wrongOperations, wrongIDs)
}

// JSON returns the document, indented, with a newline at its end. The caller
// owns it.
func (d *Document) JSON() []byte { return bytes.Clone(d.json) }

func checkInfo(h http.Handler, info Info) (problems []string) {
	if h == nil {
		problems = append(problems, "the handler is nil")
	}
	if info.Title == "" {
		problems = append(problems, "Info.Title is missing")
	}
	if info.Version == "" {
		problems = append(problems, "Info.Version is missing")
	}
	return problems
}

const packagePath = "github.com/rcrowley/go-tigertonic/openapi."

// caller returns the place of the innermost call from outside of this package.
func caller() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, packagePath) || !more {
			return fmt.Sprintf("%s:%d", frame.File, frame.Line)
		}
	}
}

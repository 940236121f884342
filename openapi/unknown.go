package openapi

import (
	"cmp"
	"fmt"
	"net/http"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// Unknown is a handler that a document can't say what it does.
type Unknown struct {
	Host    string // of a HostServeMux, or ""
	Method  string // or "" for all of them
	Pattern string // as [tigertonic.Route] has it
	Handler string // the type, such as "*chi.Mux", or the name of a function
	Where   string // it was registered, "main.go:12", or ""
	// Opaque says that the document may lack operations, because the tree of handlers
	// can't be seen further. Else the document has the operation, but nobody describes it.
	Opaque bool
}

// Name returns what the handler is known by to those who allow it: its host, method
// and pattern, as far as there are any, "GET /health" or "/files/{...}".
func (u Unknown) Name() string {
	return strings.Join(strings.Fields(u.Host+" "+u.Method+" "+u.Pattern), " ")
}

// String says which handler it is, and where.
func (u Unknown) String() string {
	text := cmp.Or(u.Name(), "everything") + " → " + u.Handler + " (not described)"
	if u.Where != "" {
		text += ", registered at " + u.Where
	}
	return text
}

// Unknown returns the handlers that the document can't say what they do, sorted: those
// behind which there may be operations that it lacks, such as a closure round a mux or
// a router of another library, and those whose operation it has, but that nobody
// describes. [tigertonic.Wrapped] lets a middleware be seen through, and
// [tigertonic.Described] says what a handler does, or that it is hidden.
func (d *Document) Unknown() []Unknown { return slices.Clone(d.unknown) }

// findUnknown returns what isn't known among the routes of a host and the ways that
// requests take.
func findUnknown(routes []tigertonic.Route, ways []*way, info Info) (unknown []Unknown) {
	add := func(rt tigertonic.Route) {
		unknown = append(unknown, Unknown{rt.Host, rt.Method, rt.Pattern, nameOf(rt.Handler), rt.Where, rt.IsOpaque()})
	}
	for _, rt := range routes {
		if rt.IsOpaque() && !hasWords(rt, info.is32()) && (info.Host == "" || rt.Host == "" || rt.Host == info.Host) {
			add(rt)
		}
	}
	for _, w := range ways {
		if !w.IsDescribed() {
			add(w.Route)
		}
	}
	slices.SortStableFunc(unknown, func(a, b Unknown) int {
		return cmp.Or(cmp.Compare(a.Pattern, b.Pattern), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Method, b.Method))
	})
	return unknown
}

// nameOf returns what people call a handler: what it says, the name of a function, or
// its type.
func nameOf(h http.Handler) string {
	if named, ok := h.(fmt.Stringer); ok {
		return named.String()
	}
	if f := reflect.ValueOf(h); f.Kind() == reflect.Func {
		return strings.TrimSuffix(path.Base(runtime.FuncForPC(f.Pointer()).Name()), "-fm")
	}
	return fmt.Sprintf("%T", h)
}

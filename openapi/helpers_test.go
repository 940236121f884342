package openapi_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

// foreign is a handler of which nothing is known.
var foreign = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

var info = openapi.Info{Title: "Test", Version: "1.0"}

// described returns a handler with a description.
func described(describe func(op *tigertonic.Operation)) http.Handler {
	return tigertonic.Described(foreign, describe)
}

// named returns a handler whose operation has an ID, by which tests know it.
func named(id string) http.Handler {
	return described(func(op *tigertonic.Operation) { op.ID = id })
}

// object is a JSON object.
type object = map[string]any

// parse returns the document as clients see it, who look up what is referred to, but
// for schemas.
func parse(doc *openapi.Document) (o object) {
	o = asIs(doc)
	return resolved(o, o).(object)
}

// asIs returns the document with its references.
func asIs(doc *openapi.Document) (o object) {
	if err := json.Unmarshal(doc.JSON(), &o); err != nil {
		panic(err)
	}
	return o
}

// resolved returns a value in which there is what is referred to in its place.
func resolved(doc object, value any) any {
	switch v := value.(type) {
	case object:
		if ref, ok := v["$ref"].(string); ok && !strings.HasPrefix(ref, "#/components/schemas/") {
			names := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
			return resolved(doc, at(doc, names...))
		}
		o := object{}
		for name, value := range v {
			o[name] = resolved(doc, value)
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i, value := range v {
			list[i] = resolved(doc, value)
		}
		return list
	}
	return value
}

// at returns what is found under the names, or nil.
func at(o any, names ...string) any {
	for _, name := range names {
		members, _ := o.(object)
		o = members[name]
	}
	return o
}

// paths returns the paths of the document, sorted.
func paths(doc *openapi.Document) []string {
	paths, _ := at(parse(doc), "paths").(object)
	return slices.Sorted(maps.Keys(paths))
}

// evil is what would run if it were taken for more than text.
const evil = `</script></style></textarea><img src=x onerror=pwned()>"'` + "`"

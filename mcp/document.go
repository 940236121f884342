package mcp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// An object is a JSON object.
type object = map[string]any

// A document is an OpenAPI document.
type document struct {
	root       object
	operations []*operation
}

// An operation is a method of a path.
type operation struct {
	object
	method, path string
	hosts        []host // that alone have it, or none for all
	rest         bool   // the last wildcard takes slashes
}

func (op *operation) id() string { return text(op.object["operationId"]) }

// String is what the operation is called in messages.
func (op *operation) String() string { return op.method + " " + op.path }

// readDocument reads a document of package openapi, and what the document lacks from the
// routes.
func readDocument(doc []byte, routes []tigertonic.Route) *document {
	d := &document{}
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber()
	if err := decoder.Decode(&d.root); err != nil {
		panic(err) // package openapi has made it
	}
	rest := map[string]bool{}
	for _, route := range routes {
		if strings.HasSuffix(route.Pattern, "...}") {
			rest[route.Method+" "+shape(route.Pattern)] = true
		}
	}
	paths := members(d.root["paths"])
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := members(paths[path])
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			o := members(item[strings.ToLower(method)])
			if o == nil {
				continue
			}
			op := &operation{object: o, method: method, path: path, rest: rest[method+" "+shape(path)]}
			for _, server := range list(o["servers"]) {
				op.hosts = append(op.hosts, readHost(text(members(server)["url"])))
			}
			d.operations = append(d.operations, op)
		}
	}
	return d
}

// shape returns a template without the names of its wildcards.
func shape(template string) string {
	segments := strings.Split(template, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

func members(value any) object {
	o, _ := value.(object)
	return o
}

func list(value any) []any {
	l, _ := value.([]any)
	return l
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

// resolve returns a value that is an object, or the object that it refers to.
func (d *document) resolve(value any) object {
	for range 100 { // references may lead round
		o := members(value)
		ref, ok := o["$ref"].(string)
		if !ok {
			return o
		}
		value = d.root
		for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			value = members(value)[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
		}
	}
	return nil
}

// tools returns the operations that the options choose, and the problems with the
// options.
func (d *document) tools(o Options) (tools []*tool, problems []string) {
	if len(o.Tags)+len(o.Operations) == 0 {
		return nil, []string{"neither Tags nor Operations is set: name the operations that become tools"}
	}
	names := map[string]*operation{}
	tags, operations := slices.Clone(o.Tags), slices.Clone(o.Operations)
	for _, op := range d.operations {
		isNamed := slices.Contains(o.Operations, op.String()) || slices.Contains(o.Operations, op.id())
		operations = slices.DeleteFunc(operations, func(name string) bool { return name == op.String() || name == op.id() })
		isTagged := false
		for _, tag := range list(op.object["tags"]) {
			isTagged = isTagged || slices.Contains(o.Tags, text(tag))
			tags = slices.DeleteFunc(tags, func(name string) bool { return name == tag })
		}
		if !isNamed && (!isTagged || op.method != http.MethodGet) {
			continue
		}
		t, problem := d.tool(op, o.MaxFile)
		if problem != "" {
			problems = append(problems, fmt.Sprintf("%s can't be a tool: %s", op, problem))
			continue
		}
		if other := names[t.name]; other != nil {
			problems = append(problems, fmt.Sprintf("%s and %s would both be called %q: give one of them another OperationID", other, op, t.name))
		}
		names[t.name] = op
		tools = append(tools, t)
	}
	for _, tag := range tags {
		problems = append(problems, fmt.Sprintf("no operation has the tag %q", tag))
	}
	for _, name := range operations {
		problems = append(problems, fmt.Sprintf("there is no operation %q", name))
	}
	return tools, problems
}

package openapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// render returns the document's JSON, indented. Its parts have been written before, so
// there is nothing left that can't be.
func (d *Document) render() []byte {
	text, err := marshal(d.object(), jsontext.WithIndent("  "))
	if err != nil {
		panic(fmt.Sprintf("tigertonic: openapi: %v", err))
	}
	return append(text, '\n')
}

func (d *Document) object() (o object) {
	version := "3.1.1"
	if d.info.is32() {
		version = "3.2.0"
	}
	o.set("openapi", version)
	o.set("info", d.infoObject())
	o.set("servers", d.servers())
	o.set("security", []any{}) // none, but for operations that say otherwise
	if tags := d.tags(); len(tags) > 0 {
		o.set("tags", tags)
	}
	o.set("paths", d.paths(false))
	if hooks := d.paths(true); len(hooks) > 0 {
		o.set("webhooks", hooks)
	}
	if components := d.components(); len(components) > 0 {
		o.set("components", components)
	}
	o.docs(d.info.Docs)
	return o
}

// paths returns the operations by their paths, or the webhooks by their names.
func (d *Document) paths(hooks bool) object {
	paths := object{}
	for i := range d.operations {
		op := &d.operations[i]
		if op.hook != hooks {
			continue
		}
		if last := len(paths) - 1; last < 0 || paths[last].name != op.path {
			paths.set(op.path, object{})
		}
		item := &paths[len(paths)-1].value
		*item = withOperation((*item).(object), op.method, d.operation(op))
	}
	return paths
}

// withOperation returns a path with an operation more. Of methods that have no member of
// their own, OpenAPI 3.2 has a map.
func withOperation(item object, method string, op object) object {
	if slices.Contains(methods(), method) || method == "QUERY" {
		return append(item, member{strings.ToLower(method), op})
	}
	const others = "additionalOperations"
	if last := len(item) - 1; last >= 0 && item[last].name == others {
		item[last].value = append(item[last].value.(object), member{method, op})
		return item
	}
	return append(item, member{others, object{{method, op}}})
}

func (d *Document) operation(op *operation) (o object) {
	if len(op.Tags) > 0 {
		o.set("tags", op.Tags)
	}
	o.set("summary", cmp.Or(op.Summary, op.method+" "+op.path))
	o.text("description", op.Description)
	o.set("operationId", op.ID)
	if len(op.parameters) > 0 {
		parameters := make([]any, len(op.parameters))
		for i, p := range op.parameters {
			parameters[i] = d.parameters.written(p)
		}
		o.set("parameters", parameters)
	}
	if op.body != nil {
		o.set("requestBody", d.bodies.written(op.body))
	}
	var responses object
	for _, rs := range op.responses {
		responses.set(rs.status, d.responses.written(rs.part))
	}
	o.set("responses", responses)
	o.flag("deprecated", op.Deprecated)
	if len(op.Security) > 0 {
		o.set("security", requirements(op.Security))
	}
	if op.host != "" {
		servers := []object{serverOf(op.host)}
		for _, host := range op.also {
			servers = append(servers, serverOf(host))
		}
		o.set("servers", servers)
	}
	return o
}

// serverOf returns a host as a server. Its wildcard is a variable, whose default is a host
// that the wildcard matches.
func serverOf(host string) (o object) {
	before, wildcard, after := cutWildcard(host)
	name, isRest := strings.CutSuffix(wildcard, "...")
	o.set("url", "//"+bracketed(before+braced(name)+after))
	switch {
	case isRest:
		o.set("variables", object{{name, object{{"default", "example.com"}}}})
	case name != "":
		o.set("variables", object{{name, object{{"default", "example"}}}})
	}
	return o
}

// braced returns the name of a wildcard in braces, or "".
func braced(name string) string {
	if name == "" {
		return ""
	}
	return "{" + name + "}"
}

func (d *Document) parameter(p tigertonic.Parameter) (o object) {
	o.set("name", p.Name)
	o.set("in", p.In)
	o.text("description", p.Description)
	o.flag("required", p.Required)
	o.flag("deprecated", p.Deprecated)
	o.flag("allowEmptyValue", p.AllowEmpty)
	o.text("style", p.Style)
	switch {
	case p.Joined:
		o.set("explode", false)
	case p.Style == "deepObject":
		o.set("explode", true)
	}
	o.set("schema", schemaOrRef(p.Schema, d.ref))
	return o
}

func (d *Document) body(b *tigertonic.RequestBody) (o object) {
	o.text("description", b.Description)
	o.set("content", d.content(b.Content))
	o.flag("required", b.Required)
	return o
}

func (d *Document) response(rs *tigertonic.ResponseInfo) (o object) {
	o.set("description", rs.Description)
	if len(rs.Headers) > 0 {
		var headers object
		for name, h := range sorted(rs.Headers) {
			headers.set(name, d.headers.find(name, d.header(h)))
		}
		o.set("headers", headers)
	}
	if len(rs.Content) > 0 {
		o.set("content", d.content(rs.Content))
	}
	if len(rs.Links) > 0 {
		o.set("links", links(rs.Links))
	}
	return o
}

func (d *Document) header(h tigertonic.HeaderInfo) (o object) {
	o.text("description", h.Description)
	o.flag("required", h.Required)
	s := h.Schema
	if s == nil {
		s = &schema.Schema{Types: []string{"string"}}
	}
	o.set("schema", schemaOrRef(s, d.ref))
	return o
}

// content returns the bodies by media type. Of streams, OpenAPI 3.1 has no word for the
// items, unless they are the elements of an array.
func (d *Document) content(content map[string]tigertonic.MediaType) object {
	o := object{}
	for mediaType, m := range sorted(content) {
		body := object{}
		sequential := m.Items != nil && mediaType != "application/json"
		switch {
		case sequential && d.info.is32():
			body.set("itemSchema", d.itemSchema(mediaType, &m))
		case m.Schema != nil:
			body.set("schema", schemaOrRef(m.Schema, d.ref))
		case m.Items != nil && !sequential:
			body.set("schema", object{{"type", "array"}, {"items", schemaOrRef(m.Items, d.ref)}})
		}
		if sequential && !d.info.is32() {
			body.set("x-itemSchema", schemaOrRef(m.Items, d.ref))
			if len(m.Events) > 0 {
				var events object
				for name, s := range sorted(m.Events) {
					events.set(name, schemaOrRef(s, d.ref))
				}
				body.set("x-eventSchemas", events)
			}
		}
		if len(m.Examples) > 0 {
			body.set("examples", examples(m.Examples))
		}
		if len(m.Encoding) > 0 {
			body.set("encoding", encodings(m.Encoding))
		}
		o.set(mediaType, body)
	}
	return o
}

// itemSchema returns the schema of an item as OpenAPI 3.2 has it (§4.14.4), for which a
// server-sent event is an object whose data is a text. Events of several types are told
// apart by their names.
func (d *Document) itemSchema(mediaType string, m *tigertonic.MediaType) object {
	if base, _, _ := strings.Cut(mediaType, ";"); base != "text/event-stream" {
		return schemaOrRef(m.Items, d.ref)
	}
	item := object{
		{"type", "object"},
		{"properties", object{
			{"data", d.eventData(m.Items)},
			{"event", object{{"type", "string"}}},
			{"id", object{{"type", "string"}}},
			{"retry", object{{"type", "integer"}, {"minimum", 0}}},
		}},
		{"required", []string{"data"}},
	}
	if len(m.Events) == 0 {
		return item
	}
	var kinds []object
	for name, s := range sorted(m.Events) {
		kinds = append(kinds, object{
			{"properties", object{{"event", object{{"const", name}}}, {"data", d.eventData(s)}}},
			{"required", []string{"event"}},
		})
	}
	item.set("oneOf", kinds)
	return item
}

func (d *Document) eventData(s *schema.Schema) object {
	return object{{"type", "string"}, {"contentMediaType", "application/json"}, {"contentSchema", schemaOrRef(s, d.ref)}}
}

func examples(all map[string]tigertonic.Example) (o object) {
	for name, e := range sorted(all) {
		var example object
		example.text("summary", e.Summary)
		example.text("description", e.Description)
		example.set("value", e.Value)
		o.set(name, example)
	}
	return o
}

func encodings(all map[string]tigertonic.Encoding) (o object) {
	for name, e := range sorted(all) {
		var encoding object
		encoding.text("contentType", e.ContentType)
		encoding.text("style", e.Style)
		encoding.flag("explode", e.Explode)
		o.set(name, encoding)
	}
	return o
}

func links(all map[string]tigertonic.Link) (o object) {
	for name, l := range sorted(all) {
		link := object{{"operationId", l.OperationID}}
		if len(l.Parameters) > 0 {
			var parameters object
			for name, expression := range sorted(l.Parameters) {
				parameters.set(name, expression)
			}
			link.set("parameters", parameters)
		}
		link.text("requestBody", l.Body)
		link.text("description", l.Description)
		o.set(name, link)
	}
	return o
}

func (d *Document) components() (o object) {
	if len(d.schemas) > 0 {
		var schemas object
		for _, s := range d.schemas {
			schemas.set(s.name, s.text)
		}
		o.set("schemas", schemas)
	}
	for _, kind := range []member{
		{"responses", d.responses.components()},
		{"parameters", d.parameters.components()},
		{"headers", d.headers.components()},
	} {
		if len(kind.value.(object)) > 0 {
			o.set(kind.name, kind.value)
		}
	}
	if len(d.security) > 0 {
		var schemes object
		for i := range d.security {
			schemes.set(d.security[i].Name, securityScheme(d.security[i]))
		}
		o.set("securitySchemes", schemes)
	}
	return o
}

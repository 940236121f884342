package openapi

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic"
)

// An object is a JSON object whose members have an order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSONTo writes the members. An error names the one that can't be.
func (o object) MarshalJSONTo(enc *jsontext.Encoder) error {
	if err := enc.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range o {
		if err := enc.WriteToken(jsontext.String(m.name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(enc, m.value); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndObject)
}

func (o *object) set(name string, value any) { *o = append(*o, member{name, value}) }

// text sets a member to a text, unless that is empty.
func (o *object) text(name, text string) {
	if text != "" {
		o.set(name, text)
	}
}

// flag sets a member to true, or not at all.
func (o *object) flag(name string, set bool) {
	if set {
		o.set(name, true)
	}
}

// marshal returns the indented JSON of a value. What isn't UTF-8 is replaced.
func marshal(value any) ([]byte, error) {
	return json.Marshal(value, jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true))
}

// sorted yields a map's entries in the order of their keys.
func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}

// render returns the document's JSON.
func render(doc *Document) ([]byte, error) {
	var o object
	o.set("openapi", "3.1.1")
	o.set("info", doc.infoObject())
	o.set("servers", servers(doc.info.Servers))
	o.set("security", []any{}) // none, but for operations that say otherwise
	if tags := doc.tags(); len(tags) > 0 {
		o.set("tags", tags)
	}
	o.set("paths", doc.paths())
	if components := doc.components(); len(components) > 0 {
		o.set("components", components)
	}
	text, err := marshal(o)
	return append(text, '\n'), err
}

func (d *Document) infoObject() (o object) {
	o.set("title", d.info.Title)
	o.text("summary", d.info.Summary)
	o.text("description", d.info.Description)
	o.set("version", d.info.Version)
	return o
}

func servers(urls []string) (servers []object) {
	if len(urls) == 0 {
		urls = []string{"/"}
	}
	for _, url := range urls {
		servers = append(servers, object{{"url", url}})
	}
	return servers
}

// tags returns the names of the tags, sorted.
func (d *Document) tags() (tags []object) {
	var names []string
	for i := range d.operations {
		names = append(names, d.operations[i].Tags...)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		tags = append(tags, object{{"name", name}})
	}
	return tags
}

func (d *Document) paths() object {
	paths := object{}
	for i := range d.operations {
		op := &d.operations[i]
		m := member{strings.ToLower(op.method), d.operation(op)}
		if last := len(paths) - 1; last >= 0 && paths[last].name == op.path {
			paths[last].value = append(paths[last].value.(object), m)
			continue
		}
		paths.set(op.path, object{m})
	}
	return paths
}

func (d *Document) operation(op *operation) (o object) {
	if len(op.Tags) > 0 {
		o.set("tags", op.Tags)
	}
	o.set("summary", cmp.Or(op.Summary, op.method+" "+op.path))
	o.text("description", op.Description)
	o.set("operationId", op.ID)
	if len(op.Parameters) > 0 {
		var parameters []object
		for _, p := range op.Parameters {
			parameters = append(parameters, d.parameter(p))
		}
		o.set("parameters", parameters)
	}
	if op.Body != nil {
		o.set("requestBody", d.body(op.Body))
	}
	o.set("responses", d.responses(op.Responses))
	o.flag("deprecated", op.Deprecated)
	if len(op.Security) > 0 {
		o.set("security", []object{d.requirement(op.Security)})
	}
	if op.host != "" {
		o.set("servers", servers([]string{"//" + bracketed(op.host)}))
	}
	return o
}

func (d *Document) parameter(p tigertonic.Parameter) (o object) {
	o.set("name", p.Name)
	o.set("in", p.In)
	o.text("description", p.Description)
	o.flag("required", p.Required)
	o.flag("deprecated", p.Deprecated)
	o.set("schema", schema(p.Schema, d.names))
	return o
}

func (d *Document) body(b *tigertonic.RequestBody) (o object) {
	o.text("description", b.Description)
	o.set("content", d.content(b.Content))
	o.flag("required", b.Required)
	return o
}

func (d *Document) responses(responses map[string]*tigertonic.ResponseInfo) (o object) {
	for status, rs := range sorted(responses) {
		r := object{{"description", rs.Description}}
		if len(rs.Headers) > 0 {
			var headers object
			for name, h := range sorted(rs.Headers) {
				headers.set(name, d.header(h))
			}
			r.set("headers", headers)
		}
		if len(rs.Content) > 0 {
			r.set("content", d.content(rs.Content))
		}
		o.set(status, r)
	}
	return o
}

func (d *Document) header(h tigertonic.HeaderInfo) (o object) {
	o.text("description", h.Description)
	s := h.Schema
	if s == nil {
		s = &tigertonic.Schema{Types: []string{"string"}}
	}
	o.set("schema", schema(s, d.names))
	return o
}

// content returns the bodies by media type. Of streams, OpenAPI 3.1 has no word
// for the items, unless they are the elements of an array.
func (d *Document) content(content map[string]tigertonic.MediaType) object {
	o := object{}
	for mediaType, m := range sorted(content) {
		body := object{}
		if m.Schema != nil {
			body.set("schema", schema(m.Schema, d.names))
		} else if m.Items != nil && mediaType == "application/json" {
			body.set("schema", object{{"type", "array"}, {"items", schema(m.Items, d.names)}})
		}
		if m.Items != nil && mediaType != "application/json" {
			body.set("x-itemSchema", schema(m.Items, d.names))
		}
		o.set(mediaType, body)
	}
	return o
}

func (d *Document) components() (o object) {
	if len(d.schemas) > 0 {
		var schemas object
		for _, s := range d.schemas {
			schemas.set(s.name, schemaBody(s.schema, d.names))
		}
		o.set("schemas", schemas)
	}
	if len(d.security) > 0 {
		var schemes object
		for _, s := range d.security {
			scheme := object{{"type", "http"}, {"scheme", s.Scheme}}
			scheme.text("description", s.Description)
			schemes.set(s.Name, scheme)
		}
		o.set("securitySchemes", schemes)
	}
	return o
}

// requirement returns the names of schemes all of which are required.
func (d *Document) requirement(schemes []tigertonic.SecurityScheme) (o object) {
	for _, s := range schemes {
		o.set(s.Name, []any{})
	}
	return o
}

// collectSecurity returns the schemes of operations, sorted by name, after
// giving each, there too, a name of its own.
func collectSecurity(operations []operation) (schemes []tigertonic.SecurityScheme) {
	names := map[tigertonic.SecurityScheme]string{}
	taken := map[string]bool{}
	for i := range operations {
		op := operations[i].Operation
		var required []tigertonic.SecurityScheme
		for _, s := range op.Security {
			name, known := names[s]
			if !known {
				name = unused(sanitize(cmp.Or(s.Name, s.Scheme)), func(s string) bool { return taken[s] })
				names[s], taken[name] = name, true
			}
			s.Name = name
			if !known {
				schemes = append(schemes, s)
			}
			if !slices.Contains(required, s) {
				required = append(required, s)
			}
		}
		op.Security = required
	}
	slices.SortFunc(schemes, func(a, b tigertonic.SecurityScheme) int { return cmp.Compare(a.Name, b.Name) })
	return schemes
}

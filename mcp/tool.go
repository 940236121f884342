package mcp

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A tool is an operation that agents can call.
type tool struct {
	*operation
	name      string
	arguments []argument
	mediaType string      // of the body, or "" if there is none
	form      []formField // of a body that is a form
	whole     *formField  // a body that is a file, or nil
	items     any         // the schema of the values of a stream, or nil
	accept    string
	wrapped   bool // the answer isn't an object, and is put into one
	output    any  // its schema, or nil if it can't be known
	keys      []key
}

// An argument is a property of a tool's input.
type argument struct {
	name      string // as the agent has it
	parameter string // as the handler has it
	in        string // "path", "query", "header", "cookie", "host" or "body"
	required  bool
	joined    bool // a list is one text, with commas
	object    bool // its members are parameters of their own: filter[state]
	schema    object
}

// A key is where a client's credential is, other than in Authorization.
type key struct{ in, name string }

const maxName = 64

// toolName returns an ID reduced to the characters that all agents accept in a name.
func toolName(id string) string {
	name := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' {
			return c
		}
		return '_'
	}, id)
	return name[:min(len(name), maxName)]
}

// tool returns the tool of an operation, or why it can't be one.
func (d *document) tool(op *operation, maxFile int) (t *tool, problem string) {
	t = &tool{operation: op, name: toolName(op.id())}
	for _, requirement := range list(op.object["security"]) {
		for name := range members(requirement) {
			scheme := d.resolve(members(members(d.root["components"])["securitySchemes"])[name])
			if text(scheme["type"]) == "apiKey" {
				t.keys = append(t.keys, key{text(scheme["in"]), text(scheme["name"])})
			}
		}
	}
	for _, value := range list(op.object["parameters"]) {
		p := d.resolve(value)
		a := argument{parameter: text(p["name"]), in: text(p["in"]), required: p["required"] == true}
		if t.isCallers(a) {
			continue
		}
		a.name = t.free(a.parameter, a.in)
		a.schema = described(members(p["schema"]), text(p["description"]))
		a.object = text(p["style"]) == "deepObject"
		a.joined = a.in != "query" || p["explode"] == false
		t.arguments = append(t.arguments, a)
	}
	for _, h := range op.hosts {
		if h.wildcard != "" && !slices.ContainsFunc(t.arguments, func(a argument) bool { return a.in == "host" }) {
			schema := object{"type": "string", "description": "The host to call, " + h.before + "{" + h.wildcard + "}" + h.after + ". By default, the host of the request to this server."}
			t.arguments = append(t.arguments, argument{name: t.free(h.wildcard, "host"), parameter: h.wildcard, in: "host", schema: schema})
		}
	}
	if body := d.resolve(op.object["requestBody"]); body != nil {
		if problem := d.body(t, body, maxFile); problem != "" {
			return nil, problem
		}
	}
	d.outputOf(t)
	return t, ""
}

// body adds the argument that is the body, or returns why there can't be one.
func (d *document) body(t *tool, body object, maxFile int) (problem string) {
	content := members(body["content"])
	t.mediaType = bestType(content)
	media := members(content[t.mediaType])
	schema := members(media["schema"])
	switch base, _, _ := strings.Cut(t.mediaType, ";"); {
	case t.mediaType == "":
		return "its body is neither JSON nor text, nor a described form or file"
	case isJSON(t.mediaType):
	case (base == urlencoded || base == multipartForm) && d.resolve(schema)["properties"] != nil:
		t.mediaType = base
		t.form, schema = d.form(media, maxFile)
	case isBinary(d.resolve(schema)):
		t.whole = &formField{}
		t.whole.accept(d.resolve(schema), strings.Join(slices.Sorted(maps.Keys(content)), ","), maxFile)
		schema = t.whole.schema(schema)
	default:
		schema = object{"type": "string"}
	}
	a := argument{name: "body", in: "body", required: body["required"] == true, schema: described(schema, text(body["description"]))}
	t.arguments = append(t.arguments, a)
	return ""
}

// isCallers reports whether a parameter comes from the caller, rather than being the
// agent's to choose: credentials, and the headers that HTTP and this package handle.
func (t *tool) isCallers(a argument) bool {
	if slices.Contains(t.keys, key{a.in, a.parameter}) {
		return true
	}
	own := append(passedOn(), "Accept", "Content-Type", "Cookie", "Host", "Last-Event-Id")
	return a.in == "header" && slices.Contains(own, http.CanonicalHeaderKey(a.parameter))
}

// free returns an unused name for an argument.
func (t *tool) free(name, in string) string {
	taken := func(name string) bool {
		return name == "body" || slices.ContainsFunc(t.arguments, func(a argument) bool { return a.name == name })
	}
	for taken(name) {
		name += "_in_" + in
	}
	return name
}

// described returns a schema with a description, unless it has one.
func described(schema object, description string) object {
	schema = maps.Clone(schema)
	if schema == nil {
		schema = object{}
	}
	if description != "" && schema["description"] == nil {
		schema["description"] = description
	}
	return schema
}

// bestType returns the media type for a body that an agent can write, or "".
func bestType(content object) string {
	begins := func(prefix string) func(string) bool {
		return func(name string) bool { return strings.HasPrefix(name, prefix) }
	}
	isFile := func(name string) bool { return isBinary(members(members(content[name])["schema"])) }
	for _, fits := range []func(string) bool{isJSON, begins("text/"), begins(urlencoded), begins(multipartForm), isFile} {
		for _, name := range slices.Sorted(maps.Keys(content)) {
			if fits(name) {
				return name
			}
		}
	}
	return ""
}

func isJSON(mediaType string) bool {
	base, _, _ := strings.Cut(mediaType, ";")
	base = strings.TrimSpace(base)
	return base == "application/json" || strings.HasSuffix(base, "+json")
}

// outputOf finds the schema of the output from the success responses. There is none if only
// some of them have a body, or if their bodies differ.
func (d *document) outputOf(t *tool) {
	var schemas []any
	empty := false
	for _, status := range slices.Sorted(maps.Keys(members(t.operation.object["responses"]))) {
		if status[0] != '2' {
			continue
		}
		content := members(d.resolve(members(t.operation.object["responses"])[status])["content"])
		empty = empty || len(content) == 0
		for _, name := range slices.Sorted(maps.Keys(content)) {
			body := members(content[name])
			for _, word := range []string{"itemSchema", "x-itemSchema"} {
				if items, ok := body[word]; ok && strings.Contains(name, "jsonl") {
					t.items, t.accept = items, name
				}
			}
			if schema, ok := body["schema"]; ok && isJSON(name) && !slices.ContainsFunc(schemas, func(s any) bool { return same(s, schema) }) {
				schemas = append(schemas, schema)
			}
		}
	}
	switch {
	case t.items != nil:
		t.output = object{"type": "array", "items": t.items}
		t.wrapped = true
		return
	case len(schemas) == 1:
		t.output = schemas[0]
	}
	t.accept = "application/json, text/*;q=0.9, */*;q=0.5"
	t.wrapped = t.output == nil || text(d.resolve(t.output)["type"]) != "object"
	if empty {
		t.output = nil
	}
}

// describe returns the tool as agents see it.
func (t *tool) describe(d *document) *mcp.Tool {
	properties, required := object{}, []string{}
	for _, a := range t.arguments {
		properties[a.name] = a.schema
		if a.required {
			required = append(required, a.name)
		}
	}
	input := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		input["required"] = required
	}
	described := &mcp.Tool{
		Name: t.name, Title: text(t.operation.object["summary"]), Description: t.description(),
		InputSchema: d.alone(input), Annotations: t.annotations(),
	}
	if t.output != nil {
		output := members(t.output)
		if t.wrapped {
			output = object{"type": "object", "properties": object{"result": t.output}, "required": []string{"result"}}
		}
		if output["$ref"] != nil {
			output = d.resolve(output)
		}
		described.OutputSchema = d.alone(output)
	}
	return described
}

func (t *tool) description() string {
	var parts []string
	for _, part := range []string{text(t.operation.object["summary"]), text(t.operation.object["description"])} {
		if part = strings.TrimRight(part, ". \n"); part != "" {
			parts = append(parts, part+".")
		}
	}
	if t.items != nil {
		parts = append(parts, "The result is the part of the stream that arrived in time.")
	}
	if t.operation.object["deprecated"] == true {
		parts = append(parts, "Deprecated.")
	}
	return strings.Join(parts, " ")
}

// annotations are those of the method (RFC 9110 §9.2).
func (t *tool) annotations() *mcp.ToolAnnotations {
	a := &mcp.ToolAnnotations{Title: text(t.operation.object["summary"])}
	isSafe := t.method == http.MethodGet
	destroys := !isSafe
	a.ReadOnlyHint, a.DestructiveHint = isSafe, &destroys
	a.IdempotentHint = isSafe || t.method == http.MethodPut || t.method == http.MethodDelete
	return a
}

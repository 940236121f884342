package contract

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// An operation is a method of a path, with everything that requests and answers are checked
// against.
type operation struct {
	method, path, key, id string
	parameters            []*parameter
	body                  *requestBody // or nil
	responses             map[string]*response
	secured               bool      // it requires credentials
	servers               []*server // that alone have it, or none for all
}

// String returns the operation's name in reports.
func (op *operation) String() string { return op.method + " " + op.path }

// takes reports whether a path, given as segments, is the operation's.
func (op *operation) takes(segments []string) bool {
	return slices.EqualFunc(strings.Split(op.key, "/"), segments, func(wanted, segment string) bool {
		return wanted == "{}" && segment != "" || wanted == segment
	})
}

// isOf reports whether the operation belongs to a host, which can have a port.
func (op *operation) isOf(host string) bool {
	return len(op.servers) == 0 || slices.ContainsFunc(op.servers, func(s *server) bool { return s.is(host) })
}

// host returns a host that has the operation alone, or "".
func (op *operation) host() string {
	for _, s := range op.servers {
		if s.host != "" && !strings.Contains(s.host, "{") {
			return s.host
		}
	}
	return ""
}

type (
	parameter struct {
		name, in   string
		required   bool
		joined     bool   // a list is one text, with commas
		skipsEmpty bool   // an empty text counts as none (allowEmptyValue)
		schema     string // a pointer, or "" if it is written in a way that isn't known here
		each       string // a pointer to the schema of the members of an object in the query, or ""
	}
	requestBody struct {
		required bool
		content  map[string]mediaType
	}
	response struct {
		headers map[string]responseHeader // by canonical name
		content map[string]mediaType
	}
	responseHeader struct {
		required bool
		schema   string
	}
	// A mediaType has pointers to schemas, or "".
	mediaType struct {
		schema, item string
		events       map[string]string // of server-sent events, by their names
	}
)

func methods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
}

// readOperations returns the operations of a document.
func readOperations(document any) (operations []*operation, err error) {
	root, ok := document.(object)
	if !ok {
		return nil, errors.New("the document isn't an object")
	}
	if version, _ := root["openapi"].(string); !strings.HasPrefix(version, "3.1") && !strings.HasPrefix(version, "3.2") {
		return nil, fmt.Errorf("the document has the version %q, which isn't 3.1 or 3.2 of OpenAPI", version)
	}
	r := reader{root}
	for path := range members(root["paths"]) {
		item, at := r.follow(root["paths"].(object)[path], pointer("paths", path))
		for _, method := range methods() {
			if op, ok := item[strings.ToLower(method)].(object); ok {
				operations = append(operations, r.operation(method, path, at, item, op))
			}
		}
	}
	slices.SortFunc(operations, func(a, b *operation) int {
		order := func(op *operation) string { return strings.ReplaceAll(op.key, "{}", "\U0010FFFF") }
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(slices.Index(methods(), a.method), slices.Index(methods(), b.method)))
	})
	return operations, nil
}

// An object is a JSON object.
type object = map[string]any

// members returns the members of an object, or none for any other value.
func members(value any) object {
	o, _ := value.(object)
	return o
}

func list(value any) []any {
	l, _ := value.([]any)
	return l
}

// pointer returns the JSON pointer with these names.
func pointer(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteByte('/')
		b.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return b.String()
}

// A reader reads a document.
type reader struct{ root object }

// follow returns a value that is an object, or the object that it refers to, and its
// pointer.
func (r reader) follow(value any, at string) (object, string) {
	for range 100 { // references may lead round
		o := members(value)
		ref, ok := o["$ref"].(string)
		if !ok || !strings.HasPrefix(ref, "#/") {
			return o, at
		}
		at = ref[1:]
		value = lookUp(r.root, at)
	}
	return nil, at
}

// lookUp returns the value at a JSON pointer, or nil.
func lookUp(value any, at string) any {
	for name := range strings.SplitSeq(strings.TrimPrefix(at, "/"), "/") {
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		switch x := value.(type) {
		case object:
			value = x[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i < 0 || i >= len(x) {
				return nil
			}
			value = x[i]
		default:
			return nil
		}
	}
	return value
}

func (r reader) operation(method, path, at string, item, o object) *operation {
	op := &operation{method: method, path: path, key: keyOf(path), responses: map[string]*response{}}
	op.id, _ = o["operationId"].(string)
	here := at + pointer(strings.ToLower(method))
	op.parameters = r.parameters(op.parameters, o["parameters"], here)
	op.parameters = r.parameters(op.parameters, item["parameters"], at)
	if body, at := r.follow(o["requestBody"], here+"/requestBody"); body != nil {
		op.body = &requestBody{body["required"] == true, r.content(body, at)}
	}
	for status, value := range members(o["responses"]) {
		rs, at := r.follow(value, here+pointer("responses", status))
		op.responses[strings.ToUpper(status)] = r.response(rs, at)
	}
	if rs, ok := op.responses["DEFAULT"]; ok {
		delete(op.responses, "DEFAULT")
		op.responses["default"] = rs
	}
	op.servers = firstOf(readServers(o), readServers(item))
	security, ok := o["security"]
	if !ok {
		security = r.root["security"]
	}
	op.secured = len(list(security)) > 0 && !slices.ContainsFunc(list(security), func(way any) bool { return len(members(way)) == 0 })
	return op
}

// firstOf returns the first servers that there are.
func firstOf(all ...[]*server) []*server {
	for _, servers := range all {
		if len(servers) > 0 {
			return servers
		}
	}
	return nil
}

// parameters adds parameters to those of an operation. Of two with one name, the first
// wins.
func (r reader) parameters(known []*parameter, values any, at string) []*parameter {
	for i, value := range list(values) {
		o, at := r.follow(value, fmt.Sprintf("%s/parameters/%d", at, i))
		p := &parameter{required: o["required"] == true}
		p.name, _ = o["name"].(string)
		p.in, _ = o["in"].(string)
		if p.in == "header" && slices.Contains([]string{"accept", "content-type", "authorization"}, strings.ToLower(p.name)) {
			continue // OpenAPI 3.1 §4.8.12.2.1
		}
		style, _ := o["style"].(string)
		usual := map[string]string{"query": "form", "cookie": "form", "path": "simple", "header": "simple"}[p.in]
		explode, isSet := o["explode"].(bool)
		p.joined = usual == "simple" || isSet && !explode
		p.skipsEmpty = p.in == "query" && o["allowEmptyValue"] == true
		if s, inner := r.follow(o["schema"], at+"/schema"); style == "deepObject" && p.in == "query" {
			for name := range members(s["properties"]) {
				known = append(known, &parameter{
					name: p.name + "[" + name + "]", in: p.in, schema: inner + pointer("properties", name),
					required: slices.Contains(list(s["required"]), any(name)),
				})
			}
			if each := s["additionalProperties"]; each != nil && each != false {
				p.schema, p.each = inner, inner+"/additionalProperties"
				known = append(known, p)
			}
			continue
		}
		if _, ok := o["schema"]; ok && cmp.Or(style, usual) == usual {
			p.schema = at + "/schema"
		}
		same := func(q *parameter) bool { return q.in == p.in && q.name == p.name }
		if p.name != "" && !slices.ContainsFunc(known, same) {
			known = append(known, p)
		}
	}
	return known
}

func (r reader) response(o object, at string) *response {
	rs := &response{headers: map[string]responseHeader{}, content: r.content(o, at)}
	for name, value := range members(o["headers"]) {
		h, at := r.follow(value, at+pointer("headers", name))
		declared := responseHeader{required: h["required"] == true}
		if _, ok := h["schema"]; ok {
			declared.schema = at + "/schema"
		}
		rs.headers[canonical(name)] = declared
	}
	return rs
}

func (r reader) content(o object, at string) map[string]mediaType {
	content := map[string]mediaType{}
	for name, value := range members(o["content"]) {
		body, at := r.follow(value, at+pointer("content", name))
		var m mediaType
		if _, ok := body["schema"]; ok {
			m.schema = at + "/schema"
		}
		for _, word := range []string{"itemSchema", "x-itemSchema"} {
			if _, ok := body[word]; ok {
				m.item = at + pointer(word)
			}
		}
		if item := members(body["itemSchema"]); item != nil && strings.HasPrefix(strings.ToLower(name), "text/event-stream") {
			m.item, m.events = eventData(item, m.item)
		}
		for event := range members(body["x-eventSchemas"]) {
			m.events = withEvent(m.events, event, at+pointer("x-eventSchemas", event))
		}
		content[strings.ToLower(name)] = m
	}
	return content
}

// eventData returns where the schema of the data of server-sent events is within the schema
// of an event (OpenAPI 3.2 §4.14.4), and where those by their names are, if there are any.
func eventData(item object, at string) (data string, events map[string]string) {
	const content = "/properties/data/contentSchema"
	for i, kind := range list(item["oneOf"]) {
		properties := members(members(kind)["properties"])
		if name, ok := members(properties["event"])["const"].(string); ok && members(properties["data"])["contentSchema"] != nil {
			events = withEvent(events, name, at+"/oneOf/"+strconv.Itoa(i)+content)
		}
	}
	if members(members(item["properties"])["data"])["contentSchema"] == nil {
		return at, events
	}
	return at + content, events
}

func withEvent(events map[string]string, name, at string) map[string]string {
	if events == nil {
		events = map[string]string{}
	}
	events[name] = at
	return events
}

// isStream reports whether one of the answers is a stream of values.
func (op *operation) isStream() bool {
	for _, rs := range op.responses {
		for _, m := range rs.content {
			if m.item != "" {
				return true
			}
		}
	}
	return false
}

// declared returns the document's response for a status, or nil, and its name there.
func (op *operation) declared(status int) (rs *response, name string) {
	if _, ok := op.responses["206"]; !ok && status == http.StatusPartialContent { // a part of it (RFC 9110 §15.3.7)
		status = http.StatusOK
	}
	for _, name := range []string{fmt.Sprint(status), fmt.Sprint(status/100) + "XX", "default"} {
		if rs, ok := op.responses[name]; ok {
			return rs, name
		}
	}
	return nil, ""
}

// statuses returns the documented statuses, sorted.
func (op *operation) statuses() []string { return slices.Sorted(maps.Keys(op.responses)) }

package openapitest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Two documents are compared operation by operation, and there part by part down
// to the schemas, whose references are followed: a change of a component is a
// change of each operation that uses it. What is sent to the service mustn't be
// allowed less than before, and what comes back no more.

// A change is a difference between two documents.
type change struct {
	breaking bool // clients
	text     string
}

// compare returns the changes from one document to another, by operation.
func compare(before, after []byte) ([]change, error) {
	c := &comparison{}
	if err := json.Unmarshal(before, &c.before); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(after, &c.after); err != nil {
		return nil, err
	}
	c.compare()
	return c.changes, nil
}

// An object is a JSON object.
type object = map[string]any

type comparison struct {
	before, after object
	changes       []change
}

func (c *comparison) compare() {
	top := scope{comparison: c}
	top.texts(c.before, c.after, "openapi")
	info := top.in("info")
	info.texts(members(c.before, "info"), members(c.after, "info"), "title", "summary", "description", "version")
	top.servers(c.before, c.after)
	before, after := operationsOf(c.before), operationsOf(c.after)
	for key, pair := range pairs(before, after) {
		name := cmp.Or(pair.before.name, pair.after.name)
		op := top.in("%s", name)
		_, wasThere := before[key]
		_, isThere := after[key]
		switch {
		case !isThere:
			op.breaks("was removed")
		case !wasThere:
			op.notes("was added")
		default:
			if name != pair.after.name {
				op.notes("is called %s now", pair.after.name)
			}
			op.operations(pair.before, pair.after)
		}
	}
	for name, pair := range pairs(members(c.before, "webhooks"), members(c.after, "webhooks")) {
		top.webhooks(name, asObject(pair.before), asObject(pair.after))
	}
}

// An operation is one with what it is called.
type operation struct {
	object
	name      string   // "GET /stuff/{id}"
	wildcards []string // of its path
}

// operationsOf returns the operations of a document by what doesn't change with
// the names of wildcards.
func operationsOf(doc object) map[string]operation {
	operations := map[string]operation{}
	for path, item := range members(doc, "paths") {
		var key strings.Builder
		var wildcards []string
		for i, part := range strings.Split(path, "{") {
			name, left, ok := strings.Cut(part, "}")
			if i > 0 && ok {
				wildcards, part = append(wildcards, name), "{}"+left
			}
			key.WriteString(part)
		}
		add := func(method string, op any) {
			operations[key.String()+" "+method] = operation{asObject(op), strings.ToUpper(method) + " " + path, wildcards}
		}
		for method, op := range asObject(item) {
			if method != "additionalOperations" { // of OpenAPI 3.2
				add(method, op)
				continue
			}
			for method, op := range asObject(op) {
				add(method, op)
			}
		}
	}
	return operations
}

// A pair is what goes under one key in two documents. Where there is nothing, it
// is the zero value.
type pair[V any] struct{ before, after V }

// pairs yields what two maps have, in the order of the keys.
func pairs[V any](before, after map[string]V) func(yield func(string, pair[V]) bool) {
	return func(yield func(string, pair[V]) bool) {
		keys := slices.AppendSeq(slices.Collect(maps.Keys(before)), maps.Keys(after))
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			if !yield(key, pair[V]{before[key], after[key]}) {
				return
			}
		}
	}
}

// A scope is a place in the documents, and a way to say what has changed there.
type scope struct {
	*comparison
	place   string // "GET /stuff/{id}: response 200: ", for people
	path    string // "owner.name", within a schema
	request bool   // the place is in what clients send
	visited map[[2]string]bool
}

// webhooks compares the requests under a name that the service sends. What their bodies
// and parameters may be is read by clients, so that any change of it can break them.
func (s scope) webhooks(name string, before, after object) {
	for method, pair := range pairs(before, after) {
		s := s.in("webhook %s %s", strings.ToUpper(method), name)
		b, a := asObject(pair.before), asObject(pair.after)
		switch {
		case a == nil:
			s.breaks("was removed")
			continue
		case b == nil:
			s.notes("was added")
			continue
		}
		for part, p := range pairs(b, a) {
			if textOf(p.before) != textOf(p.after) {
				s.add(part == "requestBody" || part == "parameters", "%s has changed", part)
			}
		}
	}
}

// in returns a scope within s.
func (s scope) in(format string, args ...any) scope {
	s.place += fmt.Sprintf(format, args...) + ": "
	return s
}

// breaks tells of a change that breaks clients.
func (s scope) breaks(format string, args ...any) { s.add(true, format, args...) }

// notes tells of a change that doesn't.
func (s scope) notes(format string, args ...any) { s.add(false, format, args...) }

// narrows tells that less is allowed.
func (s scope) narrows(format string, args ...any) { s.add(s.request, format, args...) }

// widens tells that more is allowed.
func (s scope) widens(format string, args ...any) { s.add(!s.request, format, args...) }

func (s scope) add(breaking bool, format string, args ...any) {
	c := change{breaking, s.place + fmt.Sprintf(format, args...)}
	if !slices.Contains(s.changes, c) {
		s.changes = append(s.changes, c)
	}
}

// texts tells of changes of texts for people.
func (s scope) texts(before, after object, names ...string) {
	for _, name := range names {
		if b, a := textOf(before[name]), textOf(after[name]); b != a {
			s.notes("%s has changed", name)
		}
	}
}

// servers compares the URLs of servers.
func (s scope) servers(before, after object) {
	b, a := urls(before), urls(after)
	for url, p := range pairs(b, a) {
		switch {
		case !p.after:
			s.breaks("server %s was removed", url)
		case !p.before:
			s.notes("server %s was added", url)
		}
	}
}

func urls(o object) map[string]bool {
	urls := map[string]bool{}
	for _, server := range asList(o["servers"]) {
		url, _ := asObject(server)["url"].(string)
		urls[url] = true
	}
	return urls
}

// members returns the object under a name, or nil.
func members(o object, name string) object { return asObject(o[name]) }

func asObject(value any) object {
	o, _ := value.(object)
	return o
}

func asList(value any) []any {
	list, _ := value.([]any)
	return list
}

// textOf returns a value's JSON, or "none" if there is no value.
func textOf(value any) string {
	if value == nil {
		return "none"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error() // of JSON, there is none
	}
	return string(text)
}

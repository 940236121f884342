package openapi

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// Examples are made from schemas: what a schema gives as an example, allows or
// has by default; else the plainest value that meets its constraints. All members
// are there but for those that would lead back to where they come from.

// mediaExample returns an example of a body that is taken or sent, or "" if none can be
// made.
func mediaExample(mediaType string, m tigertonic.MediaType, taken bool) string {
	for _, e := range sorted(m.Examples) {
		if isJSON(mediaType) {
			return indented(compact(e.Value))
		}
		return unquoted(compact(e.Value))
	}
	if m.Items != nil {
		item := (&exampler{taken: taken}).value(m.Items, 0)
		switch base, _, _ := strings.Cut(mediaType, ";"); {
		case item == "":
			return ""
		case base == "text/event-stream":
			return "data: " + item + "\n\n"
		case strings.Contains(base, "jsonl") || strings.Contains(base, "ndjson") || strings.Contains(base, "json-seq"):
			return item + "\n"
		case m.Schema == nil && isJSON(mediaType):
			return indented("[" + item + "]")
		}
	}
	if m.Schema == nil {
		return ""
	}
	example := (&exampler{taken: taken}).value(m.Schema, 0)
	switch {
	case isJSON(mediaType):
		return indented(example)
	case strings.HasPrefix(mediaType, "text/"):
		return unquoted(example)
	}
	return ""
}

// isJSON reports whether bodies of a media type are JSON (RFC 6839 §3.1).
func isJSON(mediaType string) bool {
	base, _, _ := strings.Cut(mediaType, ";")
	base = strings.TrimSpace(base)
	return base == "application/json" || strings.HasSuffix(base, "+json")
}

// exampleOf returns a JSON value that meets a schema, or "" if none is found.
func exampleOf(s *schema.Schema) string {
	x := &exampler{}
	return x.value(s, 0)
}

// An exampler makes one example.
type exampler struct {
	onWay  []*schema.Schema
	values int
	taken  bool // without what is read only
}

const maxExampleValues = 500

// value returns the n-th of the values that meet a schema, or "".
func (x *exampler) value(s *schema.Schema, n int) string {
	if s == nil {
		return "{}"
	}
	e := resolve(s)
	if given := givenExample(&e, n); given != nil {
		return compact(given)
	}
	x.values++
	if x.values > maxExampleValues || slices.Contains(x.onWay, target(s)) {
		return ""
	}
	x.onWay = append(x.onWay, target(s))
	defer func() { x.onWay = x.onWay[:len(x.onWay)-1] }()
	if alternatives := slices.Concat(e.AnyOf, e.OneOf); len(alternatives) > 0 {
		return x.alternative(alternatives, n)
	}
	switch mainType(&e) {
	case "object":
		return x.object(&e)
	case "array":
		return x.array(&e)
	case "string":
		return quoted(exampleString(&e, n))
	case "integer":
		return exampleNumber(&e, true, n)
	case "number":
		return exampleNumber(&e, false, n)
	case "boolean":
		return "true"
	case "null":
		return "null"
	}
	return "{}"
}

// givenExample returns the n-th value that a schema names, or nil.
func givenExample(e *schema.Schema, n int) json.RawMessage {
	switch {
	case e.Const != nil:
		return e.Const
	case n < len(e.Examples):
		return e.Examples[n]
	case len(e.Enum) > 0:
		return e.Enum[n%len(e.Enum)]
	case n == 0 && e.Default != nil && string(e.Default) != "null":
		return e.Default
	}
	return nil
}

// mainType returns the first type that isn't null, as far as one is to be known.
func mainType(e *schema.Schema) string {
	for _, t := range e.Types {
		if t != "null" {
			return t
		}
	}
	switch {
	case len(e.Types) > 0:
		return "null"
	case len(e.Properties) > 0:
		return "object"
	case e.Items != nil:
		return "array"
	}
	return ""
}

// alternative returns a value of the first schema that has one, null at last.
func (x *exampler) alternative(schemas []*schema.Schema, n int) string {
	others := withoutNull(schemas)
	for _, s := range others {
		if value := x.value(s, n); value != "" {
			return value
		}
	}
	if len(others) < len(schemas) {
		return "null"
	}
	return ""
}

func (x *exampler) object(e *schema.Schema) string {
	var members []string
	for _, p := range e.Properties {
		if p.Schema.ReadOnly && x.taken {
			continue
		}
		value := x.value(p.Schema, 0)
		if value == "" && p.Required {
			return ""
		}
		if value != "" {
			members = append(members, quoted(p.Name)+":"+value)
		}
	}
	if e.Additional != nil && len(e.Properties) == 0 {
		name := quoted("name")
		if e.PropertyNames != nil {
			name = x.value(e.PropertyNames, 0)
		}
		if value := x.value(e.Additional, 0); value != "" && strings.HasPrefix(name, `"`) {
			members = append(members, name+":"+value)
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (x *exampler) array(e *schema.Schema) string {
	count := 1
	if e.MinItems != nil {
		count = max(count, *e.MinItems)
	}
	if e.MaxItems != nil {
		count = min(count, *e.MaxItems)
	}
	var items []string
	for n := range count {
		if !e.UniqueItems {
			n = 0
		}
		item := x.value(e.Items, n)
		if item == "" {
			break
		}
		items = append(items, item)
	}
	if e.MinItems != nil && len(items) < *e.MinItems {
		return ""
	}
	return "[" + strings.Join(items, ",") + "]"
}

// quoted returns a text as JSON.
func quoted(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // the template escapes
	_ = encoder.Encode(text)     // a string, to memory
	return strings.TrimSuffix(b.String(), "\n")
}

// unquoted returns the text in a JSON string, and other values as they are.
func unquoted(value string) string {
	var text string
	if json.Unmarshal([]byte(value), &text) == nil && strings.HasPrefix(value, `"`) {
		return text
	}
	return value
}

// compact returns a JSON value without white space, or as it is if it isn't one.
func compact(value json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return string(value)
	}
	return b.String()
}

// indented returns a JSON value for people to read.
func indented(value string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(value), "", "  ") != nil {
		return value
	}
	return b.String()
}

package mcp

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// A schema in a document refers to the document's components. A tool's schema must stand
// alone, so everything that it refers to, directly or not, goes into its $defs.

const components = "#/components/schemas/"

// alone returns a schema without references to anything outside.
func (d *document) alone(schema object) any {
	defs := object{}
	whole, _ := d.moved(schema, defs).(object)
	if len(defs) > 0 {
		whole["$defs"] = defs
	}
	return whole
}

// moved returns a copy of a part of a schema whose references point to the definitions, and
// adds the missing definitions.
func (d *document) moved(value any, defs object) any {
	switch x := value.(type) {
	case object:
		copied := make(object, len(x))
		for word, part := range x {
			if ref, ok := part.(string); ok && word == "$ref" && strings.HasPrefix(ref, components) {
				copied[word] = "#/$defs/" + strings.TrimPrefix(ref, components)
				d.define(strings.TrimPrefix(ref, components), defs)
				continue
			}
			switch word {
			case "enum", "const", "default", "examples", "required": // values, and names
				copied[word] = part
			case "properties": // whose names aren't words
				named := object{}
				for name, schema := range members(part) {
					named[name] = d.moved(schema, defs)
				}
				copied[word] = named
			default:
				copied[word] = d.moved(part, defs)
			}
		}
		return copied
	case []any:
		copied := slices.Clone(x)
		for i := range copied {
			copied[i] = d.moved(copied[i], defs)
		}
		return copied
	}
	return value
}

func (d *document) define(name string, defs object) {
	if _, ok := defs[name]; ok {
		return
	}
	defs[name] = object{} // it may contain itself
	unescaped := strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
	defs[name] = d.moved(members(members(d.root["components"])["schemas"])[unescaped], defs)
}

// same reports whether two values have the same JSON.
func same(a, b any) bool {
	x, err := json.Marshal(a)
	y, failure := json.Marshal(b)
	return err == nil && failure == nil && bytes.Equal(x, y)
}

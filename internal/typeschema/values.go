package typeschema

import (
	"encoding/json"
	"slices"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/schema"
)

// What values a schema describes.

// nullable returns the schema of values that meet s or are null.
func nullable(s *schema.Schema) *schema.Schema {
	switch {
	case s.Name != "" || s.Ref != nil || len(s.AnyOf) > 0 || len(s.OneOf) > 0:
		return &schema.Schema{AnyOf: []*schema.Schema{s, {Types: []string{"null"}}}}
	case len(s.Types) == 0 || slices.Contains(s.Types, "null"):
		return s
	}
	clone := *s
	clone.Types = append(slices.Clip(s.Types), "null")
	if len(s.Enum) > 0 {
		clone.Enum = append(slices.Clip(s.Enum), json.RawMessage("null"))
	}
	return &clone
}

// classOf returns what the values of s are besides null: one of the types, or "".
func classOf(s *schema.Schema) string {
	s = check.Bare(s)
	if s.Ref != nil {
		return classOf(s.Ref)
	}
	for _, t := range s.Types {
		if t != "null" {
			return t
		}
	}
	return ""
}

// itemsOf returns the schema of the items of arrays, or nil.
func itemsOf(s *schema.Schema) *schema.Schema {
	s = check.Bare(s)
	if s.Items == nil && s.Ref != nil {
		return itemsOf(s.Ref)
	}
	return s.Items
}

// WithoutNull returns the schema of values that meet s and aren't null, because
// parameters are never null.
func WithoutNull(s *schema.Schema) *schema.Schema {
	s = check.Bare(s)
	if !slices.Contains(s.Types, "null") {
		return s
	}
	clone := *s
	clone.Types = slices.DeleteFunc(slices.Clone(s.Types), func(t string) bool { return t == "null" })
	return &clone
}

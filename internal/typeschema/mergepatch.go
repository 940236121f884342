package typeschema

import (
	"reflect"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/schema"
)

// The schemas of merge patches.

// MergePatch is a pointer to a merge patch for values of a type, such as a Patch. Its
// method returns the type, and stores its argument, the checks of such values, unless
// that is nil.
type MergePatch interface{ Prepare(plan any) reflect.Type }

// patchOf returns the schema of patches for values of s: no member is required, and those
// that s doesn't require may be null, which removes them.
func (c *Compiler) patchOf(s *schema.Schema) *schema.Schema {
	s = check.Bare(s)
	if known, ok := c.patches[s]; ok {
		return known
	}
	if classOf(s) != "object" && len(s.OneOf) == 0 {
		return s
	}
	if c.patches == nil {
		c.patches = map[*schema.Schema]*schema.Schema{}
	}
	patched := &schema.Schema{}
	c.patches[s] = patched
	*patched = *s
	if s.Ref != nil {
		patched.Ref = c.patchOf(s.Ref)
		return patched
	}
	if s.Name != "" {
		patched.Origin.Variant = strings.TrimPrefix(s.Origin.Variant+".patch", ".")
	}
	if len(s.OneOf) > 0 { // a patch within a variant needn't say which it is
		patched.OneOf = nil
		for _, variant := range s.OneOf {
			patched.AnyOf = append(patched.AnyOf, c.patchOf(variant))
		}
		return patched
	}
	patched.Types = []string{"object"}
	patched.Properties = make([]schema.Property, len(s.Properties))
	for i, p := range s.Properties {
		value := withoutDefault(c.patchOf(p.Schema))
		if !p.Required {
			value = nullable(value)
		}
		if p.Schema.ReadOnly && !value.ReadOnly {
			whole := *value
			whole.ReadOnly = true
			value = &whole
		}
		patched.Properties[i] = schema.Property{Name: p.Name, Schema: value}
	}
	if s.Additional != nil {
		patched.Additional = nullable(c.patchOf(s.Additional))
	}
	return patched
}

func withoutDefault(s *schema.Schema) *schema.Schema {
	if s.Default == nil {
		return s
	}
	clone := *s
	clone.Default = nil
	return &clone
}

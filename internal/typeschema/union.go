package typeschema

import (
	"cmp"
	"reflect"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/schema"
)

// The schemas of unions.

func (c *Compiler) fillUnion(s *schema.Schema, t reflect.Type) {
	s.Name, s.Origin.Package = nameIn(t), t.PkgPath()
	if c.Output && s.Name != "" {
		s.Origin.Variant = "output"
	}
	c.unions = true
	u, err := jsontype.UnionOf(t)
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			c.wrong(t, "", "%s", line)
		}
		return
	}
	s.Discriminator = u.Discriminator
	for i := range u.Variants {
		v := &u.Variants[i]
		f := t.Field(v.Index)
		c.variantTags(t, f)
		c.Within(t, v.Field, func() {
			one := c.Schema(v.Whole)
			if one.Name == "" {
				c.nameVariant(one, s, v)
			}
			s.OneOf = append(s.OneOf, one)
		})
	}
}

// nameVariant gives the schema of a union's variant the name of its type. A type that is
// also used alone has another schema, so the union's name is its variant.
func (c *Compiler) nameVariant(one, union *schema.Schema, v *jsontype.Variant) {
	one.Name, one.Origin.Package = nameIn(v.Elem), v.Elem.PkgPath()
	if one.Name == "" {
		one.Name, one.Origin.Package = union.Name+v.Field, union.Origin.Package
	}
	one.Origin.Variant = cmp.Or(union.Name, "union")
	if c.Output {
		one.Origin.Variant += ".output"
	}
}

// variantTags refuses tags that have no effect on a variant.
func (c *Compiler) variantTags(t reflect.Type, f reflect.StructField) {
	if text := Malformed(f.Tag); text != "" {
		c.wrong(t, f.Name, "%s", text)
	}
	for key := range TagsOf(f.Tag) {
		if key == variantTag {
			continue
		}
		if text := UnknownWord(key); text != "" {
			c.wrong(t, f.Name, "%s", text)
		} else if IsOurTag(key) {
			c.wrong(t, f.Name, "a variant has no tag %s", key)
		}
	}
}

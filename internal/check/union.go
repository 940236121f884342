package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/schema"
)

// Unions: objects that are distinguished by one member, the discriminator.

// A union is the checks of such objects, by the value of the discriminator.
type union struct {
	discriminator string
	byValue       map[string]*Check
	values        string // of the discriminator, for people
	valuesJSON    string
	optional      bool // without a discriminator, any of them may be meant
}

func (c *checkCompiler) compileUnion(k *Check, s *schema.Schema) {
	variants := s.OneOf
	if s.Discriminator == "" {
		return
	}
	k.union = &union{discriminator: s.Discriminator, byValue: map[string]*Check{}}
	if len(variants) == 0 {
		variants, k.union.optional = s.AnyOf, true
	}
	var texts, values []string
	for _, variant := range variants {
		value, ok := discriminatorOf(variant, s.Discriminator)
		if !ok {
			continue // which the shape of the schema doesn't allow
		}
		k.union.byValue[value] = c.compile(variant)
		texts, values = append(texts, value), append(values, string(jsonscan.Quote(value)))
	}
	slices.Sort(texts)
	k.union.values, k.union.valuesJSON = strings.Join(texts, ", "), "["+strings.Join(values, ",")+"]"
}

// discriminatorOf returns the value that the discriminator of a variant has.
func discriminatorOf(s *schema.Schema, discriminator string) (value string, ok bool) {
	for ; s != nil; s = s.Ref {
		for _, p := range s.Properties {
			if p.Name == discriminator && len(p.Schema.Const) > 0 && p.Schema.Const[0] == '"' && jsonscan.IsJSON(p.Schema.Const) {
				scanner := jsonscan.Scanner{Src: p.Schema.Const}
				return string(scanner.Unescaped()), true
			}
		}
	}
	return "", false
}

// checkUnion returns why the variants of a schema can't be distinguished, or nil.
func checkUnion(s *schema.Schema) error {
	variants := s.OneOf
	switch {
	case s.Discriminator == "" && len(s.OneOf) > 0:
		return fmt.Errorf("the schema %s: OneOf is for objects that a Discriminator tells apart: use AnyOf", nameOf(s))
	case s.Discriminator == "":
		return nil
	case len(s.OneOf) > 0 && len(s.AnyOf) > 0:
		return fmt.Errorf("the schema %s: OneOf with a Discriminator can't be beside AnyOf", nameOf(s))
	case len(s.OneOf) == 0:
		variants = s.AnyOf
	}
	known := map[string]bool{}
	for _, variant := range variants {
		value, ok := discriminatorOf(variant, s.Discriminator)
		if !ok || known[value] {
			return fmt.Errorf("the schema %s: a variant has no property %q with a Const, or one that another has", nameOf(s), s.Discriminator)
		}
		known[value] = true
	}
	return nil
}

// variant checks the next value, whose first byte is given, against the variant that its
// discriminator names.
func (c *checking) variant(k *Check, first byte) {
	if first != '{' {
		c.wrong("type", `"object"`, "must be an object")
		c.Skip()
		return
	}
	c.lookup.Src = c.Src
	at, ok := c.lookup.Member(c.Pos, k.union.discriminator)
	if !ok && k.union.optional {
		c.any(k)
		return
	}
	if ok && c.Src[at] == '"' {
		s := jsonscan.Scanner{Src: c.Src, Pos: at}
		if variant := k.union.byValue[string(s.Unescaped())]; variant != nil {
			c.value(variant)
			return
		}
	}
	c.path = append(c.path, step{name: []byte(k.union.discriminator)})
	if ok {
		c.wrong("enum", k.union.valuesJSON, "must be one of "+k.union.values)
	} else {
		c.wrong("required", "", "is required, and must be one of "+k.union.values)
	}
	c.path = c.path[:len(c.path)-1]
	c.Skip()
}

// Discriminator returns the name of the member that distinguishes the variants of a
// union, or "".
func (k *Check) Discriminator() string {
	if k.union == nil {
		return ""
	}
	return k.union.discriminator
}

// Variant returns the check of the union's variant with this value of the discriminator,
// or nil.
func (k *Check) Variant(value string) *Check {
	if k.union == nil {
		return nil
	}
	return k.union.byValue[value]
}

// OnlyText returns the string that the check accepts, if there is only one.
func (k *Check) OnlyText() (text string, ok bool) {
	if k.types != String || len(k.strings) != 1 || k.IsCompound() {
		return "", false
	}
	for text = range k.strings {
		ok = k.AcceptsText([]byte(text))
	}
	return text, ok
}

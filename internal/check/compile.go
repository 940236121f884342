package check

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/schema"
)

// Compile returns the check of a schema, or everything wrong with it.
func Compile(s *schema.Schema) (*Check, error) {
	c := checkCompiler{checks: map[*schema.Schema]*Check{}}
	k := c.compile(s)
	for _, k := range c.checks {
		k.completeFallbacks()
	}
	return k, errors.Join(c.errs...)
}

// completeFallbacks adds the defaults within defaults that are objects, and writes
// integers without a point or exponent.
func (k *Check) completeFallbacks() {
	for i := range k.properties {
		p := &k.properties[i]
		if p.Default == nil || !jsonscan.IsJSON(p.Default) {
			continue
		}
		var c Checker
		if len(c.Check(p.Check, p.Default)) > 0 || !c.HasEdits() {
			continue
		}
		if completed, ok := c.Edited(); ok {
			p.Default = completed
		}
	}
}

type checkCompiler struct {
	checks map[*schema.Schema]*Check
	errs   []error
}

func (c *checkCompiler) wrong(s *schema.Schema, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("the schema %s: "+format, append([]any{nameOf(s)}, args...)...))
}

// compile returns the check for s, which is the same for the same schema.
func (c *checkCompiler) compile(s *schema.Schema) *Check {
	if s == nil {
		return nil
	}
	if k, ok := c.checks[s]; ok {
		return k
	}
	k := &Check{minLength: -1, maxLength: -1, minItems: -1, maxItems: -1, minMembers: -1, maxMembers: -1}
	c.checks[s] = k
	for _, name := range s.Types {
		t, noun := typeNamed(name)
		if noun == "" {
			c.wrong(s, "there is no type %q", name)
		}
		k.types |= t
	}
	k.ref = c.compile(s.Ref)
	if alternative := Bare(s); alternative != s && s.Ref == nil {
		k.nullable, k.ref = true, c.compile(alternative)
	} else {
		for _, alternative := range s.AnyOf {
			k.anyOf = append(k.anyOf, c.compile(alternative))
		}
	}
	c.compileUnion(k, s)
	c.compileString(k, s)
	c.compileNumber(k, s)
	c.compileArray(k, s)
	c.compileObject(k, s)
	c.compileEnum(k, s)
	k.seal()
	if k.plain && k.ref != nil && !k.nullable {
		c.checks[s] = k.ref
		return k.ref
	}
	return k
}

// seal notes what the check doesn't look at.
func (k *Check) seal() {
	k.mustBe, k.typeJSON = "must be "+k.types.noun(), k.types.text()
	k.bare = k.types == anything && !k.LooksAtText() && !k.looksAtNumber() &&
		k.items == nil && k.minItems < 0 && k.maxItems < 0 && !k.unique &&
		len(k.properties) == 0 && !k.closed && k.additional == nil && k.names == nil && k.minMembers < 0 && k.maxMembers < 0
	k.plain = k.bare && len(k.anyOf) == 0 && k.union == nil
}

func (c *checkCompiler) compileString(k *Check, s *schema.Schema) {
	if s.MinLength != nil {
		k.minLength = *s.MinLength
	}
	if s.MaxLength != nil {
		k.maxLength = *s.MaxLength
	}
	if s.Pattern != "" {
		var err error
		if k.pattern, err = compileTextPattern(s.Pattern); err != nil {
			c.wrong(s, "pattern: %w", err)
		}
	}
	k.format = formatNamed(s.Format)
	if lowest, _ := Range(s.Format); slices.Contains(s.Types, "string") && (lowest != "" || floatBits(s.Format) != 0) {
		k.format = quotedNumber(s.Format)
	}
	k.base64, k.isTime = s.ContentEncoding == "base64", s.Origin.Time
}

func (c *checkCompiler) compileNumber(k *Check, s *schema.Schema) {
	add := func(keyword, text string) {
		switch {
		case text == "":
		case !jsonscan.IsNumber(text):
			c.wrong(s, "%s %q isn't a JSON number", keyword, text)
		default:
			k.bounds = append(k.bounds, newBound(keyword, text))
		}
	}
	lowest, highest := Range(s.Format)
	add("minimum", cmp.Or(s.Minimum, lowest))
	add("maximum", cmp.Or(s.Maximum, highest))
	if jsonscan.IsNumber(s.Minimum) && lowest != "" && jsonscan.ParseNumber([]byte(s.Minimum)).Compare(jsonscan.ParseNumber([]byte(lowest))) < 0 {
		add("minimum", lowest)
	}
	if jsonscan.IsNumber(s.Maximum) && highest != "" && jsonscan.ParseNumber([]byte(s.Maximum)).Compare(jsonscan.ParseNumber([]byte(highest))) > 0 {
		add("maximum", highest)
	}
	add("exclusiveMinimum", s.ExclusiveMinimum)
	add("exclusiveMaximum", s.ExclusiveMaximum)
	add("multipleOf", s.MultipleOf)
	k.floating = floatBits(s.Format)
}

func (c *checkCompiler) compileArray(k *Check, s *schema.Schema) {
	k.items, k.unique = c.compile(s.Items), s.UniqueItems
	if s.MinItems != nil {
		k.minItems = *s.MinItems
	}
	if s.MaxItems != nil {
		k.maxItems = *s.MaxItems
	}
}

func (c *checkCompiler) compileObject(k *Check, s *schema.Schema) {
	k.closed, k.additional, k.names = s.Closed, c.compile(s.Additional), c.compile(s.PropertyNames)
	if s.MinProperties != nil {
		k.minMembers = *s.MinProperties
	}
	if s.MaxProperties != nil {
		k.maxMembers = *s.MaxProperties
	}
	k.byName = make(map[string]int, len(s.Properties))
	for i, p := range s.Properties {
		k.byName[p.Name] = i
		k.properties = append(k.properties, Property{p.Name, p.Required, p.Schema.Default, c.compile(p.Schema), p.Schema.ReadOnly})
		if p.Required {
			k.required++
		}
		if p.Schema.Default != nil {
			k.defaults++
		}
	}
}

func (c *checkCompiler) compileEnum(k *Check, s *schema.Schema) {
	word, allowed := "enum", s.Enum
	if s.Const != nil {
		word, allowed = "const", []json.RawMessage{s.Const}
	}
	if len(allowed) == 0 {
		return
	}
	k.enum, k.strings = map[string]bool{}, map[string]bool{}
	texts, values := make([]string, 0, len(allowed)), make([]string, 0, len(allowed))
	for _, value := range allowed {
		compact := bytes.TrimSpace(value)
		if !jsonscan.IsJSON(compact) {
			c.wrong(s, "%s has %q, which isn't JSON", word, value)
			continue
		}
		k.enum[jsonscan.Canonical(compact)] = true
		text := string(compact)
		values = append(values, text)
		if compact[0] == '"' {
			s := jsonscan.Scanner{Src: compact}
			text = string(s.Unescaped())
			k.strings[text] = true
		}
		if compact[0] != 'n' { // which a pointer or an Opt adds
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	k.enumWord, k.enumJSON = word, "["+strings.Join(values, ",")+"]"
	k.enumDetail = "must be one of " + strings.Join(slices.Compact(texts), ", ")
	if s.Const != nil {
		k.enumJSON = strings.Join(values, "")
		k.enumDetail = "must be " + cmp.Or(strings.Join(texts, ""), k.enumJSON)
	}
}

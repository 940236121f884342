package tigertonic

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A check is a schema compiled to be held against the text of a JSON value. It
// is made once, never changes, and is the only thing that decides what a schema
// accepts.
type check struct {
	types    typeSet
	nullable bool // null is allowed, whatever ref says
	ref      *check
	anyOf    []*check
	plain    bool // nothing else is asked for
	bare     bool // nothing but ref and anyOf is

	minLength, maxLength int // -1 for none
	pattern              *textPattern
	format               *format
	base64               bool

	bounds   []bound
	floating int // 32 or 64 bits that the number must fit, or 0

	items              *check
	minItems, maxItems int // -1 for none
	unique             bool

	properties []property
	byName     map[string]int
	required   int // how many are
	defaults   int // how many have one
	closed     bool
	additional *check
	names      *check

	enum     map[string]bool // in canonical form
	strings  map[string]bool // those of the enum that are strings
	enumText string
}

// A property is a member that a check knows.
type property struct {
	name     string
	required bool
	fallback []byte // what it is if it is absent, as JSON, or nil
	check    *check
}

// A bound is a limit of numbers, or what they must be multiples of.
type bound struct {
	keyword string
	value   number
	text    string
	fixed   fixed // the value, if isFixed
	isFixed bool
	isWide  bool // it is beyond all that is fixed
}

type typeSet uint8

const (
	stringType typeSet = 1 << iota
	numericType
	integerType
	booleanType
	arrayType
	objectType
	nullType
	anyType typeSet = 0
)

func typeOf(name string) (typeSet, string) {
	switch name {
	case "string":
		return stringType, "a string"
	case "number":
		return numericType, "a number"
	case "integer":
		return integerType, "an integer"
	case "boolean":
		return booleanType, "true or false"
	case "array":
		return arrayType, "an array"
	case "object":
		return objectType, "an object"
	case "null":
		return nullType, "null"
	}
	return anyType, ""
}

// noun returns what a value of these types is called.
func (ts typeSet) noun() string {
	var nouns []string
	for _, name := range []string{"string", "number", "integer", "boolean", "array", "object", "null"} {
		if t, noun := typeOf(name); ts&t != 0 {
			nouns = append(nouns, noun)
		}
	}
	return strings.Join(nouns, " or ")
}

// check returns what is wrong with a schema that a user has made.
func (s *Schema) check() error {
	if err := s.checkShape(map[*Schema]bool{}); err != nil {
		return err
	}
	_, err := compileCheck(s)
	return err
}

// checkShape returns what keeps a schema, or one within it, from being compiled
// or held against values.
func (s *Schema) checkShape(seen map[*Schema]bool) error {
	if s == nil || seen[s] {
		return nil
	}
	seen[s] = true
	if s.isEndless(nil) {
		return fmt.Errorf("the schema %s: Ref and AnyOf lead back to it, with nothing between", s.text())
	}
	if slices.Contains(s.AnyOf, nil) {
		return fmt.Errorf("the schema %s: AnyOf has nil", s.text())
	}
	if isNumber(s.MultipleOf) && parseNumber([]byte(s.MultipleOf)).sign() <= 0 {
		return fmt.Errorf("the schema %s: multipleOf %s isn't above 0", s.text(), s.MultipleOf)
	}
	for _, value := range append(slices.Clip(s.Examples), s.Default) {
		if value != nil && !isJSON(value) {
			return fmt.Errorf("the schema %s: the default or example %q isn't JSON", s.text(), value)
		}
	}
	names := map[string]bool{}
	for _, p := range s.Properties {
		if p.Schema == nil || names[p.Name] {
			return fmt.Errorf("the schema %s: the property %q has no schema, or is there twice", s.text(), p.Name)
		}
		names[p.Name] = true
		if err := p.Schema.checkShape(seen); err != nil {
			return err
		}
	}
	for _, inner := range append([]*Schema{s.Ref, s.Items, s.Additional, s.PropertyNames}, s.AnyOf...) {
		if err := inner.checkShape(seen); err != nil {
			return err
		}
	}
	return nil
}

// isEndless tells whether a value that is held against s would be again, without
// end.
func (s *Schema) isEndless(outer []*Schema) bool {
	if s == nil || slices.Contains(outer, s) {
		return s != nil
	}
	outer = append(outer, s)
	return s.Ref.isEndless(outer) || slices.ContainsFunc(s.AnyOf, func(a *Schema) bool { return a.isEndless(outer) })
}

// text returns what a schema is called for the programmer.
func (s *Schema) text() string { return cmp.Or(s.Name, "without a name") }

func compileCheck(s *Schema) (*check, error) {
	c := checkCompiler{checks: map[*Schema]*check{}}
	k := c.compile(s)
	for _, k := range c.checks {
		k.completeFallbacks()
	}
	return k, errors.Join(c.errs...)
}

// completeFallbacks gives the defaults that are objects their own defaults, and
// has integers be written as such.
func (k *check) completeFallbacks() {
	for i := range k.properties {
		p := &k.properties[i]
		if p.fallback == nil || !isJSON(p.fallback) {
			continue
		}
		c := checking{scanner: scanner{src: p.fallback}}
		c.value(p.check)
		if len(c.edits) > 0 && len(c.errs) == 0 {
			p.fallback, _ = c.edited()
		}
	}
}

type checkCompiler struct {
	checks map[*Schema]*check
	errs   []error
}

func (c *checkCompiler) wrong(s *Schema, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("the schema %s: "+format, append([]any{s.text()}, args...)...))
}

// compile returns the check for s, which is the same for the same schema.
func (c *checkCompiler) compile(s *Schema) *check {
	if s == nil {
		return nil
	}
	if k, ok := c.checks[s]; ok {
		return k
	}
	k := &check{minLength: -1, maxLength: -1, minItems: -1, maxItems: -1}
	c.checks[s] = k
	for _, name := range s.Types {
		t, noun := typeOf(name)
		if noun == "" {
			c.wrong(s, "there is no type %q", name)
		}
		k.types |= t
	}
	k.ref = c.compile(s.Ref)
	if alternative := bare(s); alternative != s && s.Ref == nil {
		k.nullable, k.ref = true, c.compile(alternative)
	} else {
		for _, alternative := range s.AnyOf {
			k.anyOf = append(k.anyOf, c.compile(alternative))
		}
	}
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
func (k *check) seal() {
	k.bare = k.types == anyType && !k.looksAtText() && !k.looksAtNumber() &&
		k.items == nil && k.minItems < 0 && k.maxItems < 0 && !k.unique &&
		len(k.properties) == 0 && !k.closed && k.additional == nil && k.names == nil
	k.plain = k.bare && len(k.anyOf) == 0
}

// acceptsAll tells whether the check asks for nothing.
func (k *check) acceptsAll() bool { return k == nil || k.plain && k.ref == nil }

// looksAtText tells whether it matters which string it is.
func (k *check) looksAtText() bool {
	return k.minLength >= 0 || k.maxLength >= 0 || k.pattern != nil || k.format != nil || k.base64 || k.enum != nil
}

// looksAtNumber tells whether it matters which number it is.
func (k *check) looksAtNumber() bool { return len(k.bounds) > 0 || k.floating != 0 || k.enum != nil }

func (c *checkCompiler) compileString(k *check, s *Schema) {
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
	k.format = formatOf(s.Format)
	if lowest, _ := rangeOf(s.Format); slices.Contains(s.Types, "string") && (lowest != "" || floatBits(s.Format) != 0) {
		k.format = quotedNumber(s.Format)
	}
	k.base64 = s.ContentEncoding == "base64"
}

func (c *checkCompiler) compileNumber(k *check, s *Schema) {
	add := func(keyword, text string) {
		switch {
		case text == "":
		case !isNumber(text):
			c.wrong(s, "%s %q isn't a JSON number", keyword, text)
		default:
			b := bound{keyword: keyword, value: parseNumber([]byte(text)), text: text}
			b.fixed, b.isFixed = parseFixed([]byte(text))
			b.isWide = b.value.exponent > maxFixed && keyword != "multipleOf" && b.value.negative == strings.HasSuffix(strings.ToLower(keyword), "minimum")
			k.bounds = append(k.bounds, b)
		}
	}
	lowest, highest := rangeOf(s.Format)
	add("minimum", cmp.Or(s.Minimum, lowest))
	add("maximum", cmp.Or(s.Maximum, highest))
	if isNumber(s.Minimum) && lowest != "" && parseNumber([]byte(s.Minimum)).compare(parseNumber([]byte(lowest))) < 0 {
		add("minimum", lowest)
	}
	if isNumber(s.Maximum) && highest != "" && parseNumber([]byte(s.Maximum)).compare(parseNumber([]byte(highest))) > 0 {
		add("maximum", highest)
	}
	add("exclusiveMinimum", s.ExclusiveMinimum)
	add("exclusiveMaximum", s.ExclusiveMaximum)
	add("multipleOf", s.MultipleOf)
	k.floating = floatBits(s.Format)
}

// floatBits returns the size of a format that is a floating-point number, or 0.
func floatBits(format string) int {
	switch format {
	case "float":
		return 32
	case "double":
		return 64
	}
	return 0
}

// rangeOf returns the bounds of a format of the OpenAPI format registry that is
// an integer of a size, or "".
func rangeOf(format string) (lowest, highest string) {
	switch format {
	case "int8":
		return "-128", "127"
	case "int16":
		return "-32768", "32767"
	case "int32":
		return "-2147483648", "2147483647"
	case "int64":
		return "-9223372036854775808", "9223372036854775807"
	case "uint8":
		return "0", "255"
	case "uint16":
		return "0", "65535"
	case "uint32":
		return "0", "4294967295"
	case "uint64":
		return "0", "18446744073709551615"
	}
	return "", ""
}

func (c *checkCompiler) compileArray(k *check, s *Schema) {
	k.items, k.unique = c.compile(s.Items), s.UniqueItems
	if s.MinItems != nil {
		k.minItems = *s.MinItems
	}
	if s.MaxItems != nil {
		k.maxItems = *s.MaxItems
	}
}

func (c *checkCompiler) compileObject(k *check, s *Schema) {
	k.closed, k.additional, k.names = s.Closed, c.compile(s.Additional), c.compile(s.PropertyNames)
	k.byName = make(map[string]int, len(s.Properties))
	for i, p := range s.Properties {
		k.byName[p.Name] = i
		k.properties = append(k.properties, property{p.Name, p.Required, p.Schema.Default, c.compile(p.Schema)})
		if p.Required {
			k.required++
		}
		if p.Schema.Default != nil {
			k.defaults++
		}
	}
}

func (c *checkCompiler) compileEnum(k *check, s *Schema) {
	if len(s.Enum) == 0 {
		return
	}
	k.enum, k.strings = map[string]bool{}, map[string]bool{}
	texts := make([]string, 0, len(s.Enum))
	for _, value := range s.Enum {
		compact := bytes.TrimSpace(value)
		if !isJSON(compact) {
			c.wrong(s, "enum has %q, which isn't JSON", value)
			continue
		}
		k.enum[canonical(compact)] = true
		text := string(compact)
		if compact[0] == '"' {
			s := scanner{src: compact}
			text = string(s.unescaped())
			k.strings[text] = true
		}
		if compact[0] != 'n' { // which a pointer or an Opt adds
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	k.enumText = strings.Join(slices.Compact(texts), ", ")
}

package tigertonic

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The tags of a field, in JSON Schema's words. Those that don't fit the field's
// type, or contradict each other, are wrong when the handler is made.

// isOurTag tells whether a tag is read by this package.
func isOurTag(key string) bool {
	switch key {
	case "path", "query", "header", "cookie", "body", "required", "default", "doc", "example", "json":
		return true
	}
	return isConstraint(key)
}

func isConstraint(key string) bool {
	switch key {
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
		"minLength", "maxLength", "pattern", "format", "enum", "minItems", "maxItems", "uniqueItems":
		return true
	}
	return false
}

// classesOf returns which values a constraint is for.
func classesOf(constraint string) []string {
	switch constraint {
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		return []string{"integer", "number"}
	case "minLength", "maxLength", "pattern", "format":
		return []string{"string"}
	case "minItems", "maxItems", "uniqueItems":
		return []string{"array"}
	}
	return []string{"string", "integer", "number", "boolean"} // enum
}

// constrain returns the schema of a field, whose type has the schema s, by its
// tags.
func (c *schemaCompiler) constrain(s *Schema, t reflect.Type, f reflect.StructField) *Schema {
	own := *s
	if s.Name != "" { // it is shared
		own = Schema{Ref: s}
	}
	touched := false
	if !isWellFormed(f.Tag) {
		c.wrong(t, f.Name, "the tag %q is malformed", f.Tag)
	}
	wrong := func(format string, args ...any) { c.wrong(t, f.Name, format, args...) }
	for key, value := range tagsOf(f.Tag) {
		var err error
		switch {
		case isConstraint(key):
			err = own.constrain(key, value, s)
		case key == "doc":
			own.Description = value
		case key == "default":
			own.Default, err = own.parseValue(value)
		case key == "example":
			var example json.RawMessage
			if example, err = own.parseValue(value); err == nil {
				own.Examples = []json.RawMessage{example}
			}
		default:
			if meant := misspelt(key); meant != "" {
				wrong("there is no tag %q; is it %q?", key, meant)
			}
			continue
		}
		touched = true
		if err != nil {
			wrong("%s:%q: %v", key, value, err)
		}
	}
	if !touched {
		return s
	}
	c.later = append(c.later, func() {
		own.checkOwnValues(wrong)
		if own.Default != nil && !c.decodes(&own, f) {
			wrong("the default %s can't be its value", own.Default)
		}
	})
	return &own
}

// decodes tells whether a field can be decoded from the default of its schema.
// That of a parameter isn't decoded from JSON.
func (c *schemaCompiler) decodes(s *Schema, f reflect.StructField) bool {
	if _, _, isParameter := placeOf(f); isParameter || c.output || len(c.errs) > 0 {
		return true
	}
	k, err := compileCheck(s)
	if err != nil {
		return true // reported where the schema comes from
	}
	checking := checking{scanner: scanner{src: s.Default}}
	checking.value(k)
	value, _ := checking.edited()
	holder := reflect.StructOf([]reflect.StructField{{Name: "Value", Type: f.Type, Tag: quotedTag(f)}})
	text := append(append([]byte(`{"value":`), value...), '}')
	return jsonv2.Unmarshal(text, reflect.New(holder).Interface(), typedOptions(true)) == nil
}

// quotedTag returns the part of a field's tag that says how its value is encoded.
func quotedTag(f reflect.StructField) reflect.StructTag {
	if parsed, _, _ := parseJSONField(f); parsed.quoted {
		return `json:"value,string"`
	}
	return `json:"value"`
}

// constrain adds a constraint to what was the schema of a type alone.
func (s *Schema) constrain(key, value string, alone *Schema) error {
	classes, class := classesOf(key), s.class()
	if class == "array" && !slices.Contains(classes, "array") {
		inner := cmp.Or(s.items(), &Schema{})
		clone := *inner
		if inner.Name != "" {
			clone = Schema{Ref: inner}
		}
		if err := clone.constrain(key, value, cmp.Or(alone.items(), &Schema{})); err != nil {
			return err
		}
		s.Items = &clone
		return nil
	}
	// A string that stands for something else has no length or form to be limited.
	standsFor := class == "string" && (alone.ContentEncoding != "" || isTimeFormat(bare(alone).Format))
	if !slices.Contains(classes, class) || standsFor && key != "enum" {
		return fmt.Errorf("a value of this type can't have %s", key)
	}
	return s.set(key, value)
}

func (s *Schema) set(key, value string) (err error) {
	switch key {
	case "minimum":
		s.Minimum, err = numberText(value)
	case "maximum":
		s.Maximum, err = numberText(value)
	case "exclusiveMinimum":
		s.ExclusiveMinimum, err = numberText(value)
	case "exclusiveMaximum":
		s.ExclusiveMaximum, err = numberText(value)
	case "multipleOf":
		if s.MultipleOf, err = numberText(value); err == nil && parseNumber([]byte(value)).sign() <= 0 {
			err = fmt.Errorf("not above 0")
		}
	case "minLength":
		s.MinLength, err = lengthOf(value)
	case "maxLength":
		s.MaxLength, err = lengthOf(value)
	case "minItems":
		s.MinItems, err = lengthOf(value)
	case "maxItems":
		s.MaxItems, err = lengthOf(value)
	case "uniqueItems":
		if s.UniqueItems = value == "true"; !s.UniqueItems {
			err = fmt.Errorf("not true")
		}
	case "pattern":
		if _, err = regexp.Compile(value); err == nil {
			s.Pattern = value
		}
	case "format":
		s.Format = value
		if formatOf(value) == nil {
			err = fmt.Errorf("not a known format, which are %s", strings.Join(formatNames(), ", "))
		}
	case "enum":
		if s.Enum, err = s.parseValues(value); err == nil && len(s.Enum) == 0 {
			err = fmt.Errorf("no value is named")
		}
		if slices.Contains(s.Types, "null") {
			s.Enum = append(s.Enum, json.RawMessage("null"))
		}
	}
	return err
}

func numberText(text string) (string, error) {
	if !isNumber(text) {
		return "", fmt.Errorf("not a JSON number")
	}
	return text, nil
}

func lengthOf(text string) (*int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return nil, fmt.Errorf("not a count")
	}
	length := int(n)
	return &length, nil
}

// parseValue returns a tag's value as JSON: as it is if a string can be meant,
// split at commas if an array of what isn't JSON can be.
func (s *Schema) parseValue(text string) (json.RawMessage, error) {
	switch s.class() {
	case "string":
		return quoteJSON(text), nil
	case "array":
		if !strings.HasPrefix(text, "[") {
			items, err := cmp.Or(s.items(), &Schema{}).parseValues(text)
			array, _ := json.Marshal(append([]json.RawMessage{}, items...)) // of what is JSON
			return array, err
		}
	}
	if !json.Valid([]byte(text)) {
		_, noun := typeOf(s.class())
		return nil, fmt.Errorf("not %s in JSON", cmp.Or(noun, "a value"))
	}
	return json.RawMessage(text), nil
}

// parseValues returns the values of a tag that lists them, separated by commas
// or as a JSON array.
func (s *Schema) parseValues(text string) (values []json.RawMessage, err error) {
	if strings.HasPrefix(text, "[") {
		if err := json.Unmarshal([]byte(text), &values); err != nil {
			return nil, fmt.Errorf("not a JSON array")
		}
		return values, nil
	}
	if text == "" && s.class() != "string" {
		return nil, nil
	}
	for element := range strings.SplitSeq(text, ",") {
		value, err := s.parseValue(strings.TrimSpace(element))
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

func quoteJSON(text string) json.RawMessage {
	quoted, _ := jsontext.AppendQuote(nil, text) // what isn't UTF-8 is replaced
	return quoted
}

// checkOwnValues checks that the schema allows what it names itself, and
// anything at all.
func (s *Schema) checkOwnValues(wrong func(format string, args ...any)) {
	bounded := *s
	bounded.Enum = nil
	for _, value := range s.Enum {
		if detail := bounded.refuses(value); detail != "" && string(value) != "null" {
			wrong("enum has %s, which %s", value, detail)
		}
	}
	if s.Default != nil {
		if detail := s.refuses(s.Default); detail != "" {
			wrong("the default %s %s", s.Default, detail)
		}
	}
	for _, example := range s.Examples {
		if detail := s.refuses(example); detail != "" {
			wrong("the example %s %s", example, detail)
		}
	}
	for _, bounds := range [][2]*int{{s.MinLength, s.MaxLength}, {s.MinItems, s.MaxItems}} {
		if bounds[0] != nil && bounds[1] != nil && *bounds[0] > *bounds[1] {
			wrong("at least %d and at most %d allows nothing", *bounds[0], *bounds[1])
		}
	}
	s.checkBounds(wrong)
}

// checkBounds checks that there are numbers between the bounds.
func (s *Schema) checkBounds(wrong func(format string, args ...any)) {
	type limit struct {
		words, text string
		excluded    bool
	}
	for _, low := range []limit{{"at least", s.Minimum, false}, {"more than", s.ExclusiveMinimum, true}} {
		for _, high := range []limit{{"at most", s.Maximum, false}, {"less than", s.ExclusiveMaximum, true}} {
			if low.text == "" || high.text == "" {
				continue
			}
			order := parseNumber([]byte(low.text)).compare(parseNumber([]byte(high.text)))
			if order > 0 || order == 0 && (low.excluded || high.excluded) {
				wrong("%s %s and %s %s allows nothing", low.words, low.text, high.words, high.text)
			}
		}
	}
}

// refuses returns in which way the schema refuses a JSON value, or "".
func (s *Schema) refuses(value json.RawMessage) string {
	k, err := compileCheck(s)
	if err != nil {
		return "" // reported where the schema comes from
	}
	if errs := k.check(value); len(errs) > 0 {
		return errs[0].Detail
	}
	return ""
}

// tagsOf returns the keys and values of a tag, as far as it is well-formed.
func tagsOf(tag reflect.StructTag) func(yield func(key, value string) bool) {
	return func(yield func(key, value string) bool) {
		for left := strings.TrimLeft(string(tag), " "); left != ""; left = strings.TrimLeft(left, " ") {
			colon := strings.Index(left, `:"`)
			if colon < 0 {
				return
			}
			quoted, err := strconv.QuotedPrefix(left[colon+1:])
			if err != nil {
				return
			}
			value, _ := strconv.Unquote(quoted) // it is quoted
			if !yield(left[:colon], value) {
				return
			}
			left = left[colon+1+len(quoted):]
		}
	}
}

// isWellFormed tells whether a tag is as [reflect.StructTag] says.
func isWellFormed(tag reflect.StructTag) bool {
	n := 0
	for key, value := range tagsOf(tag) {
		n += len(key) + len(strconv.Quote(value)) + len(":")
	}
	return n > 0 || strings.TrimSpace(string(tag)) == ""
}

// misspelt returns the tag that is meant by a key which is none, if it is close
// to one, or "".
func misspelt(key string) string {
	if isOurTag(key) || key == "form" || key == "env" {
		return ""
	}
	for _, name := range []string{
		"path", "query", "header", "cookie", "body", "required", "default", "example",
		"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
		"minLength", "maxLength", "pattern", "format", "enum", "minItems", "maxItems", "uniqueItems",
	} {
		if strings.EqualFold(key, name) || oneEdit(key, name) || strings.EqualFold(strings.NewReplacer("_", "", "-", "").Replace(key), name) {
			return name
		}
	}
	switch strings.ToLower(key) {
	case "min":
		return "minimum"
	case "max":
		return "maximum"
	case "description":
		return "doc"
	}
	return ""
}

// oneEdit tells whether one letter more, less or other, or two swapped, make a
// into b.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 0:
		swapped := i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		return a != b && (a[i+1:] == b[i+1:] || swapped)
	case 1:
		return a[i:] == b[i+1:]
	}
	return false
}

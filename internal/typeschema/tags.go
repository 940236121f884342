package typeschema

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/schema"
)

// The tags of a field, in the words of JSON Schema. Tags that don't fit the field's type,
// or contradict each other, are errors when the handler is made.

// Places are the tags that say where in a request a field comes from.
func Places() []string { return []string{"path", "query", "header", "cookie", "form", "body"} }

// PlaceOf returns the place that a field comes from and its name there. A field with a
// json tag isn't a form's field: its form tag is for another library.
func PlaceOf(f reflect.StructField) (in, name string, ok bool) {
	for _, in := range Places() {
		if name, ok := f.Tag.Lookup(in); ok && (in != "form" || f.Tag.Get("json") == "") {
			return in, name, true
		}
	}
	return "", "", false
}

// IsOurTag reports whether a tag is one of the library's.
func IsOurTag(key string) bool {
	switch key {
	case "path", "query", "header", "cookie", "form", "body", "required", "default", "title", "doc", "example", "deprecated", "readOnly", "writeOnly", "json", "maxBytes", "mediaTypes":
		return true
	}
	return IsConstraint(key)
}

// IsConstraint reports whether a tag limits the values of a field.
func IsConstraint(key string) bool {
	switch key {
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
		"minLength", "maxLength", "pattern", "format", "enum", "const", "minItems", "maxItems", "uniqueItems",
		"minProperties", "maxProperties":
		return true
	}
	return false
}

// classesOf returns the kinds of values that a constraint applies to.
func classesOf(constraint string) []string {
	switch constraint {
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		return []string{"integer", "number"}
	case "minLength", "maxLength", "pattern", "format":
		return []string{"string"}
	case "minItems", "maxItems", "uniqueItems":
		return []string{"array"}
	case "minProperties", "maxProperties":
		return []string{"object"}
	}
	return []string{"string", "integer", "number", "boolean"} // enum and const
}

// Constrain returns the schema of a field by its tags; s is the schema of its type. It is
// for parameters and the like, not for members of JSON.
func (c *Compiler) Constrain(s *schema.Schema, t reflect.Type, f reflect.StructField) *schema.Schema {
	for _, key := range []string{readOnlyTag, writeOnlyTag} {
		if _, ok := f.Tag.Lookup(key); ok && !c.Classic {
			c.wrong(t, f.Name, "%s is for members of JSON", key)
		}
	}
	return c.constrain(s, t, f)
}

const readOnlyTag, writeOnlyTag = "readOnly", "writeOnly"

// constrain is [Compiler.Constrain], also for members.
func (c *Compiler) constrain(s *schema.Schema, t reflect.Type, f reflect.StructField) *schema.Schema {
	own := *s
	if s.Name != "" { // it is shared
		own = schema.Schema{Ref: s}
	}
	touched := false
	if text := Malformed(f.Tag); text != "" {
		c.wrong(t, f.Name, "%s", text)
	}
	wrong := func(format string, args ...any) { c.wrong(t, f.Name, format, args...) }
	for key, value := range TagsOf(f.Tag) {
		var err error
		switch {
		case c.Classic && (IsConstraint(key) || key == "default" || key == readOnlyTag || key == writeOnlyTag): // which nobody looks at
			continue
		case IsConstraint(key):
			err = constrainSchema(&own, key, value, s)
		case key == "doc":
			own.Description = value
		case key == "title":
			own.Title = value
		case key == "deprecated":
			own.Deprecated, err = isTrue(value)
		case key == readOnlyTag:
			own.ReadOnly, err = isTrue(value)
		case key == writeOnlyTag:
			own.WriteOnly, err = isTrue(value)
		case key == "default":
			own.Default, err = parseValue(&own, value)
		case key == "example":
			var example json.RawMessage
			if example, err = parseValue(&own, value); err == nil {
				own.Examples = []json.RawMessage{example}
			}
		case (key == "maxBytes" || key == "mediaTypes") && !c.Classic:
			err = errors.New("it is for files and for bodies that aren't JSON")
		default:
			if text := UnknownWord(key); text != "" && !c.Classic {
				wrong("%s", text)
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
		check.OwnValues(&own, wrong)
		if own.Default != nil && !c.decodes(&own, f) {
			wrong("the default %s can't be its value", own.Default)
		}
	})
	return &own
}

// isTrue returns true, or an error if a tag's value isn't "true".
func isTrue(value string) (bool, error) {
	if value != "true" {
		return false, errors.New("not true")
	}
	return true, nil
}

// decodes reports whether a field can be decoded from its schema's default. The default
// of a parameter isn't decoded from JSON.
func (c *Compiler) decodes(s *schema.Schema, f reflect.StructField) bool {
	if _, _, isParameter := PlaceOf(f); isParameter || c.Output || len(c.errs) > 0 {
		return true
	}
	k, err := check.Compile(s)
	if err != nil {
		return true // reported where the schema comes from
	}
	var checker check.Checker
	checker.Check(k, s.Default)
	value, _ := checker.Edited()
	holder := reflect.StructOf([]reflect.StructField{{Name: "Value", Type: f.Type, Tag: quotedTag(f)}})
	text := append(append([]byte(`{"value":`), value...), '}')
	return jsonv2.Unmarshal(text, reflect.New(holder).Interface(), jsontype.Options(true, true)) == nil
}

// quotedTag returns the part of a field's tag that says how its value is encoded.
func quotedTag(f reflect.StructField) reflect.StructTag {
	if parsed, _, _ := jsontype.ParseField(f); parsed.Quoted {
		return `json:"value,string"`
	}
	return `json:"value"`
}

// TagsOf returns the keys and values of a tag, as far as it is well-formed.
func TagsOf(tag reflect.StructTag) func(yield func(key, value string) bool) {
	return func(yield func(key, value string) bool) {
		for left := strings.TrimLeft(string(tag), " "); left != ""; {
			key, value, rest, ok := cutPair(left)
			if !ok || !yield(key, value) {
				return
			}
			left = rest
		}
	}
}

// Malformed returns what is wrong with a tag that isn't in the format of
// [reflect.StructTag], or "". [reflect.StructTag.Get] only finds what precedes the
// mistake, and would silently ignore the rest.
func Malformed(tag reflect.StructTag) string {
	for left := strings.TrimLeft(string(tag), " "); left != ""; {
		var ok bool
		if _, _, left, ok = cutPair(left); !ok {
			return fmt.Sprintf("the tag %q is malformed: it is key:\"value\" pairs with a space between them", tag)
		}
	}
	return ""
}

// cutPair cuts the first pair off a tag, and reports whether that is well-formed.
func cutPair(tag string) (key, value, rest string, ok bool) {
	end := strings.IndexFunc(tag, func(c rune) bool { return c <= ' ' || c == ':' || c == '"' || c == 0x7f })
	if end <= 0 || !strings.HasPrefix(tag[end:], `:"`) {
		return "", "", "", false
	}
	quoted, err := strconv.QuotedPrefix(tag[end+1:])
	if err != nil {
		return "", "", "", false
	}
	value, _ = strconv.Unquote(quoted) // it is quoted
	rest = tag[end+1+len(quoted):]
	if rest != "" && rest[0] != ' ' {
		return "", "", "", false
	}
	return tag[:end], value, strings.TrimLeft(rest, " "), true
}

// Bytes returns the number of bytes in a tag such as "1048576" or "10MiB", or -1 if it is
// malformed.
func Bytes(text string) int64 {
	shift := 0
	for i, unit := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			text, shift = number, 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 1<<62>>shift {
		return -1
	}
	return n << shift
}

// IsMediaRange reports whether a text in lower case is a media type without parameters,
// or a range such as "image/*".
func IsMediaRange(text string) bool {
	main, sub, _ := strings.Cut(text, "/")
	isName := func(name string) bool {
		return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+") == ""
	}
	return isName(main) && (isName(sub) || sub == "*")
}

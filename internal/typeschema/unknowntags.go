package typeschema

import (
	"fmt"
	"strings"
)

// Tags that aren't ours. A field may have those of other libraries, but none that seems
// to mean something here: an unsupported word of JSON Schema or OpenAPI, or a misspelt
// tag of ours.

// variantTag is the tag of the variants of a union.
const variantTag = "variant"

// UnknownWord returns what is wrong with a tag that isn't ours, or "".
func UnknownWord(key string) string {
	if IsOurTag(key) || key == "env" {
		return ""
	}
	if key == variantTag {
		return "the tag variant is for a struct that embeds a Union, which this one doesn't"
	}
	if instead := insteadOf(key); instead != "" {
		return fmt.Sprintf("the word %s isn't one that tags have: %s", key, instead)
	}
	if meant := Misspelt(key); meant != "" {
		return fmt.Sprintf("there is no tag %q; is it %q?", key, meant)
	}
	return ""
}

// insteadOf returns what to write instead of an unsupported word of JSON Schema or
// OpenAPI, or "" for any other word.
func insteadOf(word string) string {
	switch strings.ReplaceAll(strings.ToLower(word), "_", "") {
	case "nullable":
		return "make the field a pointer or an Opt"
	case "examples":
		return `use example:"…"`
	case "dependentrequired", "mincontains", "maxcontains", "contains":
		return "check it in a method Validate of the type"
	case "additionalproperties", "patternproperties":
		return "use a map, or a field with the option embed"
	case "contentencoding":
		return "use []byte, which is base64"
	case "oneof", "discriminator":
		return "make a struct of the variants that embeds a Union"
	case "allof", "anyof", "not", "dependentschemas", "unevaluatedproperties", "unevaluateditems", "prefixitems",
		"propertynames", "contentmediatype", "contentschema", "externaldocs",
		"$ref", "$comment", "$id", "$schema", "$defs", "$anchor", "$dynamicref", "$dynamicanchor", "$vocabulary":
		return "give the type a method JSONSchema"
	}
	return ""
}

// Misspelt returns the tag that an unknown key is close to, or "".
func Misspelt(key string) string {
	plain := strings.NewReplacer("_", "", "-", "").Replace(key)
	for _, name := range []string{
		"path", "query", "header", "cookie", "body", "required", "default", "example", "title", "deprecated", "readOnly", "writeOnly",
		"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
		"minLength", "maxLength", "pattern", "format", "enum", "const", "minItems", "maxItems", "uniqueItems",
		"minProperties", "maxProperties", "maxBytes", "mediaTypes",
	} {
		if strings.EqualFold(plain, name) || oneEdit(key, name) {
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

// oneEdit reports whether a becomes b by adding, removing or changing one letter, or by
// swapping two.
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

package typeschema

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/schema"
)

// The tags that are keywords of JSON Schema.

// constrainSchema adds a constraint to the schema of a type.
func constrainSchema(s *schema.Schema, key, value string, alone *schema.Schema) error {
	classes, class := classesOf(key), classOf(s)
	if class == "array" && !slices.Contains(classes, "array") {
		inner := cmp.Or(itemsOf(s), &schema.Schema{})
		clone := *inner
		if inner.Name != "" {
			clone = schema.Schema{Ref: inner}
		}
		if err := constrainSchema(&clone, key, value, cmp.Or(itemsOf(alone), &schema.Schema{})); err != nil {
			return err
		}
		s.Items = &clone
		return nil
	}
	// The length and form of a string that represents something else can't be limited.
	standsFor := class == "string" && (alone.ContentEncoding != "" || check.IsTimeFormat(check.Bare(alone).Format))
	if !slices.Contains(classes, class) || standsFor && key != "enum" && key != "const" {
		return fmt.Errorf("a value of this type can't have %s", key)
	}
	err := setKeyword(s, key, value)
	limitSchema(s, alone)
	return err
}

// limitSchema keeps the stricter limits of numbers: the type's or the tags'.
func limitSchema(s, alone *schema.Schema) {
	alone = check.Bare(alone)
	limitSide(&s.Minimum, &s.ExclusiveMinimum, alone.Minimum, 1)
	limitSide(&s.Maximum, &s.ExclusiveMaximum, alone.Maximum, -1)
}

// limitSide is limitSchema for the limits on one side. A limit is stricter than another
// if it compares with it as order.
func limitSide(inclusive, exclusive *string, alone string, order int) {
	if !jsonscan.IsNumber(alone) {
		return
	}
	limit := jsonscan.ParseNumber([]byte(alone))
	compare := func(text string) int { return order * jsonscan.ParseNumber([]byte(text)).Compare(limit) }
	if jsonscan.IsNumber(*inclusive) && compare(*inclusive) < 0 {
		*inclusive = alone
	}
	switch {
	case *inclusive != alone || !jsonscan.IsNumber(*exclusive):
	case compare(*exclusive) < 0:
		*exclusive = "" // which all of the type's numbers pass
	default:
		*inclusive = ""
	}
}

func setKeyword(s *schema.Schema, key, value string) (err error) {
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
		if s.MultipleOf, err = numberText(value); err == nil && jsonscan.ParseNumber([]byte(value)).Sign() <= 0 {
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
	case "minProperties":
		s.MinProperties, err = lengthOf(value)
	case "maxProperties":
		s.MaxProperties, err = lengthOf(value)
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
		if !check.IsFormat(value) {
			err = fmt.Errorf("not a known format, which are %s", strings.Join(check.FormatNames(), ", "))
		}
	case "enum":
		if s.Enum, err = parseValues(s, value); err == nil && len(s.Enum) == 0 {
			err = fmt.Errorf("no value is named")
		}
		if slices.Contains(s.Types, "null") {
			s.Enum = append(s.Enum, json.RawMessage("null"))
		}
	case "const":
		if s.Const, err = parseValue(s, value); err == nil && slices.Contains(s.Types, "null") {
			s.Const, s.Enum = nil, []json.RawMessage{s.Const, json.RawMessage("null")}
		}
	}
	return err
}

func numberText(text string) (string, error) {
	if !jsonscan.IsNumber(text) {
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

// parseValue returns a tag's value as JSON: as a string if the schema allows one, or
// split at commas if it allows an array.
func parseValue(s *schema.Schema, text string) (json.RawMessage, error) {
	switch classOf(s) {
	case "string":
		return jsonscan.Quote(text), nil
	case "array":
		if !strings.HasPrefix(text, "[") {
			items, err := parseValues(cmp.Or(itemsOf(s), &schema.Schema{}), text)
			array, _ := json.Marshal(append([]json.RawMessage{}, items...)) // of what is JSON
			return array, err
		}
	}
	if !json.Valid([]byte(text)) {
		return nil, fmt.Errorf("not %s in JSON", cmp.Or(check.Noun(classOf(s)), "a value"))
	}
	return json.RawMessage(text), nil
}

// parseValues returns the values of a tag that lists them, separated by commas
// or as a JSON array.
func parseValues(s *schema.Schema, text string) (values []json.RawMessage, err error) {
	if strings.HasPrefix(text, "[") {
		if err := json.Unmarshal([]byte(text), &values); err != nil {
			return nil, fmt.Errorf("not a JSON array")
		}
		return values, nil
	}
	if text == "" && classOf(s) != "string" {
		return nil, nil
	}
	for element := range strings.SplitSeq(text, ",") {
		value, err := parseValue(s, strings.TrimSpace(element))
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

package check

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/schema"
)

// What can be wrong with a schema itself.

// Schema returns what is wrong with a schema that a user has made.
func Schema(s *schema.Schema) error {
	if err := checkShape(s, map[*schema.Schema]bool{}); err != nil {
		return err
	}
	_, err := Compile(s)
	return err
}

// checkShape returns what keeps a schema, or one within it, from being compiled.
func checkShape(s *schema.Schema, seen map[*schema.Schema]bool) error {
	if s == nil || seen[s] {
		return nil
	}
	seen[s] = true
	if isEndless(s, nil) {
		return fmt.Errorf("the schema %s: Ref and AnyOf lead back to it, with nothing between", nameOf(s))
	}
	if slices.Contains(s.AnyOf, nil) {
		return fmt.Errorf("the schema %s: AnyOf has nil", nameOf(s))
	}
	if slices.Contains(s.OneOf, nil) {
		return fmt.Errorf("the schema %s: OneOf has nil", nameOf(s))
	}
	if err := checkUnion(s); err != nil {
		return err
	}
	if jsonscan.IsNumber(s.MultipleOf) && jsonscan.ParseNumber([]byte(s.MultipleOf)).Sign() <= 0 {
		return fmt.Errorf("the schema %s: multipleOf %s isn't above 0", nameOf(s), s.MultipleOf)
	}
	for _, value := range append(slices.Clip(s.Examples), s.Default) {
		if value != nil && !jsonscan.IsJSON(value) {
			return fmt.Errorf("the schema %s: the default or example %q isn't JSON", nameOf(s), value)
		}
	}
	names := map[string]bool{}
	for _, p := range s.Properties {
		if p.Schema == nil || names[p.Name] {
			return fmt.Errorf("the schema %s: the property %q has no schema, or is there twice", nameOf(s), p.Name)
		}
		names[p.Name] = true
		if err := checkShape(p.Schema, seen); err != nil {
			return err
		}
	}
	for _, inner := range append([]*schema.Schema{s.Ref, s.Items, s.Additional, s.PropertyNames}, slices.Concat(s.AnyOf, s.OneOf)...) {
		if err := checkShape(inner, seen); err != nil {
			return err
		}
	}
	return nil
}

// isEndless reports whether checking a value against s would never end.
func isEndless(s *schema.Schema, outer []*schema.Schema) bool {
	if s == nil || slices.Contains(outer, s) {
		return s != nil
	}
	outer = append(outer, s)
	return isEndless(s.Ref, outer) || slices.ContainsFunc(slices.Concat(s.AnyOf, s.OneOf), func(a *schema.Schema) bool { return isEndless(a, outer) })
}

// nameOf returns what a schema is called for the programmer.
func nameOf(s *schema.Schema) string { return cmp.Or(s.Name, "without a name") }

// OwnValues calls wrong for each enum value, constant, default and example that the
// schema itself doesn't allow, and if it allows no value at all.
func OwnValues(s *schema.Schema, wrong func(format string, args ...any)) {
	bounded := *s
	bounded.Enum, bounded.Const = nil, nil
	for _, value := range s.Enum {
		if detail := refusal(&bounded, value); detail != "" && string(value) != "null" {
			wrong("enum has %s, which %s", value, detail)
		}
	}
	if s.Const != nil {
		if detail := refusal(&bounded, s.Const); detail != "" {
			wrong("const has %s, which %s", s.Const, detail)
		}
	}
	if s.Default != nil {
		if detail := refusal(s, s.Default); detail != "" {
			wrong("the default %s %s", s.Default, detail)
		}
	}
	for _, example := range s.Examples {
		if detail := refusal(s, example); detail != "" {
			wrong("the example %s %s", example, detail)
		}
	}
	for _, bounds := range [][2]*int{{s.MinLength, s.MaxLength}, {s.MinItems, s.MaxItems}, {s.MinProperties, s.MaxProperties}} {
		if bounds[0] != nil && bounds[1] != nil && *bounds[0] > *bounds[1] {
			wrong("at least %d and at most %d allows nothing", *bounds[0], *bounds[1])
		}
	}
	checkBounds(s, wrong)
}

// checkBounds checks that there are numbers between the bounds.
func checkBounds(s *schema.Schema, wrong func(format string, args ...any)) {
	type limit struct {
		words, text string
		excluded    bool
	}
	for _, low := range []limit{{"at least", s.Minimum, false}, {"more than", s.ExclusiveMinimum, true}} {
		for _, high := range []limit{{"at most", s.Maximum, false}, {"less than", s.ExclusiveMaximum, true}} {
			if low.text == "" || high.text == "" {
				continue
			}
			order := jsonscan.ParseNumber([]byte(low.text)).Compare(jsonscan.ParseNumber([]byte(high.text)))
			if order > 0 || order == 0 && (low.excluded || high.excluded) {
				wrong("%s %s and %s %s allows nothing", low.words, low.text, high.words, high.text)
			}
		}
	}
}

// refusal returns in which way the schema refuses a JSON value, or "".
func refusal(s *schema.Schema, value json.RawMessage) string {
	k, err := Compile(s)
	if err != nil {
		return "" // reported where the schema comes from
	}
	if errs := k.Violations(value); len(errs) > 0 {
		return errs[0].Detail
	}
	return ""
}

// Bare returns the schema of what meets s and isn't null.
func Bare(s *schema.Schema) *schema.Schema {
	if len(s.AnyOf) == 2 && slices.Equal(s.AnyOf[1].Types, []string{"null"}) {
		return s.AnyOf[0]
	}
	return s
}

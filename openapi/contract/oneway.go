package contract

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Members that are writeOnly are for requests. A schema allows them in answers, too, but
// says that they aren't there (JSON Schema Validation 2020-12 §9.4).

// sent checks the text of an answer that should be JSON.
func (s *schemas) sent(pointer string, text []byte) error {
	if err := s.json(pointer, text); err != nil {
		return err
	}
	compiled, err := s.at(pointer)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	if place := writeOnly(compiled, value, ""); place != "" {
		return fmt.Errorf("at '%s': it is writeOnly, and in an answer", place)
	}
	return nil
}

// writeOnly returns the place of a member in a value that its schema says is writeOnly, or
// "".
func writeOnly(s *jsonschema.Schema, value any, place string) string {
	if s == nil {
		return ""
	}
	if s.WriteOnly && place != "" {
		return place
	}
	for _, same := range slices.Concat([]*jsonschema.Schema{s.Ref}, s.AllOf) {
		if found := writeOnly(same, value, place); found != "" {
			return found
		}
	}
	for _, alternative := range slices.Concat(s.AnyOf, s.OneOf) {
		if alternative.Validate(value) == nil {
			if found := writeOnly(alternative, value, place); found != "" {
				return found
			}
		}
	}
	switch x := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(x)) {
			part, known := s.Properties[name]
			if !known {
				part, _ = s.AdditionalProperties.(*jsonschema.Schema)
			}
			if found := writeOnly(part, x[name], place+"/"+name); found != "" {
				return found
			}
		}
	case []any:
		for i, element := range x {
			if found := writeOnly(s.Items2020, element, fmt.Sprintf("%s/%d", place, i)); found != "" {
				return found
			}
		}
	}
	return ""
}

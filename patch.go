package tigertonic

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Patch is a JSON merge patch (RFC 7386) for values of type T, as the body that
// a [Typed] function takes. Such a body is application/merge-patch+json: an
// object with the members to be changed, where null removes one and an object is
// merged with what is there. The zero value changes nothing.
type Patch[T any] struct {
	text jsontext.Value
}

// Apply applies the patch to the value that to points to, as JSON has it; what
// has no JSON stays as it is. The result must be one that a Typed function would
// take as a body: else to is left alone and the error is a [FieldErrors], or
// what a [Validator] has returned.
func (p Patch[T]) Apply(ctx context.Context, to *T) error {
	if len(p.text) == 0 {
		return nil
	}
	var c schemaCompiler
	body := newBodyInput(&c, reflect.TypeFor[T](), 0, true)
	if err := c.finish(); err != nil {
		return err
	}
	text, err := json.Marshal(to, body.options)
	if err != nil {
		return err
	}
	merged, err := mergePatch(text, p.text)
	if err != nil {
		return err
	}
	patched := *to
	clearJSON(reflect.ValueOf(&patched).Elem())
	var f findings
	e := getEncoder()
	defer putEncoder(e)
	e.Write(merged)
	if err := body.decode(&f, e, &patched); err != nil {
		return err
	}
	if err := f.err(); err != nil {
		return err
	}
	if v := compileValidation(reflect.TypeFor[T]()); v != nil {
		if err := v.run(ctx, &patched); err != nil {
			return err
		}
	}
	*to = patched
	return nil
}

// MarshalJSON returns the patch.
func (p Patch[T]) MarshalJSON() ([]byte, error) {
	if len(p.text) == 0 {
		return []byte("{}"), nil
	}
	return p.text, nil
}

// UnmarshalJSON keeps the patch. It is checked by Typed and by Apply.
func (p *Patch[T]) UnmarshalJSON(text []byte) error {
	p.text = slices.Clone(text)
	return nil
}

// A patch is a Patch for any type.
type patch interface{ patchElem() reflect.Type }

func (Patch[T]) patchElem() reflect.Type { return reflect.TypeFor[T]() }

// mergePatch returns target with the patch applied (RFC 7386 §2).
func mergePatch(target, patch jsontext.Value) (jsontext.Value, error) {
	if patch.Kind() != '{' {
		return patch, nil
	}
	changes, err := members(patch)
	if err != nil {
		return nil, err
	}
	var merged []member
	if target.Kind() == '{' {
		if merged, err = members(target); err != nil {
			return nil, err
		}
	}
	index := make(map[string]int, len(merged))
	for i, m := range merged {
		index[m.name] = i
	}
	for _, change := range changes {
		i, there := index[change.name]
		switch {
		case change.value.Kind() == 'n' && there:
			merged[i].value = nil
		case change.value.Kind() == 'n':
		case !there:
			change.value, err = mergePatch(nil, change.value)
			merged = append(merged, change)
		default:
			merged[i].value, err = mergePatch(merged[i].value, change.value)
		}
		if err != nil {
			return nil, err
		}
	}
	return object(slices.DeleteFunc(merged, func(m member) bool { return m.value == nil }))
}

// A member is a member of a JSON object.
type member struct {
	name  string
	value jsontext.Value
}

func members(text jsontext.Value) (all []member, err error) {
	if !text.IsValid() {
		return nil, errors.New("tigertonic: a merge patch that isn't valid JSON")
	}
	s := scanner{src: text}
	s.space()
	for s.pos++; s.space() != '}'; {
		name := string(s.unescaped())
		s.space()
		all = append(all, member{name, jsontext.Value(s.skip())})
	}
	return all, nil
}

func object(all []member) (jsontext.Value, error) {
	text := []byte{'{'}
	for i, m := range all {
		if i > 0 {
			text = append(text, ',')
		}
		var err error
		if text, err = jsontext.AppendQuote(text, m.name); err != nil {
			return nil, err
		}
		text = append(append(text, ':'), m.value...)
	}
	return append(text, '}'), nil
}

// clearJSON sets to zero what is decoded from JSON.
func clearJSON(v reflect.Value) {
	var c schemaCompiler
	if v.Kind() != reflect.Struct || c.known(v.Type()) != nil {
		v.SetZero()
		return
	}
	for i := range v.NumField() {
		f, _, ok := parseJSONField(v.Type().Field(i))
		if ok && v.Field(i).CanSet() || ok && f.Anonymous && f.typ.Kind() == reflect.Struct {
			clearJSON(v.Field(i))
		}
	}
}

// patchSchema returns the schema of the patches for t: no member is required,
// and those that t doesn't require can be null, which removes them.
func (c *schemaCompiler) patchSchema(t reflect.Type) *Schema {
	return c.patchOf(c.schema(t))
}

// patchOf returns the schema of the patches for what meets s.
func (c *schemaCompiler) patchOf(s *Schema) *Schema {
	s = bare(s)
	if known, ok := c.patches[s]; ok {
		return known
	}
	if s.class() != "object" {
		return s
	}
	if c.patches == nil {
		c.patches = map[*Schema]*Schema{}
	}
	patched := &Schema{}
	c.patches[s] = patched
	*patched = *s
	if s.Ref != nil {
		patched.Ref = c.patchOf(s.Ref)
		return patched
	}
	if s.Name != "" {
		patched.Variant = "patch"
	}
	patched.Types = []string{"object"}
	patched.Properties = make([]Property, len(s.Properties))
	for i, p := range s.Properties {
		value := withoutDefault(c.patchOf(p.Schema))
		if !p.Required {
			value = nullable(value)
		}
		patched.Properties[i] = Property{Name: p.Name, Schema: value}
	}
	if s.Additional != nil {
		patched.Additional = nullable(c.patchOf(s.Additional))
	}
	return patched
}

func withoutDefault(s *Schema) *Schema {
	if s.Default == nil {
		return s
	}
	clone := *s
	clone.Default = nil
	return &clone
}

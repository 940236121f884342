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
	plan *patchPlan // of the endpoint that has taken it, or nil
}

// A patchPlan is what values of a type must be after a patch.
type patchPlan struct {
	body     *bodyInput
	validate *validation
}

func newPatchPlan(t reflect.Type) (*patchPlan, error) {
	var c schemaCompiler
	plan := &patchPlan{newBodyInput(&c, t, nil, true), compileValidation(t)}
	return plan, c.finish()
}

// Apply applies the patch to the value that to points to. What the patch doesn't
// name, and what has no JSON, stays as it is. The result must be one that a Typed
// function would take as a body: else the value is left alone, and the error is a
// [FieldErrors], or what a [Validator] has returned. What pointers and maps in the
// value lead to isn't changed, but replaced.
func (p Patch[T]) Apply(ctx context.Context, to *T) error {
	if len(p.text) == 0 {
		return nil
	}
	plan := p.plan
	if plan == nil {
		var err error
		if plan, err = newPatchPlan(reflect.TypeFor[T]()); err != nil {
			return err
		}
	}
	if !p.text.IsValid() {
		return errors.New("tigertonic: a merge patch that isn't valid JSON")
	}
	text, err := json.Marshal(to, plan.body.options)
	if err != nil {
		return err
	}
	patch := parseTree(p.text)
	merged := mergePatch(parseTree(text), patch).append(nil)
	c := checking{scanner: scanner{src: merged}}
	c.value(plan.body.check)
	if len(c.errs) > 0 {
		return c.errs
	}
	if len(c.edits) > 0 {
		var ok bool
		if merged, ok = c.edited(); !ok {
			return RequestEntityTooLarge{errors.New("the patch is too long with what it leaves out")}
		}
	}
	patched := *to
	g := grafting{options: plan.body.options}
	g.value(reflect.ValueOf(&patched).Elem(), patch, parseTree(merged), "")
	if g.err != nil {
		return g.err
	}
	if plan.validate != nil {
		if err := plan.validate.run(ctx, &patched, FieldError{}); err != nil {
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

func (p *Patch[T]) setPlan(plan *patchPlan) { p.plan = plan }

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

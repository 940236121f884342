package tigertonic

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/rcrowley/go-tigertonic/internal/bind"
)

// Patch is a JSON merge patch (RFC 7386) for values of type T, as the body that
// a [Typed] function takes. Such a body is application/merge-patch+json: an
// object with the members to be changed, where null removes one and an object is
// merged with what is there. The zero value changes nothing.
type Patch[T any] struct {
	text jsontext.Value
	plan *bind.PatchPlan // of the endpoint that has taken it, or nil
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
		if plan, err = bind.NewPatchPlan(reflect.TypeFor[T](), bindRules()); err != nil {
			return err
		}
	}
	patched := *to
	if err := plan.Apply(ctx, p.text, &patched); err != nil {
		return patchError(err)
	}
	*to = patched
	return nil
}

// patchError returns an error of a patch as users know it.
func patchError(err error) error {
	if invalid, ok := errors.AsType[*bind.Invalid](err); ok {
		errs := make(FieldErrors, len(invalid.Findings))
		for i, f := range invalid.Findings {
			errs[i] = FieldError(f)
		}
		return errs
	}
	if refusal, ok := errors.AsType[*bind.Refusal](err); ok {
		return RequestEntityTooLarge{refusal}
	}
	return err
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

// Prepare returns T, and keeps the plan for applying the patch unless it is nil. It is for
// Typed itself, which doesn't know T.
func (p *Patch[T]) Prepare(plan any) reflect.Type {
	if plan, ok := plan.(*bind.PatchPlan); ok {
		p.plan = plan
	}
	return reflect.TypeFor[T]()
}

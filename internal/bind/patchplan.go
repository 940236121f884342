package bind

import (
	"context"
	"errors"
	"net/http"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
)

// A PatchPlan is what values of a type must be after a merge patch (RFC 7386).
type PatchPlan struct {
	body     *Body
	validate *validation
}

// NewPatchPlan returns the plan for values of a type.
func NewPatchPlan(t reflect.Type, rules *Rules) (*PatchPlan, error) {
	c := typeschema.Compiler{Refused: rules.Refused}
	body := newBody(&c, t, nil, true, rules)
	validate, err := compileValidation(t)
	return &PatchPlan{body, validate}, errors.Join(c.Finish(), err)
}

// Apply applies a patch to the value that target points to. It leaves alone what the
// patch doesn't name and what has no JSON. It replaces, rather than changes, what
// pointers and maps in the value refer to. Discard the value after an error.
func (plan *PatchPlan) Apply(ctx context.Context, patch jsontext.Value, target any) error {
	if !patch.IsValid() {
		return errors.New("tigertonic: a merge patch that isn't valid JSON")
	}
	text, err := json.Marshal(target, plan.body.Options)
	if err != nil {
		return err
	}
	changes, whole := parseTree(patch), parseTree(text)
	dropReadOnly(plan.body.check, whole, changes)
	replaceVariants(plan.body.check, whole, changes)
	merged := mergePatch(whole, changes).append(nil)
	var checker check.Checker
	if violations := checker.Check(plan.body.check, merged); len(violations) > 0 {
		var f findings
		f.violations(violations)
		return f.err()
	}
	if checker.HasEdits() {
		var ok bool
		if merged, ok = checker.Edited(); !ok {
			return &Refusal{http.StatusRequestEntityTooLarge, "the patch is too long with what it leaves out"}
		}
	}
	p := patching{options: plan.body.Options, printable: plan.body.rules.Printable, ignores: plan.body.ignored != nil}
	p.value(reflect.ValueOf(target).Elem(), changes, parseTree(merged), "")
	if p.err != nil || plan.validate == nil {
		return p.err
	}
	return plan.validate.run(ctx, target, Finding{}, plan.body.rules)
}

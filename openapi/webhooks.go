package openapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// describeWebhooks returns the operations that are sent by the service, and what is wrong
// with their descriptions.
func describeWebhooks(hooks []Webhook) (operations []operation, problems []string) {
	type key struct{ name, method string }
	seen := map[key]bool{}
	for i, hook := range hooks {
		method := strings.ToUpper(cmp.Or(hook.Method, "POST"))
		place := fmt.Sprintf("Info.Webhooks[%d] %s %q", i, method, hook.Name)
		k := key{hook.Name, method}
		if hook.Name == "" || hook.Describe == nil || seen[k] || !slices.Contains(methods(), method) {
			problems = append(problems, place+": it has no name, no description or no method that OpenAPI has, or it is there twice")
			continue
		}
		seen[k] = true
		op := &tigertonic.Operation{}
		hook.Describe(op)
		own(op)
		for _, problem := range completeWebhook(op) {
			problems = append(problems, place+": "+problem)
		}
		operations = append(operations, operation{
			ID: op.ID, Summary: op.Summary, Description: op.Description, Tags: op.Tags, Deprecated: op.Deprecated, Security: op.Security,
			method: method, path: hook.Name, hook: true, described: op,
		})
	}
	slices.SortStableFunc(operations, func(a, b operation) int { return cmp.Compare(a.path, b.path) })
	return operations, problems
}

func completeWebhook(op *tigertonic.Operation) (problems []string) {
	if len(op.Responses) == 0 {
		op.ResponseRange("2XX")
	}
	completeResponses(op.Responses)
	op.Parameters, problems = completeParameters(op.Parameters, &way{template: template{{}}}, nil)
	return append(problems, slices.Concat(checkStatuses(op), checkSecurity(op))...)
}

// checkLinks returns what is wrong with where responses lead to.
func checkLinks(operations []operation) (problems []string) {
	ids := map[string]bool{}
	for i := range operations {
		ids[operations[i].ID] = true
	}
	for i := range operations {
		op := &operations[i]
		for status, rs := range sorted(op.described.Responses) {
			for _, name := range slices.Sorted(maps.Keys(rs.Links)) {
				if id := rs.Links[name].OperationID; !ids[id] {
					problems = append(problems, fmt.Sprintf("%s %s: the link %q of the response %s leads to the operation %q, which isn't there", op.method, op.path, name, status, id))
				}
			}
		}
	}
	return problems
}

package openapi

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// describe returns the operations of the ways but for hidden ones, in the same
// order, and what is wrong with their descriptions. Those that OpenAPI takes for
// the same path share that of the first, with the names of its wildcards.
func describe(ways []*way) (operations []operation, problems []string) {
	var names []string
	key, path := "", ""
	for _, w := range ways {
		op, named := w.describe()
		if op.Hidden {
			continue
		}
		if k := w.template.key(); k != key {
			key, names = k, uniqueNames(w.template.names())
			path = w.template.rename(names).String()
		}
		problems = append(problems, complete(op, w, names)...)
		operations = append(operations, operation{
			ID:          op.ID,
			Summary:     op.Summary,
			Description: op.Description,
			Tags:        op.Tags,
			Deprecated:  op.Deprecated,
			Security:    op.Security,
			method:      w.Method,
			path:        path,
			host:        w.Host,
			also:        w.also,
			described:   op,
			named:       named,
		})
	}
	return operations, problems
}

// describe returns what the handlers on the way say, and which of them set the ID.
func (w *way) describe() (op *tigertonic.Operation, named any) {
	op = &tigertonic.Operation{Method: w.Method}
	tell := func(h any) {
		if d, ok := h.(tigertonic.Describer); ok {
			id := op.ID
			d.Describe(op)
			own(op)
			if op.ID != id {
				named = h
			}
		}
	}
	tell(w.Handler)
	for i, h := range slices.Backward(w.Wrappers) {
		w.addNotFound(op, i+1)
		tell(h)
	}
	w.addNotFound(op, 0)
	return op, named
}

// addNotFound adds what a mux answers where a wildcard would have to take an empty
// segment or dots, if it is within this many of the wrappers.
func (w *way) addNotFound(op *tigertonic.Operation, wrappers int) {
	if wrappers == w.wild {
		op.AddError(http.StatusNotFound, "nothing is at this path")
	}
}

// own makes the description share nothing that is added to with those of other
// operations, which a function may describe by the same values.
func own(op *tigertonic.Operation) {
	op.Tags, op.Parameters, op.Security = slices.Clip(op.Tags), slices.Clip(op.Parameters), slices.Clip(op.Security)
	op.Scopes = slices.Clip(op.Scopes)
	op.Responses = maps.Clone(op.Responses)
	for status, rs := range op.Responses {
		copied := tigertonic.ResponseInfo{}
		if rs != nil {
			copied = *rs
		}
		copied.Headers, copied.Content, copied.Links = maps.Clone(copied.Headers), maps.Clone(copied.Content), maps.Clone(copied.Links)
		op.Responses[status] = &copied
	}
}

// complete adds to a description what follows from the way, and returns what is
// wrong with it.
func complete(op *tigertonic.Operation, w *way, names []string) (problems []string) {
	if len(op.Responses) == 0 {
		op.ResponseRange("default").Description = "Not described"
	}
	completeResponses(op.Responses)
	op.Parameters, problems = completeParameters(op.Parameters, w, names)
	problems = append(problems, slices.Concat(checkStatuses(op), checkSecurity(op))...)
	for i := range problems {
		problems[i] = fmt.Sprintf("%s: %s", w, problems[i])
	}
	return problems
}

// checkStatuses returns what is wrong with the statuses of an operation's responses.
func checkStatuses(op *tigertonic.Operation) (problems []string) {
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		if !isStatus(status) {
			problems = append(problems, fmt.Sprintf("%q is not a status", status))
		}
	}
	return problems
}

// completeResponses gives a description to responses that have none.
func completeResponses(responses map[string]*tigertonic.ResponseInfo) {
	var blank tigertonic.Operation
	for status, rs := range responses {
		rs.Description = cmp.Or(rs.Description, blank.ResponseRange(status).Description)
	}
}

// isStatus reports whether a response can have this status in a document.
func isStatus(s string) bool {
	if s == "default" {
		return true
	}
	if len(s) != 3 || s[0] < '1' || s[0] > '5' {
		return false
	}
	return s[1:] == "XX" || isDigit(s[1]) && isDigit(s[2])
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// completeParameters returns a parameter for each of the path's wildcards, under
// these names, and then the others, each but once, and what is wrong with them. The
// wildcard of the host is a variable of the server instead.
func completeParameters(described []tigertonic.Parameter, w *way, names []string) (parameters []tigertonic.Parameter, problems []string) {
	t := w.template
	wildcards := t.names()
	_, ofHost, _ := cutWildcard(w.Host)
	ofHost = strings.TrimSuffix(ofHost, "...")
	for i, name := range names {
		p := tigertonic.Parameter{Name: wildcards[i], In: "path"}
		isOuter := slices.Contains(wildcards[i+1:], p.Name)
		if at := slices.IndexFunc(described, same(p)); at >= 0 && !isOuter {
			p = described[at]
		}
		p.Name, p.Required = name, true
		if i == len(names)-1 && t.endsInRest() {
			p.Description = strings.TrimLeft(p.Description+" It may contain slashes.", " ")
		}
		parameters = append(parameters, withSchema(p))
	}
	for _, p := range described {
		switch p.In {
		case "path":
			if !slices.Contains(wildcards, p.Name) && (p.Name != ofHost || ofHost == "") {
				problems = append(problems, fmt.Sprintf("the path parameter %q is not in the pattern", p.Name))
			}
			continue
		case "query", "header", "cookie":
			if p.Name == "" {
				problems = append(problems, fmt.Sprintf("a %s parameter without a name", p.In))
			}
		default:
			problems = append(problems, fmt.Sprintf("the parameter %q is in %q", p.Name, p.In))
		}
		if !slices.ContainsFunc(parameters, same(p)) {
			parameters = append(parameters, withSchema(p))
		}
	}
	return parameters, problems
}

// same returns what reports whether a parameter is p.
func same(p tigertonic.Parameter) func(tigertonic.Parameter) bool {
	return func(q tigertonic.Parameter) bool {
		return p.In == q.In && (p.Name == q.Name || p.In == "header" && strings.EqualFold(p.Name, q.Name))
	}
}

// withSchema returns the parameter with the schema of a string if it has none.
func withSchema(p tigertonic.Parameter) tigertonic.Parameter {
	if p.Schema == nil {
		p.Schema = &schema.Schema{Types: []string{"string"}}
	}
	return p
}

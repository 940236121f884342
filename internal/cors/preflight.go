package cors

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/httpfield"
)

// IsPreflight reports whether the request asks if another may be made (Fetch §4.8).
// Browsers send each of the two headers once; what has none of them, or several, is any
// OPTIONS.
func IsPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && isGiven(r.Header[RequestMethod]) && isGiven(r.Header[Origin])
}

// isGiven reports whether there is one value that isn't empty.
func isGiven(values []string) bool { return len(values) == 1 && values[0] != "" }

// A Rule is a method of a path with its policy.
type Rule struct {
	Method string  // or "" for all that no other rule names
	Policy *Policy // or nil
	Own    bool    // it is OPTIONS, which a mux responds to by itself
}

// needsNoPreflight reports whether browsers use the method, or one of those that
// the rule is for, without asking (CORS-safelisted methods, Fetch §2.2.1).
func (rule *Rule) needsNoPreflight() bool {
	switch rule.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, "":
		return true
	}
	return false
}

// Rules are those of a path.
type Rules struct {
	Each  []Rule  // for different methods
	Outer *Policy // of what has none itself, or nil
}

// Has reports whether a rule names the method.
func (rules *Rules) Has(method string) bool { return rules.named(method) != nil }

func (rules *Rules) named(method string) *Rule {
	for i := range rules.Each {
		if rules.Each[i].Method == method {
			return &rules.Each[i]
		}
	}
	return nil
}

// policy returns the policy of one of the rules, or nil.
func (rules *Rules) policy(rule *Rule) *Policy {
	if rule.Policy == nil {
		return rules.Outer
	}
	return rule.Policy
}

// HavePolicy reports whether any method has a policy.
func (rules *Rules) HavePolicy() bool {
	return slices.ContainsFunc(rules.Each, func(rule Rule) bool { return rules.policy(&rule) != nil })
}

// For returns the policy for the request if it had the method, or nil, and reports
// whether there is a rule for the method.
func (rules *Rules) For(r *http.Request, method string) (p *Policy, ok bool) {
	rule := rules.named(method)
	if rule == nil {
		rule = rules.named("")
	}
	switch {
	case rule == nil:
		return nil, false
	case rule.Own:
		return rules.Sharer(r), true
	}
	return rules.policy(rule), true
}

// Sharer returns the policy with which a mux responds to OPTIONS: one that allows the
// origin, with credentials if any does, or nil.
func (rules *Rules) Sharer(r *http.Request) (p *Policy) {
	for i := range rules.Each {
		if other := rules.policy(&rules.Each[i]); other.allows(r, p != nil) {
			p = other
			if p.Credentials {
				break
			}
		}
	}
	return p
}

// Methods are those of a path, sorted, and what they are in a header.
type Methods struct {
	Names []string
	Text  string
}

// NewMethods returns the methods of these names, which are sorted.
func NewMethods(names []string) Methods { return Methods{names, strings.Join(names, ", ")} }

// A Grant is what a preflight is told: the values of headers, of which "" is none.
type Grant struct {
	Origin, Methods, Headers, Credentials, MaxAge string
}

// Grant returns what a preflight is told, and reports false if the policy of the method
// that it asks for doesn't allow the origin, the method and all headers. If brief, the
// grant names nothing that wasn't asked for. The methods are those that the path has
// according to its mux.
//
// A browser remembers the methods and the headers of a response apart from each
// other, for the URL and the origin (Fetch §4.8): a header that was allowed with one
// method goes out with all that it remembers, and with GET, HEAD and POST, which it
// needn't ask for. So the grant
//
//   - names those methods alone whose own policy allows this origin, with
//     credentials if the grant allows them, and
//   - is to be forgotten at once (Access-Control-Max-Age: 0) and names the requested
//     method alone if it allows a header that another of them doesn't: one
//     whose policy allows the origin, or one of those three.
func (rules *Rules) Grant(r *http.Request, all Methods, brief bool) (g Grant, ok bool) {
	requested, asked := r.Header[RequestMethod][0], r.Header[RequestHeaders]
	p, _ := rules.For(r, requested)
	if p == nil {
		return g, false
	}
	origin := p.AllowedOrigin(r)
	if origin == "" || !httpfield.IsToken(requested) || !p.allowsHeaders(asked) {
		return g, false
	}
	reach := rules.reachOf(r, p, asked)
	g = Grant{Origin: origin, Methods: requested, MaxAge: reach.maxAge}
	if !brief && reach.lasts {
		g.Methods = rules.listMethods(r, p, requested, all)
	}
	switch {
	case !brief && reach.alike && !p.allHeaders:
		g.Headers = p.listHeaders(asked)
	case !isBlank(asked): // not "*", which covers neither Authorization nor requests with credentials
		g.Headers = strings.Join(asked, ", ")
	}
	if p.Credentials {
		g.Credentials = "true"
	}
	return g, true
}

// A reach is how far what a policy says to a preflight may go.
type reach struct {
	lasts  bool // it may be remembered
	alike  bool // so may the list of all headers that it allows
	maxAge string
}

// reachOf returns how far what p says to a preflight with these headers may go.
func (rules *Rules) reachOf(r *http.Request, p *Policy, asked []string) reach {
	to := reach{lasts: true, alike: true}
	shortest := p
	for i := range rules.Each {
		rule := &rules.Each[i]
		other := rules.policy(rule)
		if other == p || rule.Own || !rule.needsNoPreflight() && !other.allows(r, false) {
			continue
		}
		if !other.allows(r, p.Credentials) {
			to.lasts, to.alike = to.lasts && isBlank(asked), false
			continue
		}
		to.lasts = to.lasts && other.allowsHeaders(asked)
		to.alike = to.alike && other.covers(p)
		if other.age < shortest.age {
			shortest = other
		}
	}
	to.maxAge = shortest.maxAge
	if !to.lasts {
		to.maxAge = "0"
	}
	return to
}

// listMethods returns the requested method and the others that a browser may remember
// with what p says. Mostly they are all that the path has, which all rules name.
func (rules *Rules) listMethods(r *http.Request, p *Policy, requested string, all Methods) string {
	var few [12]string
	methods, complete := few[:0], rules.Has(requested)
	for i := range rules.Each {
		rule := &rules.Each[i]
		other := rules.policy(rule)
		switch {
		case rule.Method == "":
		case rule.Own || other == p || rule.Method == requested || other.allows(r, p.Credentials):
			methods = append(methods, rule.Method)
		default:
			complete = false
		}
	}
	if complete && len(methods) == len(all.Names) {
		return all.Text
	}
	if !rules.Has(requested) {
		methods = append(methods, requested)
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

package openapi

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// An operation requires all of the schemes in its list, or of each one of its
// alternatives. OpenAPI has it the other way round: any of several lists of schemes, all
// of which are required.

// checkSecurity returns what is wrong with an operation's schemes.
func checkSecurity(op *tigertonic.Operation) (problems []string) {
	for i := range op.Security {
		all := alternatives(op.Security[i])
		for j := range all {
			if problem := checkScheme(all[j], len(all) > 1); problem != "" {
				problems = append(problems, problem)
			}
		}
	}
	if len(op.Scopes) > 0 {
		problems = append(problems, fmt.Sprintf("it needs the scopes %q, but no Authenticated around it has principals with scopes (a method HasScope)", op.Scopes))
	}
	return problems
}

// alternatives returns the scheme and those that will do instead, each by itself.
func alternatives(s tigertonic.SecurityScheme) []tigertonic.SecurityScheme {
	all := append([]tigertonic.SecurityScheme{s}, s.Or...)
	for i := range all {
		all[i].Or = nil
	}
	return all
}

// checkScheme returns what is wrong with a security scheme, or "".
func checkScheme(s tigertonic.SecurityScheme, isAlternative bool) string {
	wrong := func(format string, args ...any) string {
		return fmt.Sprintf("the security scheme %q "+format, append([]any{s.Name}, args...)...)
	}
	kinds := kindsOf(s)
	switch s.Scheme {
	case "apiKey", "apikey", "http", "mutualTLS", "oauth2", "openIdConnect":
		return wrong("has the Scheme %q, which isn't one of the Authorization header, as basic and bearer are; a key has In and Key instead, and others Flows, OpenIDConnectURL or MutualTLS", s.Scheme)
	}
	switch {
	case len(kinds) == 0 && isAlternative && s.Name == "":
		return ""
	case len(kinds) == 0:
		return wrong("has neither a Scheme nor In and Key, Flows, OpenIDConnectURL or MutualTLS")
	case len(kinds) > 1:
		return wrong("has a %s beside %s", kinds[0], strings.Join(kinds[1:], " and "))
	case s.BearerFormat != "" && s.Scheme != "bearer":
		return wrong("has a BearerFormat, but isn't a bearer")
	case s.Flows != nil:
		return checkFlows(s, wrong)
	case kinds[0] != inAndKey:
	case s.In != "header" && s.In != "query" && s.In != "cookie":
		return wrong("is in %q, which isn't header, query or cookie", s.In)
	case s.Key == "":
		return wrong("has no Key")
	}
	return ""
}

const inAndKey = "In and Key"

// kindsOf returns the fields that say what a scheme is.
func kindsOf(s tigertonic.SecurityScheme) (kinds []string) {
	for _, kind := range []struct {
		set  bool
		name string
	}{
		{s.Scheme != "", "Scheme"},
		{s.In != "" || s.Key != "", inAndKey},
		{s.Flows != nil, "Flows"},
		{s.OpenIDConnectURL != "", "OpenIDConnectURL"},
		{s.MutualTLS, "MutualTLS"},
	} {
		if kind.set {
			kinds = append(kinds, kind.name)
		}
	}
	return kinds
}

// checkFlows returns what is wrong with the flows of a scheme, or "".
func checkFlows(s tigertonic.SecurityScheme, wrong func(string, ...any) string) string {
	var seen []string
	for _, f := range s.Flows {
		authorizes := f.Grant == "authorizationCode" || f.Grant == "implicit"
		switch {
		case !authorizes && f.Grant != "clientCredentials" && f.Grant != "password":
			return wrong("has a flow with the Grant %q, which isn't authorizationCode, clientCredentials, implicit or password", f.Grant)
		case slices.Contains(seen, f.Grant):
			return wrong("has two flows with the Grant %q", f.Grant)
		case authorizes != (f.AuthorizationURL != ""):
			return wrong("has the flow %s: an AuthorizationURL belongs to authorizationCode and implicit", f.Grant)
		case (f.Grant != "implicit") != (f.TokenURL != ""):
			return wrong("has the flow %s: a TokenURL belongs to all flows but implicit", f.Grant)
		}
		seen = append(seen, f.Grant)
	}
	if seen == nil {
		return wrong("has Flows, but none in them")
	}
	return ""
}

// securityScheme returns the scheme as OpenAPI has it (§4.8.27).
func securityScheme(s tigertonic.SecurityScheme) (o object) {
	switch {
	case s.In != "":
		o = object{{"type", "apiKey"}, {"in", s.In}, {"name", s.Key}}
	case s.Flows != nil:
		o = object{{"type", "oauth2"}, {"flows", flows(s.Flows)}}
	case s.OpenIDConnectURL != "":
		o = object{{"type", "openIdConnect"}, {"openIdConnectUrl", s.OpenIDConnectURL}}
	case s.MutualTLS:
		o = object{{"type", "mutualTLS"}}
	default:
		o = object{{"type", "http"}, {"scheme", s.Scheme}}
		o.text("bearerFormat", s.BearerFormat)
	}
	o.text("description", s.Description)
	return o
}

func flows(all []tigertonic.OAuthFlow) (o object) {
	for _, f := range all {
		var flow object
		flow.text("authorizationUrl", f.AuthorizationURL)
		flow.text("tokenUrl", f.TokenURL)
		flow.text("refreshUrl", f.RefreshURL)
		scopes := object{}
		for name, description := range sorted(f.Scopes) {
			scopes.set(name, description)
		}
		flow.set("scopes", scopes)
		o.set(f.Grant, flow)
	}
	return o
}

// maxRequirements is how many combinations of alternatives an operation can have.
const maxRequirements = 64

// requirements returns the combinations of schemes each of which is enough.
func requirements(security []tigertonic.SecurityScheme) []object {
	all := []object{{}}
	for i := range security {
		var next []object
		enough := alternatives(security[i])
		for _, o := range all {
			for j := range enough {
				if len(next) < maxRequirements {
					next = append(next, withRequirement(o, enough[j]))
				}
			}
		}
		all = next
	}
	return all
}

// withRequirement returns the schemes of a combination and one more.
func withRequirement(o object, s tigertonic.SecurityScheme) object {
	if s.Name == "" || slices.ContainsFunc(o, func(m member) bool { return m.name == s.Name }) {
		return o
	}
	scopes := make([]any, 0, len(s.Scopes))
	for _, scope := range s.Scopes {
		scopes = append(scopes, scope)
	}
	o = slices.Clone(o)
	o.set(s.Name, scopes)
	return o
}

// collectSecurity returns the schemes of operations, sorted by name, after
// giving each, there too, a name of its own.
func collectSecurity(operations []operation) (schemes []tigertonic.SecurityScheme) {
	names := namer{taken: map[string]bool{}}
	for i := range operations {
		op := &operations[i]
		var required []tigertonic.SecurityScheme
		for i := range op.Security {
			s := op.Security[i]
			s.Or = slices.Clone(s.Or)
			names.name(&s)
			for j := range s.Or {
				names.name(&s.Or[j])
			}
			if !slices.ContainsFunc(required, func(other tigertonic.SecurityScheme) bool { return reflect.DeepEqual(other, s) }) {
				required = append(required, s)
			}
		}
		op.Security = required
	}
	slices.SortFunc(names.schemes, func(a, b tigertonic.SecurityScheme) int { return cmp.Compare(a.Name, b.Name) })
	return names.schemes
}

// A namer gives schemes names, the same one to those that are alike but for what an
// operation needs of them.
type namer struct {
	given, schemes []tigertonic.SecurityScheme // as they were, and as they are called
	taken          map[string]bool
}

func (n *namer) name(s *tigertonic.SecurityScheme) {
	if len(kindsOf(*s)) == 0 {
		return
	}
	bare := *s
	bare.Scopes, bare.Or = nil, nil
	at := slices.IndexFunc(n.given, func(other tigertonic.SecurityScheme) bool { return reflect.DeepEqual(other, bare) })
	if at < 0 {
		at = len(n.given)
		n.given = append(n.given, bare)
		bare.Name = unused(sanitize(cmp.Or(s.Name, s.Scheme, s.Key, defaultName(*s))), func(s string) bool { return n.taken[s] })
		bare.Flows = slices.Clone(bare.Flows)
		for i := range bare.Flows {
			bare.Flows[i].Scopes = maps.Clone(bare.Flows[i].Scopes)
		}
		n.taken[bare.Name] = true
		n.schemes = append(n.schemes, bare)
	}
	s.Name = n.schemes[at].Name
}

func defaultName(s tigertonic.SecurityScheme) string {
	switch {
	case s.Flows != nil:
		return "oauth2"
	case s.MutualTLS:
		return "mutualTLS"
	}
	return "openIdConnect"
}

// A securityView is a scheme as people read it.
type securityView struct {
	Or                bool // it is an alternative to the one before
	Kind, Description string
	Scopes            []string
}

func securityViews(security []tigertonic.SecurityScheme) (views []securityView) {
	for i := range security {
		all := alternatives(security[i])
		for j := range all {
			s := &all[j]
			description := s.Description
			if s.Scheme == "basic" {
				description = cmp.Or(description, "A user and a password")
			}
			views = append(views, securityView{j > 0, kindText(*s), description, s.Scopes})
		}
	}
	return views
}

func kindText(s tigertonic.SecurityScheme) string {
	switch {
	case s.Scheme == "basic":
		return "HTTP Basic"
	case s.Scheme == "bearer":
		return "Bearer token"
	case s.In != "":
		return "Key in the " + s.In + " " + s.Key
	case s.Flows != nil:
		return "OAuth 2.0 token"
	case s.OpenIDConnectURL != "":
		return "OpenID Connect token"
	case s.MutualTLS:
		return "Certificate of the client"
	}
	return cmp.Or(s.Scheme, "nothing")
}

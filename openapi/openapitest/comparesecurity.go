package openapitest

import (
	"fmt"
	"slices"
	"strings"
)

// A client authenticates in one of several ways, each a set of
// credentials. It goes on working if what it sends has all that one of the ways
// asks for, whatever it sends besides: so a way may be added, and lose some of its
// credentials or all of them.

// A way is a set of credentials, sorted.
type way []string

// String is what a way is called.
func (w way) String() string {
	if len(w) == 0 {
		return "nothing"
	}
	return strings.Join(w, " and ")
}

// isMetBy reports whether the credentials of another way are enough.
func (w way) isMetBy(sent way) bool {
	return !slices.ContainsFunc(w, func(credential string) bool { return !slices.Contains(sent, credential) })
}

// security compares the ways to authenticate.
func (s scope) security(before, after object) {
	b, a := waysOf(s.before, before), waysOf(s.after, after)
	for _, old := range b {
		switch {
		case hasWay(a, old):
		case slices.ContainsFunc(a, func(w way) bool { return w.isMetBy(old) }):
			s.notes("security: %s is no longer needed", old)
		default:
			s.breaks("security: %s is no longer enough", old)
		}
	}
	for _, w := range a {
		if !hasWay(b, w) {
			s.notes("security: %s is enough now", w)
		}
	}
}

func hasWay(ways []way, w way) bool {
	return slices.ContainsFunc(ways, func(other way) bool { return slices.Equal(other, w) })
}

// waysOf returns the ways to authenticate, by what they are, not by their names.
func waysOf(doc, op object) (ways []way) {
	security, ok := op["security"]
	if !ok {
		security = doc["security"]
	}
	for _, requirement := range asList(security) {
		w := way{}
		for name, scopes := range asObject(requirement) {
			scheme := credentialOf(members(members(members(doc, "components"), "securitySchemes"), name))
			w = append(w, scheme)
			for _, scope := range asList(scopes) {
				w = append(w, fmt.Sprintf("%s for %v", scheme, scope))
			}
		}
		slices.Sort(w)
		ways = append(ways, slices.Compact(w))
	}
	if len(ways) == 0 {
		return []way{{}}
	}
	return ways
}

// credentialOf returns what a scheme asks for.
func credentialOf(scheme object) string {
	if scheme["type"] == "apiKey" {
		return fmt.Sprintf("the %v %v", scheme["in"], scheme["name"])
	}
	return strings.TrimSuffix(fmt.Sprint(scheme["type"], " ", scheme["scheme"]), " <nil>")
}

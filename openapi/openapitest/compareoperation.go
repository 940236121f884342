package openapitest

import (
	"fmt"
	"slices"
	"strings"
)

// operations compares what is said of an operation.
func (s scope) operations(before, after operation) {
	if b, a := textOf(before.object["operationId"]), textOf(after.object["operationId"]); b != a {
		s.breaks("the operationId was %s, is %s", b, a)
	}
	s.texts(before.object, after.object, "summary", "description", "tags")
	s.deprecations(before.object, after.object)
	s.servers(before.object, after.object)
	s.security(before.object, after.object)
	s.parameters(before, after)
	s.bodies(members(before.object, "requestBody"), members(after.object, "requestBody"))
	s.responses(members(before.object, "responses"), members(after.object, "responses"))
}

func (s scope) deprecations(before, after object) {
	switch b, a := before["deprecated"] == true, after["deprecated"] == true; {
	case a && !b:
		s.notes("is deprecated")
	case b && !a:
		s.notes("isn't deprecated any more")
	}
}

// security compares the ways to authenticate, of which one is needed.
func (s scope) security(before, after object) {
	b, a := securityOf(s.before, before), securityOf(s.after, after)
	for _, way := range b {
		if !slices.Contains(a, way) {
			s.breaks("security: %s is no longer enough", way)
		}
	}
	for _, way := range a {
		if !slices.Contains(b, way) {
			s.notes("security: %s is enough now", way)
		}
	}
}

const nothing = "nothing"

// securityOf returns the ways to authenticate, by what they are, not by their
// names.
func securityOf(doc, op object) (ways []string) {
	security, ok := op["security"]
	if !ok {
		security = doc["security"]
	}
	for _, requirement := range asList(security) {
		var all []string
		for name := range asObject(requirement) {
			scheme := members(members(members(doc, "components"), "securitySchemes"), name)
			all = append(all, fmt.Sprint(scheme["type"], " ", scheme["scheme"]))
		}
		slices.Sort(all)
		if len(all) == 0 {
			all = []string{nothing}
		}
		ways = append(ways, strings.Join(all, " and "))
	}
	if len(ways) == 0 {
		return []string{nothing}
	}
	return ways
}

func (s scope) parameters(before, after operation) {
	for _, p := range pairs(parametersOf(s.comparison.before, before), parametersOf(s.comparison.after, after)) {
		named := p.before
		if named == nil {
			named = p.after
		}
		s := s.in("parameter %s in %s", textOf(named["name"]), named["in"])
		s.request, s.visited = true, map[[2]string]bool{}
		wasRequired, isRequired := p.before["required"] == true, p.after["required"] == true
		switch {
		case p.after == nil:
			s.breaks("was removed")
			continue
		case p.before == nil && isRequired:
			s.breaks("was added and is required")
			continue
		case p.before == nil:
			s.notes("was added")
			continue
		case isRequired && !wasRequired:
			s.breaks("is required now")
		case wasRequired && !isRequired:
			s.notes("is optional now")
		}
		s.texts(p.before, p.after, "name", "description")
		s.deprecations(p.before, p.after)
		s.schemas(p.before["schema"], p.after["schema"])
	}
}

// parametersOf returns the parameters by what tells them apart, which for those
// of the path is where they are in it.
func parametersOf(doc object, op operation) map[string]object {
	parameters := map[string]object{}
	for _, value := range asList(op.object["parameters"]) {
		p := resolve(doc, value)
		in, _ := p["in"].(string)
		name, _ := p["name"].(string)
		switch in {
		case "path":
			name = fmt.Sprint(slices.Index(op.wildcards, name))
		case "header":
			name = strings.ToLower(name)
		}
		parameters[in+" "+name] = p
	}
	return parameters
}

func (s scope) bodies(before, after object) {
	s = s.in("request body")
	s.request = true
	wasRequired, isRequired := before["required"] == true, after["required"] == true
	switch {
	case before == nil && after == nil:
		return
	case after == nil:
		s.breaks("was removed")
		return
	case before == nil && isRequired:
		s.breaks("was added and is required")
		return
	case before == nil:
		s.notes("was added")
		return
	case isRequired && !wasRequired:
		s.breaks("is required now")
	case wasRequired && !isRequired:
		s.notes("is optional now")
	}
	s.texts(before, after, "description")
	s.contents(members(before, "content"), members(after, "content"))
}

func (s scope) responses(before, after object) {
	for status, p := range pairs(before, after) {
		s := s.in("response %s", status)
		b, a := asObject(p.before), asObject(p.after)
		switch {
		case a == nil && (strings.HasPrefix(status, "4") || strings.HasPrefix(status, "5")):
			s.notes("was removed")
		case a == nil:
			s.breaks("was removed")
		case b == nil:
			s.notes("was added")
		default:
			s.texts(b, a, "description")
			s.headers(members(b, "headers"), members(a, "headers"))
			s.contents(members(b, "content"), members(a, "content"))
		}
	}
}

func (s scope) headers(before, after object) {
	for name, p := range pairs(before, after) {
		s := s.in("header %s", name)
		b, a := asObject(p.before), asObject(p.after)
		switch {
		case a == nil:
			s.breaks("was removed")
		case b == nil:
			s.notes("was added")
		default:
			s.texts(b, a, "description")
			s.visited = map[[2]string]bool{}
			s.schemas(b["schema"], a["schema"])
		}
	}
}

// contents compares bodies by media type, which is named where there are many.
func (s scope) contents(before, after object) {
	for mediaType, p := range pairs(before, after) {
		b, a := asObject(p.before), asObject(p.after)
		if a == nil {
			s.breaks("%s was removed", mediaType)
			continue
		}
		if b == nil {
			s.notes("%s was added", mediaType)
			continue
		}
		s := s
		if len(before) > 1 || len(after) > 1 {
			s = s.in("%s", mediaType)
		}
		for _, name := range []string{"schema", "x-itemSchema"} {
			s.visited = map[[2]string]bool{}
			s.schemas(b[name], a[name])
		}
	}
}

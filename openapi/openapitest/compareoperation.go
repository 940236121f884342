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
	s.bodies(resolve(s.comparison.before, before.object["requestBody"]), resolve(s.comparison.after, after.object["requestBody"]))
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
		b, a := resolve(s.before, p.before), resolve(s.after, p.after)
		switch {
		case a == nil && (strings.HasPrefix(status, "4") || strings.HasPrefix(status, "5")):
			s.notes("was removed")
		case a == nil && s.narrowed(status, b, before, after):
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

// narrowed compares a response to all statuses of a class with those that have taken its
// place, and reports whether there are some: a client that meets any of them meets one.
func (s scope) narrowed(status string, was, before, after object) bool {
	class, ok := strings.CutSuffix(status, "XX")
	narrowed := false
	for other, value := range after {
		if !ok || !strings.HasPrefix(other, class) || before[other] != nil {
			continue
		}
		narrowed = true
		s, is := s.in("now %s", other), resolve(s.after, value)
		s.headers(members(was, "headers"), members(is, "headers"))
		s.contents(members(was, "content"), members(is, "content"))
	}
	if narrowed {
		s.notes("is told status by status")
	}
	return narrowed
}

func (s scope) headers(before, after object) {
	for name, p := range pairs(before, after) {
		s := s.in("header %s", name)
		b, a := resolve(s.before, p.before), resolve(s.after, p.after)
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
		for _, name := range []string{"schema", "x-itemSchema", "itemSchema"} {
			s.visited = map[[2]string]bool{}
			s.schemas(b[name], a[name])
		}
	}
}

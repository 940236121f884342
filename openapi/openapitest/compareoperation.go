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
		s.styles(p.before, p.after, named["in"])
		s.schemas(p.before["schema"], p.after["schema"])
	}
}

// styles compares how values are written: a client that writes them in another way than the
// service reads them isn't understood.
func (s scope) styles(before, after object, in any) {
	b, explodes := styleOf(before, in)
	a, exploding := styleOf(after, in)
	if b != a {
		s.breaks("style was %s, is %s", b, a)
	}
	if explodes != exploding && (hasParts(s.before, before, b) || hasParts(s.after, after, a)) {
		s.breaks("explode was %t, is %t", explodes, exploding)
	}
	for _, word := range []string{"allowReserved", "allowEmptyValue"} {
		switch was, is := before[word] == true, after[word] == true; {
		case was && !is:
			s.breaks("%s was true, is false", word)
		case is && !was:
			s.notes("%s was false, is true", word)
		}
	}
}

// styleOf returns how a value is written, and whether its parts are apart, with what is so by
// default (OpenAPI 3.1.1 §4.8.12.2.2).
func styleOf(o object, in any) (style string, explode bool) {
	style = "simple"
	if in == "query" || in == "cookie" || in == inForm {
		style = "form"
	}
	if text, ok := o["style"].(string); ok {
		style = text
	}
	explode, ok := o["explode"].(bool)
	return style, explode || !ok && (style == "form" || style == "deepObject")
}

// inForm is where the fields of a form are.
const inForm = "form"

// hasParts reports whether a value may have parts that are written in another way if they are
// apart: in the style simple, lists are written in one way.
func hasParts(doc, o object, style string) bool {
	allowed := types(plain(resolve(doc, o["schema"]), doc))
	return slices.Contains(allowed, `"array"`) && style != "simple" || slices.Contains(allowed, `"object"`)
}

// encodings compares how the fields of a form are written.
func (s scope) encodings(before, after object) {
	for name, p := range pairs(before, after) {
		s := s.in("field %s", name)
		b, a := asObject(p.before), asObject(p.after)
		s.styles(withParts(b), withParts(a), inForm)
		switch was, is := textOf(b["contentType"]), textOf(a["contentType"]); {
		case was == is:
		case covers(a["contentType"], b["contentType"]):
			s.notes("contentType was %s, is %s", was, is)
		default:
			s.breaks("contentType was %s, is %s", was, is)
		}
	}
}

// withParts returns an encoding as a parameter whose value may have parts.
func withParts(encoding object) object { return over(encoding, object{"schema": object{}}, "") }

// covers reports whether what is allowed by a list of media types, as a text, is by another.
// None of them allows all.
func covers(all, some any) bool {
	text, ok := all.(string)
	if !ok {
		return true
	}
	covering := strings.Split(strings.ReplaceAll(text, " ", ""), ",")
	few, ok := some.(string)
	return ok && !slices.ContainsFunc(strings.Split(strings.ReplaceAll(few, " ", ""), ","), func(mediaType string) bool {
		major, _, _ := strings.Cut(mediaType, "/")
		return !slices.Contains(covering, mediaType) && !slices.Contains(covering, major+"/*") && !slices.Contains(covering, "*/*")
	})
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
		if s.request {
			s.encodings(members(b, "encoding"), members(a, "encoding"))
		}
	}
}

package openapitest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// schemas compares two schemas. Where one refers to what has been compared at the
// place already, it isn't compared anew: so each change is told once, and
// schemas may contain themselves.
func (s scope) schemas(before, after any) {
	if refOf(before) != "" || refOf(after) != "" {
		both := [2]string{textOf(before), textOf(after)}
		if s.visited[both] {
			return
		}
		s.visited[both] = true
	}
	b, a := plain(resolve(s.before, before), s.before), plain(resolve(s.after, after), s.after)
	s.typesOf(b, a)
	s.enums(b["enum"], a["enum"])
	s.bounds(b, a)
	s.alternatives(b["anyOf"], a["anyOf"])
	s.properties(b, a)
	s.additional(b["additionalProperties"], a["additionalProperties"])
	s.items(b["items"], a["items"])
	s.words(b, a)
}

// within returns the scope of a part of the schema's values.
func (s scope) within(part string) scope {
	s.path = strings.TrimPrefix(s.path+part, ".")
	return s
}

// subject returns what a sentence on the schema begins with.
func (s scope) subject() string {
	if s.path == "" {
		return ""
	}
	return fmt.Sprintf("property %q: ", s.path)
}

// typesOf compares the types of values; number includes integer.
func (s scope) typesOf(before, after object) {
	b, a := types(before), types(after)
	narrows := !contains(a, b)
	widens := !contains(b, a)
	s.note(narrows, widens, "type", before["type"], after["type"])
}

// types returns the types that a schema allows.
func types(schema object) []string {
	allowed := textsOf(schema["type"])
	if t, ok := schema["type"].(string); ok {
		allowed = []string{textOf(t)}
	}
	if allowed == nil {
		allowed = []string{`"string"`, `"number"`, `"boolean"`, `"array"`, `"object"`, `"null"`}
	}
	if slices.Contains(allowed, `"number"`) {
		return append(allowed, `"integer"`)
	}
	return allowed
}

// contains reports whether the list has all that another has.
func contains(list, others []string) bool {
	return !slices.ContainsFunc(others, func(other string) bool { return !slices.Contains(list, other) })
}

// note tells of the change of a word, if it is one.
func (s scope) note(narrows, widens bool, word string, before, after any) {
	if narrows && s.request || widens && !s.request {
		s.breaks("%s%s was %s, is %s", s.subject(), word, textOf(before), textOf(after))
	} else if narrows || widens {
		s.notes("%s%s was %s, is %s", s.subject(), word, textOf(before), textOf(after))
	}
}

func (s scope) enums(before, after any) {
	if before == nil || after == nil {
		s.note(before == nil && after != nil, before != nil && after == nil, "enum", before, after)
		return
	}
	b, a := textsOf(before), textsOf(after)
	for _, value := range b {
		if !slices.Contains(a, value) {
			s.narrows("%senum value %s was removed", s.subject(), value)
		}
	}
	for _, value := range a {
		if !slices.Contains(b, value) {
			s.widens("%senum value %s was added", s.subject(), value)
		}
	}
}

func textsOf(list any) (texts []string) {
	for _, value := range asList(list) {
		texts = append(texts, textOf(value))
	}
	return texts
}

// bounds compares what values are limited by.
func (s scope) bounds(before, after object) {
	for _, word := range []string{"minimum", "exclusiveMinimum", "minLength", "minItems"} {
		b, a := before[word], after[word]
		s.note(isLess(b, a), isLess(a, b), word, b, a)
	}
	for _, word := range []string{"maximum", "exclusiveMaximum", "maxLength", "maxItems"} {
		b, a := before[word], after[word]
		s.note(a != nil && (b == nil || isLess(a, b)), b != nil && (a == nil || isLess(b, a)), word, b, a)
	}
	for _, word := range []string{"pattern", "format", "contentEncoding", "multipleOf", "uniqueItems", "propertyNames", "allOf"} {
		b, a := before[word], after[word]
		differ := textOf(b) != textOf(a)
		s.note(differ && a != nil, differ && b != nil, word, b, a)
	}
}

// isLess reports whether a lower bound is less than another. None is less than any.
func isLess(bound, other any) bool {
	b, ok := bound.(float64)
	o, isThere := other.(float64)
	return isThere && (!ok || b < o)
}

// alternatives compares the members of anyOf, which are known by what they refer
// to, or else by their text.
func (s scope) alternatives(before, after any) {
	if before == nil || after == nil {
		s.note(after != nil, before != nil, "anyOf", before, after)
		return
	}
	for name, p := range pairs(byName(before), byName(after)) {
		switch {
		case p.after == nil:
			s.narrows("%sanyOf hasn't %s any more", s.subject(), name)
		case p.before == nil:
			s.widens("%sanyOf has %s now", s.subject(), name)
		default:
			s.schemas(p.before, p.after)
		}
	}
}

func byName(alternatives any) map[string]any {
	named := map[string]any{}
	for _, alternative := range asList(alternatives) {
		name := refOf(alternative)
		if name == "" {
			name = textOf(alternative)
		}
		named[name] = alternative
	}
	return named
}

func (s scope) properties(before, after object) {
	wasRequired, isRequired := textsOf(before["required"]), textsOf(after["required"])
	for name, p := range pairs(members(before, "properties"), members(after, "properties")) {
		s, quoted := s.within("."+name), textOf(name)
		was, is := slices.Contains(wasRequired, quoted), slices.Contains(isRequired, quoted)
		switch {
		case p.after == nil:
			s.breaks("property %q was removed", s.path)
		case p.before == nil && is:
			s.narrows("property %q was added and is required", s.path)
		case p.before == nil:
			s.notes("property %q was added", s.path)
		default:
			if is && !was {
				s.narrows("property %q is required now", s.path)
			}
			if was && !is {
				s.widens("property %q is optional now", s.path)
			}
			s.schemas(p.before, p.after)
		}
	}
}

func (s scope) items(before, after any) {
	if before != nil && after != nil {
		s.within("[]").schemas(before, after)
		return
	}
	s.note(after != nil, before != nil, "items", before, after)
}

// additional compares what is said of members that aren't listed. In responses,
// clients ignore them.
func (s scope) additional(before, after any) {
	b, isSchema := before.(object)
	if a, ok := after.(object); ok && isSchema {
		s.within(".*").schemas(b, a)
		return
	}
	switch was, is := openness(before), openness(after); {
	case is < was:
		s.narrows("%sadditionalProperties was %s, is %s", s.subject(), textOf(before), textOf(after))
	case is > was && was == 0:
		s.notes("%sadditionalProperties was %s, is %s", s.subject(), textOf(before), textOf(after))
	case is > was:
		s.widens("%sadditionalProperties was %s, is %s", s.subject(), textOf(before), textOf(after))
	}
}

// openness returns 0 if no other members are allowed, 1 if some are, 2 if all.
func openness(additional any) int {
	switch x := additional.(type) {
	case object:
		return 1
	case bool:
		if !x {
			return 0
		}
	}
	return 2
}

// words compares what doesn't limit values, and what it doesn't know.
func (s scope) words(before, after object) {
	known := []string{
		"type", "enum", "anyOf", "properties", "required", "additionalProperties", "items",
		"minimum", "exclusiveMinimum", "minLength", "minItems", "maximum", "exclusiveMaximum", "maxLength", "maxItems",
		"pattern", "format", "contentEncoding", "multipleOf", "uniqueItems", "propertyNames", "allOf",
	}
	for word, p := range pairs(before, after) {
		switch b, a := textOf(p.before), textOf(p.after); {
		case a == b || slices.Contains(known, word):
		case word == "default":
			s.narrows("%sdefault was %s, is %s", s.subject(), b, a)
		default:
			s.notes("%s%s has changed", s.subject(), word)
		}
	}
}

// refOf returns what a value refers to, or "".
func refOf(value any) string {
	ref, _ := asObject(value)["$ref"].(string)
	return ref
}

// resolve returns what a value refers to within the document, together with what
// it says besides, or the value itself if it refers to nothing.
func resolve(doc object, value any) object {
	o := asObject(value)
	for range 100 { // references may lead round
		ref := refOf(o)
		if ref == "" {
			break
		}
		found := doc
		for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			found = members(found, strings.NewReplacer("~1", "/", "~0", "~").Replace(name))
		}
		o = over(found, o, "$ref")
	}
	return o
}

// plain returns the schema with "anything, or null" in one word, type.
func plain(schema, doc object) object {
	alternatives := asList(schema["anyOf"])
	if len(alternatives) != 2 {
		return schema
	}
	for i, alternative := range alternatives {
		if t := asObject(alternative); len(t) != 1 || t["type"] != "null" {
			continue
		}
		other := over(resolve(doc, alternatives[1-i]), schema, "anyOf")
		if t, ok := other["type"].(string); ok {
			other["type"] = []any{t, "null"}
		}
		if enum := asList(other["enum"]); enum != nil {
			other["enum"] = append(slices.Clip(enum), nil)
		}
		return other
	}
	return schema
}

// over returns the members of both objects but for one. Those of the second win.
func over(o, more object, without string) object {
	both := maps.Clone(o)
	if both == nil {
		both = object{}
	}
	maps.Copy(both, more)
	if _, ok := o[without]; ok {
		both[without] = o[without]
	} else {
		delete(both, without)
	}
	return both
}

package tigertonic

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// A tree is a JSON value of which the objects are taken apart.
type tree struct {
	text     []byte // of what isn't an object
	isObject bool
	members  []branch
}

type branch struct {
	name  string
	value *tree
}

// parseTree returns the tree of a JSON value, which must be valid.
func parseTree(text []byte) *tree {
	s := scanner{src: text}
	return s.tree()
}

func (s *scanner) tree() *tree {
	if s.space() != '{' {
		return &tree{text: s.skip()}
	}
	t := &tree{isObject: true}
	for s.pos++; s.space() != '}'; {
		name := string(s.unescaped())
		t.members = append(t.members, branch{name, s.tree()})
	}
	s.pos++
	return t
}

func (t *tree) isNull() bool { return !t.isObject && t.text[0] == 'n' }

// member returns the member of this name, or nil.
func (t *tree) member(name string) *tree {
	if t == nil {
		return nil
	}
	i := slices.IndexFunc(t.members, func(b branch) bool { return b.name == name })
	if i < 0 {
		return nil
	}
	return t.members[i].value
}

// mergePatch returns target with a patch applied (RFC 7386 §2). It takes target,
// which may be nil, apart.
func mergePatch(target, patch *tree) *tree {
	if !patch.isObject {
		return patch
	}
	if target == nil || !target.isObject {
		target = &tree{isObject: true}
	}
	index := make(map[string]int, len(target.members))
	for i, b := range target.members {
		index[b.name] = i
	}
	for _, change := range patch.members {
		i, there := index[change.name]
		switch {
		case change.value.isNull() && there:
			target.members[i].value = nil
		case change.value.isNull():
		case there:
			target.members[i].value = mergePatch(target.members[i].value, change.value)
		default:
			target.members = append(target.members, branch{change.name, mergePatch(nil, change.value)})
		}
	}
	target.members = slices.DeleteFunc(target.members, func(b branch) bool { return b.value == nil })
	return target
}

// append appends the tree's JSON.
func (t *tree) append(text []byte) []byte {
	if !t.isObject {
		return append(text, t.text...)
	}
	text = append(text, '{')
	for i, b := range t.members {
		if i > 0 {
			text = append(text, ',')
		}
		text, _ = jsontext.AppendQuote(text, b.name) // it was valid
		text = b.value.append(append(text, ':'))
	}
	return append(text, '}')
}

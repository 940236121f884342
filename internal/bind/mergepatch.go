package bind

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// A tree is a JSON value whose objects have been split into members.
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
	return nextTree(&jsonscan.Scanner{Src: text})
}

// nextTree reads the next value and returns its tree.
func nextTree(s *jsonscan.Scanner) *tree {
	if s.Space() != '{' {
		return &tree{text: s.Skip()}
	}
	t := &tree{isObject: true}
	for s.Pos++; s.Space() != '}'; {
		name := string(s.Unescaped())
		t.members = append(t.members, branch{name, nextTree(s)})
	}
	s.Pos++
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

// finder returns a function that does what member does, without searching many members
// for each name.
func (t *tree) finder() func(name string) *tree {
	const few = 8
	if t == nil || len(t.members) <= few {
		return t.member
	}
	values := make(map[string]*tree, len(t.members))
	for _, b := range t.members {
		values[b.name] = b.value
	}
	return func(name string) *tree { return values[name] }
}

// mergePatch returns target with a patch applied (RFC 7386 §2). It reuses the parts of
// target, which may be nil.
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

// string returns the text of a JSON string.
func (t *tree) string() (text string, ok bool) {
	if t == nil || t.isObject || t.text[0] != '"' {
		return "", false
	}
	s := jsonscan.Scanner{Src: t.text}
	return string(s.Unescaped()), true
}

// replaceVariants empties the unions in target whose variant the patch changes, so that
// nothing of the old variant remains.
func replaceVariants(k *check.Check, target, patch *tree) {
	k = k.Object()
	if k == nil || !target.isObject || !patch.isObject {
		return
	}
	if name := k.Discriminator(); name != "" {
		old, _ := target.member(name).string()
		if value, ok := patch.member(name).string(); ok && value != old {
			target.members = nil
			return
		}
		k = k.Variant(old)
	}
	find := target.finder()
	for _, change := range patch.members {
		if old := find(change.name); old != nil {
			replaceVariants(k.Member(change.name), old, change.value)
		}
	}
}

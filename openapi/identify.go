package openapi

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// identify gives an ID to the operations that have none, numbers those that one
// handler serves in many places, and gives all an anchor. It returns what is wrong
// with the IDs.
func identify(operations []operation) (problems []string) {
	owners, ids := map[string]*operation{}, map[string]bool{}
	for i := range operations {
		ids[operations[i].ID] = true
	}
	isID := func(s string) bool { return ids[s] }
	for i := range operations {
		op := &operations[i]
		if op.ID == "" {
			continue
		}
		first := owners[op.ID]
		switch {
		case first == nil:
			owners[op.ID] = op
		case isSame(first.named, op.named):
			op.ID = unused(op.ID, isID)
			ids[op.ID] = true
		default:
			problems = append(problems, fmt.Sprintf("the operations %s %s and %s %s have the same ID %q",
				first.method, first.path, op.method, op.path, op.ID))
		}
	}
	anchors := map[string]bool{}
	for i := range operations {
		op := &operations[i]
		if op.ID == "" {
			op.ID = unused(newID(op.method, op.path), isID)
			ids[op.ID] = true
		}
		op.anchor = unused(strings.Map(toAnchor, op.ID), func(s string) bool { return anchors[s] })
		anchors[op.anchor] = true
		op.named = nil
	}
	return problems
}

// isSame reports whether two handlers are one. Functions are never known to be.
func isSame(a, b any) bool {
	return a != nil && b != nil && reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}

// unused returns s, with a number if it is used.
func unused(s string, isUsed func(string) bool) string {
	numbered := s
	for n := 2; isUsed(numbered); n++ {
		numbered = fmt.Sprintf("%s_%d", s, n)
	}
	return numbered
}

// newID returns an ID made of a method and a path: of GET /1.0/stuff/{id}, it is
// get1_0StuffById.
func newID(method, path string) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(method))
	if unescaped, err := url.PathUnescape(path); err == nil {
		path = unescaped
	}
	last := rune(0)
	for _, word := range strings.FieldsFunc(strings.ReplaceAll(path, "{", "/By/"), isSeparator) {
		first, size := utf8.DecodeRuneInString(word)
		if unicode.IsDigit(first) && unicode.IsDigit(last) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(first))
		b.WriteString(word[size:])
		last, _ = utf8.DecodeLastRuneInString(word)
	}
	if path == "/" {
		b.WriteString("Root")
	}
	return b.String()
}

// isSeparator reports whether generators of clients can't have c in a name.
func isSeparator(c rune) bool {
	return c >= utf8.RuneSelf || !unicode.IsLetter(c) && !unicode.IsDigit(c)
}

// toAnchor returns the character that stands for c in an anchor.
func toAnchor(c rune) rune {
	if isSeparator(c) && !strings.ContainsRune("_-.", c) {
		return '-'
	}
	return c
}

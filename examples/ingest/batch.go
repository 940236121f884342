package main

import (
	"bytes"

	"github.com/rcrowley/go-tigertonic/schema"
)

// A batch is the data of a payload, kept as it was sent. It must be objects; what is in
// them isn't looked at.
type batch struct {
	text  []byte // without line breaks, because a record is a line
	count int    // of the objects
}

// UnmarshalJSON keeps a copy of the text, which is valid JSON.
func (b *batch) UnmarshalJSON(text []byte) error { //nolint:unparam // an interface dictates it
	b.text = append(make([]byte, 0, len(text)), text...)
	if bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 {
		b.text = dropLineBreaks(b.text)
	}
	b.count = countElements(b.text)
	return nil
}

// MarshalJSON returns the text.
func (b batch) MarshalJSON() ([]byte, error) { return b.text, nil } //nolint:unparam // an interface dictates it

// JSONSchema says that it is an array of objects.
func (batch) JSONSchema() *schema.Schema {
	one := 1
	return &schema.Schema{
		Types: []string{"array"}, MinItems: &one,
		Items: &schema.Schema{Types: []string{"object"}},
	}
}

// dropLineBreaks removes the line breaks of a JSON text, all of which are between
// tokens, in place.
func dropLineBreaks(text []byte) []byte {
	kept := text[:0]
	for _, c := range text {
		if c != '\n' && c != '\r' {
			kept = append(kept, c)
		}
	}
	return kept
}

// countElements returns how many elements an array has. The text must be valid JSON; for
// any other value the number is meaningless.
func countElements(text []byte) int {
	depth, commas, empty := 0, 0, true
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = skipString(text, i)
			empty = false
		case '[', '{':
			empty = empty && depth == 0
			depth++
		case ']', '}':
			depth--
		case ',':
			if depth == 1 {
				commas++
			}
		case ' ', '\t':
		default:
			empty = false
		}
	}
	if empty {
		return 0
	}
	return commas + 1
}

// skipString returns where the string that begins at i ends.
func skipString(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}

// Package check compiles schemas and checks the text of JSON values and parameters
// against them. Only a [Check] decides what a schema accepts; a [Checker] finds
// everything that is wrong with a value, says where, and adds defaults. The package
// doesn't know requests, responses, or the Go types that values are decoded into: a
// [Violation] is a place in the text, a keyword and a few words.
package check

import (
	"strings"
)

// A Check is a compiled schema. It never changes, and alone decides what a schema
// accepts.
type Check struct {
	types    TypeSet
	mustBe   string // one of the types
	typeJSON string // the types, as the keyword type has them
	nullable bool   // null is allowed, whatever ref says
	ref      *Check
	anyOf    []*Check
	union    *union
	plain    bool // nothing else is asked for
	bare     bool // nothing but ref and anyOf is

	minLength, maxLength int // -1 for none
	pattern              *textPattern
	format               *format
	base64               bool
	isTime               bool // the text is rewritten for time.Time

	bounds   []bound
	floating int // 32 or 64 bits that the number must fit, or 0

	items              *Check
	minItems, maxItems int // -1 for none
	unique             bool

	properties []Property
	byName     map[string]int
	required   int // how many are
	defaults   int // how many have one
	closed     bool
	additional *Check
	names      *Check
	minMembers int // -1 for none, as of maxMembers
	maxMembers int

	enum       map[string]bool // in canonical form
	strings    map[string]bool // those of the enum that are strings
	enumWord   string          // "enum" or "const"
	enumDetail string
	enumJSON   string
}

// A Property is a member that a Check knows.
type Property struct {
	Name     string
	Required bool
	Default  []byte // what it is if it is absent, as JSON, or nil
	Check    *Check
	ReadOnly bool // it is ignored
}

// A TypeSet is some of JSON Schema's types, or none for all of them.
type TypeSet uint8

// The types. An integer is a number, too.
const (
	String TypeSet = 1 << iota
	Number
	Integer
	Boolean
	Array
	Object
	Null

	anything TypeSet = 0
)

// typeNamed returns the type of this name, and what a value of it is called.
func typeNamed(name string) (TypeSet, string) {
	switch name {
	case "string":
		return String, "a string"
	case "number":
		return Number, "a number"
	case "integer":
		return Integer, "an integer"
	case "boolean":
		return Boolean, "true or false"
	case "array":
		return Array, "an array"
	case "object":
		return Object, "an object"
	case "null":
		return Null, "null"
	}
	return anything, ""
}

// Noun returns what a value of the type of this name is called, or "" if there is none.
func Noun(name string) string {
	_, noun := typeNamed(name)
	return noun
}

// names are the names of all types, in the order of error messages.
func names() []string {
	return []string{"string", "number", "integer", "boolean", "array", "object", "null"}
}

// noun returns what a value of these types is called.
func (ts TypeSet) noun() string {
	var nouns []string
	for _, name := range names() {
		if t, noun := typeNamed(name); ts&t != 0 {
			nouns = append(nouns, noun)
		}
	}
	return strings.Join(nouns, " or ")
}

// text returns the types as JSON.
func (ts TypeSet) text() string {
	var quoted []string
	for _, name := range names() {
		if t, _ := typeNamed(name); ts&t != 0 {
			quoted = append(quoted, `"`+name+`"`)
		}
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return "[" + strings.Join(quoted, ",") + "]"
}

// AcceptsAll reports whether the check accepts every value.
func (k *Check) AcceptsAll() bool { return k == nil || k.plain && k.ref == nil }

// LooksAtText reports whether it matters which string it is.
func (k *Check) LooksAtText() bool {
	return k.minLength >= 0 || k.maxLength >= 0 || k.pattern != nil || k.format != nil || k.base64 || k.enum != nil
}

// looksAtNumber reports whether it matters which number it is.
func (k *Check) looksAtNumber() bool { return len(k.bounds) > 0 || k.floating != 0 || k.enum != nil }

// The rest is for the decoder of a Go type, which checks values as it reads them.

// IsAnyString reports whether the check accepts all strings, and nothing else.
func (k *Check) IsAnyString() bool {
	return k.types == String && !k.LooksAtText() && k.ref == nil && len(k.anyOf) == 0
}

// IsCompound reports whether the check applies other checks to the value itself.
func (k *Check) IsCompound() bool {
	return k.ref != nil || len(k.anyOf) > 0 || k.nullable || k.union != nil
}

// Types returns the types that the check itself allows.
func (k *Check) Types() TypeSet { return k.types }

// HasEnum reports whether the check has a list of the values that it accepts.
func (k *Check) HasEnum() bool { return k.enum != nil }

// WithoutNull returns a check of what k accepts, except null.
func (k *Check) WithoutNull() *Check {
	if k.nullable && k.plain {
		return k.ref
	}
	return k
}

// Object returns the check of objects that k is, without null and by what it refers to.
func (k *Check) Object() *Check {
	for k != nil && k.ref != nil && k.union == nil && len(k.properties) == 0 && k.additional == nil {
		k = k.ref
	}
	return k
}

// Member returns the check of the member of an object with this name, or nil.
func (k *Check) Member(name string) *Check {
	if k == nil {
		return nil
	}
	if i, ok := k.byName[name]; ok {
		return k.properties[i].Check
	}
	return k.additional
}

// IsReadOnly reports whether the member of an object with this name is ignored.
func (k *Check) IsReadOnly(name string) bool {
	if k == nil {
		return false
	}
	i, ok := k.byName[name]
	return ok && k.properties[i].ReadOnly
}

// Items returns the check of an array's items, which may be nil.
func (k *Check) Items() *Check { return k.items }

// MinItems returns how many items an array must have, or -1.
func (k *Check) MinItems() int { return k.minItems }

// MaxItems returns how many items an array may have, or -1.
func (k *Check) MaxItems() int { return k.maxItems }

// IsUnique reports whether no two items of an array may be the same.
func (k *Check) IsUnique() bool { return k.unique }

// Members returns the members of objects in the order of the schema, and their positions
// by name. It reports false if there may be others, or if their combination matters.
// Don't change either.
func (k *Check) Members() (members []Property, byName map[string]int, ok bool) {
	return k.properties, k.byName, k.closed && k.additional == nil && k.names == nil && k.enum == nil && k.minMembers < 0 && k.maxMembers < 0
}

// Entries returns the check of the values of objects that are maps, and how many members
// they may have, -1 for no bound. It reports false if there is more to check than these.
func (k *Check) Entries() (values *Check, least, most int, ok bool) {
	ok = k.additional != nil && len(k.properties) == 0 && k.names.AcceptsAll() && k.enum == nil
	return k.additional, k.minMembers, k.maxMembers, ok
}

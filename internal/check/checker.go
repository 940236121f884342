package check

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// A Checker checks JSON values, one after the other. The zero value is ready to use. It
// isn't safe for concurrent use.
type Checker struct{ now checking }

// Check returns what is wrong with a JSON value, which must be valid and mustn't change
// before [Checker.Edited] is called.
func (c *Checker) Check(k *Check, value []byte) []Violation {
	c.now = checking{Scanner: jsonscan.Scanner{Src: value}, path: c.now.path[:0], there: c.now.there[:0]}
	c.now.value(k)
	return c.now.errs
}

// Accepts reports whether a JSON value, which must be valid and is in that many arrays
// and objects, is valid as it is written, without edits. Nothing of it is kept.
func (c *Checker) Accepts(k *Check, value []byte, depth int) bool {
	path := slices.Grow(c.now.path[:0], depth)[:depth] // for its length alone
	c.now = checking{Scanner: jsonscan.Scanner{Src: value}, path: path, there: c.now.there[:0]}
	c.now.value(k)
	ok := len(c.now.errs) == 0 && c.now.edits.isEmpty() && c.now.added == 0
	c.now = checking{path: c.now.path[:0], there: c.now.there[:0]}
	return ok
}

// HasEdits reports whether the value that was checked last is to be edited, to be what
// the schema's defaults make of it and to have its numbers and times as Go reads them.
func (c *Checker) HasEdits() bool { return !c.now.edits.isEmpty() || c.now.added > maxCounted }

// Edited returns the value that was checked last with its edits, or false if that is
// much longer.
func (c *Checker) Edited() (text []byte, ok bool) { return c.now.edited() }

// Forget drops the values, and keeps the memory for the next.
func (c *Checker) Forget() {
	clear(c.now.path[:cap(c.now.path)])
	c.now = checking{path: c.now.path[:0], there: c.now.there[:0]}
}

// Violations returns what is wrong with a JSON value, which must be valid.
func (k *Check) Violations(value []byte) []Violation {
	var c Checker
	return c.Check(k, value)
}

// A checking is the state of checking one value.
type checking struct {
	jsonscan.Scanner
	path   []step // to the value that is being looked at
	errs   []Violation
	edits  editLog
	hashes jsonscan.Hashes // of the items of arrays that must be unique
	// there has a bit for each property of the objects that are being checked, set if the
	// object has it. Those of the innermost object are at the end.
	there  []uint64
	added  int // by the edits
	lookup jsonscan.Lookup
	attempts
}

const (
	// maxDepth is how deep arrays and objects that a schema describes may be
	// nested. What a schema leaves open may be as deep as the codec allows.
	maxDepth = 1000
	// maxAdded is how much text may be added to a value, by its defaults above
	// all: a member that is left out costs the client nothing.
	maxAdded = 8 << 20
)

// wrong adds a violation at the current path.
func (c *checking) wrong(keyword, limit, detail string) {
	c.bad++
	if len(c.errs) >= MaxViolations || c.vain > 0 { // nobody is told
		return
	}
	err := Violation{Pointer: pointerOf(c.path), Keyword: keyword, Limit: limit, Detail: detail}
	if c.again == 0 || !slices.Contains(c.errs, err) { // which Ref and the schema itself may both have found
		c.errs = append(c.errs, err)
	}
}

// value checks the value that is next.
func (c *checking) value(k *Check) {
	if first := c.Space(); c.again > 0 && (first == '{' || first == '[') && !k.AcceptsAll() {
		c.remembered(k)
	} else {
		c.once(k)
	}
}

// once checks the next value, whether that has been done before or not.
func (c *checking) once(k *Check) {
	first, begin := c.Space(), c.Pos
	c.work++
	if k.AcceptsAll() {
		c.Skip()
		return
	}
	if first == 'n' && k.nullable {
		c.Literal()
		return
	}
	if len(c.path) > maxDepth {
		c.wrong("", "", "is nested too deep")
		c.Skip()
		return
	}
	if k.plain {
		c.once(k.ref)
		return
	}
	if k.ref == nil {
		c.own(k, first)
		return
	}
	c.again++
	c.once(k.ref)
	c.Pos = begin
	c.own(k, first)
	c.again--
}

// own checks the next value, whose first byte is given, against k itself, without its
// Ref.
func (c *checking) own(k *Check, first byte) {
	begin := c.Pos
	if k.union != nil {
		c.variant(k, first)
		return
	}
	if len(k.anyOf) > 0 {
		c.any(k)
		if k.bare && k.ref == nil {
			return
		}
		c.Pos = begin
	}
	if t := typeOfFirst(first); !k.types.has(t) {
		c.wrong("type", k.typeJSON, k.mustBe)
		c.Skip()
		return
	}
	switch first {
	case '{':
		c.object(k)
	case '[':
		c.array(k)
	case '"':
		switch {
		case k.isTime:
			text := c.Unescaped()
			c.text(k, text)
			c.editTime(begin, text)
		case k.LooksAtText():
			c.text(k, c.Unescaped())
		default:
			c.Text()
		}
		return
	case 't', 'f', 'n':
		c.Literal()
	default:
		c.number(k)
		return
	}
	if k.enum != nil && !k.enum[jsonscan.Canonical(c.Src[begin:c.Pos])] {
		c.wrong(k.enumWord, k.enumJSON, k.enumDetail)
	}
}

func typeOfFirst(first byte) TypeSet {
	switch first {
	case '{':
		return Object
	case '[':
		return Array
	case '"':
		return String
	case 't', 'f':
		return Boolean
	case 'n':
		return Null
	}
	return Number
}

// has reports whether values of this type, which for numbers is Number, are
// allowed, or can be.
func (ts TypeSet) has(t TypeSet) bool {
	return ts == anything || ts&t != 0 || t == Number && ts&Integer != 0
}

func (c *checking) object(k *Check) {
	begin, found, next, members := c.Pos, 0, 0, 0
	c.Pos++
	depth, outer := len(c.path), len(c.there)
	for range (len(k.properties) + 63) / 64 {
		c.there = append(c.there, 0)
	}
	for ; c.Space() != '}'; members++ {
		name := c.Unescaped()
		c.path = append(c.path[:depth], step{name: name})
		i, known := next, next < len(k.properties) && k.properties[next].Name == string(name)
		if !known {
			i, known = k.byName[string(name)]
		}
		switch {
		case known:
			next = i + 1
			if p := &k.properties[i]; p.Required || p.Default != nil {
				found++
				c.there[outer+i/64] |= 1 << (i % 64)
			}
			c.value(k.properties[i].Check)
		case k.closed:
			c.Space()
			c.Skip()
			c.wrong("additionalProperties", "false", "is not known")
		default:
			c.other(k, name)
		}
	}
	c.path = c.path[:depth]
	c.Pos++
	if k.minMembers >= 0 && members < k.minMembers {
		c.wrong("minProperties", strconv.Itoa(k.minMembers), "must have at least "+count(k.minMembers, "member"))
	}
	if k.maxMembers >= 0 && members > k.maxMembers {
		c.wrong("maxProperties", strconv.Itoa(k.maxMembers), "must have at most "+count(k.maxMembers, "member"))
	}
	if found < k.required+k.defaults {
		c.missing(k, begin, c.there[outer:])
	}
	c.there = c.there[:outer]
}

// other checks a member that isn't one of the properties.
func (c *checking) other(k *Check, name []byte) {
	if !k.names.AcceptsAll() {
		c.text(k.names, name)
	}
	c.Space()
	if k.additional == nil {
		c.Skip()
		return
	}
	c.value(k.additional)
}

func (c *checking) array(k *Check) {
	var seen map[uint64]bool
	if k.unique {
		seen = map[uint64]bool{}
	}
	depth, n, twice := len(c.path), 0, false
	for c.Pos++; c.Space() != ']'; n++ {
		begin := c.Pos
		c.path = append(c.path[:depth], step{index: n})
		if k.items == nil {
			c.Skip()
		} else {
			c.value(k.items)
		}
		if k.unique {
			item := c.hashes.Of(c.Src, begin)
			twice = twice || seen[item]
			seen[item] = true
		}
	}
	c.Pos++
	c.path = c.path[:depth]
	c.length(k, n)
	if twice {
		c.wrongTwice()
	}
}

func (c *checking) wrongTwice() { c.wrong("uniqueItems", "true", "must have no item twice") }

// length checks the number of an array's items.
func (c *checking) length(k *Check, n int) {
	if k.minItems >= 0 && n < k.minItems {
		c.wrong("minItems", strconv.Itoa(k.minItems), "must have at least "+count(k.minItems, "item"))
	}
	if k.maxItems >= 0 && n > k.maxItems {
		c.wrong("maxItems", strconv.Itoa(k.maxItems), "must have at most "+count(k.maxItems, "item"))
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// text checks a string.
func (c *checking) text(k *Check, text []byte) {
	if k.minLength >= 0 && utf8.RuneCount(text) < k.minLength {
		c.wrong("minLength", strconv.Itoa(k.minLength), "must be at least "+count(k.minLength, "character")+" long")
	}
	if k.maxLength >= 0 && len(text) > k.maxLength && utf8.RuneCount(text) > k.maxLength {
		c.wrong("maxLength", strconv.Itoa(k.maxLength), "must be at most "+count(k.maxLength, "character")+" long")
	}
	if k.pattern != nil && !k.pattern.matches(text) {
		c.wrong("pattern", k.pattern.quoted, "must match "+k.pattern.String())
	}
	if k.format != nil && !k.format.valid(text) {
		c.wrong("format", k.format.quoted, "must be "+k.format.noun)
	}
	if k.base64 && !isBase64(text) {
		c.wrong("contentEncoding", `"base64"`, "must be base64 (RFC 4648 §4)")
	}
	if k.enum != nil && !k.strings[string(text)] {
		c.wrong(k.enumWord, k.enumJSON, k.enumDetail)
	}
}

// editTime rewrites a time that time.Time can't parse in a form that it can.
func (c *checking) editTime(begin int, text []byte) {
	if t, plain, ok := ParseTime(text); ok && !plain {
		c.edit(begin, c.Pos, t.AppendFormat(nil, `"`+time.RFC3339Nano+`"`))
	}
}

func isBase64(text []byte) bool {
	_, err := base64.StdEncoding.Decode(make([]byte, base64.StdEncoding.DecodedLen(len(text))), text)
	return err == nil && !bytes.ContainsAny(text, "\r\n")
}

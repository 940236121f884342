package tigertonic

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A checking holds a check against one JSON value, which must be valid, and
// collects all that is wrong with it.
type checking struct {
	scanner
	path []step // to the value that is being looked at
	errs FieldErrors
	// edits are to be made for the codec: members that have a default are put in,
	// and integers with a point or an exponent, which JSON Schema takes and the
	// codec doesn't, are written as such.
	edits  []edit
	hashes hashes // of the items of arrays that must be unique
	// there tells of the objects that are being looked at which of their
	// properties they have, a bit each, those of the innermost at the end.
	there []uint64
	added int                 // by the edits
	tries int                 // how many alternatives the value is within
	tried map[attempt]outcome // alternatives of recursive schemas, where they have been
}

// A step is the name of a member or the index of an item.
type step struct {
	name  []byte // nil for an index
	index int
}

// An edit replaces a part of the text.
type edit struct {
	begin, end int
	text       []byte
}

const (
	// maxErrors is how many things that are wrong are told.
	maxErrors = 100
	// maxPointer is how long a place that is told may be, for it holds the names
	// that the client has sent.
	maxPointer = 256
	// maxDepth is how deep arrays and objects that a schema describes may be
	// nested. What a schema leaves open may be as deep as the codec allows.
	maxDepth = 1000
	// maxAdded is how much text may be added to a value, by its defaults above
	// all: a member that is left out costs the client nothing.
	maxAdded = 8 << 20
)

// check returns what is wrong with a JSON value, which must be valid.
func (k *check) check(value []byte) FieldErrors {
	c := checking{scanner: scanner{src: value}}
	c.value(k)
	return c.errs
}

// wrong notes what is wrong with the value at the current path.
func (c *checking) wrong(detail string) {
	if len(c.errs) < maxErrors {
		c.errs = append(c.errs, FieldError{Pointer: pointerOf(c.path), Detail: detail})
	}
}

// pointerOf returns a path as a JSON pointer (RFC 6901).
func pointerOf(path []step) string {
	pointer := ""
	for _, s := range path {
		if s.name == nil {
			pointer = below(pointer, strconv.Itoa(s.index))
		} else {
			pointer = below(pointer, string(s.name[:min(len(s.name), 2*maxPointer)]))
		}
	}
	return shortPointer(pointer)
}

func shortPointer(pointer string) string {
	if len(pointer) > maxPointer {
		return strings.ToValidUTF8(pointer[:maxPointer], "") + "…"
	}
	return pointer
}

// value checks the value that is next.
func (c *checking) value(k *check) {
	first := c.space()
	if k.acceptsAll() {
		c.skip()
		return
	}
	if first == 'n' && k.nullable {
		c.literal()
		return
	}
	if len(c.path) > maxDepth {
		c.wrong("is nested too deep")
		c.skip()
		return
	}
	if k.ref != nil {
		begin := c.pos
		c.value(k.ref)
		if k.plain {
			return
		}
		c.pos = begin
	}
	if len(k.anyOf) > 0 {
		begin := c.pos
		c.any(k)
		if k.bare && k.ref == nil {
			return
		}
		c.pos = begin
	}
	if t := typeOfFirst(first); !k.types.has(t) {
		c.wrong("must be " + k.types.noun())
		c.skip()
		return
	}
	begin := c.pos
	switch first {
	case '{':
		c.object(k)
	case '[':
		c.array(k)
	case '"':
		if k.looksAtText() {
			c.text(k, c.unescaped())
		} else {
			c.string()
		}
		return
	case 't', 'f', 'n':
		c.literal()
	default:
		c.number(k)
		return
	}
	if k.enum != nil && !k.enum[canonical(c.src[begin:c.pos])] {
		c.wrong("must be one of " + k.enumText)
	}
}

func typeOfFirst(first byte) typeSet {
	switch first {
	case '{':
		return objectType
	case '[':
		return arrayType
	case '"':
		return stringType
	case 't', 'f':
		return booleanType
	case 'n':
		return nullType
	}
	return numericType
}

// has tells whether values of this type, which for numbers is numericType, are
// allowed, or can be.
func (ts typeSet) has(t typeSet) bool {
	return ts == anyType || ts&t != 0 || t == numericType && ts&integerType != 0
}

// An attempt is to check a value by an alternative.
type attempt struct {
	alternative *check
	begin       int
}

// An outcome is what has come of an attempt.
type outcome struct {
	ok    bool
	end   int
	edits []edit
	added int
}

// any checks that the value meets one of the alternatives, and goes behind it.
func (c *checking) any(k *check) {
	begin, known, edits, added := c.pos, c.errs, c.edits, c.added
	c.tries++
	defer func() { c.tries-- }()
	var o outcome
	for _, alternative := range k.anyOf {
		at := attempt{alternative, begin}
		tried := false
		// Within an alternative of an outer value, this one will come by again.
		again := c.tries > 1 && (c.src[begin] == '{' || c.src[begin] == '[')
		if again {
			o, tried = c.tried[at]
		}
		if !tried {
			c.errs, c.edits, c.added, c.pos = nil, nil, 0, begin
			c.value(alternative)
			o = outcome{len(c.errs) == 0, c.pos, c.edits, c.added}
		}
		if again && !tried {
			if c.tried == nil {
				c.tried = map[attempt]outcome{}
			}
			c.tried[at] = o
		}
		if o.ok {
			edits = append(edits, o.edits...)
			c.errs, c.edits, c.added, c.pos = known, edits, added+o.added, o.end
			return
		}
	}
	c.errs, c.edits, c.added, c.pos = known, edits, added, o.end
	c.wrong("must have one of the allowed forms")
}

func (c *checking) object(k *check) {
	begin, found, next := c.pos, 0, 0
	c.pos++
	depth, outer := len(c.path), len(c.there)
	for range (len(k.properties) + 63) / 64 {
		c.there = append(c.there, 0)
	}
	for c.space() != '}' {
		name := c.unescaped()
		c.path = append(c.path[:depth], step{name: name})
		i, known := next, next < len(k.properties) && k.properties[next].name == string(name)
		if !known {
			i, known = k.byName[string(name)]
		}
		switch {
		case known:
			next = i + 1
			if p := &k.properties[i]; p.required || p.fallback != nil {
				found++
				c.there[outer+i/64] |= 1 << (i % 64)
			}
			c.value(k.properties[i].check)
		case k.closed:
			c.space()
			c.skip()
			c.wrong("is not known")
		default:
			c.other(k, name)
		}
	}
	c.path = c.path[:depth]
	c.pos++
	if found < k.required+k.defaults {
		c.missing(k, begin, c.there[outer:])
	}
	c.there = c.there[:outer]
}

// other checks a member that isn't one of the properties.
func (c *checking) other(k *check, name []byte) {
	if !k.names.acceptsAll() {
		c.text(k.names, name)
	}
	c.space()
	if k.additional == nil {
		c.skip()
		return
	}
	c.value(k.additional)
}

// missing notes which members the object that begins there lacks, and puts in
// the defaults.
func (c *checking) missing(k *check, begin int, there []uint64) {
	depth := len(c.path)
	var defaults []byte
	for i, p := range k.properties {
		switch {
		case there[i/64]&(1<<(i%64)) != 0:
		case p.required:
			c.path = append(c.path[:depth], step{name: []byte(p.name)})
			c.wrong("is required")
		case p.fallback != nil && c.added <= maxAdded:
			defaults = append(append(append(append(defaults, quoteJSON(p.name)...), ':'), p.fallback...), ',')
		}
	}
	c.path = c.path[:depth]
	if defaults != nil {
		if s := (&scanner{c.src, begin + 1}); s.space() == '}' {
			defaults = defaults[:len(defaults)-1]
		}
		c.edit(begin+1, begin+1, defaults)
	}
}

// edited returns the text with the edits, or false if that is much longer.
func (c *checking) edited() (text []byte, ok bool) {
	if c.added > maxAdded {
		return nil, false
	}
	slices.SortStableFunc(c.edits, func(a, b edit) int { return a.begin - b.begin })
	text = make([]byte, 0, len(c.src)+c.added)
	end := 0
	for _, e := range c.edits {
		text = append(append(text, c.src[end:e.begin]...), e.text...)
		end = e.end
	}
	return append(text, c.src[end:]...), true
}

// edit notes an edit, as long as it will be made.
func (c *checking) edit(begin, end int, text []byte) {
	if c.added += len(text); c.added <= maxAdded {
		c.edits = append(c.edits, edit{begin, end, text})
	}
}

func (c *checking) array(k *check) {
	var seen map[uint64]bool
	if k.unique {
		seen = map[uint64]bool{}
	}
	depth, n, twice := len(c.path), 0, false
	for c.pos++; c.space() != ']'; n++ {
		begin := c.pos
		c.path = append(c.path[:depth], step{index: n})
		if k.items == nil {
			c.skip()
		} else {
			c.value(k.items)
		}
		if k.unique {
			item := c.hashes.of(c.src, begin)
			twice = twice || seen[item]
			seen[item] = true
		}
	}
	c.pos++
	c.path = c.path[:depth]
	c.length(k, n)
	if twice {
		c.wrong("must have no item twice")
	}
}

// length checks the number of an array's items.
func (c *checking) length(k *check, n int) {
	if k.minItems >= 0 && n < k.minItems {
		c.wrong("must have at least " + count(k.minItems, "item"))
	}
	if k.maxItems >= 0 && n > k.maxItems {
		c.wrong("must have at most " + count(k.maxItems, "item"))
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// text checks a string.
func (c *checking) text(k *check, text []byte) {
	if k.minLength >= 0 && utf8.RuneCount(text) < k.minLength {
		c.wrong("must be at least " + count(k.minLength, "character") + " long")
	}
	if k.maxLength >= 0 && len(text) > k.maxLength && utf8.RuneCount(text) > k.maxLength {
		c.wrong("must be at most " + count(k.maxLength, "character") + " long")
	}
	if k.pattern != nil && !k.pattern.matches(text) {
		c.wrong("must match " + k.pattern.String())
	}
	if k.format != nil && !k.format.valid(text) {
		c.wrong("must be " + k.format.noun)
	}
	if k.base64 && !isBase64(text) {
		c.wrong("must be base64 (RFC 4648 §4)")
	}
	if k.enum != nil && !k.strings[string(text)] {
		c.wrong("must be one of " + k.enumText)
	}
}

func isBase64(text []byte) bool {
	_, err := base64.StdEncoding.Decode(make([]byte, base64.StdEncoding.DecodedLen(len(text))), text)
	return err == nil && !bytes.ContainsAny(text, "\r\n")
}

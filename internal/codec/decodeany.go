package codec

import (
	"bytes"
	"reflect"
	"strconv"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// How JSON becomes a value of type any: a map[string]any, a []any, a string, a float64, a
// bool or nil. See decode.go.

// What a value takes besides its text.
const (
	sizeOfAny    = 16
	sizeOfString = 16
	sizeOfNumber = 8
	sizeOfSlice  = 24
	sizeOfMap    = 48
	// sizeOfEntries is how much a map of up to fewEntries takes for them.
	sizeOfEntries = 288
	fewEntries    = 8
	// sizeOfEntry is how much one of more takes at most.
	sizeOfEntry = 96
)

// isAny reports whether t is any, or defined as such.
func isAny(t reflect.Type) bool { return t.Kind() == reflect.Interface && t.NumMethod() == 0 }

// A collector holds the items and members of the lists and objects that are being read, so
// that each is made when it is known how long it is.
type collector struct {
	items []any
	names []string
	// seen are names of the text. Objects in lists have the same ones.
	seen     [32]string
	hasNames bool
}

// maxCollected is how many items a collector keeps the memory for.
const maxCollected = 1 << 10

// reset forgets everything. Nothing of a body is kept for the next one.
func (c *collector) reset() {
	c.pop(0, 0)
	if cap(c.items) > maxCollected {
		c.items = nil
	}
	if c.hasNames {
		clear(c.seen[:])
		c.hasNames = false
	}
	if cap(c.names) > maxCollected {
		c.names = nil
	}
}

// pop forgets the items and the names from these on.
func (c *collector) pop(items, names int) {
	clear(c.items[items:])
	clear(c.names[names:])
	c.items, c.names = c.items[:items], c.names[:names]
}

// anyInto is the Decoder for any.
func anyInto(d *decodeState, v reflect.Value) bool {
	x, ok := d.any()
	if x != nil {
		v.Set(reflect.ValueOf(x))
	}
	return ok
}

// anyEntries is entriesDecoder for a map[string]any, or what is defined as such.
func anyEntries(least, most int) Decoder {
	return func(d *decodeState, v reflect.Value) bool {
		if d.next() != '{' {
			return false
		}
		m, ok := d.object()
		v.Set(reflect.ValueOf(m))
		return ok && isWithin(len(m), least, most)
	}
}

// anyItems is itemsDecoder for a []any, or what is defined as such.
func anyItems(least, most int) Decoder {
	return func(d *decodeState, v reflect.Value) bool {
		if d.next() != '[' {
			return false
		}
		all, ok := d.list()
		v.Set(reflect.ValueOf(all))
		return ok && isWithin(len(all), least, most)
	}
}

// isWithin reports whether there are as many as there may be; -1 is no bound.
func isWithin(n, least, most int) bool { return n >= least && (most < 0 || n <= most) }

// any reads the next value.
func (d *decodeState) any() (x any, ok bool) {
	switch d.next() {
	case '{':
		return d.object()
	case '[':
		return d.list()
	case '"':
		text, ok := d.lexer.text()
		if !ok || !d.affordsAny(sizeOfString+len(text)) {
			return nil, false
		}
		return d.texts.text(text, len(text)+len(d.src)-d.pos), true
	case 'n':
		return nil, d.null()
	case 't':
		return true, d.word("true")
	case 'f':
		return false, d.word("false")
	}
	return d.anyNumber()
}

// affordsAny is affords for the values in an any. A long text may consist of nothing else, so
// it doesn't wait until the budget is spent: it reports false as soon as what is left of the
// budget is too little for the rest of the text.
func (d *decodeState) affordsAny(bytes int) bool {
	return d.affords(bytes) && d.room >= maxGrown*(len(d.src)-d.pos)-MaxKept
}

// word moves past s if it is next, and reports whether it was.
func (d *decodeState) word(s string) bool {
	if !bytes.HasPrefix(d.src[d.pos:], []byte(s)) {
		return false
	}
	d.pos += len(s)
	return true
}

func (d *decodeState) anyNumber() (x any, ok bool) {
	if !d.affordsAny(sizeOfNumber) {
		return nil, false
	}
	if n, text, ok := d.number(); ok {
		if f, ok := n.Float64(); ok {
			d.pos += len(text)
			return f, true
		}
	}
	text, ok := d.extent()
	if !ok || len(text) > maxLeaf || !jsonscan.IsNumber(string(text)) {
		return nil, false
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil
}

// list reads an array. It isn't nil, even if it is empty.
func (d *decodeState) list() (all []any, ok bool) {
	d.depth++
	if d.depth > maxDecoded {
		return nil, false
	}
	d.pos++
	begin := len(d.anys.items)
	for more := d.next() != ']'; more; more = d.comma() {
		x, ok := d.any()
		if !ok || !d.collect(x) {
			return nil, false
		}
	}
	d.depth--
	items := d.anys.items[begin:]
	if !d.closes(']') || !d.affordsAny(sizeOfSlice+len(items)*sizeOfAny) {
		return nil, false
	}
	all = make([]any, len(items))
	copy(all, items)
	d.anys.pop(begin, len(d.anys.names))
	return all, true
}

// collect adds an item to the collector, and reports whether there is memory for it.
func (d *decodeState) collect(x any) bool {
	c := &d.anys
	if len(c.items) == cap(c.items) {
		more := max(64, 2*cap(c.items))
		if !d.affordsAny(more * sizeOfAny) {
			return false
		}
		c.items = append(make([]any, 0, more), c.items...)
	}
	c.items = append(c.items, x)
	return true
}

// object reads an object.
func (d *decodeState) object() (m map[string]any, ok bool) {
	d.depth++
	if d.depth > maxDecoded {
		return nil, false
	}
	d.pos++
	begin, first := len(d.anys.items), len(d.anys.names)
	for more := d.next() != '}'; more; {
		name, ok := d.name()
		if !ok || d.next() != ':' {
			return nil, false
		}
		d.pos++
		x, ok := d.any()
		if !ok || !d.collect(x) || !d.affordsAny(2*sizeOfString) { // through which the names grow
			return nil, false
		}
		d.anys.names = append(d.anys.names, name)
		if more = d.comma(); more {
			d.next()
		}
	}
	d.depth--
	names, items := d.anys.names[first:], d.anys.items[begin:]
	if !d.closes('}') || !d.affordsAny(sizeOfObject(len(names))) {
		return nil, false
	}
	m = make(map[string]any, len(names))
	for i, name := range names {
		m[name] = items[i]
	}
	once := len(m) == len(names)
	d.anys.pop(begin, first)
	return m, once
}

// sizeOfObject returns how much memory a map takes, besides names and values.
func sizeOfObject(n int) int {
	switch {
	case n == 0:
		return sizeOfMap
	case n <= fewEntries:
		return sizeOfMap + sizeOfEntries
	}
	return sizeOfMap + n*sizeOfEntry
}

// name reads the name of a member.
func (d *decodeState) name() (name string, ok bool) {
	text, ok := d.lexer.text()
	if !ok {
		return "", false
	}
	var seen *string
	if n := len(text); n > 0 && n <= maxShortText {
		seen = &d.anys.seen[(n*7+int(text[0])*3+int(text[n-1]))%len(d.anys.seen)]
		if *seen == string(text) {
			return *seen, true
		}
	}
	name = d.texts.text(text, len(text)+len(d.src)-d.pos)
	if seen != nil {
		*seen, d.anys.hasNames = name, true
	}
	return name, d.affordsAny(len(text))
}

package tigertonic

import (
	"bytes"
	"strconv"
)

// How numbers are held against a check: most are short, and compared as integers.

// number checks the number that is next.
func (c *checking) number(k *check) {
	begin := c.pos
	raw := c.literal()
	n, ok := parseFixed(raw)
	if !ok || k.enum != nil || n.places > 0 && k.types&numericType == 0 || n.digits == 0 && raw[0] == '-' {
		c.anyNumber(k, raw, begin)
		return
	}
	for i := range k.bounds {
		if b := &k.bounds[i]; !b.isFixed || b.refuses(n) {
			c.bound(b, parseNumber(raw))
		}
	}
}

// anyNumber checks a number that may be of any size.
func (c *checking) anyNumber(k *check, raw []byte, begin int) {
	n, integer, known := parseNumber(raw), false, len(c.errs)
	if k.types != anyType && k.types&numericType == 0 {
		if !n.isInteger() {
			c.wrong("must be %s", k.types.noun())
			return
		}
		if bytes.ContainsAny(raw, ".eE") || n.sign() == 0 {
			integer = true
		}
	}
	if k.floating != 0 && !fits(raw, n, k.floating) {
		c.wrong("must be a number of %d bits (IEEE 754)", k.floating)
		return
	}
	for i := range k.bounds {
		c.bound(&k.bounds[i], n)
	}
	if k.enum != nil && !k.enum[string(n.appendCanonical(nil))] {
		c.wrong("must be one of %s", k.enumText)
	}
	if integer && len(c.errs) == known && n.exponent <= maxDigits {
		c.edit(begin, c.pos, n.appendInteger(nil))
	}
}

// fits tells whether a number becomes neither infinite nor, without being it, 0.
func fits(raw []byte, n number, bits int) bool {
	f, err := strconv.ParseFloat(string(raw), bits)
	return err == nil && (f != 0 || n.sign() == 0)
}

// bound checks a number against a bound.
func (c *checking) bound(b *bound, n number) {
	switch order := n.compare(b.value); b.keyword {
	case "minimum":
		if order < 0 {
			c.wrong("must be at least %s", b.text)
		}
	case "maximum":
		if order > 0 {
			c.wrong("must be at most %s", b.text)
		}
	case "exclusiveMinimum":
		if order <= 0 {
			c.wrong("must be more than %s", b.text)
		}
	case "exclusiveMaximum":
		if order >= 0 {
			c.wrong("must be less than %s", b.text)
		}
	case "multipleOf":
		if !n.isMultipleOf(b.value) {
			c.wrong("must be a multiple of %s", b.text)
		}
	}
}

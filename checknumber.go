package tigertonic

import (
	"bytes"
	"strconv"
)

// How numbers are held against a check: most are short, and compared as integers.

// number checks the number that is next.
func (c *checking) number(k *check) {
	begin := c.pos
	if raw := c.literal(); !acceptsFixed(k, raw) {
		c.anyNumber(k, raw, begin)
	}
}

// acceptsFixed tells whether a number, which must be a JSON number, is a short
// one that the check accepts as it is written.
func acceptsFixed[T string | []byte](k *check, text T) bool {
	n, ok := parseFixed(text)
	if !ok || n.places > 0 && k.types&numericType == 0 || n.digits == 0 && text[0] == '-' {
		return false
	}
	return k.acceptsNumber(n)
}

// anyNumber checks a number that may be of any size.
func (c *checking) anyNumber(k *check, raw []byte, begin int) {
	n, integer, known := parseNumber(raw), false, len(c.errs)
	if k.types != anyType && k.types&numericType == 0 {
		if !n.isInteger() {
			c.wrong("must be " + k.types.noun())
			return
		}
		if bytes.ContainsAny(raw, ".eE") || n.sign() == 0 {
			integer = true
		}
	}
	if k.floating != 0 && !fits(raw, n, k.floating) {
		c.wrong("must be a number of " + strconv.Itoa(k.floating) + " bits (IEEE 754)")
		return
	}
	for i := range k.bounds {
		c.bound(&k.bounds[i], n)
	}
	if k.enum != nil && !k.enum[string(n.appendCanonical(nil))] {
		c.wrong("must be one of " + k.enumText)
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
			c.wrong("must be at least " + b.text)
		}
	case "maximum":
		if order > 0 {
			c.wrong("must be at most " + b.text)
		}
	case "exclusiveMinimum":
		if order <= 0 {
			c.wrong("must be more than " + b.text)
		}
	case "exclusiveMaximum":
		if order >= 0 {
			c.wrong("must be less than " + b.text)
		}
	case "multipleOf":
		if !n.isMultipleOf(b.value) {
			c.wrong("must be a multiple of " + b.text)
		}
	}
}

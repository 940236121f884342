package check

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// How numbers are checked: most are short, and compared as integers.

// number checks the number that is next.
func (c *checking) number(k *Check) {
	begin := c.Pos
	raw := c.Literal()
	if acceptsDecimal(k, raw) {
		return
	}
	if n, ok := wholeDecimal(raw); ok && k.types&Number == 0 && k.AcceptsDecimal(n) {
		var buf [24]byte
		c.edit(begin, c.Pos, strconv.AppendInt(buf[:0], n.Digits, 10))
		return
	}
	c.anyNumber(k, raw, begin)
}

// wholeDecimal returns a short number that is an integer written with a point.
func wholeDecimal(raw []byte) (n jsonscan.Decimal, ok bool) {
	if n, ok = jsonscan.ParseDecimal(raw); !ok || n.Places == 0 {
		return n, false
	}
	for ; n.Places > 0 && n.Digits%10 == 0; n.Places-- {
		n.Digits /= 10
	}
	return n, n.Places == 0
}

// acceptsDecimal reports whether a number, which must be a JSON number, is a short
// one that the check accepts as it is written.
func acceptsDecimal[T string | []byte](k *Check, text T) bool {
	n, ok := jsonscan.ParseDecimal(text)
	if !ok || n.Places > 0 && k.types&Number == 0 || n.Digits == 0 && text[0] == '-' {
		return false
	}
	return k.AcceptsDecimal(n)
}

// anyNumber checks a number that may be of any size.
func (c *checking) anyNumber(k *Check, raw []byte, begin int) {
	n, integer, known := jsonscan.ParseNumber(raw), false, c.bad
	if k.types != anything && k.types&Number == 0 {
		if !n.IsInteger() {
			c.wrong("type", k.typeJSON, k.mustBe)
			return
		}
		if bytes.ContainsAny(raw, ".eE") || n.Sign() == 0 {
			integer = true
		}
	}
	if k.floating != 0 && !fits(raw, n, k.floating) {
		c.wrong("format", `"`+floatFormat(k.floating)+`"`, "must be a number of "+strconv.Itoa(k.floating)+" bits (IEEE 754)")
		return
	}
	for i := range k.bounds {
		c.bound(&k.bounds[i], n)
	}
	if k.enum != nil && !k.enum[string(n.AppendCanonical(nil))] {
		c.wrong(k.enumWord, k.enumJSON, k.enumDetail)
	}
	if integer && c.bad == known && n.Exponent <= jsonscan.MaxDigits {
		var buf [32]byte
		c.edit(begin, c.Pos, n.AppendInteger(buf[:0]))
	}
}

// fits reports whether a number neither overflows to infinity nor underflows to 0.
func fits(raw []byte, n jsonscan.Number, bits int) bool {
	f, err := strconv.ParseFloat(string(raw), bits)
	return err == nil && (f != 0 || n.Sign() == 0)
}

// A bound is a limit of numbers, or what they must be multiples of.
type bound struct {
	keyword, words string
	// allows reports whether numbers less than, equal to and greater than the limit are
	// allowed. It isn't used for multiples.
	allows    [3]bool
	limit     jsonscan.Number
	text      string
	decimal   jsonscan.Decimal // the limit, if isDecimal
	isDecimal bool
	isWide    bool // no decimal is beyond it
}

// newBound returns the bound of a keyword, whose value is a JSON number.
func newBound(keyword, text string) bound {
	b := bound{keyword: keyword, text: text, limit: jsonscan.ParseNumber([]byte(text))}
	b.decimal, b.isDecimal = jsonscan.ParseDecimal([]byte(text))
	huge, negative := b.limit.Exponent > jsonscan.MaxDecimalDigits, b.limit.Negative
	switch keyword {
	case "minimum":
		b.words, b.allows, b.isWide = "at least ", [3]bool{false, true, true}, huge && negative
	case "maximum":
		b.words, b.allows, b.isWide = "at most ", [3]bool{true, true, false}, huge && !negative
	case "exclusiveMinimum":
		b.words, b.allows, b.isWide = "more than ", [3]bool{false, false, true}, huge && negative
	case "exclusiveMaximum":
		b.words, b.allows, b.isWide = "less than ", [3]bool{true, false, false}, huge && !negative
	default:
		b.words = "a multiple of "
	}
	return b
}

func (b *bound) isMultiple() bool { return b.keyword == "multipleOf" }

// bound checks a number against a bound.
func (c *checking) bound(b *bound, n jsonscan.Number) {
	ok := false
	if b.isMultiple() {
		ok = n.IsMultipleOf(b.limit)
	} else {
		ok = b.allows[1+n.Compare(b.limit)]
	}
	if !ok {
		c.wrong(b.keyword, b.text, "must be "+b.words+b.text)
	}
}

// TakesDecimals reports whether AcceptsDecimal decides most numbers.
func (k *Check) TakesDecimals() bool {
	return k.enum == nil && !slices.ContainsFunc(k.bounds, func(b bound) bool { return !b.isDecimal && !b.isWide })
}

// AcceptsDecimal reports whether the check accepts n. It may report false if it can't
// decide quickly.
func (k *Check) AcceptsDecimal(n jsonscan.Decimal) bool {
	if k.enum != nil {
		return false
	}
	for i := range k.bounds {
		if b := &k.bounds[i]; !b.isWide && (!b.isDecimal || b.refuses(n)) {
			return false
		}
	}
	return true
}

// refuses reports whether the bound refuses n, or can't tell.
func (b *bound) refuses(n jsonscan.Decimal) bool {
	places := max(n.Places, b.decimal.Places)
	value, ok := n.Scaled(places)
	limit, fits := b.decimal.Scaled(places)
	switch {
	case !ok || !fits:
		return true
	case b.isMultiple():
		return value%limit != 0
	}
	return !b.allows[1+cmp.Compare(value, limit)]
}

// floatBits returns the size of a format that is a floating-point number, or 0.
func floatBits(format string) int {
	switch format {
	case "float":
		return 32
	case "double":
		return 64
	}
	return 0
}

// floatFormat returns the format of numbers of a size.
func floatFormat(bits int) string {
	if bits == 32 {
		return "float"
	}
	return "double"
}

// Range returns the bounds of a format of the OpenAPI format registry that is
// an integer of a size, or "".
func Range(format string) (lowest, highest string) {
	switch format {
	case "int8":
		return "-128", "127"
	case "int16":
		return "-32768", "32767"
	case "int32":
		return "-2147483648", "2147483647"
	case "int64":
		return "-9223372036854775808", "9223372036854775807"
	case "uint8":
		return "0", "255"
	case "uint16":
		return "0", "65535"
	case "uint32":
		return "0", "4294967295"
	case "uint64":
		return "0", "18446744073709551615"
	}
	return "", ""
}

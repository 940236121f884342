package tigertonic

import (
	"bytes"
	"cmp"
	"math/big"
	"strconv"
)

// A number is a JSON number, exactly: 0.digits × 10^exponent. The digits have no
// zero at either end; 0 has none.
type number struct {
	negative bool
	digits   []byte
	exponent int
}

// maxExponent is where exponents stop to be told apart, far beyond all that fits
// a Go type.
const maxExponent = 1 << 30

// parseNumber returns the number that is written as text, which must be a JSON
// number.
func parseNumber(text []byte) (n number) {
	if text[0] == '-' {
		n.negative, text = true, text[1:]
	}
	if e := bytes.IndexAny(text, "eE"); e >= 0 {
		n.exponent = parseExponent(text[e+1:])
		text = text[:e]
	}
	whole, fraction, _ := bytes.Cut(text, []byte("."))
	n.exponent += len(whole)
	n.digits = whole
	if len(fraction) > 0 {
		n.digits = append(bytes.Clone(whole), fraction...)
	}
	for len(n.digits) > 0 && n.digits[0] == '0' {
		n.digits = n.digits[1:]
		n.exponent--
	}
	n.digits = bytes.TrimRight(n.digits, "0")
	if len(n.digits) == 0 {
		return number{}
	}
	return n
}

func parseExponent(text []byte) int {
	e, err := strconv.Atoi(string(text))
	if err != nil || e > maxExponent || e < -maxExponent {
		if text[0] == '-' {
			return -maxExponent
		}
		return maxExponent
	}
	return e
}

func (n number) sign() int {
	switch {
	case len(n.digits) == 0:
		return 0
	case n.negative:
		return -1
	}
	return 1
}

// compare returns -1, 0 or 1 if n is less than, equal to or more than m.
func (n number) compare(m number) int {
	if s := cmp.Compare(n.sign(), m.sign()); s != 0 || n.sign() == 0 {
		return s
	}
	return n.sign() * cmp.Or(cmp.Compare(n.exponent, m.exponent), bytes.Compare(n.digits, m.digits))
}

// isInteger tells whether n has no fraction.
func (n number) isInteger() bool { return len(n.digits) <= max(n.exponent, 0) }

// maxDigits is how many digits a number may have that is divided, or written
// out. More than that are beyond what a Go type holds.
const maxDigits = 400

// isMultipleOf tells whether n is an integer times m, which isn't 0.
func (n number) isMultipleOf(m number) bool {
	if n.sign() == 0 {
		return true
	}
	// n/m = nd/md × 10^shift, with the digits as integers.
	shift := (n.exponent - len(n.digits)) - (m.exponent - len(m.digits))
	if len(n.digits) > maxDigits || len(m.digits) > maxDigits || shift > 2*maxDigits || shift < -2*maxDigits {
		return false
	}
	nd, _ := new(big.Int).SetString(string(n.digits), 10)
	md, _ := new(big.Int).SetString(string(m.digits), 10)
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil)
	if shift >= 0 {
		nd.Mul(nd, power)
	} else {
		md.Mul(md, power)
	}
	return new(big.Int).Rem(nd, md).Sign() == 0
}

// appendInteger appends n, which must be an integer of at most maxDigits digits,
// without point and exponent.
func (n number) appendInteger(b []byte) []byte {
	if n.sign() == 0 {
		return append(b, '0')
	}
	if n.negative {
		b = append(b, '-')
	}
	b = append(b, n.digits...)
	return append(b, bytes.Repeat([]byte("0"), n.exponent-len(n.digits))...)
}

// appendCanonical appends what equal numbers have in common.
func (n number) appendCanonical(b []byte) []byte {
	if n.negative {
		b = append(b, '-')
	}
	b = append(b, n.digits...)
	return strconv.AppendInt(append(b, 'e'), int64(n.exponent), 10)
}

// isNumber tells whether text is a JSON number (RFC 8259 §6).
func isNumber(text string) bool {
	i := 0
	digits := func() bool {
		begin := i
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		return i > begin
	}
	if i < len(text) && text[i] == '-' {
		i++
	}
	leading := i
	if !digits() || text[leading] == '0' && i > leading+1 {
		return false
	}
	if i < len(text) && text[i] == '.' {
		i++
		if !digits() {
			return false
		}
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(text)
}

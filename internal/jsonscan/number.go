package jsonscan

import (
	"bytes"
	"cmp"
	"math/big"
	"strconv"
)

// A Number is a JSON number, exactly: 0.digits × 10^exponent. The digits have no
// zero at either end; 0 has none.
type Number struct {
	Negative bool
	digits   []byte
	Exponent int
}

// maxExponent is where larger exponents are treated alike, far beyond what fits a Go
// type.
const maxExponent = 1 << 30

// ParseNumber returns the number that is written as text, which must be a JSON
// number.
func ParseNumber(text []byte) (n Number) {
	if text[0] == '-' {
		n.Negative, text = true, text[1:]
	}
	if e := bytes.IndexAny(text, "eE"); e >= 0 {
		n.Exponent = parseExponent(text[e+1:])
		text = text[:e]
	}
	whole, fraction, _ := bytes.Cut(text, []byte("."))
	n.Exponent += len(whole)
	n.digits = whole
	if len(fraction) > 0 {
		n.digits = append(bytes.Clone(whole), fraction...)
	}
	for len(n.digits) > 0 && n.digits[0] == '0' {
		n.digits = n.digits[1:]
		n.Exponent--
	}
	n.digits = bytes.TrimRight(n.digits, "0")
	if len(n.digits) == 0 {
		return Number{}
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

// Sign returns -1, 0 or 1 if n is less than, equal to or more than 0.
func (n Number) Sign() int {
	switch {
	case len(n.digits) == 0:
		return 0
	case n.Negative:
		return -1
	}
	return 1
}

// Compare returns -1, 0 or 1 if n is less than, equal to or more than m.
func (n Number) Compare(m Number) int {
	if s := cmp.Compare(n.Sign(), m.Sign()); s != 0 || n.Sign() == 0 {
		return s
	}
	return n.Sign() * cmp.Or(cmp.Compare(n.Exponent, m.Exponent), bytes.Compare(n.digits, m.digits))
}

// IsInteger reports whether n has no fraction.
func (n Number) IsInteger() bool { return len(n.digits) <= max(n.Exponent, 0) }

// MaxDigits is how many digits a number may have to be divided or written out. No Go type
// holds more.
const MaxDigits = 400

// IsMultipleOf reports whether n is an integer times m, which isn't 0.
func (n Number) IsMultipleOf(m Number) bool {
	if n.Sign() == 0 {
		return true
	}
	// n/m = nd/md × 10^shift, with the digits as integers.
	shift := (n.Exponent - len(n.digits)) - (m.Exponent - len(m.digits))
	if len(n.digits) > MaxDigits || len(m.digits) > MaxDigits || shift > 2*MaxDigits || shift < -2*MaxDigits {
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

// AppendInteger appends n, which must be an integer of at most maxDigits digits,
// without point and exponent.
func (n Number) AppendInteger(b []byte) []byte {
	if n.Sign() == 0 {
		return append(b, '0')
	}
	if n.Negative {
		b = append(b, '-')
	}
	b = append(b, n.digits...)
	return append(b, bytes.Repeat([]byte("0"), n.Exponent-len(n.digits))...)
}

// AppendCanonical appends a form that is the same for equal numbers.
func (n Number) AppendCanonical(b []byte) []byte {
	if n.Negative {
		b = append(b, '-')
	}
	b = append(b, n.digits...)
	return strconv.AppendInt(append(b, 'e'), int64(n.Exponent), 10)
}

// IsNumber reports whether text is a JSON number (RFC 8259 §6).
func IsNumber(text string) bool {
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

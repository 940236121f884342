package jsonscan

// A Decimal is a number of at most 18 digits: digits / 10^places. Each fits the
// floating-point types without overflow or underflow.
type Decimal struct {
	Digits int64
	Places int
}

// MaxDecimalDigits is how many digits a Decimal has at most: an int64 holds all of them.
const MaxDecimalDigits = 18

// ParseDecimal returns the number that is written as text, which must be a JSON
// number, if it has no exponent and few digits.
func ParseDecimal[T string | []byte](text T) (n Decimal, ok bool) {
	digits, point := 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			n.Digits = n.Digits*10 + int64(c-'0')
			digits++
			if point {
				n.Places++
			}
		case c == '.':
			point = true
		case c != '-' || i > 0:
			return n, false
		}
		if digits > MaxDecimalDigits {
			return n, false
		}
	}
	if len(text) > 0 && text[0] == '-' {
		n.Digits = -n.Digits
	}
	return n, digits > 0
}

// Scaled returns the digits of n with this many places, which must be at least its own.
// It reports false if there are too many digits.
func (n Decimal) Scaled(places int) (digits int64, ok bool) {
	digits = n.Digits
	for range places - n.Places {
		if digits > 1e17 || digits < -1e17 {
			return 0, false
		}
		digits *= 10
	}
	return digits, true
}

// Float64 returns the float nearest to n, if both operands of the division are exact.
func (n Decimal) Float64() (f float64, ok bool) {
	const exact = 1 << 53
	powers := [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}
	if n.Digits > exact || n.Digits < -exact {
		return 0, false
	}
	return float64(n.Digits) / powers[n.Places], true
}

// AddDigits appends the digits in text from i on to a number, and returns where they end.
func (n *Decimal) AddDigits(text []byte, i int) int {
	for ; i < len(text) && text[i] >= '0' && text[i] <= '9'; i++ {
		n.Digits = n.Digits*10 + int64(text[i]-'0')
	}
	return i
}

package tigertonic

import "slices"

// A fixed is a number of at most 18 digits: digits / 10^places. All fit the
// floating-point types, none of them as 0 or infinity.
type fixed struct {
	digits int64
	places int
}

const maxFixed = 18 // digits, of which an int64 holds all

// parseFixed returns the number that is written as text, which must be a JSON
// number, if it has no exponent and few digits.
func parseFixed[T string | []byte](text T) (n fixed, ok bool) {
	digits, point := 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			n.digits = n.digits*10 + int64(c-'0')
			digits++
			if point {
				n.places++
			}
		case c == '.':
			point = true
		case c != '-' || i > 0:
			return n, false
		}
		if digits > maxFixed {
			return n, false
		}
	}
	if len(text) > 0 && text[0] == '-' {
		n.digits = -n.digits
	}
	return n, digits > 0
}

// scaled returns the digits of n with this many places, no fewer than it has, if
// they are few enough.
func (n fixed) scaled(places int) (digits int64, ok bool) {
	digits = n.digits
	for range places - n.places {
		if digits > 1e17 || digits < -1e17 {
			return 0, false
		}
		digits *= 10
	}
	return digits, true
}

// float64 returns the number if it is sure to be the nearest to n: both sides of the
// division are exact.
func (n fixed) float64() (f float64, ok bool) {
	const exact = 1 << 53
	powers := [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}
	if n.digits > exact || n.digits < -exact {
		return 0, false
	}
	return float64(n.digits) / powers[n.places], true
}

// isFixed tells whether the check can tell of most numbers at once whether it accepts
// them.
func (k *check) isFixed() bool {
	return k.enum == nil && !slices.ContainsFunc(k.bounds, func(b bound) bool { return !b.isFixed && !b.isWide })
}

// acceptsNumber tells whether the check accepts n, as far as it can tell at once.
func (k *check) acceptsNumber(n fixed) bool {
	if k.enum != nil {
		return false
	}
	for i := range k.bounds {
		if b := &k.bounds[i]; !b.isWide && (!b.isFixed || b.refuses(n)) {
			return false
		}
	}
	return true
}

// refuses tells whether the bound refuses n, or can't tell.
func (b *bound) refuses(n fixed) bool {
	places := max(n.places, b.fixed.places)
	value, ok := n.scaled(places)
	limit, fits := b.fixed.scaled(places)
	if !ok || !fits {
		return true
	}
	switch b.keyword {
	case "minimum":
		return value < limit
	case "maximum":
		return value > limit
	case "exclusiveMinimum":
		return value <= limit
	case "exclusiveMaximum":
		return value >= limit
	}
	return value%limit != 0
}

package tigertonic

import (
	"bytes"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// formatGoDuration is the format of a time.Duration: "1h30m" (time.ParseDuration).
const formatGoDuration = "go-duration"

// A format is a form that a string can be required to have.
type format struct {
	noun  string // what it must be
	valid func(text []byte) bool
}

// formatOf returns the format of this name, or nil.
func formatOf(name string) *format {
	if f, ok := formats()[name]; ok {
		return &f
	}
	return nil
}

func formatNames() []string { return slices.Sorted(maps.Keys(formats())) }

// isTimeFormat tells whether a Go type stands behind a format that isn't a
// string for the user.
func isTimeFormat(name string) bool { return name == "date-time" || name == formatGoDuration }

func formats() map[string]format {
	return map[string]format{
		"date-time":      {"a date and time, such as 2006-01-02T15:04:05Z (RFC 3339)", isDateTime},
		"date":           {"a date, such as 2006-01-02", isDate},
		"time":           {"a time of day, such as 15:04:05Z (RFC 3339)", isTime},
		"duration":       {"a duration, such as P1DT2H (RFC 3339, appendix A)", isISODuration},
		formatGoDuration: {"a duration, such as 1h30m", isGoDuration},
		"email":          {"an e-mail address", isEmail},
		"hostname":       {"the name of a host", isHostName},
		"ipv4":           {"an IPv4 address", isIPv4},
		"ipv6":           {"an IPv6 address", isIPv6},
		"uri":            {"a URI", func(s []byte) bool { return isURI(string(s), true) }},
		"uri-reference":  {"a URI or a relative reference", func(s []byte) bool { return isURI(string(s), false) }},
		"uuid":           {"a UUID", isUUID},
	}
}

func isDate(s []byte) bool { _, err := time.Parse(time.DateOnly, string(s)); return err == nil }

func isIPv4(s []byte) bool {
	a, err := netip.ParseAddr(string(s))
	return err == nil && a.Is4()
}

func isIPv6(s []byte) bool {
	a, err := netip.ParseAddr(string(s))
	return err == nil && a.Is6() && a.Zone() == ""
}

// isDateTime follows RFC 3339 §5.6, as time.Time does: with upper case letters and
// without leap seconds.
func isDateTime(s []byte) bool {
	var t time.Time
	if t.UnmarshalText(s) != nil || s[13] != ':' || s[19] == ',' { // which it takes (golang/go#54580)
		return false
	}
	return s[len(s)-1] == 'Z' || string(s[len(s)-5:len(s)-3]) < "24" && string(s[len(s)-2:]) < "60"
}

func isTime(s []byte) bool { return isDateTime(append([]byte("2006-01-02T"), s...)) }

func isGoDuration(s []byte) bool { _, err := time.ParseDuration(string(s)); return err == nil }

// isISODuration follows the grammar of RFC 3339, appendix A: P, then weeks
// alone, or years to days and hours to seconds without a gap.
func isISODuration(text []byte) bool {
	s, ok := strings.CutPrefix(string(text), "P")
	if !ok {
		return false
	}
	date, clock, hasClock := strings.Cut(s, "T")
	if hasClock && clock == "" || !hasClock && date == "" {
		return false
	}
	return !hasClock && areUnits(date, "W") || areUnits(date, "YMD") && areUnits(clock, "HMS")
}

// areUnits tells whether s is counts with these units, in this order and
// without a gap.
func areUnits(s, units string) bool {
	last := -1
	for s != "" {
		digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
		if digits == 0 || digits == len(s) {
			return false
		}
		unit := strings.IndexByte(units, s[digits])
		if unit < 0 || unit <= last || last >= 0 && unit != last+1 {
			return false
		}
		s, last = s[digits+1:], unit
	}
	return true
}

// isEmail follows RFC 5321 §4.1.2, Mailbox, with the limits of §4.5.3.1.
func isEmail(s []byte) bool {
	at := bytes.LastIndexByte(s, '@')
	if at < 0 || at > 64 || len(s) > 254 || !isDotAtom(s[:at]) && !isQuoted(s[:at]) {
		return false
	}
	literal, ok := bytes.CutPrefix(s[at+1:], []byte("["))
	if !ok {
		return isHostName(s[at+1:])
	}
	literal, ok = bytes.CutSuffix(literal, []byte("]"))
	if six, isSix := bytes.CutPrefix(literal, []byte("IPv6:")); isSix {
		return ok && isIPv6(six)
	}
	return ok && isIPv4(literal)
}

// isDotAtom tells whether s is atoms with dots between them.
func isDotAtom(s []byte) bool {
	dot := true // or the beginning
	for _, c := range s {
		if c == '.' && dot || c != '.' && !isAtomic(c) {
			return false
		}
		dot = c == '.'
	}
	return !dot
}

// isAtomic tells whether c may be in an atom (RFC 5322 §3.2.3).
func isAtomic(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

const (
	letters   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits    = "0123456789"
	hexDigits = digits + "abcdefABCDEF"
)

// isQuoted tells whether s is printable ASCII in quotes, with a backslash before
// each quote and backslash.
func isQuoted(s []byte) bool {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	s = s[1 : len(s)-1]
	for i := 0; i < len(s); i++ {
		escaped := s[i] == '\\'
		if escaped {
			i++
		}
		if i == len(s) || s[i] < ' ' || s[i] > '~' || !escaped && s[i] == '"' {
			return false
		}
	}
	return true
}

// isHostName follows RFC 1123 §2.1: labels of letters, digits and hyphens.
func isHostName(s []byte) bool {
	if len(s) == 0 || len(s) > 253 {
		return false
	}
	length, last := 0, byte('.') // of the label
	for _, c := range s {
		switch {
		case c == '.' && (length == 0 || last == '-'):
			return false
		case c == '.':
			length = -1
		case c == '-' && length == 0, length == 63, !isAlphanumeric(c) && c != '-':
			return false
		}
		length, last = length+1, c
	}
	return length > 0 && last != '-'
}

func isAlphanumeric(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
}

func isUUID(s []byte) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
				return false
			}
		}
	}
	return true
}

// quotedNumber returns the format of numbers of a size in strings.
func quotedNumber(name string) *format {
	if bits := floatBits(name); bits != 0 {
		return &format{"a number of " + strconv.Itoa(bits) + " bits (IEEE 754)", func(s []byte) bool {
			return isNumber(string(s)) && fits(s, parseNumber(s), bits)
		}}
	}
	lowest, highest := rangeOf(name)
	low, high := parseNumber([]byte(lowest)), parseNumber([]byte(highest))
	return &format{"an integer from " + lowest + " to " + highest, func(s []byte) bool {
		if !isNumber(string(s)) {
			return false
		}
		n := parseNumber(s)
		return n.compare(low) >= 0 && n.compare(high) <= 0
	}}
}

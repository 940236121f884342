package check

import (
	"bytes"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// FormatGoDuration is the format of a time.Duration: "1h30m" (time.ParseDuration).
const FormatGoDuration = "go-duration"

// A format is a form that a string can be required to have.
type format struct {
	noun   string // what it must be
	valid  func(text []byte) bool
	quoted string // its name as JSON
}

// formatNamed returns the format of this name, or nil.
func formatNamed(name string) *format {
	if f, ok := formats()[name]; ok {
		f.quoted = `"` + name + `"`
		return &f
	}
	return nil
}

// IsFormat reports whether there is a format of this name.
func IsFormat(name string) bool { return formatNamed(name) != nil }

// FormatNames returns the names of all formats, sorted.
func FormatNames() []string { return slices.Sorted(maps.Keys(formats())) }

// IsTimeFormat reports whether values of a format are decoded into a Go type other than
// string.
func IsTimeFormat(name string) bool { return name == "date-time" || name == FormatGoDuration }

var formats = sync.OnceValue(newFormats) //nolint:gochecknoglobals // a constant, made when it is first needed

func newFormats() map[string]format {
	return map[string]format{
		"date-time":      {noun: "a date and time, such as 2006-01-02T15:04:05Z (RFC 3339)", valid: isDateTime},
		"date":           {noun: "a date, such as 2006-01-02", valid: isDate},
		"time":           {noun: "a time of day, such as 15:04:05Z (RFC 3339)", valid: isTime},
		"duration":       {noun: "a duration, such as P1DT2H (RFC 3339, appendix A)", valid: isISODuration},
		FormatGoDuration: {noun: "a duration, such as 1h30m", valid: isGoDuration},
		"email":          {noun: "an e-mail address", valid: isEmail},
		"hostname":       {noun: "the name of a host", valid: isHostName},
		"ipv4":           {noun: "an IPv4 address", valid: isIPv4},
		"ipv6":           {noun: "an IPv6 address", valid: isIPv6},
		"ip":             {noun: "an IP address, such as 192.0.2.1 or 2001:db8::1", valid: isIP},
		"cidr":           {noun: "a range of IP addresses, such as 192.0.2.0/24", valid: isCIDR},
		"ip-port":        {noun: "an IP address and a port, such as 192.0.2.1:80 or [2001:db8::1]:80", valid: isIPPort},
		"uri":            {noun: "a URI", valid: func(s []byte) bool { return isURI(string(s), true) }},
		"uri-reference":  {noun: "a URI or a relative reference", valid: func(s []byte) bool { return isURI(string(s), false) }},
		"uuid":           {noun: "a UUID", valid: isUUID},
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

// An IP address may have a zone (RFC 4007 §11), as those of package netip.
func isIP(s []byte) bool     { _, err := netip.ParseAddr(string(s)); return err == nil }
func isCIDR(s []byte) bool   { _, err := netip.ParsePrefix(string(s)); return err == nil }
func isIPPort(s []byte) bool { _, err := netip.ParseAddrPort(string(s)); return err == nil }

func isDateTime(s []byte) bool { _, _, ok := ParseTime(s); return ok }

// ParseTime reads a time as RFC 3339 §5.6 has it, and reports whether it is plain:
// one that time.Time reads, which has upper case letters and no leap second. Such a
// second, which is the last one of a day in UTC, is the first one of the next.
func ParseTime(s []byte) (t time.Time, plain, ok bool) {
	if len(s) < len("2006-01-02T15:04:05Z") {
		return t, false, false
	}
	plain = t.UnmarshalText(s) == nil
	leap := string(s[17:19]) == "60"
	if !plain {
		text := bytes.ToUpper(s)
		if leap {
			copy(text[17:], "59")
		}
		if t.UnmarshalText(text) != nil {
			return t, false, false
		}
	}
	if s[13] != ':' || s[19] == ',' { // which it takes (golang/go#54580)
		return t, false, false
	}
	if last := s[len(s)-1]; last|0x20 != 'z' && (string(s[len(s)-5:len(s)-3]) > "23" || string(s[len(s)-2:]) > "59") {
		return t, false, false
	}
	if leap {
		if utc := t.UTC(); utc.Hour() != 23 || utc.Minute() != 59 {
			return t, false, false
		}
		t = t.Add(time.Second)
	}
	return t, plain, t.Year() <= 9999
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

// areUnits reports whether s is counts with these units, in this order and
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

// isDotAtom reports whether s is atoms with dots between them.
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

// isAtomic reports whether c may be in an atom (RFC 5322 §3.2.3).
func isAtomic(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

const (
	letters   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits    = "0123456789"
	hexDigits = digits + "abcdefABCDEF"
)

// isQuoted reports whether s is printable ASCII in quotes, with a backslash before
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
		return &format{quoted: `"` + name + `"`, noun: "a number of " + strconv.Itoa(bits) + " bits (IEEE 754)", valid: func(s []byte) bool {
			return jsonscan.IsNumber(string(s)) && fits(s, jsonscan.ParseNumber(s), bits)
		}}
	}
	lowest, highest := Range(name)
	low, high := jsonscan.ParseNumber([]byte(lowest)), jsonscan.ParseNumber([]byte(highest))
	return &format{quoted: `"` + name + `"`, noun: "an integer from " + lowest + " to " + highest, valid: func(s []byte) bool {
		if !jsonscan.IsNumber(string(s)) {
			return false
		}
		n := jsonscan.ParseNumber(s)
		return n.Compare(low) >= 0 && n.Compare(high) <= 0
	}}
}

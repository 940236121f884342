package contract

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// newCompiler returns a compiler of JSON Schema (draft 2020-12) that asserts
// formats: its own, but for those that follow.
func newCompiler() *jsonschema.Compiler {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.AssertContent()
	c.UseRegexpEngine(compilePattern)
	c.RegisterContentEncoding(&jsonschema.Decoder{Name: "base64", Decode: decodeBase64})
	for _, bits := range []int{8, 16, 32, 64} {
		c.RegisterFormat(&jsonschema.Format{Name: "int" + strconv.Itoa(bits), Validate: integer(bits, true)})
		c.RegisterFormat(&jsonschema.Format{Name: "uint" + strconv.Itoa(bits), Validate: integer(bits, false)})
	}
	c.RegisterFormat(&jsonschema.Format{Name: "float", Validate: floating(32)})
	c.RegisterFormat(&jsonschema.Format{Name: "double", Validate: floating(64)})
	for name, valid := range textFormats() {
		c.RegisterFormat(&jsonschema.Format{Name: name, Validate: ofText(valid)})
	}
	return c
}

var errFormat = errors.New("has another form")

// textFormats are the formats of strings that the oracle doesn't have, or has
// in another way than its source, which is given with the reason.
func textFormats() map[string]func(string) bool {
	return map[string]func(string) bool{
		"go-duration": func(s string) bool { _, err := time.ParseDuration(s); return err == nil },
		// RFC 3339 §5.6: with lower case t and z, and leap seconds, which are the last
		// ones of a day in UTC.
		"date-time": func(s string) bool {
			date, clock, ok := strings.Cut(strings.ToUpper(s), "T")
			return ok && isDate(date) && isTime(clock)
		},
		"time": isTime,
		// RFC 3339, appendix A: no unit may be skipped, and weeks stand alone. The
		// oracle has P1Y1D.
		"duration": regexp.MustCompile(`^P((\d+D|\d+M(\d+D)?|\d+Y(\d+M(\d+D)?)?)(T` + clockDuration + `)?|T` + clockDuration + `|\d+W)$`).MatchString,
		// RFC 5321 §4.1.2: Mailbox, with the limits of §4.5.3.1. The oracle has no
		// quoted pairs, and any character between quotes.
		"email": isMailbox,
		// RFC 1123 §2.1 and RFC 952 have no dot at the end, which the oracle has.
		"hostname": isHostName,
		// The oracle has +1.2.3.4.
		"ipv4":    regexp.MustCompile(`^` + ipv4 + `$`).MatchString,
		"ip":      func(s string) bool { _, err := netip.ParseAddr(s); return err == nil },
		"cidr":    func(s string) bool { _, err := netip.ParsePrefix(s); return err == nil },
		"ip-port": func(s string) bool { _, err := netip.ParseAddrPort(s); return err == nil },
		// RFC 3986, appendix A. The oracle is url.Parse, which doesn't look at all
		// of it: spaces, % in queries, and # in fragments pass.
		"uri":           regexp.MustCompile(`^` + scheme + `:` + hierPart + queryFragment + `$`).MatchString,
		"uri-reference": regexp.MustCompile(`^(` + scheme + `:` + hierPart + `|` + relativePart + `)` + queryFragment + `$`).MatchString,
	}
}

const (
	clockDuration = `(\d+S|\d+M(\d+S)?|\d+H(\d+M(\d+S)?)?)`
	octet         = `(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`
	ipv4          = octet + `(\.` + octet + `){3}`

	// RFC 3986, appendix A, but for IPv6address, which [isHost] looks at.
	encoded       = `%[0-9A-Fa-f]{2}`
	unreserved    = `A-Za-z0-9._~\-`
	subDelims     = `!$&'()*+,;=`
	pchar         = `([` + unreserved + subDelims + `:@]|` + encoded + `)`
	scheme        = `[A-Za-z][A-Za-z0-9+.\-]*`
	regName       = `([` + unreserved + subDelims + `]|` + encoded + `)*`
	userInfo      = `(([` + unreserved + subDelims + `:]|` + encoded + `)*@)?`
	ipLiteral     = `\[(` + ipv6 + `|[vV][0-9A-Fa-f]+\.[` + unreserved + subDelims + `:]+)\]`
	authority     = `//` + userInfo + `(` + ipLiteral + `|` + regName + `)(:[0-9]*)?`
	pathAbEmpty   = `(/` + pchar + `*)*`
	pathAbsolute  = `/(` + pchar + `+(/` + pchar + `*)*)?`
	pathRootless  = pchar + `+(/` + pchar + `*)*`
	pathNoScheme  = `([` + unreserved + subDelims + `@]|` + encoded + `)+(/` + pchar + `*)*`
	hierPart      = `(` + authority + pathAbEmpty + `|` + pathAbsolute + `|` + pathRootless + `|)`
	relativePart  = `(` + authority + pathAbEmpty + `|` + pathAbsolute + `|` + pathNoScheme + `|)`
	queryFragment = `(\?(` + pchar + `|[/?])*)?(#(` + pchar + `|[/?])*)?`

	h16  = `[0-9A-Fa-f]{1,4}`
	ls32 = `(` + h16 + `:` + h16 + `|` + ipv4 + `)`
	ipv6 = `((` + h16 + `:){6}` + ls32 +
		`|::(` + h16 + `:){5}` + ls32 +
		`|(` + h16 + `)?::(` + h16 + `:){4}` + ls32 +
		`|((` + h16 + `:){0,1}` + h16 + `)?::(` + h16 + `:){3}` + ls32 +
		`|((` + h16 + `:){0,2}` + h16 + `)?::(` + h16 + `:){2}` + ls32 +
		`|((` + h16 + `:){0,3}` + h16 + `)?::` + h16 + `:` + ls32 +
		`|((` + h16 + `:){0,4}` + h16 + `)?::` + ls32 +
		`|((` + h16 + `:){0,5}` + h16 + `)?::` + h16 +
		`|((` + h16 + `:){0,6}` + h16 + `)?::)`
)

func ofText(valid func(string) bool) func(any) error {
	return func(v any) error {
		if s, ok := v.(string); ok && !valid(s) {
			return errFormat
		}
		return nil
	}
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil && len(s) == len(time.DateOnly)
}

var (
	clock = regexp.MustCompile(`^(?i)([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)
	leap  = regexp.MustCompile(`^(\d\d:\d\d):60(?:\.\d+)?(Z|[+-]\d\d:\d\d)$`)
)

func isTime(s string) bool {
	s = strings.ToUpper(s)
	if m := leap.FindStringSubmatch(s); m != nil {
		t, err := time.Parse("15:04Z07:00", m[1]+m[2])
		return err == nil && clock.MatchString(m[1]+":00"+m[2]) && t.UTC().Format("15:04") == "23:59"
	}
	return clock.MatchString(s)
}

var hostLabel = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

func isHostName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if !hostLabel.MatchString(label) {
			return false
		}
	}
	return len(s) <= 253
}

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"

var localPart = regexp.MustCompile(`^(` + atom + `(\.` + atom + `)*|"([ !\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*")$`)

func isMailbox(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || at > 64 || len(s) > 254 || !localPart.MatchString(s[:at]) {
		return false
	}
	domain := s[at+1:]
	literal, ok := strings.CutPrefix(domain, "[")
	if !ok {
		return isHostName(domain)
	}
	if literal, ok = strings.CutSuffix(literal, "]"); !ok {
		return false
	}
	six, isSix := strings.CutPrefix(literal, "IPv6:")
	address, err := netip.ParseAddr(six)
	return err == nil && address.Zone() == "" && address.Is6() == isSix
}

// decodeBase64 is RFC 4648 §4, without the line breaks that §3.1 rules out and
// encoding/base64 skips.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errFormat
	}
	return base64.StdEncoding.DecodeString(s)
}

// number returns the number that v is, or holds as a string.
func number(v any) (*big.Rat, bool) {
	switch v := v.(type) {
	case json.Number:
		return new(big.Rat).SetString(string(v))
	case string:
		if n, ok := new(big.Rat).SetString(v); ok {
			return n, true
		}
	}
	return nil, false
}

// integer returns the format of integers of a size that are written in strings. Of
// numbers, the schema itself must say the limits, as most validators ignore formats.
func integer(bits int, signed bool) func(any) error {
	low, high := big.NewInt(0), new(big.Int).Lsh(big.NewInt(1), uint(bits))
	if signed {
		high.Rsh(high, 1)
		low.Neg(high)
	}
	return func(v any) error {
		n, ok := number(v)
		if _, isString := v.(string); !ok || !isString {
			return nil
		}
		if n.Cmp(new(big.Rat).SetInt(low)) < 0 || n.Cmp(new(big.Rat).SetInt(high)) >= 0 {
			return errFormat
		}
		return nil
	}
}

// floating returns the format of floating-point numbers of a size: the nearest
// one is neither infinite nor, unless the number is it, zero.
func floating(bits int) func(any) error {
	return func(v any) error {
		n, ok := number(v)
		if !ok {
			return nil
		}
		f, _ := n.Float64()
		if bits == 32 {
			narrow, _ := n.Float32()
			f = float64(narrow)
		}
		if math.IsInf(f, 0) || f == 0 && n.Sign() != 0 {
			return errFormat
		}
		return nil
	}
}

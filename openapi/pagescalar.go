package openapi

import (
	"math/big"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rcrowley/go-tigertonic/schema"
)

// exampleNumber returns the n-th number that meets a schema, as far as one is
// found close to its limits, which it tries in turn.
func exampleNumber(e *schema.Schema, integer bool, n int) string {
	step := big.NewRat(1, 1)
	if multiple, ok := rational(e.MultipleOf); ok && multiple.Sign() > 0 && (!integer || multiple.IsInt()) {
		step = multiple
	}
	limits := []string{"1", e.Minimum, e.ExclusiveMinimum, e.Maximum, e.ExclusiveMaximum}
	for _, limit := range limits {
		base, ok := rational(limit)
		if !ok {
			continue
		}
		base = floorTo(base, step)
		for _, k := range []int{0, 1, -1} {
			candidate := new(big.Rat).SetInt64(int64(k + n))
			candidate.Add(base, candidate.Mul(candidate, step))
			if fits(candidate, e, integer) {
				return numeral(candidate)
			}
		}
	}
	low, okLow := rational(e.Minimum + e.ExclusiveMinimum)
	high, okHigh := rational(e.Maximum + e.ExclusiveMaximum)
	if middle := new(big.Rat); okLow && okHigh {
		middle.Add(low, high)
		middle.Quo(middle, big.NewRat(2, 1))
		if fits(middle, e, integer) {
			return numeral(middle)
		}
	}
	return "0"
}

func rational(numeral string) (r *big.Rat, ok bool) {
	return new(big.Rat).SetString(numeral)
}

// floorTo returns the greatest multiple of step that isn't greater than r.
func floorTo(r, step *big.Rat) *big.Rat {
	q := new(big.Rat).Quo(r, step)
	whole := new(big.Int).Div(q.Num(), q.Denom()) // Euclidean, which is floor for a positive divisor
	return new(big.Rat).Mul(new(big.Rat).SetInt(whole), step)
}

// fits reports whether a number meets a schema.
func fits(r *big.Rat, e *schema.Schema, integer bool) bool {
	within := func(limit string, allowed func(order int) bool) bool {
		l, ok := rational(limit)
		return !ok || allowed(r.Cmp(l))
	}
	if multiple, ok := rational(e.MultipleOf); ok && multiple.Sign() != 0 && !new(big.Rat).Quo(r, multiple).IsInt() {
		return false
	}
	return (r.IsInt() || !integer) &&
		within(e.Minimum, func(order int) bool { return order >= 0 }) &&
		within(e.ExclusiveMinimum, func(order int) bool { return order > 0 }) &&
		within(e.Maximum, func(order int) bool { return order <= 0 }) &&
		within(e.ExclusiveMaximum, func(order int) bool { return order < 0 })
}

// numeral returns a number as JSON.
func numeral(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	digits, exact := r.FloatPrec()
	if !exact {
		digits = 6
	}
	return r.FloatString(digits)
}

// exampleString returns the n-th string that meets a schema.
func exampleString(e *schema.Schema, n int) string {
	if e.ContentEncoding == "base64" {
		return "aGVsbG8="
	}
	if example := formatExample(e.Format); example != "" {
		return example
	}
	if e.Pattern != "" {
		if example, ok := patternExample(e); ok {
			return example
		}
	}
	text := "string"
	if n > 0 {
		text += strconv.Itoa(n)
	}
	return stretched(text, e)
}

// formatExample returns an example of a format of JSON Schema's (draft 2020-12,
// validation §7.3), or "".
func formatExample(format string) string {
	switch format {
	case "date-time":
		return "2026-01-02T15:04:05Z"
	case "date":
		return "2026-01-02"
	case "time":
		return "15:04:05Z"
	case "duration":
		return "PT1M30S"
	case "go-duration": // as time.Duration writes it
		return "1h30m0s"
	case "email", "idn-email":
		return "tiger@example.com"
	case "hostname", "idn-hostname":
		return "example.com"
	case "ipv4", "ip":
		return "192.0.2.1"
	case "cidr":
		return "192.0.2.0/24"
	case "ip-port":
		return "192.0.2.1:80"
	case "ipv6":
		return "2001:db8::1"
	case "uri", "iri", "uri-reference", "iri-reference", "url":
		return "https://example.com/"
	case "uuid":
		return "2f1a1c0e-9a43-4d3c-8a63-0d5b5a1c7e10"
	case "json-pointer":
		return "/items/0"
	case "byte":
		return "aGVsbG8="
	}
	return ""
}

// stretched returns a text that is as long as a schema wants it.
func stretched(text string, e *schema.Schema) string {
	if e.MinLength != nil {
		for n := utf8.RuneCountInString(text); n < *e.MinLength; n++ {
			text += string("string"[n%len("string")])
		}
	}
	if e.MaxLength != nil && len(text) > *e.MaxLength { // ASCII
		text = text[:*e.MaxLength]
	}
	return text
}

// patternExample returns a string that meets a schema with a pattern.
func patternExample(e *schema.Schema) (example string, ok bool) {
	tree, err := syntax.Parse(e.Pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	pattern, err := regexp.Compile(e.Pattern)
	if err != nil {
		return "", false
	}
	for _, more := range []int{3, 2, 1, 0, 7, 15, 31, 63} {
		g := generator{more: more}
		g.write(tree)
		example = g.String()
		length := utf8.RuneCountInString(example)
		if pattern.MatchString(example) && (e.MinLength == nil || length >= *e.MinLength) && (e.MaxLength == nil || length <= *e.MaxLength) {
			return example, true
		}
	}
	return "", false
}

// A generator writes a string that a regular expression may match, with this
// many repetitions more than there must be.
type generator struct {
	strings.Builder
	more    int
	written int // characters of classes
}

const maxGenerated = 1000

func (g *generator) write(re *syntax.Regexp) {
	if g.Len() > maxGenerated {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		g.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		g.WriteRune(pick(re.Rune, g.written))
		g.written++
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		g.WriteRune('a' + rune(g.written%26))
		g.written++
	case syntax.OpCapture, syntax.OpAlternate:
		g.write(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			g.write(sub)
		}
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		for range repetitions(re, g.more) {
			g.write(re.Sub[0])
		}
	}
}

// repetitions returns how often to repeat what an expression repeats.
func repetitions(re *syntax.Regexp, more int) int {
	switch re.Op {
	case syntax.OpPlus:
		return 1 + more
	case syntax.OpQuest:
		return min(1, more)
	case syntax.OpRepeat:
		if re.Max < 0 {
			return re.Min + more
		}
		return min(re.Min+more, re.Max)
	}
	return more
}

// pick returns the n-th character of a class, which is a list of ranges; lower
// case, capitals and digits come before all others.
func pick(ranges []rune, n int) rune {
	for _, nice := range []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "1234567890"} {
		in := strings.Map(func(c rune) rune {
			for i := 0; i+1 < len(ranges); i += 2 {
				if c >= ranges[i] && c <= ranges[i+1] {
					return c
				}
			}
			return -1
		}, nice)
		if in != "" {
			return rune(in[n%len(in)])
		}
	}
	if len(ranges) == 0 {
		return 'a'
	}
	return ranges[0]
}

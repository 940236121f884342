package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// A generator makes bodies by a schema: for most of it what the schema allows,
// and now and then something else.
type generator struct {
	document map[string]any
	rand     *rand.Rand
	calm     bool // nothing else
	depth    int
}

// A rawText is JSON as it is to be written.
type rawText string

// A memberList is an object whose members have an order, and may be there twice.
type memberList []memberValue

type memberValue struct {
	name  string
	value any
}

// body returns a body for a schema.
func (g *generator) body(schema map[string]any) []byte {
	if g.calm {
		return g.write(g.value(schema))
	}
	g.calm = g.oneIn(2)
	value := g.value(schema)
	if g.calm && g.oneIn(2) || !g.calm && g.oneIn(4) {
		value = g.edit(value)
	}
	g.calm = false
	text := g.write(value)
	if g.oneIn(25) { // bytes go wrong
		i := g.rand.IntN(len(text))
		switch g.rand.IntN(3) {
		case 0:
			text = slices.Delete(text, i, i+1)
		case 1:
			text[i] = pick(g, []byte("\xff\x00\"\\{}[],:0-e .n"))
		default:
			text = slices.Insert(text, i, pick(g, []byte(` "x":,1{}[]`)))
		}
	}
	return text
}

func (g *generator) oneIn(n int) bool { return g.rand.IntN(n) == 0 }

func pick[T any](g *generator, values []T) T { return values[g.rand.IntN(len(values))] }

// value returns what a schema allows, or often does.
func (g *generator) value(schema map[string]any) any {
	g.depth++
	defer func() { g.depth-- }()
	if !g.calm && g.oneIn(40) {
		return g.anything()
	}
	if ref, ok := schema["$ref"].(string); ok {
		return g.value(lookUp(g.document, strings.TrimPrefix(ref, "#")).(map[string]any))
	}
	if all, ok := schema["allOf"].([]any); ok {
		return g.value(all[0].(map[string]any))
	}
	if alternatives, ok := schema["anyOf"].([]any); ok {
		if g.depth > 6 {
			return g.value(alternatives[len(alternatives)-1].(map[string]any))
		}
		return g.value(pick(g, alternatives).(map[string]any))
	}
	if values, ok := schema["enum"].([]any); ok && (g.calm || !g.oneIn(10)) {
		return pick(g, values)
	}
	for _, word := range []string{"default", "examples", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} {
		value, ok := schema[word]
		if !ok || !g.oneIn(8) || g.calm && strings.HasPrefix(word, "exclusive") {
			continue
		}
		if f, ok := value.(float64); ok && g.calm && (schema["multipleOf"] != nil || f != math.Round(f)) {
			continue
		}
		if examples, ok := value.([]any); ok && word == "examples" {
			value = examples[0]
		}
		return value
	}
	return g.ofType(schema)
}

func (g *generator) ofType(schema map[string]any) any {
	var name string
	switch types := schema["type"].(type) {
	case nil:
		return g.anything()
	case string:
		name = types
	case []any:
		name = pick(g, types).(string)
	}
	switch name {
	case "object":
		return g.object(schema)
	case "array":
		return g.array(schema)
	case "string":
		return g.text(schema)
	case "integer", "number":
		return g.number(schema, name == "integer")
	case "boolean":
		return g.oneIn(2)
	}
	return nil
}

func (g *generator) object(schema map[string]any) any {
	var object memberList
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		isRequired := slices.Contains(required, any(name))
		if isRequired && (g.calm || !g.oneIn(60)) || !isRequired && g.depth < 7 && g.oneIn(2) {
			object = append(object, memberValue{name, g.value(properties[name].(map[string]any))})
		}
	}
	additional, isOpen := schema["additionalProperties"].(map[string]any)
	names, _ := schema["propertyNames"].(map[string]any)
	if isOpen && g.depth < 7 {
		for range g.rand.IntN(4) {
			name := pick(g, strange)
			if names != nil {
				name, _ = g.value(names).(string)
			}
			if slices.ContainsFunc(object, func(m memberValue) bool { return m.name == name }) {
				continue
			}
			object = append(object, memberValue{name, g.value(additional)})
		}
	}
	if !g.calm {
		g.rand.Shuffle(len(object), func(i, j int) { object[i], object[j] = object[j], object[i] })
		if g.oneIn(60) {
			object = append(object, memberValue{pick(g, strange), g.anything()})
		}
		if len(object) > 0 && g.oneIn(150) {
			object = append(object, object[0])
		}
	}
	return object
}

func (g *generator) array(schema map[string]any) any {
	low, high := 0, 4
	if n, ok := schema["minItems"].(float64); ok {
		low = int(n)
	}
	if n, ok := schema["maxItems"].(float64); ok {
		high = int(n)
	} else if g.depth > 6 {
		high = 0
	}
	high = max(low, high)
	n := low + g.rand.IntN(high-low+1)
	if !g.calm && g.oneIn(15) {
		n = max(0, low-1+g.rand.IntN(high-low+3))
	}
	items, _ := schema["items"].(map[string]any)
	values := []any{}
	for range n {
		if items == nil {
			values = append(values, g.anything())
		} else {
			values = append(values, g.value(items))
		}
		if g.calm && schema["uniqueItems"] != nil && slices.ContainsFunc(values[:len(values)-1], func(v any) bool {
			return fmt.Sprint(v) == fmt.Sprint(values[len(values)-1])
		}) && len(values) > low {
			values = values[:len(values)-1]
		}
		if len(values) > 1 && !g.calm && g.oneIn(10) {
			values[len(values)-1] = values[0]
		}
	}
	return values
}

func (g *generator) text(schema map[string]any) string {
	if text, ok := g.fitting(schema); ok {
		return text
	}
	if name, ok := schema["format"].(string); ok && !g.oneIn(12) {
		if texts := formatTexts[name]; texts != nil {
			return pick(g, texts)
		}
		return pick(g, numbers)
	}
	switch {
	case schema["contentEncoding"] != nil && !g.oneIn(8):
		return pick(g, base64Texts)
	case schema["pattern"] != nil && !g.oneIn(8):
		return pick(g, append([]string{"abc", "a", "ABC", "abc-1", "x\n", "éa", "12", "-0", "1.5", "1e3", "007", "+1", "9223372036854775807", "a-b-c"}, numbers...))
	}
	low, high := 0, 8
	if n, ok := schema["minLength"].(float64); ok {
		low = int(n)
	}
	if n, ok := schema["maxLength"].(float64); ok {
		high = int(n)
	}
	n := low + g.rand.IntN(max(high-low+1, 1))
	if !g.calm && g.oneIn(10) {
		n = max(0, low-1+g.rand.IntN(max(high-low+3, 1)))
	}
	var b strings.Builder
	for range n {
		b.WriteRune(pick(g, []rune("aAé\u0301\"\\/\n\t\x00\u2028~😀\U0010FFFF z0")))
	}
	return b.String()
}

var base64Texts = []string{"", "AAAA", "AQ==", "AQI=", "AQIDBA==", "AQ", "AQ=", "AR==", "A\nQ==", "-_==", "AAAA\r\n", "====", "AQIDBAU=", "AQIDBAUG", "AQIDBA=A", "+/8=", " AAAA"}

var numbers = []string{
	"0", "-0", "1", "-1", "1.0", "1.5", "1e2", "1E+2", "100e-2", "0.1e1", "10", "20", "100", "127", "128", "-128", "-129", "255", "256", "32767", "32768",
	"-32768", "-32769", "65535", "65536", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "9223372036854775807.0", "9223372036854775807.5",
	"18446744073709551615", "18446744073709551616", "1844674407370955161.5e1", "0.1", "0.3", "0.30000000000000004", "1e-400", "-1e-400", "0e400", "1e400", "-1e400",
	"1e308", "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "3.4028234663852886e38", "3.4028235677973366e38", "3.4028236e38", "3.5e38",
	"1e-45", "7e-46", "7.1e-46", "4.9e-324", "2.5e-324", "2.4e-324", "2.47e-324", "1e-9999", "1e9999", "0e9999", "-0.0", "0.0e-5", "12345678901234567890123456789", "0.00", "5e-1", "2.50",
	"999999999999999999", "1000000000000000000", "-999999999999999999", "99999999999999999999", "-0e0",
}

// fitting returns a string with the form that a schema wants, if it is calm.
func (g *generator) fitting(schema map[string]any) (string, bool) {
	format, _ := schema["format"].(string)
	pattern, _ := schema["pattern"].(string)
	switch {
	case !g.calm:
		return "", false
	case schema["contentEncoding"] != nil && schema["minLength"] != nil:
		length := int(schema["minLength"].(float64))
		padding := max(strings.Count(pattern, "=")-1, 0)
		return strings.Repeat("A", length-padding) + strings.Repeat("=", padding), true
	case schema["contentEncoding"] != nil:
		return pick(g, []string{"", "AAAA", "AQ==", "AQI="}), true
	case format == "hostname" || format == "uuid":
		return formatTexts[format][0], true
	case formatTexts[format] != nil:
		return pick(g, formatTexts[format][:2]), true
	case pattern == "^v" || pattern == "b" || strings.HasPrefix(pattern, "^["):
		return pick(g, map[string][]string{"v": {"v1", "v"}, "b": {"abc", "b"}, "[": {"abc", "a-1"}}[strings.Trim(pattern, "^")[:1]]), true
	case strings.HasPrefix(pattern, "^\\w"):
		return pick(g, []string{"a", "_1x"}), true
	case pattern != "":
		return strconv.Itoa(g.rand.IntN(30)), true
	}
	return "", false
}

func (g *generator) number(schema map[string]any, integer bool) any {
	for range 50 {
		n := g.anyNumber(schema, integer)
		if !g.calm || meetsBounds(schema, n, integer) {
			return n
		}
	}
	if _, ok := schema["minimum"].(float64); ok {
		return rawText("9223372036854775808")
	}
	return rawText("0")
}

// meetsBounds reports whether a number is within a schema's bounds, or so.
func meetsBounds(schema map[string]any, n rawText, integer bool) bool {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || integer && f != float64(int(f)) {
		return false
	}
	for word, ok := range map[string]func(bound float64) bool{
		"minimum":          func(bound float64) bool { return f >= bound },
		"maximum":          func(bound float64) bool { return f <= bound },
		"exclusiveMinimum": func(bound float64) bool { return f > bound },
		"exclusiveMaximum": func(bound float64) bool { return f < bound },
		"multipleOf":       func(bound float64) bool { return math.Abs(f/bound-math.Round(f/bound)) < 1e-9 },
	} {
		if bound, is := schema[word].(float64); is && !ok(bound) {
			return false
		}
	}
	return true
}

func (g *generator) anyNumber(schema map[string]any, integer bool) rawText {
	switch g.rand.IntN(4) {
	case 0:
		if !g.calm || schema["multipleOf"] == nil {
			return rawText(pick(g, numbers))
		}
	case 1:
		if multiple, ok := schema["multipleOf"].(float64); ok {
			return rawText(strconv.FormatFloat(multiple*float64(g.rand.IntN(20)-5), 'f', 2, 64))
		}
	case 2:
		if !integer && schema["multipleOf"] == nil {
			return rawText(strconv.FormatFloat(float64(g.rand.IntN(2000)-500)/100, 'f', -1, 64))
		}
	}
	return rawText(strconv.Itoa(g.rand.IntN(30) - 5))
}

var strange = []string{"", "a", "A", "id", "ID", "name", "Name", "x/y", "~", "~1", "\x00", "é", "1", "-1", "01", "2.0", "null", "\u2028", "toString", "__proto__", "a.b", "10"}

// anything returns any JSON value.
func (g *generator) anything() any {
	g.depth++
	defer func() { g.depth-- }()
	kinds := 9
	if g.depth > 8 {
		kinds = 7
	}
	switch g.rand.IntN(kinds) {
	case 0:
		return nil
	case 1:
		return g.oneIn(2)
	case 2:
		return rawText(pick(g, numbers))
	case 3:
		return pick(g, strange)
	case 4:
		return pick(g, pick(g, slices.SortedFunc(maps.Values(formatTexts), slices.Compare)))
	case 5:
		return memberList{}
	case 6:
		return []any{}
	case 7:
		var values []any
		for range g.rand.IntN(4) {
			values = append(values, g.anything())
		}
		return values
	}
	var object memberList
	for range g.rand.IntN(4) {
		if name := pick(g, strange); !slices.ContainsFunc(object, func(m memberValue) bool { return m.name == name }) {
			object = append(object, memberValue{name, g.anything()})
		}
	}
	return object
}

// edit returns a value with something in it changed.
func (g *generator) edit(value any) any {
	switch v := value.(type) {
	case map[string]any:
		var object memberList
		for _, name := range slices.Sorted(maps.Keys(v)) {
			object = append(object, memberValue{name, v[name]})
		}
		return g.edit(object)
	case memberList:
		if len(v) == 0 || g.oneIn(6) {
			return g.other(v)
		}
		v = slices.Clone(v)
		i := g.rand.IntN(len(v))
		switch g.rand.IntN(8) {
		case 0:
			return slices.Delete(v, i, i+1)
		case 1:
			v[i].name = g.otherName(v[i].name)
		case 2:
			v = append(v, memberValue{g.otherName(v[i].name), v[i].value})
		default:
			v[i].value = g.edit(v[i].value)
		}
		return v
	case []any:
		if len(v) == 0 || g.oneIn(6) {
			return g.other(v)
		}
		v = slices.Clone(v)
		i := g.rand.IntN(len(v))
		switch g.rand.IntN(6) {
		case 0:
			return slices.Delete(v, i, i+1)
		case 1:
			return append(v, v[i])
		default:
			v[i] = g.edit(v[i])
		}
		return v
	}
	return g.other(value)
}

// other returns another value instead of one.
func (g *generator) other(value any) any {
	switch g.rand.IntN(6) {
	case 0:
		return nil
	case 1:
		return []any{value}
	case 2:
		return memberList{{"a", value}}
	case 3:
		return string(g.write(value))
	case 4:
		return rawText(pick(g, numbers))
	}
	return g.anything()
}

func (g *generator) otherName(name string) string {
	switch g.rand.IntN(4) {
	case 0:
		return strings.ToUpper(name)
	case 1:
		return name + "x"
	case 2:
		return strings.ToLower(name)
	}
	return pick(g, strange)
}

// write returns the JSON of a value, with spaces and escapes here and there.
func (g *generator) write(value any) []byte { return g.append(nil, value) }

func (g *generator) append(b []byte, value any) []byte {
	b = g.space(b)
	switch v := value.(type) {
	case rawText:
		b = append(b, v...)
	case string:
		b = g.quote(b, v)
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = g.append(b, item)
		}
		b = append(g.space(b), ']')
	case memberList:
		b = append(b, '{')
		for i, m := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(g.space(g.quote(g.space(b), m.name)), ':')
			b = g.append(b, m.value)
		}
		b = append(g.space(b), '}')
	default:
		text, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		b = append(b, text...)
	}
	return g.space(b)
}

func (g *generator) space(b []byte) []byte {
	if g.oneIn(12) {
		b = append(b, " \t\r\n"[g.rand.IntN(4)])
	}
	return b
}

func (g *generator) quote(b []byte, text string) []byte {
	if !g.oneIn(6) {
		return append(b, quoted(text)...)
	}
	b = append(b, '"')
	for _, c := range text {
		if c > 0xffff {
			c -= 0x10000
			b = fmt.Appendf(b, `\u%04x\u%04X`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		} else {
			b = fmt.Appendf(b, `\u%04x`, c)
		}
	}
	if !g.calm && g.oneIn(60) {
		b = append(b, `\ud800`...)
	}
	return append(b, '"')
}

// formatTexts are strings that have a format, or nearly.
var formatTexts = map[string][]string{
	"date-time": {
		"2006-01-02T15:04:05Z", "2006-01-02T15:04:05.999999999+07:00", "2006-01-02t15:04:05z", "2006-01-02 15:04:05Z", "2016-12-31T23:59:60Z",
		"2006-02-30T00:00:00Z", "2004-02-29T00:00:00Z", "2006-01-02T24:00:00Z", "2006-01-02T15:04:05,5Z", "2006-01-02T5:04:05Z", "2006-01-02T15:04:05+24:00",
		"2006-01-02T15:04:05+23:59", "2006-01-02T15:04:05-00:00", "2006-01-02T15:04:05+07:60", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z",
		"2006-01-02T15:04:05", "2006-01-02T15:04Z", "2006-01-02T15:04:05.Z", "2006-01-02T15:04:05.0123456789Z", "2006-01-02T15:04:05+0700", "2006-01-02T15:04:05Z ",
		"2006-01-02T15:04:05z", "2006-01-02T15:04:05+7:00", "0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2006-13-01T00:00:00Z", "2006-01-02T15:60:05Z", "2006-01-02T15:04:05Z07:00",
	},
	"date":        {"2006-01-02", "2006-02-29", "2004-02-29", "2006-1-2", "06-01-02", "2006-01-02Z", "0000-01-01", "2006-00-01", "10000-01-01", "2006/01/02", " 2006-01-02", "2006-01-32", "1900-02-29", "-006-01-02"},
	"time":        {"15:04:05Z", "15:04:05.5+01:00", "15:04:05", "23:59:60Z", "24:00:00Z", "15:04:05z", "5:04:05Z", "15:04Z", "15:04:05,5Z", "15:04:05+24:00", "15:04:05-00:00", "T15:04:05Z", "15:04:05.Z", "15:04:05+01", "15:04:05Z2006-01-02T15:04:05Z"},
	"duration":    {"P1D", "P1Y2M3DT4H5M6S", "PT1H", "P1W", "P", "PT", "P1DT", "P1Y3D", "PT1H5S", "P1W2D", "PTx", "P1WT1H", "P1WTx", "PT5S", "P1.5D", "P-1D", "-P1D", "1D", "p1d", "P1D2Y", "P1M", "PT1M", "P1H", "P1S", "PT1D", "P1Y1Y", "P1DT1H1H", "P0D", "PD", "P1", "PT1", "P١D", "P1YT1M", "P1DT1HT1M", "P1W1W"},
	"go-duration": {"1h30m", "0", "-1.5h", "+5s", "1d", "", "9223372036854775807ns", "9223372036854775808ns", "2562047h47m16.854775807s", "2562048h", "1us", "1µs", "1μs", ".5s", "5.s", "1h 30m", "-9223372036854775808ns", "1H", "1e3s", "00"},
	"email": {
		"a@example.com", "a.b+c@example.com", "a..b@example.com", ".a@example.com", "a.@example.com", `"a b"@example.com`, `"a"@example.com`, `"a\"b"@example.com`, "a@b", "a@b.", "a@-b.com",
		"a@[127.0.0.1]", "a@[IPv6:::1]", "a@[::1]", "a@[1.2.3.256]", "é@example.com", "a@é.com", "a b@example.com", "A <a@example.com>", "<a@example.com>", "a@example.com (x)", "a@b@c", "@b", "a@", "",
		strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("a.", 126) + "com", "a@example.com\n", " a@example.com", "a@example .com", `""@example.com`, "a,b@example.com", "a@b,c@d", "a@exa_mple.com", "a@[IPv6:1.2.3.4]", `"a\nb"@c.d`, "\"a\nb\"@c.d", "a@[IPv6:fe80::1%eth0]", "a(b)@c.d", "a@c.d.", `a"b"@c.d`,
	},
	"hostname":      {"example.com", "example.com.", "a", "a..b", "-a.com", "a-.com", "a_b.com", "1.2.3.4", "xn--a", "ab--cd.com", "é.com", "a.", ".", "", strings.Repeat("a", 63) + ".b", strings.Repeat("a", 64) + ".b", strings.Repeat("a.", 126) + "a", strings.Repeat("a.", 126) + "ab", "a b", "A.B", "a\n", "[::1]", "1", "a.-b"},
	"ipv4":          {"1.2.3.4", "255.255.255.255", "256.1.1.1", "01.2.3.4", "1.2.3", "+1.2.3.4", "1.2.3.4.5", "1.2.3.4 ", "0x1.2.3.4", "1.2.3.-0", "0.0.0.0", "1..3.4", "::ffff:1.2.3.4", "١.2.3.4", "1.2.3.4/8"},
	"ipv6":          {"::1", "::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "::ffff:1.2.3.4", "fe80::1%eth0", "1::2::3", "12345::", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1.2.3.4", ":::", "[::1]", "::1 ", "1:2:3:4:5:6:1.2.3.4", "::1.2.3.256", "::1.2.3", "G::", "::01.2.3.4", "1:2:3:4:5:6:7:8:9", ":1:2:3:4:5:6:7", "0000:0000::", "ABCD::ef", "::1/64", "1:2:3:4::5:6:7:8"},
	"ip":            {"1.2.3.4", "::1", "fe80::1%eth0", "::ffff:1.2.3.4", "1.2.3", "01.2.3.4", "[::1]", "", "::1%", "1.2.3.4%eth0", "::1/64"},
	"cidr":          {"1.2.3.0/24", "::/0", "1.2.3.4/32", "1.2.3.4", "1.2.3.4/33", "::1/129", "1.2.3.4/08", "fe80::1%eth0/64", "", "/8", "1.2.3.4/-1"},
	"ip-port":       {"1.2.3.4:80", "[::1]:0", "[fe80::1%eth0]:65535", "1.2.3.4", "1.2.3.4:65536", "::1:80", "[1.2.3.4]:80", "a:80", "", "1.2.3.4:", "1.2.3.4:+1"},
	"uri":           uris,
	"uri-reference": uris,
	"uuid":          {"123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000", "00000000-0000-0000-0000-000000000000", "123e4567e89b12d3a456426614174000", "{123e4567-e89b-12d3-a456-426614174000}", "g23e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-42661417400", "urn:uuid:123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a45-6426614174000", "123e4567-e89b-12d3-a456-42661417400é"},
}

var uris = []string{
	"http://example.com/", "https://user:pw@example.com:8080/a/b?c=d#e", "mailto:a@b.c", "urn:isbn:1", "a:", "a:b", "1a:b", "/a/b", "a/b", "//a/b", "?q", "#f", "", "a b", "http://a b/", "http://[::1]/", "http://[::1", "http://::1/",
	"http://[fe80::1%25eth0]/", "http://[v1.a:b]/", "http://[1.2.3.4]/", "http://[::1]:80", "http://a:", "http://a:b/", "http://a:99999/", "http://a/%zz", "http://a/%41", "http://a/%4", "http://a?%zz", "http://a?%", "http://a#%zz", "http://a%41b/", "http://a%zz/",
	"a:%zz", "http://a/[b]", "http://a?[b]", "http://a#a#b", "a#b#c", "http://a/é", "http://é/", "http://a/<b>", "http://a/\"", "http://a/\\", "http://a/^", "http://a/`", "http://a/{b}", "http://a/|", "a:b:c", "b/c:d", "./a:b", ":a", "a+b-c.d:e", "é:a",
	"http:a", "http:/a", "http:///a", "file:///etc/passwd", "http://a@b@c/", "http://a:b@c:80/", "%41:b", "http://a;b=c,d/", "http://a/b;c=d,e", "a?b?c", "//", "///", "////", "//[", "http://a\n", "http://a\x7f", "tel:+1-2", "data:,x%20y", "javascript:alert(1)",
	"a:/b//c", "a://b", "a:///", "http://!$&'()*+,;=/", "http://a:80:80/", "http://[::ffff:1.2.3.4]/", "http://[::1]a/", "http://u@[::1]:1/", "*", "a*b", "a=b&c", "%", "%4", "%zz", "%C3%A9", "a%", "http://%C3%A9/", "http://%FF/", "http://a%20b/", "//a:b", "//a:1b", "http://u%zz@a/", "http://u:p@w@a/", "http://u[@a/", "a\u00a0b", "http://a/%00", "a:?b#c", "a:#", "a:?", "?#", "http://?", "http://#", "http:",
}

package contract

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"
)

// Values are generated from the document's schemas: examples and enum values as they are,
// otherwise the limits and something in between, and strings from their pattern or format.
// A schema can demand more than the generator understands, such as two patterns. So the
// finished request is validated against the schema, and the result decides which answer is
// right. Spoiling a value works the same way: one place in it is changed.

// A generator generates values.
type generator struct {
	reader
	rng       *rand.Rand
	known     map[string][]any // scalars by the name that they came with
	uncertain bool             // a value has a format that isn't known
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// at returns a value for the schema at a pointer.
func (g *generator) at(pointer string) any {
	if pointer == "" {
		return object{}
	}
	return g.value(lookUp(g.root, pointer), "", 0)
}

// parameter returns a value of a parameter.
func (g *generator) parameter(p *parameter) any {
	if p.schema == "" {
		g.uncertain = true
		return "text"
	}
	return g.value(lookUp(g.root, p.schema), p.name, 0)
}

const maxDepth = 6

// schema returns a schema merged with what it refers to, and with one of its
// alternatives.
func (g *generator) schema(value any) object {
	whole := object{}
	for range 20 { // references may lead round
		s := members(value)
		for word, v := range s {
			if _, ok := whole[word]; !ok && word != "$ref" && word != "anyOf" && word != "oneOf" && word != "allOf" {
				whole[word] = v
			}
		}
		for _, part := range list(s["allOf"]) {
			for word, v := range g.schema(part) {
				if _, ok := whole[word]; !ok {
					whole[word] = v
				}
			}
		}
		alternatives := slices.Concat(list(s["anyOf"]), list(s["oneOf"]))
		ref, isRef := s["$ref"].(string)
		switch {
		case isRef:
			value = lookUp(g.root, strings.TrimPrefix(ref, "#"))
		case len(alternatives) > 0:
			value = pick(g.rng, alternatives)
		default:
			return whole
		}
	}
	return whole
}

// value returns a value that a schema allows, as far as the generator understands it.
func (g *generator) value(schema any, name string, depth int) any {
	s := g.schema(schema)
	if given := slices.Concat(list(s["enum"]), list(s["examples"])); len(given) > 0 && (s["enum"] != nil || g.rng.IntN(4) == 0) {
		return pick(g.rng, given)
	}
	if value, ok := s["const"]; ok {
		return value
	}
	if value, ok := s["default"]; ok && g.rng.IntN(8) == 0 {
		return value
	}
	kind := g.kind(s, depth)
	if known := g.knownFor(name, kind); len(known) > 0 && g.rng.IntN(2) == 0 {
		return pick(g.rng, known)
	}
	switch kind {
	case "object":
		return g.object(s, depth)
	case "array":
		return g.array(s, depth)
	case "string":
		return g.text(s)
	case "integer", "number":
		return g.number(s, kind)
	case "boolean":
		return g.rng.IntN(2) == 0
	case "null":
		return nil
	}
	return pick(g.rng, []any{nil, true, "text", json.Number("1"), []any{}, object{}})
}

// kind returns a type that the schema allows (the simplest if deeply nested), or "" for
// any.
func (g *generator) kind(s object, depth int) string {
	var types []string
	for _, t := range append(list(s["type"]), s["type"]) {
		if name, ok := t.(string); ok {
			types = append(types, name)
		}
	}
	switch {
	case len(types) == 0 && s["properties"] != nil:
		return "object"
	case len(types) == 0 && s["items"] != nil:
		return "array"
	case len(types) == 0:
		return ""
	case depth > maxDepth && slices.Contains(types, "null"):
		return "null"
	}
	return pick(g.rng, types)
}

func (g *generator) object(s object, depth int) any {
	o := object{}
	properties := members(s["properties"])
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		required := slices.Contains(list(s["required"]), any(name))
		if !required && members(properties[name])["readOnly"] == true && g.rng.IntN(4) > 0 { // which is ignored, or refused
			continue
		}
		if required && depth < 4*maxDepth || depth < maxDepth && g.rng.IntN(3) > 0 {
			o[name] = g.value(properties[name], name, depth+1)
		}
	}
	additional, ok := s["additionalProperties"]
	if !ok || additional == false || depth >= maxDepth {
		return o
	}
	for range g.rng.IntN(3) {
		name := "name" + pick(g.rng, strings.Split("abcdefgh", ""))
		if names, ok := s["propertyNames"]; ok {
			name, _ = g.value(names, "", depth+1).(string)
		}
		if _, ok := properties[name]; !ok {
			o[name] = g.value(additional, "", depth+1)
		}
	}
	return o
}

func (g *generator) array(s object, depth int) any {
	least, most := count(s["minItems"], 0), count(s["maxItems"], -1)
	n := least + g.rng.IntN(3)
	if depth >= maxDepth {
		n = least
	}
	if most >= 0 {
		n = min(n, most)
		if most <= 20 && g.rng.IntN(4) == 0 {
			n = most
		}
	}
	l := []any{}
	for range 3 * n {
		if element := g.value(s["items"], "", depth+1); len(l) < n && (s["uniqueItems"] != true || !slices.ContainsFunc(l, func(other any) bool { return textOf(other) == textOf(element) })) {
			l = append(l, element)
		}
	}
	return l
}

// count returns a limit, or a default without one.
func count(limit any, without int) int {
	n, ok := limit.(json.Number)
	if !ok {
		return without
	}
	i, err := n.Int64()
	if err != nil || i > 1<<20 {
		return without
	}
	return int(i)
}

func (g *generator) text(s object) any {
	if s["contentEncoding"] == "base64" {
		return base64.StdEncoding.EncodeToString([]byte("text")[:g.rng.IntN(5)])
	}
	if format, ok := s["format"].(string); ok {
		if examples := formatExamples(format); examples != nil {
			return pick(g.rng, examples)
		}
		g.uncertain = true
	}
	least, most := count(s["minLength"], 0), count(s["maxLength"], -1)
	if pattern, ok := s["pattern"].(string); ok {
		text, ok := g.matching(pattern, least, most)
		g.uncertain = g.uncertain || !ok
		return text
	}
	n := least + g.rng.IntN(8)
	if most >= 0 {
		n = min(n, most)
		if most <= 4096 && g.rng.IntN(6) == 0 {
			n = most
		}
	}
	if g.rng.IntN(4) == 0 {
		n = least
	}
	letters := []rune("abcXYZ019 _-.~/?#%&+=:;,'\"\\<>{}äß€😀\u202e")
	if g.rng.IntN(2) == 0 {
		letters = letters[:9]
	}
	var b strings.Builder
	for range n {
		b.WriteRune(pick(g.rng, letters))
	}
	return b.String()
}

// formatExamples returns texts of a format, or nothing if it isn't known.
func formatExamples(format string) []any {
	return map[string][]any{
		"date-time":     {"2020-01-02T03:04:05Z", "1999-12-31T23:59:59.999999999+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"},
		"date":          {"2020-02-29", "0001-01-01"},
		"time":          {"03:04:05Z", "23:59:59.5+01:00"},
		"duration":      {"P1D", "PT0S", "P1Y2M3DT4H5M6S", "P4W"},
		"go-duration":   {"1h30m", "0s", "1ns", "10s"},
		"email":         {"ann@example.com", "a.b+c@sub.example.org"},
		"hostname":      {"example.com", "a"},
		"ipv4":          {"192.0.2.1", "0.0.0.0", "255.255.255.255"},
		"ipv6":          {"2001:db8::1", "::", "::ffff:192.0.2.1"},
		"ip":            {"192.0.2.1", "2001:db8::1", "fe80::1%eth0"},
		"cidr":          {"192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0"},
		"ip-port":       {"192.0.2.1:80", "[2001:db8::1]:65535"},
		"uri":           {"https://example.com/a?b=c#d", "urn:a:b"},
		"uri-reference": {"/a/b", "", "https://example.com/"},
		"uuid":          {"f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "00000000-0000-0000-0000-000000000000"},
		"int64":         {"0", "-9223372036854775808", "9223372036854775807"},
		"uint64":        {"0", "18446744073709551615"},
		"int32":         {"0", "-2147483648"}, "uint32": {"0"}, "int16": {"0"}, "uint16": {"0"}, "int8": {"0"}, "uint8": {"0"},
	}[format]
}

// number returns a number at a schema's limits, or between them.
func (g *generator) number(s object, kind string) any {
	low, high := bound(s["minimum"]), bound(s["maximum"])
	step := big.NewRat(1, 1)
	if of := bound(s["multipleOf"]); of != nil && of.Sign() > 0 {
		step = of
	} else if kind == "number" {
		step = big.NewRat(1, 4)
	}
	if b := bound(s["exclusiveMinimum"]); b != nil && (low == nil || b.Cmp(low) >= 0) {
		low = b.Add(b, step)
	}
	if b := bound(s["exclusiveMaximum"]); b != nil && (high == nil || b.Cmp(high) <= 0) {
		high = b.Sub(b, step)
	}
	var candidates []*big.Rat
	some := new(big.Rat).Mul(step, big.NewRat(int64(g.rng.IntN(200)), 1))
	for _, n := range []*big.Rat{low, high, new(big.Rat), some, new(big.Rat).Neg(some), moved(low, some), moved(high, new(big.Rat).Neg(some))} {
		if n != nil && (low == nil || n.Cmp(low) >= 0) && (high == nil || n.Cmp(high) <= 0) {
			candidates = append(candidates, n)
		}
	}
	if len(candidates) == 0 {
		return json.Number("0")
	}
	return numberOf(pick(g.rng, candidates))
}

func moved(n, by *big.Rat) *big.Rat {
	if n == nil {
		return nil
	}
	return new(big.Rat).Add(n, by)
}

func bound(value any) *big.Rat {
	n, ok := value.(json.Number)
	if !ok || len(n) > 400 {
		return nil
	}
	r, _ := new(big.Rat).SetString(string(n))
	return r
}

func numberOf(n *big.Rat) json.Number {
	if n.IsInt() {
		return json.Number(n.Num().String())
	}
	return json.Number(strings.TrimRight(n.FloatString(10), "0"))
}

// knownFor returns the values of a type from earlier answers, under this name or one with
// the same ending: account_id is an id.
func (g *generator) knownFor(name, kind string) (values []any) {
	if name == "" || kind != "string" && kind != "integer" {
		return nil
	}
	for known, all := range g.known {
		if !strings.EqualFold(known, name) && known != "id" {
			continue
		}
		for _, value := range all {
			if _, isText := value.(string); isText == (kind == "string") {
				values = append(values, value)
			}
		}
	}
	slices.SortFunc(values, func(a, b any) int { return strings.Compare(textOf(a), textOf(b)) })
	return values
}

const maxKnown = 16

// learn keeps the values of a successful request and of its answer.
func (g *generator) learn(d *draft, a *answer) {
	for _, p := range d.op.parameters {
		if texts := d.values[p]; len(texts) == 1 {
			g.keep(p.name, texts[0])
		}
	}
	g.learnFrom(d.body)
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(a.body)))
	decoder.UseNumber()
	if len(a.body) < 1<<16 && decoder.Decode(&value) == nil {
		g.learnFrom(value)
	}
}

func (g *generator) learnFrom(value any) {
	switch x := value.(type) {
	case object:
		for _, name := range slices.Sorted(maps.Keys(x)) {
			g.keep(name, x[name])
		}
	case []any:
		for _, element := range x[:min(len(x), 4)] {
			g.learnFrom(element)
		}
	}
}

func (g *generator) keep(name string, value any) {
	name = strings.ToLower(name)
	switch x := value.(type) {
	case string:
		if x == "" || len(x) > 200 || !utf8.ValidString(x) {
			return
		}
	case json.Number:
	default:
		return
	}
	known := g.known[name]
	if slices.Contains(known, value) {
		return
	}
	if len(known) == maxKnown {
		known = known[1:]
	}
	g.known[name] = append(slices.Clip(known), value)
}

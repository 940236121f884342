package contract

import (
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// spoilt returns a copy of a value that, in one place, isn't quite what the schema at a
// pointer allows.
func (g *generator) spoilt(pointer string, value any) any {
	return g.spoil(lookUp(g.root, pointer), value, 0)
}

// spoil changes the value, or more likely something in it, if there is anything.
func (g *generator) spoil(schema, value any, depth int) any {
	s := g.schema(schema)
	switch x := value.(type) {
	case object:
		names := slices.Sorted(maps.Keys(x))
		if len(names) > 0 && depth < maxDepth && g.rng.IntN(3) > 0 {
			name := pick(g.rng, names)
			o := maps.Clone(x)
			part, ok := members(s["properties"])[name]
			if !ok {
				part = s["additionalProperties"]
			}
			o[name] = g.spoil(part, x[name], depth+1)
			return o
		}
		return g.spoilObject(s, x)
	case []any:
		if len(x) > 0 && depth < maxDepth && g.rng.IntN(2) == 0 {
			l := slices.Clone(x)
			i := g.rng.IntN(len(l))
			l[i] = g.spoil(s["items"], l[i], depth+1)
			return l
		}
		return g.spoilArray(s, x)
	case string:
		return g.spoilText(s, x)
	case json.Number:
		return g.spoilNumber(s, x)
	}
	return g.stranger()
}

// stranger returns a value of any type.
func (g *generator) stranger() any {
	return pick(g.rng, []any{
		nil, true, "", "text", json.Number("0"), json.Number("-1"), json.Number("1.5"), json.Number("1e400"),
		json.Number("9223372036854775808"),
		[]any{},
		[]any{"text"},
		object{},
		object{"a": nil},
	})
}

func (g *generator) spoilObject(s, o object) any {
	o = maps.Clone(o)
	names := slices.Sorted(maps.Keys(o))
	switch g.rng.IntN(4) {
	case 0:
		return g.stranger()
	case 1:
		o["unexpected"] = json.Number("1")
	default:
		if required := list(s["required"]); len(required) > 0 {
			name, _ := pick(g.rng, required).(string)
			delete(o, name)
		} else if len(names) > 0 {
			o[pick(g.rng, names)] = g.stranger()
		}
	}
	return o
}

func (g *generator) spoilArray(s object, l []any) any {
	element := func() any { return g.value(s["items"], "", maxDepth) }
	most := count(s["maxItems"], 0)
	switch least := count(s["minItems"], 0); {
	case g.rng.IntN(4) == 0:
		return g.stranger()
	case least > 0 && g.rng.IntN(2) == 0:
		return l[:min(len(l), least-1)]
	case most > 0 && most < 2000 && g.rng.IntN(2) == 0:
		for len(l) <= most {
			l = append(slices.Clip(l), element())
		}
		return l
	case len(l) > 0:
		return append(slices.Clip(l), l[0])
	}
	return append(slices.Clip(l), g.stranger())
}

func (g *generator) spoilText(s object, text string) any {
	least, most := count(s["minLength"], 0), count(s["maxLength"], 0)
	switch n := g.rng.IntN(6); {
	case n == 0:
		return g.stranger()
	case n == 1 && least > 0:
		return string([]rune(text)[:min(len([]rune(text)), least-1)])
	case n <= 2 && most > 0 && most < 1<<16:
		return text + strings.Repeat("a", max(0, most+1-len([]rune(text))))
	case n == 3:
		return ""
	case n == 4:
		return text + pick(g.rng, []string{"\n", " ", "\x00", "é", "'", "%", "\u2028", "/"})
	}
	return pick(g.rng, []string{"\n", " ", "not that", "-1", "1.5", "true", "null", "2020-13-01", "\x00"}) + text
}

func (g *generator) spoilNumber(s object, n json.Number) any {
	beyond := func(word string, by int64) any {
		b := bound(s[word])
		if b == nil {
			return g.stranger()
		}
		return numberOf(b.Add(b, big.NewRat(by, 1)))
	}
	switch g.rng.IntN(7) {
	case 0:
		return beyond("minimum", -1)
	case 1:
		return beyond("maximum", 1)
	case 2:
		return beyond("exclusiveMinimum", 0)
	case 3:
		return beyond("exclusiveMaximum", 0)
	case 4:
		return n + ".5"
	case 5:
		return string(n)
	}
	return g.stranger()
}

package jsonscan_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// texts are JSON values, each with what equal values have in common.
var texts = []struct{ text, canonical string }{
	{`null`, `null`},
	{` true `, `true`},
	{`[]`, `[]`},
	{`{}`, `{}`},
	{`"plain"`, `"plain"`},
	{`"\u0061\/\"\\\n"`, `"a/\"\\\n"`},
	{`[1, 1.0,10e-1]`, `[1e1,1e1,1e1,]`},
	{"{\"b\":[{}],\n\t\"a\" : 0}", `{"a":e0,"b":[{},]}`},
	{`{"a":-0.5,"":"é😀"}`, `{"":"é😀","a":-5e0}`},
}

func TestValuesThatAreEqualHaveOneCanonicalForm(t *testing.T) {
	for _, c := range texts {
		assert.Equal(t, c.canonical, jsonscan.Canonical([]byte(c.text)), c.text)
	}
	assert.Equal(t, jsonscan.Canonical([]byte(`{"a":1,"b":2}`)), jsonscan.Canonical([]byte(`{"b":20e-1,"a":1.00}`)))
	assert.NotEqual(t, jsonscan.Canonical([]byte(`[1,2]`)), jsonscan.Canonical([]byte(`[2,1]`)))
}

func TestScannerSkipsWholeValues(t *testing.T) {
	for _, c := range texts {
		value := strings.TrimSpace(c.text)
		for _, after := range []string{"", ",1", "]", "}", " \t\r\n"} {
			s := jsonscan.Scanner{Src: []byte(value + after)}
			s.Space()
			assert.Equal(t, value, string(s.Skip()), "before %q", after)
			assert.Equal(t, len(value), s.Pos)
		}
	}
}

func TestScannerReadsStrings(t *testing.T) {
	s := jsonscan.Scanner{Src: []byte(`["plain", "\u00e9\n", ""]`)}
	s.Pos++
	assert.Equal(t, byte('"'), s.Space())
	text, escaped := s.Text()
	assert.Equal(t, "plain", string(text))
	assert.False(t, escaped)
	s.Space()
	begin := s.Pos
	text, escaped = s.Text()
	assert.Equal(t, `\u00e9\n`, string(text))
	assert.True(t, escaped)
	s.Pos = begin
	assert.Equal(t, "é\n", string(s.Unescaped()))
	s.Space()
	assert.Empty(t, s.Unescaped())
	assert.Equal(t, byte(']'), s.Space())
}

func TestScannerReadsLiterals(t *testing.T) {
	s := jsonscan.Scanner{Src: []byte(`[-1.5e+3,true , null]`)}
	s.Pos++
	for _, want := range []string{"-1.5e+3", "true", "null"} {
		s.Space()
		assert.Equal(t, want, string(s.Literal()))
	}
	alone := jsonscan.Scanner{Src: []byte(`42`)}
	assert.Equal(t, "42", string(alone.Literal()))
}

func TestJSONIsOneValidValueWithoutDuplicates(t *testing.T) {
	for _, text := range []string{`1`, ` {"a":[]} `, `"é"`} {
		assert.True(t, jsonscan.IsJSON([]byte(text)), text)
	}
	for _, text := range []string{``, `{"a":1,"a":2}`, `1 2`, "\"\xff\"", `nul`, `[1,]`} {
		assert.False(t, jsonscan.IsJSON([]byte(text)), text)
	}
}

// randomValue returns JSON with blanks, escapes and numbers in many spellings.
func randomValue(rnd *rand.Rand, depth int) string {
	blank := []string{"", " ", "\n\t"}[rnd.IntN(3)]
	switch n := rnd.IntN(7); {
	case n == 0 && depth > 0:
		items := make([]string, rnd.IntN(4))
		for i := range items {
			items[i] = randomValue(rnd, depth-1)
		}
		return blank + "[" + strings.Join(items, ",") + "]" + blank
	case n == 1 && depth > 0:
		members := make([]string, rnd.IntN(4))
		for i := range members {
			members[i] = blank + `"` + string(rune('a'+i)) + `"` + blank + ":" + randomValue(rnd, depth-1)
		}
		rnd.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		return "{" + strings.Join(members, ",") + "}"
	case n == 2:
		return `"` + []string{"", "a", `\u0061`, `\n`, "é"}[rnd.IntN(5)] + `"`
	case n == 3:
		return []string{"true", "false", "null"}[rnd.IntN(3)]
	}
	return blank + []string{"0", "-0", "1", "1.0", "10e-1", "0.1e1", "-2", "1e2", "100", "1e-7", "123456789012345678901"}[rnd.IntN(11)]
}

// normal decodes a value into what reflect.DeepEqual compares: numbers as exact
// decimals.
func normal(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	require.NoError(t, decoder.Decode(&value))
	var fix func(v any) any
	fix = func(v any) any {
		switch x := v.(type) {
		case json.Number:
			return ratOf(t, string(x)).RatString()
		case []any:
			for i := range x {
				x[i] = fix(x[i])
			}
		case map[string]any:
			for name := range x {
				x[name] = fix(x[name])
			}
		}
		return v
	}
	return fix(value)
}

// The oracle is encoding/json with math/big.
func TestCanonicalFormsAndHashesAgreeWithEquality(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var hashes jsonscan.Hashes
	for range 20_000 {
		a, b := randomValue(rnd, 2), randomValue(rnd, 2)
		text := []byte("[" + a + "," + b + "]")
		equal := assert.ObjectsAreEqual(normal(t, a), normal(t, b))
		if got := jsonscan.Canonical([]byte(a)) == jsonscan.Canonical([]byte(b)); got != equal {
			t.Fatalf("canonical forms of %s and %s: equal is %v, want %v", a, b, got, equal)
		}
		hashes = jsonscan.Hashes{}
		if got := hashes.Of(text, 1) == hashes.Of(text, 1+len(a)+1); got != equal {
			t.Fatalf("hashes of %s and %s: equal is %v, want %v", a, b, got, equal)
		}
	}
}

func TestHashesOfNestedValuesAreKept(t *testing.T) {
	text := []byte(`[[1,[2]],[1,[2]],{"a":[2]}]`)
	var hashes jsonscan.Hashes
	first := hashes.Of(text, 1)
	assert.Equal(t, first, hashes.Of(text, 9))
	assert.Equal(t, hashes.Of(text, 4), hashes.Of(text, 12), "the inner ones, which were gone through already")
	assert.NotEqual(t, hashes.Of(text, 1), hashes.Of(text, 17))
	assert.Equal(t, first, hashes.Of(text, 1), "again")
}

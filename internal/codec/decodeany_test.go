package codec_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

type (
	anything any
	document map[string]any
	list     []any
)

// loose has an any wherever there may be one.
type loose struct {
	Any      any                       `json:"any,omitempty"`
	Named    anything                  `json:"named,omitempty"`
	Map      map[string]any            `json:"map,omitempty"`
	Document document                  `json:"document,omitempty"`
	Labels   map[label]any             `json:"labels,omitempty"`
	Names    map[string]anything       `json:"names,omitempty"`
	Maps     map[string]map[string]any `json:"maps,omitempty"`
	List     []any                     `json:"list,omitempty"`
	Other    list                      `json:"other,omitempty"`
	Lists    [][]any                   `json:"lists,omitempty"`
	Few      []any                     `json:"few,omitempty" maxItems:"2"`
	One      map[string]any            `json:"one,omitempty" minProperties:"1" maxProperties:"1"`
	Pointer  *any                      `json:"pointer,omitempty"`
	Opt      opt[any]                  `json:"opt,omitzero"`
}

// members are the names of loose's fields, and whether each takes any value, an object, a
// list, an object of objects, or a list of lists.
func members() map[string]string {
	return map[string]string{
		"any": "", "named": "", "map": "{", "document": "{", "labels": "{", "names": "{", "maps": "{{",
		"list": "[", "other": "[", "lists": "[[", "few": "[2", "one": "{1", "pointer": "", "opt": "",
	}
}

// A writer writes JSON at random, some of which is wrong.
type writer struct {
	*rand.Rand
	mistakes int // of a thousand values
}

func (w writer) one(of ...string) string { return of[w.IntN(len(of))] }

func (w writer) space() string { return w.one("", "", "", "", " ", "\n\t", "\r") }

func (w writer) value(depth int) string {
	if w.IntN(1000) < w.mistakes {
		return w.one("", "nul", "trueish", "01", "1.", ".5", "+1", "-", "1e", "NaN", `"`, "\"\xff\"", `"\ud800"`, "\"\x01\"", `"\x"`, "[1,]", "{,}", `{"a"}`, `{"a":1,"a":2}`, `{1:2}`, "]", "1e999", "[1 2]")
	}
	kind := w.IntN(9)
	if depth <= 0 {
		kind = w.IntN(7)
	}
	switch kind {
	case 0, 1:
		return w.text()
	case 2:
		return w.one("0", "-0", "1", "-7", "12.5", "0.1", "-0.0", "1e3", "1E-7", "123456789012345678901234567890", "9007199254740993", "0.30000000000000004", "1.7976931348623157e308", "5e-324", "1e-400")
	case 3, 4:
		return strconv.FormatFloat(w.NormFloat64()*1000, 'f', w.IntN(4), 64)
	case 5:
		return w.one("true", "false", "null")
	case 6:
		return w.one("{}", "[]", "{ }", "[ ]")
	case 7:
		return w.list(w.IntN(6), depth)
	}
	return w.object(w.IntN(12), depth)
}

func (w writer) text() string {
	return w.one(`""`, `"a"`, `"Ada Lovelace"`, `"é"`, `"\u00e9\n\"\\\/"`, `"\ud83d\ude00"`, `"😀"`, "\"\u2028\"", `"`+strings.Repeat("long ", w.IntN(80))+`"`)
}

func (w writer) list(n, depth int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString("," + w.space())
		}
		b.WriteString(w.value(depth-1) + w.space())
	}
	return "[" + b.String() + "]"
}

// object writes an object, some of whose names may be the same.
func (w writer) object(n, depth int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString("," + w.space())
		}
		name := `"` + w.one("id", "name", "é", `\u0061`, "", "type") + strconv.Itoa(i) + `"`
		if w.IntN(1000) < w.mistakes {
			name = `"same"`
		}
		b.WriteString(name + w.space() + ":" + w.space() + w.value(depth-1))
	}
	return "{" + b.String() + "}"
}

// loose writes an object with some of the members of loose.
func (w writer) loose() string {
	var all []string
	for name, kind := range members() {
		if w.IntN(4) > 0 {
			continue
		}
		text := w.value(4)
		switch kind {
		case "{":
			text = w.object(w.IntN(20), 4)
		case "{1":
			text = w.object(1+w.IntN(2)*w.IntN(2)*w.IntN(2), 4)
		case "{{":
			text = `{"a":` + w.object(2, 3) + `,"b":` + w.object(1, 3) + "}"
		case "[":
			text = w.list(w.IntN(20), 4)
		case "[2":
			text = w.list(w.IntN(3), 4)
		case "[[":
			text = "[" + w.list(2, 3) + "," + w.list(0, 3) + "]"
		}
		all = append(all, `"`+name+`":`+w.space()+text)
	}
	return w.space() + "{" + strings.Join(all, ",") + "}" + w.space()
}

func TestAnyIsDecodedAsEncodingJSONDoes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	decoded := 0
	for i := range 5_000 {
		if decodeClassic[loose](t, writer{rnd, i % 40}.loose()) {
			decoded++
		}
	}
	assert.Greater(t, decoded, 2_000, "of 5,000")
	for _, text := range []string{`null`, `{}`, `[]`, `""`, `1e3`, ` [ [ ] , { } ] `, `{"a":{"b":[null,true,false]}}`} {
		assert.True(t, decodeClassic[any](t, text), text)
	}
	assert.True(t, decodeClassic[map[string]any](t, `null`))
	assert.True(t, decodeClassic[map[string]int](t, `{"a":1,"b":null}`))
	assert.True(t, decodeClassic[map[label][]string](t, `{"a":["b"],"":null}`))
}

// What encoding/json reads in a way of its own is left to it.
func TestAnyThatIsLeftToEncodingJSON(t *testing.T) {
	for _, text := range []string{
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `"\ud800"`, "\"\xff\"", `1e999`, strings.Repeat("[", 101) + strings.Repeat("]", 101),
		strings.Repeat(`{"a":`, 101) + "1" + strings.Repeat("}", 101), ``, `nul`, `[1,]`, `[1`, `{"a"`, `{"a":1`, `1 2`, `{"a" 1}`, `01`, strings.Repeat("1", 17<<10),
	} {
		assert.False(t, decodeClassic[any](t, text), text)
	}
	assert.True(t, decodeClassic[any](t, strings.Repeat("[", 100)+strings.Repeat("]", 100)))
	assert.False(t, decodeClassic[map[string]int](t, `{"a":1,"a":2}`))
	assert.Nil(t, codec.CompileClassic(reflect.TypeFor[map[word]any]()), "which reads its keys itself")
	assert.Nil(t, codec.CompileClassic(reflect.TypeFor[map[int]any]()))
}

func TestAnyIsDecodedAndCheckedAsTheLibraryDoes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	decoded := 0
	for i := range 5_000 {
		if decode[loose](t, writer{rnd, i % 40}.loose()) {
			decoded++
		}
	}
	assert.Greater(t, decoded, 2_000, "of 5,000")
}

// A value that turns out to be wrong takes no more than the memory that its text is
// allowed, and by the rules of encoding/json no more than what encoding/json makes of a
// valid one.
func TestAnyIsBoundedInMemory(t *testing.T) {
	const least = 128 << 10
	_, typed := decoderOf[[]any](t)
	classic := codec.CompileClassic(reflect.TypeFor[[]any]())
	for name, item := range map[string]string{
		"maps of one": `{"":0}`, "empty maps": `{}`, "empty lists": `[]`, "lists of one": `[1]`, "numbers": `1.5`, "texts": `"abc"`,
		"deep": strings.Repeat("[", 90) + strings.Repeat("]", 90), "large maps": writer{rand.New(rand.NewPCG(9, 9)), 0}.object(500, 0),
	} {
		text := []byte("[" + strings.Repeat(item+",", least/len(item)) + item + "x")
		taken := func(decode func(b *codec.Buffer, all *[]any) bool) float64 {
			b := codec.NewBuffer()
			b.Write(text)
			var all []any
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			assert.False(t, decode(b, &all))
			runtime.ReadMemStats(&after)
			return float64(after.TotalAlloc-before.TotalAlloc) / float64(len(text))
		}
		assert.Less(t, taken(func(b *codec.Buffer, all *[]any) bool { return b.Decode(typed, all, jsontype.Options(false, false)) }), 18.0, name)
		assert.Less(t, taken(func(b *codec.Buffer, all *[]any) bool { return b.DecodeClassic(classic, all) }), 80.0, name)
	}
	// Nor does a long text of what is usual run out of it, and one of the smallest is left early.
	for text, want := range map[string]bool{
		`{"name":"sold","at":1700000000,"data":{"sku":"ENGINE-1","price":12.5,"tags":["new","eu"]}}`: true,
		`{}`: false,
	} {
		b := codec.NewBuffer()
		b.WriteString("[" + strings.Repeat(text+",", 3*least/len(text)) + text + "]")
		var all []any
		allocated := testing.AllocsPerRun(1, func() {
			all = nil
			assert.Equal(t, want, b.Decode(typed, &all, jsontype.Options(false, false)))
		})
		if !want {
			assert.Less(t, allocated, 10_000.0, "of %d maps", b.Len()/3)
		}
	}
}

// Lists and objects are made once, at their length, and names and short texts share memory.
func TestAnyAllocatesHalfOfWhatEncodingJSONDoes(t *testing.T) {
	text := []byte(`{"id":"in_1","amount":12.5,"paid":true,"reason":null,"customer":{"name":"Ada","email":"ada@example.com"},` +
		`"lines":[{"sku":"ENGINE-1","price":12.5},{"sku":"CARD-100","price":0.25},{"sku":"CARD-200","price":0.5}],"tags":["new","eu"]}`)
	decoder := codec.CompileClassic(reflect.TypeFor[any]())
	b := codec.NewBuffer()
	defer b.Release()
	b.Write(text)
	ours := testing.AllocsPerRun(100, func() {
		var x any
		require.True(t, b.DecodeClassic(decoder, &x))
	})
	theirs := testing.AllocsPerRun(100, func() {
		var x any
		require.NoError(t, json.Unmarshal(text, &x))
	})
	assert.LessOrEqual(t, ours, theirs/2)
}

func FuzzAny(f *testing.F) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for i := range 50 {
		f.Add(writer{rnd, i % 40}.value(4))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if decodeClassic[any](t, text) {
			require.True(t, json.Valid([]byte(text)))
		}
		decode[[]any](t, "["+text+"]")
		decode[loose](t, `{"any":`+text+`}`)
		decodeClassic[loose](t, `{"map":`+text+`,"list":[`+text+`]}`)
	})
}

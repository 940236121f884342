package codec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
)

// An opt is absent, null or a value.
type opt[T any] struct {
	value T
	state byte
}

func (o *opt[T]) ValuePointer(set bool) any {
	if set {
		o.state = 2
	}
	if o.state != 2 {
		return nil
	}
	return &o.value
}

func (o opt[T]) IsZero() bool { return o.state == 0 }

func (o opt[T]) MarshalJSONTo(enc *jsontext.Encoder) error {
	if o.state != 2 {
		return enc.WriteToken(jsontext.Null)
	}
	return jsonv2.MarshalEncode(enc, &o.value)
}

func (o *opt[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == 'n' {
		*o = opt[T]{state: 1}
		_, err := dec.ReadToken()
		return err
	}
	o.state = 2
	return jsonv2.UnmarshalDecode(dec, &o.value)
}

type word string

func (w *word) UnmarshalText(text []byte) error {
	if strings.ToLower(string(text)) != string(text) {
		return fmt.Errorf("%s isn't in lower case", text)
	}
	*w = word(text)
	return nil
}

func (w word) MarshalText() ([]byte, error) { return []byte(w), nil }

type label string

type point struct{ X, Y int }

func (p point) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "[%d,%d]", p.X, p.Y), nil }

func (p *point) UnmarshalJSON(text []byte) error {
	var xy [2]int
	if err := json.Unmarshal(text, &xy); err != nil {
		return err
	}
	p.X, p.Y = xy[0], xy[1]
	return nil
}

type base struct {
	ID int64 `json:"id" minimum:"1"`
}

// Base is embedded by a pointer.
type Base struct{ ID int }

type everything struct {
	base
	S     string          `json:"s" minLength:"1" maxLength:"300"`
	B     bool            `json:"b,omitzero"`
	I     int8            `json:"i" default:"7"`
	U     uint16          `json:"u,omitempty,omitzero" multipleOf:"2"`
	F     float64         `json:"f,omitzero" maximum:"1e300"`
	G     float32         `json:"g,omitzero"`
	T     time.Time       `json:"t,omitzero"`
	D     time.Duration   `json:"d,omitzero"`
	W     word            `json:"w,omitzero" pattern:"^[a-zA-Z]*$"`
	P     *string         `json:"p,omitempty" default:"\u00e9"`
	O     opt[int]        `json:"o,omitzero"`
	Q     opt[*base]      `json:"q,omitzero"`
	L     []string        `json:"l,omitempty" maxItems:"3"`
	N     []int           `json:"n" minItems:"1" default:"1,2"`
	M     map[string]int  `json:"m,omitempty"`
	E     map[label]*base `json:"e,omitempty" minProperties:"1" maxProperties:"2"`
	Any   any             `json:"any,omitempty"`
	Point point           `json:"point,omitzero"`
	Bytes []byte          `json:"bytes,omitempty"`
	Self  *everything     `json:"self,omitzero"`
}

func hasJSON(t reflect.Type) bool {
	c := typeschema.Compiler{Output: true}
	c.Schema(t)
	return c.Finish() == nil
}

// encode returns the JSON of a value by our encoder, and by the JSON library.
func encode[T any](t *testing.T, value T) (ours, theirs string) {
	t.Helper()
	options := jsontype.Options(true, true)
	b := codec.NewBuffer()
	defer b.Release()
	err := b.AppendJSON(&value, codec.CompileEncoder(reflect.TypeFor[T](), codec.Omission{Tag: "writeOnly"}, hasJSON), options)
	text, theirErr := jsonv2.Marshal(&value, options)
	require.Equal(t, theirErr == nil, err == nil, "%v, %v", err, theirErr)
	if err != nil {
		assert.Zero(t, b.Len(), "what is there of an error")
		text = nil
	}
	return b.String(), string(text)
}

func requireEncoded[T any](t *testing.T, value T) {
	t.Helper()
	ours, theirs := encode(t, value)
	require.Equal(t, theirs, ours, "%T", value)
}

type zeroer interface{ IsZero() bool }

func TestValuesAreEncodedAsTheLibraryDoes(t *testing.T) {
	start := time.Unix(1, 0).UTC()
	text := "é\"\\\u2028<a>\x00"
	whole := everything{S: text, I: -3, F: 1e21, G: 0.1, T: time.Unix(1, 5).UTC(), D: time.Hour, W: "w", P: &text, N: []int{}, M: map[string]int{"b": 1, "a": 2}, Any: []any{1, nil, map[string]any{}}, Bytes: []byte("abc")}
	whole.O.ValuePointer(true)
	whole.Self = &everything{Any: &whole.base, Point: point{1, 2}}
	requireEncoded(t, whole)
	requireEncoded(t, &whole)
	requireEncoded(t, []*everything{&whole, nil})
	requireEncoded(t, struct{}{})
	requireEncoded(t, (*int)(nil))
	requireEncoded(t, []int(nil))
	requireEncoded(t, [2]bool{true})
	requireEncoded(t, [3]byte{1})
	requireEncoded(t, map[int8]string{-1: "a", 2: "b"})
	requireEncoded(t, map[uint8]opt[int]{1: {}, 20: {state: 2}})
	requireEncoded(t, map[word]any{"b": 1, "a": point{}})
	requireEncoded(t, map[time.Duration]int{time.Second: 1})
	requireEncoded(t, map[float64]int{1.5: 1})
	requireEncoded(t, any(nil))
	requireEncoded(t, []any{time.Now(), time.Minute, big.NewInt(5), netip.MustParseAddr("::1"), (*base)(nil), &base{1}, point{1, 2}, func() any { s := "x"; return &s }()})
	requireEncoded(t, []fmt.Stringer{time.Second})
	requireEncoded(t, struct {
		A int   `json:",string"`
		B *int8 `json:",string"`
		C []int `json:",omitempty"`
		D struct {
			E string `json:",omitempty"`
		} `json:",omitempty"` //nolint:modernize // which omits an object without members
		F any            `json:",omitempty"`
		G time.Time      `json:",omitzero"`
		H *time.Time     `json:",omitzero"`
		I *time.Time     `json:",omitzero"`
		J zeroer         `json:",omitzero"`
		K zeroer         `json:",omitzero"`
		L zeroer         `json:",omitzero"`
		R map[string]int `json:",embed"`
	}{R: map[string]int{"x": 1}, H: new(time.Time), J: (*time.Time)(nil), K: time.Time{}, L: &start})
	requireEncoded(t, struct {
		A int            `json:"a"`
		R jsontext.Value `json:",embed"`
	}{R: jsontext.Value(`{"b":[1]}`)})
	requireEncoded(t, struct {
		R map[string]int `json:",embed"`
	}{R: map[string]int{}})
	requireEncoded(t, struct {
		*base
		Z int `json:"'z'"`
	}{})
	requireEncoded(t, struct{ *base }{&base{3}})
}

func TestNumbersAreEncodedAsTheLibraryDoes(t *testing.T) {
	for _, f := range []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e-6, 9.9e-7, 1e-7, 1e15, 1e15 - 1, 1e20, 1e21, 1e22, 1.5e300, 5e-324, math.MaxFloat64, 1 << 53, 123456.789} {
		requireEncoded(t, []float64{f, -f})
		requireEncoded(t, []float32{float32(min(f, math.MaxFloat32))})
	}
}

func TestDecimalsAndTheirNeighboursAreEncodedAsTheLibraryDoes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var all []float64
	for range 20_000 {
		digits := rnd.Int64N(int64(math.Pow10(1 + rnd.IntN(17))))
		f := float64(digits) / math.Pow10(rnd.IntN(9))
		all = append(all, f, -f, math.Nextafter(f, math.Inf(1)), math.Nextafter(f, 0), math.Float64frombits(rnd.Uint64()))
	}
	requireEncoded(t, slices.DeleteFunc(all, func(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }))
	few := make([]float32, 0, len(all))
	for _, f := range all {
		if !math.IsInf(float64(float32(f)), 0) && !math.IsNaN(f) {
			few = append(few, float32(f))
		}
	}
	requireEncoded(t, few)
}

// Long values leave no memory that grows from little for the next one, and short ones
// that follow don't go on taking as much.
func TestLongValuesBeginWithTheMemoryOfTheLast(t *testing.T) {
	long, short := strings.Split(strings.Repeat("abcdefg,", 100_000), ","), []string{"a"}
	encoder := codec.CompileEncoder(reflect.TypeFor[[]string](), codec.Omission{Tag: "writeOnly"}, hasJSON)
	bytesOf := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	bytesFor := func(value []string) uint64 {
		return bytesOf(func() {
			b := codec.NewBuffer()
			require.NoError(t, b.AppendJSON(&value, encoder, jsontype.Options(false, false)))
			b.Release()
		})
	}
	const length = 1_000_000
	once := bytesOf(func() { new(bytes.Buffer).Grow(length + length/8) }) // which is twice that under the race detector
	bytesFor(long)
	assert.Less(t, bytesFor(long), once+once/8)
	sum := uint64(0)
	for range 20 {
		sum += bytesFor(short)
	}
	assert.Less(t, sum, 2*once+once/4)
	assert.Less(t, bytesFor(short), uint64(64<<10))
}

func TestErrorsOfEncodingAreTheLibrarys(t *testing.T) {
	loop := everything{S: "a"}
	loop.Self = &loop
	encode(t, loop)
	encode(t, "\xff")
	encode(t, math.NaN())
	encode(t, []any{func() {}})
	encode(t, map[string]string{"a": "\xff"})
	encode(t, map[string]string{"\xff": ""})
	encode(t, struct {
		A int            `json:"a"`
		R map[string]int `json:",embed"`
	}{R: map[string]int{"a": 1}})
	encode(t, struct {
		R jsontext.Value `json:",embed"`
	}{R: jsontext.Value(`[]`)})
	var deep any
	for range 600 {
		deep = []any{deep}
	}
	requireEncoded(t, deep)
}

// compiled has the check of each type, and its decoders.
var compiled sync.Map

type compiledDecoder struct {
	check   *check.Check
	decoder codec.Decoder
}

// decoderOf returns a type's check, and the decoder of what it accepts.
func decoderOf[T any](t *testing.T) (*check.Check, codec.Decoder) {
	t.Helper()
	if known, ok := compiled.Load(reflect.TypeFor[T]()); ok {
		d := known.(compiledDecoder)
		return d.check, d.decoder
	}
	var c typeschema.Compiler
	s := c.Schema(reflect.TypeFor[T]())
	require.NoError(t, c.Finish())
	k, err := check.Compile(s)
	require.NoError(t, err)
	decoder := codec.CompileDecoder(reflect.TypeFor[T](), k)
	require.NotNil(t, decoder)
	compiled.Store(reflect.TypeFor[T](), compiledDecoder{k, decoder})
	return k, decoder
}

// decode decodes a text by our decoder, and by the JSON library and the check.
func decode[T any](t *testing.T, text string) (ok bool) {
	t.Helper()
	k, decoder := decoderOf[T](t)
	options := jsontype.Options(true, true)
	b := codec.NewBuffer()
	defer b.Release()
	b.WriteString(text)
	var ours, theirs T
	ok = b.Decode(decoder, &ours, options)
	var checker check.Checker
	right := jsontext.Value(text).IsValid() && len(checker.Check(k, []byte(text))) == 0
	if right {
		edited, _ := checker.Edited()
		right = jsonv2.Unmarshal(edited, &theirs, options) == nil
	}
	if ok {
		require.True(t, right, "%s mustn't be decoded as a %T", text, ours)
		require.Equal(t, theirs, ours, text)
	}
	return ok
}

func TestValuesAreDecodedAsTheLibraryDoes(t *testing.T) {
	for _, text := range []string{
		`{"id":1,"s":"a"}`,
		` { "id" : 1 , "s" : "a\n\u00e9\ud83d\ude00" , "i" : -8 } `,
		`{"s":"é","id":9007199254740993,"b":true,"i":127,"u":65534,"f":-1.5,"g":0.1,"t":"2006-01-02T15:04:05Z","d":"1h","w":"abc","p":"q","o":5,"q":{"id":2}}`,
		`{"id":1,"s":"a","b":false,"t":"2016-12-31t23:59:60z"}`,
		`{"id":1,"s":"a","f":1e3,"i":1e1,"u":2}`,
		`{"id":1,"s":"a","f":0.1234567890123456789}`,
		`{"id":1,"s":"a","p":null,"o":null,"q":null,"self":null}`,
		`{"id":1,"s":"a","l":["a","b","c"],"n":[],"m":{"a":1},"any":{"b":[]},"point":[1,2],"bytes":"YWJj"}`,
		`{"id":1,"s":"a","l":[],"n":[1,2,3,4,5,6,7,8,9]}`,
		`{"id":1,"s":"a","self":{"id":2,"s":"b","self":{"id":3,"s":"c"}}}`,
		`{"id":1,"s":"` + strings.Repeat("x", 300) + `"}`,
	} {
		decode[everything](t, text)
	}
	assert.True(t, decode[everything](t, `{"id":1,"s":"a","n":[1],"q":{"id":7},"l":["é","\t"],"point":[3,4],"any":1}`))
	assert.True(t, decode[[]base](t, `[{"id":1},{"id":2},{"id":3},{"id":4},{"id":5},{"id":6},{"id":7}]`))
	assert.True(t, decode[[]float32](t, `[0.1,1,-2.5]`))
	assert.True(t, decode[[]*int](t, `[1,null]`))
	assert.True(t, decode[[]bool](t, `[true,false]`))
	assert.True(t, decode[[][]uint](t, `[[],[1,2]]`))
	assert.True(t, decode[map[string]int](t, ` { } `))
	assert.True(t, decode[map[string]int](t, `{"":0,"a":1,"\u00e9" : 2 , "é2":3}`))
	assert.True(t, decode[map[label]map[string][]base](t, `{"a":{"b":[{"id":1}],"c":[]},"d":{}}`))
	assert.True(t, decode[everything](t, `{"id":1,"s":"a","m":{"x":1,"y":2},"e":{"a":null,"b":{"id":3}}}`))
}

func TestWhatIsWrongIsNotDecoded(t *testing.T) {
	for _, text := range []string{
		``, `{`, `{}`, `[]`, `null`, `1`, `{"id":1}`, `{"id":0,"s":"a"}`, `{"id":1,"s":""}`, `{"id":1,"s":"a"}}`, `{"id":1,"s":"a",}`, `{"id":1 "s":"a"}`,
		`{"id":1,"id":1,"s":"a"}`, `{"id":1,"S":"a"}`, `{"id":1,"s":"a","x":1}`, `{"id":01,"s":"a"}`, `{"id":-,"s":"a"}`, `{"id":1.,"s":"a"}`, `{"id":1.5,"s":"a"}`, `{"id":1e,"s":"a"}`,
		`{"id":-0,"s":"a"}`, `{"id":1,"s":"a` + "\x01" + `"}`, `{"id":1,"s":"\ud800"}`, `{"id":1,"s":"` + "\xff" + `"}`, `{"id":1,"s":"a\`, `{"id":1,"s":"a`, `{"id":1,"s":1}`, `{"id":1,"s":"a","b":tru}`,
		`{"id":1,"s":"a","b":null}`, `{"id":1,"s":"a","i":128}`, `{"id":1,"s":"a","i":-129}`, `{"id":1,"s":"a","u":-2}`, `{"id":1,"s":"a","u":3}`, `{"id":1,"s":"a","u":65536}`, `{"id":1,"s":"a","g":1e39}`,
		`{"id":1,"s":"a","t":"x"}`, `{"id":1,"s":"a","d":"x"}`, `{"id":1,"s":"a","w":"X"}`, `{"id":1,"s":"a","l":["a","b","c","d"]}`, `{"id":1,"s":"a","l":["a" "b"]}`, `{"id":1,"s":"a","n":[]}`, `{"id":1,"s":"a","l":{}}`,
		`{"id":1,"s":"a","self":{}}`, `{"id":1,"s":"a","m":{"a":"b"}}`, `{"id":1,"s":"a","m":{"a":1`, `{"id":1,"s":"a","m":{"a`, `{"id":1,"s":"a","any":]}`, `{"id":1,"s":"a","any":"\u12`, `{"id":1,"s":"a","point":{}}`, `{"id":1:"s"}`, `{1:2}`,
		`{"id":1,"s":"a","any":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`,
		`{"id":123456789012345678901234567890,"s":"a"}`,
		`{"id":1,"s":"a","m":{"a":1,"a":1}}`, `{"id":1,"s":"a","m":{"a":1,"\u0061":2}}`, `{"id":1,"s":"a","m":{"a":1,}}`, `{"id":1,"s":"a","m":{"a" 1}}`, `{"id":1,"s":"a","m":{a:1}}`, `{"id":1,"s":"a","m":null}`,
		`{"id":1,"s":"a","m":[]}`, `{"id":1,"s":"a","e":{}}`, `{"id":1,"s":"a","e":{"a":null,"b":null,"c":null}}`, `{"id":1,"s":"a","e":{"a":{}}}`, `{"id":1,"s":"a","m":{"` + "\xff" + `":1}}`,
	} {
		assert.False(t, decode[everything](t, text), text)
	}
	assert.False(t, decode[[]string](t, strings.Repeat("[", 200)))
	nested := strings.Repeat(`{"id":1,"s":"a","self":`, 120) + "null" + strings.Repeat("}", 120)
	assert.False(t, decode[everything](t, nested), "too deep")
	type tree map[string]tree
	assert.False(t, decode[tree](t, strings.Repeat(`{"a":`, 120)+"{}"+strings.Repeat("}", 120)), "too deep")
}

func TestTypesThatOnlyTheLibraryDecodes(t *testing.T) {
	for _, of := range []reflect.Type{
		reflect.TypeFor[point](), reflect.TypeFor[map[word]any](), reflect.TypeFor[map[word]int](), reflect.TypeFor[map[int]int](), reflect.TypeFor[[2]int](),
		reflect.TypeFor[struct {
			A int `json:",string"`
		}](),
		reflect.TypeFor[struct {
			R map[string]int `json:",embed"`
		}](),
		reflect.TypeFor[struct{ *Base }](),
	} {
		var c typeschema.Compiler
		k, err := check.Compile(c.Schema(of))
		require.NoError(t, err)
		require.NoError(t, c.Finish())
		assert.Nil(t, codec.CompileDecoder(of, k), of)
	}
	assert.Nil(t, codec.CompileDecoder(reflect.TypeFor[int](), nil))
	assert.Nil(t, codec.CompileEncoder(reflect.TypeFor[point](), codec.Omission{Tag: "writeOnly"}, hasJSON))
}

func TestLongDefaultsAreLeftToTheLibrary(t *testing.T) {
	type long struct {
		A string `json:"a" default:"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"`
	}
	assert.True(t, decode[[]long](t, "["+strings.Repeat("{},", 100)+"{}]"))
	assert.False(t, decode[[]long](t, "["+strings.Repeat("{},", 1000)+"{}]"))
}

func TestBuffersAreKeptUpToASize(t *testing.T) {
	b := codec.NewBuffer()
	require.NoError(t, b.JSON.Encode("<"))
	assert.Equal(t, "\"\\u003c\"\n", b.String())
	b.Grow(2 * codec.MaxKept)
	b.Release() // for the collector
	b = codec.NewBuffer()
	assert.Zero(t, b.Len())
	b.Release()
}

func FuzzDecoder(f *testing.F) {
	f.Add(`{"id":1,"s":"a","n":[1],"q":{"id":7},"l":["é","\t"],"point":[3,4],"any":1}`)
	f.Add(` { "id" : 1 , "s" : "a\n\u00e9\ud83d\ude00" , "i" : -8 } `)
	f.Add(`{"id":1,"s":"a","f":1e3,"i":1e1,"u":2,"t":"2016-12-31t23:59:60z"}`)
	f.Add(`{"id":1,"s":"a","m":{"a":1,"b":2},"e":{"a":null,"b":{"id":3}}}`)
	f.Add(`{"id":1,"s":"a","self":{"id":2,"s":"b","m":{"a":1}}}`)
	f.Fuzz(func(t *testing.T, text string) { decode[everything](t, text) })
}

func FuzzEncoder(f *testing.F) {
	f.Add("a", 1.5, int64(7), []byte("x"), true)
	f.Add("\xff\u2028", -1e21, int64(-1), []byte(nil), false)
	f.Fuzz(func(t *testing.T, s string, n float64, i int64, raw []byte, set bool) {
		v := everything{base: base{i}, S: s, F: n, G: float32(n), D: time.Duration(i), Any: map[string]any{s: n}, Bytes: raw, M: map[string]int{s: int(i)}}
		if set {
			v.O.ValuePointer(true)
			v.P = &s
		}
		requireEncoded(t, v)
	})
}

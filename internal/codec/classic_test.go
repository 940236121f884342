package codec_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/codec"
)

// older has what encoding/json reads in its own way.
type older struct {
	Base
	Name    string          `json:"name"`
	Word    word            `json:"word,omitempty" minLength:"3"`
	Small   int8            `json:"small"`
	Natural uint16          `json:"natural" default:"5"`
	Float   float64         `json:"float"`
	Single  float32         `json:"single"`
	Yes     bool            `json:"yes"`
	At      time.Time       `json:"at"`
	Lasts   time.Duration   `json:"lasts"`
	Address netip.Addr      `json:"address"`
	Number  json.Number     `json:"number"`
	Raw     json.RawMessage `json:"raw"`
	Bytes   []byte          `json:"bytes"`
	Texts   []string        `json:"texts"`
	Self    *older          `json:"self"`
	Others  []older         `json:"others"`
	Map     map[string]int  `json:"map"`
	Any     any             `json:"any"`
	Array   [2]int          `json:"array"`
	Untold  int
	Ignored int `json:"-"`
}

// decodeClassic decodes a text by our decoder and by encoding/json.
func decodeClassic[T any](t *testing.T, text string) (ok bool) {
	t.Helper()
	decoder := codec.CompileClassic(reflect.TypeFor[T]())
	require.NotNil(t, decoder)
	b := codec.NewBuffer()
	defer b.Release()
	b.WriteString(text)
	var ours, theirs T
	if ok = b.DecodeClassic(decoder, &ours); ok {
		require.NoError(t, json.Unmarshal([]byte(text), &theirs), text)
		require.Equal(t, theirs, ours, text)
	}
	return ok
}

// parts are members of the right form, of the wrong one, and neither here nor there.
var parts = []string{
	`"ID":7`, `"ID":-0`, `"id":7`, `"name":"a"`, `"name":"é\n\u00e9\ud83d\ude00"`, `"name":null`, `"word":"x"`, `"small":-128`, `"natural":65535`, `"natural":null`,
	`"float":1.5`, `"float":-0`, `"float":1e300`, `"float":0.1234567890123456789`, `"single":0.1`, `"yes":true`, `"yes":false`, `"yes":null`,
	`"at":"2026-11-01T12:00:00.5+01:00"`, `"at":null`, `"lasts":5`, `"address":"2001:db8::1"`, `"address":""`, `"address":null`, `"number":1.50`, `"number":"2"`,
	`"raw":{"a":[1, 2]}`, `"bytes":"YWJj"`, `"bytes":[1,2]`, `"texts":[]`, `"texts":["a",null,"b"]`, `"texts":null`,
	`"self":null`, `"self":{"name":"b","self":{"small":1}}`, `"others":[{},{"name":"c"},null]`, `"map":{"a":1}`, `"map":null`, `"any":{"a":[1,null]}`, `"array":[1]`,
	`"Untold":3`, `"Ignored":3`, `"other":{"name":[true]}`, `"other": "x" `,
	// What encoding/json reads otherwise, or refuses.
	`"Name":"a"`, `"NAME":"a"`, `"untold":3`, `"ſmall":1`, `"name":"\ud800"`, "\"name\":\"\xff\"", `"name":1`, `"small":128`, `"small":1.0`, `"natural":-1`, `"single":1e39`,
	`"at":"x"`, `"at":"2026-11-01T12:00:00\u005a"`, `"at":5`, `"lasts":"1s"`, `"address":"x"`, `"number":"x"`, `"bytes":"?"`, `"texts":{}`, `"self":[]`, `"map":{"a":"b"}`,
	`"other":{"a":}`, `"other":[`, `"other":`, `"yes":trueish`, `"name":nullish`, `"\u006eame":"a"`, `"name"`, `name:1`, `"id":01`,
}

func TestBodiesAreDecodedAsEncodingJSONDoes(t *testing.T) {
	decoded := 0
	for _, part := range parts {
		if decodeClassic[older](t, `{`+part+`}`) {
			decoded++
		}
	}
	assert.Greater(t, decoded, 40, "members of the right form")
	rnd := rand.New(rand.NewPCG(1, 2))
	decoded = 0
	for range 20_000 {
		some := make([]string, rnd.IntN(5))
		for i := range some {
			some[i] = parts[rnd.IntN(len(parts))]
		}
		text := "{" + strings.Join(some, []string{",", " , ", ",\n\t", ";"}[max(0, rnd.IntN(40)-36)]) + []string{"}", "}\n", "", "}}"}[max(0, rnd.IntN(80)-76)]
		if decodeClassic[older](t, text) {
			decoded++
		}
	}
	assert.Greater(t, decoded, 1_000, "of 20,000")
	for _, text := range []string{`null`, `[]`, `[null,{"ID":1}]`, `[{"ID":1},{"ID":2},{"ID":3},{"ID":4},{"ID":5},{"ID":6}]`, ` [ ] `} {
		assert.True(t, decodeClassic[[]older](t, text), text)
		assert.True(t, decodeClassic[[]*older](t, text), text)
	}
	assert.True(t, decodeClassic[[][]uint](t, `[[],[1,2],null]`))
	assert.False(t, decodeClassic[older](t, strings.Repeat(`{"self":`, 120)+"null"+strings.Repeat("}", 120)), "too deep")
}

func TestTypesThatOnlyEncodingJSONDecodes(t *testing.T) {
	for _, of := range []reflect.Type{
		reflect.TypeFor[fmt.Stringer](), reflect.TypeFor[map[int]int](), reflect.TypeFor[[2]int](), reflect.TypeFor[[]byte](), reflect.TypeFor[json.Number](),
		reflect.TypeFor[json.RawMessage](), reflect.TypeFor[opt[int]](), reflect.TypeFor[struct{ *Base }](), reflect.TypeFor[func()](),
		reflect.TypeFor[struct {
			A int `json:",string"`
		}](),
		reflect.TypeFor[struct {
			A int `json:"é"`
		}](),
	} {
		assert.Nil(t, codec.CompileClassic(of), of)
	}
}

func FuzzClassicDecoder(f *testing.F) {
	f.Add("{" + strings.Join(parts[:20], ",") + "}")
	for _, part := range parts {
		f.Add(`{` + part + `}`)
	}
	f.Fuzz(func(t *testing.T, text string) { decodeClassic[older](t, text) })
}

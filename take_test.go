package tigertonic_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A codecsBody is a fuzzedBody that the codec decodes as a whole, for it has an
// option of the codec's.
type codecsBody struct {
	fuzzedBody

	Codec int `json:"codec,string,omitzero"`
}

// fuzzedNames are members of a fuzzedBody, of all types.
func fuzzedNames() []string {
	return []string{"name", "count", "small", "big", "price", "single", "flags", "nested", "kids", "opt", "opts", "addr", "any", "raw", "array", "quoted", "at", "wait", "default"}
}

// oddBodies are written in ways that take care to read, as these members.
func oddBodies(names ...string) []string {
	values := []string{
		`0`, `-0`, `-`, `01`, `-01`, `1.`, `.5`, `+1`, `1.0`, `1.5`, `-1.5e3`, `1e`, `1e5`, `1E+2`, `0.1e-7`, `1..2`, `1.2.3`, `--1`, `0x1`, `1_0`, `Infinity`, `NaN`,
		`127`, `128`, `-128`, `-129`, `255`, `999999999999999999`, `9999999999999999999`, `9223372036854775807`, `9223372036854775808`, `18446744073709551616`,
		`0.3`, `0.30000000000000004`, `9007199254740993`, `9007199254740993.5`, `16777217`, `0.000001`, `123456789.123456789`, `3.4028236e38`, `1e400`, `5e-324`, `1e-400`,
		`""`, `"`, `"a`, `"a\`, `"a\"`, `"\"\\\/\b\f\n\r\t"`, `"\x"`, `"\u12"`, `"\u0000"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00\ud83d"`, "\"\x1f\"", "\"\x7f\"", "\"\xff\"", "\"\xed\xa0\x80\"", `"é<>&"`, "\"\u2028\"",
		`true`, `tru`, `truee`, `false`, `False`, `null`, `nul`, `nulls`, `[]`, `[ ]`, `[,]`, `[1,]`, `[1 2]`, `[[1],[ 2 ] ]`, `[true,false,null]`, `[`, `[1`, `]`, `[1}`,
		`{}`, `{ }`, `{,}`, `{"x":1,}`, `{"x":1 "y":2}`, `{"x"}`, `{"x":}`, `{"x":1,"y":0,"x":2}`, `{"x":1,"\u0078":2}`, `{"\u0078":1,"y":0}`, `{"X":1}`, `{"x":1`, `{"x":1]`, `{'x':1}`,
		strings.Repeat("[", 200) + strings.Repeat("]", 200), strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001),
		strings.Repeat(`{"name":"a","kids":[`, 99) + strings.Repeat(`]}`, 99), strings.Repeat(`{"name":"a","kids":[`, 101) + strings.Repeat(`]}`, 101),
		`"` + strings.Repeat("long ", 60) + `"`, `["` + strings.Repeat("a", 17<<10) + `"]`, `"2020-02-29T00:00:00Z"`, `"1h"`, `"QUI="`,
	}
	bodies := []string{` { "name" : "a" } `, "\t{\n\"name\"\r:\"a\"}\n", `{"name":"a"}{}`, `{"name":"a"},`, "{\"name\":\"a\"}\x00", "\ufeff{\"name\":\"a\"}", `{"kind":"x","name":"a"}`}
	for _, value := range values {
		for _, name := range names {
			bodies = append(bodies, `{"name":"a","`+name+`":`+value+`}`, `{"`+name+`" : `+value+` , "name":"b"}`)
		}
	}
	return bodies
}

// Most bodies are read in one pass. What comes of one must be what the codec would
// have made of it, to the last byte of the response, whether it is right or wrong.
func TestBodyIsReadAsTheCodecReadsIt(t *testing.T) {
	ours, codecs := echoed[fuzzedBody](), echoed[codecsBody]()
	taken := 0
	for _, body := range append(fuzzedBodies(), oddBodies(fuzzedNames()...)...) {
		got, want := postJSON(t, ours, "/", body), postJSON(t, codecs, "/", body)
		require.Equal(t, want.Code, got.Code, "%.300q", body)
		require.Equal(t, want.Body.String(), got.Body.String(), "%.300q", body)
		if got.Code == 200 {
			taken++
		}
	}
	assert.Greater(t, taken, 300)
}

type withDefaults struct {
	Text  string                 `json:"text" default:"é\"x"`
	Count int64                  `json:"count" default:"9223372036854775807"`
	Inner innerDefaults          `json:"inner" default:"{\"list\":[1,2]}"`
	List  []innerDefaults        `json:"list" default:"[{},{\"name\":\"b\"}]"`
	Wait  time.Duration          `json:"wait" default:"90s"`
	Opt   tigertonic.Opt[string] `json:"opt" default:"o"`
	Float *float32               `json:"float" default:"0.1"`
	Never int                    `json:"-"`
	embeddedDefaults
}

type embeddedDefaults struct {
	Deep *embeddedDefaults `json:"deep,omitempty"`
	Kind int               `json:"kind" enum:"1,2" default:"2"`
	Step float64           `json:"step" multipleOf:"0.25" maximum:"1e30" default:"0.5"`
	Fine float64           `json:"fine" multipleOf:"0.12345678901234567890" default:"0"`
}

type innerDefaults struct {
	Name string `json:"name" default:"a"`
	List []int  `json:"list,omitempty"`
}

type codecsDefaults struct {
	withDefaults

	Codec int `json:"codec,string,omitzero"`
}

func TestDefaultsAreThoseOfTheCodec(t *testing.T) {
	ours, codecs := echoed[withDefaults](), echoed[codecsDefaults]()
	for _, body := range []string{
		`{}`, `{"text":"","count":0}`, `{"inner":{}}`, `{"inner":{"name":"c","list":[]}}`, `{"list":[]}`, `{"list":[{},{},{"list":[3]}]}`,
		`{"wait":"1s","opt":null,"float":null}`, `{"opt":"","float":1}`, `{"kind":1,"step":-1.75,"fine":0}`, `{"kind":1.0,"step":1e3,"deep":{}}`, `{"deep":{"deep":null,"step":2e0}}`, `{"list":[` + strings.Repeat("{},", 15_000) + `{}]}`,
	} {
		got, want := postJSON(t, ours, "/", body), postJSON(t, codecs, "/", body)
		assert.Equal(t, 200, got.Code, "%.300q: %.300s", body, got.Body)
		assert.Equal(t, want.Body.String(), got.Body.String(), "%.300q", body)
	}
}

// Strings that bodies have had are kept, but not what they are parts of: another
// request's body can't show in what this one's handler has.
func TestStringsOfBodiesAreTheirOwn(t *testing.T) {
	type texts struct {
		A, B string
		Raw  []string
	}
	var kept []texts
	h := tigertonic.Typed(func(_ context.Context, in *texts) (*struct{}, error) {
		kept = append(kept, *in)
		return nil, nil
	})
	long := strings.Repeat("x", 300)
	for _, text := range []string{"a", "b", "é", `\u0061`, `\n`, long, long + "y", "a"} {
		w := postJSON(t, h, "/", `{"A":"`+text+`","B":"b`+text+`","Raw":["`+text+`"]}`)
		require.Equal(t, 204, w.Code, "%s", w.Body)
	}
	for i, want := range []string{"a", "b", "é", "a", "\n", long, long + "y", "a"} {
		assert.Equal(t, texts{want, "b" + want, []string{want}}, kept[i])
	}
}

// Of too many items no more is kept than of as many as there may be.
func TestTooManyItemsTakeNoMemory(t *testing.T) {
	type wide struct {
		Numbers [64]int `json:"numbers,omitzero"`
	}
	h := tigertonic.Typed(func(_ context.Context, _ *struct {
		Body struct {
			Items []wide `json:"items" maxItems:"4"`
		} `body:""`
	},
	) (*struct{}, error) {
		return nil, nil
	})
	body := `{"items":[` + strings.Repeat("{},", 20_000) + `{}]}`
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := postJSON(t, h, "/", body)
	runtime.ReadMemStats(&after)
	assert.Equal(t, 422, w.Code)
	assert.Contains(t, w.Body.String(), `{"pointer":"/items","keyword":"maxItems","limit":4,"detail":"must have at most 4 items"}`)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20), "bytes, where the items would be 10 MB")
}

package tigertonic_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// What handlers return is encoded by functions made for its type, with the codec
// as the oracle: the bytes must be the same, and errors be errors.

// codecText returns what the codec makes of a value.
func codecText(value any) ([]byte, error) {
	return jsonv2.Marshal(value, jsonv2.Deterministic(true), jsonv2.WithMarshalers(
		jsonv2.MarshalToFunc(func(enc *jsontext.Encoder, d time.Duration) error {
			return enc.WriteToken(jsontext.String(d.String()))
		})))
}

// An asCodec has endpoints that return a value in several ways.
type asCodec[T any] struct {
	value     T
	endpoints map[string]http.Handler
}

func newAsCodec[T any]() *asCodec[T] {
	a := &asCodec[T]{}
	a.endpoints = map[string]http.Handler{
		"value":   tigertonic.Typed(func(context.Context, *struct{}) (T, error) { return a.value, nil }),
		"pointer": tigertonic.Typed(func(context.Context, *struct{}) (*T, error) { return &a.value, nil }),
		"response": tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.Response[T], error) {
			return tigertonic.Response[T]{Body: a.value}, nil
		}),
		"stream": tigertonic.Typed(func(context.Context, *struct{}) (iter.Seq2[T, error], error) { return oneItem(a.value), nil }),
	}
	return a
}

// require requires that the endpoints answer as the codec says.
func (a *asCodec[T]) require(t *testing.T, value T) {
	t.Helper()
	a.value = value
	want, err := codecText(&value)
	for name, h := range a.endpoints {
		w := serve(t, h, "GET", "/", "")
		switch {
		case err != nil:
			require.Equal(t, 500, w.Code, "%s of %T: %v: %s", name, value, err, w.Body)
		case w.Body.Len() == 0: // there is no value
			require.Equal(t, "null", string(want), "%s of %T", name, value)
		case name == "stream":
			require.Equal(t, "["+string(want)+"]\n", w.Body.String(), "%T", value)
		default:
			require.Equal(t, string(want)+"\n", w.Body.String(), "%s of %T", name, value)
		}
	}
}

func requireAsCodec[T any](t *testing.T, value T) {
	t.Helper()
	newAsCodec[T]().require(t, value)
}

func oneItem[T any](value T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) { yield(value, nil) }
}

type (
	namedText  string
	tiny       int8
	smallBytes []namedByte
	namedByte  uint8
	onPointer  struct{ N int }
	onValue    struct{ N int }
	asText     struct{ N int }
	asAppended struct{ N int }
	zeroIfOdd  int
	neverJSON  struct{}

	plainValues struct {
		S  string    `json:"s"`
		T  namedText `json:"t"`
		B  bool      `json:"b"`
		I  int       `json:"i"`
		I8 tiny      `json:"i8"`
		U  uint64    `json:"u"`
		F  float64   `json:"f"`
		G  float32   `json:"g"`
		R  []rune
		P  *string           `json:"p"`
		PP **int             `json:"pp"`
		L  []string          `json:"l"`
		LL [][]*float64      `json:"ll"`
		A  [2]bool           `json:"a"`
		By []byte            `json:"by"`
		BA [3]byte           `json:"ba"`
		NB smallBytes        `json:"nb"`
		At time.Time         `json:"at"`
		D  time.Duration     `json:"d"`
		M  map[string]string `json:"m"`
		An any               `json:"an"`
		St struct{}          `json:"st"`
	}
	optioned struct {
		Name    int            `json:"na<é>"`
		Quoted  float64        `json:"quoted,string"`
		Q8      tiny           `json:"q8,string,omitzero"`
		Empty   string         `json:"empty,omitempty"`
		Slice   []int          `json:"slice,omitempty"`
		Map     map[string]int `json:"map,omitempty"`
		Pointer *struct{}      `json:"pointer,omitempty"`
		Struct  optionalOnly   `json:"struct,omitempty"`          //nolint:modernize // the codec leaves it out if it is {} or ""
		Number  int            `json:"number,omitzero,omitempty"` // the codec has another sense of omitempty alone
		Zero    time.Time      `json:"zero,omitzero"`
		Odd     zeroIfOdd      `json:"odd,omitzero"`
		Array   [2]int         `json:"array,omitzero"`
		Nested  plainPoint     `json:"nested,omitzero,omitempty"` //nolint:modernize // the codec leaves it out if it is {} or ""
		Hidden  int            `json:"-"`
		hidden  int
	}
	optionalOnly struct {
		S string `json:"s,omitempty"`
	}
	plainPoint struct{ X, Y int }
	methodical struct {
		OnPointer  onPointer                 `json:"on_pointer"`
		OnValue    *onValue                  `json:"on_value"`
		AsText     []asText                  `json:"as_text"`
		AsAppended asAppended                `json:"as_appended,omitempty"` //nolint:modernize // the codec leaves it out if it is {} or ""
		Opt        tigertonic.Opt[namedText] `json:"opt,omitzero"`
		Raw        json.RawMessage           `json:"raw,omitempty"`
		Addr       netip.Addr                `json:"addr"`
		Map        map[tiny]onValue          `json:"map"`
		Any        []any                     `json:"any"`
	}
	embeddable struct {
		Inner string `json:"inner"`
		Twice string `json:"twice"`
	}
	Exported struct {
		Deep  []int  `json:"deep"`
		Twice string `json:"twice"`
		*Deepest
	}
	Deepest struct {
		Deepest string `json:"deepest"`
		Name    string `json:"name"`
	}
	embedsAll struct {
		First int `json:"first"`
		embeddable
		*Exported
		Name string `json:"name"`
	}
	embedsNamed struct {
		Exported `json:"named"`
		Others   map[string]int `json:",embed"`
	}
	linked struct {
		N    int     `json:"n"`
		Next *linked `json:"next,omitempty"`
		Kids []linked
		Map  map[string]linked `json:"map,omitempty"`
	}
	endless []endless
)

func (o *onPointer) MarshalJSON() ([]byte, error) {
	return []byte(fmt.Sprintf(` {"n" : %d}`, o.N)), nil
}
func (o onValue) MarshalJSON() ([]byte, error) { return []byte(fmt.Sprint(o.N)), nil }
func (a *asText) MarshalText() ([]byte, error) { return []byte(fmt.Sprintf("<%d\n>", a.N)), nil }
func (a asAppended) AppendText(b []byte) ([]byte, error) {
	return append(b, strings.Repeat("x", a.N)...), nil
}
func (z *zeroIfOdd) IsZero() bool              { return *z%2 == 1 }
func (neverJSON) MarshalJSON() ([]byte, error) { return nil, errors.New("no") }

func TestTypedEncodesAsTheCodec(t *testing.T) {
	captureSlog(t)
	s, n, f := "é\u2028<&>\x00\"\\", 7, 1.5
	p := &n
	var values []any
	for _, v := range []plainValues{
		{},
		{S: s, T: "12345678", B: true, I: math.MinInt64, I8: -128, U: math.MaxUint64, F: f, G: 0.1, R: []rune("é"), P: &s, PP: &p},
		{L: []string{}, LL: [][]*float64{nil, {}, {nil, &f}}, A: [2]bool{true}, By: []byte{0, 255}, BA: [3]byte{1}, NB: smallBytes{1, 2}},
		{At: time.Date(2020, 2, 29, 1, 2, 3, 400, time.FixedZone("", 3600)), D: -time.Hour, M: map[string]string{"b": "", "a": s}, An: []any{1, "x", nil, map[string]any{}}},
		{S: "\xff"},
		{L: []string{"a", "\xc3("}},
		{At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		{At: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)},
		{At: time.Date(1, 1, 1, 0, 0, 0, 0, time.FixedZone("", 30*3600))},
		{F: math.NaN()},
		{G: float32(math.Inf(-1))},
		{An: make(chan int)},
	} {
		requireAsCodec(t, v)
	}
	requireAsCodec(t, values)
	for _, v := range []optioned{
		{},
		{1, 2.5, 3, "x", []int{0}, map[string]int{"": 0}, &struct{}{}, optionalOnly{"x"}, 0, time.Unix(0, 0).UTC(), 2, [2]int{0, 1}, plainPoint{1, 2}, 3, 4},
		{Slice: []int{}, Map: map[string]int{}, Odd: 3, Quoted: math.Copysign(0, -1)},
	} {
		requireAsCodec(t, v)
	}
	for _, v := range []methodical{
		{},
		{onPointer{1}, &onValue{2}, []asText{{3}, {-4}}, asAppended{5}, tigertonic.Some(namedText(s)), json.RawMessage(` [1 , 2]`), netip.IPv6LinkLocalAllNodes(), map[tiny]onValue{-1: {1}, 1: {}}, []any{onValue{}, &onPointer{1}}},
		{Opt: tigertonic.Null[namedText](), Raw: json.RawMessage(`null`)},
		{Raw: json.RawMessage(`{`)},
		{Any: []any{neverJSON{}}},
		{Opt: tigertonic.Some(namedText("\xff"))},
	} {
		requireAsCodec(t, v)
	}
	for _, v := range []embedsAll{
		{},
		{1, embeddable{"i", "t"}, &Exported{[]int{1}, "u", nil}, "n"},
		{1, embeddable{}, &Exported{nil, "", &Deepest{"d", "e"}}, "n"},
	} {
		requireAsCodec(t, v)
	}
	requireAsCodec(t, embedsNamed{Exported{}, map[string]int{"x": 1, "a": 2}})
	requireAsCodec(t, embedsNamed{Exported{}, map[string]int{"named": 1}})
	requireAsCodec(t, [2]*plainPoint{{1, 2}, nil})
	requireAsCodec(t, map[namedText][]plainPoint{"b": nil, "a": {{}}})
	requireAsCodec[any](t, []onValue{{1}})
	requireAsCodec[error](t, nil)
	requireAsCodec(t, (*plainPoint)(nil))
	requireAsCodec(t, []neverJSON{{}})
	requireAsCodec(t, onPointer{1})
	requireAsCodec(t, []onPointer{{1}})
	requireAsCodec(t, time.Unix(1, 1).UTC())
	requireAsCodec(t, time.Second)
}

func TestTypedEncodesDeepAndEndlessValuesAsTheCodec(t *testing.T) {
	captureSlog(t)
	chain := func(n int) linked {
		var v linked
		for range n {
			next := v
			v = linked{N: v.N + 1, Next: &next}
		}
		return v
	}
	for _, n := range []int{1, 499, 500, 501, 2000} {
		requireAsCodec(t, chain(n))
	}
	requireAsCodec(t, linked{Kids: []linked{chain(3), {Kids: []linked{{}}}}, Map: map[string]linked{"x": chain(2)}})
	loop := &linked{N: 1}
	loop.Next = loop
	requireAsCodec(t, *loop)
	round := endless{nil}
	round[0] = round
	requireAsCodec(t, round)
}

func TestTypedEncodesNumbersAsTheCodec(t *testing.T) {
	numbers := []float64{0, math.Copysign(0, -1), 1e-6, 9.99e-7, 1e21, 1e-10, 5e-324, math.MaxFloat64, 1e15, 1e15 + 0.125, 999999999999999, 123456789012345680, 1 << 53, 0.1, 1.0 / 3, 1e100, 33554432, 123456792, 1e-7, 1e-44}
	numbers = append(numbers, slices.Collect(maps.Keys(map[float64]bool{-0.1: true, -1e-7: true, -1e21: true, -42: true}))...)
	var floats []float32
	for _, n := range numbers {
		floats = append(floats, float32(min(n, math.MaxFloat32)))
	}
	requireAsCodec(t, numbers)
	requireAsCodec(t, floats)
	for _, n := range numbers {
		requireAsCodec(t, n)
	}
}

func TestTypedEncodesTextsAsTheCodec(t *testing.T) {
	captureSlog(t)
	texts := newAsCodec[string]()
	for c := range 256 {
		for _, before := range []int{0, 3, 7, 8, 12} {
			texts.require(t, strings.Repeat("a", before)+string([]byte{byte(c)})+"bcdefghijk")
		}
	}
}

func FuzzTypedEncoding(f *testing.F) {
	f.Add("", 0.0, int64(0), []byte(nil), uint(0))
	f.Add("Ada \"<&>\" \u2028é\xff", 0.1, int64(-62135596801), []byte("\x00\xff"), uint(0xffff))
	f.Add("12345678\\", 1e21, int64(253402300800), []byte("abc"), uint(0x5555))
	f.Add("12345678901234567\t", 9.99e-7, int64(1<<53), []byte{}, uint(0xaaaa))
	plain, options, methods := newAsCodec[plainValues](), newAsCodec[optioned](), newAsCodec[methodical]()
	f.Fuzz(func(t *testing.T, s string, number float64, n int64, b []byte, flags uint) {
		captureSlog(t)
		v := plainValues{
			S: s, T: namedText(b), B: flags&1 != 0, I: int(n), I8: tiny(n), U: uint64(n), F: number, G: float32(number),
			A: [2]bool{flags&2 != 0, flags&4 != 0}, By: b, At: time.Unix(n, int64(flags)).UTC(), D: time.Duration(n),
		}
		small := int(n)
		pointer := &small
		if flags&8 != 0 {
			v.P, v.PP = &s, &pointer
			v.At = v.At.In(time.FixedZone("", int(flags)))
		}
		if flags&16 != 0 {
			v.L, v.LL = []string{s, string(b)}, [][]*float64{{&number, nil}, nil}
			v.M, v.An = map[string]string{s: string(b), "": s}, []any{s, number}
		}
		plain.require(t, v)
		options.require(t, optioned{
			Name: small, Quoted: number, Q8: tiny(n), Empty: s, Slice: make([]int, flags%3), Struct: optionalOnly{string(b)},
			Number: int(flags & 32), Zero: v.At, Odd: zeroIfOdd(n), Nested: plainPoint{X: int(flags & 64)},
		})
		if len(b) == 0 {
			b = nil // what is empty has no JSON, and is left out all the same
		}
		methods.require(t, methodical{
			AsText: make([]asText, flags%2), AsAppended: asAppended{int(flags % 4)}, Opt: tigertonic.Some(namedText(s)), Raw: json.RawMessage(b),
		})
	})
}

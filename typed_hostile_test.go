package tigertonic_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// A body costs its sender no more than its length: it mustn't cost the service
// much more, in time or in memory. Each of these has.

// aboutCosts skips a test where what it measures tells nothing.
func aboutCosts(t *testing.T) {
	t.Helper()
	if raceEnabled || testing.Short() {
		t.Skip("measures time and memory: run without -race and -short")
	}
}

// megabytes returns how much memory f takes, even if it gives it back.
func megabytes(f func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / (1 << 20)
}

// costs has h answer r, soon and within this memory.
func costs(t *testing.T, h http.Handler, r *http.Request, atMost float64) (w *httptest.ResponseRecorder) {
	t.Helper()
	require.LessOrEqual(t, r.ContentLength, int64(1<<20), "the body is refused for its length")
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	finishes(t, func() {
		r.Body = io.NopCloser(bytes.NewReader(body)) // at each try
		used := megabytes(func() { w = responseOf(h, r) })
		t.Logf("%.1f MiB", used)
		assert.LessOrEqual(t, used, atMost, "MiB")
	})
	return w
}

func requestPatch(t *testing.T, patch string) *http.Request {
	t.Helper()
	r := requestJSON(t, patch)
	r.Header.Set("Content-Type", "application/merge-patch+json")
	return r
}

// patching returns an endpoint that applies a patch to the zero value of T, and
// answers with what must be true of the result.
func patching[T any](result func(T) any) *tigertonic.Endpoint {
	return tigertonic.Typed(func(ctx context.Context, in *tigertonic.Patch[T]) (any, error) {
		var value T
		err := in.Apply(ctx, &value)
		return result(value), err
	})
}

// members returns n members of an object, with this value each.
func members(n int, value string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"z%x":%s`, i, value)
	}
	return b.String()[1:]
}

// within returns inner in n pairs of these.
func within(n int, opening, inner, closing string) string {
	return strings.Repeat(opening, n) + inner + strings.Repeat(closing, n)
}

// list returns an array of n items.
func list(n int, item string) string {
	return "[" + strings.Repeat(item+",", n-1) + item + "]"
}

type openEnded struct {
	Name string         `json:"name,omitzero"`
	Rest map[string]any `json:",embed"`
}

// Each member that has no field of its own once copied the map of all of them.
func TestPatchOfManyMembersWithoutFields(t *testing.T) {
	aboutCosts(t)
	h := patching(func(v openEnded) any { return len(v.Rest) })
	w := costs(t, h, requestPatch(t, `{"name":"x",`+members(3000, "1")+`}`), 32)
	assert.Equal(t, "3000\n", w.Body.String(), w.Code)
}

// hundred has a hundred fields.
type hundred struct {
	A0, A1, A2, A3, A4, A5, A6, A7, A8, A9 int `json:",omitzero"`
	B0, B1, B2, B3, B4, B5, B6, B7, B8, B9 int `json:",omitzero"`
	C0, C1, C2, C3, C4, C5, C6, C7, C8, C9 int `json:",omitzero"`
	D0, D1, D2, D3, D4, D5, D6, D7, D8, D9 int `json:",omitzero"`
	E0, E1, E2, E3, E4, E5, E6, E7, E8, E9 int `json:",omitzero"`
	F0, F1, F2, F3, F4, F5, F6, F7, F8, F9 int `json:",omitzero"`
	G0, G1, G2, G3, G4, G5, G6, G7, G8, G9 int `json:",omitzero"`
	H0, H1, H2, H3, H4, H5, H6, H7, H8, H9 int `json:",omitzero"`
	I0, I1, I2, I3, I4, I5, I6, I7, I8, I9 int `json:",omitzero"`
	J0, J1, J2, J3, J4, J5, J6, J7, J8, J9 int `json:",omitzero"`
}

// Each value once had the fields of its type be looked up anew.
func TestPatchOfManyStructs(t *testing.T) {
	aboutCosts(t)
	h := patching(func(v map[string]hundred) any { return len(v) })
	const n = 20_000
	w := costs(t, h, requestPatch(t, `{`+members(n, `{"J9":1}`)+`}`), 256)
	assert.Equal(t, strconv.Itoa(n)+"\n", w.Body.String(), w.Code)
}

// What is wrong isn't decoded, for it may take hundreds of times its length.
func TestTypedDecodesNoArrayThatIsTooLong(t *testing.T) {
	aboutCosts(t)
	h := taken[struct {
		List []hundred `json:"list" maxItems:"10"`
	}]()
	w := costs(t, h, requestJSON(t, `{"list":`+list(300_000, `{}`)+`}`), 20)
	requireProblem(t, w, 422, invalid(at("/list", "must have at most 10 items")))
}

// Nor is a long one that is right but for its end, or not much of it.
func TestTypedDecodesLittleOfALongBodyThatIsWrong(t *testing.T) {
	aboutCosts(t)
	h := taken[[]hundred]()
	w := costs(t, h, requestJSON(t, list(300_000, `{}`)[:1+3*299_999]+`{"A0":"x"}]`), 24)
	requireProblem(t, w, 422, invalid(at("/299999/A0", "must be an integer")))
}

// A long body that is right is decoded as a short one is, with a few allocations for the
// list and for the strings.
func TestTypedDecodesLongBodiesInOnePass(t *testing.T) {
	aboutCosts(t)
	type reading struct {
		Device string  `json:"device"`
		Value  float64 `json:"value"`
		OK     bool    `json:"ok"`
	}
	body := []byte(list(4_000, `{"device":"pump-7","value":20.5,"ok":true}`))
	require.Greater(t, len(body), 128<<10)
	for name, h := range map[string]http.Handler{
		"Typed": taken[[]reading](),
		"Marshaled": tigertonic.Marshaled(func(_ *url.URL, _ http.Header, rq []reading) (int, http.Header, any, error) {
			return 200 + len(rq) - 4_000, nil, nil, nil
		}),
	} {
		r := requestJSON(t, "")
		reader := bytes.NewReader(body)
		r.Body, r.ContentLength = io.NopCloser(reader), int64(len(body))
		w := &nullWriter{header: http.Header{}}
		assert.LessOrEqual(t, testing.AllocsPerRun(20, func() {
			reader.Reset(body)
			clear(w.header)
			h.ServeHTTP(w, r)
		}), 120.0, name)
	}
}

type generous struct {
	A string `json:"a" default:"abcdefghijklmnopqrstuvwxyz"`
	B string `json:"b" default:"abcdefghijklmnopqrstuvwxyz"`
	C string `json:"c" default:"abcdefghijklmnopqrstuvwxyz"`
	D string `json:"d" default:"abcdefghijklmnopqrstuvwxyz"`
}

func TestTypedDefaultsAddABoundedAmount(t *testing.T) {
	aboutCosts(t)
	const tooLong = `{"title":"Request Entity Too Large","status":413,"detail":"the %s is too long with what it leaves out"}`
	w := costs(t, taken[[]generous](), requestJSON(t, list(300_000, `{}`)), 200)
	requireProblem(t, w, 413, fmt.Sprintf(tooLong, "body"))
	assert.Equal(t, 204, responseOf(taken[[]generous](), requestJSON(t, list(50_000, `{}`))).Code, "7 MB")

	h := patching(func(v map[string]generous) any { return len(v) }) // which has its defaults once it is applied
	w = costs(t, h, requestPatch(t, `{`+members(85_000, `{}`)+`}`), 200)
	requireProblem(t, w, 413, fmt.Sprintf(tooLong, "patch"))
	w = costs(t, patching(func([]generous) any { return 0 }), requestPatch(t, list(300_000, `{}`)), 200)
	requireProblem(t, w, 413, fmt.Sprintf(tooLong, "body"))
}

type (
	defaulting struct {
		Child *defaulting `json:"child"`
		Wide  []int       `json:"wide,omitempty"`
		Name  string      `json:"name" default:"x"`
	}
	requiring struct {
		Child *requiring `json:"child"`
		Wide  []int      `json:"wide,omitempty"`
		Name  string     `json:"name"`
	}
	requiringInOpt struct {
		Child tigertonic.Opt[*requiringInOpt] `json:"child"`
		Wide  []int                           `json:"wide,omitempty"`
		Name  string                          `json:"name"`
	}
)

// What an object lacks was once looked for by reading all that is in it again.
func TestTypedNestedObjectsThatLackMembers(t *testing.T) {
	aboutCosts(t)
	for _, depth := range []int{100, 900} {
		body := within(depth, `{"child":`, `{"wide":`+list(500_000, "1")+`}`, `}`)
		for name, tt := range map[string]struct {
			h      http.Handler
			status int
		}{
			"defaults": {taken[defaulting](), 204},
			"required": {taken[requiring](), 422},
			"Opt":      {taken[requiringInOpt](), 422},
		} {
			t.Run(name+" "+strconv.Itoa(depth), func(t *testing.T) {
				finishes(t, func() {
					for range 6 {
						assert.Equal(t, tt.status, responseOf(tt.h, requestJSON(t, body)).Code)
					}
				})
			})
		}
	}
}

type (
	unhappy struct {
		A int `json:"a" minimum:"1"`
	}
	picky struct {
		A int `json:"a"`
	}
	content struct {
		A int `json:"a"`
	}
)

func (picky) Validate(context.Context) error   { return errors.New("no") }
func (content) Validate(context.Context) error { return nil }

// The place of each item once was a copy of the name above it.
func TestTypedItemsBelowALongName(t *testing.T) {
	aboutCosts(t)
	for name, tt := range map[string]struct {
		h     http.Handler
		wrong int
	}{
		"errors":           {taken[map[string][]unhappy](), 100},
		"Validators":       {taken[map[string][]picky](), 100},
		"Validators agree": {taken[map[string][]content](), 0},
	} {
		for _, letter := range []string{"k", "~", "/"} {
			t.Run(name+" "+letter, func(t *testing.T) {
				body := `{"` + strings.Repeat(letter, 500_000) + `":` + list(50_000, `{"a":0}`) + `}`
				w := costs(t, tt.h, requestJSON(t, body), 64)
				assert.Equal(t, tt.wrong, strings.Count(w.Body.String(), `"pointer"`), w.Code)
				assert.Less(t, w.Body.Len(), 60_000)
			})
		}
	}
	t.Run("patch", func(t *testing.T) {
		h := patching(func(v map[string]map[string]picky) any { return len(v) })
		body := `{"` + strings.Repeat("k", 500_000) + `":{` + members(20_000, `{"a":0}`) + `}}`
		w := costs(t, h, requestPatch(t, body), 200)
		assert.Equal(t, 422, w.Code)
		assert.Equal(t, 100, strings.Count(w.Body.String(), `"pointer"`))
	})
}

// An expression has alternatives that only differ behind an expression.
type expression struct{ text string }

func (e *expression) UnmarshalJSON(text []byte) error {
	e.text = string(text)
	return nil
}

func (expression) JSONSchema() *schema.Schema {
	s := &schema.Schema{Name: "Expression"}
	of := func(op string) *schema.Schema {
		return &schema.Schema{Types: []string{"object"}, Closed: true, Properties: []schema.Property{
			{Name: "arg", Schema: s},
			{Name: "op", Required: true, Schema: &schema.Schema{Types: []string{"string"}, Enum: []json.RawMessage{[]byte(`"` + op + `"`)}}},
		}}
	}
	s.AnyOf = []*schema.Schema{of("not"), of("neg"), of("abs")}
	return s
}

// Alternatives within alternatives once were tried by all of the ways to them.
func TestTypedNestedAlternatives(t *testing.T) {
	aboutCosts(t)
	const levels = 20
	h := taken[expression]()
	body := within(levels, `{"arg":`, `{"op":"abs"}`, `,"op":"abs"}`)
	assert.Equal(t, 204, costs(t, h, requestJSON(t, body), 16).Code)
	body = within(levels, `{"arg":`, `{"op":"sin"}`, `,"op":"abs"}`)
	requireProblem(t, costs(t, h, requestJSON(t, body), 16), 422, invalid(at("", "must have one of the allowed forms")))
}

type bough struct {
	Boughs []bough `json:"boughs,omitempty" uniqueItems:"true"`
	Leaves []any   `json:"leaves,omitempty" uniqueItems:"true"`
	Age    int     `json:"age" default:"1"`
}

// An item is compared with others by its text, which holds those of all within.
func TestTypedNestedUniqueItems(t *testing.T) {
	aboutCosts(t)
	leaves := `{"leaves":[` + strings.TrimSuffix(strings.Repeat(`{},[],`, 100_000), ",") + `]}`
	w := costs(t, taken[bough](), requestJSON(t, within(400, `{"boughs":[`, leaves, `]}`)), 256)
	assert.Equal(t, 422, w.Code)
	assert.Contains(t, w.Body.String(), "must have no item twice")

	var distinct strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&distinct, ",%d", i)
	}
	leaves = `{"leaves":[` + distinct.String()[1:] + `]}`
	w = costs(t, taken[bough](), requestJSON(t, within(400, `{"boughs":[`, leaves, `]}`)), 256)
	assert.Equal(t, 204, w.Code, w.Body)
}

package tigertonic_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

type grade int

// MarshalText never returns nothing.
func (g grade) MarshalText() ([]byte, error) { return []byte{'A' + byte(g)}, nil }

type omits struct {
	Int      int                             `json:"int,omitempty"`
	Uint     uint8                           `json:"uint,omitempty"`
	Float    float32                         `json:"float,omitempty"`
	Bool     bool                            `json:"bool,omitempty"`
	String   string                          `json:"string,omitempty"`
	Pointer  *int                            `json:"pointer,omitempty"`
	Behind   *string                         `json:"behind,omitempty"`
	Any      any                             `json:"any,omitempty"`
	Slice    []int                           `json:"slice,omitempty"`
	Map      map[string]int                  `json:"map,omitempty"`
	Array    [0]int                          `json:"array,omitempty"`
	Bytes    []byte                          `json:"bytes,omitempty"`
	Struct   struct{ A *int }                `json:"struct,omitzero"`
	Empty    struct{}                        `json:"empty,omitempty"` //nolint:modernize // the codec leaves it out if it is {} or ""
	Grade    grade                           `json:"grade,omitempty"`
	Duration time.Duration                   `json:"duration,omitempty"`
	Quoted   int64                           `json:"quoted,string,omitempty"`
	QuotedP  *int64                          `json:"quotedP,string,omitempty"`
	Opt      tigertonic.Opt[string]          `json:"opt,omitempty"` //nolint:modernize // the codec leaves it out if it is {} or ""
	Inner    *omits                          `json:"inner,omitempty"`
	ByName   map[string]omits                `json:"byName,omitempty"`
	ByGrade  map[grade]tigertonic.Opt[omits] `json:"byGrade,omitempty"`
}

// The option omitempty leaves out what encoding/json does, and what its version 2
// does, wherever the struct is.
func TestOmitemptyLeavesOutWhatEitherCodecDoes(t *testing.T) {
	empty, zero := "", int64(0)
	value := omits{Behind: &empty, Any: (*int)(nil), Slice: []int{}, Map: map[string]int{}, Inner: &omits{}, Opt: tigertonic.Null[string](), QuotedP: &zero}
	const want = `{"quotedP":"0"}`
	assert.Equal(t, want+"\n", serve(t, returning(value, nil), "GET", "/", "").Body.String())
	for name, h := range map[string]http.Handler{
		"pointer":   returning(&value, nil),
		"interface": returning(any(value), nil),
		"error":     returning[any](&value, nil),
		"generic":   returning(tigertonic.Response[omits]{Body: value}, nil),
	} {
		assert.Equal(t, want+"\n", serve(t, h, "GET", "/", "").Body.String(), name)
	}
	assert.JSONEq(t, `[`+want+`]`, serve(t, returning([]any{value}, nil), "GET", "/", "").Body.String())
	assert.JSONEq(t, `{"a":`+want+`}`, serve(t, returning(map[string]any{"a": &value}, nil), "GET", "/", "").Body.String())
	assert.JSONEq(t, `{"B":`+want+`}`, serve(t, returning(map[grade]omits{1: value}, nil), "GET", "/", "").Body.String())
	assert.JSONEq(t, want, serve(t, returning(tigertonic.Some(value), nil), "GET", "/", "").Body.String())
	assert.JSONEq(t, `{"int":1,"bool":true,"grade":"B","quoted":"2","byGrade":{"A":{},"C":null}}`, serve(t, returning(omits{
		Int: 1, Bool: true, Grade: 1, Quoted: 2, ByGrade: map[grade]tigertonic.Opt[omits]{0: tigertonic.Some(omits{}), 2: tigertonic.Null[omits]()},
	}, nil), "GET", "/", "").Body.String())
}

type withRest struct {
	ID   int                       `json:"id,omitempty"`
	Rest map[string]jsontext.Value `json:",embed"`
}

func TestOmitemptyBesideAllOtherMembers(t *testing.T) {
	for want, value := range map[string]withRest{
		`{}`:                {},
		`{"id":1}`:          {ID: 1, Rest: map[string]jsontext.Value{}},
		`{"a":1,"b":[]}`:    {Rest: map[string]jsontext.Value{"b": jsontext.Value(`[]`), "a": jsontext.Value(`1`)}},
		`{"id":1,"a":null}`: {ID: 1, Rest: map[string]jsontext.Value{"a": jsontext.Value(`null`)}},
	} {
		assert.Equal(t, want+"\n", serve(t, returning(value, nil), "GET", "/", "").Body.String())
	}
	captureSlog(t)
	twice := withRest{ID: 1, Rest: map[string]jsontext.Value{"id": jsontext.Value(`2`)}}
	assert.Equal(t, 500, serve(t, returning(twice, nil), "GET", "/", "").Code)
	assert.Contains(t, refusal(func() {
		returning(struct {
			N int `json:"'n',omitempty"`
		}{}, nil)
	}), "say omitzero, too, or instead")
}

// Maps, interfaces and Opts are encoded as the codec does.
func TestMapsAndInterfacesAreEncodedAsByTheCodec(t *testing.T) {
	captureSlog(t)
	n := 7
	type held struct {
		A any             `json:"a"`
		M map[int8]any    `json:"m"`
		U map[uint16]*int `json:"u"`
	}
	for _, value := range []any{
		nil, 1, -2.5, "a\n<é", true, []byte("ab"),
		[2]byte{1, 2},
		&n,
		[]any{nil, 1, []any{}},
		map[string]any{},
		map[string]any(nil),
		map[string]any{"b": 1, "a": map[string]any{"é": nil, "": []string{}}, "\U0001F600": 1, "\uFFFD": 2},
		held{},
		&held{A: &n, M: map[int8]any{-1: 1, 10: 2, 2: held{}}, U: map[uint16]*int{3: nil, 1: &n}},
		json.RawMessage(`{ "a" : 1 }`), time.Unix(0, 0).UTC(),
		map[time.Time]int{time.Unix(0, 0).UTC(): 1},
		grade(2), (*held)(nil),
		struct{ X, Y any }{1, []int(nil)},
	} {
		want, err := jsonv2.Marshal(map[string]any{"v": value}, jsonv2.Deterministic(true))
		assert.NoError(t, err)
		assert.Equal(t, string(want)+"\n", serve(t, returning(map[string]any{"v": value}, nil), "GET", "/", "").Body.String())
		assert.Equal(t, string(want)+"\n", serve(t, returning(struct {
			V any `json:"v"`
		}{value}, nil), "GET", "/", "").Body.String())
	}
	circle := map[string]any{}
	circle["a"] = []any{&circle}
	for _, value := range []any{make(chan int), func() {}, map[string]any{"\xff": 1}, circle, struct{ _ int }{}, map[bool]int{true: 1}} {
		assert.Equal(t, 500, serve(t, returning(map[string]any{"v": value}, nil), "GET", "/", "").Code, "%T", value)
	}
}

// A time.Duration is a string wherever it is.
func TestDurationInAnInterfaceIsAString(t *testing.T) {
	for want, h := range map[string]http.Handler{
		`{"v":"1m30s"}`: returning(map[string]any{"v": 90 * time.Second}, nil),
		`["1m30s"]`:     returning([]any{90 * time.Second}, nil),
		`"1m30s"`:       returning(any(90*time.Second), nil),
		`{"d":"1s","v":["1m30s",{"X":"0s"}]}`: returning(struct {
			D time.Duration `json:"d"`
			V any           `json:"v"`
		}{time.Second, []any{90 * time.Second, struct{ X time.Duration }{}}}, nil),
	} {
		assert.Equal(t, want+"\n", serve(t, h, "GET", "/", "").Body.String())
	}
}

type Attached struct {
	Note  string `json:"note"`
	Must  string `json:"must" required:"true"`
	Count int    `json:"count" default:"3"`
}

type attaching struct {
	*Attached
	ID   string  `json:"id"`
	Late *string `json:"late,omitempty" required:"true"`
}

// What is sent may lack what is behind an embedded pointer that is nil, or has the
// option omitempty, whatever is required of what is taken.
func TestSchemaOfWhatIsSentRequiresOnlyWhatIsAlwaysThere(t *testing.T) {
	h := tigertonic.Typed(func(_ context.Context, in *attaching) (attaching, error) { return attaching{ID: in.ID}, nil })
	required := func(s *schema.Schema) (names []string) {
		for _, p := range s.Properties {
			if p.Required {
				names = append(names, p.Name)
			}
		}
		return names
	}
	op := describedBy(h)
	assert.Equal(t, []string{"must", "id", "late"}, required(op.Body.Content["application/json"].Schema))
	assert.Equal(t, []string{"id"}, required(op.Responses["200"].Content["application/json"].Schema))
	assert.Equal(t, `{"id":"a"}`+"\n", postJSON(t, h, "/", `{"id":"a","must":"m","late":null}`).Body.String())
	assert.Equal(t, 422, postJSON(t, h, "/", `{"id":"a"}`).Code)
}

package tigertonic_test

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/netip"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

type oneTea struct {
	ID string `path:"id"`
}

type declaredTea struct {
	ID string `json:"id"`
}

var getTea = tigertonic.Declare[oneTea, declaredTea]("GET", "/teas/{id}")

// A shade is text of a type of its own.
type shade string

// paging is embedded.
type paging struct {
	Limit int `query:"limit" default:"20"`
}

// everything has a field of each kind that an input can have.
type everything struct {
	paging
	Tenant string `path:"tenant,namespace"`
	ID     string `path:"id"`
	Number uint16 `path:"number"`
	Rest   string `path:"rest"`

	Text     string                   `query:"text" default:"x"`
	Shade    shade                    `query:"a shade&more"`
	Small    int8                     `query:"small"`
	Float    float64                  `query:"float" default:"1.5"`
	Float32  float32                  `query:"float32"`
	Flag     bool                     `query:"flag" default:"true"`
	For      time.Duration            `query:"for" default:"5s"`
	At       time.Time                `query:"at" default:"2026-01-02T03:04:05Z"`
	Pointer  *string                  `query:"pointer"`
	Opt      tigertonic.Opt[int64]    `query:"opt"`
	List     []string                 `query:"list"`
	Numbers  []int64                  `query:"numbers"`
	Shades   []shade                  `query:"shades"`
	Address  netip.Addr               `query:"address"`
	Required string                   `query:"required" required:"true"`
	Header   string                   `header:"X-Header"`
	Headers  []string                 `header:"X-Headers"`
	Numbered *int                     `header:"X-Numbered"`
	Cookie   string                   `cookie:"cookie"`
	Cookie2  tigertonic.Opt[shade]    `cookie:"cookie2"`
	Body     tigertonic.Opt[contents] `body:""`
}

type contents struct {
	Text    string                 `json:"text"`
	For     time.Duration          `json:"for"`
	Maybe   tigertonic.Opt[string] `json:"maybe,omitzero"`
	Pointer *int                   `json:"pointer,omitempty"`
	Map     map[string]float64     `json:"map,omitempty"`
	Raw     json.RawMessage        `json:"raw,omitempty"`
}

// FuzzInputs holds both ends of the wire together: what a client writes of an input is
// bound to the same input, or isn't sent.
func FuzzInputs(f *testing.F) {
	f.Add("a", "b", "c/d", int64(0), 0.0, byte(0))
	f.Add("a/b", "%2F", "/", int64(-1), math.Copysign(0, -1), byte(1))
	f.Add(" a, b ", `"a"`, "a//b/", int64(math.MaxInt64), math.MaxFloat64, byte(255))
	f.Add("", "..", "x/../y", int64(math.MinInt64), math.Inf(1), byte(0b10101010))
	f.Add("é\x00\r\n", "\xff", "\\evil", int64(1e9), math.SmallestNonzeroFloat64, byte(0b01010101))
	f.Add("a;b=c", "a+b&c=d?e#f", "%zz", int64(7), 1e21, byte(127))

	var got *everything
	declared := tigertonic.Declare[everything, struct{}]("POST", "/a b/{id}/{number}/{rest...}").Under("/{tenant}")
	mux, root := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	declared.HandleFunc(mux, func(_ context.Context, in *everything) (struct{}, error) {
		got = in
		return struct{}{}, nil
	})
	root.HandleNamespace("/{tenant}", mux)
	c := client.New("http://x.test", client.Options{Transport: client.InProcess(root)})
	f.Fuzz(func(t *testing.T, a, b, rest string, n int64, x float64, bits byte) {
		in := everything{
			paging: paging{int(n)}, Tenant: "t" + a, ID: b, Number: uint16(n), Rest: rest,
			Text: a, Shade: shade(b), Small: int8(n), Float: x, Float32: float32(x), Flag: bits&1 != 0,
			For: time.Duration(n), At: time.Unix(n%1e10, n%1e9).UTC(), Required: a, Header: a, Cookie: b,
		}
		if bits&2 != 0 {
			in.Pointer, in.Opt, in.Cookie2 = &a, tigertonic.Some(n), tigertonic.Some(shade(a))
		}
		if bits&4 != 0 {
			in.List, in.Shades, in.Numbers = []string{a, b, ""}, []shade{shade(rest)}, []int64{n, 0, -n}
		}
		if bits&8 != 0 {
			in.Headers = []string{a, b}
		}
		if bits&16 != 0 {
			number := int(n)
			in.Address, in.Numbered = netip.AddrFrom4([4]byte{bits, 0, 0, 1}), &number
		}
		if bits&32 != 0 {
			in.Body = tigertonic.Some(contents{Text: a, For: time.Duration(n), Pointer: new(int), Map: map[string]float64{b: x}, Raw: json.RawMessage(`[1]`)})
		}
		if bits&64 != 0 {
			in.Body = tigertonic.Some(contents{Maybe: tigertonic.Null[string]()})
		}
		got = nil
		_, err := client.Call(t.Context(), c, declared, &in)
		if err != nil {
			if got != nil {
				t.Fatalf("it fails after it has arrived: %v", err)
			}
			if failure := new(client.Error); assert.ErrorAs(t, err, &failure) && failure.Status != 0 {
				t.Fatalf("%+v is refused: %v: %s", in, err, failure.Body)
			}
			return
		}
		if !assert.ObjectsAreEqual(&in, got) {
			t.Fatalf("got\n%+v, want\n%+v", *got, in)
		}
	})
}

func TestURLsAreThoseOfTheMux(t *testing.T) {
	type in struct {
		Tenant string   `path:"tenant,namespace"`
		ID     string   `path:"id"`
		Tags   []string `query:"tag"`
		Limit  int      `query:"limit" default:"5"`
		Key    string   `header:"X-Key"`
	}
	inner := tigertonic.Declare[in, struct{}]("GET", "/stuff/{id}")
	get := inner.Under("/2.0/{tenant}/")
	got, err := get.URL(&in{Tenant: "a b", ID: "x/y", Tags: []string{"a&b", "c"}, Limit: 5, Key: "k"})
	require.NoError(t, err)
	assert.Equal(t, "/2.0/a%20b/stuff/x%2Fy?tag=a%26b&tag=c&limit=5", got)
	_, err = get.URL(&in{Tenant: "a", ID: ".."})
	assert.EqualError(t, err, "tigertonic: GET /2.0/{tenant}/stuff/{id}: the wildcard {id} has a dot segment, which no path matches")
	_, err = inner.URL(&in{ID: "a"})
	assert.EqualError(t, err, "tigertonic: GET /stuff/{id}: the path has no wildcard {tenant}: it is one of a namespace, for Under, or of a host, for On")
	assert.Equal(t, []string{"GET", "/stuff/{id}", "GET /2.0/{tenant}/stuff/{id}"}, []string{get.Method(), get.Pattern(), get.String()})

	rest := tigertonic.Declare[struct {
		Rest string `path:"rest"`
	}, struct{}]("GET", "/{rest...}")
	got, err = rest.URL(&struct {
		Rest string `path:"rest"`
	}{"/evil.test/"})
	require.NoError(t, err)
	assert.Equal(t, "/%2Fevil.test/", got, "it leads to no other host")
}

// What can't be is found when it is declared.
func TestDeclarationsAreChecked(t *testing.T) {
	type id struct {
		ID string `path:"id"`
	}
	type body struct {
		Body contents `body:""`
	}
	for _, tt := range []struct {
		declare func()
		want    string
	}{
		{func() { tigertonic.Declare[id, struct{}]("GET", "stuff/{id}") }, `pattern "stuff/{id}": at offset 0: a pattern begins with a slash`},
		{func() { tigertonic.Declare[id, struct{}]("get", "/stuff/{id}") }, `Declare: "get" is not a method`},
		{func() { tigertonic.Declare[id, struct{}]("GET", "/stuff") }, `is path:"id", but the path has no wildcard {id}`},
		{func() { tigertonic.Declare[struct{}, struct{}]("GET", "/stuff/{id}") }, `no field of struct{} reads the wildcard {id}`},
		{func() { tigertonic.Declare[body, struct{}]("GET", "/stuff") }, `has a body, which a GET hasn't`},
		{func() { tigertonic.Declare[struct{ A int }, struct{}]("POST", "/stuff").Under("2.0") }, `Under: the namespace "2.0" doesn't begin with a slash`},
		{func() { tigertonic.Declare[struct{}, struct{}]("POST", "/stuff").Under("/2.0").Under("/a") }, `Under: POST /2.0/stuff is under a namespace already`},
		{func() { tigertonic.Declare[struct{}, struct{}]("POST", "/stuff").Under("/{a}") }, `no field of struct{} reads the wildcard {a}`},
		{func() {
			tigertonic.Declare[struct {
				F readOnly `query:"f"`
			}, struct{}]("GET", "/")
		}, `a tigertonic_test.readOnly can be read as text, but not be written: it has no method MarshalText`},
		{func() {
			tigertonic.Declare[struct {
				F int `querry:"f"`
			}, struct{}]("GET", "/")
		}, `querry`},
		{func() {
			getTea.Handle(tigertonic.NewTrieServeMux(), tigertonic.Recovered(tigertonic.Typed(func(context.Context, *oneTea) (int, error) { return 0, nil })))
		}, `with tigertonic_test.oneTea and tigertonic_test.declaredTea, but Typed(`},
	} {
		assert.Regexp(t, regexp.QuoteMeta(tt.want)+`.*_test\.go:\d+\)$`, recovered(tt.declare))
	}
	mux := tigertonic.NewTrieServeMux()
	getTea.Handle(mux, tigertonic.Recovered(getTea.Typed(func(_ context.Context, in *oneTea) (declaredTea, error) { return declaredTea{ID: in.ID}, nil })))
	getTea.Under("/x").Handle(tigertonic.NewTrieServeMux(), http.NotFoundHandler())
	got, err := client.Call(t.Context(), client.New("http://x.test", client.Options{Transport: client.InProcess(mux)}), getTea, &oneTea{"a"})
	require.NoError(t, err)
	assert.Equal(t, declaredTea{ID: "a"}, got)
}

// A readOnly is read from text alone.
type readOnly struct{ text string }

func (r *readOnly) UnmarshalText(text []byte) error {
	r.text = string(text)
	return nil
}

func TestWhatCantBeReadAsTheInputIsNotSent(t *testing.T) {
	c := client.New("http://teas.test", client.Options{Transport: client.InProcess(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was sent", r.Method, r.RequestURI)
	}))})
	type odd struct {
		Null   tigertonic.Opt[int] `query:"null"`
		Number float64             `query:"number"`
		Text   string              `query:"text"`
		Line   string              `header:"X-Line"`
		List   []string            `header:"X-List"`
		Cookie string              `cookie:"c"`
		Must   *string             `header:"X-Must" required:"true"`
	}
	must := ""
	for _, tt := range []struct {
		in   odd
		want string
	}{
		{odd{Null: tigertonic.Null[int](), Must: &must}, "query null: can't be null"},
		{odd{Number: math.NaN(), Must: &must}, "query number: is NaN, which isn't a number that JSON has"},
		{odd{Text: "\xff", Must: &must}, "query text: isn't valid UTF-8"},
		{odd{Line: "a\r\nb", Must: &must}, "header X-Line: has a control character, which a header can't have (RFC 9110 §5.5)"},
		{odd{Line: " a", Must: &must}, "header X-Line: begins or ends with a space, which a header loses (RFC 9110 §5.5)"},
		{odd{List: []string{"a,b"}, Must: &must}, "header X-List: has a value that is empty, or has a comma or a quote, which can't be in a list (RFC 9110 §5.6.1)"},
		{odd{List: []string{`a"`}, Must: &must}, "header X-List: has a value that is empty, or has a comma or a quote, which can't be in a list (RFC 9110 §5.6.1)"},
		{odd{Cookie: "a;b", Must: &must}, "cookie c: has characters that a cookie can't have (RFC 6265 §4.1.1)"},
		{odd{}, "header X-Must: is required"},
	} {
		_, err := client.Do[struct{}](t.Context(), c, "GET", "/odd", &tt.in)
		assert.EqualError(t, err, "GET /odd: "+tt.want)
	}
	_, err := client.Call(t.Context(), c, getTea, &oneTea{"a/../b"})
	assert.EqualError(t, err, "GET /teas/{id}: the wildcard {id} has a dot segment, which no path matches")
	_, err = client.Call(t.Context(), c, getTea, nil)
	assert.EqualError(t, err, "GET /teas/{id}: the wildcard {id} is empty, which no path matches")
}

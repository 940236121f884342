package tigertonic_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// echoed returns an endpoint that answers with its input.
func echoed[In any]() *tigertonic.Endpoint {
	return tigertonic.Typed(func(_ context.Context, in *In) (*In, error) { return in, nil })
}

// taken returns an endpoint that takes an input and has no output.
func taken[In any]() *tigertonic.Endpoint {
	return tigertonic.Typed(func(context.Context, *In) (struct{}, error) { return struct{}{}, nil })
}

// invalid and notReadable are what is answered where these errors are found.
func invalid(errs ...string) string {
	return `{"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[` + strings.Join(errs, ",") + `]}`
}

func notReadable(errs ...string) string {
	return `{"title":"Bad Request","status":400,"detail":"the request can't be read","errors":[` + strings.Join(errs, ",") + `]}`
}

// at and of are errors in the body and in a parameter.
func at(pointer, detail string) string {
	return `{"pointer":` + quote(pointer) + `,"detail":` + quote(detail) + `}`
}

func of(in, name, detail string) string {
	return `{"parameter":` + quote(name) + `,"in":` + quote(in) + `,"detail":` + quote(detail) + `}`
}

var keywords = regexp.MustCompile(`,"keyword":"[a-zA-Z]+"(,"limit":(\[("(\\.|[^"\\])*"|[^\]"])*\]|"(\\.|[^"\\])*"|[^,}]+))?`)

// withoutKeywords returns a problem without the keywords and limits of its errors, which
// TestErrorsNameTheKeywordAndItsLimit is about.
func withoutKeywords(problem string) string { return keywords.ReplaceAllString(problem, "") }

// requireProblem requires this problem, whole but for the keywords of its errors.
func requireProblem(t *testing.T, w *httptest.ResponseRecorder, status int, want string) {
	t.Helper()
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"), w.Body)
	require.JSONEq(t, want, withoutKeywords(w.Body.String()))
	require.Equal(t, status, w.Code)
}

type level string

type everyParameter struct {
	String   string                        `query:"string" json:"string,omitempty"`
	Named    level                         `query:"named" json:"named,omitempty"`
	Bool     bool                          `query:"bool" json:"bool,omitzero"`
	Int      int                           `query:"int" json:"int,omitzero"`
	Int8     int8                          `query:"int8" json:"int8,omitzero"`
	Int16    int16                         `query:"int16" json:"int16,omitzero"`
	Int32    int32                         `query:"int32" json:"int32,omitzero"`
	Int64    int64                         `query:"int64" json:"int64,omitzero"`
	Uint     uint                          `query:"uint" json:"uint,omitzero"`
	Uint8    uint8                         `query:"uint8" json:"uint8,omitzero"`
	Uint16   uint16                        `query:"uint16" json:"uint16,omitzero"`
	Uint32   uint32                        `query:"uint32" json:"uint32,omitzero"`
	Uint64   uint64                        `query:"uint64" json:"uint64,omitzero"`
	Float32  float32                       `query:"float32" json:"float32,omitzero"`
	Float64  float64                       `query:"float64" json:"float64,omitzero"`
	Time     time.Time                     `query:"time" json:"time,omitzero"`
	Duration time.Duration                 `query:"duration" json:"duration,omitzero"`
	Addr     netip.Addr                    `query:"addr" json:"addr,omitzero"`
	Strings  []string                      `query:"strings" json:"strings,omitempty"`
	Ints     []int                         `query:"ints" json:"ints,omitempty"`
	Addrs    []netip.Addr                  `query:"addrs" json:"addrs,omitempty"`
	Pointer  *int                          `query:"pointer" json:"pointer,omitzero"`
	PAddr    *netip.Addr                   `query:"paddr" json:"paddr,omitzero"`
	PNamed   *level                        `query:"pnamed" json:"pnamed,omitzero"`
	Opt      tigertonic.Opt[bool]          `query:"opt" json:"opt,omitzero"`
	OptAddr  tigertonic.Opt[netip.Addr]    `query:"optaddr" json:"optaddr,omitzero"`
	OptNamed tigertonic.Opt[level]         `query:"optnamed" json:"optnamed,omitzero"`
	Times    []time.Time                   `query:"times" json:"times,omitempty"`
	Waits    []time.Duration               `query:"waits" json:"waits,omitempty"`
	OptWait  tigertonic.Opt[time.Duration] `query:"optwait" json:"optwait,omitzero"`
}

const (
	notInteger = "must be an integer"
	dateTime   = "must be a date and time, such as 2006-01-02T15:04:05Z (RFC 3339)"
	duration   = "must be a duration, such as 1h30m"
)

func TestTypedParameterOfEveryType(t *testing.T) {
	h := echoed[everyParameter]()
	for query, want := range map[string]string{
		"":                             `{}`,
		"unknown=1&&=&=2":              `{}`,
		"string=":                      `{}`,
		"string=a+b%20c%2Bd%26":        `{"string":"a b c+d&"}`,
		"string=a;b=c":                 `{"string":"a;b=c"}`,
		"string=a=b":                   `{"string":"a=b"}`,
		"%73tring=%C3%A9":              `{"string":"é"}`,
		"string=%00%0D%0A":             `{"string":"\u0000\r\n"}`,
		"String=other+case":            `{}`,
		"named=high":                   `{"named":"high"}`,
		"bool=true":                    `{"bool":true}`,
		"bool=false":                   `{}`,
		"int=-9223372036854775808":     `{"int":-9223372036854775808}`,
		"int8=127":                     `{"int8":127}`,
		"int16=-32768":                 `{"int16":-32768}`,
		"int32=2147483647":             `{"int32":2147483647}`,
		"int64=9223372036854775807":    `{"int64":9223372036854775807}`,
		"int=-0":                       `{}`,
		"uint=1":                       `{"uint":1}`,
		"uint8=255":                    `{"uint8":255}`,
		"uint16=65535":                 `{"uint16":65535}`,
		"uint32=4294967295":            `{"uint32":4294967295}`,
		"uint64=18446744073709551615":  `{"uint64":18446744073709551615}`,
		"float32=1.5":                  `{"float32":1.5}`,
		"float64=-1.5e-7":              `{"float64":-1.5e-7}`,
		"time=2020-02-29T00:00:00.5Z":  `{"time":"2020-02-29T00:00:00.5Z"}`,
		"duration=90m":                 `{"duration":"1h30m0s"}`,
		"addr=::1":                     `{"addr":"::1"}`,
		"strings=a&strings=&strings=a": `{"strings":["a","","a"]}`,
		"strings=a,b":                  `{"strings":["a,b"]}`,
		"ints=1&x=y&ints=2":            `{"ints":[1,2]}`,
		"addrs=::1&addrs=1.2.3.4":      `{"addrs":["::1","1.2.3.4"]}`,
		"pointer=0":                    `{"pointer":0}`,
		"paddr=::1":                    `{"paddr":"::1"}`,
		"pnamed=":                      `{"pnamed":""}`,
		"opt=false":                    `{"opt":false}`,
		"optaddr=::1":                  `{"optaddr":"::1"}`,
		"optnamed=x":                   `{"optnamed":"x"}`,
		"times=2020-01-01T00:00:00Z":   `{"times":["2020-01-01T00:00:00Z"]}`,
		"waits=1s&waits=0":             `{"waits":["1s","0s"]}`,
		"optwait=0":                    `{"optwait":"0s"}`,
	} {
		w := serve(t, h, "GET", "/?"+query, "")
		assert.Equal(t, 200, w.Code, "%s: %s", query, w.Body)
		assert.JSONEq(t, want, w.Body.String(), query)
	}
}

func TestTypedParameterRefused(t *testing.T) {
	h := echoed[everyParameter]()
	for _, tt := range []struct{ query, detail string }{
		{"bool=", "must be true or false"},
		{"bool=True", "must be true or false"},
		{"bool=1", "must be true or false"},
		{"int=", notInteger},
		{"int=1.0", notInteger},
		{"int=1e2", notInteger},
		{"int=0x1", notInteger},
		{"int=01", notInteger},
		{"int=%2B1", notInteger},
		{"int=+1", notInteger},
		{"int=1_000", notInteger},
		{"int=9223372036854775808", "must be at most 9223372036854775807"},
		{"int8=128", "must be at most 127"},
		{"int8=-129", "must be at least -128"},
		{"int16=32768", "must be at most 32767"},
		{"int32=-2147483649", "must be at least -2147483648"},
		{"uint=-1", "must be at least 0"},
		{"uint8=256", "must be at most 255"},
		{"uint16=65536", "must be at most 65535"},
		{"uint32=4294967296", "must be at most 4294967295"},
		{"uint64=18446744073709551616", "must be at most 18446744073709551615"},
		{"float32=1e39", "must be a number of 32 bits (IEEE 754)"},
		{"float64=1e400", "must be a number of 64 bits (IEEE 754)"},
		{"float64=NaN", "must be a number"},
		{"float64=-Inf", "must be a number"},
		{"float64=.5", "must be a number"},
		{"time=2020-02-30T00:00:00Z", dateTime},
		{"time=2020-02-29", dateTime},
		{"duration=1", duration},
		{"addr=localhost", "must be an IP address, such as 192.0.2.1 or 2001:db8::1"},
		{"ints=1&ints=x", "value 2 must be an integer"},
		{"addrs=::1&addrs=x", "value 2 must be an IP address, such as 192.0.2.1 or 2001:db8::1"},
		{"pointer=x", notInteger},
		{"paddr=x", "must be an IP address, such as 192.0.2.1 or 2001:db8::1"},
		{"opt=x", "must be true or false"},
		{"optaddr=x", "must be an IP address, such as 192.0.2.1 or 2001:db8::1"},
		{"times=x", "value 1 " + dateTime},
		{"string=a&string=a", "must be there only once"},
	} {
		name, _, _ := strings.Cut(tt.query, "=")
		requireProblem(t, serve(t, h, "GET", "/?"+tt.query, ""), 422, invalid(of("query", name, tt.detail)))
	}
	for _, query := range []string{"string=%ff", "strings=a&strings=%ed%a0%80", "string=%zz", "strings=%", "ints=%1"} {
		w := serve(t, h, "GET", "/?"+query, "")
		assert.Equal(t, 400, w.Code, query)
	}
	requireProblem(t, serve(t, h, "GET", "/?string=%ff&int=x", ""), 400,
		notReadable(of("query", "string", "isn't valid UTF-8"), of("query", "int", notInteger)))
	requireProblem(t, serve(t, h, "GET", "/?%zz=1", ""), 400,
		notReadable(`{"in":"query","detail":"a name isn't percent-encoded as it should be"}`))
	requireProblem(t, serve(t, h, "GET", "/?string=%zz&int=1", ""), 400,
		notReadable(of("query", "string", "isn't percent-encoded as it should be")))
}

// What -0 means is 0, in a body as in a parameter.
func TestTypedParameterTakesNegativeZero(t *testing.T) {
	w := serve(t, echoed[everyParameter](), "GET", "/?uint=-0&uint8=-0", "")
	assert.Equal(t, 200, w.Code, w.Body)
}

type defaulted struct {
	Ints    []int                      `query:"ints" default:"[1,2]"`
	Spaced  []int                      `query:"spaced" default:"1, 2"`
	Strings []string                   `query:"strings" default:"a, b"`
	Pointer *int                       `query:"pointer" default:"3"`
	Opt     tigertonic.Opt[string]     `header:"X-Opt" default:"x"`
	Wait    time.Duration              `cookie:"wait" default:"1m"`
	Addr    tigertonic.Opt[netip.Addr] `query:"addr" default:"::1"`
}

func TestTypedParameterDefaults(t *testing.T) {
	w := serve(t, echoed[defaulted](), "GET", "/", "")
	assert.JSONEq(t, `{"Ints":[1,2],"Spaced":[1,2],"Strings":["a","b"],"Pointer":3,"Opt":"x","Wait":"1m0s","Addr":"::1"}`, w.Body.String())
	w = serve(t, echoed[defaulted](), "GET", "/?ints=5&spaced=6&strings=&pointer=0&addr=::2", "", "X-Opt", "", "Cookie", "wait=2s")
	assert.JSONEq(t, `{"Ints":[5],"Spaced":[6],"Strings":[""],"Pointer":0,"Opt":"","Wait":"2s","Addr":"::2"}`, w.Body.String())
}

type elsewhere struct {
	Match   string   `header:"if-match" json:"match,omitempty"`
	List    []string `header:"X-List" json:"list,omitempty" maxItems:"3"`
	Numbers []int    `header:"X-Numbers" json:"numbers,omitempty"`
	Session string   `cookie:"session" required:"true" json:"session"`
	Seen    *int     `cookie:"seen" json:"seen,omitzero" minimum:"1"`
}

func TestTypedHeadersAndCookies(t *testing.T) {
	h := echoed[elsewhere]()
	for _, tt := range []struct {
		headers []string
		want    string
	}{
		{[]string{"Cookie", "session=s", "If-Match", `"x"`}, `{"session":"s","match":"\"x\""}`},
		{[]string{"Cookie", "session=s; seen=3"}, `{"session":"s","seen":3}`},
		{[]string{"Cookie", "session="}, `{"session":""}`},
		{[]string{"Cookie", "session=s", "X-List", `a, "b,c" ,,`, "X-List", "d"}, `{"session":"s","list":["a","\"b,c\"","d"]}`},
		{[]string{"Cookie", "session=s", "X-Numbers", "1,2", "X-Numbers", "3"}, `{"session":"s","numbers":[1,2,3]}`},
	} {
		w := serve(t, h, "GET", "/", "", tt.headers...)
		assert.JSONEq(t, tt.want, w.Body.String(), tt.headers)
	}
	requireProblem(t, serve(t, h, "GET", "/", "", "If-Match", "a", "If-Match", "b", "X-List", "1,2,3,4", "X-Numbers", "x,1,y", "Cookie", "seen=0"), 422,
		invalid(of("header", "if-match", "must be there only once"), of("header", "X-List", "must have at most 3 items"),
			of("header", "X-Numbers", "value 1 must be an integer"), of("header", "X-Numbers", "value 3 must be an integer"),
			of("cookie", "session", "is required"), of("cookie", "seen", "must be at least 1")))
	requireProblem(t, serve(t, h, "GET", "/", "", "Cookie", "session=a; session=b"), 422, invalid(of("cookie", "session", "must be there only once")))
	requireProblem(t, serve(t, h, "GET", "/", "", "Cookie", "session=a", "If-Match", "\xff"), 400, notReadable(of("header", "if-match", "isn't valid UTF-8")))
}

type tenancy struct {
	Tenant string `path:"tenant,namespace" minLength:"2" json:"tenant"`
}
type pages struct {
	Limit int `query:"limit" default:"20" maximum:"100" json:"limit"`
}
type thing struct {
	tenancy
	pages
	ID   int    `path:"id" json:"id"`
	Rest string `path:"rest" json:"rest"`
}

func TestTypedFlattensEmbeddedStructsAndReadsNamespaces(t *testing.T) {
	inner := tigertonic.NewTrieServeMux()
	inner.Handle("GET", "/things/{id}/{rest...}", echoed[thing]())
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/{tenant}", inner)
	w := serve(t, mux, "GET", "/a%2Fb/things/7/x%2Fy/%252F", "")
	assert.JSONEq(t, `{"tenant":"a/b","limit":20,"id":7,"rest":"x/y/%2F"}`, w.Body.String())
	requireProblem(t, serve(t, mux, "GET", "/a/things/x/?limit=101", ""), 422,
		invalid(of("path", "tenant", "must be at least 2 characters long"), of("query", "limit", "must be at most 100"), of("path", "id", notInteger)))
	requireProblem(t, serve(t, mux, "GET", "/ab/things/1/%ff", ""), 400, notReadable(of("path", "rest", "isn't valid UTF-8")))
}

func TestTypedUnderAForeignRouter(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("GET /{tenant}/things/{id}/{rest...}", echoed[thing]())
	assert.JSONEq(t, `{"tenant":"a/b","limit":5,"id":7,"rest":"x/y"}`, serve(t, mux, "GET", "/a%2Fb/things/7/x/y?limit=5", "").Body.String())
	requireProblem(t, serve(t, mux, "GET", "/ab/things/x/", ""), 422, invalid(of("path", "id", notInteger)))
}

type constrainedParameters struct {
	Yes    bool       `query:"yes" enum:"true"`
	Code   ownCode    `query:"code" minLength:"2"`
	Small  ownSmall   `query:"small" minimum:"3"`
	Unique []float64  `query:"unique" uniqueItems:"true"`
	Either *ownEither `query:"either"`
}

// Schemas of the user's own, which are shared, or not only of one type.
type (
	ownCode   string
	ownSmall  int
	ownEither string
)

func (ownCode) JSONSchema() *schema.Schema {
	return &schema.Schema{Name: "Code", Types: []string{"string"}, Pattern: "^[a-z]+$"}
}

func (ownSmall) JSONSchema() *schema.Schema {
	return &schema.Schema{Name: "Small", Types: []string{"integer"}, Maximum: "10"}
}

func (ownEither) JSONSchema() *schema.Schema {
	return &schema.Schema{AnyOf: []*schema.Schema{
		{Types: []string{"string"}, Pattern: "^a+$"}, {Types: []string{"string"}, Pattern: "^b+$"},
	}}
}

// A parameter must meet all of its schema: that of its type, too.
func TestTypedParameterMeetsItsWholeSchema(t *testing.T) {
	h := taken[constrainedParameters]()
	assert.Equal(t, 204, serve(t, h, "GET", "/?yes=true&code=ab&small=3&unique=1&unique=2&either=bb", "").Code)
	for query, detail := range map[string]string{
		"yes=false":           "must be one of true",
		"code=AB":             "must match ^[a-z]+$",
		"code=a":              "must be at least 2 characters long",
		"small=11":            "must be at most 10",
		"small=2":             "must be at least 3",
		"unique=1&unique=1":   "must have no item twice",
		"unique=1&unique=1.0": "must have no item twice",
		"either=ab":           "must have one of the allowed forms",
	} {
		t.Run(query, func(t *testing.T) {
			name, _, _ := strings.Cut(query, "=")
			requireProblem(t, serve(t, h, "GET", "/?"+query, ""), 422, invalid(of("query", name, detail)))
		})
	}
}

// A fussy text says itself what is wrong with it.
type fussy string

func (f *fussy) UnmarshalText(text []byte) error {
	switch *f = fussy(text); {
	case *f == "number":
		_, err := strconv.Atoi("x")
		return fmt.Errorf("reading: %w", err)
	case *f == "taken":
		return tigertonic.Conflict{Err: errors.New("it is taken")}
	case *f == "broken":
		return tigertonic.InternalServerError{Err: errors.New("password of the store")}
	case *f == "empty":
		return errors.New("")
	case strings.HasPrefix(string(text), "x"):
		return fmt.Errorf("mustn't begin with x: %s", text)
	}
	return nil
}

// What UnmarshalText of a type says reaches the client, wherever the text came from.
func TestTypedTellsWhatATypeHasAgainstItsText(t *testing.T) {
	type body struct {
		Fussy fussy                    `json:"fussy,omitempty"`
		Map   map[fussy]int            `json:"map,omitempty"`
		Opt   tigertonic.Opt[*[]fussy] `json:"opt,omitzero"`
	}
	type parameters struct {
		Query  fussy                 `query:"q"`
		Many   []fussy               `query:"many"`
		Header *fussy                `header:"X-Fussy"`
		Cookie tigertonic.Opt[fussy] `cookie:"c"`
	}
	long := "x" + strings.Repeat("é", 500)
	for text, want := range map[string]string{
		"xy":     "mustn't begin with x: xy",
		"number": "isn't valid",
		"empty":  "isn't valid",
		"x\x1b[": `mustn't begin with x: x\x1b[`,
		long:     "mustn't begin with x: x" + strings.Repeat("é", 116) + "…",
	} {
		quoted, err := json.Marshal(text)
		require.NoError(t, err)
		for in, pointer := range map[string]string{`{"fussy":%s}`: "/fussy", `{"opt":["a",%s]}`: "/opt/1"} {
			requireProblem(t, postJSON(t, taken[body](), "/", fmt.Sprintf(in, quoted)), 422, invalid(at(pointer, want)))
		}
		h := taken[parameters]()
		requireProblem(t, serve(t, h, "GET", "/?q="+url.QueryEscape(text), ""), 422, invalid(of("query", "q", want)))
		requireProblem(t, serve(t, h, "GET", "/?many=a&many="+url.QueryEscape(text), ""), 422, invalid(of("query", "many", "value 2 "+want)))
		requireProblem(t, serve(t, h, "GET", "/", "", "X-Fussy", text), 422, invalid(of("header", "X-Fussy", want)))
	}
	requireProblem(t, postJSON(t, taken[body](), "/", `{"map":{"xy":1}}`), 422, invalid(at("/map/xy", "mustn't begin with x: xy")))
	for _, w := range []*httptest.ResponseRecorder{
		postJSON(t, taken[body](), "/", `{"fussy":"taken"}`), serve(t, taken[parameters](), "GET", "/?q=taken", ""),
		serve(t, taken[parameters](), "GET", "/?many=a&many=taken", ""), serve(t, taken[parameters](), "GET", "/", "", "Cookie", "c=taken"),
	} {
		requireProblem(t, w, 409, `{"title":"Conflict","status":409,"detail":"it is taken"}`)
	}
	for _, w := range []*httptest.ResponseRecorder{
		postJSON(t, taken[body](), "/", `{"fussy":"broken"}`), serve(t, taken[parameters](), "GET", "/?q=broken", ""),
	} {
		assert.Equal(t, 500, w.Code)
		assert.NotContains(t, w.Body.String(), "password")
	}
}

// A cookie that is there isn't missing, whatever is in it.
func TestTypedTellsOfMalformedCookies(t *testing.T) {
	h := echoed[elsewhere]()
	want := notReadable(of("cookie", "session", "has characters that a cookie can't have (RFC 6265 §4.1.1)"))
	for _, line := range []string{`session=a"b`, `session="`, "session=\xff", `session=a\b`, "session=é", `a=b; session=a"b;`, `session=ok; session="x`, "session=a\x7f"} {
		requireProblem(t, serve(t, h, "GET", "/", "", "Cookie", line), 400, want)
	}
	requireProblem(t, serve(t, h, "GET", "/", "", "Cookie", "other=a\"b; Session=x; session2=y"), 422, invalid(of("cookie", "session", "is required")))
	for line, session := range map[string]string{
		`session="a b,c"`: "a b,c", `a; ; =x; session = c`: " c", `session`: "", `session=a=b; c="`: "a=b", ` session=x;`: "x",
	} {
		w := serve(t, h, "GET", "/", "", "Cookie", line)
		assert.Equal(t, 200, w.Code, w.Body)
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.Header.Set("Cookie", line)
		cookie, err := r.Cookie("session")
		require.NoError(t, err)
		assert.Equal(t, session, cookie.Value)
		assert.Contains(t, w.Body.String(), `"session":`+strconv.Quote(session))
	}
}

package tigertonic_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// What a request costs grows with its length: the memory by at most 20 bytes a byte,
// and the time as a straight line.

const (
	growthLimit  = 256 << 10 // from where on nothing changes but the length
	bytesPerByte = 20
	ofTheCodec   = 50                    // where it is the value itself, and how the codec has it grow, or its log line
	slack        = 64 << 10              // whatever the request is
	shortest     = 50 * time.Millisecond // of times that aren't the clock's and the collector's
)

// A growing is an input of about n bytes for a handler.
type growing struct {
	name     string
	h        http.Handler
	request  func(n int) *http.Request
	defaults bool
	codec    bool // the memory is above all that of the value that the codec has made
}

func (g growing) ofCodec() growing { g.codec = true; return g }

// ofDefaults is for a body that leaves out what has defaults: these have a limit of
// their own, however short the body is.
func (g growing) ofDefaults() growing { g.defaults = true; return g }

// fill returns as many of the texts as are n bytes.
func fill(n int, text string) string { return strings.Repeat(text, n/len(text)) }

// numbered returns texts of about n bytes, each with a number of its own.
func numberedTexts(n int, format string) string {
	var b strings.Builder
	for i := 100000; b.Len() < n; i++ {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func growingBody(name string, h http.Handler, contentType string, body func(n int) string) growing {
	return growing{name: name, h: h, request: func(n int) *http.Request {
		text := body(n)
		r := httptest.NewRequest("POST", "/", strings.NewReader(text))
		r.Header.Set("Content-Type", contentType)
		return r
	}}
}

func growingJSON(name string, h http.Handler, body func(n int) string) growing {
	return growingBody(name, h, "application/json", body)
}

func growingQuery(name string, h http.Handler, query func(n int) string) growing {
	return growing{name: name, h: h, request: func(n int) *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = query(n)
		return r
	}}
}

func growingHeader(name string, h http.Handler, header string, value func(n int) string) growing {
	return growing{name: name, h: h, request: func(n int) *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header[header] = []string{value(n)}
		return r
	}}
}

// costOf returns the memory and the least time that a request takes.
func costOf(g growing, n int) (memory uint64, took time.Duration) {
	took = time.Hour
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it comes between, for all of the memory
	for range 2 {
		r, w := g.request(n), httptest.NewRecorder()
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		g.h.ServeHTTP(w, r)
		took = min(took, time.Since(begin))
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; memory == 0 || used < memory {
			memory = used
		}
	}
	return memory, took
}

func requireGrowth(t *testing.T, g growing) {
	t.Helper()
	perByte := bytesPerByte
	if g.codec {
		perByte = ofTheCodec
	}
	const n = growthLimit/2 - 64
	half, tookHalf := costOf(g, n)
	whole, took := costOf(g, 2*n)
	t.Logf("%5.1f then %5.1f bytes a byte, %v then %v", float64(half)/n, float64(whole)/(2*n), tookHalf, took)
	most := uint64(2*n*perByte + slack)
	if g.defaults {
		most = 64 << 20
	}
	if !raceEnabled { // the race detector allocates: make test runs this without it, too
		assert.LessOrEqual(t, whole, most, "of %d bytes", 2*n)
	}
	// A square would be four.
	for i := 0; took > shortest && took > 3*tookHalf && i < 5; i++ {
		_, again := costOf(g, n)
		tookHalf = max(tookHalf, again) // a busy machine has both take longer
		_, again = costOf(g, 2*n)
		took = min(took, again)
	}
	if took > shortest {
		assert.LessOrEqual(t, float64(took)/float64(tookHalf), 3.5, "%v after %v", took, tookHalf)
	}
}

type manyTexts struct {
	Query  []string `query:"a"`
	Unique []string `query:"u" uniqueItems:"true"`
	Header []string `header:"X-List"`
	Ints   []int    `query:"i" uniqueItems:"true"`
	One    string   `query:"one"`
	Cookie string   `cookie:"c"`
	Number float64  `query:"n" multipleOf:"0.01"`
	Fussy  fussy    `query:"f"`
	Word   string   `query:"p" pattern:"^([a-z]+)+$"`
}

func TestCostGrowsWithTheQuery(t *testing.T) {
	h := taken[manyTexts]()
	capped := taken[struct {
		All    []string `query:"a" maxItems:"10"`
		Unique []string `query:"u" maxItems:"10" uniqueItems:"true"`
	}]()
	for _, g := range []growing{
		growingQuery("values", h, func(n int) string { return fill(n, "a&") }),
		growingQuery("values, too many", capped, func(n int) string { return fill(n, "a&") }),
		growingQuery("values, too many and unique", capped, func(n int) string { return numberedTexts(n, "u=%x&") }),
		growingQuery("escaped values", h, func(n int) string { return fill(n, "%61=%41&") }),
		growingQuery("unique values", h, func(n int) string { return numberedTexts(n, "u=%x&") }),
		growingQuery("numbers", h, func(n int) string { return numberedTexts(n, "i=%d&") }),
		growingQuery("no numbers", h, func(n int) string { return fill(n, "i=x&") }),
		growingQuery("unknown", h, func(n int) string { return numberedTexts(n, "%x&") }),
		growingQuery("malformed", h, func(n int) string { return fill(n, "%&") }),
		growingQuery("malformed values", h, func(n int) string { return fill(n, "a=%&") }),
		growingQuery("long", h, func(n int) string { return "one=" + fill(n, "x") }),
		growingQuery("long, escaped", h, func(n int) string { return "one=" + fill(n, "%41") }),
		growingQuery("digits", h, func(n int) string { return "n=" + fill(n, "7") }),
		growingQuery("fraction", h, func(n int) string { return "n=0." + fill(n, "7") }),
		growingQuery("exponent", h, func(n int) string { return "n=1e" + fill(n, "7") }),
		growingQuery("own type", h, func(n int) string { return "f=" + fill(n, "7") }),
		growingQuery("pattern", h, func(n int) string { return "p=" + fill(n, "a") + "!" }),
		growingHeader("header", h, "X-List", func(n int) string { return fill(n, "a,") }),
		growingHeader("header of quotes", h, "X-List", func(n int) string { return fill(n, `",`) }),
		growingHeader("cookies", h, "Cookie", func(n int) string { return fill(n, "c=;") }),
		growingHeader("other cookies", h, "Cookie", func(n int) string { return fill(n, "a;") }),
	} {
		t.Run(g.name, func(t *testing.T) { requireGrowth(t, g) })
	}
}

func TestCostGrowsWithTheHeaders(t *testing.T) {
	h := typedFunc(func(*struct{}) (tea, error) { return tea{}, nil })
	body := taken[[]string]()
	logged := tigertonic.Logged(h, nil)
	logged.Logger = discard
	for _, g := range []growing{
		growingHeader("Accept", h, "Accept", func(n int) string { return fill(n, "a/b;q=0.1,") }),
		growingHeader("Accept of commas", h, "Accept", func(n int) string { return fill(n, ",") }),
		growingHeader("Accept of digits", h, "Accept", func(n int) string { return "a/b;q=0." + fill(n, "1") }),
		growingHeader("Content-Type", body, "Content-Type", func(n int) string { return "application/json" + numberedTexts(n, ";a%d=b") }),
		growingHeader("Content-Type of pieces", body, "Content-Type", func(n int) string { return "application/json" + numberedTexts(n, ";a*%d=b") }),
		growingHeader("Authorization", tigertonic.HTTPBasicAuth(map[string]string{"a": "b"}, "r", h), "Authorization", func(n int) string { return "Basic " + fill(n, "AAAA") }),
		growingHeader("Origin", tigertonic.NewCORSBuilder().AddAllowedOrigins("https://a").Build(h), "Origin", func(n int) string { return fill(n, "https://") }),
		growingHeader("X-Request-ID", tigertonic.Identified(h, nil), "X-Request-Id", func(n int) string { return fill(n, "a") }),
		growingHeader("traceparent", tigertonic.Identified(h, nil), "Traceparent", func(n int) string { return fill(n, "00-") }),
		growingHeader("logged", logged, "X-A", func(n int) string { return fill(n, "\x01") }).ofCodec(),
	} {
		t.Run(g.name, func(t *testing.T) { requireGrowth(t, g) })
	}
	mux := tigertonic.NewHostServeMux()
	mux.Handle("a", h)
	host := growing{name: "Host", h: mux, request: func(n int) *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = fill(n, "a:")
		return r
	}}
	t.Run(host.name, func(t *testing.T) { requireGrowth(t, host) })
}

type everyFormat struct {
	DateTime string `json:"date-time,omitempty" format:"date-time"`
	Date     string `json:"date,omitempty" format:"date"`
	Time     string `json:"time,omitempty" format:"time"`
	Duration string `json:"duration,omitempty" format:"duration"`
	Go       string `json:"go-duration,omitempty" format:"go-duration"`
	Email    string `json:"email,omitempty" format:"email"`
	Host     string `json:"hostname,omitempty" format:"hostname"`
	IPv4     string `json:"ipv4,omitempty" format:"ipv4"`
	IPv6     string `json:"ipv6,omitempty" format:"ipv6"`
	IP       string `json:"ip,omitempty" format:"ip"`
	CIDR     string `json:"cidr,omitempty" format:"cidr"`
	IPPort   string `json:"ip-port,omitempty" format:"ip-port"`
	URI      string `json:"uri,omitempty" format:"uri"`
	URIRef   string `json:"uri-reference,omitempty" format:"uri-reference"`
	UUID     string `json:"uuid,omitempty" format:"uuid"`
	Pattern  string `json:"pattern,omitempty" pattern:"(a|aa)+$"`
	Short    string `json:"short,omitempty" maxLength:"3"`
	Enum     string `json:"enum,omitempty" enum:"a,b"`
	Bytes    []byte `json:"bytes,omitempty"`
	Quoted   int    `json:"quoted,omitempty,string"`
	Fussy    fussy  `json:"fussy,omitempty"`
}

func TestCostGrowsWithTextOfEveryFormat(t *testing.T) {
	h := taken[everyFormat]()
	for _, tt := range []struct{ format, text string }{
		{"date-time", "2006-01-02T15:04:05.1"},
		{"date-time", "1"},
		{"date", "2"},
		{"time", "15:04:05.1"},
		{"duration", "P1"},
		{"duration", "1"},
		{"go-duration", "1h"},
		{"go-duration", "1"},
		{"email", "a."},
		{"email", "a@"},
		{"hostname", "a."},
		{"hostname", "a"},
		{"ipv4", "1."},
		{"ipv6", "1:"},
		{"ip", "1:"},
		{"cidr", "1:"},
		{"ip-port", "[::1]:1"},
		{"uri", "a:b?"},
		{"uri", "a://%20"},
		{"uri-reference", "a/%20"},
		{"uri-reference", "x"},
		{"uuid", "1-"},
		{"pattern", "a"},
		{"pattern", "ab"},
		{"short", "é"},
		{"enum", "a"},
		{"bytes", "AAAA"},
		{"quoted", "1"},
		{"fussy", "x"},
		{"unknown~/", "a"},
	} {
		t.Run(tt.format+" "+tt.text, func(t *testing.T) {
			requireGrowth(t, growingJSON(tt.format, h, func(n int) string { return `{"` + tt.format + `":"` + fill(n, tt.text) + `"}` }))
			requireGrowth(t, growingJSON(tt.format, h, func(n int) string { return `{"` + tt.format + `":"` + fill(n/6, `\u0061`) + `"}` }))
		})
	}
}

type growingBodies struct {
	Unique  []int             `json:"unique,omitempty" uniqueItems:"true"`
	Nested  [][][]string      `json:"nested,omitempty" uniqueItems:"true"`
	Texts   []string          `json:"texts,omitempty"`
	Few     []string          `json:"few,omitempty" maxItems:"10"`
	Ints    []int64           `json:"ints,omitempty"`
	Float   float64           `json:"float,omitempty" multipleOf:"0.001"`
	Floats  []float64         `json:"floats,omitempty" maximum:"10"`
	Default []absentMembers   `json:"default,omitempty"`
	Map     map[string]string `json:"map,omitempty"`
}

type absentMembers struct {
	A string `json:"a" default:"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`
	B []int  `json:"b" default:"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]"`
}

func memberOf(name string, value func(n int) string) func(n int) string {
	return func(n int) string { return `{"` + name + `":` + value(n) + `}` }
}

// items returns an array of about n bytes.
func itemsOf(text string) func(n int) string {
	return func(n int) string { return "[" + strings.TrimSuffix(fill(n, text+","), ",") + "]" }
}

func TestCostGrowsWithTheBody(t *testing.T) {
	h := taken[growingBodies]()
	for _, g := range []growing{
		growingJSON("wrong items", h, memberOf("unique", itemsOf(`"x"`))),
		growingJSON("equal items", h, memberOf("unique", itemsOf("1"))),
		growingJSON("unique items", h, memberOf("unique", func(n int) string { return "[" + strings.TrimSuffix(numberedTexts(n, "%d,"), ",") + "]" })),
		growingJSON("unique arrays", h, memberOf("nested", itemsOf("[[]]"))),
		growingJSON("too many items", h, memberOf("few", itemsOf(`""`))),
		growingJSON("texts", h, memberOf("texts", itemsOf(`"a"`))).ofCodec(),
		growingJSON("escaped texts", h, memberOf("texts", itemsOf(`"\u0061"`))),
		growingJSON("integers as numbers", h, memberOf("ints", itemsOf(`1.0`))).ofCodec(),
		growingJSON("integers with exponents", h, memberOf("ints", itemsOf(`10e-1`))).ofCodec(),
		growingJSON("digits", h, memberOf("float", func(n int) string { return fill(n, "7") })),
		growingJSON("fraction", h, memberOf("float", func(n int) string { return "0." + fill(n, "7") })),
		growingJSON("exponent", h, memberOf("float", func(n int) string { return "1e" + fill(n, "7") })),
		growingJSON("great numbers", h, memberOf("floats", itemsOf("1e400000"))),
		growingJSON("unknown members", h, func(n int) string { return "{" + strings.TrimSuffix(numberedTexts(n, `"%d":1,`), ",") + "}" }),
		growingJSON("long names", h, func(n int) string { return `{"` + fill(n, "~/") + `":1}` }),
		growingJSON("members", h, memberOf("map", func(n int) string { return "{" + strings.TrimSuffix(numberedTexts(n, `"%d":"",`), ",") + "}" })).ofCodec(),
		growingJSON("no JSON", h, func(n int) string { return fill(n, "[") }),
		growingJSON("a duplicate", h, func(n int) string { return `{"` + fill(n/2, "a") + `":1,"` + fill(n/2, "a") + `":1}` }),
		growingBody("patch", taken[tigertonic.Patch[growingBodies]](), "application/merge-patch+json", memberOf("map", func(n int) string { return "{" + strings.TrimSuffix(numberedTexts(n, `"%d":null,`), ",") + "}" })).ofCodec(),
	} {
		t.Run(g.name, func(t *testing.T) { requireGrowth(t, g) })
	}
}

// A folded schema holds two schemas against each value, that lead to the same within
// it.
type folded struct{ _ byte } // without any, it would be no body

func (folded) JSONSchema() *schema.Schema {
	all := &schema.Schema{Name: "folded", Types: []string{"object"}}
	ref := &schema.Schema{Name: "inner", Types: []string{"object"}}
	members := func() []schema.Property {
		return []schema.Property{
			{Name: "a", Schema: all},
			{Name: "n", Schema: &schema.Schema{Types: []string{"integer"}}},
		}
	}
	ref.Properties = members()
	all.Ref, all.Properties = ref, members()
	return all
}

func (*folded) UnmarshalJSON([]byte) error { return nil }

// An alternating schema has alternatives that lead to it again.
type alternating struct{ _ byte }

func (alternating) JSONSchema() *schema.Schema {
	all := &schema.Schema{Name: "alternating"}
	text := schema.Schema{Types: []string{"string"}, Default: []byte(`"` + strings.Repeat("d", 10) + `"`)}
	form := func(word string) *schema.Schema {
		return &schema.Schema{Name: word, Types: []string{"object"}, Properties: []schema.Property{
			{Name: "a", Schema: all}, {Name: "d", Schema: &text}, {Name: word, Schema: &text, Required: true},
		}}
	}
	list := &schema.Schema{Types: []string{"array"}, Items: all}
	integer := &schema.Schema{Types: []string{"integer"}}
	open := &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{{Name: "a", Schema: all}, {Name: "d", Schema: &text}}}
	all.AnyOf = []*schema.Schema{form("x"), form("y"), open, list, integer}
	return all
}

func (*alternating) UnmarshalJSON([]byte) error { return nil }

func deepObjects(depth int, inner string) string {
	return strings.Repeat(`{"a":`, depth) + inner + strings.Repeat("}", depth)
}

// chains returns an array of objects that are nested deeply.
func chainsOf(depth int, inner string) func(n int) string { return itemsOf(deepObjects(depth, inner)) }

func TestCostOfSchemasThatLeadToThemselves(t *testing.T) {
	for _, g := range []growing{
		growingJSON("Ref", taken[[]folded](), chainsOf(900, `{}`)),
		growingJSON("Ref, wrong", taken[[]folded](), chainsOf(900, `1`)),
		growingJSON("AnyOf", taken[[]alternating](), chainsOf(300, `1`)).ofDefaults(),
		growingJSON("AnyOf, wrong", taken[[]alternating](), chainsOf(300, `""`)).ofCodec(),
		growingJSON("AnyOf of lists", taken[[]alternating](), itemsOf("[[],[1,1,1],[[1]]]")).ofCodec(),
		growingJSON("defaults, too many", taken[[]alternating](), itemsOf("{}")).ofDefaults(),
		growingJSON("defaults in any", taken[[]any](), itemsOf("{}")).ofCodec(),
		growingJSON("defaults", taken[growingBodies](), memberOf("default", itemsOf("{}"))).ofDefaults(),
	} {
		t.Run(g.name, func(t *testing.T) { requireGrowth(t, g) })
	}
	small := taken[folded]()
	for depth := range 30 {
		finishes(t, func() {
			assert.Equal(t, 204, postJSON(t, small, "/", deepObjects(depth, `{"n":1.0}`)).Code)
			w := postJSON(t, small, "/", deepObjects(depth, `{"n":"x"}`))
			assert.Equal(t, 422, w.Code)
			assert.Equal(t, 1, strings.Count(w.Body.String(), `"pointer"`), w.Body)
		})
	}
	assert.Equal(t, 204, postJSON(t, taken[alternating](), "/", `{"a":{"y":"","a":[{"x":""},1.0]}}`).Code)
}

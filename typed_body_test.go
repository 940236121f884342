package tigertonic_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A recorded is a response.
type recorded struct{ *httptest.ResponseRecorder }

func requestJSON(t *testing.T, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func responseOf(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

type strict struct {
	Name  string    `json:"name,omitzero"`
	Count int       `json:"count,omitzero"`
	Inner *box[int] `json:"inner,omitzero"`
}

func TestTypedBodyThatCantBeRead(t *testing.T) {
	for _, tt := range []struct{ name, body, pointer, detail string }{
		{"empty", ``, "", "is required"},
		{"blank", ` `, "", "ends before it is whole"},
		{"cut off", `{"name":"x`, "", "ends before it is whole"},
		{"no name", `{1:2}`, "", `isn't JSON, at offset 1: invalid character '1' at start of string (expecting '"')`},
		{"trailing word", `{} x`, "", "isn't JSON, at offset 3: invalid character 'x' after top-level value"},
		{"two values", `{}{}`, "", "isn't JSON, at offset 2: invalid character '{' after top-level value"},
		{"a zero byte", "{}\x00", "", `isn't JSON, at offset 2: invalid character '\x00' after top-level value`},
		{"a name twice", `{"count":1,"count":1}`, "/count", "is there twice"},
		{"a name twice, escaped", `{"count":1,"c\u006funt":1}`, "/count", "is there twice"},
		{"a name twice, nested", `{"inner":{"v":1,"v":2}}`, "/inner/v", "is there twice"},
		{"an unknown name twice", `{"x":1,"x":2}`, "/x", "is there twice"},
		{"invalid UTF-8", "{\"name\":\"\xff\"}", "/name", "isn't JSON, at offset 9: invalid UTF-8"},
		{"half a surrogate pair", `{"name":"\ud800"}`, "/name", "isn't JSON, at offset 9: invalid surrogate pair `\\ud800\"}` in string"},
		{"a byte order mark", "\ufeff{}", "", `isn't JSON, at offset 0: invalid character '\ufeff' at start of value`},
		{"a comment", `{/**/}`, "", `isn't JSON, at offset 1: invalid character '/' at start of string (expecting '"')`},
		{"a comma too many", `{"count":1,}`, "", `isn't JSON, at offset 11: invalid character '}' at start of string (expecting '"')`},
		{"NaN", `{"count":NaN}`, "/count", "isn't JSON, at offset 9: invalid character 'N' at start of value"},
		{"a leading zero", `{"count":01}`, "", "isn't JSON, at offset 10: invalid character '1' after object value (expecting ',' or '}')"},
		{"a leading plus", `{"count":+1}`, "/count", "isn't JSON, at offset 9: invalid character '+' at start of value"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			requireProblem(t, postJSON(t, taken[strict](), "/", tt.body), 400, notReadable(at(tt.pointer, tt.detail)))
		})
	}
	w := postJSON(t, taken[any](), "/", strings.Repeat("[", 10_001)+strings.Repeat("]", 10_001))
	assert.Equal(t, 400, w.Code)
	assert.Less(t, w.Body.Len(), 500)
	assert.Contains(t, w.Body.String(), "exceeded max depth")
	assert.Equal(t, 204, postJSON(t, taken[any](), "/", strings.Repeat("[", 9999)+strings.Repeat("]", 9999)).Code)
}

// What is wrong within a value of any form is found where it is, as elsewhere.
func TestTypedBodyOfAnyThatCantBeRead(t *testing.T) {
	type report struct {
		Data map[string]any `json:"data"`
		More []any          `json:"more,omitempty" maxItems:"2"`
	}
	for _, tt := range []struct{ body, pointer, detail string }{
		{`{"data":{"a":[{"b":1,"b":2}]}}`, "/data/a/0/b", "is there twice"},
		{`{"data":{"a":[1,{"b":tru}]}}`, "/data/a/1/b", "isn't JSON, at offset 24: invalid character '}' in literal true (expecting 'e')"},
		{`{"data":{"a":01}}`, "/data", "isn't JSON, at offset 14: invalid character '1' after object value (expecting ',' or '}')"},
		{`{"data":{"a":[1,2`, "", "ends before it is whole"},
		{`{"data":{"a":"\ud800"}}`, "/data/a", "isn't JSON, at offset 14: invalid surrogate pair `\\ud800\"}}` in string"},
	} {
		requireProblem(t, postJSON(t, taken[report](), "/", tt.body), 400, notReadable(at(tt.pointer, tt.detail)))
	}
	assert.Contains(t, postJSON(t, taken[report](), "/", `{"data":{},"more":[1,"2",null]}`).Body.String(), `"pointer":"/more"`)
	assert.Equal(t, 204, postJSON(t, taken[report](), "/", `{"data":{"a":[1e3,-0,"é",{"b":null}]},"more":[{},[]]}`).Code)
}

func TestTypedBodyThatIsWrong(t *testing.T) {
	for body, want := range map[string]string{
		`null`:                   at("", "must be an object"),
		`[]`:                     at("", "must be an object"),
		`{"NAME":"x","Count":1}`: at("/NAME", "is not known") + "," + at("/Count", "is not known"),
		`{"":1,"a/b~c":1}`:       at("/", "is not known") + "," + at("/a~1b~0c", "is not known"),
		`{"name":1,"count":"","inner":{"v":1.5,"w":0}}`: at("/name", "must be a string") + "," + at("/count", notInteger) + "," + at("/inner/v", notInteger) + "," + at("/inner/w", "is not known"),
		`{"count":null,"inner":{}}`:                     at("/count", notInteger) + "," + at("/inner/v", "is required"),
	} {
		requireProblem(t, postJSON(t, taken[strict](), "/", body), 422, invalid(want))
	}
}

func TestTypedErrorsAreBounded(t *testing.T) {
	w := postJSON(t, taken[strict](), "/", `{"`+strings.Repeat("é", 300_000)+`":1}`)
	requireProblem(t, w, 422, invalid(at("/"+strings.Repeat("é", 127)+"…", "is not known")))
	for name, body := range map[string]string{
		"items":   `[` + strings.Repeat(`"",`, 300<<10) + `1]`,
		"numbers": `[` + strings.Repeat("1.5,", 200<<10) + `1]`,
		"number":  `[` + strings.Repeat("1", 1<<20-2) + `]`,
		"digits":  `[0.` + strings.Repeat("1", 1<<20-4) + `]`,
	} {
		t.Run(name, func(t *testing.T) {
			finishes(t, func() {
				w := responseOf(taken[[]int](), requestJSON(t, body))
				assert.Equal(t, 422, w.Code)
				assert.LessOrEqual(t, strings.Count(w.Body.String(), `"pointer"`), 100)
			})
		})
	}
}

type boundedInput struct {
	Many []int `query:"many"`
	Body []int `body:""`
}

func TestTypedTellsAtMostAHundredErrors(t *testing.T) {
	w := postJSON(t, taken[boundedInput](), "/?"+strings.Repeat("many=x&", 80), `[`+strings.Repeat(`"",`, 80)+`1]`)
	assert.Equal(t, 422, w.Code)
	assert.Equal(t, 100, strings.Count(w.Body.String(), notInteger))
}

type sprout struct {
	Kids []sprout `json:"kids,omitempty" uniqueItems:"true"`
}

// What a client sends mustn't cost more than it has cost to send.
func TestTypedUniqueItemsAreFast(t *testing.T) {
	const levels = 2000
	finishes(t, func() {
		body := strings.Repeat(`{"kids":[`, levels) + `{}` + strings.Repeat(`]}`, levels)
		assert.Less(t, responseOf(taken[sprout](), requestJSON(t, body)).Code, 500)
	})
	type unique struct {
		V []any `json:"v" uniqueItems:"true"`
	}
	finishes(t, func() {
		body := `{"v":[` + strings.Repeat(`{"a":`, 9900) + `"` + strings.Repeat("x", 900<<10) + `"` + strings.Repeat(`}`, 9900) + `]}`
		assert.Less(t, responseOf(taken[unique](), requestJSON(t, body)).Code, 500)
	})
}

const (
	wantsJSON = `{"title":"Unsupported Media Type","status":415,"detail":"the Content-Type of a body must be application/json"}`
	noCoding  = `{"title":"Unsupported Media Type","status":415,"detail":"a body must be sent without Content-Encoding"}`
)

func TestTypedMediaTypes(t *testing.T) {
	for _, contentType := range []string{"application/json", "Application/JSON; charset=utf-8", `application/json ;charset="x"`, "application/json;profile=x"} {
		assert.Equal(t, 204, serve(t, taken[strict](), "POST", "/", `{}`, "Content-Type", contentType).Code, contentType)
	}
	for _, headers := range [][]string{
		{},
		{"Content-Type", ""},
		{"Content-Type", "application/jsonp"},
		{"Content-Type", "application/problem+json"},
		{"Content-Type", "application/merge-patch+json"},
		{"Content-Type", "text/json"},
		{"Content-Type", "application/json; ="},
		{"Content-Type", "application/json, text/plain"},
		{"Content-Type", "application/json", "Content-Type", "application/json"},
	} {
		requireProblem(t, serve(t, taken[strict](), "POST", "/", `{}`, headers...), 415, wantsJSON)
	}
	requireProblem(t, serve(t, taken[strict](), "POST", "/", "\x1f\x8b\x08", "Content-Type", "application/json", "Content-Encoding", "gzip"), 415, noCoding)
	assert.Equal(t, 204, serve(t, taken[strict](), "POST", "/", `{}`, "Content-Type", "application/json", "Content-Encoding", "gzip").Code, "decoded already")
}

// A query that can't be read is no sign of a coding that can't.
func TestTypedBodyThatHasBeenDecodedBesideAWrongQuery(t *testing.T) {
	w := serve(t, taken[boundedInput](), "POST", "/?many=%zz", `[1]`, "Content-Type", "application/json", "Content-Encoding", "gzip")
	requireProblem(t, w, 400, notReadable(of("query", "many", "isn't percent-encoded as it should be")))
}

type optionalBody struct {
	Pointer *strict `body:"" json:"pointer,omitzero"`
}

type maybeBody struct {
	Opt tigertonic.Opt[strict] `body:"" json:"opt,omitzero"`
}

func TestTypedOptionalBodies(t *testing.T) {
	for _, tt := range []struct {
		body, contentType, pointer, opt string
	}{
		{``, "", `{}`, `{}`},
		{``, "application/json", `{}`, `{}`},
		{`null`, "application/json", `{}`, `{"opt":null}`},
		{`{"count":1}`, "application/json", `{"pointer":{"count":1}}`, `{"opt":{"count":1}}`},
		{`{"count":1}`, "", wantsJSON, wantsJSON},
		{`{"count":""}`, "application/json", invalid(at("/count", notInteger)), invalid(at("/count", notInteger))},
	} {
		var headers []string
		if tt.contentType != "" {
			headers = []string{"Content-Type", tt.contentType}
		}
		assert.JSONEq(t, tt.pointer, withoutKeywords(serve(t, echoed[optionalBody](), "POST", "/", tt.body, headers...).Body.String()), tt.body)
		assert.JSONEq(t, tt.opt, withoutKeywords(serve(t, echoed[maybeBody](), "POST", "/", tt.body, headers...).Body.String()), tt.body)
	}
}

func TestTypedBodyLimit(t *testing.T) {
	tooLong := func(limit int) string {
		return fmt.Sprintf(`{"title":"Request Entity Too Large","status":413,"detail":"the body is longer than %d bytes"}`, limit)
	}
	body := func(n int) string { return `{"name":"` + strings.Repeat("x", n-len(`{"name":""}`)) + `"}` }
	server := httptest.NewServer(taken[strict]())
	defer server.Close()
	post := func(body io.Reader) (int, string) {
		rq, err := http.NewRequestWithContext(t.Context(), "POST", server.URL, body)
		require.NoError(t, err)
		rq.Header.Set("Content-Type", "application/json")
		rs, err := server.Client().Do(rq)
		require.NoError(t, err)
		defer rs.Body.Close()
		text, err := io.ReadAll(rs.Body)
		require.NoError(t, err)
		return rs.StatusCode, string(text)
	}
	for _, chunked := range []bool{false, true} {
		for n, status := range map[int]int{1 << 20: 204, 1<<20 + 1: 413} {
			var reader io.Reader = strings.NewReader(body(n))
			if chunked {
				reader = io.MultiReader(reader)
			}
			got, text := post(reader)
			assert.Equal(t, status, got, "%d, %v", n, chunked)
			if status == 413 {
				assert.JSONEq(t, tooLong(1<<20), text)
			}
		}
	}
	large := tigertonic.Sized(taken[strict](), 2<<20)
	assert.Equal(t, 204, postJSON(t, large, "/", body(2<<20)).Code)
	small := tigertonic.Sized(taken[strict](), 20)
	assert.Equal(t, 204, postJSON(t, small, "/", body(20)).Code)
	r := requestJSON(t, body(21))
	r.ContentLength = -1
	requireProblem(t, responseOf(small, r), 413, tooLong(20))
}

type ordered struct {
	Name  string        `json:"name" minLength:"1"`
	Note  string        `json:"note,omitzero"`
	Email string        `json:"email" format:"email"`
	Count int           `json:"count" minimum:"1"`
	Price float64       `json:"price"`
	Paid  bool          `json:"paid"`
	State string        `json:"state" enum:"new,old"`
	Limit int           `json:"limit"`
	City  string        `json:"city"`
	Lines []orderedLine `json:"lines" minItems:"1"`
}

type orderedLine struct {
	SKU string `json:"sku" pattern:"^[a-z0-9-]+$"`
	Qty int    `json:"qty" minimum:"1"`
}

func TestTypedAllocatesLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	body := []byte(`{"name":"a name of some length","note":"` + strings.Repeat("n", 70) + `","email":"someone@example.com","count":3,"price":12.5,"paid":true,` +
		`"state":"new","limit":100,"city":"Paris","lines":[{"sku":"abc-1","qty":1},{"sku":"abc-2","qty":22}]}`)
	measure := func(h http.Handler) float64 {
		reader := bytes.NewReader(body)
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Content-Type", "application/json")
		r.Body, r.ContentLength = io.NopCloser(reader), int64(len(body))
		w := &nullWriter{header: http.Header{}}
		return testing.AllocsPerRun(500, func() {
			reader.Reset(body)
			clear(w.header)
			h.ServeHTTP(w, r)
		})
	}
	h := tigertonic.Typed(func(_ context.Context, in *ordered) (*ordered, error) { return in, nil })
	for range 20 {
		runtime.GC() // with what it keeps between requests, whose order is random
		runtime.GC()
		require.LessOrEqual(t, measure(h), 4.0, "of %d bytes", len(body))
	}
}

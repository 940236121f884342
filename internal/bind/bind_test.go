package bind_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/bind"
	"github.com/rcrowley/go-tigertonic/internal/codec"
)

// list is what a Validator of a user's returns.
type list []bind.Finding

func (l list) Error() string   { return fmt.Sprint([]bind.Finding(l)) }
func (l list) StatusCode() int { return 422 }

var rules = &bind.Rules{
	Refused: func(t reflect.Type) string {
		if t == reflect.TypeFor[refused]() {
			return "not here"
		}
		return ""
	},
	ReadBody: func(b *codec.Buffer, _ http.ResponseWriter, r *http.Request) error {
		if r.Body == nil {
			return nil
		}
		_, err := b.ReadFrom(r.Body)
		return err
	},
	Listed: func(err error) ([]bind.Finding, bool) {
		l, ok := err.(list) //nolint:errorlint // as the rule says
		return l, ok
	},
	Printable: strconv.QuoteToASCII,
}

type refused struct{}

type status struct{ error }

func (status) StatusCode() int { return 409 }

type opt[T any] struct {
	value T
	set   bool
}

func (o *opt[T]) ValuePointer(set bool) any {
	if o.set = o.set || set; !o.set {
		return nil
	}
	return &o.value
}

func (o opt[T]) MarshalJSONTo(enc *jsontext.Encoder) error {
	if !o.set {
		return enc.WriteToken(jsontext.Null)
	}
	return jsonv2.MarshalEncode(enc, &o.value)
}

func (o *opt[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == 'n' {
		_, err := dec.ReadToken()
		return err
	}
	o.set = true
	return jsonv2.UnmarshalDecode(dec, &o.value)
}

type patch[T any] struct {
	text jsontext.Value
	plan *bind.PatchPlan
}

func (p *patch[T]) UnmarshalJSON(text []byte) error {
	p.text = append(jsontext.Value(nil), text...)
	return nil
}

func (p *patch[T]) Prepare(plan any) reflect.Type {
	p.plan, _ = plan.(*bind.PatchPlan)
	return reflect.TypeFor[T]()
}

// Word is a text in lower case.
type Word string

func (w *Word) UnmarshalText(text []byte) error {
	switch *w = Word(text); {
	case *w == "conflict":
		return status{errors.New("is taken")}
	case *w == "empty":
		return errors.New("")
	case *w == "number":
		_, err := strconv.Atoi("x")
		return err
	case strings.ToLower(string(text)) != string(text):
		return fmt.Errorf("must be in lower case%s", strings.Repeat("!", 300))
	}
	return nil
}

type Page struct {
	Limit int `query:"limit" minimum:"1" default:"10"`
}

type body struct {
	Name string         `json:"name" maxLength:"20"`
	Word Word           `json:"word,omitzero"`
	When time.Time      `json:"when,omitzero"`
	More map[string]int `json:"more,omitempty"`
	N    int            `json:"n" default:"3"`
}

type everything struct {
	Page
	ID     int           `path:"id"`
	Tenant string        `path:"tenant,namespace"`
	Tags   []string      `query:"tag" maxItems:"3" uniqueItems:"true"`
	Nums   []float64     `query:"num" maximum:"9"  uniqueItems:"true"`
	Wait   time.Duration `query:"wait"`
	Word   *Word         `query:"word"`
	Flag   opt[bool]     `query:"flag"`
	Match  string        `header:"if-match"`
	Langs  []string      `header:"X-Lang"`
	Host   string        `header:"Host"`
	Token  string        `cookie:"token" required:"true"`
	Body   *body         `body:"" doc:"what it is"`
	//lint:ignore U1000 it isn't bound
	hidden int
}

func compile[T any](t *testing.T) *bind.Plan {
	t.Helper()
	plan, err := bind.Compile(reflect.TypeFor[T](), rules)
	require.NoError(t, err)
	return plan
}

// bound binds a request, and returns the value and what is wrong, a line each.
func bound[T any](t *testing.T, r *http.Request) (value T, wrong []string) {
	t.Helper()
	err := compile[T](t).Bind(t.Context(), &value, httptest.NewRecorder(), r)
	if invalid, ok := errors.AsType[*bind.Invalid](err); ok {
		for _, f := range invalid.Findings {
			wrong = append(wrong, f.String())
		}
		assert.Equal(t, strings.Join(wrong, "; "), invalid.Error())
		wrong = append([]string{strconv.Itoa(invalid.StatusCode())}, wrong...)
	} else if err != nil {
		wrong = []string{err.Error()}
		if s, ok := err.(interface{ StatusCode() int }); ok {
			wrong = []string{strconv.Itoa(s.StatusCode()), err.Error()}
		}
	}
	return value, wrong
}

func request(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Pattern = "POST /{tenant}/things/{id}"
	r.SetPathValue("tenant", "acme")
	r.SetPathValue("id", "7")
	r.Header.Set("Cookie", `other=1; token="abc"`)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func TestRequestsAreBound(t *testing.T) {
	r := request("POST", "http://example.com/?tag=a&tag=b%20c&num=1&num=2.5&wait=1h&word=hi&flag=true&other=%20", `{"name":"Ada","word":"x","when":"2006-01-02T15:04:05Z","more":{"a":1}}`)
	r.Header["If-Match"] = []string{`"1"`}
	r.Header["X-Lang"] = []string{"de, en", "fr"}
	v, wrong := bound[everything](t, r)
	require.Empty(t, wrong)
	word := Word("hi")
	assert.Equal(t, everything{
		Page: Page{10}, ID: 7, Tenant: "acme", Tags: []string{"a", "b c"}, Nums: []float64{1, 2.5}, Wait: time.Hour, Word: &word, Flag: opt[bool]{true, true},
		Match: `"1"`, Langs: []string{"de", "en", "fr"}, Host: "example.com", Token: "abc",
		Body: &body{Name: "Ada", Word: "x", When: time.Date(2006, 1, 2, 15, 4, 5, 0, time.UTC), More: map[string]int{"a": 1}, N: 3},
	}, v)
	_, wrong = bound[everything](t, request("POST", "/", ""))
	assert.Empty(t, wrong, "the body is optional")
	_, wrong = bound[struct{}](t, request("GET", "/", ""))
	assert.Empty(t, wrong)
	list, wrong := bound[[]body](t, request("POST", "/", `[{"name":"a"},{"name":"b","n":1.0}]`))
	assert.Empty(t, wrong)
	assert.Equal(t, []body{{Name: "a", N: 3}, {Name: "b", N: 1}}, list)
}

func TestFindingsOfParameters(t *testing.T) {
	for _, c := range []struct {
		query string
		want  []string
	}{
		{"limit=0", []string{"422", "query limit: must be at least 1"}},
		{"limit=x", []string{"422", "query limit: must be an integer"}},
		{"limit=1&limit=2", []string{"422", "query limit: must be there only once"}},
		{"limit=%zz", []string{"400", "query limit: isn't percent-encoded as it should be"}},
		{"%zz=1", []string{"400", "query: a name isn't percent-encoded as it should be"}},
		{"word=%ff", []string{"400", "query word: isn't valid UTF-8"}},
		{"tag=a&tag=a&tag=b&tag=c", []string{"422", "query tag: must have at most 3 items", "query tag: must have no item twice"}},
		{"num=1&num=1.0&num=10", []string{"422", "query num: must have no item twice", "query num: value 3 must be at most 9"}},
		{"word=empty", []string{"422", "query word: isn't valid"}},
		{"word=number", []string{"422", "query word: isn't valid"}},
		{"word=conflict", []string{"409", "is taken"}},
		{"wait=1", []string{"422", "query wait: must be a duration, such as 1h30m"}},
	} {
		_, wrong := bound[everything](t, request("GET", "/?"+c.query, ""))
		assert.Equal(t, c.want, wrong, c.query)
	}
	_, wrong := bound[everything](t, request("GET", "/?word=A", ""))
	require.Len(t, wrong, 2)
	assert.True(t, strings.HasPrefix(wrong[1], `query word: "must be in lower case!!!`), wrong[1])
	assert.Less(t, len(wrong[1]), 300)

	r := request("GET", "/", "")
	r.Header.Set("Cookie", "token=a;token=b")
	_, wrong = bound[everything](t, r)
	assert.Equal(t, []string{"422", "cookie token: must be there only once"}, wrong)
	r.Header.Set("Cookie", `token=a"b`)
	_, wrong = bound[everything](t, r)
	assert.Equal(t, []string{"400", "cookie token: has characters that a cookie can't have (RFC 6265 §4.1.1)"}, wrong)
	r.Header.Del("Cookie")
	_, wrong = bound[everything](t, r)
	assert.Equal(t, []string{"422", "cookie token: is required"}, wrong)

	r = request("GET", "/?num="+strings.Repeat("x&num=", 200), "")
	_, wrong = bound[everything](t, r)
	assert.Len(t, wrong, 1+100)

	var many strings.Builder
	for i := range 10 {
		fmt.Fprintf(&many, "a%d=%d&", i, i)
	}
	v, wrong := bound[struct {
		A0 int `query:"a0"`
		A1 int `query:"a1"`
		A2 int `query:"a2"`
		A3 int `query:"a3"`
		A4 int `query:"a4"`
		A5 int `query:"a5"`
		A6 int `query:"a6"`
		A7 int `query:"a7"`
		A8 int `query:"a8"`
		A9 int `query:"a9"`
	}](t, request("GET", "/?"+many.String(), ""))
	assert.Empty(t, wrong)
	assert.Equal(t, 9, v.A9)
}

func TestWildcardsThatAreNotThereAreTold(t *testing.T) {
	type input struct {
		ID string `path:"key"`
	}
	r := httptest.NewRequest("GET", "/a", nil)
	r.Pattern = "GET /{key2}"
	_, wrong := bound[input](t, r)
	assert.Equal(t, []string{"tigertonic: nothing on the way has the wildcard {key}"}, wrong)
	r.Pattern = "GET /{key:[a-z]*}"
	_, wrong = bound[input](t, r)
	assert.Empty(t, wrong, "chi's")
	r.Pattern = ""
	_, wrong = bound[input](t, r)
	assert.Empty(t, wrong, "nobody knows")
}

func TestFindingsOfBodies(t *testing.T) {
	for _, c := range []struct {
		body string
		want []string
	}{
		{`{`, []string{"400", "body: ends before it is whole"}},
		{`{"name":1,"name":2}`, []string{"400", "/name: is there twice"}},
		{`{"name":x}`, []string{"400", `/name: isn't JSON, at offset 8: invalid character 'x' at start of value`}},
		{`[]`, []string{"422", "body: must be an object"}},
		{`{}`, []string{"422", "/name: is required"}},
		{`{"name":1,"x":2}`, []string{"422", "/name: must be a string", "/x: is not known"}},
		{`{"name":"a","word":"empty"}`, []string{"422", "/word: isn't valid"}},
		{`{"name":"a","word":"conflict"}`, []string{"409", "is taken"}},
		{`{"name":"a","more":{"a":1e2}}`, nil},
		{`{"name":"a","n":9223372036854775807,"more":{"` + strings.Repeat("k", 70000) + `":1}}`, nil},
		{strings.Repeat(" ", 70000) + `{"name":1}`, []string{"422", "/name: must be a string"}},
		{strings.Repeat(" ", 70000) + `{"name"`, []string{"400", "body: ends before it is whole"}},
	} {
		_, wrong := bound[body](t, request("POST", "/", c.body))
		assert.Equal(t, c.want, wrong, "%.40s", c.body)
	}
	_, wrong := bound[body](t, request("POST", "/", ""))
	assert.Equal(t, []string{"400", "body: is required"}, wrong)

	r := request("POST", "/", `{"name":"a"}`)
	r.Header.Del("Content-Type")
	_, wrong = bound[body](t, r)
	assert.Equal(t, []string{"415", "the Content-Type of a body must be application/json"}, wrong)
	r.Header.Set("Content-Type", "text/plain")
	_, wrong = bound[body](t, r)
	assert.Equal(t, []string{"415", "the Content-Type of a body must be application/json"}, wrong)
	r = request("POST", "/", "\x1f\x8b")
	r.Header.Set("Content-Encoding", "gzip")
	_, wrong = bound[body](t, r)
	assert.Equal(t, []string{"415", "a body must be sent without Content-Encoding"}, wrong)
	r = request("POST", "/", "x")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("x"), broken{}))
	_, wrong = bound[body](t, r)
	assert.Equal(t, []string{"broken"}, wrong)

	type long struct {
		Text string `json:"text" default:"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"`
	}
	_, wrong = bound[[]long](t, request("POST", "/", "["+strings.Repeat("{},", 80000)+"{}]"))
	assert.Equal(t, []string{"413", "the body is too long with what it leaves out"}, wrong)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestPlansCanBeRead(t *testing.T) {
	plan := compile[everything](t)
	assert.Equal(t, reflect.TypeFor[everything](), plan.Type())
	assert.True(t, plan.CanRefuse())
	var names []string
	for _, p := range plan.Params() {
		f := plan.Type().FieldByIndex(p.Index)
		assert.Equal(t, p.Type, f.Type)
		assert.Equal(t, p.Field, f.Name)
		names = append(names, p.In+" "+p.Canonical)
	}
	assert.Equal(t, []string{
		"query limit", "path id", "path tenant", "query tag", "query num", "query wait", "query word", "query flag", "header If-Match", "header X-Lang", "header Host", "cookie token",
	}, names)
	limit := plan.Params()[0]
	assert.Equal(t, []string{"10"}, limit.Defaults)
	assert.Equal(t, "1", limit.Schema.Minimum)
	assert.True(t, limit.Refuses("0") && !limit.Refuses("1"))
	assert.True(t, plan.Params()[2].Namespace && plan.Params()[3].Many)
	assert.Equal(t, "application/json", plan.Body().MediaType)
	assert.Equal(t, "what it is", plan.Body().Description)
	assert.False(t, plan.Body().Required)
	assert.Nil(t, compile[struct{}](t).Body())
	assert.False(t, compile[struct {
		ID string `path:"id"`
	}](t).CanRefuse())
	assert.Equal(t, []string{"a", "b"}, compile[struct {
		L []string `query:"l" default:"a,b"`
	}](t).Params()[0].Defaults)
}

func TestTypesThatCannotBeBoundAreTold(t *testing.T) {
	type embedded struct {
		Q string `query:"q"`
	}
	for _, c := range []struct {
		of   reflect.Type
		want string
	}{
		{reflect.TypeFor[*body](), "a pointer to the pointer"},
		{reflect.TypeFor[http.Request](), "it is a struct of yours whose fields are bound"},
		{reflect.TypeFor[refused](), "not here"},
		{reflect.TypeFor[[]refused](), "bind_test.refused: not here"},
		{reflect.TypeFor[struct {
			*embedded
			A string `query:"a"`
		}](), "a struct with parameters is embedded itself, not by a pointer"},
		{reflect.TypeFor[struct {
			A string `query:"a"`
			B string
		}](), "struct{A, B}.B: it has none of the tags path, query, header, cookie, form, body"},
		{reflect.TypeFor[struct {
			A string `query:"a"`
			B string `json:"b"`
		}](), `it has the tag json:"b" among parameters`},
		{reflect.TypeFor[struct {
			A string `query:"a"`
			B string `querry:"b"`
		}](), `there is no tag "querry"; is it "query"?`},
		{reflect.TypeFor[struct {
			a string `query:"a"`
		}](), `a field with the tag "query" must be exported`},
		{reflect.TypeFor[struct {
			A string `query:"a" header:"A"`
		}](), "it has more than one of the tags"},
		{reflect.TypeFor[struct {
			A string `query:"a" xml:"a"`
		}](), `there is no tag "xml"`},
		{reflect.TypeFor[struct {
			A string `query:""`
		}](), `the tag "query" has no name`},
		{reflect.TypeFor[struct {
			A string `query:"a,b"`
		}](), `the tag "query" has no option "b": there are comma, deepObject and omitempty`},
		{reflect.TypeFor[struct {
			A string `path:"a,b"`
		}](), `the tag "path" has no option "b": there is namespace`},
		{reflect.TypeFor[struct {
			A []string `header:"a,comma"`
		}](), `the tag "header" has no option "comma": a slice takes all elements of a list`},
		{reflect.TypeFor[struct {
			A string `header:"a b"`
		}](), `"a b" isn't a header name`},
		{reflect.TypeFor[struct {
			A string `header:"accept"`
		}](), "the header Accept can't be a parameter"},
		{reflect.TypeFor[struct {
			A string `header:"authorization"`
		}](), "the header Authorization can't be a parameter"},
		{reflect.TypeFor[struct {
			A string `header:"content-type"`
		}](), "the header Content-Type can't be a parameter"},
		{reflect.TypeFor[struct {
			A []byte `query:"a"`
		}](), "a []uint8 can't be a parameter"},
		{reflect.TypeFor[struct {
			A []string `path:"a"`
		}](), "a slice is for a query or a header, not for a path"},
		{reflect.TypeFor[struct {
			A string `header:"a"`
			B string `header:"A"`
		}](), `another field has the header "A"`},
		{reflect.TypeFor[struct {
			A string `query:"a" required:"yes" default:"x"`
		}](), `required:"yes" isn't required:"true"`},
		{reflect.TypeFor[struct {
			A Word `query:"a" default:"X"`
		}](), `the default "X" can't be its value`},
		{reflect.TypeFor[struct {
			A body `body:"a" required:"true"`
			B body `body:""`
		}](), "there is another field for the body"},
		{reflect.TypeFor[struct {
			P patch[chan int] `body:""`
		}](), "a chan has no JSON"},
	} {
		_, err := bind.Compile(c.of, rules)
		assert.ErrorContains(t, err, c.want, c.of)
	}
}

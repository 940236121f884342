package tigertonic_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A once is a response whose header is written once.
type once struct {
	*httptest.ResponseRecorder
	headers int
}

func (o *once) WriteHeader(status int) {
	o.headers++
	o.ResponseRecorder.WriteHeader(status)
}

// answerOf returns the response to a request, which must be whole: 200 and
// JSON, or 400 or 422 and a problem with errors, which are returned.
func answerOf(t *testing.T, h http.Handler, r *http.Request) (w *httptest.ResponseRecorder, errs []foundError) {
	t.Helper()
	o := &once{ResponseRecorder: httptest.NewRecorder()}
	h.ServeHTTP(o, r)
	text := o.Body.Bytes()
	require.Equal(t, 1, o.headers, "%d: %s", o.Code, text)
	require.True(t, jsontext.Value(text).IsValid(), "%d: %q", o.Code, text)
	if o.Code == 200 {
		require.Equal(t, "application/json", o.Header().Get("Content-Type"))
		return o.ResponseRecorder, nil
	}
	require.Contains(t, []int{400, 422}, o.Code, "%s", text)
	require.Equal(t, "application/problem+json", o.Header().Get("Content-Type"))
	require.NotContains(t, string(text), "go-tigertonic")
	require.NotContains(t, string(text), "Go type")
	var problem struct {
		Title, Detail string
		Status        int
		Errors        []foundError
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&problem), "%s", text)
	require.Equal(t, []any{o.Code, http.StatusText(o.Code)}, []any{problem.Status, problem.Title})
	require.NotEmpty(t, problem.Detail)
	require.NotEmpty(t, problem.Errors, "%s", text)
	require.LessOrEqual(t, len(problem.Errors), 100)
	for _, e := range problem.Errors {
		require.NotEmpty(t, e.Detail)
		require.NotEqual(t, e.In == "", e.Pointer == nil, "%s", text)
	}
	return o.ResponseRecorder, problem.Errors
}

// A foundError is an error as the client sees it.
type foundError struct {
	Pointer               *string
	Parameter, In, Detail string
	Keyword               string
	Limit                 any
}

type fuzzedParameters struct {
	everyParameter
	Name    string                        `path:"name" minLength:"2" json:"path_name"`
	Number  int8                          `path:"number" json:"path_number"`
	Header  string                        `header:"X-Text" pattern:"^[^a]*$" json:"header,omitempty"`
	Numbers []float64                     `header:"X-Numbers" maxItems:"3" multipleOf:"0.5" json:"numbers,omitempty"`
	When    *time.Time                    `header:"X-When" json:"when,omitzero"`
	Wait    tigertonic.Opt[time.Duration] `cookie:"wait" default:"1m" json:"wait"`
	Kind    string                        `cookie:"kind" enum:"a,b" default:"a" json:"kind"`
	Unique  []level                       `query:"unique" uniqueItems:"true" maxLength:"3" json:"unique,omitempty"`
	Bounded int                           `query:"bounded" minimum:"-5" exclusiveMaximum:"5" default:"1" json:"bounded"`
	Format  *string                       `query:"format" format:"email" json:"format,omitzero"`
}

func FuzzTypedParameters(f *testing.F) {
	h := echoed[fuzzedParameters]()
	for _, seed := range [][5]string{
		{"", "", "ab", "1", ""},
		{"string=a&int=1&strings=x&strings=y&time=2020-02-29T00:00:00Z", "x", "ab", "-128", "wait=1h"},
		{"string=%ff&int=x&bool=1&%zz=1", "a", "", "x", "wait=x; kind=c; kind=a"},
		{"float64=1e400&float32=-0.0&uint=-0&ints=9223372036854775808", "1,2.5,,3", "é", "1.0", `wait="1s"`},
		{"unique=a&unique=a&bounded=5&format=a@b", "1e308", "a%2Fb", "127", "kind=b;wait="},
		{"string=a&string=b&optaddr=::1%25x&waits=1s&optwait=-0", "\xff", "\x00\x00", "01", "kind=\x00"},
		{"paddr=&addrs=1.2.3.4/8&opt=&=&&&;", "0.5,\t1 , 1.5e0", "\u2028\u2029", "1e1", "=;,"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	f.Fuzz(func(t *testing.T, query, header, name, number, cookie string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = query
		r.Header = http.Header{"X-Text": {header}, "X-Numbers": {header, number}, "Cookie": {cookie}}
		if len(query)%2 == 1 {
			r.Header["X-When"] = []string{header}
		}
		r.SetPathValue("name", name)
		r.SetPathValue("number", number)
		w, errs := answerOf(t, h, r)
		for _, e := range errs {
			require.Contains(t, []string{"path", "query", "header", "cookie"}, e.In)
		}
		if w.Code != 200 {
			return
		}
		var got fuzzedParameters
		require.NoError(t, json.Unmarshal(withoutDurations(w.Body.Bytes()), &got), "%s", w.Body)
		n, err := strconv.ParseInt(number, 10, 8)
		require.NoError(t, err)
		require.Equal(t, []any{name, int8(n), header}, []any{got.Name, got.Number, got.Header})
		if values, err := url.ParseQuery(query); err == nil {
			require.Equal(t, values.Get("string"), got.String)
			require.Len(t, got.Unique, len(values["unique"]))
			for i, value := range values["ints"] {
				require.Equal(t, value, strings.Replace(value, strings.TrimPrefix(value, "-"), strconv.Itoa(max(got.Ints[i], -got.Ints[i])), 1))
			}
		}
	})
}

// withoutDurations returns an object without the members that encoding/json
// can't decode.
func withoutDurations(text []byte) []byte {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(text, &members) // which the caller does again
	for _, name := range []string{"duration", "waits", "optwait", "wait"} {
		delete(members, name)
	}
	text, _ = json.Marshal(members) // of what has been decoded
	return text
}

type fuzzedBody struct {
	Name    string                                     `json:"name" minLength:"1" maxLength:"9" pattern:"^[^!]"`
	Count   int                                        `json:"count" default:"7" minimum:"-10"`
	Small   int8                                       `json:"small,omitzero" multipleOf:"3"`
	Big     uint64                                     `json:"big,omitzero"`
	Price   float64                                    `json:"price,omitzero" multipleOf:"0.01" maximum:"1e6"`
	Single  float32                                    `json:"single,omitzero"`
	Quoted  quotedNumber                               `json:"quoted,omitzero"`
	Flags   []bool                                     `json:"flags,omitempty" maxItems:"4"`
	Nested  [][]int                                    `json:"nested,omitempty" uniqueItems:"true"`
	Kids    []fuzzedBody                               `json:"kids,omitempty"`
	Map     map[string]map[int8][]string               `json:"map,omitempty"`
	Keyed   map[colon]*point                           `json:"keyed,omitempty"`
	Opt     tigertonic.Opt[string]                     `json:"opt,omitzero" enum:"a,b"`
	Opts    []tigertonic.Opt[tigertonic.Opt[*float64]] `json:"opts,omitempty"`
	Change  tigertonic.Patch[account]                  `json:"change,omitzero"`
	Kind    string                                     `json:"kind" enum:"x,é,<" default:"x"`
	At      time.Time                                  `json:"at,omitzero"`
	Wait    time.Duration                              `json:"wait" default:"1h"`
	Addr    *netip.Addr                                `json:"addr"`
	Bytes   []byte                                     `json:"bytes,omitzero"`
	Any     any                                        `json:"any,omitzero"`
	Raw     json.RawMessage                            `json:"raw,omitzero"`
	Array   [2]*point                                  `json:"array,omitzero"`
	Spans   map[string]Span                            `json:"spans,omitempty"`
	Default []point                                    `json:"default" default:"[{\"x\":1}]"`
}

// A quotedNumber is what only the codec decodes.
type quotedNumber struct {
	Number float64 `json:"number,string,omitzero"`
}

func fuzzedBodies() []string {
	bodies := []string{
		`{"name":"a"}`, `{}`, `null`, ``, `[]`, `{"name":"a"} x`, `{"name":"a","name":"b"}`, `{"NAME":"a"}`, "{\"name\":\"\xff\"}", `{"name":"!","count":null}`,
		`{"name":"\ud83d\ude00","count":1.0,"small":3e0,"big":18446744073709551615,"price":0.07,"single":1e38,"quoted":{"number":"1.5e3"}}`,
		`{"name":"a","flags":[true,false],"nested":[[1],[1.0],[]],"kids":[{"name":"b","kids":[]},{"name":""}]}`,
		`{"name":"a","map":{"":{"-128":["x"],"0":[]}},"keyed":{"a:b":{"x":1,"y":0},":":null},"opt":null,"opts":[1.5,null]}`,
		`{"name":"a","change":{"name":"x","note":null,"nested":{"public":1}},"kind":"<","at":"2020-02-29T00:00:00.5+01:00","wait":"-1.5h"}`,
		`{"name":"a","addr":"::1","bytes":"QUI=","any":[1e2,{"a":null,"b":"\u2028"},-0],"raw": { "z" : 1.00 , "a" : [ ] } ,"array":[null,{"x":1}]}`,
		`{"name":"a","spans":{"a/b~":{"from":2,"to":1}},"default":[],"at":"0000-01-01T00:00:00Z","wait":"0"}`,
		`{"name":"a","map":{"x":{"-0":[],"0":[]}},"nested":[[0],[-0]],"any":1e400}`,
		strings.Repeat(`{"name":"a","kids":[`, 400) + strings.Repeat(`]}`, 400),
	}
	for _, row := range typeRows() {
		for _, body := range append(row.accepted, row.refused...) {
			if len(body[0]) < 1000 {
				bodies = append(bodies, `{"name":"a","any":`+body[0]+`,"count":`+body[0]+`}`)
			}
		}
	}
	return bodies
}

func FuzzTypedBody(f *testing.F) {
	h, byCodec := echoed[fuzzedBody](), echoed[codecsBody]()
	for _, body := range append(fuzzedBodies(), oddBodies("any")...) {
		f.Add([]byte(body))
	}
	post := func(t *testing.T, h http.Handler, body []byte) (*httptest.ResponseRecorder, []foundError) {
		t.Helper()
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return answerOf(t, h, r)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w, errs := post(t, h, body)
		if other, _ := post(t, byCodec, body); !bytes.Contains(body, []byte("codec")) {
			require.Equal(t, other.Body.String(), w.Body.String(), "%q", body)
		}
		require.Equal(t, w.Code == 400, !jsontext.Value(body).IsValid(), "%q: %s", body, w.Body)
		for _, e := range errs {
			require.NotNil(t, e.Pointer, "%s", w.Body)
			if w.Code == 422 && len(*e.Pointer) <= 256 && e.Detail != "must not be before from" { // which a Validator says
				requirePlace(t, body, *e.Pointer, e.Detail == "is required")
			}
		}
		if w.Code != 200 {
			return
		}
		again, _ := post(t, h, w.Body.Bytes())
		require.Equal(t, 200, again.Code, "%q\n%s\n%s", body, w.Body, again.Body)
		require.Equal(t, w.Body.String(), again.Body.String(), "%q", body)
	})
}

// requirePlace requires that there is a value where a JSON pointer points, or an
// object that lacks it.
func requirePlace(t *testing.T, body []byte, pointer string, missing bool) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	require.NoError(t, decoder.Decode(&value))
	names := strings.Split(pointer, "/")[1:]
	for i, name := range names {
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		switch v := value.(type) {
		case map[string]any:
			inner, there := v[name]
			if missing && i == len(names)-1 {
				require.False(t, there, "%s in %s", pointer, body)
				return
			}
			require.True(t, there, "%s in %s", pointer, body)
			value = inner
		case []any:
			n, err := strconv.Atoi(name)
			require.NoError(t, err)
			require.Less(t, n, len(v), "%s in %s", pointer, body)
			value = v[n]
		default:
			require.Fail(t, "there is nothing", "%s in %s", pointer, body)
		}
	}
}

// naivePatch returns the target with a patch applied, word for word as RFC 7386
// §2 says.
func naivePatch(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	object, ok := target.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	for name, value := range changes {
		if value == nil {
			delete(object, name)
		} else {
			object[name] = naivePatch(object[name], value)
		}
	}
	return object
}

func FuzzPatch(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"a":"b"}`, `{"a":"c"}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`},
		{`["a"]`, `{"a":{"bb":{"ccc":null}}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1,null]}`},
		{`{"a":1}`, `null`},
		{`{"":{"~":1}}`, `{"":{"~":null,"/":2}}`},
		{`{"a":1}`, `{"a":1,"a":2}`},
		{`{"\u0061":1}`, `{"a":{"b":null}}`},
		{`{}`, `{"name":"x","note":null,"nested":{"public":1.0}}`},
		{`{"name":"y","nested":{"public":1},"pointer":{"public":2},"tags":{"a":"b"}}`, `{"pointer":null,"tags":{"a":null,"c":"d"},"opt":null,"kind":null}`},
		{`{"name":"y","nested":{"public":1},"pointer":null,"opt":null}`, `{"pointer":{"public":3},"list":[{"public":1}],"unknown":null}`},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	takes := echoed[account]()
	f.Fuzz(func(t *testing.T, original, text []byte) {
		var before, change any
		if !jsontext.Value(original).IsValid() || json.Unmarshal(original, &before) != nil || len(text) == 0 {
			return
		}
		checkPatchOfAny(t, original, text)
		if json.Unmarshal(text, &change) != nil || !jsontext.Value(text).IsValid() {
			return
		}
		a := newAccount()
		if w := postJSON(t, takes, "/", string(original)); w.Code == 200 {
			a = account{Secret: "s"}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
		}
		checkPatchOfAccount(t, a, text, change)
	})
}

// checkPatchOfAny holds a patch of any JSON against the naive one.
func checkPatchOfAny(t *testing.T, original, text []byte) {
	t.Helper()
	var got, want, change any
	require.NoError(t, json.Unmarshal(original, &got))
	require.NoError(t, json.Unmarshal(original, &want))
	var p tigertonic.Patch[any]
	require.NoError(t, p.UnmarshalJSON(text))
	err := p.Apply(t.Context(), &got)
	if !jsontext.Value(text).IsValid() || json.Unmarshal(text, &change) != nil {
		require.Error(t, err)
		require.Equal(t, want, got)
		return
	}
	require.NoError(t, err)
	require.Equal(t, naivePatch(want, change), got)
}

// checkPatchOfAccount holds a patch of an account against the naive one, put
// through an endpoint that takes accounts.
func checkPatchOfAccount(t *testing.T, before account, text []byte, change any) {
	t.Helper()
	whole := func(a account) string {
		return serve(t, returning(a, nil), "GET", "/", "").Body.String()
	}
	var document any
	require.NoError(t, json.Unmarshal([]byte(whole(before)), &document))
	merged, err := json.Marshal(naivePatch(document, change))
	require.NoError(t, err)
	want := postJSON(t, echoed[account](), "/", string(merged))

	got := before
	err = patchOf[account](t, string(text)).Apply(t.Context(), &got)
	if want.Code != 200 {
		require.Error(t, err, "%s", merged)
		require.Equal(t, before, got)
	} else {
		require.NoError(t, err, "%s", merged)
		require.Equal(t, want.Body.String(), whole(got), "%s", merged)
	}
	assert.Equal(t, "s", got.Secret)

	h := tigertonic.Typed(func(ctx context.Context, p *tigertonic.Patch[account]) (*account, error) {
		a := before
		return &a, p.Apply(ctx, &a)
	})
	r := httptest.NewRequest("PATCH", "/", bytes.NewReader(text))
	r.Header.Set("Content-Type", "application/merge-patch+json")
	if w, _ := answerOf(t, h, r); w.Code == 200 {
		require.NoError(t, err)
		require.Equal(t, want.Body.String(), w.Body.String())
	}
}

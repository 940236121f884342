package tigertonic_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A tea is what typed functions of these tests return.
type tea struct {
	Name  string `json:"name"`
	Grams int    `json:"grams,omitzero"`
}

var sencha = tea{"sencha", 100}

// returning returns an endpoint without input whose function returns these.
func returning[T any](value T, err error) *tigertonic.Endpoint {
	return tigertonic.Typed(func(context.Context, *struct{}) (T, error) { return value, err })
}

// respondingWith is [returning] for a tigertonic.Response.
func respondingWith[T any](status int, header http.Header, body T) *tigertonic.Endpoint {
	return returning(tigertonic.Response[T]{Status: status, Header: header, Body: body}, nil)
}

// assertProblem asserts that the response is this problem.
func assertProblem(t *testing.T, w *httptest.ResponseRecorder, want string) {
	t.Helper()
	assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	var got struct{ Status int }
	if assert.NoError(t, json.Unmarshal(w.Body.Bytes(), &got), "%q", w.Body) {
		assert.Equal(t, w.Code, got.Status, "the status in the body")
	}
	assert.JSONEq(t, want, w.Body.String())
	assert.True(t, strings.HasSuffix(w.Body.String(), "}\n"), "%q", w.Body)
}

// assertSecret asserts that the response is a problem that tells nothing but an
// ID, and returns that.
func assertSecret(t *testing.T, w *httptest.ResponseRecorder, status int) (id string) {
	t.Helper()
	var got struct {
		ID string `json:"request_id"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got), "%q", w.Body)
	assert.Equal(t, status, w.Code)
	assert.NotEmpty(t, got.ID)
	assertProblem(t, w, `{"title":`+quote(http.StatusText(status))+`,"status":`+strconv.Itoa(status)+`,"request_id":`+quote(got.ID)+`}`)
	return got.ID
}

// A green tea encodes itself.
type green struct{ tea }

func (g *green) MarshalJSON() ([]byte, error) { return json.Marshal("green " + g.Name) }

// An infusion can't always be encoded.
type infusion struct{ err error }

func (i infusion) MarshalJSON() ([]byte, error) { return []byte("\"half\"\n"), i.err }

func TestTypedSendsValuesAsJSON(t *testing.T) {
	var none *tea
	for name, tt := range map[string]struct {
		h      http.Handler
		status int
		body   string // "" for none
	}{
		"a struct":        {returning(sencha, nil), 200, `{"name":"sencha","grams":100}`},
		"a pointer":       {returning(&sencha, nil), 200, `{"name":"sencha","grams":100}`},
		"an interface":    {returning[any](sencha, nil), 200, `{"name":"sencha","grams":100}`},
		"a nil pointer":   {returning(none, nil), 204, ``},
		"a nil interface": {returning[any](nil, nil), 204, ``},
		"nothing":         {returning(struct{}{}, nil), 204, ``},
		"a string":        {returning("<a & b>", nil), 200, `"<a & b>"`},
		"a number":        {returning(0, nil), 200, `0`},
		"false":           {returning(false, nil), 200, `false`},
		"a nil slice":     {returning([]tea(nil), nil), 200, `[]`},
		"a nil map":       {returning(map[string]tea(nil), nil), 200, `{}`},
		"nil slices and maps in it": {returning(struct {
			A []int
			B map[string]int
		}{}, nil), 200, `{"A":[],"B":{}}`},
		"a map, in order":              {returning(map[string]int{"b": 2, "a": 1, "c": 3}, nil), 200, `{"a":1,"b":2,"c":3}`},
		"bytes":                        {returning([]byte("tea"), nil), 200, `"dGVh"`},
		"a duration":                   {returning(90*time.Minute, nil), 200, `"1h30m0s"`},
		"a time":                       {returning(time.Unix(0, 0).UTC(), nil), 200, `"1970-01-01T00:00:00Z"`},
		"what encodes its pointer":     {returning(green{sencha}, nil), 200, `"green sencha"`},
		"what encodes itself loosely":  {returning(infusion{}, nil), 200, `"half"`},
		"created":                      {returning(tigertonic.CreatedResponse[tea]{"/teas/1", sencha}, nil), 201, `{"name":"sencha","grams":100}`},
		"created without a body":       {returning(tigertonic.CreatedResponse[struct{}]{Location: "/teas/1"}, nil), 201, ``},
		"created with a nil body":      {returning(tigertonic.CreatedResponse[*tea]{Location: "/teas/1"}, nil), 201, ``},
		"accepted":                     {returning(tigertonic.AcceptedResponse[*tea]{"/jobs/1", &sencha}, nil), 202, `{"name":"sencha","grams":100}`},
		"accepted without a body":      {returning(tigertonic.AcceptedResponse[struct{}]{Location: "/jobs/1"}, nil), 202, ``},
		"status 0":                     {respondingWith(0, nil, sencha), 200, `{"name":"sencha","grams":100}`},
		"status 0 of nothing":          {respondingWith(0, nil, struct{}{}), 204, ``},
		"status 0 of a nil pointer":    {respondingWith(0, nil, none), 204, ``},
		"status 0 of a nil any":        {respondingWith[any](0, nil, nil), 204, ``},
		"status 200 of a nil pointer":  {respondingWith(200, nil, none), 200, ``},
		"status 203":                   {respondingWith(203, nil, sencha), 203, `{"name":"sencha","grams":100}`},
		"status 204":                   {respondingWith(204, nil, sencha), 204, ``},
		"status 205":                   {respondingWith(205, nil, sencha), 205, ``},
		"status 304":                   {respondingWith(304, nil, sencha), 304, ``},
		"status 303 of nothing":        {respondingWith(303, nil, struct{}{}), 303, ``},
		"status 404":                   {respondingWith(404, nil, sencha), 404, `{"name":"sencha","grams":100}`},
		"status 599":                   {respondingWith(599, nil, sencha), 599, `{"name":"sencha","grams":100}`},
		"status 999":                   {respondingWith(999, nil, sencha), 999, `{"name":"sencha","grams":100}`},
		"status 0 of a nil slice":      {respondingWith(0, nil, []tea(nil)), 200, `[]`},
		"status 204 of a sequence":     {respondingWith(204, nil, seqOf(sencha)), 204, ``},
		"status 0 of a nil sequence":   {respondingWith[iter.Seq2[tea, error]](0, nil, nil), 200, `[]`},
		"status 206 of a sequence":     {respondingWith(206, nil, seqOf(sencha)), 206, `[{"name":"sencha","grams":100}]`},
		"an envelope of status 0, any": {respondingWith[any](0, nil, sencha), 200, `{"name":"sencha","grams":100}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := serve(t, tt.h, "GET", "/", "")
			assert.Equal(t, tt.status, w.Code)
			if tt.body == "" {
				assert.Empty(t, w.Body.String())
				assert.Empty(t, w.Header()["Content-Type"])
				return
			}
			assert.Equal(t, tt.body+"\n", w.Body.String())
			assert.Equal(t, []string{"application/json"}, w.Header()["Content-Type"])
		})
	}
}

func TestTypedOverTheWireHasNoBodyWhereNoneIsAllowed(t *testing.T) {
	for status, length := range map[int]int64{204: 0, 205: 0, 304: 0} {
		srv := newServer(t, respondingWith(status, http.Header{"Etag": {`"1"`}}, sencha), false)
		response, body := get(t, srv.Client(), srv.URL)
		assert.Equal(t, status, response.StatusCode)
		assert.Equal(t, length, response.ContentLength, status)
		assert.Empty(t, body)
		assert.Equal(t, `"1"`, response.Header.Get("Etag"))
	}
}

func TestTypedSetsLocation(t *testing.T) {
	assert.Equal(t, "/teas/1", serve(t, returning(tigertonic.CreatedResponse[tea]{"/teas/1", sencha}, nil), "POST", "/", "").Header().Get("Location"))
	assert.Equal(t, "/jobs/1", serve(t, returning(tigertonic.AcceptedResponse[tea]{"/jobs/1", sencha}, nil), "POST", "/", "").Header().Get("Location"))
	assert.NotContains(t, serve(t, returning(tigertonic.CreatedResponse[tea]{"", sencha}, nil), "POST", "/", "").Header(), "Location")
	assert.NotContains(t, serve(t, returning(tigertonic.AcceptedResponse[tea]{"", sencha}, nil), "POST", "/", "").Header(), "Location")
}

func TestTypedRefusesStatusesThatAreNone(t *testing.T) {
	for _, status := range []int{-1, 1, 99, 100, 101, 103, 199, 1000} {
		for _, h := range []http.Handler{
			respondingWith(status, http.Header{"Etag": {`"1"`}}, sencha),
			respondingWith(status, nil, struct{}{}),
			respondingWith[*tea](status, nil, nil),
			respondingWith(status, nil, seqOf(sencha)),
		} {
			logged, b := logLines(h, nil)
			w := serve(t, logged, "GET", "/", "")
			assertSecret(t, w, 500)
			assert.Empty(t, w.Header()["Etag"])
			assert.Contains(t, b.String(), "the function returned "+strconv.Itoa(status)+", which is not the status of a response")
		}
	}
}

func TestTypedHeadersReplaceThoseSet(t *testing.T) {
	shared := http.Header{"x-a": {"1", "2"}, "content-type": {"application/vnd.tea+json"}, "X-Empty": nil}
	inner := respondingWith(0, shared, sencha)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-A"] = []string{"outer", "outer", "outer"}
		w.Header().Set("X-B", "outer")
		w.Header().Set("Content-Type", "text/outer")
		inner.ServeHTTP(w, r)
		w.Header()["X-A"][0] = "changed"
		w.Header()["Content-Type"][0] = "changed"
		_ = append(w.Header()["X-A"], "changed")
	})
	for range 2 {
		w := serve(t, h, "GET", "/", "")
		assert.Equal(t, []string{"1", "2"}, w.Result().Header["X-A"])
		assert.Equal(t, []string{"outer"}, w.Result().Header["X-B"])
		assert.Equal(t, []string{"application/vnd.tea+json"}, w.Result().Header["Content-Type"])
	}
	assert.Equal(t, http.Header{"x-a": {"1", "2"}, "content-type": {"application/vnd.tea+json"}, "X-Empty": nil}, shared)
}

// A value is JSON, whatever a middleware took it for.
func TestTypedSetsItsContentType(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		returning(sencha, nil).ServeHTTP(w, r)
	})
	assert.Equal(t, "application/json", serve(t, h, "GET", "/", "").Header().Get("Content-Type"))
}

func TestTypedResponsesDontShareHeaders(t *testing.T) {
	for name, inner := range map[string]http.Handler{
		"a value":    returning(sencha, nil),
		"created":    returning(tigertonic.CreatedResponse[tea]{"/teas/1", sencha}, nil),
		"a sequence": returning(seqOf(sencha), nil),
		"events":     returning(seqOf(sencha), nil),
		"an error":   returning(sencha, tigertonic.NotFound{errors.New("no tea")}),
		"long":       returning(strings.Repeat("x", 5000), nil),
	} {
		t.Run(name, func(t *testing.T) {
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inner.ServeHTTP(w, r)
				for _, values := range w.Header() {
					for i := range values {
						values[i] = "changed"
					}
				}
			})
			accept := "*/*"
			if name == "events" {
				accept = "text/event-stream"
			}
			want := serve(t, h, "GET", "/", "", "Accept", accept).Result().Header
			assert.NotContains(t, want.Values("Content-Type"), "changed")
			assert.Equal(t, want, serve(t, h, "GET", "/", "", "Accept", accept).Result().Header)
		})
	}
}

func TestTypedEncodesBeforeItWrites(t *testing.T) {
	broken := infusion{errors.New("the kettle leaks")}
	header := http.Header{"Etag": {`"1"`}, "Last-Modified": {"Thu, 01 Jan 1970 00:00:00 GMT"}, "Content-Length": {"5"}}
	for name, tt := range map[string]struct {
		h    http.Handler
		want string
	}{
		"NaN":                  {returning(math.NaN(), nil), "NaN"},
		"an infinity in a map": {returning(map[string]float64{"a": 1, "b": math.Inf(1)}, nil), "+Inf"},
		"an error":             {returning([]any{"written?", broken}, nil), "the kettle leaks"},
		"a function":           {returning[any](func() {}, nil), "func()"},
		"invalid UTF-8":        {returning("\xff", nil), "invalid UTF-8"},
		"with headers":         {respondingWith(201, header, broken), "the kettle leaks"},
	} {
		t.Run(name, func(t *testing.T) {
			h, b := logLines(tt.h, nil)
			w := serve(t, h, "GET", "/", "")
			assert.Equal(t, "ID", assertSecret(t, w, 500))
			for name := range header {
				assert.Empty(t, w.Header()[name], name)
			}
			assert.Contains(t, b.String(), "ID < ** error: ")
			assert.Contains(t, b.String(), tt.want)
		})
	}
}

// What describes a response that isn't sent would be wrong for a problem.
func TestTypedForgetsTheHeadersOfWhatItCantSend(t *testing.T) {
	header := http.Header{"Content-Encoding": {"gzip"}, "Content-Disposition": {"attachment"}, "Cache-Control": {"max-age=60"}}
	broken := infusion{errors.New("the kettle leaks")}
	unread := tigertonic.Stream{ContentType: "text/csv", Reader: &stream{reads: []func([]byte) (int, error){failure}}}
	for name, h := range map[string]http.Handler{
		"a value":                   respondingWith(200, header, broken),
		"a stream":                  respondingWith(200, header, unread),
		"a stream without its type": respondingWith(200, header, tigertonic.Stream{}),
		"a sequence":                respondingWith(200, header, seqOf(broken)),
		"created":                   returning(tigertonic.CreatedResponse[infusion]{"/teas/1", broken}, nil),
	} {
		t.Run(name, func(t *testing.T) {
			w := serve(t, h, "GET", "/", "")
			assertSecret(t, w, 500)
			assert.Equal(t, http.Header{"Content-Type": {"application/problem+json"}, "X-Content-Type-Options": {"nosniff"}}, w.Header())
		})
	}
}

func TestTypedSetsContentLengthOfLongBodies(t *testing.T) {
	long := returning(strings.Repeat("x", 100_000), nil)
	assert.Empty(t, serve(t, returning("short", nil), "GET", "/", "").Header()["Content-Length"])
	assert.Equal(t, "100003", serve(t, long, "GET", "/", "").Header().Get("Content-Length"))
	compressed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		long.ServeHTTP(w, r)
	})
	assert.Empty(t, serve(t, compressed, "GET", "/", "").Header()["Content-Length"])
}

func TestTypedAnswersHead(t *testing.T) {
	for name, tt := range map[string]struct {
		h           http.Handler
		status      int
		contentType string
		length      int64
	}{
		"a value": {returning(sencha, nil), 200, "application/json", 30},
		"long":    {returning(strings.Repeat("x", 5000), nil), 200, "application/json", 5003},
		"nothing": {returning(struct{}{}, nil), 204, "", -1},
		"error":   {returning(sencha, tigertonic.NotFound{errors.New("no tea")}), 404, "application/problem+json", 53},
	} {
		t.Run(name, func(t *testing.T) {
			srv := newServer(t, tt.h, false)
			response, err := srv.Client().Head(srv.URL)
			require.NoError(t, err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			assert.Empty(t, body)
			assert.Equal(t, tt.status, response.StatusCode)
			assert.Equal(t, tt.contentType, response.Header.Get("Content-Type"))
			assert.Equal(t, tt.length, response.ContentLength)
		})
	}
}

func TestTypedIsSafeForConcurrentUse(t *testing.T) {
	type input struct {
		Name string `path:"name"`
		N    int    `query:"n" default:"7"`
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/{name}", tigertonic.Typed(func(_ context.Context, in *input) (tigertonic.Response[tea], error) {
		if in.N == 0 {
			return tigertonic.Response[tea]{}, tigertonic.NotFound{errors.New(in.Name)}
		}
		return tigertonic.Response[tea]{Header: http.Header{"X-Name": {in.Name}}, Body: tea{in.Name, in.N}}, nil
	}))
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			name := "tea" + strconv.Itoa(i)
			for n := range 50 {
				w := serve(t, mux, "GET", "/"+name+"?n="+strconv.Itoa(n), "")
				if n == 0 {
					assertProblem(t, w, `{"title":"Not Found","status":404,"detail":"`+name+`"}`)
					continue
				}
				assert.Equal(t, `{"name":"`+name+`","grams":`+strconv.Itoa(n)+"}\n", w.Body.String())
				assert.Equal(t, name, w.Header().Get("X-Name"))
			}
		})
	}
	wg.Wait()
}

func TestTypedRefusesOutputsThatCantBeSent(t *testing.T) {
	for want, f := range map[string]func(){
		"func()":                       func() { returning[func()](nil, nil) },
		"chan int":                     func() { returning[chan int](nil, nil) },
		"complex128":                   func() { returning[complex128](0, nil) },
		"io.Reader":                    func() { returning[io.Reader](nil, nil) },
		"Stream":                       func() { returning[*tigertonic.Stream](nil, nil) },
		"*tigertonic.Response[":        func() { returning[*tigertonic.Response[tea]](nil, nil) },
		"*tigertonic.CreatedResponse[": func() { returning[*tigertonic.CreatedResponse[tea]](nil, nil) },
		"tigertonic.Response[":         func() { respondingWith(0, nil, tigertonic.Response[tea]{}) },
		"tigertonic.AcceptedResponse[": func() { respondingWith(0, nil, &tigertonic.AcceptedResponse[tea]{}) },
		"tigertonic.Stream":            func() { returning[[]tigertonic.Stream](nil, nil) },
		"iter.Seq[":                    func() { returning[iter.Seq[tea]](nil, nil) },
		"iter.Seq2[string,":            func() { returning[iter.Seq2[string, int]](nil, nil) },
	} {
		t.Run(want, func(t *testing.T) { assert.Contains(t, panicOf(t, f), want) })
	}
	assert.Contains(t, panicOf(t, func() { tigertonic.Typed[struct{}, tea](nil) }), "the function is nil")
}

// typedFunc is tigertonic.Typed for a function that needs no context.
func typedFunc[In, Out any](f func(*In) (Out, error)) *tigertonic.Endpoint {
	return tigertonic.Typed(func(_ context.Context, in *In) (Out, error) { return f(in) })
}

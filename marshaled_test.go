package tigertonic_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

type stuff struct {
	ID    string `json:"id"`
	Stuff string `json:"stuff,omitempty"`
	Count int    `json:"count,omitempty"`
}

func create(_ *url.URL, _ http.Header, rq *stuff) (int, http.Header, *stuff, error) {
	return http.StatusCreated, http.Header{"Content-Location": {"/stuff/" + rq.ID}}, rq, nil
}

func TestMarshaledDecodesCallsAndEncodes(t *testing.T) {
	for _, method := range []string{"PATCH", "POST", "PUT"} {
		w := serve(t, tigertonic.Marshaled(create), method, "/stuff", `{"id":"ID","stuff":"<STUFF>"}`, "Content-Type", "application/json")
		assert.Equal(t, 201, w.Code)
		assert.Equal(t, http.Header{"Content-Type": {"application/json"}, "Content-Location": {"/stuff/ID"}}, w.Header())
		assert.Equal(t, `{"id":"ID","stuff":"\u003cSTUFF\u003e"}`+"\n", w.Body.String())
	}
}

func TestMarshaledTakesEveryFormOfFunction(t *testing.T) {
	type query = *url.URL
	ok := func() (int, http.Header, string, error) { return 200, nil, "ok", nil }
	for _, f := range []any{
		func(query, http.Header) (int, http.Header, string, error) { return ok() },
		func(query, http.Header, any) (int, http.Header, string, error) { return ok() },
		func(query, http.Header, *stuff) (int, http.Header, string, error) { return ok() },
		func(query, http.Header, **stuff) (int, http.Header, string, error) { return ok() },
		func(query, http.Header, map[string]any) (int, http.Header, string, error) { return ok() },
		func(query, http.Header, []int) (int, http.Header, string, error) { return ok() },
		func(query, http.Header, any, *stuff) (int, http.Header, string, error) { return ok() },
	} {
		h := tigertonic.WithContext(tigertonic.Marshaled(f), stuff{})
		w := serve(t, h, "GET", "/", "")
		assert.Equal(t, `"ok"`+"\n", w.Body.String(), "%T", f)
	}
}

func TestMarshaledRefusesOtherFunctions(t *testing.T) {
	type (
		U = *url.URL
		H = http.Header
	)
	var missing func(U, H) (int, H, any, error)
	for _, tt := range []struct {
		f    any
		want string
	}{
		{nil, "nil is not a function"},
		{1, "int is not a function"},
		{missing, "the func(*url.URL, http.Header) (int, http.Header, interface {}, error) is nil"},
		{func(U) (_ int, _ H, _ any, _ error) { return }, "has 1 arguments, not 2, 3 or 4"},
		{func(U, H, any, *int, int) (_ int, _ H, _ any, _ error) { return }, "has 5 arguments, not 2, 3 or 4"},
		{func(U, H, ...int) (_ int, _ H, _ any, _ error) { return }, "is variadic"},
		{func(url.URL, H) (_ int, _ H, _ any, _ error) { return }, "the first argument is a url.URL, not a *url.URL"},
		{func(U, *H) (_ int, _ H, _ any, _ error) { return }, "the second argument is a *http.Header, not an http.Header"},
		{func(U, H, stuff) (_ int, _ H, _ any, _ error) { return }, "the third argument is a tigertonic_test.stuff, not a pointer, a map, a slice or an empty interface"},
		{func(U, H, io.Reader) (_ int, _ H, _ any, _ error) { return }, "the third argument is a io.Reader, an interface that isn't empty"},
		{func(U, H, any, stuff) (_ int, _ H, _ any, _ error) { return }, "the fourth argument is a tigertonic_test.stuff, not a pointer to what WithContext was given"},
		{func(U, H) (_ int, _ H, _ any) { return }, "has 3 results, not 4"},
		{func(U, H) (_ string, _ H, _ any, _ error) { return }, "the first result is a string, not an int"},
		{func(U, H) (_ int, _ string, _ any, _ error) { return }, "the second result is a string, not an http.Header"},
		{func(U, H) (_ int, _ H, _ any, _ stuff) { return }, "the fourth result is a tigertonic_test.stuff, not an error"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			defer func() {
				err, ok := recover().(tigertonic.MarshalerError)
				require.True(t, ok)
				assert.Contains(t, err.Error(), tt.want)
				assert.Regexp(t, `^tigertonic: Marshaled: .* \(at .*/marshaled_test.go:\d+\)$`, err.Error())
			}()
			tigertonic.Marshaled(tt.f)
		})
	}
}

func TestMarshaledRefusesBodies(t *testing.T) {
	const (
		syntax   = "json.SyntaxError"
		mismatch = "json.UnmarshalTypeError"
		media    = "tigertonic.MarshalerError"
		notJSON  = "the Content-Type of a body must be application/json"
		coded    = "a body must be sent without Content-Encoding"
		gzipped  = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
	)
	for _, tt := range []struct {
		name, body        string
		headers           []string
		status            int
		error, decription string
	}{
		{"empty", ``, nil, 400, syntax, "unexpected end of JSON input"},
		{"cut off", `{"id"`, nil, 400, syntax, "unexpected end of JSON input"},
		{"not JSON", `id=1`, nil, 400, syntax, "invalid character 'i' looking for beginning of value"},
		{"data after the value", `{} {}`, nil, 400, syntax, "invalid character '{' after top-level value"},
		{"another type", `{"id":1}`, nil, 400, mismatch, `json: a number doesn't fit "id", at offset 7`},
		{"another type at the top", `[]`, nil, 400, mismatch, `json: a array doesn't fit the body, at offset 1`},
		{"a number too large", `{"count":1e400}`, nil, 400, mismatch, `json: a number 1e400 doesn't fit "count", at offset 14`},
		{"no media type", `{}`, []string{}, 415, media, notJSON},
		{"application/jsonp", `{}`, []string{"Content-Type", "application/jsonp"}, 415, media, notJSON},
		{"two media types", `{}`, []string{"Content-Type", "application/json", "Content-Type", "text/plain"}, 415, media, notJSON},
		{"a media type and more words", `{}`, []string{"Content-Type", "application/json charset=utf-8"}, 415, media, notJSON},
		{"gzip", gzipped, []string{"Content-Type", "application/json", "Content-Encoding", "identity, gzip"}, 415, media, coded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.headers == nil {
				tt.headers = []string{"Content-Type", "application/json"}
			}
			w := serve(t, tigertonic.Marshaled(create), "POST", "/", tt.body, tt.headers...)
			requireError(t, w, tt.status, tt.error, tt.decription)
		})
	}
}

func TestMarshaledAcceptsSpellingsOfJSON(t *testing.T) {
	for _, contentType := range []string{"Application/JSON; charset=utf-8", "application/json ;charset=\"utf-8\"", "application/json;profile=x"} {
		w := serve(t, tigertonic.Marshaled(create), "POST", "/", `{}`, "Content-Type", contentType, "Content-Encoding", "Identity")
		assert.Equal(t, 201, w.Code, contentType)
	}
}

// A middleware that has decoded a body may have left the header.
func TestMarshaledAcceptsBodiesThatHaveBeenDecoded(t *testing.T) {
	w := serve(t, tigertonic.Marshaled(create), "POST", "/", `{}`, "Content-Type", "application/json", "Content-Encoding", "gzip")
	assert.Equal(t, 201, w.Code)
}

func TestMarshaledWithoutRequestTakesNoBody(t *testing.T) {
	for _, f := range []any{
		func(*url.URL, http.Header) (int, http.Header, any, error) { return 200, nil, nil, nil },
		func(*url.URL, http.Header, any) (int, http.Header, any, error) { return 200, nil, nil, nil },
	} {
		requireError(t, postJSON(t, tigertonic.Marshaled(f), "/", `{}`),
			500, "tigertonic.MarshalerError", "the function takes no body, which a POST has")
		requireError(t, serve(t, tigertonic.Marshaled(f), "POST", "/", ``),
			415, "tigertonic.MarshalerError", "the Content-Type of a body must be application/json")
	}
}

func TestMarshaledIgnoresBodiesOfOtherMethods(t *testing.T) {
	h := tigertonic.Marshaled(func(_ *url.URL, _ http.Header, rq *stuff) (int, http.Header, *stuff, error) {
		return 200, nil, rq, nil
	})
	for _, method := range []string{"GET", "DELETE", "OPTIONS"} {
		assert.Equal(t, `{"id":""}`+"\n", serve(t, h, method, "/", `{"id":"1"}`).Body.String(), method)
	}
}

func TestMarshaledDecodesMapsAndSlices(t *testing.T) {
	m := tigertonic.Marshaled(func(_ *url.URL, _ http.Header, rq map[string]int) (int, http.Header, int, error) {
		return 200, nil, rq["a"], nil
	})
	assert.Equal(t, "1\n", postJSON(t, m, "/", `{"a":1}`).Body.String())
	s := tigertonic.Marshaled(func(_ *url.URL, _ http.Header, rq []int) (int, http.Header, int, error) {
		return 200, nil, len(rq), nil
	})
	assert.Equal(t, "3\n", postJSON(t, s, "/", `[1,2,3]`).Body.String())
}

// A body that can't be decoded is nothing to reuse for the next request.
func TestMarshaledRequestsDontShareBodies(t *testing.T) {
	var kept []json.RawMessage
	h := tigertonic.Marshaled(func(_ *url.URL, _ http.Header, rq *json.RawMessage) (int, http.Header, any, error) {
		kept = append(kept, *rq)
		return 204, nil, nil, nil
	})
	postJSON(t, h, "/", `"aaaaaaaaaaaaaaaa"`)
	postJSON(t, h, "/", `"bbbbbbbbbbbbbbbb"`)
	postJSON(t, h, "/", `bbbb`)
	assert.Equal(t, []json.RawMessage{[]byte(`"aaaaaaaaaaaaaaaa"`), []byte(`"bbbbbbbbbbbbbbbb"`)}, kept)
}

func TestMarshaledNegotiates(t *testing.T) {
	for accept, want := range map[string]int{
		"*/*": 201, "application/*": 201, "application/json": 201, "text/html, application/json;q=0.1": 201, "": 201,
		"application/json;q=0": 406, "application/json;q=0, */*": 406, "text/*": 406, "application/jsonp": 406,
	} {
		w := serve(t, tigertonic.Marshaled(create), "POST", "/", `{}`, "Content-Type", "application/json", "Accept", accept)
		assert.Equal(t, want, w.Code, accept)
		if want == 406 {
			assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
			assert.Equal(t, "tigertonic.MarshalerError: only application/json can be sent, which the Accept header doesn't allow", w.Body.String())
		}
	}
}

func TestMarshaledHeadersReplaceThoseSet(t *testing.T) {
	shared := http.Header{"x-a": {"1", "2"}, "Content-Type": {"application/hal+json"}}
	inner := tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, string, error) { return 200, shared, "", nil })
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-A", "outer")
		w.Header().Set("X-B", "outer")
		w.Header().Set("Content-Type", "outer")
		inner.ServeHTTP(w, r)
		w.Header()["X-A"][0] = "changed"
	})
	for range 2 {
		w := serve(t, h, "GET", "/", "")
		assert.Equal(t, []string{"1", "2"}, w.Result().Header["X-A"])
		assert.Equal(t, []string{"outer"}, w.Result().Header["X-B"])
		assert.Equal(t, []string{"application/json"}, w.Result().Header["Content-Type"], "which the body is")
	}
}

func TestMarshaledWithoutValueHasNoBody(t *testing.T) {
	for name, f := range map[string]any{
		"nil pointer":   func(*url.URL, http.Header) (int, http.Header, *stuff, error) { return 200, nil, nil, nil },
		"nil interface": func(*url.URL, http.Header) (int, http.Header, any, error) { return 200, nil, nil, nil },
		"204":           func(*url.URL, http.Header) (int, http.Header, *stuff, error) { return 204, nil, &stuff{}, nil },
		"304":           func(*url.URL, http.Header) (int, http.Header, stuff, error) { return 304, nil, stuff{}, nil },
		"nil stream":    func(*url.URL, http.Header) (int, http.Header, io.Reader, error) { return 200, nil, nil, nil },
	} {
		w := serve(t, tigertonic.Marshaled(f), "GET", "/", "")
		assert.Empty(t, w.Body.String(), name)
		if name == "nil stream" {
			assert.Empty(t, w.Header(), name)
		} else {
			assert.Equal(t, http.Header{"Content-Type": {"application/json"}}, w.Header(), name)
		}
		assert.Less(t, w.Code, 400, name)
	}
}

func TestMarshaledEncodesNilSlicesAndMaps(t *testing.T) {
	for _, f := range []any{
		func(*url.URL, http.Header) (int, http.Header, any, error) { return 200, nil, (*stuff)(nil), nil },
		func(*url.URL, http.Header) (int, http.Header, []int, error) { return 200, nil, nil, nil },
		func(*url.URL, http.Header) (int, http.Header, map[string]int, error) { return 200, nil, nil, nil },
	} {
		w := serve(t, tigertonic.Marshaled(f), "GET", "/", "")
		assert.Equal(t, "null\n", w.Body.String())
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	}
}

func TestMarshaledEncodesBeforeItWrites(t *testing.T) {
	h := tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, any, error) {
		return 200, http.Header{"Etag": {`"1"`}}, []any{"written?", func() {}}, nil
	})
	w := serve(t, h, "GET", "/", "")
	requireError(t, w, 500, "json.UnsupportedTypeError", "json: unsupported type: func()")
	assert.Empty(t, w.Header()["Etag"])
}

func TestMarshaledSetsContentLengthOfLongBodies(t *testing.T) {
	h := tigertonic.Marshaled(func(u *url.URL, _ http.Header) (int, http.Header, string, error) {
		return 200, nil, strings.Repeat("x", len(u.RawQuery)), nil
	})
	assert.Empty(t, serve(t, h, "GET", "/?short", "").Header()["Content-Length"])
	long := "/?" + strings.Repeat("y", 100_000)
	assert.Equal(t, "100003", serve(t, h, "GET", long, "").Header().Get("Content-Length"))
	compressed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		h.ServeHTTP(w, r)
	})
	assert.Empty(t, serve(t, compressed, "GET", long, "").Header()["Content-Length"])
}

func TestMarshaledRefusesStatusesThatAreNone(t *testing.T) {
	for _, status := range []int{-1, 0, 99, 100, 101, 199, 1000} {
		h := tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, any, error) { return status, nil, "x", nil })
		requireError(t, serve(t, h, "GET", "/", ""), 500, "tigertonic.MarshalerError",
			fmt.Sprintf("the function returned %d, which is not the status of a response", status))
	}
}

func TestMarshaledErrors(t *testing.T) {
	plain := errors.New("it failed")
	for _, tt := range []struct {
		name   string
		status int
		err    error
		want   int
		error  string
	}{
		{"plain", 0, plain, 500, "error"},
		{"with a status", 409, plain, 409, "error"},
		{"with a status that is none", 99, plain, 500, "error"},
		{"of a status", 200, tigertonic.NotFound{plain}, 404, "tigertonic.NotFound"},
		{"of a status, wrapped", 0, errors.Join(tigertonic.Conflict{Err: plain}), 409, "tigertonic.Conflict"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, *stuff, error) {
				return tt.status, http.Header{"Retry-After": {"1"}, "Content-Length": {"1"}}, nil, tt.err
			})
			w := serve(t, h, "GET", "/", "")
			requireError(t, w, tt.want, tt.error, "it failed")
			assert.Empty(t, w.Header().Get("Retry-After"), "headers are for what isn't an error")
			assert.Empty(t, w.Header().Get("Content-Length"))
		})
	}
}

func TestMarshaledContextMustBeThere(t *testing.T) {
	h := tigertonic.Marshaled(func(_ *url.URL, _ http.Header, _ any, c *stuff) (int, http.Header, *stuff, error) {
		return 200, nil, c, nil
	})
	requireError(t, serve(t, h, "GET", "/", ""), 500, "tigertonic.MarshalerError",
		"there is no WithContext for what the function takes")
	requireError(t, serve(t, tigertonic.WithContext(h, 1), "GET", "/", ""), 500, "tigertonic.MarshalerError",
		"there is no WithContext for what the function takes")
	assert.Equal(t, 200, serve(t, tigertonic.WithContext(tigertonic.WithContext(h, 1), stuff{}), "GET", "/", "").Code)
}

func TestMarshaledAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	body := []byte(`{"id":"ID","stuff":"STUFF"}`)
	byHand := func(w http.ResponseWriter, r *http.Request) {
		var rq stuff
		if json.NewDecoder(r.Body).Decode(&rq) != nil {
			return
		}
		status, header, rs, _ := create(r.URL, r.Header, &rq)
		maps.Copy(w.Header(), header)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(rs)
	}
	allocations := func(h http.Handler) float64 {
		return testing.AllocsPerRun(100, func() {
			r := httptest.NewRequest("POST", "/stuff", bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			h.ServeHTTP(httptest.NewRecorder(), r)
		})
	}
	got := allocations(tigertonic.Marshaled(create))
	assert.LessOrEqual(t, got, allocations(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))+15)
	assert.LessOrEqual(t, got, allocations(http.HandlerFunc(byHand))+2, "Go 1.26 has two more by hand than this, and Go 1.27 two less")
}

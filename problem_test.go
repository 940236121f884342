package tigertonic_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// speakProblems has the whole package answer with problems until the test ends.
func speakProblems(t *testing.T) {
	t.Helper()
	before := tigertonic.ResponseErrorWriter
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	t.Cleanup(func() { tigertonic.ResponseErrorWriter = before })
}

// A soldOut is an error with a status by a pointer.
type soldOut struct{ status int }

func (err *soldOut) Error() string   { return "sold out" }
func (err *soldOut) StatusCode() int { return err.status }

func TestTypedTellsErrorsUnder500(t *testing.T) {
	for name, tt := range map[string]struct {
		err    error
		status int
		want   string
	}{
		"a status":              {tigertonic.NotFound{errors.New("no tea")}, 404, `{"title":"Not Found","status":404,"detail":"no tea"}`},
		"a status without text": {tigertonic.NotFound{}, 404, `{"title":"Not Found","status":404,"detail":"Not Found"}`},
		"wrapped":               {fmt.Errorf("SELECT * FROM tea: %w", tigertonic.Conflict{errors.New("no tea")}), 409, `{"title":"Conflict","status":409,"detail":"no tea"}`},
		"joined":                {errors.Join(errLeak, tigertonic.Gone{errors.New("no tea")}), 410, `{"title":"Gone","status":410,"detail":"no tea"}`},
		"made":                  {tigertonic.NewHTTPEquivError(errors.New("no tea"), 418), 418, `{"title":"I'm a teapot","status":418,"detail":"no tea"}`},
		"a type of the user's":  {&soldOut{409}, 409, `{"title":"Conflict","status":409,"detail":"sold out"}`},
		"without a name":        {&soldOut{499}, 499, `{"status":499,"detail":"sold out"}`},
		"a redirection":         {&soldOut{300}, 300, `{"title":"Multiple Choices","status":300,"detail":"sold out"}`},
		"quoted":                {&soldOutOf{"<\"tea\">\r\n\x00\u2028"}, 404, `{"title":"Not Found","status":404,"detail":"<\"tea\">\r\n\u0000\u2028"}`},
		"fields": {
			tigertonic.FieldErrors{{Pointer: "/a", Detail: "is wrong"}, {Parameter: "b", In: "query", Detail: "is wrong"}, {In: "query", Detail: "is wrong"}},
			422,
			`{"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[{"pointer":"/a","detail":"is wrong"},{"parameter":"b","in":"query","detail":"is wrong"},{"in":"query","detail":"is wrong"}]}`,
		},
		"fields with a status": {
			tigertonic.Conflict{tigertonic.FieldErrors{{Pointer: "", Detail: "is wrong"}}},
			409,
			`{"title":"Conflict","status":409,"detail":"the request isn't valid","errors":[{"pointer":"","detail":"is wrong"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := serve(t, failing(tt.err), "GET", "/", "")
			assert.Equal(t, tt.status, w.Code)
			assertProblem(t, w, tt.want)
		})
	}
}

type soldOutOf struct{ what string }

func (err *soldOutOf) Error() string   { return err.what }
func (err *soldOutOf) StatusCode() int { return 404 }

func TestTypedTellsErrorsOfEveryStatus(t *testing.T) {
	for status, err := range statusErrors(errLeak) {
		w := serve(t, failing(fmt.Errorf("pouring: %w", err)), "GET", "/", "")
		switch {
		case status >= 500:
			assertSecret(t, w, status)
		case status < 200:
			assertSecret(t, w, 500)
		case status == 304:
			assert.Equal(t, 304, w.Code)
		default:
			assert.Equal(t, status, w.Code)
			assert.Contains(t, w.Body.String(), `"detail":"the kettle leaks"`)
		}
	}
}

func TestTypedTellsNothingOfOtherErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		err    error
		status int
	}{
		"unknown":           {errLeak, 500},
		"wrapped":           {fmt.Errorf("pouring: %w", errLeak), 500},
		"of the context":    {context.DeadlineExceeded, 500},
		"of reading":        {io.ErrUnexpectedEOF, 500},
		"of JSON":           {&json.SyntaxError{Offset: 3}, 500},
		"of MaxBytesReader": {&http.MaxBytesError{Limit: 3}, 500},
		"a status":          {tigertonic.BadGateway{errLeak}, 502},
		"status 99":         {&soldOut{99}, 500},
		"status 0":          {&soldOut{0}, 500},
		"status 1000":       {&soldOut{1000}, 500},
		"status 999":        {&soldOut{999}, 999},
		"a marshaler error": {tigertonic.NewMarshalerError("kettle %d leaks", 1), 500},
	} {
		t.Run(name, func(t *testing.T) {
			w := serve(t, failing(tt.err), "GET", "/", "")
			assert.NotContains(t, w.Body.String(), "leaks")
			if tt.status != 999 {
				assertSecret(t, w, tt.status)
				return
			}
			assert.Equal(t, 999, w.Code)
			assert.Regexp(t, `^\{"status":999,"request_id":"\w+"\}\n$`, w.Body.String())
		})
	}
}

func TestProblemIsSentAsItIs(t *testing.T) {
	full := tigertonic.Problem{
		Status: 403, Type: "https://example.com/out-of-credit", Title: "You do not have enough credit.", Detail: "Your balance is 30.",
		Extensions: map[string]any{"balance": 30, "accounts": []string{"/1", "/2"}, "instance": "/msgs/abc", "a": nil, "Z": tea{Name: "x"}},
	}
	const text = `{"type":"https://example.com/out-of-credit","title":"You do not have enough credit.","status":403,"detail":"Your balance is 30.",` +
		`"Z":{"name":"x"},"a":null,"accounts":["/1","/2"],"balance":30,"instance":"/msgs/abc"}` + "\n"
	for name, tt := range map[string]struct {
		err    error
		status int
		want   string
	}{
		"in full":              {full, 403, text},
		"wrapped":              {fmt.Errorf("paying: %w", full), 403, text},
		"by a pointer":         {&full, 403, text},
		"zero":                 {tigertonic.Problem{}, 500, `{"title":"Internal Server Error","status":500}` + "\n"},
		"a 503":                {tigertonic.Problem{Status: 503, Detail: "back at noon"}, 503, `{"title":"Service Unavailable","status":503,"detail":"back at noon"}` + "\n"},
		"a 503 by a pointer":   {&tigertonic.Problem{Status: 503, Detail: "back at noon"}, 503, `{"title":"Service Unavailable","status":503,"detail":"back at noon"}` + "\n"},
		"an unknown status":    {tigertonic.Problem{Status: 499}, 499, `{"status":499}` + "\n"},
		"status 99":            {tigertonic.Problem{Status: 99, Title: "T"}, 500, `{"title":"T","status":500}` + "\n"},
		"status 1000":          {tigertonic.Problem{Status: 1000}, 500, `{"title":"Internal Server Error","status":500}` + "\n"},
		"a negative status":    {tigertonic.Problem{Status: -404}, 500, `{"title":"Internal Server Error","status":500}` + "\n"},
		"extensions like this": {tigertonic.Problem{Status: 404, Extensions: map[string]any{"type": 1, "title": 2, "status": 3, "detail": 4, "Type": 5}}, 404, `{"title":"Not Found","status":404,"Type":5}` + "\n"},
		"an ID of its own":     {tigertonic.Problem{Extensions: map[string]any{"request_id": "mine"}}, 500, `{"title":"Internal Server Error","status":500,"request_id":"mine"}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			w := serve(t, failing(tt.err), "GET", "/", "")
			assert.Equal(t, tt.status, w.Code)
			assert.Equal(t, tt.want, w.Body.String())
			assertProblem(t, w, tt.want)
		})
	}
}

// However a problem is written, it is what its own MarshalJSON makes of it.
func TestProblemsAreSentAsTheyAreMarshaled(t *testing.T) {
	texts := []string{"", "plain", `"quoted" \ /`, "<script>&amp;", "a\x00\x01\b\f\n\r\t\x1f\x7f", "ž 茶 \u2028\u2029 \U0001F375", "\xff not UTF-8"}
	for _, text := range texts {
		for _, extensions := range []map[string]any{
			nil, {"code": text}, {"z": "last", text: "named so", "a": text}, {"title": "left out", "n": 7, "list": []string{text}}, {"": text},
		} {
			for _, p := range []tigertonic.Problem{
				{Status: 404, Detail: text, Extensions: extensions}, {Status: 499, Type: text, Title: text, Extensions: extensions}, {Status: 409, Title: text, Extensions: extensions},
			} {
				want, err := json.Marshal(p)
				if err != nil {
					continue // which another test is for
				}
				w := httptest.NewRecorder()
				tigertonic.ProblemWriter{}.WriteError(httptest.NewRequest("GET", "/", nil), w, p)
				assert.Equal(t, string(want)+"\n", w.Body.String())
			}
		}
	}
}

func TestProblemThatCantBeEncoded(t *testing.T) {
	for name, extension := range map[string]any{
		"a function": func() {}, "NaN": math.NaN(), "an error": infusion{errLeak}, "text that isn't JSON": json.RawMessage("{"),
	} {
		t.Run(name, func(t *testing.T) {
			h, b := logLines(failing(tigertonic.Problem{Status: 404, Detail: "no tea", Extensions: map[string]any{"a": 1, "b": extension}}), nil)
			assert.Equal(t, "ID", assertSecret(t, serve(t, h, "GET", "/", ""), 500))
			assert.Contains(t, b.String(), "ID < ** error: no tea\\n")
		})
	}
}

func TestProblemIsAnError(t *testing.T) {
	assert.Equal(t, "no tea", tigertonic.Problem{Status: 404, Title: "T", Detail: "no tea"}.Error())
	assert.Equal(t, "T", tigertonic.Problem{Status: 404, Title: "T"}.Error())
	assert.Equal(t, "Not Found", tigertonic.Problem{Status: 404}.Error())
	assert.Equal(t, "Internal Server Error", tigertonic.Problem{}.Error())
	assert.Equal(t, 500, tigertonic.Problem{}.StatusCode())
	assert.Equal(t, 404, tigertonic.Problem{Status: 404}.StatusCode())
}

func TestProblemWriterMakesEverythingSpeakProblems(t *testing.T) {
	speakProblems(t)
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/teas", tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, *tea, error) {
		return 0, nil, nil, tigertonic.Teapot{errors.New("short and stout")}
	}))
	mux.Handle("PUT", "/teas", tigertonic.Sized(tigertonic.Marshaled(create), 5))
	mux.Handle("GET", "/broken", tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, *tea, error) { return 0, nil, nil, errLeak }))
	mux.Handle("GET", "/secret", tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "realm", hello))
	mux.Handle("GET", "/if", tigertonic.If(func(*http.Request) (http.Header, error) {
		return http.Header{"Retry-After": {"9"}}, tigertonic.Problem{Status: 429, Type: "https://example.com/slow"}
	}, hello))
	for _, tt := range []struct {
		method, target, body, header, value string
		status                              int
		want                                string
	}{
		{"GET", "/none", "", "", "", 404, `{"title":"Not Found","status":404,"detail":"GET /none not found"}`},
		{"POST", "/teas", "", "Allow", "GET, HEAD, OPTIONS, PUT", 405, `{"title":"Method Not Allowed","status":405,"detail":"only GET, HEAD, OPTIONS, PUT are allowed"}`},
		{"GET", "/secret", "", "WWW-Authenticate", `Basic realm="realm"`, 401, `{"title":"Unauthorized","status":401,"detail":"unauthorized"}`},
		{"GET", "/if", "", "Retry-After", "9", 429, `{"type":"https://example.com/slow","title":"Too Many Requests","status":429}`},
		{"PUT", "/teas", `{"id":"long"}`, "", "", 413, `{"title":"Request Entity Too Large","status":413,"detail":"the body is longer than 5 bytes"}`},
		{"PUT", "/teas", `{`, "", "", 400, `{"title":"Bad Request","status":400,"detail":"unexpected end of JSON input"}`},
		{"GET", "/teas", "", "", "", 418, `{"title":"I'm a teapot","status":418,"detail":"short and stout"}`},
	} {
		for _, accept := range []string{"*/*", "text/html", "application/json"} {
			w := serve(t, mux, tt.method, tt.target, tt.body, "Content-Type", "application/json", "Accept", accept)
			if w.Code == 406 {
				continue // Marshaled, which sends JSON only
			}
			assert.Equal(t, tt.status, w.Code, tt.target)
			assertProblem(t, w, tt.want)
			assert.Equal(t, tt.value, w.Header().Get(tt.header))
		}
	}
	h, b := logLines(mux, nil)
	assert.Equal(t, "ID", assertSecret(t, serve(t, h, "GET", "/broken", ""), 500))
	assert.Equal(t, []string{"ID the kettle leaks"}, loggedCauses(b.String()))
	for _, write := range []func(w http.ResponseWriter){
		func(w http.ResponseWriter) {
			tigertonic.ProblemWriter{}.WriteJSONError(w, tigertonic.Gone{errors.New("x")})
		},
		func(w http.ResponseWriter) {
			tigertonic.ProblemWriter{}.WritePlaintextError(w, tigertonic.Gone{errors.New("x")})
		},
	} {
		w := httptest.NewRecorder()
		write(w)
		assertProblem(t, w, `{"title":"Gone","status":410,"detail":"x"}`)
	}
}

func TestTypedSpeaksProblemsNextToClassicErrors(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/typed", failing(tigertonic.Gone{errors.New("x")}))
	mux.Handle("GET", "/classic", tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, *tea, error) {
		return 0, nil, nil, tigertonic.Problem{Status: 410, Detail: "x", Type: "https://example.com"}
	}))
	requireError(t, serve(t, mux, "GET", "/none", ""), 404, "tigertonic.NotFound", "GET /none not found")
	requireError(t, serve(t, mux, "GET", "/classic", ""), 410, "tigertonic.Problem", "x")
	assertProblem(t, serve(t, mux, "GET", "/typed", "", "Accept", "application/json"), `{"title":"Gone","status":410,"detail":"x"}`)
}

func TestTypedClosesItsStreams(t *testing.T) {
	for name, tt := range map[string]struct {
		status      int
		method      string
		contentType string
		accept      string
		err         error
		reads       []func([]byte) (int, error)
		want        int
		body        string
	}{
		"sent":                   {0, "GET", "text/csv", "text/csv", nil, []func([]byte) (int, error){piece("a,"), piece(""), piece("b")}, 200, "a,b"},
		"empty":                  {0, "GET", "text/csv", "text/*", nil, nil, 200, ""},
		"with a status":          {206, "GET", "text/csv; charset=utf-8", "*/*", nil, []func([]byte) (int, error){piece("a")}, 206, "a"},
		"204":                    {204, "GET", "text/csv", "*/*", nil, []func([]byte) (int, error){piece("a")}, 204, ""},
		"304":                    {304, "GET", "", "*/*", nil, []func([]byte) (int, error){piece("a")}, 304, ""},
		"no status":              {99, "GET", "text/csv", "*/*", nil, []func([]byte) (int, error){piece("a")}, 500, "problem"},
		"HEAD":                   {0, "HEAD", "text/csv", "*/*", nil, []func([]byte) (int, error){piece("a")}, 200, ""},
		"no content type":        {0, "GET", "", "*/*", nil, []func([]byte) (int, error){piece("a")}, 500, "problem"},
		"not acceptable":         {0, "GET", "text/csv", "application/json", nil, []func([]byte) (int, error){piece("a")}, 406, "problem"},
		"an error before a byte": {0, "GET", "text/csv", "*/*", nil, []func([]byte) (int, error){piece(""), failure}, 500, "problem"},
		"an error at once":       {0, "GET", "text/csv", "*/*", nil, []func([]byte) (int, error){failure}, 500, "problem"},
		"an error beside it":     {0, "GET", "text/csv", "*/*", tigertonic.Gone{errors.New("x")}, []func([]byte) (int, error){piece("a")}, 410, "problem"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, enveloped := range []bool{true, false} {
				if !enveloped && tt.status != 0 {
					continue
				}
				s := &stream{reads: tt.reads}
				body := tigertonic.Stream{ContentType: tt.contentType, Reader: s}
				h := http.Handler(returning(body, tt.err))
				if enveloped {
					h = returning(tigertonic.Response[tigertonic.Stream]{Status: tt.status, Body: body}, tt.err)
				}
				var w *httptest.ResponseRecorder
				require.Nil(t, recovered(func() { w = serve(t, h, tt.method, "/", "", "Accept", tt.accept) }))
				assert.Equal(t, tt.want, w.Code)
				assert.Equal(t, 1, s.closed, "enveloped: %v", enveloped)
				if tt.body == "problem" {
					assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
					continue
				}
				assert.Equal(t, tt.body, w.Body.String())
				if w.Code < 204 {
					assert.Equal(t, []string{tt.contentType}, w.Header()["Content-Type"])
				}
			}
		})
	}
}

func TestTypedStreamWithoutReaderIsEmpty(t *testing.T) {
	w := serve(t, returning(tigertonic.Stream{ContentType: "text/csv"}, nil), "GET", "/", "")
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, "text/csv", w.Header().Get("Content-Type"))
	assert.Empty(t, w.Body.String())
	assertSecret(t, serve(t, returning(tigertonic.Stream{}, nil), "GET", "/", ""), 500)
}

func TestTypedStreamThatBreaksIsCutOffAndLogged(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		s := &stream{reads: []func([]byte) (int, error){piece("half"), failure}}
		h, b := logLines(returning(tigertonic.Stream{ContentType: "text/plain", Reader: s}, nil), nil)
		srv := newServer(t, h, http2)
		response := open(t, srv, "*/*")
		body, err := io.ReadAll(response.Body)
		assert.Equal(t, "half", string(body))
		assert.Error(t, err)
		srv.Close() // waits for the handler
		assert.Equal(t, 1, s.closed)
		assert.Equal(t, []string{"ID it broke"}, loggedCauses(b.String()))
		assert.True(t, strings.Contains(b.String(), "cut off after 4 bytes") || strings.Contains(b.String(), "half"), b)
	})
}

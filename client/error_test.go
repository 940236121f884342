package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

func TestErrorsAreWhatTheyWere(t *testing.T) {
	eachTransport(t, partService(), func(t *testing.T, c *client.Client) {
		header := client.Header("X-Request-Id", "abc")
		_, err := client.Call(t.Context(), c, getPart, &onePart{"gone"}, header)
		assert.EqualError(t, err, "GET /parts/gone: 410 Gone: it was sold (request ID abc)")
		gone, ok := errors.AsType[tigertonic.Gone](err)
		require.True(t, ok)
		assert.Equal(t, "it was sold", gone.Error())
		_, ok = errors.AsType[tigertonic.NotFound](err)
		assert.False(t, ok)

		_, err = client.Call(t.Context(), c, getPart, &onePart{"odd"}, header)
		assert.EqualError(t, err, "GET /parts/odd: 409 Conflict: it is odd (request ID abc)")
		want := tigertonic.Problem{Status: 409, Type: "https://example.com/odd", Title: "Odd", Detail: "it is odd", Extensions: map[string]any{"n": 7.0}}
		pointer, ok := errors.AsType[*tigertonic.Problem](err)
		require.True(t, ok)
		assert.Equal(t, want, *pointer)
		value, ok := errors.AsType[tigertonic.Problem](err)
		require.True(t, ok)
		assert.Equal(t, want, value)
		_, ok = errors.AsType[tigertonic.Conflict](err)
		assert.True(t, ok)

		_, err = client.Call(t.Context(), c, createPart, &newPart{Body: part{Price: -1}}, header)
		assert.EqualError(t, err, "POST /parts: 422 Unprocessable Entity: the request isn't valid: /price: must be at least 0 (request ID abc)")
		errs, ok := errors.AsType[tigertonic.FieldErrors](err)
		require.True(t, ok)
		assert.Equal(t, tigertonic.FieldErrors{{Pointer: "/price", Detail: "must be at least 0"}}, errs)

		_, err = client.Call(t.Context(), c, getPart, &onePart{"broken"})
		failure, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		assert.Equal(t, 500, failure.Status)
		assert.Len(t, failure.RequestID, 16, "the service has named it")
		assert.NotContains(t, err.Error(), "secret")

		_, err = client.Do[part](t.Context(), c, "GET", "/nowhere", &struct{}{}, header) // answered as the classic API does
		assert.EqualError(t, err, "GET /nowhere: 404 Not Found: GET /nowhere not found (request ID abc)")
		missing, ok := errors.AsType[tigertonic.NotFound](err)
		require.True(t, ok)
		assert.Equal(t, "tigertonic.NotFound", missing.Name())
	})
}

// What others answer, each by a function.
func TestForeignErrorsKeepTheirText(t *testing.T) {
	for _, tt := range []struct {
		name, contentType, body string
		status                  int
		want                    string
	}{
		{"text", "text/plain; charset=utf-8", "no\x1b[31m such\nthing\n", 404, "404 Not Found: no [31m such thing"},
		{"HTML", "text/html", "<html>", 503, "503 Service Unavailable"},
		{"message", "application/json", `{"message":"Bad credentials","documentation_url":"x"}`, 401, "401 Unauthorized: Bad credentials"},
		{"error", "application/json", `{"error":"nope"}`, 418, "418 I'm a teapot: nope"},
		{"nested", "application/json", `{"error":{"code":7}}`, 400, "400 Bad Request"},
		{"a list", "application/json", `[1]`, 400, "400 Bad Request"},
		{"half a problem", "application/problem+json", `{"title":"a`, 400, "400 Bad Request"},
		{"an odd problem", "application/problem+json", `{"title":7,"detail":null,"status":"x","errors":{"a":1}}`, 400, "400 Bad Request"},
		{"long", "text/plain", strings.Repeat("é", 1000), 400, "400 Bad Request: " + strings.Repeat("é", 150) + "…"},
		{"no status", "", "", 599, "599"},
		{"not modified", "", "", 304, "304 Not Modified"},
		{"too long", "text/plain", strings.Repeat("a", 1<<20), 400, "400 Bad Request: " + strings.Repeat("a", 300) + "…"},
	} {
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{tt.contentType}
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		})
		_, err := client.Call(t.Context(), client.New("http://x.test", client.Options{Transport: client.InProcess(h)}), getPart, &onePart{"x"})
		assert.EqualError(t, err, "GET /parts/x: "+tt.want, tt.name)
		equiv, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		assert.Equal(t, tt.status, equiv.Status)
		assert.LessOrEqual(t, len(equiv.Body), 64<<10)
	}
}

func TestEachStatusHasItsError(t *testing.T) {
	for status := 400; status <= 599; status++ {
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		_, err := client.Call(t.Context(), client.New("http://x.test", client.Options{Transport: client.InProcess(h)}), getPart, &onePart{"x"})
		failure, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		equiv, ok := errors.AsType[tigertonic.HTTPEquivError](failure.Unwrap()[0])
		require.True(t, ok, status)
		assert.Equal(t, status, equiv.StatusCode())
	}
}

func TestAnswersThatCantBeReadAreErrors(t *testing.T) {
	for _, tt := range []struct{ name, contentType, body, want string }{
		{"HTML", "text/html", "<html>", "200 OK: the response is text/html, not JSON"},
		{"no JSON", "application/json", `{"id":`, "200 OK: can't read the response: jsontext: unexpected EOF"},
		{"nothing", "application/json", ``, "200 OK: can't read the response: jsontext: unexpected EOF"},
		{"too long", "application/json", `{"id":"` + strings.Repeat("a", 2000) + `"}`, "200 OK: the response is longer than 1000 bytes"},
		{"more", "application/json", `{} {}`, "200 OK: can't read the response"},
	} {
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", tt.contentType)
			_, _ = io.WriteString(w, tt.body)
		})
		c := client.New("http://x.test", client.Options{Transport: client.InProcess(h), MaxBytes: 1000})
		_, err := client.Call(t.Context(), c, getPart, &onePart{"x"})
		assert.ErrorContains(t, err, "GET /parts/x: "+tt.want, tt.name)
		failure, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		assert.Equal(t, 200, failure.Status)
	}
}

// A service whose function returns the error of another service fails itself: its
// clients aren't told what that one has said.
func TestErrorsOfAnotherServiceAreNotPassedOn(t *testing.T) {
	other := client.New("http://parts.test", client.Options{Transport: client.InProcess(partService())})
	for _, id := range []string{"gone", "odd"} {
		mux := tigertonic.NewTrieServeMux()
		getPart.HandleFunc(mux, func(ctx context.Context, in *onePart) (part, error) {
			return client.Call(ctx, other, getPart, &onePart{id})
		})
		maybePart.HandleFunc(mux, func(ctx context.Context, in *onePart) (*part, error) {
			_, err := client.Call(ctx, other, getPart, &onePart{id})
			if p, ok := errors.AsType[*tigertonic.Problem](err); ok {
				return nil, p
			}
			return nil, err
		})
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", "/parts/x", nil))
		assert.Equal(t, http.StatusBadGateway, w.Code)
		assert.NotContains(t, w.Body.String(), "odd")
		assert.NotContains(t, w.Body.String(), "sold")

		w = httptest.NewRecorder() // what is passed on is passed on
		mux.ServeHTTP(w, httptest.NewRequest("GET", "/maybe/x", nil))
		assert.Contains(t, []int{http.StatusGone, http.StatusConflict}, w.Code)
	}
}

func TestTransportErrorsAreNamed(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	c := client.New(server.URL, client.Options{})
	_, err := client.Call(t.Context(), c, getPart, &onePart{"x"}, func(r *http.Request) { r.URL.RawQuery = "token=secret" })
	assert.ErrorContains(t, err, "GET /parts/x: dial tcp")
	assert.NotContains(t, err.Error(), "secret")
	failure, ok := errors.AsType[*client.Error](err)
	require.True(t, ok)
	assert.Equal(t, 0, failure.Status)
	assert.Equal(t, http.StatusBadGateway, failure.StatusCode())
}

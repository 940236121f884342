package tigertonic_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func TestMarshaledAcceptsParametersThatAreNone(t *testing.T) {
	for _, contentType := range []string{
		"application/json; utf-8", "application/json; charset", "application/json;;", "application/json; =", "application/json ; charset=",
		`application/json; charset="utf-8`, "application/json; a=b; a=c", "Application/JSON;", " application/json",
	} {
		w := serve(t, tigertonic.Marshaled(create), "POST", "/", `{}`, "Content-Type", contentType)
		assert.Equal(t, 201, w.Code, contentType)
	}
}

func TestMarshaledTakesAnInterfaceOfTheContext(t *testing.T) {
	type other struct{}
	h := tigertonic.Marshaled(func(_ *url.URL, _ http.Header, _ any, s fmt.Stringer) (int, http.Header, string, error) {
		return 200, nil, s.String(), nil
	})
	both := tigertonic.WithContext(tigertonic.WithContext(h, other{}), strings.Builder{})
	w := serve(t, both, "GET", "/", "")
	assert.Equal(t, `""`+"\n", w.Body.String())
	assert.Equal(t, 500, serve(t, tigertonic.WithContext(h, other{}), "GET", "/", "").Code, "there is none that implements it")

	empty := tigertonic.Marshaled(func(_ *url.URL, _ http.Header, _ any, c any) (int, http.Header, string, error) {
		return 200, nil, fmt.Sprintf("%T", c), nil
	})
	assert.Equal(t, `"*tigertonic_test.other"`+"\n", serve(t, tigertonic.WithContext(tigertonic.WithContext(empty, other{}), strings.Builder{}), "GET", "/", "").Body.String(), "the innermost")
}

func TestMarshaledDropsTheHeadersOfAnError(t *testing.T) {
	header := http.Header{"Set-Cookie": {"session=SECRET"}, "X-A": {"1"}}
	for name, f := range map[string]any{
		"an error": func(*url.URL, http.Header) (int, http.Header, any, error) { return 402, header, "x", errors.New("no") },
		"a status error": func(*url.URL, http.Header) (int, http.Header, any, error) {
			return 0, header, nil, tigertonic.Gone{Err: errors.New("no")}
		},
		"what can't be encoded": func(*url.URL, http.Header) (int, http.Header, any, error) { return 200, header, func() {}, nil },
		"no status":             func(*url.URL, http.Header) (int, http.Header, any, error) { return 0, header, "x", nil },
		"a stream with an error": func(*url.URL, http.Header) (int, http.Header, io.Reader, error) {
			return 402, header, nil, errors.New("no")
		},
		"a stream without a type": func(*url.URL, http.Header) (int, http.Header, io.Reader, error) {
			return 200, header, strings.NewReader("x"), nil
		},
	} {
		outer := tigertonic.If(func(*http.Request) (http.Header, error) { return http.Header{"X-Outer": {"kept"}}, nil }, tigertonic.Marshaled(f))
		w := serve(t, outer, "GET", "/", "")
		assert.GreaterOrEqual(t, w.Code, 400, name)
		assert.Empty(t, w.Header()["Set-Cookie"], name)
		assert.Empty(t, w.Header()["X-A"], name)
		assert.Equal(t, []string{"kept"}, w.Header()["X-Outer"], name)
	}
}

// An envelope writes before and after each body, and its Write says so.
type envelope struct{ http.ResponseWriter }

func (e envelope) Write(p []byte) (int, error) {
	_, _ = io.WriteString(e.ResponseWriter, "callback(")
	n, err := e.ResponseWriter.Write(p)
	_, _ = io.WriteString(e.ResponseWriter, ")")
	return n, err
}

func (e envelope) Unwrap() http.ResponseWriter { return e.ResponseWriter }

func TestWrapperThatAddsToALongBodyIsntCutOff(t *testing.T) {
	long := strings.Repeat("x", 4<<10)
	for name, h := range map[string]http.Handler{
		"Marshaled": tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, string, error) { return 200, nil, long, nil }),
		"Typed":     returning(long, nil),
	} {
		enveloped := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tigertonic.First(h).ServeHTTP(envelope{w}, r) })
		for where, h := range map[string]http.Handler{"alone": enveloped, "in ours": tigertonic.First(enveloped)} {
			srv := httptest.NewServer(h)
			res, err := srv.Client().Get(srv.URL)
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			res.Body.Close()
			srv.Close()
			assert.Equal(t, `callback("`+long+"\"\n)", string(body), "%s %s", name, where)
		}
		srv := httptest.NewServer(tigertonic.First(tigertonic.First(h)))
		res, err := srv.Client().Get(srv.URL)
		require.NoError(t, err)
		res.Body.Close()
		srv.Close()
		assert.EqualValues(t, len(long)+3, res.ContentLength, "%s with nobody between", name)
	}
}

package tigertonic_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func TestFirstStopsAtTheFirstAnswer(t *testing.T) {
	for _, tt := range []struct {
		name    string
		h       http.HandlerFunc
		answers bool
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, false},
		{"a header set", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Seen", "yes") }, false},
		{"103", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusEarlyHints) }, false},
		{"nothing copied", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("")})
		}, false},
		{"a status", answers(204, ""), true},
		{"a body", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "body") }, true},
		{"an empty body", func(w http.ResponseWriter, r *http.Request) { w.Write(nil) }, true},
		{"a copied body", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("body")})
		}, true},
		{"a flush", func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush() }, true},
		{"a flush by the controller", func(w http.ResponseWriter, r *http.Request) {
			assert.NoError(t, http.NewResponseController(w).Flush())
		}, true},
		{"hijacked", switchProtocols, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			called := false
			second := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				called = true
				w.WriteHeader(http.StatusAccepted)
			})
			never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the third handler was called") })
			first, done := tigertonic.First(tt.h, second, never), make(chan struct{})
			srv := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(done)
				first.ServeHTTP(w, r)
			}), false)
			res, err := srv.Client().Get(srv.URL)
			require.NoError(t, err)
			res.Body.Close()
			<-done
			assert.Equal(t, !tt.answers, res.StatusCode == http.StatusAccepted, "status %d", res.StatusCode)
			assert.Equal(t, !tt.answers, called)
		})
	}
}

func TestFirstSeesAnswersThroughOtherWriters(t *testing.T) {
	for _, wrapper := range wrappers() {
		h := tigertonic.First(
			wrapper.wrap(answers(404, "body")),
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Errorf("%s hides the answer", wrapper.name) }),
		)
		w := httptest.NewRecorder()
		h.ServeHTTP(struct{ http.ResponseWriter }{w}, authorized(t, "GET"))
		assert.Equal(t, 404, w.Code)
	}
}

func TestFirstOfNoneIsAnImplicit200(t *testing.T) {
	w := serve(t, tigertonic.First(), "GET", "/", "")
	assert.Equal(t, 200, w.Code)
	assert.Empty(t, w.Body)
}

func TestFirstIsNested(t *testing.T) {
	var order []string
	mark := func(name string) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { order = append(order, name) })
	}
	h := tigertonic.First(mark("a"), tigertonic.First(mark("b"), tigertonic.First(mark("c"), answers(404, "")), mark("d")), mark("e"))
	assert.Equal(t, 404, serve(t, h, "GET", "/", "").Code)
	assert.Equal(t, []string{"a", "b", "c"}, order)
}

func TestIfAddsAllHeadersAndCallsTheHandler(t *testing.T) {
	h := tigertonic.If(func(r *http.Request) (http.Header, error) {
		return http.Header{"X-Two": {"a", "b"}, "x-lower": {"c"}, "Vary": {"Cookie"}}, nil
	}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, []string{"a", "b"}, w.Header()["X-Two"], "the handler can see them")
		answers(201, "body")(w, r)
	}))
	outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Origin")
		h.ServeHTTP(w, r)
	})
	w := serve(t, outer, "GET", "/", "")
	assert.Equal(t, 201, w.Code)
	assert.Equal(t, "body", w.Body.String())
	assert.Equal(t, http.Header{"X-Two": {"a", "b"}, "X-Lower": {"c"}, "Vary": {"Origin", "Cookie"}}, w.Header())
}

func TestIfAnswersWithTheError(t *testing.T) {
	for _, tt := range []struct {
		err         error
		status      int
		name        string
		description string
	}{
		{tigertonic.Forbidden{Err: errors.New("not you")}, 403, "tigertonic.Forbidden", "not you"},
		{tigertonic.NewHTTPEquivError(errors.New("later"), 429), 429, "error", "later"},
		{errors.Join(tigertonic.NotFound{Err: errors.New("gone")}), 404, "tigertonic.NotFound", "gone"},
	} {
		h := tigertonic.If(func(*http.Request) (http.Header, error) {
			return http.Header{"Retry-After": {"1"}}, tt.err
		}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") }))
		w := serve(t, h, "GET", "/", "", "Accept", "application/json")
		requireError(t, w, tt.status, tt.name, tt.description)
		assert.Equal(t, "1", w.Header().Get("Retry-After"))
	}
}

func TestIfMayChangeTheRequestForTheHandler(t *testing.T) {
	h := tigertonic.If(func(r *http.Request) (http.Header, error) {
		r.Header.Set("X-User", "jack")
		return nil, nil
	}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("X-User")) }))
	assert.Equal(t, "jack", serve(t, h, "GET", "/", "", "X-User", "mallory").Body.String())
}

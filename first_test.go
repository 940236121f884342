package tigertonic_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
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

// A turnstile is a combinator of somebody else's: it calls its handlers in turn, as First does,
// until one has answered.
type turnstile []http.Handler

func (g *turnstile) Unwrap() []http.Handler { return *g }

func (g *turnstile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	isNone := func(h http.Handler) bool { return h == nil }
	tigertonic.First(slices.DeleteFunc(slices.Clone(*g), isNone)...).ServeHTTP(w, r)
}

func (g *turnstile) Describe(op *tigertonic.Operation) {
	op.AddError(http.StatusLocked, "it is closed")
}

func (g *turnstile) String() string { return "turnstile" }

type turnstileInput struct {
	ID string `path:"id"`
}

func TestCombinatorsOfOthersAreWalked(t *testing.T) {
	passes := tigertonic.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { assert.Equal(t, "1", r.PathValue("id")) })
	typed := tigertonic.Typed(func(_ context.Context, in *turnstileInput) (string, error) { return in.ID, nil })
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a/{id}", &turnstile{passes, nil, tigertonic.Described(passes, func(op *tigertonic.Operation) { op.Summary = "Guarded" }), typed})
	mux.Handle("PUT", "/b", friendly().Build(&turnstile{typedNothing(), hello}))
	mux.Handle("GET", "/c", &turnstile{hello, friendly().Build(typedNothing())})
	mux.Handle("GET", "/empty", &turnstile{})
	assert.Equal(t, `"1"`, strings.TrimSpace(serve(t, tigertonic.First(mux), "GET", "/a/1", "", "Accept", "*/*").Body.String()))
	explained := tigertonic.Explain(mux)
	assert.Regexp(t, `(?m)^GET +/a/\{id\} +turnstile > [^ ]+func1 > Described > Typed\([^ ]+\)$`, explained)
	assert.Regexp(t, `(?m)^PUT +/b +CORS > turnstile > Typed\([^ ]+\) > `, explained)
	assert.Regexp(t, `(?m)^GET +/empty +turnstile$`, explained)
	op := describedBy(mux)
	assert.Equal(t, "Guarded", op.Summary)
	assert.Contains(t, op.Responses, "423")

	w := serve(t, mux, "OPTIONS", "/c", "", "Origin", friend, "Access-Control-Request-Method", "GET")
	assert.Equal(t, friend, w.Header().Get("Access-Control-Allow-Origin"), "as it is with First: %v", w.Header())
}

func typedNothing() *tigertonic.Endpoint {
	return tigertonic.Typed(func(context.Context, *struct{}) (struct{}, error) { return struct{}{}, nil })
}

// What is checked at registration is checked behind a combinator, too.
func TestCombinatorsOfOthersAreChecked(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	typed := tigertonic.Typed(func(_ context.Context, in *turnstileInput) (string, error) { return in.ID, nil })
	assert.Contains(t, panicOf(t, func() { mux.Handle("GET", "/a", &turnstile{hello, typed}) }), "the pattern has no wildcard {id}")
	assert.Contains(t, panicOf(t, func() { mux.Handle("GET", "/a", &turnstile{typed, hello}) }), "the pattern has no wildcard {id}")
	assert.Contains(t, panicOf(t, func() { mux.Handle("GET", "/b", &turnstile{mux, hello}) }), "the handler leads back to this mux with the same path")
	circle, other := &turnstile{}, &turnstile{}
	*circle, *other = append(*circle, other, hello), append(*other, circle, hello)
	assert.Contains(t, panicOf(t, func() { mux.Handle("GET", "/c", circle) }), "leads in a circle")
	assert.Contains(t, panicOf(t, func() { mux.HandleNamespace("/c", circle) }), "leads in a circle")
	self := &turnstile{}
	*self = append(*self, hello, self)
	assert.Equal(t, 2, strings.Count(tigertonic.Explain(self), "\n"), "what leads to itself ends the way")
	assert.NotEmpty(t, tigertonic.Explain(circle))
}

// A file server in a combinator, wherever it stands, gets no path with two readings.
func TestCombinatorsOfOthersGuardTheirPaths(t *testing.T) {
	files := http.FileServer(http.Dir("testdata"))
	for _, g := range []*turnstile{{files, newMux("GET /{x...}")}, {newMux("GET /{x...}"), files}} {
		mux := tigertonic.NewTrieServeMux()
		mux.HandleNamespace("/files", g)
		assert.Equal(t, 404, serve(t, mux, "GET", "/files/a%2Fb", "").Code)
	}
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/ours", &turnstile{typedNothing(), newMux("GET /{x}")})
	assert.NotEqual(t, 404, serve(t, mux, "GET", "/ours/a%2Fb", "").Code)
}

// The routes of a mux that stands before the last handler aren't lost in silence.
func TestMuxesBeforeTheLastHandlerAreShown(t *testing.T) {
	for _, h := range []http.Handler{
		&turnstile{tigertonic.Recovered(newMux("GET /a")), newMux("GET /b")},
		tigertonic.First(tigertonic.Recovered(newMux("GET /a")), newMux("GET /b")),
	} {
		assert.Contains(t, tigertonic.Explain(h), "tigertonic.TrieServeMux (not described)")
		assert.Contains(t, tigertonic.Explain(h), "GET")
		mux := tigertonic.NewTrieServeMux()
		mux.HandleNamespace("/1.0", h)
		assert.Regexp(t, `(?m)^\* +/1.0/\{...\} +(turnstile > )?tigertonic.TrieServeMux \(not described\)$`, tigertonic.Explain(mux))
		assert.Regexp(t, `(?m)^GET +/1.0/b `, tigertonic.Explain(mux))
	}
}

// A middleware may return a combinator that ends at the handler it got.
func TestMiddlewareMayReturnACombinator(t *testing.T) {
	guarded := func(h http.Handler) http.Handler {
		return &turnstile{tigertonic.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), h}
	}
	mux := tigertonic.Stack(newMux("GET /a"), guarded)
	assert.Contains(t, tigertonic.Explain(mux), "turnstile > ")
	assert.Equal(t, 200, serve(t, mux, "GET", "/a", "").Code)
}

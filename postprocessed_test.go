package tigertonic_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A seenResponse is what PostProcessed has shown.
type seenResponse struct {
	status, proto string
	code          int
	header        http.Header
	body          string
	length        int64
}

// postProcess has h, PostProcessed, answer and returns what was shown.
func postProcess(t *testing.T, h http.Handler, method string) (seen seenResponse, w *httptest.ResponseRecorder) {
	t.Helper()
	calls := 0
	var asked *http.Request
	h = tigertonic.PostProcessed(h, func(r *http.Request, res *http.Response) {
		calls++
		assert.Same(t, r, res.Request)
		asked = r
		body, err := io.ReadAll(res.Body)
		assert.NoError(t, err)
		assert.NoError(t, res.Body.Close())
		assert.True(t, res.ProtoAtLeast(1, 1))
		seen = seenResponse{res.Status, res.Proto, res.StatusCode, res.Header, string(body), res.ContentLength}
	})
	w = serve(t, h, method, "/path", "")
	assert.Equal(t, 1, calls)
	require.NotNil(t, asked)
	assert.Equal(t, "/path", asked.URL.Path)
	return seen, w
}

func TestPostProcessedShowsTheResponse(t *testing.T) {
	for _, tt := range []struct {
		name, method string
		h            http.HandlerFunc
		want         seenResponse
	}{
		{"a whole one", "GET", readsThenAnswers(201, "text/plain", "body"), seenResponse{
			"201 Created", "HTTP/1.1", 201, http.Header{"Content-Type": {"text/plain"}}, "body", 4,
		}},
		{"an implicit 200", "GET", func(http.ResponseWriter, *http.Request) {}, seenResponse{"200 OK", "HTTP/1.1", 200, http.Header{}, "", 0}},
		{"pieces", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.Write([]byte("one "))
			io.WriteString(w, "two ")
			w.(http.Flusher).Flush()
			_, _ = io.Copy(w, iotest.OneByteReader(strings.NewReader("three")))
		}, seenResponse{"200 OK", "HTTP/1.1", 200, http.Header{"Content-Type": {"text/plain"}}, "one two three", 13}},
		{"one after 103", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusNotFound)
			w.WriteHeader(http.StatusInternalServerError)
		}, seenResponse{"404 Not Found", "HTTP/1.1", 404, http.Header{}, "", 0}},
		{"one to HEAD", "HEAD", answers(404, "body"), seenResponse{"404 Not Found", "HTTP/1.1", 404, http.Header{}, "", 0}},
		{"without what comes too late", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			w.Header().Set("X-Late", "isn't on the wire")
		}, seenResponse{"200 OK", "HTTP/1.1", 200, http.Header{}, "", 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			seen, _ := postProcess(t, tt.h, tt.method)
			assert.Equal(t, tt.want, seen)
		})
	}
}

func TestPostProcessedComesAfterTheResponse(t *testing.T) {
	w := httptest.NewRecorder()
	tigertonic.PostProcessed(readsThenAnswers(201, "text/plain", "body"), func(r *http.Request, res *http.Response) {
		assert.Equal(t, 201, w.Code)
		assert.Equal(t, "body", w.Body.String())
		res.Header.Set("X-Late", "late")
		res.StatusCode = 500
	}).ServeHTTP(w, authorized(t, "GET"))
	assert.Equal(t, http.Header{"Content-Type": {"text/plain"}}, w.Header(), "what was shown is a copy")
	assert.Equal(t, 201, w.Result().StatusCode)
}

func TestPostProcessedShowsWhatTheMiddlewaresInItHaveDone(t *testing.T) {
	h := http.Handler(readsThenAnswers(200, "text/plain", "body"))
	h = tigertonic.First(tigertonic.Cached(h, tigertonic.CacheOptions{NoStore: true}))
	seen, _ := postProcess(t, tigertonic.CountedByStatus(h, "name", metrics.NewRegistry()), "GET")
	assert.Equal(t, http.Header{"Cache-Control": {"no-store"}, "Content-Type": {"text/plain"}}, seen.header)
	assert.Equal(t, "body", seen.body)
}

func TestPostProcessedIsNotCalledOnAPanic(t *testing.T) {
	h := tigertonic.PostProcessed(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the handler") }),
		func(*http.Request, *http.Response) { t.Error("called") })
	assert.Equal(t, "the handler", recovered(func() { serve(t, h, "GET", "/", "") }))
}

func TestTeeResponseWriters(t *testing.T) {
	for _, tt := range []struct {
		name   string
		h      http.HandlerFunc
		status int
		body   string
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, 200, ""},
		{"implicit 200", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "body") }, 200, "body"},
		{"404", answers(404, "body"), 404, "body"},
		{"only the first status", func(w http.ResponseWriter, r *http.Request) {
			answers(404, "body")(w, r)
			answers(500, " and more")(w, r)
		}, 404, "body and more"},
		{"after a flush by the controller", func(w http.ResponseWriter, r *http.Request) {
			assert.NoError(t, http.NewResponseController(w).Flush())
			answers(404, "body")(w, r)
		}, 200, "body"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, wrapper := range append(wrappers(), wrapper{"none", func(h http.Handler) http.Handler { return h }}) {
				h, r := wrapper.wrap(tt.h), authorized(t, "GET")
				w := httptest.NewRecorder()
				tee := tigertonic.NewTeeResponseWriter(w)
				h.ServeHTTP(tee, r)
				assert.Equal(t, tt.status, tee.StatusCode, wrapper.name)
				assert.Equal(t, tt.body, tee.Body.String(), wrapper.name)
				assert.Equal(t, tt.body, w.Body.String(), wrapper.name)

				w = httptest.NewRecorder()
				header := tigertonic.NewTeeHeaderResponseWriter(w)
				h.ServeHTTP(header, r)
				assert.Equal(t, tt.status, header.StatusCode, wrapper.name)
				assert.Equal(t, tt.body, w.Body.String(), wrapper.name)
			}
		})
	}
}

func TestTeesAreNested(t *testing.T) {
	w := httptest.NewRecorder()
	outer := tigertonic.NewTeeResponseWriter(w)
	inner := tigertonic.NewTeeHeaderResponseWriter(outer)
	innermost := tigertonic.NewTeeResponseWriter(inner)
	answers(404, "x")(innermost, authorized(t, "GET"))
	assert.Equal(t, []int{404, 404, 404, 404}, []int{w.Code, outer.StatusCode, inner.StatusCode, innermost.StatusCode})
	assert.Equal(t, []string{"x", "x", "x"}, []string{w.Body.String(), outer.Body.String(), innermost.Body.String()})
}

func TestTeesKeepOnlyWhatIsWrittenToThem(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one, two := tigertonic.NewTeeResponseWriter(w), tigertonic.NewTeeResponseWriter(w)
		io.WriteString(w, "before ")
		_, _ = one.Write([]byte("one "))
		_, _ = two.Write([]byte("two "))
		io.WriteString(w, "after")
		assert.Equal(t, "one ", one.Body.String())
		assert.Equal(t, "two ", two.Body.String())
	})
	for name, h := range map[string]http.Handler{"alone": h, "in a middleware": tigertonic.First(h)} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, "before one two after", serve(t, h, "GET", "/", "").Body.String())
		})
	}
}

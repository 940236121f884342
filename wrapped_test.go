package tigertonic_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// refusing is a foreign middleware that lets nobody through without a key.
func refusing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") == "" {
			http.Error(w, "no key", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// A closedWriter is a foreign one that nobody can look behind.
type closedWriter struct{ w http.ResponseWriter }

func (c closedWriter) Header() http.Header         { return c.w.Header() }
func (c closedWriter) Write(p []byte) (int, error) { return c.w.Write(p) }
func (c closedWriter) WriteHeader(status int)      { c.w.WriteHeader(status) }

// closing is a foreign middleware that replaces the request and the writer.
func closing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(closedWriter{w}, r.Clone(r.Context()))
	})
}

func wrappedMux() *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff/{id}", tigertonic.Typed(oneStuff))
	return mux
}

func oneStuff(_ context.Context, in *struct {
	ID string `path:"id"`
},
) (string, error) {
	if in.ID == "leak" {
		return "", errLeak
	}
	return in.ID, nil
}

func TestWrappedStaysInTheTree(t *testing.T) {
	h := tigertonic.Wrapped(wrappedMux(), refusing)
	assert.Equal(t, `METHOD  PATTERN      HANDLER
GET     /stuff/{id}  Wrapped(go-tigertonic_test.refusing) > Typed(go-tigertonic_test.oneStuff)
`, tigertonic.Explain(h))
	assert.Equal(t, 403, serve(t, h, "GET", "/stuff/1", "").Code)
	w := serve(t, h, "GET", "/stuff/1", "", "X-Key", "key")
	assert.Equal(t, `"1"`, strings.TrimSpace(w.Body.String()))
}

func TestWrappedIsCalledAsTheMiddlewareIs(t *testing.T) {
	protection := http.NewCrossOriginProtection()
	for want, h := range map[string]*tigertonic.WrappedHandler{
		"Wrapped(http.(*CrossOriginProtection).Handler)":     tigertonic.Wrapped(hello, protection.Handler),
		"Wrapped(go-tigertonic_test.limit)":                  tigertonic.Wrapped(hello, limit(3)),
		"Wrapped(go-tigertonic_test.foreignMiddleware.Wrap)": tigertonic.Wrapped(hello, foreignMiddleware{}.Wrap),

		"Wrapped(a limit)": tigertonic.Wrapped(hello, limit(3)).Named("a limit"),
	} {
		assert.Equal(t, want, h.String())
	}
}

//go:noinline
func limit(n int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if n > 0 {
			return refusing(next)
		}
		return next
	}
}

type foreignMiddleware struct{}

func (foreignMiddleware) Wrap(next http.Handler) http.Handler { return refusing(next) }

func TestWrappedDescribesWhatTheMiddlewareDoes(t *testing.T) {
	h := tigertonic.Wrapped(hello, refusing,
		func(op *tigertonic.Operation) { op.Response(http.StatusForbidden) },
		func(op *tigertonic.Operation) {
			op.Response(http.StatusTooManyRequests).SetHeader("Retry-After", "", nil)
		})
	var op tigertonic.Operation
	h.Describe(&op)
	assert.Contains(t, op.Responses, "403")
	assert.Contains(t, op.Responses["429"].Headers, "Retry-After")
}

func TestWrappedPanicsWithoutMiddleware(t *testing.T) {
	for want, f := range map[string]func(){
		"Wrapped: the handler is nil":               func() { tigertonic.Wrapped(nil, refusing) },
		"Wrapped: the middleware is nil":            func() { tigertonic.Wrapped(hello, nil) },
		"Wrapped: a function that describes is nil": func() { tigertonic.Wrapped(hello, refusing, nil) },
		"Wrapped: the middleware go-tigertonic_test.TestWrappedPanicsWithoutMiddleware returns nil": func() {
			tigertonic.Wrapped(hello, func(http.Handler) http.Handler { return nil })
		},
		"Stack: the handler is nil":  func() { tigertonic.Stack(nil) },
		"Stack: middleware 2 is nil": func() { tigertonic.Stack(hello, refusing, nil) },
		"Stack: the middleware go-tigertonic_test.TestWrappedPanicsWithoutMiddleware returns nil": func() {
			tigertonic.Stack(hello, func(http.Handler) http.Handler { return nil })
		},
		"Middleware: the constructor is nil":      func() { tigertonic.Middleware[http.Handler](nil) },
		"MiddlewareWith: the constructor is nil":  func() { tigertonic.MiddlewareWith[http.Handler](nil, 1) },
		"MiddlewareWith2: the constructor is nil": func() { tigertonic.MiddlewareWith2[http.Handler](nil, 1, 2) },
		"Within: a limit of 0s": func() {
			tigertonic.Stack(hello, tigertonic.MiddlewareWith(tigertonic.Within, time.Duration(0)))
		},
		"Limited: a limit of 0 requests": func() {
			tigertonic.Stack(hello, tigertonic.MiddlewareWith2(tigertonic.Limited, 0, (*tigertonic.LimitOptions)(nil)))
		},
		"Recovered: the handler is nil": func() { tigertonic.Middleware(tigertonic.Recovered)(nil) },
	} {
		func() {
			defer func() {
				text, _ := recover().(string)
				assert.Contains(t, text, want)
				assert.Contains(t, text, "wrapped_test.go:")
			}()
			f()
		}()
	}
}

// The way to a CORSHandler leads through the middleware, wherever this stands.
func TestPreflightGoesThroughWrapped(t *testing.T) {
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins("https://example.com")
	inPattern, inNamespace, outside := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	inPattern.Handle("PUT", "/stuff", tigertonic.Wrapped(cors.Build(hello), refusing))
	outside.Handle("PUT", "/stuff", cors.Build(hello))
	inNamespace.HandleNamespace("", tigertonic.Wrapped(outside, refusing))
	for name, h := range map[string]http.Handler{
		"in a pattern":     inPattern,
		"in a namespace":   inNamespace,
		"outside of a mux": tigertonic.Wrapped(outside, refusing),
		"in a stack":       tigertonic.Stack(outside, tigertonic.Middleware(tigertonic.Recovered), refusing),
	} {
		w := serve(t, h, "OPTIONS", "/stuff", "", "Origin", "https://example.com", "Access-Control-Request-Method", "PUT")
		assert.Equal(t, "https://example.com", w.Header().Get("Access-Control-Allow-Origin"), name)
		assert.Contains(t, w.Header().Get("Access-Control-Allow-Methods"), "PUT", name)

		w = serve(t, h, "PUT", "/stuff", "", "Origin", "https://example.com")
		assert.Equal(t, 403, w.Code, name)
		assert.Equal(t, "https://example.com", w.Header().Get("Access-Control-Allow-Origin"), "a refusal that scripts can read, %s", name)
		w = serve(t, h, "PUT", "/stuff", "", "Origin", "https://example.org")
		assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"), name)
		w = serve(t, h, "PUT", "/stuff", "", "Origin", "https://example.com", "X-Key", "key")
		assert.Equal(t, 200, w.Code, name)
		assert.Equal(t, []string{"https://example.com"}, w.Header().Values("Access-Control-Allow-Origin"), name)
	}
}

// What those outside know of a response doesn't depend on the writer that the
// middleware gives on.
func TestWhatIsOutsideOfWrappedKnowsTheResponse(t *testing.T) {
	for name, middleware := range map[string]func(http.Handler) http.Handler{"closing": closing, "foreignly": foreignly} {
		var kept keptRecords
		h := tigertonic.Accessed(tigertonic.Identified(tigertonic.Wrapped(wrappedMux(), middleware), nil), &tigertonic.AccessOptions{Logger: slog.New(&kept)})
		own := captureSlog(t)
		w := serve(t, h, "GET", "/stuff/leak", "", "X-Request-Id", "id-1")
		assert.Equal(t, 500, w.Code)
		assert.Contains(t, w.Body.String(), `"request_id":"id-1"`, name)
		require.Len(t, kept.records, 1)
		got := map[string]string{}
		kept.records[0].Attrs(func(a slog.Attr) bool { got[a.Key] = a.Value.String(); return true })
		assert.Equal(t, "the kettle leaks", got["error"], name)
		assert.Equal(t, "id-1", got["request_id"], name)
		assert.Empty(t, own.String(), "it is logged once")
	}
}

func TestPatternIsKnownOutsideOfWrapped(t *testing.T) {
	var pattern string
	outer := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r)
			pattern = r.Pattern
		})
	}
	outer(tigertonic.Wrapped(tigertonic.Wrapped(wrappedMux(), closing), closing)).ServeHTTP(
		httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/stuff/1", nil))
	assert.Equal(t, "GET /stuff/{id}", pattern)
}

// http.TimeoutHandler goes on with the request when it has answered. That it may do
// anywhere: the request and its URL are copies.
func TestTimeoutHandlerIsSafeInWrapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := captureSlog(t)
		release, done := make(chan bool), make(chan bool)
		inner := tigertonic.NewTrieServeMux()
		inner.Handle("GET", "/slow", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(done)
			<-release
			r.URL.Path = "/changed"
			tigertonic.ProblemWriter{}.WriteError(r, w, errLeak)
		}))
		mux := tigertonic.NewTrieServeMux()
		mux.HandleNamespace("/1.0", tigertonic.UnsafePaths(tigertonic.Wrapped(inner, func(next http.Handler) http.Handler {
			return http.TimeoutHandler(next, time.Second, "too late")
		})))
		var kept keptRecords
		h := tigertonic.Accessed(tigertonic.Identified(mux, nil), &tigertonic.AccessOptions{Logger: slog.New(&kept)})
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/1.0/slow", nil)
		r.Header.Set("X-Request-Id", "id-2")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		close(release)
		<-done
		synctest.Wait()
		assert.Equal(t, 503, w.Code)
		assert.Equal(t, "too late", w.Body.String())
		assert.Equal(t, "/slow", r.URL.Path)
		assert.Len(t, kept.records, 1)
		assert.Contains(t, own.String(), `request_id=id-2 error="the kettle leaks"`, "who was to log it has gone")
	})
}

func TestWildcardsAreKnownInWrapped(t *testing.T) {
	var got []string
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff/{id}", tigertonic.Wrapped(tigertonic.Typed(oneStuff), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.PathValue("id"), r.Pattern, r.URL.RawQuery)
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), foreignMiddleware{}, 1)))
		})
	}))
	w := serve(t, mux, "GET", "/stuff/a%2Fb?x=y", "")
	assert.JSONEq(t, `"a/b"`, w.Body.String())
	assert.Equal(t, []string{"a/b", "GET /stuff/{id}", "x=y"}, got)
}

// A middleware in a namespace may read a path in another way than the mux. It gets
// those that it can't, or all of them if that is said to be safe.
func TestWrappedReadsPathsUnlessTheyAreUnsafe(t *testing.T) {
	for _, tt := range []struct {
		name   string
		h      http.Handler
		status int
	}{
		{"Wrapped", tigertonic.Wrapped(wrappedMux(), foreignly), 404},
		{"UnsafePaths", tigertonic.UnsafePaths(tigertonic.Wrapped(wrappedMux(), foreignly)), 200},
		{"one of ours", tigertonic.Wrapped(wrappedMux(), tigertonic.Middleware(tigertonic.Recovered)), 200},
		{"a stack of ours", tigertonic.Stack(wrappedMux(), tigertonic.Middleware(tigertonic.Recovered)), 200},
	} {
		mux := tigertonic.NewTrieServeMux()
		mux.HandleNamespace("/1.0", tt.h)
		assert.Equal(t, tt.status, serve(t, mux, "GET", "/1.0/stuff/a%2Fb", "").Code, tt.name)
		assert.Equal(t, 200, serve(t, mux, "GET", "/1.0/stuff/a%20b", "").Code, tt.name)
	}
	files := tigertonic.NewTrieServeMux()
	files.HandleNamespace("/files", tigertonic.Wrapped(http.FileServer(http.Dir(t.TempDir())), foreignly))
	assert.Equal(t, "./files/", serve(t, files, "GET", "/files", "").Header().Get("Location"))
}

// A writer that can be unwrapped keeps what it can do.
func TestStreamsAndConnectionsGoThroughWrapped(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/flush", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "first")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-r.Context().Done()
	}))
	mux.Handle("GET", "/hijack", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		_ = conn.Close()
	}))
	server := httptest.NewServer(tigertonic.Recovered(tigertonic.Wrapped(mux, foreignly)))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/flush", nil)
	require.NoError(t, err)
	response, err := server.Client().Do(r)
	require.NoError(t, err)
	first := make([]byte, len("first"))
	_, err = io.ReadFull(bufio.NewReader(response.Body), first)
	require.NoError(t, err)
	assert.Equal(t, "first", string(first))
	cancel()
	_ = response.Body.Close()

	r, err = http.NewRequestWithContext(t.Context(), "GET", server.URL+"/hijack", nil)
	require.NoError(t, err)
	response, err = server.Client().Do(r)
	require.NoError(t, err)
	_ = response.Body.Close()
	assert.Equal(t, 101, response.StatusCode)
}

// A panic goes through the middleware to those that are outside.
func TestPanicGoesThroughWrapped(t *testing.T) {
	var kept keptRecords
	h := tigertonic.Accessed(tigertonic.Recovered(tigertonic.Wrapped(panics("the kettle bursts"), closing)), &tigertonic.AccessOptions{Logger: slog.New(&kept)})
	assert.Equal(t, 500, serve(t, h, "GET", "/", "").Code)
	got := map[string]string{}
	kept.records[0].Attrs(func(a slog.Attr) bool { got[a.Key] = a.Value.String(); return true })
	assert.Equal(t, "panic: the kettle bursts", got["error"])
}

// The server removes the files of a form, which are known to the request that it has.
func TestFormInWrappedIsHandedBack(t *testing.T) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "name")
	require.NoError(t, err)
	_, _ = part.Write([]byte("text"))
	require.NoError(t, form.Close())
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	tigertonic.Wrapped(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		assert.NoError(t, r.ParseMultipartForm(0))
	}), closing).ServeHTTP(httptest.NewRecorder(), r)
	require.NotNil(t, r.MultipartForm)
	assert.NoError(t, r.MultipartForm.RemoveAll())
}

// The first of a stack is the outermost, and ours are in the tree as ever.
func TestStackIsInTheOrderOfReading(t *testing.T) {
	mux := wrappedMux()
	h := tigertonic.Stack(mux,
		tigertonic.Middleware(tigertonic.Recovered),
		foreignly,
		tigertonic.MiddlewareWith(tigertonic.Within, time.Second),
		func(h http.Handler) http.Handler {
			return tigertonic.If(func(*http.Request) (http.Header, error) { return nil, errors.New("no") }, h)
		},
		tigertonic.MiddlewareWith2(tigertonic.Timed, "stuff", metrics.NewRegistry()),
	)
	assert.Equal(t, `METHOD  PATTERN      HANDLER
GET     /stuff/{id}  Recovered > Wrapped(go-tigertonic_test.foreignly) > Within(1s) > If > Timed(stuff) > Typed(go-tigertonic_test.oneStuff)
`, tigertonic.Explain(h))
	assert.Equal(t, 500, serve(t, h, "GET", "/stuff/1", "").Code)
	assert.Same(t, mux, tigertonic.Stack(mux))
}

// A middleware that others call again and again makes a handler each time.
func TestMiddlewareOfOursIsOneOfTheirs(t *testing.T) {
	use := tigertonic.MiddlewareWith(tigertonic.Sized, int64(3))
	for range 2 {
		h := use(tigertonic.Typed(func(_ context.Context, in *string) (string, error) { return *in, nil }))
		assert.Equal(t, 413, postJSON(t, h, "/", `"long"`).Code)
		assert.Equal(t, 200, postJSON(t, h, "/", `"x"`).Code)
	}
}

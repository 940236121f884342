package middleware_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httprate"
	"github.com/klauspost/compress/gzhttp"
	"github.com/rs/cors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/rcrowley/go-tigertonic"
)

var errLeak = errors.New("the kettle leaks")

// next is sent to let a stream have another value.
type teas struct{ next chan string }

func (s *teas) stream(ctx context.Context, _ *struct{}) (iter.Seq2[string, error], error) {
	return func(yield func(string, error) bool) {
		for {
			select {
			case tea, ok := <-s.next:
				if !ok || !yield(tea, nil) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}, nil
}

func get(_ context.Context, in *struct {
	ID string `path:"id"`
},
) (string, error) {
	if in.ID == "leak" {
		return "", errLeak
	}
	return in.ID + strings.Repeat(" and tea", 1000), nil
}

func service(s *teas) *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/teas/{id}", tigertonic.Typed(get))
	if s != nil {
		mux.Handle("GET", "/stream", tigertonic.Typed(s.stream))
	}
	mux.HandleFunc("GET", "/file", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"v1"`)
		w.Header().Set("Content-Type", "text/plain")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(strings.Repeat("0123456789", 1000)))
	})
	mux.HandleFunc("GET", "/socket", func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		kind, message, err := conn.Read(r.Context())
		if err == nil {
			_ = conn.Write(r.Context(), kind, message)
		}
		_ = conn.Close(websocket.StatusNormalClosure, "")
	})
	return mux
}

// bothSides returns a middleware outside and inside of ours.
func bothSides(h http.Handler, middleware func(http.Handler) http.Handler) map[string]http.Handler {
	quiet := slog.New(slog.DiscardHandler)
	ours := func(h http.Handler) http.Handler {
		return tigertonic.Accessed(tigertonic.Identified(tigertonic.Measured(tigertonic.Recovered(h), nil), nil), &tigertonic.AccessOptions{Logger: quiet})
	}
	return map[string]http.Handler{
		"inside of ours":      ours(tigertonic.Wrapped(h, middleware)),
		"outside of ours":     tigertonic.Wrapped(ours(h), middleware),
		"between ours":        tigertonic.Stack(h, ours, middleware, ours), //nolint:gocritic // twice, on purpose
		"without Wrapped":     middleware(ours(h)),
		"in ours and Wrapped": ours(middleware(h)),
	}
}

func serve(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func fetch(t *testing.T, method, target string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

func TestGzhttpCompressesWhatMayBe(t *testing.T) {
	wrapper, err := gzhttp.NewWrapper()
	require.NoError(t, err)
	compress := func(h http.Handler) http.Handler { return wrapper(h) }
	for name, h := range bothSides(service(nil), compress) {
		s := serve(t, h)
		response, body := fetch(t, "GET", s.URL+"/teas/green", "Accept-Encoding", "gzip")
		require.Equal(t, "gzip", response.Header.Get("Content-Encoding"), name)
		assert.Less(t, len(body), 500, name)
		unzipped, err := gzip.NewReader(strings.NewReader(body))
		require.NoError(t, err)
		text, err := io.ReadAll(unzipped)
		require.NoError(t, err)
		assert.Len(t, string(text), len("green")+8*1000+len("\"\"\n"), name)

		response, body = fetch(t, "GET", s.URL+"/file", "Accept-Encoding", "gzip", "Range", "bytes=10-14")
		assert.Equal(t, 206, response.StatusCode, name)
		assert.Equal(t, "01234", body, "a range of the bytes as they are, %s", name)
		assert.Equal(t, `"v1"`, response.Header.Get("Etag"), name)
		response, _ = fetch(t, "GET", s.URL+"/file", "Accept-Encoding", "gzip", "If-None-Match", `"v1"`)
		assert.Equal(t, 304, response.StatusCode, name)
	}
}

// Every value of a stream arrives before there is another one.
func TestGzhttpLetsStreamsFlow(t *testing.T) {
	wrapper, err := gzhttp.NewWrapper(gzhttp.MinSize(1))
	require.NoError(t, err)
	compress := func(h http.Handler) http.Handler { return wrapper(h) }
	for _, accept := range []string{"text/event-stream", "application/jsonl"} {
		source := &teas{make(chan string)}
		for name, h := range bothSides(service(source), compress) {
			s := serve(t, h)
			ctx, cancel := context.WithCancel(t.Context())
			r, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/stream", nil)
			require.NoError(t, err)
			r.Header.Set("Accept", accept)
			go func() {
				select {
				case source.next <- "tea 0":
				case <-ctx.Done():
				}
			}()
			response, err := s.Client().Do(r) // which unzips it
			require.NoError(t, err)
			lines := bufio.NewScanner(response.Body)
			for i := range 3 {
				if i > 0 {
					source.next <- "tea " + string(rune('0'+i))
				}
				tea := "tea " + string(rune('0'+i))
				for lines.Scan() {
					if strings.Contains(lines.Text(), tea) {
						break
					}
				}
				assert.Contains(t, lines.Text(), tea, "%s %s", accept, name)
			}
			cancel()
			_ = response.Body.Close()
			s.Close()
		}
	}
}

func TestHttprateLimits(t *testing.T) {
	for name, h := range bothSides(service(nil), httprate.LimitBy(1, time.Hour, httprate.Key("*"))) {
		s := serve(t, h)
		var last *http.Response
		for range 4 { // some of these handlers have two of it, or count both
			last, _ = fetch(t, "GET", s.URL+"/teas/green")
		}
		assert.Equal(t, 429, last.StatusCode, name)
		assert.NotEmpty(t, last.Header.Get("Retry-After"), name)
	}
}

// A span has the name of the route that the mux has found, and fails with the handler.
func TestOtelhttpKnowsTheRoute(t *testing.T) {
	for _, side := range []string{"inside of ours", "outside of ours", "between ours", "without Wrapped"} {
		recorder := tracetest.NewSpanRecorder()
		provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
		h := bothSides(service(nil), otelhttp.NewMiddleware("service", otelhttp.WithTracerProvider(provider)))[side]
		s := serve(t, h)
		fetch(t, "GET", s.URL+"/teas/green")
		fetch(t, "GET", s.URL+"/teas/leak")
		s.Close()
		spans := recorder.Ended()
		require.Len(t, spans, 2, side)
		for i, want := range []struct {
			status int
			code   codes.Code
		}{{200, codes.Unset}, {500, codes.Error}} {
			set := attribute.NewSet(spans[i].Attributes()...)
			status, _ := set.Value("http.response.status_code")
			assert.Equal(t, "GET /teas/{id}", spans[i].Name(), side)
			assert.EqualValues(t, want.status, status.AsInt64(), side)
			assert.Equal(t, want.code, spans[i].Status().Code, side)
		}
	}
}

// In a pattern, the route is known when the span begins, and is its attribute, too.
func TestOtelhttpInAPattern(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/teas/{id}", tigertonic.Wrapped(tigertonic.Typed(get), otelhttp.NewMiddleware("service", otelhttp.WithTracerProvider(provider))))
	fetch(t, "GET", serve(t, mux).URL+"/teas/green")
	require.Len(t, recorder.Ended(), 1)
	set := attribute.NewSet(recorder.Ended()[0].Attributes()...)
	route, _ := set.Value("http.route")
	assert.Equal(t, "/teas/{id}", route.AsString())
}

func TestRsCORSOutsideOfAMux(t *testing.T) {
	policy := cors.New(cors.Options{AllowedOrigins: []string{"https://example.com"}, AllowedMethods: []string{"GET", "PUT"}})
	for name, h := range bothSides(service(nil), policy.Handler) {
		s := serve(t, h)
		response, _ := fetch(t, "OPTIONS", s.URL+"/teas/green", "Origin", "https://example.com", "Access-Control-Request-Method", "PUT")
		assert.Equal(t, "https://example.com", response.Header.Get("Access-Control-Allow-Origin"), name)
		response, _ = fetch(t, "GET", s.URL+"/teas/green", "Origin", "https://example.com")
		assert.Equal(t, []string{"https://example.com"}, response.Header.Values("Access-Control-Allow-Origin"), name)
		response, _ = fetch(t, "GET", s.URL+"/teas/green", "Origin", "https://example.org")
		assert.Empty(t, response.Header.Values("Access-Control-Allow-Origin"), name)
	}
}

func TestCrossOriginProtectionRefuses(t *testing.T) {
	mux := service(nil)
	for name, h := range bothSides(mux, http.NewCrossOriginProtection().Handler) {
		s := serve(t, h)
		response, _ := fetch(t, "POST", s.URL+"/teas/green", "Sec-Fetch-Site", "cross-site")
		assert.Equal(t, 403, response.StatusCode, name)
		response, _ = fetch(t, "GET", s.URL+"/teas/green", "Sec-Fetch-Site", "cross-site")
		assert.Equal(t, 200, response.StatusCode, name)
	}
}

func TestTimeoutHandlerEndsWhatTakesTooLong(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/slow/{id}", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	limit := func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Millisecond, "too late") }
	for name, h := range bothSides(mux, limit) {
		response, body := fetch(t, "GET", serve(t, h).URL+"/slow/1")
		assert.Equal(t, 503, response.StatusCode, name)
		assert.Equal(t, "too late", body, name)
	}
}

func TestReverseProxyInTheTree(t *testing.T) {
	upstream := serve(t, service(nil))
	target, err := url.Parse(upstream.URL)
	require.NoError(t, err)
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/up", httputil.NewSingleHostReverseProxy(target))
	same := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) })
	}
	for name, h := range bothSides(mux, same) {
		response, body := fetch(t, "GET", serve(t, h).URL+"/up/file", "Range", "bytes=0-3")
		assert.Equal(t, 206, response.StatusCode, name)
		assert.Equal(t, "0123", body, name)
	}
}

func TestWebSocketsGoThrough(t *testing.T) {
	wrapper, err := gzhttp.NewWrapper()
	require.NoError(t, err)
	for which, middleware := range map[string]func(http.Handler) http.Handler{
		"gzhttp":   func(h http.Handler) http.Handler { return wrapper(h) },
		"otelhttp": otelhttp.NewMiddleware("service"),
		"httprate": httprate.LimitBy(100, time.Hour, httprate.Key("*")),
	} {
		for name, h := range bothSides(service(nil), middleware) {
			s := serve(t, h)
			conn, _, err := websocket.Dial(t.Context(), s.URL+"/socket", nil)
			require.NoError(t, err, "%s %s", which, name)
			require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte("hello")))
			_, message, err := conn.Read(t.Context())
			require.NoError(t, err, "%s %s", which, name)
			assert.Equal(t, "hello", string(message))
			_ = conn.CloseNow()
		}
	}
}

// The reverse: ours as the middleware of chi.
func TestOursInChi(t *testing.T) {
	r := chi.NewRouter()
	r.Use(
		tigertonic.Middleware(tigertonic.Recovered),
		tigertonic.MiddlewareWith(tigertonic.Identified, nil),
		tigertonic.MiddlewareWith(tigertonic.Within, time.Minute),
	)
	r.Method("GET", "/teas/{id}", tigertonic.Typed(get))
	r.Get("/panic", func(http.ResponseWriter, *http.Request) { panic("the kettle bursts") })
	s := serve(t, r)
	response, _ := fetch(t, "GET", s.URL+"/teas/green", "X-Request-Id", "id-1")
	assert.Equal(t, 200, response.StatusCode)
	assert.Equal(t, "id-1", response.Header.Get("X-Request-Id"))
	response, _ = fetch(t, "GET", s.URL+"/panic")
	assert.Equal(t, 500, response.StatusCode)
}

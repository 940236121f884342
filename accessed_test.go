package tigertonic_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A lockedBuffer may be written to while another goroutine waits for a line.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// accessedTo returns h with an access log of JSON lines, without the time.
func accessedTo(w io.Writer, h http.Handler) http.Handler {
	return tigertonic.Accessed(h, &tigertonic.AccessOptions{Logger: slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "duration" {
				return slog.Attr{}
			}
			return a
		},
	}))})
}

// lines returns the objects in a log.
func lines(t *testing.T, text string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var object map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &object), "%q", line)
		all = append(all, object)
	}
	return all
}

func line(t *testing.T, text string) map[string]any {
	t.Helper()
	all := lines(t, text)
	require.Len(t, all, 1, text)
	return all[0]
}

func TestAccessedLogsALineARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("GET", "/stuff/{id}", tigertonic.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Second)
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, "hello")
		}))
		h := tigertonic.Accessed(tigertonic.Identified(mux, nil), &tigertonic.AccessOptions{Logger: slog.New(slog.NewJSONHandler(&b, nil))})
		for range 2 { // the second time from what is kept
			b.Reset()
			serve(t, h, "GET", "/stuff/a%2Fb?secret=x", "", "X-Request-Id", "ID")
			assert.Equal(t, fmt.Sprintf(`{"time":%q,"level":"INFO","msg":"request",`+
				`"method":"GET","pattern":"GET /stuff/{id}","status":201,`+
				`"path":"/stuff/a%%2Fb","bytes":5,"duration":1000000000,"host":"example.com","remote":"192.0.2.1:1234","request_id":"ID"}`+"\n",
				time.Now().Format(time.RFC3339Nano)), b.String())
		}
	})
}

func TestAccessedLogsAttributesOfTheUsers(t *testing.T) {
	type session struct{ user string }
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff/{id}", tigertonic.WithContext(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tigertonic.ContextOf[session](r).user = "ann"
	}), session{}))
	attrs := func(r *http.Request) []slog.Attr {
		s, ok := tigertonic.LookupContext[session](r.Context())
		if !ok {
			return nil
		}
		return []slog.Attr{slog.String("user", s.user), slog.Any("list", []int{1}), slog.String(`a "key"`, "x")}[:len(r.URL.Query().Get("n"))]
	}
	for query, want := range map[string]string{"": "", "?n=1": `,"user":"ann"`, "?n=11": `,"user":"ann","list":[1]`, "?n=111": `,"user":"ann","list":[1],"a \"key\"":"x"`} {
		for name, handler := range map[string]func(w io.Writer) slog.Handler{
			"slog":     func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
			"buffered": func(w io.Writer) slog.Handler { return tigertonic.NewBufferedJSONHandler(w, nil) },
		} {
			t.Run(name+query, func(t *testing.T) {
				var b bytes.Buffer
				logs := handler(&b)
				h := tigertonic.Accessed(mux, &tigertonic.AccessOptions{Logger: slog.New(logs), Attrs: attrs})
				serve(t, h, "GET", "/stuff/1"+query, "")
				if buffered, ok := logs.(*tigertonic.BufferedJSONHandler); ok {
					require.NoError(t, buffered.Close())
				}
				line(t, b.String())
				assert.Contains(t, b.String(), `"remote":"192.0.2.1:1234"`+want+"}\n")
				b.Reset()
				serve(t, tigertonic.Accessed(hello, &tigertonic.AccessOptions{Logger: slog.New(logs), Attrs: attrs}), "GET", "/"+query, "")
				assert.Contains(t, b.String(), `"remote":"192.0.2.1:1234"}`, "the context isn't there")
			})
		}
	}
}

func TestAccessedLogsTheStatusOnTheWire(t *testing.T) {
	for name, tt := range map[string]struct {
		h      http.HandlerFunc
		status int
		level  string
		bytes  int
	}{
		"nothing written": {func(http.ResponseWriter, *http.Request) {}, 200, "INFO", 0},
		"a body alone":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }, 200, "INFO", 5},
		"103, then 200": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusOK)
		}, 200, "INFO", 0},
		"a header twice": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			w.WriteHeader(http.StatusOK)
		}, 404, "INFO", 0},
		"308": {answers(308, ""), 308, "INFO", 0},
		"418": {answers(418, "tea"), 418, "INFO", 3},
		"429": {answers(429, "busy"), 429, "INFO", 4},
		"499": {answers(499, ""), 499, "INFO", 0},
		"500": {answers(500, "x"), 500, "ERROR", 1},
		"599": {answers(599, ""), 599, "ERROR", 0},
		"999": {answers(999, ""), 999, "ERROR", 0},
		"a stream": {func(w http.ResponseWriter, _ *http.Request) {
			for range 3 {
				_, _ = io.WriteString(w, "x")
				w.(http.Flusher).Flush()
			}
		}, 200, "INFO", 3},
		"what was read from": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, strings.NewReader(strings.Repeat("x", 5000)))
		}, 200, "INFO", 5000},
	} {
		t.Run(name, func(t *testing.T) {
			var b lockedBuffer
			srv := newServer(t, accessedTo(&b, tt.h), false)
			res, err := srv.Client().Get(srv.URL)
			require.NoError(t, err)
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			assert.Equal(t, tt.status, res.StatusCode)
			srv.Close()
			got := line(t, b.String())
			assert.EqualValues(t, tt.status, got["status"])
			assert.Equal(t, tt.level, got["level"])
			assert.EqualValues(t, tt.bytes, got["bytes"])
			assert.NotContains(t, got, "aborted")
			assert.NotContains(t, got, "error")
		})
	}
}

func TestAccessedLogsHEADWithoutABody(t *testing.T) {
	var b bytes.Buffer
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/", hello)
	serve(t, accessedTo(&b, mux), "HEAD", "/", "")
	got := line(t, b.String())
	assert.Equal(t, "HEAD", got["method"])
	assert.Equal(t, "GET /", got["pattern"])
	assert.Zero(t, got["bytes"])
}

// The pattern is that of the innermost mux, whoever has copied the request on the
// way to it.
func TestAccessedFindsThePattern(t *testing.T) {
	type wrap = func(http.Handler) http.Handler
	copied := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), stuff{}, 1)))
		})
	}
	cloned := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r.Clone(r.Context())) })
	}
	identify := func(h http.Handler) http.Handler { return tigertonic.Identified(h, nil) }
	within := func(h http.Handler) http.Handler { return tigertonic.Within(h, time.Hour) }
	withContext := func(h http.Handler) http.Handler { return tigertonic.WithContext(h, 0) }
	mounted := func(h http.Handler) http.Handler {
		mux := tigertonic.NewTrieServeMux()
		mux.HandleNamespace("/1.0", h)
		return mux
	}
	inner := tigertonic.NewTrieServeMux()
	inner.Handle("GET", "/stuff/{id}", tigertonic.Identified(hello, nil))
	standard := http.NewServeMux()
	standard.Handle("GET /1.0/stuff/{id}", hello)
	for name, tt := range map[string]struct {
		wraps []wrap // the outermost first
		end   http.Handler
		want  string
	}{
		"a mux":                          {[]wrap{mounted}, inner, "GET /1.0/stuff/{id}"},
		"Identified":                     {[]wrap{identify, mounted}, inner, "GET /1.0/stuff/{id}"},
		"Within":                         {[]wrap{within, mounted, within}, inner, "GET /1.0/stuff/{id}"},
		"WithContext":                    {[]wrap{withContext, mounted, withContext}, inner, "GET /1.0/stuff/{id}"},
		"a foreign copy":                 {[]wrap{copied, mounted}, inner, "GET /1.0/stuff/{id}"},
		"foreign copies":                 {[]wrap{cloned, mounted, copied}, inner, "GET /1.0/stuff/{id}"},
		"a foreign copy and writer":      {[]wrap{foreignly, copied, foreignly, mounted}, inner, "GET /1.0/stuff/{id}"},
		"all":                            {[]wrap{identify, foreignly, copied, within, withContext, mounted, cloned}, inner, "GET /1.0/stuff/{id}"},
		"a handler that is called first": {[]wrap{func(h http.Handler) http.Handler { return tigertonic.First(copied(hello404), copied(h)) }, mounted}, inner, "GET /1.0/stuff/{id}"},
		"no such path":                   {[]wrap{copied, mounted}, tigertonic.NewTrieServeMux(), "/1.0/{...}"},
		"no mux":                         {nil, hello, ""},
		"net/http's mux":                 {nil, standard, "GET /1.0/stuff/{id}"},
		"net/http's mux, copies of ours": {[]wrap{identify, within}, standard, "GET /1.0/stuff/{id}"},
		"a recovered panic": {[]wrap{func(h http.Handler) http.Handler { return tigertonic.Recovered(h) }, copied, mounted}, func() http.Handler {
			mux := tigertonic.NewTrieServeMux()
			mux.Handle("GET", "/stuff/{id}", panics(boom))
			return mux
		}(), "GET /1.0/stuff/{id}"},
	} {
		t.Run(name, func(t *testing.T) {
			h := tt.end
			for _, wrap := range slices.Backward(tt.wraps) {
				h = wrap(h)
			}
			var b bytes.Buffer
			serve(t, accessedTo(&b, h), "GET", "/1.0/stuff/5", "")
			got := line(t, b.String())
			assert.Equal(t, tt.want, got["pattern"])
			assert.Equal(t, "/1.0/stuff/5", got["path"])
		})
	}
}

func TestAccessedLogsAPanicAndPassesItOn(t *testing.T) {
	for name, tt := range map[string]struct {
		h       http.Handler
		status  int
		aborted bool
		level   string
		cause   string
	}{
		"before the first byte": {panics(boom), 500, false, "ERROR", "panic: " + boom},
		"after it":              {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted); panic(boom) }), 202, false, "ERROR", "panic: " + boom},
		"an abort":              {panics(http.ErrAbortHandler), 500, true, "ERROR", ""},
		"an abort after a byte": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			panic(http.ErrAbortHandler)
		}), 202, true, "WARN", ""},
		"a stream that breaks":        {returning(tigertonic.Stream{ContentType: "text/plain", Reader: &stream{reads: []func([]byte) (int, error){piece("half"), failure}}}, nil), 200, true, "ERROR", "it broke"},
		"a stream that breaks before": {returning(tigertonic.Stream{ContentType: "text/plain", Reader: &stream{reads: []func([]byte) (int, error){failure}}}, nil), 500, false, "ERROR", "it broke"},
	} {
		t.Run(name, func(t *testing.T) {
			def := captureSlog(t)
			var b bytes.Buffer
			got := recovered(func() { serve(t, accessedTo(&b, tt.h), "GET", "/", "") })
			object := line(t, b.String())
			assert.EqualValues(t, tt.status, object["status"])
			assert.Equal(t, tt.level, object["level"])
			assert.Equal(t, tt.aborted, object["aborted"] == true)
			if tt.cause == "" {
				assert.NotContains(t, object, "error")
			} else {
				assert.Equal(t, tt.cause, object["error"])
			}
			switch {
			case tt.aborted:
				assert.Equal(t, http.ErrAbortHandler, got)
			case strings.HasPrefix(tt.cause, "panic: "):
				assert.Equal(t, boom, got)
				assert.Contains(t, object["stack"], "goroutine ")
				assert.Contains(t, object["stack"], "_test.go:")
			default:
				assert.Nil(t, got)
				assert.NotContains(t, object, "stack")
			}
			assert.Empty(t, def.String())
		})
	}
}

func TestAccessedLogsGoexit(t *testing.T) {
	var b bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		accessedTo(&b, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() })).
			ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}()
	<-done
	assert.Equal(t, true, line(t, b.String())["aborted"])
}

func TestAccessedLogsAConnectionThatWasTakenOver(t *testing.T) {
	var b lockedBuffer
	srv := newServer(t, accessedTo(&b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if assert.NoError(t, err) {
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
			conn.Close()
		}
	})), false)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	_, err = io.ReadAll(bufio.NewReader(conn))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return b.String() != "" }, 5*time.Second, time.Millisecond)
	got := line(t, b.String())
	assert.EqualValues(t, 101, got["status"])
	assert.Equal(t, conn.LocalAddr().String(), got["remote"])
}

func TestAccessedLogsOnceWhateverIsNested(t *testing.T) {
	var b, inner bytes.Buffer
	captureSlog(t)
	s := tigertonic.NewServer("", accessedTo(&b, tigertonic.Recovered(accessedTo(&inner, tigertonic.Recovered(failing(errLeak))))))
	id := assertSecret(t, serve(t, s.Handler, "GET", "/", ""), 500)
	for _, text := range []string{b.String(), inner.String()} {
		got := line(t, text)
		assert.Equal(t, "the kettle leaks", got["error"])
		assert.Equal(t, id, got["request_id"])
	}
}

// A cause that comes after an inner access log is done isn't lost.
func TestAccessedKeepsNobodyElseFromLogging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answering(t, tigertonic.ProblemWriter{})
		def := captureSlog(t)
		var b bytes.Buffer
		w := serve(t, tigertonic.Within(accessedTo(&b, givesUp(func(http.ResponseWriter, *http.Request) {})), 2*time.Second), "GET", "/", "")
		assertSecret(t, w, 503)
		assert.NotContains(t, line(t, b.String()), "error")
		assert.Contains(t, def.String(), tookTooLong)
	})
}

func TestAccessedEscapesThePath(t *testing.T) {
	for _, text := range hostile {
		var b, plain bytes.Buffer
		h := accessedTo(&b, tigertonic.Accessed(hello, &tigertonic.AccessOptions{Logger: slog.New(rawHandler{&plain})}))
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RequestURI = "/" + text + "?" + text
		h.ServeHTTP(httptest.NewRecorder(), r)
		assertOneRecordALine(t, b.String(), 1, "{")
		assertOneRecordALine(t, plain.String(), 1, "/")
	}
}

// A rawHandler writes the path as it is.
type rawHandler struct{ w io.Writer }

func (rawHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h rawHandler) WithAttrs([]slog.Attr) slog.Handler     { return h }
func (h rawHandler) WithGroup(string) slog.Handler          { return h }
func (h rawHandler) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "path" {
			_, _ = fmt.Fprintln(h.w, a.Value)
		}
		return true
	})
	return nil
}

func TestAccessedLogsThePathAsSent(t *testing.T) {
	for target, want := range map[string]string{
		"/a%2Fb?c":                       "/a%2Fb",
		"http://user:pw@example.com/a?b": "/a",
		"*":                              "*",
		"":                               "/made%20up",
		"/" + strings.Repeat("x", 5000):  "/" + strings.Repeat("x", 2047) + "...",
	} {
		var b bytes.Buffer
		u, err := url.Parse(target)
		require.NoError(t, err)
		if target == "" {
			u.Path = "/made up"
		}
		r := &http.Request{Method: "GET", URL: u, RequestURI: target}
		accessedTo(&b, hello).ServeHTTP(httptest.NewRecorder(), r)
		got := line(t, b.String())
		assert.Equal(t, want, got["path"])
		assert.NotContains(t, got, "remote")
		assert.NotContains(t, got, "request_id")
	}
}

func TestAccessedHeedsTheLevel(t *testing.T) {
	var level slog.LevelVar
	var b bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: &level}))
	var seen http.ResponseWriter
	h := tigertonic.Accessed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = w
		answers(len(r.URL.Path)*100, "")(w, r)
	}), &tigertonic.AccessOptions{Logger: logger})
	for want, l := range map[string]slog.Level{"/2 /5": slog.LevelInfo, "/5": slog.LevelWarn, "/5 ": slog.LevelError, "": slog.LevelError + 1} {
		level.Set(l)
		b.Reset()
		serve(t, h, "GET", "/x", "")
		serve(t, h, "GET", "/xxxx", "")
		assert.Equal(t, len(strings.Fields(want)), strings.Count(b.String(), "\n"), "%v: %s", l, b.String())
		_, direct := seen.(*httptest.ResponseRecorder)
		assert.Equal(t, want == "", direct, "it is out of the way where nothing is logged")
	}
	level.Set(slog.LevelError + 1)
	def := captureSlog(t)
	serve(t, tigertonic.Accessed(failing(errLeak), &tigertonic.AccessOptions{Logger: logger}), "GET", "/", "")
	assert.Contains(t, def.String(), "the kettle leaks", "a cause that it doesn't log, another does")
}

func TestAccessedByTheDefaultLoggerOfTheTime(t *testing.T) {
	h := tigertonic.Accessed(hello, nil)
	for range 3 {
		b := captureSlog(t)
		for range 2 {
			serve(t, h, "GET", "/", "")
		}
		assert.Equal(t, 2, strings.Count(b.String(), "level=INFO msg=request method=GET pattern=\"\" status=200 path=/ bytes=5 "), b)
	}
}

func TestAccessedTakesALoggerWithAttributesAndGroups(t *testing.T) {
	var b bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&b, nil)).With("service", "tea").WithGroup("http")
	serve(t, tigertonic.Accessed(failing(errLeak), &tigertonic.AccessOptions{Logger: logger}), "GET", "/", "")
	got := line(t, b.String())
	assert.Equal(t, "tea", got["service"])
	group, _ := got["http"].(map[string]any)
	keys := slices.Sorted(maps.Keys(group))
	assert.Equal(t, []string{"bytes", "duration", "error", "host", "method", "path", "pattern", "remote", "request_id", "status"}, keys)
}

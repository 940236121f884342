package tigertonic_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// panics returns a handler that panics with a value.
func panics(value any) http.HandlerFunc {
	return func(http.ResponseWriter, *http.Request) { panic(value) }
}

// answering has ResponseErrorWriter be another one until the test ends.
func answering(t *testing.T, writer tigertonic.ErrorWriter) {
	t.Helper()
	before := tigertonic.ResponseErrorWriter
	tigertonic.ResponseErrorWriter = writer
	t.Cleanup(func() { tigertonic.ResponseErrorWriter = before })
}

func panicCount() int64 {
	return metrics.GetOrRegisterCounter("tigertonic.panics", nil).Count()
}

const boom = "the boiler is at " + secret

func TestPanicBeforeTheFirstByteIsOne500(t *testing.T) {
	for name, tt := range map[string]struct {
		h    http.Handler
		want string // of the log
	}{
		"a string":               {panics(boom), "panic: " + boom},
		"an error":               {panics(errors.New(boom)), "panic: " + boom},
		"a status error":         {panics(tigertonic.NotFound{errors.New(boom)}), "panic: " + boom},
		"a problem":              {panics(tigertonic.Problem{Status: 404, Detail: boom}), "panic: " + boom},
		"a number":               {panics(42), "panic: 42"},
		"a value without ==":     {panics([]string{boom}), "panic: [" + boom + "]"},
		"nil":                    {panics(nil), "panic: " + new(runtime.PanicNilError).Error()},
		"an empty status error":  {panics(tigertonic.NotFound{}), "panic: Not Found"},
		"a nil pointer":          {http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _ = r.Response.Status }), "panic: runtime error: invalid memory address or nil pointer dereference"},
		"a nil error of a type":  {panics((*soldOut)(nil)), "panic: sold out"},
		"a typed endpoint":       {typedFunc(func(*struct{}) (tea, error) { panic(boom) }), "panic: " + boom},
		"after headers":          {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { forImage(w.Header()); panic(boom) }), "panic: " + boom},
		"after a recovered one":  {http.HandlerFunc(func(http.ResponseWriter, *http.Request) { recovered(func() { panic(1) }); panic(boom) }), "panic: " + boom},
		"of what a stream reads": {returning(tigertonic.Stream{ContentType: "text/plain", Reader: panicReader{}}, nil), "panic: the handler"},
	} {
		t.Run(name, func(t *testing.T) {
			b, before := captureSlog(t), panicCount()
			w := serve(t, tigertonic.Recovered(tt.h), "GET", "/", "")
			id := regexp.MustCompile(`request (\w{16}) has failed`).FindStringSubmatch(w.Body.String())
			require.Len(t, id, 2, w.Body)
			requireError(t, w, 500, "tigertonic.InternalServerError", "request "+id[1]+" has failed")
			for _, name := range []string{"Cache-Control", "Content-Encoding", "Content-Length", "Etag", "Last-Modified"} {
				assert.Empty(t, w.Header()[name], name)
			}
			assert.Equal(t, before+1, panicCount())
			require.Equal(t, 1, strings.Count(b.String(), "\n"), b)
			for _, want := range []string{"level=ERROR", "request_id=" + id[1], fmt.Sprintf("error=%q", tt.want), "stack=", "recovered_test.go"} {
				if name == "of what a stream reads" {
					want = strings.ReplaceAll(want, "recovered_test.go", "metrics_test.go")
				}
				assert.Contains(t, b.String(), want)
			}
		})
	}
}

// forImage sets what a response may say of its body.
func forImage(h http.Header) {
	for name, value := range map[string]string{
		"Cache-Control": "max-age=9", "Content-Encoding": "gzip", "Content-Length": "9", "Content-Type": "image/png",
		"Etag": `"x"`, "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT",
	} {
		h.Set(name, value)
	}
}

func TestPanicIsAnsweredInTheCallersFormat(t *testing.T) {
	captureSlog(t)
	h := tigertonic.Recovered(panics(boom))
	w := serve(t, h, "GET", "/", "", "Accept", "text/plain")
	assert.Regexp(t, `^tigertonic\.InternalServerError: request \w{16} has failed$`, w.Body.String())

	answering(t, tigertonic.ProblemWriter{})
	assertSecret(t, serve(t, h, "GET", "/", ""), 500)

	answering(t, customWriter{})
	w = serve(t, h, "GET", "/", "")
	assert.Equal(t, 418, w.Code)
	assert.Regexp(t, `^custom: request \w{16} has failed\n$`, w.Body.String())
	assert.NotContains(t, w.Body.String(), secret)
}

func TestPanicAfterAnInformationalResponse(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		captureSlog(t)
		srv := newServer(t, tigertonic.Recovered(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			panic(boom)
		})), http2)
		res, err := srv.Client().Get(srv.URL)
		require.NoError(t, err)
		defer res.Body.Close()
		assert.Equal(t, 500, res.StatusCode)
	})
}

// An encoder outside of the handler encodes the answer, too.
func TestPanicIsAnsweredInTheEncodingOfAnOuterMiddleware(t *testing.T) {
	captureSlog(t)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "identity")
		tigertonic.Recovered(panics(boom)).ServeHTTP(w, r)
	})
	assert.Equal(t, []string{"identity"}, serve(t, h, "GET", "/", "").Header()["Content-Encoding"])
}

func TestPanicOfAHEADHasNoBody(t *testing.T) {
	captureSlog(t)
	w := serve(t, tigertonic.Recovered(panics(boom)), "HEAD", "/", "")
	assert.Equal(t, 500, w.Code)
	assert.Empty(t, w.Body.String())
}

func TestPanicMidBodyAbortsTheConnection(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		for name, h := range map[string]http.HandlerFunc{
			"after a flush": func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "half")
				_ = http.NewResponseController(w).Flush()
				panic(boom)
			},
			"after a header": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK); panic(boom) },
			"after a byte":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "h"); panic(boom) },
		} {
			t.Run(name, func(t *testing.T) {
				b, before := captureSlog(t), panicCount()
				srv := newServer(t, tigertonic.Recovered(h), http2)
				res, err := srv.Client().Get(srv.URL)
				if err == nil {
					_, err = io.ReadAll(res.Body)
					res.Body.Close()
				}
				require.Error(t, err)
				srv.Close()
				assert.Equal(t, before+1, panicCount())
				assert.Equal(t, 1, strings.Count(b.String(), boom), b)
			})
		}
	})
}

func TestAbortsArePassedOnWithoutAStack(t *testing.T) {
	b, before := captureSlog(t), panicCount()
	h := http.Handler(panics(http.ErrAbortHandler))
	for range 3 {
		h = tigertonic.Recovered(h)
		w := httptest.NewRecorder()
		got := recovered(func() { h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)) })
		assert.Same(t, http.ErrAbortHandler, got)
		assert.Empty(t, w.Body.String())
	}
	assert.Empty(t, b.String())
	assert.Equal(t, before, panicCount())
}

func TestGoexitIsPassedOn(t *testing.T) {
	b, before := captureSlog(t), panicCount()
	w, returned, done := httptest.NewRecorder(), false, make(chan struct{})
	go func() {
		defer close(done)
		tigertonic.Recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() })).
			ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		returned = true
	}()
	<-done
	assert.False(t, returned)
	assert.Empty(t, w.Body.String())
	assert.Empty(t, b.String())
	assert.Equal(t, before, panicCount())
}

func TestPanicClosesAConnectionThatWasTakenOver(t *testing.T) {
	b := captureSlog(t)
	done := make(chan struct{})
	h := tigertonic.Recovered(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if assert.NoError(t, err) {
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\nhello")
		}
		panic(boom)
	}))
	srv := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		h.ServeHTTP(w, r)
	}), false)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	answer, err := io.ReadAll(bufio.NewReader(conn)) // until it is closed
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 101 Switching Protocols\r\n\r\nhello", string(answer))
	<-done
	assert.Equal(t, 1, strings.Count(b.String(), boom), b)
}

// A panickyWriter panics where it is to write a header.
type panickyWriter struct{ *httptest.ResponseRecorder }

func (panickyWriter) WriteHeader(int) { panic("the writer") }

// A panickyErrorWriter panics.
type panickyErrorWriter struct{ tigertonic.ErrorWriter }

func (panickyErrorWriter) WriteError(*http.Request, http.ResponseWriter, error) {
	panic("the error writer")
}

// A silentWriter writes nothing.
type silentWriter struct{ tigertonic.ErrorWriter }

func (silentWriter) WriteError(*http.Request, http.ResponseWriter, error) {}

func TestPanicWhileAPanicIsAnsweredAborts(t *testing.T) {
	t.Run("the writer", func(t *testing.T) {
		b := captureSlog(t)
		h := tigertonic.Recovered(answers(200, "hello"))
		got := recovered(func() { h.ServeHTTP(panickyWriter{httptest.NewRecorder()}, httptest.NewRequest("GET", "/", nil)) })
		assert.Equal(t, http.ErrAbortHandler, got)
		assert.Equal(t, 1, strings.Count(b.String(), "panic: the writer"), b)
	})
	t.Run("the error writer", func(t *testing.T) {
		b := captureSlog(t)
		answering(t, panickyErrorWriter{})
		h := tigertonic.Recovered(panics(boom))
		got := recovered(func() { serve(t, h, "GET", "/", "") })
		assert.Equal(t, http.ErrAbortHandler, got)
		assert.Equal(t, 1, strings.Count(b.String(), boom), b)
		assert.Equal(t, 1, strings.Count(b.String(), "panic: the error writer"), b)
	})
	t.Run("the error writer, before somebody logs", func(t *testing.T) {
		answering(t, panickyErrorWriter{})
		var b bytes.Buffer
		h := loggedTo(&b, tigertonic.Recovered(panics(boom)))
		recovered(func() { serve(t, h, "GET", "/", "") })
		assert.Contains(t, b.String(), `** error: panic: the error writer\npanic: `+boom+" **\n")
	})
	t.Run("an error writer that writes nothing", func(t *testing.T) {
		captureSlog(t)
		answering(t, silentWriter{})
		assert.Equal(t, 500, serve(t, tigertonic.Recovered(panics(boom)), "GET", "/", "").Code)
	})
}

// The places where a panic may be logged, by wrapping a handler that panics.
func TestPanicIsLoggedOnceWithTheIDThatTheClientIsTold(t *testing.T) {
	type wrap = func(http.Handler) http.Handler
	recovering := func(h http.Handler) http.Handler { return tigertonic.Recovered(h) }
	identify := func(h http.Handler) http.Handler { return tigertonic.Identified(h, nil) }
	server := func(h http.Handler) http.Handler { return tigertonic.NewServer("", h).Handler }
	var b *bytes.Buffer // of all loggers
	logged := func(h http.Handler) http.Handler { return loggedTo(b, h) }
	jsonLogged := func(h http.Handler) http.Handler { return jsonLoggedTo(b, h) }
	accessed := func(h http.Handler) http.Handler {
		return tigertonic.Accessed(h, &tigertonic.AccessOptions{Logger: slog.New(slog.NewJSONHandler(b, nil))})
	}
	opaquely := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
		})
	}
	for name, wraps := range map[string][]wrap{ // the outermost first
		"alone":                           {recovering},
		"nested":                          {recovering, recovering, recovering},
		"under a server":                  {server, recovering},
		"Logged outside":                  {logged, recovering},
		"JSONLogged outside":              {jsonLogged, recovering},
		"Accessed outside":                {accessed, recovering},
		"Logged inside":                   {recovering, logged},
		"JSONLogged inside":               {recovering, jsonLogged},
		"Accessed inside":                 {recovering, accessed},
		"Accessed inside a server":        {server, recovering, accessed},
		"Accessed outside in a server":    {server, accessed, recovering},
		"Logged in a server":              {server, logged, recovering},
		"identified":                      {accessed, recovering, identify},
		"identified, others inside":       {identify, recovering, accessed},
		"identified, Logged outside":      {logged, identify, recovering},
		"a foreign wrapper":               {recovering, foreignly, accessed, foreignly},
		"a foreign wrapper outside":       {accessed, foreignly, recovering, foreignly},
		"foreign wrappers, nested":        {server, foreignly, recovering, foreignly, logged, foreignly, recovering},
		"a writer that can't be undone":   {opaquely, recovering, opaquely, recovering},
		"the same, Accessed and a server": {server, recovering, accessed, opaquely, recovering},
		"the same, identified":            {identify, opaquely, recovering},
	} {
		for _, writer := range []tigertonic.ErrorWriter{nil, tigertonic.ProblemWriter{}} {
			t.Run(fmt.Sprintf("%s/%T", name, writer), func(t *testing.T) {
				b = captureSlog(t)
				if writer != nil {
					answering(t, writer)
				}
				h := http.Handler(panics(boom))
				for _, wrap := range slices.Backward(wraps) {
					h = wrap(h)
				}
				before := panicCount()
				w := serve(t, h, "GET", "/", "")
				assert.Equal(t, 500, w.Code)
				assert.NotContains(t, w.Body.String(), secret)
				assert.Equal(t, before+1, panicCount())
				assert.Equal(t, 1, strings.Count(b.String(), "panic: "+boom), b)
				stacks := len(regexp.MustCompile(`goroutine \d+ \[`).FindAllString(b.String(), -1))
				assert.Equal(t, 1, stacks, "the stack: %s", b)
				id := regexp.MustCompile(`(?:request |"request_id":")(\w{16})`).FindStringSubmatch(w.Body.String())
				require.Len(t, id, 2, w.Body)
				for line := range strings.Lines(b.String()) {
					if strings.Contains(line, boom) {
						assert.Contains(t, line, id[1])
					}
				}
				if sent := w.Header().Get("X-Request-Id"); sent != "" {
					assert.Equal(t, sent, id[1])
				}
			})
		}
	}
}

func TestPanicIsRedactedWithItsStack(t *testing.T) {
	withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
		h, b := logged(tigertonic.Recovered(panics(boom)), removeSecret)
		serve(t, h, "GET", "/", "")
		assert.NotContains(t, b.String(), secret)
		assert.Equal(t, []string{"ID panic: the boiler is at [redacted]"}, loggedCauses(b.String()))
		assert.Contains(t, b.String(), "goroutine ")
	})
}

func TestPanicStaysInItsLines(t *testing.T) {
	for _, text := range hostile {
		b := captureSlog(t)
		serve(t, tigertonic.Recovered(panics(text)), "GET", "/", "")
		assertOneRecordALine(t, b.String(), 1, "time=")

		var lines, objects bytes.Buffer
		h, _ := logLines(tigertonic.Recovered(panics(text)), nil)
		h.Logger = log.New(&lines, "", 0)
		serve(t, h, "GET", "/", "")
		for line := range strings.Lines(lines.String()) {
			assert.Regexp(t, "^ID [<>]", line)
		}
		j, _ := logJSON(tigertonic.Recovered(panics(text)), nil)
		j.Logger = log.New(&objects, "", 0)
		serve(t, j, "GET", "/", "")
		assertOneRecordALine(t, objects.String(), 1, "@json: ")
	}
}

func TestPanicOfMuchTextIsLoggedInPart(t *testing.T) {
	b := captureSlog(t)
	serve(t, tigertonic.Recovered(panics(strings.Repeat("x", 32<<20))), "GET", "/", "")
	assert.Less(t, b.Len(), 64<<10)
}

// What has failed before a panic is logged with it.
func TestPanicAfterAFailureHidesItNot(t *testing.T) {
	var b bytes.Buffer
	h := tigertonic.Accessed(tigertonic.Recovered(tigertonic.PostProcessed(failing(errLeak), func(*http.Request, *http.Response) { panic(boom) })),
		&tigertonic.AccessOptions{Logger: slog.New(slog.NewJSONHandler(&b, nil))})
	assert.Equal(t, http.ErrAbortHandler, recovered(func() { serve(t, h, "GET", "/", "") }), "the answer was written")
	var line struct{ Error, Stack string }
	require.NoError(t, json.Unmarshal(b.Bytes(), &line))
	assert.Equal(t, "panic: "+boom+"\nthe kettle leaks", line.Error)
	assert.NotEmpty(t, line.Stack)
}

func TestRecoveredCounterMayBeAnother(t *testing.T) {
	captureSlog(t)
	before := panicCount()
	h := tigertonic.Recovered(panics(boom))
	h.Panics = metrics.NewCounter()
	serve(t, h, "GET", "/", "")
	assert.Equal(t, int64(1), h.Panics.Count())
	assert.Equal(t, before, panicCount())
}

func TestRecoveredRefusesAnotherMetric(t *testing.T) {
	old := metrics.DefaultRegistry.Get("tigertonic.panics")
	metrics.DefaultRegistry.Unregister("tigertonic.panics")
	defer func() {
		metrics.DefaultRegistry.Unregister("tigertonic.panics")
		if old != nil {
			require.NoError(t, metrics.DefaultRegistry.Register("tigertonic.panics", old))
		}
	}()
	require.NoError(t, metrics.DefaultRegistry.Register("tigertonic.panics", metrics.NewGauge()))
	assert.Regexp(t, `^tigertonic: Recovered: the metric "tigertonic.panics" isn't a counter \(at .*/recovered_test.go:\d+\)$`,
		recovered(func() { tigertonic.Recovered(hello) }))
}

// A program that walks the registry finds nothing there of ours before a panic.
func TestPanicsAreInTheRegistryOnceThereIsOne(t *testing.T) {
	old := metrics.DefaultRegistry.Get("tigertonic.panics")
	metrics.DefaultRegistry.Unregister("tigertonic.panics")
	defer func() {
		metrics.DefaultRegistry.Unregister("tigertonic.panics")
		if old != nil {
			require.NoError(t, metrics.DefaultRegistry.Register("tigertonic.panics", old))
		}
	}()
	h, other := tigertonic.Recovered(panics(boom)), tigertonic.Recovered(panics(boom))
	tigertonic.NewServer("", hello)
	h.Panics.Clear()
	assert.Zero(t, h.Panics.Count())
	assert.Nil(t, metrics.DefaultRegistry.Get("tigertonic.panics"))
	serve(t, h, "GET", "/", "")
	serve(t, other, "GET", "/", "")
	assert.EqualValues(t, 2, panicCount())
	assert.EqualValues(t, 2, h.Panics.Count(), "they share it")
	assert.EqualValues(t, 2, h.Panics.Snapshot().Count())
	metrics.DefaultRegistry.Unregister("tigertonic.panics")
	require.NoError(t, metrics.DefaultRegistry.Register("tigertonic.panics", metrics.NewGauge()))
	assert.Equal(t, 500, serve(t, h, "GET", "/", "").Code, "whatever somebody has put there since")
	assert.EqualValues(t, 1, h.Panics.Count())
}

func TestRecoveredCostsNoMoreThanARecorder(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	null := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusOK) })
	assert.LessOrEqual(t, testing.AllocsPerRun(100, asker(t, tigertonic.Recovered(null), "GET", "/", "")), 1.0)
}

func TestRecoveredDescribesItsAnswer(t *testing.T) {
	op := &tigertonic.Operation{}
	tigertonic.Recovered(hello).Describe(op)
	assert.Equal(t, "the service has failed", op.Responses["500"].Description)
	assert.NotEmpty(t, op.Responses["500"].Content)
}

package tigertonic_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

const (
	secret  = "~SECRET-PASSWORD~"
	keptMax = 16 << 10 // how much of a body is logged
)

// removeSecret is a Redactor.
func removeSecret(s string) string { return strings.ReplaceAll(s, secret, "[redacted]") }

// A bodyLogged is Logged or JSONLogged, and what it will have logged.
type bodyLogged func(http.Handler, tigertonic.Redactor) (http.Handler, *bytes.Buffer)

// withBodyLoggers runs a test with Logged and with JSONLogged.
func withBodyLoggers(t *testing.T, test func(t *testing.T, logged bodyLogged)) {
	t.Helper()
	t.Run("Logged", func(t *testing.T) {
		test(t, func(h http.Handler, f tigertonic.Redactor) (http.Handler, *bytes.Buffer) { return logLines(h, f) })
	})
	t.Run("JSONLogged", func(t *testing.T) {
		test(t, func(h http.Handler, f tigertonic.Redactor) (http.Handler, *bytes.Buffer) { return logJSON(h, f) })
	})
}

// echoInTwo reads the body in two reads and writes it by two calls of write, both
// split at i.
func echoInTwo(t *testing.T, i int, write func(w http.ResponseWriter, piece []byte)) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, r *http.Request) {
		first := make([]byte, i)
		_, err := io.ReadFull(r.Body, first)
		assert.NoError(t, err)
		rest, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		w.Header().Set("Content-Type", "text/plain")
		write(w, first)
		write(w, rest)
	}
}

func TestSecretSplitOverReadsAndWritesIsAbsent(t *testing.T) {
	writes := map[string]func(http.ResponseWriter, []byte){
		"Write":       func(w http.ResponseWriter, p []byte) { w.Write(p) },
		"WriteString": func(w http.ResponseWriter, p []byte) { _, _ = strings.NewReader(string(p)).WriteTo(w) },
		"ReadFrom": func(w http.ResponseWriter, p []byte) {
			_, _ = io.Copy(w, iotest.OneByteReader(bytes.NewReader(p)))
		},
		"flushed": func(w http.ResponseWriter, p []byte) {
			w.Write(p)
			w.(http.Flusher).Flush()
		},
	}
	body := "user=jack&password=" + secret + "&x=1"
	withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
		for name, write := range writes {
			for i := range len(body) + 1 {
				h, b := logged(echoInTwo(t, i, write), removeSecret)
				w := serve(t, h, "POST", "/?"+secret, body, "Content-Type", "text/plain", "X-Secret", secret)
				assert.Equal(t, body, w.Body.String(), "only the log is redacted")
				redacted := b.String()
				assert.NotContains(t, redacted, secret[:1], "%s, split at %d", name, i)
				assert.GreaterOrEqual(t, strings.Count(redacted, "[redacted]"), 4, "%s, split at %d: %s", name, i, redacted)
			}
		}
	})
}

func TestSecretThatTheHandlerHasReadHalfOfIsAbsent(t *testing.T) {
	withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
		for i := 1; i < len(secret); i++ {
			h, b := logged(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, err := io.ReadFull(r.Body, make([]byte, i))
				assert.NoError(t, err)
			}), removeSecret)
			serve(t, h, "POST", "/", secret, "Content-Type", "text/plain")
			require.NotContains(t, b.String(), secret[:1], "read up to %d", i)
		}
	})
}

// A brokenWriter takes so many bytes, as if the client were gone then.
type brokenWriter struct {
	http.ResponseWriter
	left int
}

func (w *brokenWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p[:min(len(p), w.left)])
	if w.left -= n; n < len(p) && err == nil {
		err = io.ErrClosedPipe
	}
	return n, err
}

func TestSecretThatTheClientGotHalfOfIsAbsent(t *testing.T) {
	withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
		for i := range len(secret) {
			for _, split := range []int{0, i} { // in one write, or in one that the client got and one that it didn't
				h, b := logged(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "text/plain")
					_, err := io.WriteString(w, secret[:split])
					assert.NoError(t, err)
					_, err = io.WriteString(w, secret[split:])
					assert.ErrorIs(t, err, io.ErrClosedPipe)
				}), removeSecret)
				h.ServeHTTP(&brokenWriter{httptest.NewRecorder(), i}, authorized(t, "GET"))
				require.NotContains(t, b.String(), secret[:1], "written up to %d, split at %d", i, split)
			}
		}
	})
}

func TestSecretCutByTheCapIsAbsent(t *testing.T) {
	withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
		for kept := range len(secret) + 1 {
			body := strings.Repeat("x", keptMax-kept) + secret
			h, b := logged(readsThenAnswers(200, "text/plain", body), removeSecret)
			w := serve(t, h, "POST", "/", body, "Content-Type", "text/plain")
			assert.Equal(t, body, w.Body.String())
			assert.NotContains(t, b.String(), secret[:1], "%d bytes of it before the cap", kept)
			if kept == len(secret) { // it isn't cut
				assert.Equal(t, 2, strings.Count(b.String(), "xxx[redacted]"))
			} else {
				assert.Contains(t, b.String(), fmt.Sprintf("** request body of %d bytes redacted, more than %d **", len(body), keptMax))
				assert.Contains(t, b.String(), fmt.Sprintf("** response body of %d bytes redacted, more than %d **", len(body), keptMax))
			}
		}
	})
}

func TestBodiesAreCutOffWithoutARedactor(t *testing.T) {
	withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
		for _, tt := range []struct {
			length int
			cut    bool
		}{{keptMax, false}, {keptMax + 1, true}} {
			body := strings.Repeat("0123456789abcdef", keptMax/16)[:keptMax-1] + strings.Repeat("!", tt.length-keptMax+1)
			h, b := logged(readsThenAnswers(200, "text/plain", body), nil)
			serve(t, h, "POST", "/", body, "Content-Type", "text/plain")
			assert.Equal(t, 2, strings.Count(b.String(), body[:keptMax]), "kept of %d bytes", tt.length)
			assert.Equal(t, 2, strings.Count(b.String(), "!"), "kept of %d bytes", tt.length)
			assert.Equal(t, tt.cut, strings.Contains(b.String(), fmt.Sprintf("** request body of %d bytes cut off **", tt.length)))
			assert.Equal(t, tt.cut, strings.Contains(b.String(), fmt.Sprintf("** response body of %d bytes cut off **", tt.length)))
		}
	})
}

func TestRedactorIsCalledWithWholeTexts(t *testing.T) {
	withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
		var texts []string
		h, _ := logged(readsThenAnswers(201, "text/plain", "three\nfour\n"), func(s string) string {
			texts = append(texts, s)
			return s
		})
		serve(t, h, "PUT", "/path?x=1", "one\ntwo", "Content-Type", "text/html")
		assert.Subset(t, texts, []string{
			"PUT /path?x=1 HTTP/1.1", "Content-Type: text/html", "one\ntwo", "Content-Type: text/plain", "three\nfour\n",
		})
	})
}

func TestCredentialsAreNeverLogged(t *testing.T) {
	for _, redactor := range []tigertonic.Redactor{nil, strings.ToLower} {
		withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
			for _, name := range []string{"Set-Cookie", "set-cookie", "SET-COOKIE"} {
				h, b := logged(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header()[name] = []string{"a=SECRET", "b=SECRET"} // HTTP/2 is in lower case anyway
				}), redactor)
				serve(t, h, "GET", "/", "", "Authorization", "Basic SECRET", "Proxy-Authorization", "Bearer SECRET",
					"Cookie", "a=SECRET", "Cookie", "b=SECRET", "X-Other", "shown")
				assert.NotContains(t, strings.ToLower(b.String()), "secret", name)
				assert.GreaterOrEqual(t, strings.Count(b.String(), "** redacted **"), 4, b)
				assert.Contains(t, b.String(), "shown")
			}
		})
	}
}

func TestPanickingRedactorLetsNothingThrough(t *testing.T) {
	for _, cause := range []any{errors.New("cause"), nil, http.ErrAbortHandler} {
		withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
			h, b := logged(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Response", "RAW")
				readsThenAnswers(201, "text/plain", "RAW response")(w, r)
			}), func(string) string { panic(cause) })
			w := serve(t, h, "POST", "/RAW", "RAW request", "X-Request", "RAW")
			assert.Equal(t, 201, w.Code)
			assert.Equal(t, "RAW response", w.Body.String())
			assert.NotContains(t, b.String(), "RAW")
			assert.GreaterOrEqual(t, strings.Count(b.String(), "** not logged: the redactor panicked **"), 5, b)
		})
	}
}

func TestRedactorMayPanicWhileTheHandlerDoes(t *testing.T) {
	withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
		cause := errors.New("cause")
		h, b := logged(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte("RAW response"))
			panic(cause)
		}), func(string) string { panic("the redactor") })
		assert.PanicsWithValue(t, cause, func() { serve(t, h, "GET", "/RAW", "") })
		assert.NotContains(t, b.String(), "RAW")
		assert.Contains(t, b.String(), "** not logged: the redactor panicked **")
	})
}

func TestOnlyTextBodiesAreLogged(t *testing.T) {
	for _, tt := range []struct {
		contentType, encoding, body string
		logged                      bool
	}{
		{"text/plain", "", "BODY", true},
		{"text/html; charset=utf-8", "", "BODY", true},
		{"application/json", "", `"BODY"`, true},
		{"Application/JSON; charset=utf-8", "", `"BODY"`, true},
		{"application/problem+json", "", `"BODY"`, true},
		{"", "", "BODY", true},
		{"", "", "\x00BODY", false},
		{"", "", "%PDF-BODY", false},
		{"image/png", "", "BODY", false},
		{"application/octet-stream", "", "BODY", false},
		{"application/jsonp", "", "BODY", false},
		{"multipart/form-data; boundary=x", "", "BODY", false},
		{"textual/plain", "", "BODY", false},
		{"text/plain; x", "", "BODY", false},
		{"text/plain", "gzip", "BODY", false},
	} {
		t.Run(fmt.Sprintf("%q,%q,%q", tt.contentType, tt.encoding, tt.body), func(t *testing.T) {
			withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
				h, b := logged(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					for name, value := range map[string]string{"Content-Type": tt.contentType, "Content-Encoding": tt.encoding} {
						if value != "" {
							w.Header().Set(name, value)
						}
					}
					_, _ = io.Copy(w, r.Body)
				}), nil)
				r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(tt.body))
				r.Header = http.Header{"Content-Type": {tt.contentType}, "Content-Encoding": {tt.encoding}}
				h.ServeHTTP(httptest.NewRecorder(), r)
				if tt.logged {
					assert.Equal(t, 2, strings.Count(b.String(), "BODY"), b)
				} else {
					assert.NotContains(t, b.String(), "BODY")
					assert.Contains(t, b.String(), "** request body redacted **")
					assert.Contains(t, b.String(), "** response body redacted **")
				}
			})
		})
	}
}

// A repeatedReader repeats a text up to a length.
type repeatedReader struct {
	text string
	left int
}

// newRepeatedReader returns one that is fast also if the text is short.
func newRepeatedReader(text string, length int) *repeatedReader {
	return &repeatedReader{strings.Repeat(text, 1+length/1024/len(text)), length}
}

func (r *repeatedReader) Read(p []byte) (n int, err error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n = copy(p[:min(len(p), r.left)], r.text)
	r.left -= n
	return n, nil
}

func TestLongBodiesCostTheLogLittleMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	const length = 32 << 20
	buf := make([]byte, 32<<10)
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r.Body}, buf)
		assert.NoError(t, err)
		assert.EqualValues(t, length, n)
	})
	allocated := func(h http.Handler, text string) uint64 {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/", newRepeatedReader(text, length))
		r.Header.Set("Content-Type", "text/plain")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h.ServeHTTP(&discardingWriter{http.Header{}}, r)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for _, tt := range []struct {
		text  string
		limit uint64
	}{
		{"A body is text like this, and its lines are about as long.\n", 1 << 20},
		{strings.Repeat("one line ", 1000), 1 << 20},
		{"short\n", 4 << 20}, // what grows in the log
		{"\n", 4 << 20},
		{`"`, 4 << 20},
		{"\x01", 4 << 20},
	} {
		for _, redactor := range []tigertonic.Redactor{nil, removeSecret} {
			lines, objects := tigertonic.Logged(echo, redactor), tigertonic.JSONLogged(echo, redactor)
			lines.Logger, objects.Logger = log.New(writeOnly{io.Discard}, "", 0), log.New(writeOnly{io.Discard}, "", 0)
			for name, h := range map[string]http.Handler{"Logged": lines, "JSONLogged": objects} {
				baseline := allocated(echo, tt.text)
				got := allocated(h, tt.text)
				assert.Less(t, got-min(got, baseline), tt.limit, "%s of %.10q, redactor: %t", name, tt.text, redactor != nil)
			}
		}
	}
}

// writeOnly hides from a log.Logger that nothing is written.
type writeOnly struct{ io.Writer }

func TestRequestBodyMayBeReadAfterTheHandlerHasReturned(t *testing.T) {
	withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
		started, finished := make(chan struct{}), make(chan struct{})
		slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(finished)
			close(started)
			var err error
			for buf := make([]byte, 1<<10); err == nil; { // not io.Copy, whose pool would order what must be free to race
				_, err = r.Body.Read(buf)
			}
			assert.Equal(t, io.EOF, err)
		})
		h, b := logged(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			go slow(w, r) // as http.TimeoutHandler and httputil.ReverseProxy do
			<-started
			answers(503, "timeout")(w, r)
		}), nil)
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/", newRepeatedReader("body", 1<<18))
		r.Header.Set("Content-Type", "text/plain")
		h.ServeHTTP(httptest.NewRecorder(), r)
		select {
		case <-finished:
		case <-time.After(time.Minute):
			require.Fail(t, "the body hasn't been read")
		}
		assert.Contains(t, b.String(), "503")
	})
}

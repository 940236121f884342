package tigertonic_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// combined is Apache's combined log format.
var combined = regexp.MustCompile(`^(\S+) (\S+) (\S+) \[([^]]+)] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"\n$`)

// apacheLine has h, ApacheLogged, answer r and returns the fields of the line.
func apacheLine(t *testing.T, h http.HandlerFunc, r *http.Request) []string {
	t.Helper()
	var b bytes.Buffer
	l := tigertonic.ApacheLogged(h)
	l.Logger = log.New(&b, "", 0)
	l.ServeHTTP(httptest.NewRecorder(), r)
	fields := combined.FindStringSubmatch(b.String())
	require.NotNil(t, fields, "%q", b.String())
	return fields[1:]
}

func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestApacheLoggedWritesTheCombinedFormat(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/path?x=1", strings.NewReader("body"))
	r.RemoteAddr = "[2001:db8::1]:1234"
	r.SetBasicAuth("jack", "SECRET")
	r.Header.Set("Referer", "http://example.com/")
	r.Header.Set("User-Agent", `curl/8 "quoted" \back`)
	before := time.Now().Truncate(time.Second)
	fields := apacheLine(t, answers(201, "created"), r)

	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", fields[3])
	require.NoError(t, err)
	assert.WithinRange(t, at, before, time.Now())
	fields[3] = "TIME"
	assert.Equal(t, []string{
		"2001:db8::1", "-", "jack", "TIME", "POST /path?x=1 HTTP/1.1", "201", "7",
		"http://example.com/", `curl/8 \"quoted\" \\back`,
	}, fields)
}

func TestApacheLoggedWritesDashesForWhatIsntThere(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	r.RemoteAddr = ""
	fields := apacheLine(t, answers(204, ""), r)
	fields[3] = "TIME"
	assert.Equal(t, []string{"-", "-", "-", "TIME", "GET / HTTP/1.1", "204", "-", "-", "-"}, fields)
}

func TestApacheLoggedKeepsTheRequestAsItCame(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/1.0/path", nil)
	r.RemoteAddr = "@" // of a Unix socket
	r.SetBasicAuth("jack", "SECRET")
	r.Header.Set("User-Agent", "curl")
	fields := apacheLine(t, func(w http.ResponseWriter, r *http.Request) {
		r.Method, r.RequestURI, r.URL.Path, r.RemoteAddr = "DELETE", "/", "/", "192.0.2.9:1"
		clear(r.Header) // http.TimeoutHandler's may even do so after it has returned
	}, r)
	fields[3] = "TIME"
	assert.Equal(t, []string{"@", "-", "jack", "TIME", "GET /1.0/path HTTP/1.1", "200", "-", "-", "curl"}, fields)
}

// hostile are texts that could forge a line or control a terminal.
var hostile = []string{
	"\r\nFORGED", "\n", "\r", "\x1b[31m", `"`, `\`, `\"`, "\x00", "\x07\b\v\f\x7f", "\xff\xfe", "\xc0\xaf", "\xe2\x28\xa1",
	"\u2028", "\u2029", "\u0085", "\u0090\u009b31m", "\u202e", "\ufeff", "\U000e0001", "\ud7ff",
}

// assertOneRecordALine asserts that a log has so many lines, nothing that isn't
// printed in them, and that each begins as it should.
func assertOneRecordALine(t *testing.T, text string, lines int, prefix string) {
	t.Helper()
	require.True(t, strings.HasSuffix(text, "\n"), "%q", text)
	split := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	assert.Len(t, split, lines, "%q", text)
	for _, line := range split {
		assert.Regexp(t, "^"+prefix, line)
		for _, c := range line {
			assert.True(t, unicode.IsPrint(c), "%q in %q", c, line)
		}
		assert.NotContains(t, strings.ToValidUTF8(line, "INVALID"), "INVALID", "%q", line)
	}
}

func TestApacheLoggedWritesOneRecordALineWhateverTheRequest(t *testing.T) {
	for _, text := range append(hostile, "\t", "a b") {
		t.Run(strconv.QuoteToASCII(text), func(t *testing.T) {
			var b bytes.Buffer
			l := tigertonic.ApacheLogged(answers(200, text))
			l.Logger = log.New(&b, "", 0)
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
			r.RemoteAddr = text
			r.RequestURI = "/" + text + "?" + text
			r.Header = http.Header{
				"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(text+"x:y"))},
				"Referer":       {text},
				"User-Agent":    {text},
			}
			l.ServeHTTP(httptest.NewRecorder(), r)
			assertOneRecordALine(t, b.String(), 1, ``)
			assert.Regexp(t, combined, b.String())
		})
	}
}

// An audit is what is logged and counted of one request.
type audit struct {
	apache, json bytes.Buffer
	registry     metrics.Registry
	done         chan struct{}
}

// wrap returns h with all that can tell a status. JSONLogged, which sees the
// body pass, is left out where nobody is to.
func (a *audit) wrap(h http.Handler, observed bool) http.Handler {
	a.registry, a.done = metrics.NewRegistry(), make(chan struct{})
	h = tigertonic.CountedByStatus(h, "status", a.registry)
	h = tigertonic.CountedByStatusXX(h, "xx", a.registry)
	if observed {
		l := tigertonic.JSONLogged(h, nil)
		l.Logger = log.New(&a.json, "", 0)
		h = l
	}
	l := tigertonic.ApacheLogged(h)
	l.Logger = log.New(&a.apache, "", 0)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(a.done)
		l.ServeHTTP(w, r)
	})
}

// assert asserts that all say the same of the status and length of the body.
func (a *audit) assert(t *testing.T, status, length int) {
	t.Helper()
	<-a.done
	fields := combined.FindStringSubmatch(a.apache.String())
	require.NotNil(t, fields, "%q", a.apache.String())
	assert.Equal(t, strconv.Itoa(status), fields[6], "the status by ApacheLogged")
	assert.Equal(t, length, logged(fields[7]), "the length by ApacheLogged")
	if a.json.Len() > 0 {
		var record struct {
			HTTP struct {
				Response struct {
					Body   string
					Status int
				}
			}
		}
		require.NoError(t, json.Unmarshal(bytes.TrimPrefix(a.json.Bytes(), []byte("@json: ")), &record))
		assert.Equal(t, status, record.HTTP.Response.Status, "the status by JSONLogged")
		assert.Len(t, record.HTTP.Response.Body, length, "the body by JSONLogged")
	}
	counted := strconv.Itoa(status)
	if status > 599 {
		counted = "5xx"
	}
	assert.Equal(t, map[string]int64{
		"status-" + counted:                  1,
		"xx-" + min(counted, "5")[:1] + "xx": 1,
	}, counts(a.registry))
}

func logged(size string) int {
	if size == "-" {
		return 0
	}
	n, err := strconv.Atoi(size)
	if err != nil {
		return -1
	}
	return n
}

// counts returns the counters of the registry that aren't zero.
func counts(registry metrics.Registry) map[string]int64 {
	counted := map[string]int64{}
	registry.Each(func(name string, metric any) {
		if counter, ok := metric.(metrics.Counter); ok && counter.Count() != 0 {
			counted[name] = counter.Count()
		}
	})
	return counted
}

var wireTable = []struct {
	name   string
	method string
	status int
	length int
	http1  bool // not for HTTP/2
	h      http.HandlerFunc
}{
	{name: "implicit 200 without a body", status: 200, h: func(http.ResponseWriter, *http.Request) {}},
	{name: "implicit 200", status: 200, length: 4, h: func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("body")) }},
	{name: "implicit 200 by a string", status: 200, length: 4, h: func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "body") }},
	{name: "implicit 200 by an empty write", status: 200, h: func(w http.ResponseWriter, r *http.Request) {
		w.Write(nil)
		w.WriteHeader(http.StatusNotFound)
	}},
	{name: "implicit 200 by a flush", status: 200, length: 4, h: func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		w.WriteHeader(http.StatusNotFound)
		w.Write([]byte("body"))
	}},
	{name: "implicit 200 by a copy", status: 200, length: 5000, h: func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, iotest.DataErrReader(strings.NewReader(strings.Repeat("x", 5000))))
		w.WriteHeader(http.StatusNotFound)
	}},
	{name: "404 after nothing was copied", status: 404, h: func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("")})
		w.WriteHeader(http.StatusNotFound)
	}},
	{name: "502 after a copy failed at once", status: 502, length: 4, h: func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(w, iotest.ErrReader(io.ErrUnexpectedEOF)); err != nil {
			answers(502, "oops")(w, r)
		}
	}},
	{name: "200 of which a copy has failed", status: 200, length: 5000, h: func(w http.ResponseWriter, r *http.Request) {
		body := io.MultiReader(strings.NewReader(strings.Repeat("x", 5000)), iotest.ErrReader(io.ErrUnexpectedEOF))
		if _, err := io.Copy(w, struct{ io.Reader }{body}); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}},
	{name: "103 then 200", status: 200, length: 4, h: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusEarlyHints)
		w.Write([]byte("body"))
	}},
	{name: "102 then 404", status: 404, h: func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusProcessing)
		w.WriteHeader(http.StatusNotFound)
	}},
	{name: "103 then nothing", status: 200, h: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusEarlyHints) }},
	{name: "WriteHeader twice", status: 404, length: 4, h: func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		answers(500, "body")(w, r)
	}},
	{name: "WriteHeader after a body", status: 200, length: 8, h: func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("body"))
		answers(500, "more")(w, r)
	}},
	{name: "201", status: 201, length: 4, h: answers(201, "body")},
	{name: "299", status: 299, length: 4, h: answers(299, "body")},
	{name: "308", status: 308, h: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusPermanentRedirect) }, length: len(`<a href="/">Permanent Redirect</a>.` + "\n\n")},
	{name: "418", status: 418, length: 4, h: answers(418, "body")},
	{name: "429", status: 429, length: 4, h: answers(429, "body")},
	{name: "599", status: 599, length: 4, h: answers(599, "body")},
	{name: "600", status: 600, length: 4, h: answers(600, "body")},
	{name: "999", status: 999, length: 4, h: answers(999, "body")},
	{name: "HEAD", method: "HEAD", status: 404, h: answers(404, "body")},
	{name: "HEAD by a copy", method: "HEAD", status: 200, h: func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader(strings.Repeat("x", 5000))})
	}},
	{name: "HEAD that a handler takes for GET", method: "HEAD", status: 200, h: takenFor("GET")},
	{name: "GET that a handler takes for HEAD", status: 200, length: 4, h: takenFor("HEAD")},
	{name: "204", status: 204, h: answers(204, "no body is allowed")},
	{name: "304", status: 304, h: answers(304, "no body is allowed")},
	{name: "304 by a copy", status: 304, h: func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotModified)
		_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("no body is allowed")})
	}},
	{name: "more than announced", status: 200, length: 4, http1: true, h: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "4")
		w.Write([]byte("body"))
		w.Write([]byte("more"))
	}},
	{name: "101", status: 101, http1: true, h: answers(101, "no body is allowed")},
	{name: "101 doesn't end a response of HTTP/2", status: 200, length: 4, h: func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 {
			w.WriteHeader(http.StatusSwitchingProtocols)
		}
		w.Write([]byte("body"))
	}},
	{name: "hijacked", status: 101, http1: true, h: switchProtocols},
	{name: "hijacked, then WriteHeader", status: 101, http1: true, h: func(w http.ResponseWriter, r *http.Request) {
		switchProtocols(w, r)
		answers(500, "this goes nowhere")(w, r)
	}},
}

// takenFor answers with what a handler within answers to another method.
func takenFor(method string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.Method = method
		tigertonic.First(answers(200, "body")).ServeHTTP(w, r)
	}
}

func switchProtocols(w http.ResponseWriter, r *http.Request) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n")
	_ = rw.Flush()
	_ = conn.Close()
}

func TestWhatIsLoggedIsCountedAndOnTheWire(t *testing.T) {
	for _, tt := range wireTable {
		for i := range 4 {
			observed, http2 := i%2 == 1, i/2 == 1
			if http2 && tt.http1 {
				continue
			}
			t.Run(fmt.Sprintf("%s/observed=%t,http2=%t", tt.name, observed, http2), func(t *testing.T) {
				var a audit
				srv := newServer(t, a.wrap(tt.h, observed), http2)
				r, err := http.NewRequestWithContext(t.Context(), tt.method, srv.URL, nil)
				require.NoError(t, err)
				res, err := srv.Client().Do(r)
				require.NoError(t, err)
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				if tt.status != 101 {
					require.NoError(t, err)
				}
				assert.Equal(t, tt.status, res.StatusCode)
				assert.Len(t, body, tt.length)
				a.assert(t, res.StatusCode, len(body))
			})
		}
	}
}

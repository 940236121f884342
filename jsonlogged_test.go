package tigertonic_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// logJSON returns h, JSONLogged with the ID "ID", and what it will have logged.
func logJSON(h http.Handler, redactor tigertonic.Redactor) (*tigertonic.JSONLogger, *bytes.Buffer) {
	var b bytes.Buffer
	l := tigertonic.JSONLogged(h, redactor)
	l.Logger = log.New(&b, "", 0)
	l.RequestIDCreator = fixedID
	return l, &b
}

// A loggedRecord is the object in a line that JSONLogged has written.
type loggedRecord struct {
	Duration int64
	HTTP     struct {
		Request struct {
			Body, Method, URL string
			Headers           map[string]string
		}
		Response struct {
			Body, Reason string
			Headers      map[string]string
			Status       int
		}
		Version string
	}
	Message   string `json:"@message"`
	RequestID string `json:"@request_id"`
	Type      string `json:"@type"`
}

// readRecord returns the one record in b.
func readRecord(t *testing.T, b *bytes.Buffer) (record loggedRecord) {
	t.Helper()
	text, ok := strings.CutPrefix(b.String(), "@json: ")
	require.True(t, ok, b)
	require.NoError(t, json.Unmarshal([]byte(text), &record), b)
	return record
}

func TestJSONLoggedWritesOneObject(t *testing.T) {
	h, b := logJSON(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Three"] = []string{"c", "d"}
		readsThenAnswers(201, "application/json", `{"a":"<b>"}`+"\n")(w, r)
	}), nil)
	serve(t, h, "POST", "/path?x=1&y=2", "one\ntwo\n", "Content-Type", "text/plain", "X-Two", "a", "X-Two", "b")
	line := regexp.MustCompile(`"duration":\d+,`).ReplaceAllString(b.String(), `"duration":DURATION,`)
	assert.Equal(t, `@json: {"duration":DURATION,"http":{`+
		`"request":{"body":"one\ntwo\n","headers":{"content-type":"text/plain","x-two":"a; b"},"method":"POST","url":"/path?x=1&y=2"},`+
		`"response":{"body":"{\"a\":\"<b>\"}\n","headers":{"content-type":"application/json","x-three":"c; d"},"reason":"Created","status":201},`+
		`"version":"1.1"},"@message":"POST /path?x=1&y=2 HTTP/1.1\nHTTP/1.1 201 Created","@request_id":"ID","@type":"http"}`+"\n", line)
}

func TestJSONLoggedMeasuresInMilliseconds(t *testing.T) {
	const atLeast = 3 * time.Millisecond
	h, b := logJSON(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(atLeast) }), nil)
	start := time.Now()
	serve(t, h, "GET", "/", "")
	elapsed := time.Since(start)
	duration := readRecord(t, b).Duration
	assert.GreaterOrEqual(t, duration, int64(3))
	assert.LessOrEqual(t, duration, elapsed.Milliseconds())
}

func TestJSONLoggedOfNothing(t *testing.T) {
	h, b := logJSON(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	r.Body = nil
	h.ServeHTTP(httptest.NewRecorder(), r)
	assert.Contains(t, b.String(), `"http":{"request":{"body":"","headers":{},"method":"GET","url":"/"},"response":{"body":"","headers":{},"reason":"OK","status":200},"version":"1.1"}`)
}

func TestJSONLoggedVersionOfHTTP2(t *testing.T) {
	h, b := logJSON(answers(200, "body"), nil)
	done := make(chan struct{})
	srv := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		h.ServeHTTP(w, r)
	}), true)
	res, err := srv.Client().Get(srv.URL + "/%0a?%0d")
	require.NoError(t, err)
	res.Body.Close()
	<-done
	record := readRecord(t, b)
	assert.Equal(t, "2.0", record.HTTP.Version)
	assert.Equal(t, "GET /%0a?%0d HTTP/2.0\nHTTP/2.0 200 OK", record.Message) //nolint:dupword // of the request and of the response
}

func TestJSONLoggedKeepsTheRequestAsItCame(t *testing.T) {
	h, b := logJSON(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Method, r.RequestURI, r.URL.Path = "DELETE", "", "/"
		r.Header.Set("X-Late", "late")
		w.WriteHeader(http.StatusOK)
		w.Header().Set("X-Late", "late")
	}), nil)
	serve(t, h, "GET", "/1.0/path", "", "X-Early", "early")
	record := readRecord(t, b)
	assert.Equal(t, "GET", record.HTTP.Request.Method)
	assert.Equal(t, "/1.0/path", record.HTTP.Request.URL)
	assert.Equal(t, map[string]string{"x-early": "early"}, record.HTTP.Request.Headers)
	assert.Empty(t, record.HTTP.Response.Headers, "what isn't on the wire")
}

func TestJSONLoggedLogsAPanickingHandler(t *testing.T) {
	for _, tt := range []struct {
		name   string
		h      http.HandlerFunc
		status int
		body   string
	}{
		{"before the first byte", func(http.ResponseWriter, *http.Request) {}, 500, ""},
		{"after it", answers(201, "half"), 201, "half"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cause := errors.New("cause")
			h, b := logJSON(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tt.h(w, r)
				panic(cause)
			}), nil)
			assert.PanicsWithValue(t, cause, func() { serve(t, h, "GET", "/", "") })
			response := readRecord(t, b).HTTP.Response
			assert.Equal(t, tt.status, response.Status)
			assert.Equal(t, tt.body, response.Body)
		})
	}
}

func TestJSONLoggedWritesOneRecordALineWhateverTheTexts(t *testing.T) {
	for _, text := range append(hostile, "\t", "\ufffd") {
		t.Run(strconv.QuoteToASCII(text), func(t *testing.T) {
			h, b := logJSON(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Hostile", text)
				readsThenAnswers(200, "text/plain", text)(w, r)
			}), nil)
			h.RequestIDCreator = func(*http.Request) tigertonic.RequestID { return tigertonic.RequestID(text) }
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(text))
			r.RequestURI = "/" + text
			r.Header = http.Header{"Content-Type": {"text/plain"}, "User-Agent": {text}, "x-" + text: {text}}
			h.ServeHTTP(httptest.NewRecorder(), r)

			assertOneRecordALine(t, b.String(), 1, "@json: {")
			record, valid := readRecord(t, b), string([]rune(text))
			assert.Equal(t, "/"+valid, record.HTTP.Request.URL)
			assert.Equal(t, "POST /"+valid+" HTTP/1.1\nHTTP/1.1 200 OK", record.Message) //nolint:dupword // of the request and of the response
			assert.Equal(t, valid, record.RequestID)
			assert.Equal(t, valid, record.HTTP.Request.Body)
			assert.Equal(t, valid, record.HTTP.Response.Body)
			assert.Equal(t, valid, record.HTTP.Request.Headers["user-agent"])
			assert.Equal(t, valid, record.HTTP.Response.Headers["x-hostile"])
		})
	}
}

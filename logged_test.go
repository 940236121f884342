package tigertonic_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func fixedID(*http.Request) tigertonic.RequestID { return "ID" }

// logLines returns h, Logged with the ID "ID", and what it will have logged.
func logLines(h http.Handler, redactor tigertonic.Redactor) (*tigertonic.MultilineLogger, *bytes.Buffer) {
	var b bytes.Buffer
	l := tigertonic.Logged(h, redactor)
	l.Logger = log.New(&b, "", 0)
	l.RequestIDCreator = fixedID
	return l, &b
}

// readsThenAnswers reads the whole request before it answers.
func readsThenAnswers(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		w.Header().Set("Content-Type", contentType)
		answers(status, body)(w, r)
	}
}

func TestLoggedWritesLinesAsOnTheWire(t *testing.T) {
	h, b := logLines(readsThenAnswers(201, "application/json", `{"a":1}`+"\n"), nil)
	w := serve(t, h, "POST", "/path?x=1", "one\r\n\ntwo\n", "Content-Type", "text/plain", "X-Two", "a", "X-Two", "b")
	assert.Equal(t, 201, w.Code)
	assert.Equal(t, `{"a":1}`+"\n", w.Body.String())
	assert.Equal(t, `ID > POST /path?x=1 HTTP/1.1
ID > Content-Type: text/plain
ID > X-Two: a
ID > X-Two: b
ID >
ID > one
ID >
ID > two
ID < HTTP/1.1 201 Created
ID < Content-Type: application/json
ID <
ID < {"a":1}
`, b.String())
}

func TestLoggedLogsRequestsWithoutABody(t *testing.T) {
	for _, body := range []io.ReadCloser{nil, http.NoBody} {
		t.Run(fmt.Sprint(body), func(t *testing.T) {
			h, b := logLines(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, body, r.Body, "handlers tell by it that there is none")
			}), nil)
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
			r.Body = body
			h.ServeHTTP(httptest.NewRecorder(), r)
			assert.Equal(t, "ID > GET / HTTP/1.1\nID >\nID < HTTP/1.1 200 OK\nID <\n", b.String())
		})
	}
}

// An untouchable body fails the test if it is read.
type untouchable struct{ t *testing.T }

func (u untouchable) Read([]byte) (int, error) {
	u.t.Error("the body has been read")
	return 0, io.EOF
}

func (u untouchable) Close() error { return nil }

func TestLoggedReadsNoBodyByItself(t *testing.T) {
	h, b := logLines(answers(403, "no"), nil)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", untouchable{t})
	h.ServeHTTP(httptest.NewRecorder(), r)
	assert.Equal(t, "ID > POST / HTTP/1.1\nID >\nID < HTTP/1.1 403 Forbidden\nID <\nID < no\n", b.String())
}

func TestLoggedLogsTheRequestBeforeTheHandlerRuns(t *testing.T) {
	var b *bytes.Buffer
	h, b := logLines(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "ID > GET /1.0/path HTTP/1.1\nID >\n", b.String())
		r.Method, r.RequestURI, r.URL.Path, r.Header["X-Late"] = "DELETE", "", "/", []string{"late"}
		w.WriteHeader(http.StatusOK)
		w.Header().Set("X-Late", "late")
	}), nil)
	serve(t, h, "GET", "/1.0/path", "")
	assert.NotContains(t, b.String(), "late", "what isn't on the wire")
	assert.NotContains(t, b.String(), "DELETE")
}

func TestLoggedLogsAPanickingHandler(t *testing.T) {
	for _, tt := range []struct {
		name string
		h    http.HandlerFunc
		want string
	}{
		{"before the first byte", func(http.ResponseWriter, *http.Request) {}, `ID < HTTP/1.1 500 Internal Server Error
ID <
ID < ** the handler panicked **
`},
		{"after it", answers(201, "half"), `ID < HTTP/1.1 201 Created
ID <
ID < ** response body redacted, cut off after 4 bytes **
ID < ** the handler panicked **
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cause := errors.New("cause")
			h, b := logLines(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				tt.h(w, r)
				panic(cause)
			}), func(s string) string { return strings.ReplaceAll(s, "SECRET", "xxx") })
			assert.PanicsWithValue(t, cause, func() { serve(t, h, "PUT", "/", "a SECRET") })
			assert.Equal(t, "ID > PUT / HTTP/1.1\nID >\nID > a xxx\n"+tt.want, b.String())
		})
	}
}

func TestLoggedBeginsEveryLineWithTheIDWhateverTheTexts(t *testing.T) {
	for _, text := range hostile {
		t.Run(strconv.QuoteToASCII(text), func(t *testing.T) {
			h, b := logLines(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Hostile", text)
				readsThenAnswers(200, "text/plain", text)(w, r)
			}), nil)
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(text))
			r.RequestURI = "/" + text + "?" + text
			r.Header = http.Header{"Content-Type": {"text/plain"}, "User-Agent": {text}, "X-" + text: {text}}
			h.ServeHTTP(httptest.NewRecorder(), r)
			bodyLines := 1 + strings.Count(strings.TrimSuffix(text, "\n"), "\n")
			assertOneRecordALine(t, b.String(), 5+bodyLines+4+bodyLines, "ID [<>]")
			assert.NotContains(t, "\n"+b.String(), "\nFORGED")
		})
	}
}

func TestLoggedEscapesTheID(t *testing.T) {
	for _, id := range hostile {
		h, b := logLines(answers(200, "body"), nil)
		h.RequestIDCreator = func(*http.Request) tigertonic.RequestID { return tigertonic.RequestID("ID" + id) }
		serve(t, h, "GET", "/", "")
		assertOneRecordALine(t, b.String(), 5, `ID.+ [<>]`)
	}
}

func TestLoggedEscapesOnlyWhatCantBePrinted(t *testing.T) {
	h, b := logLines(readsThenAnswers(200, "text/plain", "tab\tbell\a {\"quoted\": \"\\n\"} naïve 日本語 🐯 \u2028 \x9b1m \u009b1m"), nil)
	serve(t, h, "GET", "/", "")
	assert.Contains(t, b.String(), "ID < tab\tbell\\a {\"quoted\": \"\\n\"} naïve 日本語 🐯 \\u2028 \\x9b1m \\u009b1m\n")
}

func TestLoggedCreatesRandomIDs(t *testing.T) {
	h, b := logLines(answers(200, "body"), nil)
	h.RequestIDCreator = nil
	for range 2 {
		serve(t, h, "GET", "/", "")
	}
	ids := map[string]int{}
	for _, line := range regexp.MustCompile(`(?m)^([0-9A-Za-z]{16}) [<>]`).FindAllStringSubmatch(b.String(), -1) {
		ids[line[1]]++
	}
	require.Len(t, ids, 2, b)
	for _, lines := range ids {
		assert.Equal(t, 5, lines)
	}
}

func TestLoggersWriteToStandardOutput(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer out.Close()
	stdout := os.Stdout
	os.Stdout = out
	defer func() { os.Stdout = stdout }()
	h := tigertonic.ApacheLogged(tigertonic.JSONLogged(tigertonic.Logged(answers(200, "body"), nil), nil))
	serve(t, h, "GET", "/", "")

	got, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	id := `[0-9A-Za-z]{16}`
	assert.Regexp(t, `^`+id+` > GET / HTTP/1\.1
`+id+` >
`+id+` < HTTP/1\.1 200 OK
`+id+` <
`+id+` < body
@json: \{.*\}
192\.0\.2\.1 - - \[.*\] "GET / HTTP/1\.1" 200 4 "-" "-"
$`, string(got))
}

func TestLoggedRequestsShareALogger(t *testing.T) {
	const clients, requests = 8, 20
	var b bytes.Buffer
	logger := log.New(&b, "", 0)
	byHeader := func(r *http.Request) tigertonic.RequestID { return tigertonic.RequestID(r.Header.Get("X-Id")) }
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = []string{"text/plain"}
		_, _ = io.Copy(w, r.Body)
	})
	inner := tigertonic.JSONLogged(echo, nil)
	inner.Logger, inner.RequestIDCreator = logger, byHeader
	outer := tigertonic.Logged(inner, nil)
	outer.Logger, outer.RequestIDCreator = logger, byHeader
	srv := newServer(t, outer, false)
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			for request := range requests {
				id := fmt.Sprintf("%d.%d", client, request)
				r, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL, strings.NewReader("body of "+id))
				if err != nil {
					t.Error(err)
					return
				}
				r.Header = http.Header{"X-Id": {id}, "Content-Type": {"text/plain"}, "User-Agent": {""}, "Accept-Encoding": {"identity"}}
				res, err := srv.Client().Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		})
	}
	wg.Wait()
	srv.Close() // waits for the handlers

	byID := map[string][]string{}
	records := regexp.MustCompile(`"body":"body of ([0-9.]+)".*"body":"body of ([0-9.]+)".*"@request_id":"([0-9.]+)"`)
	for line := range strings.Lines(b.String()) {
		id, rest, _ := strings.Cut(line, " ")
		if id == "@json:" {
			record := records.FindStringSubmatch(rest)
			require.NotNil(t, record, line)
			require.Equal(t, []string{record[3], record[3]}, record[1:3])
			id, rest = record[3], "@json\n"
		}
		byID[id] = append(byID[id], rest)
	}
	assert.Len(t, byID, clients*requests)
	for id, lines := range byID {
		assert.Equal(t, strings.ReplaceAll(`> POST / HTTP/1.1
> Accept-Encoding: identity
> Content-Length: 11
> Content-Type: text/plain
> X-Id: ID
>
@json
> body of ID
< HTTP/1.1 200 OK
< Content-Type: text/plain
<
< body of ID
`, "ID", id), strings.Replace(strings.Join(lines, ""), "Content-Length: 12", "Content-Length: 11", 1))
	}
}

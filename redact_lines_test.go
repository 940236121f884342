package tigertonic_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// keyed answers with a key in a header and in the body.
var keyed = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Session", "k3")
	readsThenAnswers(200, "application/json", "{\n  \"token\": \"k4\"\n}\n")(w, r)
})

func TestRedactorOfLoggedFindsWholeLines(t *testing.T) {
	removals := []struct{ pattern, replacement string }{
		{`^(\S+ > X-Api-Key): .*$`, "$1: -"},
		{`^ID > GET /path\?key=k1 HTTP/1\.1$`, "ID > GET /path HTTP/1.1"},
		{`^(ID < X-Session): .*$`, "$1: -"},
		{`^(ID <   "token"): "k4"$`, `$1: "-"`},            // a line of the body
		{`^(?s)(ID > one\n.*)k5(.*)\n$`, "$1-$2\n"},        // the body after the prefix, as the classic one was called
		{`^(ID > \{"password"): "k6\\u200b"\}$`, `$1: -}`}, // what is escaped in the line
	}
	h, b := logLines(keyed, func(s string) string {
		for _, r := range removals {
			s = regexp.MustCompile(r.pattern).ReplaceAllString(s, r.replacement)
		}
		return s
	})
	serve(t, h, "GET", "/path?key=k1", "one\ntwo k5\nthree", "Content-Type", "text/plain", "X-Api-Key", "k2")
	serve(t, h, "GET", "/", "{\"password\": \"k6\u200b\"}", "Content-Type", "application/json")
	assert.NotRegexp(t, `k\d`, b.String())
}

func TestRedactorOfJSONLoggedFindsTheWholeLine(t *testing.T) {
	for name, removal := range map[string]tigertonic.Redactor{
		"by a pattern": func(s string) string {
			return regexp.MustCompile(`^(@json: .*"x-api-key":").*?(".*"url":"[^?"]*).*?(".*"body":").*?(","headers.*"x-session":").*?(".*"@message":").*?("[^"]*"@request_id.*\n)$`).
				ReplaceAllString(s, "$1-$2$3-$4-$5-$6")
		},
		"by what HTML escapes": func(s string) string {
			s = regexp.MustCompile(`a=b\\u0026key=k1`).ReplaceAllString(s, "a=b")
			return regexp.MustCompile(`k[234]`).ReplaceAllString(s, "-")
		},
		"as an object": func(s string) string {
			text, ok := strings.CutPrefix(s, "@json: ")
			if !ok {
				return s
			}
			var record map[string]any
			assert.NoError(t, json.Unmarshal([]byte(text), &record))
			delete(record, "http")
			delete(record, "@message")
			left, err := json.Marshal(record)
			assert.NoError(t, err)
			return "@json: " + string(left) + "\n"
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, b := logJSON(keyed, removal)
			serve(t, h, "GET", "/path?a=b&key=k1", "", "X-Api-Key", "k2")
			assert.NotRegexp(t, `k\d`, b.String())
			assert.Equal(t, "ID", readRecord(t, b).RequestID)
		})
	}
}

func TestJSONLoggedShowsCharactersThatHTMLEscapes(t *testing.T) {
	const text = `<a href="x\u003cy">&</a> \\u0026`
	h, b := logJSON(readsThenAnswers(200, "text/plain", text), func(s string) string { return s })
	serve(t, h, "GET", "/", "")
	assert.Equal(t, text, readRecord(t, b).HTTP.Response.Body)
	assert.Contains(t, b.String(), `"body":"<a href=`)
}

func TestRedactorThatPanicsAtTheLineLetsNothingThrough(t *testing.T) {
	for _, begins := range []string{"ID ", "@json: "} {
		withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
			h, b := logged(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-RAW", "RAW")
				answers(200, "RAW")(w, nil)
				panic(http.ErrAbortHandler)
			}), func(s string) string {
				if strings.HasPrefix(s, begins) {
					panic("the redactor")
				}
				return s
			})
			assert.Panics(t, func() { serve(t, h, "RAW", "/RAW", "RAW", "X-RAW", "RAW") })
			if strings.HasPrefix(b.String(), begins) {
				assert.NotContains(t, b.String(), "RAW")
				assert.Contains(t, b.String(), "the redactor panicked")
			}
		})
	}
}

func TestRedactedLineStaysOne(t *testing.T) {
	withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
		h, b := logged(answers(200, "body"), func(s string) string { return s + "\x1b\r\nFORGED\xff\n" })
		serve(t, h, "GET", "/", "")
		assert.NotContains(t, b.String(), "\nFORGED")
		assert.NotContains(t, b.String(), "\x1b")
		assert.NotContains(t, b.String(), "\r")
		for line := range strings.Lines(b.String()) {
			assert.Regexp(t, `^(ID [<>]|@json: )`, line)
		}
	})
}

func TestCauseAndStackAreRedactedAsLines(t *testing.T) {
	withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
		h, b := logged(tigertonic.Recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(errors.New("k1")) })), func(s string) string {
			s = regexp.MustCompile(`^(ID < \*\* error: panic: )k1`).ReplaceAllString(s, "$1-")
			s = regexp.MustCompile(`("error":"panic: )k1`).ReplaceAllString(s, "$1-")
			return regexp.MustCompile(`(?m)^(ID < .*/|.*)redact_lines_test\.go`).ReplaceAllString(s, "-")
		})
		serve(t, h, "GET", "/", "")
		assert.NotContains(t, b.String(), "k1")
		assert.Contains(t, b.String(), "panic: -")
		assert.NotContains(t, b.String(), "redact_lines_test.go")
	})
}

// What a handler logs by the logger that it is in is redacted, too.
func TestLoggersRedactWhatIsLoggedByTheirMethods(t *testing.T) {
	var b bytes.Buffer
	lines, objects := tigertonic.Logged(hello, removeSecret), tigertonic.JSONLogged(hello, removeSecret)
	lines.Logger, objects.Logger = log.New(&b, "", log.Lshortfile), log.New(&b, "", log.Lshortfile)
	for _, l := range []tigertonic.Logger{lines, objects} {
		l.Print("a ", secret)
		l.Printf("b %s", secret)
		l.Println("c", secret)
		require.NoError(t, l.Output(1, "d "+secret))
	}
	assert.NotContains(t, b.String(), secret)
	assert.Equal(t, strings.Repeat("redact_lines_test.go: a [redacted]\nredact_lines_test.go: b [redacted]\nredact_lines_test.go: c [redacted]\nredact_lines_test.go: d [redacted]\n", 2),
		regexp.MustCompile(`:\d+:`).ReplaceAllString(b.String(), ":"))
}

package tigertonic_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// serve has h answer one request. The headers are names and values in turn.
func serve(t *testing.T, h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// postJSON has h answer a POST of JSON.
func postJSON(t *testing.T, h http.Handler, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	return serve(t, h, "POST", target, body, "Content-Type", "application/json")
}

// requireError requires a response with this status, name and description.
func requireError(t *testing.T, w *httptest.ResponseRecorder, status int, name, description string) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.JSONEq(t, `{"error":"`+name+`","description":`+quote(description)+`}`, w.Body.String())
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// discard is a Logger that logs nothing.
var discard = log.New(io.Discard, "", 0)

// timeless is a writer that takes the time out of what it writes.
type timeless struct{ io.Writer }

func (w timeless) Write(p []byte) (int, error) {
	text := regexp.MustCompile(`"duration":[0-9.]+`).ReplaceAll(p, []byte(`"duration":0`))
	text = regexp.MustCompile(`\[[^]]+ [+-]\d{4}\]`).ReplaceAll(text, []byte("[now]"))
	_, err := w.Writer.Write(text)
	return len(p), err
}

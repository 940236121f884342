package observe

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestServiceSaysWhatItDoes(t *testing.T) {
	var lines bytes.Buffer
	server, logs := newServer(&lines)
	for _, target := range []string{"/teas/green", "/teas/black", "/nothing"} {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("User-Agent", "curl/8")
		server.Handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	if err := logs.Close(); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(lines.String(), "\n")
	var line struct {
		Level     string `json:"level"`
		Method    string `json:"method"`
		Pattern   string `json:"pattern"`
		Status    int    `json:"status"`
		RequestID string `json:"request_id"`
		Agent     string `json:"agent"`
	}
	if err := json.Unmarshal([]byte(first), &line); err != nil {
		t.Fatal(err)
	}
	if line.Level != slog.LevelInfo.String() || line.Status != 200 || line.Agent != "curl/8" || line.RequestID == "" || !strings.Contains(first, "/teas/{id}") {
		t.Errorf("got %s", first)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Host = "127.0.0.1"
	server.Admin.ServeHTTP(w, r)
	for _, want := range []string{
		`http_request_duration_seconds_count{method="GET",pattern="/teas/{id}",class="2xx"} 2`,
		`http_request_duration_seconds_bucket{`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("want %s in %s", want, w.Body)
		}
	}
}

package observe

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic"
)

// A down is a database that can't be reached.
type down struct{ err error }

func (d down) Connect(context.Context) (driver.Conn, error) { return d, d.err }
func (d down) Driver() driver.Driver                        { return nil }
func (d down) Prepare(string) (driver.Stmt, error)          { return nil, d.err }
func (d down) Close() error                                 { return d.err }
func (d down) Begin() (driver.Tx, error)                    { return nil, d.err }

func TestServiceIsReadyWhileItsDatabaseAnswers(t *testing.T) {
	for _, tt := range []struct {
		err          error
		admin, probe int
	}{{nil, 200, 204}, {errors.New("connection refused"), 503, 503}} {
		db := sql.OpenDB(down{tt.err})
		mux := tigertonic.NewTrieServeMux()
		server := tigertonic.NewServer("127.0.0.1:0", mux)
		mux.Handle("GET", "/ready", ready(server, db))
		watched(server, db)
		for h, want := range map[http.Handler]int{server.Admin: tt.admin, server.Handler: tt.probe} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/ready", nil))
			if w.Code != want {
				t.Errorf("with the database's error %v: got %d %s, want %d", tt.err, w.Code, w.Body, want)
			}
		}
		if err := db.Close(); err != nil && tt.err == nil {
			t.Error(err)
		}
	}
}

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

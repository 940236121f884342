package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic/client"
	"github.com/rcrowley/go-tigertonic/examples/internal/postgrestest"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
)

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	slog.SetDefault(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	goleak.VerifyTestMain(contract.Covered(m, promised()))
}

// promised is what all tests hold the service to.
var promised = sync.OnceValue(func() *contract.Contract {
	return contract.MustParse(document().JSON()).Except("/openapi.json", "/docs", "/mcp")
})

// A service that is tested.
type tested struct {
	http.Handler
	*client.Client // with a token
	*tracker
	token  string
	folder string // of the attachments
}

// on calls f with a service on each kind of database.
func on(t *testing.T, f func(t *testing.T, s *tested)) {
	t.Helper()
	for name, db := range map[string]func(*testing.T) string{
		"SQLite":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "tracker.db") },
		"PostgreSQL": func(t *testing.T) string { return postgrestest.Fresh(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, start(t, options{db: db(t), files: t.TempDir(), audience: "tracker", origin: "https://tracker.example", perMinute: 100_000}))
		})
	}
}

func start(t *testing.T, o options) *tested {
	t.Helper()
	made, token, err := newTracker(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.db.Close() })
	s := &tested{tracker: made, token: token, folder: o.files}
	s.Handler = made.service(o)
	s.Client = s.as(t, token)
	return s
}

// as returns a client with a token.
func (s *tested) as(t *testing.T, token string) *client.Client {
	t.Helper()
	return client.New("http://tracker.test", client.Options{
		Transport: promised().Transport(t, client.InProcess(s.Handler)),
		Header:    http.Header{"Authorization": {"Bearer " + token}},
	})
}

// ask returns the answer to a request with the token, unless there are other headers.
func (s *tested) ask(t *testing.T, method, path, body string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	promised().Handler(t, s.Handler).ServeHTTP(w, r)
	return w.Result()
}

func read(t *testing.T, rs *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(rs.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

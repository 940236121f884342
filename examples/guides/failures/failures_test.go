package failures

import (
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/internal/docstest"
)

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	m.Run()
}

func TestErrorsHaveTheFormatOfTheService(t *testing.T) {
	before := tigertonic.ResponseErrorWriter
	defer func() { tigertonic.ResponseErrorWriter = before }()
	tigertonic.ResponseErrorWriter = asText{before}
	for path, want := range map[string]string{"/nothing": "404 GET /nothing not found\n", "/broken": "500 Internal Server Error\n"} {
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("GET", "/broken", tigertonic.If(func(*http.Request) (http.Header, error) { return nil, sql.ErrNoRows }, service()))
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if got := fmt.Sprint(w.Code, " ", w.Body); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestPageShowsWhatTheClientGets(t *testing.T) {
	docstest.Console(t, "../../../docs/errors.md", func(t *testing.T) docstest.Service {
		server := httptest.NewServer(tigertonic.Identified(service(), nil))
		t.Cleanup(server.Close)
		return docstest.Service{Address: server.Listener.Addr().String()}
	})
}

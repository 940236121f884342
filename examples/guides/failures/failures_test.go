package failures

import (
	"io"
	"log/slog"
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

func TestPageShowsWhatTheClientGets(t *testing.T) {
	docstest.Console(t, "../../../docs/errors.md", func(t *testing.T) docstest.Service {
		server := httptest.NewServer(tigertonic.Identified(service(), nil))
		t.Cleanup(server.Close)
		return docstest.Service{Address: server.Listener.Addr().String()}
	})
}

package inout

import (
	"net/http/httptest"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/internal/docstest"
)

func TestPageShowsWhatTheClientGets(t *testing.T) {
	docstest.Console(t, "../../../docs/input-output.md", func(t *testing.T) docstest.Service {
		server := httptest.NewServer(service())
		t.Cleanup(server.Close)
		return docstest.Service{Address: server.Listener.Addr().String()}
	})
}

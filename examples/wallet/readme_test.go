package main

import (
	"net/http/httptest"
	"testing"

	"github.com/rcrowley/go-metrics"

	"github.com/rcrowley/go-tigertonic/examples/internal/docstest"
)

func TestREADMEShowsWhatTheServiceAnswers(t *testing.T) {
	docstest.Console(t, "README.md", func(t *testing.T) docstest.Service {
		server := httptest.NewServer(service(mustOpen(t, t.TempDir()+"/wallet.db"), "PASSWORD", metrics.NewRegistry()))
		t.Cleanup(server.Close)
		return docstest.Service{Address: server.Listener.Addr().String()}
	})
}

package main

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/internal/docstest"
)

func TestREADMEShowsWhatCurlPrints(t *testing.T) {
	docstest.Console(t, "README.md", func(t *testing.T) docstest.Service {
		s := start(t, options{db: filepath.Join(t.TempDir(), "tracker.db"), files: t.TempDir(), audience: "tracker", origin: "https://tracker.example", perMinute: 100})
		server := httptest.NewServer(s.Handler)
		t.Cleanup(server.Close)
		return docstest.Service{Address: strings.TrimPrefix(server.URL, "http://"), Replace: map[string]string{s.token: "TOKEN"}}
	})
}

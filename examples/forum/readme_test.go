package main

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/internal/docstest"
)

func TestREADMEShowsWhatTheServiceAnswers(t *testing.T) {
	docstest.Console(t, "README.md", func(t *testing.T) docstest.Service {
		o := options{db: filepath.Join(t.TempDir(), "forum.db"), files: t.TempDir(), domain: "localhost"}
		p, err := start(t.Context(), &o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.stop)
		if _, err := p.service.store.seed(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(p.service.handler())
		t.Cleanup(server.Close)
		address := server.Listener.Addr().String()
		return docstest.Service{
			Address: address, Replace: map[string]string{"demo.localhost" + address[strings.LastIndexByte(address, ':'):]: "demo.localhost:8000"},
			Prints: map[string]string{
				"go -C examples run ./forum -seed 10000": "forum (process 4711) listens on http://127.0.0.1:8000, try:\n" + o.try("http://127.0.0.1:8000", "PASSWORD") +
					"for operators: http://127.0.0.1:8001/\n",
			},
		}
	})
}

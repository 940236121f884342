package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/openapi/openapitest"

	"github.com/rcrowley/go-tigertonic/examples/internal/docstest"
)

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	m.Run()
}

func TestNoteIsCreatedOnce(t *testing.T) {
	n := &notes{byID: map[string]Note{}}
	if _, err := n.create(context.Background(), &Note{ID: "milk", Text: "Buy some."}); err != nil {
		t.Fatal(err)
	}
	_, err := n.create(context.Background(), &Note{ID: "milk", Text: "Buy more."})
	if _, ok := errors.AsType[tigertonic.Conflict](err); !ok {
		t.Errorf("got %v, want a Conflict", err)
	}
}

func TestNoteWithoutTextIsRefused(t *testing.T) {
	server := httptest.NewServer(service())
	defer server.Close()
	rs, err := http.Post(server.URL+"/notes", "application/json", strings.NewReader(`{"id":"milk"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	body, err := io.ReadAll(rs.Body)
	if err != nil || rs.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(body), `"/text"`) {
		t.Errorf("got %d %s, want 422 that names /text", rs.StatusCode, body)
	}
}

func TestDocumentIsTheOneThatClientsHave(t *testing.T) {
	doc := openapi.New(service(), openapi.Info{Title: "Notes", Version: "1.0"})
	openapitest.Golden(t, doc, "testdata/openapi.json")
}

func TestPageShowsWhatTheServiceAnswers(t *testing.T) {
	docstest.Console(t, "../../../docs/start.md", func(t *testing.T) docstest.Service {
		server := httptest.NewServer(service())
		t.Cleanup(server.Close)
		return docstest.Service{Address: server.Listener.Addr().String()}
	})
}

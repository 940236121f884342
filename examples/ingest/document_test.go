package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
	"github.com/rcrowley/go-tigertonic/openapi/openapitest"
)

// newTree returns the tree of handlers without what is behind it.
func newTree() http.Handler {
	s := &service{tokens: tokens{}, ready: func() error { return nil }}
	return s.handler(newLive(s), metrics.NewRegistry())
}

var document = sync.OnceValue(func() []byte { return describe(newTree()).JSON() })

// promised is what all tests hold the service to.
var promised = sync.OnceValue(func() *contract.Contract {
	return contract.MustParse(document()).Except("/openapi.json", "/docs", "/", "/live.css", "/live.js")
})

func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	conform.Valid(t, document())
}

func TestDocumentPassesTheLinter(t *testing.T) {
	t.Parallel()
	conform.Redocly(t, document())
}

// UPDATE_GOLDEN=1 accepts what has changed.
func TestDocumentIsTheOneInTheFile(t *testing.T) {
	t.Parallel()
	openapitest.Golden(t, describe(newTree()), "testdata/openapi.json")
}

func TestEveryRequestIsCountedAndMeasured(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(tigertonic.Explain(newTree())) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[0] == "METHOD" {
			continue
		}
		handlers := strings.Join(fields[2:], " ")
		if !strings.HasPrefix(handlers, "CountedByStatus(http) > Recovered > ") {
			t.Errorf("%s %s is served by %s", fields[0], fields[1], handlers)
		}
		isAPI, isIntake := strings.HasPrefix(fields[1], "/1.0/"), strings.Contains(handlers, "> intake > ")
		if isAPI && (!strings.Contains(handlers, "> Timed(") || !isIntake && !strings.Contains(handlers, "> Limited(")) {
			t.Errorf("%s %s isn't measured and limited: %s", fields[0], fields[1], handlers)
		}
	}
}

func TestServiceKeepsToItsDocumentWhateverIsAsked(t *testing.T) {
	t.Parallel()
	promised().Fuzz(t, start(t, flags(t)).tree, contract.FuzzOptions{})
}

package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
	"github.com/rcrowley/go-tigertonic/openapi/openapitest"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/export"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/ingest"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/web"
)

// newTree returns the tree of handlers without a database.
func newTree(args ...string) http.Handler {
	o, _ := parseOptions("", args)
	s := &service{
		options: o, ingest: ingest.New(nil, nil, ingest.Options{Now: time.Now}), export: &export.API{}, registry: metrics.NewRegistry(),
		web: web.New(nil, &export.API{}, time.Now, nil),
	}
	return s.handler()
}

var document = sync.OnceValue(func() []byte { return describe(newTree(), "localhost").JSON() })

func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	conform.Valid(t, document())
}

func TestDocumentPassesTheLinter(t *testing.T) {
	t.Parallel()
	const published = "stats.test" // the linter warns of localhost
	conform.Redocly(t, describe(newTree("-domain", published), published).JSON())
}

// UPDATE_GOLDEN=1 accepts what has changed.
func TestDocumentIsTheOneInTheFile(t *testing.T) {
	t.Parallel()
	openapitest.Golden(t, describe(newTree(), "localhost"), "testdata/openapi.json")
}

func TestEveryRequestGoesThroughTheWholeStack(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(tigertonic.Explain(newTree())) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[0] == "HOST" {
			continue
		}
		handlers := strings.Join(fields[3:], " ")
		if !strings.HasPrefix(handlers, "Identified > CountedByStatus(http) > Recovered > hosts > ") {
			t.Errorf("%s is served by %s", line, handlers)
		}
		if fields[0] == "www.localhost" != strings.Contains(handlers, "> Accessed > ") {
			t.Errorf("%s is logged or not by mistake", line)
		}
		if strings.HasPrefix(fields[2], "/x/") && (!strings.Contains(handlers, "> Timed(") || !strings.Contains(handlers, "> Limited(")) {
			t.Errorf("%s isn't measured and limited", line)
		}
	}
}

// Every other request has the token that it needs, so that it gets beyond that.
func TestServiceKeepsToItsDocumentWhateverIsAsked(t *testing.T) {
	t.Parallel()
	r := start(t)
	n := 0
	contract.MustParse(document()).Fuzz(t, r.Config.Handler, contract.FuzzOptions{
		Requests: 60,
		Prepare: func(rq *http.Request) {
			n++
			segments := strings.Split(rq.URL.Path, "/")
			if n%2 == 0 && len(segments) > 2 && segments[1] == "x" && segments[2] != "" {
				segments[2] = r.account.token
				rq.URL.Path, rq.URL.RawPath = strings.Join(segments, "/"), ""
			}
		},
	})
}

package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
	"github.com/rcrowley/go-tigertonic/openapi/openapitest"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
)

// newTree returns the tree of the thin API without services.
func newTree() http.Handler {
	p := &process{options: &options{now: time.Now, api: true}, node: rpc.NewNode(rpc.Options{Network: &rpc.Local{}})}
	p.live = newLive(p)
	return p.newFront()
}

var document = sync.OnceValue(func() []byte { return describe(newTree()).JSON() })

// promised is what all tests hold the service to.
var promised = sync.OnceValue(func() *contract.Contract {
	return contract.MustParse(document()).Except("/openapi.json", "/docs", "/", "/style.css", "/map.js")
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

func TestEveryRequestGoesThroughTheWholeStack(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(tigertonic.Explain(newTree())) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[0] == "METHOD" {
			continue
		}
		handlers := strings.Join(fields[2:], " ")
		if !strings.HasPrefix(handlers, "Identified > Accessed > Measured > Recovered > ") {
			t.Errorf("%s %s is served by %s", fields[0], fields[1], handlers)
		}
		if strings.HasPrefix(fields[1], "/v1/") && (!strings.Contains(handlers, "> Limited(") || !strings.Contains(handlers, "> Sized(")) {
			t.Errorf("%s %s isn't limited: %s", fields[0], fields[1], handlers)
		}
	}
}

// A position may be of the future, which the document can't refuse.
func TestServiceKeepsToItsDocumentWhateverIsAsked(t *testing.T) {
	t.Parallel()
	c := start(t)
	promised().Fuzz(t, c.process.front, contract.FuzzOptions{Requests: 40, Rules: []string{"set-position"}})
}

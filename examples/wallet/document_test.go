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

// newTree returns the tree of handlers without a database.
func newTree() http.Handler { return service(&store{}, "swordfish", metrics.NewRegistry()) }

var document = sync.OnceValue(func() []byte { return describe(newTree()).JSON() })

// promised is what all tests hold the service to.
var promised = sync.OnceValue(newContract)

func newContract() *contract.Contract {
	return contract.MustParse(document()).Except("/openapi.json", "/docs")
}

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
		if !strings.HasPrefix(handlers, "Accessed > Identified > CountedByStatus(http) > Recovered > ") {
			t.Errorf("%s %s is served by %s", fields[0], fields[1], handlers)
		}
		isAPI := strings.HasPrefix(fields[1], "/1.0/")
		if isAPI && (!strings.Contains(handlers, "> Timed(") || !strings.Contains(handlers, "> Limited(")) {
			t.Errorf("%s %s isn't measured and limited: %s", fields[0], fields[1], handlers)
		}
		if strings.HasPrefix(fields[1], "/1.0/admin/") != strings.Contains(handlers, `> HTTPBasicAuth("wallet") > `) {
			t.Errorf("%s %s is open or closed by mistake: %s", fields[0], fields[1], handlers)
		}
	}
}

// The rules besides the document: a key belongs to one request, and money goes to
// another account.
func TestServiceKeepsToItsDocumentWhateverIsAsked(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		tree := service(mustOpen(t, db), "swordfish", metrics.NewRegistry())
		promised().Fuzz(t, tree, contract.FuzzOptions{
			Rules:   []string{"transfer"},
			Prepare: func(r *http.Request) { r.SetBasicAuth("operator", "swordfish") },
		})
	})
}

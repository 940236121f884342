package contract_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/openapi/contract"
)

func TestReportTellsWhatWasNeverAskedNorAnswered(t *testing.T) {
	w := &witness{TB: t}
	api := contract.MustParse([]byte(document)).Except("/stuff/all")
	server := api.Server(w, stuffMux())
	send(t, server.Client(), "POST", server.URL+"/stuff/1?limit=3", `{"n":1}`)
	send(t, server.Client(), "GET", server.URL+"/stuff/1", "")
	send(t, server.Client(), "GET", server.URL+"/stuff/2", "")
	var b strings.Builder
	api.Report(&b)
	want := "" +
		"OPERATION         CALLS  ANSWERED  NEVER ANSWERED  NEVER SENT\n" +
		"GET /stream       0      -         200             -\n" +
		"GET /stuff/{id}   2      200       204 4XX         -\n" +
		"POST /stuff/{id}  1      204       -               of\n" +
		"called 2 of 3 operations, with 3 of 4 parameters, and seen 2 of 5 statuses\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := api.Uncalled(); !slices.Equal(got, []string{"GET /stream"}) {
		t.Errorf("got %q", got)
	}
	api.Fuzz(w, http.NotFoundHandler(), contract.FuzzOptions{Requests: 5})
	if got := api.Uncalled(); !slices.Equal(got, []string{"GET /stream"}) {
		t.Errorf("got %q after made-up requests", got)
	}
}

type tests func() int

func (run tests) Run() int { return run() }

func TestCoveredFailsIfAnOperationWasNeverCalled(t *testing.T) {
	want := 0
	if contract.RanAll() { // as it is without -run
		want = 1
	}
	api := contract.Of(notes())
	if got := contract.Covered(tests(func() int { return 0 }), api).Run(); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

func TestDocumentsThatCannotBeRead(t *testing.T) {
	for doc, want := range map[string]string{
		"":                      "isn't JSON",
		"[]":                    "isn't an object",
		`{}`:                    `the version ""`,
		`{"swagger":"2.0"}`:     `the version ""`,
		`{"openapi":"3.0.3"}`:   "isn't 3.1",
		`{"openapi":"3.1.0"} x`: "isn't JSON",
	} {
		if _, err := contract.Parse([]byte(doc)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", doc, err, want)
		}
	}
	api, err := contract.Parse([]byte(`{"openapi":"3.1.0","paths":{"/a":{"$ref":"#/components/pathItems/a"}},
		"components":{"pathItems":{"a":{"get":{"parameters":[{"$ref":"#/components/parameters/0"}],"responses":{"200":{"$ref":"#/components/responses/x~1y"}}}}},
		"responses":{"x/y":{"description":"","headers":{"x-a":{"required":true}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{TB: t}
	r, err := http.NewRequest("GET", "/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	api.Check(w, "", r, 200, http.Header{"X-B": {"1"}}, nil)
	if got := w.told(); !strings.Contains(got, "there is no X-A") || !strings.Contains(got, "doesn't have the header X-B") {
		t.Errorf("got %q", got)
	}
}

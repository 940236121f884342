package contract_test

import (
	"context"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	tigertonic "github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
)

type created struct {
	tigertonic.Validators
	Location string   `header:"Location" required:"true"`
	Links    []string `header:"Link"`
	Left     int      `header:"X-Left" required:"true"`
	Body     string   `body:""`
}

type answers struct {
	Created *created  `status:"201"`
	Found   *string   `status:"200"`
	None    *struct{} `status:"204"`
	Full    *string   `status:"409"`
}

// What is declared by the tags of the result passes, and a middleware that changes it
// doesn't.
func TestAnswersThatAreDeclaredByTagsPass(t *testing.T) {
	text := "a"
	all := map[string]answers{
		"created": {Created: &created{tigertonic.Validators{ETag: `"v1"`, LastModified: time.Now()}, "/a", []string{`</b>; rel="b"`, `</c>; rel="c"`}, 0, "a"}},
		"found":   {Found: &text}, "none": {None: &struct{}{}}, "full": {Full: &text},
	}
	type which struct {
		Which string `query:"which" required:"true"`
	}
	e := tigertonic.Typed(func(_ context.Context, in *which) (answers, error) { return all[in.Which], nil })
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("PUT", "/", e)
	api := contract.Of(mux)
	call := func(h http.Handler, which string) string {
		w := &witness{TB: t}
		api.Handler(w, h).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "PUT", "/?which="+which, nil))
		return w.told()
	}
	for which := range all {
		if got := call(mux, which); got != "" {
			t.Errorf("%s: %s", which, got)
		}
	}
	for want, spoil := range map[string]func(w http.ResponseWriter){
		`the document has only ["200" "201" "204" "400"`: func(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) },
		"the document doesn't have the header X-Spy":     func(w http.ResponseWriter) { w.Header().Set("X-Spy", "1"); w.WriteHeader(http.StatusNoContent) },
		"there is no Location":                           func(w http.ResponseWriter) { w.WriteHeader(http.StatusCreated) },
		`it is text/html, and the document has only ["application/json"]`: func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<p>"))
		},
	} {
		if got := call(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { spoil(w) }), "none"); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

type progress struct {
	Stepped *int    `event:"stepped"`
	Failed  *string `event:"failed"`
}

func TestEventsAreCheckedByTheirNames(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/", tigertonic.Typed(func(context.Context, *struct{}) (iter.Seq2[tigertonic.Event[progress], error], error) {
		return nil, nil
	}))
	for _, version := range []string{"3.1", "3.2"} {
		api := contract.MustParse(openapi.New(mux, openapi.Info{Title: "T", Version: "1", OpenAPI: version}).JSON())
		for body, want := range map[string]string{
			"id: 1\nevent: stepped\nretry: 5\ndata: 1\n\n:\n\nevent: failed\ndata: \"a\"\n\nevent: end\nid: end\ndata: {}\n\n": "",
			"event: stepped\ndata: \"a\"\n\n": "got string, want integer",
			"event: other\ndata: 1\n\n":       `the document doesn't have the event "other"`,
			"data: 1\n\n":                     `the document doesn't have the event ""`,
		} {
			w := &witness{TB: t}
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
			api.Check(w, "", r, 200, http.Header{"Content-Type": {"text/event-stream"}}, []byte(body))
			if got := w.told(); (got != "") != (want != "") || !strings.Contains(got, want) {
				t.Errorf("%s: %q: got %q, want %q", version, body, got, want)
			}
		}
	}
}

func TestMembersOfAnObjectInTheQueryAreChecked(t *testing.T) {
	type input struct {
		IDs    []int `query:"ids,comma"`
		Limit  int   `query:"limit,omitempty" minimum:"1"`
		Filter struct {
			Status string `query:"status" required:"true" enum:"open,closed"`
		} `query:"filter,deepObject"`
		Ranks map[string][]int  `query:"ranks,deepObject" minimum:"1" maxItems:"2"`
		Words map[string]string `query:"words,deepObject" pattern:"^[a-z]*$" minProperties:"2" maxProperties:"3"`
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/", tigertonic.Typed(func(context.Context, *input) (struct{}, error) { return struct{}{}, nil }))
	api := contract.Of(mux)
	for query, want := range map[string]string{
		"ids=1,2&filter[status]=open":        "",
		"ids=1":                              "query filter[status] is missing",
		"filter[status]=open&limit=":         "",
		"filter[status]=open&limit=&limit=0": "query limit: ",
		"filter[status]=lost":                "query filter[status]: ",
		"filter[status]=open&ranks[a]=1&ranks[a]=2&words[x]=y&words[z]=": "",
		"filter[status]=open&ranks[a]=0":                                 `query ranks: "a": `,
		"filter[status]=open&ranks[]=1":                                  `"" isn't the name of a member`,
		"filter[status]=open&words[a]=b":                                 "query words: it has 1 members",
		"filter[status]=open&words[a]=b&words[a]=c&words[d]=e":           `"a" is there 2 times`,
		"filter[status]=open&words[a]=B&words[c]=":                       `query words: "a": `,
	} {
		w := &witness{TB: t}
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/?"+query, nil)
		api.Check(w, "", r, 204, http.Header{}, nil)
		if got := w.told(); (got != "") != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	api.Fuzz(t, mux, contract.FuzzOptions{})
}

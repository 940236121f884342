package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic"
)

const (
	mergePatch = "Content-Type: application/merge-patch+json"
	onlyJSON   = "only application/json can be sent, which the Accept header doesn't allow"
)

// problem returns a problem as it is sent.
func problem(status int, detail string) string {
	return fmt.Sprintf(`{"title":%q,"status":%d,"detail":%q}`+"\n", http.StatusText(status), status, detail)
}

// invalid returns a problem with these errors.
func invalid(status int, errors string) string {
	detail := map[int]string{400: "the request can't be read", 422: "the request isn't valid"}[status]
	return strings.TrimSuffix(problem(status, detail), "}\n") + `,"errors":[` + errors + "]}\n"
}

func TestTypedSideAnswers(t *testing.T) {
	t.Parallel()
	p := start(t)
	long := strings.Repeat("x", 1<<20)
	for _, tt := range []struct {
		method, path, body, header string
		status                     int
		want                       string // the body
	}{
		{"GET", "/2.0/stuff", "", "", 200, "[]\n"},
		{"POST", "/2.0/stuff", `{"id":"b","stuff":"1"}`, "", 201, `{"id":"b","stuff":"1"}` + "\n"},
		{"POST", "/2.0/stuff", `{"stuff":"2","id":"a"}`, "Content-Type: application/json;charset=utf-8", 201, `{"id":"a","stuff":"2"}` + "\n"},
		{"POST", "/2.0/stuff", `{"id":"c","stuff":""}`, "", 201, `{"id":"c","stuff":""}` + "\n"},
		{"POST", "/2.0/stuff", `{"id":"a","stuff":"3"}`, "", 409, problem(409, `there is stuff "a" already`)},
		{"POST", "/2.0/stuff", `{"id":"a b","Stuff":7}`, "", 422, invalid(422,
			`{"pointer":"/id","keyword":"pattern","limit":"^[A-Za-z0-9_-]{1,64}$","detail":"must match ^[A-Za-z0-9_-]{1,64}$"},{"pointer":"/Stuff","keyword":"additionalProperties","limit":false,"detail":"is not known"},{"pointer":"/stuff","keyword":"required","detail":"is required"}`)},
		{"POST", "/2.0/stuff", `{"id":"d","stuff":"` + strings.Repeat("é", 1001) + `"}`, "", 422, invalid(422,
			`{"pointer":"/stuff","keyword":"maxLength","limit":1000,"detail":"must be at most 1000 characters long"}`)},
		{"POST", "/2.0/stuff", `null`, "", 422, invalid(422, `{"pointer":"","keyword":"type","limit":"object","detail":"must be an object"}`)},
		{"POST", "/2.0/stuff", `{"id":"d"`, "", 400, invalid(400, `{"pointer":"","detail":"ends before it is whole"}`)},
		{"POST", "/2.0/stuff", `{"id":"d","stuff":"1"} {}`, "", 400, invalid(400, `{"pointer":"","detail":"isn't JSON, at offset 23: invalid character '{' after top-level value"}`)},
		{"POST", "/2.0/stuff", `{"id":"d","id":"e","stuff":"1"}`, "", 400, invalid(400, `{"pointer":"/id","detail":"is there twice"}`)},
		{"POST", "/2.0/stuff", "", "Content-Type: application/json", 400, invalid(400, `{"pointer":"","keyword":"required","detail":"is required"}`)},
		{"POST", "/2.0/stuff", `id=d`, "Content-Type: application/x-www-form-urlencoded", 415, problem(415, "the Content-Type of a body must be application/json")},
		{"POST", "/2.0/stuff", `{"id":"d","stuff":"` + long + `"}`, "", 413, problem(413, "the body is longer than 1048576 bytes")},
		{"POST", "/2.0/stuff", `{"id":"d","stuff":"1"}`, "Accept: text/html", 406, problem(406, onlyJSON)},

		{"GET", "/2.0/stuff", "", "", 200, `[{"id":"a","stuff":"2"},{"id":"b","stuff":"1"},{"id":"c","stuff":""}]` + "\n"},
		{"GET", "/2.0/stuff?limit=2", "", "", 200, `[{"id":"a","stuff":"2"},{"id":"b","stuff":"1"}]` + "\n"},
		{"GET", "/2.0/stuff?limit=2&after=b", "", "", 200, `[{"id":"c","stuff":""}]` + "\n"},
		{"GET", "/2.0/stuff?after=c", "", "", 200, "[]\n"},
		{"GET", "/2.0/stuff?limit=101", "", "", 422, invalid(422, `{"parameter":"limit","in":"query","keyword":"maximum","limit":100,"detail":"must be at most 100"}`)},
		{"GET", "/2.0/stuff?limit=x&after=a&after=b", "", "", 422, invalid(422,
			`{"parameter":"after","in":"query","detail":"must be there only once"},{"parameter":"limit","in":"query","keyword":"type","limit":"integer","detail":"must be an integer"}`)},
		{"GET", "/2.0/stuff?limit=%zz", "", "", 400, invalid(400, `{"parameter":"limit","in":"query","detail":"isn't percent-encoded as it should be"}`)},
		{"GET", "/2.0/stuff", "", "Accept: text/html", 406, problem(406, onlyJSON)},

		{"GET", "/2.0/stuff/a", "", "", 200, `{"id":"a","stuff":"2"}` + "\n"},
		{"HEAD", "/2.0/stuff/a", "", "", 200, ""},
		{"GET", "/2.0/stuff/d", "", "", 404, problem(404, `there is no stuff "d"`)},
		{"GET", "/2.0/stuff/%ff", "", "", 400, invalid(400, `{"parameter":"id","in":"path","detail":"isn't valid UTF-8"}`)},
		{"GET", "/2.0/stuff/a", "", "Accept: text/html", 406, problem(406, onlyJSON)},

		{"PUT", "/2.0/stuff/a", `{"stuff":"4"}`, "", 200, `{"id":"a","stuff":"4"}` + "\n"},
		{"PUT", "/2.0/stuff/a", `{"id":"a","stuff":"4"}`, "", 422, invalid(422, `{"pointer":"/id","keyword":"additionalProperties","limit":false,"detail":"is not known"}`)},
		{"PUT", "/2.0/stuff/d", `{"stuff":"4"}`, "", 404, problem(404, `there is no stuff "d"`)},
		{"PUT", "/2.0/stuff/%ff", `{}`, "", 400, invalid(400,
			`{"parameter":"id","in":"path","detail":"isn't valid UTF-8"},{"pointer":"/stuff","keyword":"required","detail":"is required"}`)},
		{"PUT", "/2.0/stuff/a", `4`, "Content-Type: text/plain", 415, problem(415, "the Content-Type of a body must be application/json")},
		{"PUT", "/2.0/stuff/a", `"` + long + `"`, "", 413, problem(413, "the body is longer than 1048576 bytes")},
		{"PUT", "/2.0/stuff/a", `{"stuff":"5"}`, "Accept: text/html", 406, problem(406, onlyJSON)},

		{"PATCH", "/2.0/stuff/a", `{"stuff":"6"}`, mergePatch, 200, `{"id":"a","stuff":"6"}` + "\n"},
		{"PATCH", "/2.0/stuff/a", `{"id":"a"}`, mergePatch, 200, `{"id":"a","stuff":"6"}` + "\n"},
		{"PATCH", "/2.0/stuff/a", `{}`, mergePatch, 200, `{"id":"a","stuff":"6"}` + "\n"},
		{"PATCH", "/2.0/stuff/a", `{"id":"d"}`, mergePatch, 422, invalid(422, `{"pointer":"/id","detail":"can't be changed"}`)},
		{"PATCH", "/2.0/stuff/a", `{"stuff":null,"note":1}`, mergePatch, 422, invalid(422,
			`{"pointer":"/stuff","keyword":"type","limit":"string","detail":"must be a string"},{"pointer":"/note","keyword":"additionalProperties","limit":false,"detail":"is not known"}`)},
		{"PATCH", "/2.0/stuff/a", `[]`, mergePatch, 422, invalid(422, `{"pointer":"","keyword":"type","limit":"object","detail":"must be an object"}`)},
		{"PATCH", "/2.0/stuff/a", `{`, mergePatch, 400, invalid(400, `{"pointer":"","detail":"ends before it is whole"}`)},
		{"PATCH", "/2.0/stuff/d", `{"stuff":"6"}`, mergePatch, 404, problem(404, `there is no stuff "d"`)},
		{"PATCH", "/2.0/stuff/a", `{"stuff":"7"}`, "", 415, problem(415, "the Content-Type of a body must be application/merge-patch+json")},
		{"PATCH", "/2.0/stuff/a", `{"stuff":"` + long + `"}`, mergePatch, 413, problem(413, "the body is longer than 1048576 bytes")},
		{"PATCH", "/2.0/stuff/a", `{"stuff":"7"}`, mergePatch + "\nAccept: text/html", 406, problem(406, onlyJSON)},

		{"DELETE", "/2.0/stuff/a", "", "", 204, ""},
		{"DELETE", "/2.0/stuff/a", "", "", 404, problem(404, `there is no stuff "a"`)},
		{"DELETE", "/2.0/stuff/%ff", "", "", 400, invalid(400, `{"parameter":"id","in":"path","detail":"isn't valid UTF-8"}`)},
		{"GET", "/2.0/stuff", "", "", 200, `[{"id":"b","stuff":"1"},{"id":"c","stuff":""}]` + "\n"},

		{"GET", "/2.0/changes?for=0s", "", "", 200, "[]\n"},
		{"GET", "/2.0/changes?for=0s", "", "Accept: application/jsonl", 200, ""},
		{"GET", "/2.0/changes?for=0s", "", "Accept: text/event-stream\nLast-Event-ID: end", 204, ""},
		{"GET", "/2.0/changes?for=-1s", "", "", 422, invalid(422, `{"parameter":"for","in":"query","detail":"must be from 0s to 1h"}`)},
		{"GET", "/2.0/changes?for=61m", "", "", 422, invalid(422, `{"parameter":"for","in":"query","detail":"must be from 0s to 1h"}`)},
		{"GET", "/2.0/changes?for=long", "", "", 422, invalid(422, `{"parameter":"for","in":"query","keyword":"format","limit":"go-duration","detail":"must be a duration, such as 1h30m"}`)},
		{"GET", "/2.0/changes?for=%zz", "", "", 400, invalid(400, `{"parameter":"for","in":"query","detail":"isn't percent-encoded as it should be"}`)},
		{"GET", "/2.0/changes", "", "Accept: text/html", 406, problem(406,
			"only one of application/json, application/jsonl and text/event-stream can be sent, which the Accept header doesn't allow")},

		{"POST", "/2.0/changes", "", "", 405, `{"description":"only GET, HEAD, OPTIONS are allowed","error":"tigertonic.MethodNotAllowed"}` + "\n"},
		{"GET", "/2.0/stuff/", "", "", 404, `{"description":"GET /2.0/stuff/ not found","error":"tigertonic.NotFound"}` + "\n"},
	} {
		var headers []string
		if tt.header != "" {
			headers = strings.Split(tt.header, "\n")
		}
		rs, got := p.send(t, tt.method, tt.path, tt.body, headers...)
		if rs.StatusCode != tt.status || got != tt.want {
			t.Errorf("%s %s %.40s %s:\ngot  %d %q,\nwant %d %q", tt.method, tt.path, tt.body, tt.header, rs.StatusCode, got, tt.status, tt.want)
		}
		mediaType := "application/json"
		if strings.HasPrefix(tt.want, `{"title":`) {
			mediaType = "application/problem+json"
		}
		if got := rs.Header.Get("Content-Type"); got != mediaType && tt.want != "" {
			t.Errorf("%s %s %.40s %s: got Content-Type %q, want %q", tt.method, tt.path, tt.body, tt.header, got, mediaType)
		}
		location := ""
		if tt.status == http.StatusCreated {
			location = "/2.0/stuff/" + tt.want[len(`{"id":"`):len(`{"id":"x`)]
		}
		if got := rs.Header.Get("Location"); got != location {
			t.Errorf("%s %s %.40s: got Location %q, want %q", tt.method, tt.path, tt.body, got, location)
		}
	}
	if missing := missing(t, p.checker.Seen()); len(missing) > 0 {
		t.Errorf("the document has responses that this test hasn't seen: %q", missing)
	}
}

// missing returns what the document says that the typed side answers and that
// isn't among these, but for what only a failure or too much of something leads to,
// and a 422 for an ID that nothing is asked of.
func missing(t *testing.T, seen []string) (missing []string) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Responses map[string]any `json:"responses"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(document(), &doc); err != nil {
		t.Fatal(err)
	}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			for status := range op.Responses {
				response := strings.ToUpper(method) + " " + path + " " + status
				unlikely := status >= "500" || response == "GET /2.0/stuff/{id} 422" || response == "DELETE /2.0/stuff/{id} 422"
				if strings.HasPrefix(path, "/2.0/") && !unlikely && !slices.Contains(seen, response) {
					missing = append(missing, response)
				}
			}
		}
	}
	return missing
}

func TestBothSidesHaveTheSameStuff(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.send(t, "POST", "/1.0/stuff", `{"id":"classic","stuff":"1"}`)
	p.send(t, "POST", "/2.0/stuff", `{"id":"typed","stuff":"2"}`)
	p.send(t, "PUT", "/1.0/stuff/typed", `{"id":"typed","stuff":"3"}`)
	p.send(t, "PUT", "/2.0/stuff/classic", `{"stuff":"4"}`)
	_, classic := p.send(t, "GET", "/1.0/stuff", "")
	_, typed := p.send(t, "GET", "/2.0/stuff", "")
	const want = `[{"id":"classic","stuff":"4"},{"id":"typed","stuff":"3"}]` + "\n"
	if classic != want || typed != want {
		t.Errorf("got %q and %q, want %q", classic, typed, want)
	}
	p.send(t, "DELETE", "/2.0/stuff/classic", "")
	if rs, got := p.send(t, "GET", "/1.0/stuff/classic", ""); rs.StatusCode != http.StatusNotFound {
		t.Errorf("got %d %q after it was removed", rs.StatusCode, got)
	}
	if rs, got := p.send(t, "POST", "/1.0/stuff", `{"id":"typed","stuff":"5"}`); rs.StatusCode != http.StatusConflict {
		t.Errorf("got %d %q, want 409", rs.StatusCode, got)
	}
}

// What the tags say, the classic side says in Go.
func TestBothSidesTakeTheSameIDs(t *testing.T) {
	t.Parallel()
	id, _ := reflect.TypeFor[stuff]().FieldByName("ID")
	if got := id.Tag.Get("pattern"); got != validID.String() {
		t.Errorf("the tag has %s, and validID is %s", got, validID)
	}
}

func TestUpdateDoesNotBringBackWhatWasRemoved(t *testing.T) {
	t.Parallel()
	s := storeOf(stuff{"ID", "STUFF"})
	found, err := find(s, "ID")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.remove(t.Context(), &one{"ID"}); err != nil {
		t.Fatal(err)
	}
	status, _, _, err := s.update(nil, nil, &stuff{"ID", "OTHER"}, &found)
	if got := statusOf(status, err); got != http.StatusNotFound || len(s.stuff) != 0 {
		t.Errorf("got %d (%v) and the store %v, want 404 and nothing", got, err, s.stuff)
	}
}

func TestStoreIsBounded(t *testing.T) {
	t.Parallel()
	s := newStore(nil)
	for i := range capacity {
		if _, err := s.add(t.Context(), &stuff{ID: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	_, typed := s.add(t.Context(), &stuff{ID: "more"})
	_, _, _, classic := s.create(nil, nil, &stuff{ID: "more"})
	for _, err := range []error{typed, classic} {
		if statusOf(0, err) != http.StatusInsufficientStorage || len(s.stuff) != capacity {
			t.Errorf("got %v and %d pieces, want 507", err, len(s.stuff))
		}
	}
	if _, err := s.replace(t.Context(), &replacement{one: one{"7"}}); err != nil {
		t.Errorf("got %v where nothing is added", err)
	}
}

// The functions can be called as they are.
func TestPatchChecksWhatItMakes(t *testing.T) {
	t.Parallel()
	s := storeOf(stuff{"ID", "STUFF"})
	for text, want := range map[string]tigertonic.FieldErrors{
		`{"stuff":"OTHER"}`: nil,
		`{"id":"x"}`:        {{Pointer: "/id", Detail: "can't be changed"}},
		`{"id":""}`:         {{Pointer: "/id", Keyword: "pattern", Limit: strconv.Quote(validID.String()), Detail: "must match " + validID.String()}},
	} {
		in := &patch{one: one{"ID"}}
		if err := json.Unmarshal([]byte(text), &in.Body); err != nil {
			t.Fatal(err)
		}
		_, err := s.patch(t.Context(), in)
		if got, _ := errors.AsType[tigertonic.FieldErrors](err); !slices.Equal(got, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: got %v, want %v", text, err, want)
		}
	}
	if got := s.stuff["ID"]; got != (stuff{"ID", "OTHER"}) {
		t.Errorf("got %v in the store", got)
	}
}

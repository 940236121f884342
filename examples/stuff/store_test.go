package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/mocking"
)

var testConfig = config{Origins: []string{"https://example.com"}, Host: "ops.example.com", Password: "swordfish"}

// storeOf returns a store with these pieces of stuff.
func storeOf(pieces ...stuff) *store {
	s := newStore(nil)
	for _, piece := range pieces {
		s.stuff[piece.ID] = piece
	}
	return s
}

// statusOf returns the status that a function has returned, as itself or by its
// error.
func statusOf(status int, err error) int {
	if equiv, ok := errors.AsType[tigertonic.HTTPEquivError](err); ok {
		return equiv.StatusCode()
	}
	return status
}

func TestCreateKeepsStuffAndSaysWhereItIs(t *testing.T) {
	t.Parallel()
	s := storeOf()
	u := mocking.URL(service(testConfig, s), "POST", "http://example.com/1.0/stuff")
	status, header, rs, err := s.create(u, mocking.Header(nil), &stuff{"ID", "STUFF"})
	if err != nil || status != http.StatusCreated || *rs != (stuff{"ID", "STUFF"}) {
		t.Errorf("got %d, %v, %v, want 201 and the stuff", status, rs, err)
	}
	if got := header.Get("Content-Location"); got != "/1.0/stuff/ID" {
		t.Errorf("got Content-Location %q, want %q", got, "/1.0/stuff/ID")
	}
	if got := s.stuff["ID"]; got != (stuff{"ID", "STUFF"}) {
		t.Errorf("got %v in the store", got)
	}
}

func TestCreateRefusesIDs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]int{
		"a":                     http.StatusCreated,
		"A-b_9":                 http.StatusCreated,
		strings.Repeat("x", 64): http.StatusCreated,
		"taken":                 http.StatusConflict,
		"":                      http.StatusBadRequest,
		".":                     http.StatusBadRequest,
		"..":                    http.StatusBadRequest,
		"a/b":                   http.StatusBadRequest,
		"a b":                   http.StatusBadRequest,
		"a\n":                   http.StatusBadRequest,
		"a\r\nX: y":             http.StatusBadRequest,
		"a?b":                   http.StatusBadRequest,
		"a%2Fb":                 http.StatusBadRequest,
		"é":                     http.StatusBadRequest,
		"\xff":                  http.StatusBadRequest,
		strings.Repeat("x", 65): http.StatusBadRequest,
	} {
		s := storeOf(stuff{"taken", "STUFF"})
		status, header, rs, err := s.create(nil, nil, &stuff{id, "OTHER"})
		if got := statusOf(status, err); got != want {
			t.Errorf("%q: got %d (%v), want %d", id, got, err, want)
		}
		if want == http.StatusCreated {
			continue
		}
		if header != nil || rs != nil || len(s.stuff) != 1 || s.stuff["taken"].Stuff != "STUFF" {
			t.Errorf("%q: got %v, %v and the store %v, want nothing changed", id, header, rs, s.stuff)
		}
	}
}

func TestCreateNamesWhatItRefusesInShort(t *testing.T) {
	t.Parallel()
	_, _, _, err := storeOf().create(nil, nil, &stuff{ID: strings.Repeat("\n", 1<<20)})
	if got := len(err.Error()); got > 200 {
		t.Errorf("got an error of %d bytes", got)
	}
}

func TestListIsSortedAndNeverNil(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		stuff []stuff
		want  string
	}{
		{nil, `[]`},
		{[]stuff{{"b", "2"}, {"a", "1"}, {"B", "3"}}, `[{"id":"B","stuff":"3"},{"id":"a","stuff":"1"},{"id":"b","stuff":"2"}]`},
	} {
		status, _, rs, err := storeOf(tt.stuff...).list(nil, nil)
		got, encodeErr := json.Marshal(rs)
		if err != nil || encodeErr != nil || status != http.StatusOK || string(got) != tt.want {
			t.Errorf("got %d %s (%v, %v), want 200 %s", status, got, err, encodeErr, tt.want)
		}
	}
}

// find calls s.find with a request for this ID, and returns what it put into
// the request's context.
func find(s *store, id string) (found stuff, err error) {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/stuff/{id}", func(_ http.ResponseWriter, r *http.Request) {
		_, err = s.find(r)
		found = *tigertonic.ContextOf[stuff](r)
	})
	r := httptest.NewRequest("GET", "/stuff/"+id, nil)
	tigertonic.WithContext(mux, stuff{}).ServeHTTP(httptest.NewRecorder(), r)
	return found, err
}

func TestFindPutsStuffIntoTheContext(t *testing.T) {
	t.Parallel()
	s := storeOf(stuff{"ID", "STUFF"})
	if found, err := find(s, "ID"); err != nil || found != (stuff{"ID", "STUFF"}) {
		t.Errorf("got %v, %v, want the stuff", found, err)
	}
	for _, id := range []string{"id", "x", "%2F", "%ff", "ID%00"} {
		if found, err := find(s, id); statusOf(0, err) != http.StatusNotFound || found != (stuff{}) {
			t.Errorf("%s: got %v, %v, want not found", id, found, err)
		}
	}
}

func TestGetReturnsWhatWasFound(t *testing.T) {
	t.Parallel()
	s := storeOf()
	u := mocking.URL(service(testConfig, s), "GET", "http://example.com/1.0/stuff/ID")
	if got := u.Query().Get("id"); got != "ID" {
		t.Errorf("got the id %q in the URL", got)
	}
	status, _, rs, err := s.get(u, mocking.Header(nil), nil, &stuff{"ID", "STUFF"})
	if err != nil || status != http.StatusOK || *rs != (stuff{"ID", "STUFF"}) {
		t.Errorf("got %d, %v, %v, want 200 and the stuff", status, rs, err)
	}
}

func TestUpdateReplacesStuff(t *testing.T) {
	t.Parallel()
	s := storeOf(stuff{"ID", "STUFF"})
	u := mocking.URL(service(testConfig, s), "PUT", "http://example.com/1.0/stuff/ID")
	status, _, rs, err := s.update(u, mocking.Header(nil), &stuff{"ID", "OTHER"}, &stuff{"ID", "STUFF"})
	if err != nil || status != http.StatusOK || *rs != (stuff{"ID", "OTHER"}) || s.stuff["ID"] != *rs {
		t.Errorf("got %d, %v, %v and the store %v, want 200 and the other stuff", status, rs, err, s.stuff)
	}
}

func TestUpdateRefusesAnotherID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "x", "id"} {
		s := storeOf(stuff{"ID", "STUFF"})
		status, _, _, err := s.update(nil, nil, &stuff{id, "OTHER"}, &stuff{"ID", "STUFF"})
		if got := statusOf(status, err); got != http.StatusBadRequest || s.stuff["ID"].Stuff != "STUFF" || len(s.stuff) != 1 {
			t.Errorf("%q: got %d (%v) and the store %v, want 400 and nothing changed", id, got, err, s.stuff)
		}
	}
}

func TestStoreIsSafeForManyGoroutines(t *testing.T) {
	t.Parallel()
	s := storeOf()
	created := make(chan string, 100)
	var wg sync.WaitGroup
	for i := range cap(created) {
		wg.Go(func() {
			id := fmt.Sprint(i % 10)
			status, _, _, err := s.create(nil, nil, &stuff{id, "STUFF"})
			if statusOf(status, err) == http.StatusCreated {
				created <- id
			}
			_, _, _, _ = s.update(nil, nil, &stuff{id, "OTHER"}, &stuff{id, "STUFF"})
			_, _, _, _ = s.list(nil, nil)
			if _, err := find(s, id); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(created) != 10 {
		t.Errorf("got %d pieces of stuff created, want each of 10 once", len(created))
	}
}

func TestRedactHidesStuff(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"id":"ID","stuff":"SECRET"}`:              `{"id":"ID","stuff":"redacted"}`,
		`[{"stuff":"SECRET"},{"stuff":"SECRET"}]`:   `[{"stuff":"redacted"},{"stuff":"redacted"}]`,
		`{"stuff":"a\"SECRET","id":"ID"}`:           `{"stuff":"redacted","id":"ID"}`,
		`{"stuff":"a\\","id":"ID"}`:                 `{"stuff":"redacted","id":"ID"}`,
		"{\"STUFF\" :\n \"SECRET\nSECRET\"}":        "{\"STUFF\" :\n \"redacted\"}",
		`{"ſtuff":"SECRET"}`:                        `{"ſtuff":"redacted"}`, // encoding/json takes it for stuff
		`{"id":"ID","\u0073tuff":"SECRET"}`:         `{"id":"ID","\u0073tuff":"redacted"}`,
		`{"stuff":"SECRET`:                          `{"stuff":"redacted"`,
		`{"stuff":"SECRET\`:                         `{"stuff":"redacted"\`,
		"data: {\"stuff\":\"SECRET\"}":              "data: {\"stuff\":\"redacted\"}",
		`{"stuff":""}`:                              `{"stuff":"redacted"}`,
		`GET /1.0/stuff HTTP/1.1`:                   `GET /1.0/stuff HTTP/1.1`,
		`{"description":"there is no stuff \"x\""}`: `{"description":"there is no stuff \"x\""}`,
	} {
		if got := redact(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

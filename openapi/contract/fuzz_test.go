package contract_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
)

// A faulty is a service with one operation, and what is wrong with it.
type faulty struct {
	operation string // as JSON
	handler   http.HandlerFunc
	kind      string   // part of what is told
	curl      []string // each a minimal request that shows it
}

const takesStuff = `"requestBody":{"required":true,"content":{"application/json":{"schema":{
	"type":"object","required":["id"],"additionalProperties":false,
	"properties":{"id":{"type":"string","pattern":"^[a-z]{1,8}$"},"n":{"type":"integer","minimum":1,"maximum":10},"tags":{"type":"array","items":{"type":"string"},"maxItems":3}}
}}}},`

func stuffIn(r *http.Request) (stuff struct {
	ID   string   `json:"id"`
	N    *int     `json:"n"`
	Tags []string `json:"tags"`
}, err error,
) {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err = decoder.Decode(&stuff); err == nil && decoder.Decode(new(any)) != io.EOF {
		err = errors.New("there is more")
	}
	return stuff, err
}

func isWord(s string) bool {
	return s != "" && len(s) <= 8 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}

var faults = map[string]faulty{
	"fails for 10": {
		operation: takesStuff + `"responses":{"204":{"description":""},"400":{"description":""},"500":{"description":""}}`,
		handler: func(w http.ResponseWriter, r *http.Request) {
			stuff, err := stuffIn(r)
			switch {
			case err != nil || !isWord(stuff.ID) || len(stuff.Tags) > 3 || stuff.N != nil && (*stuff.N < 1 || *stuff.N > 10) || r.Header.Get("Content-Type") != "application/json":
				w.WriteHeader(http.StatusBadRequest)
			case stuff.N != nil && *stuff.N == 10:
				w.WriteHeader(http.StatusInternalServerError)
			default:
				w.WriteHeader(http.StatusNoContent)
			}
		},
		kind: "was answered 500, which is a fault of the service",
		curl: []string{`"n":10}'`},
	},
	"panics at three tags": {
		operation: takesStuff + `"responses":{"default":{"description":""}}`,
		handler: func(w http.ResponseWriter, r *http.Request) {
			stuff, err := stuffIn(r)
			if err == nil && len(stuff.Tags) == 3 {
				panic("three")
			}
			w.WriteHeader(http.StatusConflict)
		},
		kind: "panicked: three",
		curl: []string{`-H 'Content-Type: application/json' --data-raw '{"tags":["","",""]}'`},
	},
	"accepts another type": {
		operation: takesStuff + `"responses":{"204":{"description":""}}`,
		handler:   func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) },
		kind:      "was answered 204, though the request isn't as the document says: ",
		curl:      []string{`--data-raw '{}'`, `curl -i -X POST 'http://127.0.0.1:8000/stuff'` + "\n", `'text/plain`, `--data-raw '`},
	},
	"refuses the highest": {
		operation: `"parameters":[{"name":"limit","in":"query","schema":{"type":"integer","maximum":100}}],"responses":{"204":{"description":""},"422":{"description":""}}`,
		handler: func(w http.ResponseWriter, r *http.Request) {
			var n int
			_, err := fmt.Sscan(r.FormValue("limit"), &n)
			if r.FormValue("limit") != "" && (err != nil || n >= 100) {
				w.WriteHeader(http.StatusUnprocessableEntity)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		},
		kind: "was answered 422, though the request is as the document says",
		curl: []string{`curl -i -X POST 'http://127.0.0.1:8000/stuff?limit=100'`},
	},
	"says nothing of a status": {
		operation: `"parameters":[{"name":"a","in":"header","schema":{"type":"boolean"}},{"name":"b","in":"cookie","schema":{"type":"string","enum":["x"]}}],"responses":{"204":{"description":""}}`,
		handler: func(w http.ResponseWriter, r *http.Request) {
			if _, err := r.Cookie("b"); err == nil && r.Header.Get("A") == "true" {
				w.WriteHeader(http.StatusConflict)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		},
		kind: `was answered 409, but the document has only ["204"]`,
		curl: []string{`curl -i -X POST 'http://127.0.0.1:8000/stuff' -H 'a: true' -H 'Cookie: b='` + "\n", `-H 'a: true' -H 'Cookie: b=x'` + "\n"},
	},
	"needs no credentials": {
		operation: `"security":[{"users":[]}],"responses":{"204":{"description":""},"401":{"description":""}}`,
		handler:   func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) },
		kind:      "was answered 204, without the credentials that the document asks for",
		curl:      []string{`curl -i -X POST 'http://127.0.0.1:8000/stuff'`},
	},
	"cuts off": {
		operation: `"responses":{"200":{"description":""}}`,
		handler:   func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
		kind:      "the answer was cut off",
		curl:      []string{`curl -i -X POST 'http://127.0.0.1:8000/stuff'`},
	},
}

func (f faulty) contract() *contract.Contract {
	return contract.MustParse([]byte(`{"openapi":"3.1.1","info":{"title":"T","version":"1"},"paths":{"/stuff":{"post":{` + f.operation + `}}}}`))
}

func TestFuzzFindsFaultsAndTheShortestRequest(t *testing.T) {
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(5) {
				w := &witness{TB: t}
				f.contract().Fuzz(w, f.handler, contract.FuzzOptions{Seed: seed + 1, Requests: 1000})
				found := slices.IndexFunc(w.errors, func(text string) bool { return strings.Contains(text, f.kind) })
				if found < 0 {
					t.Errorf("seed %d: got %q, want %q", seed+1, w.errors, f.kind)
					continue
				}
				if !slices.ContainsFunc(f.curl, func(line string) bool { return strings.Contains(w.errors[found], line) }) {
					t.Errorf("seed %d: got %s\nwant one of %q", seed+1, w.errors[found], f.curl)
				}
			}
		})
	}
}

func TestFuzzMakesTheSameRequestsBySeed(t *testing.T) {
	run := func(seed uint64) string {
		var b strings.Builder
		handler := func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(&b, "%s %s %q %q\n", r.Method, r.URL, r.Header, body)
			w.WriteHeader(http.StatusConflict)
		}
		faulty{operation: takesStuff + `"responses":{"409":{"description":""}}`}.contract().
			Fuzz(&witness{TB: t}, http.HandlerFunc(handler), contract.FuzzOptions{Seed: seed})
		return b.String()
	}
	if one, again := run(1), run(1); one != again || one == run(2) || strings.Count(one, "\n") != 100 {
		t.Errorf("got\n%s\nand\n%s", one, again)
	}
}

func TestFuzzEndsInTime(t *testing.T) {
	w := &witness{TB: t}
	var calls atomic.Int64
	faults["cuts off"].contract().Fuzz(w, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }),
		contract.FuzzOptions{Requests: 1 << 40, Time: time.Nanosecond})
	if calls.Load() > 1 || len(w.errors) > 0 {
		t.Errorf("got %d calls, and %q", calls.Load(), w.errors)
	}
	w = &witness{TB: t}
	faults["cuts off"].contract().Fuzz(w, http.NotFoundHandler(), contract.FuzzOptions{Except: []string{"POST /stuff"}})
	if got := w.told(); got != "contract: there is no operation to call" {
		t.Errorf("got %q", got)
	}
}

type note struct {
	ID    string   `json:"id" pattern:"^[A-Z]{2}[0-9]{3}$"`
	Text  string   `json:"text" minLength:"1" maxLength:"5"`
	Stars int      `json:"stars" minimum:"0" maximum:"5"`
	Share float64  `json:"share,omitzero" exclusiveMinimum:"0" exclusiveMaximum:"1"`
	Tags  []string `json:"tags,omitempty" uniqueItems:"true" maxItems:"3" minItems:"1"`
	Mail  string   `json:"mail,omitzero" format:"email"`
	Next  *note    `json:"next,omitzero"`
}

// notes are kept by a tree of ours, which is right.
func notes() http.Handler {
	kept := map[string]note{}
	none := tigertonic.NotFound{Err: errors.New("there is no such note")}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/notes", tigertonic.Typed(func(_ context.Context, in *note) (tigertonic.CreatedResponse[note], error) {
		kept[in.ID] = *in
		return tigertonic.CreatedResponse[note]{Location: "/notes/" + in.ID, Body: *in}, nil
	}))
	mux.Handle("GET", "/notes/{id}", tigertonic.Typed(func(_ context.Context, in *struct {
		ID   string   `path:"id"`
		Only []string `query:"only" enum:"id,text" maxItems:"2"`
		Max  *int8    `query:"max" minimum:"-3"`
	},
	) (note, error) {
		if n, ok := kept[in.ID]; ok {
			return n, nil
		}
		return note{}, none
	}).Errors(none))
	mux.Handle("DELETE", "/notes/{id}", tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "notes", tigertonic.Typed(func(_ context.Context, in *struct {
		ID string `path:"id"`
	},
	) (struct{}, error) {
		delete(kept, in.ID)
		return struct{}{}, nil
	})))
	mux.Handle("GET", "/notes", tigertonic.Typed(func(ctx context.Context, _ *struct{}) (iter.Seq2[int, error], error) {
		return func(yield func(int, error) bool) {
			for n := range 3 {
				if !yield(n, nil) {
					return
				}
			}
			<-ctx.Done() // as a stream that goes on until the client leaves
		}, nil
	}))
	return mux
}

// What Tiger Tonic does and what its documents say is the same, and a wrong request for
// a note that is there needs what an earlier answer has told.
func TestFuzzHasNothingAgainstAServiceThatIsRight(t *testing.T) {
	for seed := range uint64(3) {
		w := &witness{}
		synctest.Test(t, func(t *testing.T) { // where the tenth of a second for a stream takes none
			w.TB = t
			h := notes()
			contract.Of(h).Fuzz(w, h, contract.FuzzOptions{
				Seed: seed + 1, Requests: 300, Time: time.Hour, Prepare: func(r *http.Request) { r.SetBasicAuth("u", "p") },
			})
		})
		if got := w.told(); got != "" {
			t.Errorf("seed %d: got %s", seed+1, got)
		}
		if log := strings.Join(w.log, "\n"); !strings.Contains(log, "without a success: -") {
			t.Errorf("seed %d: got %s, want a success of each operation", seed+1, log)
		}
	}
}

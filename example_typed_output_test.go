package tigertonic_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

func ExampleCreatedResponse() {
	type note struct {
		Text string `json:"text"`
	}
	h := tigertonic.Typed(func(_ context.Context, in *note) (tigertonic.CreatedResponse[note], error) {
		return tigertonic.CreatedResponse[note]{Location: "/notes/1", Body: *in}, nil
	})
	w := request(h, "POST", "/notes", `{"text":"buy tea"}`, "Content-Type", "application/json")
	fmt.Println(w.Header().Get("Location"))
	// Output:
	// 201 {"text":"buy tea"}
	// /notes/1
}

func ExampleAcceptedResponse() {
	h := tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.AcceptedResponse[struct{}], error) {
		return tigertonic.AcceptedResponse[struct{}]{Location: "/jobs/1"}, nil
	})
	w := request(h, "POST", "/export", "")
	fmt.Println(w.Header().Get("Location"))
	// Output:
	// 202
	// /jobs/1
}

func ExampleResponse() {
	type input struct {
		Match string `header:"If-None-Match"`
	}
	const etag = `"v1"`
	h := tigertonic.Typed(func(_ context.Context, in *input) (tigertonic.Response[string], error) {
		header := http.Header{"Etag": {etag}}
		if in.Match == etag {
			return tigertonic.Response[string]{Status: http.StatusNotModified, Header: header}, nil
		}
		return tigertonic.Response[string]{Header: header, Body: "sencha"}, nil
	})
	w := request(h, "GET", "/tea", "")
	fmt.Println(w.Header().Get("Etag"))
	request(h, "GET", "/tea", "", "If-None-Match", `"v1"`)
	// Output:
	// 200 "sencha"
	// "v1"
	// 304
}

func ExampleStream() {
	h := tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.Stream, error) {
		return tigertonic.Stream{ContentType: "text/csv", Reader: strings.NewReader("name,grams\nsencha,100\n")}, nil
	})
	request(h, "GET", "/teas.csv", "")
	// Output:
	// 200 name,grams
	// sencha,100
}

// A sequence is sent in the form that the client asks for, item by item.
func ExampleTyped_events() {
	type step struct {
		Step string `json:"step"`
	}
	brew := func(ctx context.Context, _ *struct{}) (iter.Seq2[step, error], error) {
		return func(yield func(step, error) bool) {
			for _, name := range []string{"boil", "pour"} {
				if !yield(step{name}, ctx.Err()) {
					return // the client has gone
				}
			}
			yield(step{}, tigertonic.Gone{Err: errors.New("the pot is empty")})
		}, nil
	}
	request(tigertonic.Typed(brew), "GET", "/brew", "", "Accept", "text/event-stream")
	// Output:
	// 200 data: {"step":"boil"}
	//
	// data: {"step":"pour"}
	//
	// event: problem
	// id: end
	// data: {"title":"Gone","status":410,"detail":"the pot is empty"}
}

func ExampleProblem() {
	h := tigertonic.Typed(func(context.Context, *struct{}) (*tea, error) {
		return nil, tigertonic.Problem{
			Status:     http.StatusConflict,
			Type:       "https://example.com/problems/sold-out",
			Title:      "Sold out",
			Extensions: map[string]any{"next_delivery": "2026-12-01"},
		}
	})
	request(h, "GET", "/", "")
	// Output: 409 {"type":"https://example.com/problems/sold-out","title":"Sold out","status":409,"next_delivery":"2026-12-01"}
}

// A problem can have headers.
func ExampleProblem_header() {
	h := tigertonic.Typed(func(context.Context, *struct{}) (*tea, error) {
		return nil, tigertonic.Problem{
			Status: http.StatusServiceUnavailable,
			Detail: "the kettle is being filled",
			Header: http.Header{"Retry-After": {"5"}},
		}
	})
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest("GET", "/", nil))
	fmt.Print(recorder.Header().Get("Retry-After"), " ", recorder.Body)
	// Output: 5 {"title":"Service Unavailable","status":503,"detail":"the kettle is being filled"}
}

// An error with a status under 500 is told; of any other, the client gets no more
// than the ID that it is logged under.
func ExampleTyped_errors() {
	type input struct {
		Name string `query:"name"`
	}
	h := tigertonic.Logged(tigertonic.Typed(func(_ context.Context, in *input) (*tea, error) {
		if in.Name == "" {
			return nil, errors.New("dial tcp 10.0.0.7:5432: refused")
		}
		return nil, fmt.Errorf("looking up: %w", tigertonic.NotFound{Err: errors.New("no such tea")})
	}), nil)
	h.Logger, h.RequestIDCreator = discard, fixedID
	request(h, "GET", "/?name=x", "")
	request(h, "GET", "/", "")
	// Output:
	// 404 {"title":"Not Found","status":404,"detail":"no such tea"}
	// 500 {"title":"Internal Server Error","status":500,"request_id":"ID"}
}

// With a ProblemWriter, muxes and middlewares speak problems, too.
func ExampleProblemWriter() {
	before := tigertonic.ResponseErrorWriter
	defer func() { tigertonic.ResponseErrorWriter = before }() // a program sets it once
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}

	request(tigertonic.NewTrieServeMux(), "GET", "/tea", "")
	// Output: 404 {"title":"Not Found","status":404,"detail":"GET /tea not found"}
}

func ExampleDescribed() {
	h := tigertonic.Described(text("hello"), func(op *tigertonic.Operation) {
		op.Summary = "Say hello"
		op.Response(http.StatusOK).Add("text/plain", tigertonic.MediaType{})
	})
	var op tigertonic.Operation
	h.(tigertonic.Describer).Describe(&op) // as package openapi does
	fmt.Println(op.Summary, op.Responses["200"].Description)
	// Output: Say hello OK
}

func ExampleContextFrom() {
	type user struct{ Name string }
	whoami := tigertonic.Typed(func(ctx context.Context, _ *struct{}) (string, error) {
		return tigertonic.ContextFrom[user](ctx).Name, nil
	})
	h := tigertonic.WithContext(tigertonic.If(func(r *http.Request) (http.Header, error) {
		tigertonic.ContextOf[user](r).Name = r.Header.Get("X-User")
		return nil, nil
	}, whoami), user{})
	request(h, "GET", "/whoami", "", "X-User", "ada")
	// Output: 200 "ada"
}

// The fields of a result are the headers and the body of the response. GET and HEAD get a
// 304 by themselves.
func ExampleTyped_headers() {
	type noteOut struct {
		ETag    string    `header:"ETag"`
		Changed time.Time `header:"Last-Modified"`
		Body    string    `body:""`
	}
	h := tigertonic.Typed(func(context.Context, *struct{}) (noteOut, error) {
		return noteOut{ETag: `"v7"`, Changed: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), Body: "buy tea"}, nil
	})
	w := request(h, "GET", "/note", "")
	fmt.Println(w.Header().Get("ETag"), w.Header().Get("Last-Modified"))
	request(h, "GET", "/note", "", "If-None-Match", `"v7"`)
	// Output:
	// 200 "buy tea"
	// "v7" Tue, 01 Dec 2026 00:00:00 GMT
	// 304
}

// Each field of a result is one of several responses, and the one that is set is sent. The
// document has all of them.
func ExampleTyped_answers() {
	type note struct {
		Text string `json:"text"`
	}
	type created struct {
		Location string `header:"Location" required:"true"`
		Body     note   `body:""`
	}
	type putOut struct {
		Created   *created  `status:"201" doc:"There was no such note."`
		Replaced  *note     `status:"200" doc:"The note is another one now."`
		Unchanged *struct{} `status:"204" doc:"The note was the same."`
	}
	notes := map[string]note{}
	type putIn struct {
		ID   string `query:"id" required:"true"`
		Body note   `body:""`
	}
	h := tigertonic.Typed(func(_ context.Context, in *putIn) (putOut, error) {
		old, ok := notes[in.ID]
		notes[in.ID] = in.Body
		switch {
		case !ok:
			return putOut{Created: &created{"/notes/" + in.ID, in.Body}}, nil
		case old == in.Body:
			return putOut{Unchanged: &struct{}{}}, nil
		}
		return putOut{Replaced: &in.Body}, nil
	})
	for _, text := range []string{"buy tea", "buy tea", "drink tea"} {
		request(h, "PUT", "/note?id=1", `{"text":"`+text+`"}`, "Content-Type", "application/json")
	}
	// Output:
	// 201 {"text":"buy tea"}
	// 204
	// 200 {"text":"drink tea"}
}

// Events of several types are told apart by their names, and a client that connects again
// says which it has had.
func ExampleEvent() {
	type order struct {
		Tea string `json:"tea"`
	}
	type update struct {
		Ordered *order    `event:"ordered"`
		Served  *struct{} `event:"served" doc:"It is on the table."`
	}
	type watchIn struct {
		After int `header:"Last-Event-ID"`
	}
	watch := func(_ context.Context, in *watchIn) (iter.Seq2[tigertonic.Event[update], error], error) {
		updates := []update{{Ordered: &order{"sencha"}}, {Served: &struct{}{}}}
		return func(yield func(tigertonic.Event[update], error) bool) {
			for i := in.After; i < len(updates); i++ {
				if !yield(tigertonic.Event[update]{ID: strconv.Itoa(i + 1), Data: updates[i]}, nil) {
					return
				}
			}
		}, nil
	}
	h := tigertonic.Typed(watch).Heartbeat(10 * time.Second)
	request(h, "GET", "/orders", "", "Accept", "text/event-stream")
	request(h, "GET", "/orders", "", "Accept", "application/jsonl", "Last-Event-ID", "1")
	// Output:
	// 200 id: 1
	// event: ordered
	// data: {"tea":"sencha"}
	//
	// id: 2
	// event: served
	// data: {}
	//
	// event: end
	// id: end
	// data: {}
	// 200 {"served":{}}
}

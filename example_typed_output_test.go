package tigertonic_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"

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
			yield(step{}, tigertonic.Gone{errors.New("the pot is empty")})
		}, nil
	}
	request(tigertonic.Typed(brew), "GET", "/brew", "", "Accept", "text/event-stream")
	// Output:
	// 200 data: {"step":"boil"}
	//
	// data: {"step":"pour"}
	//
	// event: error
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
		return nil, fmt.Errorf("looking up: %w", tigertonic.NotFound{errors.New("no such tea")})
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
		op.Response("200").Add("text/plain", tigertonic.MediaType{})
	})
	var op tigertonic.Operation
	h.Describe(&op)
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

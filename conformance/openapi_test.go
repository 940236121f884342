package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
	"github.com/rcrowley/go-tigertonic/schema"
)

// A service with an endpoint of each kind, and wrappers of each kind.

type paging struct {
	Limit int    `query:"limit" default:"20" minimum:"1" maximum:"100" doc:"How many there are on a page."`
	After string `query:"after" example:"a1"`
}

type inTenant struct {
	Tenant string `path:"tenant,namespace" pattern:"^[a-z]+$"`
}

type listInput struct {
	paging
	Kinds   []string                `query:"kind" enum:"cat,dog" maxItems:"2"`
	Since   time.Time               `query:"since"`
	Within  time.Duration           `query:"within" default:"1h"`
	Network *netip.Prefix           `query:"network"`
	Big     tigertonic.Opt[float64] `query:"big" exclusiveMinimum:"0"`
	Match   []string                `header:"if-none-match"`
	Session string                  `cookie:"session" minLength:"2"`
}

type animalInput struct {
	ID   int64    `path:"id" minimum:"1"`
	Body creature `body:"" doc:"The animal."`
}

type creature struct {
	base
	Kind    string                    `json:"kind" enum:"cat,dog" default:"cat" doc:"What it is." example:"dog"`
	Weight  float64                   `json:"weight,omitzero" exclusiveMinimum:"0" example:"4.5"`
	Born    time.Time                 `json:"born,omitzero"`
	Nap     time.Duration             `json:"nap,omitzero" default:"1h30m0s"`
	Photo   []byte                    `json:"photo,omitempty"`
	Friends map[string]*creature      `json:"friends,omitempty"`
	Chip    tigertonic.Opt[string]    `json:"chip,omitzero" format:"uuid"`
	Labels  []label                   `json:"labels,omitempty" uniqueItems:"true" maxItems:"9"`
	Page    pair[string, []time.Time] `json:"page,omitzero"`
	Address netip.Addr                `json:"address,omitzero"`
	Extra   any                       `json:"extra,omitzero"`
}

// newCreature returns one with all that it can have.
func newCreature() creature {
	return creature{
		base: base{ID: "a1", Version: 1}, Kind: "cat", Weight: 4.5, Born: time.Date(2020, 1, 2, 3, 4, 5, 6, time.UTC), Nap: time.Hour, Photo: []byte{1, 2, 3},
		Friends: map[string]*creature{"b": {base: base{ID: "b"}, Kind: "dog"}, "none": nil}, Chip: tigertonic.Null[string](),
		Labels: []label{{Key: "k", Tree: &tree{Name: "t", Children: []tree{{Name: "c"}}}}}, Page: pair[string, []time.Time]{"x", []time.Time{{}}},
		Address: netip.MustParseAddr("::1"), Extra: map[string]any{"a": []any{1, nil}},
	}
}

type notFoundInput struct {
	ID   string `path:"id"`
	Mode string `query:"mode" enum:"nil,problem,classic,secret,panic,teapot"`
}

func answerInMode(_ context.Context, in *notFoundInput) (*creature, error) {
	switch in.Mode {
	case "nil":
		return nil, nil
	case "problem":
		return nil, tigertonic.Problem{Status: 409, Type: "https://example.com/taken", Title: "Taken", Detail: "it is taken", Extensions: map[string]any{"by": in.ID}}
	case "classic":
		return nil, tigertonic.NotFound{Err: errors.New("it isn't here")}
	case "secret":
		return nil, errors.New("secret")
	}
	a := newCreature()
	return &a, nil
}

func counts[T any](values ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range values {
			if !yield(v, nil) {
				return
			}
		}
	}
}

type classicAnimal struct {
	ID    string            `json:"id"`
	Tags  []string          `json:"tags"`
	More  map[string]string `json:"more"`
	Inner *classicAnimal    `json:"inner,omitempty"`
	When  time.Duration     `json:"when"`
	Other any               `json:"other"`
}

// newService returns the tree of handlers.
func newService() *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	handle := mux.Handle
	handle("GET", "/animals", tigertonic.Typed(func(_ context.Context, in *listInput) ([]creature, error) {
		return make([]creature, 0, in.Limit), nil
	}).Summary("List animals").Tags("animals").OperationID("listAnimals"))
	handle("POST", "/animals", tigertonic.Typed(func(_ context.Context, in *creature) (tigertonic.CreatedResponse[creature], error) {
		return tigertonic.CreatedResponse[creature]{Location: "/animals/1", Body: *in}, nil
	}).Description("It is **new**.").Errors(tigertonic.Conflict{Err: errors.New("there is one")}))
	handle("PUT", "/animals/{id}", tigertonic.Typed(func(_ context.Context, in *animalInput) (creature, error) { return in.Body, nil }).Deprecated())
	handle("PATCH", "/animals/{id}", tigertonic.Typed(func(ctx context.Context, in *struct {
		ID   int64                      `path:"id"`
		Body tigertonic.Patch[creature] `body:""`
	},
	) (creature, error) {
		a := newCreature()
		err := in.Body.Apply(ctx, &a)
		return a, err
	}))
	handle("DELETE", "/animals/{id}", tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "zoo", tigertonic.Typed(func(context.Context, *struct {
		ID int64 `path:"id"`
	},
	) (struct{}, error) {
		return struct{}{}, nil
	})))
	handle("GET", "/modes/{id}", tigertonic.Typed(answerInMode).Errors(tigertonic.Problem{Status: 409}, tigertonic.NotFound{Err: errors.New("it isn't here")}))
	handle("GET", "/tree", tigertonic.Typed(func(context.Context, *struct{}) (tree, error) {
		return tree{Name: "r", Left: &tree{Name: "l"}, ByName: map[string]tree{"x": {}}, Next: tigertonic.Some[*tree](nil)}, nil
	}))
	handle("GET", "/peculiar", tigertonic.Typed(func(context.Context, *struct{}) (peculiar, error) {
		return peculiar{Chunks: [][]byte{nil, {1}}, Pointers: []*int{nil}, Raw: []byte(`{"a":[1]}`), OldRaw: []byte("null"), Level: 3, Any: 1.5}, nil
	}))
	addStreams(handle)
	addWrapped(handle)
	addClassic(handle)
	inner := tigertonic.NewTrieServeMux()
	inner.Handle("GET", "/", tigertonic.Typed(func(_ context.Context, in *struct{ inTenant }) (string, error) { return in.Tenant, nil }))
	inner.Handle("GET", "/things/{id}", tigertonic.Typed(func(_ context.Context, in *struct {
		inTenant
		ID string `path:"id"`
	},
	) (map[string]string, error) {
		return map[string]string{in.Tenant: in.ID}, nil
	}))
	inner.Handle("GET", "/files/{path...}", tigertonic.Typed(func(_ context.Context, in *struct {
		inTenant
		Path string `path:"path"`
	},
	) (string, error) {
		return in.Path, nil
	}))
	mux.HandleNamespace("/tenants/{tenant}", inner)
	hosts := tigertonic.NewHostServeMux()
	ofHost := tigertonic.NewTrieServeMux()
	ofHost.Handle("GET", "/of-host", tigertonic.Typed(func(context.Context, *struct{}) (bool, error) { return true, nil }))
	hosts.Handle("a.zoo.test", ofHost)
	mux.HandleNamespace("", hosts)
	return mux
}

func addStreams(handle func(method, pattern string, h http.Handler)) {
	handle("GET", "/streams/items", tigertonic.Typed(func(context.Context, *struct{}) (iter.Seq2[creature, error], error) {
		return counts(newCreature(), creature{base: base{ID: "x"}, Kind: "cat"}), nil
	}))
	handle("GET", "/streams/fails", tigertonic.Typed(func(context.Context, *struct{}) (iter.Seq2[int, error], error) {
		return func(yield func(int, error) bool) { yield(0, tigertonic.ServiceUnavailable{Err: errors.New("later")}) }, nil
	}).Errors(tigertonic.ServiceUnavailable{Err: errors.New("later")}))
	handle("GET", "/streams/none", tigertonic.Typed(func(context.Context, *struct{}) (iter.Seq2[int, error], error) { return counts[int](), nil }))
	handle("GET", "/streams/text", tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.Stream, error) {
		return tigertonic.Stream{ContentType: "text/csv", Reader: strings.NewReader("a,b\n")}, nil
	}))
	handle("POST", "/streams/accepted", tigertonic.Typed(func(_ context.Context, in *[]int) (tigertonic.AcceptedResponse[map[int]int8], error) {
		return tigertonic.AcceptedResponse[map[int]int8]{Location: "/jobs/1", Body: map[int]int8{-1: int8(len(*in))}}, nil
	}))
	handle("GET", "/streams/status", tigertonic.Typed(func(_ context.Context, in *struct {
		Status int `query:"status" enum:"200,203,204,206"`
	},
	) (tigertonic.Response[*pair[int, string]], error) {
		return tigertonic.Response[*pair[int, string]]{Status: in.Status, Header: http.Header{"X-A": {"b"}}, Body: &pair[int, string]{1, "x"}}, nil
	}))
}

func addWrapped(handle func(method, pattern string, h http.Handler)) {
	stuff := func() *tigertonic.Endpoint {
		return tigertonic.Typed(func(_ context.Context, in *pair[int, string]) (pair[string, int], error) {
			return pair[string, int]{in.Second, in.First}, nil
		})
	}
	registry := metrics.NewRegistry()
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins("https://example.com").AddAllowedHeaders("Content-Type")
	handle("POST", "/wrapped/cors", cors.Build(stuff()))
	handle("POST", "/wrapped/cached", tigertonic.Cached(stuff(), tigertonic.CacheOptions{MaxAge: time.Minute}))
	handle("POST", "/wrapped/sized", tigertonic.Sized(stuff(), 20))
	handle("POST", "/wrapped/counted", tigertonic.Counted(tigertonic.Timed(stuff(), "stuff", registry), "stuff-count", registry))
	handle("POST", "/wrapped/if", tigertonic.If(func(r *http.Request) (http.Header, error) {
		if r.Header.Get("X-Closed") != "" {
			return nil, tigertonic.Forbidden{Err: errors.New("closed")}
		}
		return http.Header{"X-If": {"1"}}, nil
	}, stuff()))
	handle("POST", "/wrapped/all", cors.Build(tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "all", tigertonic.Cached(tigertonic.Sized(stuff(), 1<<10), tigertonic.CacheOptions{NoStore: true}))))
	handle("GET", "/wrapped/described", tigertonic.Described(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Count", "3")
		_, _ = io.WriteString(w, "hello")
	}), func(op *tigertonic.Operation) {
		op.ID, op.Summary, op.Tags = "described", "Say hello", []string{"foreign"}
		op.Response(http.StatusOK).Add("text/plain", tigertonic.MediaType{Schema: &schema.Schema{Types: []string{"string"}}})
		op.Response(http.StatusOK).SetHeader("X-Count", "How many.", &schema.Schema{Types: []string{"integer"}})
	}))
	handle("GET", "/wrapped/foreign", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	handle("GET", "/wrapped/version", tigertonic.Version("1.2.3"))
}

func addClassic(handle func(method, pattern string, h http.Handler)) {
	handle("POST", "/classic", tigertonic.Marshaled(func(_ *url.URL, _ http.Header, in *classicAnimal) (int, http.Header, *classicAnimal, error) {
		return http.StatusCreated, http.Header{"Location": {"/classic/1"}}, in, nil
	}))
}

func serviceDocument(mux http.Handler) []byte {
	return openapi.New(mux, openapi.Info{Title: "Conformance", Version: "1.0", Servers: []openapi.Server{{URL: "https://api.zoo.test"}}}).JSON()
}

func TestDocumentIsValid(t *testing.T) {
	conform.Valid(t, serviceDocument(newService()))
	conform.Valid(t, openapi.New(newWorld().mux, openapi.Info{Title: "Oracle", Version: "1"}).JSON())
}

func TestResponsesAreAsTheDocumentSays(t *testing.T) {
	mux := newService()
	checker := conform.New(t, serviceDocument(mux))
	checker.AllowHeaders("X-A", "X-If", "Location") // which functions return, and nobody can know
	h := checker.Recorded(mux)
	send := func(want int, request, body string, headers ...string) {
		t.Helper()
		method, target, _ := strings.Cut(request, " ")
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		assert.Equal(t, want, w.Code, "%s %s", request, w.Body)
	}
	creature := `{"id":"a","version":2,"born":"2020-01-01T00:00:00Z","photo":"AQ==","chip":null,"friends":{"x":null},"address":"::1"}`
	const patchType = "application/merge-patch+json"
	basic := []string{"Authorization", "Basic dTpw"}

	send(200, "GET /animals?limit=3&kind=cat&network=10.0.0.0/8&since=2020-01-01T00:00:00Z", "", "If-None-Match", `"a", "b"`, "Cookie", "session=abc")
	send(422, "GET /animals?limit=0&kind=cow&big=0", "")
	send(400, "GET /animals?limit=%zz", "")
	send(406, "GET /animals", "", "Accept", "text/html")
	send(200, "HEAD /animals", "")
	send(405, "PUT /tenants/acme/things/1", "")
	send(404, "GET /nothing", "")
	send(201, "POST /animals", creature)
	send(422, "POST /animals", `{"id":""}`)
	send(400, "POST /animals", `{`)
	send(400, "POST /animals", "", "Content-Type", "application/json")
	send(415, "POST /animals", creature, "Content-Type", "text/plain")
	send(413, "POST /animals", strings.Repeat(" ", 1<<20)+creature)
	send(200, "PUT /animals/1", creature)
	send(422, "PUT /animals/x", creature)
	send(404, "PUT /animals/", creature)
	send(200, "PATCH /animals/1", `{"kind":"dog","chip":null,"weight":2}`, "Content-Type", patchType)
	send(422, "PATCH /animals/1", `{"kind":"cow"}`, "Content-Type", patchType)
	send(415, "PATCH /animals/1", `{}`)
	send(204, "DELETE /animals/1", "", basic...)
	send(401, "DELETE /animals/1", "")
	send(422, "DELETE /animals/x", "", basic...)
	for mode, status := range map[string]int{"": 422, "nil": 204, "problem": 409, "classic": 404, "secret": 500, "teapot": 200} {
		send(status, "GET /modes/1?mode="+mode, "")
	}
	send(200, "GET /tree", "")
	send(200, "GET /peculiar", "")
	for _, mediaType := range []string{"application/json", "application/jsonl", "application/x-ndjson", "text/event-stream"} {
		send(200, "GET /streams/items", "", "Accept", mediaType)
		send(503, "GET /streams/fails", "", "Accept", mediaType)
		send(200, "GET /streams/none", "", "Accept", mediaType)
	}
	send(406, "GET /streams/items", "", "Accept", "text/html")
	send(200, "GET /streams/text", "")
	send(406, "GET /streams/text", "", "Accept", "application/json")
	send(202, "POST /streams/accepted", "[1,2]")
	for _, status := range []int{200, 203, 204, 206} {
		send(status, fmt.Sprintf("GET /streams/status?status=%d", status), "")
	}

	pairs := `{"first":1,"second":"x"}`
	send(200, "POST /wrapped/cors", pairs, "Origin", "https://example.com")
	send(200, "POST /wrapped/cors", pairs, "Origin", "https://other.example.com")
	send(200, "OPTIONS /wrapped/cors", "", "Origin", "https://example.com", "Access-Control-Request-Method", "POST")
	send(200, "POST /wrapped/cached", pairs)
	send(413, "POST /wrapped/sized", pairs)
	send(200, "POST /wrapped/sized", `{"first":1}`)
	send(200, "POST /wrapped/counted", pairs)
	send(200, "POST /wrapped/if", pairs)
	send(403, "POST /wrapped/if", pairs, "X-Closed", "1")
	send(200, "POST /wrapped/all", pairs, append(basic, "Origin", "https://example.com")...)
	send(401, "POST /wrapped/all", pairs, "Origin", "https://example.com")
	send(200, "GET /wrapped/described", "")
	send(200, "GET /wrapped/foreign", "")
	send(200, "GET /wrapped/version", "")

	send(201, "POST /classic", `{"id":"x","tags":null,"unknown":1}`)
	send(400, "POST /classic", `{`)
	send(406, "POST /classic", `{}`, "Accept", "text/plain")
	send(415, "POST /classic", `{}`, "Content-Type", "text/plain")
	send(406, "POST /classic", `{}`, "Accept", "text/html")
	send(413, "POST /classic", `{"id":"`+strings.Repeat("x", 1<<20)+`"}`)

	send(200, "GET /tenants/acme", "")
	send(422, "GET /tenants/ACME", "")
	send(200, "GET /tenants/acme/things/1", "")
	send(200, "GET /tenants/acme/files/a/b", "")
	send(404, "GET /of-host", "")
	send(200, "GET http://a.zoo.test/of-host", "")
	seen := strings.Join(checker.Seen(), "\n")
	for _, route := range tigertonic.Routes(mux) {
		if route.Pattern == "/streams/fails" {
			continue
		}
		operation := route.Method + " " + strings.ReplaceAll(route.Pattern, "...}", "}")
		assert.Regexp(t, "(?m)^"+regexp.QuoteMeta(operation)+" 2..$", seen, "a success of every operation must be tried")
	}
}

// Left out are what fails because it is asked to, and a patch that makes two labels equal
// which weren't as they were sent. The rules are those of types that parse their own text.
func TestServiceKeepsToItsDocumentWhateverIsAsked(t *testing.T) {
	mux := newService()
	contract.MustParse(serviceDocument(mux)).AllowHeaders("X-A", "X-If", "Location").Fuzz(t, mux, contract.FuzzOptions{
		Requests: 50,
		Lenient:  []string{"POST /classic"},
		Rules:    []string{"listAnimals", "POST /animals", "PUT /animals/{id}"},
		Except:   []string{"GET /modes/{id}", "PATCH /animals/{id}"},
		Prepare:  func(r *http.Request) { r.SetBasicAuth("u", "p") },
	})
}

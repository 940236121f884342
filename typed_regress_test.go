package tigertonic_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// What reviewers and attackers have found, so that it stays mended.

var sequenceAccepts = []string{"application/json", "application/jsonl", "text/event-stream"}

// Such an iterator is wrong, and the runtime stops it by a panic. The response is
// what it would have been.
func TestSequenceThatGoesOnAfterItsEnd(t *testing.T) {
	stubborn := func(items int, err error) http.Handler {
		return sequences(func(_ context.Context, yield func(int, error) bool) {
			for i := range items {
				yield(i, nil)
			}
			yield(0, err)
			yield(0, nil)
		})
	}
	for _, accept := range sequenceAccepts {
		t.Run(accept, func(t *testing.T) {
			log := captureSlog(t)
			w := serve(t, stubborn(0, tigertonic.Gone{Err: errors.New("sold out")}), "GET", "/", "", "Accept", accept)
			assertProblem(t, w, `{"title":"Gone","status":410,"detail":"sold out"}`)
			assert.Contains(t, log.String(), "an iterator continued after yield returned false")
			log.Reset()

			w = httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
			r.Header.Set("Accept", accept)
			cause := recovered(func() { stubborn(1, tigertonic.Gone{Err: errors.New("sold out")}).ServeHTTP(w, r) })
			if accept == "text/event-stream" {
				assert.Nil(t, cause)
				assert.Equal(t, "data: 0\n\nevent: problem\nid: end\ndata: "+`{"title":"Gone","status":410,"detail":"sold out"}`+"\n\n", w.Body.String())
			} else {
				assert.Equal(t, http.ErrAbortHandler, cause)
			}
			assert.Contains(t, log.String(), "an iterator continued")
			log.Reset()

			assert.Equal(t, 200, serve(t, stubborn(3, nil), "HEAD", "/", "", "Accept", accept).Code)
			assert.Contains(t, log.String(), "an iterator continued")
		})
	}
}

// An iterator that ends when its context does has nothing to tell that by: the
// client mustn't take what it has got for all there is.
func TestSequenceThatADeadlineEnds(t *testing.T) {
	pouring := func(items int) http.Handler {
		return tigertonic.Within(sequences(func(ctx context.Context, yield func(int, error) bool) {
			for i := range items {
				if !yield(i, nil) {
					return
				}
			}
			<-ctx.Done()
		}).Heartbeat(0), time.Minute)
	}
	for accept, want := range map[string]string{
		"application/json": "[0", "application/jsonl": "0\n", "text/event-stream": "data: 0\n\nevent: problem\nid: end\ndata: {",
	} {
		t.Run(accept, func(t *testing.T) {
			log := captureSlog(t)
			synctest.Test(t, func(t *testing.T) {
				w := httptest.NewRecorder()
				r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
				r.Header.Set("Accept", accept)
				cause := recovered(func() { pouring(1).ServeHTTP(w, r) })
				if accept == "text/event-stream" {
					assert.Nil(t, cause)
					assert.Contains(t, w.Body.String(), want)
				} else {
					assert.Equal(t, http.ErrAbortHandler, cause)
					assert.Equal(t, want, w.Body.String())
				}
				assert.Contains(t, log.String(), "deadline exceeded")

				assertSecret(t, serve(t, pouring(0), "GET", "/", "", "Accept", accept), 503)
				assert.Equal(t, 200, serve(t, pouring(1), "HEAD", "/", "", "Accept", accept).Code)
			})
		})
	}
}

// schemed has the schema that the test wants.
type schemed struct{ N int }

var schemedAs *schema.Schema

func (schemed) JSONSchema() *schema.Schema { return schemedAs }

func TestTypedRefusesSchemasThatCantBeHeldAgainstValues(t *testing.T) {
	defer func() { schemedAs = nil }()
	text := &schema.Schema{Types: []string{"string"}}
	itself := &schema.Schema{Name: "Loop"}
	itself.Ref = itself
	indirectly := &schema.Schema{}
	indirectly.AnyOf = []*schema.Schema{text, {Ref: indirectly}}
	object := func(properties ...schema.Property) *schema.Schema {
		return &schema.Schema{Name: "Thing", Types: []string{"object"}, Properties: properties}
	}
	const nameless = "the schema without a name: "
	for _, tt := range []struct {
		schema *schema.Schema
		want   string
	}{
		{itself, "the schema Loop: Ref and AnyOf lead back to it, with nothing between"},
		{indirectly, nameless + "Ref and AnyOf lead back to it, with nothing between"},
		{&schema.Schema{MultipleOf: "0"}, nameless + "multipleOf 0 isn't above 0"},
		{&schema.Schema{MultipleOf: "-1"}, nameless + "multipleOf -1 isn't above 0"},
		{&schema.Schema{MultipleOf: "0.0e3"}, nameless + "multipleOf 0.0e3 isn't above 0"},
		{object(schema.Property{Name: "a"}), `the schema Thing: the property "a" has no schema, or is there twice`},
		{object(schema.Property{Name: "a", Schema: text}, schema.Property{Name: "a", Schema: text}), `the schema Thing: the property "a" has no schema, or is there twice`},
		{&schema.Schema{AnyOf: []*schema.Schema{nil, text}}, nameless + "AnyOf has nil"},
		{&schema.Schema{AnyOf: []*schema.Schema{text, nil}}, nameless + "AnyOf has nil"},
		{&schema.Schema{Default: json.RawMessage("{")}, nameless + `the default or example "{" isn't JSON`},
		{&schema.Schema{Examples: []json.RawMessage{[]byte("1"), []byte("x")}}, nameless + `the default or example "x" isn't JSON`},
		{object(schema.Property{Name: "a", Schema: &schema.Schema{Items: itself}}), "the schema Loop: Ref and AnyOf lead back to it"},
	} {
		schemedAs = tt.schema
		for _, f := range []func(){
			func() { taken[schemed]() },
			func() { taken[map[string][]schemed]() },
			func() { returning(schemed{}, nil) },
			func() { tigertonic.SchemaOf[schemed]() },
		} {
			finishes(t, func() { assert.Contains(t, refusal(f), "tigertonic_test.schemed: JSONSchema: "+tt.want) })
		}
	}
	schemedAs = &schema.Schema{Minimum: "3", Default: json.RawMessage("1")}
	assert.Contains(t, refusal(func() { taken[schemed]() }), "JSONSchema: the default 1 must be at least 3")
	schemedAs = &schema.Schema{Name: "Tree"} // which leads back to itself with something between
	schemedAs.AnyOf = []*schema.Schema{text, {Types: []string{"array"}, Items: schemedAs}}
	assert.Empty(t, refusal(func() { taken[schemed]() }))
}

type locked struct {
	sync.Mutex
	N int `json:"n"`
}

type embedsLocked struct {
	Locked *locked `json:"locked"`
}

func TestTypedRefusesWhatTheCodecDoes(t *testing.T) {
	for name, f := range map[string]func(){
		"body":   func() { taken[locked]() },
		"within": func() { taken[[]embedsLocked]() },
		"result": func() { returning(&locked{}, nil) },
	} {
		text := refusal(f)
		assert.Contains(t, text, "tigertonic_test.locked: it embeds a sync.Mutex: ", name)
		assert.NotContains(t, text, "runtime error", name)
	}
	text := refusal(func() {
		taken[struct {
			A *tigertonic.Opt[int] `query:"a"`
		}]()
	})
	assert.Contains(t, text, "struct{A}.A: a *tigertonic.Opt[int] can't be a parameter")
	text = refusal(func() {
		taken[struct {
			A int    `query:"a" example:"x"`
			B string `query:"b" example:"y"`
		}]()
	})
	assert.Contains(t, text, `struct{A, B}.A: example:"x": `)
	assert.NotContains(t, text, "}.B:")
}

func TestProblemThatIsNil(t *testing.T) {
	captureSlog(t)
	var none *tigertonic.Problem
	assertSecret(t, serve(t, failing(none), "GET", "/", ""), 500)
	assertSecret(t, serve(t, failing(errors.Join(errLeak, none)), "GET", "/", ""), 500)
	assertSecret(t, serve(t, returning(thenFailing[int](none), nil), "GET", "/", ""), 500)
	assert.Regexp(t, `^tigertonic: Errors: \*tigertonic\.Problem has no status that a response can have \(at`,
		refusal(func() { failing(none).Errors(none) }))
}

type optPatch struct {
	Patch tigertonic.Opt[tigertonic.Patch[strict]] `body:""`
}

func TestPatchInAnOpt(t *testing.T) {
	h := tigertonic.Typed(func(ctx context.Context, in *optPatch) (strict, error) {
		value := strict{Name: "x", Count: 1}
		patch, ok := in.Patch.Get()
		if !ok {
			return value, tigertonic.Gone{Err: errors.New("none")}
		}
		err := patch.Apply(ctx, &value)
		return value, err
	})
	const merge = "application/merge-patch+json"
	assert.Equal(t, `{"name":"x","count":1}`+"\n", serve(t, h, "PATCH", "/", `{}`, "Content-Type", merge).Body.String())
	assert.Equal(t, 200, serve(t, h, "PATCH", "/", `{"count":null}`, "Content-Type", merge).Code)
	assert.Equal(t, 410, serve(t, h, "PATCH", "/", ``).Code)
	assert.Equal(t, 410, serve(t, h, "PATCH", "/", `null`, "Content-Type", merge).Code)
	requireProblem(t, serve(t, h, "PATCH", "/", `{"count":""}`, "Content-Type", merge), 422, invalid(at("/count", "must be an integer or null")))
	w := serve(t, h, "PATCH", "/", `{}`, "Content-Type", "application/json")
	requireProblem(t, w, 415, `{"title":"Unsupported Media Type","status":415,"detail":"the Content-Type of a body must be `+merge+`"}`)
	assert.Equal(t, merge, w.Header().Get("Accept-Patch"))
	assert.Contains(t, describedBy(h).Body.Content, merge)
}

func TestWithinDescribesAProblem(t *testing.T) {
	const problemType = "application/problem+json"
	op := describedBy(tigertonic.Within(failing(nil), time.Second))
	assert.Contains(t, op.Responses["503"].Content, problemType)
	op = describedBy(tigertonic.Within(tigertonic.Described(hello, func(op *tigertonic.Operation) { op.Response(http.StatusOK) }), time.Second))
	assert.NotContains(t, op.Responses["503"].Content, problemType)
}

// Agreeable is a Validator, and what embeds it is one.
type Agreeable struct {
	Next string `json:"next,omitzero"`
}

func (Agreeable) Validate(context.Context) error { return nil }

type pageOf[T any] struct {
	Agreeable
	Items []T `json:"items"`
}

func (*pageOf[T]) Validate(context.Context) error { return errors.New("the page's own") }

func TestValidatorOfAGenericTypeIsAsked(t *testing.T) {
	requireProblem(t, postJSON(t, taken[pageOf[int]](), "/", `{"items":[]}`), 422, invalid(at("", "the page's own")))
	requireProblem(t, postJSON(t, taken[[]pageOf[[]string]](), "/", `[{"items":[]}]`), 422, invalid(at("/0", "the page's own")))
}

func TestValidatorOfAWildcardOfANamespace(t *testing.T) {
	type input struct {
		Tenant checked `path:"tenant,namespace"`
	}
	inner, mux := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	inner.Handle("GET", "/x", taken[input]())
	mux.HandleNamespace("/{tenant}", inner)
	requireProblem(t, serve(t, mux, "GET", "/unknown/x", ""), 422, invalid(of("path", "tenant", "unknown")))
}

type identifiedInput struct {
	ID string `path:"id"`
}

// Its mux can't refuse the endpoint when it is registered.
func TestTypedUnderAnotherMux(t *testing.T) {
	log := captureSlog(t)
	mux := http.NewServeMux()
	mux.Handle("GET /right/{id}", echoed[identifiedInput]())
	mux.Handle("GET /rest/{id...}", echoed[identifiedInput]())
	mux.Handle("GET /after/{idx}/{id...}", echoed[identifiedInput]())
	mux.Handle("GET /longer/{idd}", echoed[identifiedInput]())
	mux.Handle("GET /none", echoed[identifiedInput]())
	for _, path := range []string{"/right/x", "/rest/x", "/rest/", "/after/a/"} {
		assert.Equal(t, 200, serve(t, mux, "GET", path, "").Code, path)
	}
	assert.Empty(t, log.String())
	for _, path := range []string{"/longer/x", "/none"} {
		assertSecret(t, serve(t, mux, "GET", path, ""), 500)
		assert.Contains(t, log.String(), "nothing on the way has the wildcard {id}", path)
		log.Reset()
	}
}

func TestPatchMayBeAbsentInAnyWay(t *testing.T) {
	patches := map[string]func() http.Handler{
		"pointer": func() http.Handler {
			return taken[struct {
				A *tigertonic.Patch[strict] `body:""`
			}]()
		},
		"Opt": func() http.Handler {
			return taken[struct {
				A tigertonic.Opt[tigertonic.Patch[strict]] `body:""`
			}]()
		},
		"both": func() http.Handler {
			return taken[struct {
				A tigertonic.Opt[*tigertonic.Patch[strict]] `body:""`
			}]()
		},
	}
	for name, make := range patches {
		w := serve(t, make(), "PATCH", "/", `{}`, "Content-Type", "application/merge-patch+json")
		assert.Equal(t, 204, w.Code, "%s: %s", name, w.Body)
		assert.Equal(t, 204, serve(t, make(), "PATCH", "/", "").Code, name)
	}
}

func TestOptFollowsItsCodec(t *testing.T) {
	type opts struct {
		Wait tigertonic.Opt[time.Duration]       `json:"wait"`
		List tigertonic.Opt[[]int]               `json:"list"`
		Case tigertonic.Opt[struct{ Field int }] `json:"case"`
	}
	text, err := json.Marshal(opts{Wait: tigertonic.Some(time.Second), List: tigertonic.Some([]int(nil))})
	require.NoError(t, err)
	assert.Equal(t, `{"wait":1000000000,"list":null,"case":null}`, string(text))
	var got opts
	require.NoError(t, json.Unmarshal([]byte(`{"wait":5,"case":{"field":1}}`), &got))
	assert.Equal(t, tigertonic.Some(time.Duration(5)), got.Wait)
	assert.Equal(t, tigertonic.Some(struct{ Field int }{1}), got.Case)
}

// appended keeps all that it has been decoded from.
type appended []string

func (a *appended) UnmarshalJSON(text []byte) error {
	*a = append(*a, string(text))
	return nil
}

func (a appended) MarshalJSON() ([]byte, error) { return json.Marshal([]string(a)) }

func TestTypedBodyWithDefaultsIsDecodedOnce(t *testing.T) {
	type body struct {
		One  appended            `json:"one"`
		Many map[string]appended `json:"many"`
		List []appended          `json:"list"`
		N    int                 `json:"n" default:"1"`
	}
	type field struct {
		Body body `body:"" json:"body"`
	}
	const text, want = `{"one":1,"many":{"x":2},"list":[3]}`, `{"one":["1"],"many":{"x":["2"]},"list":[["3"]],"n":1}`
	assert.JSONEq(t, want, postJSON(t, echoed[body](), "/", text).Body.String())
	assert.JSONEq(t, `{"body":`+want+`}`, postJSON(t, echoed[field](), "/", text).Body.String())
}

type labels []string

func (labels) JSONSchema() *schema.Schema {
	return &schema.Schema{Types: []string{"array"}, UniqueItems: true}
}

func TestTypedParametersOfASchemaWithoutItems(t *testing.T) {
	type input struct {
		Labels labels `query:"t" json:"t"`
	}
	requireProblem(t, serve(t, taken[input](), "GET", "/?t=1&t=1", ""), 422, invalid(of("query", "t", "must have no item twice")))
	assert.JSONEq(t, `{"t":["1","1.0"]}`, serve(t, echoed[input](), "GET", "/?t=1&t=1.0", "").Body.String())
}

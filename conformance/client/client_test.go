package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/failsafehttp"
	"github.com/failsafe-go/failsafe-go/timeout"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

// An article is what the chi service keeps, by no type that the client knows.
type article struct {
	Slug  string    `json:"slug"`
	Title string    `json:"title"`
	Made  time.Time `json:"made"`
}

type oneArticle struct {
	Slug string `path:"slug"`
}

// chiService is written as chi's own examples are, with nothing of ours.
func chiService() http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Recoverer, middleware.StripSlashes)
	r.Route("/articles", func(r chi.Router) {
		r.Get("/", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/x-ndjson")
			for i := range 3 {
				fmt.Fprintf(w, "{\"slug\":\"%s-%d\"}\n", r.URL.Query().Get("prefix"), i)
			}
		})
		r.Post("/", func(w http.ResponseWriter, r *http.Request) {
			var a map[string]any
			if err := json.NewDecoder(r.Body).Decode(&a); err != nil || a["title"] == "" {
				http.Error(w, "a title is required", http.StatusUnprocessableEntity)
				return
			}
			a["slug"], a["made"], a["views"] = strings.ToLower(fmt.Sprint(a["title"])), "2026-01-02T03:04:05Z", 0 // which the client doesn't know
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.Header().Set("Location", "/articles/"+fmt.Sprint(a["slug"]))
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(a)
		})
		r.Route("/{slug}", func(r chi.Router) {
			r.Get("/", func(w http.ResponseWriter, r *http.Request) {
				if slug := chi.URLParam(r, "slug"); slug != "a b" && slug != "a%20b" {
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(http.StatusNotFound)
					fmt.Fprintf(w, `{"status":"Resource not found.","error":"no %s"}`, slug)
					return
				}
				_, _ = io.WriteString(w, `{"slug":"a b","title":"A"}`) // whose media type is guessed
			})
			r.Delete("/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		})
	})
	return r
}

func TestClientCallsAChiService(t *testing.T) {
	server := httptest.NewServer(chiService())
	t.Cleanup(server.Close)
	for _, c := range []*client.Client{
		client.New(server.URL, client.Options{}),
		client.New("http://articles.test", client.Options{Transport: client.InProcess(chiService())}),
	} {
		t.Cleanup(c.CloseIdleConnections)
		created, err := client.Do[tigertonic.CreatedResponse[article]](t.Context(), c, "POST", "/articles/", &struct {
			Title string `json:"title"`
		}{"Tigers"})
		require.NoError(t, err)
		assert.Equal(t, tigertonic.CreatedResponse[article]{
			Location: "/articles/tigers", Body: article{"tigers", "Tigers", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		}, created)

		_, err = client.Do[article](t.Context(), c, "GET", "/articles/{slug}", &oneArticle{"gone"})
		assert.EqualError(t, err, "GET /articles/gone: 404 Not Found: no gone")
		_, missing := errors.AsType[tigertonic.NotFound](err)
		assert.True(t, missing)
		_, err = client.Do[article](t.Context(), c, "POST", "/articles/", &article{})
		assert.EqualError(t, err, "POST /articles/: 422 Unprocessable Entity: a title is required")
		_, err = client.Do[struct{}](t.Context(), c, "DELETE", "/articles/{slug}", &oneArticle{"tigers"})
		require.NoError(t, err)

		list := tigertonic.Declare[struct {
			Prefix string `query:"prefix"`
		}, iter.Seq2[article, error]]("GET", "/articles/")
		n := 0
		for a, err := range client.Stream(t.Context(), c, list, &struct {
			Prefix string `query:"prefix"`
		}{"x&y"}, client.StreamOptions{}) {
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprint("x&y-", n), a.Slug)
			n++
		}
		assert.Equal(t, 3, n)
	}
}

// What the petstore's document says, in the client's types.
type (
	pet struct {
		ID        int64    `json:"id,omitempty"`
		Name      string   `json:"name"`
		PhotoURLs []string `json:"photoUrls"`
		Tags      []tag    `json:"tags,omitempty"`
		Status    string   `json:"status,omitempty"`
	}
	tag struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	onePet struct {
		ID int64 `path:"petId"`
	}
	petImage struct {
		onePet
		Metadata string `query:"additionalMetadata"`
	}
	petOrder struct {
		ID       int64     `json:"id"`
		PetID    int64     `json:"petId"`
		Quantity int32     `json:"quantity"`
		ShipDate time.Time `json:"shipDate"`
		Status   string    `json:"status"`
		Complete bool      `json:"complete"`
	}
	apiResponse struct {
		Code    int32  `json:"code"`
		Type    string `json:"type"`
		Message string `json:"message"`
	}
)

// petstore answers as the document in testdata says, which kin-openapi holds each
// request and each answer against.
func petstore(t *testing.T) http.Handler {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile("testdata/petstore.yaml")
	require.NoError(t, err)
	doc.Servers = openapi3.Servers{{URL: "/api/v3"}}
	require.NoError(t, doc.Validate(t.Context()))
	router, err := legacy.NewRouter(doc)
	require.NoError(t, err)
	const rex = `{"id":7,"name":"Rex","photoUrls":["a"],"tags":[{"id":1,"name":"good"}],"status":"sold"}`
	answers := map[string]string{
		"addPet": rex, "getPetById": rex, "findPetsByStatus": "[" + rex + "]", "getInventory": `{"sold":1,"available":20}`,
		"placeOrder": `{"id":1,"petId":7,"quantity":2,"shipDate":"2026-01-02T03:04:05.000Z","status":"placed","complete":false}`,
		"uploadFile": `{"code":200,"type":"image","message":"ok"}`, "deletePet": "",
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, params, err := router.FindRoute(r)
		if !assert.NoError(t, err, "%s %s", r.Method, r.RequestURI) {
			return
		}
		in := &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		}
		if !assert.NoError(t, openapi3filter.ValidateRequest(r.Context(), in), "%s %s", r.Method, r.RequestURI) {
			return
		}
		if params["petId"] == "404" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		body, known := answers[route.Operation.OperationID]
		assert.True(t, known, route.Operation.OperationID)
		if body != "" {
			w.Header().Set("Content-Type", "application/json")
		}
		assert.NoError(t, openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: in, Status: 200, Header: w.Header(), Body: io.NopCloser(strings.NewReader(body)),
		}))
		_, _ = io.WriteString(w, body)
	})
}

func TestClientCallsAsAPublicDocumentSays(t *testing.T) {
	c := client.New("https://petstore3.test/api/v3", client.Options{
		Transport: client.InProcess(petstore(t)), Header: http.Header{"Api_key": {"special-key"}},
	})
	ctx, rex := t.Context(), pet{7, "Rex", []string{"a"}, []tag{{1, "good"}}, "sold"}

	added, err := client.Do[pet](ctx, c, "POST", "/pet", &pet{Name: "Rex", PhotoURLs: []string{"a"}})
	require.NoError(t, err)
	assert.Equal(t, rex, added)
	got, err := client.Do[*pet](ctx, c, "GET", "/pet/{petId}", &onePet{7})
	require.NoError(t, err)
	assert.Equal(t, &rex, got)
	_, err = client.Do[*pet](ctx, c, "GET", "/pet/{petId}", &onePet{404})
	_, missing := errors.AsType[tigertonic.NotFound](err)
	assert.True(t, missing)
	found, err := client.Do[[]pet](ctx, c, "GET", "/pet/findByStatus", &struct {
		Status string `query:"status" enum:"available,pending,sold" default:"available"`
	}{"sold"})
	require.NoError(t, err)
	assert.Equal(t, []pet{rex}, found)
	_, err = client.Do[struct{}](ctx, c, "DELETE", "/pet/{petId}", &onePet{7})
	require.NoError(t, err)
	inventory, err := client.Do[map[string]int32](ctx, c, "GET", "/store/inventory", &struct{}{})
	require.NoError(t, err)
	assert.Equal(t, map[string]int32{"sold": 1, "available": 20}, inventory)
	ship := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	placed, err := client.Do[petOrder](ctx, c, "POST", "/store/order", &petOrder{1, 7, 2, ship, "placed", false})
	require.NoError(t, err)
	assert.Equal(t, petOrder{1, 7, 2, ship, "placed", false}, placed)
	uploaded, err := client.Do[apiResponse](ctx, c, "POST", "/pet/{petId}/uploadImage", &petImage{onePet{7}, "a & b"},
		client.Body("application/octet-stream", bytes.NewReader([]byte{0xff, 0xd8})))
	require.NoError(t, err)
	assert.Equal(t, apiResponse{200, "image", "ok"}, uploaded)
}

// failsafe-go's policies are RoundTrippers: retries send the body again, and a breaker
// that is open spares the service.
func TestFailsafePoliciesGoRoundTheTransport(t *testing.T) {
	var asked atomic.Int32
	var well atomic.Bool
	service := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.JSONEq(t, `{"slug":"a","title":"","made":"0001-01-01T00:00:00Z"}`, string(body))
		if n := asked.Add(1); n < 3 || n > 3 && !well.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
	retries := failsafehttp.NewRetryPolicyBuilder().WithMaxRetries(3).WithBackoff(time.Millisecond, 2*time.Millisecond).Build()
	c := client.New("http://articles.test", client.Options{
		Transport: failsafehttp.NewRoundTripper(client.InProcess(service), retries, timeout.New[*http.Response](time.Minute)),
	})
	put := func() error {
		_, err := client.Do[article](t.Context(), c, "PUT", "/articles", &article{Slug: "a"})
		return err
	}
	require.NoError(t, put())
	assert.EqualValues(t, 3, asked.Load())

	breaker := circuitbreaker.NewBuilder[*http.Response]().
		HandleIf(func(rs *http.Response, err error) bool { return err != nil || rs.StatusCode >= 500 }).
		WithFailureThreshold(2).WithDelay(time.Hour).Build()
	c = client.New("http://articles.test", client.Options{Transport: failsafehttp.NewRoundTripper(client.InProcess(service), breaker)})
	for range 2 {
		assert.ErrorContains(t, put(), "503 Service Unavailable")
	}
	n := asked.Load()
	assert.ErrorIs(t, put(), circuitbreaker.ErrOpen)
	assert.Equal(t, n, asked.Load())
}

// A span for each call is the parent of the service's, and streams stay streams.
func TestOpenTelemetryTracesCalls(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	options := []otelhttp.Option{otelhttp.WithTracerProvider(provider), otelhttp.WithPropagators(propagation.TraceContext{})}
	count := tigertonic.Declare[struct{}, iter.Seq2[article, error]]("GET", "/articles")
	mux := tigertonic.NewTrieServeMux()
	count.HandleFunc(mux, func(context.Context, *struct{}) (iter.Seq2[article, error], error) {
		return func(yield func(article, error) bool) {
			for i := 0; ; i++ {
				if !yield(article{Slug: fmt.Sprint(i)}, nil) {
					return
				}
			}
		}, nil
	})
	c := client.New("http://articles.test", client.Options{
		Transport: otelhttp.NewTransport(client.InProcess(otelhttp.NewHandler(mux, "serve", options...)), options...),
	})
	ctx, span := provider.Tracer("test").Start(t.Context(), "test")
	n := 0
	for _, err := range client.Stream(ctx, c, count, nil, client.StreamOptions{}) {
		require.NoError(t, err)
		n++
		if n == 3 {
			break
		}
	}
	span.End()
	parents := map[string]string{}
	for _, s := range spans.Ended() {
		assert.Equal(t, span.SpanContext().TraceID(), s.SpanContext().TraceID())
		parents[s.SpanKind().String()] = s.Parent().SpanID().String()
	}
	assert.Equal(t, span.SpanContext().SpanID().String(), parents["client"])
}

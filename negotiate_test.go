package tigertonic_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

func TestTypedNegotiates(t *testing.T) {
	const (
		array, lines, ndjson, events = "application/json", "application/jsonl", "application/x-ndjson", "text/event-stream"
		none                         = ""
	)
	for _, tt := range []struct {
		accept                  []string
		value, sequence, stream string // the media type that is sent, or none
	}{
		{nil, array, array, "text/csv"},
		{[]string{""}, array, array, "text/csv"},
		{[]string{" , "}, array, array, "text/csv"},
		{[]string{"*/*"}, array, array, "text/csv"},
		{[]string{"application/*"}, array, array, none},
		{[]string{"text/*"}, none, events, "text/csv"},
		{[]string{"text/csv"}, none, none, "text/csv"},
		{[]string{"application/json"}, array, array, none},
		{[]string{"APPLICATION/JSON"}, array, array, none},
		{[]string{"application/json; charset=utf-8"}, array, array, none},
		{[]string{"application/json;q=0"}, none, none, none},
		{[]string{"application/json;q=0, */*"}, none, lines, "text/csv"},
		{[]string{"application/json;q=0.000"}, none, none, none},
		{[]string{"application/json;q=0.001"}, array, array, none},
		{[]string{"*/*;q=0"}, none, none, none},
		{[]string{"*/*;q=0, application/json"}, array, array, none},
		{[]string{"application/jsonp"}, none, none, none},
		{[]string{"application/json;q=x"}, none, none, none},
		{[]string{"application/json;q=2"}, none, none, none},
		{[]string{"application/json;q=-1"}, none, none, none},
		{[]string{"json"}, none, none, none},
		{[]string{"text/event-stream"}, none, events, none},
		{[]string{"application/jsonl"}, none, lines, none},
		{[]string{"application/x-ndjson"}, none, ndjson, none},
		{[]string{"text/event-stream, application/jsonl"}, none, lines, none},
		{[]string{"text/event-stream, application/jsonl;q=0.9"}, none, events, none},
		{[]string{"text/event-stream;q=0.2, application/x-ndjson;q=0.3"}, none, ndjson, none},
		{[]string{"application/x-ndjson, application/jsonl"}, none, lines, none},
		{[]string{"text/event-stream, */*;q=0.1"}, array, events, "text/csv"},
		{[]string{"text/event-stream", "application/json;q=0.5"}, array, events, none},
		{[]string{"application/json;q=0.5", "application/jsonl;q=0.6"}, array, lines, none},
		{[]string{"text/html", "application/json"}, array, array, none},
	} {
		t.Run(strings.Join(tt.accept, " | "), func(t *testing.T) {
			for want, h := range map[*string]http.Handler{
				&tt.value:    returning(sencha, nil),
				&tt.sequence: returning(seqOf(sencha), nil),
				&tt.stream:   returning(tigertonic.Stream{ContentType: "text/csv", Reader: strings.NewReader("a")}, nil),
			} {
				r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
				r.Header["Accept"] = tt.accept
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if *want != none {
					assert.Equal(t, 200, w.Code)
					assert.Equal(t, *want, w.Header().Get("Content-Type"))
					continue
				}
				assert.Equal(t, 406, w.Code)
				var p struct{ Detail string }
				assert.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
				assertProblem(t, w, `{"title":"Not Acceptable","status":406,"detail":`+quote(p.Detail)+`}`)
				assert.Regexp(t, `^only .* can be sent, which the Accept header doesn't allow$`, p.Detail)
			}
			for _, h := range []http.Handler{returning(struct{}{}, nil), returning(tigertonic.CreatedResponse[struct{}]{}, nil)} {
				assert.Less(t, serve(t, h, "GET", "/", "", "Accept", strings.Join(tt.accept, ",")).Code, 300, "nothing suits everybody")
			}
		})
	}
}

func TestTypedNegotiatesBeforeItCalls(t *testing.T) {
	for _, accept := range []string{"text/csv", "application/json;q=0"} {
		h := typedFunc(func(*struct{}) (tea, error) { t.Error("called"); return tea{}, nil })
		assert.Equal(t, 406, serve(t, h, "GET", "/", "", "Accept", accept).Code)
	}
}

func TestTypedErrorsAreProblemsWhateverIsAccepted(t *testing.T) {
	h := returning(struct{}{}, tigertonic.Gone{errors.New("x")})
	assertProblem(t, serve(t, h, "GET", "/", "", "Accept", "text/html"), `{"title":"Gone","status":410,"detail":"x"}`)
}

type teaInput struct {
	Name string `path:"name"`
}

type tenantInput struct {
	Tenant string `path:"tenant,namespace"`
	Name   string `path:"name"`
}

func nameTea(_ context.Context, in *teaInput) (tea, error) { return tea{Name: in.Name}, nil }

func nameTenantsTea(_ context.Context, in *tenantInput) (tea, error) {
	return tea{Name: in.Tenant + " " + in.Name}, nil
}

func TestTypedUnderAnyMux(t *testing.T) {
	registry := metrics.NewRegistry()
	defer registry.UnregisterAll()
	always := func(*http.Request) (http.Header, error) { return nil, nil }
	typed := tigertonic.Typed(nameTea)
	trie := tigertonic.NewTrieServeMux()
	trie.Handle("GET", "/teas/{name}", typed)
	outer := tigertonic.NewTrieServeMux()
	outer.HandleNamespace("/2.0", trie)
	standard := http.NewServeMux()
	standard.Handle("GET /2.0/teas/{name}", typed)
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("example.com", outer)
	wrapped := tigertonic.NewTrieServeMux()
	wrapped.Handle("GET", "/2.0/teas/{name}", tigertonic.WithContext(tigertonic.If(always, tigertonic.Cached(tigertonic.Counted(typed, "c", registry), tigertonic.CacheOptions{})), session{}))
	tenants := tigertonic.NewTrieServeMux()
	tenants.Handle("GET", "/{name}", tigertonic.Typed(nameTenantsTea))
	tenancy := tigertonic.NewTrieServeMux()
	tenancy.HandleNamespace("/2.0/{tenant}", tenants)
	for name, h := range map[string]http.Handler{
		"TrieServeMux": outer, "http.ServeMux": standard, "HostServeMux": hosts, "wrappers": inAll(wrapped), "a server": tigertonic.NewServer("", outer).Handler,
	} {
		r := authorized(t, "GET")
		r.URL.Path, r.URL.RawPath, r.Host, r.URL.Host = "/2.0/teas/a/b", "/2.0/teas/a%2Fb", "example.com", ""
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		assert.Equal(t, `{"name":"a/b"}`+"\n", w.Body.String(), name)
	}
	assert.Equal(t, `{"name":"teas green"}`+"\n", serve(t, tenancy, "GET", "/2.0/teas/green", "").Body.String())
	assert.Equal(t, 204, serve(t, returning(struct{}{}, nil), "GET", "/", "").Code)
	assert.Equal(t, []string{"METHOD", "PATTERN", "HANDLER", "GET", "/2.0/teas/{name}", "Typed(go-tigertonic_test.nameTea)"}, strings.Fields(tigertonic.Explain(outer)))
	assert.Same(t, typed, outer.Routes()[0].Handler)
	assert.Equal(t, "/2.0/teas/{name}", outer.Routes()[0].Pattern)
}

func TestContextFromReachesTyped(t *testing.T) {
	whoami := tigertonic.Typed(func(ctx context.Context, _ *struct{}) (string, error) {
		if s, ok := tigertonic.LookupContext[session](ctx); ok {
			return s.User, nil
		}
		return "nobody", nil
	})
	h := tigertonic.WithContext(tigertonic.WithContext(tigertonic.If(func(r *http.Request) (http.Header, error) {
		tigertonic.ContextOf[session](r).User = r.Header.Get("X-User")
		return nil, nil
	}, whoami), 1), session{})
	assert.Equal(t, `"rcrowley"`+"\n", serve(t, h, "GET", "/", "", "X-User", "rcrowley").Body.String())
	assert.Equal(t, `""`+"\n", serve(t, h, "GET", "/", "").Body.String())
	assert.Equal(t, `"nobody"`+"\n", serve(t, whoami, "GET", "/", "").Body.String())
	_, ok := tigertonic.LookupContext[session](t.Context())
	assert.False(t, ok)
}

func TestTypedAllocates(t *testing.T) {
	type input struct {
		Name string `path:"name"`
		N    int    `query:"n"`
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/static", returning(sencha, nil))
	mux.Handle("GET", "/pointer", returning(&sencha, nil))
	mux.Handle("GET", "/nothing", returning(struct{}{}, nil))
	mux.Handle("GET", "/teas/{name}", typedFunc(func(in *input) (tea, error) { return tea{in.Name, in.N}, nil }))
	for target, limit := range map[string]float64{"/static": 2, "/pointer": 1, "/nothing": 0, "/teas/sencha?n=100": 4} {
		got := allocations(t, mux, "GET "+target)
		t.Logf("%s: %v allocations", target, got)
		assert.LessOrEqual(t, got, limit, target)
	}
}

package tigertonic_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

var versionDate = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// versioned are functions whose results have validators, under each kind of handler.
func versioned() map[string]http.Handler {
	header := http.Header{"ETag": {`"v2"`}, "Last-Modified": {versionDate.Format(http.TimeFormat)}, "Content-Language": {"en"}}
	type out = tigertonic.Response[string]
	return map[string]http.Handler{
		"Typed": tigertonic.Typed(func(context.Context, *struct{}) (out, error) { return out{Header: header, Body: "two"}, nil }),
		"Typed stream": tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.Response[tigertonic.Stream], error) {
			return tigertonic.Response[tigertonic.Stream]{Header: header, Body: tigertonic.Stream{ContentType: "text/plain", Reader: strings.NewReader("two")}}, nil
		}),
		"Marshaled": tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, *string, error) {
			two := "two"
			return 200, header, &two, nil
		}),
	}
}

func TestResultsWithValidatorsAnswerConditions(t *testing.T) {
	for name, h := range versioned() {
		h := tigertonic.Cached(h, tigertonic.CacheOptions{MaxAge: time.Hour})
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("GET", "/", h)
		for _, method := range []string{"GET", "HEAD"} {
			for _, tt := range []struct {
				status  int
				headers []string
			}{
				{200, nil},
				{200, []string{"If-None-Match", `"v1"`}},
				{200, []string{"If-Match", `"v2"`}},
				{200, []string{"If-Modified-Since", "never"}},
				{200, []string{"If-None-Match", `"v1"`, "If-Modified-Since", versionDate.Format(http.TimeFormat)}},
				{304, []string{"If-None-Match", `"v1", W/"v2"`}},
				{304, []string{"If-None-Match", "*"}},
				{304, []string{"If-Modified-Since", versionDate.Format(http.TimeFormat)}},
				{412, []string{"If-Match", `"v1"`, "If-None-Match", `"v2"`}},
				{412, []string{"If-Unmodified-Since", versionDate.Add(-time.Hour).Format(http.TimeFormat)}},
			} {
				w := serve(t, mux, method, "/", "", tt.headers...)
				what := fmt.Sprintf("%s %s %q", name, method, tt.headers)
				assert.Equal(t, tt.status, w.Code, what)
				if tt.status == 412 {
					continue
				}
				assert.Equal(t, `"v2"`, w.Header().Get("ETag"), what)
				assert.Equal(t, "max-age=3600", w.Header().Get("Cache-Control"), what)
				if tt.status == 304 {
					assert.Empty(t, w.Body.String(), what)
					assert.Empty(t, w.Header().Get("Content-Type"), what)
				}
			}
		}
	}
}

func TestConditionsAreOnlyOfSuccessesAndOfReading(t *testing.T) {
	for _, tt := range []struct {
		method string
		status int
	}{{"GET", 203}, {"PUT", 200}, {"GET", 404}} {
		h := tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.Response[string], error) {
			return tigertonic.Response[string]{Status: tt.status, Header: http.Header{"Etag": {`"v2"`}}, Body: "two"}, nil
		})
		assert.Equal(t, tt.status, serve(t, h, tt.method, "/", "", "If-None-Match", `"v2"`).Code)
	}
}

// A stream that isn't sent is closed.
func TestStreamThatTheClientHasIsClosed(t *testing.T) {
	closed := 0
	h := tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.Response[tigertonic.Stream], error) {
		return tigertonic.Response[tigertonic.Stream]{Header: http.Header{"Etag": {`"v2"`}}, Body: tigertonic.Stream{ContentType: "text/plain", Reader: closer{&closed}}}, nil
	})
	assert.Equal(t, 304, serve(t, h, "GET", "/", "", "If-None-Match", `"v2"`).Code)
	assert.Equal(t, 412, serve(t, h, "GET", "/", "", "If-Match", `"v1"`).Code)
	assert.Equal(t, 2, closed)
}

type closer struct{ closed *int }

func (closer) Read([]byte) (int, error) { return 0, errors.New("isn't read") }
func (c closer) Close() error           { *c.closed++; return nil }

var required = &tigertonic.ConditionOptions{Required: true}

// A cupboard holds a version of each thing.
type cupboard struct {
	etag    string
	asked   int
	changed int
}

func (s *cupboard) current(r *http.Request) (tigertonic.Validators, error) {
	s.asked++
	switch id := tigertonic.PathValue(r, "id"); {
	case r.PathValue("id") != id || r.URL.Query().Get("id") != id:
		return tigertonic.Validators{}, errors.New("the wildcards aren't where they should be")
	case id == "down":
		return tigertonic.Validators{}, errors.New("10.0.0.1 is down")
	case id == "gone":
		return tigertonic.Validators{}, tigertonic.Gone{Err: errors.New("it was here")}
	case id == "unquoted":
		return tigertonic.Validators{ETag: "v1"}, nil
	case id != "it":
		return tigertonic.Validators{}, nil
	}
	return tigertonic.Validators{ETag: s.etag, LastModified: versionDate}, nil
}

func (s *cupboard) handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	change := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.changed++
		_, _ = w.Write([]byte(r.URL.RawQuery))
	})
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		mux.Handle(method, "/{id}", tigertonic.Conditional(change, s.current, required))
	}
	mux.Handle("POST", "/{id}", tigertonic.Conditional(change, s.current, nil))
	mux.Handle("GET", "/{id}", tigertonic.Conditional(change, s.current, nil))
	return mux
}

func TestConditional(t *testing.T) {
	captured := captureSlog(t)
	for _, tt := range []struct {
		request string
		headers []string
		status  int
		asked   int
	}{
		{"PUT /it", nil, 428, 0},
		{"PUT /it", []string{"If-Modified-Since", versionDate.Format(http.TimeFormat)}, 428, 0},
		{"PUT /it", []string{"If-Match", `"v1"`}, 200, 1},
		{"PUT /it", []string{"If-Match", `*`}, 200, 1},
		{"PUT /it", []string{"If-Match", `"v0"`}, 412, 1},
		{"PUT /it", []string{"If-Match", `W/"v1"`}, 412, 1},
		{"PUT /it", []string{"If-None-Match", `*`}, 412, 1},
		{"PUT /new", []string{"If-None-Match", `*`}, 200, 1},
		{"PUT /new", []string{"If-Match", `*`}, 412, 1},
		{"PATCH /it", []string{"If-Unmodified-Since", versionDate.Format(http.TimeFormat)}, 200, 1},
		{"DELETE /it", []string{"If-Unmodified-Since", versionDate.Add(-time.Second).Format(http.TimeFormat)}, 412, 1},
		{"PUT /gone", []string{"If-Match", `"v1"`}, 410, 1},
		{"PUT /down", []string{"If-Match", `"v1"`}, 500, 1},
		{"PUT /unquoted", []string{"If-Match", `"v1"`}, 500, 1},
		{"POST /it", nil, 200, 0},
		{"POST /it", []string{"If-Match", `"v0"`}, 412, 1},
		{"GET /it", nil, 200, 0},
		{"GET /it", []string{"If-None-Match", `"v1"`}, 304, 1},
		{"HEAD /it", []string{"If-None-Match", `"v1"`}, 304, 1},
		{"GET /it", []string{"If-None-Match", `"v0"`}, 200, 1},
		{"OPTIONS /it", []string{"If-Match", `"v0"`}, 200, 0},
	} {
		s := &cupboard{etag: `"v1"`}
		method, path, _ := strings.Cut(tt.request, " ")
		w := serve(t, s.handler(), method, path, "", tt.headers...)
		what := fmt.Sprintf("%s %q", tt.request, tt.headers)
		assert.Equal(t, tt.status, w.Code, "%s: %s", what, w.Body)
		assert.Equal(t, tt.asked, s.asked, what)
		assert.Equal(t, tt.status == 200 && method != "OPTIONS", s.changed == 1, what)
		assert.NotContains(t, w.Body.String(), "10.0.0.1", what)
		if tt.status == 304 {
			assert.Equal(t, `"v1"`, w.Header().Get("ETag"))
			assert.Equal(t, versionDate.Format(http.TimeFormat), w.Header().Get("Last-Modified"))
		}
	}
	assert.Contains(t, captured.String(), "10.0.0.1 is down")
	assert.Contains(t, captured.String(), `has returned \"v1\", which isn't an entity tag`)
}

func TestConditionalRefusesWithCORS(t *testing.T) {
	s := &cupboard{etag: `"v1"`}
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins("https://example.com").AddAllowedHeaders("If-Match")
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("PUT", "/{id}", tigertonic.Conditional(cors.Build(hello), s.current, required))
	mux.Handle("GET", "/{id}", tigertonic.Conditional(cors.Build(hello), s.current, nil))
	for _, headers := range [][]string{nil, {"If-Match", `"v0"`}} {
		w := serve(t, mux, "PUT", "/it", "", append(headers, "Origin", "https://example.com")...)
		assert.GreaterOrEqual(t, w.Code, 400)
		assert.Equal(t, "https://example.com", w.Header().Get("Access-Control-Allow-Origin"))
	}
	w := serve(t, mux, "GET", "/it", "", "If-None-Match", `"v1"`, "Origin", "https://example.com")
	assert.Equal(t, 304, w.Code)
	assert.Equal(t, "https://example.com", w.Header().Get("Access-Control-Allow-Origin"))
	w = serve(t, mux, "OPTIONS", "/it", "", "Origin", "https://example.com", "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "if-match")
	assert.Equal(t, "https://example.com", w.Header().Get("Access-Control-Allow-Origin"))
}

func TestConditionalThatCantBe(t *testing.T) {
	assert.Panics(t, func() { tigertonic.Conditional(hello, nil, nil) })
	assert.Panics(t, func() { tigertonic.Conditional(nil, (&cupboard{}).current, nil) })
}

func TestPreconditionsInAFunction(t *testing.T) {
	type update struct {
		tigertonic.Preconditions
		ID string `path:"id"`
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("PUT", "/{id}", tigertonic.Typed(func(_ context.Context, in *update) (struct{}, error) {
		if err := in.Require(); err != nil {
			return struct{}{}, err
		}
		current := tigertonic.Validators{ETag: `"v,1"`, LastModified: versionDate}
		if in.ID == "new" {
			current = tigertonic.Validators{}
		}
		return struct{}{}, in.Check(current)
	}))
	for _, tt := range []struct {
		path    string
		headers []string
		status  int
	}{
		{"/it", nil, 428},
		{"/it", []string{"If-Match", `"v0", "v,1"`}, 204},
		{"/it", []string{"If-Match", `"v0"`, "If-Match", `"v,1"`}, 204},
		{"/it", []string{"If-Match", `"v0"`}, 412},
		{"/it", []string{"If-None-Match", `*`}, 412},
		{"/it", []string{"If-Unmodified-Since", versionDate.Format(http.TimeFormat)}, 204},
		{"/it", []string{"If-Unmodified-Since", versionDate.Add(-time.Hour).Format(http.TimeFormat)}, 412},
		{"/new", []string{"If-None-Match", `*`}, 204},
		{"/new", []string{"If-Match", `*`}, 412},
	} {
		w := serve(t, mux, "PUT", tt.path, "", tt.headers...)
		assert.Equal(t, tt.status, w.Code, "%s %q: %s", tt.path, tt.headers, w.Body)
	}
}

// Two clients that change the same thing at once: one of them is told.
func TestPreconditionsKeepUpdatesFromGettingLost(t *testing.T) {
	var version atomic.Int64
	etag := func(v int64) string { return fmt.Sprintf(`"%d"`, v) }
	h := tigertonic.Typed(func(_ context.Context, in *tigertonic.Preconditions) (tigertonic.Response[struct{}], error) {
		now := version.Load()
		if err := in.Check(tigertonic.Validators{ETag: etag(now)}); err != nil {
			return tigertonic.Response[struct{}]{}, err
		}
		if !version.CompareAndSwap(now, now+1) { // as in a transaction
			return tigertonic.Response[struct{}]{}, tigertonic.PreconditionFailed{}
		}
		return tigertonic.Response[struct{}]{Header: http.Header{"Etag": {etag(now + 1)}}}, nil
	})
	server := httptest.NewServer(h)
	defer server.Close()
	done := make(chan int)
	for range 8 {
		go func() {
			won := 0
			for range 20 {
				r, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL, http.NoBody)
				r.Header.Set("If-Match", etag(version.Load()))
				rs, err := http.DefaultClient.Do(r)
				if err != nil {
					continue
				}
				_ = rs.Body.Close()
				if rs.StatusCode == http.StatusNoContent {
					won++
				}
			}
			done <- won
		}()
	}
	won := 0
	for range 8 {
		won += <-done
	}
	require.Positive(t, won)
	assert.Equal(t, version.Load(), int64(won))
}

func ExampleConditional() {
	version := 1
	etag := func() string { return fmt.Sprintf(`"v%d"`, version) }
	current := func(*http.Request) (tigertonic.Validators, error) { return tigertonic.Validators{ETag: etag()}, nil }
	put := func(context.Context, *struct{}) (tigertonic.Response[struct{}], error) {
		version++
		return tigertonic.Response[struct{}]{Header: http.Header{"Etag": {etag()}}}, nil
	}
	get := func(context.Context, *struct{}) (tigertonic.Response[string], error) {
		return tigertonic.Response[string]{Header: http.Header{"Etag": {etag()}}, Body: "tea"}, nil
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/tea", tigertonic.Typed(get))
	mux.Handle("PUT", "/tea", tigertonic.Conditional(tigertonic.Typed(put), current, &tigertonic.ConditionOptions{Required: true}))
	for _, line := range []string{`PUT`, `PUT If-Match "v1"`, `PUT If-Match "v1"`, `GET If-None-Match "v1"`, `GET If-None-Match "v2"`} {
		words := append(strings.Fields(line), "", "")
		r := httptest.NewRequest(words[0], "/tea", http.NoBody)
		if words[1] != "" {
			r.Header.Set(words[1], words[2])
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(strings.TrimSpace(fmt.Sprint(line, " → ", w.Code, " ", w.Header().Get("ETag"))))
	}
	// Output:
	// PUT → 428
	// PUT If-Match "v1" → 204 "v2"
	// PUT If-Match "v1" → 412
	// GET If-None-Match "v1" → 200 "v2"
	// GET If-None-Match "v2" → 304 "v2"
}

func ExamplePreconditions() {
	type change struct {
		tigertonic.Preconditions
		ID string `path:"id"`
	}
	update := func(_ context.Context, in *change) (struct{}, error) {
		// begin a transaction, and read the row
		if err := in.Check(tigertonic.Validators{ETag: `"v7"`}); err != nil {
			return struct{}{}, err
		}
		// change it, and commit
		return struct{}{}, nil
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("DELETE", "/stuff/{id}", tigertonic.Typed(update).Errors(tigertonic.PreconditionFailed{}))
	for _, etag := range []string{`"v6"`, `"v7"`} {
		r := httptest.NewRequest(http.MethodDelete, "/stuff/tea", http.NoBody)
		r.Header.Set("If-Match", etag)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(etag, w.Code)
	}
	// Output:
	// "v6" 412
	// "v7" 204
}

func TestPreconditionsInTheInputAreDescribed(t *testing.T) {
	t.Parallel()
	type common struct{ tigertonic.Preconditions }
	type deep struct {
		common
		ID string `path:"id"`
	}
	op := &tigertonic.Operation{Method: "PUT"}
	tigertonic.Typed(func(context.Context, *deep) (struct{}, error) { return struct{}{}, nil }).Describe(op)
	assert.Contains(t, op.Responses, "412")
	op = &tigertonic.Operation{Method: "PUT"}
	tigertonic.Typed(func(context.Context, *struct {
		ID string `path:"id"`
	},
	) (struct{}, error) {
		return struct{}{}, nil
	}).Describe(op)
	assert.NotContains(t, op.Responses, "412")
}

func TestRequiredPreconditionsRefuseOthersBeforeTheFunction(t *testing.T) {
	t.Parallel()
	type change struct {
		tigertonic.RequiredPreconditions
		ID string `path:"id" maxLength:"3"`
	}
	called := false
	h := tigertonic.Typed(func(_ context.Context, in *change) (struct{}, error) {
		called = true
		return struct{}{}, in.Check(tigertonic.Validators{ETag: `"v7"`})
	})
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("DELETE", "/stuff/{id}", h)
	assert.Equal(t, 428, serve(t, mux, "DELETE", "/stuff/tea", "").Code)
	assert.False(t, called)
	assert.Equal(t, 422, serve(t, mux, "DELETE", "/stuff/coffee", "").Code)
	for header, want := range map[string]int{"If-Match": 204, "If-None-Match": 412} {
		r := httptest.NewRequestWithContext(t.Context(), "DELETE", "/stuff/tea", http.NoBody)
		r.Header.Set(header, `"v7"`)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		assert.Equal(t, want, w.Code, header)
	}
	op := &tigertonic.Operation{Method: "DELETE"}
	h.Describe(op)
	assert.Contains(t, op.Responses, "412")
	assert.Contains(t, op.Responses, "428")
}

func ExampleRequiredPreconditions() {
	type change struct {
		tigertonic.RequiredPreconditions
		ID string `path:"id"`
	}
	remove := func(_ context.Context, in *change) (struct{}, error) {
		return struct{}{}, in.Check(tigertonic.Validators{ETag: `"v7"`}) // and then change it
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("DELETE", "/stuff/{id}", tigertonic.Typed(remove))
	request(mux, "DELETE", "/stuff/tea", "", "If-Match", `"v7"`)
	request(mux, "DELETE", "/stuff/tea", "")
	// Output:
	// 204
	// 428 {"title":"Precondition Required","status":428,"detail":"this needs If-Match with the ETag of what is to be changed, or another condition"}
}

func ExampleVersioned() {
	show := func(context.Context, *struct{}) (tigertonic.Versioned[string], error) {
		return tigertonic.Versioned[string]{Validators: tigertonic.Validators{ETag: `"v7"`}, Body: "green"}, nil
	}
	h := tigertonic.Typed(show)
	w := request(h, "GET", "/", "")
	fmt.Println(w.Header().Get("ETag"))
	request(h, "GET", "/", "", "If-None-Match", `"v7"`)
	// Output:
	// 200 "green"
	// "v7"
	// 304
}

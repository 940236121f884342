package conformance

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// An endpoint answers the same under any router that sets PathValue.

type routedInput struct {
	paging
	Tenant string   `path:"tenant" pattern:"^[a-z/ %é]+$"`
	ID     int64    `path:"id" minimum:"1"`
	Tags   []string `query:"tag" maxItems:"2"`
	Match  *string  `header:"If-Match"`
	Body   *base    `body:""`
}

func routed() http.Handler {
	return tigertonic.Typed(func(_ context.Context, in *routedInput) (tigertonic.Response[routedOutput], error) {
		out := routedOutput{in.Tenant, in.ID, in.Limit, in.Tags, in.Match, in.Body}
		return tigertonic.Response[routedOutput]{Status: 200, Header: http.Header{"X-A": {"b"}}, Body: out}, nil
	})
}

type routedOutput struct {
	Tenant string   `json:"tenant"`
	ID     int64    `json:"id"`
	Limit  int      `json:"limit"`
	Tags   []string `json:"tags"`
	Match  *string  `json:"match"`
	Body   *base    `json:"body"`
}

// A foreignWriter is what wrappers of others put round the writer: it counts, and
// keeps what they don't know to themselves.
type foreignWriter struct {
	http.ResponseWriter
	status, bytes int
}

func (w *foreignWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *foreignWriter) Write(p []byte) (int, error) {
	w.bytes += len(p)
	return w.ResponseWriter.Write(p)
}

type spanKey struct{}

// foreign is a wrapper such as those for tracing: it gives the request another
// context, hides the handler and wraps the writer, with Unwrap or without.
func foreign(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(&foreignWriter{ResponseWriter: w}, r.WithContext(context.WithValue(r.Context(), spanKey{}, "span")))
	})
}

func routers() map[string]http.Handler {
	const pattern = "/{tenant}/things/{id}"
	std, stdWrapped := http.NewServeMux(), http.NewServeMux()
	std.Handle("POST "+pattern, routed())
	stdWrapped.Handle("POST "+pattern, foreign(routed()))
	chiRouter, chiWrapped := chi.NewRouter(), chi.NewRouter()
	chiRouter.Method("POST", pattern, routed())
	chiWrapped.Use(foreign)
	chiWrapped.Route("/{tenant}", func(r chi.Router) { r.With(foreign).Method("POST", "/things/{id}", foreign(routed())) })
	ours, oursWrapped := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	ours.Handle("POST", pattern, routed())
	oursWrapped.Handle("POST", pattern, foreign(tigertonic.Cached(foreign(routed()), tigertonic.CacheOptions{})))
	return map[string]http.Handler{
		"net/http": std, "net/http, wrapped": stdWrapped, "chi": chiRouter, "chi, wrapped": chiWrapped,
		"TrieServeMux": ours, "TrieServeMux, wrapped": oursWrapped, "TrieServeMux, wrapped outside": foreign(ours),
	}
}

func TestEndpointsAnswerTheSameUnderAnyRouter(t *testing.T) {
	requests := []struct {
		target, body string
		headers      []string
		want         int
	}{
		{"/acme/things/7", "", nil, 200},
		{"/acme/things/7?limit=3&tag=a&tag=b&other=x", `{"id":"b"}`, []string{"If-Match", `"x"`}, 200},
		{"/a%20b/things/7", "", nil, 200},
		{"/%C3%A9/things/7", "", nil, 200},
		{"/a%25b/things/7", "", nil, 200},
		{"/ACME/things/0?limit=x&tag=a&tag=b&tag=c", `{"id":""}`, nil, 422},
		{"/acme/things/x", "", nil, 422},
		{"/acme/things/1?limit=%zz", `{"id":"b"}`, nil, 400},
		{"/acme/things/1", `{"id":`, nil, 400},
		{"/acme/things/1", `{"id":"b"}`, []string{"Content-Type", "text/plain"}, 415},
		{"/acme/things/1", strings.Repeat(" ", 1<<20) + `{"id":"b"}`, nil, 413},
		{"/acme/things/1", "", []string{"Accept", "text/html"}, 406},
	}
	answer := func(h http.Handler, i int) string {
		rq := requests[i]
		r := httptest.NewRequest("POST", rq.target, strings.NewReader(rq.body))
		if rq.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		for j := 0; j < len(rq.headers); j += 2 {
			r.Header.Set(rq.headers[j], rq.headers[j+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		assert.Equal(t, rq.want, w.Code, "%s: %s", rq.target, w.Body)
		return fmt.Sprint(w.Code, w.Header(), w.Body)
	}
	all := routers()
	for i, rq := range requests {
		want := answer(all["net/http"], i)
		for name, h := range all {
			assert.Equal(t, want, answer(h, i), "%s: %s", name, rq.target)
		}
	}
}

// chi unescapes nothing where it has the escaped path, and else routes by the path
// as it was unescaped. Neither leads to what the mux guards.
func TestNoPathLeadsRoundAGuardToChi(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "admin"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "admin", "secret"), []byte("the secret"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "open"), []byte("the open"), 0o600))
	files := http.FileServer(http.Dir(dir))
	direct, cleaned, routed := chi.NewRouter(), chi.NewRouter(), chi.NewRouter()
	direct.Handle("/*", files)
	cleaned.Use(middleware.CleanPath)
	cleaned.Handle("/*", files)
	routed.Get("/open", files.ServeHTTP)
	routed.Route("/admin", func(r chi.Router) { r.Get("/*", files.ServeHTTP) })
	for name, router := range map[string]http.Handler{"direct": direct, "cleaned": cleaned, "routed": routed, "wrapped": foreign(direct)} {
		mux := tigertonic.NewTrieServeMux()
		mux.HandleNamespace("", tigertonic.Cached(router, tigertonic.CacheOptions{}))
		mux.HandleNamespace("/admin", tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "", router))
		for path, want := range map[string]int{
			"/admin/secret": 401, "/%61dmin/secret": 401, "/open": 200,
			"/admin%2Fsecret": 404, "//admin/secret": 404, "/%2Fadmin/secret": 404, "/admin%5Csecret": 404, "/x/..%2Fadmin/secret": 404,
			"/x/../admin/secret": 404, "/x/..;/admin/secret": 404, "/%2e/admin/secret": 404,
		} {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			assert.Equal(t, want, w.Code, "%s: %s", name, path)
			assert.NotContains(t, w.Body.String(), "the secret", "%s: %s", name, path)
		}
	}
}

func TestClassicFunctionsFindTheirWildcardsUnderAnyRouter(t *testing.T) {
	classic := tigertonic.Marshaled(func(u *url.URL, _ http.Header) (int, http.Header, []string, error) {
		q := u.Query()
		return 200, nil, append(append(q["tenant"], q["{id}"]...), q["x"]...), nil
	})
	std, router, ours := http.NewServeMux(), chi.NewRouter(), tigertonic.NewTrieServeMux()
	std.Handle("GET /{tenant}/things/{id}", foreign(classic))
	router.Method("GET", "/{tenant}/things/{id:[0-9]+}", foreign(classic))
	ours.Handle("GET", "/{tenant}/things/{id}", foreign(classic))
	for name, h := range map[string]http.Handler{"net/http": std, "chi": router, "TrieServeMux": ours} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/acme/things/7?id=evil&{id}=evil&tenant=evil&x=1", nil))
		assert.Equal(t, `["acme","7","1"]`+"\n", w.Body.String(), name)
	}
}

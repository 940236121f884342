package openapi_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

func TestHandlerServesTheDocument(t *testing.T) {
	doc := openapi.New(newMux("GET /"), info)
	for _, method := range []string{"GET", "HEAD"} {
		w := httptest.NewRecorder()
		doc.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/openapi.json", nil))
		assert.Equal(t, 200, w.Code)
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
		assert.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		assert.Regexp(t, `^"[0-9a-f]{32}"$`, w.Header().Get("Etag"))
		want := string(doc.JSON())
		if method == "HEAD" {
			want = ""
		}
		assert.Equal(t, want, w.Body.String())
	}
}

func TestHandlerAnswers304ToWhoHasTheDocument(t *testing.T) {
	doc := openapi.New(newMux("GET /"), info)
	w := httptest.NewRecorder()
	doc.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	etag := w.Header().Get("Etag")
	for ifNoneMatch, want := range map[string]int{
		etag:                        304,
		"W/" + etag:                 304,
		`"x", W/"y", ` + etag:       304,
		"*":                         304,
		`"x"`:                       200,
		"":                          200,
		etag[:5]:                    200,
		etag[1 : len(etag)-1]:       200,
		`"` + etag[1:5] + `,` + `"`: 200,
	} {
		for _, method := range []string{"GET", "HEAD"} {
			r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
			r.Header.Set("If-None-Match", ifNoneMatch)
			w := httptest.NewRecorder()
			doc.Handler().ServeHTTP(w, r)
			assert.Equal(t, want, w.Code, "%s %s", method, ifNoneMatch)
			assert.Equal(t, etag, w.Header().Get("Etag"))
			assert.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
			if want == 304 {
				assert.Empty(t, w.Body.String())
			}
		}
	}
}

func TestETagsAreOfTheContent(t *testing.T) {
	etag := func(routes ...string) string {
		w := httptest.NewRecorder()
		openapi.New(newMux(routes...), info).Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
		return w.Header().Get("Etag")
	}
	want := etag("GET /")
	assert.Equal(t, want, etag("GET /"))
	assert.NotEqual(t, want, etag("GET /a"))
}

func TestHandlerRefusesOtherMethods(t *testing.T) {
	w := httptest.NewRecorder()
	openapi.New(newMux(), info).Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/", nil))
	assert.Equal(t, 405, w.Code)
	assert.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
	assert.JSONEq(t, `{"description":"only GET, HEAD are allowed","error":"tigertonic.MethodNotAllowed"}`, w.Body.String())
}

func TestExplainNamesTheDocument(t *testing.T) {
	h := openapi.New(newMux(), info).Handler()
	assert.Equal(t, "METHOD  PATTERN  HANDLER\n*                openapi.Document\n", tigertonic.Explain(h))
}

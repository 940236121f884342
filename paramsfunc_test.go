package tigertonic_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

func TestParamsFuncUnderOtherRouters(t *testing.T) {
	h := tigertonic.ParamsFunc(func(w http.ResponseWriter, _ *http.Request, p tigertonic.Params) {
		fmt.Fprintf(w, "%q %q", p.Get("x"), p.Get(""))
	})
	mux := http.NewServeMux()
	mux.Handle("GET /a/{x}", h)
	assert.Equal(t, `"1" ""`, ask(t, mux, "GET /a/1").Body.String())
	assert.Equal(t, `"" ""`, ask(t, h, "GET /a/1").Body.String(), "without a router")
	assert.Empty(t, tigertonic.Params{}.Get("x"), "zero value")
}

func TestParamsOfTheRestOfNoPath(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/{x...}", tigertonic.ParamsFunc(func(w http.ResponseWriter, _ *http.Request, p tigertonic.Params) {
		fmt.Fprintf(w, "%q", p.Get("x"))
	}))
	r := requestFor(t, "GET /")
	r.URL.Path = ""
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	assert.Equal(t, `""`, w.Body.String())
}

// What is passed is what the mux found, whatever happens to the request later.
func TestParamsOutliveWhatAHandlerDoesToTheRequest(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a/{x}", tigertonic.ParamsFunc(func(w http.ResponseWriter, r *http.Request, p tigertonic.Params) {
		r.URL.Path, r.Pattern = "/", ""
		fmt.Fprint(w, p.Get("x"))
	}))
	assert.Equal(t, "1", ask(t, mux, "GET /a/1").Body.String())
	assert.Empty(t, ask(t, mux, "HEAD /a/1").Body.String())
}

package tigertonic_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// saying writes what the request has for the names.
func saying(names ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, name := range names {
			fmt.Fprintf(w, "%s=%q ", name, r.PathValue(name))
		}
		fmt.Fprintf(w, "%s %s %s", r.Pattern, r.Host, r.URL)
	}
}

func TestFunctionsReadTheirWildcards(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	inner := tigertonic.NewTrieServeMux()
	for _, method := range []string{"GET", "POST", "CONNECT", "OPTIONS"} {
		mux.HandleFunc(method, "/a/{x}/b/{y}", saying("x", "y", "z"))
	}
	mux.HandleFunc("GET", "/many/{p1}/{p2}/{p3}/{p4}/{p5}", saying("p1", "p2", "p3", "p4", "p5"))
	mux.HandleFunc("GET", "/rest/{x}/{y...}", saying("x", "y"))
	mux.HandleFunc("GET", "/braces/{{x}}", saying("x", "{x}"))
	mux.HandleFunc("GET", "/no-identifier/{x-y}/{z}", saying("x-y", "z"))
	mux.HandleNamespace("/in/{x}", inner)
	inner.HandleFunc("GET", "/{y}", saying("x", "y"))
	for request, want := range map[string]string{
		"GET /a/1/b/2?q":          `x="1" y="2" z="" GET /a/{x}/b/{y} example.com /a/1/b/2?q`,
		"POST /a/1%2F2/b/%41%25":  `x="1/2" y="A%" z="" POST /a/{x}/b/{y} example.com /a/1%2F2/b/%41%25`,
		"CONNECT /a/1/b/2":        `x="1" y="2" z="" CONNECT /a/{x}/b/{y} example.com /a/1/b/2`,
		"OPTIONS /a/-/b/2":        `x="-" y="2" z="" OPTIONS /a/{x}/b/{y} example.com /a/-/b/2`,
		"GET /many/1/2/3/4/5":     `p1="1" p2="2" p3="3" p4="4" p5="5" GET /many/{p1}/{p2}/{p3}/{p4}/{p5} example.com /many/1/2/3/4/5`,
		"GET /rest/1/2/3":         `x="1" y="2/3" GET /rest/{x}/{y...} example.com /rest/1/2/3`,
		"GET /braces/1":           `x="1" {x}="1" GET /braces/{{x}} example.com /braces/1`,
		"GET /no-identifier/1/-2": `x-y="1" z="-2" GET /no-identifier/{x-y}/{z} example.com /no-identifier/1/-2`,
		"GET /in/1/2":             `x="1" y="2" GET /in/{x}/{y} example.com /2`,
	} {
		assert.Equal(t, want, ask(t, mux, request).Body.String(), request)
	}
}

// A program may ask for the http.ServeMux of Go 1.21, which has no wildcards.
func TestFunctionsReadTheirWildcardsWithoutThoseOfNetHTTP(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestFunctionsReadTheirWildcards$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=httpmuxgo121=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "--- PASS: TestFunctionsReadTheirWildcards")
}

func TestFunctionsKeepTheValuesOfWhatIsOutside(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/t/{tenant}/{x}", saying("tenant", "x", "user"))
	mux.HandleFunc("GET", "/{x}", saying("tenant", "x", "user"))
	set := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.SetPathValue("user", "me")
			h.ServeHTTP(w, r)
		})
	}
	assert.Equal(t, `tenant="1" x="2" user="me" GET /t/{tenant}/{x} example.com /t/1/2`, ask(t, set(mux), "GET /t/1/2").Body.String())
	outside := http.NewServeMux()
	outside.Handle("/t/{tenant}/", http.StripPrefix("/t/1", set(mux)))
	assert.Equal(t, `tenant="1" x="2" user="me" GET /{x} example.com /2`, ask(t, outside, "GET /t/1/2").Body.String())
}

func TestHandlersKeepTheirValuesBehindAnotherMux(t *testing.T) {
	inside := http.NewServeMux()
	inside.HandleFunc("/{y}/", saying("x", "y", "z"))
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a/{x}", inside)
	mux.HandleFunc("GET", "/b/{x}/{z...}", inside.ServeHTTP)
	assert.Equal(t, `x="1" y="a" z="" /{y}/ example.com /a/1`, ask(t, mux, "GET /a/1").Body.String())
	assert.Equal(t, `x="1" y="b" z="2/3" /{y}/ example.com /b/1/2/3`, ask(t, mux, "GET /b/1/2/3").Body.String())
}

package middleware

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/internal/docstest"
)

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	m.Run()
}

func Example() {
	fmt.Print(tigertonic.Explain(service()))
	// Output:
	// METHOD  PATTERN    HANDLER
	// GET     /greeting  Recovered > Within(5s) > Wrapped(middleware.noSniff) > Wrapped(middleware.gzip) > WithContext(middleware.session) > If > Typed(middleware.greet)
}

func TestClientIsLimited(t *testing.T) {
	h := limited(service())
	for i := range 101 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/greeting?user=ann", nil))
		if want := map[bool]int{true: 200, false: 429}[i < 100]; w.Code != want || (i < 100) != (w.Header().Get("Retry-After") == "") {
			t.Fatalf("request %d: got %d %v, want %d", i+1, w.Code, w.Header(), want)
		}
	}
}

func TestScriptsOfTheSiteMayCall(t *testing.T) {
	h := forScripts(service())
	for origin, want := range map[string]string{"https://app.example.com": "https://app.example.com", "https://evil.example.com": ""} {
		for _, method := range []string{"OPTIONS", "GET"} {
			r := httptest.NewRequest(method, "/greeting?user=ann", nil)
			r.Header.Set("Origin", origin)
			if method == "OPTIONS" {
				r.Header.Set("Access-Control-Request-Method", "GET")
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != want || !strings.Contains(strings.Join(w.Header()["Vary"], ", "), "Origin") {
				t.Errorf("%s from %s: got %v, want the origin %q allowed", method, origin, w.Header(), want)
			}
		}
	}
}

func TestPageShowsWhatTheClientGets(t *testing.T) {
	docstest.Console(t, "../../../docs/middleware.md", func(t *testing.T) docstest.Service {
		server := httptest.NewServer(service())
		t.Cleanup(server.Close)
		return docstest.Service{Address: server.Listener.Addr().String()}
	})
}

// Each client behind the proxy has a limit of its own, whatever else it says it is.
func TestEachClientIsLimitedByItself(t *testing.T) {
	h := perClient(service())
	ask := func(forwardedFor string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/greeting?user=ann", nil) // from 192.0.2.1
		r.Header.Set("X-Forwarded-For", forwardedFor)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for i := range 100 {
		if w := ask(fmt.Sprintf("10.0.0.%d, 203.0.113.7", i)); w.Code != 200 {
			t.Fatalf("request %d: got %d", i+1, w.Code)
		}
	}
	w := ask("10.0.0.200, 203.0.113.7")
	if w.Code != 429 || w.Header().Get("Retry-After") != "60" || w.Header().Get("RateLimit") != `"client";r=0;t=60` ||
		w.Header().Get("RateLimit-Policy") != `"client";q=100;w=60` || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("the one who asks too often gets %d %v", w.Code, w.Header())
	}
	if w := ask("203.0.113.8"); w.Code != 200 {
		t.Errorf("another client gets %d", w.Code)
	}
}

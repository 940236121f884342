package cors

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/chromium"
)

// A calls counts the requests that have come to a handler or a server.
type calls struct {
	mu   sync.Mutex
	made map[string]int
}

func (c *calls) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil {
		c.made = map[string]int{}
	}
	c.made[what]++
}

func (c *calls) of(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.made[what]
}

// handler counts the calls of itself.
func (c *calls) handler(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c.add(name)
		w.WriteHeader(http.StatusOK)
	})
}

// A page is one of another origin than the service's.
type page struct {
	*chromium.Tab
	service string
}

// open starts the service, which the calls of OPTIONS are counted of, and a page that has
// another port, and so another origin.
func open(t *testing.T, c *calls, service func(origin string) http.Handler) *page {
	t.Helper()
	browser := chromium.New(t)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><link rel="icon" href="data:,"><title>Another site</title>`))
	}))
	t.Cleanup(site.Close)
	h := service(site.URL)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			c.add("OPTIONS")
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return &page{chromium.Open(browser, t, site.URL, 800, 600, "light"), server.URL}
}

// fetch makes the request in the page and returns the status that the script sees,
// or "refused".
func (p *page) fetch(method, path, options string) string {
	p.Helper()
	p.Eval(fmt.Sprintf(`(window.seen = "", fetch(%q, {method: %q, %s}).then(
		rs => { window.seen = String(rs.status) }, () => { window.seen = "refused" }), 0)`, p.service+path, method, options))
	p.Until(`window.seen`)
	return p.Eval(`window.seen`)
}

const withA = `headers: {"X-A": "a"}`

// The CORS of GET opens no DELETE, and that of PUT no header of GET's, in what the
// browser remembers of their preflights.
func TestPreflightOpensNoOtherMethod(t *testing.T) {
	var c calls
	p := open(t, &c, func(origin string) http.Handler {
		cors := tigertonic.NewCORSBuilder().AddAllowedOrigins(origin).AddMaxAge(time.Hour)
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("DELETE", "/x", c.handler("DELETE"))
		mux.Handle("POST", "/x", cors.Build(c.handler("POST")))
		cors.AddAllowedHeaders("X-A")
		mux.Handle("GET", "/x", cors.Build(c.handler("GET")))
		mux.Handle("PUT", "/x", cors.Build(c.handler("PUT")))
		return mux
	})
	assert.Equal(t, "200", p.fetch("GET", "/x", withA))
	assert.Equal(t, "refused", p.fetch("DELETE", "/x", ""))
	assert.Equal(t, 0, c.of("DELETE"))
	assert.Equal(t, "200", p.fetch("PUT", "/x", withA))
	assert.Equal(t, "refused", p.fetch("POST", "/x", withA))
	assert.Equal(t, 0, c.of("POST"))
	assert.Equal(t, "200", p.fetch("POST", "/x", ""), "a form could do that")
}

// What is the same for all methods is asked for once.
func TestPreflightIsRemembered(t *testing.T) {
	var c calls
	p := open(t, &c, func(origin string) http.Handler {
		cors := tigertonic.NewCORSBuilder().AddAllowedOrigins(origin).AddAllowedHeaders("X-A").AddMaxAge(time.Hour)
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("GET", "/x", cors.Build(c.handler("GET")))
		mux.Handle("DELETE", "/x", cors.Build(c.handler("DELETE")))
		return mux
	})
	for range 2 {
		assert.Equal(t, "200", p.fetch("GET", "/x", withA))
		assert.Equal(t, "200", p.fetch("DELETE", "/x", withA))
	}
	assert.Equal(t, 1, c.of("OPTIONS"))
	assert.Equal(t, 2, c.of("DELETE"))
}

// A script sees the status of a refusal by what stands outside of CORS, and may send
// an Accept that is unusual.
func TestRefusalsAreSeen(t *testing.T) {
	var c calls
	p := open(t, &c, func(origin string) http.Handler {
		cors := tigertonic.NewCORSBuilder().AddAllowedOrigins(origin).AddAllowedHeaders("Authorization")
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("PUT", "/x", cors.Build(c.handler("PUT")))
		return tigertonic.HTTPBasicAuth(map[string]string{"user": "password"}, "r", mux)
	})
	assert.Equal(t, "401", p.fetch("PUT", "/x", `headers: {Authorization: "Basic " + btoa("user:wrong")}`))
	assert.Equal(t, "401", p.fetch("PUT", "/x", `headers: {Accept: "text/(plain)"}`))
	assert.Equal(t, 0, c.of("PUT"))
	assert.Equal(t, "200", p.fetch("PUT", "/x", `headers: {Authorization: "Basic " + btoa("user:password"), Accept: "text/(plain)"}`))
	assert.Equal(t, 1, c.of("PUT"))
	assert.Equal(t, "refused", p.fetch("DELETE", "/x", ""))
}

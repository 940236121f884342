package page

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
	"github.com/rcrowley/go-tigertonic/conformance/chromium"
)

// The index of the admin port follows what happens, and says the same once it is loaded anew.
func TestAdminIndexIsLive(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff/{id}", tigertonic.Typed(func(_ context.Context, in *struct {
		ID string `path:"id"`
	},
	) (struct{}, error) {
		if in.ID == "leak" {
			return struct{}{}, errors.New("the <b>kettle</b> leaks")
		}
		return struct{}{}, nil
	}))
	service := tigertonic.NewServer("", tigertonic.Measured(mux, nil)).Handler
	a := admin.New(service, admin.Options{Name: "kitchen", Registry: metrics.NewRegistry()})
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	ask := func(path string) {
		service.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	}

	p := chromium.Open(chromium.New(t), t, server.URL+"/", 360, 800, "dark")
	p.Until(`!document.getElementById("live").hidden`)
	assert.Equal(t, "true", p.Eval(`String(document.getElementById("routes").hidden)`))
	ask("/stuff/1")
	ask("/stuff/leak")
	p.Until(`!document.getElementById("errors").hidden`)
	text := p.Eval(`document.body.innerText`)
	for _, want := range []string{"GET /stuff/{id}", "Failing", "1 of 2 failed", "0 in flight", "the <b>kettle</b> leaks", "0 active, 0 idle, 0 new"} {
		assert.Contains(t, text, want)
	}
	const shown = `[...document.querySelectorAll("#routes, #errors, #state, #connections, #restarts")].map((e) => e.innerText).join("\n")`
	const wide = `String(document.documentElement.scrollWidth > innerWidth)`
	live, points := p.Eval(shown), p.Eval(`document.querySelector("polyline").getAttribute("points")`)
	assert.Equal(t, "false", p.Eval(wide))

	a.Check("water", time.Second, func(context.Context) error { return errors.New("none") })
	p.Until(`document.getElementById("state")?.innerText === "Not ready"`)
	assert.Contains(t, p.Eval(`document.getElementById("checks").innerText`), "none")

	p.Eval(`location.reload(), ""`)
	p.Until(`document.getElementById("state")?.innerText === "Not ready"`)
	assert.Equal(t, live, p.Eval(shown+`.replace("Not ready", "Ready")`), "what the server renders is what the script does")
	if again := strings.TrimSpace(p.Eval(`document.querySelector("polyline").getAttribute("points")`)); again != points {
		assert.Len(t, again, len(points), "another ten seconds have begun")
	}
	for _, heard := range p.Heard() {
		t.Error(heard)
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/rcrowley/go-tigertonic/conformance/chromium"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/export"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// fill gives the service something to show.
func (r *running) fill(t *testing.T) map[string]store.Stat {
	t.Helper()
	account, err := r.store.AccountByEmail(t.Context(), r.account.email)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	w := &store.Write{Account: account.ID}
	for i := range int64(20 * 24 * 4) {
		at := now/60 - i*15
		day := float64(at) / 1440 * 2 * math.Pi
		w.Samples = append(w.Samples,
			store.Sample{Name: "visits", Counter: true, Minute: at, Value: math.Round(60 + 40*math.Sin(day) + float64(i%7))},
			store.Sample{Name: "temperature Bergen", Minute: at, Value: math.Round(80+30*math.Sin(day)+20*math.Sin(day/5)) / 10})
		if i%5 == 0 && i > 40 {
			w.Samples = append(w.Samples, store.Sample{Name: "a name that is rather long, as those are that programs make up for themselves", Counter: true, Minute: at, Value: 1})
		}
	}
	if err := r.store.Apply(t.Context(), now, []*store.Write{w}); err != nil {
		t.Fatal(err)
	}
	stats, err := r.store.Stats(t.Context(), account.ID, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]store.Stat{}
	for i := range stats {
		found[stats[i].Name] = stats[i]
	}
	if err := r.store.Edit(t.Context(), account.ID, found["temperature Bergen"].PublicID, "°C", true); err != nil {
		t.Fatal(err)
	}
	return found
}

// signIn opens a page that asks to sign in first, and does so by the keyboard.
func (r *running) signIn(t *testing.T, tab *chromium.Tab) {
	t.Helper()
	tab.Until(`document.querySelector('input[name=password]')`)
	tab.Eval(`(document.querySelector('input[name=email]').value = ` + quoted(r.account.email) + `, document.querySelector('input[name=password]').value = ` + quoted(r.account.password) + `, document.querySelector('main button').click())`)
}

func quoted(text string) string {
	b, _ := json.Marshal(text) // strings can be
	return string(b)
}

// points returns the values that the path of a graph has, by the script of a test.
const points = `JSON.stringify((() => {
	const plot = document.querySelector('figure .plot'), low = Number(plot.dataset.low), high = Number(plot.dataset.high);
	return [...plot.querySelector('.line:not(.before)').getAttribute('d').matchAll(/[ML]([\d.]+) ([-\d.]+)/g)].map((m) => low + (1 - Number(m[2]) / 1000) * (high - low));
})())`

// With STATS_SCREENSHOTS=directory it leaves pictures there.
func TestPagesInABrowser(t *testing.T) {
	browser := chromium.New(t)
	r := start(t)
	stats := r.fill(t)
	visits, public := stats["visits"], stats["temperature Bergen"]
	pages := map[string]string{
		"list": "/", "stat": "/stats/" + visits.PublicID, "value": "/stats/" + public.PublicID + "?t=1d15m", "alerts": "/alerts", "settings": "/settings",
		"compare": "/compare?" + url.Values{"s": {visits.PublicID, stats["a name that is rather long, as those are that programs make up for themselves"].PublicID, public.PublicID}}.Encode(),
	}
	axe := axeSource()
	looks := []struct {
		scheme string
		width  int64
	}{{"light", 1100}, {"dark", 320}, {"dark", 1100}, {"light", 320}}
	for _, look := range looks[:times(2, 4)] {
		tab := chromium.Open(browser, t, r.URL+"/", look.width, 900, look.scheme)
		r.signIn(t, tab)
		tab.Until(`document.querySelector('h1')?.textContent === 'Stats'`)
		for name, path := range pages {
			chromium.Run(tab, chromedp.Navigate(r.URL+path))
			tab.Until(`document.querySelector('main h1')`)
			if got := tab.Eval(`document.documentElement.scrollWidth > innerWidth`); got != "false" {
				t.Errorf("%s is wider than %d pixels", name, look.width)
			}
			shoot(t, tab, fmt.Sprintf("%s-%s-%d", name, look.scheme, look.width))
			checkAccess(t, tab, axe, fmt.Sprintf("%s, %s, %d", name, look.scheme, look.width))
		}
		for _, request := range tab.Sent(r.Server) {
			if !strings.HasPrefix(request, "GET /") && request != "POST /login" && request != "GET data:," {
				t.Errorf("it asks for %s", request)
			}
		}
		if heard := tab.Heard(); len(heard) > 0 {
			t.Errorf("the browser complains of %q", heard)
		}
	}
}

func TestGraphShowsTheNumbersOfTheAPI(t *testing.T) {
	browser := chromium.New(t)
	r := start(t)
	stats := r.fill(t)
	tab := chromium.Open(browser, t, r.URL+"/", 1100, 900, "light")
	r.signIn(t, tab)
	tab.Until(`document.querySelector('h1')?.textContent === 'Stats'`)
	for name, stat := range stats {
		for _, window := range []string{"1h1m", "1d15m", "1w3h", "1M12h"} {
			if !stat.Counter && window == "1h1m" {
				continue // which has gaps
			}
			var want, got []float64
			for range 3 { // unless a minute begins in between
				chromium.Run(tab, chromedp.Navigate(r.URL+"/stats/"+stat.PublicID+"?t="+window))
				if err := json.Unmarshal([]byte(tab.Eval(points)), &got); err != nil {
					t.Fatal(err)
				}
				answer := r.do(t, "www.localhost", "GET /x/"+r.account.token+"/data/"+stat.PublicID+"?t="+window, "")
				want = want[:0]
				for _, series := range decode[[]export.Series](t, answer.body) {
					for _, p := range series.Points {
						if p.Value != 0 || stat.Counter {
							want = append(want, p.Value)
						}
					}
				}
				if near(got, want) {
					break
				}
			}
			if !near(got, want) {
				t.Errorf("%s, %s: the graph has %v, and the API %v", name, window, got, want)
			}
		}
	}
}

func near(a, b []float64) bool {
	if len(a) != len(b) || len(a) == 0 {
		return false
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-4*(1+math.Abs(b[i])) {
			return false
		}
	}
	return true
}

func decode[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

// A page shows what is counted while it is open, without being loaded again.
func TestPageFollowsWhatIsCounted(t *testing.T) {
	browser := chromium.New(t)
	r := start(t)
	r.count(t, "cups", 3)
	account, _ := r.store.AccountByEmail(t.Context(), r.account.email)
	stat, _ := r.store.StatByName(t.Context(), account.ID, "cups")
	tab := chromium.Open(browser, t, r.URL+"/stats/"+stat.PublicID+"?t=1h1m", 1100, 900, "light")
	tab.Until(`document.querySelector('h1')?.textContent === 'Not Found'`) // for it isn't public
	chromium.Run(tab, chromedp.Navigate(r.URL+"/"))
	r.signIn(t, tab)
	tab.Until(`document.querySelector('h1')?.textContent === 'Stats'`)
	chromium.Run(tab, chromedp.Navigate(r.URL+"/stats/"+stat.PublicID+"?t=1h1m"))
	tab.Until(`document.querySelector('[data-live]').dataset.seen > 0`)
	r.count(t, "cups", 39)
	tab.Until(`[...document.querySelectorAll('.figures dd')].some((d) => d.textContent === '42')`)
	if got := tab.Eval(`performance.getEntriesByType('navigation').length`); got != "1" {
		t.Errorf("it was loaded %s times", got)
	}
}

// The page of somebody else shows a graph by the script of the sheet.
func TestEmbedInThePageOfAnother(t *testing.T) {
	browser := chromium.New(t)
	r := start(t)
	stats := r.fill(t)
	public := stats["temperature Bergen"].PublicID
	page := `<!doctype html><title>shop</title><body><script src="` + r.URL + `/javascripts/embed.js"></script><script>` +
		`StatHatEmbed.render({s1: "` + public + `", w: 400, h: 180, tf: "half_compare"}); StatHatEmbed.render_table({s1: "` + public + `"});</script><img id="i" src="` + r.URL + `/embed/` + public + `.svg?w=300&h=120&t=1d1h">`
	other := startPage(t, page)
	tab := chromium.Open(browser, t, other.URL, 800, 600, "light")
	tab.Until(`document.getElementById("statd_embed_graph_` + public + `___400_180_half_compare_")?.querySelector("svg .line")`)
	tab.Until(`document.getElementById("statd_embed_table_` + public + `______")?.querySelector("td")`)
	tab.Until(`document.getElementById("i").naturalWidth === 300`)
	shoot(t, tab, "embed")
	if got := tab.Eval(`document.querySelector("svg").getBoundingClientRect().width`); got != "400" {
		t.Errorf("it is %s pixels wide", got)
	}
	private := stats["visits"]
	for path, want := range map[string]int{
		"/embed/" + private.PublicID + ".svg": 404, "/embed/" + private.EmbedKey + ".svg?t=1d1h": 200, "/embed/graph/" + private.PublicID: 404,
		"/embed/" + public + ".svg?t=9y1m": 400, "/embed/" + public: 404, "/embed/other/" + public: 404, "/stats/" + private.PublicID: 404, "/stats/" + public: 200,
		"/stats/" + private.PublicID + "/csv/day": 404, "/stats/" + public + "/csv/week": 200, "/stats/" + public + "/csv/year": 422,
	} {
		got := r.do(t, "www.localhost", "GET "+path, "", "Origin: https://shop.example")
		if got.status != want {
			t.Errorf("%s: got %d, want %d", path, got.status, want)
		}
		if strings.HasPrefix(path, "/embed/") && got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: a page of another origin can't read it", path)
		}
	}
}

// axeSource returns the checker of accessibility that npm ci in testdata installs, or "".
func axeSource() string {
	text, err := os.ReadFile(filepath.Join("testdata", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		return ""
	}
	return string(text)
}

// checkAccess has axe-core look at the page.
func checkAccess(t *testing.T, tab *chromium.Tab, axe, what string) {
	t.Helper()
	if axe == "" {
		if os.Getenv("TIGERTONIC_REQUIRE_NODE") != "" {
			t.Fatal("axe-core isn't installed (npm ci in examples/stats/testdata), and TIGERTONIC_REQUIRE_NODE is set")
		}
		return
	}
	tab.Eval("(() => {" + axe + "; globalThis.found = undefined; axe.run().then((r) => { globalThis.found = r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).slice(0, 2).join(' ')).join('; '); }); return 1; })()")
	tab.Until(`globalThis.found !== undefined`)
	if found := tab.Eval(`globalThis.found`); found != "" {
		t.Errorf("%s: %s", what, found)
	}
}

// shoot takes a picture of the page.
func shoot(t *testing.T, tab *chromium.Tab, name string) {
	t.Helper()
	dir := os.Getenv("STATS_SCREENSHOTS")
	if dir == "" {
		return
	}
	shot := chromium.Run(tab, chromedp.CaptureScreenshot())
	if err := os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o600); err != nil {
		t.Fatal(err)
	}
}

// startPage serves a page of somebody else.
func startPage(t *testing.T, page string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(s.Close)
	return s
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/rcrowley/go-tigertonic/conformance/chromium"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/customer"
)

// The city follows its drivers. A click asks who is near, and shows the trace of it; every
// page is right on a telephone and in the dark. With CAB_SCREENSHOTS=directory it leaves
// pictures there.
func TestPagesInABrowser(t *testing.T) {
	browser := chromium.New(t)
	r := start(t, "-drivers", "4000", "-jobs", "4000")
	var out customer.Out
	until(t, "drivers are there", func() bool {
		out = decode[customer.Out](t, r.do(t, nearDublin, "").body)
		return len(out.Drivers) == 3
	})
	axe := axeSource(t)
	for _, look := range []struct {
		scheme string
		width  int64
	}{{"light", 1280}, {"dark", 360}} {
		tab := chromium.Open(browser, t, r.URL+"/", look.width, 900, look.scheme)
		check := func(name string) {
			t.Helper()
			if got := tab.Eval(`document.documentElement.scrollWidth > innerWidth`); got != "false" {
				t.Errorf("%s is wider than %d pixels", name, look.width)
			}
			shoot(t, tab, fmt.Sprintf("%s-%s-%d", name, look.scheme, look.width))
			checkAccess(t, tab, axe, fmt.Sprintf("%s, %s, %d", name, look.scheme, look.width))
		}
		tab.Until(`Number(document.getElementById('map').dataset.seen) > 1`)
		// A click in the middle, which is the center of the city.
		tab.Eval(`(() => { const m = document.getElementById('map'), b = m.getBoundingClientRect(); m.dispatchEvent(new MouseEvent('click', { clientX: b.x + b.width / 2, clientY: b.y + b.height / 2 })); return 1; })()`)
		tab.Until(`document.querySelectorAll('#answer .waterfall tbody tr').length === 13`)
		if got := tab.Eval(`document.querySelectorAll('#answer tr.failed').length`); got != "2" {
			t.Errorf("%s messages have failed", got)
		}
		if got := tab.Eval(`document.getElementById('answer').innerText`); !strings.Contains(got, "fare:estate, fare:van") || !strings.Contains(got, "no tariff for DUB") {
			t.Errorf("it says %q", got)
		}
		check("city")
		tab.Eval(`document.getElementById('order').click()`)
		tab.Until(`[...document.querySelectorAll('#answer li')].some((l) => l.textContent.startsWith('accepted by d') || l.textContent === 'expired')`)
		for name, path := range map[string]string{"traces": "/traces", "trace": "/traces/" + out.TraceID, "services": "/services", "gone": "/traces/" + strings.Repeat("0", 31) + "1"} {
			chromium.Run(tab, chromedp.Navigate(r.URL+path))
			tab.Until(`document.querySelector('main h1')`)
			check(name)
		}
		for _, heard := range tab.Heard() {
			if !strings.Contains(heard, "404") { // of the trace that is gone
				t.Errorf("the browser complains of %q", heard)
			}
		}
	}
}

// axeSource returns the checker of accessibility that npm ci in examples/stats/testdata
// installs, or "".
func axeSource(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "stats", "testdata", "node_modules", "axe-core", "axe.min.js"))
	if err != nil && os.Getenv("TIGERTONIC_REQUIRE_NODE") != "" {
		t.Fatal("axe-core isn't installed (npm ci in examples/stats/testdata), and TIGERTONIC_REQUIRE_NODE is set")
	}
	return string(text)
}

// checkAccess has axe-core look at the page.
func checkAccess(t *testing.T, tab *chromium.Tab, axe, what string) {
	t.Helper()
	if axe == "" {
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
	dir := os.Getenv("CAB_SCREENSHOTS")
	if dir == "" {
		return
	}
	shot := chromium.Run(tab, chromedp.CaptureScreenshot())
	if err := os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o600); err != nil {
		t.Fatal(err)
	}
}

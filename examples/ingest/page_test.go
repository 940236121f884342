package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/rcrowley/go-tigertonic/conformance/chromium"
)

// TestPageShowsTheService looks at the live page. With INGEST_SCREENSHOTS=directory it
// leaves pictures there.
func TestPageShowsTheService(t *testing.T) {
	browser := chromium.New(t)
	r := start(t, flags(t, "-segment-bytes", "2KiB", "-spool-max", "64KiB"))
	if _, refusal := r.posts(t, 100); refusal != nil {
		t.Fatalf("got %+v", refusal)
	}
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1100, 320} {
			tab := chromium.Open(browser, t, r.URL+"/", width, 900, scheme)
			tab.Until(`document.getElementById("accepted").textContent === "100"`)
			tab.Until(`document.querySelectorAll("#segments tbody tr").length === 8`)
			if got := tab.Eval(`document.getElementById("state").textContent`); got != "ready" {
				t.Errorf("its state is %q", got)
			}
			if got := tab.Eval(`document.documentElement.scrollWidth > innerWidth`); got != "false" {
				t.Errorf("it is wider than %d pixels", width)
			}
			tab.Until(`document.querySelector(".line").getAttribute("d")?.split("L").length > 2`)
			for _, request := range tab.Sent(r.Server) {
				if !strings.HasPrefix(request, "GET /") && request != "GET data:," {
					t.Errorf("it asks for %s", request)
				}
			}
			if heard := tab.Heard(); len(heard) > 0 {
				t.Errorf("the browser complains of %q", heard)
			}
			shoot(t, tab, scheme, width)
		}
	}
}

// A page whose service fails, and is gone, says so.
func TestPageShowsWhatIsWrong(t *testing.T) {
	browser := chromium.New(t)
	o := flags(t, "-segment-bytes", "2KiB", "-spool-max", "16KiB")
	r := start(t, o)
	tab := chromium.Open(browser, t, r.URL+"/", 1100, 900, "light")
	tab.Until(`document.getElementById("state").textContent === "ready"`)
	if err := os.Rename(o.store, o.store+".away"); err != nil {
		t.Fatal(err)
	}
	if _, refusal := r.posts(t, 1000); refusal == nil {
		t.Fatal("the spool isn't full")
	}
	tab.Until(`document.getElementById("state").textContent === "full"`)
	tab.Until(`Number(document.getElementById("refused").textContent) > 0 && Number(document.getElementById("failures").textContent) > 0`)
	tab.Until(`document.getElementById("spool").getAttribute("aria-valuenow") > 80`)
	shoot(t, tab, "full", 1100)
	r.CloseClientConnections()
	r.Config.Close()
	tab.Until(`document.getElementById("state").textContent === "lost"`)
}

// shoot takes a picture of the page.
func shoot(t *testing.T, tab *chromium.Tab, name string, width int64) {
	t.Helper()
	dir := os.Getenv("INGEST_SCREENSHOTS")
	if dir == "" {
		return
	}
	shot := chromium.Run(tab, chromedp.CaptureScreenshot())
	if err := os.WriteFile(filepath.Join(dir, name+"-"+map[int64]string{1100: "wide", 320: "narrow"}[width]+".png"), shot, 0o600); err != nil {
		t.Fatal(err)
	}
}

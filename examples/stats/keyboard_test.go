package main

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/rcrowley/go-tigertonic/conformance/chromium"
)

// press presses keys.
func press(tab *chromium.Tab, keys string) { chromium.Run(tab, chromedp.KeyEvent(keys)) }

// tabTo presses Tab until an element that the selector matches has the focus.
func tabTo(tab *chromium.Tab, selector string) {
	tab.Helper()
	for range 100 {
		if tab.Eval(`document.activeElement.matches(`+quoted(selector)+`)`) == "true" {
			return
		}
		press(tab, kb.Tab)
	}
	tab.Fatalf("Tab doesn't lead to %s", selector)
}

// walk presses Tab from the top of the page to its end. Each control gets the focus once,
// in the order of the page, and shows it where it can be seen.
func walk(tab *chromium.Tab, what string) {
	tab.Helper()
	const controls = `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")].filter((e) => e.checkVisibility())`
	tab.Eval(`document.activeElement.blur()`)
	n, err := strconv.Atoi(tab.Eval(controls + `.length`))
	if err != nil || n < 4 {
		tab.Fatalf("%s has %d controls, %v", what, n, err)
	}
	for i := range n {
		press(tab, kb.Tab)
		const state = `(() => {
			const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
			const seen = r.width > 0 && r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth;
			return ` + controls + `.indexOf(e) + (s.outlineStyle === "none" ? " without an outline" : "") + (seen ? "" : " out of sight");
		})()`
		if got := tab.Eval(state); got != strconv.Itoa(i) {
			tab.Errorf("%s: Tab leads to %s, want %d, %s", what, got, i, tab.Eval(controls+`[`+strconv.Itoa(i)+`].outerHTML`))
			return
		}
	}
}

// Everything on the pages can be reached and done without a mouse.
func TestPagesByTheKeyboard(t *testing.T) {
	browser := chromium.New(t)
	r := start(t)
	stats := r.fill(t)
	tab := chromium.Open(browser, t, r.URL+"/", 1100, 900, "light")
	heading := func(text string) { tab.Until(`document.querySelector("h1")?.textContent === ` + quoted(text)) }

	heading("Sign in")
	walk(tab, "the page to sign in")
	tab.Eval(`document.activeElement.blur()`)
	tabTo(tab, "input[name=email]")
	press(tab, r.account.email+kb.Tab+r.account.password+kb.Enter)
	heading("Stats")
	walk(tab, "the list")

	// The link over the header leads past it.
	chromium.Run(tab, chromedp.Navigate(r.URL+"/"))
	heading("Stats")
	press(tab, kb.Tab+kb.Enter)
	tab.Until(`location.hash === "#main"`)
	press(tab, kb.Tab)
	if got := tab.Eval(`document.activeElement.closest("main") !== null`); got != "true" {
		t.Error("the link over the header doesn't lead past it")
	}

	tabTo(tab, "#s-"+stats["visits"].PublicID)
	press(tab, " ")
	tabTo(tab, "#s-"+stats["temperature Bergen"].PublicID)
	press(tab, " ")
	tabTo(tab, ".actions button")
	press(tab, kb.Enter)
	heading("Comparison")
	if got := tab.Eval(`document.querySelectorAll(".legend li").length`); got != "2" {
		t.Errorf("%s stats are compared, want 2", got)
	}
	walk(tab, "the comparison")
	tabTo(tab, `.legend a[href="/stats/`+stats["visits"].PublicID+`"]`)
	press(tab, kb.Enter)
	heading("visits")
	walk(tab, "a stat")
	chromium.Run(tab, chromedp.Navigate(r.URL+"/stats/"+stats["visits"].PublicID))
	heading("visits")
	tabTo(tab, `.windows a[href="?t=1d15m"]`)
	press(tab, kb.Enter)
	tab.Until(`location.search === "?t=1d15m" && document.querySelector("h1")`)
	tabTo(tab, "summary")
	press(tab, kb.Enter)
	tab.Until(`document.querySelector("details").open`)

	tabTo(tab, fmt.Sprintf(`a[href="/alerts?stat=%s"]`, stats["visits"].PublicID))
	press(tab, kb.Enter)
	heading("Alerts")
	walk(tab, "the alerts")
	tab.Eval(`document.activeElement.blur()`)
	tabTo(tab, "input[name=threshold]")
	press(tab, "5"+kb.Enter)
	tab.Until(`document.querySelector("form[action$='/delete'] button")`)
	tabTo(tab, "form[action$='/delete'] button")
	press(tab, kb.Enter)
	tab.Until(`document.querySelector("main")?.textContent.includes("There are no alerts")`)

	chromium.Run(tab, chromedp.Navigate(r.URL+"/settings"))
	heading("Settings")
	walk(tab, "the settings")
	tab.Eval(`document.activeElement.blur()`)
	tabTo(tab, ".out button")
	press(tab, kb.Enter)
	heading("Sign in")
	if heard := tab.Heard(); len(heard) > 0 {
		t.Errorf("the browser complains of %q", heard)
	}
}

// A page that follows what is counted leaves the focus where it is.
func TestFocusStaysWhileThePageChanges(t *testing.T) {
	browser := chromium.New(t)
	r := start(t)
	r.count(t, "cups", 3)
	r.count(t, "spoons", 1)
	tab := chromium.Open(browser, t, r.URL+"/", 1100, 900, "light")
	r.signIn(t, tab)
	tab.Until(`document.querySelector("h1")?.textContent === "Stats" && document.querySelector("[data-live]")?.dataset.seen > 1`)
	const at = `document.activeElement.textContent`
	for tab.Eval(at) != "spoons" {
		press(tab, kb.Tab)
	}
	r.count(t, "spoons", 41)
	tab.Until(`document.querySelector("[data-live]").dataset.refreshed > 0 && document.querySelector("[data-live]")?.textContent.includes("42")`)
	if got := tab.Eval(at); got != "spoons" {
		t.Errorf("the focus is on %q, want the stat that had it", got)
	}
}

package page

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/chromium"
	"github.com/rcrowley/go-tigertonic/openapi"
)

// form returns the selector of what is in the form of an operation.
func form(method, path, within string) string {
	return fmt.Sprintf(`form[data-method=%q][data-path=%q] %s`, method, path, within)
}

func element(selector string) string { return fmt.Sprintf("document.querySelector(%q)", selector) }

// A tab shows the page of the documents.
type tab struct{ *chromium.Tab }

func open(browser context.Context, t *testing.T, server *httptest.Server, width, height int64, scheme string) *tab {
	t.Helper()
	return &tab{chromium.Open(browser, t, server.URL+"/docs/", width, height, scheme)}
}

// unfold opens the form of an operation.
func (p *tab) unfold(method, path string) {
	p.Helper()
	p.Eval(element(form(method, path, "")) + `.closest("details").open = true`)
	p.Until(element(form(method, path, ".send")) + ".offsetParent")
}

func (p *tab) click(selector string) {
	p.Helper()
	chromium.Run(p.Tab, chromedp.Click(chromedp.CSS(selector)))
}

func (p *tab) write(selector, text string) {
	p.Helper()
	chromium.Run(p.Tab, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// answer sends a form and returns the status and body that it shows.
func (p *tab) answer(method, path string) (status, body string) {
	p.Helper()
	p.click(form(method, path, ".send"))
	p.Until(element(form(method, path, ".outcome .status")) + " && " + element(form(method, path, ".stop")) + ".hidden")
	return p.Eval(element(form(method, path, ".outcome .status")) + ".textContent"),
		p.Eval(element(form(method, path, ".result pre")) + ".textContent")
}

// curlOf returns the curl line beside a form.
func (p *tab) curlOf(method, path string) string {
	p.Helper()
	return p.Eval(element(form(method, path, "")) + `.closest(".operation").querySelector(".curl").textContent`)
}

// quiet fails if the browser has complained.
func (p *tab) quiet() {
	p.Helper()
	assert.Empty(p, p.Heard())
}

func TestPageInBrowser(t *testing.T) {
	browserContext := chromium.New(t)
	server := newZoo(false)
	t.Cleanup(server.Close)
	wide := func(t *testing.T) *tab {
		t.Helper()
		return open(browserContext, t, server, 1280, 900, "light")
	}

	t.Run("asks for nothing else", func(t *testing.T) {
		p := wide(t)
		p.Until(`document.readyState === "complete"`)
		assert.Equal(t, []string{"GET /docs/"}, p.Sent(server))
		p.quiet()
	})

	t.Run("is found by the keyboard", func(t *testing.T) {
		p := wide(t)
		chromium.Call(p.Tab, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "/", Code: "Slash", Text: "/"})
		p.Until(`document.activeElement.id === "search"`)
		chromium.Run(p.Tab, chromedp.KeyEvent("get list keep"))
		shown := `[...document.querySelectorAll(".group li > a")].filter((a) => a.offsetParent).map((a) => a.querySelector(".label").textContent).join()`
		p.Until(shown + ` === "List keepers"`)
		assert.Equal(t, "1 found", p.Eval(element("#found")+".textContent"))
		chromium.Run(p.Tab, chromedp.KeyEvent(kb.ArrowDown))
		assert.Equal(t, "A", p.Eval("document.activeElement.tagName"))
		chromium.Run(p.Tab, chromedp.KeyEvent(kb.ArrowUp))
		chromium.Run(p.Tab, chromedp.KeyEvent(kb.Escape))
		p.Until(shown + `.split(",").length > 15`)
		chromium.Run(p.Tab, chromedp.KeyEvent("list keep"+kb.Enter))
		p.Until(`document.querySelector(":target")?.textContent.includes("List keepers")`)
		p.quiet()
	})

	t.Run("sends requests", func(t *testing.T) {
		p := wide(t)
		const path = "/1.0/animals"
		p.unfold("POST", path)
		p.write(form("POST", path, "[data-scheme=basic]"), "keeper")
		p.write(form("POST", path, "[type=password]"), "wörd")
		status, body := p.answer("POST", path)
		assert.Equal(t, "200 OK", status)
		for _, want := range []string{
			`"method": "POST"`, `"type": "application/json"`, `"user": "keeper"`, `"password": "wörd"`,
			`"big": 12345678901234567890`, `Shere Khan`,
		} {
			assert.Contains(t, body, want)
		}
		assert.Contains(t, p.Eval(element(form("POST", path, ".answer dl"))+".textContent"), "x-zooopen")
		assert.Contains(t, p.curlOf("POST", path), "-u 'keeper'")
		assert.Contains(t, p.curlOf("PUT", path+"/{id}/habitat"), "-u 'keeper'", "typed in once")
		assert.NotContains(t, p.Eval(`[...document.querySelectorAll(".curl")].map((c) => c.textContent).join()`), "wörd")
		assert.Equal(t, []string{"GET /docs/", "POST /1.0/animals"}, p.Sent(server))
		p.quiet()
	})

	t.Run("encodes parameters", func(t *testing.T) {
		p := wide(t)
		const path = "/1.0/animals/{id}"
		p.unfold("GET", path)
		p.click(form("GET", path, ".send"))
		p.Until(element(form("GET", path, ":invalid")))
		assert.Equal(t, []string{"GET /docs/"}, p.Sent(server), "the ID is required")
		p.write(form("GET", path, "input"), "a/b c?'")
		status, body := p.answer("GET", path)
		assert.Equal(t, "200 OK", status)
		assert.Contains(t, body, `"path": "/1.0/animals/a%2Fb%20c%3F%27"`)
		assert.Equal(t, "curl '"+server.URL+"/1.0/animals/a%2Fb%20c%3F%27'", p.curlOf("GET", path))

		p.unfold("GET", "/1.0/files/{path}")
		p.write(form("GET", "/1.0/files/{path}", "input"), "a/b c")
		_, body = p.answer("GET", "/1.0/files/{path}")
		assert.Contains(t, body, `"path": "/1.0/files/a/b%20c"`)

		p.unfold("GET", "/1.0/animals")
		p.Eval(element(form("GET", "/1.0/animals", "select[multiple]")) + `.options[2].selected = true`)
		p.write(form("GET", "/1.0/animals", `[data-name=after]`), "1+1&2")
		_, body = p.answer("GET", "/1.0/animals")
		assert.Contains(t, body, `"query": "kind=red%20panda\u0026after=1%2B1%262\u0026sort=born"`)
		p.quiet()
	})

	t.Run("shows errors", func(t *testing.T) {
		p := wide(t)
		const path = "/1.0/animals/{id}"
		p.unfold("DELETE", path)
		p.write(form("DELETE", path, "[data-in=path]"), "1")
		status, _ := p.answer("DELETE", path)
		assert.Equal(t, "401 Unauthorized", status, "without asking for a password in a window")
		p.write(form("DELETE", path, "[data-scheme=basic]"), "keeper")
		p.write(form("DELETE", path, "[type=password]"), "wörd")
		status, _ = p.answer("DELETE", path)
		assert.Equal(t, "204 No Content", status)
		for _, complaint := range p.Heard() {
			assert.Contains(t, complaint, "401", "only the browser's own line about the status")
		}
		p.write(form("DELETE", path, "[data-in=path]"), kb.Backspace+"..")
		p.click(form("DELETE", path, ".send"))
		p.Until(element(form("DELETE", path, ".outcome .error")) + `?.textContent.includes("segment")`)
	})

	t.Run("shows streams as they come", func(t *testing.T) {
		p := wide(t)
		const path = "/1.0/feedings"
		p.unfold("GET", path)
		p.Eval(`(() => { const s = ` + element(form("GET", path, "[data-accept]")) + `; s.value = "application/jsonl"; s.dispatchEvent(new Event("input", { bubbles: true })); })()`)
		assert.Contains(t, p.curlOf("GET", path), "curl -N '"+server.URL+path+"' \\\n  -H 'Accept: application/jsonl'")
		p.click(form("GET", path, ".send"))
		p.Until(element(form("GET", path, ".result pre")) + `.textContent.includes('{"n":3}')`)
		p.click(form("GET", path, ".stop"))
		p.Until(element(form("GET", path, ".outcome")) + `.textContent.includes("Stopped")`)
		assert.Equal(t, "false", p.Eval(element(form("GET", path, ".send"))+".disabled"))
		p.quiet()
	})

	t.Run("shows what is required and no secret", func(t *testing.T) {
		p := wide(t)
		const path = "/1.0/rest"
		line := func(query, more string) string {
			return "curl '" + server.URL + path + query + "' \\\n  -X POST \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  " + more
		}
		assert.Equal(t, line("?for=1h30m0s&animal={animal}", "-H 'If-Match: {If-Match}'"), p.curlOf("POST", path))
		p.unfold("POST", path)
		p.write(form("POST", path, "[type=password]"), "sesame")
		p.click(form("POST", path, ".send"))
		p.Until(element(form("POST", path, ":invalid")))
		assert.Equal(t, []string{"GET /docs/"}, p.Sent(server), "nothing is sent in the place of what is required")
		p.write(form("POST", path, "[data-name=animal]"), "a b")
		p.write(form("POST", path, "[data-name=If-Match]"), `"1"`)
		status, body := p.answer("POST", path)
		assert.Equal(t, "200 OK", status)
		assert.Contains(t, body, `"query": "for=1h30m0s\u0026animal=a%20b"`)
		assert.Equal(t, line("?for=1h30m0s&animal=a%20b", `-H 'If-Match: "1"'`), p.curlOf("POST", path))
		assert.NotContains(t, p.Eval("document.body.innerText"), "sesame")
		p.quiet()
	})

	t.Run("leads to the document and from each group", func(t *testing.T) {
		p := wide(t)
		assert.Equal(t, "3.1.1", chromium.Run(p.Tab, chromedp.Evaluate[string](
			`fetch(document.querySelector(".files a").href).then((rs) => rs.json()).then((doc) => doc.openapi)`, chromedp.EvalAwaitPromise)))
		p.write("#search", "let animal rest")
		p.Until(element("#found") + `.textContent === "1 found"`)
		assert.Equal(t, "2", p.Eval(`[...document.querySelectorAll(".group li:not([hidden])")].filter((li) => li.offsetParent).length`))
		p.Eval(element(".reference a") + ".click()")
		p.Until(`document.querySelector(":target")?.textContent.includes("Let an animal rest")`)
		p.quiet()
	})

	t.Run("copies", func(t *testing.T) {
		p := wide(t)
		for _, name := range []string{"clipboard-read", "clipboard-write"} {
			_, err := chromedp.CallBrowser(p.Context, browser.SetPermission, browser.SetPermissionParams{
				Permission:       &browser.PermissionDescriptor{Name: name},
				Setting:          browser.PermissionSettingGranted,
				BrowserContextID: chromedp.FromContext(p.Context).BrowserContextID,
			})
			require.NoError(t, err)
		}
		p.click(".copy")
		p.Until(element(".copy") + `.textContent === "Copied"`)
		got := chromium.Run(p.Tab, chromedp.Evaluate[string]("navigator.clipboard.readText()", chromedp.EvalAwaitPromise))
		assert.Equal(t, "curl '"+server.URL+"/1.0/animals?sort=born'", got)
		p.quiet()
	})

	t.Run("is light or dark", func(t *testing.T) {
		const dark = `getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g)[0] < 128`
		assert.Equal(t, "false", wide(t).Eval(dark))
		p := open(browserContext, t, server, 1280, 900, "dark")
		assert.Equal(t, "true", p.Eval(dark))
		assert.Equal(t, "true", p.Eval(element("#theme")+".ariaPressed"))
		p.click("#theme")
		p.Until("!(" + dark + ")")
		chromium.Run(p.Tab, chromedp.Navigate(server.URL+"/docs/"))
		assert.Equal(t, "false", p.Eval(dark), "the choice is kept")
		p.quiet()
	})

	for _, scheme := range []string{"light", "dark"} {
		t.Run("can be read when it is "+scheme, func(t *testing.T) {
			p := open(browserContext, t, server, 1280, 900, scheme)
			p.Eval(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`)
			assert.Empty(t, p.Eval(poorContrast))
		})
	}

	t.Run("fits a telephone", func(t *testing.T) {
		p := open(browserContext, t, server, 320, 640, "light")
		p.Eval(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`)
		assert.Equal(t, "320", p.Eval("document.documentElement.scrollWidth"))
		assert.Equal(t, "320", p.Eval("innerWidth"))
		assert.Equal(t, "null", p.Eval(element("nav")+".offsetParent"))
		p.click("#menu")
		p.Until(element("#search") + ".offsetParent")
		p.write("#search", "keepers")
		p.Eval(element(".group li:not([hidden]) > a") + ".click()")
		p.Until("!" + element("nav") + ".offsetParent")
		p.Until(`document.querySelector(":target")?.getBoundingClientRect().top < 100`)
		p.quiet()
	})

	// What one wants to do comes before a dozen errors that every operation has.
	t.Run("has its form near on a telephone", func(t *testing.T) {
		p := open(browserContext, t, server, 360, 780, "light")
		far := p.Eval(`[...document.querySelectorAll(".operation")].filter((o) => {
			const near = [".about", ".code > .panel"].map((s) => o.querySelector(s)?.offsetHeight ?? 0).reduce((a, b) => a + b);
			const distance = o.querySelector(".try").getBoundingClientRect().top - o.querySelector("header").getBoundingClientRect().bottom;
			return distance > near + 80 || o.querySelector(".responses").getBoundingClientRect().top < o.querySelector(".try").getBoundingClientRect().bottom;
		}).map((o) => o.id).join()`)
		assert.Empty(t, far)
		assert.Equal(t, "null", p.Eval(element(".sample")+".offsetParent"))
		assert.Equal(t, "360", p.Eval("document.documentElement.scrollWidth"))
	})

	t.Run("can be read without a script", func(t *testing.T) {
		p := wide(t)
		chromium.Call(p.Tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		chromium.Run(p.Tab, chromedp.Navigate(server.URL+"/docs/"))
		for _, selector := range []string{".try", ".copy", ".search", "#theme", "#menu"} {
			assert.Equal(t, "null", p.Eval(element(selector)+".offsetParent"), selector)
		}
		assert.Equal(t, "[object HTMLElement]", p.Eval(element("nav .group")+".offsetParent?.constructor && "+element("nav")))
		assert.Contains(t, p.Eval(element(".curl")+".textContent"), "curl 'http://localhost/1.0/animals?sort=born'")
	})
}

// The page is on one host, and an operation on another.
func TestPageSendsToOtherHosts(t *testing.T) {
	browserContext := chromium.New(t)
	here, there, hosts := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux(), tigertonic.NewHostServeMux()
	there.HandleFunc("GET", "/there", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "from "+r.Host)
	})
	here.HandleFunc("GET", "/here", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	hosts.Handle("127.0.0.1", here)
	hosts.Handle("localhost", there)
	here.Handle("GET", "/docs/", openapi.Page(openapi.New(hosts, openapi.Info{Title: "Hosts", Version: "1"})))
	server := httptest.NewServer(hosts)
	t.Cleanup(server.Close)
	p := open(browserContext, t, server, 1280, 900, "light")
	p.unfold("GET", "/here")
	assert.Equal(t, "null", p.Eval(element(form("GET", "/here", ".elsewhere"))+".offsetParent"))
	status, _ := p.answer("GET", "/here")
	assert.Equal(t, "204 No Content", status)
	p.unfold("GET", "/there")
	other := strings.Replace(strings.TrimPrefix(server.URL, "http://"), "127.0.0.1", "localhost", 1)
	assert.Contains(t, p.Eval(element(form("GET", "/there", ".elsewhere"))+".innerText"), "This is sent to "+other)
	status, body := p.answer("GET", "/there")
	assert.Equal(t, "200 OK", status)
	assert.Equal(t, "from "+other, body)
	assert.Equal(t, "curl 'http://"+other+"/there'", p.curlOf("GET", "/there"))
	p.quiet()
}

// poorContrast returns the texts that have less contrast than WCAG 2.2 §1.4.3
// asks for.
const poorContrast = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const known = new Map();
	const rgba = (colour) => {
		if (!known.has(colour)) {
			canvas.clearRect(0, 0, 1, 1);
			canvas.fillStyle = colour;
			canvas.fillRect(0, 0, 1, 1);
			known.set(colour, [...canvas.getImageData(0, 0, 1, 1).data]);
		}
		return known.get(colour);
	};
	const over = (top, below) => top.slice(0, 3).map((c, i) => (c * top[3] + below[i] * (255 - top[3])) / 255);
	const behind = (e) => e ? over(rgba(getComputedStyle(e).backgroundColor), behind(e.parentElement)) : [255, 255, 255];
	const light = (rgb) => {
		const [r, g, b] = rgb.map((c) => c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const poor = new Set();
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let text = texts.nextNode(); text; text = texts.nextNode()) {
		const e = text.parentElement;
		if (!text.data.trim() || !e.offsetParent) continue;
		const below = behind(e);
		const [a, b] = [light(over(rgba(getComputedStyle(e).color), below)), light(below)];
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) poor.add(e.tagName + "." + e.className + " " + ratio.toFixed(2) + " " + text.data.trim().slice(0, 20));
	}
	return [...poor].join("\n");
})()`

var curls = regexp.MustCompile(`(?s)<code class="curl">(.*?)</code>`)

// The curl lines of the server and those of the script are the same.
func TestPageHasOneOpinionOnCurl(t *testing.T) {
	browserContext := chromium.New(t)
	for _, hostile := range []bool{false, true} {
		server := newZoo(hostile)
		t.Cleanup(server.Close)
		rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/docs/", nil)
		require.NoError(t, err)
		rs, err := server.Client().Do(rq)
		require.NoError(t, err)
		body, err := io.ReadAll(rs.Body)
		rs.Body.Close()
		require.NoError(t, err)
		var want []string
		for _, m := range curls.FindAllStringSubmatch(string(body), -1) {
			want = append(want, strings.Replace(html.UnescapeString(m[1]), "http://localhost", server.URL, 1))
		}
		p := open(browserContext, t, server, 1280, 900, "light")
		p.Until(`!document.querySelector(".try").hidden`)
		got := p.Eval(`[...document.querySelectorAll(".curl")].map((c) => c.textContent).join("\n\n")`)
		require.Greater(t, len(want), 10)
		assert.Equal(t, strings.Join(want, "\n\n"), got)
	}
}

func TestPageRunsNothingThatIsWritten(t *testing.T) {
	browserContext := chromium.New(t)
	server := newZoo(true)
	t.Cleanup(server.Close)
	p := open(browserContext, t, server, 320, 640, "light")
	chromium.Call(p.Tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: "window.pwned = () => { window.wasPwned = true; };",
	})
	chromium.Run(p.Tab, chromedp.Navigate(server.URL+"/docs/"))
	p.Eval(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`)
	assert.Equal(t, "320", p.Eval("document.documentElement.scrollWidth"))
	p.write(form("POST", "/evil/{id}", "[data-in=path]"), "1")
	status, body := p.answer("POST", "/evil/{id}")
	assert.Equal(t, "200 OK", status)
	assert.Contains(t, body, "onerror=pwned()")
	p.write("form textarea", evil)
	p.Eval(`document.querySelectorAll("a[href^='#']").forEach((a) => a.click())`)
	assert.Equal(t, "0", p.Eval(`document.querySelectorAll("img, svg[onload], a[href^=javascript]").length`))
	assert.Equal(t, "undefined", p.Eval("window.wasPwned"))
	for _, request := range p.Sent(server) {
		assert.NotContains(t, request, "://")
	}
	p.quiet()
}

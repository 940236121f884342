package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/rcrowley/go-tigertonic/conformance/chromium"
)

// newWeb starts a service with something to show, whose member ann has the password "secret".
func newWeb(t *testing.T) (r *rig, base string, conversation int64) {
	t.Helper()
	r = newRig(t, options{domain: "localhost"})
	if err := r.store.setPassword(t.Context(), "ann@example.com", "secret"); err != nil {
		t.Fatal(err)
	}
	conversation = r.begin(t, r.ann, "Which wheels for rain?")
	for i := range 30 {
		r.say(t, r.bob, conversation, fmt.Sprintf("Comment **%d**, with `code` and [a link](https://example.com/).\n\n> a quotation\n\n- one\n- two", i))
	}
	r.say(t, r.ann, conversation, `<script>document.title = "broken"</script><img src=x onerror="document.title='broken'">`)
	return r, "http://one.localhost" + r.server.URL[strings.LastIndexByte(r.server.URL, ':'):], conversation
}

// A person is a browser without scripts.
type person struct {
	*http.Client
	base string
}

func (p *person) get(t *testing.T, path string) (status int, text string) {
	t.Helper()
	return p.send(t, http.MethodGet, path, nil)
}

func (p *person) send(t *testing.T, method, path string, form url.Values, headers ...string) (status int, text string) {
	t.Helper()
	rq, err := http.NewRequestWithContext(t.Context(), method, p.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		rq.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		rq.Header.Set(headers[i], headers[i+1])
	}
	rs, err := p.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	b, err := io.ReadAll(rs.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options"} {
		if rs.Header.Get(name) == "" {
			t.Errorf("%s has no %s", path, name)
		}
	}
	return rs.StatusCode, string(b)
}

// secureJar keeps cookies for this machine as browsers do, though it is without TLS.
type secureJar struct{ *cookiejar.Jar }

func (j secureJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	for _, c := range cookies {
		c.Secure = false
	}
	j.Jar.SetCookies(u, cookies)
}

// toServer sends what is to any host to the server.
func toServer(r *rig) http.RoundTripper {
	return &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, r.server.Listener.Addr().String())
	}}
}

func TestPagesWorkWithoutAScript(t *testing.T) {
	t.Parallel()
	r, base, conversation := newWeb(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{&http.Client{Jar: secureJar{jar}, Transport: toServer(r)}, base}
	at := fmt.Sprintf("/conversations/%d", conversation)
	want := func(status int, text, has string) {
		t.Helper()
		if status != 200 || !strings.Contains(text, has) {
			t.Errorf("got %d, want %q in %.1500s", status, has, text)
		}
	}
	status, text := p.get(t, "/")
	want(status, text, "Which wheels for rain?")
	status, text = p.get(t, at)
	want(status, text, "<strong>0</strong>")
	want(status, text, "Page 1 of 2")
	want(status, text, "Sign in to reply")
	status, text = p.get(t, at+"?offset=25")
	want(status, text, "<strong>29</strong>")
	if strings.Contains(text, "<script>document") || strings.Contains(text, "onerror") {
		t.Errorf("the page has a script of a comment: %s", text)
	}
	status, text = p.get(t, "/search?q=quotation")
	want(status, text, "30 found")
	if status, _ := p.get(t, "/conversations/999999"); status != 404 {
		t.Errorf("got %d", status)
	}
	if status, _ := p.get(t, "/conversations/x"); status != 404 {
		t.Errorf("got %d", status)
	}
	status, text = p.send(t, http.MethodPost, "/login", url.Values{"email": {"ann@example.com"}, "password": {"wrong"}})
	if status != 401 || !strings.Contains(text, `role="alert"`) {
		t.Errorf("got %d %s", status, text)
	}
	status, text = p.send(t, http.MethodPost, "/login", url.Values{"email": {"ann@example.com"}, "password": {"secret"}, "next": {"//evil.example/"}})
	want(status, text, "Sign out")
	want(status, text, "Latest conversations")
	status, text = p.send(t, http.MethodPost, at, url.Values{"markdown": {"Mine, *really*"}})
	want(status, text, "<em>really</em>")
	status, text = p.send(t, http.MethodPost, fmt.Sprintf("/microcosms/%d", r.forum), url.Values{"title": {"A <b>new</b> one"}, "markdown": {"First"}})
	want(status, text, "A &lt;b&gt;new&lt;/b&gt; one")
	want(status, text, "<p>First</p>")
	if status, _ := p.send(t, http.MethodPost, at, url.Values{"markdown": {"forged"}}, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); status != 403 {
		t.Errorf("a page of another site may post: %d", status)
	}
	status, text = p.send(t, http.MethodPost, "/logout", url.Values{})
	want(status, text, "Sign in")
	if status, _ := p.send(t, http.MethodPost, at, url.Values{"markdown": {"x"}}); status != 401 {
		t.Errorf("got %d", status)
	}
	if got := r.do(t, "one", "", "GET "+at, "", "Host", "x"); got.status == 500 {
		t.Errorf("got %d", got.status)
	}
}

// With FORUM_SCREENSHOTS=directory it leaves pictures there.
func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	browser := chromium.New(t)
	r, base, conversation := newWeb(t)
	at := fmt.Sprintf("/conversations/%d", conversation)
	axe, _ := os.ReadFile(filepath.Join("..", "stats", "testdata", "node_modules", "axe-core", "axe.min.js"))
	if len(axe) == 0 && os.Getenv("TIGERTONIC_REQUIRE_NODE") != "" {
		t.Fatal("axe-core isn't installed (npm ci in examples/stats/testdata), and TIGERTONIC_REQUIRE_NODE is set")
	}
	for _, look := range []struct {
		scheme string
		width  int64
	}{{"light", 1000}, {"dark", 320}} {
		tab := chromium.Open(browser, t, base+"/login", look.width, 900, look.scheme)
		tab.Until(`document.querySelector('input[name=password]')`)
		tab.Eval(`(document.querySelector('input[name=email]').value = 'ann@example.com', document.querySelector('input[name=password]').value = 'secret', document.querySelector('main button').click())`)
		tab.Until(`document.body?.textContent.includes('Sign out')`)
		for name, path := range map[string]string{
			"home": "/", "microcosm": fmt.Sprintf("/microcosms/%d", r.forum), "conversation": at, "search": "/search?q=quotation", "join": "/join", "password": "/password?code=x", "missing": "/conversations/999999",
		} {
			chromium.Run(tab, chromedp.Navigate(base+path))
			tab.Until(`document.querySelector('main h1')`)
			if tab.Eval(`document.documentElement.scrollWidth > innerWidth`) != "false" {
				t.Errorf("%s is wider than %d pixels", name, look.width)
			}
			if dir := os.Getenv("FORUM_SCREENSHOTS"); dir != "" {
				shot := chromium.Run(tab, chromedp.CaptureScreenshot())
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", name, look.scheme, look.width)), shot, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if len(axe) > 0 {
				tab.Eval("(() => {" + string(axe) + "; globalThis.found = undefined; axe.run().then((r) => { globalThis.found = r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).slice(0, 2).join(' ')).join('; '); }); return 1; })()")
				tab.Until(`globalThis.found !== undefined`)
				if found := tab.Eval(`globalThis.found`); found != "" {
					t.Errorf("%s, %s: %s", name, look.scheme, found)
				}
			}
		}
		chromium.Run(tab, chromedp.Navigate(base+at+"?offset=25"))
		tab.Until(`document.querySelector('main h1')`)
		if title := tab.Eval(`document.title`); strings.Contains(title, "broken") {
			t.Error("a comment runs a script")
		}
		for deadline := time.Now().Add(patient); r.followers.Load() == 0 && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		r.say(t, r.bob, conversation, "Said meanwhile, "+look.scheme)
		tab.Until(`document.querySelector('#live a')?.textContent === '1 new comment'`)
		for _, heard := range tab.Heard() {
			if !strings.Contains(heard, "404") { // of the page that is missing
				t.Errorf("the browser complains of %q", heard)
			}
		}
	}
}

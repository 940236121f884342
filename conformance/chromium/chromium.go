// Package chromium lets tests look at pages in a real browser, without a window.
package chromium

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience is how long a condition may take to come true on a busy machine.
const patience = 60 * time.Second

// New starts a browser of its own, with nothing in its profile, and ends it
// with the test. Without a browser the test is skipped, or fails if the environment
// has TIGERTONIC_REQUIRE_BROWSER.
func New(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("TIGERTONIC_REQUIRE_BROWSER") != "" {
			t.Fatal("there is no Chromium, and TIGERTONIC_REQUIRE_BROWSER is set")
		}
		t.Skip("THE PAGE ISN'T TESTED IN A BROWSER: install Chromium or Chrome (Debian's package chromium) into the PATH")
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoFirstRun,
		chromedp.NoSandbox,
		chromedp.Headless,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("host-resolver-rules", "MAP localhost 127.0.0.1, MAP *.localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	browser, cancelBrowser := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(browser, 10*time.Second)
		defer stop()
		_ = chromedp.Cancel(ctx) // it is killed below in any case
		cancelBrowser()
		cancel()
	})
	require.NoError(t, chromedp.Do(browser))
	return browser
}

// A Tab shows a page, and keeps what the browser complains of and asks for.
type Tab struct {
	*testing.T
	Context context.Context // of the browser's actions

	mu         sync.Mutex
	complaints []string
	requests   []string
}

// Open opens a page in a tab of a browser that New has started. The tab shares nothing
// with others. Scheme is "light" or "dark".
func Open(browser context.Context, t *testing.T, url string, width, height int64, scheme string) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &Tab{T: t, Context: ctx}
	require.NoError(t, chromedp.Listen(ctx, p.listen))
	Call(p, log.Enable, cdp.Empty{})
	Call(p, network.Enable, network.EnableParams{})
	Call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600,
	})
	Call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	Run(p, chromedp.Navigate(url))
	return p
}

func (p *Tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		p.complaints = append(p.complaints, fmt.Sprintf("console.%s: %v", e.Type, e.Args))
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, fmt.Sprintf("exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *log.EventEntryAdded:
		p.complaints = append(p.complaints, fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL))
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.Method+" "+e.Request.URL)
	}
}

// Sent returns the requests so far, without the server's name.
func (p *Tab) Sent(server *httptest.Server) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	sent := make([]string, len(p.requests))
	for i, request := range p.requests {
		sent[i] = strings.Replace(request, server.URL, "", 1)
	}
	return sent
}

// Heard returns what the browser has complained of.
func (p *Tab) Heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.complaints...)
}

// Run runs an action and returns its value.
func Run[T any](p *Tab, action chromedp.Action[T]) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	require.NoError(p, err)
	return value
}

// Call calls a command of the protocol.
func Call[P, R any](p *Tab, command cdp.Command[P, R], params P) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context, patience)
	defer cancel()
	_, err := chromedp.Call(ctx, command, params)
	require.NoError(p, err)
}

// Eval returns the value of an expression as text.
func (p *Tab) Eval(expression string) string {
	p.Helper()
	return Run(p, chromedp.Evaluate[string]("String("+expression+")"))
}

// Until waits until an expression is true. It asks from outside, since the page's
// policy lets nothing inside evaluate text.
func (p *Tab) Until(expression string) {
	p.Helper()
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for deadline := time.Now().Add(patience); p.Eval("Boolean("+expression+")") != "true"; <-ticks.C {
		if time.Now().After(deadline) {
			p.Fatalf("after %v it isn't true that %s; the page has complained of %q", patience, expression, p.Heard())
		}
	}
}

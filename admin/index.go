package admin

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // of the template and the style
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"os"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

var (
	//go:embed index.html.tmpl
	pageTemplate string
	//go:embed index.css
	pageStyle string
	//go:embed index.js
	pageScript string
)

// policy is the Content-Security-Policy of what isn't a page.
const policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// htmlPolicy lets a page have our style, an empty icon and nothing else.
func htmlPolicy() string { return policy + "; img-src data:; style-src " + hashOf(pageStyle) }

// livePolicy lets a page also have our script, which may watch the service.
func livePolicy() string {
	return htmlPolicy() + "; script-src " + hashOf(pageScript) + "; connect-src 'self'"
}

// hashOf returns how a policy names what is in an element.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// render returns a page made by one of the templates.
func render(name string, view any) (body []byte, policy string, err error) {
	var b bytes.Buffer
	t := template.Must(template.New("").Parse(pageTemplate))
	err = t.ExecuteTemplate(&b, name, view)
	return b.Bytes(), htmlPolicy(), err
}

// top is what all pages have.
type top struct{ Title string }

// Style is our own, which html/template needn't look at.
func (top) Style() template.CSS { return template.CSS(pageStyle) } //nolint:gosec // a constant

type indexView struct {
	top
	Script    template.JS
	Build     buildInfo
	State     readiness
	Since, Up string
	Process   int
	Host      string
	Links     []indexLink

	Server       *serverView // or nil
	Routes       []routeRow
	Errors       []tigertonic.MeasuredError
	Certificates []certificateRow
}

type indexLink struct{ Href, Text, About, Code string }

type serverView struct {
	tigertonic.ConnectionCounts
	Restarts int
}

// index shows the state of the service, and where to look further.
func (a *Admin) index(r *http.Request) ([]byte, string, error) {
	host, _ := os.Hostname() // or it isn't shown
	body, _, err := render("index", indexView{
		top:     top{a.build.Name},
		Script:  template.JS(pageScript), //nolint:gosec // a constant
		Build:   a.build,
		State:   a.readiness(r.Context()),
		Since:   a.began.UTC().Format(time.RFC3339),
		Up:      time.Since(a.began).Round(time.Second).String(),
		Process: os.Getpid(),
		Host:    host,
		Links:   a.links(r),

		Server:       a.server(),
		Routes:       a.routeRows(),
		Errors:       a.lastErrors(),
		Certificates: a.certificateRows(time.Now()),
	})
	return body, livePolicy(), err
}

// server returns what there is of the server, or nil if the handler isn't one's.
func (a *Admin) server() *serverView {
	if a.connections == nil {
		return nil
	}
	return &serverView{a.connections(), a.restarts()}
}

func (a *Admin) links(r *http.Request) []indexLink {
	links := []indexLink{
		{Href: "watch", Text: "Watch", About: "What this page shows, every two seconds, as a stream of events."},
		{Href: "live", Text: "Live", About: "Answers as long as the process can."},
		{Href: "ready", Text: "Ready", About: "Whether the service is to be sent requests, and what the checks have found."},
		{Href: "metrics", Text: "Metrics", About: "What the service and Go's runtime count and measure, for Prometheus."},
		{Href: "metrics.json", Text: "Metrics in JSON", About: "The same registry, without the runtime, for programs."},
		{Href: "routes", Text: "Routes", About: "Every method and path with the handlers on the way."},
		{Href: "version", Text: "Version", About: "The build that is running."},
		{Href: "debug/pprof/", Text: "Profiles", About: "What processors, memory, goroutines and locks are busy with."},
	}
	if a.level != nil {
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		links = append(links, indexLink{
			Href: "log", Text: "Log level", About: "What is logged is " + a.level.Level().String() + " and above. To set it:",
			Code: `curl -X PUT -H 'Content-Type: application/json' -d '{"level":"DEBUG"}' ` + scheme + "://" + r.Host + "/log",
		})
	}
	return links
}

type profilesView struct {
	top
	Name     string
	Profiles []profileLink
}

type profileLink struct {
	Name, Href, Text, About, Count string
}

// profilesPage lists the profiles.
func (a *Admin) profilesPage(*http.Request) ([]byte, string, error) {
	links := []profileLink{
		{Name: "cmdline", Href: "cmdline", About: "The command line of the program."},
		{Name: "goroutine stacks", Href: "goroutine?debug=2", About: "All goroutines, as a panic shows them."},
		{Name: "profile", Href: "profile", About: "What the processors do, recorded for 30 seconds, or for ?seconds=, 60 at most."},
		{Name: "trace", Href: "trace", About: "All that the scheduler does, recorded for 1 second, or for ?seconds=, 60 at most; for go tool trace."},
	}
	about := map[string]string{
		"allocs":       "Where memory was allocated since the program began.",
		"block":        "Where goroutines have waited, if runtime.SetBlockProfileRate was called.",
		"goroutine":    "Where all goroutines are.",
		"heap":         "Where the memory was allocated that is in use; ?gc=1 collects garbage before.",
		"mutex":        "Who has held locks that others waited for, if runtime.SetMutexProfileFraction was called.",
		"threadcreate": "Where threads were made.",
	}
	for _, p := range pprof.Profiles() {
		text := about[p.Name()]
		if text == "" {
			text = "One of the program's own."
		}
		href := url.PathEscape(p.Name())
		links = append(links, profileLink{p.Name(), href, href + "?debug=1", text, strconv.Itoa(p.Count())})
	}
	slices.SortFunc(links, func(a, b profileLink) int { return strings.Compare(a.Name, b.Name) })
	return render("profiles", profilesView{top{"Profiles of " + a.build.Name}, a.build.Name, links})
}

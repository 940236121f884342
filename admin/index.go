package admin

import (
	"crypto/sha256"
	_ "embed" // of the style and the script
	"encoding/base64"
	"net/http"
	"os"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/internal/markup"
)

var (
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

// An indexView is what the index shows.
type indexView struct {
	build     buildInfo
	state     readiness
	since, up string
	process   int
	host      string
	links     []indexLink

	server       *serverView // or nil
	routes       []routeRow
	errors       []tigertonic.MeasuredError
	certificates []certificateRow
}

type indexLink struct {
	to                markup.Link
	text, about, code string
}

type serverView struct {
	tigertonic.ConnectionCounts
	restarts int
}

// index shows the state of the service, and where to look further.
func (a *Admin) index(r *http.Request) ([]byte, string, error) {
	host, _ := os.Hostname() // or it isn't shown
	w := pageWriter{}
	w.index(&indexView{
		build:   a.build,
		state:   a.readiness(r.Context()),
		since:   a.began.UTC().Format(time.RFC3339),
		up:      time.Since(a.began).Round(time.Second).String(),
		process: os.Getpid(),
		host:    host,
		links:   a.links(r),

		server:       a.server(),
		routes:       a.routeRows(),
		errors:       a.lastErrors(),
		certificates: a.certificateRows(time.Now()),
	})
	return w.Bytes(), livePolicy(), nil
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
		{to: markup.To("watch"), text: "Watch", about: "What this page shows, every two seconds, as a stream of events."},
		{to: markup.To("live"), text: "Live", about: "Responds as long as the process can."},
		{to: markup.To("ready"), text: "Ready", about: "Whether the service is ready for requests, and the results of the checks."},
		{to: markup.To("metrics"), text: "Metrics", about: "Metrics of the service and of Go's runtime, for Prometheus."},
		{to: markup.To("metrics.json"), text: "Metrics in JSON", about: "The same registry without the runtime, as JSON."},
		{to: markup.To("routes"), text: "Routes", about: "Every route, with the handlers on the way."},
		{to: markup.To("version"), text: "Version", about: "The build that is running."},
		{to: markup.To("debug/pprof/"), text: "Profiles", about: "Profiles of CPU, memory, goroutines and locks."},
	}
	if a.level != nil {
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		links = append(links, indexLink{
			to: markup.To("log"), text: "Log level", about: "What is logged is " + a.level.Level().String() + " and above. To set it:",
			code: `curl -X PUT -H 'Content-Type: application/json' -d '{"level":"DEBUG"}' ` + scheme + "://" + r.Host + "/log",
		})
	}
	return links
}

type profileLink struct {
	name  string
	to    markup.Link
	text  *markup.Link // or nil
	about string
	count string // or ""
}

// profilesPage lists the profiles.
func (a *Admin) profilesPage(*http.Request) ([]byte, string, error) {
	links := []profileLink{
		{name: "cmdline", to: markup.To("cmdline"), about: "The command line of the program."},
		{name: "goroutine stacks", to: markup.To("goroutine?debug=2"), about: "All goroutines, as a panic shows them."},
		{name: "profile", to: markup.To("profile"), about: "A CPU profile of 30 seconds, or of ?seconds=, at most 60."},
		{name: "trace", to: markup.To("trace"), about: "An execution trace of 1 second, or of ?seconds=, at most 60, for go tool trace."},
	}
	about := map[string]string{
		"allocs":       "Where memory was allocated since the program began.",
		"block":        "Where goroutines have waited, if runtime.SetBlockProfileRate was called.",
		"goroutine":    "Where all goroutines are.",
		"heap":         "Where the memory was allocated that is in use; ?gc=1 collects garbage before.",
		"mutex":        "Which goroutines held locks that others waited for, if runtime.SetMutexProfileFraction was called.",
		"threadcreate": "Where threads were made.",
	}
	for _, p := range pprof.Profiles() {
		text := about[p.Name()]
		if text == "" {
			text = "A profile of the program's own."
		}
		asText := markup.Path(p.Name(), "debug", "1")
		links = append(links, profileLink{p.Name(), markup.Path(p.Name()), &asText, text, strconv.Itoa(p.Count())})
	}
	slices.SortFunc(links, func(a, b profileLink) int { return strings.Compare(a.name, b.name) })
	w := pageWriter{}
	w.profiles(a.build.Name, links)
	return w.Bytes(), htmlPolicy(), nil
}

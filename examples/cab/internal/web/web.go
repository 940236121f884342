// Package web shows people the city, the traces and the services.
package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"math"
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/trace"
)

//go:embed page static
var files embed.FS

// policy lets a page load its own files and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// A Page is a page and what it shows.
type Page struct {
	name, title string
	data        any
}

// A City is what the map shows.
type City struct {
	Center  geo.Point
	Drivers int
}

// Map returns the handler of the map.
func Map(c City) http.Handler {
	return hidden(func(w http.ResponseWriter, r *http.Request) { show(w, r, http.StatusOK, Page{"map", "The city", c}) })
}

// A TraceList is a list of traces, and how many spans there were.
type TraceList struct {
	Traces []trace.Summary   `json:"traces" doc:"The broken traces, then the slowest."`
	Ring   trace.Counts      `json:"ring" doc:"Spans of this process on their way to the collector."`
	Store  trace.StoreCounts `json:"store" doc:"Spans that the collector has had."`
}

// Traces returns the page with a list of traces.
func Traces(list TraceList) Page { return Page{"traces", "Traces", list} }

// Trace returns the page of a trace.
func Trace(t *trace.Trace) Page {
	if t == nil {
		return Page{}
	}
	return Page{"trace", "Trace of " + brief(t.Name), waterfallOf(t)}
}

// An Overview is the state of the services.
type Overview struct {
	Instances []rpc.Instance `json:"instances" doc:"The processes that serve something."`
	Served    []rpc.Served   `json:"served" doc:"The endpoints that this process serves."`
	Called    []rpc.Called   `json:"called" doc:"The endpoints that this process calls."`
	Config    Config         `json:"config" doc:"The configuration of the calls."`
}

// A Config is the version of a configuration.
type Config struct {
	Hash  string `json:"hash" doc:"What the version in force is known by."`
	Error string `json:"error,omitempty" doc:"Why there is no newer one, if something is wrong."`
}

// Services returns the page with the services.
func Services(o Overview) Page { return Page{"services", "Services", o} }

// hidden returns a handler that isn't in the document, because it isn't for programs.
func hidden(f http.HandlerFunc) http.Handler {
	return tigertonic.Described(f, func(op *tigertonic.Operation) { op.Hidden = true })
}

// OrPage returns a handler that shows a page to clients that ask for HTML, and calls h for
// others.
func OrPage(h *tigertonic.Endpoint, page func(*http.Request) (Page, error)) http.Handler {
	return &orPage{h, page}
}

// ErrNoPage is returned for requests that the endpoint has to serve itself.
var ErrNoPage = errors.New("there is no page for it")

type orPage struct {
	endpoint *tigertonic.Endpoint
	page     func(*http.Request) (Page, error)
}

func (o *orPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		o.endpoint.ServeHTTP(w, r)
		return
	}
	p, err := o.page(r)
	if errors.Is(err, ErrNoPage) {
		o.endpoint.ServeHTTP(w, r)
		return
	}
	status := http.StatusOK
	if err != nil {
		status = http.StatusInternalServerError
		if e, is := errors.AsType[tigertonic.HTTPEquivError](err); is {
			status = e.StatusCode()
		}
		text := "Something went wrong."
		if status < http.StatusInternalServerError {
			text = "There is no such trace, or it has been dropped. Quick traces without an error are kept for a moment at most."
		}
		p = Page{"failed", http.StatusText(status), text}
	}
	show(w, r, status, p)
}

// Unwrap returns the endpoint.
func (o *orPage) Unwrap() http.Handler { return o.endpoint }

// Describe adds the page.
func (o *orPage) Describe(op *tigertonic.Operation) {
	op.Response(200).Add("text/html", tigertonic.MediaType{})
	if _, has := op.Responses["404"]; has {
		op.Response(404).Add("text/html", tigertonic.MediaType{})
	}
}

// HandleFiles registers what the pages load.
func HandleFiles(mux *tigertonic.TrieServeMux) {
	for name, mediaType := range map[string]string{"style.css": "text/css; charset=utf-8", "map.js": "text/javascript; charset=utf-8"} {
		text, err := files.ReadFile("static/" + name)
		if err != nil {
			panic(err) // it is embedded
		}
		mux.Handle("GET", "/"+name, hidden(func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			h.Set("Content-Type", mediaType)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Cache-Control", "no-cache")
			_, _ = w.Write(text) // the client may have gone
		}))
	}
}

// pages returns the templates by the names of the pages.
func pages() map[string]*template.Template {
	functions := template.FuncMap{
		"brief": brief, "ms": func(v float64) string { return fmt.Sprintf("%.2f", v) },
		"rate": func(v float64) string { return fmt.Sprintf("%.1f", v) },
		"plural": func(n int, one string) string {
			if n == 1 {
				return "1 " + one
			}
			return fmt.Sprintf("%d %ss", n, one)
		},
	}
	all := map[string]*template.Template{}
	for _, name := range []string{"map", "traces", "trace", "services", "failed"} {
		all[name] = template.Must(template.New("layout.html").Funcs(functions).ParseFS(files, "page/layout.html", "page/"+name+".html"))
	}
	return all
}

var templates = pages() //nolint:gochecknoglobals // they never change

// brief returns a name without what all names begin with.
func brief(name string) string {
	name = strings.TrimPrefix(name, "com.hailocab.")
	return strings.TrimPrefix(name, "service.")
}

func show(w http.ResponseWriter, _ *http.Request, status int, p Page) {
	var text bytes.Buffer
	if err := templates[p.name].Execute(&text, map[string]any{"Title": p.title, "Data": p.data, "Page": p.name}); err != nil {
		slog.Error("can't render a page", "page", p.name, "error", err)
		http.Error(w, "the page can't be rendered", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // the client may have gone
}

// A waterfall is the drawing of a trace.
type waterfall struct {
	*trace.Trace
	Rows []bar
}

// A bar is the drawing of a message: a bar from REQ to REP with another in it from IN to
// OUT, on a picture that is 1,000 wide.
type bar struct {
	trace.Message
	Indent               int // of 0 to 8
	X, Width             float64
	InnerX, InnerWidth   float64
	Took, Inner, Carried string // in milliseconds: all of it, in the handler, on the way
}

// whole is how wide the picture is.
const whole = 1000

func waterfallOf(t *trace.Trace) waterfall {
	first, last := 0.0, 0.001
	for i := range t.Messages {
		m := &t.Messages[i]
		first, last = min(first, m.Begin()), max(last, m.End())
		if m.Out != nil {
			last = max(last, *m.Out)
		}
	}
	x := func(ms float64) float64 { return math.Round((ms-first)/(last-first)*whole*100) / 100 }
	w := waterfall{Trace: t, Rows: make([]bar, len(t.Messages))}
	for i := range t.Messages {
		m := t.Messages[i]
		b := &w.Rows[i]
		const deepest, thinnest = 8, 3
		*b = bar{Message: m, Indent: min(m.Depth, deepest), X: x(m.Begin()), Took: fmt.Sprintf("%.2f", m.End()-m.Begin())}
		b.Width = max(x(m.End())-b.X, thinnest)
		if m.In != nil && m.Out != nil {
			b.InnerX, b.InnerWidth = x(*m.In), max(x(*m.Out)-x(*m.In), thinnest)
			b.Inner = fmt.Sprintf("%.2f", *m.Out-*m.In)
			if m.Req != nil && m.Rep != nil {
				b.Carried = fmt.Sprintf("%.2f", *m.Rep-*m.Req-(*m.Out-*m.In))
			}
		}
	}
	return w
}

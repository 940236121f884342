// Package web serves people: pages that need no script, pictures for other sites, and a
// stream of changes.
package web

import (
	"context"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/chart"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/export"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/secret"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

//go:embed page static
var files embed.FS

// policy lets a page load its own resources, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// A Site serves the pages.
type Site struct {
	Store    *store.Store
	Export   *export.API
	Now      func() time.Time
	Stopping func() bool // whether streams are to end
	Rounds   int         // of the hashes of passwords

	checks   chan struct{} // of passwords at a time
	attempts attempts
	verified verified
	foreign  *http.CrossOriginProtection
	pages    map[string]*template.Template
}

// New returns a site.
func New(s *store.Store, x *export.API, now func() time.Time, stopping func() bool) *Site {
	site := &Site{
		Store: s, Export: x, Now: now, Stopping: stopping, Rounds: secret.Rounds,
		checks: make(chan struct{}, 1), foreign: http.NewCrossOriginProtection(),
		pages: map[string]*template.Template{},
	}
	functions := template.FuncMap{"number": chart.Number, "when": when, "ago": site.ago, "words": frame.Words}
	for _, name := range []string{"list", "stat", "compare", "login", "settings", "trash", "alerts", "destroy", "failed"} {
		site.pages[name] = template.Must(template.New("layout.html").Funcs(functions).ParseFS(files, "page/layout.html", "page/"+name+".html"))
	}
	return site
}

// Handle registers the pages on a mux, wrapped by limit.
func (s *Site) Handle(mux *tigertonic.TrieServeMux, limit func(h http.Handler, id string) http.Handler) {
	open := func(method, path string, h http.Handler) {
		mux.Handle(method, path, tigertonic.WithContext(tigertonic.First(http.HandlerFunc(s.refuseForeign), http.HandlerFunc(s.recognize), h), visitor{}))
	}
	page := func(method, path, id string, f http.HandlerFunc) {
		open(method, path, limit(hidden(f), id))
	}
	own := func(method, path, id string, f http.HandlerFunc) {
		open(method, path, tigertonic.First(http.HandlerFunc(s.require), limit(hidden(f), id)))
	}
	own("GET", "/", "page-list", s.list)
	page("GET", "/login", "page-login", s.loginPage)
	page("POST", "/login", "login", s.login)
	page("POST", "/logout", "logout", s.logout)
	page("GET", "/stats/{id}", "page-stat", s.stat)
	own("POST", "/stats/{id}", "edit-stat", s.edit)
	own("POST", "/stats/{id}/delete", "trash-stat", s.remove)
	own("GET", "/compare", "page-compare", s.compare)
	own("GET", "/settings", "page-settings", s.settings)
	own("POST", "/settings/tokens", "make-token", s.makeToken)
	own("POST", "/settings/tokens/{id}/revoke", "revoke-token", s.revokeToken)
	own("POST", "/settings/ez", "set-ez", s.setEZ)
	own("GET", "/trash", "page-trash", s.trash)
	own("POST", "/trash/{id}/restore", "restore-stat", s.restore)
	own("GET", "/alerts", "page-alerts", s.alerts)
	own("POST", "/alerts", "add-alert", s.addAlert)
	own("POST", "/alerts/{id}/delete", "remove-alert", s.removeAlert)
	page("GET", "/destroy/{key}", "page-destroy", s.destroyPage)
	page("POST", "/destroy/{key}", "destroy-stat", s.destroy)
	open("GET", "/stats/{id}/csv/{span}", limit(tigertonic.Typed(s.csv).OperationID("public-table").Summary("Show a public stat as a table").Tags("pages").
		Errors(export.ErrNoStat()), "public-table"))
	open("GET", "/live", tigertonic.Limited(tigertonic.Typed(s.live).OperationID("watch").Summary("Watch stats").Tags("pages").
		Description("The stats of the signed-in user, or some public ones: an event for each, and another whenever it changes.").
		Errors(export.ErrNoStat(), errAnonymous()), maxStreams, nil))
	s.handleEmbeds(mux, limit)
	for path, mediaType := range map[string]string{"style.css": "text/css; charset=utf-8", "live.js": "text/javascript; charset=utf-8"} {
		mux.Handle("GET", "/"+path, hidden(static(path, mediaType)))
	}
}

// maxStreams is how many streams there may be at a time.
const maxStreams = 128

// hidden leaves a handler out of the document, because it isn't for programs.
func hidden(h http.Handler) http.Handler {
	return tigertonic.Described(h, func(op *tigertonic.Operation) { op.Hidden = true })
}

func static(name, mediaType string) http.HandlerFunc {
	text, err := files.ReadFile("static/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", mediaType)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(text) // a client that is gone is no error
	}
}

// A layout is the data of all pages.
type layout struct {
	Title   string
	Account *store.Account
	Host    string // by which the page was asked for
	Live    string // the URL of what the page changes by, or ""
	Message string
	Data    any
}

// show sends a page.
func (s *Site) show(w http.ResponseWriter, r *http.Request, status int, name string, l layout) {
	l.Account, l.Host = visitorOf(r).account, r.Host
	var text strings.Builder
	if err := s.pages[name].Execute(&text, l); err != nil {
		slog.Error("can't render a page", "page", name, "error", err)
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
	_, _ = w.Write([]byte(text.String())) // a client that is gone is no error
}

// fail shows the page for an error.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusInternalServerError, "Something has gone wrong."
	switch problem, is := errors.AsType[tigertonic.Problem](err); {
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return
	case is:
		status, text = problem.StatusCode(), problem.Error()
		maps.Copy(w.Header(), problem.Header)
	case errors.Is(err, store.ErrNotFound):
		status, text = http.StatusNotFound, "There is no such page."
	case errors.Is(err, store.ErrUnavailable):
		status, text = http.StatusServiceUnavailable, "The database is unavailable. Try again later."
		w.Header().Set("Retry-After", "1")
		slog.Warn("can't show a page", "error", err)
	default:
		slog.Error("can't show a page", "error", err)
	}
	s.show(w, r, status, "failed", layout{Title: http.StatusText(status), Message: text})
}

// when returns a time in words.
func when(seconds int64) string {
	if seconds == 0 {
		return "never"
	}
	return time.Unix(seconds, 0).UTC().Format("2 Jan 2006 15:04") + " UTC"
}

// ago returns how long ago a time was.
func (s *Site) ago(seconds int64) string {
	if seconds == 0 {
		return "never"
	}
	minutes := max(0, (s.Now().Unix()-seconds)/60)
	switch {
	case minutes == 0:
		return "just now"
	case minutes < frame.Hour:
		return frame.Words(minutes) + " ago"
	case minutes < 2*frame.Day:
		return frame.Words(minutes/frame.Hour*frame.Hour) + " ago"
	}
	return frame.Words(minutes/frame.Day*frame.Day) + " ago"
}

package main

import (
	"net/http"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/export"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/ingest"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/web"
)

const (
	// patience is how long a request may take, but for streams.
	patience = 5 * time.Second
	// most is how many requests of a kind there may be at a time, but for those that count.
	most = 32
)

// A service is what the handlers are made of.
type service struct {
	options  *options
	ingest   *ingest.Endpoints
	export   *export.API
	web      *web.Site
	registry metrics.Registry
}

// handler returns the tree of handlers: two hosts, described by one document.
func (s *service) handler() http.Handler {
	www := s.www()
	h := newHosts(s.api(), tigertonic.Accessed(www, nil), s.options.domain, names(s.options.api), names(s.options.www))
	recovered := tigertonic.Recovered(h)
	recovered.Panics = metrics.GetOrRegisterCounter("panics", s.registry)
	root := tigertonic.Identified(tigertonic.CountedByStatus(recovered, "http", s.registry), nil)
	doc := describe(root, s.options.domain)
	www.Handle("GET", "/openapi.json", doc.Handler())
	www.Handle("GET", "/docs", openapi.Page(doc))
	return root
}

// describe returns the document of the service.
func describe(root http.Handler, domain string) *openapi.Document {
	return openapi.New(root, openapi.Info{
		Title: "Stats", Version: version,
		Description: "Counts, and shows what was counted. Numbers go to the host api." + domain + ", and everything else is at www." + domain + ".",
	})
}

// api returns what takes numbers. Its requests aren't logged one by one: there are too
// many, and what goes wrong is counted.
func (s *service) api() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	anywhere := tigertonic.NewCORSBuilder().AddAllowedOrigins("*")
	handle := func(path, id string, f http.HandlerFunc, describe func(*tigertonic.Operation), others bool) {
		for _, method := range []string{"GET", "POST"} {
			name := id + map[string]string{"GET": "-get", "POST": "-post"}[method]
			h := tigertonic.Described(f, func(op *tigertonic.Operation) {
				op.ID = name
				describe(op)
			})
			h = tigertonic.Timed(h, name, s.registry)
			if others {
				h = anywhere.Build(h)
			}
			mux.Handle(method, path, h)
		}
	}
	handle("/ez", "ez", s.ingest.EZ, ingest.DescribeEZ, false)
	handle("/c", "count", s.ingest.Count, ingest.DescribeClassic("count", "Count by key"), true)
	handle("/v", "value", s.ingest.Value, ingest.DescribeClassic("value", "Add a value by key"), true)
	return mux
}

// www returns what shows numbers.
func (s *service) www() *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	s.handleExport(mux)
	s.web.Handle(mux, s.limit)
	return mux
}

// limit bounds a handler, and measures it.
func (s *service) limit(h http.Handler, id string) http.Handler {
	return tigertonic.Timed(tigertonic.Limited(tigertonic.Within(h, patience), most, nil), id, s.registry)
}

func (s *service) handleExport(mux *tigertonic.TrieServeMux) {
	x := s.export
	handle := func(method, path, id string, h http.Handler) {
		if e, ok := h.(*tigertonic.Endpoint); ok {
			h = e.OperationID(id).Errors(export.Errs()...)
		}
		mux.Handle(method, path, s.limit(h, id))
	}
	handle("GET", "/x/{token}/statlist", "list-stats", tigertonic.Typed(x.List).Summary("List stats").Tags("export").
		Description("In the order in which they were made, 10,000 a page: a page with fewer is the last one."))
	handle("GET", "/x/{token}/stat", "find-stat", tigertonic.Typed(x.ByName).Summary("Find a stat by its name").Tags("export").Errors(export.ErrNoStat()))
	handle("DELETE", "/x/{token}/stats/{id}", "delete-stat", tigertonic.Typed(x.Delete).Summary("Delete a stat").Tags("export").
		Description("It stays in the trash for two days, and its owner can restore it.").Errors(export.ErrNoStat()))
	handle("GET", "/x/{token}/data/{ids...}", "show-data", tigertonic.Typed(x.Data).Summary("Show stats over time").Tags("export").
		Errors(export.ErrNoStat(), export.ErrFrame()))
	handle("GET", "/x/{token}/csv/{id}", "show-table", tigertonic.Typed(x.CSV).Summary("Show a stat over time, as a table").Tags("export").
		Errors(export.ErrNoStat(), export.ErrFrame()))
	handle("GET", "/x/{token}/alerts", "list-alerts", tigertonic.Typed(x.Alerts).Summary("List alerts").Tags("alerts"))
	handle("POST", "/x/{token}/alerts", "make-alert", tigertonic.Typed(x.MakeAlert).Summary("Make an alert").Tags("alerts").
		Description("Fields of the other kinds are ignored.").Errors(export.ErrAlert(), export.ErrNoStat(), export.ErrManyAlerts()))
	handle("GET", "/x/{token}/alerts/{id}", "show-alert", tigertonic.Typed(x.Alert).Summary("Show an alert").Tags("alerts").Errors(export.ErrNoAlert()))
	handle("DELETE", "/x/{token}/alerts/{id}", "delete-alert", tigertonic.Typed(x.DeleteAlert).Summary("Delete an alert").Tags("alerts").Errors(export.ErrNoAlert()))
}

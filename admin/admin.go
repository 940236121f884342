// Package admin shows the inside of a service to those who run it: whether it
// lives and is ready, its metrics, routes, version and profiles, and its log
// level, which they can set. All of it is one handler, for a port of its own that
// only they can reach.
//
//	a := admin.New(server.Handler, admin.Options{Level: &level})
//	a.Check("database", 2*time.Second, db.PingContext)
//	server.Admin = a
//
// The paths are
//
//	/               a page with the state of the service and links to the rest
//	/live           200 as long as the process can answer
//	/ready          200 if it is to be sent requests, else 503; JSON
//	/metrics        go-metrics' registry and Go's runtime, in Prometheus' text format
//	/metrics.json   the registry as go-metrics writes it
//	/routes         what [tigertonic.Explain] says of the service
//	/version        the build that is running; JSON
//	/log            the log level; PUT or POST {"level":"DEBUG"} sets it
//	/debug/pprof/   profiles, as go tool pprof and go tool trace read them
//
// Nothing is registered on [http.DefaultServeMux]: package net/http/pprof, which
// does that, isn't linked.
//
// # Metrics
//
// For Prometheus, the name of a metric is made valid and unique, and has a unit
// behind it: a timer "get-stuff" is the summary get_stuff_seconds, a meter "jobs"
// the counter jobs_total and the gauges jobs_per_second, a health check "mail" the
// gauge mail_healthy. What [tigertonic.CountedByStatus] and CountedByStatusXX count
// as "http" is http_responses_total{code="404"} and
// http_responses_by_class_total{class="4xx"}. What [tigertonic.Counted] counts as
// "requests", in a handler of the service's tree, is the counter requests_total;
// other counters are gauges, for go-metrics' may be decremented, which Prometheus
// takes for a restart in a counter. The quantiles of timers and histograms are
// those of their samples. The _sum of what [tigertonic.Timed] measures is exact; else
// it is estimated from the sample, so that it rises as _count does.
//
// # Who may ask
//
// There is no authentication: whoever can connect can read everything, so listen
// on a loopback address, or one that only the operators' network reaches. What a
// browser on such a network could be made to do is refused: a request for a host
// that isn't an IP address, localhost or one of [Options.Hosts] (421), which is
// what DNS rebinding needs, and one that comes from a page of another origin, but
// for following a link (403).
package admin

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rcrowley/go-metrics"

	"github.com/rcrowley/go-tigertonic"
)

// Options are what [New] can't find out. The zero value has the defaults.
type Options struct {
	// Name is what the service is called. By default it is the last element of
	// the import path of the program, or the name of its file.
	Name string
	// Version is what is running. By default it is that of the main module.
	Version string
	// Registry is nil for metrics.DefaultRegistry.
	Registry metrics.Registry
	// Level is what /log shows and sets. There is no such path if it is nil.
	Level *slog.LevelVar
	// Draining tells that the service is about to stop and isn't to be sent
	// requests any more. It may be called by many goroutines at a time. Besides,
	// the handler is asked that New is given.
	Draining func() bool
	// Hosts are the names, without ports, by which clients may reach the admin
	// port. IP addresses and localhost are always allowed.
	Hosts []string
}

// Admin is a handler that shows a service. It is made by [New]; the zero value
// isn't usable.
type Admin struct {
	handler  http.Handler
	mux      *tigertonic.TrieServeMux
	build    buildInfo
	registry metrics.Registry
	level    *slog.LevelVar
	draining []func() bool
	hosts    map[string]bool
	cross    *http.CrossOriginProtection
	began    time.Time

	mu     sync.Mutex
	checks []*check
	health map[string]*healthCheck // of the registry, by name
	sums   map[string]*runningSum  // likewise of timers and histograms
}

// New returns a handler that shows the service whose tree of handlers h is. If h,
// or what it wraps, has a method Draining() bool, as a [tigertonic.Server]'s
// handler has, the service isn't ready while that returns true. New panics if h is
// nil or a host of the options isn't a name.
func New(h http.Handler, o Options) *Admin {
	if h == nil {
		misuse("New: the handler is nil")
	}
	a := &Admin{
		handler:  h,
		build:    newBuildInfo(o),
		registry: o.Registry,
		level:    o.Level,
		hosts:    map[string]bool{},
		cross:    http.NewCrossOriginProtection(),
		began:    time.Now(),
		health:   map[string]*healthCheck{},
		sums:     map[string]*runningSum{},
	}
	if a.registry == nil {
		a.registry = metrics.DefaultRegistry
	}
	for _, f := range []func() bool{o.Draining, drainingOf(h)} {
		if f != nil {
			a.draining = append(a.draining, f)
		}
	}
	for _, host := range o.Hosts {
		if !isName(host) {
			misuse("New: %q is not the name of a host", host)
		}
		a.hosts[nameOf(host)] = true
	}
	a.mux = a.routes()
	return a
}

// routes returns a mux with all that there is.
func (a *Admin) routes() *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/", &page{"index", "Show the state of the service", htmlType, a.index})
	mux.Handle("GET", "/live", &page{"live", "Tell that the process can answer", textType, live})
	ready := tigertonic.Typed(a.ready).Summary("Tell whether the service is to be sent requests").OperationID("ready")
	mux.Handle("GET", "/ready", tigertonic.Described(ready, describeReady))
	mux.Handle("GET", "/metrics", &page{"metrics", "Show the metrics in Prometheus' text format", expositionType, a.metrics})
	mux.Handle("GET", "/metrics.json", tigertonic.Typed(a.metricsJSON).Summary("Show the metrics").OperationID("metricsJSON"))
	mux.Handle("GET", "/routes", &page{"routes", "Show the routes of the service", textType, a.explain})
	mux.Handle("GET", "/version", tigertonic.Typed(a.version).Summary("Tell what is running").OperationID("version"))
	if a.level != nil {
		mux.Handle("GET", "/log", tigertonic.Typed(a.showLevel).Summary("Tell the log level").OperationID("showLevel"))
		mux.Handle("PUT", "/log", tigertonic.Typed(a.setLevel).Summary("Set the log level").OperationID("setLevel"))
		mux.Handle("POST", "/log", tigertonic.Typed(a.setLevel).Summary("Set the log level"))
	}
	a.addProfiles(mux)
	return mux
}

// Check adds a check of what the service can't do without. When /ready or the
// index is asked for, all checks run at once, each in a goroutine of its own with
// a context that ends after the limit, and what they return is kept for a second.
// A check is one that fails if it returns an error, panics or takes longer than
// the limit. If it ignores its context, it isn't waited for, and doesn't run again
// before it has returned.
//
// Check may be called at any time. It panics if the name is empty or taken, the
// limit isn't positive, or the function is nil.
func (a *Admin) Check(name string, limit time.Duration, f func(context.Context) error) {
	switch {
	case name == "":
		misuse("Check: the name is empty")
	case limit <= 0:
		misuse("Check %q: a limit of %v", name, limit)
	case f == nil:
		misuse("Check %q: the function is nil", name)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.ContainsFunc(a.checks, func(c *check) bool { return c.name == name }) {
		misuse("Check %q: there is one of this name already", name)
	}
	a.checks = append(a.checks, &check{name: name, limit: limit, f: f})
}

// ServeHTTP answers the request, or refuses it. Whatever the client accepts, it
// gets the one format that there is (RFC 9110 §12.5.1): who asks whether a service
// is ready mustn't be told 406.
func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	r.Header = r.Header.Clone()
	r.Header.Del("Accept")
	if err := a.refuse(r); err != nil {
		tigertonic.ResponseErrorWriter.WriteError(r, w, err)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// Unwrap returns the mux, so that the admin port has routes and a description of
// its own.
func (a *Admin) Unwrap() http.Handler { return a.mux }

// Describe adds how requests are refused, and that none is for what it accepts.
func (a *Admin) Describe(op *tigertonic.Operation) {
	delete(op.Responses, strconv.Itoa(http.StatusNotAcceptable))
	op.AddError(http.StatusForbidden, "The request comes from a page of another origin")
	op.AddError(http.StatusMisdirectedRequest, "The host is neither an IP address nor a known name")
}

// String is how [tigertonic.Explain] shows the handler.
func (a *Admin) String() string { return "Admin" }

// drainingOf returns the method Draining of h or of what it wraps, or nil.
func drainingOf(h http.Handler) func() bool {
	for h != nil {
		if d, ok := h.(interface{ Draining() bool }); ok {
			return d.Draining
		}
		u, ok := h.(interface{ Unwrap() http.Handler })
		if !ok {
			return nil
		}
		h = u.Unwrap()
	}
	return nil
}

const packagePath = "github.com/rcrowley/go-tigertonic/admin."

// misuse panics with what is wrong and where the user's program did it.
func misuse(format string, args ...any) {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, packagePath) || !more {
			panic(fmt.Sprintf("tigertonic: admin."+format+" (at %s:%d)", append(args, frame.File, frame.Line)...))
		}
	}
}

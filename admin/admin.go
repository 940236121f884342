// Package admin shows operators the state of a service: whether it is alive and ready,
// its metrics, routes, version and profiles. It also sets the log level. All of it is
// one handler; serve it on a separate port that only operators can reach.
//
//	a := admin.New(server.Handler, admin.Options{Level: &level})
//	a.Check("database", 2*time.Second, db.PingContext)
//	server.Admin = a
//
// The paths are
//
//	/               a page with the state of the service and links to the rest
//	/watch          the same state every two seconds, as server-sent events
//	/live           200 as long as the process can answer
//	/ready          200 if it is to be sent requests, else 503; JSON
//	/metrics        go-metrics' registry, routes and Go's runtime, in Prometheus' text format
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
// For Prometheus, names of metrics are made valid and unique, and end with their unit:
// a timer "get-stuff" is the summary get_stuff_seconds, a meter "jobs" the counter
// jobs_total and the gauges jobs_per_second, a health check "mail" the gauge
// mail_healthy. What [tigertonic.CountedByStatus] and CountedByStatusXX count as
// "http" is http_responses_total{code="404"} and
// http_responses_by_class_total{class="4xx"}. What [tigertonic.Counted] counts as
// "requests", in a handler of the service's tree, is the counter requests_total; other
// counters are gauges, because go-metrics' counters may be decremented, which
// Prometheus would take for a restart. Quantiles of timers and histograms come from
// their samples. The _sum of [tigertonic.Timed] is exact; other sums are estimated
// from the sample, so that they rise with _count.
//
// [tigertonic.Measured] exports for each route the histogram
// http_request_duration_seconds by method, pattern and class of the status, which adds
// up over instances, the counter http_response_body_bytes_total by the same, and the
// gauge http_requests_in_flight by method and pattern. A client that asks for
// OpenMetrics gets it, with trace IDs as exemplars; one that asks for protobuf gets
// native histograms as well.
//
// The gauge tls_certificate_expiry_timestamp_seconds is when a certificate of the
// server expires, in seconds since 1970, by its name and serial number.
//
// What the server's connections do is http_connections by their state and the counter
// http_connections_accepted_total, and process_restarts says how many times in a row
// the program has been restarted without losing its sockets.
//
// # Who may ask
//
// There is no authentication: anybody who can connect can read everything, so listen
// on a loopback address, or on one that only the operators' network reaches. Two kinds
// of request that a web page could make a browser on that network send are refused: a
// request for a host that isn't an IP address, localhost or one of [Options.Hosts]
// (421), which is what DNS rebinding needs, and a request from a page of another
// origin, unless it follows a link (403).
package admin

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic/internal/callsite"

	"github.com/rcrowley/go-tigertonic"
)

// Options are what [New] can't find out by itself. The zero value means the defaults.
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

// Admin is a handler that shows a service. Create one with [New]; the zero value isn't
// usable.
type Admin struct {
	handler  http.Handler
	mux      *tigertonic.TrieServeMux
	build    buildInfo
	registry metrics.Registry
	level    *slog.LevelVar
	draining []func() bool
	// certificates returns those of the server, or is nil.
	certificates func() []*x509.Certificate
	// connections and restarts return those of the server. The first is nil without one.
	connections func() tigertonic.ConnectionCounts
	restarts    func() int
	hosts       map[string]bool
	cross       *http.CrossOriginProtection
	began       time.Time

	mu     sync.Mutex
	checks []*check
	health map[string]*healthCheck // of the registry, by name
	sums   map[string]*runningSum  // likewise of timers and histograms
}

// New returns a handler that shows the service whose tree of handlers h is. If h, or
// what it wraps, has a method Draining() bool, as a [tigertonic.Server]'s handler has,
// the service isn't ready while it returns true. If it has a method Certificates()
// []*x509.Certificate, as that has, too, the metrics say when they expire. New panics
// if h is nil or one of the hosts isn't a valid name.
func New(h http.Handler, o Options) *Admin {
	if h == nil {
		callsite.Panicf("admin.New: the handler is nil")
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
		restarts: func() int { return 0 },
	}
	if a.registry == nil {
		a.registry = metrics.DefaultRegistry
	}
	if o.Draining != nil {
		a.draining = append(a.draining, o.Draining)
	}
	if d, ok := first[interface{ Draining() bool }](h); ok {
		a.draining = append(a.draining, d.Draining)
	}
	if c, ok := first[certified](h); ok {
		a.certificates = c.Certificates
	}
	if c, ok := first[connected](h); ok {
		a.connections, a.restarts = c.Connections, c.Restarts
	}
	for _, host := range o.Hosts {
		if !isName(host) {
			callsite.Panicf("admin.New: %q isn't a host name", host)
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
	mux.Handle("GET", "/live", &page{"live", "Report that the process is alive", textType, live})
	watch := tigertonic.Typed(a.watch).Summary("Watch the state of the service").OperationID("watch")
	mux.Handle("GET", watchPath, tigertonic.Limited(tigertonic.Described(watch, describeWatch), maxWatchers, nil))
	ready := tigertonic.Typed(a.ready).Summary("Report whether the service is ready for requests").OperationID("ready")
	mux.Handle("GET", "/ready", tigertonic.Described(ready, describeReady))
	mux.Handle("GET", "/metrics", metricsPage{a})
	mux.Handle("GET", "/metrics.json", tigertonic.Typed(a.metricsJSON).Summary("Show the metrics").OperationID("metricsJSON"))
	mux.Handle("GET", "/routes", &page{"routes", "Show the routes of the service", textType, a.explain})
	mux.Handle("GET", "/version", tigertonic.Typed(a.version).Summary("Show what is running").OperationID("version"))
	if a.level != nil {
		mux.Handle("GET", "/log", tigertonic.Typed(a.showLevel).Summary("Show the log level").OperationID("showLevel"))
		mux.Handle("PUT", "/log", tigertonic.Typed(a.setLevel).Summary("Set the log level").OperationID("setLevel"))
		mux.Handle("POST", "/log", tigertonic.Typed(a.setLevel).Summary("Set the log level"))
	}
	a.addProfiles(mux)
	return mux
}

// Check adds a check of something that the service depends on. A request for /ready or
// the index runs all checks concurrently, each with a context that ends after the
// limit, and keeps the results for a second. A check fails if it returns an error,
// panics or takes longer than the limit. Admin doesn't wait for a check that ignores its
// context, and doesn't run it again before it has returned.
//
// Check may be called at any time. It panics if the name is empty or taken, the
// limit isn't positive, or the function is nil.
func (a *Admin) Check(name string, limit time.Duration, f func(context.Context) error) {
	switch {
	case name == "":
		callsite.Panicf("admin.Check: the name is empty")
	case limit <= 0:
		callsite.Panicf("admin.Check %q: a limit of %v", name, limit)
	case f == nil:
		callsite.Panicf("admin.Check %q: the function is nil", name)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.ContainsFunc(a.checks, func(c *check) bool { return c.name == name }) {
		callsite.Panicf("admin.Check %q: there is one of this name already", name)
	}
	a.checks = append(a.checks, &check{name: name, limit: limit, f: f})
}

// ServeHTTP serves or refuses the request. It ignores the Accept header where there is
// only one format (RFC 9110 §12.5.1): a probe that asks whether the service is ready
// mustn't get a 406.
func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	outer := r
	r = withAccept(r)
	defer func() { outer.Pattern = r.Pattern }()
	r.Header = r.Header.Clone()
	r.Header.Del("Accept")
	if r.URL.Path == watchPath {
		r.Header.Set("Accept", eventsType)
	}
	if err := a.refuse(r); err != nil {
		tigertonic.ResponseErrorWriter.WriteError(r, w, err)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// Unwrap returns the mux, so that the admin port has routes and a description of
// its own.
func (a *Admin) Unwrap() http.Handler { return a.mux }

// Describe adds the refusals to the description, and removes the 406, which never
// happens.
func (a *Admin) Describe(op *tigertonic.Operation) {
	delete(op.Responses, strconv.Itoa(http.StatusNotAcceptable))
	op.AddError(http.StatusForbidden, "The request comes from a page of another origin")
	op.AddError(http.StatusMisdirectedRequest, "The host is neither an IP address nor a known name")
}

// String is how [tigertonic.Explain] shows the handler.
func (a *Admin) String() string { return "Admin" }

// first returns h, or what it wraps, as a T: the outermost that is one.
func first[T any](h http.Handler) (t T, ok bool) {
	for h != nil {
		if t, ok := h.(T); ok {
			return t, true
		}
		u, ok := h.(interface{ Unwrap() http.Handler })
		if !ok {
			break
		}
		h = u.Unwrap()
	}
	return t, false
}

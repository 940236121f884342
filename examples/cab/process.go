package main

import (
	"context"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/config"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/customer"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/eta"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/experiment"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/fare"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/features"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/hob"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/jobs"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/nearest"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/raziel"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/ticks"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/trace"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/zoning"
)

// city is the center of the city.
func city() geo.Point { return geo.Point{Lat: 53.34, Lng: -6.26} }

const (
	// places is how many spans may wait for the collector.
	places = 1 << 15
	batch  = 512
	// often is how often spans are collected and the configuration is checked for changes.
	often = 100 * time.Millisecond
)

// A process has some of the services, maybe the thin API, and what runs beside them.
type process struct {
	options  *options
	node     *rpc.Node
	bus      *rpc.Bus
	peers    *rpc.Peers
	local    *rpc.Local
	server   *tigertonic.Server // of calls, if there is one
	exported *trace.Ring        // on their way to a collector, if there is one
	instance string
	served   []string
	public   http.RoundTripper // by which the thin API calls
	inside   http.Handler      // the services
	front    http.Handler      // the thin API and the pages
	store    *trace.Store
	ring     *trace.Ring
	db       *jobs.Store
	calls    *config.Watcher[callConfig]
	tracing  *config.Watcher[traceConfig]
	edge     *config.Watcher[edgeConfig]

	later    []func() // what runs once the services are there
	provider *trace.Tracers
	cancel   context.CancelFunc
	tasks    sync.WaitGroup
	once     sync.Once
	live     *live
	missing  missing
	started  time.Time
	done     <-chan struct{}
	outer    atomic.Pointer[tigertonic.Server] // of the thin API, once there is one
}

// stopping reports whether the process is about to stop, so that streams should end.
func (p *process) stopping() bool {
	select {
	case <-p.done:
		return true
	default:
	}
	s := p.outer.Load()
	return s != nil && s.Draining()
}

// callConfig is how services call each other.
type callConfig struct {
	Multiplier float64             `json:"multiplier"`
	Tokens     uint                `json:"tokens"`
	SLAs       map[string]slaOfMap `json:"slas"`
}

// slaOfMap is an SLA, in milliseconds.
type slaOfMap struct {
	Mean    float64 `json:"mean"`
	Upper95 float64 `json:"upper95"`
}

// settings converts it to the settings of package rpc.
func (c *callConfig) settings() *rpc.Settings {
	s := &rpc.Settings{Multiplier: c.Multiplier, Tokens: c.Tokens, SLAs: map[string]rpc.SLA{}}
	for name, sla := range c.SLAs {
		s.SLAs[name] = rpc.SLA{Mean: milliseconds(sla.Mean), Upper95: milliseconds(sla.Upper95)}
	}
	return s
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

func (c *callConfig) check() error {
	if !(c.Multiplier > 0) || c.Tokens == 0 {
		return rpc.Fail(http.StatusInternalServerError, "com.hailocab.kernel.badconfig", "the multiplier and the tokens must be positive")
	}
	return nil
}

// traceConfig says which traces are kept.
type traceConfig struct {
	Chance float64 `json:"pcChance"` // of the quick ones without an error
	SlowMS float64 `json:"slowMs"`
}

// kernel is the service whose documents concern all services.
const kernel = "com.hailocab.kernel"

// newProcess starts a process with these options.
func newProcess(ctx context.Context, o *options) (*process, error) {
	ctx, cancel := context.WithCancel(ctx)
	p := &process{options: o, cancel: cancel, started: o.now().UTC(), done: ctx.Done()}
	p.instance = "server-cab-" + tigertonic.RandomBase62String(8)
	p.calls = config.Watch(kernel, "", "hailo.service.calls", (*callConfig).check)
	p.tracing = config.Watch[traceConfig](kernel, "", "hailo.service.trace", nil)
	p.edge = config.Watch(kernel, "", "hailo.service.api", (*edgeConfig).check)
	if err := p.start(ctx); err != nil {
		p.stop()
		return nil, err
	}
	for _, f := range p.later {
		p.tasks.Go(f)
	}
	return p, nil
}

func (p *process) start(ctx context.Context) error {
	o := p.options
	network, err := p.openNetwork()
	if err != nil {
		return err
	}
	if err := p.startTracing(ctx, network); err != nil {
		return err
	}
	n := rpc.Options{Instance: p.instance, Host: hostname(), Zone: o.zone, Network: network, Tracers: p.tracers(), Settings: p.settings()}
	if o.bus != "" { // otherwise there is nobody else to ask
		n.Hedged = []string{raziel.Name + ".multisearch", hob.Name + ".list", zoning.Name + ".search"}
	}
	p.node = rpc.NewNode(n)
	p.public = p.node.Transport(thinAPI)
	services, err := p.services(ctx)
	if err != nil {
		return err
	}
	p.inside = p.node.Mount(services...)
	if err := p.serveCalls(ctx, services); err != nil {
		return err
	}
	p.watch(ctx, p.calls)
	p.watch(ctx, p.tracing)
	p.live = newLive(p)
	p.front = p.newFront()
	p.later = append(p.later, func() { p.live.run(ctx) }, func() { p.tick(ctx) })
	if o.api {
		p.watch(ctx, p.edge)
		p.later = append(p.later, func() { p.simulate(ctx) })
	}
	return nil
}

// linger is how long a trace waits for the spans of other processes.
const linger = 3 * time.Second

// startTracing makes the rings. A process with the thin API puts its spans into the store
// that it shows, other processes send theirs to the trace service, and if there is a
// collector, it gets all of them.
func (p *process) startTracing(ctx context.Context, network http.RoundTripper) error {
	o := trace.StoreOptions{
		Slow: milliseconds(p.tracing.Get().SlowMS), Chance: func() float64 { return p.tracing.Get().Chance },
	}
	if p.options.bus != "" {
		o.Linger = linger
	}
	p.store = trace.NewStore(o)
	if !p.options.trace {
		return nil
	}
	to, collector, err := p.exporters(ctx, network)
	if err != nil {
		return err
	}
	p.ring = trace.NewRing(to, places, batch, often)
	rings := []*trace.Ring{p.ring}
	if collector != nil {
		p.exported = trace.NewRing(collector, places, batch, time.Second)
		rings = append(rings, p.exported)
	}
	p.provider = trace.NewTracers(trace.NewResource(p.instance, hostname(), p.options.zone,
		attribute.String("service.name", "cab"), attribute.String("service.version", version)), rings...)
	return nil
}

// exporters returns where spans go, and the collector if there is one.
func (p *process) exporters(ctx context.Context, network http.RoundTripper) (to, collector trace.Exporter, err error) {
	to = p.store
	if !p.options.api {
		if to, err = trace.NewExporter(ctx, "http://bus/"+trace.Name+"/export", network); err != nil {
			return nil, nil, err
		}
	}
	if p.options.otlp != "" {
		collector, err = trace.NewExporter(ctx, p.options.otlp, nil)
	}
	return to, collector, err
}

func hostname() string {
	name, _ := os.Hostname() // it is for people
	return name
}

func (p *process) tracers() oteltrace.TracerProvider {
	if p.provider == nil {
		return noop.NewTracerProvider()
	}
	return p.provider
}

// settings returns a function that returns the settings, which are computed once per
// version of the configuration.
func (p *process) settings() func() *rpc.Settings {
	type version struct {
		from *callConfig
		to   *rpc.Settings
	}
	var latest atomic.Pointer[version]
	return func() *rpc.Settings {
		now := p.calls.Get()
		v := latest.Load()
		if v == nil || v.from != now {
			v = &version{now, now.settings()}
			latest.Store(v)
		}
		return v.to
	}
}

// runner watches its configuration.
type runner interface {
	Run(ctx context.Context, c *client.Client, every time.Duration)
}

// watch runs a watcher from when the services are there until the process ends.
func (p *process) watch(ctx context.Context, w runner) {
	c := p.node.Client(kernel, config.Name)
	p.later = append(p.later, func() { w.Run(ctx, c, time.Second) })
}

// services returns the services of the process, and starts what runs beside them.
func (p *process) services(ctx context.Context) (all []rpc.Service, err error) {
	o := p.options
	add := func(name string, h http.Handler) { all = append(all, rpc.Service{Name: name, Handler: h}) }
	if o.has(config.Name) {
		s, err := config.New(o.config)
		if err != nil {
			return nil, err
		}
		p.later = append(p.later, func() { s.Run(ctx) })
		add(config.Name, s.Handler())
	}
	if o.has(fare.Name) {
		w := config.Watch(fare.Name, "", fare.Path, (*fare.Config).Check)
		p.watch(ctx, w)
		add(fare.Name, fare.New(w).Handler())
	}
	if o.has(eta.Name) {
		w := config.Watch[eta.Config](eta.Name, "", eta.Path, nil)
		p.watch(ctx, w)
		add(eta.Name, eta.New(w, o.now).Handler())
	}
	if o.has(nearest.Name) {
		w := config.Watch[nearest.Config](nearest.Name, "", nearest.Path, nil)
		p.watch(ctx, w)
		add(nearest.Name, nearest.New(p.node, w).Handler())
	}
	if o.has(raziel.Name) {
		s := raziel.New(city(), o.now)
		if err := p.shareDrivers(ctx, s); err != nil {
			return nil, err
		}
		p.later = append(p.later, func() { s.Run(ctx) })
		add(raziel.Name, s.Handler())
	}
	for name, h := range map[string]func() http.Handler{
		hob.Name: func() http.Handler { return hob.New().Handler() }, zoning.Name: func() http.Handler { return zoning.New(city()).Handler() },
		features.Name: func() http.Handler { return features.New(p.node).Handler() }, experiment.Name: func() http.Handler { return experiment.New(o.now()).Handler() },
		customer.Name: func() http.Handler { return customer.New(p.node).Handler() },
	} {
		if o.has(name) {
			add(name, h())
		}
	}
	if o.api {
		add(trace.Name, trace.NewCollector(p.store).Handler())
	}
	if o.has(jobs.Name) {
		if p.db, err = jobs.Open(ctx, o.db); err != nil {
			return nil, err
		}
		w := config.Watch[jobs.Config](jobs.Name, "", jobs.Path, nil)
		p.watch(ctx, w)
		s := jobs.New(p.node, p.db, w, o.now)
		p.later = append(p.later, func() { s.Run(ctx) })
		add(jobs.Name, s.Handler())
	}
	return all, nil
}

// tick makes the store decide about waiting traces.
func (p *process) tick(ctx context.Context) {
	for range ticks.Every(ctx, time.Second) {
		p.store.Tick()
	}
}

// flushTime is how long the last spans may take.
const flushTime = 2 * time.Second

// stop ends what runs beside the server: it leaves new calls to other processes, serves
// those that have arrived, and exports the last spans.
func (p *process) stop() {
	p.once.Do(func() {
		if p.bus != nil {
			p.bus.Drain()
		}
		p.cancel()
		if p.server != nil {
			_ = p.server.Close() // after what has come
		}
		p.tasks.Wait()
		if p.provider != nil {
			ctx, cancel := context.WithTimeout(context.Background(), flushTime)
			defer cancel()
			_ = p.provider.Shutdown(ctx) // what it had no time for is counted
		}
		if p.bus != nil {
			p.bus.Close()
		}
		if p.db != nil {
			p.db.Close()
		}
	})
}

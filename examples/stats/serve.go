package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"

	"github.com/rcrowley/go-tigertonic/examples/internal/mailer"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/alert"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/export"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/ingest"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/mail"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/web"
)

// What the service may have in memory: the collector runs more often when it is near.
const (
	memoryLimit = 48 << 20
	gcPercent   = 200
)

// serve serves until the process is told to stop.
func serve(ctx context.Context, o *options, level *slog.LevelVar) error {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memoryLimit)
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	if err := o.example.Choose(os.Stdout); err != nil {
		return err
	}
	db, err := o.openStore(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	first, err := o.firstAccount(ctx, db)
	if err != nil {
		return err
	}
	p, err := o.start(ctx, db)
	if err != nil {
		return err
	}
	defer p.stop()
	server := tigertonic.NewServer(o.example.Listen, p.service.handler())
	p.stopping = server.Draining
	clients := &connections{most: int64(o.clients)}
	server.ConnState = clients.track
	inside := admin.New(server.Handler, admin.Options{Name: "stats", Version: version, Registry: p.service.registry, Level: level})
	inside.Check("database", time.Second, db.Ping)
	o.example.Prepare(server, inside, func(base string) string { return o.try(base, first) })
	if err := server.Run(ctx); err != nil {
		return err
	}
	p.stop()
	slog.Info("stats has stopped", "pid", os.Getpid(), "samples", p.committer.Samples.Load())
	return nil
}

// lockWait is how long a request that counts waits for another process that has the
// database, before its client is told to come back.
const lockWait = 600 * time.Millisecond

func (o *options) openStore(ctx context.Context) (*store.Store, error) {
	if err := os.MkdirAll(o.data, 0o750); err != nil { //nolint:gosec // the operator chooses it
		return nil, err
	}
	return store.Open(ctx, o.db, store.Options{NoSync: o.sync == "none", LockWait: lockWait})
}

// newsEvery is how often accounts are told of stats that are new.
const newsEvery = 30 * time.Second

// A process is what runs beside the server.
type process struct {
	options   *options
	store     *store.Store
	service   *service
	committer *ingest.Committer
	hooks     *alert.Hooks
	outbox    *mail.Outbox
	reports   *mail.Reports
	cancel    context.CancelFunc
	tasks     sync.WaitGroup
	stopping  func() bool // whether streams are to end
}

// start starts what runs beside the server.
func (o *options) start(ctx context.Context, db *store.Store) (*process, error) {
	mails, err := mailer.New(o.smtp, o.from, o.now)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &process{options: o, store: db, cancel: cancel, stopping: func() bool { return ctx.Err() != nil }}
	p.reports = &mail.Reports{Store: db, Mailer: mails, Base: o.baseURL()}
	p.outbox = mail.NewOutbox(mails, db, o.baseURL(), newsEvery)
	p.committer = ingest.NewCommitter(db, p.outbox.Made, o.now)
	p.hooks = alert.NewHooks(o.hookQueue, o.privateHooks)
	p.service = &service{
		options: o, registry: metrics.NewRegistry(),
		ingest: ingest.New(db, p.committer, ingest.Options{AckBody: o.ack == http.StatusOK, Rate: o.rate, Now: o.now}),
		export: &export.API{Store: db, Now: o.now, Hook: func(url string) error { return alert.CheckHook(url, o.privateHooks) }},
	}
	p.service.web = web.New(db, p.service.export, o.now, func() bool { return p.stopping() })
	p.service.web.Rounds = o.rounds
	p.register()
	p.tasks.Go(func() { p.keep(ctx) })
	p.tasks.Go(func() { p.lead(ctx) })
	return p, nil
}

// stop ends what start has started, once everything is written.
func (p *process) stop() {
	p.committer.Close()
	p.cancel()
	p.tasks.Wait()
	p.hooks.Close()
	p.outbox.Close()
}

// register adds what isn't measured by handlers to the metrics.
func (p *process) register() {
	gauge := func(name string, f func() int64) {
		metrics.NewRegisteredFunctionalGauge(name, p.service.registry, f)
	}
	gauge("samples", p.committer.Samples.Load)
	gauge("groups", p.committer.Groups.Load)
	gauge("requests-refused", p.committer.Refused.Load)
	gauge("webhooks-sent", p.hooks.Sent.Load)
	gauge("webhooks-failed", p.hooks.Failed.Load)
	gauge("webhooks-dropped", p.hooks.Dropped.Load)
}

// try returns lines to try.
func (o *options) try(base string, first *credentials) string {
	port := base[strings.LastIndexByte(base, ':')+1:]
	key := "EZKEY"
	if first != nil {
		key = first.ezkey
	}
	www, signIn := "http://www."+o.domain+":"+port, ""
	if first != nil {
		signIn = fmt.Sprintf("sign in as %s with the password %s\n", first.email, first.password)
	}
	return fmt.Sprintf(`  curl -i http://api.%[1]s:%[2]s/ez -d ezkey=%[3]s -d stat=cups -d count=1
the key is %[3]s
see it on %[4]s/
%[5]sand read %[4]s/docs
`, o.domain, port, key, www, signIn)
}

// connections bounds how many connections there are at a time, each of which costs memory
// whatever its client does. One more is closed at once.
type connections struct {
	most int64
	open atomic.Int64
}

// track is a server's ConnState.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if c.open.Add(1) > c.most {
			_ = conn.Close() // the server finds it closed
		}
	case http.StateHijacked, http.StateClosed:
		c.open.Add(-1)
	case http.StateActive, http.StateIdle:
	}
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/queue"
)

// What the service may have in memory. The collector runs when there is three times as
// much garbage as there is in use, which is little, so it runs seldom; and more often
// when the limit is near.
const (
	memoryLimit = 42 << 20
	gcPercent   = 300
)

func limitMemory() {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memoryLimit)
}

// serve takes payloads until the process is told to stop.
func serve(ctx context.Context, o *options, level *slog.LevelVar) error {
	limitMemory()
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	known, err := o.tokens()
	if err != nil {
		return err
	}
	s := &service{tokens: known}
	if o.queue != "" {
		publisher, err := queue.Dial(ctx, o.stream())
		if err != nil {
			return err
		}
		defer publisher.Close()
		s.sink, s.ready = publisher, publisher.Ready
		return o.listenAndServe(ctx, s, level)
	}
	p, err := openPipeline(o, false, nil)
	if err != nil {
		return err
	}
	s.sink, s.spool, s.ready = p.spool, p.spool, p.spool.Ready
	err = o.listenAndServe(ctx, s, level)
	p.close(o.stopTimeout)
	stats := p.spool.Stats()
	slog.Info("ingest has stopped", "pid", os.Getpid(), "payloads", stats.Records, "stored_segments", stats.Stored, "left_bytes", stats.Used)
	return err
}

// listenAndServe serves requests until the process is told to stop.
func (o *options) listenAndServe(ctx context.Context, s *service, level *slog.LevelVar) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	registry := metrics.NewRegistry()
	l := newLive(s)
	server := tigertonic.NewServer(o.addr, s.handler(l, registry))
	s.stopping = server.Draining
	s.register(registry)
	go l.run(ctx)
	clients := &connections{most: int64(o.connections)}
	server.ConnState = clients.track
	if o.admin != "" {
		inside := admin.New(server.Handler, admin.Options{Name: "ingest", Version: version, Registry: registry, Level: level})
		inside.Check("payloads", time.Second, func(context.Context) error { return s.ready() })
		server.Admin, server.AdminAddr = inside, o.admin
	}
	server.BaseContext = func(l net.Listener) context.Context { // called once it listens
		o.welcome(l.Addr())
		return context.Background()
	}
	return server.Run(ctx)
}

// welcome prints lines to try.
func (o *options) welcome(addr net.Addr) {
	token := "TOKEN"
	if o.tokenMade {
		token = o.token
	}
	fmt.Printf(`ingest (process %[1]d) listens on http://%[2]s, try:
  curl -i http://%[2]s/1.0/payloads -H 'Content-Type: application/json' -d '{"version":"1","token":"%[3]s","data":[{"event":"start"},{"event":"stop"}]}'
  curl http://%[2]s/1.0/segments
see it at work on http://%[2]s/
and read http://%[2]s/docs
`, os.Getpid(), addr, token)
	if o.admin != "" {
		fmt.Printf("operators find what is inside on http://%s/\n", o.admin)
	}
}

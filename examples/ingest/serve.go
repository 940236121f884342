package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/queue"
)

// The limits of memory. Little memory is in use, so the garbage collector runs only when
// there is three times as much garbage, and more often near the limit.
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
	if err := o.example.Choose(os.Stdout); err != nil {
		return err
	}
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
	server := tigertonic.NewServer(o.example.Listen, s.handler(l, registry))
	s.stopping = server.Draining
	s.register(registry)
	go l.run(ctx)
	clients := &connections{most: int64(o.connections)}
	server.ConnState = clients.track
	inside := admin.New(server.Handler, admin.Options{Name: "ingest", Version: version, Registry: registry, Level: level})
	inside.Check("payloads", time.Second, func(context.Context) error { return s.ready() })
	o.example.Prepare(server, inside, o.try)
	return server.Run(ctx)
}

// try returns commands to try.
func (o *options) try(base string) string {
	token := "TOKEN"
	if o.tokenMade {
		token = o.token
	}
	return fmt.Sprintf(`  curl -i %[1]s/1.0/payloads -H 'Content-Type: application/json' -d '{"version":"1","token":"%[2]s","data":[{"event":"start"},{"event":"stop"}]}'
  curl %[1]s/1.0/segments
see it at work at %[1]s/
and read %[1]s/docs
`, base, token)
}

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

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/store"
	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/upload"
)

// What the service may have in memory. The collector runs when there is three times as
// much garbage as there is in use, which is little, so it runs seldom; and more often
// when the limit is near.
const (
	memoryLimit = 48 << 20
	gcPercent   = 300
)

// serve serves until the process is told to stop, and then uploads what it can.
func serve(ctx context.Context, o options, level *slog.LevelVar) error {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memoryLimit)
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	known, err := o.tokens()
	if err != nil {
		return err
	}
	to, err := store.Open(o.store)
	if err != nil {
		return err
	}
	from, err := spool.Open(spool.Options{
		Dir: o.spool, Sync: spool.Sync(o.sync), MaxBytes: int64(o.spoolMax), SegmentBytes: int64(o.segmentBytes), SegmentAge: o.segmentAge,
	})
	if err != nil {
		return err
	}
	defer from.Release()
	uploading, stopUploading := context.WithCancel(context.WithoutCancel(ctx))
	defer stopUploading()
	uploaded := make(chan struct{})
	go func() {
		defer close(uploaded)
		upload.New(from, to, upload.Options{
			Workers: o.workers, Timeout: o.uploadTimeout, Backoff: upload.Backoff{First: o.backoff, Max: o.backoffMax},
		}).Run(uploading)
	}()
	err = o.listenAndServe(ctx, &service{tokens: known, sink: from, spool: from}, level)
	from.Close()
	time.AfterFunc(o.stopTimeout, stopUploading)
	<-uploaded
	stats := from.Stats()
	slog.Info("ingest has stopped", "pid", os.Getpid(), "payloads", stats.Records, "stored_segments", stats.Stored, "left_segments", stats.Waiting, "left_bytes", stats.Used)
	return err
}

// listenAndServe serves requests until the process is told to stop.
func (o *options) listenAndServe(ctx context.Context, s *service, level *slog.LevelVar) error {
	registry := metrics.NewRegistry()
	server := tigertonic.NewServer(o.addr, s.handler(registry))
	s.register(registry)
	if o.admin != "" {
		inside := admin.New(server.Handler, admin.Options{Name: "ingest", Version: version, Registry: registry, Level: level})
		inside.Check("spool", time.Second, s.ready)
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
	token := o.token
	if !o.tokenMade {
		token = "TOKEN"
	}
	fmt.Printf(`ingest (process %[1]d) listens on http://%[2]s, try:
  curl -i http://%[2]s/1.0/payloads -H 'Content-Type: application/json' -d '{"version":"1","token":"%[3]s","data":[{"event":"start"},{"event":"stop"}]}'
  curl http://%[2]s/1.0/segments
and read http://%[2]s/docs
`, os.Getpid(), addr, token)
	if o.admin != "" {
		fmt.Printf("operators find what is inside on http://%s/\n", o.admin)
	}
}

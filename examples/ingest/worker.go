package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/queue"
	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
)

// work puts what is in the queue into the store until the process is told to stop.
func work(ctx context.Context, o *options) error {
	if o.queue == "" {
		return errors.New("a worker needs -queue")
	}
	limitMemory()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	o.sync = string(spool.SyncNone) // the queue still has what isn't stored
	var worker *queue.Worker
	p, err := openPipeline(o, true, func(segment string) { worker.Stored(segment) })
	if err != nil {
		return err
	}
	defer p.close(0)
	if worker, err = queue.NewWorker(ctx, o.stream(), p.spool); err != nil {
		return err
	}
	defer worker.Close()
	slog.Info("ingest worker has started", "pid", os.Getpid())
	err = worker.Run(ctx)
	stop() // a second signal ends the process at once
	p.close(o.stopTimeout)
	stats := p.spool.Stats()
	slog.Info("ingest worker has stopped", "pid", os.Getpid(), "payloads", stats.Records, "stored_segments", stats.Stored)
	return err
}

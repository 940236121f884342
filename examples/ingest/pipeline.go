package main

import (
	"context"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/upload"
	"github.com/rcrowley/go-tigertonic/examples/internal/objects"
)

// A pipeline is a spool whose segments are uploaded.
type pipeline struct {
	spool    *spool.Spool
	stop     context.CancelFunc
	uploaded chan struct{} // closed once no upload is in progress
}

// openPipeline starts to upload what is left in the spool. Stored, if it isn't nil, is
// called for each segment that is stored.
func openPipeline(o *options, scratch bool, stored func(segment string)) (*pipeline, error) {
	to, err := objects.Open(o.store)
	if err != nil {
		return nil, err
	}
	return newPipeline(o, to, scratch, stored)
}

// newPipeline is openPipeline for a store that is open.
func newPipeline(o *options, to objects.Store, scratch bool, stored func(segment string)) (*pipeline, error) {
	from, err := spool.Open(spool.Options{
		Dir: o.spool, Sync: spool.Sync(o.sync), Scratch: scratch,
		MaxBytes: int64(o.spoolMax), SegmentBytes: int64(o.segmentBytes), SegmentAge: o.segmentAge,
	})
	if err != nil {
		return nil, err
	}
	uploader := upload.New(from, to, upload.Options{
		Workers: o.workers, Timeout: o.uploadTimeout, Stored: stored,
		Backoff: upload.Backoff{First: o.backoff, Max: o.backoffMax},
	})
	ctx, stop := context.WithCancel(context.Background())
	p := &pipeline{from, stop, make(chan struct{})}
	go func() {
		defer close(p.uploaded)
		uploader.Run(ctx)
	}()
	return p, nil
}

// close closes the open segment, uploads what it can in time, and leaves the rest.
func (p *pipeline) close(timeout time.Duration) {
	p.spool.Close()
	timer := time.AfterFunc(timeout, p.stop)
	<-p.uploaded
	timer.Stop()
	p.stop()
	p.spool.Release()
}

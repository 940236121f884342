// Package upload puts the segments of a spool into a store, compressed on the way.
package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
	"github.com/rcrowley/go-tigertonic/examples/internal/objects"
)

// windowBytes is the compressor's window. It bounds the memory of a worker, and that of
// whoever reads the object.
const windowBytes = 512 << 10

// Options configure an uploader. The zero value of a field is its default.
type Options struct {
	Workers int           // uploads at a time: 2
	Timeout time.Duration // of an attempt: a minute
	Backoff Backoff
	Stored  func(segment string) // called for each segment that is stored, if it isn't nil
	Log     *slog.Logger         // slog.Default
}

// Extension is the extension of an object's name: lines of JSON, compressed by zstd.
const Extension = ".ndjson.zst"

// An Uploader takes segments from a spool and puts them into a store. It is made by
// [New].
type Uploader struct {
	spool   *spool.Spool
	store   objects.Store
	options Options
}

// New returns an uploader.
func New(from *spool.Spool, to objects.Store, o Options) *Uploader {
	if o.Workers == 0 {
		o.Workers = 2
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Uploader{from, to, o}
}

// Run uploads until the spool is closed and empty, or the context ends. It returns once no
// upload is in progress.
func (u *Uploader) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for range u.options.Workers {
		workers.Go(func() { u.work(ctx) })
	}
	workers.Wait()
}

func (u *Uploader) work(ctx context.Context) {
	c, err := newCompressor()
	if err != nil {
		panic(err) // its options are constants
	}
	defer c.close()
	for {
		segment, err := u.spool.Next(ctx)
		if err != nil {
			return
		}
		u.upload(ctx, c, segment)
	}
}

// upload puts a segment into the store, or makes it wait for another try.
func (u *Uploader) upload(ctx context.Context, c *compressor, segment *spool.Segment) {
	log := u.options.Log.With("segment", segment.ID())
	began := time.Now()
	bytes, err := u.put(ctx, c, segment)
	switch {
	case err == nil:
		if err := u.spool.Stored(segment, bytes); err != nil {
			log.Error("a stored segment can't be removed from the spool, and will be uploaded again at the next start", "error", err)
		}
		if u.options.Stored != nil {
			u.options.Stored(segment.ID())
		}
		log.Debug("a segment is stored", "bytes", bytes, "duration", time.Since(began))
	case ctx.Err() != nil:
		u.spool.Abandon(segment)
	default:
		failures := u.spool.Failed(segment, u.options.Backoff.after)
		log.Warn("a segment couldn't be uploaded, and will be tried again", "failures", failures, "error", err)
	}
}

func (u *Uploader) put(ctx context.Context, c *compressor, segment *spool.Segment) (bytes int64, err error) {
	r, err := segment.Reader()
	if err != nil {
		return 0, err
	}
	defer r.Close() //nolint:errcheck // nothing was written
	ctx, cancel := context.WithTimeoutCause(ctx, u.options.Timeout, fmt.Errorf("no response within %v", u.options.Timeout))
	defer cancel()
	compressed, stop := c.compress(ctx, r)
	defer stop()
	err = u.store.Put(ctx, segment.ID()+Extension, compressed)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = errors.Join(cause, err)
	}
	return compressed.n, err
}

// A compressor compresses one segment after another.
type compressor struct{ encoder *zstd.Encoder }

func newCompressor() (*compressor, error) {
	encoder, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1), // no goroutines, and one block in memory
		zstd.WithWindowSize(windowBytes),
		zstd.WithLowerEncoderMem(true),
	)
	return &compressor{encoder}, err
}

func (c *compressor) close() { _ = c.encoder.Close() } // nothing is in it

// compress returns r compressed, until the context ends. Call stop when you are done
// reading; then the compressor is free for another.
func (c *compressor) compress(ctx context.Context, r io.Reader) (compressed *counter, stop func()) {
	out, in := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.encoder.Reset(in)
		_, err := io.Copy(c.encoder, r)
		if err == nil {
			err = c.encoder.Close()
		}
		_ = in.CloseWithError(err) // always nil
	}()
	release := context.AfterFunc(ctx, func() { _ = out.CloseWithError(context.Cause(ctx)) })
	return &counter{r: out}, func() {
		release()
		_ = out.Close() // always nil
		<-done
	}
}

// A counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

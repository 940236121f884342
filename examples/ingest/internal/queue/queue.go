// Package queue keeps payloads in JetStream, the queue of NATS, between services that
// accept them and workers that put them into a store, on any number of machines.
//
// A payload is published to the stream, and acknowledged when the stream has acknowledged
// it. What that survives depends on the NATS server: it has written the payload, on as
// many machines as the stream has replicas, but by default it only syncs every two
// minutes. A cluster loses nothing when one machine fails; for a single server, set
// sync_interval: always in its jetstream block.
//
// A missing stream is created: it keeps records that no worker has acknowledged in files,
// up to a limit, and refuses more. An existing stream isn't changed, so create it first
// to set replicas or limits of your own.
package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Options configure a stream.
type Options struct {
	URL      string // of a NATS server, or several, separated by commas
	Stream   string // its name, and with .payloads behind it the subject
	MaxBytes int64  // of a stream that is made
	Log      *slog.Logger
}

func (o *Options) subject() string { return o.Stream + ".payloads" }

const (
	// maxPending is how many payloads may wait for the stream's acknowledgement.
	maxPending = 4096
	// ackTimeout is how long each may.
	ackTimeout = 5 * time.Second
)

// A stream is a connection to a JetStream stream.
type stream struct {
	options Options
	conn    *nats.Conn
	js      jetstream.JetStream
}

// dial connects, and creates the stream if it doesn't exist.
func dial(ctx context.Context, o Options) (*stream, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	conn, err := nats.Connect(o.URL,
		nats.Name("ingest"),
		nats.MaxReconnects(-1),
		nats.ReconnectBufSize(-1), // what can't be sent now is refused, and not kept in memory
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				o.Log.Warn("the connection to the queue is lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) { o.Log.Info("connected to the queue again", "server", c.ConnectedAddr()) }),
	)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	s := &stream{options: o, conn: conn}
	s.js, err = jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(maxPending), jetstream.WithPublishAsyncTimeout(ackTimeout))
	if err == nil {
		err = s.make(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("queue: stream %s: %w", o.Stream, err)
	}
	return s, nil
}

func (s *stream) make(ctx context.Context) error {
	_, err := s.js.Stream(ctx, s.options.Stream)
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	_, err = s.js.CreateStream(ctx, jetstream.StreamConfig{
		Name:      s.options.Stream,
		Subjects:  []string{s.options.subject()},
		Storage:   jetstream.FileStorage,
		Retention: jetstream.WorkQueuePolicy,
		Discard:   jetstream.DiscardNew,
		MaxBytes:  s.options.MaxBytes,
	})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return nil // another process was faster
	}
	return err
}

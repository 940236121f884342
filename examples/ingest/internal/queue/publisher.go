package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
)

// ErrTooLong is the error for a record that is longer than the server allows.
var ErrTooLong = errors.New("the record is longer than the queue allows")

// A Publisher publishes records to a stream. [Dial] makes one. It is safe for concurrent
// use.
type Publisher struct{ stream *stream }

// Dial returns a publisher.
func Dial(ctx context.Context, o Options) (*Publisher, error) {
	s, err := dial(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Publisher{s}, nil
}

// Append publishes the record that consists of the parts, and returns its number in the
// stream once the stream has acknowledged it. Even if there is an error, the record may be
// in the stream. The error is [spool.ErrFull] if the stream is full, and [spool.ErrBusy] if
// too many records wait.
func (p *Publisher) Append(ctx context.Context, parts ...[]byte) (spool.Place, error) {
	ack, err := p.stream.js.PublishMsgAsync(&nats.Msg{Subject: p.stream.options.subject(), Data: bytes.Join(parts, nil)})
	switch {
	case errors.Is(err, jetstream.ErrTooManyStalledMsgs):
		return spool.Place{}, spool.ErrBusy
	case errors.Is(err, nats.ErrMaxPayload):
		return spool.Place{}, ErrTooLong
	case err != nil:
		return spool.Place{}, fmt.Errorf("queue: %w", err)
	}
	select {
	case acked := <-ack.Ok():
		return spool.Place{Segment: acked.Stream, Offset: int64(acked.Sequence)}, nil //nolint:gosec // it isn't that long
	case err := <-ack.Err():
		if isFull(err) {
			return spool.Place{}, spool.ErrFull
		}
		return spool.Place{}, fmt.Errorf("queue: %w", err)
	case <-ctx.Done():
		return spool.Place{}, ctx.Err()
	}
}

// isFull reports whether a stream refused a record because of its limits.
func isFull(err error) bool {
	const storeFailed jetstream.ErrorCode = 10077 // with DiscardNew, this is how the limits are told
	api, ok := errors.AsType[*jetstream.APIError](err)
	return ok && api.ErrorCode == storeFailed
}

// Ready returns an error while there is no connection.
func (p *Publisher) Ready() error {
	if !p.stream.conn.IsConnected() {
		return errors.New("there is no connection to the queue")
	}
	return nil
}

// Close closes the connection. Records that wait for an acknowledgement fail.
func (p *Publisher) Close() { p.stream.conn.Close() }

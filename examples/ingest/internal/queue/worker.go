package queue

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
)

const (
	// consumer is what workers share.
	consumer = "store"
	// ackWait is after what time without a sign of life from its worker a record is
	// given to another.
	ackWait = time.Minute
	// maxUnacked is how many records all workers together may have that aren't stored.
	maxUnacked = 200_000
	// ahead is how many records a worker asks for before it needs them.
	ahead = 1000
	// pause is how long a worker waits whose spool takes nothing.
	pause = 200 * time.Millisecond
)

// What JetStream is told of a message.
const (
	stored    = "+ACK"
	working   = "+WPI"
	notStored = "-NAK"
)

// A Worker takes records from a stream and acknowledges each when the segment is stored
// that it is in. It is made by [NewWorker].
//
// Its spool is scratch, see [spool.Options]: what isn't stored isn't acknowledged, so
// the stream still has it, and gives it to another worker. If a worker is lost between
// storing a segment and acknowledging what is in it, that is stored twice.
type Worker struct {
	stream   *stream
	consumer jetstream.Consumer
	spool    *spool.Spool

	mu      sync.Mutex
	unacked map[string][]string // where to acknowledge the records, by their segment
}

// NewWorker returns a worker.
func NewWorker(ctx context.Context, o Options, scratch *spool.Spool) (*Worker, error) {
	s, err := dial(ctx, o)
	if err != nil {
		return nil, err
	}
	c, err := s.js.CreateOrUpdateConsumer(ctx, o.Stream, jetstream.ConsumerConfig{
		Durable:       consumer,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       ackWait,
		MaxAckPending: maxUnacked,
		MaxDeliver:    -1,
	})
	if err != nil {
		s.conn.Close()
		return nil, err
	}
	return &Worker{stream: s, consumer: c, spool: scratch, unacked: map[string][]string{}}, nil
}

// Run puts records into the spool until the context ends.
func (w *Worker) Run(ctx context.Context) error {
	messages, err := w.consumer.Messages(jetstream.PullMaxMessages(ahead))
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, messages.Stop)
	defer stop()
	alive, die := context.WithCancel(ctx)
	defer die()
	go w.stayAlive(alive)
	for {
		message, err := messages.Next()
		switch {
		case errors.Is(err, jetstream.ErrMsgIteratorClosed):
			return nil
		case err != nil: // as while there is no connection
			w.stream.options.Log.Warn("no record can be had from the queue", "error", err)
			if !sleep(ctx, pause) {
				return nil
			}
		default:
			w.take(ctx, message)
		}
	}
}

// take puts a record into the spool, however long that takes. One that it can't by the
// end is left to another worker.
func (w *Worker) take(ctx context.Context, message jetstream.Msg) {
	for {
		place, err := w.spool.Append(ctx, message.Data())
		if err == nil {
			w.hold(place.Segment, message.Reply())
			return
		}
		if !sleep(ctx, pause) {
			w.tell(message.Reply(), notStored)
			return
		}
		w.tell(message.Reply(), working)
	}
}

// hold keeps where to acknowledge a record until its segment is stored, which it may be
// already.
func (w *Worker) hold(segment, reply string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if info, ok := w.spool.Find(segment); ok && info.State == spool.StateStored {
		w.tell(reply, stored)
		return
	}
	w.unacked[segment] = append(w.unacked[segment], reply)
}

// Stored acknowledges what is in a segment, which has been stored.
func (w *Worker) Stored(segment string) {
	w.mu.Lock()
	replies := w.unacked[segment]
	delete(w.unacked, segment)
	w.mu.Unlock()
	for _, reply := range replies {
		w.tell(reply, stored)
	}
}

// Close gives back what isn't stored, and closes the connection.
func (w *Worker) Close() {
	w.tellAll(notStored)
	_ = w.stream.conn.FlushTimeout(ackTimeout) // else the stream finds out by itself
	w.stream.conn.Close()
}

// stayAlive tells the stream that what isn't stored is being worked on.
func (w *Worker) stayAlive(ctx context.Context) {
	tick := time.NewTicker(ackWait / 4)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			w.tellAll(working)
		case <-ctx.Done():
			return
		}
	}
}

func (w *Worker) tellAll(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, replies := range w.unacked {
		for _, reply := range replies {
			w.tell(reply, what)
		}
	}
}

// tell tells the stream something of a record. If that is lost, the record is given to
// a worker once more.
func (w *Worker) tell(reply, what string) {
	if err := w.stream.conn.Publish(reply, []byte(what)); err != nil {
		w.stream.options.Log.Debug("the queue can't be told of a record", "error", err)
	}
}

// sleep waits, and reports false if the context ends.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

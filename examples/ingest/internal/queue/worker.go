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
	// ackWait is how long a record's worker may be silent before another gets the record.
	ackWait = time.Minute
	// maxUnacked is how many unstored records all workers together may have.
	maxUnacked = 200_000
	// ahead is how many records a worker asks for before it needs them.
	ahead = 1000
	// pause is how long a worker waits if its spool refuses records.
	pause = 200 * time.Millisecond
)

// What a worker tells JetStream about a message.
const (
	stored    = "+ACK"
	working   = "+WPI"
	notStored = "-NAK"
)

// A Worker takes records from a stream, and acknowledges each when its segment is stored.
// [NewWorker] makes one.
//
// Its spool is scratch, see [spool.Options]: records that aren't stored aren't
// acknowledged, so the stream still has them and gives them to another worker. If a
// worker dies between storing a segment and acknowledging its records, these are stored
// twice.
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
			w.stream.options.Log.Warn("no record can be fetched from the queue", "error", err)
			if !sleep(ctx, pause) {
				return nil
			}
		default:
			w.take(ctx, message)
		}
	}
}

// take puts a record into the spool, however long that takes. If it can't before the
// context ends, it leaves the record to another worker.
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

// hold keeps the address for a record's acknowledgement until its segment is stored,
// which may already be the case.
func (w *Worker) hold(segment, reply string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if info, ok := w.spool.Find(segment); ok && info.State == spool.StateStored {
		w.tell(reply, stored)
		return
	}
	w.unacked[segment] = append(w.unacked[segment], reply)
}

// Stored acknowledges the records of a stored segment.
func (w *Worker) Stored(segment string) {
	w.mu.Lock()
	replies := w.unacked[segment]
	delete(w.unacked, segment)
	w.mu.Unlock()
	for _, reply := range replies {
		w.tell(reply, stored)
	}
}

// Close returns records that aren't stored, and closes the connection.
func (w *Worker) Close() {
	w.tellAll(notStored)
	_ = w.stream.conn.FlushTimeout(ackTimeout) // otherwise the stream finds out by itself
	w.stream.conn.Close()
}

// stayAlive tells the stream that unstored records are being worked on.
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

// tell sends the stream a message about a record. If it is lost, a worker gets the record
// again.
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

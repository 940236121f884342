// Package ingest accepts counts and values from StatHat's clients, and acknowledges them
// once they are stored.
package ingest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

const (
	// maxGroup is how many samples one transaction may have, unless a single request has
	// more.
	maxGroup = 20_000
	// maxWaiting is how many samples may wait for the transaction in progress.
	maxWaiting = 100_000
	// maxRequests is how many requests may wait for it.
	maxRequests = 4096
	// commitTimeout is how long a transaction may take, and so how long a request waits
	// for it: the requests that wait for a transaction that fails, fail with it. It is
	// for a database that doesn't respond; the store gives up on a locked one sooner. It
	// is long because on a busy machine, finishing slow work costs less than doing it
	// again.
	commitTimeout = 10 * time.Second
)

// The errors of a Committer. A refused write isn't stored, and can be sent again.
var (
	ErrBusy   = errors.New("too many writes are waiting")
	errFailed = errors.New("an earlier write failed")
)

// An Applier does many writes at once, like [store.Store.Apply].
type Applier interface {
	Apply(ctx context.Context, now int64, writes []*store.Write) error
}

// A Committer writes the samples of many requests in one transaction, and gathers the
// next group meanwhile. The longer a commit takes, the more requests share its cost.
type Committer struct {
	applier Applier
	made    func([]store.MadeOfName)
	now     func() time.Time
	queue   chan *job
	ended   chan struct{}
	waiting atomic.Int64 // samples
	failing atomic.Bool

	// Samples and Groups count what was written, and Refused counts refused requests.
	Samples, Groups, Refused atomic.Int64
	// Latest is when the last group was written, in nanoseconds since 1970.
	Latest atomic.Int64

	closing sync.RWMutex
	closed  bool
}

// A job is a write that somebody waits for.
type job struct {
	write   store.Write
	claimed atomic.Bool // by the committer, or by who has given up
	done    chan struct{}
	err     error
}

// NewCommitter starts a Committer, which must be closed. It calls made with stats that
// were created by their names; made mustn't block.
func NewCommitter(a Applier, made func([]store.MadeOfName), now func() time.Time) *Committer {
	c := &Committer{applier: a, made: made, now: now, queue: make(chan *job, maxRequests), ended: make(chan struct{})}
	go c.run()
	return c
}

// Close writes what is waiting. Later calls of Submit fail.
func (c *Committer) Close() {
	c.closing.Lock()
	if !c.closed {
		c.closed = true
		close(c.queue)
	}
	c.closing.Unlock()
	<-c.ended
}

// Failing reports whether the last transaction has failed.
func (c *Committer) Failing() bool { return c.failing.Load() }

// Submit returns once the write is stored, with the write's own error, or with an error
// if it isn't stored and never will be.
func (c *Committer) Submit(ctx context.Context, w store.Write) error {
	j := &job{write: w, done: make(chan struct{})}
	if err := c.push(j); err != nil {
		c.Refused.Add(1)
		return err
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if j.claimed.CompareAndSwap(false, true) {
			c.waiting.Add(-int64(len(w.Samples)))
			return ctx.Err()
		}
		<-j.done // in time, and not before: what happens to it has yet to be seen
	}
	if j.err != nil {
		c.Refused.Add(1)
		return j.err
	}
	return j.write.Err
}

func (c *Committer) push(j *job) error {
	c.closing.RLock()
	defer c.closing.RUnlock()
	n := int64(len(j.write.Samples))
	if c.closed {
		return ErrBusy
	}
	if c.waiting.Add(n) > maxWaiting+n {
		c.waiting.Add(-n)
		return ErrBusy
	}
	select {
	case c.queue <- j:
		return nil
	default:
		c.waiting.Add(-n)
		return ErrBusy
	}
}

func (c *Committer) run() {
	defer close(c.ended)
	for j := range c.queue {
		group := c.gather(j)
		if len(group) == 0 {
			continue
		}
		if err := c.commit(group); err != nil {
			c.failWaiting()
		}
	}
}

// gather claims a job and those that wait behind it.
func (c *Committer) gather(j *job) (group []*job) {
	samples := 0
	for {
		if j.claimed.CompareAndSwap(false, true) {
			group = append(group, j)
			samples += len(j.write.Samples)
		}
		if samples >= maxGroup {
			return group
		}
		select {
		case next, ok := <-c.queue:
			if !ok {
				return group
			}
			j = next
		default:
			return group
		}
	}
}

func (c *Committer) commit(group []*job) error {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	writes := make([]*store.Write, len(group))
	samples := int64(0)
	for i, j := range group {
		writes[i] = &j.write
		samples += int64(len(j.write.Samples))
	}
	now := c.now()
	err := c.applier.Apply(ctx, now.Unix(), writes)
	c.tell(err)
	c.waiting.Add(-samples)
	if err == nil {
		c.Groups.Add(1)
		c.Latest.Store(now.UnixNano())
	}
	for _, j := range group {
		j.err = err
		if err == nil && j.write.Err == nil {
			c.Samples.Add(int64(len(j.write.Samples)))
			if len(j.write.Made) > 0 && c.made != nil {
				c.made(j.write.Made)
			}
		}
		close(j.done)
	}
	return err
}

// tell logs when writing begins to fail, and when it works again.
func (c *Committer) tell(err error) {
	switch failing := err != nil; {
	case failing == c.failing.Swap(failing):
	case failing:
		slog.Error("can't write stats", "error", err)
	default:
		slog.Info("stats are written again")
	}
}

// failWaiting fails the jobs that were waiting for a transaction that failed.
func (c *Committer) failWaiting() {
	for range len(c.queue) {
		j, ok := <-c.queue
		if !ok {
			return
		}
		if j.claimed.CompareAndSwap(false, true) {
			c.waiting.Add(-int64(len(j.write.Samples)))
			j.err = errFailed
			close(j.done)
		}
	}
}

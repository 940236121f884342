package queue_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/natstest"
	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/queue"
	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/upload"
	"github.com/rcrowley/go-tigertonic/examples/internal/objects"
)

// patient is how long something may take on a busy machine.
const patient = 60 * time.Second

var discard = slog.New(slog.DiscardHandler)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func dial(t *testing.T, o queue.Options) *queue.Publisher {
	t.Helper()
	p, err := queue.Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func options(s natstest.Server) queue.Options {
	return queue.Options{URL: s.ClientURL(), Stream: "INGEST", MaxBytes: 1 << 30, Log: discard}
}

// A running is a worker, its spool and its uploader.
type running struct {
	worker  *queue.Worker
	spool   *spool.Spool
	stop    func()
	stopped sync.Once
}

// startWorker starts a worker that puts segments of at most 2 KiB into the store.
func startWorker(t *testing.T, o queue.Options, dir string, to objects.Store) *running {
	t.Helper()
	scratch, err := spool.Open(spool.Options{
		Dir: dir, Sync: spool.SyncNone, MaxBytes: 1 << 20, SegmentBytes: 2 << 10, SegmentAge: 20 * time.Millisecond, Scratch: true, Log: discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &running{spool: scratch}
	if r.worker, err = queue.NewWorker(t.Context(), o, scratch); err != nil {
		t.Fatal(err)
	}
	uploader := upload.New(scratch, to, upload.Options{Stored: r.worker.Stored, Backoff: upload.Backoff{First: time.Millisecond, Max: 10 * time.Millisecond}, Log: discard})
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	all.Go(func() { uploader.Run(ctx) })
	all.Go(func() {
		if err := r.worker.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	r.stop = func() {
		r.stopped.Do(func() {
			cancel()
			all.Wait()
			scratch.Release()
			r.worker.Close()
		})
	}
	t.Cleanup(r.stop)
	return r
}

// publish publishes records with these numbers, several at a time.
func publish(t *testing.T, p *queue.Publisher, from, to int) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := from + i; n < to; n += 8 {
				if place, err := p.Append(t.Context(), []byte(`{"n":`), fmt.Append(nil, n), []byte("}\n")); err != nil || place.Segment != "INGEST" || place.Offset < 1 {
					t.Errorf("%d: got %+v and %v", n, place, err)
				}
			}
		})
	}
	wg.Wait()
}

// records returns the lines of all objects in a directory, sorted.
func records(t *testing.T, dir string) (lines []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+upload.Extension))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		packed, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		text, err := d.DecodeAll(packed, nil)
		d.Close()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, slices.Collect(strings.Lines(string(text)))...)
	}
	slices.Sort(lines)
	return lines
}

func numbers(from, to int) (lines []string) {
	for n := from; n < to; n++ {
		lines = append(lines, fmt.Sprintf(`{"n":%d}`+"\n", n))
	}
	slices.Sort(lines)
	return lines
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patient); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v it isn't so that %s", patient, what)
		}
	}
}

// What is published is stored, by several workers, each once, and then is no more in the
// stream.
func TestWorkersStoreWhatIsPublished(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, t.TempDir(), -1)
	dir, o := t.TempDir(), options(s)
	p := dial(t, o)
	publish(t, p, 0, 500)
	to, err := objects.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		startWorker(t, o, t.TempDir(), to)
	}
	publish(t, p, 500, 1000)
	until(t, "the stream is empty", func() bool { return s.Left(t) == 0 })
	if got, want := records(t, dir), numbers(0, 1000); !slices.Equal(got, want) {
		t.Errorf("there are %d records, want %d", len(got), len(want))
	}
	if p.Ready() != nil {
		t.Error("the publisher isn't ready")
	}
}

// A faulty store takes nothing until it is told to.
type faulty struct {
	objects.Store
	broken chan struct{} // closed when it is well
}

func (f *faulty) Put(ctx context.Context, name string, r io.Reader) error {
	select {
	case <-f.broken:
		return f.Store.Put(ctx, name, r)
	default:
		return errors.New("the store is gone")
	}
}

// What isn't stored isn't acknowledged: another worker has it when one stops.
func TestWhatIsNotStoredIsGivenToAnotherWorker(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, t.TempDir(), -1)
	dir, scratch, o := t.TempDir(), t.TempDir(), options(s)
	to, err := objects.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, dial(t, o), 0, 300)
	f := &faulty{to, make(chan struct{})}
	first := startWorker(t, o, scratch, f)
	until(t, "the worker has all", func() bool { return first.spool.Stats().Records == 300 })
	if n := s.Left(t); n != 300 {
		t.Errorf("%d records are left in the stream, though nothing was stored", n)
	}
	first.stop()
	close(f.broken)
	startWorker(t, o, scratch, f)
	until(t, "the stream is empty", func() bool { return s.Left(t) == 0 })
	if got, want := records(t, dir), numbers(0, 300); !slices.Equal(got, want) {
		t.Errorf("there are %d records, want %d", len(got), len(want))
	}
}

func TestFullStreamRefuses(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, t.TempDir(), -1)
	o := options(s)
	o.MaxBytes = 10_000
	p := dial(t, o)
	kept := 0
	for ; kept < 1000; kept++ {
		_, err := p.Append(t.Context(), []byte(strings.Repeat("x", 100)+"\n"))
		if errors.Is(err, spool.ErrFull) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if kept == 0 || kept == 1000 || s.Left(t) != kept {
		t.Errorf("%d records were acknowledged and %d are there", kept, s.Left(t))
	}
	if _, err := p.Append(t.Context(), make([]byte, 2<<20)); !errors.Is(err, queue.ErrTooLong) {
		t.Errorf("of one that is too long: %v", err)
	}
}

// While the server is gone nothing is acknowledged, and what was is there when it is
// back.
func TestServerThatIsGoneKeepsWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := natstest.Start(t, dir, -1)
	o := options(s)
	port := s.Addr().(*net.TCPAddr).Port
	p := dial(t, o)
	publish(t, p, 0, 100)
	s.Stop()
	until(t, "the publisher isn't ready", func() bool { return p.Ready() != nil })
	if place, err := p.Append(t.Context(), []byte("{}\n")); err == nil {
		t.Errorf("got %+v while the server was gone", place)
	}
	s = natstest.Start(t, dir, port)
	until(t, "the publisher is ready", func() bool { return p.Ready() == nil })
	publish(t, p, 100, 200)
	stored := t.TempDir()
	to, err := objects.Open(stored)
	if err != nil {
		t.Fatal(err)
	}
	startWorker(t, o, t.TempDir(), to)
	until(t, "the stream is empty", func() bool { return s.Left(t) == 0 })
	if got, want := records(t, stored), numbers(0, 200); !slices.Equal(got, want) {
		t.Errorf("there are %d records, want %d", len(got), len(want))
	}
}

func TestQueueThatIsNotThere(t *testing.T) {
	t.Parallel()
	if p, err := queue.Dial(t.Context(), queue.Options{URL: "nats://127.0.0.1:1", Stream: "INGEST", MaxBytes: 1}); err == nil {
		p.Close()
		t.Error("connected to nothing")
	}
}

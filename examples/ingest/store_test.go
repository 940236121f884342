package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
	"github.com/rcrowley/go-tigertonic/examples/internal/objects"
)

// A faulty store fails or is slow as long as it is told to, and else is what is in it.
type faulty struct {
	objects.Store
	mu    sync.Mutex
	err   error         // of the store
	delay time.Duration // that it takes
	tries int
}

func (f *faulty) set(err error, delay time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err, f.delay = err, delay
}

func (f *faulty) tried() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tries
}

func (f *faulty) Put(ctx context.Context, name string, r io.Reader) error {
	f.mu.Lock()
	f.tries++
	err, delay := f.err, f.delay
	f.mu.Unlock()
	if err != nil {
		_, _ = io.CopyN(io.Discard, r, 10) // it fails half-way
		return err
	}
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return ctx.Err()
	}
	return f.Store.Put(ctx, name, r)
}

// startFaulty starts a service whose store can be made to fail.
func startFaulty(t *testing.T, o *options) (*running, *faulty) {
	t.Helper()
	to, err := objects.Open(o.store)
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{Store: to}
	return startWith(t, o, f), f
}

// posts sends payloads until one is refused or there are n, and returns the lines of
// those that were accepted.
func (r *running) posts(t *testing.T, n int) (lines []string, refusal *answer) {
	t.Helper()
	for range n {
		data := fmt.Sprintf(`[{"n":%d,"fill":%q}]`, r.posted.Add(1), strings.Repeat("x", 200))
		a := r.post(t, `{"version":"1","token":"`+secret+`","data":`+data+`}`)
		if a.status != http.StatusAccepted {
			return lines, &a
		}
		lines = append(lines, `{"version":"1","tenant":"default","data":`+data+"}\n")
	}
	return lines, nil
}

// holds ends the service, whose store must then have just these lines.
func (r *running) holds(t *testing.T, lines []string) {
	t.Helper()
	r.Close()
	r.pipeline.close(patient)
	holdsLines(t, r.options.store, lines)
}

// holdsLines fails unless a store has just these lines.
func holdsLines(t *testing.T, where string, lines []string) {
	t.Helper()
	var found []string
	for _, text := range objectsIn(t, where) {
		found = append(found, slices.Collect(strings.Lines(text))...)
	}
	slices.Sort(found)
	slices.Sort(lines)
	if !slices.Equal(found, lines) {
		t.Errorf("%d payloads were acknowledged, and %d are in the store", len(lines), len(found))
	}
}

func TestSlowStoreHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	r, f := startFaulty(t, flags(t, "-segment-bytes", "2KiB"))
	const latency = 5 * time.Second
	f.set(nil, latency)
	began := time.Now()
	lines, refusal := r.posts(t, 200)
	if refusal != nil {
		t.Fatalf("got %+v", refusal)
	}
	if f.tried() > 2*(2+int(time.Since(began)/latency)) {
		t.Errorf("%d uploads were begun in %v, by two workers", f.tried(), time.Since(began))
	}
	waiting := r.do(t, "GET", "/1.0/segments?limit=1000", nil)
	states := map[string]int{}
	for _, s := range decode[[]segment](t, waiting.body) {
		states[s.State]++
	}
	if states["waiting"] == 0 || states["uploading"] != 2 || states["open"] != 1 {
		t.Errorf("the segments are %v", states)
	}
	f.set(nil, 0)
	r.holds(t, lines)
}

func TestStoreThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	r, f := startFaulty(t, flags(t, "-segment-bytes", "2KiB"))
	f.set(errors.New("500 Internal Server Error"), 0)
	lines, refusal := r.posts(t, 50)
	if refusal != nil {
		t.Fatalf("got %+v", refusal)
	}
	until(t, "each segment was tried, and many again", func() bool {
		untried := func(s spool.Info) bool { return s.State != spool.StateOpen && s.Failures == 0 }
		return f.tried() > 30 && !slices.ContainsFunc(r.pipeline.spool.List("", 1000), untried)
	})
	if stats := r.pipeline.spool.Stats(); stats.Stored != 0 || stats.Failures < 20 || stats.Err != nil {
		t.Errorf("got %+v", stats)
	}
	f.set(nil, 0)
	until(t, "they are stored", func() bool { return r.pipeline.spool.Stats().Waiting == 0 })
	for _, s := range r.pipeline.spool.List("", 1000) {
		if shown := decode[segment](t, r.do(t, "GET", "/1.0/segments/"+s.ID, nil).body); s.State == spool.StateStored && (shown.State != "stored" || shown.Failures == 0 || shown.Stored == 0) {
			t.Errorf("got %+v", shown)
		}
	}
	r.holds(t, lines)
}

// While the store is gone, the spool holds what there is, and refuses more when it is
// full.
func TestStoreThatIsGoneFillsTheSpool(t *testing.T) {
	t.Parallel()
	o := flags(t, "-segment-bytes", "2KiB", "-spool-max", "20KiB")
	r := start(t, o)
	away := filepath.Join(o.data, "away")
	if err := os.Rename(o.store, away); err != nil {
		t.Fatal(err)
	}
	lines, refusal := r.posts(t, 1000)
	if len(lines) < 60 || refusal == nil || refusal.status != 503 || refusal.header.Get("Retry-After") != "1" ||
		!strings.Contains(refusal.body, "the spool is full") {
		t.Fatalf("after %d payloads: got %+v", len(lines), refusal)
	}
	if err := r.service.ready(); !errors.Is(err, spool.ErrFull) {
		t.Errorf("of whether it is ready, it says %v", err)
	}
	if st := decodeStatus(t, r); st.State != "full" || st.Refused == 0 || st.Used > st.Max || st.Max != 20<<10 {
		t.Errorf("got %+v", st)
	}
	if err := os.Rename(away, o.store); err != nil {
		t.Fatal(err)
	}
	until(t, "it is ready again", func() bool { return r.service.ready() == nil })
	more, refusal := r.posts(t, 5)
	if refusal != nil {
		t.Errorf("got %+v", refusal)
	}
	r.holds(t, append(lines, more...))
}

// What isn't uploaded in time is left to the next start.
func TestWhatIsLeftIsStoredByTheNextStart(t *testing.T) {
	t.Parallel()
	o := flags(t, "-segment-bytes", "2KiB")
	r, f := startFaulty(t, o)
	f.set(nil, time.Hour)
	lines, _ := r.posts(t, 30)
	r.Close()
	r.pipeline.close(10 * time.Millisecond)
	if found := objectsIn(t, o.store); len(found) != 0 {
		t.Errorf("there is %v", slices.Collect(maps.Keys(found)))
	}
	start(t, o).holds(t, lines)
	if entries, err := os.ReadDir(o.spool); err != nil || len(entries) != 0 {
		t.Errorf("the spool has %v, %v", entries, err)
	}
}

func TestServiceDoesNotStartWithoutItsDirectories(t *testing.T) {
	t.Parallel()
	file := write(t, filepath.Join(t.TempDir(), "file"), "")
	for _, args := range [][]string{
		{"-spool", file},
		{"-store", file},
		{"-spool", filepath.Join(file, "spool")},
		{"-store", "gs://bucket"},
		{"-store", "s3://"},
		{"-store", "s3://bucket?endpoint=ftp://host"},
	} {
		p, err := openPipeline(flags(t, args...), false, nil)
		if err == nil {
			p.close(0)
			t.Errorf("%v: it has started", args)
		}
	}
}

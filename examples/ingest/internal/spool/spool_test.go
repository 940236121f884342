package spool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
)

// Many append at once; each is told where its record is.
func TestRecordsAreWhereTheySayForEverySync(t *testing.T) {
	for _, sync := range []spool.Sync{spool.SyncNone, spool.SyncGroup, spool.SyncEach} {
		t.Run(string(sync), func(t *testing.T) {
			t.Parallel()
			o := options(t)
			o.Sync, o.SegmentBytes = sync, 2000
			s := open(t, o)
			const writers, each = 8, 20
			places := appendAtOnce(t, s, writers, each)
			groups := s.Stats().Groups
			found := drain(t, s)
			total := 0
			for text, place := range places {
				if end := place.Offset + int64(len(text)); end > int64(len(found[place.Segment])) || found[place.Segment][place.Offset:end] != text {
					t.Errorf("%q isn't at %d of %s", text, place.Offset, place.Segment)
				}
			}
			for _, text := range found {
				total += strings.Count(text, "\n")
			}
			if len(places) != writers*each || total != writers*each {
				t.Errorf("%d records were acknowledged and %d are there, not %d", len(places), total, writers*each)
			}
			if sync == spool.SyncEach && groups != writers*each {
				t.Errorf("%d records were written in %d groups, not in one each", writers*each, groups)
			}
			if left := files(t, o.Dir); len(left) > 0 {
				t.Errorf("there is still %q", left)
			}
		})
	}
}

// appendAtOnce appends different records from several goroutines.
func appendAtOnce(t *testing.T, s *spool.Spool, writers, each int) map[string]spool.Place {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	places := map[string]spool.Place{}
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				text := record(w*each+i, i)
				place, err := s.Append(t.Context(), []byte(text[:3]), []byte(text[3:]))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				places[text] = place
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return places
}

func TestSegmentIsClosedAtItsSize(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.SegmentBytes = 100
	s := open(t, o)
	first := add(t, s, record(1, 50))
	if second := add(t, s, record(2, 10)); second.Segment != first.Segment || second.Offset == 0 {
		t.Errorf("got %+v, want it in the segment of %+v", second, first)
	}
	third := add(t, s, record(3, 50))
	if third.Segment <= first.Segment || third.Offset != 0 {
		t.Errorf("got %+v, want the beginning of one after %s", third, first.Segment)
	}
	segment, text := next(t, s)
	if want := record(1, 50) + record(2, 10); segment.ID() != first.Segment || text != want {
		t.Errorf("got %s with %q, want %s with %q", segment.ID(), text, first.Segment, want)
	}
	if long := add(t, s, record(4, 500)); long.Offset != 0 {
		t.Errorf("a record that is longer than a segment is at %d of one", long.Offset)
	}
}

func TestSegmentIsClosedAtItsAge(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.SegmentAge = 20 * time.Millisecond
	s := open(t, o)
	place := add(t, s, record(1, 0))
	if segment, text := next(t, s); segment.ID() != place.Segment || text != record(1, 0) {
		t.Errorf("got %s with %q", segment.ID(), text)
	}
	if infos := s.List("", 10); len(infos) != 1 || infos[0].State != spool.StateUploading {
		t.Errorf("got %+v, want the one that is uploaded", infos)
	}
}

func TestFullSpoolRefusesUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.MaxBytes, o.SegmentBytes = 1000, 300
	s := open(t, o)
	kept := 0
	for ; kept < 100; kept++ {
		_, err := s.Append(t.Context(), []byte(record(kept, 50)))
		if errors.Is(err, spool.ErrFull) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Ready(); !errors.Is(err, spool.ErrFull) {
		t.Errorf("a spool that is full says of whether it is ready: %v", err)
	}
	if err := s.Refuses(100); !errors.Is(err, spool.ErrFull) {
		t.Errorf("it would refuse with %v", err)
	}
	if used := s.Stats().Used; used > o.MaxBytes || used < o.MaxBytes-100 {
		t.Errorf("it is full with %d bytes of %d", used, o.MaxBytes)
	}
	segment, _ := next(t, s)
	if err := s.Stored(segment, 1); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Ready(), s.Refuses(100)); err != nil {
		t.Errorf("with room again: %v", err)
	}
	add(t, s, record(kept, 50))
}

// A record is kept or refused as a whole, and what is refused costs no room.
func TestOneThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.MaxBytes = 1000
	s := open(t, o)
	if _, err := s.Append(t.Context(), []byte(record(1, 1000))); !errors.Is(err, spool.ErrFull) {
		t.Errorf("got %v", err)
	}
	add(t, s, record(2, 500))
}

func TestClosedSpoolTakesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, options(t))
	s.Close()
	s.Close()
	if _, err := s.Append(t.Context(), []byte(record(1, 0))); !errors.Is(err, spool.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestNextEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := open(t, options(t))
	add(t, s, record(1, 0))
	s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	segment, err := s.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	s.Abandon(segment)
	if segment, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v and %v", segment, err)
	}
}

// Who waits for a segment finds out that there is going to be none.
func TestClosingEndsWaiting(t *testing.T) {
	t.Parallel()
	s := open(t, options(t))
	ended := make(chan error)
	for range 3 {
		go func() {
			_, err := s.Next(t.Context())
			ended <- err
		}()
	}
	s.Close()
	for range 3 {
		if err := <-ended; !errors.Is(err, io.EOF) {
			t.Errorf("got %v", err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*spool.Options){
		"a sync that isn't there":     func(o *spool.Options) { o.Sync = "never" },
		"no room":                     func(o *spool.Options) { o.MaxBytes = 0 },
		"no segment":                  func(o *spool.Options) { o.SegmentBytes = -1 },
		"no age":                      func(o *spool.Options) { o.SegmentAge = 0 },
		"a directory that can't be":   func(o *spool.Options) { o.Dir = filepath.Join(file, "spool") },
		"a file instead of directory": func(o *spool.Options) { o.Dir = file },
	} {
		o := options(t)
		change(&o)
		if s, err := spool.Open(o); err == nil {
			s.Release()
			t.Errorf("%s: opened", name)
		}
	}
}

func TestFailedSegmentWaitsWhileOthersGoOn(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.SegmentBytes = 10
	s := open(t, o)
	for n := range 3 {
		add(t, s, record(n, 0))
	}
	first, _ := next(t, s)
	if failures := s.Failed(first, func(int) time.Duration { return time.Hour }); failures != 1 {
		t.Errorf("it has failed %d times", failures)
	}
	second, text := next(t, s)
	if text != record(1, 0) {
		t.Errorf("got %q", text)
	}
	if s.Failed(second, func(int) time.Duration { return time.Millisecond }) != 1 {
		t.Error("the failures of another are counted")
	}
	again, _ := next(t, s)
	if info, _ := s.Find(again.ID()); again != second || info.Failures != 1 || info.State != spool.StateUploading {
		t.Errorf("got %+v, want the one that was due", info)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if segment, err := s.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v and %v before it was due", segment, err)
	}
}

func TestStoredSegmentsAreRememberedButNotForever(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.SegmentBytes = 1
	s := open(t, o)
	ids := []string{}
	for n := range 300 {
		ids = append(ids, add(t, s, record(n, 0)).Segment)
	}
	drain(t, s)
	infos := s.List("", 1000)
	if len(infos) != 200 || infos[0].ID != ids[299] || infos[0].State != spool.StateStored || infos[0].Stored != 1 {
		t.Fatalf("%d are known, the last is %+v", len(infos), infos[0])
	}
	if page := s.List(infos[9].ID, 5); len(page) != 5 || page[0].ID != infos[10].ID {
		t.Errorf("got %+v after %s", page, infos[9].ID)
	}
	if _, ok := s.Find(ids[0]); ok {
		t.Error("the first is still known")
	}
	if info, ok := s.Find(ids[298]); !ok || info.Records != 1 {
		t.Errorf("got %+v of one that is stored", info)
	}
	if stats := s.Stats(); stats.Stored != 300 || stats.Used != 0 || fmt.Sprint(stats.Err) != "<nil>" {
		t.Errorf("got %+v", stats)
	}
}

package spool_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
)

const leftID = "20200101T000000000Z-00000000"

func TestTornRecordIsCutOffAtEveryByte(t *testing.T) {
	t.Parallel()
	whole, last := record(1, 3)+record(2, 0), record(3, 5)
	for n := range len(last) {
		o := options(t)
		var log bytes.Buffer
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
		leave(t, o.Dir, "left", leftID, whole+last[:n])
		found := drain(t, open(t, o))
		if len(found) != 1 || found[leftID] != whole {
			t.Errorf("with %d bytes of a record: got %q, want %q", n, found, whole)
		}
		if told := strings.Contains(log.String(), "cut_bytes="); told != (n > 0) {
			t.Errorf("with %d bytes of a record, it logs %s", n, log.String())
		}
		if n == 7 && !strings.Contains(log.String(), "cut_bytes=7 kept_bytes=") {
			t.Errorf("it doesn't log how much it has cut off: %s", log.String())
		}
	}
}

func TestWhatAMachineThatFailedHasLeftIsCutBack(t *testing.T) {
	t.Parallel()
	whole := record(1, 3) + record(2, 0)
	for name, tail := range map[string]string{
		"zeros":                strings.Repeat("\x00", 70_000),
		"zeros and a line":     strings.Repeat("\x00", 100) + "\n",
		"several broken lines": "{\"n\":\n\x00\x00\n\n}\n[1]\n",
		"a long line":          strings.Repeat("x", 100_000),
	} {
		o := options(t)
		leave(t, o.Dir, "left", leftID, whole+tail)
		if found := drain(t, open(t, o)); found[leftID] != whole {
			t.Errorf("%s: got %.200q, want %q", name, found, whole)
		}
	}
}

func TestSegmentWithoutARecordIsRemoved(t *testing.T) {
	t.Parallel()
	o := options(t)
	leave(t, o.Dir, "left", leftID, `{"n":`)
	leave(t, o.Dir, "left2", leftID, "")
	if found := drain(t, open(t, o)); len(found) != 0 {
		t.Errorf("got %q", found)
	}
	if left := files(t, o.Dir); len(left) != 0 {
		t.Errorf("there is still %q", left)
	}
}

func TestWhatWasLeftIsUploadedFirst(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.SegmentBytes = 1
	leave(t, o.Dir, "b", "20200101T000000001Z-00000000", record(2, 0))
	leave(t, o.Dir, "a", "20200101T000000002Z-00000000", record(3, 0))
	leave(t, o.Dir, "a", leftID, record(1, 0))
	s := open(t, o)
	if used := s.Stats().Used; used != int64(len(record(1, 0)+record(2, 0)+record(3, 0))) {
		t.Errorf("%d bytes are used", used)
	}
	add(t, s, record(4, 0))
	add(t, s, record(5, 0))
	for n := 1; n <= 4; n++ {
		segment, text := next(t, s)
		if text != record(n, 0) {
			t.Errorf("got %q as number %d", text, n)
		}
		if err := s.Stored(segment, 1); err != nil {
			t.Error(err)
		}
	}
	until(t, "the directories are removed", func() bool {
		entries, err := os.ReadDir(o.Dir)
		return err == nil && len(entries) == 1
	})
}

// IDs rise though the clock has been set back, or what was left comes from a machine
// whose clock was ahead.
func TestIDsRise(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.SegmentBytes = 1
	leave(t, o.Dir, "left", "29990101T000000000Z-00000000", record(1, 0))
	leave(t, o.Dir, "left", "strange", record(1, 0))
	s := open(t, o)
	last := "29990101T000000000Z-00000000"
	for n := range 20 {
		place := add(t, s, record(n, 0))
		if place.Segment <= last {
			t.Errorf("%s comes after %s", place.Segment, last)
		}
		last = place.Segment
	}
}

// Two processes, or here two spools, never have a segment at the same time.
func TestSpoolTakesWhatAnotherLeavesAndNothingBefore(t *testing.T) {
	t.Parallel()
	o := options(t)
	parent := open(t, o)
	old := add(t, parent, record(1, 0))
	child := open(t, o)
	young := add(t, child, record(2, 0))
	if used := child.Stats().Used; used != int64(len(record(1, 0)+record(2, 0))) {
		t.Errorf("the child counts %d bytes, not also those of the parent", used)
	}
	if _, ok := child.Find(old.Segment); ok {
		t.Error("the child has a segment of the parent, which is open")
	}
	parent.Close()
	segment, _ := next(t, parent)
	if segment.ID() != old.Segment {
		t.Errorf("the parent has %s", segment.ID())
	}
	parent.Abandon(segment)
	parent.Release()
	until(t, "the child has the segment", func() bool { _, ok := child.Find(old.Segment); return ok })
	found := drain(t, child)
	if found[old.Segment] != record(1, 0) || found[young.Segment] != record(2, 0) || len(found) != 2 {
		t.Errorf("the child had %q", found)
	}
	if left := files(t, o.Dir); len(left) != 0 {
		t.Errorf("there is still %q", left)
	}
}

func TestScratchIsNotAdopted(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Scratch = true
	leave(t, o.Dir, "left", leftID, record(1, 0))
	if found := drain(t, open(t, o)); len(found) != 0 {
		t.Errorf("got %q", found)
	}
	if left := files(t, o.Dir); len(left) != 0 {
		t.Errorf("there is still %q", left)
	}
}

func TestSegmentThatCantBeReadStays(t *testing.T) {
	t.Parallel()
	o := options(t)
	path := leave(t, o.Dir, "left", leftID, record(1, 0))
	if err := os.Mkdir(filepath.Join(path, "20210101T000000000Z-00000000.ndjson"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := open(t, o)
	if found := drain(t, s); len(found) != 1 {
		t.Errorf("got %q", found)
	}
	s.Release()
	if _, err := os.Stat(filepath.Join(path, "lock")); err != nil {
		t.Errorf("its directory is gone: %v", err)
	}
}

// What is left is there again, at the next start, if nobody has stored it.
func TestReleasedSegmentsAreAdopted(t *testing.T) {
	t.Parallel()
	o := options(t)
	first := open(t, o)
	place := add(t, first, record(1, 0))
	first.Release()
	second := open(t, o)
	if infos := second.List("", 10); len(infos) != 1 || infos[0].ID != place.Segment || infos[0].State != spool.StateWaiting || infos[0].Records != 1 {
		t.Errorf("got %+v", infos)
	}
}

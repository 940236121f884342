package spool_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A spool whose directory is gone says so, and goes on by itself when it is back.
func TestSpoolGoesOnWhenItsDirectoryIsBack(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.SegmentBytes = 100
	var log bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	s := open(t, o)
	kept := record(1, 50)
	first := add(t, s, kept)
	own := filepath.Dir(files(t, o.Dir)[0])
	aside := filepath.Join(t.TempDir(), "aside")
	if err := os.Rename(own, aside); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the next segment can't be made
		if place, err := s.Append(t.Context(), []byte(record(2, 50))); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("got %+v and %v", place, err)
		}
	}
	if s.Ready() == nil || s.Refuses(1) == nil {
		t.Error("it says that it is ready")
	}
	if err := os.Rename(aside, own); err != nil {
		t.Fatal(err)
	}
	until(t, "it is ready again", func() bool { return s.Ready() == nil })
	second := add(t, s, record(3, 50))
	if stats := s.Stats(); stats.Records != 2 || stats.Unwritten != 3 || stats.Used != int64(2*len(kept)) {
		t.Errorf("got %+v", stats)
	}
	found := drain(t, s)
	if found[first.Segment] != kept || found[second.Segment] != record(3, 50) || len(found) != 2 {
		t.Errorf("got %q", found)
	}
	s.Release()
	if n := strings.Count(log.String(), "can't be written"); n != 1 || !strings.Contains(log.String(), "can be written again") {
		t.Errorf("it has logged %d times that it can't be written: %s", n, log.String())
	}
}

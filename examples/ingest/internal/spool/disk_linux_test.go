package spool_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/tinydisk"
)

// When the disk is full, nothing is acknowledged that isn't there, and it goes on when
// there is room.
func TestFullDisk(t *testing.T) {
	tinydisk.Run(t, 2<<20, func(t *testing.T, dir string) {
		o := options(t)
		o.Dir, o.Sync = filepath.Join(dir, "spool"), spool.SyncGroup
		s := open(t, o)
		kept := map[string]spool.Place{}
		var full error
		for n := 0; full == nil; n++ {
			text := record(n, 10_000)
			place, err := s.Append(t.Context(), []byte(text))
			if full = err; err == nil {
				kept[text] = place
			}
		}
		if !errors.Is(full, syscall.ENOSPC) || !errors.Is(s.Ready(), syscall.ENOSPC) || !errors.Is(s.Refuses(1), syscall.ENOSPC) {
			t.Fatalf("got %v, then of whether it is ready %v", full, s.Ready())
		}
		if len(kept) < 150 {
			t.Fatalf("only %d records were kept", len(kept))
		}
		found := map[string]string{}
		for range 2 { // the one that was full, and the one that was cut back
			segment, text := next(t, s)
			found[segment.ID()] = text
			if info, err := os.Stat(filepath.Join(filepath.Dir(files(t, o.Dir)[0]), segment.ID()+".ndjson")); err != nil || info.Size() != int64(len(text)) {
				t.Errorf("the file of a segment of %d bytes: %v, %v", len(text), info, err)
			}
			if err := s.Stored(segment, 1); err != nil {
				t.Fatal(err)
			}
		}
		until(t, "it finds out by itself that there is room", func() bool { return s.Ready() == nil })
		place := add(t, s, record(1_000_000, 0))
		maps.Copy(found, drain(t, s))
		kept[record(1_000_000, 0)] = place
		total := 0
		for text, place := range kept {
			total += len(text)
			if got := found[place.Segment][place.Offset:][:len(text)]; got != text {
				t.Errorf("at %+v there is %.40q, not %.40q", place, got, text)
			}
		}
		for _, text := range found {
			total -= len(text)
		}
		if total != 0 {
			t.Errorf("there is %d bytes more or less than was acknowledged", total)
		}
	})
}

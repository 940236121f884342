package spool_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
)

// patient is how long something may take on a busy machine.
const patient = 60 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// options returns those of a spool in a new directory, which closes no segment by
// itself.
func options(t *testing.T) spool.Options {
	t.Helper()
	return spool.Options{
		Dir: t.TempDir(), Sync: spool.SyncNone, MaxBytes: 1 << 30, SegmentBytes: 1 << 20, SegmentAge: time.Hour,
		AdoptEvery: 10 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
	}
}

// open opens a spool that is released with the test.
func open(t *testing.T, o spool.Options) *spool.Spool {
	t.Helper()
	s, err := spool.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Release)
	return s
}

// record returns a record with a number and of a length at least.
func record(n, length int) string {
	return fmt.Sprintf(`{"n":%d,"fill":"%s"}`+"\n", n, strings.Repeat("x", length))
}

func add(t *testing.T, s *spool.Spool, text string) spool.Place {
	t.Helper()
	place, err := s.Append(t.Context(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return place
}

// next returns the next segment and what is in it.
func next(t *testing.T, s *spool.Spool) (*spool.Segment, string) {
	t.Helper()
	segment, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return segment, text(t, segment)
}

func text(t *testing.T, segment *spool.Segment) string {
	t.Helper()
	r, err := segment.Reader()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// drain closes the spool and returns what its segments had, by their IDs. All are
// stored.
func drain(t *testing.T, s *spool.Spool) map[string]string {
	t.Helper()
	s.Close()
	found := map[string]string{}
	for {
		segment, err := s.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found[segment.ID()] = text(t, segment)
		if err := s.Stored(segment, 1); err != nil {
			t.Fatal(err)
		}
	}
}

// leave makes a segment that a process has left that has been killed.
func leave(t *testing.T, root, directory, id, text string) (path string) {
	t.Helper()
	path = filepath.Join(root, directory)
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"lock": "", id + ".ndjson": text} {
		if err := os.WriteFile(filepath.Join(path, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// files returns the paths in a directory that aren't directories or locks.
func files(t *testing.T, root string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && entry.Name() != "lock" {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patient); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v it isn't so that %s", patient, what)
		}
	}
}

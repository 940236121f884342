package spool

import (
	"crypto/rand"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// extension is the extension of a segment's file.
const extension = ".ndjson"

// State is the state of a segment.
type State string

// The states, in their order. A segment whose upload failed waits again.
const (
	StateOpen      State = "open"
	StateWaiting   State = "waiting"
	StateUploading State = "uploading"
	StateStored    State = "stored"
)

// Info describes a segment.
type Info struct {
	ID       string
	State    State
	Records  int64
	Bytes    int64 // as it is in the spool
	Stored   int64 // as it is in the store, or 0
	Failures int   // of uploads
	Began    time.Time
	Changed  time.Time // when it got into its state
}

// A Segment is a file of records. Everything that its methods don't return belongs to its
// spool.
type Segment struct {
	info Info // guarded by the spool
	path string
	from *directory
	due  time.Time // when it may be uploaded
	file *os.File  // while it is open; of the writer alone
}

// ID returns the segment's ID. IDs are unique, and rise with time.
func (g *Segment) ID() string { return g.info.ID }

// Reader returns the segment's records. Call it only for a segment from Next, whose file no
// longer changes.
func (g *Segment) Reader() (io.ReadCloser, error) {
	f, err := os.Open(g.path)
	if err != nil {
		return nil, err
	}
	return &segmentReader{io.LimitReader(f, g.info.Bytes), f}, nil
}

// A segmentReader reads the valid part of a file that couldn't be truncated.
type segmentReader struct {
	io.Reader
	io.Closer
}

// idLayout is the layout of the time at the start of an ID, apart from the dot.
const idLayout = "20060102T150405.000Z"

// newID returns an ID above all that this spool knows.
func (s *Spool) newID(now time.Time) string {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	s.mu.Lock()
	defer s.mu.Unlock()
	now = now.Truncate(time.Millisecond)
	if !now.After(s.lastTime) { // the clock has been set back, or it is the same millisecond
		now = s.lastTime.Add(time.Millisecond)
	}
	s.lastTime = now
	return idTime(now) + "-" + hex.EncodeToString(random[:])
}

// idTime returns the text of a time at the start of an ID.
func idTime(t time.Time) string { return strings.Replace(t.UTC().Format(idLayout), ".", "", 1) }

// timeOf returns the time at the start of an ID, or the zero time if it isn't one of
// ours.
func timeOf(id string) time.Time {
	text, _, _ := strings.Cut(id, "-")
	if len(text) != len(idLayout)-1 {
		return time.Time{}
	}
	t, _ := time.Parse(idLayout, text[:15]+"."+text[15:])
	return t
}

// begin creates the open segment.
func (s *Spool) begin(now time.Time) (*Segment, error) {
	id := s.newID(now)
	path := filepath.Join(s.own.path, id+extension)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o640) //nolint:gosec // the path is of our making
	if err != nil {
		return nil, err
	}
	if s.syncs() {
		if err := syncDirectory(s.own.path); err != nil {
			_ = f.Close() // nothing is in it
			_ = os.Remove(path)
			return nil, err
		}
	}
	segment := &Segment{
		info: Info{ID: id, State: StateOpen, Began: now, Changed: now},
		path: path, from: s.own, file: f,
	}
	s.own.segments.Add(1)
	s.mu.Lock()
	s.open = segment
	s.mu.Unlock()
	return segment, nil
}

// finish closes the open segment, which then waits to be uploaded. It removes a segment
// without records.
func (s *Spool) finish(segment *Segment) {
	_ = segment.file.Close() // what has to be on disk has been synced
	segment.file = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = nil
	if segment.info.Records == 0 {
		_ = os.Remove(segment.path) // or it is found empty at the next start
		s.own.segments.Add(-1)
		return
	}
	s.wait(segment)
}

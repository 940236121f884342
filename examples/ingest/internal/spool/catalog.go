package spool

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// maxRecent is how many stored segments are remembered.
const maxRecent = 200

// headroom is how much room must be left in a large enough spool for it not to count as
// full.
const headroom = 1 << 20

// Totals count what this process has done.
type Totals struct {
	Records     int64 // that were acknowledged
	Groups      int64 // that they were written in
	Unwritten   int64 // records that couldn't be
	Stored      int64 // segments
	StoredBytes int64 // of theirs, in the store
	Failures    int64 // of uploads
}

// Stats is the state of a spool.
type Stats struct {
	Totals
	Used, Max int64 // bytes, also of what other processes hold
	Waiting   int   // segments
	Uploading int
	Full      bool
	Err       error // why it couldn't be written the last time, or nil
}

// Stats returns the state of the spool.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	used := s.used + s.others
	stats := Stats{
		Totals: s.totals, Used: used, Max: s.options.MaxBytes, Err: s.broken,
		Full: used+min(headroom, s.options.MaxBytes/8) > s.options.MaxBytes,
	}
	for _, segment := range s.left {
		if segment.info.State == StateUploading {
			stats.Uploading++
		} else {
			stats.Waiting++
		}
	}
	return stats
}

// Ready returns why the spool might not accept records, or nil.
func (s *Spool) Ready() error {
	stats := s.Stats()
	if stats.Full {
		return ErrFull
	}
	return stats.Err
}

// Refuses returns why a record of this length would most likely be refused, or nil.
func (s *Spool) Refuses(length int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used+s.others+length > s.options.MaxBytes {
		return ErrFull
	}
	return s.broken
}

// List returns at most limit segments with IDs below before, or any IDs if that is "",
// the highest first. Of the stored segments, it knows only the latest.
func (s *Spool) List(before string, limit int) []Info {
	s.mu.Lock()
	infos := make([]Info, 0, len(s.left)+len(s.recent)+1)
	infos = append(infos, s.recent...)
	for _, segment := range s.left {
		infos = append(infos, segment.info)
	}
	if s.open != nil {
		infos = append(infos, s.open.info)
	}
	s.mu.Unlock()
	if before != "" {
		infos = slices.DeleteFunc(infos, func(i Info) bool { return i.ID >= before })
	}
	slices.SortFunc(infos, func(a, b Info) int { return strings.Compare(b.ID, a.ID) })
	return infos[:min(limit, len(infos))]
}

// Find returns a segment's state.
func (s *Spool) Find(id string) (info Info, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil && s.open.info.ID == id {
		return s.open.info, true
	}
	if i, ok := s.search(id); ok {
		return s.left[i].info, true
	}
	if i := slices.IndexFunc(s.recent, func(i Info) bool { return i.ID == id }); i >= 0 {
		return s.recent[i], true
	}
	return Info{}, false
}

// search finds a segment that isn't stored yet.
func (s *Spool) search(id string) (int, bool) {
	return slices.BinarySearchFunc(s.left, id, func(g *Segment, id string) int { return strings.Compare(g.info.ID, id) })
}

// wait adds a segment to the waiting ones. The spool is locked.
func (s *Spool) wait(segment *Segment) {
	segment.info.State, segment.info.Changed = StateWaiting, time.Now()
	i, _ := s.search(segment.info.ID)
	s.left = slices.Insert(s.left, i, segment)
	s.tell()
}

// tell wakes the goroutines that wait for a segment. The spool is locked.
func (s *Spool) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Next waits for a segment to upload and returns it, the oldest first. The caller must
// call Stored, Failed or Abandon with it. The error is [io.EOF] when the spool is closed
// and empty, or that of the context.
func (s *Spool) Next(ctx context.Context) (*Segment, error) {
	for {
		if ctx.Err() != nil { // else one that was abandoned would come back
			return nil, ctx.Err()
		}
		segment, changed, due, err := s.next(time.Now())
		if segment != nil || err != nil {
			return segment, err
		}
		timer := time.NewTimer(due)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// next returns a segment, or a channel that is closed when there may be one and the time
// after which there is one.
func (s *Spool) next(now time.Time) (segment *Segment, changed <-chan struct{}, due time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	due = time.Hour
	for _, candidate := range s.left {
		switch {
		case candidate.info.State != StateWaiting:
		case candidate.due.After(now):
			due = min(due, candidate.due.Sub(now))
		default:
			candidate.info.State, candidate.info.Changed = StateUploading, now
			return candidate, nil, 0, nil
		}
	}
	if s.closed && s.open == nil && len(s.left) == 0 {
		return nil, nil, 0, io.EOF
	}
	return nil, s.changed, due, nil
}

// Stored removes a segment that a store has acknowledged; the object has this many bytes.
func (s *Spool) Stored(segment *Segment, bytes int64) error {
	err := os.Remove(segment.path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	segment.from.segments.Add(-1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.search(segment.info.ID); ok {
		s.left = slices.Delete(s.left, i, i+1)
	}
	s.used -= segment.info.Bytes
	s.totals.Stored++
	s.totals.StoredBytes += bytes
	info := segment.info
	info.State, info.Stored, info.Changed = StateStored, bytes, time.Now()
	if len(s.recent) == maxRecent {
		s.recent = slices.Delete(s.recent, 0, 1)
	}
	s.recent = append(s.recent, info)
	s.tell()
	return err
}

// Failed makes a segment wait again, at least for this time, and returns how many times
// it has failed.
func (s *Spool) Failed(segment *Segment, backoff func(failures int) time.Duration) (failures int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	segment.info.Failures++
	segment.due = now.Add(backoff(segment.info.Failures))
	segment.info.State, segment.info.Changed = StateWaiting, now
	s.totals.Failures++
	s.tell()
	return segment.info.Failures
}

// Abandon makes a segment wait again as if nothing had happened.
func (s *Spool) Abandon(segment *Segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	segment.info.State, segment.info.Changed = StateWaiting, time.Now()
	s.tell()
}

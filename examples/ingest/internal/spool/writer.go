package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// probeEvery is how often a spool that couldn't write tries again.
const probeEvery = time.Second

const probeName = "probe"

// probeBytes is how much it must be able to write.
const probeBytes = 256 << 10

// write is the writer: it appends groups to segments until the spool is closed.
func (s *Spool) write() {
	defer close(s.written)
	tick := time.NewTicker(min(s.options.SegmentAge, probeEvery))
	defer tick.Stop()
	for {
		select {
		case <-s.wake:
			s.commit()
		case now := <-tick.C:
			s.rotateByAge(now)
			s.probe()
		case <-s.closing:
			s.commit()
			s.end()
			return
		}
	}
}

// end closes the open segment, the last one.
func (s *Spool) end() {
	if s.open != nil {
		s.finish(s.open)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell() // there may be nothing to wait for
}

// commit writes the gathered group, and wakes the goroutines that wait for it.
func (s *Spool) commit() {
	g := s.take()
	if g == nil {
		return
	}
	segment, err := s.append(g)
	if err != nil && s.open != nil {
		s.cutBack(s.open)
	}
	s.mu.Lock()
	if err != nil {
		s.used -= int64(len(g.records))
		s.totals.Unwritten += int64(g.count)
		g.err = err
	} else {
		g.segment, g.offset = segment.info.ID, segment.info.Bytes
		segment.info.Bytes += int64(len(g.records))
		segment.info.Records += int64(g.count)
		s.totals.Records += int64(g.count)
		s.totals.Groups++
	}
	s.spare = g.again()
	s.mu.Unlock()
	s.setFailing(err)
	close(g.done)
}

// append writes a group after the good part of the open segment, and returns the segment.
func (s *Spool) append(g *group) (segment *Segment, err error) {
	segment = s.open
	if segment != nil && segment.info.Bytes > 0 && segment.info.Bytes+int64(len(g.records)) > s.options.SegmentBytes {
		s.finish(segment)
		segment = nil
	}
	if segment == nil {
		if segment, err = s.begin(time.Now()); err != nil {
			return nil, err
		}
	}
	if _, err := segment.file.WriteAt(g.records, segment.info.Bytes); err != nil {
		return nil, err
	}
	if s.syncs() {
		if err := segment.file.Sync(); err != nil {
			return nil, err
		}
	}
	return segment, nil
}

// cutBack truncates a segment after its last good record, and closes it.
func (s *Spool) cutBack(segment *Segment) {
	if err := segment.file.Truncate(segment.info.Bytes); err != nil {
		s.options.Log.Error("a segment can't be truncated after its last acknowledged record: the rest is left out of the object, unless the process ends first",
			"segment", segment.info.ID, "bytes", segment.info.Bytes, "error", err)
	}
	s.finish(segment)
}

// rotateByAge closes the open segment if it is old enough.
func (s *Spool) rotateByAge(now time.Time) {
	s.mu.Lock()
	segment, crowded := s.open, len(s.left) >= maxSegments
	s.mu.Unlock()
	if segment != nil && !crowded && now.Sub(segment.info.Began) >= s.options.SegmentAge {
		s.finish(segment)
	}
}

// setFailing records whether groups can be written, and logs changes.
func (s *Spool) setFailing(err error) {
	switch {
	case err != nil && s.failing == nil:
		s.options.Log.Error("the spool can't be written; payloads are refused until it can", "error", err)
	case err == nil && s.failing != nil:
		s.options.Log.Info("the spool can be written again")
	case err == nil:
		return
	}
	s.failing = err
	s.mu.Lock()
	s.broken = err
	s.mu.Unlock()
}

// probe tries whether a spool that couldn't write can again: while it isn't ready, there
// may be no group to try it with.
func (s *Spool) probe() {
	if s.failing == nil {
		return
	}
	path := filepath.Join(s.own.path, probeName)
	err := os.WriteFile(path, make([]byte, probeBytes), 0o600)
	if removal := os.Remove(path); err == nil && removal != nil {
		err = fmt.Errorf("after a probe: %w", removal)
	}
	if err == nil {
		s.setFailing(nil)
	}
}

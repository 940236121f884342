package spool

import "context"

// A group is records that are written together. Once it has been taken, only the writer
// uses its buffer.
type group struct {
	records []byte
	count   int

	done chan struct{}
	// Once done is closed:
	err     error
	segment string
	offset  int64
}

func newGroup() *group { return &group{done: make(chan struct{})} }

// again returns a group that reuses the memory of g, whose records have been written.
// Waiting goroutines still read the rest of g.
func (g *group) again() *group {
	next := newGroup()
	if cap(g.records) <= maxKeptGroup {
		next.records = g.records[:0]
	}
	g.records = nil
	return next
}

// A Place is the place of a record: its offset in the uncompressed segment.
type Place struct {
	Segment string
	Offset  int64
}

// Append appends the record that consists of the parts, which must end with its only line
// feed. It returns the record's place once it is as durable as [Options.Sync] says, or an
// error if none of it is kept. It doesn't retain the parts. The context only matters
// until the record is gathered.
func (s *Spool) Append(ctx context.Context, parts ...[]byte) (Place, error) {
	if s.turn != nil {
		select {
		case s.turn <- struct{}{}:
			defer func() { <-s.turn }()
		case <-ctx.Done():
			return Place{}, ctx.Err()
		}
	}
	g, at, err := s.gather(parts)
	if err != nil {
		return Place{}, err
	}
	<-g.done
	return Place{g.segment, g.offset + int64(at)}, g.err
}

// gather adds a record to the group, and returns its place there.
func (s *Spool) gather(parts [][]byte) (g *group, at int, err error) {
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g = s.group
	switch {
	case s.closed:
		return nil, 0, ErrClosed
	case s.used+s.others+int64(length) > s.options.MaxBytes:
		return nil, 0, ErrFull
	case g.count > 0 && len(g.records)+length > maxGathered:
		return nil, 0, ErrBusy
	}
	at = len(g.records)
	for _, part := range parts {
		g.records = append(g.records, part...)
	}
	s.used += int64(length)
	g.count++
	if g.count == 1 {
		select {
		case s.wake <- struct{}{}:
		default: // the writer hasn't come to it yet
		}
	}
	return g, at, nil
}

// take returns the gathered group, or nil if there is none, and begins another.
func (s *Spool) take() *group {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.group
	if g.count == 0 {
		return nil
	}
	s.group, s.spare = s.spare, nil
	return g
}

// Package spool keeps records on disk until an object store has them.
//
// # How a record is kept
//
// [Spool.Append] adds a record to the group that is being gathered, and waits. One
// goroutine, the writer, takes the group, appends it to the open segment by one
// write, has it synced if [Options.Sync] says so, and tells all of the group at
// once. Those that come meanwhile are the next group. So the slower the disk is,
// the larger are the groups, and the cost of a sync is shared by all of them.
//
// A segment is a file of records, each of which ends with a line feed. When it is
// full or old enough it is closed, and waits for [Spool.Next] to hand it to
// somebody who puts it into a store. It is removed by [Spool.Stored], and by
// nothing else.
//
// A group that can't be written fails as a whole: the segment is cut back to the
// last record that is good, and closed, for after a sync that has failed nothing
// more is to be promised of that file. The next group begins another.
//
// # How processes share a directory
//
// Each process has a directory in that of the spool, with a lock that the kernel
// releases when the process ends, however it does. What is in a directory whose lock
// can be had has been left behind, and is adopted: the last record of a segment is
// cut off if it isn't whole, and the segment waits with the others. Since names rise
// with time, it goes first. So when a service hands over to a new process, the old
// one goes on with its segments, and the new one takes what is left when it is gone.
package spool

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Sync is what an acknowledged record has survived.
type Sync string

// What there is to choose from. A process that is killed loses nothing by any of
// them, for the kernel has what was written.
const (
	SyncNone  Sync = "none"  // the record is in the page cache: lost if the machine fails
	SyncGroup Sync = "group" // on disk, by one sync for all that came meanwhile
	SyncEach  Sync = "each"  // on disk, by a sync of its own
)

// Errors of [Spool.Append] that don't come from the disk. None of the record is
// kept then.
var (
	ErrFull   = errors.New("the spool is full")
	ErrBusy   = errors.New("too much is waiting to be written")
	ErrClosed = errors.New("the spool is closed")
)

// Options are those of a spool. Dir, MaxBytes, SegmentBytes and SegmentAge must be
// set.
type Options struct {
	Dir          string        // made if it isn't there
	Sync         Sync          // "" is SyncGroup
	MaxBytes     int64         // of all segments together
	SegmentBytes int64         // that a segment is closed at
	SegmentAge   time.Duration // likewise
	// Scratch is for records that are kept elsewhere, too, until their segment is
	// stored: what is left by a process that has ended is removed, not adopted.
	Scratch bool
	// AdoptEvery is how often what other processes have left is looked for. Zero
	// means each second.
	AdoptEvery time.Duration
	Log        *slog.Logger // nil is slog.Default
}

// maxGathered is how many bytes a group may have. There are two at most, of which
// one is being written.
const maxGathered = 4 << 20

// maxKeptGroup is how large a group's memory may be to be used again.
const maxKeptGroup = 512 << 10

// maxSegments is how many segments may wait before they aren't closed for their age
// any more, but only when they are full: each costs memory and a file.
const maxSegments = 1000

// A Spool is a directory of segments. It is made by [Open]; its methods may be
// called by many goroutines at a time.
type Spool struct {
	options Options
	own     *directory
	turn    chan struct{} // held by the one record of a group, for SyncEach
	wake    chan struct{} // the group has a first record
	closing chan struct{}
	over    chan struct{} // closed when adopting has ended
	written chan struct{} // closed when the writer has ended
	failing error         // why the last group couldn't be written; of the writer

	mu       sync.Mutex
	group    *group // that is being gathered
	spare    *group
	closed   bool
	used     int64 // bytes of segments and of groups
	others   int64 // bytes of directories that other processes hold
	broken   error // failing, for readers
	open     *Segment
	left     []*Segment    // waiting or uploading, by ID
	recent   []Info        // stored, the last one last
	changed  chan struct{} // closed when left changes
	totals   Totals
	lastTime time.Time // of an ID
	adopted  map[string]*directory
}

// Open opens a spool, and adopts what processes that have ended have left in it.
func Open(o Options) (*Spool, error) {
	if o.Sync == "" {
		o.Sync = SyncGroup
	}
	if o.AdoptEvery == 0 {
		o.AdoptEvery = time.Second
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Spool{
		options: o,
		wake:    make(chan struct{}, 1),
		closing: make(chan struct{}),
		over:    make(chan struct{}),
		written: make(chan struct{}),
		group:   newGroup(),
		spare:   newGroup(),
		changed: make(chan struct{}),
		adopted: map[string]*directory{},
	}
	switch o.Sync {
	case SyncNone, SyncGroup:
	case SyncEach:
		s.turn = make(chan struct{}, 1)
	default:
		return nil, fmt.Errorf("spool: there is no sync %q", o.Sync)
	}
	if o.MaxBytes <= 0 || o.SegmentBytes <= 0 || o.SegmentAge <= 0 {
		return nil, errors.New("spool: a limit isn't positive")
	}
	err := os.MkdirAll(o.Dir, 0o750)
	if err == nil {
		s.own, err = makeDirectory(o.Dir, s.syncs())
	}
	if err == nil {
		err = s.adopt()
	}
	if err != nil {
		if s.own != nil {
			s.own.remove()
		}
		return nil, fmt.Errorf("spool: %w", err)
	}
	go s.write()
	go s.adoptAlways()
	return s, nil
}

// Close ends taking records: those that are gathered are written, and the open
// segment is closed. What waits can still be had by [Spool.Next].
func (s *Spool) Close() {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.closing)
	}
	<-s.written
	<-s.over
}

// Release closes the spool and leaves the segments that are still there to other
// processes. Nothing may be done with any of them after it.
func (s *Spool) Release() {
	s.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own.leave()
	for _, d := range s.adopted {
		d.leave()
	}
	clear(s.adopted)
	s.left = nil
}

// syncs reports whether what is acknowledged is to be on disk.
func (s *Spool) syncs() bool { return s.options.Sync != SyncNone }

// Package spool keeps records on disk until an object store has them.
//
// # How a record is kept
//
// [Spool.Append] adds a record to the group that is being gathered, and waits. One
// goroutine, the writer, takes the group, appends it to the open segment with one write,
// syncs it if [Options.Sync] says so, and wakes the whole group. Records that arrive
// meanwhile form the next group. So the slower the disk, the larger the groups, and all
// of a group share the cost of a sync.
//
// A segment is a file of records, each of which ends with a line feed. When it is full or
// old enough it is closed, and waits for [Spool.Next] to return it to a caller that puts
// it into a store. Only [Spool.Stored] removes it.
//
// A group that can't be written fails as a whole: the segment is truncated after the last
// good record and closed, because nothing can be promised about a file after a failed
// sync. The next group begins another.
//
// # How processes share a directory
//
// Each process has its own directory in the spool's, with a lock that the kernel releases
// when the process ends in any way. A directory that isn't locked has been left behind,
// and its segments are adopted: an incomplete last record is cut off, and the segment
// waits with the others. Since names rise with time, it goes first. So when a service
// hands over to a new process, the old one goes on with its segments, and the new one
// takes what is left when the old one is gone.
package spool

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Sync is what an acknowledged record survives.
type Sync string

// The choices. None of them loses anything if the process is killed, because the kernel
// has what was written.
const (
	SyncNone  Sync = "none"  // the record is in the page cache: lost if the machine fails
	SyncGroup Sync = "group" // on disk, with one sync for all that arrived meanwhile
	SyncEach  Sync = "each"  // on disk, with its own sync
)

// Errors of [Spool.Append] that don't come from the disk. The record isn't kept.
var (
	ErrFull   = errors.New("the spool is full")
	ErrBusy   = errors.New("too many records are waiting to be written")
	ErrClosed = errors.New("the spool is closed")
)

// Options configure a spool. Dir, MaxBytes, SegmentBytes and SegmentAge must be set.
type Options struct {
	Dir          string        // created if it doesn't exist
	Sync         Sync          // "" is SyncGroup
	MaxBytes     int64         // of all segments together
	SegmentBytes int64         // that a segment is closed at
	SegmentAge   time.Duration // likewise
	// Scratch is for records that are also kept elsewhere until their segment is stored:
	// what a process leaves behind is removed, not adopted.
	Scratch bool
	// AdoptEvery is how often to look for segments that other processes left behind. Zero
	// means every second.
	AdoptEvery time.Duration
	Log        *slog.Logger // nil is slog.Default
}

// maxGathered is how many bytes a group may have. There are at most two groups, one of
// which is being written.
const maxGathered = 4 << 20

// maxKeptGroup is the size up to which a group's memory is reused.
const maxKeptGroup = 512 << 10

// maxSegments is how many segments may wait before the open one is only closed when it is
// full, and not for its age: each costs memory and a file.
const maxSegments = 1000

// A Spool is a directory of segments. [Open] makes one. It is safe for concurrent use.
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

// Open opens a spool, and adopts what processes that have ended left in it.
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

// Close stops accepting records, writes those that are gathered, and closes the open
// segment. [Spool.Next] still returns the waiting segments.
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

// Release closes the spool and leaves the remaining segments to other processes. Don't
// use any of them afterwards.
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

// syncs reports whether acknowledged records must be on disk.
func (s *Spool) syncs() bool { return s.options.Sync != SyncNone }

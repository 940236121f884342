package certs

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// lookAgain is the least time between two looks at the files.
const lookAgain = 500 * time.Millisecond

// A source is something that is loaded from files.
type source struct {
	files []string
	load  func() error

	mu     sync.Mutex
	looked atomic.Int64 // when, in Unix nanoseconds
	stamps []string     // of the files when they were loaded last, or failed to
}

// first loads what is in the files for the first time.
func (s *source) first() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked.Store(time.Now().UnixNano())
	s.stamps = stampsOf(s.files)
	return s.load()
}

// reload loads the files again if one has changed, or whatever they are if force is
// set. It returns an error once for each change.
func (s *source) reload(force bool) error {
	now := time.Now().UnixNano()
	if looked := s.looked.Load(); !force && (now-looked < int64(lookAgain) || !s.looked.CompareAndSwap(looked, now)) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stamps := stampsOf(s.files)
	changed := force
	for i := range stamps {
		changed = changed || stamps[i] != s.stamps[i]
	}
	if !changed {
		return nil
	}
	s.stamps = stamps
	return s.load()
}

// stampsOf returns what changes when files do.
func stampsOf(files []string) []string {
	stamps := make([]string, len(files))
	for i, file := range files {
		if info, err := os.Stat(file); err == nil {
			stamps[i] = fmt.Sprint(info.ModTime().UnixNano(), info.Size(), fileID(info))
		}
	}
	return stamps
}

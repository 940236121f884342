package spool

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// abandoned is the age from which a directory that was never locked is removed.
const abandoned = time.Minute

// adoptAlways adopts what is left by processes that end while the spool is open.
func (s *Spool) adoptAlways() {
	defer close(s.over)
	tick := time.NewTicker(s.options.AdoptEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := s.adopt(); err != nil {
				s.options.Log.Warn("can't look for what other processes have left behind", "error", err)
			}
		case <-s.closing:
			return
		}
	}
}

// adopt takes over the directories whose processes have ended, removes empty ones, and
// adds up the sizes of the others.
func (s *Spool) adopt() error {
	entries, err := os.ReadDir(s.options.Dir)
	if err != nil {
		return err
	}
	s.forget()
	others := int64(0)
	for _, entry := range entries {
		path := filepath.Join(s.options.Dir, entry.Name())
		switch {
		case !entry.IsDir() || path == s.own.path || s.adopted[path] != nil:
		case strings.HasPrefix(entry.Name(), newPrefix):
			s.sweep(path, entry)
		default:
			others += s.adoptDirectory(path)
		}
	}
	s.mu.Lock()
	s.others = others
	s.mu.Unlock()
	return nil
}

// forget removes the adopted directories whose segments are all stored.
func (s *Spool) forget() {
	for path, d := range s.adopted {
		if d.segments.Load() == 0 {
			d.leave()
			delete(s.adopted, path)
		}
	}
}

// sweep removes what is left of a process that ended while it was making its directory.
func (s *Spool) sweep(path string, entry os.DirEntry) {
	if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > abandoned {
		(&directory{path: path}).remove()
	}
}

// adoptDirectory adopts the segments in a directory. If a process holds the directory, it
// returns the number of bytes in it.
func (s *Spool) adoptDirectory(path string) (held int64) {
	d, err := lockDirectory(path)
	if err != nil {
		if !errors.Is(err, errHeld) && !errors.Is(err, os.ErrNotExist) {
			s.options.Log.Warn("a directory of the spool can't be adopted", "directory", path, "error", err)
		}
		_, held, _ = segmentsIn(path)
		return held
	}
	paths, _, err := segmentsIn(path)
	if err != nil {
		s.options.Log.Warn("a directory of the spool can't be read", "directory", path, "error", err)
	}
	for _, path := range paths {
		if s.options.Scratch {
			_ = os.Remove(path) // or it keeps its directory
			continue
		}
		s.adoptSegment(d, path)
	}
	if d.segments.Load() == 0 && err == nil {
		d.leave()
		return 0
	}
	s.adopted[path] = d
	return 0
}

// adoptSegment adds a segment that was left behind to the waiting ones.
func (s *Spool) adoptSegment(d *directory, path string) {
	id := strings.TrimSuffix(filepath.Base(path), extension)
	log := s.options.Log.With("segment", id)
	found, err := recoverSegment(path)
	switch {
	case err != nil:
		log.Error("a segment that was left behind can't be read, and stays where it is", "error", err)
		d.segments.Add(1) // so its directory stays
		return
	case found.torn > 0:
		log.Warn("an incomplete record at the end of a segment that was left behind was cut off", "cut_bytes", found.torn, "kept_bytes", found.bytes, "kept_records", found.records)
	}
	if found.records == 0 {
		_ = os.Remove(path) // or the next process finds it empty again
		return
	}
	log.Info("a segment that was left behind will be uploaded", "bytes", found.bytes, "records", found.records)
	d.segments.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used += found.bytes
	if t := timeOf(id); t.After(s.lastTime) {
		s.lastTime = t
	}
	s.wait(&Segment{info: Info{ID: id, Records: found.records, Bytes: found.bytes, Began: found.changed}, path: path, from: d})
}

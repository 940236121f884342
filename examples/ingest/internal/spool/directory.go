package spool

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

const (
	lockName = "lock"
	// newPrefix is the prefix of a directory that isn't locked yet.
	newPrefix = ".new-"
)

// errHeld is the error for a directory that another process has locked.
var errHeld = errors.New("another process holds it")

// A directory has the segments of one process, and a lock that protects them.
type directory struct {
	path     string
	lock     *os.File
	segments atomic.Int64 // files
}

// makeDirectory makes a directory in the spool's. It gets its name only once it is
// locked, so that nobody adopts it.
func makeDirectory(root string, syncs bool) (*directory, error) {
	name := idTime(time.Now()) + "-" + strings.ToLower(rand.Text()[:8])
	d := &directory{path: filepath.Join(root, newPrefix+name)}
	if err := os.Mkdir(d.path, 0o750); err != nil {
		return nil, err
	}
	err := d.acquire(os.O_CREATE)
	if path := filepath.Join(root, name); err == nil {
		if err = os.Rename(d.path, path); err == nil {
			d.path = path
		}
	}
	if err == nil && syncs {
		err = syncDirectory(root)
	}
	if err != nil {
		d.remove()
		return nil, err
	}
	return d, nil
}

// lockDirectory locks a directory that a process left behind. The error is errHeld if the
// process still has it, and [os.ErrNotExist] if another was faster.
func lockDirectory(path string) (*directory, error) {
	d := &directory{path: path}
	if err := d.acquire(0); err != nil {
		return nil, err
	}
	locked, err := d.lock.Stat()
	if err != nil {
		d.leave()
		return nil, err
	}
	named, err := os.Stat(d.lock.Name())
	if err != nil || !os.SameFile(locked, named) { // it was removed before it was locked
		_ = d.lock.Close()
		return nil, errors.Join(os.ErrNotExist, err)
	}
	return d, nil
}

func (d *directory) acquire(flag int) error {
	f, err := os.OpenFile(filepath.Join(d.path, lockName), os.O_RDWR|flag, 0o640) //nolint:gosec // the path is of our making
	if err != nil {
		return err
	}
	if err := lockFile(f); err != nil {
		_ = f.Close() // nothing is in it
		return err
	}
	d.lock = f
	return nil
}

// leave leaves the directory to other processes, or removes it if it has no segment.
func (d *directory) leave() {
	if d.segments.Load() == 0 {
		d.remove()
	}
	if d.lock != nil {
		_ = d.lock.Close() // which unlocks it
	}
}

// remove removes everything but segments, and the directory if it is empty then.
func (d *directory) remove() {
	for _, name := range []string{probeName, lockName, ""} {
		_ = os.Remove(filepath.Join(d.path, name)) // or the next process does
	}
}

// segmentsIn returns the paths of the segments in a directory, sorted by name, and their
// total length.
func segmentsIn(path string) (paths []string, bytes int64, err error) {
	entries, err := os.ReadDir(path)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), extension) {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			continue // it has just been removed
		}
		paths, bytes = append(paths, filepath.Join(path, entry.Name())), bytes+info.Size()
	}
	return paths, bytes, err
}

// syncDirectory syncs a directory's entries to disk.
func syncDirectory(path string) error {
	d, err := os.Open(path) //nolint:gosec // the path is of our making
	if err != nil {
		return err
	}
	err = d.Sync()
	if err != nil {
		err = fmt.Errorf("syncing the directory: %w", err)
	}
	return errors.Join(err, d.Close())
}

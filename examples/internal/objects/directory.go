package objects

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// asidePrefix is that of the name of an object that isn't whole yet.
const asidePrefix = ".aside-"

// A directory is a store whose objects are files.
type directory struct {
	path   string
	shared bool // several may put an object of one name at a time
}

// OpenDirectory opens a directory as a store, after making it if it isn't there. What was
// left of an object that was never whole is written over by the next one of its name.
func OpenDirectory(path string) (Store, error) { return openDirectory(path, false) }

// OpenShared opens a directory as a library. Several processes may put the same object at
// a time.
func OpenShared(path string) (Library, error) { return openDirectory(path, true) }

func openDirectory(path string, shared bool) (*directory, error) {
	if err := os.MkdirAll(path, 0o750); err != nil {
		return nil, err
	}
	return &directory{path, shared}, nil
}

// String tells people which directory it is.
func (d *directory) String() string { return "the directory " + d.path }

func (d *directory) file(name string) string { return filepath.Join(d.path, filepath.FromSlash(name)) }

// Put writes the object aside, has it on disk, and gives it its name, which is on
// disk, too, when it returns.
func (d *directory) Put(ctx context.Context, name string, r io.Reader) error {
	to := d.file(name)
	if strings.Contains(name, "/") {
		if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
			return err
		}
	}
	f, err := d.aside(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close(), ctx.Err())
	if err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // or the next attempt writes over it
		return err
	}
	return sync(filepath.Dir(to))
}

// aside opens the file in which an object is written.
func (d *directory) aside(to string) (*os.File, error) {
	dir, base := filepath.Split(to)
	if d.shared {
		return os.CreateTemp(dir, asidePrefix+"*")
	}
	return os.OpenFile(filepath.Join(dir, asidePrefix+base), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640) //nolint:gosec // within its own
}

// sync has the names in a directory on disk.
func sync(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // of our making
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Get opens a file.
func (d *directory) Get(_ context.Context, name string) (io.ReadSeekCloser, error) {
	f, err := os.Open(d.file(name))
	if err != nil {
		return nil, err
	}
	return f, nil
}

// All yields the files.
func (d *directory) All(ctx context.Context) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		err := filepath.WalkDir(d.path, func(file string, entry fs.DirEntry, err error) error {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil // it was removed meanwhile
			}
			if err != nil {
				return err
			}
			name, err := filepath.Rel(d.path, file)
			if err == nil && !yield(Object{filepath.ToSlash(name), info.ModTime()}, nil) {
				err = fs.SkipAll
			}
			return err
		})
		if err != nil {
			yield(Object{}, err)
		}
	}
}

// Remove removes a file.
func (d *directory) Remove(_ context.Context, name string) error {
	err := os.Remove(d.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

package store

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// asidePrefix is that of the name of an object that isn't whole yet.
const asidePrefix = ".aside-"

// A directory is a store whose objects are files.
type directory struct{ path string }

// OpenDirectory opens a directory as a store, after making it if it isn't there.
func OpenDirectory(path string) (Store, error) {
	if err := os.MkdirAll(path, 0o750); err != nil {
		return nil, err
	}
	return directory{path}, nil
}

// String tells people which directory it is.
func (d directory) String() string { return "the directory " + d.path }

// Put writes the object aside, has it on disk, and gives it its name, which is on
// disk, too, when it returns.
func (d directory) Put(ctx context.Context, name string, r io.Reader) error {
	aside := filepath.Join(d.path, asidePrefix+name)
	f, err := os.OpenFile(aside, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640) //nolint:gosec // names are of our making
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close(), ctx.Err())
	if err == nil {
		err = os.Rename(aside, filepath.Join(d.path, name))
	}
	if err != nil {
		_ = os.Remove(aside) // or the next attempt writes over it
		return err
	}
	return d.sync()
}

// sync has the names on disk.
func (d directory) sync() error {
	f, err := os.Open(d.path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Package objects puts objects where they are kept: into a directory, or a bucket of
// S3.
package objects

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// A Store keeps objects. Its methods may be called by many goroutines at a time.
type Store interface {
	// Put stores what r has, up to its end, under a name. It returns nil only when
	// the object is there as a whole and to stay. One that was there under the name
	// is replaced, at once.
	Put(ctx context.Context, name string, r io.Reader) error
	// String tells people what store it is.
	String() string
}

// A Library is a store that can be read, too. Its names may have slashes.
type Library interface {
	Store
	// Get returns what an object holds, to be closed by the caller. The error is
	// fs.ErrNotExist if there is no such object.
	Get(ctx context.Context, name string) (io.ReadSeekCloser, error)
	// All yields the objects, and what has been left of those that were never whole.
	All(ctx context.Context) iter.Seq2[Object, error]
	// Remove removes an object, which may be gone already.
	Remove(ctx context.Context, name string) error
}

// An Object is what a library has under a name.
type Object struct {
	Name     string
	Modified time.Time
}

// IsS3 reports whether a store is to be opened by [OpenS3].
func IsS3(where string) bool { return strings.HasPrefix(where, "s3://") }

// Open opens a store: a directory, which is made if it isn't there, or an
// s3://bucket/prefix, see [OpenS3].
func Open(where string) (Store, error) {
	switch {
	case IsS3(where):
		return OpenS3(where)
	case strings.Contains(where, "://"):
		return nil, fmt.Errorf("objects: %q is neither a directory nor an s3://bucket/prefix", where)
	}
	return OpenDirectory(where)
}

// OpenLibrary opens a library: a directory, which several processes may write to, or an
// s3://bucket/prefix.
func OpenLibrary(where string) (Library, error) {
	switch {
	case IsS3(where):
		return OpenS3(where)
	case strings.Contains(where, "://"):
		return nil, fmt.Errorf("objects: %q is neither a directory nor an s3://bucket/prefix", where)
	}
	return OpenShared(where)
}

// Package store puts objects where they are kept: into a directory, or a bucket of
// S3.
package store

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// Extension is that of an object's name: lines of JSON, compressed by zstd.
const Extension = ".ndjson.zst"

// A Store keeps objects. Its methods may be called by many goroutines at a time.
type Store interface {
	// Put stores what r has, up to its end, under a name. It returns nil only when
	// the object is there as a whole and to stay. One that was there under the name
	// is replaced, at once.
	Put(ctx context.Context, name string, r io.Reader) error
	// String tells people what store it is.
	String() string
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
		return nil, fmt.Errorf("store: %q is neither a directory nor an s3://bucket/prefix", where)
	}
	return OpenDirectory(where)
}

// Package store puts objects where they are kept: into a directory, or a bucket of
// S3.
package store

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Extension is that of an object's name: lines of JSON, compressed by zstd.
const Extension = ".ndjson.zst"

// A Store keeps objects. Its methods may be called by many goroutines at a time.
type Store interface {
	// Put stores what r has, up to its end, under a name. It returns nil only when
	// the object is there as a whole and to stay. One that was there under the name
	// is replaced, at once.
	Put(ctx context.Context, name string, r io.Reader) error
	// Each calls f with the content of each object, in the order of their names,
	// until f returns an error.
	Each(ctx context.Context, f func(name string, r io.Reader) error) error
	// String tells people what store it is.
	String() string
}

// Open opens a store: a directory, which is made if it isn't there, or an
// s3://bucket/prefix, see [OpenS3].
func Open(where string) (Store, error) {
	if strings.HasPrefix(where, "s3://") {
		return OpenS3(where)
	}
	if strings.Contains(where, "://") {
		return nil, fmt.Errorf("store: %q is neither a directory nor an s3://bucket/prefix", where)
	}
	return OpenDirectory(where)
}

// EachRecords calls f with the records of each object of a store, decompressed.
func EachRecords(ctx context.Context, s Store, f func(name string, records io.Reader) error) error {
	return s.Each(ctx, func(name string, r io.Reader) error {
		if !strings.HasSuffix(name, Extension) {
			return nil
		}
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			return err
		}
		defer d.Close()
		return f(name, d)
	})
}

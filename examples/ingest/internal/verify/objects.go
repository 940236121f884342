package verify

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"
)

// Suffix is the end of the name of an object that is a segment.
const Suffix = ".ndjson.zst"

// longest is how long a line of a segment may be.
const longest = 16 << 20

// Objects are the objects of a store.
type Objects interface {
	// Names yields the names of all objects.
	Names(ctx context.Context) iter.Seq2[string, error]
	// Open returns what an object holds, to be closed by the caller.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
}

// Dir is a directory of objects, which are files.
type Dir string

// Names yields the names of the files.
func (d Dir) Names(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		entries, err := os.ReadDir(string(d))
		for _, e := range entries {
			if e.Type().IsRegular() && !yield(e.Name(), ctx.Err()) {
				return
			}
		}
		if err != nil {
			yield("", err)
		}
	}
}

// Open opens a file.
func (d Dir) Open(_ context.Context, name string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(string(d), name)) //nolint:gosec // a name of Names
}

// A record is a line of a segment.
type record struct {
	Version jsontext.Value `json:"version"`
	Tenant  string         `json:"tenant"`
	Data    jsontext.Value `json:"data"`
}

// readObjects reads all segments. It counts a segment that can't be read to its end as
// damaged; a store that can't be read is an error.
func (s *sides) readObjects(ctx context.Context, r *Report, objects Objects) error {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return err
	}
	defer decoder.Close()
	lines := bufio.NewReaderSize(nil, 64<<10)
	for name, err := range objects.Names(ctx) {
		if err != nil {
			return err
		}
		segment, ok := strings.CutSuffix(name, Suffix)
		if !ok {
			r.Others++
			continue
		}
		r.Objects++
		object, err := objects.Open(ctx, name)
		if err != nil {
			return err
		}
		if err = decoder.Reset(object); err == nil {
			lines.Reset(decoder)
			err = s.readSegment(ctx, r, segment, lines)
		}
		_ = object.Close()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if e := (*diskError)(nil); errors.As(err, &e) {
			return err
		}
		if err != nil {
			r.Damaged = append(r.Damaged, fmt.Sprintf("%s: %v", name, err))
		}
	}
	return nil
}

// A diskError is about the temporary files.
type diskError struct{ error }

func (e *diskError) Unwrap() error { return e.error }

func (s *sides) readSegment(ctx context.Context, r *Report, segment string, lines *bufio.Reader) error {
	e := entry{kind: storedEntry, segment: s.segment([]byte(segment)), seq: -1}
	var long []byte
	for ctx.Err() == nil {
		line, err := readLine(lines, &long)
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if errors.Is(err, io.EOF) {
			err = errors.New("its end is missing")
		}
		var record record
		if err == nil {
			err = json.Unmarshal(line, &record)
		}
		if err == nil && len(record.Data) == 0 {
			err = errors.New("it has no data")
		}
		if err != nil {
			return fmt.Errorf("the line at %d: %w", e.offset, err)
		}
		e.sum = sha256.Sum256(record.Data)
		if err := s.add(&e); err != nil {
			return &diskError{err}
		}
		e.offset += int64(len(line))
		r.Stored++
		r.Bytes += int64(len(line))
	}
	return ctx.Err()
}

// readLine returns a line with its end, valid until the next call. It gathers a line that
// is longer than the reader's buffer in long.
func readLine(lines *bufio.Reader, long *[]byte) ([]byte, error) {
	line, err := lines.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	b := (*long)[:0]
	for errors.Is(err, bufio.ErrBufferFull) {
		if b = append(b, line...); len(b) > longest {
			return bytes.Clone(b[:0]), fmt.Errorf("it has more than %d bytes", longest)
		}
		line, err = lines.ReadSlice('\n')
	}
	b = append(b, line...)
	*long = b
	return b, err
}

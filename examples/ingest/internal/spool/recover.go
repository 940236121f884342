package spool

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"
)

// maxRecord is how long a record can be.
const maxRecord = 8 << 20

// recovered is the valid part of a segment whose process has ended.
type recovered struct {
	records, bytes int64
	torn           int64 // bytes that were cut off
	changed        time.Time
}

// recoverSegment truncates a segment after its last complete record: one that ends with a
// line feed and is a JSON object. A process that was killed leaves at most one incomplete
// record; a machine that failed may leave more, and pages of zeros, where data wasn't
// synced yet.
func recoverSegment(path string) (found recovered, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the path is of our making
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return found, err
	}
	found.changed = info.ModTime()
	if found.bytes, err = endOfRecords(f, info.Size()); err != nil {
		return found, err
	}
	if found.torn = info.Size() - found.bytes; found.torn > 0 {
		if err := errors.Join(f.Truncate(found.bytes), f.Sync()); err != nil {
			return found, err
		}
	}
	found.records, err = countLines(io.NewSectionReader(f, 0, found.bytes))
	return found, err
}

// endOfRecords returns where the last complete record ends.
func endOfRecords(f io.ReaderAt, size int64) (end int64, err error) {
	end, err = afterLineFeed(f, size)
	for end > 0 && err == nil {
		var start int64
		if start, err = afterLineFeed(f, end-1); err != nil {
			break
		}
		if end-start <= maxRecord {
			line := make([]byte, end-start-1)
			if _, err = f.ReadAt(line, start); err != nil {
				break
			}
			if len(line) > 0 && line[0] == '{' && json.Valid(line) {
				return end, nil
			}
		}
		end = start
	}
	return end, err
}

// afterLineFeed returns the offset after the last line feed before end, or 0.
func afterLineFeed(f io.ReaderAt, end int64) (int64, error) {
	buf := make([]byte, 16<<10)
	for end > 0 {
		start := max(0, end-int64(len(buf)))
		piece := buf[:end-start]
		if _, err := f.ReadAt(piece, start); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if i := bytes.LastIndexByte(piece, '\n'); i >= 0 {
			return start + int64(i) + 1, nil
		}
		end = start
	}
	return 0, nil
}

func countLines(r io.Reader) (n int64, err error) {
	buf := make([]byte, 64<<10)
	for {
		read, err := r.Read(buf)
		n += int64(bytes.Count(buf[:read], []byte{'\n'}))
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

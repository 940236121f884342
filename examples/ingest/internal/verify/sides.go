package verify

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	sumSize   = sha256.Size
	fileCount = 64
	entrySize = sumSize + 1 + 4 + 8 + 8 + 3 // the last three unused
)

const (
	ackedEntry      = iota // a request that was acknowledged
	unansweredEntry        // a request without an answer
	refusedEntry           // a request with another answer
	storedEntry            // a payload in the store
	kinds
)

// An entry describes a request or a stored payload.
type entry struct {
	sum     [sumSize]byte
	kind    uint8
	segment uint32 // index of its name
	offset  int64
	seq     int64
}

// Sides are the temporary files of entries.
type sides struct {
	dir     string
	files   [fileCount]*os.File
	writers [fileCount]*bufio.Writer
	names   []string          // of segments
	index   map[string]uint32 // of their names
}

func newSides() (*sides, error) {
	dir, err := os.MkdirTemp("", "ingest-verify-")
	if err != nil {
		return nil, err
	}
	s := &sides{dir: dir, index: map[string]uint32{}}
	for i := range s.files {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint(i))) //nolint:gosec // a number
		if err != nil {
			s.close()
			return nil, err
		}
		s.files[i], s.writers[i] = f, bufio.NewWriterSize(f, 16<<10)
	}
	return s, nil
}

func (s *sides) close() {
	for _, f := range &s.files {
		if f != nil {
			_ = f.Close()
		}
	}
	_ = os.RemoveAll(s.dir)
}

// segment returns the number of a segment's name.
func (s *sides) segment(name []byte) uint32 {
	if i, ok := s.index[string(name)]; ok {
		return i
	}
	i := uint32(len(s.names)) //nolint:gosec // a store has fewer segments
	s.names = append(s.names, string(name))
	s.index[string(name)] = i
	return i
}

func (s *sides) add(e *entry) error {
	var b [entrySize]byte
	n := copy(b[:], e.sum[:])
	b[n] = e.kind
	binary.LittleEndian.PutUint32(b[n+1:], e.segment)
	binary.LittleEndian.PutUint64(b[n+5:], uint64(e.offset)) //nolint:gosec // the same bits
	binary.LittleEndian.PutUint64(b[n+13:], uint64(e.seq))   //nolint:gosec // the same bits
	_, err := s.writers[e.sum[0]%fileCount].Write(b[:])
	return err
}

// load reads the entries of one file, and removes it.
func (s *sides) load(i int) ([]entry, error) {
	if err := s.writers[i].Flush(); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(s.files[i].Name())
	if err != nil {
		return nil, err
	}
	if len(b)%entrySize != 0 {
		return nil, fmt.Errorf("%s: %w", s.files[i].Name(), io.ErrUnexpectedEOF)
	}
	entries := make([]entry, 0, len(b)/entrySize)
	for ; len(b) > 0; b = b[entrySize:] {
		e := entry{kind: b[sumSize], segment: binary.LittleEndian.Uint32(b[sumSize+1:])}
		e.sum = [sumSize]byte(b)
		e.offset = int64(binary.LittleEndian.Uint64(b[sumSize+5:])) //nolint:gosec // the same bits
		e.seq = int64(binary.LittleEndian.Uint64(b[sumSize+13:]))   //nolint:gosec // the same bits
		entries = append(entries, e)
	}
	return entries, os.Remove(s.files[i].Name())
}

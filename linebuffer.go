package tigertonic

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	flushInterval = 100 * time.Millisecond
	flushSize     = 64 << 10
	maxUnwritten  = 1 << 20 // is kept of what can't be written
)

// A lineBuffer gathers lines and writes many of them at a time, in the order in
// which they came. Who brings the line that fills it writes it; others can go on
// until it is full again, and then wait.
type lineBuffer struct {
	w       io.Writer
	writing sync.Mutex // is held while w is written to, and locked before mu
	mu      sync.Mutex
	lines   []byte
	spare   []byte      // to be lines after the next flush
	timer   *time.Timer // that flushes
	timed   bool        // it runs
	closed  bool
	taken   int   // bytes that are being written
	failed  error // of the last flush
	lost    int   // lines, since then
}

// Write adds a line. The error is that of the last flush, if the line is lost, or of
// the one that the line has caused.
func (b *lineBuffer) Write(line []byte) (int, error) {
	full, err := b.add(line)
	if full {
		err = b.flush()
	}
	return len(line), err
}

// add adds a line, and tells whether it is time to flush.
func (b *lineBuffer) add(line []byte) (full bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed != nil && b.taken+len(b.lines)+len(line) > maxUnwritten {
		b.lost++
		return b.closed, b.failed
	}
	b.lines = append(b.lines, line...)
	if b.closed || len(b.lines) >= flushSize && b.failed == nil {
		return true, nil
	}
	b.flushLater()
	return false, nil
}

// flushLater is called with mu locked.
func (b *lineBuffer) flushLater() {
	switch {
	case b.timed:
	case b.timer == nil:
		b.timer = time.AfterFunc(flushInterval, func() { _ = b.flush() }) // who logs next, or closes, is told
	default:
		b.timer.Reset(flushInterval)
	}
	b.timed = true
}

func (b *lineBuffer) close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	return b.flush()
}

func (b *lineBuffer) flush() error {
	b.writing.Lock()
	defer b.writing.Unlock()
	lines := b.take()
	for {
		left, err := writeAll(b.w, lines)
		if more := b.wrote(lines[:0], left, err); !more {
			return err
		}
		lines = b.take() // of what was lost
	}
}

// take returns the lines that there are.
func (b *lineBuffer) take() (lines []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines, b.lines, b.spare = b.lines, b.spare, nil
	b.taken, b.timed = len(lines), false
	return lines
}

// wrote notes how writing has gone and what is left to be written, and takes the
// memory back. There is more to write if lines have been lost before.
func (b *lineBuffer) wrote(spare, left []byte, err error) (more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	lost, cause := b.lost, b.failed
	b.failed, b.taken = err, 0
	if err != nil {
		b.lines = append(bytes.Clone(left), b.lines...)
		b.flushLater()
		return false
	}
	if cap(spare) <= 2*flushSize {
		b.spare = spare
	}
	if lost == 0 {
		return false
	}
	b.lost = 0
	var text bytes.Buffer
	slog.New(slog.NewJSONHandler(&text, nil)).Error("log lines were lost", "lines", lost, "error", cause)
	b.lines = append(text.Bytes(), b.lines...)
	return true
}

// writeAll returns what is left if there is an error.
func writeAll(w io.Writer, text []byte) (left []byte, err error) {
	if len(text) == 0 {
		return nil, nil
	}
	n, err := w.Write(text)
	if err == nil && n < len(text) {
		err = io.ErrShortWrite
	}
	return text[min(max(n, 0), len(text)):], err
}

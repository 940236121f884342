// Package linelog makes the lines of logs: it escapes what would end a line or control a
// terminal, applies the user's redactor, keeps the beginning of bodies, and formats lines
// of JSON and writes many at a time. Of a request it knows only the body, and it doesn't
// know who logs what, or where.
package linelog

import (
	"bytes"
	"cmp"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	defaultInterval = 100 * time.Millisecond
	defaultSize     = 64 << 10
	maxUnwritten    = 1 << 20 // is kept of what can't be written, or four times the size of a flush
)

// A Buffer gathers lines and writes many at a time, in order. The goroutine whose line
// fills the buffer writes it out; others carry on until it is full again, and then wait.
type Buffer struct {
	w        io.Writer
	size     int           // of the lines that are written at once
	interval time.Duration // between the first of them and then
	writing  sync.Mutex    // is held while w is written to, and locked before mu
	mu       sync.Mutex
	lines    []byte
	spare    []byte      // to be lines after the next flush
	timer    *time.Timer // that flushes
	timed    bool        // it runs
	closed   bool
	taken    int   // bytes that are being written
	failed   error // of the last flush
	lost     int   // lines, since then
}

// NewBuffer returns a Buffer that writes to w once it holds size bytes, or after the
// interval. Zero means 64 KiB and a tenth of a second.
func NewBuffer(w io.Writer, size int, interval time.Duration) *Buffer {
	return &Buffer{w: w, size: cmp.Or(size, defaultSize), interval: cmp.Or(interval, defaultInterval)}
}

// Write adds a line. It returns the error of the last flush if the line is lost, or that
// of the flush that it causes.
func (b *Buffer) Write(line []byte) (int, error) {
	full, err := b.add(line)
	if full {
		err = b.Flush()
	}
	return len(line), err
}

// add adds a line, and reports whether it is time to flush.
func (b *Buffer) add(line []byte) (full bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed != nil && b.taken+len(b.lines)+len(line) > max(maxUnwritten, 4*b.size) {
		b.lost++
		return b.closed, b.failed
	}
	b.lines = append(b.lines, line...)
	if b.closed || len(b.lines) >= b.size && b.failed == nil {
		return true, nil
	}
	b.flushLater()
	return false, nil
}

// flushLater is called with mu locked. Once the buffer is closed there is no timer any
// more, and what can't be written waits for the next line or Flush.
func (b *Buffer) flushLater() {
	switch {
	case b.closed:
		return
	case b.timed:
	case b.timer == nil:
		b.timer = time.AfterFunc(b.interval, b.tick)
	default:
		b.timer.Reset(b.interval)
	}
	b.timed = true
}

// Close writes the buffered lines. Later lines are written at once.
func (b *Buffer) Close() error {
	b.mu.Lock()
	b.closed = true
	if b.timer != nil {
		b.timer.Stop()
	}
	b.mu.Unlock()
	return b.Flush()
}

// tick flushes, unless the buffer is closed: then the writer may be closed, too.
func (b *Buffer) tick() {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.mu.Lock()
	closed := b.closed
	b.mu.Unlock()
	if !closed {
		_ = b.flushLocked() // who logs next, or closes, is told
	}
}

// Flush writes the buffered lines, and returns the writer's error.
func (b *Buffer) Flush() error {
	b.writing.Lock()
	defer b.writing.Unlock()
	return b.flushLocked()
}

// flushLocked is called with writing locked.
func (b *Buffer) flushLocked() error {
	lines := b.take()
	for {
		left, err := writeAll(b.w, lines)
		if more := b.wrote(lines[:0], left, err); !more {
			return err
		}
		lines = b.take() // of what was lost
	}
}

// take returns the buffered lines.
func (b *Buffer) take() (lines []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines, b.lines, b.spare = b.lines, b.spare, nil
	b.taken, b.timed = len(lines), false
	return lines
}

// wrote records the result of a write and what is left to write, and reuses the memory.
// There is more to write if lines were lost before.
func (b *Buffer) wrote(spare, left []byte, err error) (more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	lost, cause := b.lost, b.failed
	b.failed, b.taken = err, 0
	if err != nil {
		b.lines = append(bytes.Clone(left), b.lines...)
		b.flushLater()
		return false
	}
	if cap(spare) <= 2*b.size {
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

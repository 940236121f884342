package middleware

import (
	"bufio"
	"errors"
	"io"
	"log/slog"

	"github.com/rcrowley/go-tigertonic"
)

// A Log is where middleware writes a line for each request: ours by the handler
// that its documentation recommends, and that of others by slog's and a buffer.
// Either way it is written by the block.
type Log struct {
	lines *tigertonic.BufferedJSONHandler
	block *bufio.Writer
}

// NewLog returns a Log that writes to w, as what logs to it either is ours or
// isn't.
func NewLog(w io.Writer) *Log {
	return &Log{tigertonic.NewBufferedJSONHandler(w, nil), bufio.NewWriterSize(w, 64<<10)}
}

func (l *Log) ours() *slog.Logger { return slog.New(l.lines) }

func (l *Log) theirs() *slog.Logger { return slog.New(slog.NewJSONHandler(l.block, nil)) }

// Close writes what is still to be written. Nothing may be logged afterwards.
func (l *Log) Close() error { return errors.Join(l.lines.Close(), l.block.Flush()) }

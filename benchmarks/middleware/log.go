package middleware

import (
	"bufio"
	"errors"
	"io"
	"log/slog"

	"github.com/rcrowley/go-tigertonic"
)

// A Log takes the line that middleware writes for each request: ours through the handler
// that its documentation recommends, others' through slog's and a buffer. Either way it
// is written in blocks.
type Log struct {
	lines *tigertonic.BufferedJSONHandler
	block *bufio.Writer
}

// NewLog returns a Log that writes to w, for our middleware or for others'.
func NewLog(w io.Writer) *Log {
	return &Log{tigertonic.NewBufferedJSONHandler(w, nil), bufio.NewWriterSize(w, 64<<10)}
}

func (l *Log) ours() *slog.Logger { return slog.New(l.lines) }

func (l *Log) theirs() *slog.Logger { return slog.New(slog.NewJSONHandler(l.block, nil)) }

// Close writes what is left. Nothing may be logged afterwards.
func (l *Log) Close() error { return errors.Join(l.lines.Close(), l.block.Flush()) }

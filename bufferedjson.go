package tigertonic

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/linelog"
)

// BufferedJSONHandler is a slog.Handler whose lines are those of a
// [slog.JSONHandler]. Most cost about half as much to format, and they are written
// many at a time: once there are 64 KiB of them, or a tenth of a second after the
// first, if its options don't say otherwise. It is made by [NewBufferedJSONHandler]; the zero value isn't usable. It is
// safe for concurrent use.
//
// [BufferedJSONHandler.Close] is to be called before the program ends. What hasn't
// been written when it is killed, crashes or calls [os.Exit] or [log.Fatal] without
// that is lost, which is what was logged in the last tenth of a second, or Interval.
//
// Lines that can't be written are kept, up to 1 MiB or four times the size of a write,
// whichever is more, and retried after the interval. Lines that come when there is no more
// room are lost, and a line of level Error tells how many as soon as it can be written. A
// writer that is slow holds up those who log.
type BufferedJSONHandler struct {
	json  slog.Handler // formats what isn't plain
	lines *linelog.Buffer
	level slog.Leveler
	plain bool   // no option, no group and no attribute that only json can format
	attrs []byte // formatted, each with a comma before it
}

// BufferedJSONOptions are the options of a [BufferedJSONHandler]. The zero value selects
// the defaults.
type BufferedJSONOptions struct {
	// HandlerOptions are the options of slog's handlers.
	slog.HandlerOptions
	// Size is how many bytes of lines are written at once. Zero means 64 KiB.
	Size int
	// Interval is how long a line may wait to be written together with others. Zero means a
	// tenth of a second.
	Interval time.Duration
}

// NewBufferedJSONHandler returns a handler that writes to w. Nil options are the defaults.
// Records and loggers with a group, AddSource or ReplaceAttr are formatted by slog, at
// slog's cost. It panics if Size or Interval are less than 0.
func NewBufferedJSONHandler(w io.Writer, opts *BufferedJSONOptions) *BufferedJSONHandler {
	o := BufferedJSONOptions{}
	if opts != nil {
		o = *opts
	}
	if o.Size < 0 || o.Interval < 0 {
		callsite.Panicf("NewBufferedJSONHandler: Size: %d, Interval: %v", o.Size, o.Interval)
	}
	lines := linelog.NewBuffer(w, o.Size, o.Interval)
	h := &BufferedJSONHandler{
		json:  slog.NewJSONHandler(lines, &o.HandlerOptions),
		lines: lines,
		level: o.Level,
		plain: !o.AddSource && o.ReplaceAttr == nil,
	}
	if h.level == nil {
		h.level = slog.LevelInfo
	}
	return h
}

// Enabled reports whether records of the level are logged.
func (h *BufferedJSONHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.level.Level()
}

// Handle logs the record. An error is that of the writer, if that is failing.
func (h *BufferedJSONHandler) Handle(ctx context.Context, r slog.Record) error {
	var few [8]slog.Attr
	attrs, plain := few[:0], h.plain && linelog.IsPlain(r.Message)
	if plain {
		r.Attrs(func(a slog.Attr) bool {
			attrs, plain = append(attrs, a), linelog.IsPlain(a.Key)
			return plain
		})
	}
	if plain {
		if ok, err := h.lines.WriteJSON(r.Time, r.Level, r.Message, h.attrs, attrs); ok {
			return err
		}
	}
	return h.json.Handle(ctx, r)
}

// WithAttrs returns a handler with these attributes for the same writer.
func (h *BufferedJSONHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.json = h.json.WithAttrs(attrs)
	with.attrs = append([]byte(nil), h.attrs...)
	for _, a := range attrs {
		with.attrs, with.plain = linelog.AppendAttr(with.attrs, a, with.plain && linelog.IsPlain(a.Key))
	}
	return &with
}

// WithGroup returns a handler with this group for the same writer.
func (h *BufferedJSONHandler) WithGroup(name string) slog.Handler {
	with := *h
	with.json, with.plain = h.json.WithGroup(name), false
	return &with
}

// Flush writes what has been logged by now, and returns the error of the writer.
// It holds for all handlers made of this one by WithAttrs and WithGroup.
func (h *BufferedJSONHandler) Flush() error { return h.lines.Flush() }

// Close writes what has been logged by now, and returns the error of the writer,
// which it doesn't close. What is logged later is written at once, together with what
// couldn't be written before, which isn't tried again by itself any more.
func (h *BufferedJSONHandler) Close() error { return h.lines.Close() }

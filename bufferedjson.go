package tigertonic

import (
	"context"
	"io"
	"log/slog"
	"time"
)

// BufferedJSONHandler is a slog.Handler whose lines are those of a
// [slog.JSONHandler]. Most cost about half as much to format, and they are written
// many at a time: once there are 64 KiB of them, or a tenth of a second after the
// first. It is made by [NewBufferedJSONHandler]; the zero value isn't usable. It is
// safe for concurrent use.
//
// [BufferedJSONHandler.Close] is to be called before the program ends. What hasn't
// been written when it is killed, crashes or calls [os.Exit] or [log.Fatal] without
// that is lost, which is what was logged in the last tenth of a second.
//
// What can't be written is kept, up to 1 MiB, and tried again ten times a second.
// Lines that come when there is no more room are lost, and a line of level Error
// tells how many as soon as it can be written. A writer that is slow holds up those
// who log.
type BufferedJSONHandler struct {
	json  slog.Handler // formats what isn't plain
	lines *lineBuffer
	level slog.Leveler
	plain bool   // no option, no group and no attribute that only json can format
	attrs []byte // formatted, each with a comma before it
}

// NewBufferedJSONHandler returns a handler that writes to w, with the options of
// slog, of which nil are the defaults. Records and loggers with a group, AddSource or
// ReplaceAttr are formatted by slog and cost what they cost there.
func NewBufferedJSONHandler(w io.Writer, opts *slog.HandlerOptions) *BufferedJSONHandler {
	if opts == nil {
		opts = &slog.HandlerOptions{}
	}
	lines := &lineBuffer{w: w}
	h := &BufferedJSONHandler{
		json:  slog.NewJSONHandler(lines, opts),
		lines: lines,
		level: opts.Level,
		plain: !opts.AddSource && opts.ReplaceAttr == nil,
	}
	if h.level == nil {
		h.level = slog.LevelInfo
	}
	return h
}

// Enabled tells whether records of the level are logged.
func (h *BufferedJSONHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.level.Level()
}

// Handle logs the record. An error is that of the writer, if that is failing.
func (h *BufferedJSONHandler) Handle(ctx context.Context, r slog.Record) error {
	var few [8]slog.Attr
	attrs, plain := few[:0], h.plain && isPlain(r.Message)
	if plain {
		r.Attrs(func(a slog.Attr) bool {
			attrs, plain = append(attrs, a), isPlain(a.Key)
			return plain
		})
	}
	if plain {
		if ok, err := h.writePlain(r.Time, r.Level, r.Message, attrs); ok {
			return err
		}
	}
	return h.json.Handle(ctx, r)
}

// writePlain writes a line, unless only slog can format it. Its message and its
// keys must be plain.
func (h *BufferedJSONHandler) writePlain(t time.Time, level slog.Level, message string, attrs []slog.Attr) (ok bool, err error) {
	if !h.plain {
		return false, nil
	}
	if !t.IsZero() && (t.Unix() < 0 || t.Unix() >= maxPlainTime) {
		return false, nil
	}
	line := logLines.Get().(*logLine)
	defer logLines.Put(line)
	text, ok := h.appendLine(line, t, level, message, attrs)
	if cap(text) <= maxKept {
		line.text = text
	}
	if ok {
		_, err = h.lines.Write(text)
	}
	return ok, err
}

// maxPlainTime is some time before the year 10000, which RFC 3339 doesn't have, in
// seconds.
const maxPlainTime = 8000 * 365 * 24 * 60 * 60

// WithAttrs returns a handler with these attributes for the same writer.
func (h *BufferedJSONHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.json = h.json.WithAttrs(attrs)
	with.attrs = append([]byte(nil), h.attrs...)
	for _, a := range attrs {
		with.attrs, with.plain = appendPlain(with.attrs, a, with.plain && isPlain(a.Key))
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
func (h *BufferedJSONHandler) Flush() error { return h.lines.flush() }

// Close writes what has been logged by now, and returns the error of the writer,
// which it doesn't close. What is logged later is written at once.
func (h *BufferedJSONHandler) Close() error { return h.lines.close() }

// appendLine returns a line as slog formats it, in the memory of the last one. It
// isn't whole if ok is false.
func (h *BufferedJSONHandler) appendLine(in *logLine, t time.Time, level slog.Level, message string, attrs []slog.Attr) (line []byte, ok bool) {
	line = in.text[:0]
	line = append(line, '{')
	if !t.IsZero() {
		line = append(line, `"time":"`...)
		line = in.second.append(line, t)
		line = append(line, `",`...)
	}
	line = append(line, `"level":"`...)
	line = append(line, level.String()...)
	line = append(line, `","msg":"`...)
	line = append(line, message...)
	line = append(line, '"')
	line = append(line, h.attrs...)
	ok = true
	for i := range attrs {
		line, ok = appendPlain(line, attrs[i], ok)
	}
	return append(line, "}\n"...), ok
}

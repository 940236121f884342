package tigertonic

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"
)

// BufferedJSONHandler is a slog.Handler whose lines are those of a
// [slog.JSONHandler]. Most cost about half as much to format, and they are written
// many at a time: once there are 64 KiB of them, or a tenth of a second after the
// first. It is made
// by [NewBufferedJSONHandler]; the zero value isn't usable. It is safe for
// concurrent use.
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
	attrs := few[:0]
	if h.plain {
		r.Attrs(func(a slog.Attr) bool {
			attrs = append(attrs, a)
			return true
		})
	}
	if ok, err := h.writePlain(r.Time, r.Level, r.Message, attrs); ok {
		return err
	}
	return h.json.Handle(ctx, r)
}

// writePlain writes a line, unless only slog can format it.
func (h *BufferedJSONHandler) writePlain(t time.Time, level slog.Level, message string, attrs []slog.Attr) (ok bool, err error) {
	if !h.plain {
		return false, nil
	}
	line := logLines.Get().(*[]byte)
	defer logLines.Put(line)
	text, ok := h.appendLine((*line)[:0], t, level, message, attrs)
	if cap(text) <= maxKept {
		*line = text
	}
	if ok {
		_, err = h.lines.Write(text)
	}
	return ok, err
}

var logLines = sync.Pool{New: func() any { return new([]byte) }}

// WithAttrs returns a handler with these attributes for the same writer.
func (h *BufferedJSONHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.json = h.json.WithAttrs(attrs)
	with.attrs = append([]byte(nil), h.attrs...)
	for _, a := range attrs {
		with.attrs, with.plain = appendPlain(with.attrs, a, with.plain)
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

// appendLine appends a line as slog formats it. It isn't whole if ok is false.
func (h *BufferedJSONHandler) appendLine(line []byte, t time.Time, level slog.Level, message string, attrs []slog.Attr) (_ []byte, ok bool) {
	line = append(line, '{')
	if !t.IsZero() {
		line = append(line, `"time":"`...)
		line = t.AppendFormat(line, time.RFC3339Nano)
		line = append(line, `",`...)
	}
	line = append(line, `"level":"`...)
	line = append(line, level.String()...)
	line = append(line, `","msg":"`...)
	line = append(line, message...)
	line = append(line, '"')
	line = append(line, h.attrs...)
	ok = isPlain(message) && (t.IsZero() || t.Unix() >= 0 && t.Unix() < maxPlainTime)
	for i := range attrs {
		line, ok = appendPlain(line, attrs[i], ok)
	}
	return append(line, "}\n"...), ok
}

// maxPlainTime is some time before the year 10000, which RFC 3339 doesn't have, in
// seconds.
const maxPlainTime = 8000 * 365 * 24 * 60 * 60

// appendPlain appends a comma and an attribute, unless it isn't plain or those
// before it weren't.
func appendPlain(line []byte, a slog.Attr, ok bool) ([]byte, bool) {
	if !ok || !isPlain(a.Key) {
		return line, false
	}
	line = append(line, ',', '"')
	line = append(line, a.Key...)
	line = append(line, '"', ':')
	switch v := a.Value; v.Kind() {
	case slog.KindString:
		text := v.String()
		line = append(line, '"')
		line = append(line, text...)
		return append(line, '"'), isPlain(text)
	case slog.KindInt64:
		return strconv.AppendInt(line, v.Int64(), 10), true
	case slog.KindUint64:
		return strconv.AppendUint(line, v.Uint64(), 10), true
	case slog.KindDuration:
		return strconv.AppendInt(line, int64(v.Duration()), 10), true
	case slog.KindBool:
		return strconv.AppendBool(line, v.Bool()), true
	default:
		return line, false
	}
}

// isPlain tells whether a text is in JSON as it is.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

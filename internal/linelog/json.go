package linelog

import (
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// A jsonLine is where lines are formatted, one after another.
type jsonLine struct {
	text []byte
	second
}

var jsonLines = sync.Pool{New: func() any { return new(jsonLine) }}

// WriteJSON adds a line in the format of [slog.JSONHandler], and reports false for a line
// that only the handler can format. The message and the keys must be plain. The
// attributes from AppendAttr come first.
func (b *Buffer) WriteJSON(t time.Time, level slog.Level, message string, first []byte, attrs []slog.Attr) (ok bool, err error) {
	if !t.IsZero() && (t.Unix() < 0 || t.Unix() >= maxTime) {
		return false, nil
	}
	line := jsonLines.Get().(*jsonLine)
	defer jsonLines.Put(line)
	text, ok := line.append(t, level, message, first, attrs)
	if cap(text) <= maxKept {
		line.text = text
	}
	if ok {
		_, err = b.Write(text)
	}
	return ok, err
}

const (
	// maxTime is a time, in seconds, before the year 10000, which RFC 3339 can't express.
	maxTime = 8000 * 365 * 24 * 60 * 60
	// maxKept is the length of line up to which its memory is reused.
	maxKept = 64 << 10
)

// append returns a line in the memory of the last one. It isn't whole if ok is false.
func (l *jsonLine) append(t time.Time, level slog.Level, message string, first []byte, attrs []slog.Attr) (line []byte, ok bool) {
	line = l.text[:0]
	line = append(line, '{')
	if !t.IsZero() {
		line = append(line, `"time":"`...)
		line = l.second.append(line, t)
		line = append(line, `",`...)
	}
	line = append(line, `"level":"`...)
	line = append(line, level.String()...)
	line = append(line, `","msg":"`...)
	line = append(line, message...)
	line = append(line, '"')
	line = append(line, first...)
	ok = true
	for i := range attrs {
		line, ok = AppendAttr(line, attrs[i], ok)
	}
	return append(line, "}\n"...), ok
}

// A second caches the text of a second, which many lines share. The zero value is empty.
type second struct {
	unix     int64
	location *time.Location // nil if there is no text
	text     []byte
}

// yearToSecond is how long the text of a second is without its zone, in the years
// from 1000 to 9999.
const yearToSecond = len("2006-01-02T15:04:05")

// append does what t.AppendFormat does for time.RFC3339Nano.
func (s *second) append(line []byte, t time.Time) []byte {
	if unix, location := t.Unix(), t.Location(); unix != s.unix || location != s.location {
		s.unix, s.location = unix, location
		s.text = t.AppendFormat(s.text[:0], time.RFC3339)
	}
	line = append(line, s.text[:yearToSecond]...)
	if nanoseconds := t.Nanosecond(); nanoseconds > 0 {
		line = appendFraction(line, nanoseconds)
	}
	return append(line, s.text[yearToSecond:]...)
}

// appendFraction appends a part of a second, which isn't 0, without the zeros at
// its end.
func appendFraction(line []byte, nanoseconds int) []byte {
	line = append(line, ".000000000"...)
	end := len(line)
	for i := end - 1; nanoseconds > 0; i-- {
		line[i] += byte(nanoseconds % 10)
		nanoseconds /= 10
	}
	for line[end-1] == '0' {
		end--
	}
	return line[:end]
}

// AppendAttr appends a comma and an attribute with a plain key, unless its value
// isn't plain or those before it weren't.
func AppendAttr(line []byte, a slog.Attr, ok bool) ([]byte, bool) {
	if !ok {
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
		return append(line, '"'), IsPlain(text)
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

// IsPlain reports whether a text is in JSON as it is.
func IsPlain(text string) bool { return jsonscan.PlainPrefix(text) == len(text) }

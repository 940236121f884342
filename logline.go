package tigertonic

import (
	"log/slog"
	"strconv"
	"sync"
	"time"
)

// A logLine is where lines are formatted, one after another.
type logLine struct {
	text []byte
	second
}

var logLines = sync.Pool{New: func() any { return new(logLine) }}

// A second is the text of one, which the times of many lines have in common. The
// zero value has none.
type second struct {
	unix     int64
	location *time.Location // nil if there is no text
	text     []byte
}

// yearToSecond is how long the text of a second is without its zone, in the years
// from 1000 to 9999.
const yearToSecond = len("2006-01-02T15:04:05")

// append appends what t.AppendFormat would in time.RFC3339Nano.
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

// appendPlain appends a comma and an attribute with a plain key, unless its value
// isn't plain or those before it weren't.
func appendPlain(line []byte, a slog.Attr, ok bool) ([]byte, bool) {
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
func isPlain(text string) bool { return plainPrefix(text) == len(text) }

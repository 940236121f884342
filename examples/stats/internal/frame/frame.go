// Package frame parses the time windows of graphs and exports, such as 1w3h: a week in
// steps of three hours. All times are minutes since 1970, UTC.
package frame

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// MaxPoints is how many points a frame may have.
const MaxPoints = 10_000

// Minutes in each unit. A month is thirty days and a year 365, so that all steps of a
// frame are equally long.
const (
	Minute = 1
	Hour   = 60 * Minute
	Day    = 24 * Hour
	Week   = 7 * Day
	Month  = 30 * Day
	Year   = 365 * Day
)

// A Frame is a span of time in equal steps that ends now, or Shift minutes ago.
type Frame struct {
	Span, Step, Shift int64
}

// An Axis is a Frame at a place in time: N steps from Start on.
type Axis struct {
	Start, Step int64
	N           int
}

// End returns where the last step ends.
func (a Axis) End() int64 { return a.Start + int64(a.N)*a.Step }

// Before returns the axis of the period before this one, of the same length.
func (a Axis) Before() Axis { return Axis{a.Start - int64(a.N)*a.Step, a.Step, a.N} }

// Time returns when step i begins, in seconds since 1970.
func (a Axis) Time(i int) int64 { return (a.Start + int64(i)*a.Step) * 60 }

type unit struct {
	letter  byte
	minutes int64
	name    string
}

// units returns all units, the longest first.
func units() []unit {
	return []unit{
		{'y', Year, "year"},
		{'M', Month, "month"},
		{'w', Week, "week"},
		{'d', Day, "day"},
		{'h', Hour, "hour"},
		{'m', Minute, "minute"},
	}
}

var errForm = errors.New("a time frame is a duration and an interval, such as 1w3h")

// Parse reads a frame: a duration, an interval, and optionally how far to shift both
// into the past. Each is a positive integer and one of m, h, d, w, M and y.
func Parse(text string) (Frame, error) {
	var parts [3]int64
	n := 0
	for rest := text; rest != ""; n++ {
		if n == len(parts) {
			return Frame{}, errForm
		}
		var err error
		if parts[n], rest, err = duration(rest); err != nil {
			return Frame{}, err
		}
	}
	if n < 2 {
		return Frame{}, errForm
	}
	f := Frame{parts[0], parts[1], parts[2]}
	if f.Span/f.Step > MaxPoints {
		return Frame{}, fmt.Errorf("there would be more than %d points", MaxPoints)
	}
	if f.Span < f.Step {
		return Frame{}, errors.New("the interval is longer than the duration")
	}
	return f, nil
}

// ParseDuration reads one duration, such as 7d, and returns it in minutes.
func ParseDuration(text string) (int64, error) {
	minutes, rest, err := duration(text)
	if err == nil && rest != "" {
		err = errors.New("a duration is an integer and one of m, h, d, w, M and y")
	}
	return minutes, err
}

// maxMinutes is a hundred years.
const maxMinutes = 100 * Year

func duration(text string) (minutes int64, rest string, err error) {
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	if digits == 0 || digits == len(text) {
		return 0, "", errForm
	}
	n, err := strconv.ParseInt(text[:digits], 10, 64)
	if err != nil || n > math.MaxInt32 {
		return 0, "", errors.New("the duration is too long")
	}
	for _, u := range units() {
		if u.letter != text[digits] {
			continue
		}
		switch minutes = n * u.minutes; {
		case n == 0:
			return 0, "", errors.New("a duration can't be 0")
		case minutes > maxMinutes:
			return 0, "", errors.New("the duration is too long")
		}
		return minutes, text[digits+1:], nil
	}
	return 0, "", fmt.Errorf("%q isn't a unit of time: use m, h, d, w, M or y", text[digits])
}

// At returns the axis of the frame that ends now, given in seconds since 1970. Its last
// step includes the current minute.
func (f Frame) At(now int64) Axis {
	n := f.Span / f.Step
	end := now/60 + 1 - f.Shift
	return Axis{end - n*f.Step, f.Step, int(n)}
}

// From returns the axis of the frame from a time on, in seconds since 1970.
func (f Frame) From(start int64) Axis {
	return Axis{start / 60, f.Step, int(f.Span / f.Step)}
}

// String returns the frame in words: 2 hours @ 1 hour.
func (f Frame) String() string {
	text := Words(f.Span) + " @ " + Words(f.Step)
	if f.Shift > 0 {
		text += ", " + Words(f.Shift) + " ago"
	}
	return text
}

// Words returns a duration in words, such as 2 hours.
func Words(minutes int64) string {
	n, u := largest(minutes)
	if n == 1 {
		return "1 " + u.name
	}
	return strconv.FormatInt(n, 10) + " " + u.name + "s"
}

// Short returns a duration as ParseDuration reads it.
func Short(minutes int64) string {
	n, u := largest(minutes)
	return strconv.FormatInt(n, 10) + string(u.letter)
}

// Text returns the frame as Parse reads it.
func (f Frame) Text() string {
	var b strings.Builder
	b.WriteString(Short(f.Span) + Short(f.Step))
	if f.Shift > 0 {
		b.WriteString(Short(f.Shift))
	}
	return b.String()
}

// largest returns a duration in the largest unit of which it is a multiple.
func largest(minutes int64) (int64, unit) {
	all := units()
	for _, u := range all {
		if minutes%u.minutes == 0 {
			return minutes / u.minutes, u
		}
	}
	return minutes, all[len(all)-1]
}

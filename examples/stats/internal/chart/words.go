package chart

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
)

// Number returns a number in a few characters: 1.25M.
func Number(v float64) string {
	size := math.Abs(v)
	for _, unit := range []struct {
		size float64
		name string
	}{{1e15, ""}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if size < unit.size {
			continue
		}
		if unit.name == "" {
			return strconv.FormatFloat(v, 'e', 2, 64)
		}
		if unit.name == "k" {
			return trimmed(v/1e3, 1) + "k"
		}
		return trimmed(v/unit.size, 2) + unit.name
	}
	switch {
	case size >= 100:
		return trimmed(v, 0)
	case size >= 0.01 || size < 1e-12:
		return trimmed(v, 2)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// trimmed returns a number with at most so many decimals.
func trimmed(v float64, decimals int) string {
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		return "0"
	}
	return text
}

// A timeTick is a label of the time.
type timeTick struct {
	percent float64
	text    string
}

// maxTimeTicks is how many labels there are at most: a narrow screen has no more room.
const maxTimeTicks = 5

// timeTicks returns labels at round times, UTC.
func timeTicks(a frame.Axis) (all []timeTick) {
	if a.N < 2 {
		return nil
	}
	span := int64(a.N-1) * a.Step
	step := int64(10 * frame.Year)
	for _, s := range []int64{
		1, 2, 5, 10, 15, 30, frame.Hour, 2 * frame.Hour, 3 * frame.Hour, 6 * frame.Hour, 12 * frame.Hour, frame.Day, 2 * frame.Day,
		frame.Week, 2 * frame.Week, frame.Month, 2 * frame.Month, 3 * frame.Month, 6 * frame.Month, frame.Year, 2 * frame.Year, 5 * frame.Year,
	} {
		if span/s < maxTimeTicks {
			step = s
			break
		}
	}
	first := (a.Start + step - 1) / step * step
	for at := first; at <= a.Start+span; at += step {
		t := time.Unix(at*60, 0).UTC()
		format := "15:04"
		switch {
		case step >= frame.Month:
			format = "Jan 2006"
		case step >= frame.Day || at%frame.Day == 0:
			format = "2 Jan"
		}
		all = append(all, timeTick{100 * float64(at-a.Start) / float64(span), t.Format(format)})
	}
	return all
}

// style has the colours of a standalone picture.
const style = `.graph{font:11px system-ui,sans-serif}.ground{fill:#fff}.rule{stroke:#e3e7ee}.tick{stroke:#b6bfcc}.label{fill:#5a6675}` +
	`.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.before{stroke-width:1.5;stroke-dasharray:4 4;opacity:.7}` +
	`.area{opacity:.12;stroke:none}.hint{fill:transparent}.c0{stroke:#0b63ce;fill:#0b63ce}.c1{stroke:#b4540a;fill:#b4540a}.c2{stroke:#1c7c54;fill:#1c7c54}` +
	`.line.c0,.line.c1,.line.c2{fill:none}.area.c0,.area.c1,.area.c2{stroke:none}` +
	`@media (prefers-color-scheme:dark){.ground{fill:#12161d}.rule{stroke:#262e3a}.tick{stroke:#475364}.label{fill:#a3afbf}` +
	`.c0{stroke:#6db3ff;fill:#6db3ff}.c1{stroke:#f0a35e;fill:#f0a35e}.c2{stroke:#5cc894;fill:#5cc894}}`

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/openloop"
)

// A line shows progress: on a terminal always in the same line, elsewhere in one
// each.
type line struct {
	w      io.Writer
	before string
	after  string
}

func newLine(w io.Writer) *line {
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return &line{w, "\r\x1b[K", ""}
		}
	}
	return &line{w, "", "\n"}
}

func (l *line) show(p openloop.Progress) {
	_, _ = fmt.Fprintf(l.w, "%s%4.0fs %7s/s  %s of %s good, %s bad  %d in flight, %s waiting  p50 %s  p99 %s%s", l.before,
		p.Elapsed.Seconds(), number(int64(p.Rate)), number(p.Good), number(p.Total), number(p.Bad), p.InFlight, number(p.Backlog),
		short(p.Recent.Quantile(0.5)), short(p.Recent.Quantile(0.99)), l.after)
}

// end leaves the line.
func (l *line) end() {
	if l.after == "" {
		_, _ = fmt.Fprintln(l.w)
	}
}

// report tells what became of the requests, by tables and a histogram.
func report(o *openloop.Options, r *openloop.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s requests offered at %s/s, on at most %d connections; %d were opened\n\n",
		number(r.Total), strconv.FormatFloat(o.Rate, 'f', -1, 64), o.Connections, r.Dialed)
	b.WriteString(counts(r))
	if r.Good == 0 {
		return b.String()
	}
	fmt.Fprintf(&b, "\n%s/s answered well over %s; their latency, to 3%%:\n\n", number(int64(float64(r.Good)/r.Elapsed.Seconds())), short(r.Elapsed))
	b.WriteString(table([][]string{
		{"", "p50", "p90", "p99", "p99.9", "p99.99", "max", "mean"},
		quantiles("from when due", &r.FromDue),
		quantiles("from when sent", &r.FromSent),
	}))
	b.WriteString("\n" + histogram(&r.FromDue))
	return b.String()
}

// counts tells how many requests came to which end.
func counts(r *openloop.Result) string {
	var b strings.Builder
	row := func(n int64, what, note string) {
		if n > 0 {
			fmt.Fprintf(&b, "%14s  %5.1f%%  %s%s\n", number(n), 100*float64(n)/float64(r.Total), what, note)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(r.Status)) {
		note := ""
		if said := r.Said[status]; said != "" {
			note = fmt.Sprintf("  %.120q", said)
		}
		row(r.Status[status], fmt.Sprint(status, " ", http.StatusText(status)), note)
	}
	byCount := func(a, b string) int { return cmp.Or(cmp.Compare(r.Errors[b], r.Errors[a]), cmp.Compare(a, b)) }
	for _, kind := range slices.SortedFunc(maps.Keys(r.Errors), byCount) {
		row(r.Errors[kind], kind, "")
	}
	row(r.Unsent, "never sent: no connection was free in time", "")
	return b.String()
}

func quantiles(name string, h *openloop.Histogram) []string {
	row := []string{name}
	for _, q := range []float64{0.5, 0.9, 0.99, 0.999, 0.9999} {
		row = append(row, short(h.Quantile(q)))
	}
	return append(row, short(h.Max()), short(h.Mean()))
}

// table aligns rows of as many cells to the right.
func table(rows [][]string) string {
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			width := 0
			for _, other := range rows {
				width = max(width, utf8.RuneCountInString(other[i]))
			}
			b.WriteString(strings.Repeat(" ", 2+width-utf8.RuneCountInString(cell)) + cell)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

const barWidth = 50

// histogram draws how many took how long, in rows of 1, 2, 5, 10, and so on.
func histogram(h *openloop.Histogram) string {
	bounds := bounds(h.Min(), h.Max())
	most := int64(1)
	for i := range bounds[1:] {
		most = max(most, h.Between(bounds[i], bounds[i+1]))
	}
	var b strings.Builder
	below := int64(0)
	for i, high := range bounds[1:] {
		n := h.Between(bounds[i], high)
		below += n
		fmt.Fprintf(&b, "%8s │%s│ %11s %6.2f%%\n", "≤"+bound(high), bar(float64(n)/float64(most)), number(n), 100*float64(below)/float64(h.Count()))
	}
	return b.String()
}

// bounds returns the bounds of the rows that hold everything from low to high.
func bounds(low, high time.Duration) []time.Duration {
	all := []time.Duration{-1}
	for unit := 10 * time.Microsecond; ; unit *= 10 {
		for _, b := range []time.Duration{unit, 2 * unit, 5 * unit} {
			if b < low {
				all[0] = b
				continue
			}
			if all = append(all, b); b >= high {
				return all
			}
		}
	}
}

// bar draws a share of the width, to an eighth of a character.
func bar(share float64) string {
	eighths := int(share*barWidth*8 + 0.5)
	if share > 0 {
		eighths = max(eighths, 1)
	}
	s := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return s + strings.Repeat(" ", barWidth-len([]rune(s)))
}

// bound writes the bound of a row.
func bound(d time.Duration) string { return strings.Replace(d.String(), "m0s", "m", 1) }

// number writes 1000020 as 1,000,020.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// short writes a duration with three digits at most.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.Itoa(int(d/time.Microsecond)) + "µs"
	case d < 10*time.Millisecond:
		return strconv.FormatFloat(float64(d)/1e6, 'f', 2, 64) + "ms"
	case d < 100*time.Millisecond:
		return strconv.FormatFloat(float64(d)/1e6, 'f', 1, 64) + "ms"
	case d < time.Second:
		return strconv.Itoa(int(d/time.Millisecond)) + "ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + "s"
}

package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"
)

// A table is a Markdown table.
type table struct {
	rows [][]string // the first is the header
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// writeTo writes the table with columns of the same width, so that it can be
// read as it is.
func (t *table) writeTo(w *strings.Builder) {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, text := range row {
			widths[i] = max(widths[i], len([]rune(text)))
		}
	}
	rule := make([]string, len(widths))
	for i, width := range widths {
		rule[i] = strings.Repeat("-", max(width, 3))
	}
	for _, row := range slices.Insert(slices.Clone(t.rows), 1, rule) {
		for i, text := range row {
			fmt.Fprintf(w, "| %s%s ", text, strings.Repeat(" ", max(widths[i], 3)-len([]rune(text))))
		}
		w.WriteString("|\n")
	}
	w.WriteByte('\n')
}

// amount formats a value of a unit with three digits.
func amount(value float64, unit string) string {
	if math.IsNaN(value) {
		return ""
	}
	switch unit {
	case wallTime, cpuTime, ownCPUTime, p50, p99, registering:
		return seconds(value)
	case throughput:
		return fmt.Sprintf("%.0f", value)
	case heapBytes, documentBytes, pageBytes, heapBesides, heapOfStream:
		return fmt.Sprintf("%.0f B", value)
	}
	return fmt.Sprintf("%.0f", value)
}

func seconds(value float64) string {
	for _, scale := range []struct {
		of   float64
		name string
	}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}} {
		if value >= scale.of {
			return digits(value/scale.of) + " " + scale.name
		}
	}
	return digits(value/1e-9) + " ns"
}

// digits formats a value with three digits.
func digits(value float64) string {
	switch {
	case value >= 100:
		return fmt.Sprintf("%.0f", value)
	case value >= 10:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.2f", value)
}

// ratio formats the ratio of two values.
func ratio(value float64) string {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return ""
	}
	return digits(value)
}

// spread formats a median and its uncertainty, like benchstat.
func spread(s benchmath.Summary, unit string) string {
	if math.IsNaN(s.Center) {
		return ""
	}
	return amount(s.Center, unit) + " ± " + s.PctRangeString()
}

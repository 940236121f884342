package admin

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Prometheus' text format, version 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
//
// A family is what has a name, with a line that says what it is and one that says
// of which kind, and samples. Names are the hard part: those of go-metrics are any
// text, those of Prometheus are few letters, no two families may have the same,
// and none may have that of a summary with _sum or _count behind it. So a name
// keeps what it can, and if that is taken, it gets a hash of the whole behind it.
// The runtime's names come first, then those that need no change, so that nobody
// takes a plain name away from the metric that has it, then the others by their
// order.

const (
	expositionType  = "text/plain; version=0.0.4; charset=utf-8"
	openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8"
)

// The kinds of families.
const (
	counterKind   = "counter"
	gaugeKind     = "gauge"
	histogramKind = "histogram"
	summaryKind   = "summary"
)

// A family is what has a name. That of one of the registry is made of a base and a
// unit.
type family struct {
	name    string
	unit    string
	kind    string
	help    string
	samples []sample
}

type sample struct {
	suffix string // behind the family's name
	labels []label
	value  float64
	// exemplar is one of those that were counted, or nil. The text format leaves it out.
	exemplar *exemplar
	// native are a histogram's native buckets by their index, with its count. Only the
	// protobuf format has them.
	native map[int]uint64
}

type exemplar struct {
	traceID     string
	value, time float64
}

type label struct{ name, value string }

// withUnit returns a name with a unit behind it, unless it has it already.
func withUnit(base, unit string) string {
	if strings.HasSuffix(base, unit) {
		return base
	}
	return base + unit
}

// taken returns the names that nothing else may have.
func (f *family) taken() []string {
	switch f.kind {
	case summaryKind:
		return []string{f.name, f.name + "_sum", f.name + "_count"}
	case histogramKind:
		return []string{f.name, f.name + "_bucket", f.name + "_sum", f.name + "_count"}
	}
	return []string{f.name}
}

// An entry is the families that a metric becomes.
type entry struct {
	name     string
	families []family
}

// rename gives the families names with this base.
func (en *entry) rename(base string) {
	for i := range en.families {
		en.families[i].name = withUnit(base, en.families[i].unit)
	}
}

// isPlain reports whether the metric's name can stay as it is.
func (en *entry) isPlain() bool { return len(en.families) > 0 && en.families[0].name == en.name }

// An exposition is a set of families, all of whose names differ.
type exposition struct {
	families []family
	taken    map[string]bool
	failures []string
}

// add adds families, which are given their names here.
func (e *exposition) add(entries []entry) {
	var plain, others []entry
	for _, en := range entries {
		en.rename(sanitize(en.name))
		if en.isPlain() {
			plain = append(plain, en)
		} else {
			others = append(others, en)
		}
	}
	for _, en := range slices.Concat(plain, others) {
		base := sanitize(en.name)
		for suffix := hash(en.name); !e.isFree(en.families); suffix = hash(base) { // more than once if somebody wants to see it
			base += "_" + suffix
			en.rename(base)
		}
		e.take(en.families)
	}
}

func (e *exposition) isFree(families []family) bool {
	return !slices.ContainsFunc(families, func(f family) bool {
		return slices.ContainsFunc(f.taken(), func(name string) bool { return e.taken[name] })
	})
}

// take adds families whose names are free.
func (e *exposition) take(families []family) {
	if e.taken == nil {
		e.taken = map[string]bool{}
	}
	for i := range families {
		for _, name := range families[i].taken() {
			e.taken[name] = true
		}
	}
	e.families = append(e.families, families...)
}

// sanitize returns a name with what Prometheus' can't have replaced by
// underscores: all but ASCII's letters and digits, and the colon, which is for
// those that rules make.
func sanitize(name string) string {
	clean := strings.Map(func(c rune) rune {
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, name)
	switch {
	case strings.Trim(clean, "_") == "":
		return "unnamed"
	case clean[0] >= '0' && clean[0] <= '9':
		return "_" + clean
	}
	return clean
}

func hash(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	return fmt.Sprintf("%08x", h.Sum32())
}

// sorted returns the families, sorted by name.
func (e *exposition) sorted() []family {
	slices.SortFunc(e.families, func(a, b family) int { return strings.Compare(a.name, b.name) })
	return e.families
}

// text returns the families in Prometheus' text format.
func (e *exposition) text() []byte {
	var b bytes.Buffer
	for _, f := range e.sorted() {
		f.write(&b, false)
	}
	for _, failure := range e.failures {
		b.WriteString("# " + failure + "\n")
	}
	return b.Bytes()
}

// openMetrics returns the families in the text format of OpenMetrics 1.0
// (https://prometheus.io/docs/specs/om/open_metrics_spec/).
func (e *exposition) openMetrics() []byte {
	var b bytes.Buffer
	for _, f := range e.sorted() {
		f.write(&b, true)
	}
	b.WriteString("# EOF\n")
	return b.Bytes()
}

func (f *family) write(b *bytes.Buffer, openMetrics bool) {
	name, kind := f.name, f.kind
	if openMetrics && kind == counterKind { // whose name is without what its sample has behind it
		if base, ok := strings.CutSuffix(name, "_total"); ok {
			name = base
		} else {
			kind = "unknown"
		}
	}
	special := "\\\n"
	if openMetrics {
		special += "\""
	}
	b.WriteString("# HELP " + name + " " + escape(f.help, special) + "\n# TYPE " + name + " " + kind + "\n")
	for i := range f.samples {
		s := &f.samples[i]
		b.WriteString(f.name)
		b.WriteString(s.suffix)
		s.writeLabels(b)
		b.WriteByte(' ')
		b.Write(appendValue(b.AvailableBuffer(), s.value))
		if openMetrics && s.exemplar != nil {
			b.WriteString(` # {trace_id="` + s.exemplar.traceID + `"} `)
			b.Write(appendValue(b.AvailableBuffer(), s.exemplar.value))
			b.WriteByte(' ')
			b.WriteString(strconv.FormatFloat(s.exemplar.time, 'f', 3, 64))
		}
		b.WriteByte('\n')
	}
}

func (s *sample) writeLabels(b *bytes.Buffer) {
	if len(s.labels) == 0 {
		return
	}
	for i, l := range s.labels {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(l.name + `="` + escape(l.value, "\\\n\"") + `"`)
	}
	b.WriteByte('}')
}

// escape returns a text in which the special characters, of backslash, newline and
// quotation mark, have a backslash in front.
func escape(text, special string) string {
	text = valid(text)
	if !strings.ContainsAny(text, special) {
		return text
	}
	var b strings.Builder
	for _, c := range text {
		switch {
		case !strings.ContainsRune(special, c):
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		default:
			b.WriteString(`\` + string(c))
		}
	}
	return b.String()
}

// appendValue appends a number as strconv.ParseFloat reads it, with an exponent
// where JSON would have one.
func appendValue(b []byte, value float64) []byte {
	format := byte('f')
	if size := math.Abs(value); size < 1e-6 && size > 0 || size >= 1e21 {
		format = 'g'
	}
	return strconv.AppendFloat(b, value, format, -1, 64)
}

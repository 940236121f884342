package admin

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strconv"
)

// Prometheus' protobuf format: each family is a message MetricFamily of its metrics.proto
// (https://github.com/prometheus/client_model), behind its length. It is what Prometheus
// asks for when it scrapes native histograms, which the text formats can't carry.
//
// Of the wire format, only what these messages need is here: an integer or an index is a
// varint, a float is eight bytes, and texts and messages have their length in front.

const protobufType = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"

const (
	nativeSchema  = 3        // of tigertonic.ClassMetrics.Native
	zeroThreshold = 0x1p-128 // the default of Prometheus' own client
)

// A message is one in the wire format of protobuf. Its methods append the field of a
// number. Zero is written as well: an absent field of proto2 isn't the same everywhere.
type message []byte

const (
	wireVarint = 0
	wireDouble = 1
	wireBytes  = 2
)

func (m message) tag(field, wireType uint64) message {
	return binary.AppendUvarint(m, field<<3|wireType)
}

func (m message) uint(field, n uint64) message {
	return binary.AppendUvarint(m.tag(field, wireVarint), n)
}

// sint appends an integer in zigzag encoding.
func (m message) sint(field uint64, n int64) message {
	return binary.AppendVarint(m.tag(field, wireVarint), n)
}

func (m message) double(field uint64, x float64) message {
	return binary.LittleEndian.AppendUint64(m.tag(field, wireDouble), math.Float64bits(x))
}

func (m message) text(field uint64, s string) message {
	return append(binary.AppendUvarint(m.tag(field, wireBytes), uint64(len(s))), s...)
}

func (m message) message(field uint64, other message) message { return m.text(field, string(other)) }

// protobuf returns the families in Prometheus' protobuf format.
func (e *exposition) protobuf() []byte {
	var all message
	for _, f := range e.sorted() {
		m := f.message()
		all = append(binary.AppendUvarint(all, uint64(len(m))), m...)
	}
	return all
}

// kinds are the numbers of the kinds of families, and of the field of a Metric that has
// the value of one.
func kinds() map[string]struct{ number, field uint64 } {
	return map[string]struct{ number, field uint64 }{
		counterKind:   {0, 3},
		gaugeKind:     {1, 2},
		summaryKind:   {2, 4},
		histogramKind: {4, 7},
	}
}

func (f *family) message() message {
	kind := kinds()[f.kind]
	m := message(nil).text(1, f.name).text(2, valid(f.help)).uint(3, kind.number)
	for _, samples := range f.series() {
		metric := message(nil)
		for _, l := range samples[0].labels {
			if l.name != "le" && l.name != "quantile" {
				metric = metric.message(1, labelMessage(l))
			}
		}
		m = m.message(4, metric.message(kind.field, valueOf(f.kind, samples)))
	}
	return m
}

// series returns the samples by what is one metric: all of a histogram or of a summary
// for the same labels, and otherwise each for itself. The samples of a metric stand one
// after another, its count last.
func (f *family) series() (all [][]sample) {
	begin := 0
	for i, s := range f.samples {
		if isWhole := f.kind != histogramKind && f.kind != summaryKind; isWhole || s.suffix == "_count" {
			all = append(all, f.samples[begin:i+1])
			begin = i + 1
		}
	}
	return all
}

func labelMessage(l label) message { return message(nil).text(1, l.name).text(2, valid(l.value)) }

// valueOf returns the message for the value of a metric.
func valueOf(kind string, samples []sample) (m message) {
	if kind == counterKind || kind == gaugeKind {
		return m.double(1, samples[0].value)
	}
	for _, s := range samples {
		switch s.suffix {
		case "_count":
			m = m.uint(1, uint64(s.value)).native(s.native)
		case "_sum":
			m = m.double(2, s.value)
		default:
			m = m.message(3, s.bucketMessage(kind))
		}
	}
	return m
}

// bucketMessage returns a bucket of a histogram, or a quantile of a summary.
func (s *sample) bucketMessage(kind string) message {
	bound, _ := strconv.ParseFloat(s.labels[len(s.labels)-1].value, 64) // that we have written
	if kind == summaryKind {
		return message(nil).double(1, bound).double(2, s.value)
	}
	m := message(nil).uint(1, uint64(s.value)).double(2, bound)
	if x := s.exemplar; x != nil {
		seconds, fraction := math.Modf(x.time)
		timestamp := message(nil).uint(1, uint64(seconds)).uint(2, uint64(fraction*1e9))
		m = m.message(3, message(nil).message(1, labelMessage(label{"trace_id", x.traceID})).double(2, x.value).message(3, timestamp))
	}
	return m
}

// native appends native buckets: spans of buckets without a gap, and the difference of
// each count to the one before it.
func (m message) native(counts map[int]uint64) message {
	if len(counts) == 0 {
		return m
	}
	m = m.sint(5, nativeSchema).double(6, zeroThreshold).uint(7, 0)
	indices := slices.Sorted(maps.Keys(counts))
	next, last := 0, int64(0) // the index behind the last span, and the count before
	for len(indices) > 0 {
		length := 1
		for length < len(indices) && indices[length] == indices[length-1]+1 {
			length++
		}
		m = m.message(12, message(nil).sint(1, int64(indices[0]-next)).uint(2, uint64(length)))
		next = indices[length-1] + 1
		for _, i := range indices[:length] {
			count := int64(counts[i]) //nolint:gosec // nobody counts that far
			m = m.sint(13, count-last)
			last = count
		}
		indices = indices[length:]
	}
	return m
}

package openloop

import (
	"math"
	"math/bits"
	"time"
)

// The width of a bucket grows with its distance from zero: each power of two nanoseconds
// is divided into 32, so that a value is known to 3%. Below 32 ns each nanosecond has its
// own.
const (
	fineBits = 5
	fine     = 1 << fineBits
	buckets  = (64 - fineBits) * fine
)

// A Histogram counts durations to a precision of 3%, always in 15 KiB. The zero value is
// empty. It isn't safe for concurrent use.
type Histogram struct {
	counts   [buckets]int64
	n        int64
	sum      float64
	min, max time.Duration
}

// Add counts a duration. A negative one counts as zero.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(d)]++
	if h.n == 0 || d < h.min {
		h.min = d
	}
	h.max = max(h.max, d)
	h.n++
	h.sum += float64(d)
}

// bucket returns the index of a duration's bucket.
func bucket(d time.Duration) int {
	shift := max(0, bits.Len64(uint64(d))-fineBits-1) //nolint:gosec // it isn't negative
	return shift*fine + int(d>>shift)
}

// upper returns the longest duration in a bucket.
func upper(i int) time.Duration {
	shift := max(0, i/fine-1)
	v := time.Duration(i - shift*fine)
	return v<<shift + (1<<shift - 1)
}

// Count returns how many durations have been counted.
func (h *Histogram) Count() int64 { return h.n }

// Max returns the longest duration, exactly.
func (h *Histogram) Max() time.Duration { return h.max }

// Min returns the shortest duration, exactly.
func (h *Histogram) Min() time.Duration { return h.min }

// Mean returns the average, exactly.
func (h *Histogram) Mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return time.Duration(h.sum / float64(h.n))
}

// Quantile returns the quantile q, from 0 to 1, of the durations, at most 3% too large,
// or 0 if there are none.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := max(1, int64(math.Ceil(q*float64(h.n))))
	seen := int64(0)
	for i, n := range &h.counts {
		if seen += n; seen >= rank {
			return max(h.min, min(h.max, upper(i)))
		}
	}
	return h.max
}

// Between returns how many durations are in buckets whose ends are above low and at most
// high.
func (h *Histogram) Between(low, high time.Duration) (n int64) {
	for i, k := range &h.counts {
		if end := upper(i); k > 0 && end > low && end <= high {
			n += k
		}
	}
	return n
}

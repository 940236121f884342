package loopback

import (
	"math/bits"
	"time"
)

// A histogram counts durations in buckets that are at most 1/32 wide of what is
// in them: 32 to each power of two, so that a bucket's index is the exponent and
// the five bits behind the first one. The zero value is empty.
type histogram struct {
	buckets [(64 - 5) * 32]uint32
	count   uint64
}

func (h *histogram) add(d time.Duration) {
	h.buckets[bucket(uint64(max(d, 0)))]++
	h.count++
}

// bucket returns the index for n, which is n itself up to 63.
func bucket(n uint64) int {
	shift := max(bits.Len64(n)-6, 0)
	return shift*32 + int(n>>shift) //nolint:gosec // n>>shift is less than 64
}

// lowest returns the least number of a bucket.
func lowest(index int) uint64 {
	shift := max(index/32-1, 0)
	return uint64(index-shift*32) << shift //nolint:gosec // an index isn't negative
}

func (h *histogram) merge(other *histogram) {
	for i, n := range &other.buckets {
		h.buckets[i] += n
	}
	h.count += other.count
}

// quantile returns the duration that q of all don't exceed, or 0 if there are
// none. It is less than 1/32 too low.
func (h *histogram) quantile(q float64) time.Duration {
	rank, seen := uint64(q*float64(h.count)), uint64(0)
	for i, n := range &h.buckets {
		if seen += uint64(n); seen > rank || seen == h.count && n > 0 {
			return time.Duration(lowest(i)) //nolint:gosec // it was a duration
		}
	}
	return 0
}

// Package tally counts and times events under a name by class, on many cores at a time:
// histograms with Prometheus' classic and native buckets, the last minutes, and what is
// in progress. It knows nothing of HTTP.
package tally

import (
	"math"
	"sort"
	"time"
)

// Bounds returns the upper bounds of the classic buckets, but for the last, which has none.
func Bounds() []time.Duration {
	const ms = time.Millisecond
	return []time.Duration{
		ms, 2500 * time.Microsecond, 5 * ms, 10 * ms, 25 * ms, 50 * ms, 100 * ms, 250 * ms, 500 * ms,
		time.Second, 2500 * ms, 5 * time.Second, 10 * time.Second,
	}
}

// Schema is Prometheus' schema of the native buckets: the upper bound of bucket k is
// 2^(k/8) seconds.
const Schema = 3

// MinKey and MaxKey are the first and last native buckets that are kept, for a
// microsecond and half an hour. They also hold what is below and above.
const (
	MinKey = -20 * perDouble
	MaxKey = 11 * perDouble
)

const (
	classic   = 14 // buckets
	perDouble = 1 << Schema
	native    = MaxKey - MinKey + 1
)

// A Histogram counts durations in buckets.
type Histogram struct {
	Count   uint64
	Sum     time.Duration
	Classic [classic]uint64 // not cumulative
	Native  [native]uint64  // from MinKey on
}

func (h *Histogram) add(d time.Duration, bucket, key int) {
	h.Count++
	h.Sum += d
	h.Classic[bucket]++
	h.Native[key-MinKey]++
}

func (h *Histogram) merge(o *Histogram) {
	h.Count += o.Count
	h.Sum += o.Sum
	for i, n := range &o.Classic {
		h.Classic[i] += n
	}
	for i, n := range &o.Native {
		h.Native[i] += n
	}
}

// classicOf returns the index of a duration's classic bucket.
func classicOf(d time.Duration) int {
	const us, ms = time.Microsecond, time.Millisecond
	switch {
	case d <= ms:
		return 0
	case d <= 2500*us:
		return 1
	case d <= 5*ms:
		return 2
	case d <= 10*ms:
		return 3
	case d <= 25*ms:
		return 4
	case d <= 50*ms:
		return 5
	case d <= 100*ms:
		return 6
	case d <= 250*ms:
		return 7
	case d <= 500*ms:
		return 8
	case d <= time.Second:
		return 9
	case d <= 2500*ms:
		return 10
	case d <= 5*time.Second:
		return 11
	case d <= 10*time.Second:
		return 12
	}
	return classic - 1
}

// keyOf returns the key of a duration's native bucket.
func keyOf(d time.Duration) int {
	if d <= 0 {
		return MinKey
	}
	const mantissa, bias = 52, 1022
	bits := math.Float64bits(d.Seconds()) // which is fraction * 2^exponent, and not tiny
	fraction := math.Float64frombits(bits&(1<<mantissa-1) | bias<<mantissa)
	key := (int(bits>>mantissa) - bias - 1) * perDouble
	switch { // 2^(i/8-1)
	case fraction <= 0.5:
	case fraction <= 0.5452538663326288:
		key++
	case fraction <= 0.5946035575013605:
		key += 2
	case fraction <= 0.6484197773255048:
		key += 3
	case fraction <= 0.7071067811865475:
		key += 4
	case fraction <= 0.7711054127039704:
		key += 5
	case fraction <= 0.8408964152537144:
		key += 6
	case fraction <= 0.9170040432046711:
		key += 7
	default:
		key += perDouble
	}
	return min(max(key, MinKey), MaxKey)
}

// Bound returns the upper bound of a native bucket.
func Bound(key int) time.Duration {
	return time.Duration(math.Exp2(float64(key)/perDouble) * float64(time.Second))
}

// quantile returns the duration that this part of all durations isn't above, or 0 if
// there are none, at most a twelfth too high.
func quantile[N uint32 | uint64](counts []N, q float64) time.Duration {
	cumulative := make([]uint64, len(counts))
	sum := uint64(0)
	for i, n := range counts {
		sum += uint64(n)
		cumulative[i] = sum
	}
	if sum == 0 {
		return 0
	}
	rank := max(uint64(math.Ceil(q*float64(sum))), 1)
	return Bound(MinKey + sort.Search(len(cumulative)-1, func(i int) bool { return cumulative[i] >= rank }))
}

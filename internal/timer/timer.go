// Package timer has a metrics.Timer that is cheap on many cores: its totals are exact,
// its percentiles come from a sample of the last minutes, and its rates are moving
// averages, without a goroutine. It knows only durations, and not what takes them.
package timer

import (
	"math"
	"math/big"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-metrics"
)

// A Timer is a metrics.Timer that many cores can update at a time. The exact totals are
// in one shard per core, each with a lock that is rarely contended, since a sync.Pool
// gives a core the shard that it had before. Only durations that enter the sample, and
// ends of the rates' intervals, touch shared state.
//
// There is no goroutine: the first update after the end of an interval ends it.
type Timer struct {
	born   time.Time // all times are since then
	shards []shard
	idle   sync.Pool // of pointers to shards
	next   atomic.Uint32
	sample decayingSample
	rates  movingRates
}

type shard struct {
	mu sync.Mutex
	totals
	_ [128 - 56]byte // two cache lines, of which processors fetch pairs
}

// New returns a Timer without durations.
func New() *Timer {
	t := &Timer{born: time.Now(), shards: make([]shard, runtime.GOMAXPROCS(0))}
	t.rates.due.Store(int64(rateInterval))
	t.idle.New = func() any { // also for one that the garbage collector has taken from the pool, not from here
		return &t.shards[int(t.next.Add(1))%len(t.shards)]
	}
	return t
}

// Time calls f and adds its duration.
func (t *Timer) Time(f func()) {
	start := time.Now()
	f()
	t.UpdateSince(start)
}

// UpdateSince adds the duration from start until now.
func (t *Timer) UpdateSince(start time.Time) { t.UpdateFrom(start.Sub(t.born)) }

// Update adds a duration that ends now.
func (t *Timer) Update(d time.Duration) { t.update(t.Now(), d) }

// Now returns the time since the timer was made. It costs half of what time.Now does, which reads the wall clock, too.
func (t *Timer) Now() time.Duration { return time.Since(t.born) }

// UpdateFrom adds the duration from start, as Now has returned it, until now.
func (t *Timer) UpdateFrom(start time.Duration) {
	now := t.Now()
	t.update(now, now-start)
}

func (t *Timer) update(now, d time.Duration) {
	t.endInterval(now)
	own := t.idle.Get().(*shard)
	own.mu.Lock()
	own.add(int64(d))
	own.mu.Unlock()
	t.idle.Put(own)
	t.sample.offer(now, int64(d))
}

// endInterval updates the rates.
func (t *Timer) endInterval(now time.Duration) {
	if int64(now) >= t.rates.due.Load() {
		t.rates.end(now, t.Count())
	}
}

func (t *Timer) totals() (all totals) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		all.addAll(s.totals)
		s.mu.Unlock()
	}
	return all
}

// Snapshot returns the timer as it is now.
func (t *Timer) Snapshot() metrics.Timer {
	t.endInterval(t.Now())
	return &snapshot{t.totals(), t.sample.values(), t.rates.get(), t.RateMean()}
}

// Stop does nothing; there is nothing to stop.
func (*Timer) Stop() {}

// Count returns how many durations there have been.
func (t *Timer) Count() int64 { return t.totals().Count() }

// Sum returns the sum of all durations. They are in nanoseconds, here and below.
func (t *Timer) Sum() int64 { return t.totals().Sum() }

// Min returns the shortest of all durations, or 0 if there are none.
func (t *Timer) Min() int64 { return t.totals().Min() }

// Max returns the longest of all durations, or 0 if there are none.
func (t *Timer) Max() int64 { return t.totals().Max() }

// Mean returns the mean of all durations, or 0 if there are none.
func (t *Timer) Mean() float64 { return t.totals().Mean() }

// Variance returns the variance of all durations, which is exact.
func (t *Timer) Variance() float64 { return t.totals().Variance() }

// StdDev returns the square root of the variance.
func (t *Timer) StdDev() float64 { return t.totals().StdDev() }

// Percentile returns the duration below which a share p, from 0 to 1, of the sample lies.
func (t *Timer) Percentile(p float64) float64 { return t.Percentiles([]float64{p})[0] }

// Percentiles is Percentile for many, of the same sample.
func (t *Timer) Percentiles(ps []float64) []float64 {
	return metrics.SamplePercentiles(t.sample.values(), ps)
}

// Rate1 returns the moving average of the last minute, in durations per second.
func (t *Timer) Rate1() float64 { return t.Snapshot().Rate1() }

// Rate5 is Rate1 for five minutes.
func (t *Timer) Rate5() float64 { return t.Snapshot().Rate5() }

// Rate15 is Rate1 for fifteen minutes.
func (t *Timer) Rate15() float64 { return t.Snapshot().Rate15() }

// RateMean returns how many durations per second there have been since the timer was made.
func (t *Timer) RateMean() float64 { return float64(t.Count()) / t.Now().Seconds() }

// Totals are the exact sums of durations. The sum of squares has 128 bits, so that the
// variance is exact, too. An update takes 16 ns; with a sum in floating point it takes 17
// ns, and loses the variance if the mean is much larger. Welford's method loses less, but
// takes 43 ns.
type totals struct {
	count, sum, min, max    int64
	squaresHigh, squaresLow uint64
}

func (t *totals) add(d int64) {
	magnitude := uint64(max(d, -d)) //nolint:gosec // it isn't negative, or is the one whose bits are right
	high, low := bits.Mul64(magnitude, magnitude)
	t.addAll(totals{1, d, d, d, high, low})
}

func (t *totals) addAll(more totals) {
	if more.count == 0 {
		return
	}
	if t.count == 0 {
		t.min, t.max = more.min, more.max
	}
	t.count += more.count
	t.sum += more.sum
	t.min, t.max = min(t.min, more.min), max(t.max, more.max)
	var carry uint64
	t.squaresLow, carry = bits.Add64(t.squaresLow, more.squaresLow, 0)
	t.squaresHigh, _ = bits.Add64(t.squaresHigh, more.squaresHigh, carry)
}

func (t totals) Count() int64 { return t.count }
func (t totals) Sum() int64   { return t.sum }
func (t totals) Min() int64   { return t.min }
func (t totals) Max() int64   { return t.max }

func (t totals) Mean() float64 {
	if t.count == 0 {
		return 0
	}
	return float64(t.sum) / float64(t.count)
}

// Variance returns (n·Σd² - (Σd)²) / n².
func (t totals) Variance() float64 {
	if t.count == 0 {
		return 0
	}
	n, sum := big.NewInt(t.count), big.NewInt(t.sum)
	v := new(big.Int).SetUint64(t.squaresHigh)
	v.Lsh(v, 64).Add(v, new(big.Int).SetUint64(t.squaresLow))
	v.Mul(v, n).Sub(v, sum.Mul(sum, sum))
	variance, _ := new(big.Rat).SetFrac(v, n.Mul(n, n)).Float64()
	return variance
}

func (t totals) StdDev() float64 { return math.Sqrt(t.Variance()) }

// A snapshot is the state of a timer at one time.
type snapshot struct {
	totals
	values   []int64
	rates    [3]float64
	rateMean float64
}

func (t *snapshot) Percentile(p float64) float64 { return t.Percentiles([]float64{p})[0] }
func (t *snapshot) Percentiles(ps []float64) []float64 {
	return metrics.SamplePercentiles(slices.Clone(t.values), ps) // which sorts them
}

func (t *snapshot) Rate1() float64          { return t.rates[0] }
func (t *snapshot) Rate5() float64          { return t.rates[1] }
func (t *snapshot) Rate15() float64         { return t.rates[2] }
func (t *snapshot) RateMean() float64       { return t.rateMean }
func (t *snapshot) Snapshot() metrics.Timer { return t }
func (*snapshot) Stop()                     {}

// A snapshot can't be updated, as with go-metrics.

func (*snapshot) Time(func())           { panic("Time called on a snapshot of a timer") }
func (*snapshot) Update(time.Duration)  { panic("Update called on a snapshot of a timer") }
func (*snapshot) UpdateSince(time.Time) { panic("UpdateSince called on a snapshot of a timer") }

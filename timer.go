package tigertonic

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

// A shardedTimer is a metrics.Timer that many cores can update at a time. What is
// exact is kept in as many shards as there are of them, each with a lock that is
// hardly ever waited for, since a sync.Pool gives a core the shard that it had
// before. Only the few durations that get into the sample, and the end of the
// intervals that the rates are averages of, touch what all share.
//
// There is no goroutine: who comes first after the end of an interval ends it.
type shardedTimer struct {
	born   time.Time // all times are since then
	shards []timerShard
	idle   sync.Pool // of pointers to shards
	next   atomic.Uint32
	sample decayingSample
	rates  movingRates
}

type timerShard struct {
	mu sync.Mutex
	totals
	_ [128 - 56]byte // two cache lines, of which processors fetch pairs
}

func newTimer() metrics.Timer {
	if metrics.UseNilMetrics {
		return metrics.NilTimer{}
	}
	t := &shardedTimer{born: time.Now(), shards: make([]timerShard, runtime.GOMAXPROCS(0))}
	t.rates.due.Store(int64(rateInterval))
	t.idle.New = func() any { // also for one that the garbage collector has taken from the pool, not from here
		return &t.shards[int(t.next.Add(1))%len(t.shards)]
	}
	return t
}

// Time calls f and adds how long it took.
func (t *shardedTimer) Time(f func()) {
	start := time.Now()
	f()
	t.UpdateSince(start)
}

// UpdateSince adds the duration from start until now.
func (t *shardedTimer) UpdateSince(start time.Time) { t.updateFrom(start.Sub(t.born)) }

// Update adds a duration that ends now.
func (t *shardedTimer) Update(d time.Duration) { t.update(t.now(), d) }

// now costs half of what time.Now does, which reads the wall clock, too.
func (t *shardedTimer) now() time.Duration { return time.Since(t.born) }

// updateFrom adds the duration from start, as now has returned it, until now.
func (t *shardedTimer) updateFrom(start time.Duration) {
	now := t.now()
	t.update(now, now-start)
}

func (t *shardedTimer) update(now, d time.Duration) {
	t.endInterval(now)
	shard := t.idle.Get().(*timerShard)
	shard.mu.Lock()
	shard.add(int64(d))
	shard.mu.Unlock()
	t.idle.Put(shard)
	t.sample.offer(now, int64(d))
}

// endInterval brings the rates up to date.
func (t *shardedTimer) endInterval(now time.Duration) {
	if int64(now) >= t.rates.due.Load() {
		t.rates.end(now, t.Count())
	}
}

func (t *shardedTimer) totals() (all totals) {
	for i := range t.shards {
		shard := &t.shards[i]
		shard.mu.Lock()
		all.addAll(shard.totals)
		shard.mu.Unlock()
	}
	return all
}

// Snapshot returns the timer as it is now.
func (t *shardedTimer) Snapshot() metrics.Timer {
	t.endInterval(t.now())
	return &timerSnapshot{t.totals(), t.sample.values(), t.rates.get(), t.RateMean()}
}

// Stop does nothing, for there is nothing to stop.
func (*shardedTimer) Stop() {}

func (t *shardedTimer) Count() int64      { return t.totals().Count() }
func (t *shardedTimer) Sum() int64        { return t.totals().Sum() }
func (t *shardedTimer) Min() int64        { return t.totals().Min() }
func (t *shardedTimer) Max() int64        { return t.totals().Max() }
func (t *shardedTimer) Mean() float64     { return t.totals().Mean() }
func (t *shardedTimer) Variance() float64 { return t.totals().Variance() }
func (t *shardedTimer) StdDev() float64   { return t.totals().StdDev() }

func (t *shardedTimer) Percentile(p float64) float64 { return t.Percentiles([]float64{p})[0] }
func (t *shardedTimer) Percentiles(ps []float64) []float64 {
	return metrics.SamplePercentiles(t.sample.values(), ps)
}

func (t *shardedTimer) Rate1() float64    { return t.Snapshot().Rate1() }
func (t *shardedTimer) Rate5() float64    { return t.Snapshot().Rate5() }
func (t *shardedTimer) Rate15() float64   { return t.Snapshot().Rate15() }
func (t *shardedTimer) RateMean() float64 { return float64(t.Count()) / t.now().Seconds() }

// Totals are what is known exactly of durations. The sum of their squares has 128
// bits, so that the variance is exact, too.
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

// A timerSnapshot is what a timer has been at a time.
type timerSnapshot struct {
	totals
	values   []int64
	rates    [3]float64
	rateMean float64
}

func (t *timerSnapshot) Percentile(p float64) float64 { return t.Percentiles([]float64{p})[0] }
func (t *timerSnapshot) Percentiles(ps []float64) []float64 {
	return metrics.SamplePercentiles(slices.Clone(t.values), ps) // which sorts them
}

func (t *timerSnapshot) Rate1() float64          { return t.rates[0] }
func (t *timerSnapshot) Rate5() float64          { return t.rates[1] }
func (t *timerSnapshot) Rate15() float64         { return t.rates[2] }
func (t *timerSnapshot) RateMean() float64       { return t.rateMean }
func (t *timerSnapshot) Snapshot() metrics.Timer { return t }
func (*timerSnapshot) Stop()                     {}

// A snapshot can't be updated, as with go-metrics.

func (*timerSnapshot) Time(func())           { panic("Time called on a snapshot of a timer") }
func (*timerSnapshot) Update(time.Duration)  { panic("Update called on a snapshot of a timer") }
func (*timerSnapshot) UpdateSince(time.Time) { panic("UpdateSince called on a snapshot of a timer") }

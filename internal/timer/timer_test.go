package timer_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/timer"
)

func newTimer() metrics.Timer { return timer.New() }

// update updates the timer from several goroutines.
func update(timer metrics.Timer, values []int64) {
	var wg sync.WaitGroup
	for part := range slices.Chunk(values, len(values)/4+1) {
		wg.Go(func() {
			for _, value := range part {
				timer.Update(time.Duration(value))
			}
		})
	}
	wg.Wait()
}

// The oracle is go-metrics, with all values as the sample.
func TestTimerKnowsItsTotalsExactly(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, value := range map[string]func() int64{
		"around a millisecond": func() int64 { return int64(1e6 + random.NormFloat64()*1e5) },
		"up to an hour":        func() int64 { return random.Int64N(int64(time.Hour)) },
		"close to each other":  func() int64 { return int64(time.Hour) + random.Int64N(10) },
		"all the same":         func() int64 { return 7 },
		"nothing":              func() int64 { return 0 },
		"of both signs":        func() int64 { return random.Int64N(2000) - 1000 },
	} {
		timer, values := newTimer(), make([]int64, 20_000)
		for i := range values {
			values[i] = value()
		}
		update(timer, values)
		for _, timer := range []metrics.Timer{timer, timer.Snapshot()} {
			assert.EqualValues(t, len(values), timer.Count(), name)
			assert.Equal(t, metrics.SampleSum(values), timer.Sum(), name)
			assert.Equal(t, slices.Min(values), timer.Min(), name)
			assert.Equal(t, slices.Max(values), timer.Max(), name)
			assert.InDelta(t, metrics.SampleMean(values), timer.Mean(), 0, name)
			variance := metrics.SampleVariance(values)
			assert.InDelta(t, variance, timer.Variance(), 1e-7*variance, "%s: the sum of floats isn't as exact", name)
			assert.InDelta(t, metrics.SampleStdDev(values), timer.StdDev(), 1e-7*variance, name)
		}
	}
}

// 128 bits hold the squares of the longest durations that there are.
func TestTimerTakesTheLongestDurations(t *testing.T) {
	const long = 1 << 62
	timer := newTimer()
	timer.Update(long)
	timer.Update(-long)
	assert.InDelta(t, 0, timer.Mean(), 0)
	assert.InDelta(t, float64(long), timer.StdDev(), 0)
}

func TestTimerStartsEmpty(t *testing.T) {
	for _, timer := range []metrics.Timer{newTimer(), newTimer().Snapshot()} {
		assert.Zero(t, timer.Count()+timer.Sum()+timer.Min()+timer.Max())
		assert.Zero(t, timer.Mean()+timer.Variance()+timer.StdDev())
		assert.Zero(t, timer.Rate1()+timer.Rate5()+timer.Rate15()+timer.RateMean())
		assert.Equal(t, []float64{0, 0}, timer.Percentiles([]float64{0.5, 1}))
		assert.Zero(t, timer.Percentile(0.5))
	}
}

func TestTimerSampleHasAllValuesWhileTheyFit(t *testing.T) {
	ps := []float64{0, 0.1, 0.5, 0.9, 0.999, 1}
	for _, n := range []int{1, 2, 1027, 1028} {
		timer, values := newTimer(), rand.Perm(n)
		want := make([]int64, n)
		for i, value := range values {
			want[i] = int64(value)
		}
		update(timer, want)
		assert.Equal(t, metrics.SamplePercentiles(want, ps), timer.Percentiles(ps), n)
		assert.Equal(t, timer.Percentiles(ps), timer.Snapshot().Percentiles(ps), n)
	}
}

func TestTimerSampleIsFair(t *testing.T) {
	const n = 200_000
	timer, values := newTimer(), make([]int64, n)
	for i := range values {
		values[i] = int64(i) // in order, so that it shows if the first or the last ones were favoured
	}
	update(timer, values)
	for _, p := range []float64{0.1, 0.25, 0.5, 0.75, 0.9} {
		assert.InDelta(t, p*n, timer.Percentile(p), 0.1*n, "six times the standard deviation, at least")
	}
}

// A value weighs exp(0.015) times as much as one of a second before.
func TestTimerSampleForgets(t *testing.T) {
	for pause, want := range map[time.Duration]float64{ // the share of the old ones
		0:               0.5,
		time.Minute:     0.289,
		3 * time.Minute: 0.063,
		time.Hour:       0,
	} {
		synctest.Test(t, func(t *testing.T) {
			timer := newTimer()
			time.Sleep(10 * time.Hour)
			for range 20_000 {
				timer.Update(1)
			}
			time.Sleep(pause)
			for range 20_000 {
				timer.Update(2)
			}
			old := 0
			ps := make([]float64, 1000)
			for i := range ps {
				ps[i] = float64(i) / 1000
			}
			for _, value := range timer.Percentiles(ps) {
				if value < 1.5 {
					old++
				}
			}
			assert.InDelta(t, want, float64(old)/1000, 0.1, "after %v", pause)
			assert.EqualValues(t, 40_000, timer.Count())
		})
	}
}

// The oracle is go-metrics' moving average, which something has to tick.
func TestTimerRatesAreThoseOfAMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(3, 4))
		timer, start := newTimer(), time.Now()
		oracles := []metrics.EWMA{metrics.NewEWMA1(), metrics.NewEWMA5(), metrics.NewEWMA15()}
		time.Sleep(time.Second)
		count := 0
		for range 300 {
			n := random.IntN(100) * random.IntN(2)
			for range n {
				timer.Update(1)
			}
			count += n
			for _, oracle := range oracles {
				oracle.Update(int64(n))
			}
			for range 1 + random.IntN(2)*random.IntN(50) { // some intervals pass without anybody looking
				time.Sleep(5 * time.Second)
				for _, oracle := range oracles {
					oracle.Tick()
				}
			}
			if random.IntN(2) == 0 {
				continue
			}
			for i, got := range []float64{timer.Rate1(), timer.Rate5(), timer.Rate15()} {
				require.InDelta(t, oracles[i].Rate(), got, 1e-9)
			}
			require.InDelta(t, float64(count)/time.Since(start).Seconds(), timer.Snapshot().RateMean(), 1e-9)
		}
		assert.Positive(t, timer.Snapshot().Rate15())
	})
}

func TestTimerSnapshotStaysAsItIs(t *testing.T) {
	timer := newTimer()
	timer.Time(func() {})
	timer.Update(5)
	snapshot := timer.Snapshot()
	before := snapshot.Percentiles([]float64{0, 1})
	timer.Update(time.Hour)
	timer.UpdateSince(time.Now().Add(-time.Hour))
	timer.Stop()
	snapshot.Stop()
	assert.EqualValues(t, 2, snapshot.Count())
	assert.Equal(t, before, snapshot.Percentiles([]float64{0, 1}))
	assert.Same(t, snapshot, snapshot.Snapshot())
	assert.EqualValues(t, 4, timer.Count())
	assert.GreaterOrEqual(t, timer.Max(), int64(time.Hour))
	for name, update := range map[string]func(){
		"Time":        func() { snapshot.Time(func() {}) },
		"Update":      func() { snapshot.Update(1) },
		"UpdateSince": func() { snapshot.UpdateSince(time.Now()) },
	} {
		assert.PanicsWithValue(t, name+" called on a snapshot of a timer", update)
	}
}

package tally

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every duration is in the bucket whose bounds it lies between.
func TestDurationsAreInTheirBuckets(t *testing.T) {
	bounds := Bounds()
	require.Len(t, bounds, classic-1)
	for d := time.Duration(1); d < time.Hour; d += d/7 + 1 {
		i := classicOf(d)
		if i > 0 {
			assert.Greater(t, d, bounds[i-1])
		}
		if i < len(bounds) {
			assert.LessOrEqual(t, d, bounds[i])
		}
		k := keyOf(d)
		upper := math.Exp2(float64(k) / perDouble)
		if k > MinKey && k < MaxKey {
			assert.Greater(t, d.Seconds(), math.Exp2(float64(k-1)/perDouble)*(1-1e-12))
			assert.LessOrEqual(t, d.Seconds(), upper*(1+1e-12))
		}
	}
	assert.Equal(t, 0, keyOf(time.Second), "whose bound is 1")
	assert.Equal(t, MinKey, keyOf(0))
	assert.Equal(t, MinKey, keyOf(-time.Second))
	assert.Equal(t, MaxKey, keyOf(24*time.Hour))
	for i, bound := range bounds {
		assert.Equal(t, i, classicOf(bound), "a bound is in its bucket")
	}
}

func TestQuantilesAreCloseToTheDurations(t *testing.T) {
	tally := New(2)
	for i := range 1000 {
		tally.Begin(i % 2)
		tally.End(i%2, &Event{Class: 1, Duration: time.Duration(i+1) * time.Millisecond})
	}
	r := tally.Read(0)
	counts := r.Classes[1].Native[:]
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond, 0: time.Millisecond, 1: time.Second} {
		got := quantile(counts, q)
		assert.GreaterOrEqual(t, got, want, "%v", q)
		assert.Less(t, got, want*110/100, "%v", q)
	}
	assert.Equal(t, quantile(counts, 0.5), r.P50)
	assert.Equal(t, quantile(counts, 0.99), r.P99)
	assert.Zero(t, quantile([]uint64{0}, 0.5))
}

func TestTallyAddsUpWhatItsShardsHave(t *testing.T) {
	const shards, each = 4, 500
	tally := New(shards)
	var all sync.WaitGroup
	for shard := range shards {
		all.Go(func() {
			for range each {
				tally.Begin(shard)
				tally.End(shard, &Event{Class: shard % 2, Failed: shard == 1, Duration: time.Second, Bytes: 3, TraceID: "trace"})
			}
			tally.Begin(shard)
			tally.Begin(shard)
			tally.Cancel(shard)
		})
	}
	all.Wait()
	r := tally.Read(0)
	assert.EqualValues(t, shards, r.InFlight)
	for _, class := range []int{0, 1} {
		c := r.Classes[class]
		assert.EqualValues(t, 2*each, c.Count)
		assert.EqualValues(t, 2*each*3, c.Bytes)
		assert.Equal(t, 2*each*time.Second, c.Sum)
		assert.EqualValues(t, 2*each, c.Classic[9])
		assert.EqualValues(t, 2*each, c.Native[-MinKey])
		assert.Equal(t, "trace", c.Exemplars[9].TraceID)
	}
	assert.Nil(t, r.Classes[2], "what never happened")
	assert.EqualValues(t, shards*each, r.History[Intervals-1].Count)
	assert.EqualValues(t, each, r.History[Intervals-1].Errors)
}

// The last minutes are remembered, and no more.
func TestTallyForgetsWhatIsLongAgo(t *testing.T) {
	tally := New(1)
	at := func(at, d time.Duration) {
		tally.Begin(0)
		tally.End(0, &Event{Class: 1, Duration: d, At: at})
	}
	at(0, time.Second)
	at(time.Minute, time.Second)
	r := tally.Read(time.Minute)
	assert.EqualValues(t, 1, r.History[Intervals-1-6].Count)
	assert.EqualValues(t, 1, r.History[Intervals-1].Count)
	assert.NotZero(t, r.P50)

	r = tally.Read(10 * time.Minute)
	assert.EqualValues(t, 0, r.History[0].Count, "ten minutes ago has just gone")
	assert.EqualValues(t, 1, r.History[5].Count)
	assert.Zero(t, r.P50, "nothing has happened for a while")

	at(10*time.Minute, time.Millisecond)
	r = tally.Read(10 * time.Minute)
	assert.EqualValues(t, 1, r.History[Intervals-1].Count)
	assert.Less(t, r.P99, 2*time.Millisecond)
	assert.EqualValues(t, 3, r.Classes[1].Count)
}

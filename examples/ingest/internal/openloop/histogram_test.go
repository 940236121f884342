package openloop

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestQuantilesAreWithin3PercentOfSortedValues(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 10, 1000, 50_000} {
		var h Histogram
		values := make([]time.Duration, n)
		sum := 0.0
		for i := range values {
			values[i] = time.Duration(math.Exp(random.Float64() * 25)) // from 1 ns to 72 s
			h.Add(values[i])
			sum += float64(values[i])
		}
		slices.Sort(values)
		for _, q := range []float64{0, 0.1, 0.5, 0.9, 0.99, 0.999, 1} {
			want := values[max(0, int(math.Ceil(q*float64(n)))-1)]
			if got := h.Quantile(q); got < want || float64(got) > 1.032*float64(want)+1 {
				t.Errorf("of %d values, quantile %v: got %v, want %v", n, q, got, want)
			}
		}
		if h.Min() != values[0] || h.Max() != values[n-1] || h.Count() != int64(n) {
			t.Errorf("got min %v, max %v, count %d, want %v, %v, %d", h.Min(), h.Max(), h.Count(), values[0], values[n-1], n)
		}
		if got, want := float64(h.Mean()), sum/float64(n); math.Abs(got-want) > 1+want/1e9 {
			t.Errorf("got mean %v, want %v", got, want)
		}
		if got := h.Between(-1, h.Max()) + h.Between(h.Max(), math.MaxInt64); got != int64(n) {
			t.Errorf("rows hold %d of %d values", got, n)
		}
	}
}

func TestEveryDurationIsInTheBucketThatEndsAfterIt(t *testing.T) {
	for shift := range 63 {
		for _, d := range []time.Duration{1 << shift, 1<<shift - 1, 1<<shift + 1, math.MaxInt64} {
			i := bucket(d)
			if i < 0 || i >= buckets || upper(i) < d || i > 0 && upper(i-1) >= d {
				t.Errorf("%d is in bucket %d, which ends at %d", d, i, upper(i))
			}
		}
	}
}

func TestEmptyHistogramIsAllZero(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Mean() != 0 || h.Min() != 0 || h.Max() != 0 {
		t.Errorf("got %v, %v, %v, %v, want zeros", h.Quantile(0.5), h.Mean(), h.Min(), h.Max())
	}
	h.Add(-5)
	if h.Max() != 0 || h.Count() != 1 {
		t.Errorf("a negative duration counts as %v", h.Max())
	}
}

package admin_test

import (
	"math"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic/admin"
)

// go-metrics adds int64s, so that a few timestamps in nanoseconds are a negative
// sum.
func TestSumOfAHistogramIsNoInt64(t *testing.T) {
	registry := metrics.NewRegistry()
	h := register(t, registry, "when", metrics.NewHistogram(metrics.NewUniformSample(100)))
	for range 50 {
		h.Update(math.MaxInt64)
	}
	assert.InEpsilon(t, 50*float64(math.MaxInt64), values(t, newAdmin(service, admin.Options{Registry: registry}))["when_sum"], 1e-12)
}

// A timer's sum is that of its sample, of 1,028 values. Prometheus divides what
// _sum has risen by through what _count has, and takes a fall for a restart.
func TestSumOfATimerRisesAsItsCountDoes(t *testing.T) {
	registry := metrics.NewRegistry()
	timer := register(t, registry, "t", metrics.NewTimer())
	a := newAdmin(service, admin.Options{Registry: registry})
	last, total := values(t, a), 0.0
	for i := range 50 {
		for range 1000 {
			d := time.Duration(i%5+1) * 100 * time.Millisecond
			timer.Update(d)
			total += d.Seconds()
		}
		got := values(t, a)
		assert.InDelta(t, 1000, got["t_seconds_count"]-last["t_seconds_count"], 0)
		assert.GreaterOrEqual(t, got["t_seconds_sum"], last["t_seconds_sum"])
		last = got
	}
	assert.InEpsilon(t, total, last["t_seconds_sum"], 0.1)
	again := values(t, a)
	assert.InDelta(t, last["t_seconds_sum"], again["t_seconds_sum"], 0, "nothing has come")
}

func TestSumOfAHistogramThatWasClearedBeginsAnew(t *testing.T) {
	registry := metrics.NewRegistry()
	h := register(t, registry, "h", metrics.NewHistogram(metrics.NewUniformSample(10)))
	a := newAdmin(service, admin.Options{Registry: registry})
	for range 1000 {
		h.Update(5)
	}
	assert.InDelta(t, 5000, values(t, a)["h_sum"], 1e-9)
	h.Clear()
	assert.Zero(t, values(t, a)["h_sum"])
	for range 20 {
		h.Update(2)
	}
	assert.InDelta(t, 40, values(t, a)["h_sum"], 1e-9)
}

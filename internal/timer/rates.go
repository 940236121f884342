package timer

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// MovingRates are events per second, averaged over 1, 5 and 15 minutes like Unix's load
// average: at the end of each interval of five seconds, the rate moves towards that of
// the interval. They are 0 before the end of the first interval. They equal those of a
// go-metrics meter, but no clock ends the intervals: counting an event first ends those
// that have passed, and everything counted until then belongs to the first of them.
type movingRates struct {
	due   atomic.Int64 // when the interval ends, in nanoseconds
	mu    sync.Mutex
	began bool
	count int64 // at the beginning of the interval
	rates [3]float64
}

const rateInterval = 5 * time.Second

// end ends the intervals that have passed with the count of events.
func (m *movingRates) end(now time.Duration, count int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	due := time.Duration(m.due.Load())
	if now < due {
		return
	}
	empty := int64((now - due) / rateInterval) // after the first one
	latest := float64(count-m.count) / rateInterval.Seconds()
	for i, minutes := range []float64{1, 5, 15} {
		left := math.Exp(-rateInterval.Minutes() / minutes) // of the old rate
		if m.began {
			m.rates[i] = latest + left*(m.rates[i]-latest)
		} else {
			m.rates[i] = latest
		}
		m.rates[i] *= math.Pow(left, float64(empty))
	}
	m.began, m.count = true, count
	m.due.Add((empty + 1) * int64(rateInterval))
}

func (m *movingRates) get() [3]float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rates
}

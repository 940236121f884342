package timer

import (
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// A decayingSample keeps 1,028 of the durations that it is offered, and favors recent
// ones: a duration that comes a second later weighs exp(decay) times as much, so that
// most are from the last minutes however many there are. It is the same sample as that of
// a timer of go-metrics: see Cormode, Shkapenyuk, Srivastava and Xu, "Forward Decay",
// 2009.
//
// Each duration draws a number u between 0 and 1, and those with the greatest weight/u
// are kept. Their order is that of log(weight) - log(u), which is the time times decay,
// and a number with an exponential distribution. These numbers don't overflow, so nothing
// has to be rescaled from time to time, and comparing with the least one kept rejects a
// duration without a lock.
//
// The zero value is empty.
type decayingSample struct {
	least atomic.Uint64 // the bits of the least rank, once the sample is full
	mu    sync.Mutex
	kept  []ranked // a heap once it is full, the least rank first
}

const (
	sampleSize = 1028
	decay      = 0.015 // a second
)

type ranked struct {
	rank  float64
	value int64
}

// offer is called with the time since the sample was made.
func (s *decayingSample) offer(now time.Duration, value int64) {
	rank := decay/float64(time.Second)*float64(now) + rand.ExpFloat64() //nolint:gosec // nothing is to be guarded from guessing
	if rank <= math.Float64frombits(s.least.Load()) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.kept) < sampleSize-1:
		s.kept = append(s.kept, ranked{rank, value})
		return
	case len(s.kept) < sampleSize:
		s.kept = append(s.kept, ranked{rank, value})
		for i := sampleSize/2 - 1; i > 0; i-- {
			s.sink(i)
		}
	case rank > s.kept[0].rank:
		s.kept[0] = ranked{rank, value}
	}
	s.sink(0)
	s.least.Store(math.Float64bits(s.kept[0].rank))
}

// sink moves element i of the heap down to its place.
func (s *decayingSample) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(s.kept) {
			return
		}
		if right := child + 1; right < len(s.kept) && s.kept[right].rank < s.kept[child].rank {
			child = right
		}
		if s.kept[i].rank <= s.kept[child].rank {
			return
		}
		s.kept[i], s.kept[child] = s.kept[child], s.kept[i]
		i = child
	}
}

// values returns the durations, in no order.
func (s *decayingSample) values() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	values := make([]int64, len(s.kept))
	for i, r := range s.kept {
		values[i] = r.value
	}
	return values
}

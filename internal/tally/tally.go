package tally

import (
	"sync"
	"sync/atomic"
	"time"
)

// Classes is how many classes there are.
const Classes = 5

const (
	// Interval is the length of an element of a History.
	Interval = 10 * time.Second
	// Intervals is the number of elements of a History, the last of which is still in
	// progress.
	Intervals = 60
	// window is for how long quantiles are of recent durations, at least.
	window = 5 * time.Minute
)

// A Tally counts the events under one name. Its shards keep cores from waiting for each
// other.
type Tally struct {
	shards []shard
}

// New returns a tally with this many shards.
func New(shards int) *Tally { return &Tally{make([]shard, shards)} }

type shard struct {
	inFlight atomic.Int64
	mu       sync.Mutex // of the rest
	classes  [Classes]*Class
	history  [Intervals]slot
	recent   [2]generation
	_        [64]byte // the next one is on another line of the cache
}

type slot struct {
	number        int64 // of the interval
	count, errors uint32
}

type generation struct {
	number int64 // of the window
	counts *[native]uint32
}

// A Class holds the counts of a class of events.
type Class struct {
	Histogram
	Bytes     uint64
	Exemplars map[int]Exemplar // by the index of the classic bucket
}

// An Exemplar is the trace of an event in a bucket.
type Exemplar struct {
	TraceID  string
	Duration time.Duration
	Time     time.Time
}

// An Event is a finished event.
type Event struct {
	Class    int // from 0
	Failed   bool
	Duration time.Duration
	Bytes    int64
	TraceID  string        // or ""
	At       time.Duration // since some time that is the same for all
}

// Begin counts an event that begins.
func (t *Tally) Begin(shard int) {
	t.shards[shard].inFlight.Add(1)
}

// Cancel undoes Begin.
func (t *Tally) Cancel(shard int) {
	t.shards[shard].inFlight.Add(-1)
}

// End counts an event that Begin counted as ended.
func (t *Tally) End(shard int, e *Event) {
	bucket, key := classicOf(e.Duration), keyOf(e.Duration)
	s := &t.shards[shard]
	s.inFlight.Add(-1)
	s.mu.Lock()
	c := s.classes[e.Class]
	if c == nil {
		c = &Class{}
		s.classes[e.Class] = c
	}
	c.add(e.Duration, bucket, key)
	c.Bytes += uint64(max(e.Bytes, 0))
	if e.TraceID != "" {
		if c.Exemplars == nil {
			c.Exemplars = map[int]Exemplar{}
		}
		c.Exemplars[bucket] = Exemplar{e.TraceID, e.Duration, time.Now()}
	}
	s.remember(e, key)
	s.mu.Unlock()
}

func (s *shard) remember(e *Event, key int) {
	number := int64(e.At / Interval)
	h := &s.history[number%Intervals]
	if h.number != number {
		*h = slot{number: number}
	}
	h.count++
	if e.Failed {
		h.errors++
	}
	number = int64(e.At / window)
	g := &s.recent[number%2]
	switch {
	case g.counts == nil:
		*g = generation{number, new([native]uint32)}
	case g.number != number:
		g.number = number
		clear(g.counts[:])
	}
	g.counts[key-MinKey]++
}

// A Reading is what a tally has counted.
type Reading struct {
	InFlight int64
	Classes  [Classes]*Class // nil for what never happened
	// History has the last intervals, the oldest first.
	History  [Intervals]struct{ Count, Errors uint32 }
	P50, P99 time.Duration // of the last minutes
}

// Read returns the counts up to now, a time like [Event.At].
func (t *Tally) Read(now time.Duration) *Reading {
	r := &Reading{}
	var recent [native]uint64
	for i := range t.shards {
		t.shards[i].addTo(r, recent[:], now)
	}
	r.P50, r.P99 = quantile(recent[:], 0.5), quantile(recent[:], 0.99)
	return r
}

func (s *shard) addTo(r *Reading, recent []uint64, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.InFlight += s.inFlight.Load()
	for i, c := range s.classes {
		if c == nil {
			continue
		}
		if r.Classes[i] == nil {
			r.Classes[i] = &Class{Exemplars: map[int]Exemplar{}}
		}
		all := r.Classes[i]
		all.merge(&c.Histogram)
		all.Bytes += c.Bytes
		for bucket, e := range c.Exemplars {
			if e.Time.After(all.Exemplars[bucket].Time) {
				all.Exemplars[bucket] = e
			}
		}
	}
	last := int64(now / Interval)
	for _, h := range &s.history {
		if age := last - h.number; age >= 0 && age < Intervals {
			r.History[Intervals-1-age].Count += h.count
			r.History[Intervals-1-age].Errors += h.errors
		}
	}
	for _, g := range s.recent {
		if g.counts != nil && int64(now/window)-g.number <= 1 {
			for i, n := range g.counts {
				recent[i] += uint64(n)
			}
		}
	}
}

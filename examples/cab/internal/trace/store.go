package trace

import (
	"cmp"
	"context"
	"hash/maphash"
	"math"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// A Store keeps traces. It decides about a trace once that is over: it keeps all those with
// an error, all slow ones and all that a client has asked for, and a few of the rest. New
// ones replace the oldest.
//
// Every span that arrives is counted: as one that is there ([StoreCounts.Stored] and
// [StoreCounts.Pending]), or as one that was dropped.
//
// Create one with [NewStore]. Its methods may be called concurrently.
type Store struct {
	options StoreOptions
	seed    maphash.Seed

	mu      sync.Mutex
	counts  StoreCounts
	pending map[oteltrace.TraceID]*kept
	waiting []*kept // in the order in which they came
	kept    map[oteltrace.TraceID]*kept
	order   []*kept                       // the oldest first
	gone    [2]map[oteltrace.TraceID]bool // traces that aren't kept, the newer ones first
	free    [][]Span                      // room of such traces, for new ones
}

// StoreOptions are the options of a [Store].
type StoreOptions struct {
	// MaxSpans is how many spans are kept, and how many may wait for the end of their
	// traces. Zero means 50,000.
	MaxSpans int
	// Slow is the duration from which on a trace is kept. Zero means 250 milliseconds.
	Slow time.Duration
	// Linger is how long a trace that has ended waits for spans of other processes.
	Linger time.Duration
	// Chance returns which part of the other traces is kept, from 0 to 1. By default, all
	// of them are.
	Chance func() float64
	// Now is the clock.
	Now func() time.Time
}

const (
	defaultSpans = 50_000
	defaultSlow  = 250 * time.Millisecond
	// mostWait is how long a trace may wait for its first span.
	mostWait = 30 * time.Second
	// mostOfTrace is how many spans of a trace are kept.
	mostOfTrace = 2000
	// mostGone is how many traces are remembered that aren't kept, twice.
	mostGone = 20_000
)

// StoreCounts are how many spans there were.
type StoreCounts struct {
	Received   int64 `json:"received" doc:"Spans that have come."`
	Stored     int64 `json:"stored" doc:"Those that are kept."`
	Pending    int64 `json:"pending" doc:"Those whose trace goes on."`
	SampledOut int64 `json:"sampledOut" doc:"Those of traces that were quick and without an error."`
	Evicted    int64 `json:"evicted" doc:"Those that have given way to newer ones."`
	Duplicates int64 `json:"duplicates" doc:"Those that had come before."`
}

// kept is a trace.
type kept struct {
	id     oteltrace.TraceID
	spans  []Span
	came   time.Time
	ended  time.Time // when the first span came, which ends last
	failed bool
	keep   bool
	took   time.Duration
}

// NewStore returns a store.
func NewStore(o StoreOptions) *Store {
	o.MaxSpans, o.Slow = cmp.Or(o.MaxSpans, defaultSpans), cmp.Or(o.Slow, defaultSlow)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Chance == nil {
		o.Chance = func() float64 { return 1 }
	}
	return &Store{
		options: o, seed: maphash.MakeSeed(), pending: map[oteltrace.TraceID]*kept{}, kept: map[oteltrace.TraceID]*kept{},
		gone: [2]map[oteltrace.TraceID]bool{{}, {}},
	}
}

// ExportSpans adds spans of this process. It never fails.
func (s *Store) ExportSpans(_ context.Context, spans []sdk.ReadOnlySpan) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	var from *resource.Resource
	var here Process
	for i := range spans {
		if r := spans[i].Resource(); r != from { // which is the same one for all
			from, here = r, processOf(r)
		}
		span := of(spans[i], here)
		s.add(&span, now)
	}
	s.decide(now)
	return nil
}

// Add adds spans.
func (s *Store) Add(spans []Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	for i := range spans {
		s.add(&spans[i], now)
	}
	s.decide(now)
}

// Tick decides about waiting traces. It must be called from time to time.
func (s *Store) Tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decide(s.options.Now())
}

func (s *Store) add(span *Span, now time.Time) {
	s.counts.Received++
	if s.gone[0][span.Trace] || s.gone[1][span.Trace] {
		s.counts.SampledOut++
		return
	}
	t, there := s.kept[span.Trace]
	count := &s.counts.Stored
	if !there {
		count = &s.counts.Pending
		if t, there = s.pending[span.Trace]; !there {
			t = &kept{id: span.Trace, came: now, spans: s.room()}
			s.pending[span.Trace] = t
			s.waiting = append(s.waiting, t)
		}
	}
	switch {
	case t.has(span.ID):
		s.counts.Duplicates++
		return
	case len(t.spans) >= mostOfTrace:
		s.counts.Evicted++
		return
	}
	t.spans = append(t.spans, *span)
	*count++
	t.failed, t.keep = t.failed || span.Failed, t.keep || span.Keep
	if (span.Start || !span.Parent.IsValid()) && t.ended.IsZero() {
		t.ended, t.took = now, span.Ended.Sub(span.Began)
	}
}

func (t *kept) has(id oteltrace.SpanID) bool {
	for i := range t.spans {
		if t.spans[i].ID == id {
			return true
		}
	}
	return false
}

// decide keeps or drops the traces that are over, and makes room for them.
func (s *Store) decide(now time.Time) {
	left := s.waiting[:0]
	for _, t := range s.waiting {
		over := !t.ended.IsZero() && now.Sub(t.ended) >= s.options.Linger || now.Sub(t.came) >= mostWait
		switch {
		case over:
			s.settle(t)
		case s.counts.Pending > int64(s.options.MaxSpans):
			s.forget(t, &s.counts.Pending, &s.counts.Evicted)
		default:
			left = append(left, t)
		}
	}
	clear(s.waiting[len(left):])
	s.waiting = left
	for s.counts.Stored > int64(s.options.MaxSpans) {
		t := s.order[0]
		s.order = s.order[1:]
		delete(s.kept, t.id)
		s.forget(t, &s.counts.Stored, &s.counts.Evicted)
	}
}

func (s *Store) settle(t *kept) {
	if !t.failed && !t.keep && !t.ended.IsZero() && t.took < s.options.Slow && !s.lucky(t.id) {
		s.forget(t, &s.counts.Pending, &s.counts.SampledOut)
		return
	}
	delete(s.pending, t.id)
	s.kept[t.id] = t
	s.order = append(s.order, t)
	s.counts.Pending -= int64(len(t.spans))
	s.counts.Stored += int64(len(t.spans))
}

// room returns an empty slice for the spans of a trace.
func (s *Store) room() []Span {
	if n := len(s.free); n > 0 {
		spans := s.free[n-1]
		s.free = s.free[:n-1]
		return spans
	}
	return make([]Span, 0, usual)
}

const (
	// usual is how many spans most traces have at most.
	usual = 32
	// mostFree is how many slices are kept for reuse.
	mostFree = 256
)

// forget drops a trace, and its spans that arrive later.
func (s *Store) forget(t *kept, from, to *int64) {
	delete(s.pending, t.id)
	*from -= int64(len(t.spans))
	*to += int64(len(t.spans))
	if len(s.gone[0]) >= mostGone {
		s.gone[0], s.gone[1] = s.gone[1], s.gone[0]
		clear(s.gone[0])
	}
	s.gone[0][t.id] = true
	if len(s.free) < mostFree && cap(t.spans) == usual { // Get has returned copies
		clear(t.spans)
		s.free = append(s.free, t.spans[:0])
	}
	t.spans = nil
}

// lucky reports whether a trace is in the part that is always kept.
func (s *Store) lucky(id oteltrace.TraceID) bool {
	return float64(maphash.Comparable(s.seed, id)) < s.options.Chance()*math.MaxUint64
}

// Counts returns how many spans there were.
func (s *Store) Counts() StoreCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Get returns the spans of a trace.
func (s *Store) Get(id oteltrace.TraceID) []Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, there := s.kept[id]; there {
		return slices.Clone(t.spans)
	}
	if t, there := s.pending[id]; there {
		return slices.Clone(t.spans)
	}
	return nil
}

// A Summary describes a trace in a list.
type Summary struct {
	TraceID  string    `json:"traceId" doc:"Its ID." example:"4bf92f3577b34da6a3ce929d0e0e4736"`
	Name     string    `json:"name" doc:"What was asked for." example:"com.hailocab.hailo-2-api.neardrivers"`
	Began    time.Time `json:"began" doc:"When."`
	Duration float64   `json:"duration" doc:"How long it took, in milliseconds." example:"82.71"`
	Spans    int       `json:"spans" doc:"How many spans it has." example:"25"`
	Errors   int       `json:"errors" doc:"How many calls in it have failed." example:"2"`
}

// Traces returns up to n traces: the failed ones before the others, and the slowest first
// among each.
func (s *Store) Traces(n int) []Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.order)
	slices.SortStableFunc(list, func(a, b *kept) int {
		if a.failed != b.failed {
			if a.failed {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.took, a.took)
	})
	found := make([]Summary, 0, min(n, len(list)))
	for _, t := range list[:min(n, len(list))] {
		found = append(found, Build(t.spans).Summary)
	}
	return found
}

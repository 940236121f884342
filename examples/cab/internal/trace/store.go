package trace

import (
	"cmp"
	"context"
	"hash/maphash"
	"math"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/codes"
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
	free    [][]sdk.ReadOnlySpan          // room of such traces, for new ones
	from    *resource.Resource            // the latest, which describes process
	process Process
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
	id      oteltrace.TraceID
	here    []sdk.ReadOnlySpan // of this process, until it is certain that they are kept
	spans   []Span
	came    time.Time
	ended   time.Time // when the first span came, which ends last
	settled bool      // it is kept
	failed  bool
	keep    bool
	took    time.Duration
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

// ExportSpans adds spans of this process, none of which may come twice. It never fails.
func (s *Store) ExportSpans(_ context.Context, spans []sdk.ReadOnlySpan) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	var t *kept
	for _, span := range spans {
		id := span.SpanContext()
		if trace := id.TraceID(); t == nil || t.id != trace { // many belong to the one before
			t = s.trace(trace, now)
		}
		if !s.takes(t) {
			continue
		}
		if t.settled {
			t.spans = append(t.spans, s.written(span))
		} else {
			t.here = append(t.here, span)
		}
		t.note(aboutOf(span), now)
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

// trace returns a trace by its ID, or nil if it isn't kept.
func (s *Store) trace(id oteltrace.TraceID, now time.Time) *kept {
	if t, there := s.pending[id]; there {
		return t
	}
	if t, there := s.kept[id]; there {
		return t
	}
	if s.gone[0][id] || s.gone[1][id] {
		return nil
	}
	t := &kept{id: id, came: now, here: s.room()}
	s.pending[id] = t
	s.waiting = append(s.waiting, t)
	return t
}

// takes counts a span of a trace, and reports whether there is room for it.
func (s *Store) takes(t *kept) bool {
	s.counts.Received++
	switch {
	case t == nil:
		s.counts.SampledOut++
		return false
	case t.len() >= mostOfTrace:
		s.counts.Evicted++
		return false
	case t.settled:
		s.counts.Stored++
	default:
		s.counts.Pending++
	}
	return true
}

func (s *Store) add(span *Span, now time.Time) {
	t := s.trace(span.Trace, now)
	if t != nil && t.has(span.ID) {
		s.counts.Received++
		s.counts.Duplicates++
		return
	}
	if s.takes(t) {
		t.spans = append(t.spans, *span)
		t.note(about{span.Failed, span.Keep, span.Start || !span.Parent.IsValid(), span.Ended.Sub(span.Began)}, now)
	}
}

// An about is what a span says about its trace.
type about struct {
	failed, keep, first bool
	took                time.Duration
}

// aboutOf returns what a span of this process says.
func aboutOf(s sdk.ReadOnlySpan) about {
	a := about{failed: s.Status().Code == codes.Error, first: !s.Parent().IsValid()}
	for _, attribute := range s.Attributes() {
		switch attribute.Key {
		case Keep:
			a.keep = attribute.Value.AsBool()
		case Start:
			a.first = a.first || attribute.Value.AsBool()
		}
	}
	if a.first {
		a.took = s.EndTime().Sub(s.StartTime())
	}
	return a
}

func (t *kept) note(a about, now time.Time) {
	t.failed, t.keep = t.failed || a.failed, t.keep || a.keep
	if a.first && t.ended.IsZero() {
		t.ended, t.took = now, a.took
	}
}

// len returns how many spans there are.
func (t *kept) len() int { return len(t.here) + len(t.spans) }

// has reports whether a span of another process has come before.
func (t *kept) has(id oteltrace.SpanID) bool {
	return slices.ContainsFunc(t.spans, func(s Span) bool { return s.ID == id })
}

// spansOf returns all spans of a trace.
func (s *Store) spansOf(t *kept) []Span {
	all := make([]Span, 0, t.len())
	for _, span := range t.here {
		all = append(all, s.written(span))
	}
	return append(all, t.spans...)
}

// written returns what a span says that this process has written.
func (s *Store) written(span sdk.ReadOnlySpan) Span {
	if r := span.Resource(); r != s.from { // which is the same one for all
		s.from, s.process = r, processOf(r)
	}
	return of(span, s.process)
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
	s.counts.Pending -= int64(t.len())
	s.counts.Stored += int64(t.len())
	t.spans, t.settled = s.spansOf(t), true
	s.release(t)
}

// room returns an empty slice for the spans of a trace.
func (s *Store) room() []sdk.ReadOnlySpan {
	if n := len(s.free); n > 0 {
		spans := s.free[n-1]
		s.free = s.free[:n-1]
		return spans
	}
	return make([]sdk.ReadOnlySpan, 0, usual)
}

// release takes the slice of a trace back.
func (s *Store) release(t *kept) {
	if len(s.free) < mostFree && cap(t.here) == usual {
		clear(t.here)
		s.free = append(s.free, t.here[:0])
	}
	t.here = nil
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
	*from -= int64(t.len())
	*to += int64(t.len())
	if len(s.gone[0]) >= mostGone {
		s.gone[0], s.gone[1] = s.gone[1], s.gone[0]
		clear(s.gone[0])
	}
	s.gone[0][t.id] = true
	s.release(t)
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
		return s.spansOf(t)
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

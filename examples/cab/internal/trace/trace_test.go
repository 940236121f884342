package trace

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stalled is a collector that doesn't take anything until it is released.
type stalled struct {
	release chan struct{}
	mu      sync.Mutex
	names   []string
}

func (s *stalled) ExportSpans(_ context.Context, spans []sdk.ReadOnlySpan) error {
	<-s.release
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, span := range spans {
		s.names = append(s.names, span.Name())
	}
	return nil
}

// A collector that stalls costs those who are traced nothing: no span waits, no goroutine is
// added, the oldest spans give way to the newest, and all are counted.
func TestStalledCollectorHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collector := &stalled{release: make(chan struct{})}
		ring := NewRing(collector, 100, 10, time.Second)
		tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(ring)).Tracer("")
		before, began := runtime.NumGoroutine(), time.Now()
		const n = 5000
		var group sync.WaitGroup
		for w := range 5 {
			group.Go(func() {
				for i := range n / 5 {
					_, span := tracer.Start(t.Context(), fmt.Sprint(w, "-", i))
					span.End()
				}
			})
		}
		group.Wait()
		synctest.Wait()
		if took, now := time.Since(began), runtime.NumGoroutine(); took != 0 || now > before+1 { // one may be about to end
			t.Errorf("it took %v, and there are %d goroutines instead of %d", took, now, before)
		}
		c := ring.Counts()
		if c.Sent != n || c.Delivered != 0 || c.Dropped < n-110 {
			t.Errorf("got %+v", c)
		}
		close(collector.release)
		if err := ring.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if c = ring.Counts(); c.Sent != c.Delivered+c.Dropped || int64(len(collector.names)) != c.Delivered || c.Delivered < 100 {
			t.Errorf("got %+v and %d", c, len(collector.names))
		}
		if !slices.ContainsFunc(collector.names, func(name string) bool { return strings.HasSuffix(name, fmt.Sprint("-", n/5-1)) }) {
			t.Errorf("the newest aren't among %q", collector.names)
		}
	})
}

// A shutdown that has no time counts what it leaves.
func TestShutdownCountsWhatItLeaves(t *testing.T) {
	collector := &stalled{release: make(chan struct{})}
	ring := NewRing(collector, 1000, 10, time.Hour)
	tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(ring)).Tracer("")
	for range 105 {
		_, span := tracer.Start(t.Context(), "s")
		span.End()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := ring.Shutdown(ctx); err == nil {
		t.Error("it has had the time")
	}
	close(collector.release)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		c := ring.Counts()
		if c.Sent == 105 && c.Dropped+c.Delivered == 105 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %+v", c)
		}
	}
}

// Steady traffic is exported by time, though no batch is ever full: a window that each span
// began anew would never close.
func TestSteadyTrafficIsExportedByTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collector := &stalled{release: make(chan struct{})}
		close(collector.release)
		ring := NewRing(collector, 100_000, 50_000, 50*time.Millisecond)
		tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(ring)).Tracer("")
		for range 200 {
			_, span := tracer.Start(t.Context(), "s")
			span.End()
			time.Sleep(10 * time.Millisecond)
		}
		if c := ring.Counts(); c.Delivered < 190 {
			t.Errorf("got %+v", c)
		}
		_ = ring.Shutdown(t.Context())
	})
}

var zero = time.Date(2014, 9, 1, 12, 0, 0, 0, time.UTC)

func id(n int) (s oteltrace.SpanID) {
	s[0], s[7] = 1, byte(n)
	return s
}

func traceID(n int) (t oteltrace.TraceID) {
	t[0], t[14], t[15] = 1, byte(n>>8), byte(n)
	return t
}

// at returns a span by milliseconds.
func at(n, parent int, to string, from, until float64, server bool) Span {
	ms := func(v float64) time.Time { return zero.Add(time.Duration(v * float64(time.Millisecond))) }
	s := Span{Trace: traceID(1), ID: id(n), To: to, Began: ms(from), Ended: ms(until), Server: server}
	if parent > 0 {
		s.Parent = id(parent)
	}
	return s
}

// sheet is a trace with two calls, of which the second makes a third.
func sheet() []Span {
	root := at(1, 0, "api", 0, 100, true)
	root.Start = true
	return []Span{
		root, at(2, 1, "a", 10, 30, false), at(3, 2, "a", 11, 29, true),
		at(4, 1, "b", 40, 90, false), at(5, 4, "b", 42, 88, true), at(6, 5, "c", 50, 60, false), at(7, 6, "c", 51, 59, true),
	}
}

// drawn returns a tree as text.
func drawn(t *Trace) string {
	var b strings.Builder
	for i := range t.Messages {
		m := &t.Messages[i]
		fmt.Fprintf(&b, "%s%s %.0f-%.0f", strings.Repeat(" ", m.Depth), m.To, m.Begin(), m.End())
		if m.In != nil && m.Req != nil {
			fmt.Fprintf(&b, " (%.0f-%.0f)", *m.In, *m.Out)
		}
		if len(m.Flags) > 0 {
			fmt.Fprintf(&b, " %v", m.Flags)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func without(spans []Span, ns ...int) (left []Span) {
	for i := range spans {
		s := spans[i]
		if !slices.ContainsFunc(ns, func(n int) bool { return s.ID == id(n) }) {
			left = append(left, s)
		}
	}
	return left
}

func shifted(spans []Span, d time.Duration, ns ...int) []Span {
	spans = slices.Clone(spans)
	for i := range spans {
		if slices.ContainsFunc(ns, func(n int) bool { return spans[i].ID == id(n) }) {
			spans[i].Began, spans[i].Ended = spans[i].Began.Add(d), spans[i].Ended.Add(d)
		}
	}
	return spans
}

const whole = "api 0-100\n a 10-30 (11-29)\n b 40-90 (42-88)\n  c 50-60 (51-59)\n"

// Whatever happens to the events on the way, there is a tree, and it says what is missing or wrong.
func TestTreeOfEventsThatAreLostDoubledAndSkewed(t *testing.T) {
	reversed := slices.Clone(sheet())
	slices.Reverse(reversed)
	for _, tt := range []struct {
		name  string
		spans []Span
		want  string
	}{
		{"whole", sheet(), whole},
		{"in another order", reversed, whole},
		{"doubled", append(sheet(), sheet()...), whole},
		{"a host two seconds behind", shifted(sheet(), -2*time.Second, 5, 6), "api 0-100\n a 10-30 (11-29)\n b 40-90 (42-88) [the clock of its host was off by -2s]\n  c 50-60 (51-59)\n"},
		{"a host two seconds ahead", shifted(sheet(), 2*time.Second, 5, 6, 7), "api 0-100\n a 10-30 (11-29)\n b 40-90 (42-88) [the clock of its host was off by 2s]\n  c 50-60 (51-59)\n"},
		{"an OUT is lost", without(sheet(), 3), "api 0-100\n a 10-30 [IN and OUT are missing]\n b 40-90 (42-88)\n  c 50-60 (51-59)\n"},
		{"a REP is lost", without(sheet(), 4), "api 0-100\n a 10-30 (11-29)\n b 42-88 [REQ and REP are missing orphan: what it is a part of is missing]\n  c 50-60 (51-59)\n"},
		{"a whole message is lost", without(sheet(), 4, 5), "api 0-100\n a 10-30 (11-29)\n c 50-60 (51-59) [orphan: what it is a part of is missing]\n"},
		{"the START is lost", without(sheet(), 1), "a 0-20 (1-19)\n b 30-80 (32-78) [orphan: what it is a part of is missing]\n  c 40-50 (41-49)\n"},
		{"nothing is left", nil, ""},
	} {
		if got := drawn(Build(tt.spans)); got != tt.want {
			t.Errorf("%s:\n%swant\n%s", tt.name, got, tt.want)
		}
	}
}

// Any spans make a tree with every message in it once, also if they go round.
func TestTreeOfAnySpans(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		var spans []Span
		ids := map[oteltrace.SpanID]bool{}
		for range 1 + r.IntN(12) {
			s := at(1+r.IntN(9), r.IntN(10), "s", r.Float64()*100, r.Float64()*100, r.IntN(2) == 0)
			s.Start, s.Failed, s.Attempt = r.IntN(9) == 0, r.IntN(4) == 0, r.IntN(5)/3
			spans = append(spans, s)
			ids[s.ID] = true
		}
		tree := Build(spans)
		if len(tree.Messages) == 0 || len(tree.Messages) > len(ids) {
			t.Fatalf("%d messages of %d spans:\n%+v", len(tree.Messages), len(ids), spans)
		}
		seen := map[string]bool{}
		for i, m := range tree.Messages {
			if seen[m.ID] || m.Depth > 0 && i == 0 || i > 0 && m.Depth > tree.Messages[i-1].Depth+1 {
				t.Fatalf("%+v of\n%+v", tree.Messages, spans)
			}
			seen[m.ID] = true
		}
	}
}

// sum checks that every span is counted once.
func sum(t *testing.T, s *Store) StoreCounts {
	t.Helper()
	c := s.Counts()
	if c.Received != c.Stored+c.Pending+c.SampledOut+c.Evicted+c.Duplicates {
		t.Errorf("they don't add up: %+v", c)
	}
	return c
}

func TestBrokenSlowAndWantedTracesAreKept(t *testing.T) {
	s := NewStore(StoreOptions{Slow: 250 * time.Millisecond, Chance: func() float64 { return 0 }})
	add := func(n int, edit func(root, child *Span)) {
		root, child := at(1, 0, "api", 0, 100, true), at(2, 1, "a", 10, 30, false)
		root.Trace, child.Trace, root.Start = traceID(n), traceID(n), true
		edit(&root, &child)
		s.Add([]Span{child})
		s.Add([]Span{root})
	}
	add(1, func(_, _ *Span) {})
	add(2, func(_, child *Span) { child.Failed = true })
	add(3, func(root, _ *Span) { root.Ended = root.Ended.Add(time.Second) })
	add(4, func(root, _ *Span) { root.Keep = true })
	for n, want := range []bool{1: false, 2: true, 3: true, 4: true} {
		if got := len(s.Get(traceID(n))) == 2; n > 0 && got != want {
			t.Errorf("trace %d is kept: %v", n, got)
		}
	}
	list := s.Traces(2)
	if len(list) != 2 || list[0].TraceID != traceID(2).String() || list[1].TraceID != traceID(3).String() || list[0].Errors != 1 {
		t.Errorf("got %+v", list)
	}
	late := at(9, 1, "late", 0, 1, false)
	s.Add([]Span{late})       // of one that isn't kept
	late.Trace = traceID(2)   // and of one that is
	s.Add([]Span{late, late}) // twice
	if c := sum(t, s); c.Stored != 7 || c.SampledOut != 3 || c.Duplicates != 1 {
		t.Errorf("got %+v", c)
	}
}

func TestOldTracesGiveWay(t *testing.T) {
	now := zero
	s := NewStore(StoreOptions{MaxSpans: 100, Linger: time.Second, Now: func() time.Time { return now }})
	for n := range 1000 {
		root, child := at(1, 0, "api", 0, 100, true), at(2, 1, "a", 10, 30, false)
		root.Trace, child.Trace, root.Start = traceID(n), traceID(n), true
		switch n % 3 {
		case 0:
			s.Add([]Span{root, child})
		case 1:
			s.Add([]Span{child}) // whose START never comes
		default:
			s.Add([]Span{root})
		}
		now = now.Add(100 * time.Millisecond)
		if c := sum(t, s); c.Stored > 100 || c.Pending > 102 {
			t.Fatalf("got %+v", c)
		}
	}
	now = now.Add(time.Minute)
	s.Tick()
	if c := sum(t, s); c.Pending != 0 || c.Stored < 90 {
		t.Errorf("got %+v", c)
	}
	if len(s.Get(traceID(999))) != 2 || s.Get(traceID(3)) != nil {
		t.Error("the newest isn't there, or the oldest is")
	}
}

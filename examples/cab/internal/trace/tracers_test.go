package trace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// collected is a collector that keeps what it gets.
type collected struct {
	mu    sync.Mutex
	spans []sdk.ReadOnlySpan
}

func (c *collected) ExportSpans(_ context.Context, spans []sdk.ReadOnlySpan) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spans = append(c.spans, spans...)
	return nil
}

// newTracers returns a provider and what gets its spans once flush is called.
func newTracers(t *testing.T) (p *Tracers, to *collected, flush func() []sdk.ReadOnlySpan) {
	t.Helper()
	to = new(collected)
	ring := NewRing(to, 10_000, 100, time.Hour)
	p = NewTracers(NewResource("one", "here", "zone-a"), ring)
	t.Cleanup(func() { _ = p.Shutdown(context.Background()) })
	return p, to, func() []sdk.ReadOnlySpan {
		if err := ring.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
		to.mu.Lock()
		defer to.mu.Unlock()
		return to.spans
	}
}

// said is what a span says, without its IDs and times, which are random.
type said struct {
	Name, Status, Attributes, Events, Links, Scope, Parent, State string
	Kind                                                          oteltrace.SpanKind
	Flags                                                         oteltrace.TraceFlags
	Dropped                                                       [3]int
	Children                                                      int
	Began, Ended                                                  time.Time
}

func saidBy(s sdk.ReadOnlySpan) said {
	links := ""
	for _, l := range s.Links() {
		links += fmt.Sprint(l.SpanContext.TraceID(), sorted(l.Attributes), l.DroppedAttributeCount, ";")
	}
	events := ""
	for _, e := range s.Events() {
		at := e.Time
		if e.Name == "exception" {
			at = time.Time{}
		}
		events += fmt.Sprint(e.Name, sorted(e.Attributes), e.DroppedAttributeCount, at, ";")
	}
	return said{
		Name: s.Name(), Status: fmt.Sprint(s.Status()), Attributes: sorted(s.Attributes()), Events: events, Links: links,
		Scope: fmt.Sprint(s.InstrumentationScope()), Parent: fmt.Sprint(s.Parent().IsValid(), s.Parent().IsRemote(), s.Parent().TraceFlags(), s.Parent().TraceID() == s.SpanContext().TraceID()),
		State: s.SpanContext().TraceState().String(), Kind: s.SpanKind(), Flags: s.SpanContext().TraceFlags(),
		Dropped: [3]int{s.DroppedAttributes(), s.DroppedEvents(), s.DroppedLinks()}, Children: s.ChildSpanCount(),
		Began: s.StartTime(), Ended: s.EndTime(),
	}
}

func sorted(all []attribute.KeyValue) string {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b attribute.KeyValue) int { return cmp.Compare(a.Key, b.Key) })
	var b strings.Builder
	for _, a := range all {
		fmt.Fprintf(&b, "%s=%v:%s ", a.Key, a.Value.Type(), a.Value.String())
	}
	return b.String()
}

// play does the same random things with any provider.
func play(t *testing.T, seed uint64, p oteltrace.TracerProvider) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	zero := time.Date(2014, 9, 1, 12, 0, 0, 0, time.UTC)
	at := func() time.Time { return zero.Add(time.Duration(r.IntN(1e9))) }
	name := func() string { return fmt.Sprint("n", r.IntN(4)) } // the SDK cuts nothing but attributes
	text := func() string { return fmt.Sprint(r.IntN(4)) + strings.Repeat("x", r.IntN(20)/19*r.IntN(2*mostOfValue)) }
	attributes := func() (all []attribute.KeyValue) {
		for range r.IntN(6) * (1 + r.IntN(2)*r.IntN(40)) {
			key := fmt.Sprint("k", r.IntN(200)*r.IntN(2))
			all = append(all, []attribute.KeyValue{
				attribute.String(key, text()), attribute.Int(key, r.IntN(9)), attribute.Bool(key, true), attribute.Float64(key, r.Float64()),
				attribute.StringSlice(key, []string{text(), text()}), attribute.Int64Slice(key, []int64{1, 2}),
				{Value: attribute.IntValue(1)},
			}[r.IntN(7)])
		}
		return all
	}
	unique := func() (all []attribute.KeyValue) { // the SDK leaves those of events and links as they are
		for i := range r.IntN(3) * r.IntN(100) {
			all = append(all, attribute.Int(fmt.Sprint("k", i), i))
		}
		return all
	}
	state, err := oteltrace.ParseTraceState("a=1,b=2")
	if err != nil {
		t.Fatal(err)
	}
	far := oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
		TraceID: traceID(7), SpanID: id(7), TraceFlags: oteltrace.TraceFlags(r.IntN(4)), TraceState: state, Remote: true,
	})
	contexts := []context.Context{t.Context(), oteltrace.ContextWithRemoteSpanContext(t.Context(), far)}
	var spans []oteltrace.Span
	for range 1 + r.IntN(5) {
		o := []oteltrace.SpanStartOption{
			oteltrace.WithTimestamp(at()), oteltrace.WithSpanKind(oteltrace.SpanKind(r.IntN(8))), oteltrace.WithAttributes(attributes()...),
			oteltrace.WithLinks(oteltrace.Link{SpanContext: far, Attributes: unique()}, oteltrace.Link{}),
		}
		ctx := contexts[r.IntN(len(contexts))]
		if r.IntN(5) == 0 {
			ctx, o = contexts[1], append(o, oteltrace.WithNewRoot()) // the SDK would count it as a child
		}
		ctx, span := p.Tracer("s", oteltrace.WithInstrumentationVersion("1")).Start(ctx, name(), o...)
		contexts, spans = append(contexts, ctx), append(spans, span)
	}
	for range r.IntN(60) {
		span := spans[r.IntN(len(spans))]
		switch r.IntN(12) {
		case 0:
			span.SetName(name())
		case 1, 2:
			span.SetStatus(codes.Code(r.IntN(3)), name())
		case 3, 4, 5:
			span.SetAttributes(attributes()...)
		case 6, 7:
			for range 1 + r.IntN(2)*r.IntN(100) {
				span.AddEvent(name(), oteltrace.WithTimestamp(at()), oteltrace.WithAttributes(unique()...))
			}
		case 8:
			span.RecordError([]error{errors.New("broken"), nil, context.DeadlineExceeded, &time.ParseError{}}[r.IntN(4)])
		case 9:
			for range 1 + r.IntN(2)*r.IntN(100) {
				span.AddLink(oteltrace.Link{SpanContext: far, Attributes: unique()})
			}
		case 10:
			span.End(oteltrace.WithTimestamp(at()))
		case 11:
			if was := span.IsRecording(); was != (span.IsRecording() && was) {
				t.Error("a span records again")
			}
		}
	}
	for _, span := range spans {
		span.End(oteltrace.WithTimestamp(at()))
		if span.IsRecording() || !span.SpanContext().IsValid() {
			t.Error("a span that has ended is recording, or has no IDs")
		}
	}
}

// Whatever is done with spans, in whatever order, those of Tracers say the same as those of
// OpenTelemetry's SDK with the same limits.
func TestTracersSayWhatTheSDKSays(t *testing.T) {
	limits := sdk.NewSpanLimits()
	limits.AttributeCountLimit, limits.AttributeValueLengthLimit, limits.EventCountLimit, limits.LinkCountLimit = mostAttributes, mostOfValue, mostEvents, mostLinks
	limits.AttributePerEventCountLimit, limits.AttributePerLinkCountLimit = mostAttributes, mostAttributes
	for seed := range uint64(30) {
		recorder := tracetest.NewSpanRecorder()
		theirs := sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder), sdk.WithRawSpanLimits(limits), sdk.WithSampler(sdk.AlwaysSample()))
		play(t, seed, theirs)
		ours, _, flush := newTracers(t)
		play(t, seed, ours)
		want, got := recorder.Ended(), flush()
		if len(got) != len(want) {
			t.Fatalf("seed %d: %d spans, want %d", seed, len(got), len(want))
		}
		for i := range want {
			a, b := reflect.ValueOf(saidBy(got[i])), reflect.ValueOf(saidBy(want[i]))
			for j := range a.NumField() {
				if !a.Field(j).Equal(b.Field(j)) {
					t.Fatalf("seed %d, span %d: %s is %.200v, want %.200v", seed, i, a.Type().Field(j).Name, a.Field(j), b.Field(j))
				}
			}
		}
	}
}

// A span that has ended is one to every exporter: each method of the interface is its own.
func TestSpanHasEverythingThatExportersRead(t *testing.T) {
	p, _, flush := newTracers(t)
	_, span := p.Tracer("s").Start(t.Context(), "name")
	span.End()
	s := flush()[0]
	for m := range reflect.TypeFor[sdk.ReadOnlySpan]().Methods() {
		if m.IsExported() {
			reflect.ValueOf(s).MethodByName(m.Name).Call(nil) // a method of the embedded nil would panic
		}
	}
	if s.Resource() == nil || !s.Resource().Equal(resource.NewSchemaless(Instance.String("one"), Host.String("here"), Zone.String("zone-a"))) {
		t.Errorf("its resource is %v", s.Resource())
	}
	if s.EndTime().Before(s.StartTime()) || s.StartTime().IsZero() {
		t.Errorf("from %v to %v", s.StartTime(), s.EndTime())
	}
}

// However many goroutines use a span, and end it, it is sent once, as it was then.
func TestSpanIsSentOnceAsItWas(t *testing.T) {
	p, _, flush := newTracers(t)
	tracer := p.Tracer("s")
	const n = 200
	for range n {
		ctx, span := tracer.Start(t.Context(), "name")
		var group sync.WaitGroup
		for i := range 4 {
			group.Go(func() {
				span.SetAttributes(attribute.Int("i", i))
				span.SetStatus(codes.Error, "broken")
				span.AddEvent("e")
				span.RecordError(errors.New("broken"))
				span.AddLink(oteltrace.LinkFromContext(ctx))
				span.SetName("other")
				_, child := tracer.Start(ctx, "child")
				span.End()
				span.SetAttributes(attribute.Int("late", i))
				child.End()
			})
		}
		group.Wait()
	}
	spans := flush()
	if len(spans) != 5*n {
		t.Fatalf("%d spans were sent", len(spans))
	}
	before := make([]said, len(spans))
	for i, s := range spans {
		before[i] = saidBy(s)
		if strings.Contains(before[i].Attributes, "late") {
			t.Fatalf("got %+v", before[i])
		}
	}
}

// Spans that are never ended are never sent, those that end after a shutdown are dropped, and
// the sum is right.
func TestSpansThatEndLateOrNever(t *testing.T) {
	ring := NewRing(new(collected), 100, 10, time.Hour)
	p := NewTracers(nil, ring)
	tracer := p.Tracer("s")
	ctx, never := tracer.Start(t.Context(), "never")
	_, late := tracer.Start(ctx, "late")
	_, good := tracer.Start(ctx, "good")
	good.End()
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	late.End()
	late.End()
	if _, after := tracer.Start(ctx, "after"); after.IsRecording() || after.SpanContext().TraceID() != never.SpanContext().TraceID() {
		t.Error("a span that begins after the shutdown is recorded, or isn't of its trace")
	}
	if c := ring.Counts(); c != (Counts{Sent: 2, Dropped: 1, Delivered: 1}) {
		t.Errorf("got %+v", c)
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// A span below one of another process is the same, whether a context has that or not.
func TestStartBelowIsLikeStart(t *testing.T) {
	p, _, flush := newTracers(t)
	tracer := p.Tracer("s")
	below := tracer.(interface { //nolint:forcetypeassert // the test is about it
		StartBelow(ctx context.Context, parent oteltrace.SpanContext, began time.Time, name string, o ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span)
	})
	parent := oteltrace.NewSpanContext(oteltrace.SpanContextConfig{TraceID: traceID(7), SpanID: id(7)})
	ctx, a := tracer.Start(oteltrace.ContextWithRemoteSpanContext(t.Context(), parent), "name", oteltrace.WithTimestamp(zero))
	ctx2, b := below.StartBelow(t.Context(), parent, zero, "name")
	_, c := below.StartBelow(t.Context(), parent, time.Time{}, "name", oteltrace.WithTimestamp(zero))
	_, d := below.StartBelow(t.Context(), oteltrace.SpanContext{}, time.Time{}, "root")
	if oteltrace.SpanFromContext(ctx) != a || oteltrace.SpanFromContext(ctx2) != b {
		t.Error("the contexts don't have the spans")
	}
	for _, s := range []oteltrace.Span{a, b, c} {
		s.End(oteltrace.WithTimestamp(zero.Add(time.Second)))
	}
	d.End()
	spans := flush()
	for _, s := range spans[1:3] {
		if got, want := saidBy(s), saidBy(spans[0]); got != want || s.Parent().SpanID() != parent.SpanID() {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if s := spans[3]; s.Parent().IsValid() || !s.SpanContext().IsValid() || s.StartTime().IsZero() {
		t.Errorf("got %+v", saidBy(s))
	}
}

// Texts are cut between characters, and always valid UTF-8, without which a collector refuses
// the whole batch.
func TestTextsFit(t *testing.T) {
	for _, text := range []string{
		"", "ä", strings.Repeat("a", mostOfValue), strings.Repeat("a", mostOfValue-1) + "ä", strings.Repeat("a", mostOfValue-3) + "😀", strings.Repeat("ä", mostOfValue),
		"a\xffb", strings.Repeat("\xff", mostOfValue), strings.Repeat("a", mostOfValue-1) + "\xc3", strings.Repeat("a\xff", mostOfValue),
	} {
		got := fit(text)
		if len(got) > mostOfValue || !utf8.ValidString(got) {
			t.Errorf("%d bytes, %q…", len(got), got[max(0, len(got)-5):])
		}
		if utf8.ValidString(text) && (!strings.HasPrefix(text, got) || len(got) < min(len(text), mostOfValue-3)) {
			t.Errorf("%d bytes of %d are left", len(got), len(text))
		}
	}
	deep := attribute.Map("m", attribute.Slice("s", attribute.StringValue(strings.Repeat("\xff", mostOfValue)), attribute.ByteSliceValue(make([]byte, 2*mostOfValue))))
	all, dropped := set(nil, []attribute.KeyValue{deep})
	list := all[0].Value.AsMap()[0].Value.AsSlice()
	if dropped != 0 || !utf8.ValidString(list[0].AsString()) || len(list[0].AsString()) > mostOfValue || len(list[1].AsByteSlice()) != mostOfValue {
		t.Errorf("got %v", all)
	}
}

// A span of a call is two allocations with its context, and a span that has failed two more,
// for its detail and its attributes.
func TestSpanIsFewAllocations(t *testing.T) {
	ring := NewRing(new(counting), 10, 10, time.Hour)
	p := NewTracers(nil, ring)
	defer p.Shutdown(context.Background()) //nolint:errcheck // it has nothing to flush
	tracer := p.Tracer("s")
	kind := []oteltrace.SpanStartOption{oteltrace.WithSpanKind(oteltrace.SpanKindClient)}
	ctx, root := tracer.Start(t.Context(), "root")
	defer root.End()
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, tt := range []struct {
		most float64
		f    func(s oteltrace.Span)
	}{
		{2, func(oteltrace.Span) {}},
		{5, func(s oteltrace.Span) { // the arguments are the fifth
			s.SetAttributes(Code.String("c"))
			s.SetStatus(codes.Error, "broken")
		}},
	} {
		got := testing.AllocsPerRun(100, func() {
			_, s := tracer.Start(ctx, "name", kind...)
			tt.f(s)
			s.End()
		})
		if got > tt.most {
			t.Errorf("%v allocations, want %v", got, tt.most)
		}
	}
}

package trace

import (
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// A recording is a span of [Tracers]. Whoever has started it may write to it until it has
// ended. From then on it never changes, so that exporters read it without a lock or a copy:
// to them it is a [sdk.ReadOnlySpan].
type recording struct {
	noop.Span        // for what OpenTelemetry may add
	sdk.ReadOnlySpan // nil: it has a private method, and every other one is below

	tracer  *tracer
	context oteltrace.SpanContext
	parent  oteltrace.SpanID
	began   time.Time

	children     atomic.Int32
	parentFlags  oteltrace.TraceFlags
	parentRemote bool
	kind         uint8 // an oteltrace.SpanKind

	ended  bool
	mu     sync.Mutex // is held to write ended and what follows
	name   string
	took   time.Duration
	code   codes.Code
	detail *detail // or nil
}

// A detail is what most spans don't have.
type detail struct {
	status                                         string
	attributes                                     []attribute.KeyValue
	events                                         []sdk.Event
	links                                          []sdk.Link
	droppedAttributes, droppedEvents, droppedLinks int
}

// more returns the detail to write to.
func (s *recording) more() *detail {
	if s.detail == nil {
		s.detail = new(detail)
	}
	return s.detail
}

// End ends the span, unless it has ended, and puts it into the rings.
func (s *recording) End(o ...oteltrace.SpanEndOption) {
	took := time.Since(s.began)
	if len(o) > 0 {
		c := oteltrace.NewSpanEndConfig(o...)
		if at := c.Timestamp(); !at.IsZero() {
			took = at.Sub(s.began)
		}
	}
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	s.ended, s.took = true, took
	s.mu.Unlock()
	for _, r := range s.tracer.provider.rings {
		r.OnEnd(s)
	}
}

// IsRecording reports whether the span hasn't ended.
func (s *recording) IsRecording() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.ended
}

// SpanContext returns the IDs of the span, also when it has ended.
func (s *recording) SpanContext() oteltrace.SpanContext { return s.context }

// TracerProvider returns the provider of the span's tracer.
func (s *recording) TracerProvider() oteltrace.TracerProvider { return s.tracer.provider }

// SetStatus sets the status, if the one it has doesn't count for more: Ok is final, and an
// error counts for more than none.
func (s *recording) SetStatus(code codes.Code, description string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || code < s.code {
		return
	}
	s.code = code
	switch {
	case code == codes.Error:
		s.more().status = fit(description)
	case s.detail != nil:
		s.detail.status = ""
	}
}

// SetName sets the name.
func (s *recording) SetName(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.name = fit(name)
	}
}

// SetAttributes sets attributes, of which there are at most [mostAttributes].
func (s *recording) SetAttributes(all ...attribute.KeyValue) {
	if len(all) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	d := s.more()
	var dropped int
	d.attributes, dropped = set(d.attributes, all)
	d.droppedAttributes += dropped
}

// AddEvent adds an event. There are at most [mostEvents]: a new one replaces the oldest.
func (s *recording) AddEvent(name string, o ...oteltrace.EventOption) {
	c := oteltrace.NewEventConfig(o...)
	e := sdk.Event{Name: fit(name), Time: c.Timestamp()}
	e.Attributes, e.DroppedAttributeCount = set(nil, c.Attributes())
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		d := s.more()
		d.events = latest(d.events, e, mostEvents, &d.droppedEvents)
	}
}

// RecordError adds an event for an error, unless that is nil. The status stays what it is.
func (s *recording) RecordError(err error, o ...oteltrace.EventOption) {
	if err == nil || !s.IsRecording() {
		return
	}
	about := []attribute.KeyValue{attribute.String("exception.type", typeName(err)), attribute.String("exception.message", err.Error())}
	if c := oteltrace.NewEventConfig(o...); c.StackTrace() {
		about = append(about, attribute.String("exception.stacktrace", string(debug.Stack())))
	}
	s.AddEvent("exception", append(slices.Clip(o), oteltrace.WithAttributes(about...))...)
}

// typeName returns the name of a value's type, with the path of its package if it has a name
// of its own.
func typeName(v any) string {
	t := reflect.TypeOf(v)
	if t.PkgPath() == "" {
		return t.String()
	}
	return fmt.Sprintf("%s.%s", t.PkgPath(), t.Name())
}

// AddLink adds a link, unless it says nothing. There are at most [mostLinks]: a new one replaces
// the oldest.
func (s *recording) AddLink(l oteltrace.Link) {
	if !l.SpanContext.IsValid() && len(l.Attributes) == 0 && l.SpanContext.TraceState().Len() == 0 {
		return
	}
	link := sdk.Link{SpanContext: l.SpanContext}
	link.Attributes, link.DroppedAttributeCount = set(nil, l.Attributes)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		d := s.more()
		d.links = latest(d.links, link, mostLinks, &d.droppedLinks)
	}
}

// What follows is for exporters, once the span has ended.

// Name returns the name.
func (s *recording) Name() string { return s.name }

// Parent returns the span that this one is a part of.
func (s *recording) Parent() oteltrace.SpanContext {
	if !s.parent.IsValid() {
		return oteltrace.SpanContext{}
	}
	return oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
		TraceID: s.context.TraceID(), SpanID: s.parent, TraceFlags: s.parentFlags, TraceState: s.context.TraceState(), Remote: s.parentRemote,
	})
}

// SpanKind returns which end of a call the span is.
func (s *recording) SpanKind() oteltrace.SpanKind { return oteltrace.SpanKind(s.kind) }

// StartTime returns when it began.
func (s *recording) StartTime() time.Time { return s.began }

// EndTime returns when it ended.
func (s *recording) EndTime() time.Time { return s.began.Add(s.took) }

// Status returns how it ended.
func (s *recording) Status() sdk.Status {
	status := sdk.Status{Code: s.code}
	if s.detail != nil {
		status.Description = s.detail.status
	}
	return status
}

// details returns the detail to read from.
func (s *recording) details() *detail {
	if s.detail == nil {
		return &detail{}
	}
	return s.detail
}

// Attributes returns the attributes. They must not be changed.
func (s *recording) Attributes() []attribute.KeyValue { return s.details().attributes }

// Events returns the events. They must not be changed.
func (s *recording) Events() []sdk.Event { return s.details().events }

// Links returns the links. They must not be changed.
func (s *recording) Links() []sdk.Link { return s.details().links }

// DroppedAttributes returns how many attributes were dropped.
func (s *recording) DroppedAttributes() int { return s.details().droppedAttributes }

// DroppedEvents returns how many events were dropped.
func (s *recording) DroppedEvents() int { return s.details().droppedEvents }

// DroppedLinks returns how many links were dropped.
func (s *recording) DroppedLinks() int { return s.details().droppedLinks }

// ChildSpanCount returns how many spans were started below this one in this process.
func (s *recording) ChildSpanCount() int { return int(s.children.Load()) }

// Resource returns what describes the process.
func (s *recording) Resource() *resource.Resource { return s.tracer.provider.resource }

// InstrumentationScope returns the tracer's scope.
func (s *recording) InstrumentationScope() instrumentation.Scope { return s.tracer.scope }

// InstrumentationLibrary returns the same under its old name.
func (s *recording) InstrumentationLibrary() instrumentation.Scope { return s.tracer.scope }

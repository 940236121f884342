package trace

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Tracers is a [oteltrace.TracerProvider] that records every span, since which traces are kept
// is decided when they are over. A span that ends goes into each of its rings. Create one with
// [NewTracers]. It is safe for concurrent use.
//
// Its spans cost a fraction of those of OpenTelemetry's SDK: one allocation each, and two more
// with attributes, events, links or an error. What has ended never changes, so nobody needs a
// copy of it. A span that ends while its goroutine panics doesn't record the panic, as the
// SDK's does.
type Tracers struct {
	noop.TracerProvider // for what OpenTelemetry may add

	resource *resource.Resource
	rings    []*Ring
	over     atomic.Bool
}

// NewTracers returns a provider for the process that a resource describes.
func NewTracers(r *resource.Resource, rings ...*Ring) *Tracers {
	return &Tracers{resource: r, rings: rings}
}

// Tracer returns the tracer of a scope.
func (p *Tracers) Tracer(name string, o ...oteltrace.TracerOption) oteltrace.Tracer {
	c := oteltrace.NewTracerConfig(o...)
	return &tracer{provider: p, scope: instrumentation.Scope{
		Name: name, Version: c.InstrumentationVersion(), SchemaURL: c.SchemaURL(), Attributes: c.InstrumentationAttributes(),
	}}
}

// Shutdown shuts the rings down. Spans that begin later aren't recorded, and those that end
// later are counted as dropped.
func (p *Tracers) Shutdown(ctx context.Context) error {
	p.over.Store(true)
	var all []error
	for _, r := range p.rings {
		all = append(all, r.Shutdown(ctx))
	}
	return errors.Join(all...)
}

// tracer is the tracer of a scope.
type tracer struct {
	noop.Tracer // as in Tracers

	provider *Tracers
	scope    instrumentation.Scope
}

// Start starts a span below the one in the context, or a trace if that has none.
func (t *tracer) Start(ctx context.Context, name string, o ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	outer := oteltrace.SpanFromContext(ctx)
	return t.start(ctx, outer, outer.SpanContext(), time.Time{}, name, o)
}

// StartBelow is like Start for a span that begins at a time, by default now, below one of another
// process, or none. Callers that know both save a context and a look at the clock.
func (t *tracer) StartBelow(ctx context.Context, parent oteltrace.SpanContext, began time.Time, name string, o ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	return t.start(ctx, nil, parent.WithRemote(true), began, name, o)
}

func (t *tracer) start(
	ctx context.Context, outer oteltrace.Span, parent oteltrace.SpanContext, began time.Time, name string, o []oteltrace.SpanStartOption,
) (context.Context, oteltrace.Span) {
	if t.provider.over.Load() {
		return t.Tracer.Start(oteltrace.ContextWithSpanContext(ctx, parent), name, o...)
	}
	c := oteltrace.NewSpanStartConfig(o...)
	if c.NewRoot() {
		outer, parent = nil, oteltrace.SpanContext{}
	}
	if own, is := outer.(*recording); is {
		own.children.Add(1)
	}
	s := &recording{tracer: t, name: fit(name), kind: kindOf(c.SpanKind()), began: c.Timestamp()}
	if s.began.IsZero() {
		s.began = began
	}
	if s.began.IsZero() {
		s.began = time.Now()
	}
	id := oteltrace.SpanContextConfig{TraceID: parent.TraceID(), SpanID: newSpanID(), TraceFlags: parent.TraceFlags() | oteltrace.FlagsSampled}
	if id.TraceID.IsValid() {
		s.parent, s.parentFlags, s.parentRemote, id.TraceState = parent.SpanID(), parent.TraceFlags(), parent.IsRemote(), parent.TraceState()
	} else {
		id.TraceID, id.TraceFlags = newTraceID(), oteltrace.FlagsSampled
	}
	s.context = oteltrace.NewSpanContext(id)
	for _, l := range c.Links() {
		s.AddLink(l)
	}
	s.SetAttributes(c.Attributes()...)
	return oteltrace.ContextWithSpan(ctx, s), s
}

// kindOf returns a kind as a span keeps it.
func kindOf(k oteltrace.SpanKind) uint8 { return uint8(oteltrace.ValidateSpanKind(k)) } //nolint:gosec // there are five

// newSpanID returns a random ID, which isn't zero (W3C Trace Context §2.2.2.4).
func newSpanID() (id oteltrace.SpanID) {
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:], rand.Uint64()) //nolint:gosec // no secret
	}
	return id
}

func newTraceID() (id oteltrace.TraceID) {
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:8], rand.Uint64()) //nolint:gosec // no secret
		binary.NativeEndian.PutUint64(id[8:], rand.Uint64()) //nolint:gosec // likewise
	}
	return id
}

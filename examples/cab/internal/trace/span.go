package trace

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// A Process is which one, and where.
type Process struct{ Instance, Host, Zone string }

// set sets what an attribute of its resource says.
func (p *Process) set(name, text string) {
	switch attribute.Key(name) {
	case Instance:
		p.Instance = text
	case Host:
		p.Host = text
	case Zone:
		p.Zone = text
	}
}

// processOf returns the process whose resource it is.
func processOf(r *resource.Resource) (p Process) {
	for _, a := range r.Attributes() {
		if a.Value.Type() == attribute.STRING {
			p.set(string(a.Key), a.Value.AsString())
		}
	}
	return p
}

// A Span is one end of a call, an attempt, or the start of a trace, as the store keeps it.
type Span struct {
	Trace      oteltrace.TraceID
	ID, Parent oteltrace.SpanID // the parent is zero where a trace begins
	Server     bool             // the end that answers
	Start      bool             // it opens the trace
	Keep       bool             // the trace is to be kept
	Attempt    int              // 0 for a call
	To         string           // SERVICE.ENDPOINT
	From       string
	Process
	Began      time.Time
	Ended      time.Time
	Failed     bool
	Code, Text string // of the error
}

// of returns what a span of the SDK says, which was written here.
func of(s sdk.ReadOnlySpan, here Process) Span {
	c := s.SpanContext()
	span := Span{
		Trace: c.TraceID(), ID: c.SpanID(), Parent: s.Parent().SpanID(), To: s.Name(), Began: s.StartTime(), Ended: s.EndTime(),
	}
	span.written(s.SpanKind() == oteltrace.SpanKindServer, s.InstrumentationScope().Name, here)
	if status := s.Status(); status.Code == codes.Error {
		span.Failed, span.Text = true, status.Description
	}
	for _, a := range s.Attributes() {
		switch a.Value.Type() {
		case attribute.STRING:
			span.set(string(a.Key), a.Value.AsString(), 0, false)
		case attribute.INT64:
			span.set(string(a.Key), "", a.Value.AsInt64(), false)
		case attribute.BOOL:
			span.set(string(a.Key), "", 0, a.Value.AsBool())
		}
	}
	return span
}

// written sets who has written a span, and where: what is of interest of a caller is which
// service it is, and of who answers where it is.
func (s *Span) written(server bool, service string, process Process) {
	if s.Server = server; server {
		s.Process = process
	} else {
		s.From = service
	}
}

// set sets the field that belongs to an attribute.
func (s *Span) set(name, text string, n int64, yes bool) {
	switch attribute.Key(name) {
	case Attempt:
		s.Attempt = int(n)
	case Code:
		s.Code = text
	case Start:
		s.Start = yes
	case Keep:
		s.Keep = yes
	}
}

package trace

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

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
	Instance   string
	Host, Zone string
	Began      time.Time
	Ended      time.Time
	Failed     bool
	Code, Text string // of the error
}

// of returns what a span of the SDK says.
func of(s sdk.ReadOnlySpan) Span {
	c := s.SpanContext()
	span := Span{
		Trace: c.TraceID(), ID: c.SpanID(), Parent: s.Parent().SpanID(), Server: s.SpanKind() == oteltrace.SpanKindServer,
		To: s.Name(), Began: s.StartTime(), Ended: s.EndTime(),
	}
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

// set sets the field that belongs to an attribute.
func (s *Span) set(name, text string, n int64, yes bool) {
	switch attribute.Key(name) {
	case From:
		s.From = text
	case Attempt:
		s.Attempt = int(n)
	case Instance:
		s.Instance = text
	case Host:
		s.Host = text
	case Zone:
		s.Zone = text
	case Code:
		s.Code = text
	case Start:
		s.Start = yes
	case Keep:
		s.Keep = yes
	}
}

package trace

import (
	"strings"
	"time"
	"unicode"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// A Process identifies the process that has written a span.
type Process struct{ Instance, Host, Zone string }

// set sets the field that belongs to an attribute of its resource.
func (p *Process) set(name, text string) {
	text = tidy(text, mostOfName)
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

// of returns what a span of the SDK says that this process has written.
func of(s sdk.ReadOnlySpan, here Process) Span {
	c := s.SpanContext()
	span := Span{
		Trace: c.TraceID(), ID: c.SpanID(), Parent: s.Parent().SpanID(), To: s.Name(), Began: s.StartTime(), Ended: s.EndTime(),
	}
	span.written(s.SpanKind() == oteltrace.SpanKindServer, s.InstrumentationScope().Name, here)
	if status := s.Status(); status.Code == codes.Error {
		span.Failed, span.Text = true, tidy(status.Description, mostOfText)
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

// written sets which service has written a span, if that is the caller, or in which process,
// if it is the handler.
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
		s.Code = tidy(text, mostOfName)
	case Start:
		s.Start = yes
	case Keep:
		s.Keep = yes
	}
}

// How long names and the texts of errors are at most, in bytes. A store keeps many of them, and
// a page shows them.
const (
	mostOfName = 200
	mostOfText = 1000
)

// tidy returns a text from elsewhere as one that can be kept and shown: cut to so many bytes,
// with a replacement character for everything that isn't printable, such as control
// characters and those that reverse the order of the rest of the page.
func tidy(text string, most int) string {
	if len(text) <= most && isPlain(text) {
		return text
	}
	cut := len(text) > most
	text = strings.ToValidUTF8(text[:min(len(text), most)], "\uFFFD")
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
	if cut {
		text += "…"
	}
	return text
}

// isPlain reports whether a text is of printable ASCII characters.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

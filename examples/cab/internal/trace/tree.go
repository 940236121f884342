package trace

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// How spans become a tree: a call is a message. its caller has written one span, from REQ
// to REP, and its handler another, from IN to OUT, which is the child of the first. The two
// become one row. Only parents decide where rows hang, never times, because the clocks of
// machines differ. A handler that seems to work before it was called, or after its caller
// had the response, is moved into the middle of what the caller saw, with everything below
// it.
//
// Missing events are marked: a message without a REP ends with its OUT, and one whose
// parent is unknown hangs off the root.

// A Trace is the tree of a trace's messages, in the order in which they are shown.
type Trace struct {
	Summary
	Messages []Message `json:"messages" doc:"The messages, each below the one that it is a part of."`
}

// A Message is a call, an attempt at one, or the request that opened the trace.
type Message struct {
	Depth   int      `json:"depth" doc:"How deep it is in the tree." example:"1"`
	ID      string   `json:"messageId" doc:"Its ID." example:"00f067aa0ba902b7"`
	Parent  string   `json:"parentMessageId" doc:"That of the message which it is a part of, or empty at the root."`
	Type    string   `json:"type" enum:"START,CALL,ATTEMPT" doc:"What it is."`
	From    string   `json:"from,omitempty" doc:"The service that has called." example:"com.hailocab.api.v1.customer"`
	To      string   `json:"to" doc:"What it has called." example:"com.hailocab.service.fare.basefare"`
	Attempt int      `json:"attempt,omitempty" doc:"The number of an attempt."`
	Host    string   `json:"hostname,omitempty" doc:"Where the handler runs."`
	Zone    string   `json:"az,omitempty" doc:"In which zone that is." example:"zone-a"`
	Handler string   `json:"handlerInstanceId,omitempty" doc:"The instance that has answered."`
	Req     *float64 `json:"req,omitempty" doc:"When it was sent, in milliseconds since the trace began."`
	Rep     *float64 `json:"rep,omitempty" doc:"When the answer was there."`
	In      *float64 `json:"in,omitempty" doc:"When the handler began."`
	Out     *float64 `json:"out,omitempty" doc:"When the handler was done."`
	Code    string   `json:"errorCode,omitempty" doc:"Why it has failed." example:"com.hailocab.service.fare.basefare.noconfig"`
	Text    string   `json:"errorDescription,omitempty" doc:"The same in words." example:"no tariff for DUB"`
	Failed  bool     `json:"failed,omitempty" doc:"Whether it has."`
	Flags   []string `json:"flags,omitempty" doc:"Anomalies in its events."`
}

// Begin and End return from when to when the message is shown.
func (m *Message) Begin() float64 {
	if m.Req != nil {
		return *m.Req
	}
	return *m.In
}

// End returns when the message has ended.
func (m *Message) End() float64 {
	switch {
	case m.Rep != nil:
		return *m.Rep
	case m.Out != nil:
		return *m.Out
	}
	return m.Begin()
}

// node is a message in the making.
type node struct {
	id, parent     oteltrace.SpanID
	caller, server *Span
	children       []*node
	flags          []string
}

// Build returns the tree of a trace's spans, in whatever order, some maybe twice and some
// missing.
func Build(spans []Span) *Trace {
	if len(spans) == 0 {
		return &Trace{Messages: []Message{}}
	}
	nodes, order := merge(spans)
	root := rootOf(order)
	for _, n := range order {
		if n == root {
			continue
		}
		parent, known := nodes[n.parent]
		if !known || below(nodes, parent, n) {
			parent = root
			n.flags = append(n.flags, "orphan: what it is a part of is missing")
		}
		parent.children = append(parent.children, n)
	}
	zero := root.began()
	t := &Trace{Summary: Summary{TraceID: spans[0].Trace.String(), Name: root.name(), Began: zero.UTC(), Spans: len(spans)}}
	root.place(t, zero, 0, 0)
	for i := range t.Messages {
		if t.Messages[i].Failed {
			t.Errors++
		}
	}
	t.Duration = t.Messages[0].End() - t.Messages[0].Begin()
	return t
}

// merge joins the two ends of each message, in the order in which the messages came.
func merge(spans []Span) (nodes map[oteltrace.SpanID]*node, order []*node) {
	nodes = map[oteltrace.SpanID]*node{}
	for i := range spans {
		if s := &spans[i]; !s.Server && nodes[s.ID] == nil {
			n := &node{id: s.ID, parent: s.Parent, caller: s}
			nodes[s.ID], order = n, append(order, n)
		}
	}
	for i := range spans {
		s := &spans[i]
		if !s.Server || nodes[s.ID] != nil {
			continue
		}
		if n := nodes[s.Parent]; n != nil && n.caller != nil && !s.Start && (n.server == nil || n.server.ID == s.ID) {
			n.server, nodes[s.ID] = s, n
			continue
		}
		n := &node{id: s.ID, parent: s.Parent, server: s}
		if !s.Start {
			n.flags = append(n.flags, "REQ and REP are missing")
		}
		nodes[s.ID], order = n, append(order, n)
	}
	return nodes, order
}

// rootOf returns the message that the others hang off: the one that opened the trace, else
// one without a parent, else the earliest.
func rootOf(order []*node) *node {
	return slices.MinFunc(order, func(a, b *node) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), a.began().Compare(b.began()))
	})
}

func (n *node) rank() int {
	switch {
	case n.server != nil && n.server.Start:
		return 0
	case !n.parent.IsValid():
		return 1
	}
	return 2
}

// below reports whether p is n, or is below it: then n can't be below p.
func below(nodes map[oteltrace.SpanID]*node, p, n *node) bool {
	for range len(nodes) + 1 {
		if p == n {
			return true
		}
		next, known := nodes[p.parent]
		if !known || next == p {
			return false
		}
		p = next
	}
	return true // it goes round
}

func (n *node) began() time.Time {
	if n.caller != nil {
		return n.caller.Began
	}
	return n.server.Began
}

func (n *node) name() string {
	if n.server != nil && n.caller == nil {
		return n.server.To
	}
	return n.caller.To
}

// skew returns by how much to move the handler's clock, so that it works while its caller
// waits.
func (n *node) skew() time.Duration {
	if n.caller == nil || n.server == nil {
		return 0
	}
	early, late := n.caller.Began.Sub(n.server.Began), n.server.Ended.Sub(n.caller.Ended)
	if early <= 0 && late <= 0 {
		return 0
	}
	spare := n.caller.Ended.Sub(n.caller.Began) - n.server.Ended.Sub(n.server.Began)
	if spare < 0 { // it carried on after its caller had given up
		if early > 0 {
			return early
		}
		return 0
	}
	return early + spare/2
}

// noticed is the smallest skew that is shown.
const noticed = 5 * time.Millisecond

// place adds a message and those below it. The clock of the caller is off by shift.
func (n *node) place(t *Trace, zero time.Time, shift time.Duration, depth int) {
	at := func(when time.Time, shift time.Duration) *float64 {
		ms := float64(when.Add(shift).Sub(zero).Microseconds()) / 1000
		return &ms
	}
	m := Message{Depth: depth, ID: hex.EncodeToString(n.id[:]), Type: "CALL", To: n.name()}
	if depth > 0 && n.parent.IsValid() {
		m.Parent = hex.EncodeToString(n.parent[:])
	}
	if s := n.caller; s != nil {
		m.From, m.Attempt = s.From, s.Attempt
		if s.Attempt > 0 {
			m.Type = "ATTEMPT"
		}
		m.Req, m.Rep = at(s.Began, shift), at(s.Ended, shift)
		m.Failed, m.Code, m.Text = s.Failed, s.Code, s.Text
	}
	inner := shift
	if s := n.server; s != nil {
		if s.Start {
			m.Type = "START"
		}
		if skew := n.skew(); skew != 0 {
			// The caller's time is right once it is shifted, so the handler's is off by both.
			inner = shift + skew
			if inner.Abs() >= noticed {
				n.flags = append(n.flags, fmt.Sprintf("the clock of its host was off by %v", -inner.Round(time.Millisecond)))
			}
		}
		m.In, m.Out = at(s.Began, inner), at(s.Ended, inner)
		m.Host, m.Zone, m.Handler = s.Host, s.Zone, s.Instance
		if s.Failed {
			m.Failed = true
			m.Code, m.Text = cmp.Or(m.Code, s.Code), cmp.Or(m.Text, s.Text)
		}
	} else if !m.Failed && !n.hasAttempts() {
		n.flags = append(n.flags, "IN and OUT are missing")
	}
	m.Flags = n.flags
	t.Messages = append(t.Messages, m)
	slices.SortStableFunc(n.children, func(a, b *node) int { return a.began().Compare(b.began()) })
	for _, child := range n.children {
		child.place(t, zero, inner, depth+1)
	}
}

func (n *node) hasAttempts() bool {
	return slices.ContainsFunc(n.children, func(c *node) bool { return c.caller != nil && c.caller.Attempt > 0 })
}

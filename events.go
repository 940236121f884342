package tigertonic

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
	"github.com/rcrowley/go-tigertonic/schema"
)

// Server-sent events (HTML §9.2).

// Event is an item of a stream with more than its data, for a [Typed] function that
// returns an iter.Seq2[Event[T], error]. A stream of server-sent events has all of it; a
// JSON array or JSON lines have only the data.
//
// T may be a struct whose fields are pointers with the tag event, for events of several
// types. Exactly one of them must be set, and names the event:
//
//	type change struct {
//		Created *Issue     `event:"created"`
//		Closed  *issueID   `event:"closed" doc:"Nobody works on it any more."`
//	}
//
// In JSON, such an item is an object with one member, {"created": …}. A stream of these
// without IDs may also be an iter.Seq2[change, error].
//
// An event that can't be sent ends the stream like an error: one whose name or ID has a
// line end or a NUL, one with a name that has a meaning for browsers or for these streams
// (open, error, end and problem), and one with the ID end.
type Event[T any] struct {
	// Name is the event's type, which browsers listen to, or "" for a message. Leave it
	// empty if T has the tag event.
	Name string
	// ID is what a client sends in Last-Event-ID when it reconnects; read it with an
	// input field header:"Last-Event-ID". If ID is "", the client keeps the previous ID.
	ID string
	// Retry is how long the client should wait before it reconnects, in whole
	// milliseconds, or 0 to leave that unchanged.
	Retry time.Duration
	Data  T
}

// An anyEvent is an Event whose type of data isn't known.
type anyEvent interface {
	dataType() reflect.Type
	head() eventHead
	data() any // a pointer
	setHead(h eventHead)
	// each calls yield for each pair of a sequence of these, which is held by this one. It
	// takes a third of the stack that a call by reflection does, for as long as the stream.
	each(sequence reflect.Value, yield func(error) bool)
}

// An eventHead is what an event has besides its data.
type eventHead struct {
	name, id string
	retry    time.Duration
}

func (e *Event[T]) dataType() reflect.Type { return reflect.TypeFor[T]() }
func (e *Event[T]) head() eventHead        { return eventHead{e.Name, e.ID, e.Retry} }
func (e *Event[T]) data() any              { return &e.Data }
func (e *Event[T]) setHead(h eventHead)    { e.Name, e.ID, e.Retry = h.name, h.id, h.retry }

func (e *Event[T]) each(sequence reflect.Value, yield func(error) bool) {
	sequence = sequence.Convert(reflect.TypeFor[iter.Seq2[Event[T], error]]())
	items, _ := reflect.TypeAssert[iter.Seq2[Event[T], error]](sequence)
	items(func(item Event[T], err error) bool {
		*e = item
		return yield(err)
	})
}

// defaultHeartbeat is how often a stream that has nothing to send says so, as HTML §9.2.7
// has it.
const defaultHeartbeat = 15 * time.Second

// Heartbeat sets how often an idle stream of server-sent events sends a comment, so that
// proxies keep it open and the server notices clients that have gone. The default is 15
// seconds; zero or less means never. The first comment begins the response if no value
// has: a later error is the event problem. Heartbeat panics if the function doesn't
// return a stream of values.
func (e *Endpoint) Heartbeat(interval time.Duration) *Endpoint {
	if !e.out.mayBeSequence() {
		callsite.Panicf("Heartbeat: what %s returns isn't a stream of values", e)
	}
	for _, o := range append(slices.Clip(e.out.bodies), e.out) {
		o.heartbeat = interval
	}
	return e
}

// An eventKind is one of several types of events: a field of the items' data.
type eventKind struct {
	name, doc string
	index     []int
	data      *output
}

// compileItems compiles the items of a stream.
func (o *output) compileItems(c *typeschema.Compiler, item reflect.Type) error {
	o.kind, o.item, o.heartbeat = sequenceOutput, item, defaultHeartbeat
	o.data = item
	if e, ok := reflect.TypeAssert[anyEvent](reflect.New(item)); ok {
		o.isEvent, o.data = true, e.dataType()
	} else if item.Kind() == reflect.Pointer && item.Implements(reflect.TypeFor[anyEvent]()) {
		return fmt.Errorf("the function returns a stream of %s, which must be values, not pointers", typeschema.NameOf(item))
	}
	if !isKinds(o.data) {
		o.schema = c.Schema(o.data)
		return nil
	}
	o.schema = &schema.Schema{}
	var errs []error
	for f := range o.data.Fields() {
		kind, err := compileKind(o.data, f)
		if err == nil && slices.ContainsFunc(o.kinds, func(other eventKind) bool { return other.name == kind.name }) {
			err = typeschema.Errorf(o.data, f.Name, "another field has the event %q", kind.name)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		o.kinds = append(o.kinds, kind)
		o.schema.AnyOf = append(o.schema.AnyOf, kind.inJSON())
	}
	return errors.Join(errs...)
}

// isKinds reports whether a type has several kinds of events.
func isKinds(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for f := range t.Fields() {
		if _, ok := f.Tag.Lookup("event"); ok {
			return true
		}
	}
	return false
}

// compileKind compiles a field that is one of several kinds of events.
func compileKind(t reflect.Type, f reflect.StructField) (kind eventKind, err error) {
	name, ok := f.Tag.Lookup("event")
	kind = eventKind{name: name, doc: f.Tag.Get("doc"), index: f.Index, data: &output{}}
	switch {
	case !ok:
		return kind, typeschema.Errorf(t, f.Name, "it has no tag event, as the other fields have")
	case typeschema.Malformed(f.Tag) != "":
		return kind, typeschema.Errorf(t, f.Name, "%s", typeschema.Malformed(f.Tag))
	case !f.IsExported() || f.Type.Kind() != reflect.Pointer:
		return kind, typeschema.Errorf(t, f.Name, "a field with an event is exported, and a pointer, which is nil if it isn't the event")
	case name == "" || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == '"' || c == '\\' || c == utf8.RuneError }):
		return kind, typeschema.Errorf(t, f.Name, "%q can't be the name of an event", name)
	}
	for key := range typeschema.TagsOf(f.Tag) {
		if key != "event" && key != "doc" {
			return kind, typeschema.Errorf(t, f.Name, "the tag %q isn't one of event and doc", key)
		}
	}
	if err := (eventHead{name: name}).check(); err != nil {
		return kind, typeschema.Errorf(t, f.Name, "%w", err)
	}
	err = kind.data.compileBody(f.Type.Elem(), true)
	if kind.data.kind == noOutput { // which an event has: {}
		kind.data.kind, kind.data.schema = jsonOutput, &schema.Schema{Types: []string{"object"}, Closed: true}
	}
	if err == nil && kind.data.kind != jsonOutput {
		err = typeschema.Errorf(t, f.Name, "a %v isn't sent as JSON", f.Type.Elem())
	}
	return kind, err
}

// inJSON returns the schema of an item of this kind.
func (k *eventKind) inJSON() *schema.Schema {
	return &schema.Schema{Types: []string{"object"}, Description: k.doc, Closed: true, Properties: []schema.Property{
		{Name: k.name, Required: true, Schema: k.data.schema},
	}}
}

// eventSchemas returns the schema of the data of the stream's events, and by name if they
// are of several kinds.
func (o *output) eventSchemas() (items *schema.Schema, byName map[string]*schema.Schema) {
	if o.kinds == nil {
		return o.schema, nil
	}
	items, byName = &schema.Schema{}, map[string]*schema.Schema{}
	for i := range o.kinds {
		kind := &o.kinds[i]
		items.AnyOf = append(items.AnyOf, kind.data.schema)
		s := kind.data.schema
		if kind.doc != "" {
			s = &schema.Schema{Ref: s, Description: kind.doc}
		}
		byName[kind.name] = s
	}
	return items, byName
}

// check returns why an event can't be sent.
func (h eventHead) check() error {
	switch {
	case strings.ContainsAny(h.name, "\r\n\x00"):
		return fmt.Errorf("the name %q of an event has a line end or a NUL", h.name)
	case strings.ContainsAny(h.id, "\r\n\x00"):
		return fmt.Errorf("the ID %q of an event has a line end or a NUL", h.id)
	case h.name == endEvent || h.name == problemEvent || h.name == "error" || h.name == "open":
		return fmt.Errorf("the name %q of an event means something else to clients", h.name)
	case h.id == lastID:
		return fmt.Errorf("the ID %q of an event would end the stream for good", h.id)
	}
	return nil
}

// appendTo writes the lines of an event before its data.
func (h eventHead) appendTo(e *codec.Buffer) {
	if h.id != "" {
		e.WriteString("id: ")
		e.WriteString(h.id)
		e.WriteByte('\n')
	}
	if h.name != "" {
		e.WriteString("event: ")
		e.WriteString(h.name)
		e.WriteByte('\n')
	}
	if h.retry > 0 {
		e.WriteString("retry: ")
		e.WriteString(strconv.FormatInt(max(int64(h.retry/time.Millisecond), 1), 10))
		e.WriteByte('\n')
	}
}

// parts returns what an item is made of: what an event has before its data, a pointer to
// the data, and its output.
func (o *output) parts(item any) (head eventHead, data any, out *output, err error) {
	data, out = item, o
	if o.isEvent {
		e := item.(anyEvent)
		head, data = e.head(), e.data()
	}
	if o.kinds != nil {
		given := head.name
		if head.name, data, out, err = o.kindOf(reflect.ValueOf(data).Elem()); err == nil && given != "" && given != head.name {
			err = fmt.Errorf("an event is called %q, but its data is of the kind %q", given, head.name)
		}
	}
	if err == nil && o.isEvent {
		err = head.check()
	}
	if err != nil {
		err = fmt.Errorf("tigertonic: a stream has an event that can't be sent: %w", err)
	}
	return head, data, out, err
}

// kindOf returns the name, the data and the output of the kind of event that is set.
func (o *output) kindOf(data reflect.Value) (name string, value any, out *output, err error) {
	for i := range o.kinds {
		kind := &o.kinds[i]
		field := data.FieldByIndex(kind.index)
		switch {
		case field.IsNil():
		case out != nil:
			return "", nil, nil, fmt.Errorf("both %q and %q are set in one event", name, kind.name)
		default:
			name, value, out = kind.name, field.Interface(), kind.data
		}
	}
	if out == nil {
		err = fmt.Errorf("none of the fields of %s is set", typeschema.NameOf(o.data))
	}
	return name, value, out, err
}

// setEvent sets what an item, a pointer, has of an event, and returns a pointer to its data,
// or nil for an event of a kind that isn't known.
func (o *output) setEvent(item any, name, id string, retry time.Duration) (data any) {
	data = item
	if o.isEvent {
		e := item.(anyEvent)
		data = e.data()
		e.setHead(eventHead{name, id, retry})
	}
	if o.kinds == nil {
		return data
	}
	for i := range o.kinds {
		if kind := &o.kinds[i]; kind.name == name {
			field := reflect.ValueOf(data).Elem().FieldByIndex(kind.index)
			field.Set(reflect.New(field.Type().Elem()))
			return field.Interface()
		}
	}
	return nil
}

// A heart keeps a stream of events from being silent for long. What it locks is the writer's
// for as long.
type heart struct {
	mu       sync.Mutex
	timer    *time.Timer // or nil if there is no heartbeat
	stopped  bool
	panicked any // with which a writer of a middleware's has stopped it
}

// startHeart begins the heartbeat of a stream of events.
func (s *sequenceWriter) startHeart() {
	if s.mediaType != httpfield.EventStream || s.output.heartbeat <= 0 || s.request.Method == http.MethodHead {
		return
	}
	s.heart.mu.Lock()
	defer s.heart.mu.Unlock()
	s.heart.timer = time.AfterFunc(s.output.heartbeat, s.beat)
}

// beat sends a comment.
func (s *sequenceWriter) beat() {
	s.heart.mu.Lock()
	defer s.heart.mu.Unlock()
	defer func() {
		if v := recover(); v != nil {
			s.heart.stopped, s.heart.panicked = true, v
		}
	}()
	if s.heart.stopped || s.request.Context().Err() != nil {
		return
	}
	s.begin()
	if s.flush(heartbeatComment) {
		s.heart.timer.Reset(s.output.heartbeat)
	}
}

var heartbeatComment = []byte(":\n\n") //nolint:gochecknoglobals // a constant

// stopHeart ends the heartbeat. Nothing else writes once it has returned.
func (s *sequenceWriter) stopHeart() {
	if s.heart.timer == nil {
		return
	}
	s.heart.mu.Lock()
	defer s.heart.mu.Unlock()
	s.heart.stopped = true
	s.heart.timer.Stop()
}

// sendItem sends an item between two heartbeats, and reports false if the client is gone.
func (s *sequenceWriter) sendItem(text []byte) bool {
	if s.heart.timer == nil {
		s.begin()
		return s.request.Method == http.MethodHead || s.request.Context().Err() == nil && s.flush(text)
	}
	s.heart.mu.Lock()
	defer s.heart.mu.Unlock()
	if s.heart.panicked != nil {
		panic(s.heart.panicked)
	}
	s.begin()
	if s.request.Context().Err() != nil || !s.flush(text) {
		return false
	}
	s.heart.timer.Reset(s.output.heartbeat)
	return true
}

package tigertonic

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"runtime"
	"time"
)

// Streams of values, one item at a time.

const (
	linesType  = "application/jsonl"
	ndjsonType = "application/x-ndjson"
	eventsType = "text/event-stream"
)

// sequenceTypes are the media types of a stream of values, those that are
// preferred first.
var sequenceTypes = [...]string{jsonType, linesType, ndjsonType, eventsType} //nolint:gochecknoglobals // a constant

// itemTimeout is how long the client may take to read an item, where the server
// has no WriteTimeout.
const itemTimeout = 30 * time.Second

// sequenceOf returns T if t is an iter.Seq2[T, error].
func sequenceOf(t reflect.Type) (item reflect.Type, ok bool) {
	if t.Kind() != reflect.Func || t.NumIn() != 1 || t.NumOut() != 0 || !t.CanSeq2() {
		return nil, false
	}
	yield := t.In(0)
	return yield.In(0), yield.In(1) == reflect.TypeFor[error]()
}

// A sequenceWriter writes the items of a stream.
type sequenceWriter struct {
	w          http.ResponseWriter
	controller *http.ResponseController
	encoder    *encoder
	output     *output
	holder     reflect.Value // a pointer to the item that is being sent
	head       responseHead
	mediaType  string
	timeout    time.Duration
	items      int
	began      bool
}

// respondSequence writes the stream that value points to.
func (o *output) respondSequence(w http.ResponseWriter, r *http.Request, head responseHead, value any) error {
	s := sequenceWriter{
		w: w, controller: http.NewResponseController(w), encoder: getEncoder(), output: o, holder: reflect.New(o.item),
		head: head, mediaType: preferred(r, sequenceTypes[:]), timeout: writeTimeout(r),
	}
	defer putEncoder(s.encoder)
	defer func() { _ = s.controller.SetWriteDeadline(time.Now().Add(s.timeout)) }() // for what the server writes at the end
	sequence := reflect.ValueOf(value).Elem()
	if sequence.IsNil() {
		return s.end(nil)
	}
	whole, err := s.send(r, sequence)
	switch {
	case err != nil:
		return s.fail(err)
	case !whole && (!s.began || r.Method != http.MethodHead):
		return s.interrupt(r.Context().Err())
	case !whole:
		return nil
	}
	return s.end(nil)
}

// send writes the items, and reports whether it was all of them. The iterator has
// ended by then, without a panic going through it.
func (s *sequenceWriter) send(r *http.Request, sequence reflect.Value) (whole bool, err error) {
	ended := false
	defer func() {
		if !ended {
			return
		}
		// An iterator that goes on nevertheless has been stopped by the runtime.
		switch v := recover().(type) {
		case nil:
		case runtime.Error:
			slog.Error("tigertonic: an iterator has gone on after yield returned false, or failed", "error", v.Error())
		default:
			panic(v)
		}
	}()
	for item, failure := range sequence.Seq2() { // Typed knows the sequence as Out, and no type of its items
		err, _ = reflect.TypeAssert[error](failure)
		if err == nil {
			err = s.item(item)
		}
		if err != nil || r.Method == http.MethodHead || r.Context().Err() != nil || !s.flush() {
			ended = true
			return false, err
		}
	}
	// An iterator may have ended because the context has.
	return r.Context().Err() == nil, nil
}

// writeTimeout returns how long the client may take to read an item.
func writeTimeout(r *http.Request) time.Duration {
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok && server.WriteTimeout > 0 {
		return server.WriteTimeout
	}
	return itemTimeout
}

// item puts an item into the buffer, and what comes before it.
func (s *sequenceWriter) item(item reflect.Value) error {
	e := s.encoder
	e.Reset()
	switch {
	case s.mediaType == eventsType:
		e.WriteString("data: ")
	case s.mediaType == jsonType && s.items == 0:
		e.WriteByte('[')
	case s.mediaType == jsonType:
		e.WriteByte(',')
	}
	s.holder.Elem().Set(item)
	if err := e.appendJSON(s.holder.Interface(), s.output.append, s.output.options); err != nil {
		return err
	}
	switch s.mediaType {
	case eventsType:
		e.WriteString("\n\n")
	case jsonType:
	default:
		e.WriteByte('\n')
	}
	s.items++
	s.begin()
	return nil
}

// begin writes the header, once.
func (s *sequenceWriter) begin() {
	if s.began {
		return
	}
	s.began = true
	s.head.set(s.w)
	h := s.w.Header()
	h["Content-Type"] = []string{s.mediaType}
	if s.mediaType == eventsType && h["Cache-Control"] == nil {
		h["Cache-Control"] = []string{"no-cache"}
	}
	s.w.WriteHeader(s.head.status)
}

// flush sends what is in the buffer, and reports false if the client is gone.
func (s *sequenceWriter) flush() bool {
	_ = s.controller.SetWriteDeadline(time.Now().Add(s.timeout)) // where the server has deadlines
	if _, err := s.w.Write(s.encoder.Bytes()); err != nil {
		return false
	}
	_ = s.controller.Flush()                       // or the server does it in its time
	_ = s.controller.SetWriteDeadline(time.Time{}) // which on HTTP/2 ends a stream that has nothing to write, too
	return true
}

// fail ends the stream in a way that the client can see, or returns the error if
// nothing has been sent.
func (s *sequenceWriter) fail(err error) error {
	if !s.began {
		return err
	}
	if s.mediaType != eventsType {
		noteCause(s.w, err)
		panic(http.ErrAbortHandler)
	}
	return s.end(err)
}

// interrupt ends the stream early. If that is because the request's context is
// done, a middleware may want it, and the client may be there to see it.
func (s *sequenceWriter) interrupt(err error) error {
	switch {
	case err == nil:
		return nil // a HEAD, or nobody to write to
	case !s.began:
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return s.fail(err)
	case s.mediaType == eventsType:
		return nil // the client asks again
	}
	panic(http.ErrAbortHandler)
}

// end writes what comes after the last item.
func (s *sequenceWriter) end(err error) error {
	s.begin()
	e := s.encoder
	e.Reset()
	switch {
	case err != nil:
		e.WriteString("event: error\ndata: ")
		text, _ := appendProblem(e.AvailableBuffer(), s.w, err)
		e.Write(text)
		e.WriteString("\n\n")
	case s.mediaType == jsonType && s.items == 0:
		e.WriteString("[]\n")
	case s.mediaType == jsonType:
		e.WriteString("]\n")
	default:
		return nil
	}
	s.flush()
	return nil
}

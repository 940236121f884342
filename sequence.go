package tigertonic

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
)

// Streams of values, one item at a time.

const (
	linesType  = httpfield.JSONLines
	ndjsonType = httpfield.NDJSON
	eventsType = httpfield.EventStream
)

// sequenceTypes are the media types of a stream of values, those that are
// preferred first.
var sequenceTypes = [...]string{httpfield.JSON, linesType, ndjsonType, eventsType} //nolint:gochecknoglobals // a constant

// itemTimeout is how long the client may take to read an item, where the server
// has no WriteTimeout.
const itemTimeout = 30 * time.Second

// Poll returns a sequence of what f returns, as a [Typed] function may return it: f is
// called when the sequence is ranged over, and again an interval after the last value
// was taken. So a stream follows a database that others write to as well. The
// function keeps what it has returned so far, and is called by one goroutine.
//
// The sequence ends when ctx is done, and with the error of f, which comes after the values
// that f returned with it. Poll panics if the interval isn't positive or f is nil.
func Poll[T any](ctx context.Context, interval time.Duration, f func() ([]T, error)) iter.Seq2[T, error] {
	switch {
	case interval <= 0:
		callsite.Panicf("Poll: the interval is %v, which isn't positive", interval)
	case f == nil:
		callsite.Panicf("Poll: the function is nil")
	}
	return func(yield func(T, error) bool) {
		timer := time.NewTimer(0)
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			if ctx.Err() != nil { // both were ready
				return
			}
			values, err := f()
			for _, v := range values {
				if !yield(v, nil) {
					return
				}
			}
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			timer.Reset(interval)
		}
	}
}

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
	output     *output
	holder     reflect.Value // a pointer to the item that is being sent
	head       responseHead
	mediaType  string
	timeout    time.Duration
	request    *http.Request
	items      int
	began      bool
	heart      heart
}

// respondSequence writes the stream that value points to.
func (o *output) respondSequence(w http.ResponseWriter, r *http.Request, head responseHead, value any) error {
	s := sequenceWriter{
		w: w, controller: http.NewResponseController(w), output: o, holder: reflect.New(o.item),
		head: head, mediaType: httpfield.Preferred(r, sequenceTypes[:]), timeout: writeTimeout(r), request: r,
	}
	defer func() { _ = s.controller.SetWriteDeadline(time.Now().Add(s.timeout)) }() // for what the server writes at the end
	sequence := reflect.ValueOf(value).Elem()
	if sequence.IsNil() {
		return s.end(nil)
	}
	s.startHeart()
	whole, err := s.send(r, sequence)
	if s.heart.panicked != nil {
		panic(s.heart.panicked)
	}
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
// ended by then. A panic of its own goes through it, even after yield has returned
// false.
func (s *sequenceWriter) send(r *http.Request, sequence reflect.Value) (whole bool, err error) {
	stopped := false
	defer s.stopHeart()
	defer func() {
		if v := recover(); v == any(errGoesOn) {
			slog.Error("tigertonic: an iterator continued after yield returned false, and was stopped")
		} else if v != nil {
			panic(v)
		}
	}()
	yield := func(failure error) bool {
		if stopped {
			panic(errGoesOn)
		}
		stopped, err = true, errGoesOn // unless it ends well
		sent := false
		if err = failure; err == nil {
			sent, err = s.item()
		}
		stopped = err != nil || !sent || r.Method == http.MethodHead || r.Context().Err() != nil
		return !stopped
	}
	if e, ok := reflect.TypeAssert[anyEvent](s.holder); ok {
		e.each(sequence, yield)
	} else {
		sequence.Seq2()(func(item, failure reflect.Value) bool { // Typed knows the sequence as Out, and no type of its items
			s.holder.Elem().Set(item)
			err, _ := reflect.TypeAssert[error](failure)
			return yield(err)
		})
	}
	// An iterator may have ended because the context has.
	return !stopped && r.Context().Err() == nil, err
}

// errGoesOn is what stops an iterator that doesn't end when it is told to.
var errGoesOn = errors.New("tigertonic: the iterator continued after yield returned false")

// writeTimeout returns how long the client may take to read an item.
func writeTimeout(r *http.Request) time.Duration {
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok && server.WriteTimeout > 0 {
		return server.WriteTimeout
	}
	return itemTimeout
}

// item sends the item that is held, and reports false if the client is gone. The buffer isn't kept until
// the next one, which may be long.
func (s *sequenceWriter) item() (sent bool, err error) {
	e := codec.NewBuffer()
	defer e.Release()
	err = s.appendItem(e)
	s.holder.Elem().SetZero()
	if err != nil {
		return false, err
	}
	s.items++
	return s.sendItem(e.Bytes()), nil
}

// appendItem appends the item that is held, and what comes before and after it.
func (s *sequenceWriter) appendItem(e *codec.Buffer) error {
	head, data, out, err := s.output.parts(s.holder.Interface())
	if err != nil {
		return err
	}
	named := s.output.kinds != nil && s.mediaType != eventsType
	switch {
	case s.mediaType == eventsType:
		head.appendTo(e)
		e.WriteString("data: ")
	case s.mediaType == httpfield.JSON && s.items == 0:
		e.WriteByte('[')
	case s.mediaType == httpfield.JSON:
		e.WriteByte(',')
	}
	if named {
		e.WriteString(`{"` + head.name + `":`)
	}
	if err := e.AppendJSON(data, out.encoder, out.options); err != nil {
		return err
	}
	if named {
		e.WriteByte('}')
	}
	switch s.mediaType {
	case eventsType:
		e.WriteString("\n\n")
	case httpfield.JSON:
	default:
		e.WriteByte('\n')
	}
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
	addVary(h, varyAccept)
	h["Content-Type"] = []string{s.mediaType}
	if s.mediaType == eventsType && h["Cache-Control"] == nil {
		h["Cache-Control"] = []string{"no-cache"}
	}
	s.w.WriteHeader(s.head.status)
}

// flush sends a text, and reports false if the client is gone.
func (s *sequenceWriter) flush(text []byte) bool {
	_ = s.controller.SetWriteDeadline(time.Now().Add(s.timeout)) // where the server has deadlines
	if _, err := s.w.Write(text); err != nil {
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
	switch {
	case err != nil:
		text, status := appendProblem(nil, s.w, err)
		s.flush(lastEvent(problemEvent, text, mayPass(status)))
	case s.mediaType == eventsType && !drains(s.request):
		s.flush(lastEvent(endEvent, []byte("{}"), false))
	case s.mediaType == httpfield.JSON && s.items == 0:
		s.flush([]byte("[]\n"))
	case s.mediaType == httpfield.JSON:
		s.flush([]byte("]\n"))
	}
	return nil
}

// Server-sent events end in a way that a browser can tell from a lost connection.
// Its EventSource has an event called error of its own, and connects again after
// whatever end, for all of the items. So what comes last has a name and an ID, which
// it sends with the next request, and an answer that isn't 200 stops it for good
// (HTML §9.2.2 and §9.2.3).
const (
	endEvent     = "end"
	problemEvent = "problem"
	lastID       = "end" // in Last-Event-ID
)

// hadAll reports whether the request is that of a browser which has had the last
// event of the stream.
func (o *output) hadAll(r *http.Request) bool {
	return o.mayBeSequence() && r.Method == http.MethodGet && r.Header.Get("Last-Event-ID") == lastID && httpfield.Preferred(r, sequenceTypes[:]) == eventsType
}

// mayBeSequence reports whether what the function returns is a stream of values, or can be.
func (o *output) mayBeSequence() bool {
	return o.kind == sequenceOutput || slices.ContainsFunc(o.bodies, (*output).mayBeSequence)
}

// mayPass reports whether a request that has failed with this status is worth
// another try.
func mayPass(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// drains reports whether the request's [Server] is to stop.
func drains(r *http.Request) bool {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return false
	}
	h, ok := server.Handler.(interface{ Draining() bool })
	return ok && h.Draining()
}

// lastEvent returns the last event, after which the client may ask again or not.
func lastEvent(event string, data []byte, again bool) []byte {
	text := "event: " + event + "\n"
	if !again {
		text += "id: " + lastID + "\n"
	}
	return []byte(text + "data: " + string(data) + "\n\n")
}

package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/internal/call"
)

// StreamOptions are the options of [Stream]. The zero value selects the defaults.
type StreamOptions struct {
	// Reconnect is how many times in a row, without a value in between, the client
	// reconnects to a stream of events that was interrupted after it had begun. Zero
	// means never, and a negative value no limit but the context.
	Reconnect int
	// LastEventID is the ID of the event after which the stream should begin, if you
	// know one from an earlier stream.
	LastEventID string
	// Accept is the media type of the stream, or several. If it is "", the client
	// prefers lines of JSON, or events if one of the fields above is set.
	Accept string
	// Edit may change each request before it is sent.
	Edit func(*http.Request)
}

const (
	firstReconnect = time.Second
	maxReconnect   = 30 * time.Second
)

// Stream calls an operation declared to return an iter.Seq2[T, error], and returns its
// values, each as it arrives, from a JSON array, lines of JSON or server-sent events. The
// request is sent each time the sequence is ranged over. A break cuts the stream off, and
// so does the end of the context. An error is an [*Error] in the last pair.
//
// If the options say so, Stream reconnects to an interrupted stream of events, with the ID
// of the last event in Last-Event-ID. It waits as long as the service asks with retry or
// Retry-After, or else a second, and twice as long each time, up to 30 s. It also
// reconnects after a temporary problem (429, 502, 503, 504). A service that gives its
// events no IDs sends all values again. Where T is a [tigertonic.Event], each has its name and
// ID, by which a later call goes on after it.
func Stream[In, T any](ctx context.Context, c *Client, d *tigertonic.Declaration[In, iter.Seq2[T, error]], in *In, o StreamOptions) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var value *T
		next := func() any {
			value = new(T)
			return value
		}
		s := streaming{client: c, call: d.Compiled(), in: in, options: o, lastID: o.LastEventID}
		err := s.run(ctx, next, func() bool { return yield(*value, nil) })
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

// A streaming is a stream that is being ranged over.
type streaming struct {
	client   *Client
	call     *call.Call
	in       any
	options  StreamOptions
	lastID   string
	failures int           // in a row
	retry    time.Duration // what the service has asked for
	began    bool
}

// run reads each value into the pointer that next returns, and calls yield after each until
// it returns false.
func (s *streaming) run(ctx context.Context, next func() any, yield func() bool) error {
	for {
		err, again := s.once(ctx, next, yield)
		if err == nil || !again || !s.began {
			return err
		}
		s.failures++
		if s.options.Reconnect >= 0 && s.failures > s.options.Reconnect {
			return err
		}
		wait := s.retry
		if wait == 0 || s.failures > 1 {
			wait = max(wait, backoff(firstReconnect, maxReconnect, s.failures))
		}
		failure, ok := errors.AsType[*Error](err)
		if ok {
			wait = max(wait, retryAfter(failure.Header, time.Now()))
		}
		if endsBefore(ctx, wait) {
			return err
		}
		if ended := sleep(ctx, wait); ended != nil {
			failure.causes = append(failure.causes, ended)
			return failure
		}
	}
}

// once requests the stream and reads it. It reports whether it may be requested again
// after an error.
func (s *streaming) once(ctx context.Context, next func() any, yield func() bool) (err error, again bool) { //nolint:revive // the error is what it is about
	rs, err := s.client.open(ctx, s.call, s.in, []func(*http.Request){s.edit})
	if err != nil {
		failure, ok := errors.AsType[*Error](err)
		return err, ctx.Err() == nil && ok && (failure.Status == 0 || mayPass(failure.Status))
	}
	defer func() { _ = rs.Body.Close() }() // nobody reads on
	if rs.StatusCode == http.StatusNoContent {
		return nil, false // all was sent before
	}
	v, err := s.client.values(rs, &s.call.Output)
	if err != nil {
		return asError(rs.Request, rs, err), false
	}
	events, resumable := v.valueReader.(*eventReader)
	s.began = true
	for {
		err := v.next(next())
		if resumable {
			s.note(events)
		}
		switch {
		case err == io.EOF: //nolint:errorlint // what ends a stream is io.EOF itself
			return nil, false
		case err != nil:
			return v.failed(err), resumable && ctx.Err() == nil && mayResume(events, err)
		}
		s.failures = 0
		if !yield() {
			return nil, false
		}
	}
}

// note keeps what the events say about reconnecting.
func (s *streaming) note(events *eventReader) {
	if events.id != "" {
		s.lastID = events.id
	}
	if events.retry > 0 {
		s.retry = events.retry
	}
}

// mayResume reports whether to reconnect to a stream of events that ended with an error.
func mayResume(events *eventReader, err error) bool {
	if failure, ok := errors.AsType[*Error](err); ok {
		return !events.final && mayPass(failure.Status)
	}
	return errors.Is(err, io.ErrUnexpectedEOF) || events.limited.failed
}

// edit adds the stream's headers to a request.
func (s *streaming) edit(r *http.Request) {
	switch {
	case s.options.Accept != "":
		r.Header.Set("Accept", s.options.Accept)
	case s.options.Reconnect != 0 || s.options.LastEventID != "":
		r.Header.Set("Accept", eventsType)
	}
	if s.lastID != "" {
		r.Header.Set("Last-Event-ID", s.lastID)
	}
	if s.options.Edit != nil {
		s.options.Edit(r)
	}
}

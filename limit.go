package tigertonic

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
)

// DefaultMaxBytes is how long a body may be that a [Marshaled] function takes,
// in bytes, where no [Sized] says otherwise.
const DefaultMaxBytes = 1 << 20

// firstGrowth is how much memory a body may have before any of it has come.
const firstGrowth = 8 << 10

// Sizer limits the bodies of the requests to a handler. It is made by [Sized];
// the zero value isn't usable.
type Sizer struct {
	handler http.Handler
	limit   int64
}

// Sized returns a handler that lets h read at most limit bytes of a request's
// body, more or less than [DefaultMaxBytes]. A request that announces more is
// answered 413, through [ResponseErrorWriter], before h is called; reading more
// fails with an *[http.MaxBytesError], which handlers of this package answer
// likewise, and the connection is closed after the response. Of nested limits,
// the smallest holds. A body that another middleware has put there is answered with
// the status of its error, if that is an [HTTPEquivError]. Sized panics if limit is negative.
func Sized(h http.Handler, limit int64) *Sizer {
	if limit < 0 {
		misuse("Sized: a limit of %d bytes", limit)
	}
	return &Sizer{mustHandler("Sized", h), limit}
}

// ServeHTTP calls the handler with a limited body.
func (s *Sizer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength > s.limit {
		ResponseErrorWriter.WriteError(r, w, tooLarge(s.limit))
		return
	}
	if r.Body != nil {
		r.Body = &sizedBody{http.MaxBytesReader(innermost(w), r.Body, s.limit)}
	}
	s.handler.ServeHTTP(w, r)
}

// Unwrap returns the handler whose requests are limited.
func (s *Sizer) Unwrap() http.Handler { return s.handler }

// Describe adds that there is a limit to the body.
func (s *Sizer) Describe(op *Operation) {
	if op.Body != nil {
		op.AddError(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", s.limit))
	}
}

// String is how [Explain] shows the handler.
func (s *Sizer) String() string { return fmt.Sprintf("Sized(%d)", s.limit) }

// A sizedBody is a body with a limit that its handler has been given.
type sizedBody struct{ io.ReadCloser }

// isSized tells whether a body has a limit of its own.
func isSized(body io.Reader) bool {
	switch body := body.(type) {
	case *sizedBody:
		return true
	case *loggedBody:
		return isSized(body.ReadCloser)
	}
	return false
}

// readBody reads the request's body into e, as far as the default limit allows,
// unless the body has a limit of its own.
func (e *encoder) readBody(w http.ResponseWriter, r *http.Request) error {
	var body io.Reader
	switch {
	case r.Body == nil:
		return nil
	case isSized(r.Body):
		body = r.Body
	case r.ContentLength > DefaultMaxBytes:
		return tooLarge(DefaultMaxBytes)
	case r.ContentLength > 0:
		// The server ends the body there, but what a middleware makes of it may
		// be longer.
		e.limited = io.LimitedReader{R: r.Body, N: DefaultMaxBytes + 1}
		body = &e.limited
	default:
		// MaxBytesReader tells the server to close the connection only if it is
		// given the server's own writer.
		body = http.MaxBytesReader(innermost(w), r.Body, DefaultMaxBytes)
	}
	if r.ContentLength > 0 { // which is a promise that costs the client nothing
		e.Grow(int(min(r.ContentLength, firstGrowth)) + bytes.MinRead)
	}
	n, err := e.ReadFrom(body)
	e.limited.R = nil
	if n > DefaultMaxBytes && body == &e.limited {
		return tooLarge(DefaultMaxBytes)
	}
	return bodyError(err)
}

func tooLarge(limit int64) error {
	return RequestEntityTooLarge{fmt.Errorf("the body is longer than %d bytes", limit)}
}

// bodyError returns the error to answer with where reading a body has failed. A body
// that a middleware has put there fails with the status that it says.
func bodyError(err error) error {
	if err == nil {
		return nil
	}
	if equiv, ok := errors.AsType[HTTPEquivError](err); ok && statusOf(err) >= http.StatusBadRequest {
		return equiv // of a middleware's body
	}
	if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(tooLong.Limit)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return RequestTimeout{errors.New("the body comes too slowly")}
	}
	return BadRequest{errors.New("the body can't be read to its end")}
}

package tigertonic

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// DefaultMaxBytes is how long a body may be that a [Marshaled] function takes,
// in bytes, where no [Sized] says otherwise.
const DefaultMaxBytes = 1 << 20

// Sizer limits the bodies of the requests to a handler.
type Sizer struct {
	handler http.Handler
	max     int64
}

// Sized returns a handler that lets h read at most max bytes of a request's
// body, more or less than [DefaultMaxBytes]. A request that announces more is
// answered 413, through [ResponseErrorWriter], before h is called; reading more
// fails with an *[http.MaxBytesError], which handlers of this package answer
// likewise, and the connection is closed after the response. Of nested limits,
// the smallest holds. Sized panics if limit is negative.
func Sized(h http.Handler, limit int64) *Sizer {
	if limit < 0 {
		panic(fmt.Sprintf("tigertonic: Sized: %d bytes (at %v)", limit, caller()))
	}
	return &Sizer{h, limit}
}

// ServeHTTP calls the handler with a limited body.
func (s *Sizer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength > s.max {
		ResponseErrorWriter.WriteError(r, w, tooLarge(s.max))
		return
	}
	if r.Body != nil {
		r.Body = &sizedBody{http.MaxBytesReader(innermost(w), r.Body, s.max)}
	}
	s.handler.ServeHTTP(w, r)
}

// Unwrap returns the handler whose requests are limited.
func (s *Sizer) Unwrap() http.Handler { return s.handler }

// String is how [Explain] shows the handler.
func (s *Sizer) String() string { return fmt.Sprintf("Sized(%d)", s.max) }

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

// limitBody returns the request's body with the default limit, unless it has a
// limit of its own.
func limitBody(w http.ResponseWriter, r *http.Request) io.Reader {
	switch {
	case r.Body == nil:
		return http.NoBody
	case isSized(r.Body):
		return r.Body
	}
	// MaxBytesReader tells the server to close the connection only if it is
	// given the server's own writer.
	return http.MaxBytesReader(innermost(w), r.Body, DefaultMaxBytes)
}

func tooLarge(limit int64) error {
	return RequestEntityTooLarge{fmt.Errorf("the body is longer than %d bytes", limit)}
}

// bodyError returns the error to answer with where reading a body has failed.
func bodyError(err error) error {
	if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(tooLong.Limit)
	}
	return BadRequest{errors.New("the body can't be read to its end")}
}

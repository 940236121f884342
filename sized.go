package tigertonic

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/record"

	"github.com/rcrowley/go-tigertonic/internal/linelog"
)

// DefaultMaxBytes is how long the body for a [Marshaled] function may be, in bytes,
// unless a [Sized] says otherwise.
const DefaultMaxBytes = 1 << 20

// firstGrowth is how much memory a body may get before any of it has arrived.
const firstGrowth = 8 << 10

// A sizer limits the bodies of the requests to a handler.
type sizer struct {
	handler http.Handler
	limit   int64
}

// Sized returns a handler that lets h read at most limit bytes of a request's body, more
// or less than [DefaultMaxBytes]. A request that announces more gets a 413, through
// [ResponseErrorWriter], before h is called. Reading more fails with an
// *[http.MaxBytesError], which handlers of this package turn into a 413 too, and the
// connection is closed after the response. Of nested limits, the smallest applies. The
// limit also applies to a body that middleware within h has replaced, such as a
// decompressed one: handlers of this package read at most limit bytes of it. If such a
// body fails with an [HTTPEquivError], the response has that error's status. If there is
// a body, h gets a copy of the request. Sized panics if limit is negative.
func Sized(h http.Handler, limit int64) http.Handler {
	if limit < 0 {
		callsite.Panicf("Sized: a limit of %d bytes", limit)
	}
	return &sizer{mustHandler("Sized", h), limit}
}

// ServeHTTP calls the handler with a limited body.
func (s *sizer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength > s.limit {
		shareRefusal(s.handler, w, r)
		writeError(w, r, tooLarge(s.limit))
		return
	}
	if r.Body == nil || r.Body == http.NoBody {
		s.handler.ServeHTTP(w, r)
		return
	}
	body := &sizedBody{Context: r.Context(), limit: min(s.limit, limitOf(r.Context(), s.limit))}
	body.ReadCloser = http.MaxBytesReader(record.Innermost(w), r.Body, s.limit)
	body.request = *r.WithContext(body)
	body.request.Body = body
	record.NoteRequest(w, &body.request)
	defer handBack(r, &body.request)
	s.handler.ServeHTTP(w, &body.request)
}

// Unwrap returns the handler whose requests are limited.
func (s *sizer) Unwrap() http.Handler { return s.handler }

// Describe adds that there is a limit to the body.
func (s *sizer) Describe(op *Operation) {
	if op.Body != nil {
		op.AddError(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", s.limit))
	}
}

// String is how [Explain] shows the handler.
func (s *sizer) String() string { return fmt.Sprintf("Sized(%d)", s.limit) }

// A sizedBody is a limited body. It is also the context of its request, so that the limit
// can be found if middleware has put another body round this one.
type sizedBody struct {
	context.Context //nolint:containedctx // it is the context
	io.ReadCloser
	limit   int64
	request http.Request
}

type limitKey struct{}

// Value returns the limit, or what the context has.
func (b *sizedBody) Value(key any) any {
	if key == (limitKey{}) {
		return b
	}
	return b.Context.Value(key)
}

// limitOf returns the limit of the Sized that a request came through, or else the
// limit without one.
func limitOf(ctx context.Context, without int64) int64 {
	if sized, ok := ctx.Value(limitKey{}).(*sizedBody); ok {
		return sized.limit
	}
	return without
}

// isSized reports whether a body has a limit of its own.
func isSized(body io.Reader) bool {
	switch body := body.(type) {
	case *sizedBody:
		return true
	case *linelog.RequestBody:
		return isSized(body.ReadCloser)
	}
	return false
}

// readBody reads the request's body into e, up to the limit of a Sized or else the
// default limit.
func readBody(e *codec.Buffer, w http.ResponseWriter, r *http.Request) error {
	if r.Body == nil {
		return nil
	}
	sized, limit := isSized(r.Body), int64(DefaultMaxBytes)
	if !sized {
		limit = limitOf(r.Context(), limit)
	}
	var body io.Reader
	switch {
	case sized:
		body = r.Body
	case r.ContentLength > limit:
		return tooLarge(limit)
	case r.ContentLength > 0:
		// The server ends the body there, but what a middleware makes of it may
		// be longer.
		e.Limited = io.LimitedReader{R: r.Body, N: limit + 1}
		body = &e.Limited
	default:
		// MaxBytesReader tells the server to close the connection only if it is
		// given the server's own writer.
		body = http.MaxBytesReader(record.Innermost(w), r.Body, limit)
	}
	if r.ContentLength > 0 { // which is a promise that costs the client nothing
		e.Grow(int(min(r.ContentLength, firstGrowth)) + bytes.MinRead)
	}
	n, err := e.ReadFrom(body)
	e.Limited.R = nil
	if n > limit && body == &e.Limited {
		return tooLarge(limit)
	}
	return bodyError(err)
}

// openBody returns a reader of the request's body, up to the limit of a Sized or else the
// given one, or the default limit if that is 0. Its errors have the status of a response.
func openBody(w http.ResponseWriter, r *http.Request, limit int64) (io.Reader, error) {
	if r.Body == nil {
		return http.NoBody, nil
	}
	if isSized(r.Body) {
		return uploadBody{r.Body}, nil
	}
	limit = limitOf(r.Context(), cmp.Or(limit, DefaultMaxBytes))
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	return uploadBody{http.MaxBytesReader(record.Innermost(w), r.Body, limit)}, nil
}

// An uploadBody is a body that a function reads.
type uploadBody struct{ body io.Reader }

// Read returns an error with the status of a response.
func (u uploadBody) Read(p []byte) (int, error) {
	n, err := u.body.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // what ends a stream is io.EOF itself
		err = bodyError(err)
	}
	return n, err
}

func tooLarge(limit int64) error {
	return RequestEntityTooLarge{fmt.Errorf("the body is longer than %d bytes", limit)}
}

// bodyError returns the error for a response after reading a body has failed. A body
// that middleware has put there determines the status by its error.
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

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"golang.org/x/sync/semaphore"
)

const (
	// maxBody is how long a payload may be, and what it unpacks to.
	maxBody = tigertonic.DefaultMaxBytes
	// lightBody is how much of a body anybody may send. Together with the limit on
	// connections, that is what clients can hold in memory that stop half-way.
	lightBody = 16 << 10
	// heavyBodies is how long the bodies may be together that are longer. What a body
	// takes in memory is about four times as much, for a moment.
	heavyBodies = 6 << 20
	// heavyWait is how long one waits for its turn.
	heavyWait = time.Second
)

// An intake lets bodies in: not while they can't be kept, not more than there is memory
// for, and unpacked.
type intake struct {
	handler http.Handler
	odd     http.Handler // for bodies that are long, packed, or don't say how long they are
	refuses func(length int64) error
	heavy   *semaphore.Weighted
}

func newIntake(h http.Handler, refuses func(length int64) error) *intake {
	i := &intake{handler: h, refuses: refuses, heavy: semaphore.NewWeighted(heavyBodies)}
	i.odd = tigertonic.Sized(http.HandlerFunc(i.serveOdd), maxBody)
	return i
}

// ServeHTTP refuses the request, or calls the handler.
func (i *intake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := i.refuses(r.ContentLength)
	switch {
	case err != nil:
		tigertonic.ResponseErrorWriter.WriteError(r, w, err)
	case r.ContentLength > 0 && r.ContentLength <= lightBody && r.Header["Content-Encoding"] == nil:
		i.handler.ServeHTTP(w, r)
	default:
		i.odd.ServeHTTP(w, r)
	}
}

// Unwrap returns the handler.
func (i *intake) Unwrap() http.Handler { return i.handler }

// Describe adds what the handler doesn't know of.
func (i *intake) Describe(op *tigertonic.Operation) {
	op.AddError(http.StatusRequestEntityTooLarge, "the body is longer than 1 MiB, or unpacks to more")
	op.AddError(http.StatusUnsupportedMediaType, errCoding.Error())
	op.Response("415").SetHeader("Accept-Encoding", "What a body may be packed by.", &tigertonic.Schema{Types: []string{"string"}})
}

// String is how Explain shows the handler.
func (*intake) String() string { return "intake" }

var (
	errCoding = errors.New("a body may be packed by gzip, and not by anything else")
	errGzip   = tigertonic.BadRequest{Err: errors.New("the body can't be read to its end, or isn't packed by gzip")}
)

func (i *intake) serveOdd(w http.ResponseWriter, r *http.Request) {
	body := &weighed{ReadCloser: r.Body, ctx: r.Context(), heavy: i.heavy, weight: maxBody}
	if r.ContentLength > 0 {
		body.weight = r.ContentLength
	}
	defer body.release()
	r.Body = body
	switch codings := r.Header["Content-Encoding"]; {
	case len(codings) == 0 || len(codings) == 1 && codings[0] == "identity":
	case len(codings) == 1 && (codings[0] == "gzip" || codings[0] == "x-gzip"):
		unpacked, err := unpack(body)
		if err != nil {
			tigertonic.ResponseErrorWriter.WriteError(r, w, err)
			return
		}
		defer unpacked.Close() //nolint:errcheck // it only gives its memory back
		body.ReadCloser, body.read = unpacked, 0
		body.weight = max(body.weight, maxBody) // what it unpacks to isn't known
	default:
		w.Header().Set("Accept-Encoding", "gzip") // RFC 9110 §15.5.16
		tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.UnsupportedMediaType{Err: errCoding})
		return
	}
	r.Header.Del("Content-Encoding")
	i.handler.ServeHTTP(w, r)
}

// A weighed is a body that takes its share of what there is for long ones once it has
// turned out to be one.
type weighed struct {
	io.ReadCloser
	ctx    context.Context
	heavy  *semaphore.Weighted
	weight int64 // that it takes
	taken  int64 // that it has taken
	read   int64
}

func (b *weighed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if b.read <= lightBody || b.taken >= b.weight {
		return n, err
	}
	ctx, cancel := context.WithTimeout(b.ctx, heavyWait)
	defer cancel()
	if b.heavy.Acquire(ctx, b.weight-b.taken) != nil {
		return 0, errHeavy
	}
	b.taken = b.weight
	return n, err
}

func (b *weighed) release() { b.heavy.Release(b.taken) }

// unpackers are kept for reuse: each has 40 KB.
var unpackers = sync.Pool{New: func() any { return new(gzip.Reader) }}

// An unpacked is a body that was packed.
type unpacked struct{ gzip *gzip.Reader }

// unpack reads a body to its end, and returns what it unpacks to. So a client that stops
// half-way holds no more than what it has sent.
func unpack(body io.Reader) (*unpacked, error) {
	packed, err := io.ReadAll(body)
	if err != nil {
		return nil, packedError(err)
	}
	u := &unpacked{unpackers.Get().(*gzip.Reader)}
	if u.gzip.Reset(bytes.NewReader(packed)) != nil {
		_ = u.Close() // always nil
		return nil, errGzip
	}
	return u, nil
}

func (u *unpacked) Read(p []byte) (int, error) { return u.gzip.Read(p) }

// Close gives the memory back, and not what was in it.
func (u *unpacked) Close() error {
	_ = u.gzip.Reset(bytes.NewReader(nil)) // which is no gzip
	unpackers.Put(u.gzip)
	return nil
}

// packedError returns what the client is told of a body that couldn't be read.
func packedError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tigertonic.RequestEntityTooLarge{Err: errors.New("the body is too long")}
	}
	if equiv, ok := errors.AsType[tigertonic.HTTPEquivError](err); ok {
		return equiv
	}
	return errGzip
}

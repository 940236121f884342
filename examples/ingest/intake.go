package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
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
	handler  http.Handler
	unpacked http.Handler // the handler, with what unpacks bodies
	odd      http.Handler // for bodies that are long, packed, or don't say how long they are
	refuses  func(length int64) error
	heavy    *semaphore.Weighted
}

func newIntake(h http.Handler, refuses func(length int64) error) *intake {
	i := &intake{handler: h, refuses: refuses, heavy: semaphore.NewWeighted(heavyBodies)}
	i.unpacked = tigertonic.Decompressed(weighing{h})
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

// Unwrap returns the handler, with what unpacks bodies.
func (i *intake) Unwrap() http.Handler { return i.unpacked }

// String is how Explain shows the handler.
func (*intake) String() string { return "intake" }

// serveOdd weighs a body. One that is packed is read to its end before any of it is
// unpacked, so that a client that stops half-way holds no more than what it has sent.
func (i *intake) serveOdd(w http.ResponseWriter, r *http.Request) {
	s := &share{ctx: r.Context(), heavy: i.heavy, weight: maxBody}
	if r.ContentLength > 0 {
		s.weight = r.ContentLength
	}
	defer s.release()
	r.Body = &weighed{ReadCloser: r.Body, share: s}
	if r.Header["Content-Encoding"] != nil {
		r = r.WithContext(context.WithValue(r.Context(), shareKey{}, s))
		r.Body = &whole{ReadCloser: r.Body}
	}
	i.unpacked.ServeHTTP(w, r)
}

// A weighing handler weighs what bodies unpack to.
type weighing struct{ handler http.Handler }

func (h weighing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s, ok := r.Context().Value(shareKey{}).(*share); ok {
		s.weight = max(s.weight, maxBody) // what it unpacks to isn't known
		r.Body = &weighed{ReadCloser: r.Body, share: s}
	}
	h.handler.ServeHTTP(w, r)
}

// Unwrap returns the handler.
func (h weighing) Unwrap() http.Handler { return h.handler }

type shareKey struct{}

// A share is what a body takes of the memory that there is for long ones.
type share struct {
	ctx    context.Context
	heavy  *semaphore.Weighted
	weight int64 // that it takes
	taken  int64 // that it has taken
}

// take takes the share, for which it may have to wait.
func (s *share) take() error {
	if s.taken >= s.weight {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.ctx, heavyWait)
	defer cancel()
	if s.heavy.Acquire(ctx, s.weight-s.taken) != nil {
		return errHeavy
	}
	s.taken = s.weight
	return nil
}

func (s *share) release() { s.heavy.Release(s.taken) }

// A weighed is a body that takes its share once it has turned out to be a long one.
type weighed struct {
	io.ReadCloser
	share *share
	read  int64
}

func (b *weighed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.read += int64(n); b.read <= lightBody {
		return n, err
	}
	if heavy := b.share.take(); heavy != nil {
		return 0, heavy
	}
	return n, err
}

// A whole is a body that is read to its end at once.
type whole struct {
	io.ReadCloser
	read io.Reader // or nil
}

func (b *whole) Read(p []byte) (int, error) {
	if b.read == nil {
		text, err := io.ReadAll(b.ReadCloser)
		if err != nil {
			return 0, err
		}
		b.read = bytes.NewReader(text)
	}
	return b.read.Read(p)
}

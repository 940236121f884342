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
	// maxBody is the maximum length of a payload, compressed and decompressed.
	maxBody = tigertonic.DefaultMaxBytes
	// lightBody is the length up to which bodies aren't weighed. Together with the limit on
	// connections, it bounds the memory that clients can hold by stopping half-way.
	lightBody = 16 << 10
	// heavyBodies is the maximum total length of longer bodies. For a moment, a body takes
	// about four times its length in memory.
	heavyBodies = 6 << 20
	// heavyWait is how long such a body waits for its turn.
	heavyWait = time.Second
)

// An intake admits bodies: none while they can't be kept, and no more than there is memory
// for. It decompresses them.
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

// serveOdd weighs a body. It reads a compressed one to its end before it decompresses any
// of it, so that a client that stops half-way holds no more memory than it has sent.
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

// A weighing handler weighs decompressed bodies.
type weighing struct{ handler http.Handler }

func (h weighing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s, ok := r.Context().Value(shareKey{}).(*share); ok {
		s.weight = max(s.weight, maxBody) // its decompressed length isn't known
		r.Body = &weighed{ReadCloser: r.Body, share: s}
	}
	h.handler.ServeHTTP(w, r)
}

// Unwrap returns the handler.
func (h weighing) Unwrap() http.Handler { return h.handler }

type shareKey struct{}

// A share is a body's part of the memory for long ones.
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

// A weighed is a body that takes its share once it turns out to be long.
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

package ingest

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// MaxBody is how long a body may be.
	MaxBody = 1 << 20
	// lightBody is how much of a body anybody may send. Together with the limit on
	// connections, it bounds the memory that stalled clients can hold.
	lightBody = 16 << 10
	// heavyBodies is the total length of longer bodies at a time. While one is decoded,
	// it takes a few times as much memory.
	heavyBodies = 4 << 20
	// heavyWait is how long a longer body waits for its turn.
	heavyWait = 500 * time.Millisecond
)

var (
	errLong  = errors.New("the body is longer than 1 MiB")
	errHeavy = errors.New("there are too many long bodies")
	errBody  = errors.New("the body can't be read to its end")
	errMedia = errors.New("a body is a form, or JSON as application/json")
)

// A bodyReader reads bodies into bounded memory.
type bodyReader struct {
	heavy *semaphore.Weighted
	pool  sync.Pool
}

func newBodyReader() *bodyReader {
	return &bodyReader{
		heavy: semaphore.NewWeighted(heavyBodies),
		pool:  sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }},
	}
}

// A body is the text of a request. It must be released.
type body struct {
	text   []byte
	isJSON bool
	reader *bodyReader
	weight int64
}

// release returns the memory. The text must not be used afterwards.
func (b *body) release() {
	if b.weight > 0 {
		b.reader.heavy.Release(b.weight)
		return // it is the collector's
	}
	if b.text != nil {
		text := b.text[:0]
		b.reader.pool.Put(&text)
	}
}

// read reads the body of a request.
func (br *bodyReader) read(r *http.Request) (*body, error) {
	b := &body{reader: br}
	if r.ContentLength == 0 || r.Body == nil {
		return b, nil
	}
	if r.ContentLength > MaxBody {
		return b, errLong
	}
	mediaType := r.Header.Get("Content-Type")
	if mediaType != "application/x-www-form-urlencoded" && mediaType != "" {
		name, _, err := mime.ParseMediaType(mediaType)
		switch {
		case err == nil && name == "application/json":
			b.isJSON = true
		case err != nil || name != "application/x-www-form-urlencoded":
			return b, errMedia
		}
	}
	b.text = *br.pool.Get().(*[]byte)
	err := b.fill(r)
	return b, err
}

func (b *body) fill(r *http.Request) error {
	for {
		if len(b.text) == cap(b.text) {
			if err := b.grow(r.Context()); err != nil {
				return err
			}
		}
		n, err := r.Body.Read(b.text[len(b.text):cap(b.text)])
		b.text = b.text[:len(b.text)+n]
		switch {
		case len(b.text) > MaxBody:
			return errLong
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				return errLong
			}
			return errBody
		}
	}
}

// grow doubles the room for the text, so that a client holds at most twice as much memory
// as it has sent.
func (b *body) grow(ctx context.Context) error {
	size := min(2*cap(b.text), MaxBody+1)
	if size <= cap(b.text) {
		return errLong
	}
	if size > lightBody {
		ctx, cancel := context.WithTimeout(ctx, heavyWait)
		defer cancel()
		more := int64(size) - b.weight
		if b.reader.heavy.Acquire(ctx, more) != nil {
			return errHeavy
		}
		b.weight += more
	}
	b.text = append(make([]byte, 0, size), b.text...)
	return nil
}

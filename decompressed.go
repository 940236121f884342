package tigertonic

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/record"
	"github.com/rcrowley/go-tigertonic/schema"
)

// Coding is a content coding (RFC 9110 §8.4.1), for [Decompressed].
type Coding struct {
	Name string // as in Content-Encoding, such as "zstd"
	// NewReader returns a reader that decompresses packed. It must limit the memory that a
	// malicious body can make it allocate, since nothing else can.
	NewReader func(packed io.Reader) (io.ReadCloser, error)
}

// A decompressor decompresses the bodies of requests.
type decompressor struct {
	handler http.Handler
	codings []Coding
	accepts string
}

// Decompressed returns a handler that decompresses request bodies for h according to their
// Content-Encoding: gzip, and any other codings that you pass, such as zstd from a library
// of your choice. Several codings are undone from the last to the first, four at most.
//
// The limit of the [Sized] round the handler, or else [DefaultMaxBytes], applies to the
// body as it was sent, after each coding, and decompressed. Reading more fails with an
// *[http.MaxBytesError], which handlers of this package turn into a 413. Reading a
// malformed body fails with a [BadRequest]. The body is decompressed as it is read, so one
// that isn't read costs nothing.
//
// A request with an unknown coding gets a 415 through [ResponseErrorWriter], with the
// known ones in Accept-Encoding (RFC 9110 §15.5.16).
//
// For a compressed body, h gets a copy of the request, without Content-Encoding and with an
// unknown length. Its body can't be read after h has returned. Other requests are passed on
// unchanged.
//
// It panics if h is nil, or if a coding has no function or a name that isn't a token, is
// "identity" or occurs twice. A coding called "gzip" replaces the standard library's.
func Decompressed(h http.Handler, codings ...Coding) http.Handler {
	d := &decompressor{handler: mustHandler("Decompressed", h)}
	for _, c := range codings {
		c.Name = strings.ToLower(c.Name)
		switch {
		case !httpfield.IsToken(c.Name) || c.Name == "identity":
			callsite.Panicf("Decompressed: %q isn't the name of a coding", c.Name)
		case c.NewReader == nil:
			callsite.Panicf("Decompressed: the coding %q has no function", c.Name)
		case d.coding(c.Name) != nil:
			callsite.Panicf("Decompressed: the coding %q is there twice", c.Name)
		}
		d.codings = append(d.codings, c)
	}
	if d.coding("gzip") == nil {
		d.codings = append([]Coding{{"gzip", newGzipReader}}, d.codings...)
	}
	names := make([]string, 0, len(d.codings))
	for _, c := range d.codings {
		names = append(names, c.Name)
	}
	d.accepts = strings.Join(names, ", ")
	return d
}

// coding returns the coding with a name in lower case, or nil.
func (d *decompressor) coding(name string) *Coding {
	if name == "x-gzip" { // RFC 9110 §8.4.1.3
		name = "gzip"
	}
	if i := slices.IndexFunc(d.codings, func(c Coding) bool { return c.Name == name }); i >= 0 {
		return &d.codings[i]
	}
	return nil
}

// ServeHTTP calls the handler with a decompressed body.
func (d *decompressor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if httpfield.HasPlainBody(r) {
		d.handler.ServeHTTP(w, r)
		return
	}
	codings, ok := d.codingsOf(r)
	if !ok {
		w.Header()["Accept-Encoding"] = []string{d.accepts}
		shareRefusal(d.handler, w, r)
		writeError(w, r, UnsupportedMediaType{fmt.Errorf("a body may only be compressed by %s", strings.ReplaceAll(d.accepts, ", ", " or "))})
		return
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	body := &unpackedBody{packed: r.Body, codings: codings, limit: limitOf(r.Context(), DefaultMaxBytes)}
	defer body.end()
	inner := new(http.Request)
	*inner = *r
	inner.Header = r.Header.Clone()
	inner.Header.Del("Content-Encoding")
	inner.Header.Del("Content-Length")
	inner.Body, inner.ContentLength = body, -1
	record.NoteRequest(w, inner)
	defer handBack(r, inner)
	d.handler.ServeHTTP(w, inner)
}

// maxCodings is how many codings a body may have.
const maxCodings = 4

// codingsOf returns the codings of a request's body in the order in which they were
// applied, or false if one of them isn't known.
func (d *decompressor) codingsOf(r *http.Request) (codings []*Coding, ok bool) {
	for _, list := range r.Header["Content-Encoding"] {
		for list != "" {
			var name string
			name, list = httpfield.CutElement(list, ',')
			if name = strings.ToLower(name); name == "" || name == "identity" {
				continue
			}
			c := d.coding(name)
			if c == nil || len(codings) == maxCodings {
				return nil, false
			}
			codings = append(codings, c)
		}
	}
	return codings, true
}

// Unwrap returns the handler that gets the decompressed bodies.
func (d *decompressor) Unwrap() http.Handler { return d.handler }

// String is how [Explain] shows the handler.
func (d *decompressor) String() string { return fmt.Sprintf("Decompressed(%s)", d.accepts) }

// Describe adds the codings that a body may have, if there is a body, and the
// refusals.
func (d *decompressor) Describe(op *Operation) {
	if op.Body == nil {
		return
	}
	body := *op.Body
	body.Description = strings.TrimLeft(body.Description+" It may be compressed, as its Content-Encoding says, by "+d.accepts+".", " ")
	op.Body = &body
	op.AddError(http.StatusBadRequest, "the body isn't compressed as it says")
	op.AddError(http.StatusRequestEntityTooLarge, "the body is too long, compressed or decompressed")
	op.AddError(http.StatusUnsupportedMediaType, "the body is compressed by something other than "+d.accepts)
	op.Response(http.StatusUnsupportedMediaType).SetHeader("Accept-Encoding", "How a body may be compressed.", &schema.Schema{Types: []string{"string"}})
}

// An unpackedBody is a body that is decompressed as it is read. Reading fails with the
// first error from below, whatever the codings above make of it.
type unpackedBody struct {
	packed  io.ReadCloser
	codings []*Coding
	limit   int64

	mu      sync.Mutex // a handler's goroutine may read while it returns
	reader  io.Reader  // or nil before the first Read
	closers []io.Closer
	fault   error
}

var errAfterEnd = errors.New("tigertonic: a body was read after its handler had returned")

// Read decompresses.
func (b *unpackedBody) Read(p []byte) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reader == nil && b.fault == nil {
		if err = b.open(); err != nil {
			b.reader = nothing{}
		}
	}
	if b.fault == nil && err == nil {
		n, err = b.reader.Read(p)
	}
	switch {
	case b.fault != nil:
		return n, b.fault
	case err != nil && err != io.EOF: //nolint:errorlint // what ends a stream is io.EOF itself
		b.fault = BadRequest{errors.New("the body can't be read to its end, or isn't compressed as it says")}
		return n, b.fault
	}
	return n, err
}

// open creates the readers, from the last coding to the first.
func (b *unpackedBody) open() error {
	b.reader = &boundedReader{body: b, r: b.packed, left: b.limit, bottom: true}
	for _, c := range slices.Backward(b.codings) {
		r, err := c.NewReader(b.reader)
		if err != nil {
			return err
		}
		b.closers = append(b.closers, r)
		b.reader = &boundedReader{body: b, r: r, left: b.limit}
	}
	return nil
}

// Close closes the packed body. The readers are closed when the handler has returned.
func (b *unpackedBody) Close() error { return b.packed.Close() }

// end releases the readers.
func (b *unpackedBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = errAfterEnd
	for _, c := range slices.Backward(b.closers) {
		_ = c.Close() // nothing of it is read any more
	}
	b.closers = nil
}

// A boundedReader reads no more than the limit of its body.
type boundedReader struct {
	body   *unpackedBody
	r      io.Reader
	left   int64
	bottom bool // it reads what the client has sent, and any error is its own
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.body.fault != nil {
		return 0, b.body.fault
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if int64(n) > b.left {
		n, err = int(b.left), &http.MaxBytesError{Limit: b.body.limit}
		b.body.fault = err
	}
	b.left -= int64(n)
	if b.bottom && err != nil && err != io.EOF {
		b.body.fault = err
	}
	return n, err
}

// A gzipReader is kept for reuse: it holds 40 KB, and reads 4 KB at a time. A client that
// has sent nothing yet occupies none.
type gzipReader struct {
	gzip.Reader
	buffered bufio.Reader
	rest     prefixed
}

// A prefixed is a stream whose first byte has been read.
type prefixed struct {
	first  byte
	unread bool
	r      io.Reader
}

func (p *prefixed) Read(b []byte) (int, error) {
	if !p.unread || len(b) == 0 {
		return p.r.Read(b)
	}
	b[0], p.unread = p.first, false
	return 1, nil
}

var gzipReaders = sync.Pool{New: func() any { return new(gzipReader) }}

func newGzipReader(packed io.Reader) (io.ReadCloser, error) {
	var first [1]byte
	if _, err := io.ReadFull(packed, first[:]); err != nil {
		return nil, err
	}
	g := gzipReaders.Get().(*gzipReader)
	g.rest = prefixed{first[0], true, packed}
	g.buffered.Reset(&g.rest)
	if err := g.Reset(&g.buffered); err != nil {
		_ = g.Close() // always nil
		return nil, err
	}
	return g, nil
}

// Close returns the memory to the pool, without the data in it. It must be the last
// call.
func (g *gzipReader) Close() error {
	g.rest = prefixed{r: nothing{}}
	g.buffered.Reset(&g.rest)
	_ = g.Reset(&g.buffered) // which is no gzip
	gzipReaders.Put(g)
	return nil
}

// nothing is an empty stream.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }

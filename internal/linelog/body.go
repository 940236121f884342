package linelog

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/record"
)

// maxBody is how many bytes of a body are kept to be logged.
const maxBody = 16 << 10

// A body keeps the beginning of a body and its length.
type body struct {
	kept  []byte
	total int64
}

func (b *body) add(p []byte) {
	b.total += int64(len(p))
	b.kept = append(b.kept, p[:min(len(p), maxBody-len(b.kept))]...)
}

// text returns what may be logged of a request's or response's body. A body that is too
// long or incomplete isn't passed to a Redactor, which wouldn't recognize a secret that
// is cut in two.
func (b *body) text(whose string, whole bool, h http.Header, f Redactor) string {
	long := b.total > int64(len(b.kept))
	switch {
	case b.total == 0:
		return ""
	case !isText(h, b.kept):
		return fmt.Sprintf("** %s body redacted **", whose)
	case long && f != nil:
		return fmt.Sprintf("** %s body of %d bytes redacted, more than %d **", whose, b.total, maxBody)
	case !whole && f != nil:
		return fmt.Sprintf("** %s body redacted, cut off after %d bytes **", whose, b.total)
	case long:
		return fmt.Sprintf("%s\n** %s body of %d bytes cut off **", b.kept, whose, b.total)
	}
	return f.Redact(string(b.kept))
}

// isText reports whether a body is text or JSON.
func isText(h http.Header, content []byte) bool {
	if h.Get("Content-Encoding") != "" {
		return false
	}
	contentType := h.Get("Content-Type")
	if contentType == "" {
		contentType = http.DetectContentType(content)
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil &&
		(strings.HasPrefix(mediaType, "text/") || strings.HasSuffix(mediaType, "+json") ||
			mediaType == httpfield.JSON || mediaType == httpfield.JSONLines || mediaType == httpfield.NDJSON)
}

// A RequestBody keeps a request's body while it is read, perhaps after the handler has
// returned.
type RequestBody struct {
	io.ReadCloser
	length int64 // or -1
	mu     sync.Mutex
	log    body
	ended  bool
}

// Read reads the body.
func (b *RequestBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log.add(p[:n])
	b.ended = b.ended || err == io.EOF || b.log.total == b.length
	return n, err
}

// Text returns what may be logged of the body so far. The header is the request's.
func (b *RequestBody) Text(h http.Header, f Redactor) string {
	b.mu.Lock()
	log, ended := b.log, b.ended
	b.mu.Unlock()
	return log.text("request", ended, h, f)
}

// KeepBody replaces the request's body with a RequestBody.
func KeepBody(r *http.Request) *RequestBody {
	kept := &RequestBody{ReadCloser: r.Body, length: r.ContentLength}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = kept
	}
	return kept
}

// A Response keeps the beginning of a response while it is written.
type Response struct {
	Header http.Header // as it was sent, or as it is if nothing was
	body   body
}

// KeepResponse returns a writer, and the Response that keeps what is written to it.
func KeepResponse(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *record.Recorder, *Response) {
	kept := &Response{Header: w.Header()}
	w, rec := record.Wrap(w, r)
	rec.Observe(kept)
	return w, rec, kept
}

// OnHeader keeps the header.
func (rs *Response) OnHeader(_ int, h http.Header) { rs.Header = h.Clone() }

// OnBody keeps the beginning of the body.
func (rs *Response) OnBody(p []byte) { rs.body.add(p) }

// Text returns what may be logged of the body; whole reports whether it is complete.
func (rs *Response) Text(whole bool, f Redactor) string {
	return rs.body.text("response", whole, rs.Header, f)
}

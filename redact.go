package tigertonic

import (
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// A Redactor returns a text without what mustn't be logged. It is called with
// whole texts, never with pieces: the first line of a request or response, a
// header as "Name: value", with all its values for [JSONLogged], or a body. Where
// it panics, nothing of the text is logged. It must be safe for concurrent use.
type Redactor func(string) string

// maxLoggedBody is how many bytes of a body are kept to be logged.
const maxLoggedBody = 16 << 10

// redact returns what may be logged of text, with nothing raw left if the
// Redactor panics.
func (f Redactor) redact(text string) (redacted string) {
	if f == nil {
		return text
	}
	defer func() {
		if recover() != nil {
			redacted = "** not logged: the redactor panicked **"
		}
	}()
	return f(text)
}

// header returns what may be logged of a header's values.
func (f Redactor) header(name, value string) string {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie":
		return "** redacted **"
	}
	return strings.TrimPrefix(f.redact(name+": "+value), name+": ")
}

// A bodyLog keeps the beginning of a body and its length.
type bodyLog struct {
	kept  []byte
	total int64
}

func (b *bodyLog) add(p []byte) {
	b.total += int64(len(p))
	b.kept = append(b.kept, p[:min(len(p), maxLoggedBody-len(b.kept))]...)
}

// text returns what may be logged of the body, which is a request's or a
// response's. Of one that is too long, or didn't come to its end, a Redactor gets
// nothing, since a secret that is cut in two isn't known to it.
func (b *bodyLog) text(whose string, whole bool, h http.Header, f Redactor) string {
	long := b.total > int64(len(b.kept))
	switch {
	case b.total == 0:
		return ""
	case !isText(h, b.kept):
		return fmt.Sprintf("** %s body redacted **", whose)
	case long && f != nil:
		return fmt.Sprintf("** %s body of %d bytes redacted, more than %d **", whose, b.total, maxLoggedBody)
	case !whole && f != nil:
		return fmt.Sprintf("** %s body redacted, cut off after %d bytes **", whose, b.total)
	case long:
		return fmt.Sprintf("%s\n** %s body of %d bytes cut off **", b.kept, whose, b.total)
	}
	return f.redact(string(b.kept))
}

// isText tells whether a body is text or JSON.
func isText(h http.Header, body []byte) bool {
	if h.Get("Content-Encoding") != "" {
		return false
	}
	contentType := h.Get("Content-Type")
	if contentType == "" {
		contentType = http.DetectContentType(body)
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil &&
		(strings.HasPrefix(mediaType, "text/") || strings.HasSuffix(mediaType, "+json") ||
			mediaType == jsonType || mediaType == linesType || mediaType == ndjsonType)
}

// A loggedBody is a request's body that is kept as it is read, which may go on
// after the handler has returned.
type loggedBody struct {
	io.ReadCloser
	length int64 // or -1
	mu     sync.Mutex
	log    bodyLog
	ended  bool
}

func (b *loggedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log.add(p[:n])
	b.ended = b.ended || err == io.EOF || b.log.total == b.length
	return n, err
}

// text is what may be logged of the body by now.
func (b *loggedBody) text(h http.Header, f Redactor) string {
	b.mu.Lock()
	log, ended := b.log, b.ended
	b.mu.Unlock()
	return log.text("request", ended, h, f)
}

// keepBody makes the request's body one that is kept.
func keepBody(r *http.Request) *loggedBody {
	body := &loggedBody{ReadCloser: r.Body, length: r.ContentLength}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = body
	}
	return body
}

// A loggedResponse is what is kept of a response as it is written.
type loggedResponse struct {
	header http.Header
	body   bodyLog
}

// keepResponse returns a writer that keeps the response in what it returns, too.
func keepResponse(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *recorder, *loggedResponse) {
	kept := &loggedResponse{header: w.Header()}
	w, rec := record(w, r)
	rec.observe(kept)
	return w, rec, kept
}

func (lr *loggedResponse) onHeader(_ int, h http.Header) { lr.header = h.Clone() }
func (lr *loggedResponse) onBody(p []byte)               { lr.body.add(p) }

// requestURI returns the request's target as it was sent, but without a user and
// password.
func requestURI(r *http.Request) string {
	if r.RequestURI == "" {
		return r.URL.RequestURI()
	}
	scheme, left, absolute := strings.Cut(r.RequestURI, "://")
	if !absolute || strings.HasPrefix(scheme, "/") {
		return r.RequestURI
	}
	authority := len(left)
	if i := strings.IndexAny(left, "/?#"); i >= 0 {
		authority = i
	}
	return scheme + "://" + left[strings.LastIndexByte(left[:authority], '@')+1:]
}

// escape returns text for a log, in which nothing can end the line or control a
// terminal: characters that can't be printed are escaped as in Go, and so are
// those in special.
func escape(text, special string) string {
	safe := func(c rune) bool {
		return (c == '\t' || c >= ' ' && c < 0x7f) && !strings.ContainsRune(special, c)
	}
	if strings.IndexFunc(text, func(c rune) bool { return !safe(c) }) < 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + len(text)/4)
	var quoted [16]byte
	for text != "" {
		c, size := utf8.DecodeRuneInString(text)
		switch {
		case c == utf8.RuneError && size == 1:
			b.WriteString(`\x`)
			b.Write(hex.AppendEncode(quoted[:0], []byte(text[:1])))
		case safe(c), c >= utf8.RuneSelf && unicode.IsPrint(c):
			b.WriteRune(c)
		case c == ' ':
			b.WriteString(`\x20`)
		case c > ' ' && strings.ContainsRune(special, c):
			b.WriteByte('\\')
			b.WriteRune(c)
		default:
			inQuotes := strconv.AppendQuoteRune(quoted[:0], c)
			b.Write(inQuotes[1 : len(inQuotes)-1])
		}
		text = text[size:]
	}
	return b.String()
}

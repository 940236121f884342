// Package form reads and writes multipart/form-data (RFC 7578) one part at a time, and
// the names of files in header fields. Whatever a client sends, it buffers no more than
// one part's header and a little content. It doesn't know which fields a form has, or
// what a part is for.
package form

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
)

// Media types of forms.
const (
	URLEncoded = "application/x-www-form-urlencoded"
	Multipart  = "multipart/form-data"
)

const (
	// maxHeader is how long the header of a part may be, including what precedes it.
	maxHeader = 16 << 10
	// maxBoundary is how long a boundary may be (RFC 2046 §5.1.1).
	maxBoundary = 70
)

// File is a file while it is read. The root's type of the same name is defined by it.
type File struct {
	Field       string
	Name        string
	ContentType string
	Size        int64
	io.Reader
}

// A Malformed is the error for a body that isn't complete multipart/form-data.
type Malformed string

// Error returns what is wrong.
func (m Malformed) Error() string { return string(m) }

// errEnds says that the last boundary is missing (RFC 2046 §5.1.1).
const errEnds = Malformed("ends before its last boundary")

// ErrFieldsTooLong is the error for a form whose budget is used up.
var ErrFieldsTooLong = errors.New("the fields of the form are too long")

// A Reader reads the parts of a body. It isn't safe for concurrent use.
type Reader struct {
	parts  *multipart.Reader
	body   meter
	part   *Part
	budget int64 // what is left of it
}

// A meter reads a body, and at most header bytes of it before each part. After the end
// of the body it supplies a line end, for a last boundary without one, and then an error:
// mime/multipart takes the end of a body for that of the form if the header of a part is
// missing.
type meter struct {
	body   io.Reader
	header int64
	ahead  bool
	behind string // what is left of the line end
	ended  bool
	fault  error
}

// Read reads from the body, up to the limits.
func (m *meter) Read(p []byte) (int, error) {
	if m.fault != nil {
		return 0, m.fault
	}
	if m.ended {
		return m.readBehind(p)
	}
	if m.ahead {
		if m.header <= 0 {
			m.fault = Malformed(fmt.Sprintf("has a part with a header of more than %d bytes", maxHeader))
			return 0, m.fault
		}
		p = p[:min(int64(len(p)), m.header)]
	}
	n, err := m.body.Read(p)
	if m.ahead {
		m.header -= int64(n)
	}
	switch {
	case err == io.EOF:
		m.ended = true
		if n == 0 {
			return m.readBehind(p)
		}
		err = nil
	case err != nil:
		m.fault = err
	}
	return n, err
}

// readBehind reads what follows the end of the body.
func (m *meter) readBehind(p []byte) (int, error) {
	if m.behind == "" {
		m.fault = errEnds
		return 0, m.fault
	}
	n := copy(p, m.behind)
	m.behind = m.behind[n:]
	return n, nil
}

// NewReader returns a reader of a body's parts. The headers of all parts and the content
// of those that aren't files may have budget bytes in all.
func NewReader(body io.Reader, boundary string, budget int64) (*Reader, error) {
	if boundary == "" {
		return nil, Malformed("has no boundary in its Content-Type")
	}
	if len(boundary) > maxBoundary {
		return nil, Malformed(fmt.Sprintf("has a boundary of more than %d characters (RFC 2046 §5.1.1)", maxBoundary))
	}
	r := &Reader{body: meter{body: body, behind: "\r\n"}, budget: budget}
	r.parts = multipart.NewReader(&r.body, boundary)
	return r, nil
}

// A Part is a part of a form. It can be read until [Reader.Next] is called again.
type Part struct {
	Field       string // the name of the field
	File        string // its file's name as it was sent, without directories
	HasFile     bool   // the part has the name of a file, which may be ""
	ContentType string // or ""

	reader  *Reader
	isFile  bool
	content io.Reader
	peeked  []byte // that was read before it was asked for
	err     error
}

// IsFile reports whether the part is a file rather than a text: it has a file name, or a
// media type other than text/plain.
func (p *Part) IsFile() bool {
	return p.HasFile || p.ContentType != "" && !isText(p.ContentType)
}

// IsUTF8 reports whether a text is in UTF-8, as far as its media type says.
func (p *Part) IsUTF8() bool {
	_, params, err := mime.ParseMediaType(p.ContentType)
	return p.ContentType == "" || err == nil && isUTF8(params["charset"])
}

func isText(contentType string) bool {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	return mediaType == "text/plain"
}

// isUTF8 reports whether a charset is UTF-8 or a part of it.
func isUTF8(charset string) bool {
	return charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8") || strings.EqualFold(charset, "us-ascii")
}

// Next skips the rest of the current part and returns the next one. The error is io.EOF
// after the last part, a [Malformed], ErrFieldsTooLong, or the body's error.
func (r *Reader) Next() (*Part, error) {
	if r.part != nil {
		if _, err := io.Copy(io.Discard, r.part); err != nil {
			return nil, err
		}
	}
	r.body.ahead, r.body.header = true, maxHeader
	raw, err := r.parts.NextRawPart()
	r.body.ahead = false
	if err != nil {
		return nil, r.errorOf(err)
	}
	if err := r.spend(sizeOf(raw.Header)); err != nil {
		return nil, err
	}
	r.part = &Part{reader: r, content: raw}
	if err := r.part.parse(raw.Header["Content-Disposition"], raw.Header["Content-Type"]); err != nil {
		return nil, err
	}
	for _, coding := range raw.Header["Content-Transfer-Encoding"] { // RFC 7578 §4.7
		switch strings.ToLower(coding) {
		case "binary", "8bit", "7bit":
		default:
			return nil, Malformed("has a part with a Content-Transfer-Encoding, which forms don't have (RFC 7578 §4.7)")
		}
	}
	r.part.isFile = r.part.IsFile()
	return r.part, nil
}

// spend takes n bytes off the budget. It counts what has been parsed: the bytes that were
// read to parse a header may include the beginning of a file.
func (r *Reader) spend(n int) error {
	if r.budget -= int64(n); r.budget < 0 {
		return ErrFieldsTooLong
	}
	return nil
}

// sizeOf returns the length of the lines of a header.
func sizeOf(header textproto.MIMEHeader) (n int) {
	for name, values := range header {
		for _, value := range values {
			n += len(name) + len(": ") + len(value) + len("\r\n")
		}
	}
	return n
}

// errorOf returns why reading failed.
func (r *Reader) errorOf(err error) error {
	switch {
	case err == io.EOF: //nolint:errorlint // what ends the parts is io.EOF itself
		return io.EOF
	case r.body.fault != nil:
		return r.body.fault
	}
	return Malformed("isn't multipart/form-data with the boundary of its Content-Type (RFC 7578)")
}

// parse reads the header of the part.
func (p *Part) parse(dispositions, types []string) error {
	if len(dispositions) != 1 {
		return Malformed("has a part without one Content-Disposition (RFC 7578 §4.2)")
	}
	if len(types) > 1 {
		return Malformed("has a part with two Content-Types")
	}
	if len(types) == 1 {
		p.ContentType = types[0]
	}
	// The fast path for texts as browsers send them, of which a hostile form has
	// thousands.
	if name, ok := strings.CutPrefix(dispositions[0], `form-data; name="`); ok {
		if end := strings.IndexAny(name, `"\%`); end == len(name)-1 && name[end] == '"' {
			p.Field = name[:end]
			return nil
		}
	}
	disposition, params, err := mime.ParseMediaType(dispositions[0])
	if err != nil || disposition != "form-data" {
		return Malformed("has a part with a Content-Disposition other than form-data (RFC 7578 §4.2)")
	}
	field, ok := params["name"]
	if !ok {
		return Malformed("has a part without a name (RFC 7578 §4.2)")
	}
	p.Field = unescape(field)
	p.File, p.HasFile = params["filename"]
	p.File = BaseName(unescape(p.File))
	return nil
}

// unescape undoes the escaping of quotes in names by browsers.
func unescape(name string) string { return strings.ReplaceAll(name, "%22", `"`) }

// Read reads the content of the part.
func (p *Part) Read(b []byte) (int, error) {
	if len(p.peeked) > 0 {
		n := copy(b, p.peeked)
		p.peeked = p.peeked[n:]
		return n, nil
	}
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.content.Read(b)
	if err != nil {
		p.err = p.reader.errorOf(err)
	}
	if !p.isFile {
		if err := p.reader.spend(n); err != nil {
			n, p.err = 0, err
		}
	}
	return n, p.err
}

// MediaType returns the media type of a Content-Type and its boundary. It reports false
// if it isn't one, or says that the text isn't UTF-8.
func MediaType(header http.Header) (mediaType, boundary string, ok bool) {
	values := header["Content-Type"]
	if len(values) != 1 {
		return "", "", false
	}
	mediaType, params, err := mime.ParseMediaType(values[0])
	return mediaType, params["boundary"], err == nil && isUTF8(params["charset"])
}

// IsEmpty reports whether the part has no content. What it reads, [Part.Read] still
// returns.
func (p *Part) IsEmpty() (bool, error) {
	first := make([]byte, 1)
	for {
		n, err := p.Read(first)
		if n > 0 {
			p.peeked = first
			return false, nil
		}
		if err != nil {
			if err == io.EOF { //nolint:errorlint // likewise
				err = nil
			}
			return true, err
		}
	}
}

package tigertonic

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"net/http"
	"net/textproto"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/form"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/record"
)

// serverCounts is the length up to which net/http sets Content-Length itself.
const serverCounts = 2 << 10

// answer writes a response with the buffer as its body.
func answer(e *codec.Buffer, w http.ResponseWriter, status int) { answerBytes(e.Bytes(), w, status) }

// answerBytes writes a response with the body.
func answerBytes(body []byte, w http.ResponseWriter, status int) {
	if len(body) > serverCounts && isUnchanged(w) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone is no error
}

// isUnchanged reports whether the client gets exactly what is written to w: no content
// coding and no foreign writer can make it longer or shorter.
func isUnchanged(w http.ResponseWriter) bool {
	if w.Header().Get("Content-Encoding") != "" {
		return false
	}
	t := reflect.TypeOf(record.Beneath(w))
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath() == "net/http" || strings.HasPrefix(t.PkgPath(), "net/http/")
}

// writeStream writes a response with the body read from src, each piece as soon as it
// arrives. The first piece is read before the header is written, so an error until
// then is returned and can still be reported to the client. A later error cuts the
// response off, so the client sees that it is incomplete. begin writes the header.
func writeStream(w http.ResponseWriter, src io.Reader, begin func()) error {
	e := codec.NewBuffer()
	defer e.Release()
	e.Grow(32 << 10)
	buf := e.AvailableBuffer()
	buf = buf[:cap(buf)]
	controller := http.NewResponseController(w)
	for began := false; ; began = true {
		n, err := readSome(src, buf)
		if err != nil && err != io.EOF && n == 0 && !began { //nolint:errorlint // what ends a stream is io.EOF itself
			return err
		}
		if !began {
			begin()
		}
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return nil // the client is gone
			}
			_ = controller.Flush() // or the server does it in its time
		}
		if err == io.EOF { //nolint:errorlint // likewise
			return nil
		}
		if err != nil {
			noteCause(w, err)
			panic(http.ErrAbortHandler)
		}
	}
}

// maxEmptyReads is how many times in a row a reader may return nothing, as in package
// bufio.
const maxEmptyReads = 100

// readSome reads until it gets data or an error. The error is [io.ErrNoProgress] if the
// reader keeps returning neither.
func readSome(src io.Reader, buf []byte) (n int, err error) {
	for range maxEmptyReads {
		if n, err = src.Read(buf); n != 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

const (
	varyHeader = "Vary"
	varyAccept = "Accept"
)

// setHeaders makes the values in src those of dst, but for the Content-Type if one is
// given. Of headers that are lists to which whoever is on the way of a
// response adds, those of src come after what dst has: see isAddedTo. The values are
// copied, for what a middleware changes in dst mustn't show in the next response.
func setHeaders(dst, src http.Header, contentType string) {
	all := make([]string, 0, len(src)+1) // enough where each has one value
	if contentType != "" {
		all = append(all, contentType)
		dst["Content-Type"] = all[:1:1]
	}
	for name, values := range src {
		name = textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case name == "Content-Type" && contentType != "":
			continue
		case name == varyHeader:
			for _, value := range values {
				addVary(dst, value)
			}
			continue
		}
		begin := len(all)
		if isAddedTo(name) {
			all = append(all, dst[name]...)
		}
		all = append(all, values...)
		dst[name] = slices.Clip(all[begin:])
	}
}

// isAddedTo reports whether the values of a header stand beside each other, rather
// than that the last one to set it is right.
func isAddedTo(name string) bool {
	switch name {
	case "Set-Cookie", "Link", "Www-Authenticate", "Proxy-Authenticate", "Warning", "Server-Timing":
		return true
	}
	return false
}

// HeaderValues set headers to one value each, which is the response's own: nobody else is
// ever given it. Those of many responses are allocated at a time. Call done after the last
// one.
type headerValues struct {
	header http.Header
	block  *valueBlock
}

// A valueBlock is values that nobody has been given yet.
type valueBlock struct{ left []string }

const valuesAtATime = 64

var valueBlocks = sync.Pool{New: func() any { return new(valueBlock) }}

func valuesFor(h http.Header) headerValues {
	return headerValues{h, valueBlocks.Get().(*valueBlock)}
}

// set sets a header by its canonical name.
func (v headerValues) set(name, value string) {
	if len(v.block.left) == 0 {
		v.block.left = make([]string, valuesAtATime)
	}
	own := v.block.left[:1:1]
	v.block.left = v.block.left[1:]
	own[0] = value
	v.header[name] = own
}

func (v headerValues) done() { valueBlocks.Put(v.block) }

// addVary adds names to those that the response varies by, without those that are
// there already (RFC 9110 §12.5.5).
func addVary(h http.Header, names string) {
	values := h[varyHeader]
	switch {
	case names == "" || slices.Contains(values, names) || slices.Contains(values, "*"):
		return
	case len(values) == 0:
		own := valuesFor(h)
		own.set(varyHeader, names)
		own.done()
		return
	}
	var more []string
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimSpace(name); name != "" && !varies(values, name) {
			more = append(more, name)
		}
	}
	if len(more) > 0 {
		h[varyHeader] = append(slices.Clip(values), strings.Join(more, ", "))
	}
}

// varies reports whether a name is among those that a response varies by.
func varies(values []string, name string) bool {
	for _, value := range values {
		for other := range strings.SplitSeq(value, ",") {
			if other = strings.TrimSpace(other); strings.EqualFold(other, name) || other == "*" {
				return true
			}
		}
	}
	return false
}

// respond sends the stream.
func (s *Stream) respond(w http.ResponseWriter, r *http.Request, head responseHead) error {
	defer closeStream(s)
	switch {
	case s.ContentType == "":
		return errors.New("tigertonic: the function returned a Stream without a ContentType")
	case !httpfield.Accepts(r, s.ContentType):
		return notAcceptable(s.ContentType)
	}
	if seeker, ok := rangeable(s.Reader); ok && head.status == http.StatusOK && reads(r.Method) {
		return s.respondRanges(w, r, head, seeker)
	}
	begin := func() {
		s.setHead(w, head)
		w.WriteHeader(head.status)
	}
	if s.Reader == nil || r.Method == http.MethodHead {
		begin()
		return nil
	}
	return writeStream(w, s.Reader, begin)
}

// setHead sets the headers of the response.
func (s *Stream) setHead(w http.ResponseWriter, head responseHead) {
	if s.Name != "" {
		w.Header()["Content-Disposition"] = []string{form.Attachment(s.Name)}
	}
	head.set(w)
	w.Header()["Content-Type"] = []string{s.ContentType}
}

// respondRanges sends the requested ranges of a stream that can seek.
func (s *Stream) respondRanges(w http.ResponseWriter, r *http.Request, head responseHead, seeker io.ReadSeeker) error {
	s.setHead(w, head)
	modified, _ := http.ParseTime(w.Header().Get("Last-Modified"))
	writer := &rangeWriter{ResponseWriter: w}
	http.ServeContent(writer, withKnownRange(r), "", modified, seeker)
	if writer.refused != 0 {
		delete(w.Header(), "X-Content-Type-Options") // of a text
		delete(w.Header(), "Content-Disposition")
	}
	switch writer.refused {
	case 0:
	case http.StatusRequestedRangeNotSatisfiable:
		return RequestedRangeNotSatisfiable{errors.New("the body has no such range")}
	case http.StatusPreconditionFailed:
		return PreconditionFailed{errChanged}
	default:
		return errors.New("tigertonic: the function returned a Stream that can't seek")
	}
	err := writer.err
	if offset, ok := seeker.(*offsetSeeker); ok && err == nil {
		err = offset.err
	}
	if err != nil {
		noteCause(w, err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// rangeable returns r as a reader that seeks from where r stands, and reports false if r
// can't seek. A pipe has the method, but fails.
func rangeable(r io.Reader) (s io.ReadSeeker, ok bool) {
	s, ok = r.(io.ReadSeeker)
	if !ok {
		return nil, false
	}
	begin, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, false
	}
	if _, err := s.Seek(0, io.SeekEnd); err != nil {
		return nil, false
	}
	if _, err := s.Seek(begin, io.SeekStart); err != nil {
		return nil, false
	}
	if begin > 0 {
		return &offsetSeeker{s, begin, nil}, true
	}
	if _, isFile := r.(*os.File); isFile {
		return s, true // which the kernel can send by itself
	}
	return &offsetSeeker{s, 0, nil}, true
}

// An offsetSeeker is what a reader has from an offset on. It keeps the error of a Read.
type offsetSeeker struct {
	io.ReadSeeker
	begin int64
	err   error
}

// Read reads.
func (o *offsetSeeker) Read(p []byte) (int, error) {
	n, err := o.ReadSeeker.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // what ends a stream is io.EOF itself
		o.err = err
	}
	return n, err
}

// Seek seeks, relative to the offset.
func (o *offsetSeeker) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		offset += o.begin
	}
	n, err := o.ReadSeeker.Seek(offset, whence)
	return n - o.begin, err
}

// A rangeWriter holds back an error of [http.ServeContent], so that the client gets a
// problem.
type rangeWriter struct {
	http.ResponseWriter
	refused int   // its status, or 0
	err     error // of reading the file
}

// WriteHeader writes the status, unless it is to be a problem.
func (w *rangeWriter) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		w.refused = status
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write writes, unless it is of what is to be a problem.
func (w *rangeWriter) Write(p []byte) (int, error) {
	if w.refused != 0 {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// ReadFrom lets the server send a file by itself. That the file has become shorter is
// an error, and so is one of reading it, but not that the client is gone.
func (w *rangeWriter) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(w.ResponseWriter, r)
	limited, ok := r.(*io.LimitedReader)
	if path, isOfFile := errors.AsType[*fs.PathError](err); isOfFile {
		w.err = path
	} else if ok && err == nil && limited.N > 0 {
		w.err = fmt.Errorf("the file has become shorter: %w", io.ErrUnexpectedEOF)
	}
	return n, err
}

// withKnownRange returns the request without the ranges in a unit other than bytes, which
// aren't looked at (RFC 9110 §14.2), and with one behind every end for the last 0 bytes,
// which can't be sent (§14.1.2). [http.ServeContent] would refuse the one and send the other.
func withKnownRange(r *http.Request) *http.Request {
	unit, set, _ := strings.Cut(r.Header.Get("Range"), "=")
	last, isLast := strings.CutPrefix(strings.TrimSpace(set), "-")
	isNone := isLast && last != "" && strings.Trim(last, "0") == ""
	if unit == "" || strings.EqualFold(unit, "bytes") && !isNone {
		return r
	}
	plain := *r
	plain.Header = maps.Clone(r.Header)
	delete(plain.Header, "Range")
	if strings.EqualFold(unit, "bytes") {
		plain.Header["Range"] = []string{"bytes=" + strconv.Itoa(math.MaxInt) + "-"}
	}
	return &plain
}

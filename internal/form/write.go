package form

import (
	"errors"
	"io"
	"iter"
	"mime/multipart"
	"os"
	"strings"
	"sync"
)

// How a form is written: its texts first, and then its files while they are read.

// A Writer makes the body of a form, the texts first.
type Writer struct {
	texts    strings.Builder
	boundary string
}

// NewWriter returns a writer with a boundary of its own.
func NewWriter() *Writer { return &Writer{boundary: multipart.NewWriter(nil).Boundary()} }

// ContentType returns the media type of the body.
func (w *Writer) ContentType() string { return Multipart + "; boundary=" + w.boundary }

// Text adds a text.
func (w *Writer) Text(field, text string) {
	w.texts.WriteString(w.head(field, "", "") + text + "\r\n")
}

// head returns the header of a part.
func (w *Writer) head(field, file, contentType string) string {
	head := "--" + w.boundary + "\r\nContent-Disposition: form-data; name=\"" + field + `"`
	if file != "" {
		// As browsers do; RFC 7578 §4.2 allows it.
		head += `; filename="` + strings.ReplaceAll(strings.ReplaceAll(file, `\`, `\\`), `"`, "%22") + `"`
	}
	if contentType != "" {
		head += "\r\nContent-Type: " + contentType
	}
	return head + "\r\n\r\n"
}

// fileHead returns the header of a file's part.
func (w *Writer) fileHead(field string, f File) (string, error) {
	if f.Reader == nil {
		return "", errors.New("the file has no Reader")
	}
	contentType := f.ContentType
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	if strings.ContainsFunc(contentType, func(c rune) bool { return c < ' ' || c > '~' }) {
		return "", errors.New("the media type of the file has control characters")
	}
	return w.head(field, BaseName(f.Name), contentType), nil
}

// File returns the body with a file as its last part, and its length, or -1. It is an
// [io.ReaderAt] and an [io.Seeker] if the file is both.
func (w *Writer) File(field string, f File) (body io.Reader, length int64, err error) {
	head, err := w.fileHead(field, f)
	if err != nil {
		return nil, 0, err
	}
	head, tail := w.texts.String()+head, "\r\n"+w.end()
	file, err := section(f.Reader)
	if err != nil {
		return nil, 0, err
	}
	if file != nil {
		return io.NewSectionReader(joined{strings.NewReader(head), file, strings.NewReader(tail)}, 0, int64(len(head))+file.Size()+int64(len(tail))), -1, nil
	}
	length = -1
	if f.Size >= 0 {
		length = int64(len(head)) + f.Size + int64(len(tail))
	}
	return closing{io.MultiReader(strings.NewReader(head), f.Reader, strings.NewReader(tail)), f.Reader}, length, nil
}

func (w *Writer) end() string { return "--" + w.boundary + "--\r\n" }

// Texts returns the body without any file.
func (w *Writer) Texts() []byte { return []byte(w.texts.String() + w.end()) }

// Files returns the body with files as its last parts. It takes each from the sequence
// when the one before has been read.
func (w *Writer) Files(field string, files iter.Seq2[File, error]) io.ReadCloser {
	return &filesBody{writer: w, field: field, files: files, now: strings.NewReader(w.texts.String())}
}

// section returns what is left of a reader that is an [io.ReaderAt] and can seek, or nil.
// It fails if the reader has been moved to its end and stays there.
func section(r io.Reader) (*io.SectionReader, error) {
	at, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok {
		return nil, nil //nolint:nilnil // it is read as it comes
	}
	if file, ok := r.(*os.File); ok {
		if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
			return nil, nil //nolint:nilerr,nilnil // a pipe or a terminal can't seek
		}
	}
	begin, err := at.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // likewise
	}
	end, err := at.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // likewise
	}
	if _, err := at.Seek(begin, io.SeekStart); err != nil {
		return nil, err
	}
	return io.NewSectionReader(at, begin, end-begin), nil
}

// A sized is a part of a joined reader.
type sized interface {
	io.ReaderAt
	Size() int64
}

// A joined reads several parts in a row.
type joined []sized

// ReadAt reads from the parts.
func (j joined) ReadAt(p []byte, off int64) (n int, err error) {
	for _, part := range j {
		if off >= part.Size() {
			off -= part.Size()
			continue
		}
		read, err := part.ReadAt(p[n:], off)
		n, off = n+read, 0
		if n == len(p) {
			return n, nil
		}
		if err != nil && err != io.EOF { //nolint:errorlint // what ends a stream is io.EOF itself
			return n, err
		}
	}
	return n, io.EOF
}

// A closing is a body that closes its file when it is closed.
type closing struct {
	io.Reader
	file io.Reader
}

// Close closes the file if it can be.
func (c closing) Close() error { return closeFile(c.file) }

func closeFile(file io.Reader) error {
	if c, ok := file.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// A filesBody is a body with a sequence of files. It can be closed while another
// goroutine reads it, as HTTP/2's transport does if the response comes early.
type filesBody struct {
	writer *Writer
	field  string
	files  iter.Seq2[File, error]
	next   func() (File, error, bool)
	stop   func()
	now    io.Reader // what is read
	done   bool
	err    error

	mu              sync.Mutex // of the rest
	file            io.Reader  // in now, or nil
	reading, closed bool
}

// Read reads from the part that it has come to.
func (b *filesBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	closed := b.closed
	b.reading = !closed
	b.mu.Unlock()
	if closed {
		return 0, io.ErrClosedPipe
	}
	defer b.endRead()
	for b.err == nil {
		n, err := b.now.Read(p)
		if err == io.EOF { //nolint:errorlint // likewise
			err = b.further()
		}
		b.err = err
		if n > 0 || len(p) == 0 {
			return n, nil
		}
	}
	return 0, b.err
}

// endRead ends the files if the body was closed during the read.
func (b *filesBody) endRead() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reading = false; b.closed {
		_ = b.end() // nobody reads it
	}
}

// replace sets the current file, which may be nil, and returns the previous one.
func (b *filesBody) replace(file io.Reader) (old io.Reader) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, b.file = b.file, file
	return old
}

// further moves on to the next file, or to the end.
func (b *filesBody) further() error {
	separator := ""
	if file := b.replace(nil); file != nil {
		if err := closeFile(file); err != nil {
			return err
		}
		separator = "\r\n"
	}
	if b.done {
		return io.EOF
	}
	if b.next == nil { // not before it is read: it is a coroutine, which has to be stopped
		if b.files == nil {
			b.files = func(func(File, error) bool) {}
		}
		b.next, b.stop = iter.Pull2(b.files)
	}
	f, err, ok := b.next()
	switch {
	case err != nil:
		return err
	case !ok:
		b.done = true
		b.now = strings.NewReader(separator + b.writer.end())
		return nil
	}
	head, err := b.writer.fileHead(b.field, f)
	if err != nil {
		return err
	}
	b.replace(f.Reader)
	b.now = io.MultiReader(strings.NewReader(separator+head), f.Reader)
	return nil
}

// Close ends the files. If a Read is in progress, it closes the file being read, so that
// the Read returns and ends them.
func (b *filesBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.reading {
		return b.closeCurrent()
	}
	return b.end()
}

// end ends the files. It is called with mu locked, while nobody reads.
func (b *filesBody) end() error {
	if b.stop != nil {
		b.stop()
	}
	return b.closeCurrent()
}

func (b *filesBody) closeCurrent() error {
	file := b.file
	b.file = nil
	return closeFile(file)
}

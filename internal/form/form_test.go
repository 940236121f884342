package form_test

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"mime/multipart"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/form"
)

const budget = 64 << 10

// A part is what there is of one.
type part struct{ Field, File, ContentType, Content string }

// parts reads a body to its end.
func parts(body io.Reader, boundary string) (all []part, err error) {
	r, err := form.NewReader(body, boundary, budget)
	if err != nil {
		return nil, err
	}
	for {
		p, err := r.Next()
		if err == io.EOF { //nolint:errorlint // what wraps it isn't the end
			return all, nil
		}
		if err != nil {
			return all, err
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return all, err
		}
		all = append(all, part{p.Field, p.File, p.ContentType, string(content)})
	}
}

// What is written is read, whoever reads or writes the other end.
func TestFormsAreReadAsTheyAreWritten(t *testing.T) {
	file := func(name, content string) form.File {
		return form.File{Name: name, ContentType: "image/png", Size: -1, Reader: strings.NewReader(content)}
	}
	write := map[string]func(w *form.Writer) io.Reader{
		"texts": func(w *form.Writer) io.Reader { return bytes.NewReader(w.Texts()) },
		"a file": func(w *form.Writer) io.Reader {
			body, _, err := w.File("f", file(`a"b.png`, "--x\r\n"))
			require.NoError(t, err)
			return body
		},
		"a file that can't seek": func(w *form.Writer) io.Reader {
			body, length, err := w.File("f", form.File{Name: "a", Size: 3, Reader: iotest.OneByteReader(strings.NewReader("abc"))})
			require.NoError(t, err)
			text, err := io.ReadAll(body)
			require.NoError(t, err)
			assert.EqualValues(t, len(text), length)
			return bytes.NewReader(text)
		},
		"files": func(w *form.Writer) io.Reader {
			return w.Files("f", func(yield func(form.File, error) bool) {
				_ = yield(file("a", "1"), nil) && yield(file("", ""), nil) && yield(file("c", "3"), nil)
			})
		},
		"no files": func(w *form.Writer) io.Reader { return w.Files("f", nil) },
	}
	want := map[string][]part{
		"a file":                 {{"f", `a"b.png`, "image/png", "--x\r\n"}},
		"a file that can't seek": {{"f", "a", "application/octet-stream", "abc"}},
		"files":                  {{"f", "a", "image/png", "1"}, {"f", "", "image/png", ""}, {"f", "c", "image/png", "3"}},
	}
	for name, body := range write {
		w := form.NewWriter()
		w.Text("title", "a\r\nb%22")
		w.Text("title", "")
		text, err := io.ReadAll(iotest.OneByteReader(body(w)))
		require.NoError(t, err, name)
		_, boundary, _ := strings.Cut(w.ContentType(), "boundary=")
		all := append([]part{{"title", "", "", "a\r\nb%22"}, {"title", "", "", ""}}, want[name]...)
		got, err := parts(iotest.HalfReader(bytes.NewReader(text)), boundary)
		require.NoError(t, err, name)
		assert.Equal(t, all, got, name)

		theirs, n := multipart.NewReader(bytes.NewReader(text), boundary), 0
		for ; ; n++ {
			if _, err := theirs.NextPart(); err == io.EOF {
				break
			} else if !assert.NoError(t, err, name) {
				break
			}
		}
		assert.Equal(t, len(all), n, name)
	}
}

// A file that is joined to what is round it is read from any place.
func TestFormsWithAFileThatSeeksCanBeReadFromAnyPlace(t *testing.T) {
	w := form.NewWriter()
	w.Text("a", "b")
	content := strings.NewReader("before the file")
	_, err := content.Seek(7, io.SeekStart)
	require.NoError(t, err)
	body, _, err := w.File("f", form.File{Reader: content})
	require.NoError(t, err)
	at := body.(io.ReaderAt)
	whole, err := io.ReadAll(body)
	require.NoError(t, err)
	for from := range len(whole) {
		for _, n := range []int{1, 7, len(whole)} {
			got := make([]byte, n)
			read, err := at.ReadAt(got, int64(from))
			require.Equal(t, string(whole[from:min(from+n, len(whole))]), string(got[:read]), "%d bytes at %d", n, from)
			require.True(t, err == nil || err == io.EOF && from+n >= len(whole), "%v", err)
		}
	}
	assert.Contains(t, string(whole), "\r\n\r\nthe file\r\n--")
}

func TestFilesThatBreakBreakTheBody(t *testing.T) {
	gone := errors.New("gone")
	for name, files := range map[string]iter.Seq2[form.File, error]{
		"the files": func(yield func(form.File, error) bool) { yield(form.File{}, gone) },
		"a file": func(yield func(form.File, error) bool) {
			yield(form.File{Reader: iotest.ErrReader(gone)}, nil)
		},
	} {
		body := form.NewWriter().Files("f", files)
		_, err := io.ReadAll(body)
		require.ErrorIs(t, err, gone, name)
		require.NoError(t, body.Close())
		_, err = body.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.ErrClosedPipe)
	}
	_, _, err := form.NewWriter().File("f", form.File{ContentType: "a\r\nb", Reader: strings.NewReader("")})
	require.Error(t, err)
}

// The name of a file comes back from its header field, and none leads out of a directory.
func TestNamesOfAttachments(t *testing.T) {
	for _, name := range []string{"a.txt", "a b.txt", `a"b`, "100%.txt", "Übersicht €.pdf", "a;b=c", "é"} {
		assert.Equal(t, name, form.NameOf(form.Attachment(name)))
	}
	for disposition, want := range map[string]string{
		"": "", "attachment": "", "inline; filename=a": "", `attachment; filename="a`: "", "attachment; filename=a; filename=b": "",
		`attachment; filename="../../b"`: "b", `attachment; filename="..\\b"`: "b", "attachment; filename=..": "",
		"ATTACHMENT; FILENAME=a": "a", "attachment; filename*=UTF-8''..%2Fb": "b", "attachment; filename*=UTF-8''b%0D%0A": "b",
	} {
		assert.Equal(t, want, form.NameOf(disposition), "%q", disposition)
	}
}

// A form is whole if its last boundary has come, wherever it is cut.
func TestFormsThatAreCutAreNotWhole(t *testing.T) {
	const whole = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n" +
		"--x\r\nContent-Disposition: form-data; name=\"c\"; filename=\"d\"\r\nContent-Type: image/png\r\n\r\ne\r\n--x--"
	for _, end := range []string{"", " ", "\r\n", "\r\nan epilogue"} {
		for _, reader := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader} {
			got, err := parts(reader(strings.NewReader(whole+end)), "x")
			require.NoError(t, err, "%q", end)
			assert.Equal(t, []part{{"a", "", "", "b"}, {"c", "d", "image/png", "e"}}, got)
		}
	}
	for i := range whole {
		for _, reader := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader} {
			_, err := parts(reader(strings.NewReader(whole[:i])), "x")
			require.Error(t, err, "%q", whole[:i])
			_, isMalformed := errors.AsType[form.Malformed](err)
			assert.True(t, isMalformed, "%q: %v", whole[:i], err)
		}
	}
}

// HTTP/2's transport closes a body while another goroutine reads it.
func TestFilesCanBeClosedWhileTheyAreRead(t *testing.T) {
	for name, waits := range map[string]func(came chan<- bool, ended <-chan bool) form.File{
		"a file waits": func(came chan<- bool, _ <-chan bool) form.File {
			content, w := io.Pipe()
			go func() {
				_, _ = w.Write([]byte("a"))
				came <- true
			}()
			return form.File{Reader: content}
		},
		"the files wait": func(came chan<- bool, closed <-chan bool) form.File {
			came <- true
			<-closed
			return form.File{Reader: strings.NewReader("a")}
		},
	} {
		came, closed, ended := make(chan bool), make(chan bool), make(chan bool, 1)
		body := form.NewWriter().Files("f", func(yield func(form.File, error) bool) {
			assert.False(t, yield(waits(came, closed), nil), name)
			ended <- true
		})
		read := make(chan error)
		go func() {
			_, err := io.ReadAll(body)
			read <- err
		}()
		<-came
		require.NoError(t, body.Close(), name)
		close(closed)
		require.ErrorIs(t, <-read, io.ErrClosedPipe, name)
		assert.True(t, <-ended, name)
		require.NoError(t, body.Close(), name)
	}
}

// A part can't be read any more when the next one has come.
func TestPartsEndWithTheNextOne(t *testing.T) {
	w := form.NewWriter()
	w.Text("a", "b")
	w.Text("c", "d")
	_, boundary, _ := strings.Cut(w.ContentType(), "boundary=")
	r, err := form.NewReader(bytes.NewReader(w.Texts()), boundary, budget)
	require.NoError(t, err)
	first, err := r.Next()
	require.NoError(t, err)
	second, err := r.Next()
	require.NoError(t, err)
	_, err = io.ReadAll(first)
	require.NoError(t, err, "its end has been read")
	empty, err := second.IsEmpty()
	require.NoError(t, err)
	assert.False(t, empty)
	text, err := io.ReadAll(second)
	require.NoError(t, err)
	assert.Equal(t, "d", string(text))
	_, err = r.Next()
	require.ErrorIs(t, err, io.EOF)
}

// Whatever is read is a form for mime/multipart, too, and no name leads out of a
// directory or has something in it that isn't seen.
func FuzzReader(f *testing.F) {
	const head = "--x\r\nContent-Disposition: form-data; name=\"a\""
	for _, body := range []string{
		head + "\r\n\r\nb\r\n--x--\r\n", head + "; filename=\"../b\"\r\nContent-Type: image/png\r\n\r\n\x00\r\n--x\r\n\r\n--x--",
		head + "; filename*=UTF-8''%2e%2e%2fb\r\n\r\n--x--", "--x--", "--x\r\n", "", head + "; filename=\"a\u202eb\\\\..\"\r\n\r\n\r\n--x",
		"--x\nContent-Disposition: form-data; name=a\n\nb\n--x--\n",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := parts(bytes.NewReader(body), "x")
		again, errAgain := parts(iotest.OneByteReader(bytes.NewReader(body)), "x")
		assert.Equal(t, got, again)
		assert.Equal(t, err, errAgain)
		if _, malformed := errors.AsType[form.Malformed](err); err != nil && !malformed {
			require.ErrorIs(t, err, form.ErrFieldsTooLong)
		}
		theirs := multipart.NewReader(bytes.NewReader(body), "x")
		for _, p := range got {
			other, err := theirs.NextRawPart()
			require.NoError(t, err)
			content, err := io.ReadAll(other)
			require.NoError(t, err)
			assert.Equal(t, string(content), p.Content)
			assert.False(t, strings.ContainsAny(p.File, "/\\\x00\r\n\u202e") || p.File == ".." || len(p.File) > 255, "%q", p.File)
		}
	})
}

package form_test

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"mime/multipart"
	"net/http"
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
	n, err := at.ReadAt(make([]byte, 1), int64(len(whole)))
	assert.Zero(t, n)
	require.ErrorIs(t, err, io.EOF)
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

const (
	boundary = "--x\r\n"
	named    = "Content-Disposition: form-data; name=\"a\""
	last     = "--x--\r\n"
	end      = "\r\n" + last
)

func TestMalformedFormsAreTold(t *testing.T) {
	const other = "has a part with a Content-Disposition other than form-data (RFC 7578 §4.2)"
	const one = "has a part without one Content-Disposition (RFC 7578 §4.2)"
	const long = "has a part with a header of more than 16384 bytes"
	for _, c := range []struct{ body, want string }{
		{boundary + named + "\r\n\r\n" + end, ""},
		{"preamble\r\n" + boundary + named + "\r\n\r\n" + end + "epilogue", ""},
		{boundary + named + "\r\nContent-Transfer-Encoding: 8BIT\r\n\r\n" + end, ""},
		{boundary + "content-disposition: FORM-DATA; NAME=a\r\nX: y\r\n\r\n" + end, ""},
		{boundary + strings.Repeat("A: b\r\n", 2000) + named + "\r\n\r\n" + end, ""},
		{"", "ends before its last boundary"},
		{"--xyz\r\n\r\n", "ends before its last boundary"},
		{boundary + "no header\r\n\r\n" + end, "isn't multipart/form-data with the boundary of its Content-Type (RFC 7578)"},
		{boundary + "\r\n" + end, one},
		{boundary + named + "\r\n" + named + "\r\n\r\n" + end, one},
		{boundary + "Content-Disposition: attachment; name=a\r\n\r\n" + end, other},
		{boundary + "Content-Disposition: form-data; name=\"a\r\n\r\n" + end, other},
		{boundary + named + "; name=\"b\"\r\n\r\n" + end, other},
		{boundary + "Content-Disposition: form-data; filename=a\r\n\r\n" + end, "has a part without a name (RFC 7578 §4.2)"},
		{boundary + named + "\r\nContent-Type: text/plain\r\nContent-Type: image/png\r\n\r\n" + end, "has a part with two Content-Types"},
		{boundary + named + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + end, "has a part with a Content-Transfer-Encoding, which forms don't have (RFC 7578 §4.7)"},
		{boundary + named + "\r\nX: " + strings.Repeat("a", 20_000) + "\r\n\r\n" + end, long},
		{boundary + strings.Repeat("A: b\r\n", 5_000) + named + "\r\n\r\n" + end, long},
		{strings.Repeat("a\r\n", 10_000) + boundary + named + "\r\n\r\n" + end, long},
	} {
		_, err := parts(strings.NewReader(c.body), "x")
		if c.want == "" {
			assert.NoError(t, err, "%.100q", c.body)
			continue
		}
		malformed, ok := errors.AsType[form.Malformed](err)
		assert.True(t, ok, "%.100q: %v", c.body, err)
		assert.EqualError(t, malformed, c.want, "%.100q", c.body)
	}
	_, err := form.NewReader(strings.NewReader(""), "", budget)
	assert.EqualError(t, err, "has no boundary in its Content-Type")
	_, err = form.NewReader(strings.NewReader(""), strings.Repeat("b", 71), budget)
	assert.EqualError(t, err, "has a boundary of more than 70 characters (RFC 2046 §5.1.1)")
	_, err = form.NewReader(strings.NewReader(""), strings.Repeat("b", 70), budget)
	assert.NoError(t, err)
}

// Texts and headers are counted to the byte, the content of files isn't, wherever the
// buffers begin and end.
func TestTheBudgetIsForAllButFiles(t *testing.T) {
	const text, file = boundary + named + "\r\n\r\n", boundary + named + "; filename=\"f\"\r\n\r\n"
	const header = int64(len(named) + len("\r\n"))
	read := func(body string, budget int64) (n int, err error) {
		r, err := form.NewReader(strings.NewReader(body), "x", budget)
		require.NoError(t, err)
		for ; ; n++ {
			p, err := r.Next()
			if err == io.EOF { //nolint:errorlint // what wraps it isn't the end
				return n, nil
			}
			if err != nil {
				return n, err
			}
			if _, err := io.Copy(io.Discard, p); err != nil {
				return n, err
			}
		}
	}
	for _, c := range []struct {
		body string
		cost int64
	}{
		{text + strings.Repeat("t", 20_000) + end, header + 20_000},
		{strings.Repeat(text+"tt\r\n", 100) + last, 100 * (header + 2)},
		{strings.Repeat(file+"\r\n", 100) + last, 100 * (header + int64(len("; filename=\"f\"")))},
		{text + end, header},
	} {
		_, err := read(c.body, c.cost)
		require.NoError(t, err, "%.100q", c.body)
		_, err = read(c.body, c.cost-1)
		require.ErrorIs(t, err, form.ErrFieldsTooLong, "%.100q", c.body)
	}
	for size := 3_900; size < 4_100; size += 7 {
		n, err := read(strings.Repeat(file+strings.Repeat("f", size)+"\r\n", 50)+last, 50*100)
		require.NoError(t, err, "files of %d bytes", size)
		require.Equal(t, 50, n)
	}

	// What has failed once goes on failing.
	r, err := form.NewReader(io.MultiReader(strings.NewReader(text), zeros{}), "x", budget)
	require.NoError(t, err)
	p, err := r.Next()
	require.NoError(t, err)
	for range 2 {
		_, err = io.Copy(io.Discard, p)
		require.ErrorIs(t, err, form.ErrFieldsTooLong)
		_, err = r.Next()
		require.ErrorIs(t, err, form.ErrFieldsTooLong)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// An error of the body is the reader's, wherever it comes.
func TestErrorsOfTheBodyAreKept(t *testing.T) {
	gone := errors.New("gone")
	const whole = boundary + named + "; filename=\"f\"\r\n\r\nabc" + end
	for i := range len(whole) - len("--\r\n") {
		_, err := parts(io.MultiReader(strings.NewReader(whole[:i]), iotest.ErrReader(gone)), "x")
		require.ErrorIs(t, err, gone, "%q", whole[:i])
	}
	head, _, _ := strings.Cut(whole, "abc")
	r, err := form.NewReader(io.MultiReader(strings.NewReader(head), iotest.ErrReader(gone)), "x", budget)
	require.NoError(t, err)
	p, err := r.Next()
	require.NoError(t, err)
	_, err = p.IsEmpty()
	require.ErrorIs(t, err, gone)
}

func TestPartsAreTextsOrFiles(t *testing.T) {
	for header, want := range map[string]struct{ isFile, isUTF8 bool }{
		"":                             {false, true},
		"; filename=\"\"":              {true, true},
		"\r\nContent-Type: text/plain": {false, true},
		"\r\nContent-Type: image/png":  {true, true},
		"\r\nContent-Type: /":          {true, false},
		"\r\nContent-Type: text/plain; charset=UTF-8":      {false, true},
		"\r\nContent-Type: text/plain; charset=utf8":       {false, true},
		"\r\nContent-Type: text/plain; charset=us-ascii":   {false, true},
		"\r\nContent-Type: text/plain; charset=iso-8859-1": {false, false},
	} {
		r, err := form.NewReader(strings.NewReader(boundary+named+header+"\r\n\r\n"+end), "x", budget)
		require.NoError(t, err)
		p, err := r.Next()
		require.NoError(t, err, header)
		assert.Equal(t, want.isFile, p.IsFile(), header)
		assert.Equal(t, want.isUTF8, p.IsUTF8(), header)
		empty, err := p.IsEmpty()
		require.NoError(t, err)
		assert.True(t, empty)
		empty, err = p.IsEmpty()
		require.NoError(t, err, "again")
		assert.True(t, empty)
	}
}

func TestMediaTypesOfForms(t *testing.T) {
	for _, c := range []struct {
		values              []string
		mediaType, boundary string
		ok                  bool
	}{
		{nil, "", "", false},
		{[]string{"multipart/form-data; boundary=x"}, form.Multipart, "x", true},
		{[]string{`Multipart/Form-Data; Boundary="a b"; charset=UTF-8`}, form.Multipart, "a b", true},
		{[]string{form.URLEncoded}, form.URLEncoded, "", true},
		{[]string{form.URLEncoded + "; charset=latin1"}, form.URLEncoded, "", false},
		{[]string{form.URLEncoded, form.URLEncoded}, "", "", false},
		{[]string{";"}, "", "", false},
	} {
		mediaType, boundary, ok := form.MediaType(http.Header{"Content-Type": c.values})
		assert.Equal(t, c.ok, ok, "%q", c.values)
		assert.Equal(t, []string{c.mediaType, c.boundary}, []string{mediaType, boundary}, "%q", c.values)
	}
}

func TestPartsThatAreLeftEndWithTheNextOne(t *testing.T) {
	w := form.NewWriter()
	w.Text("a", strings.Repeat("b", 10_000))
	w.Text("c", "d")
	_, boundary, _ := strings.Cut(w.ContentType(), "boundary=")
	r, err := form.NewReader(bytes.NewReader(w.Texts()), boundary, budget)
	require.NoError(t, err)
	first, err := r.Next()
	require.NoError(t, err)
	_, err = first.Read(make([]byte, 1))
	require.NoError(t, err)
	_, err = r.Next()
	require.NoError(t, err)
	for range 2 {
		n, err := first.Read(make([]byte, 1))
		assert.Zero(t, n)
		require.ErrorIs(t, err, io.EOF, "what was left of it has been dropped")
	}
}

func TestLongNamesOfFilesAreCutInFrontOfTheirExtension(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{strings.Repeat("n", 255), strings.Repeat("n", 255)},
		{strings.Repeat("n", 300), strings.Repeat("n", 255)},
		{strings.Repeat("n", 300) + ".jpeg", strings.Repeat("n", 250) + ".jpeg"},
		{strings.Repeat("é", 200) + ".jpg", strings.Repeat("é", 125) + ".jpg"},
		{"n." + strings.Repeat("x", 300), "n." + strings.Repeat("x", 253)},
	} {
		assert.Equal(t, c.want, form.BaseName(c.name))
	}
	for _, name := range []string{"", "..", "a/", "\u202e"} {
		assert.Equal(t, "attachment", form.Attachment(name), "%q", name)
	}
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

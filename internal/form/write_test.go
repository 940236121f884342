package form_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/form"
)

// An unsteady is a file that fails where it is told to.
type unsteady struct {
	*strings.Reader
	seeks int // that work
	err   error
}

func (u *unsteady) Seek(offset int64, whence int) (int64, error) {
	u.seeks--
	if u.seeks < 0 {
		return 0, errors.New("can't seek")
	}
	return u.Reader.Seek(offset, whence)
}

func (u *unsteady) ReadAt(p []byte, off int64) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	return u.Reader.ReadAt(p, off)
}

func (u *unsteady) Close() error { return u.err }

func TestFilesThatCannotSeekAreReadAsTheyCome(t *testing.T) {
	pipe, w, err := os.Pipe()
	require.NoError(t, err)
	_, err = w.WriteString("abc")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	_, err = file.WriteString("before abc")
	require.NoError(t, err)
	_, err = file.Seek(7, io.SeekStart)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		file  io.Reader
		seeks bool
	}{
		"a pipe":      {pipe, false},
		"a file":      {file, true},
		"no position": {&unsteady{Reader: strings.NewReader("abc")}, false},
		"no end":      {&unsteady{Reader: strings.NewReader("abc"), seeks: 1}, false},
		"steady":      {&unsteady{Reader: strings.NewReader("abc"), seeks: 3}, true},
	} {
		w := form.NewWriter()
		body, length, err := w.File("f", form.File{Size: -1, Reader: c.file})
		require.NoError(t, err, name)
		assert.EqualValues(t, -1, length)
		_, seeks := body.(io.ReaderAt)
		assert.Equal(t, c.seeks, seeks, name)
		_, boundary, _ := strings.Cut(w.ContentType(), "boundary=")
		got, err := parts(body, boundary)
		require.NoError(t, err, name)
		assert.Equal(t, []part{{"f", "", "application/octet-stream", "abc"}}, got, name)
		if closer, ok := body.(io.Closer); ok {
			require.NoError(t, closer.Close(), name)
		}
	}
	_, err = pipe.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrClosed, "the body closes its file")
	require.NoError(t, file.Close())
}

func TestErrorsOfFilesAreTheBodys(t *testing.T) {
	gone := errors.New("gone")
	body, _, err := form.NewWriter().File("f", form.File{Reader: &unsteady{Reader: strings.NewReader("abc"), seeks: 3, err: gone}})
	require.NoError(t, err)
	_, err = io.ReadAll(body)
	require.ErrorIs(t, err, gone)
	_, _, err = form.NewWriter().File("f", form.File{Reader: &unsteady{Reader: strings.NewReader("abc"), seeks: 2}})
	require.EqualError(t, err, "can't seek", "it is at its end")
	_, _, err = form.NewWriter().File("f", form.File{})
	require.EqualError(t, err, "the file has no Reader")
	for name, c := range map[string]struct {
		file form.File
		want string
	}{
		"that can't be closed":          {form.File{Reader: &unsteady{Reader: strings.NewReader("abc"), err: gone}}, "gone"},
		"without a reader":              {form.File{}, "the file has no Reader"},
		"with a media type that is odd": {form.File{Reader: strings.NewReader(""), ContentType: "a\nb"}, "the media type of the file has control characters"},
	} {
		files := form.NewWriter().Files("f", func(yield func(form.File, error) bool) {
			assert.False(t, yield(c.file, nil) && yield(form.File{Reader: strings.NewReader("")}, nil), name)
		})
		_, err := io.ReadAll(files)
		assert.EqualError(t, err, c.want, name)
		_ = files.Close() // which says what a file does
	}
}

package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

type signup struct {
	List string                 `query:"list"`
	Name string                 `form:"name" required:"true"`
	Tags []string               `form:"tag"`
	Age  *int                   `form:"age" minimum:"0"`
	Note tigertonic.Opt[string] `form:"note"`
	Kind string                 `form:"kind" default:"guest"`
}

type attach struct {
	ID    int              `path:"id"`
	Title string           `form:"title" required:"true" minLength:"1"`
	File  *tigertonic.File `form:"file" maxBytes:"1GiB" mediaTypes:"text/*,image/png"`
}

type album struct {
	Photos tigertonic.Files `form:"photo" maxBytes:"10" maxItems:"3"`
}

type picture struct {
	Body tigertonic.File `body:"" mediaTypes:"image/png" maxBytes:"1GiB"`
}

type text struct {
	Body []byte `body:"" mediaTypes:"text/csv,text/plain"`
}

var (
	signUp   = tigertonic.Declare[signup, string]("POST", "/signups")
	attachTo = tigertonic.Declare[attach, string]("POST", "/things/{id}/files")
	putAlbum = tigertonic.Declare[album, string]("PUT", "/album")
	putImage = tigertonic.Declare[picture, string]("PUT", "/picture")
	putText  = tigertonic.Declare[text, string]("PUT", "/text")
)

func formService() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	signUp.HandleFunc(mux, func(_ context.Context, in *signup) (string, error) {
		note, noted := in.Note.Get()
		return fmt.Sprintf("%s %q %q %v %q %v %s", in.List, in.Name, in.Tags, *in.Age, note, noted, in.Kind), nil
	})
	attachTo.HandleFunc(mux, func(_ context.Context, in *attach) (string, error) {
		if in.File == nil {
			return fmt.Sprint(in.ID, in.Title, " none"), nil
		}
		n, err := io.Copy(io.Discard, in.File)
		return fmt.Sprintf("%d %s %q %s %d", in.ID, in.Title, in.File.Name, in.File.ContentType, n), err
	})
	putAlbum.HandleFunc(mux, func(_ context.Context, in *album) (string, error) {
		var all []string
		for photo, err := range in.Photos {
			if err != nil {
				return "", err
			}
			content, err := io.ReadAll(photo)
			if err != nil {
				return "", err
			}
			all = append(all, photo.Name+"="+string(content))
		}
		return strings.Join(all, " "), nil
	})
	putImage.HandleFunc(mux, func(_ context.Context, in *picture) (string, error) {
		n, err := io.Copy(io.Discard, in.Body)
		return fmt.Sprint(in.Body.ContentType, " ", in.Body.Size, " ", n), err
	})
	putText.HandleFunc(mux, func(_ context.Context, in *text) (string, error) { return string(in.Body), nil })
	return mux
}

// unseekable is a reader that can only be read once, and says when it is closed.
type unseekable struct {
	io.Reader
	closed *bool
}

func (u unseekable) Close() error { *u.closed = true; return nil }

func TestFormsAreWrittenAsTheyAreRead(t *testing.T) {
	s := httptest.NewServer(formService())
	defer s.Close()
	path := filepath.Join(t.TempDir(), "notes.txt")
	require.NoError(t, os.WriteFile(path, []byte("before the notes"), 0o600))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	_, err = file.Seek(7, io.SeekStart)
	require.NoError(t, err)
	age := 36
	for name, c := range map[string]*client.Client{
		"over loopback": client.New(s.URL, client.Options{}),
		"in process":    client.New("http://a.test", client.Options{Transport: client.InProcess(formService())}),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := client.Call(t.Context(), c, signUp, &signup{List: "a&b", Name: "Ada & Bob+%\r\n=ä", Tags: []string{"a b", ""}, Age: &age, Note: tigertonic.Some(""), Kind: "member"})
			require.NoError(t, err)
			assert.Equal(t, `a&b "Ada & Bob+%\r\n=ä" ["a b" ""] 36 "" true member`, got)
			_, err = client.Call(t.Context(), c, signUp, &signup{Name: "x", Age: new(int)})
			require.NoError(t, err)
			got, err = client.Call(t.Context(), c, attachTo, &attach{ID: 7, Title: "x"})
			require.NoError(t, err)
			assert.Equal(t, "7x none", got)

			for _, f := range []struct {
				file tigertonic.File
				want string
			}{
				{tigertonic.File{Name: `a "b".txt`, ContentType: "text/plain", Reader: strings.NewReader("abc")}, `7 t%0A "a \"b\".txt" text/plain 3`},
				{tigertonic.File{Name: "../ä.png", ContentType: "image/png", Reader: strings.NewReader("")}, `7 t%0A "ä.png" image/png 0`},
				{tigertonic.File{Name: "notes.txt", ContentType: "text/plain", Reader: file}, `7 t%0A "notes.txt" text/plain 9`},
				{tigertonic.File{ContentType: "image/png", Size: -1, Reader: io.LimitReader(strings.NewReader("abcd"), 3)}, `7 t%0A "" image/png 3`},
				{tigertonic.File{ContentType: "image/png", Size: 3, Reader: io.LimitReader(strings.NewReader("abcd"), 3)}, `7 t%0A "" image/png 3`},
			} {
				got, err := client.Call(t.Context(), c, attachTo, &attach{ID: 7, Title: "t%0A", File: &f.file})
				require.NoError(t, err)
				assert.Equal(t, f.want, got)
			}
			_, err = client.Call(t.Context(), c, attachTo, &attach{ID: 7, Title: "x", File: &tigertonic.File{Reader: strings.NewReader("abc")}})
			_, ok := errors.AsType[tigertonic.UnsupportedMediaType](err)
			assert.True(t, ok, err)
			_, err = client.Call(t.Context(), c, attachTo, &attach{ID: 7, Title: "x", File: &tigertonic.File{}})
			require.ErrorContains(t, err, "form file: the file has no Reader")
			_, err = client.Call(t.Context(), c, attachTo, &attach{ID: 7, File: &tigertonic.File{Name: "a", Reader: strings.NewReader("")}})
			wrong, ok := errors.AsType[tigertonic.FieldErrors](err)
			require.True(t, ok, err)
			assert.Equal(t, "form title: must be at least 1 character long", wrong.Error())

			got, err = client.Call(t.Context(), c, putImage, &picture{tigertonic.File{Size: -1, Reader: strings.NewReader("abc")}})
			require.NoError(t, err)
			assert.Equal(t, "image/png 3 3", got)
			got, err = client.Call(t.Context(), c, putText, &text{[]byte("a,b")})
			require.NoError(t, err)
			assert.Equal(t, "a,b", got)
		})
	}
}

func TestFilesOfAFormAreAskedForOneByOne(t *testing.T) {
	s := httptest.NewServer(formService())
	defer s.Close()
	c := client.New(s.URL, client.Options{})
	closed := make([]bool, 3)
	photos := func(n int, last error) tigertonic.Files {
		return func(yield func(tigertonic.File, error) bool) {
			for i := range n {
				closed[i] = false
				if i > 0 {
					assert.True(t, closed[i-1], "the one before is at its end")
				}
				if !yield(tigertonic.File{Name: fmt.Sprint(i), Reader: unseekable{strings.NewReader(strings.Repeat("a", i)), &closed[i]}}, nil) {
					return
				}
			}
			if last != nil {
				yield(tigertonic.File{}, last)
			}
		}
	}
	got, err := client.Call(t.Context(), c, putAlbum, &album{photos(3, nil)})
	require.NoError(t, err)
	assert.Equal(t, "0= 1=a 2=aa", got)
	assert.Equal(t, []bool{true, true, true}, closed)
	got, err = client.Call(t.Context(), c, putAlbum, &album{})
	require.NoError(t, err)
	assert.Empty(t, got)
	gone := errors.New("the camera is gone")
	_, err = client.Call(t.Context(), c, putAlbum, &album{photos(2, gone)})
	require.ErrorIs(t, err, gone)
}

// A form whose file can seek is sent again as a whole.
func TestFormsAreRetried(t *testing.T) {
	var lengths []int64
	h := formService()
	failing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lengths = append(lengths, r.ContentLength); len(lengths) == 1 {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		h.ServeHTTP(w, r)
	})
	c := client.New("http://a.test", client.Options{Transport: client.Retried(client.InProcess(failing), client.RetryOptions{Wait: 1})})
	got, err := client.Call(t.Context(), c, attachTo, &attach{ID: 7, Title: "x", File: &tigertonic.File{Name: "a", ContentType: "text/plain", Reader: bytes.NewReader([]byte("abc"))}},
		client.Header("Idempotency-Key", "k"))
	require.NoError(t, err)
	assert.Equal(t, `7 x "a" text/plain 3`, got)
	require.Len(t, lengths, 2)
	assert.Positive(t, lengths[0])
	assert.Equal(t, lengths[0], lengths[1])
}

// zeros is a stream of so many.
type zeros int64

func (z *zeros) Read(p []byte) (int, error) {
	n := int(min(int64(*z), int64(len(p))))
	clear(p[:n])
	if *z -= zeros(n); n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestUploadsAreStreamedByTheClient(t *testing.T) {
	s := httptest.NewServer(formService())
	defer s.Close()
	c := client.New(s.URL, client.Options{})
	const size = 128 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 2 {
		content := zeros(size)
		got, err := client.Call(t.Context(), c, attachTo, &attach{ID: 7, Title: "x", File: &tigertonic.File{ContentType: "image/png", Size: -1, Reader: &content}})
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf(`7 x "" image/png %d`, size), got)
		content = size
		got, err = client.Call(t.Context(), c, putImage, &picture{tigertonic.File{Size: size, Reader: &content}})
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("image/png %d %d", size, size), got)
	}
	runtime.ReadMemStats(&after)
	if !raceEnabled {
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20), "in all, for %d bytes", 4*size)
	}
	t.Logf("%d KiB for %d MiB", (after.TotalAlloc-before.TotalAlloc)>>10, 4*size>>20)
}

// A file is sent as it is read, and nothing of it is kept in memory.
func ExampleCall_upload() {
	c := client.New("http://things.test", client.Options{Transport: client.InProcess(formService())})
	ctx := context.Background()
	answer, err := client.Call(ctx, c, attachTo, &attach{ID: 7, Title: "a drawing", File: &tigertonic.File{
		Name:        "tea.png",
		ContentType: "image/png",
		Reader:      strings.NewReader("\x89PNG..."), // or an *os.File, which has a length and can be sent again
	}})
	fmt.Println(answer, err)
	// Output: 7 a drawing "tea.png" image/png 7 <nil>
}

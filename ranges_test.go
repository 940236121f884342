package tigertonic_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// download returns a handler that sends a stream with headers.
func download(header http.Header, open func() tigertonic.Stream) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/", tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.Response[tigertonic.Stream], error) {
		return tigertonic.Response[tigertonic.Stream]{Header: header, Body: open()}, nil
	}))
	return mux
}

func TestStreamsThatSeekServeRanges(t *testing.T) {
	modified := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Format(http.TimeFormat)
	path := filepath.Join(t.TempDir(), "digits")
	require.NoError(t, os.WriteFile(path, []byte("0123456789"), 0o600))
	for name, open := range map[string]func() io.Reader{
		"strings.Reader": func() io.Reader { return strings.NewReader("0123456789") },
		"a file": func() io.Reader {
			f, err := os.Open(path)
			require.NoError(t, err)
			return f
		},
		"from the middle": func() io.Reader {
			r := bytes.NewReader([]byte("before0123456789"))
			_, err := r.Seek(6, io.SeekStart)
			require.NoError(t, err)
			return r
		},
	} {
		h := download(http.Header{"Etag": {`"v1"`}, "Last-Modified": {modified}}, func() tigertonic.Stream {
			return tigertonic.Stream{ContentType: "text/plain", Reader: open()}
		})
		for _, c := range []struct {
			method  string
			headers []string
			status  int
			body    string
			want    map[string]string
		}{
			{"GET", nil, 200, "0123456789", map[string]string{"Content-Length": "10", "Accept-Ranges": "bytes", "Content-Type": "text/plain", "ETag": `"v1"`}},
			{"HEAD", nil, 200, "", map[string]string{"Content-Length": "10", "Accept-Ranges": "bytes"}},
			{"GET", []string{"Range", "bytes=2-4"}, 206, "234", map[string]string{"Content-Range": "bytes 2-4/10", "Content-Length": "3", "ETag": `"v1"`}},
			{"HEAD", []string{"Range", "bytes=2-4"}, 206, "", map[string]string{"Content-Length": "3"}},
			{"GET", []string{"Range", "bytes=-3"}, 206, "789", nil},
			{"GET", []string{"Range", "bytes=8-100"}, 206, "89", nil},
			// A unit that isn't known is as good as none (RFC 9110 §14.2).
			{"GET", []string{"Range", "lines=1"}, 200, "0123456789", map[string]string{"Content-Range": "", "Content-Length": "10"}},
			{"GET", []string{"Range", "lines=1", "If-None-Match", `"v1"`}, 304, "", nil},
			{"GET", []string{"Range", "bytes=-0"}, 416, "the body has no such range", map[string]string{"Content-Range": "bytes */10"}},
			{"GET", []string{"Range", "bytes= -00"}, 416, "the body has no such range", map[string]string{"Content-Range": "bytes */10"}},
			{"GET", []string{"Range", "bytes=one"}, 416, "the body has no such range", nil},
			{"GET", []string{"Range", "bytes=10-"}, 416, "the body has no such range", map[string]string{"Content-Range": "bytes */10", "Content-Type": "application/problem+json", "ETag": ""}},
			{"GET", []string{"Range", "bytes=2-4", "If-Range", `"v1"`}, 206, "234", nil},
			{"GET", []string{"Range", "bytes=2-4", "If-Range", `"v2"`}, 200, "0123456789", nil},
			{"GET", []string{"Range", "bytes=2-4", "If-Range", modified}, 206, "234", nil},
			{"GET", []string{"If-None-Match", `W/"v1"`}, 304, "", map[string]string{"ETag": `"v1"`}},
			{"GET", []string{"If-None-Match", `"v1"`, "Range", "bytes=2-4"}, 304, "", nil},
			{"GET", []string{"If-Modified-Since", modified}, 304, "", nil},
			{"GET", []string{"If-Match", `"v2"`, "Range", "bytes=2-4"}, 412, "the resource isn't in the state", nil},
			// As many as would be longer than the whole are the whole.
			{"GET", []string{"Range", "bytes=" + strings.Repeat("0-,", 10000) + "0-"}, 200, "0123456789", nil},
		} {
			w := serve(t, h, c.method, "/", "", c.headers...)
			require.Equal(t, c.status, w.Code, "%s: %.100v: %.200s", name, c.headers, w.Body)
			if c.body != "" {
				assert.Contains(t, w.Body.String(), c.body)
			} else if c.status < 400 {
				assert.Empty(t, w.Body.String(), "%s %v", c.method, c.headers)
			}
			for header, value := range c.want {
				assert.Equal(t, value, w.Header().Get(header), "%s: %v: %s", name, c.headers, header)
			}
		}
		w := serve(t, h, "GET", "/", "", "Range", "bytes=0-1,4-5")
		assert.Equal(t, 206, w.Code)
		mediaType, _, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
		require.NoError(t, err)
		assert.Equal(t, "multipart/byteranges", mediaType)
		assert.Contains(t, w.Body.String(), "\r\n\r\n01\r\n")
		assert.Contains(t, w.Body.String(), "\r\n\r\n45\r\n")
	}
	plain := download(nil, func() tigertonic.Stream {
		return tigertonic.Stream{ContentType: "text/plain", Reader: strings.NewReader("0123456789")}
	})
	assert.Equal(t, 412, serve(t, plain, "GET", "/", "", "If-Match", `"v1"`).Code, "it has no tag")
	assert.Equal(t, 406, serve(t, plain, "GET", "/", "", "Accept", "image/png").Code)
}

func TestStreamsThatCannotSeekAreSentWhole(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	_, err = w.WriteString("0123456789")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for _, reader := range []io.Reader{r, io.LimitReader(strings.NewReader("0123456789"), 10)} {
		h := download(nil, func() tigertonic.Stream { return tigertonic.Stream{ContentType: "text/plain", Reader: reader} })
		got := serve(t, h, "GET", "/", "", "Range", "bytes=2-4")
		assert.Equal(t, 200, got.Code)
		assert.Equal(t, "0123456789", got.Body.String())
		assert.Empty(t, got.Header().Get("Accept-Ranges"))
	}
}

// A stream in a struct of headers is one with ranges, too, whose tag is the field.
func TestStreamsBesideHeadersServeRanges(t *testing.T) {
	type out struct {
		ETag string            `header:"ETag"`
		Body tigertonic.Stream `body:""`
	}
	h := tigertonic.Typed(func(context.Context, *struct{}) (out, error) {
		return out{`"v1"`, tigertonic.Stream{ContentType: "text/plain", Reader: strings.NewReader("0123456789"), Name: "a.txt"}}, nil
	})
	w := serve(t, h, "GET", "/", "", "Range", "bytes=2-4", "If-Range", `"v1"`)
	assert.Equal(t, 206, w.Code)
	assert.Equal(t, "234", w.Body.String())
	assert.Equal(t, `"v1"`, w.Header().Get("ETag"))
	assert.Equal(t, `attachment; filename="a.txt"`, w.Header().Get("Content-Disposition"))
	assert.Equal(t, 200, serve(t, h, "GET", "/", "", "Range", "bytes=2-4", "If-Range", `"v2"`).Code)
	assert.Equal(t, 304, serve(t, h, "GET", "/", "", "If-None-Match", `"v1"`).Code)
	assert.Equal(t, 412, serve(t, h, "GET", "/", "", "If-Match", `"v2"`).Code)
}

// failingSeeker breaks after its first half.
type failingSeeker struct {
	*strings.Reader
	closed *bool
}

func (f failingSeeker) Read(p []byte) (int, error) {
	if f.Len() <= 5 {
		return 0, errors.New("the disk is gone")
	}
	return f.Reader.Read(p[:5])
}

func (f failingSeeker) Close() error { *f.closed = true; return nil }

func TestStreamsThatSeekAndBreakAreCutOff(t *testing.T) {
	closed := false
	h := download(nil, func() tigertonic.Stream {
		return tigertonic.Stream{ContentType: "text/plain", Reader: failingSeeker{strings.NewReader("0123456789"), &closed}}
	})
	s := httptest.NewServer(h)
	defer s.Close()
	rs, err := s.Client().Get(s.URL)
	if err == nil { // the header was sent before
		_, err = io.ReadAll(rs.Body)
		require.NoError(t, rs.Body.Close())
	}
	require.Error(t, err)
	s.Close() // which waits for the handler
	assert.True(t, closed)
}

func TestNamesOfStreams(t *testing.T) {
	for name, want := range map[string]string{
		"":                        "",
		"report.csv":              `attachment; filename="report.csv"`,
		"my report.csv":           `attachment; filename="my report.csv"`,
		"/etc/passwd":             `attachment; filename="passwd"`,
		"..":                      "attachment",
		"a\r\nSet-Cookie: b=c":    `attachment; filename="aSet-Cookie: b=c"`,
		`a"; filename="b.exe`:     `attachment; filename="a_; filename=_b.exe"; filename*=UTF-8''a%22%3B%20filename%3D%22b.exe`,
		"100%.txt":                `attachment; filename="100_.txt"; filename*=UTF-8''100%25.txt`,
		"Übersicht €.pdf":         `attachment; filename="_bersicht _.pdf"; filename*=UTF-8''%C3%9Cbersicht%20%E2%82%AC.pdf`,
		"gnp.\u202egpj.exe":       `attachment; filename="gnp.gpj.exe"`,
		"a\x00\xff" + "b\x7f.txt": `attachment; filename="ab.txt"`,
	} {
		h := download(nil, func() tigertonic.Stream {
			return tigertonic.Stream{ContentType: "text/plain", Reader: strings.NewReader("x"), Name: name}
		})
		w := serve(t, h, "GET", "/", "")
		assert.Equal(t, want, w.Header().Get("Content-Disposition"), "%q", name)
		if want != "" && want != "attachment" {
			_, params, err := mime.ParseMediaType(want)
			require.NoError(t, err, want)
			assert.NotEmpty(t, params["filename"])
		}
		assert.Empty(t, serve(t, h, "GET", "/", "", "Range", "bytes=5-").Header().Get("Content-Disposition"), "of a problem")
	}
	inline := download(http.Header{"Content-Disposition": {"inline"}}, func() tigertonic.Stream {
		return tigertonic.Stream{ContentType: "text/plain", Reader: strings.NewReader("x"), Name: "a"}
	})
	assert.Equal(t, "inline", serve(t, inline, "GET", "/", "").Header().Get("Content-Disposition"))
}

// A shrinker is a ResponseWriter under which a file becomes shorter as its head is sent.
type shrinker struct {
	http.ResponseWriter
	path string
}

func (s shrinker) WriteHeader(status int) {
	s.ResponseWriter.WriteHeader(status)
	_ = os.Truncate(s.path, 1<<16)
}

func (s shrinker) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s shrinker) ReadFrom(r io.Reader) (int64, error) { return io.Copy(s.ResponseWriter, r) }

// Nobody takes a file for whole that has become shorter, and the log says why.
func TestFilesThatBecomeShorterAreCutOff(t *testing.T) {
	log := captureSlog(t)
	path := filepath.Join(t.TempDir(), "zeros")
	require.NoError(t, os.WriteFile(path, make([]byte, 1<<20), 0o600))
	h := tigertonic.Accessed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		download(nil, func() tigertonic.Stream {
			f, err := os.Open(path)
			assert.NoError(t, err)
			return tigertonic.Stream{ContentType: "text/plain", Reader: f}
		}).ServeHTTP(shrinker{w, path}, r)
	}), nil)
	s := httptest.NewServer(h)
	defer s.Close()
	rs, err := s.Client().Get(s.URL)
	require.NoError(t, err)
	defer rs.Body.Close()
	body, err := io.ReadAll(rs.Body)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Len(t, body, 1<<16)
	s.Close()
	assert.Contains(t, log.String(), "the file has become shorter")
}

// An upload's name, whatever it is, is the name of the download, and never more than that.
func FuzzNamesOfStreams(f *testing.F) {
	for _, name := range []string{"a.txt", "a\r\nb", `"`, `\`, "%41", "ä", "\u202e", "''", "a;b", ".", strings.Repeat("ä.", 300)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		h := download(nil, func() tigertonic.Stream {
			return tigertonic.Stream{ContentType: "text/plain", Reader: strings.NewReader("x"), Name: name}
		})
		value := serve(t, h, "GET", "/", "").Header().Get("Content-Disposition")
		if value == "" {
			return
		}
		for _, c := range []byte(value) {
			require.True(t, c >= ' ' && c <= '~', "%q", value)
		}
		disposition, params, err := mime.ParseMediaType(value)
		require.NoError(t, err, "%q", value)
		assert.Equal(t, "attachment", disposition)
		assert.LessOrEqual(t, len(params), 1, "%q", value)
		assert.False(t, strings.ContainsAny(params["filename"], "/\x00\r\n"), "%q", value)
	})
}

func ExampleStream_download() {
	type input struct {
		ID string `path:"id"`
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/reports/{id}", tigertonic.Typed(func(_ context.Context, in *input) (tigertonic.Response[tigertonic.Stream], error) {
		return tigertonic.Response[tigertonic.Stream]{
			Header: http.Header{"ETag": {`"v7"`}}, // for If-None-Match and If-Range
			Body: tigertonic.Stream{
				ContentType: "text/csv",
				Reader:      strings.NewReader("name,grams\nsencha,100\n"), // or an *os.File
				Name:        "report-" + in.ID + ".csv",
			},
		}, nil
	}))
	w := request(mux, "GET", "/reports/7", "", "Range", "bytes=0-3")
	fmt.Println(w.Header().Get("Content-Range"))
	fmt.Println(w.Header().Get("Content-Disposition"))
	// Output:
	// 206 name
	// bytes 0-3/22
	// attachment; filename="report-7.csv"
}

func TestRangesAreDescribed(t *testing.T) {
	t.Parallel()
	describe := func(method string) *tigertonic.Operation {
		op := &tigertonic.Operation{Method: method}
		tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.Stream, error) { return tigertonic.Stream{}, nil }).Describe(op)
		return op
	}
	get := describe("GET")
	require.Contains(t, get.Responses, "206")
	assert.Contains(t, get.Responses["206"].Headers, "Content-Range")
	assert.Contains(t, get.Responses, "416")
	assert.NotContains(t, describe("POST").Responses, "206", "Range is for GET (RFC 9110 §14.2)")
}

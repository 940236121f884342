package tigertonic_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func gzipped(texts ...string) string {
	var b bytes.Buffer
	for _, text := range texts { // each is a member
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, text)
		_ = w.Close()
	}
	return b.String()
}

func deflated(text string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

// deflate is a coding that the library doesn't know.
func deflate() tigertonic.Coding {
	return tigertonic.Coding{Name: "Deflate", NewReader: zlib.NewReader}
}

// echo answers with the body as it has read it, or its error, and what is left in the header.
var echoBody = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.BadRequest{Err: err})
		return
	}
	_, _ = fmt.Fprintf(w, "%d %q %d", r.ContentLength, r.Header.Values("Content-Encoding"), len(body))
	w.Header().Set("Body", string(body[:min(len(body), 99)]))
})

func TestDecompressed(t *testing.T) {
	random := make([]byte, tigertonic.DefaultMaxBytes-1000)
	_, _ = rand.Read(random)
	most := strings.Repeat("x", tigertonic.DefaultMaxBytes)
	typed := tigertonic.Typed(func(_ context.Context, in *string) (string, error) { return fmt.Sprint(len(*in)), nil })
	for _, tt := range []struct {
		name     string
		body     string
		coding   []string
		status   int // of a typed endpoint
		unpacked int
	}{
		{"plain", `"text"`, nil, 200, 6},
		{"identity", `"text"`, []string{"Identity"}, 200, 6},
		{"an empty list", `"text"`, []string{" , "}, 200, 6},
		{"gzip", gzipped(`"text"`), []string{"gzip"}, 200, 6},
		{"in other case", gzipped(`"text"`), []string{"GZip"}, 200, 6},
		{"x-gzip", gzipped(`"text"`), []string{"x-gzip"}, 200, 6},
		{"several members", gzipped(`"te`, ``, `xt"`), []string{"gzip"}, 200, 6},
		{"another", deflated(`"text"`), []string{"deflate"}, 200, 6},
		{"several", gzipped(deflated(`"text"`)), []string{"deflate, identity ,gzip"}, 200, 6},
		{"several in two lines", gzipped(deflated(`"text"`)), []string{"deflate", "gzip"}, 200, 6},
		{"in the wrong order", gzipped(deflated(`"text"`)), []string{"gzip, deflate"}, 400, -1},
		{"four times", gzipped(gzipped(gzipped(gzipped(`"text"`)))), []string{"gzip,gzip,gzip,gzip"}, 200, 6},
		{"five times", gzipped(gzipped(gzipped(gzipped(gzipped(`"text"`))))), []string{"gzip,gzip,gzip,gzip,gzip"}, 415, -1},
		{"unknown", `"text"`, []string{"br"}, 415, -1},
		{"unknown in a list", gzipped(`"text"`), []string{"br, gzip"}, 415, -1},
		{"a star", gzipped(`"text"`), []string{"*"}, 415, -1},
		{"a weight", gzipped(`"text"`), []string{"gzip;q=1"}, 415, -1},
		{"not packed", `"text"`, []string{"gzip"}, 400, -1},
		{"nothing", "", []string{"gzip"}, 400, 0},
		{"packed nothing", gzipped(""), []string{"gzip"}, 400, 0},
		{"cut short", gzipped(`"text"`)[:20], []string{"gzip"}, 400, -1},
		{"garbage behind it", gzipped(`"text"`) + "garbage", []string{"gzip"}, 400, -1},
		{"a wrong sum", strings.Replace(gzipped(`"text"`), "\x06\x00\x00\x00", "\x07\x00\x00\x00", 1), []string{"gzip"}, 400, -1},
		{"as long as it may be", gzipped(most[2:]), []string{"gzip"}, 400, tigertonic.DefaultMaxBytes - 2},
		{"a byte longer", gzipped(most + "x"), []string{"gzip"}, 413, -1},
		{"random", gzipped(string(random)), []string{"gzip"}, 400, len(random)},
		{"longer while packed", gzipped(string(random), string(random)), []string{"gzip"}, 413, -1},
		{"a bomb", gzipped(strings.Repeat(most, 8)), []string{"gzip"}, 413, -1},
		{"a bomb in between", gzipped(gzipped(strings.Repeat(most, 8))), []string{"gzip,gzip"}, 413, -1},
		{"empty members without end", strings.Repeat(gzipped(""), tigertonic.DefaultMaxBytes/10), []string{"gzip"}, 413, -1},
	} {
		headers := []string{"Content-Type", "application/json"}
		for _, coding := range tt.coding {
			headers = append(headers, "Content-Encoding", coding)
		}
		w := serve(t, tigertonic.Decompressed(typed, deflate()), "POST", "/", tt.body, headers...)
		assert.Equal(t, tt.status, w.Code, "%s: %s", tt.name, w.Body)
		if tt.status == 415 {
			assert.Equal(t, "gzip, deflate", w.Header().Get("Accept-Encoding"), tt.name)
		}
		w = serve(t, tigertonic.Decompressed(echoBody, deflate()), "POST", "/", tt.body, headers...)
		assert.Equal(t, tt.unpacked >= 0, w.Code == 200, "%s: %s", tt.name, w.Body)
		switch {
		case tt.unpacked < 0:
		case tt.body == `"text"`:
			assert.True(t, strings.HasPrefix(w.Body.String(), "6 "), "%s: %s", tt.name, w.Body)
		default:
			assert.Equal(t, fmt.Sprintf("-1 [] %d", tt.unpacked), w.Body.String(), tt.name)
		}
	}
}

func TestDecompressedKeepsToTheLimitOfSized(t *testing.T) {
	for _, limit := range []int64{1000, 2 << 20} {
		h := tigertonic.Sized(tigertonic.Decompressed(echoBody), limit)
		text := strings.Repeat("x", int(limit))
		w := serve(t, h, "POST", "/", gzipped(text), "Content-Encoding", "gzip")
		assert.Equal(t, 200, w.Code)
		w = serve(t, h, "POST", "/", gzipped(text+"x"), "Content-Encoding", "gzip")
		requireError(t, w, 400, "http.MaxBytesError", "http: request body too large")
	}
}

// What a client sends makes the server keep no more than the limit, however well it packs.
func TestBombTakesNoMemory(t *testing.T) {
	bomb := gzipped(strings.Repeat("\x00", 8<<20))
	h := tigertonic.Decompressed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		tooLong, ok := errors.AsType[*http.MaxBytesError](err)
		assert.True(t, ok)
		assert.EqualValues(t, tigertonic.DefaultMaxBytes, tooLong.Limit)
		_, again := r.Body.Read(make([]byte, 1))
		assert.Equal(t, err, again)
	}))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	serve(t, h, "POST", "/", bomb, "Content-Encoding", "gzip")
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

// A reader is not used again while somebody can still read it.
func TestBodyIsAtItsEndOnceItsHandlerHasReturned(t *testing.T) {
	var kept io.ReadCloser
	closed := 0
	coding := tigertonic.Coding{Name: "counted", NewReader: func(r io.Reader) (io.ReadCloser, error) { return countedCloser{r, &closed}, nil }}
	h := tigertonic.Decompressed(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		kept = r.Body
		_, err := kept.Read(make([]byte, 2))
		assert.NoError(t, err)
	}), coding)
	serve(t, h, "POST", "/", gzipped("some text"), "Content-Encoding", "counted, gzip")
	_, err := kept.Read(make([]byte, 2))
	require.Error(t, err)
	assert.Equal(t, 1, closed)
}

type countedCloser struct {
	io.Reader
	closed *int
}

func (c countedCloser) Close() error { *c.closed++; return nil }

// The error of a body below is told, and not what the coding makes of it.
func TestErrorOfAPackedBodyIsItsOwn(t *testing.T) {
	errBelow := tigertonic.ServiceUnavailable{Err: errors.New("not now")}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", io.MultiReader(strings.NewReader(gzipped("text")[:12]), failingReader{errBelow}))
	r.Header.Set("Content-Encoding", "gzip")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	tigertonic.Decompressed(tigertonic.Typed(func(context.Context, *string) (string, error) { return "", nil })).ServeHTTP(w, r)
	assert.Equal(t, 503, w.Code)
	assert.Equal(t, "gzip", r.Header.Get("Content-Encoding"), "the request outside is left alone")
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// Over a connection: chunked, with Expect, and left unread.
func TestDecompressedOverAConnection(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/read", echoBody)
	mux.Handle("POST", "/leave", hello)
	server := httptest.NewServer(tigertonic.Decompressed(mux))
	defer server.Close()
	for path, want := range map[string]string{"/read": "-1 [] 6", "/leave": "hello"} {
		for range 3 {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, io.MultiReader(strings.NewReader(gzipped(`"text"`))))
			require.NoError(t, err)
			r.Header.Set("Content-Encoding", "gzip")
			rs, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			text, err := io.ReadAll(rs.Body)
			require.NoError(t, err)
			_ = rs.Body.Close()
			assert.Equal(t, want, string(text))
		}
	}
}

func TestDecompressedRefusesWithCORS(t *testing.T) {
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins("https://example.com")
	h := tigertonic.Decompressed(cors.Build(hello))
	w := serve(t, h, "POST", "/", "x", "Content-Encoding", "br", "Origin", "https://example.com")
	assert.Equal(t, 415, w.Code)
	assert.Equal(t, "https://example.com", w.Header().Get("Access-Control-Allow-Origin"))
}

func TestDecompressedThatCantBe(t *testing.T) {
	for _, c := range [][]tigertonic.Coding{{{Name: "a b", NewReader: zlib.NewReader}}, {{NewReader: zlib.NewReader}}, {{Name: "identity", NewReader: zlib.NewReader}}, {{Name: "br"}}, {deflate(), deflate()}} {
		assert.Panics(t, func() { tigertonic.Decompressed(hello, c...) }, "%v", c)
	}
	assert.Panics(t, func() { tigertonic.Decompressed(nil) })
	own := tigertonic.Decompressed(echoBody, tigertonic.Coding{Name: "gzip", NewReader: zlib.NewReader})
	assert.Equal(t, "-1 [] 4", serve(t, own, "POST", "/", deflated("text"), "Content-Encoding", "gzip").Body.String())
}

func TestDecompressedIsDescribed(t *testing.T) {
	typed := tigertonic.Typed(func(context.Context, *string) (string, error) { return "", nil })
	op := &tigertonic.Operation{}
	typed.Describe(op)
	tigertonic.Decompressed(typed, deflate()).(tigertonic.Describer).Describe(op)
	assert.Contains(t, op.Response(http.StatusUnsupportedMediaType).Headers, "Accept-Encoding")
	assert.Equal(t, "It may be compressed, as its Content-Encoding says, by gzip, deflate.", op.Body.Description)
	empty := &tigertonic.Operation{}
	tigertonic.Decompressed(hello).(tigertonic.Describer).Describe(empty)
	assert.Nil(t, empty.Body)
}

func FuzzDecompressed(f *testing.F) {
	f.Add([]byte(gzipped("text")), "gzip")
	f.Add([]byte(deflated(gzipped("text"))), "gzip, deflate")
	f.Add([]byte("text"), "identity,,x-gzip")
	h := tigertonic.Decompressed(echoBody, deflate())
	f.Fuzz(func(t *testing.T, body []byte, coding string) {
		w := serve(t, h, "POST", "/", string(body), "Content-Encoding", coding)
		require.Contains(t, []int{200, 400, 415}, w.Code)
	})
}

func ExampleDecompressed() {
	count := func(_ context.Context, in *[]int) (int, error) { return len(*in), nil }
	deflate := tigertonic.Coding{Name: "deflate", NewReader: zlib.NewReader}
	h := tigertonic.Decompressed(tigertonic.Typed(count), deflate)

	for _, coding := range []string{"gzip", "br"} {
		var body bytes.Buffer
		w := gzip.NewWriter(&body)
		_, _ = io.WriteString(w, "[1, 2, 3]")
		_ = w.Close()
		r := httptest.NewRequest(http.MethodPost, "/", &body)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Content-Encoding", coding)
		rs := httptest.NewRecorder()
		h.ServeHTTP(rs, r)
		fmt.Printf("%d %s%s", rs.Code, rs.Header().Get("Accept-Encoding"), rs.Body)
	}
	// Output:
	// 200 3
	// 415 gzip, deflate{"description":"a body may only be compressed by gzip or deflate","error":"tigertonic.UnsupportedMediaType"}
}

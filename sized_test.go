package tigertonic_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

var length = tigertonic.Marshaled(func(_ *url.URL, _ http.Header, rq *string) (int, http.Header, int, error) {
	return 200, nil, len(*rq) + 2, nil
})

func jsonString(bytes int) string { return `"` + strings.Repeat("x", bytes-2) + `"` }

// A chunked body has no length.
type chunked struct{ io.Reader }

func TestBodiesAreLimited(t *testing.T) {
	sized := tigertonic.Sized(tigertonic.Logged(length, nil), 100)
	sized.(interface{ Unwrap() http.Handler }).Unwrap().(*tigertonic.MultilineLogger).Logger = discard
	logged := tigertonic.Logged(length, nil)
	logged.Logger = discard
	for _, tt := range []struct {
		name  string
		h     http.Handler
		limit int
	}{
		{"default", length, tigertonic.DefaultMaxBytes},
		{"default, logged", logged, tigertonic.DefaultMaxBytes},
		{"smaller", sized, 100},
		{"larger", tigertonic.Sized(length, 3<<20), 3 << 20},
		{"nested", tigertonic.Sized(tigertonic.Sized(length, 200), 100), 100},
		{"nested the other way", tigertonic.Sized(tigertonic.Sized(length, 100), 200), 100},
	} {
		for _, wrap := range []func(io.Reader) io.Reader{
			func(body io.Reader) io.Reader { return body },
			func(body io.Reader) io.Reader { return chunked{body} },
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel() // net/http takes half a second to close after a 413
				server := httptest.NewServer(tt.h)
				defer server.Close()
				for size, want := range map[int]int{tt.limit: 200, tt.limit + 1: 413, tt.limit + 5000: 413} {
					response, err := server.Client().Post(server.URL, "application/json", wrap(strings.NewReader(jsonString(size))))
					require.NoError(t, err)
					body, err := io.ReadAll(response.Body)
					require.NoError(t, err)
					require.NoError(t, response.Body.Close())
					assert.Equal(t, want, response.StatusCode, size)
					if want == 413 {
						assert.Contains(t, string(body), "RequestEntityTooLarge")
					}
				}
			})
		}
	}
}

// overlaid is a middleware as others write them: it puts a body of its own round the
// one that is there.
func overlaid(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r.Body, io.Discard), r.Body}
		h.ServeHTTP(w, r)
	})
}

// The limit of Sized holds for what is within it, whoever stands between.
func TestSizedHoldsBehindForeignMiddleware(t *testing.T) {
	typed := tigertonic.Typed(func(_ context.Context, in *string) (int, error) { return len(*in) + 2, nil })
	for name, h := range map[string]http.Handler{"Marshaled": length, "Typed": typed} {
		for _, tt := range []struct {
			h     http.Handler
			limit int // of what is sent
		}{
			{overlaid(h), tigertonic.DefaultMaxBytes},
			{overlaid(tigertonic.Sized(overlaid(h), 3<<20)), 3 << 20},
			{tigertonic.Sized(overlaid(h), 3<<20), 3 << 20},
			{tigertonic.Sized(overlaid(h), 100), 100},
			{tigertonic.Sized(overlaid(tigertonic.Sized(overlaid(h), 3<<20)), 2<<20), 2 << 20},
			{tigertonic.Sized(overlaid(tigertonic.Sized(overlaid(h), 2<<20)), 3<<20), 2 << 20},
			{tigertonic.Sized(overlaid(tigertonic.Identified(h, nil)), 200<<10), 200 << 10},
		} {
			for _, wrap := range []func(io.Reader) io.Reader{
				func(body io.Reader) io.Reader { return body },
				func(body io.Reader) io.Reader { return chunked{body} },
			} {
				for size, want := range map[int]int{tt.limit: 200, tt.limit + 1: 413} {
					r := httptest.NewRequestWithContext(t.Context(), "POST", "/", wrap(strings.NewReader(jsonString(size))))
					r.Header.Set("Content-Type", "application/json")
					assert.Equal(t, want, responseOf(tt.h, r).Code, "%s: %d of %d", name, size, tt.limit)
				}
			}
		}
		for size, want := range map[int]int{50: 200, 51: 413} { // it is twice as long as what is read
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(jsonString(size)))
			r.Header.Set("Content-Type", "application/json")
			r.Body = io.NopCloser(iotest.OneByteReader(r.Body))
			assert.Equal(t, want, responseOf(tigertonic.Sized(padded(h, size), 100), r).Code, "%s: %d", name, size)
		}
	}
}

// padded is a middleware that has a body end in as many spaces as it is long.
func padded(h http.Handler, length int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = io.NopCloser(io.MultiReader(r.Body, strings.NewReader(strings.Repeat(" ", length))))
		h.ServeHTTP(w, r)
	})
}

func TestSizedLimitsForeignHandlers(t *testing.T) {
	h := tigertonic.Sized(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.Len(t, body, 10)
		var tooLong *http.MaxBytesError
		assert.ErrorAs(t, err, &tooLong)
	}), 10)
	r := httptest.NewRequest("POST", "/", chunked{strings.NewReader("12345678901")})
	h.ServeHTTP(httptest.NewRecorder(), r)

	w := serve(t, tigertonic.Sized(hello, 10), "POST", "/", "12345678901")
	requireError(t, w, 413, "tigertonic.RequestEntityTooLarge", "the body is longer than 10 bytes")
	assert.Equal(t, "hello", serve(t, tigertonic.Sized(hello, 0), "GET", "/", "").Body.String())
}

func TestSizedRefusesNegativeLimits(t *testing.T) {
	defer func() {
		assert.Regexp(t, `^tigertonic: Sized: a limit of -1 bytes \(at .*/sized_test.go:\d+\)$`, recover())
	}()
	tigertonic.Sized(hello, -1)
}

// A body without an end is neither read on nor waited for: the connection is
// closed.
func TestEndlessBodyIsCutOff(t *testing.T) {
	server := httptest.NewServer(tigertonic.CountedByStatusXX(length, "endless", nil))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
	require.NoError(t, err)
	go func() {
		chunk := []byte("10000\r\n" + strings.Repeat("[", 0x10000) + "\r\n")
		for range 1000 {
			if _, err := conn.Write(chunk); err != nil {
				return
			}
		}
	}()
	var answer bytes.Buffer
	_, _ = io.Copy(&answer, conn) // until the server closes the connection
	assert.Contains(t, answer.String(), "HTTP/1.1 413 Request Entity Too Large\r\n")
	assert.Contains(t, answer.String(), "Connection: close\r\n")
}

// A body that a middleware has unpacked is longer than the Content-Length says.
func TestBodiesThatWereUnpackedAreReadToTheirEnd(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		r.Body, err = gzip.NewReader(r.Body)
		if assert.NoError(t, err) {
			length.ServeHTTP(w, r)
		}
	})
	for body, want := range map[string]int{
		jsonString(5000): 200,
		`"ok"` + strings.Repeat(" ", 5000) + "GARBAGE":    400,
		jsonString(tigertonic.DefaultMaxBytes):            200,
		jsonString(tigertonic.DefaultMaxBytes + 1):        413,
		jsonString(3 * tigertonic.DefaultMaxBytes):        413,
		strings.Repeat(" ", tigertonic.DefaultMaxBytes+1): 413,
	} {
		var packed bytes.Buffer
		packer := gzip.NewWriter(&packed)
		_, err := io.WriteString(packer, body)
		require.NoError(t, err)
		require.NoError(t, packer.Close())
		w := serve(t, h, "POST", "/", packed.String(), "Content-Type", "application/json")
		assert.Equal(t, want, w.Code, "%.10s of %d bytes", body, len(body))
	}
}

// A Content-Length without a body takes no memory for it.
func TestPromisedBodyTakesLittleMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader("{"))
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = tigertonic.DefaultMaxBytes
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	length.ServeHTTP(httptest.NewRecorder(), r)
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<10))
}

// A gzip bomb isn't unpacked.
func TestGzipBombIsRefusedInBoundedMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	var bomb bytes.Buffer
	packer := gzip.NewWriter(&bomb)
	_, err := io.CopyN(packer, endlessReader{}, 64<<20)
	require.NoError(t, err)
	require.NoError(t, packer.Close())
	require.Less(t, bomb.Len(), 1<<20)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", &bomb)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Encoding", "gzip")
	w := httptest.NewRecorder()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	length.ServeHTTP(w, r)
	runtime.ReadMemStats(&after)
	requireError(t, w, 415, "tigertonic.MarshalerError", "a body must be sent without Content-Encoding")
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

func TestBodyThatBreaksIsABadRequest(t *testing.T) {
	r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader(`"x`), &stream{reads: []func([]byte) (int, error){failure}}))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	length.ServeHTTP(w, r)
	requireError(t, w, 400, "tigertonic.BadRequest", "the body can't be read to its end")
}

// A middleware that stops a body says why.
func TestBodyThatIsStoppedHasItsStatus(t *testing.T) {
	for status, err := range map[int]error{
		503: fmt.Errorf("at 7: %w", tigertonic.ServiceUnavailable{Err: errors.New("try again")}),
		413: &http.MaxBytesError{Limit: 7},
		429: tigertonic.Problem{Status: 429},
		400: tigertonic.OK{Err: errors.New("that is no error")},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/", io.MultiReader(strings.NewReader(`"x`), iotest.ErrReader(err)))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		length.ServeHTTP(w, r)
		assert.Equal(t, status, w.Code)
	}
}

func TestHandMadeRequestsMayLackABodyOrItsLength(t *testing.T) {
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("Content-Type", "application/json")
	r.Body = nil
	w := httptest.NewRecorder()
	tigertonic.Sized(length, 10).ServeHTTP(w, r)
	requireError(t, w, 400, "json.SyntaxError", "unexpected end of JSON input")

	r, err := http.NewRequestWithContext(t.Context(), "POST", "/", chunked{strings.NewReader(`"x"`)})
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	w = httptest.NewRecorder()
	length.ServeHTTP(w, r)
	assert.Equal(t, "3\n", w.Body.String())
}

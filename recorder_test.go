package tigertonic_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

var errHijack = errors.New("a hijack that reached the server")

// A plainWriter has no optional interface. The types below add some.
type plainWriter struct {
	header  http.Header
	body    bytes.Buffer
	flushes int
}

func (w *plainWriter) Header() http.Header         { return w.header }
func (w *plainWriter) WriteHeader(int)             {}
func (w *plainWriter) Write(p []byte) (int, error) { return w.body.Write(p) }

type (
	writerF    struct{ *plainWriter } // as many test
	writerFC   struct{ writerF }      // as HTTP/2's
	writerFHRC struct{ writerF }      // as HTTP/1's
)

func (w writerF) Flush()                                          { w.flushes++ }
func (w writerFC) CloseNotify() <-chan bool                       { return gone }
func (w writerFHRC) CloseNotify() <-chan bool                     { return gone }
func (w writerFHRC) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errHijack }
func (w writerFHRC) ReadFrom(src io.Reader) (int64, error)        { return w.body.ReadFrom(src) }

// gone is what a writer's CloseNotify returns.
var gone = make(chan bool)

// writersOf returns w with the abilities of writers that there are. Package record is
// tested with every combination.
func writersOf(w *plainWriter) []http.ResponseWriter {
	f := writerF{w}
	return []http.ResponseWriter{w, f, writerFC{f}, writerFHRC{f}}
}

// abilityNames tells which abilities w has.
func abilityNames(w http.ResponseWriter) (names []string) {
	if _, ok := w.(http.Flusher); ok {
		names = append(names, "Flush")
	}
	if _, ok := w.(http.Hijacker); ok {
		names = append(names, "Hijack")
	}
	if _, ok := w.(io.ReaderFrom); ok {
		names = append(names, "ReadFrom")
	}
	if _, ok := w.(interface{ CloseNotify() <-chan bool }); ok {
		names = append(names, "CloseNotify")
	}
	return names
}

func authorized(t *testing.T, method string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
	r.SetBasicAuth("user", "password")
	return r
}

// askAuthorized sends the same over the wire. It fails if that takes too long.
func askAuthorized(t *testing.T, srv *httptest.Server, method string, body io.Reader) (*http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, srv.URL, body)
	require.NoError(t, err)
	r.SetBasicAuth("user", "password")
	return srv.Client().Do(r)
}

// useAbilities uses what w claims to have. All of it must reach below, and what
// isn't claimed mustn't be there by http.ResponseController either.
func useAbilities(t *testing.T, w http.ResponseWriter, below *plainWriter) {
	t.Helper()
	controller := http.NewResponseController(w)
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
		require.NoError(t, controller.Flush())
		assert.Equal(t, 2, below.flushes)
	} else {
		require.ErrorIs(t, controller.Flush(), http.ErrNotSupported)
	}
	if h, ok := w.(http.Hijacker); ok {
		_, _, err := h.Hijack()
		require.ErrorIs(t, err, errHijack)
		_, _, err = controller.Hijack()
		require.ErrorIs(t, err, errHijack)
	} else {
		_, _, err := controller.Hijack()
		require.ErrorIs(t, err, http.ErrNotSupported)
	}
	if n, ok := w.(interface{ CloseNotify() <-chan bool }); ok {
		var want <-chan bool = gone
		assert.Equal(t, want, n.CloseNotify())
	}
	n, err := io.Copy(w, struct{ io.Reader }{strings.NewReader("body")})
	require.NoError(t, err)
	assert.EqualValues(t, 4, n)
	assert.Equal(t, "body", below.body.String())
}

func TestMiddlewaresPassOnTheWritersAbilitiesAndClaimNoOthers(t *testing.T) {
	for i := range writersOf(nil) {
		for _, wrapper := range append(wrappers(), wrapper{"all", inAll}) {
			plain := &plainWriter{header: http.Header{}}
			below := writersOf(plain)[i]
			want := abilityNames(below)
			t.Run(fmt.Sprintf("%v/%s", want, wrapper.name), func(t *testing.T) {
				called := false
				wrapper.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					called = true
					assert.Equal(t, want, abilityNames(w))
					useAbilities(t, w, plain)
				})).ServeHTTP(below, authorized(t, "GET"))
				assert.True(t, called)
			})
		}
	}
}

func TestMiddlewaresShareOneRecorder(t *testing.T) {
	var seen []http.ResponseWriter
	h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = append(seen, w) }))
	for _, wrapper := range wrappers() {
		wrapped := wrapper.wrap(h)
		h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen = append(seen, w)
			wrapped.ServeHTTP(w, r)
		})
	}
	server := &plainWriter{header: http.Header{}}
	h.ServeHTTP(server, authorized(t, "GET"))

	require.Len(t, seen, len(wrappers())+1)
	recorders := map[http.ResponseWriter]bool{}
	for _, w := range seen {
		recorders[w] = true
	}
	delete(recorders, server)
	assert.Len(t, recorders, 1)
}

func TestRecorderCostsOneAllocation(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	registry := metrics.NewRegistry()
	null := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusOK) })
	one := tigertonic.CountedByStatus(null, "one", registry)
	five := tigertonic.First(tigertonic.CountedByStatusXX(tigertonic.CountedByStatus(tigertonic.CountedByStatusXX(one, "two", registry), "three", registry), "four", registry))
	for _, tt := range []struct {
		name string
		h    http.Handler
		want float64
	}{
		{"none", null, 0},
		{"Counted needs none", tigertonic.Counted(null, "counted", registry), 0},
		{"First of one needs none", tigertonic.First(null), 0},
		{"First", tigertonic.First(null, null), 1},
		{"CountedByStatus", one, 1},
		{"CountedByStatusXX", tigertonic.CountedByStatusXX(null, "xx", registry), 1},
		{"five", five, 1},
	} {
		r := authorized(t, "GET")
		for _, w := range writersOf(&plainWriter{header: http.Header{}}) {
			got := testing.AllocsPerRun(100, func() { tt.h.ServeHTTP(w, r) })
			assert.LessOrEqual(t, got, tt.want, "%s with %v", tt.name, abilityNames(w))
		}
	}
}

// A countingConn counts how often the server has the kernel send a file.
type countingConn struct {
	*net.TCPConn
	sent *atomic.Int64
}

func (c countingConn) ReadFrom(src io.Reader) (int64, error) {
	c.sent.Add(1)
	return c.TCPConn.ReadFrom(src)
}

type countingListener struct {
	net.Listener
	sent atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return countingConn{conn.(*net.TCPConn), &l.sent}, nil
}

func TestFilesAreSentByTheKernelUnlessObserved(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	content := bytes.Repeat([]byte("0123456789abcdef"), 16<<10)
	require.NoError(t, os.WriteFile(file, content, 0o600))
	for _, wrapper := range wrappers() {
		t.Run(wrapper.name, func(t *testing.T) {
			srv := httptest.NewUnstartedServer(wrapper.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.ServeFile(w, r, file)
			})))
			l := &countingListener{Listener: srv.Listener}
			srv.Listener = l
			srv.Start()
			defer srv.Close()
			res, err := askAuthorized(t, srv, "GET", nil)
			require.NoError(t, err)
			defer res.Body.Close()
			got, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(content, got), "%d bytes of %d", len(got), len(content))
			if !slices.Contains([]string{"Logged", "JSONLogged", "PostProcessed"}, wrapper.name) { // which keep the body
				assert.Positive(t, l.sent.Load())
			}
		})
	}
}

// nestedServer serves h in all our middlewares over HTTP/1.1 and HTTP/2.
func nestedServer(t *testing.T, test func(t *testing.T, srv *httptest.Server), h http.HandlerFunc) {
	t.Helper()
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(proto, func(t *testing.T) {
			srv := newServer(t, inAll(h), proto == "HTTP/2.0")
			test(t, srv)
		})
	}
}

func TestFullDuplexThroughAllMiddlewares(t *testing.T) {
	nestedServer(t, func(t *testing.T, srv *httptest.Server) {
		body, send := io.Pipe()
		res, err := askAuthorized(t, srv, "POST", body) // returns once the handler has flushed
		require.NoError(t, err)
		defer res.Body.Close()
		for _, word := range []string{"ping", "pong"} {
			_, err := io.WriteString(send, word)
			require.NoError(t, err)
			echo := make([]byte, len(word))
			_, err = io.ReadFull(res.Body, echo)
			require.NoError(t, err)
			assert.Equal(t, word, string(echo))
		}
		require.NoError(t, send.Close())
		rest, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Empty(t, rest)
	}, func(w http.ResponseWriter, r *http.Request) {
		controller := http.NewResponseController(w)
		if !assert.NoError(t, controller.EnableFullDuplex()) {
			return
		}
		assert.NoError(t, controller.Flush())
		for buf := make([]byte, 4); ; {
			if _, err := io.ReadFull(r.Body, buf); err != nil {
				assert.Equal(t, io.EOF, err)
				return
			}
			w.Write(buf)
			assert.NoError(t, controller.Flush())
		}
	})
}

func TestDeadlinesThroughAllMiddlewares(t *testing.T) {
	past := time.Unix(1, 0)
	t.Run("read", func(t *testing.T) {
		nestedServer(t, func(t *testing.T, srv *httptest.Server) {
			body, send := io.Pipe() // nothing ever comes
			defer send.Close()
			res, err := askAuthorized(t, srv, "POST", body)
			require.NoError(t, err)
			defer res.Body.Close()
			assert.Equal(t, http.StatusRequestTimeout, res.StatusCode)
		}, func(w http.ResponseWriter, r *http.Request) {
			if !assert.NoError(t, http.NewResponseController(w).SetReadDeadline(past)) {
				return
			}
			if _, err := r.Body.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
				w.WriteHeader(http.StatusRequestTimeout)
			}
		})
	})
	t.Run("write", func(t *testing.T) {
		nestedServer(t, func(t *testing.T, srv *httptest.Server) {
			res, err := askAuthorized(t, srv, "GET", nil)
			if err == nil {
				defer res.Body.Close()
				_, err = io.ReadAll(res.Body)
			}
			assert.Error(t, err)
		}, func(w http.ResponseWriter, r *http.Request) {
			if !assert.NoError(t, http.NewResponseController(w).SetWriteDeadline(past)) {
				return
			}
			if r.ProtoMajor == 2 {
				<-r.Context().Done() // the stream is reset
			}
			_, _ = io.WriteString(w, "this can't be sent")
		})
	})
}

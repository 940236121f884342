package record_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/record"
)

var (
	errHijack = errors.New("a hijack that reached the server")
	errPush   = errors.New("a push that reached the server")
)

// A plainWriter has no optional interface. The types below add some.
type plainWriter struct {
	header  http.Header
	status  []int
	body    bytes.Buffer
	flushes int
}

func newPlainWriter() *plainWriter { return &plainWriter{header: http.Header{}} }

func (w *plainWriter) Header() http.Header         { return w.header }
func (w *plainWriter) WriteHeader(status int)      { w.status = append(w.status, status) }
func (w *plainWriter) Write(p []byte) (int, error) { return w.body.Write(p) }

type (
	writerF   struct{ *plainWriter }
	writerH   struct{ *plainWriter }
	writerFH  struct{ writerF }
	writerR   struct{ *plainWriter }
	writerFR  struct{ writerF }
	writerHR  struct{ writerH }
	writerFHR struct{ writerFH }

	writerC    struct{ *plainWriter }
	writerFC   struct{ writerF }
	writerHC   struct{ writerH }
	writerFHC  struct{ writerFH }
	writerRC   struct{ writerR }
	writerFRC  struct{ writerFR }
	writerHRC  struct{ writerHR }
	writerFHRC struct{ writerFHR }
)

func (w writerF) Flush()                                        { w.flushes++ }
func (w writerH) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return nil, nil, errHijack }
func (w writerFH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errHijack }
func (w writerR) ReadFrom(src io.Reader) (int64, error)         { return w.body.ReadFrom(src) }
func (w writerFR) ReadFrom(src io.Reader) (int64, error)        { return w.body.ReadFrom(src) }
func (w writerHR) ReadFrom(src io.Reader) (int64, error)        { return w.body.ReadFrom(src) }
func (w writerFHR) ReadFrom(src io.Reader) (int64, error)       { return w.body.ReadFrom(src) }

// gone is what a writer's CloseNotify returns.
var gone = make(chan bool)

func (w writerC) CloseNotify() <-chan bool    { return gone }
func (w writerFC) CloseNotify() <-chan bool   { return gone }
func (w writerHC) CloseNotify() <-chan bool   { return gone }
func (w writerFHC) CloseNotify() <-chan bool  { return gone }
func (w writerRC) CloseNotify() <-chan bool   { return gone }
func (w writerFRC) CloseNotify() <-chan bool  { return gone }
func (w writerHRC) CloseNotify() <-chan bool  { return gone }
func (w writerFHRC) CloseNotify() <-chan bool { return gone }

// writersOf returns w with every combination of abilities.
func writersOf(w *plainWriter) []http.ResponseWriter {
	f, h := writerF{w}, writerH{w}
	fh, r, fr, hr := writerFH{f}, writerR{w}, writerFR{f}, writerHR{h}
	fhr := writerFHR{fh}
	return []http.ResponseWriter{
		w, f, h, fh, r, fr, hr, fhr,
		writerC{w},
		writerFC{f},
		writerHC{h},
		writerFHC{fh},
		writerRC{r},
		writerFRC{fr},
		writerHRC{hr},
		writerFHRC{fhr},
	}
}

// abilityNames returns which abilities w has.
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

func request(t *testing.T, method string) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), method, "/", nil)
}

func TestRecorderHasTheWritersAbilitiesAndNoOthers(t *testing.T) {
	for i := range writersOf(nil) {
		plain := newPlainWriter()
		below := writersOf(plain)[i]
		want := abilityNames(below)
		t.Run(fmt.Sprint(want), func(t *testing.T) {
			w, rec := record.Wrap(below, request(t, "GET"))
			assert.Equal(t, want, abilityNames(w))
			useAbilities(t, w, plain)
			assert.EqualValues(t, 4, rec.Sent())
		})
	}
}

// A wrapper of somebody else's has the abilities of what it wraps, as far as
// http.ResponseController finds them.
func TestRecorderFindsAbilitiesBehindAWrapper(t *testing.T) {
	for _, below := range writersOf(newPlainWriter()) {
		w, _ := record.Wrap(foreignWriter{below}, request(t, "GET"))
		var want []string
		for _, name := range abilityNames(below) {
			if name != "ReadFrom" { // past the wrapper's Write
				want = append(want, name)
			}
		}
		assert.Equal(t, want, abilityNames(w))
		if n, ok := w.(interface{ CloseNotify() <-chan bool }); ok {
			var want <-chan bool = gone
			assert.Equal(t, want, n.CloseNotify())
		}
	}
}

// What can't be flushed hasn't begun by it, however many Recorders are on the way.
func TestFlushIsRefusedBehindAWrapper(t *testing.T) {
	for _, below := range writersOf(newPlainWriter()) {
		_, flushes := below.(http.Flusher)
		inner, _ := record.Wrap(below, request(t, "GET"))
		w, rec := record.Wrap(foreignWriter{inner}, request(t, "GET"))
		err := http.NewResponseController(w).Flush()
		if flushes {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, http.ErrNotSupported)
		}
		assert.Equal(t, flushes, rec.HasBegun())
	}
}

type foreignWriter struct{ http.ResponseWriter }

func (w foreignWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type pushingWriter struct{ *plainWriter }

func (pushingWriter) Push(string, *http.PushOptions) error { return errPush }

func TestPushIsFoundByUnwrap(t *testing.T) {
	w, _ := record.Wrap(pushingWriter{newPlainWriter()}, request(t, "GET"))
	_, ok := w.(http.Pusher)
	assert.False(t, ok)
	p, ok := record.Innermost(w).(http.Pusher)
	require.True(t, ok)
	require.ErrorIs(t, p.Push("/", nil), errPush)
}

func TestRecorderCostsOneAllocation(t *testing.T) {
	r := request(t, "GET")
	for _, below := range writersOf(newPlainWriter()) {
		got := testing.AllocsPerRun(100, func() {
			w, rec := record.Wrap(below, r)
			again, same := record.Wrap(w, r)
			if again != w || same != rec {
				t.Error("two Recorders")
			}
			w.WriteHeader(http.StatusOK)
			if !rec.HasBegun() || rec.FinalStatus(false) != 200 {
				t.Error("no status")
			}
		})
		assert.LessOrEqual(t, got, 1.0, "%v", abilityNames(below))
	}
}

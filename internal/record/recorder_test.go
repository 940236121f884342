package record_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/record"
)

// An observer notes what it is shown.
type observer struct {
	name string
	to   *[]string
}

func (o observer) OnHeader(status int, h http.Header) {
	*o.to = append(*o.to, o.name+" "+http.StatusText(status))
	h.Add("Seen-By", o.name)
}

// A bodyObserver notes the body, too.
type bodyObserver struct{ observer }

func (o bodyObserver) OnBody(p []byte) { *o.to = append(*o.to, o.name+" "+string(p)) }

func TestStatusAndLengthAreThoseOnTheWire(t *testing.T) {
	for _, tt := range []struct {
		name, method string
		http2        bool
		handle       func(w http.ResponseWriter)
		panicked     bool
		status       int
		sent         int64
		begun        bool
	}{
		{"nothing", "GET", false, func(http.ResponseWriter) {}, false, 200, 0, false},
		{"a panic", "GET", false, func(http.ResponseWriter) {}, true, 500, 0, false},
		{"a status", "GET", false, func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }, false, 404, 0, true},
		{"a status and a panic", "GET", false, func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }, true, 404, 0, true},
		{"the first of two", "GET", false, func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusNotFound)
			w.WriteHeader(http.StatusInternalServerError)
		}, false, 404, 0, true},
		{"after an informational one", "GET", false, func(w http.ResponseWriter) { w.WriteHeader(http.StatusEarlyHints); w.WriteHeader(http.StatusNotFound) }, false, 404, 0, true},
		{"an informational one", "GET", false, func(w http.ResponseWriter) { w.WriteHeader(http.StatusEarlyHints) }, false, 200, 0, false},
		{"switching protocols", "GET", false, func(w http.ResponseWriter) { w.WriteHeader(http.StatusSwitchingProtocols) }, false, 101, 0, true},
		{"101 on HTTP/2", "GET", true, func(w http.ResponseWriter) { w.WriteHeader(http.StatusSwitchingProtocols) }, false, 200, 0, false},
		{"a body", "GET", false, func(w http.ResponseWriter) { io.WriteString(w, "body") }, false, 200, 4, true},
		{"a body of bytes", "GET", false, func(w http.ResponseWriter) { w.Write([]byte("body")) }, false, 200, 4, true},
		{"HEAD", "HEAD", false, func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound); w.Write([]byte("body")) }, false, 404, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, tt.method)
			if tt.http2 {
				r.ProtoMajor = 2
			}
			w, rec := record.Wrap(newPlainWriter(), r)
			tt.handle(w)
			assert.Equal(t, tt.status, rec.FinalStatus(tt.panicked))
			assert.Equal(t, tt.sent, rec.Sent())
			assert.Equal(t, tt.begun, rec.HasBegun())
			assert.Equal(t, tt.method == "HEAD", rec.IsHead())
			assert.False(t, rec.HasFailed())
		})
	}
}

func TestObserversSeeTheResponseFromTheInsideOut(t *testing.T) {
	for name, write := range map[string]func(w http.ResponseWriter){
		"bytes": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusNotFound)
			w.Write([]byte("body"))
			w.WriteHeader(http.StatusInternalServerError)
		},
		"a string": func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound); io.WriteString(w, "body") },
		"a file": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("body")})
		},
	} {
		t.Run(name, func(t *testing.T) {
			var seen []string
			plain := newPlainWriter()
			w, rec := record.Wrap(writersOf(plain)[7], request(t, "GET"))
			for _, o := range []record.HeaderObserver{observer{"outer", &seen}, bodyObserver{observer{"middle", &seen}}, observer{"inner", &seen}} {
				rec.Observe(o)
			}
			write(w)
			rec.Finish(observer{"late", &seen})
			assert.Equal(t, []string{"inner Not Found", "middle Not Found", "outer Not Found", "middle body"}, seen)
			assert.Equal(t, []string{"inner", "middle", "outer"}, plain.header["Seen-By"])
			assert.Equal(t, "body", plain.body.String())
		})
	}
}

func TestFinishShowsTheHeaderThatTheServerWillWrite(t *testing.T) {
	var seen []string
	_, rec := record.Wrap(newPlainWriter(), request(t, "GET"))
	rec.Finish(observer{"one", &seen})
	assert.Equal(t, []string{"one OK"}, seen)
	assert.False(t, rec.HasBegun())
}

func TestNewIsObserved(t *testing.T) {
	var seen []string
	w := record.New(newPlainWriter(), bodyObserver{observer{"tee", &seen}})
	_, err := io.WriteString(w, "body")
	require.NoError(t, err)
	assert.Equal(t, []string{"tee OK", "tee body"}, seen)
	again, _ := record.Wrap(w, request(t, "GET"))
	assert.Equal(t, w, again)
}

func TestHeadHasNoBodyWhereNoServerDropsIt(t *testing.T) {
	plain := newPlainWriter()
	w := record.WithoutBody(writersOf(plain)[7], request(t, "HEAD"))
	for range 2 {
		n, err := io.WriteString(w, "body")
		require.NoError(t, err)
		assert.Equal(t, 4, n)
	}
	_, err := io.Copy(w, struct{ io.Reader }{strings.NewReader("body")})
	require.NoError(t, err)
	assert.Empty(t, plain.body.String())

	served := request(t, "HEAD")
	served = served.WithContext(context.WithValue(t.Context(), http.ServerContextKey, &http.Server{}))
	assert.Same(t, plain, record.WithoutBody(plain, served))
}

func TestFilesAreSentByTheWriterAfterTheFirstBytes(t *testing.T) {
	for _, size := range []int{0, 100, 512, 10_000} {
		plain := newPlainWriter()
		w, rec := record.Wrap(writersOf(plain)[7], request(t, "GET"))
		n, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader(strings.Repeat("x", size)))
		require.NoError(t, err)
		assert.EqualValues(t, size, n)
		assert.EqualValues(t, size, rec.Sent())
		assert.Len(t, plain.body.String(), size)
		assert.Equal(t, size > 0, rec.HasBegun())
	}
	w, _ := record.Wrap(writersOf(newPlainWriter())[7], request(t, "GET"))
	_, err := w.(io.ReaderFrom).ReadFrom(failingReader{})
	require.ErrorIs(t, err, errRead)
}

var errRead = errors.New("the source fails")

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errRead }

// A brokenWriter fails to write.
type brokenWriter struct{ *plainWriter }

func (brokenWriter) Write([]byte) (int, error) { return 0, net.ErrClosed }
func (brokenWriter) FlushError() error         { return nil }

func TestOutcomeIs499IfTheClientHadGone(t *testing.T) {
	const long = serverBuffer + 1
	for _, tt := range []struct {
		name, method string
		below        http.ResponseWriter
		handle       func(w http.ResponseWriter, gone func())
		panicked     bool
		want         int
	}{
		{"it waits", "GET", newPlainWriter(), func(w http.ResponseWriter, _ func()) { w.WriteHeader(http.StatusNotFound) }, false, 404},
		{"nothing is written", "GET", newPlainWriter(), func(_ http.ResponseWriter, gone func()) { gone() }, false, 499},
		{"a panic without a response", "GET", newPlainWriter(), func(_ http.ResponseWriter, gone func()) { gone() }, true, 500},
		{"it had gone by the header", "GET", newPlainWriter(), func(w http.ResponseWriter, gone func()) {
			gone()
			w.Write(make([]byte, long))
		}, false, 499},
		{"a short body isn't sent", "GET", newPlainWriter(), func(w http.ResponseWriter, gone func()) { w.WriteHeader(http.StatusOK); gone() }, false, 499},
		{"a long body is sent", "GET", newPlainWriter(), func(w http.ResponseWriter, gone func()) { w.Write(make([]byte, long)); gone() }, false, 200},
		{"a long body fails", "GET", brokenWriter{newPlainWriter()}, func(w http.ResponseWriter, gone func()) {
			w.Write(make([]byte, long))
			gone()
		}, false, 499},
		{"a short body is flushed", "GET", brokenWriter{newPlainWriter()}, func(w http.ResponseWriter, gone func()) {
			_ = http.NewResponseController(w).Flush()
			gone()
		}, false, 200},
		{"a HEAD has its header", "HEAD", newPlainWriter(), func(w http.ResponseWriter, gone func()) { w.WriteHeader(http.StatusOK); gone() }, false, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r := httptest.NewRequestWithContext(ctx, tt.method, "/", nil)
			w, rec := record.Wrap(tt.below, r)
			tt.handle(w, cancel)
			assert.Equal(t, tt.want, rec.Outcome(r, tt.panicked))
		})
	}
}

const serverBuffer = 2 << 10

// A hijackable writer gives its connection away.
type hijackable struct {
	*plainWriter
	conn net.Conn
}

func (w hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.conn, nil, nil }

// A serverConn is a server's own.
type serverConn struct{ net.Conn }

func (c serverConn) Bare() net.Conn { return c.Conn }

func TestHijackedConnectionIsTheOneThatWasAccepted(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	w, rec := record.Wrap(hijackable{newPlainWriter(), serverConn{ours}}, request(t, "GET"))
	rec.CloseHijacked() // there is none
	conn, _, err := w.(http.Hijacker).Hijack()
	require.NoError(t, err)
	assert.Equal(t, ours, conn)
	assert.True(t, rec.HasBegun())
	assert.Equal(t, http.StatusSwitchingProtocols, rec.FinalStatus(true))
	rec.CloseHijacked()
	_, err = theirs.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

// A teeing writer can be flushed by its type only.
type teeing struct {
	record.Transparent
	front http.ResponseWriter
}

func (w teeing) Unwrap() http.ResponseWriter       { return w.front }
func (w teeing) Header() http.Header               { return w.front.Header() }
func (w teeing) WriteHeader(status int)            { w.front.WriteHeader(status) }
func (w teeing) Write(p []byte) (n int, err error) { return w.front.Write(p) }
func (w teeing) Flush()                            { _ = w.FlushError() }
func (w teeing) FlushError() error                 { return http.NewResponseController(w.front).Flush() }

func TestTransparentWritersAreLookedThrough(t *testing.T) {
	for _, below := range writersOf(newPlainWriter()) {
		front, rec := record.Wrap(below, request(t, "GET"))
		w, same := record.Wrap(teeing{front: front}, request(t, "GET"))
		assert.Equal(t, front, w)
		assert.Same(t, rec, same)
		outer, _ := record.Wrap(foreignWriter{teeing{front: front}}, request(t, "GET"))
		_, want := below.(http.Flusher)
		_, got := outer.(http.Flusher)
		assert.Equal(t, want, got)
		if err := http.NewResponseController(outer).Flush(); want {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, http.ErrNotSupported)
		}
	}
}

func TestBeneathAndInnermost(t *testing.T) {
	plain := newPlainWriter()
	inner, _ := record.Wrap(plain, request(t, "GET"))
	assert.Same(t, plain, record.Beneath(teeing{front: inner}))
	foreign := foreignWriter{inner}
	outer, _ := record.Wrap(foreign, request(t, "GET"))
	assert.Equal(t, http.ResponseWriter(foreign), record.Beneath(outer))
	assert.Same(t, plain, record.Innermost(outer))
	assert.Same(t, plain, record.Innermost(plain))
}

func TestPatternIsThatOfTheInnermostMux(t *testing.T) {
	w, rec := record.Wrap(newPlainWriter(), request(t, "GET"))
	routed := request(t, "GET")
	routed.Pattern = "/outer"
	record.NoteRequest(w, routed)
	assert.Equal(t, "/outer", rec.Pattern())
	record.NoteRequest(newPlainWriter(), routed) // nobody is told
	inner := routed.Clone(t.Context())
	inner.Pattern = "/inner"
	outer, _ := record.Wrap(foreignWriter{w}, inner)
	record.NoteRequest(outer, inner)
	assert.Equal(t, "/inner", rec.Pattern())
	again, _ := record.Wrap(w, request(t, "GET"))
	assert.Equal(t, w, again)
	assert.Equal(t, "/inner", rec.Pattern(), "a request without one is an earlier copy")
}

// A watcher notes what it is told.
type watcher struct {
	calls []string
	piece int
	rests bool
}

func (x *watcher) note(call string) { x.calls = append(x.calls, call) }
func (x *watcher) Enter() bool      { x.note("enter"); return x.rests }
func (x *watcher) Leave(rests bool, n int) {
	x.note("leave " + strings.Repeat("r", map[bool]int{true: 1}[rests]) + strings.Repeat(".", n))
}
func (x *watcher) Rests() bool       { return x.rests }
func (x *watcher) Piece() int        { return x.piece }
func (x *watcher) Answer()           { x.note("answer") }
func (x *watcher) OwnReadDeadline()  { x.note("read deadline") }
func (x *watcher) OwnWriteDeadline() { x.note("write deadline") }
func (x *watcher) FullDuplex()       { x.note("duplex") }

type controllable struct{ writerFR }

func (controllable) SetReadDeadline(time.Time) error  { return nil }
func (controllable) SetWriteDeadline(time.Time) error { return nil }
func (controllable) EnableFullDuplex() error          { return nil }

func TestWatcherIsToldWhenTheServerMayWait(t *testing.T) {
	control := func(w http.ResponseWriter) {
		c := http.NewResponseController(w)
		_, _, _ = c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{}), c.EnableFullDuplex()
	}
	for _, tt := range []struct {
		name   string
		rests  bool
		handle func(w http.ResponseWriter)
		want   []string
	}{
		{"bytes", true, func(w http.ResponseWriter) { w.Write([]byte("12345")) }, []string{"answer", "enter", "leave r...", "enter", "leave r.."}},
		{"a string", false, func(w http.ResponseWriter) { io.WriteString(w, "1234") }, []string{"answer", "enter", "leave ...", "enter", "leave ."}},
		{"nothing", false, func(w http.ResponseWriter) { w.Write(nil) }, []string{"answer", "enter", "leave "}},
		{"a flush", true, func(w http.ResponseWriter) { w.(http.Flusher).Flush() }, []string{"answer", "enter", "leave r"}},
		{"a header", true, func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }, []string{"answer"}},
		{"a file", true, func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusOK)
			_, _ = w.(io.ReaderFrom).ReadFrom(strings.NewReader("12345"))
		}, []string{"answer", "enter", "leave r"}},
		{"a file without a body", false, func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusOK)
			_, _ = w.(io.ReaderFrom).ReadFrom(strings.NewReader("12345"))
		}, []string{"answer"}},
		{"its own limits", false, control, []string{"read deadline", "write deadline", "duplex"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, rec := record.Wrap(controllable{writerFR{writerF{newPlainWriter()}}}, request(t, "GET"))
			x := &watcher{piece: 3, rests: tt.rests}
			rec.Watcher = x
			tt.handle(w)
			assert.Equal(t, tt.want, x.calls)
		})
	}
	t.Run("limits that the writer doesn't have", func(t *testing.T) {
		w, rec := record.Wrap(newPlainWriter(), request(t, "GET"))
		x := &watcher{}
		rec.Watcher = x
		control(w)
		assert.Equal(t, []string{"write deadline"}, x.calls)
		rec.Watcher = nil
		control(w)
	})
}

package conns

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/record"
)

func TestFlowFallsBehindWhileTheServerWaitsAndCatchesUpByItsBytes(t *testing.T) {
	const limit, rate = 4 * time.Second, 100
	for _, tt := range []struct {
		name  string
		waits bool
		bytes int // between two looks, which are a second apart
		limit time.Duration
		cut   int // by which look, or 0
	}{
		{"nothing comes", true, 0, limit, 5},
		{"the server doesn't wait", false, 0, limit, 0},
		{"as much as it must", true, rate, limit, 0},
		{"half of it", true, rate / 2, limit, 10},
		{"without a limit", true, 0, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var f flow
			cut := 0
			for look := 1; look <= 20 && cut == 0; look++ {
				f.begin()
				f.end(tt.bytes)
				if tt.waits {
					f.begin()
				}
				if f.look(time.Second, tt.limit, rate) {
					cut = look
				}
				if tt.waits {
					f.end(0)
				}
			}
			assert.Equal(t, tt.cut, cut)
		})
	}
}

func TestLimitsThatAreZeroAreDefaults(t *testing.T) {
	assert.Equal(t, Limits{Body: 30 * time.Second, Response: time.Minute, Rate: 500}, Limits{Rate: -1}.resolved())
	own := Limits{Body: -1, Response: time.Second, Rate: 7, HasWriteTimeout: true}
	assert.Equal(t, own, own.resolved())
}

func TestLooksAreOftenEnough(t *testing.T) {
	for _, tt := range []struct{ body, response, want time.Duration }{
		{time.Minute, time.Minute, time.Second},
		{time.Minute, 800 * time.Millisecond, 100 * time.Millisecond},
		{80 * time.Millisecond, -1, 10 * time.Millisecond},
		{1, 1, 2 * time.Millisecond},
		{-1, -1, time.Second},
	} {
		assert.Equal(t, tt.want, Limits{Body: tt.body, Response: tt.response}.pause())
	}
}

// A pipeListener accepts one connection after another.
type pipeListener struct {
	net.Listener
	next chan net.Conn
}

func (l pipeListener) Accept() (net.Conn, error) {
	c, ok := <-l.next
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

// accepted returns a connection that a tracker's listener has accepted from l.
func accepted(t *testing.T, tracker *Tracker, inner net.Conn) net.Conn {
	t.Helper()
	l := pipeListener{next: make(chan net.Conn, 1)}
	l.next <- inner
	c, err := tracker.Listener(l).Accept()
	require.NoError(t, err)
	return c
}

func TestConnectionsAreTrackedFromTheFirstToTheLast(t *testing.T) {
	for name, overTLS := range map[string]bool{"plain": false, "TLS by the user's listener": true} {
		t.Run(name, func(t *testing.T) {
			tracker := NewTracker()
			ours, theirs := net.Pipe()
			defer theirs.Close()
			inner := ours
			if overTLS {
				inner = tls.Server(ours, &tls.Config{})
			}
			c := accepted(t, tracker, inner)
			assert.Equal(t, overTLS, c == inner, "net/http has to see the *tls.Conn")
			assert.Equal(t, inner, Bare(c))
			known := tracker.connOf(c)
			assert.Same(t, known, tracker.ConnContext(t.Context(), c).Value(connKey{}))
			assert.Equal(t, overTLS, known.isAlien())

			assert.False(t, tracker.Busy(time.Hour), "there is none")
			tracker.ConnState(c, http.StateNew)
			assert.Equal(t, Counts{Fresh: 1, Accepted: 1}, tracker.Counts())
			assert.True(t, tracker.Busy(time.Hour))
			tracker.ConnState(c, http.StateActive)
			assert.True(t, tracker.Busy(-time.Hour))
			assert.Equal(t, 1, tracker.Active())
			assert.Equal(t, Counts{Active: 1, Accepted: 1}, tracker.Counts())
			tracker.CloseFresh() // it isn't
			tracker.ConnState(c, http.StateIdle)
			assert.Zero(t, tracker.Active())
			assert.Equal(t, Counts{Idle: 1, Accepted: 1}, tracker.Counts())
			assert.False(t, tracker.Busy(-time.Hour))
			tracker.ConnState(c, http.StateClosed)
			assert.Empty(t, tracker.all)
			assert.Equal(t, Counts{Accepted: 1}, tracker.Counts())
			_, alien := tracker.alien.Load(c)
			assert.False(t, alien)
		})
	}
}

func TestFreshConnectionsAreClosed(t *testing.T) {
	tracker := NewTracker()
	ours, theirs := net.Pipe()
	c := accepted(t, tracker, ours)
	tracker.ConnState(c, http.StateNew)
	tracker.CloseFresh()
	_, err := theirs.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	tracker.ConnState(c, http.StateActive) // as net/http says once it has read a byte of a header
	assert.Zero(t, tracker.Active(), "what has come of a header is no request")
}

func TestWhatIsAcceptedIsBareForUsers(t *testing.T) {
	tracker := NewTracker()
	l := pipeListener{next: make(chan net.Conn)}
	assert.Equal(t, net.Listener(l), BareListener(tracker.Listener(l)))
	assert.Equal(t, net.Listener(l), BareListener(l))
	close(l.next)
	_, err := tracker.Listener(l).Accept()
	require.ErrorIs(t, err, net.ErrClosed)

	ours, _ := net.Pipe()
	assert.Equal(t, ours, Bare(ours))
	c := accepted(t, tracker, ours).(*Conn)
	assert.Equal(t, ours, c.Bare())
	assert.Same(t, c, tracker.connOf(tls.Server(c, &tls.Config{})), "the server's own TLS")
	assert.NotNil(t, tracker.connOf(ours), "one that was served without the listener")
}

func TestReadingKeepsAConnectionFromBeingQuiet(t *testing.T) {
	tracker := NewTracker()
	ours, theirs := net.Pipe()
	c := accepted(t, tracker, ours).(*Conn)
	tracker.ConnState(c, http.StateNew)
	c.idle.Store(1)
	go func() { _, _ = theirs.Write([]byte("GET")) }()
	_, err := c.Read(make([]byte, 3))
	require.NoError(t, err)
	assert.Greater(t, c.idle.Load(), int64(1))
}

// A pieceConn notes in what pieces it is written to.
type pieceConn struct {
	net.Conn
	pieces []int
	fails  error
	linger int
	closed bool
}

func (c *pieceConn) Write(p []byte) (int, error) {
	c.pieces = append(c.pieces, len(p))
	return len(p), c.fails
}

func (c *pieceConn) ReadFrom(src io.Reader) (int64, error) {
	n, err := io.Copy(io.Discard, src)
	c.pieces = append(c.pieces, -int(n))
	return n, err
}

func (c *pieceConn) SetLinger(sec int) error { c.linger = sec; return nil }
func (c *pieceConn) CloseWrite() error       { return errHalf }
func (c *pieceConn) Close() error            { c.closed = true; return nil }

var errHalf = errors.New("half of it is closed")

func TestConnIsWrittenInPieces(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, make([]byte, piece+5), 0o600))
	open := func() *os.File {
		f, err := os.Open(file)
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		return f
	}
	aFile := []int{-piece, -5}
	if runtime.GOOS == "linux" {
		aFile = []int{-piece - 5} // whose offset says how far it is
	}
	for _, tt := range []struct {
		name  string
		write func(c *Conn) (int64, error)
		want  []int
	}{
		{"nothing", func(c *Conn) (int64, error) { n, err := c.Write(nil); return int64(n), err }, []int{0}},
		{"bytes", func(c *Conn) (int64, error) { n, err := c.Write(make([]byte, 2*piece+1)); return int64(n), err }, []int{piece, piece, 1}},
		{"a file", func(c *Conn) (int64, error) { return c.ReadFrom(open()) }, aFile},
		{"a file of somebody else's", func(c *Conn) (int64, error) { return c.ReadFrom(anyFile{open()}) }, []int{-piece, -5}},
		{"some of it", func(c *Conn) (int64, error) { return c.ReadFrom(io.LimitReader(open(), 7)) }, []int{-7}},
		{"a text", func(c *Conn) (int64, error) { return c.ReadFrom(strings.NewReader("text")) }, []int{4}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inner := &pieceConn{}
			c := &Conn{Conn: inner, tracker: NewTracker()}
			n, err := tt.write(c)
			require.NoError(t, err)
			var want int64
			for _, length := range tt.want {
				want += int64(max(length, -length))
			}
			assert.Equal(t, want, n)
			assert.Equal(t, tt.want, inner.pieces)
			assert.Zero(t, c.out.state.Load()%2, "it waits for nothing any more")
		})
	}
	failing := &pieceConn{fails: net.ErrClosed}
	_, err := (&Conn{Conn: failing}).Write(make([]byte, 2*piece))
	require.ErrorIs(t, err, net.ErrClosed)
	assert.Equal(t, []int{piece}, failing.pieces)
}

// anyFile is a file as net/http's server sends it, of a type of the user's.
type anyFile struct{ *os.File }

// A kernel is a connection to which a file goes in steps.
type kernel struct {
	net.Conn
	step   func(src io.Reader) bool
	closed bool
}

func (k *kernel) ReadFrom(src io.Reader) (n int64, err error) {
	for k.step(src) {
	}
	return 0, io.EOF
}

func (k *kernel) Close() error { k.closed = true; return nil }

// A long file is sent as a whole, and how far it is can be seen.
func TestConnIsSeenWhileTheKernelSendsAFile(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("files are sent in pieces")
	}
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, make([]byte, 10*piece), 0o600))
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	inner := &kernel{}
	c := &Conn{Conn: inner, tracker: NewTracker()}
	limits := Limits{Response: 4 * time.Second, Rate: 1000}.resolved()
	looks := 0
	inner.step = func(src io.Reader) bool {
		if looks < 60 { // slowly, but quickly enough
			_, err := io.CopyN(io.Discard, src, 1000)
			assert.NoError(t, err)
			assert.False(t, inner.closed, "at look %d", looks)
		}
		c.look(limits, time.Second)
		looks++
		return looks < 70
	}
	n, err := c.ReadFrom(f)
	require.ErrorIs(t, err, io.EOF)
	assert.Zero(t, n)
	assert.True(t, inner.closed, "as nothing is read any more")
	assert.Nil(t, c.file)
}

func TestConnIsClosedForWritingIfItCan(t *testing.T) {
	ours, _ := net.Pipe()
	require.NoError(t, (&Conn{Conn: ours}).CloseWrite())
	require.ErrorIs(t, (&Conn{Conn: &pieceConn{}}).CloseWrite(), errHalf)
}

func TestConnWhoseClientDoesntReadIsCutOff(t *testing.T) {
	tracker := NewTracker()
	tracker.swept = true // here
	inner := &pieceConn{linger: -1}
	c := &Conn{Conn: inner, tracker: tracker}
	tracker.ConnState(c, http.StateNew)
	tracker.sweep(40 * time.Second)
	c.out.begin()
	for _, cut := range []bool{false, false, true} {
		tracker.sweep(40 * time.Second)
		assert.Equal(t, cut, inner.closed)
	}
	assert.Zero(t, inner.linger)
}

func TestSweepComesAsLongAsThereAreConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := NewTracker()
		tracker.Limit(Limits{Body: -1, Response: -1})
		ours, _ := net.Pipe()
		c := accepted(t, tracker, ours)
		tracker.ConnState(c, http.StateNew)
		assert.False(t, tracker.swept, "there is no limit")
		tracker.Limit(Limits{Body: time.Second, Response: time.Second})
		tracker.ConnState(c, http.StateNew)
		later := func() bool {
			time.Sleep(time.Minute)
			synctest.Wait()
			tracker.mu.Lock()
			defer tracker.mu.Unlock()
			return tracker.swept
		}
		assert.True(t, later())
		tracker.ConnState(c, http.StateClosed)
		assert.False(t, later())
	})
}

// served serves h with a tracker, whose sweep is the test's. Handlers are called as
// those of a Server are.
func served(t *testing.T, mode string, limits Limits, h func(x *Exchange, w http.ResponseWriter, r *http.Request)) (*Tracker, *httptest.Server) {
	t.Helper()
	tracker := NewTracker()
	tracker.Limit(limits)
	tracker.swept = true
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, r := Watch(w, r)
		w, rec := record.Wrap(w, r)
		if x != nil {
			rec.Watcher = x
			defer x.End()
		}
		h(x, w, r)
	}))
	srv.Config.ConnState, srv.Config.ConnContext = tracker.ConnState, tracker.ConnContext
	srv.Listener = tracker.Listener(srv.Listener)
	srv.EnableHTTP2 = mode == "HTTP/2"
	if mode == "HTTP/1" {
		srv.Start()
	} else {
		srv.StartTLS()
	}
	t.Cleanup(srv.Close)
	return tracker, srv
}

// sweepWhile sweeps until isSo isn't so any more.
func sweepWhile(t *testing.T, tracker *Tracker, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); isSo(); time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "nobody is cut off")
		tracker.sweep(time.Second)
	}
}

func isOpen(done <-chan error) func() bool { return func() bool { return len(done) == 0 } }

func TestBodyThatComesTooSlowlyIsCutOff(t *testing.T) {
	for _, mode := range []string{"HTTP/1", "HTTPS/1", "HTTP/2"} {
		t.Run(mode, func(t *testing.T) {
			done := make(chan error, 1)
			tracker, srv := served(t, mode, Limits{Body: 10 * time.Second, Response: -1}, func(x *Exchange, w http.ResponseWriter, r *http.Request) {
				if !assert.NotNil(t, x) {
					return
				}
				_, err := io.ReadAll(r.Body)
				w.WriteHeader(http.StatusRequestTimeout)
				done <- err
			})
			body, sent := io.Pipe()
			defer sent.Close()
			go func() {
				response, err := srv.Client().Post(srv.URL, "text/plain", body)
				if err == nil {
					response.Body.Close()
				}
			}()
			_, err := sent.Write([]byte("some"))
			require.NoError(t, err)
			sweepWhile(t, tracker, isOpen(done))
			err = <-done
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			assert.ErrorContains(t, err, "the body comes too slowly")
		})
	}
}

func TestResponseThatIsntReadIsCutOff(t *testing.T) {
	for _, mode := range []string{"HTTP/1", "HTTP/2"} {
		t.Run(mode, func(t *testing.T) {
			done := make(chan error, 1)
			tracker, srv := served(t, mode, Limits{Body: -1, Response: 10 * time.Second}, func(x *Exchange, w http.ResponseWriter, _ *http.Request) {
				assert.Equal(t, mode == "HTTP/2", x != nil)
				var err error
				for chunk := make([]byte, 1<<20); err == nil; {
					_, err = w.Write(chunk)
				}
				done <- err
			})
			response, err := srv.Client().Get(srv.URL)
			require.NoError(t, err)
			defer response.Body.Close()
			sweepWhile(t, tracker, isOpen(done))
			require.Error(t, <-done)
		})
	}
}

func TestHandlersWithLimitsOfTheirOwnAreLeftAlone(t *testing.T) {
	for _, mode := range []string{"HTTP/1", "HTTP/2"} {
		t.Run(mode, func(t *testing.T) {
			ready, done := make(chan struct{}), make(chan error, 1)
			tracker, srv := served(t, mode, Limits{Body: time.Second, Response: -1}, func(x *Exchange, w http.ResponseWriter, r *http.Request) {
				controller := http.NewResponseController(w)
				assert.Equal(t, mode == "HTTP/1", x.Rests())
				assert.NoError(t, errors.Join(controller.SetReadDeadline(time.Time{}), controller.SetWriteDeadline(time.Time{})))
				assert.NoError(t, controller.EnableFullDuplex())
				assert.False(t, x.Rests())
				assert.True(t, x.paced.Load())
				close(ready)
				_, err := io.ReadAll(r.Body)
				assert.NoError(t, r.Body.Close())
				assert.NoError(t, controller.Flush())
				done <- err
			})
			body, sent := io.Pipe()
			go func() {
				response, err := srv.Client().Post(srv.URL, "text/plain", body)
				if err == nil {
					response.Body.Close()
				}
			}()
			_, err := sent.Write([]byte("some"))
			require.NoError(t, err)
			<-ready
			for range 10 {
				tracker.sweep(time.Second)
			}
			require.NoError(t, sent.Close())
			require.NoError(t, <-done)
		})
	}
}

func TestOnlyRequestsThatMayBeSlowAreWatched(t *testing.T) {
	tracker := NewTracker()
	c := &Conn{Conn: &pieceConn{}, tracker: tracker}
	alien := &Conn{Conn: tls.Server(&pieceConn{}, &tls.Config{}), tracker: tracker}
	for _, tt := range []struct {
		name    string
		conn    *Conn
		proto   int
		overTLS bool
		body    string
		watched bool
		piece   int
	}{
		{"a GET", c, 1, false, "", false, 0},
		{"a GET over TLS", c, 1, true, "", false, 0},
		{"a GET over TLS by the user's listener", alien, 1, true, "", true, piece},
		{"a GET on HTTP/2", c, 2, true, "", true, piece},
		{"a POST", c, 1, false, "body", true, math.MaxInt},
		{"a POST on HTTP/2", c, 2, true, "body", true, piece},
		{"a POST in a test", nil, 1, false, "body", false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := t.Context()
			if tt.conn != nil {
				ctx = context.WithValue(ctx, connKey{}, tt.conn)
			}
			r := httptest.NewRequestWithContext(ctx, "POST", "/", strings.NewReader(tt.body))
			r.ProtoMajor = tt.proto
			if tt.overTLS {
				r.TLS = &tls.ConnectionState{}
			}
			x, seen := Watch(httptest.NewRecorder(), r)
			require.Equal(t, tt.watched, x != nil)
			assert.Equal(t, !tt.watched || tt.body == "", seen == r, "a request with a body is copied")
			if x == nil {
				return
			}
			assert.Equal(t, tt.piece, x.Piece())
			assert.Same(t, x, tt.conn.exchanges)
			text, err := io.ReadAll(seen.Body)
			require.NoError(t, err)
			assert.Equal(t, tt.body, string(text))
			x.End()
			tt.conn.endHTTP1()
			if tt.conn.exchanges != nil {
				t.Error("it is still watched")
			}
		})
	}
}

func TestExchangesOfAConnectionEndInAnyOrder(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}, {0, 2, 1}, {2, 0, 1}} {
		c := &Conn{tracker: NewTracker()}
		all := [3]*Exchange{{conn: c, http2: true}, {conn: c, http2: true}, {conn: c, http2: true}}
		for _, x := range all {
			c.add(x)
		}
		for i, ended := range order {
			c.remove(all[ended])
			c.remove(all[ended]) // it has ended
			c.endHTTP1()
			left := 0
			for x := c.exchanges; x != nil; x = x.next {
				left++
			}
			assert.Equal(t, 2-i, left, "%v", order)
		}
	}
}

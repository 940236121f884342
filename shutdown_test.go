package tigertonic_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// Shutdown is the drain: a request that comes on an open connection just after it has
// begun is served.
func TestShutdownDrains(t *testing.T) {
	h := newHolding()
	s := tigertonic.NewServer("", h)
	addr, served := start(t, s)
	conn := dialPlain(t, addr)
	client := newClient(t)
	answer := getLater(t, "http://"+addr)
	receiveFrom(t, "the request", h.entered)
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(context.Background()) }()
	eventually(t, "it not to listen", func() bool { return !listens(addr) })
	_, err := client.Get("http://" + addr)
	require.Error(t, err)
	r := send(t, conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	receiveFrom(t, "the late request", h.entered)
	close(h.release)
	response, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.True(t, response.Close)
	assert.Equal(t, "finished <nil>", receiveFrom(t, "the answer", answer))
	require.NoError(t, receiveFrom(t, "Shutdown to end", stopped))
	require.ErrorIs(t, receiveFrom(t, "Serve to end", served), http.ErrServerClosed, "as those expect who call Shutdown")
	require.NoError(t, s.Close(), "a second time")
	require.ErrorIs(t, s.ListenAndServe(), http.ErrServerClosed)
}

func TestShutdownCutsOffWhenItsContextEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		context func() (context.Context, context.CancelFunc)
		want    error
	}{
		"deadline": {func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), 50*time.Millisecond)
		}, context.DeadlineExceeded},
		"cancelled before": {func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return ctx, cancel
		}, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHolding()
			defer close(h.release)
			s := tigertonic.NewServer("", h)
			s.DrainTimeout = time.Hour
			addr, served := start(t, s)
			answer := getLater(t, "http://"+addr)
			receiveFrom(t, "the request", h.entered)
			ctx, cancel := tt.context()
			defer cancel()
			require.ErrorIs(t, s.Shutdown(ctx), tt.want)
			assert.Equal(t, "no answer", receiveFrom(t, "the connection to be cut off", answer))
			require.ErrorIs(t, receiveFrom(t, "Serve to end", served), http.ErrServerClosed)
			require.ErrorIs(t, s.Close(), tt.want)
		})
	}
}

// Where nobody loses anything, there is no error, however little time there was.
func TestCloseWithoutRequestsIsNoErrorHoweverLittleTimeThereIs(t *testing.T) {
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for name, stop := range map[string]func(*tigertonic.Server) error{
		"Close":                   func(s *tigertonic.Server) error { s.DrainTimeout = time.Millisecond; return s.Close() },
		"Shutdown with no time":   func(s *tigertonic.Server) error { return s.Shutdown(done) },
		"Shutdown, all the time":  func(s *tigertonic.Server) error { return s.Shutdown(context.Background()) },
		"Close, half a second":    func(s *tigertonic.Server) error { return s.Close() },
		"Close and then Shutdown": func(s *tigertonic.Server) error { go s.Close(); return s.Shutdown(context.Background()) },
	} {
		for _, p := range protocols() {
			t.Run(name+" "+p.name, func(t *testing.T) {
				s := tigertonic.NewServer("", hello)
				s.ErrorLog = discard
				var active atomic.Int64
				s.ConnState = countActive(&active)
				addr := p.start(t, s)
				silent := dialPlain(t, addr)
				half := dialPlain(t, addr)
				send(t, half, "G")
				client, scheme := p.http(t)
				get(t, client, scheme+addr) // which keeps the connection
				eventually(t, "the server to be done with the request", func() bool { return active.Load() == 0 })
				begin := time.Now()
				require.NoError(t, stop(s))
				assert.Less(t, time.Since(begin), 4*time.Second, "net/http waits five for a connection's first request")
				_, err := silent.Read(make([]byte, 1))
				require.Error(t, err)
				timeout, ok := errors.AsType[net.Error](err)
				assert.False(t, ok && timeout.Timeout(), "it is closed")
			})
		}
	}
}

// countActive returns a ConnState that counts the connections that have a request.
func countActive(n *atomic.Int64) func(net.Conn, http.ConnState) {
	var active sync.Map
	return func(c net.Conn, state http.ConnState) {
		if _, was := active.LoadAndDelete(c); was {
			n.Add(-1)
		}
		if state == http.StateActive {
			active.Store(c, true)
			n.Add(1)
		}
	}
}

// A tellingListener tells when something has been read of a connection.
type tellingListener struct {
	net.Listener
	read chan struct{}
}

func (l *tellingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tellingConn{c, l.read}, nil
}

type tellingConn struct {
	net.Conn
	read chan<- struct{}
}

func (c tellingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		select {
		case c.read <- struct{}{}:
		default:
		}
	}
	return n, err
}

// Where a connection is closed, net/http calls it active if it has sent a byte.
func TestConnectionsThatAreClosedWithoutARequestAreNotCutOff(t *testing.T) {
	s := tigertonic.NewServer("", hello)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	s.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateActive {
			cancel()
			<-ended // so it is active while the server looks what there is
		}
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &tellingListener{Listener: inner, read: make(chan struct{}, 1)}
	go func() { _ = s.Serve(l) }()
	send(t, dialPlain(t, inner.Addr().String()), "G")
	<-l.read // for before that, neither the server nor net/http knows of it
	err = s.Shutdown(ctx)
	close(ended)
	require.NoError(t, err)
	require.Error(t, ctx.Err(), "it was active, and there was no more time")
}

// A header that is on its way when the server stops arrives, if it comes in pieces.
func TestHeaderThatComesInPiecesIsServedWhileTheServerStops(t *testing.T) {
	s := tigertonic.NewServer("", hello)
	addr, _ := start(t, s)
	fresh, kept := dialPlain(t, addr), dialPlain(t, addr)
	response, err := http.ReadResponse(send(t, kept, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	stopped := make(chan error, 1)
	go func() { stopped <- s.Close() }()
	eventually(t, "it not to listen", func() bool { return !listens(addr) })
	for _, piece := range []string{"GET / HTTP/1.1\r\n", "Host: ", "x\r\n", "A: b\r\n", "C: d\r\n"} {
		for _, conn := range []net.Conn{fresh, kept} {
			send(t, conn, piece)
		}
		time.Sleep(200 * time.Millisecond) // less than half a second, and more than that in all
	}
	for _, conn := range []net.Conn{fresh, kept} {
		response, err := http.ReadResponse(send(t, conn, "\r\n"), nil)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.True(t, response.Close)
	}
	require.NoError(t, receiveFrom(t, "Close to end", stopped))
}

func TestEarliestDeadlineHolds(t *testing.T) {
	h := newHolding()
	defer close(h.release)
	s := tigertonic.NewServer("", h)
	s.DrainTimeout = 50 * time.Millisecond
	addr, served := start(t, s)
	getLater(t, "http://"+addr)
	receiveFrom(t, "the request", h.entered)
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(context.Background()) }()
	eventually(t, "it to drain", s.Draining)
	eventually(t, "it not to listen", func() bool { return !listens(addr) })
	require.ErrorIs(t, s.Close(), context.DeadlineExceeded)
	require.ErrorIs(t, receiveFrom(t, "Shutdown to end", stopped), context.DeadlineExceeded)
	require.ErrorIs(t, receiveFrom(t, "Serve to end", served), http.ErrServerClosed)
}

func TestShutdownBeforeServe(t *testing.T) {
	for _, s := range []*tigertonic.Server{tigertonic.NewServer("127.0.0.1:0", hello), {}} {
		require.NoError(t, s.Shutdown(context.Background()))
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.ErrorIs(t, s.Serve(l), http.ErrServerClosed)
		assert.False(t, listens(l.Addr().String()))
		require.NoError(t, s.Run(t.Context()))
		require.NoError(t, s.Close())
	}
}

func TestHookThatIsRegisteredLateIsCalledAndWaitedFor(t *testing.T) {
	h := newHolding()
	s := tigertonic.NewServer("", h)
	addr, _ := start(t, s)
	var ended atomic.Int64
	late := func(context.Context) {
		time.Sleep(100 * time.Millisecond)
		ended.Add(1)
	}
	s.RegisterOnShutdown(func(context.Context) { // by a hook, and by a handler
		s.RegisterOnShutdown(late)
		ended.Add(1)
	})
	getLater(t, "http://"+addr)
	receiveFrom(t, "the request", h.entered)
	stopped := make(chan error, 1)
	go func() { stopped <- s.Close() }()
	eventually(t, "it not to listen", func() bool { return !listens(addr) })
	s.RegisterOnShutdown(late)
	close(h.release)
	require.NoError(t, receiveFrom(t, "Close to end", stopped))
	assert.EqualValues(t, 3, ended.Load())
	s.RegisterOnShutdown(func(context.Context) { ended.Add(1) })
	eventually(t, "the hook to be called", func() bool { return ended.Load() == 4 })
}

func TestHookThatPanicsIsLogged(t *testing.T) {
	var j journal
	s := tigertonic.NewServer("", hello)
	s.ErrorLog = log.New(&j, "", 0)
	var called atomic.Bool
	s.RegisterOnShutdown(func(context.Context) { panic(errLeak) })
	s.RegisterOnShutdown(func(context.Context) { called.Store(true) })
	start(t, s)
	require.NoError(t, s.Close())
	assert.Contains(t, j.String(), "a function of RegisterOnShutdown has panicked: "+errLeak.Error())
	assert.Contains(t, j.String(), "shutdown_test.go")
	assert.True(t, called.Load())
}

// The zero value is a server, as is one with the fields of http.Server.
func TestServerWithoutNewServerServes(t *testing.T) {
	for name, s := range map[string]*tigertonic.Server{
		"zero":    {},
		"literal": {Server: http.Server{Addr: "127.0.0.1:0", Handler: hello, ReadHeaderTimeout: time.Minute}},
		"panic": {Server: http.Server{ErrorLog: discard, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			panic(errLeak)
		})}},
	} {
		t.Run(name, func(t *testing.T) {
			want := map[string]string{"zero": "404 page not found\n", "literal": "hello"}[name]
			addr, served := start(t, s)
			s.RegisterOnShutdown(func(context.Context) {})
			response, body := get(t, newClient(t), "http://"+addr+"/nothing-there")
			if name == "panic" {
				assert.Equal(t, 500, response.StatusCode)
			} else {
				assert.Equal(t, want, body)
			}
			assert.False(t, s.Draining())
			require.NoError(t, s.Close())
			require.NoError(t, receiveFrom(t, "Serve to end", served))
		})
	}
	var never tigertonic.Server
	require.NoError(t, never.Close())
	s := &tigertonic.Server{Server: http.Server{Handler: hello}}
	r := startRun(t, s)
	_, body := get(t, newClient(t), "http://"+r.addr)
	assert.Equal(t, "hello", body)
	r.cancel()
	require.NoError(t, receiveFrom(t, "Run to end", r.ended))
}

func TestServerWithoutNewServerSpeaksTLS(t *testing.T) {
	cert, key, _ := certificate(t)
	s := &tigertonic.Server{Server: http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+r.URL.Scheme)
	})}}
	require.NoError(t, s.TLS(cert, key))
	_, body := get(t, tlsClient(t, insecure()), "https://"+startHTTP2(t, s))
	assert.Equal(t, "HTTP/2.0 https", body)
}

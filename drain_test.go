package tigertonic_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A hub keeps the connections that it has taken over until it is told to end, and
// says goodbye.
type hub struct {
	stopped chan struct{}
	members sync.WaitGroup
}

func newHub() *hub { return &hub{stopped: make(chan struct{})} }

// stop is for RegisterOnShutdown.
func (h *hub) stop(context.Context) {
	close(h.stopped)
	h.members.Wait()
}

func (h *hub) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	h.members.Add(1)
	defer h.members.Done()
	_, _ = io.WriteString(conn, "hello, ")
	<-h.stopped
	time.Sleep(20 * time.Millisecond)
	_, _ = io.WriteString(conn, "goodbye")
}

// member takes part in a hub.
func member(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn := dialPlain(t, addr)
	send(t, conn, "GET /hub HTTP/1.1\r\nHost: x\r\n\r\n")
	_, err := io.ReadFull(conn, make([]byte, len("hello, ")))
	require.NoError(t, err)
	return conn
}

func TestConnectionsTakenOverAreToldThatItStops(t *testing.T) {
	for name, stop := range map[string]func(*tigertonic.Server) error{
		"Close":    (*tigertonic.Server).Close,
		"Shutdown": func(s *tigertonic.Server) error { return s.Shutdown(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub()
			s := tigertonic.NewServer("", h)
			s.RegisterOnShutdown(h.stop) // which panics if it is called twice
			addr, _ := start(t, s)
			conn := member(t, addr)
			_ = stop(s)
			h.members.Wait()
			require.NoError(t, s.Close())
			text, err := io.ReadAll(conn)
			require.NoError(t, err)
			assert.Equal(t, "goodbye", string(text))
		})
	}
}

func TestCloseWaitsForThoseItTells(t *testing.T) {
	h := newHub()
	s := tigertonic.NewServer("", h)
	s.RegisterOnShutdown(h.stop)
	addr, _ := start(t, s)
	conn := member(t, addr)
	require.NoError(t, s.Close())
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	text, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Equal(t, "goodbye", string(text))
}

func TestThoseItTellsKnowHowLongItWaits(t *testing.T) {
	for name, tt := range map[string]struct {
		stop   func(s *tigertonic.Server) error
		hasEnd bool
	}{
		"Close":    {(*tigertonic.Server).Close, true},
		"Shutdown": {func(s *tigertonic.Server) error { return s.Shutdown(canceledLater(s)) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := tigertonic.NewServer("", hello)
			s.DrainTimeout = 50 * time.Millisecond
			start(t, s)
			told := make(chan bool, 2)
			wait := func(ctx context.Context) {
				_, hasEnd := ctx.Deadline()
				<-ctx.Done()
				told <- hasEnd
			}
			s.RegisterOnShutdown(func(ctx context.Context) {
				s.RegisterOnShutdown(wait) // late
				wait(ctx)
			})
			_ = tt.stop(s) // they may have ended just before it cuts off
			for range 2 {
				assert.Equal(t, tt.hasEnd, receiveFrom(t, "the end of a context", told))
			}
		})
	}
}

// canceledLater returns a context that is canceled once the server is to stop.
func canceledLater(s *tigertonic.Server) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	s.RegisterOnShutdown(func(context.Context) { cancel() })
	return ctx
}

func TestCloseWaitsForThoseItTellsNoLongerThanForRequests(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := tigertonic.NewServer("", hello)
	s.DrainTimeout = 50 * time.Millisecond
	s.RegisterOnShutdown(func(context.Context) { <-release })
	start(t, s)
	require.ErrorIs(t, s.Close(), context.DeadlineExceeded)
}

// They are told before requests have ended, not after.
func TestStreamsAreToldWhenTheServerBeginsToStop(t *testing.T) {
	for _, p := range protocols() {
		t.Run(p.name, func(t *testing.T) {
			stopped := make(chan struct{})
			s := tigertonic.NewServer("", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_ = http.NewResponseController(w).Flush()
				<-stopped
				_, _ = io.WriteString(w, "goodbye")
			}))
			s.RegisterOnShutdown(func(context.Context) { close(stopped) })
			client, scheme := p.http(t)
			response, err := client.Get(scheme + p.start(t, s))
			require.NoError(t, err)
			defer response.Body.Close()
			require.NoError(t, s.Close())
			text, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			assert.Equal(t, "goodbye", string(text))
		})
	}
}

// Whatever is open when the server is to stop, it ends in time.
func TestStopEndsWithinDrainTimeout(t *testing.T) {
	t.Parallel()
	for range 3 {
		h := newHub()
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("GET", "/hub", h)
		mux.HandleFunc("GET", "/stream", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "more")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(time.Millisecond)
			}
		})
		mux.HandleFunc("GET", "/quiet", func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		s, overTLS := tigertonic.NewServer("", mux), tigertonic.NewServer("", mux)
		s.DrainTimeout, overTLS.DrainTimeout = 700*time.Millisecond, 700*time.Millisecond
		plain, _ := start(t, s)
		secure := startHTTP2(t, overTLS)
		silent := dialPlain(t, plain)
		send(t, silent, "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
		dialPlain(t, plain)
		taken := member(t, plain)
		for _, url := range []string{"http://" + plain, "https://" + secure} {
			for _, path := range []string{"/stream", "/quiet"} {
				response, err := tlsClient(t, insecure()).Get(url + path)
				require.NoError(t, err)
				defer response.Body.Close() //nolint:gocritic // three rounds
			}
		}
		for _, s := range []*tigertonic.Server{s, overTLS} {
			begin := time.Now()
			require.ErrorIs(t, s.Close(), context.DeadlineExceeded)
			assert.Less(t, time.Since(begin), s.DrainTimeout+3*time.Second)
		}
		_, err := io.Copy(io.Discard, silent)
		assert.NoError(t, err, "it is closed")
		h.stop(t.Context()) // which nobody has told
		text, err := io.ReadAll(taken)
		require.NoError(t, err)
		assert.Equal(t, "goodbye", string(text), "a connection that was taken over is its handler's")
	}
}

func TestOnListenTellsTheAddress(t *testing.T) {
	cert, key, _ := certificate(t)
	for name, serve := range map[string]func(*tigertonic.Server) error{
		"Serve": func(s *tigertonic.Server) error {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			return s.Serve(l)
		},
		"ServeTLS": func(s *tigertonic.Server) error {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			return s.ServeTLS(l, cert, key)
		},
		"ListenAndServe":    (*tigertonic.Server).ListenAndServe,
		"ListenAndServeTLS": func(s *tigertonic.Server) error { return s.ListenAndServeTLS(cert, key) },
		"Run":               func(s *tigertonic.Server) error { return s.Run(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := tigertonic.NewServer("127.0.0.1:0", hello)
			s.Admin, s.AdminAddr = hello, "127.0.0.1:0"
			told, served := make(chan string, 2), make(chan error, 1)
			s.OnListen = func(name string, addr net.Addr) { told <- name + " " + addr.String() }
			go func() { served <- serve(s) }()
			want := []string{"main"}
			if name == "Run" {
				want = append(want, "admin")
			}
			for _, want := range want {
				got, addr, _ := strings.Cut(receiveFrom(t, "the address", told), " ")
				assert.Equal(t, want, got)
				assert.True(t, listens(addr), addr)
			}
			require.NoError(t, s.Close())
			require.NoError(t, receiveFrom(t, "it to end", served))
			assert.Empty(t, told)
		})
	}
}

// Those who look at connections see the listener's, though the server has put
// something of its own round them.
func TestConnectionsAreShownAsTheListenerHasMadeThem(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	see := func(what string, v any) {
		mu.Lock()
		defer mu.Unlock()
		seen[fmt.Sprintf("%s %T", what, v)] = true
	}
	s := impatient(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "of the user", r.Context().Value(userKey{}))
		conn, rw, err := http.NewResponseController(w).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		defer conn.Close()
		see("Hijack", conn)
		time.Sleep(2 * brief) // it has no limits any more
		_, _ = io.Copy(conn, io.LimitReader(rw, 5))
	}))
	s.ConnState = func(c net.Conn, _ http.ConnState) { see("ConnState", c) }
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		see("ConnContext", c)
		return context.WithValue(ctx, userKey{}, "of the user")
	}
	s.BaseContext = func(l net.Listener) context.Context {
		see("BaseContext", l)
		return context.Background()
	}
	addr, _ := start(t, s)
	conn := dialPlain(t, addr)
	r := send(t, conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	send(t, conn, "hello")
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(text))
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, map[string]bool{
		"ConnState *net.TCPConn": true, "ConnContext *net.TCPConn": true,
		"BaseContext *net.TCPListener": true, "Hijack *net.TCPConn": true,
	}, seen)
}

type userKey struct{}

// A listener of the user's may speak TLS by itself.
func TestListenerThatSpeaksTLS(t *testing.T) {
	cert, key, _ := certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	together(t, func(run func(string, func(*testing.T))) {
		for _, p := range protocols()[1:] {
			run(p.name, func(t *testing.T) {
				ended := make(chan error, 1)
				var asked atomic.Int64
				s := impatient(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					asked.Add(1)
					if r.URL.Path == "/unending" {
						unending(ended)(w, r)
					}
					_, _ = io.Copy(w, r.Body)
				}))
				inner, err := net.Listen("tcp", "127.0.0.1:0")
				require.NoError(t, err)
				config := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}
				go func() { _ = s.Serve(tls.NewListener(inner, config)) }()
				t.Cleanup(func() { assert.NoError(t, s.Close()) })
				client, scheme := p.http(t)
				response, err := client.Post(scheme+inner.Addr().String(), "text/plain", strings.NewReader("hello"))
				require.NoError(t, err)
				text, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				assert.Equal(t, "hello", string(text))
				response, err = client.Get(scheme + inner.Addr().String() + "/unending")
				require.NoError(t, err)
				defer response.Body.Close()
				require.Error(t, receiveFrom(t, "the handler to end", ended))
				assert.EqualValues(t, 2, asked.Load())
			})
		}
	})
}

// A client that waits for leave to send its body is answered at once if nobody
// reads it, and is given leave if somebody does.
func TestExpectContinueIsKept(t *testing.T) {
	addr, _ := start(t, tigertonic.NewServer("", orders()))
	for path, want := range map[string]string{"/nowhere": "HTTP/1.1 404", "/": "HTTP/1.1 100"} {
		conn := dialPlain(t, addr)
		r := send(t, conn, "POST "+path+" HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(line, want), line)
	}
}

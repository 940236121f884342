package tigertonic_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
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

// start serves h on a free port of loopback until the test ends, and returns
// what Serve returns.
func start(t *testing.T, s *tigertonic.Server) (addr string, served <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ch := make(chan error, 1)
	go func() { ch <- s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String(), ch
}

// newClient returns a client with connections of its own.
func newClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	response, err := c.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

func TestServerSetsSchemeAndHost(t *testing.T) {
	s := tigertonic.NewServer("127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.String())
	}))
	addr, _ := start(t, s)
	_, body := get(t, newClient(t), "http://"+addr+"/x?y=z")
	assert.Equal(t, "http://"+addr+"/x?y=z", body)
}

// What a proxy or a form says of the request is ignored: no handler of ours knows
// whether it comes from a proxy.
func TestForwardedAndOverrideHeadersAreIgnored(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("POST", "/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Scheme+" "+r.URL.Host)
	})
	mux.HandleFunc("DELETE", "/", func(http.ResponseWriter, *http.Request) { t.Error("overridden") })
	var b bytes.Buffer
	l := tigertonic.ApacheLogged(mux)
	l.Logger = log.New(&b, "", 0)
	w := serve(t, tigertonic.NewServer("", l).Handler, "POST", "http://example.com/", "",
		"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example", "Forwarded", "for=203.0.113.9",
		"X-Real-Ip", "203.0.113.9", "X-Http-Method-Override", "DELETE", "X-Http-Method", "DELETE", "X-Method-Override", "DELETE")
	assert.Equal(t, "POST http example.com", w.Body.String())
	assert.True(t, strings.HasPrefix(b.String(), "192.0.2.1 - - "), b.String())
}

func TestServerHasTimeoutsThatDontCutStreams(t *testing.T) {
	s := tigertonic.NewServer("", hello)
	assert.Equal(t, 10*time.Second, s.ReadHeaderTimeout)
	assert.Equal(t, 2*time.Minute, s.IdleTimeout)
	assert.Zero(t, s.ReadTimeout)
	assert.Zero(t, s.WriteTimeout)
}

func TestListenAndServeFailsWhereItCantListen(t *testing.T) {
	require.Error(t, tigertonic.NewServer("127.0.0.1:999999", hello).ListenAndServe())
}

func TestListenAndServeReturnsAfterClose(t *testing.T) {
	s := tigertonic.NewServer("127.0.0.1:0", hello)
	served := make(chan error)
	go func() { served <- s.ListenAndServe() }()
	require.NoError(t, s.Close())
	require.NoError(t, <-served)
	require.NoError(t, s.Close(), "a second time")
	require.NoError(t, s.ListenAndServe(), "a closed server serves no more")
}

func TestServeReportsWhatElseEndsIt(t *testing.T) {
	s := tigertonic.NewServer("", hello)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.ErrorIs(t, s.Serve(l), net.ErrClosed)
}

func TestCloseWaitsForRequests(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := tigertonic.NewServer("", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "finished")
	}))
	addr, served := start(t, s)
	answers := make(chan string, 1)
	client := newClient(t)
	go func() {
		response, err := client.Get("http://" + addr)
		if err != nil {
			answers <- err.Error()
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		answers <- fmt.Sprint(string(body), " ", err, " ", response.Close)
	}()
	<-entered
	closed := make(chan error, 2)
	for range 2 {
		go func() { closed <- s.Close() }()
	}
	for { // until it doesn't listen any more
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		require.NoError(t, conn.Close())
	}
	select {
	case err := <-closed:
		t.Fatal("Close didn't wait", err)
	case err := <-served:
		t.Fatal("Serve didn't wait", err)
	default:
	}
	close(release)
	assert.Equal(t, "finished <nil> true", <-answers, "and the client knows that it is to close the connection")
	require.NoError(t, <-closed)
	require.NoError(t, <-closed)
	require.NoError(t, <-served)
}

func TestCloseCutsOffAtTheDeadline(t *testing.T) {
	entered, gone := make(chan struct{}), make(chan struct{})
	s := tigertonic.NewServer("", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(gone)
	}))
	s.DrainTimeout = 50 * time.Millisecond
	addr, served := start(t, s)
	client := newClient(t)
	failed := make(chan error, 1)
	go func() {
		response, err := client.Get("http://" + addr)
		if err == nil {
			err = errors.Join(response.Body.Close(), errors.New("an answer"))
		}
		failed <- err
	}()
	<-entered
	require.ErrorIs(t, s.Close(), context.DeadlineExceeded)
	<-gone
	require.ErrorIs(t, <-failed, io.EOF)
	require.ErrorIs(t, <-served, context.DeadlineExceeded)
}

func TestCloseEndsSilentConnections(t *testing.T) {
	t.Parallel() // net/http waits five seconds for a connection's first request
	s := tigertonic.NewServer("", hello)
	var states atomic.Int64
	s.ConnState = func(net.Conn, http.ConnState) { states.Add(1) } // the user's is called, too
	addr, _ := start(t, s)
	silent, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer silent.Close()
	idle, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer idle.Close()
	_, err = io.WriteString(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(idle), nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	begin := time.Now()
	require.NoError(t, s.Close())
	assert.Less(t, time.Since(begin), 10*time.Second)
	assert.Positive(t, states.Load())
}

// Clients that keep connections alive and clients that don't, as fast as they
// can, while the server stops: whatever was sent on a connection that the server
// accepted is answered.
func TestCloseLosesNoRequest(t *testing.T) {
	for range 10 {
		var handled atomic.Int64
		s := tigertonic.NewServer("", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { handled.Add(1) }))
		addr, _ := start(t, s)
		var answered atomic.Int64
		var clients, accepted sync.WaitGroup
		accepted.Add(16)
		for range 16 {
			clients.Go(func() {
				first := sync.OnceFunc(accepted.Done)
				defer first()
				conn, err := net.Dial("tcp", addr)
				if !assert.NoError(t, err) {
					return
				}
				defer conn.Close()
				reader := bufio.NewReader(conn)
				for closing := false; !closing; answered.Add(1) {
					if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); !assert.NoError(t, err) {
						return
					}
					response, err := http.ReadResponse(reader, nil)
					if !assert.NoError(t, err) {
						return
					}
					closing = response.Close
					_ = response.Body.Close()
					first()
				}
			})
		}
		accepted.Wait() // what the kernel has queued, nobody can save
		require.NoError(t, s.Close())
		clients.Wait()
		assert.Equal(t, handled.Load(), answered.Load())
	}
}

// Whoever serves by the http.Server in it does without what Server adds.
func TestHTTPServerInAServerServesToo(t *testing.T) {
	s := tigertonic.NewServer("", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	addr, _ := start(t, s)
	get(t, newClient(t), "http://"+addr) // it serves
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = s.Server.Serve(l) }() // until Close
	response, err := newClient(t).Post("http://"+l.Addr().String(), "text/plain", strings.NewReader("tea"))
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, "tea", string(body))
}

func TestServerHandlerUnwraps(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/version", tigertonic.Version("1"))
	routes := tigertonic.Routes(tigertonic.NewServer("", mux).Handler)
	require.Len(t, routes, 1)
	assert.Equal(t, "/version", routes[0].Pattern)
}

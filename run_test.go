package tigertonic_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// No test that calls Run is parallel to others: a signal reaches every Run of the
// process.

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	eventuallyWithin(t, patience, what, ok)
}

func eventuallyWithin(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Since(begin) > limit {
			t.Fatal("in vain have we waited for " + what)
		}
	}
}

// receiveFrom waits for a value.
func receiveFrom[T any](t *testing.T, what string, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(patience):
		t.Fatal("in vain have we waited for " + what)
	}
	return v
}

// freeAddr returns an address of loopback that is free. It isn't among those that
// the kernel gives to clients.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		addr := "127.0.0.1:" + strconv.Itoa(15000+rand.IntN(15000))
		if l, err := net.Listen("tcp", addr); err == nil {
			require.NoError(t, l.Close())
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}

// signalSelf sends a signal to this process. Run must be running.
func signalSelf(t *testing.T, sig os.Signal) {
	t.Helper()
	self, err := os.FindProcess(os.Getpid())
	require.NoError(t, err)
	require.NoError(t, self.Signal(sig))
	require.NoError(t, self.Release()) // it has a descriptor
}

// A journal is a log that tests look into.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// says waits until the journal contains a text.
func (j *journal) says(t *testing.T, text string) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log("it says:\n" + j.String())
		}
	}()
	eventually(t, "the log to say "+text, func() bool { return strings.Contains(j.String(), text) })
}

// A runner is a server in Run.
type runner struct {
	*tigertonic.Server
	addr   string
	cancel context.CancelFunc
	ended  chan error // what Run has returned
	log    *journal
}

// startRun has a server, on a free port of loopback if it has no address, run
// until the test ends, and returns once it serves.
func startRun(t *testing.T, s *tigertonic.Server) *runner {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &runner{Server: s, cancel: cancel, ended: make(chan error, 1), log: &journal{}}
	if s.Addr == "" {
		s.Addr = "127.0.0.1:0"
	}
	s.ErrorLog = log.New(r.log, "", 0)
	addr := make(chan string, 1)
	s.OnListen = func(name string, a net.Addr) {
		if name == "main" {
			addr <- a.String()
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.ended <- s.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		receiveFrom(t, "Run to end", done)
	})
	select {
	case r.addr = <-addr:
	case <-done:
		t.Fatal("it has ended", <-r.ended)
	}
	return r
}

// isDraining waits until the server is to stop.
func (r *runner) isDraining(t *testing.T) {
	t.Helper()
	eventually(t, "the server to drain", r.Draining)
}

// holding is a handler that answers once it is released.
type holding struct{ entered, release chan struct{} }

func newHolding() *holding { return &holding{make(chan struct{}, 16), make(chan struct{})} }

func (h *holding) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h.entered <- struct{}{}
	<-h.release
	_, _ = io.WriteString(w, "finished")
}

// getLater sends a request, and tells what has become of it.
func getLater(t *testing.T, url string) <-chan string {
	t.Helper()
	client, answer := newClient(t), make(chan string, 1)
	go func() {
		response, err := client.Get(url)
		if err != nil {
			answer <- "no answer"
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		answer <- fmt.Sprint(string(body), " ", err)
	}()
	return answer
}

func TestRunEndsOnceRequestsHave(t *testing.T) {
	for name, end := range map[string]func(*runner){
		"the context is done":     func(r *runner) { r.cancel() },
		"SIGTERM":                 func(*runner) { signalSelf(t, syscall.SIGTERM) },
		"SIGINT":                  func(*runner) { signalSelf(t, os.Interrupt) },
		"Close is called as well": func(r *runner) { go r.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHolding()
			r := startRun(t, tigertonic.NewServer("", h))
			answer := getLater(t, "http://"+r.addr)
			receiveFrom(t, "the request", h.entered)
			end(r)
			r.isDraining(t)
			eventually(t, "it not to listen", func() bool { return !listens(r.addr) })
			assert.Empty(t, r.ended, "it didn't wait")
			close(h.release)
			assert.Equal(t, "finished <nil>", receiveFrom(t, "the answer", answer))
			require.NoError(t, receiveFrom(t, "Run to end", r.ended))
			assert.Empty(t, r.log.String())
		})
	}
}

func listens(addr string) bool {
	conn, err := net.Dial("tcp", addr)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

func TestSecondSignalCutsOff(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for _, tt := range []struct {
		name    string
		delay   time.Duration
		handler http.HandlerFunc // or nil, if there is no request
	}{
		{"handler that looks at its context", 0, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"handler that doesn't", 0, func(http.ResponseWriter, *http.Request) { <-release }},
		{"stream", 0, func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := io.WriteString(w, strings.Repeat("more\n", 1000)); err != nil {
					return
				}
			}
		}},
		{"delay", time.Hour, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			entered := make(chan struct{})
			s := tigertonic.NewServer("", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(entered)
				tt.handler(w, r)
			}))
			s.DrainTimeout, s.DrainDelay = 2*time.Hour, tt.delay
			r := startRun(t, s)
			if tt.handler != nil {
				getLater(t, "http://"+r.addr)
				receiveFrom(t, "the request", entered)
			}
			signalSelf(t, syscall.SIGTERM)
			r.isDraining(t)
			signalSelf(t, syscall.SIGTERM)
			require.ErrorContains(t, receiveFrom(t, "Run to end", r.ended), "second signal")
		})
	}
}

// readiness is a handler for Admin that reports whether a server is to stop.
func readiness(s **tigertonic.Server) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if (*s).Draining() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
}

func TestDrainDelayAcceptsWhileNotReady(t *testing.T) {
	s := tigertonic.NewServer("", hello)
	s.AdminAddr, s.Admin = freeAddr(t), readiness(&s)
	s.DrainDelay = time.Second
	r := startRun(t, s)
	client := newClient(t)
	ready, _ := get(t, client, "http://"+s.AdminAddr)
	assert.Equal(t, http.StatusOK, ready.StatusCode)
	begin := time.Now()
	signalSelf(t, syscall.SIGTERM)
	eventually(t, "it to be unready", func() bool {
		ready, _ := get(t, client, "http://"+s.AdminAddr)
		return ready.StatusCode == http.StatusServiceUnavailable
	})
	response, body := get(t, newClient(t), "http://"+r.addr)
	assert.Equal(t, "hello", body, "on a new connection")
	assert.False(t, response.Close)
	require.NoError(t, receiveFrom(t, "Run to end", r.ended))
	assert.GreaterOrEqual(t, time.Since(begin), s.DrainDelay)
}

func TestDrainTimeoutIncludesTheDelay(t *testing.T) {
	for _, delay := range []time.Duration{time.Second, time.Hour} {
		t.Run(delay.String(), func(t *testing.T) {
			h := newHolding()
			defer close(h.release)
			s := tigertonic.NewServer("", h)
			s.DrainTimeout, s.DrainDelay = 1500*time.Millisecond, delay
			r := startRun(t, s)
			answer := getLater(t, "http://"+r.addr)
			receiveFrom(t, "the request", h.entered)
			begin := time.Now()
			r.cancel()
			require.ErrorIs(t, receiveFrom(t, "Run to end", r.ended), context.DeadlineExceeded)
			assert.GreaterOrEqual(t, time.Since(begin), s.DrainTimeout)
			assert.Less(t, time.Since(begin), s.DrainTimeout+900*time.Millisecond)
			assert.Equal(t, "no answer", receiveFrom(t, "the connection to be cut off", answer))
		})
	}
}

func TestRunEndsByClose(t *testing.T) {
	s := tigertonic.NewServer("", hello)
	s.AdminAddr, s.Admin = freeAddr(t), hello
	r := startRun(t, s)
	require.NoError(t, r.Close())
	require.NoError(t, receiveFrom(t, "Run to end", r.ended))
	assert.False(t, listens(s.AdminAddr))
	require.NoError(t, s.Run(t.Context()), "a closed server serves no more")
}

func TestRunReturnsWhatCloseDoes(t *testing.T) {
	h := newHolding()
	defer close(h.release)
	s := tigertonic.NewServer("", h)
	s.DrainTimeout = 10 * time.Millisecond
	r := startRun(t, s)
	getLater(t, "http://"+r.addr)
	receiveFrom(t, "the request", h.entered)
	require.ErrorIs(t, r.Close(), context.DeadlineExceeded)
	require.ErrorIs(t, receiveFrom(t, "Run to end", r.ended), context.DeadlineExceeded)
}

func TestRunWithADoneContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, tigertonic.NewServer("127.0.0.1:0", hello).Run(ctx))
}

func TestAdminIsTheLastToGo(t *testing.T) {
	h := newHolding()
	s := tigertonic.NewServer("", h)
	s.AdminAddr, s.Admin = freeAddr(t), readiness(&s)
	r := startRun(t, s)
	assert.True(t, listens(s.AdminAddr), "it is there before the first request")
	answer := getLater(t, "http://"+r.addr)
	receiveFrom(t, "the request", h.entered)
	r.cancel()
	eventually(t, "it not to listen", func() bool { return !listens(r.addr) })
	response, _ := get(t, newClient(t), "http://"+s.AdminAddr)
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	close(h.release)
	assert.Equal(t, "finished <nil>", receiveFrom(t, "the answer", answer))
	require.NoError(t, receiveFrom(t, "Run to end", r.ended))
	assert.False(t, listens(s.AdminAddr))
}

func TestRunFailsAtTheStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	busy := taken.Addr().String()
	cert, key, _ := certificate(t)
	broken := filepath.Join(t.TempDir(), "broken.pem")
	require.NoError(t, os.WriteFile(broken, []byte("-----BEGIN CERTIFICATE-----"), 0o600))
	for _, tt := range []struct {
		name   string
		change func(*tigertonic.Server) error
		want   []string
	}{
		{"address in use", func(s *tigertonic.Server) error { s.Addr = busy; return nil }, []string{busy, "address already in use"}},
		{"port too large", func(s *tigertonic.Server) error { s.Addr = "127.0.0.1:99999"; return nil }, []string{"99999", "invalid port"}},
		{"no port", func(s *tigertonic.Server) error { s.Addr = "127.0.0.1"; return nil }, []string{"127.0.0.1", "missing port"}},
		{"address of another machine", func(s *tigertonic.Server) error { s.Addr = "192.0.2.1:0"; return nil }, []string{"192.0.2.1:0"}},
		{"Admin's address in use", func(s *tigertonic.Server) error { s.Admin, s.AdminAddr = hello, busy; return nil }, []string{busy, "address already in use"}},
		{"TLS without a certificate", func(s *tigertonic.Server) error { return s.ClientCA(cert) }, []string{`"127.0.0.1:0"`, "has no certificate"}},
		{"bad certificate", func(s *tigertonic.Server) error { return s.TLS(broken, key) }, []string{broken, key}},
		{"bad key", func(s *tigertonic.Server) error { return s.TLS(cert, broken) }, []string{cert, broken}},
		{"missing authority", func(s *tigertonic.Server) error { return s.ClientCA(broken + "er") }, []string{broken + "er", "no such file"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tigertonic.NewServer("127.0.0.1:0", hello)
			err := tt.change(s)
			if err == nil {
				err = s.Run(t.Context())
			}
			require.Error(t, err)
			for _, want := range tt.want {
				assert.ErrorContains(t, err, want)
			}
			assert.Equal(t, 1, strings.Count(err.Error(), "tigertonic: "), err)
		})
	}
}

// Where Admin can't listen, nothing else does.
func TestRunLeavesNothingOpenWhereItFails(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	s := tigertonic.NewServer(freeAddr(t), hello)
	s.Admin, s.AdminAddr = hello, taken.Addr().String()
	require.Error(t, s.Run(t.Context()))
	assert.False(t, listens(s.Addr))
}

// A connection that Accept has returned just when Close is called has been
// accepted, though the server doesn't know of it yet.
func TestCloseServesWhatIsBeingAccepted(t *testing.T) {
	t.Parallel() // net/http waits five seconds for a connection's first request
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &slowListener{Listener: inner, accepted: make(chan struct{}), closed: make(chan struct{})}
	s := tigertonic.NewServer("", hello)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	answer := getLater(t, "http://"+inner.Addr().String())
	receiveFrom(t, "the connection", l.accepted)
	require.NoError(t, s.Close())
	require.NoError(t, receiveFrom(t, "Serve to end", served))
	assert.Equal(t, "hello <nil>", receiveFrom(t, "the answer", answer))
}

// A slowListener has its first connection ready only after it is closed.
type slowListener struct {
	net.Listener
	accepted, closed chan struct{}
	once             sync.Once
}

func (l *slowListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		close(l.accepted)
		<-l.closed
		time.Sleep(50 * time.Millisecond) // a busy machine
	}
	return conn, err
}

func (l *slowListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

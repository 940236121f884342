package tigertonic_test

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// long is what a quiet machine is needed for: make restart sets it.
var long = flag.Bool("long", false, "run tests at full length, and hold latencies to their limits")

// A narrowListener accepts connections with small buffers in the kernel, so that a
// client that doesn't read is noticed soon.
type narrowListener struct{ net.Listener }

func (l narrowListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		err = conn.(*net.TCPConn).SetWriteBuffer(16 << 10)
	}
	return conn, err
}

// latencies are how long requests have taken.
type latencies struct {
	mu   sync.Mutex
	took []time.Duration
}

func (l *latencies) add(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, took)
}

// quantile returns how long the quicker part of them took at most.
func (l *latencies) quantile(part float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.took) == 0 {
		return 0
	}
	slices.Sort(l.took)
	return l.took[int(part*float64(len(l.took)-1))]
}

func (l *latencies) String() string {
	return fmt.Sprintf("%d requests, median %v, p99 %v", len(l.took), l.quantile(0.5), l.quantile(0.99))
}

// healthy has eight clients ask until stop is closed.
func healthy(t *testing.T, client *http.Client, addr string, stop <-chan struct{}) *latencies {
	t.Helper()
	var l latencies
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			pace := time.NewTicker(2 * time.Millisecond)
			defer pace.Stop()
			for {
				select {
				case <-stop:
					return
				case <-pace.C:
				}
				begin := time.Now()
				response, err := client.Post("http://"+addr, "text/plain", strings.NewReader("hello"))
				if !assert.NoError(t, err) {
					return
				}
				_, err = io.Copy(io.Discard, response.Body)
				assert.NoError(t, err)
				assert.NoError(t, response.Body.Close())
				assert.Equal(t, 200, response.StatusCode)
				l.add(time.Since(begin))
			}
		})
	}
	clients.Wait()
	return &l
}

// after returns a channel that is closed then.
func after(d time.Duration) <-chan struct{} {
	ch := make(chan struct{})
	time.AfterFunc(d, func() { close(ch) })
	return ch
}

// rounds returns how often a measurement is repeated. With -long, the middle one is
// held to its limit, for what else the machine does reaches one round or two.
func rounds() int {
	if *long {
		return 5
	}
	return 1
}

func middle[T cmp.Ordered](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

// A thousand clients that send headers or bodies, or read responses, a byte every
// now and then: the others don't notice, and they are gone within the limits.
func TestThousandSlowClientsDontHarmOthers(t *testing.T) {
	const limit = 2 * time.Second
	var slower []float64
	var slowest, took []time.Duration
	for i := range rounds() {
		t.Run(fmt.Sprint("round ", i+1), func(t *testing.T) {
			mux := tigertonic.NewTrieServeMux()
			mux.HandleFunc("POST", "/", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
			mux.HandleFunc("GET", "/big", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 4<<20)) })
			s := tigertonic.NewServer("", mux)
			s.ReadHeaderTimeout, s.BodyTimeout, s.ResponseTimeout = limit, limit, limit
			alone, with, lasted := besideSlowClients(t, s, limit/2)
			slower = append(slower, float64(with.quantile(0.5))/float64(alone.quantile(0.5)))
			slowest, took = append(slowest, with.quantile(0.99)), append(took, lasted)
		})
	}
	if *long && !t.Failed() {
		assert.LessOrEqual(t, middle(slower), 2.0)
		assert.Less(t, middle(slowest), limit/40, "some wait for the slow ones")
		assert.Less(t, middle(took), 2*limit)
	}
}

// besideSlowClients asks a server for a while, and then beside a thousand slow
// clients until they are gone, which has taken so long.
func besideSlowClients(t *testing.T, s *tigertonic.Server, while time.Duration) (alone, with *latencies, took time.Duration) {
	t.Helper()
	const spare = 16 // more than the connections of the others
	var open atomic.Int64
	s.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = s.Serve(narrowListener{inner}) }()
	t.Cleanup(func() { _ = s.Close() })
	addr := inner.Addr().String()
	client := newClient(t)
	alone = healthy(t, client, addr, after(while))
	begun, stop, gone := time.Now(), make(chan struct{}), make(chan struct{})
	slow := slowClients(t, addr, 1000, stop)
	most := open.Load()
	go func() {
		defer close(gone)
		for time.Since(begun) < patience && open.Load() > spare {
			time.Sleep(5 * time.Millisecond)
		}
	}()
	with = healthy(t, client, addr, gone)
	took = time.Since(begun)
	close(stop)
	slow.Wait()
	t.Logf("alone: %v; with %d connections: %v; after %v, %d were left", alone, most, with, took, open.Load())
	assert.LessOrEqual(t, open.Load(), int64(spare), "the slow ones weren't cut off")
	assert.NotEmpty(t, with.took)
	return alone, with, took
}

// slowClients connects so many times, and sends and reads slowly until stop is closed.
func slowClients(t *testing.T, addr string, n int, stop <-chan struct{}) *sync.WaitGroup {
	t.Helper()
	heads := []string{"GET / HTTP/1.1\r\nHost: x\r\nX: ", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", "GET /big HTTP/1.1\r\nHost: x\r\n\r\n"}
	conns := make([]net.Conn, n)
	for i := range conns {
		conns[i] = dialPlain(t, addr)
		_, err := io.WriteString(conns[i], heads[i%len(heads)])
		require.NoError(t, err)
	}
	var clients sync.WaitGroup
	clients.Go(func() {
		const parts = 25 // in turn, for they are strangers to each other
		pace := time.NewTicker(50 * time.Millisecond / parts)
		defer pace.Stop()
		b := []byte("x")
		for turn := 0; ; turn++ {
			select {
			case <-stop:
				return
			case <-pace.C:
			}
			for i := turn % parts; i < len(conns); i += parts {
				conn := conns[i]
				if i%len(heads) < 2 {
					_, _ = conn.Write(b) // while it is there
					continue
				}
				_, _ = conn.Read(b) // of what the kernel has
			}
		}
	})
	return &clients
}

// Four times as many clients as Limited lets in: those that are let in don't feel it,
// the others hear so at once, and afterwards all is well.
func TestOverloadIsShed(t *testing.T) {
	const limit, work = 8, 25 * time.Millisecond
	var acceptedIn, refusedIn []time.Duration
	for i := range rounds() {
		t.Run(fmt.Sprint("round ", i+1), func(t *testing.T) {
			accepted, refused := overload(t, limit, work)
			acceptedIn, refusedIn = append(acceptedIn, accepted.quantile(0.99)), append(refusedIn, refused.quantile(0.99))
		})
	}
	if *long && !t.Failed() {
		assert.Less(t, middle(acceptedIn), work+60*time.Millisecond)
		assert.Less(t, middle(refusedIn), 50*time.Millisecond)
	}
}

func overload(t *testing.T, limit int, work time.Duration) (accepted, refused *latencies) {
	t.Helper()
	accepted, refused = new(latencies), new(latencies)
	var running, most atomic.Int64
	h := tigertonic.Limited(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		most.Store(max(most.Load(), running.Add(1)))
		time.Sleep(work)
		running.Add(-1)
	}), limit, nil)
	addr, _ := start(t, tigertonic.NewServer("", h))
	client := newClient(t)
	var goroutines atomic.Int64
	var clients sync.WaitGroup
	stop := after(time.Second)
	before := runtime.NumGoroutine()
	var memory, memoryAfter runtime.MemStats
	runtime.ReadMemStats(&memory)
	for range 4 * limit {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
				begin := time.Now()
				response, err := client.Get("http://" + addr)
				if !assert.NoError(t, err) {
					return
				}
				_ = response.Body.Close()
				switch response.StatusCode {
				case http.StatusOK:
					accepted.add(time.Since(begin))
				case http.StatusServiceUnavailable:
					refused.add(time.Since(begin))
					assert.Equal(t, "1", response.Header.Get("Retry-After"))
				default:
					t.Errorf("got %s", response.Status)
				}
				goroutines.Store(max(goroutines.Load(), int64(runtime.NumGoroutine()-before)))
			}
		})
	}
	clients.Wait()
	t.Log("accepted:", accepted, "refused:", refused, "goroutines:", goroutines.Load())
	runtime.ReadMemStats(&memoryAfter)
	assert.Less(t, memoryAfter.Sys, memory.Sys+64<<20)
	assert.LessOrEqual(t, most.Load(), int64(limit))
	assert.NotEmpty(t, accepted.took)
	assert.NotEmpty(t, refused.took)
	assert.Less(t, goroutines.Load(), int64(4*limit*8), "some for each client, here and there")
	for range 3 {
		response, _ := get(t, client, "http://"+addr)
		assert.Equal(t, 200, response.StatusCode)
	}
	return accepted, refused
}

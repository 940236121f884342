//go:build unix

package tigertonic_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A load is clients that each send one request after another, none of them twice,
// until they are stopped.
type load struct {
	addr    string
	stopped chan struct{}
	clients sync.WaitGroup

	resent   atomic.Int64 // by HTTP/2, see http2
	mu       sync.Mutex
	answered map[int]int // by process
	failures []string
}

func newLoad(t *testing.T, addr string) *load {
	t.Helper()
	l := &load{addr: addr, stopped: make(chan struct{}), answered: map[int]int{}}
	t.Cleanup(func() {
		select {
		case <-l.stopped:
		default:
			l.stop()
		}
	})
	return l
}

// add adds clients. Each asks every few milliseconds, so that they don't starve
// the server.
func (l *load) add(clients int, newClient func() (ask func() (int, error), end func())) {
	for range clients {
		l.clients.Go(func() {
			ask, end := newClient()
			defer end()
			pace := time.NewTicker(4 * time.Millisecond)
			defer pace.Stop()
			for {
				select {
				case <-l.stopped:
					return
				case <-pace.C:
				}
				pid, err := ask()
				l.mu.Lock()
				l.answered[pid]++
				if err != nil {
					l.failures = append(l.failures, err.Error())
				}
				l.mu.Unlock()
			}
		})
	}
}

// http1 makes clients that speak HTTP/1.1, with TLS if config isn't nil.
func (l *load) http1(keepAlive bool, config *tls.Config) func() (func() (int, error), func()) {
	return func() (ask func() (int, error), end func()) {
		var conn net.Conn
		var reader *bufio.Reader
		end = func() {
			if conn != nil {
				_ = conn.Close()
			}
			conn = nil
		}
		ask = func() (pid int, err error) {
			if conn == nil {
				if conn, err = dialAny(l.addr, config); err != nil {
					return 0, err
				}
				reader = bufio.NewReader(conn)
			}
			_ = conn.SetDeadline(time.Now().Add(patience)) // it is open
			if err := post(conn, !keepAlive); err != nil {
				end()
				return 0, err
			}
			pid, closes, err := answerFrom(reader)
			if err != nil || closes {
				end()
			}
			return pid, err
		}
		return ask, end
	}
}

func dialAny(addr string, config *tls.Config) (net.Conn, error) {
	if config == nil {
		return net.DialTimeout("tcp", addr, patience)
	}
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", addr, config)
	if err != nil {
		return nil, err // rather than a conn that isn't nil
	}
	return conn, nil
}

// http2 makes clients that speak HTTP/2, all on the same connection. What a
// GOAWAY says that the server won't handle, is sent to the next one (RFC 9113
// §6.8), as it is meant; nothing else is. A client alone on its connection knows of
// it before it asks again, most of the time.
func (l *load) http2(config *tls.Config) func() (func() (int, error), func()) {
	transport := &http.Transport{TLSClientConfig: config, Protocols: &http.Protocols{}}
	transport.Protocols.SetHTTP2(true)
	client := &http.Client{Transport: transport, Timeout: patience}
	ask := func() (int, error) {
		request, err := http.NewRequest("POST", "https://"+l.addr, strings.NewReader("hello"))
		if err != nil {
			return 0, err
		}
		again := request.GetBody
		request.GetBody = func() (io.ReadCloser, error) {
			l.resent.Add(1)
			return again()
		}
		response, err := client.Do(request)
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		return pidIn(response)
	}
	return func() (func() (int, error), func()) { return ask, transport.CloseIdleConnections }
}

// successor waits for some answers of a process that none of these is, and
// returns which that is.
func (l *load) successor(t *testing.T, earlier []int) (pid int) {
	t.Helper()
	enough, limit := 100, patience
	if *long {
		enough, limit = 1500, 5*patience
	}
	eventuallyWithin(t, limit, "a new process to answer", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		for pid = range l.answered {
			if l.answered[pid] >= enough && pid != 0 && !slices.Contains(earlier, pid) {
				return true
			}
		}
		return false
	})
	return pid
}

// stop ends the clients, and returns how many answers they have had and the
// failures.
func (l *load) stop() (answers int, failures []string) {
	close(l.stopped)
	l.clients.Wait()
	delete(l.answered, 0)
	for _, n := range l.answered {
		answers += n
	}
	return answers, l.failures
}

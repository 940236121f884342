//go:build unix

package tigertonic_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Restarts and stops under load, every one of whose requests has to be answered,
// and handled once. With -long, there are 20 of each, under 32 clients.

func restarts() int {
	if *long {
		return 20
	}
	return 4
}

// addClients has clients ask by HTTP/1.1 that keep their connections and that don't,
// or by TLS both and by HTTP/2, together on a connection and alone.
func (l *load) addClients(overTLS bool) {
	n := 4
	if *long {
		n = 8
	}
	if !overTLS {
		l.add(2*n, l.http1(true, nil))
		l.add(2*n, l.http1(false, nil))
		return
	}
	l.add(n, l.http1(true, insecure("http/1.1")))
	l.add(n, l.http1(false, insecure("http/1.1")))
	l.add(n, l.http2(insecure("h2")))
	for range n {
		l.add(1, l.http2(insecure("h2")))
	}
}

// eachWay calls f for HTTP/1.1, and for TLS and HTTP/2.
func eachWay(t *testing.T, f func(t *testing.T, overTLS bool, config serverConfig)) {
	t.Helper()
	t.Parallel()
	t.Run("HTTP/1.1", func(t *testing.T) { f(t, false, serverConfig{}) })
	t.Run("TLS", func(t *testing.T) {
		files := newPairFiles(t, newPair(t, 1))
		f(t, true, serverConfig{Cert: files.cert, Key: files.key})
	})
}

func TestRestartsLoseNoRequest(t *testing.T) {
	eachWay(t, func(t *testing.T, overTLS bool, config serverConfig) {
		p := newServerProcess(t, config).start(t)
		l := newLoad(t, p.config.Addr)
		eventually(t, "it to listen", func() bool { return listens(l.addr) })
		begin := time.Now()
		l.addClients(overTLS)
		pids := []int{l.successor(t, nil)}
		for range restarts() {
			restart(t, pids[len(pids)-1])
			pids = append(pids, l.successor(t, pids))
		}
		answers, failures := l.stop()
		assert.Empty(t, failures)
		assert.Len(t, l.answered, len(pids))
		p.stop(t, pids[len(pids)-1])
		assert.Equal(t, answers, p.handled(t))
		t.Logf("%d restarts, %d requests, %d failed, %d sent to the next process after a GOAWAY, in %v", restarts(), answers, len(failures), l.resent.Load(), time.Since(begin))
	})
}

// A holder keeps the socket while one process ends and the next one starts.
func TestStopsUnderASocketHolderLoseNoRequest(t *testing.T) {
	eachWay(t, func(t *testing.T, overTLS bool, config serverConfig) {
		answers, handled, failures := stopsUnderAHolder(t, overTLS, config)
		assert.Empty(t, failures)
		assert.Equal(t, answers, handled)
	})
}

func TestPlainShutdownForComparison(t *testing.T) {
	if !*long {
		t.Skip("run with -long: it measures what net/http's Shutdown alone loses")
	}
	_, _, failures := stopsUnderAHolder(t, false, serverConfig{Plain: true})
	assert.NotEmpty(t, failures, "then there is nothing to compare with")
}

func stopsUnderAHolder(t *testing.T, overTLS bool, config serverConfig) (answers, handled int, failures []string) {
	t.Helper()
	addr, socket := heldSocket(t)
	l := newLoad(t, addr)
	begin := time.Now()
	l.addClients(overTLS) // before anybody serves
	var pids []int
	var last *serverProcess
	for range restarts() {
		if last != nil {
			last.stop(t, pids[len(pids)-1])
			handled += last.handled(t)
		}
		config.Addr = freeAddr(t)
		last = newServerProcess(t, config).given("1", "", socket).start(t)
		pids = append(pids, l.successor(t, pids))
		assert.False(t, listens(last.config.Addr), "the address isn't used")
	}
	answers, failures = l.stop()
	last.stop(t, pids[len(pids)-1])
	t.Logf("%d stops, %d requests, %d failed, %d sent to the next process after a GOAWAY, in %v", restarts(), answers, len(failures), l.resent.Load(), time.Since(begin))
	return answers, handled + last.handled(t), failures
}
